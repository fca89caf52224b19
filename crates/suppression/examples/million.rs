//! A made-up table of a million cells with ten thousand small ones, protected and attacked:
//! `cargo run --release -p korabo-suppression --example million -- EMPLOYERS SEED`.
//!
//! Worksite within employer × sex × age band × relation × year, with all margins. Prints cells, protected counts, withheld cells,
//! seconds and memory.

#![expect(clippy::print_stdout, reason = "an example")]

use std::collections::BTreeMap;
use std::time::Instant;

use korabo_suppression::{
    Cell, CellStatus, Decision, Problem, ProblemError, ProtectedCount, ProtectionRules, Reason,
    Suppression, protect,
};

#[path = "../tests/attacker/attack.rs"]
mod attack;
#[path = "../tests/attacker/programs.rs"]
mod programs;
#[path = "../tests/attacker/propagation.rs"]
mod propagation;
#[path = "../tests/attacker/random.rs"]
mod random;
#[path = "../tests/attacker/reader.rs"]
mod reader;
#[path = "../tests/attacker/twins.rs"]
mod twins;

use attack::{Attack, Outcome};
use propagation::{Facts, Ranges};
use reader::{Fact, Reader, ReaderCell};

/// Sex, age band, relation to the insured, year.
const LEVELS: [u32; 4] = [2, 9, 2, 3];

/// Shares of persons of the levels of each dimension, in percent.
const SHARES: [&[f64]; 4] = [
    &[55.0, 45.0],
    &[11.0, 13.0, 13.0, 12.0, 12.0, 11.0, 11.0, 10.0, 7.0],
    &[62.0, 38.0],
    &[33.0, 33.0, 34.0],
];

/// Protected counts that are attacked with programs, about.
const SAMPLE: usize = 500;

const RULES: ProtectionRules = ProtectionRules {
    min_count: 10,
    width: 5,
    rounding: None,
    zeros_are_sensitive: false,
    whole_below: 200,
};

fn main() -> Result<(), ProblemError> {
    let argument = |place: usize| std::env::args().nth(place)?.parse::<u64>().ok();
    let n_employers = argument(1).unwrap_or(1_000) as u32;
    let start = Instant::now();
    let World { problem, employers } = problem(n_employers, argument(2).unwrap_or(1));
    println!(
        "{} atoms, {} cells, made in {:.1} s",
        problem.atoms.len(),
        problem.cells.len(),
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let answer = protect(&problem, &RULES)?;
    let withheld = |reasons: &[Reason]| {
        let is_one = |decision: &&Decision| matches!(decision, Decision::Withheld(reason) if reasons.contains(reason));
        answer.cells.iter().filter(is_one).count()
    };
    println!(
        "{} small cells, {} protected counts, {} cells withheld for others, in {:.1} s, {} MB at most",
        withheld(&[Reason::Small]),
        answer.protected.len(),
        withheld(&[Reason::Secondary, Reason::Complement]),
        start.elapsed().as_secs_f64(),
        most_megabytes(),
    );
    let facts = facts(&problem, &answer);
    attack_some(&facts, &problem, &answer, &employers);
    propagate(facts, &problem, &answer);
    Ok(())
}

/// All that a reader sees. Every combination that is not there is known to be empty.
fn facts(problem: &Problem, answer: &Suppression) -> Vec<Fact> {
    let seen = problem.cells.iter().zip(&answer.cells);
    let seen = seen.map(|(cell, decision)| {
        let classes: Vec<usize> = cell.atoms.iter().map(|atom| *atom as usize).collect();
        let count: u64 = classes.iter().map(|class| problem.atoms[*class]).sum();
        let is_shown = *decision == Decision::Published;
        ReaderCell {
            shown: is_shown.then_some(count as i64),
            classes,
        }
    });
    let reader = Reader {
        seen: seen.collect(),
        min_count: RULES.min_count as i64,
        base: None,
        zeros_are_shown: true,
    };
    reader.facts()
}

/// Bounds of all protected counts by propagation through all cells, by a reader who takes no part.
fn propagate(facts: Vec<Fact>, problem: &Problem, answer: &Suppression) {
    let start = Instant::now();
    let facts = Facts::new(facts, problem.atoms.len());
    let ranges = Ranges::of(&facts);
    let is_recovered = |protected: &&ProtectedCount| {
        let (low, high) = ranges.of_sum(&classes(protected));
        high - low < RULES.width as i64
    };
    println!(
        "propagation: {} of {} protected counts recovered, in {:.1} s",
        answer.protected.iter().filter(is_recovered).count(),
        answer.protected.len(),
        start.elapsed().as_secs_f64(),
    );
}

/// Full attacks on some protected counts by all readers, with all cells that lie in their employer.
fn attack_some(facts: &[Fact], problem: &Problem, answer: &Suppression, employers: &[u32]) {
    let start = Instant::now();
    let mut of_employer: BTreeMap<u32, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        let own = employers[fact.classes[0]];
        if fact.classes.iter().all(|class| employers[*class] == own) {
            of_employer.entry(own).or_default().push(fact);
        }
    }
    let every = answer.protected.len().div_ceil(SAMPLE).max(1);
    let (mut n_counts, mut n_attacks, mut n_recovered, mut n_unsolved) = (0, 0, 0, 0);
    for protected in answer.protected.iter().step_by(every) {
        let target = classes(protected);
        let own = employers[target[0]];
        if target.iter().any(|class| employers[*class] != own) {
            continue;
        }
        let members: Vec<usize> = (0..employers.len())
            .filter(|class| employers[*class] == own)
            .collect();
        let place = |class: &usize| members.partition_point(|member| member < class);
        let own = of_employer.get(&own).into_iter().flatten();
        let own = own.map(|fact| Fact {
            classes: fact.classes.iter().map(place).collect(),
            ..(*fact).clone()
        });
        let truth = members.iter().map(|class| problem.atoms[*class] as i64);
        let mut attack = Attack::new(own.collect(), truth.collect(), RULES.width as i64);
        let target: Vec<usize> = target.iter().map(place).collect();
        n_counts += 1;
        n_attacks += attack.n_attackers();
        match attack.on(&target) {
            Outcome::Safe => {}
            Outcome::Narrowed(_) => n_recovered += 1,
            Outcome::Unsolved => n_unsolved += 1,
        }
    }
    println!(
        "programs within employers: {n_counts} counts, {n_attacks} attacks, {n_recovered} recovered, {n_unsolved} unsolved, in {:.1} s",
        start.elapsed().as_secs_f64(),
    );
}

