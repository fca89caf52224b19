//! Whole tables that a reader cannot tell from the true one. Two of them in which a count differs by a width acquit it: no reader can
//! narrow it to less. They are looked for by local search and are checked in whole numbers, so that luck decides how many programs
//! are needed, never what is recovered.

use crate::propagation::Facts;
use crate::random::Random;
use crate::reader::MANY;

/// Tables that are kept.
const TABLES: usize = 400;
/// Exchanges that are kept.
const EXCHANGES: usize = 2_000;
/// Searches for an exchange before giving up.
const TRIES: usize = 6;
/// Steps of a search.
const STEPS: usize = 60;
/// Classes of a fact that are looked at in a step.
const CHOICES: usize = 100;

pub(crate) struct Twins {
    truth: Vec<i64>,
    tables: Vec<Vec<i64>>,
    /// Changes from one of them to another.
    exchanges: Vec<Vec<(usize, i64)>>,
    random: Random,
}

/// Where a count is to be moved to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim<'a> {
    pub(crate) target: &'a [usize],
    /// 1 for more persons, −1 for fewer.
    pub(crate) direction: i64,
    /// By how many.
    pub(crate) by: i64,
    /// The fewest persons of each class.
    pub(crate) floors: &'a [i64],
}

/// A table on its way.
struct Path<'a> {
    facts: &'a Facts,
    table: Vec<i64>,
    /// Persons in the classes of each fact.
    sums: Vec<i64>,
    /// Which classes are of the target.
    is_target: Vec<bool>,
}

impl Twins {
    pub(crate) fn new(truth: Vec<i64>, seed: u64) -> Self {
        Self {
            tables: vec![truth.clone()],
            truth,
            exchanges: Vec::new(),
            random: Random::new(seed),
        }
    }

    pub(crate) fn truth(&self) -> &[i64] {
        &self.truth
    }

    /// The classes of those whom no two tables keep from narrowing a count below `width`; `None` for a reader who takes no part.
    pub(crate) fn left_open(&self, target: &[usize], width: i64) -> Vec<Option<usize>> {
        let order = self.order(target);
        let takes_part = (0..self.truth.len()).filter(|class| self.truth[*class] > 0);
        let all = std::iter::once(None).chain(takes_part.map(Some));
        all.filter(|who| self.spread(&order, *who) < width)
            .collect()
    }

    /// How far a count differs between tables in which a participant finds himself.
    pub(crate) fn spread_for(&self, target: &[usize], who: Option<usize>) -> i64 {
        self.spread(&self.order(target), who)
    }

    /// The count in each table, increasing, and which table it is.
    fn order(&self, target: &[usize]) -> Vec<(i64, usize)> {
        let tables = self.tables.iter().enumerate();
        let count = |table: &[i64]| target.iter().map(|class| table[*class]).sum();
        let mut order: Vec<(i64, usize)> = tables.map(|(idx, table)| (count(table), idx)).collect();
        order.sort_unstable();
        order
    }

    fn spread(&self, order: &[(i64, usize)], who: Option<usize>) -> i64 {
        let finds_himself =
            |entry: &&(i64, usize)| who.is_none_or(|class| self.tables[entry.1][class] > 0);
        let least = order.iter().find(finds_himself);
        let most = order.iter().rev().find(finds_himself);
        least.zip(most).map_or(0, |(least, most)| most.0 - least.0)
    }

    /// Adds a table, if it agrees with all facts.
    pub(crate) fn add(&mut self, facts: &Facts, table: Vec<i64>) -> bool {
        let agrees = facts.allow(&table);
        if agrees {
            let changes = changes(&self.truth, &table);
            if !changes.is_empty() && self.exchanges.len() < EXCHANGES {
                self.exchanges.push(changes);
            }
            self.keep(table);
        }
        agrees
    }

    fn keep(&mut self, table: Vec<i64>) {
        if self.tables.len() >= TABLES {
            let idx = 1 + self.random.below(TABLES as u64 - 1) as usize;
            self.tables.swap_remove(idx);
        }
        self.tables.push(table);
    }

    /// Moves a count from its true value by exchanges, as far as they are found, and keeps the table. How far it got.
    pub(crate) fn reach(&mut self, facts: &Facts, aim: Aim<'_>) -> i64 {
        let mut path = Path::new(facts, &self.truth, aim.target);
        let mut moved = 0;
        while moved < aim.by {
            let before = moved;
            for exchange in &self.exchanges {
                moved += path.follow(exchange, aim, aim.by - moved);
                if moved >= aim.by {
                    break;
                }
            }
            if moved > before {
                continue;
            }
            let found = (0..TRIES).find_map(|_| path.exchange(aim, &mut self.random));
            let Some(exchange) = found else {
                break;
            };
            moved += path.follow(&exchange, aim, aim.by - moved);
            if self.exchanges.len() < EXCHANGES {
                self.exchanges.push(exchange);
            }
        }
        if moved > 0 && facts.allow(&path.table) {
            self.keep(path.table);
        }
        moved
    }
}

