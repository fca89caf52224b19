//! What the rules make of the facts about one group: how many stand behind each of its numbers, and behind what a reader
//! could work out from them.

use super::lineage::Kind;
use super::measures::Measures;
use super::questions::{Asked, Questions, System};
use super::span::{Atom, is_safe};
use crate::disclosure::{CellCounts, DisclosureRules};

/// Numbers with so few different values in a group are counts in disguise: their sums and spreads say how many have each.
pub(super) const FEW_VALUES: u64 = 5;
/// Largest part of a sum that may be one person's: with more, the sum says what the person has.
pub(super) const LARGEST_PART: f64 = 0.5;

/// What was measured of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) units: u64,
    /// Units with rows that have each flag.
    pub(super) flags: Vec<u64>,
    /// The largest sum of one unit and the sum of all, of every number's size.
    pub(super) largest: Vec<(f64, f64)>,
    /// The values of every number, and then those of numbers together.
    pub(super) values: Vec<Values>,
    /// For every system, the sets of conditions that rows meet.
    pub(super) atoms: Vec<Vec<Atom>>,
}

/// The different values of a number in one group.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values {
    /// How many there are.
    pub(super) n: u64,
    /// Units with the rarest.
    pub(super) least: u64,
    /// Units with the most frequent.
    pub(super) most: u64,
    /// Units of all of them added up.
    pub(super) all: u64,
}

/// Judges groups.
pub(super) struct Judgement<'a> {
    measures: &'a Measures,
    questions: &'a Questions<'a>,
    systems: Vec<System>,
    rules: DisclosureRules,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(
        measures: &'a Measures,
        questions: &'a Questions<'a>,
        rules: DisclosureRules,
    ) -> Self {
        Self {
            measures,
            questions,
            systems: questions.systems(),
            rules,
        }
    }

    /// What stands behind each number of a group.
    pub(super) fn cells(&self, facts: &Facts) -> Vec<CellCounts> {
        let asked = self.questions.asked.iter();
        let mut cells: Vec<CellCounts> = asked
            .map(|asked| match asked.is_count {
                true => counted(asked, facts),
                false => self.summed(asked, facts),
            })
            .collect();
        for idx in self.told(facts) {
            let sides = [cells[idx].contributors, cells[idx].others.unwrap_or(0)];
            if self.is_small(least(&sides)) {
                continue;
            }
            cells[idx] = CellCounts {
                contributors: 1,
                others: None,
                is_part: true,
            };
        }
        cells
    }

    fn is_small(&self, n: u64) -> bool {
        n > 0 && n < self.rules.min_count
    }

    fn summed(&self, asked: &Asked, facts: &Facts) -> CellCounts {
        let base = match asked.condition {
            Some(condition) => facts.flags[Measures::flags_of_condition(condition).0],
            None => facts.units,
        };
        let mut sides = vec![base];
        // The sum over the rest of the group can be taken from that over all, wherever it is shown.
        sides.extend(
            asked
                .filter
                .map(|filter| facts.flags[Measures::flags_of_condition(filter).1]),
        );
        let mut is_part = false;
        for &number in &asked.numbers {
            let values = facts.values[number];
            let (other, zero) = self.measures.flags_of_number(number);
            let kind = &self.questions.numbers[number].kind;
            sides.push(facts.flags[other]);
            if matches!(kind, Kind::Part(_)) {
                sides.push(facts.flags[zero]);
                let rest = asked.condition.map(Measures::flags_of_condition);
                sides.extend(rest.map(|(_, rest)| facts.flags[rest]));
            }
            if matches!(kind, Kind::Discrete(_)) || values.n <= FEW_VALUES {
                sides.push(values.least);
                is_part |= values.n > 1;
                continue;
            }
            let (largest, total) = facts.largest[number];
            let is_rare = values.all.saturating_sub(values.most) < self.rules.min_count;
            let is_one = largest.is_nan() || largest > LARGEST_PART * total;
            if is_rare || is_one {
                sides.push(1);
            }
        }
        if let Some(together) = asked.together {
            let values = facts.values[self.questions.numbers.len() + together];
            let is_discrete =
                |&number: &usize| matches!(self.questions.numbers[number].kind, Kind::Discrete(_));
            if values.n <= FEW_VALUES || asked.numbers.iter().all(is_discrete) {
                sides.push(values.least);
                is_part |= values.n > 1;
            }
        }
        CellCounts {
            contributors: least(&sides),
            others: None,
            is_part,
        }
    }

    /// Aggregates that, taken from each other, would tell of few.
    fn told(&self, facts: &Facts) -> Vec<usize> {
        let mut told = Vec::new();
        for (system, atoms) in self.systems.iter().zip(&facts.atoms) {
            let has_whole = system.is_of_counts() || system.told.iter().any(|(_, c)| c.is_none());
            if is_safe(atoms, has_whole, self.rules.min_count) {
                continue;
            }
            // What is about the whole group stays: it is the parts that can be taken from it and from each other.
            let conditions = system.conditions();
            let is_whole = |condition: &Option<usize>| {
                let place = condition.and_then(|c| conditions.iter().position(|known| *known == c));
                place.is_none_or(|place| atoms.iter().all(|atom| atom.meets[place]))
            };
            let parts = system
                .told
                .iter()
                .filter(|(_, condition)| !is_whole(condition));
            told.extend(parts.map(|(asked, _)| *asked));
        }
        for (pair, &(a, b)) in self.measures.pairs.iter().enumerate() {
            if self.is_small(facts.flags[self.measures.flag_of_pair(pair)]) {
                let asked = self.questions.asked.iter().enumerate();
                let has = asked
                    .filter(|(_, asked)| asked.numbers.contains(&a) || asked.numbers.contains(&b));
                told.extend(has.map(|(idx, _)| idx));
            }
        }
        told
    }
}

fn counted(asked: &Asked, facts: &Facts) -> CellCounts {
    let Some(condition) = asked.condition else {
        return CellCounts {
            contributors: facts.units,
            others: None,
            is_part: false,
        };
    };
    let (met, rest) = Measures::flags_of_condition(condition);
    let (met, rest) = (facts.flags[met], facts.flags[rest]);
    // The rest of the rows, or the persons who have no such row.
    let others = match asked.is_of_persons {
        true => facts.units.saturating_sub(met),
        false => rest,
    };
    CellCounts {
        contributors: met,
        others: Some(others),
        is_part: met < facts.units || rest > 0,
    }
}

/// The smallest of those above zero.
fn least(sides: &[u64]) -> u64 {
    sides.iter().copied().filter(|n| *n > 0).min().unwrap_or(0)
}