fn classes(protected: &ProtectedCount) -> Vec<usize> {
    protected.atoms.iter().map(|atom| *atom as usize).collect()
}

/// The most memory that was in use so far, as Linux has it.
#[expect(clippy::disallowed_methods, reason = "a file that no user has named")]
fn most_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_000
}

/// Uniform numbers from 0 to 1.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// Where an atom stands: employer, worksite, then the levels of [`LEVELS`].
type Place = [u32; 6];

/// A problem, and the employer of each of its atoms.
struct World {
    problem: Problem,
    employers: Vec<u32>,
}

fn problem(n_employers: u32, seed: u64) -> World {
    let mut draw = Draw(seed);
    let mut places: Vec<Place> = Vec::new();
    let mut atoms: Vec<u64> = Vec::new();
    let mut worksite = 0;
    for employer in 0..n_employers {
        for _ in 0..1 + (3.0 * draw.next()) as u32 {
            // From about 1,300 persons a year on, few of them huge.
            let size = 4_000.0 / (0.04 + draw.next());
            for idx in 0..LEVELS.iter().product() {
                let (place, share) = levels(idx);
                let count = (size * share * (0.1 + 1.8 * draw.next())) as u64;
                if count > 0 {
                    places.push([employer, worksite, place[0], place[1], place[2], place[3]]);
                    atoms.push(count);
                }
            }
            worksite += 1;
        }
    }
    let mut cells = Vec::new();
    for grouping in groupings() {
        cells.extend(cells_of(&places, &grouping));
    }
    World {
        problem: Problem { atoms, cells },
        employers: places.iter().map(|place| place[0]).collect(),
    }
}

/// The levels with a number, and their share of persons.
fn levels(mut idx: u32) -> ([u32; 4], f64) {
    let mut place = [0; 4];
    let mut share = 1.0;
    for (dimension, n) in LEVELS.iter().enumerate() {
        place[dimension] = idx % n;
        share *= SHARES[dimension][(idx % n) as usize] / 100.0;
        idx /= n;
    }
    (place, share)
}

/// All margins: all persons, employers or worksites, by any of the other dimensions.
fn groupings() -> Vec<Vec<usize>> {
    let mut groupings = Vec::new();
    for place in [&[][..], &[0], &[0, 1]] {
        for others in 0..16_usize {
            let rest = (0..4).filter(|dimension| (others >> dimension) & 1 == 1);
            groupings.push(
                place
                    .iter()
                    .copied()
                    .chain(rest.map(|dimension| dimension + 2))
                    .collect(),
            );
        }
    }
    groupings
}

/// The cells of a grouping by some of the coordinates.
fn cells_of(places: &[Place], grouping: &[usize]) -> Vec<Cell> {
    let codes = |atom: &u32| {
        let place = places[*atom as usize];
        grouping.iter().map(move |column| place[*column])
    };
    let mut order: Vec<u32> = (0..places.len() as u32).collect();
    order.sort_by(|a, b| codes(a).cmp(codes(b)));
    let same = order.chunk_by(|a, b| codes(a).eq(codes(b)));
    same.map(|atoms| {
        // The columns stand for the grouping, so that no two cells have the same key.
        let columns = grouping
            .iter()
            .fold(1, |key, column| key * 8 + *column as u64 + 1);
        let key = codes(&atoms[0]).fold(columns, |key, code| {
            key.wrapping_mul(1_000_003) ^ u64::from(code)
        });
        Cell {
            atoms: atoms.to_vec(),
            status: CellStatus::Candidate,
            priority: grouping.len() as u32,
            key,
        }
    })
    .collect()
}
