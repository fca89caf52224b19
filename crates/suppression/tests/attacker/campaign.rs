//! Random releases one after the other, then attacks on everything that should be safe.

use std::collections::{BTreeMap, BTreeSet};

use korabo_suppression::ProtectionRules;

use crate::attack::{Attack, Outcome};
use crate::changes::{CHANGES, Change, changed};
use crate::history::{Classes, History};
use crate::random::{Random, mixed};
use crate::reader::{Fact, MANY};
use crate::tally::Tally;
use crate::world::{Population, Shape, Source, Table, release, table};

/// What the tables of a campaign are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    Linked,
    /// Releases with any changes between them.
    Sequence,
    Rounded,
    ZerosSensitive,
    /// Everything is protected count by count, as in large tables.
    Local,
    Hierarchy,
    Cube,
    /// Releases between which one person comes or leaves.
    OnePerson,
    /// Releases of one month after the other: spells end and begin.
    Month,
    /// Releases between which a worksite becomes part of another.
    Merger,
    /// Three to five releases of data that grow.
    Growth,
}

/// What is switched off, to see that the attacker notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defence {
    Full,
    PrimaryOnly,
    ForgetsReleases,
}

fn rules(random: &mut Random, kind: Kind) -> ProtectionRules {
    let min_count = [3, 5, 10][random.below(3) as usize];
    ProtectionRules {
        min_count,
        width: random.between(1, min_count),
        rounding: (kind == Kind::Rounded).then(|| [3, 5, 10][random.below(3) as usize]),
        zeros_are_sensitive: kind == Kind::ZerosSensitive,
        whole_below: match kind {
            Kind::Local => 0,
            _ => [40, 200, 200][random.below(3) as usize],
        },
    }
}

/// What happens between the releases.
fn changes(random: &mut Random, kind: Kind) -> Vec<Change> {
    let any = |random: &mut Random| CHANGES[random.below(CHANGES.len() as u64) as usize];
    let n = random.between(1, 3);
    match kind {
        Kind::Single | Kind::Linked | Kind::Hierarchy | Kind::Cube | Kind::ZerosSensitive => {
            Vec::new()
        }
        Kind::Sequence => (0..n).map(|_| any(random)).collect(),
        Kind::Local | Kind::Rounded if random.chance(60) => Vec::new(),
        Kind::Local | Kind::Rounded => (0..n).map(|_| any(random)).collect(),
        Kind::OnePerson => vec![Change::OnePerson; n as usize],
        Kind::Month => vec![Change::Month; n as usize],
        Kind::Merger => (0..n)
            .map(|_| match random.chance(70) {
                true => Change::Merger,
                false => Change::OnePerson,
            })
            .collect(),
        Kind::Growth => (0..=n)
            .map(|_| match random.chance(70) {
                true => Change::Growth,
                false => Change::Correction,
            })
            .collect(),
    }
}

fn tables(random: &mut Random, kind: Kind, n_persons: u64) -> Vec<Table> {
    let any = Shape::Any(match n_persons {
        0..=24 if kind != Kind::Linked => 4,
        0..=80 => 3,
        _ => 2,
    });
    let (n_tables, shape) = match kind {
        Kind::Linked => (random.between(2, 3), any),
        Kind::Hierarchy => (1, Shape::Hierarchy),
        Kind::Cube => (1, Shape::Cube),
        _ => (1, any),
    };
    (0..n_tables).map(|_| table(random, shape)).collect()
}

/// Tables of a seed, through `protect` and under attack.
pub(crate) fn campaign(seed: u64, kind: Kind, defence: Defence) -> Tally {
    let random = &mut Random::new(mixed(seed ^ ((kind as u64 + 1) << 40)));
    let mut history = History::new(rules(random, kind));
    let n_persons = [8, 16, 24, 40, 80, 200, 600, 2_000][random.below(8) as usize];
    let most_places = match n_persons {
        200.. => 12,
        _ => 6,
    };
    let source = Source::new(random, most_places);
    let mut population: Population = Vec::new();
    population.resize_with(n_persons as usize, || Some(source.person(random)));
    let ghost_percent = match kind {
        Kind::ZerosSensitive => 30,
        _ => 5 * random.below(2),
    };
    let tables = tables(random, kind, n_persons);
    let changes = changes(random, kind);
    for number in 0..=changes.len() {
        let change = number.checked_sub(1).map(|before| changes[before]);
        if let Some(change) = change {
            population = changed(random, &source, change, &population);
        }
        while history.ghosts.len() < population.len() {
            history.ghosts.push(random.chance(ghost_percent));
        }
        history.publish(release(&tables, &population), defence);
        if change == Some(Change::Nothing) && defence == Defence::Full {
            let n = history.shown.len();
            let last = &history.shown[n - 2..];
            assert_eq!(last[0], last[1], "seed {seed} {kind:?}");
        }
    }
    Tally {
        campaigns: 1,
        tables: tables.len() * history.releases.len(),
        ..attacked(&history, seed)
    }
}