impl<'a> Path<'a> {
    fn new(facts: &'a Facts, table: &[i64], target: &[usize]) -> Self {
        let sum = |classes: &[usize]| classes.iter().map(|class| table[*class]).sum();
        let mut is_target = vec![false; table.len()];
        target.iter().for_each(|class| is_target[*class] = true);
        Self {
            sums: facts.list.iter().map(|fact| sum(&fact.classes)).collect(),
            table: table.to_vec(),
            facts,
            is_target,
        }
    }

    fn change(&mut self, class: usize, by: i64) {
        self.table[class] += by;
        for fact in &self.facts.of_class[class] {
            self.sums[*fact as usize] += by;
        }
    }

    /// How far a fact is from being true, if its sum were another.
    fn excess(&self, fact: u32, by: i64) -> i64 {
        let sum = self.sums[fact as usize] + by;
        let fact = &self.facts.list[fact as usize];
        (fact.low - sum).max(sum - fact.high).max(0)
    }

    /// Makes an exchange, in either direction and as often as it helps and is possible. How far the count moved.
    fn follow(&mut self, exchange: &[(usize, i64)], aim: Aim<'_>, rest: i64) -> i64 {
        let gain: i64 = exchange
            .iter()
            .filter(|(class, _)| self.is_target[*class])
            .map(|(_, by)| by * aim.direction)
            .sum();
        if gain == 0 {
            return 0;
        }
        let sign = gain.signum();
        let room = exchange.iter().map(|(class, by)| match by * sign {
            by if by < 0 => (self.table[*class] - aim.floors[*class]) / -by,
            by => (MANY - self.table[*class]) / by,
        });
        let wanted = (rest + gain.abs() - 1) / gain.abs();
        let mut times = room.fold(wanted, i64::min).max(0);
        while times > 0 {
            for (class, by) in exchange {
                self.change(*class, by * sign * times);
            }
            let facts = self.facts;
            let mut touched = exchange
                .iter()
                .flat_map(|(class, _)| &facts.of_class[*class]);
            if touched.all(|fact| self.excess(*fact, 0) == 0) {
                return gain.abs() * times;
            }
            for (class, by) in exchange {
                self.change(*class, -by * sign * times);
            }
            times /= 2;
        }
        0
    }

    /// Looks for an exchange from here that moves the count: one person more or less of the target, then whatever mends the facts
    /// that this breaks. The table is left as it was.
    fn exchange(&mut self, aim: Aim<'_>, random: &mut Random) -> Option<Vec<(usize, i64)>> {
        let before = self.table.clone();
        let can_start = |class: &usize| aim.direction > 0 || before[*class] > aim.floors[*class];
        let starts: Vec<usize> = aim.target.iter().copied().filter(can_start).collect();
        if starts.is_empty() {
            return None;
        }
        let mut broken: Vec<u32> = Vec::new();
        let mut step = Some((
            starts[random.below(starts.len() as u64) as usize],
            aim.direction,
        ));
        let mut n_steps = 0;
        while let Some((class, by)) = step {
            self.change(class, by);
            broken.extend(&self.facts.of_class[class]);
            broken.sort_unstable();
            broken.dedup();
            broken.retain(|fact| self.excess(*fact, 0) > 0);
            n_steps += 1;
            let size = |fact: &&u32| (self.facts.list[**fact as usize].classes.len(), **fact);
            step = match broken.iter().min_by_key(size) {
                Some(fact) if n_steps < STEPS => self.mend(*fact, &before, aim, random),
                _ => None,
            };
        }
        let found = changes(&before, &self.table);
        for (class, by) in &found {
            self.change(*class, -by);
        }
        broken.is_empty().then_some(found)
    }

    /// The class that, with one person more or less, brings a fact nearer to the truth and breaks fewest others.
    fn mend(
        &self,
        fact: u32,
        before: &[i64],
        aim: Aim<'_>,
        random: &mut Random,
    ) -> Option<(usize, i64)> {
        let classes = &self.facts.list[fact as usize].classes;
        let is_low = self.sums[fact as usize] < self.facts.list[fact as usize].low;
        let by = if is_low { 1 } else { -1 };
        let first = random.below(classes.len() as u64) as usize;
        let some = classes.iter().cycle().skip(first);
        let some = some.take(classes.len().min(CHOICES)).copied();
        let is_possible = |class: &usize| {
            let change = self.table[*class] - before[*class];
            let is_back = change * by < 0;
            let is_wrong = self.is_target[*class] && by != aim.direction;
            !is_back && !is_wrong && (by > 0 || self.table[*class] > aim.floors[*class])
        };
        let scored = some.filter(is_possible).map(|class| {
            let facts = self.facts.of_class[class].iter();
            let worse: i64 = facts
                .map(|fact| self.excess(*fact, by) - self.excess(*fact, 0))
                .sum();
            let again = i64::from(self.table[class] != before[class]);
            (4 * worse + again + random.below(3) as i64, class)
        });
        scored.min().map(|(_, class)| (class, by))
    }
}

fn changes(from: &[i64], to: &[i64]) -> Vec<(usize, i64)> {
    let pairs = from.iter().zip(to).enumerate();
    let changed = pairs.filter(|(_, (from, to))| from != to);
    changed
        .map(|(class, (from, to))| (class, to - from))
        .collect()
}