/// The sets of persons that should be safe.
fn goals(history: &History, classes: &Classes) -> BTreeSet<Vec<u32>> {
    let cells: Vec<_> = history.releases.iter().flatten().collect();
    let mut goals = BTreeSet::new();
    let small = |members: &[u32]| {
        let count = history.count(members);
        count < history.rules.min_count && (count > 0 || history.rules.zeros_are_sensitive)
    };
    for cell in &cells {
        let somebody = history.rules.zeros_are_sensitive || history.count(&cell.members) > 0;
        if small(&cell.members) || (cell.is_sensitive && somebody) {
            goals.insert(cell.members.clone());
        }
        for inner in &cells {
            let n = cell.members.len().saturating_sub(inner.members.len());
            if n == 0 || (n as u64 >= history.rules.min_count && history.ghosts.iter().all(|g| !g))
            {
                continue;
            }
            let rest = without(&cell.members, &inner.members, n);
            goals.extend(rest.filter(|rest| small(rest)));
        }
    }
    goals.extend(
        classes
            .members
            .iter()
            .filter(|members| small(members))
            .cloned(),
    );
    goals
}

/// Lets everybody attack all that should be safe.
fn attacked(history: &History, seed: u64) -> Tally {
    let classes = history.classes(0);
    let mut attack = attack(history, &classes, history.releases.len(), Vec::new());
    let mut before: BTreeMap<usize, Attack> = BTreeMap::new();
    let mut tally = Tally::default();
    for (release, shown) in history.releases.iter().zip(&history.shown) {
        tally.cells += release.len();
        tally.withheld += shown.iter().filter(|shown| !**shown).count();
        let is_primary = |members: &[u32]| history.rules.is_small(history.count(members));
        let primary = release
            .iter()
            .filter(|cell| cell.is_sensitive || is_primary(&cell.members));
        tally.primary += primary.count();
    }
    for goal in goals(history, &classes) {
        let target = classes.of(&goal);
        tally.goals += 1;
        tally.attacks += attack.n_attackers();
        let width = match attack.on(&target) {
            Outcome::Safe => continue,
            Outcome::Unsolved => {
                tally.unsolved += 1;
                continue;
            }
            Outcome::Narrowed(width) => width,
        };
        if was_disclosed(history, &classes, &goal, &mut before) {
            tally.disclosed_before += 1;
            continue;
        }
        tally.recovered += 1;
        if std::env::var("ATTACK_VERBOSE").is_ok() {
            let wanted = history.rules.width;
            eprintln!(
                "seed {seed}: {target:?}, {} members, {width} of {wanted}",
                goal.len()
            );
        }
    }
    tally.programs = attack.n_programs;
    tally
}

/// An attack with what is known after the first releases.
fn attack(history: &History, classes: &Classes, n_releases: usize, more: Vec<Fact>) -> Attack {
    let mut facts = history.facts(classes, n_releases);
    facts.extend(more);
    let members = classes.members.iter();
    let truth = members.map(|members| history.count(members) as i64);
    Attack::new(facts, truth.collect(), history.rules.width as i64)
}

/// Whether a claim holds that earlier releases had given a count away.
fn was_disclosed(
    history: &History,
    classes: &Classes,
    goal: &[u32],
    before: &mut BTreeMap<usize, Attack>,
) -> bool {
    let Some(release) = history.claims.get(&history.counted(goal)) else {
        return false;
    };
    let attack = before.entry(*release).or_insert_with(|| {
        // Whether a cell is empty is shown, or marked, whatever is withheld.
        let marks = history.releases[*release].iter();
        let marks = marks
            .filter(|cell| !history.rules.zeros_are_sensitive && history.count(&cell.members) > 0);
        let marks = marks.map(|cell| Fact {
            classes: classes.of(&cell.members),
            low: 1,
            high: MANY,
        });
        attack(history, classes, *release, marks.collect())
    });
    attack.on(&classes.of(goal)) != Outcome::Safe
}

/// The `n` members of one list that are not in the other; nothing if there are more.
fn without(members: &[u32], others: &[u32], n: usize) -> Option<Vec<u32>> {
    let mut rest = Vec::with_capacity(n);
    let mut others = others.iter().peekable();
    for member in members {
        if others.next_if_eq(&member).is_none() {
            if rest.len() == n {
                return None;
            }
            rest.push(*member);
        }
    }
    Some(rest)
}
