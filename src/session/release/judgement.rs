//! What the rules make of the facts about one group: how many stand behind each of its numbers, and behind what a reader
//! could work out from them.

use super::aggregate::{AskedAggregate, ToldSum, columns};
use super::lineage::Kind;
use super::measures::Measures;
use super::possible::PossibleConditions;
use super::questions::Questions;
use super::span::{Atom, is_safe};
use super::systems::{System, systems};
use crate::disclosure::{CellCounts, DisclosureRules};

/// A number that is withheld, as if one person stood behind it.
const SECRET: CellCounts = CellCounts {
    contributors: 1,
    others: None,
    is_part: true,
};

/// What was measured of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupFacts {
    pub(super) units: u64,
    /// Units with more than one row.
    pub(super) several: u64,
    /// Units with rows that have each flag.
    pub(super) flags: Vec<u64>,
    /// The largest sum of one unit and the sum of all, of every number's size.
    pub(super) largest: Vec<(f64, f64)>,
    /// The values of every number, and then those of numbers together.
    pub(super) values: Vec<ValueCounts>,
    /// For every system, the sets of conditions that rows meet.
    pub(super) atoms: Vec<Vec<Atom>>,
}

/// The different values of a number in one group.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ValueCounts {
    /// How many there are.
    pub(super) n: u64,
    /// Units with the rarest.
    pub(super) least: u64,
    /// Units with the most frequent.
    pub(super) most: u64,
    /// Units of all of them added up.
    pub(super) all: u64,
}

/// Decides for each group how many stand behind its numbers.
pub(super) struct Judgement<'a> {
    measures: &'a Measures,
    questions: &'a Questions<'a>,
    systems: Vec<System>,
    possible: Option<&'a PossibleConditions>,
    rules: DisclosureRules,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(
        measures: &'a Measures,
        questions: &'a Questions<'a>,
        possible: Option<&'a PossibleConditions>,
        rules: DisclosureRules,
    ) -> Self {
        Self {
            measures,
            questions,
            systems: systems(&questions.aggregates),
            possible,
            rules,
        }
    }

    /// How many numbers each group has.
    pub(super) fn n_numbers(&self) -> usize {
        self.questions.aggregates.len()
    }

    /// What stands behind each number of a group.
    pub(super) fn cells(&self, facts: &GroupFacts) -> Vec<CellCounts> {
        let asked = self.questions.aggregates.iter();
        let mut cells: Vec<CellCounts> = asked
            .map(|asked| match asked.is_count {
                true => counted(asked, facts),
                false => self.summed(asked, facts),
            })
            .collect();
        for (cell, asked) in cells.iter_mut().zip(&self.questions.aggregates) {
            if self.is_of_none_or_all(asked, facts) {
                *cell = SECRET;
            }
        }
        // What subtracting would tell is hidden as well, unless the cell is hidden for its own count, which then stays.
        for idx in self.told(facts) {
            let sides = [cells[idx].contributors, cells[idx].others.unwrap_or(0)];
            if self.is_small(least(&sides)) {
                continue;
            }
            cells[idx] = SECRET;
        }
        self.hide_combinations(facts, &mut cells);
        cells
    }

    /// Where a combination of numbers tells of few, or reveals a hidden one, hides another one of them.
    fn hide_combinations(&self, facts: &GroupFacts, cells: &mut [CellCounts]) {
        let first = self.questions.numbers.len();
        for (place, combination) in self.questions.combinations.iter().enumerate() {
            let [other, ..] = self.measures.flags_of_number(first + place);
            let n = facts.flags[other];
            let (largest, total) = facts.largest[first + place];
            let is_few = self.is_small(n) || n > 0 && largest > self.rules.max_share * total;
            let is_hidden = |idx: usize, cells: &[CellCounts]| {
                let cell = cells[idx];
                self.is_small(least(&[cell.contributors, cell.others.unwrap_or(0)]))
            };
            let hidden = combination
                .aggregates
                .iter()
                .filter(|&&idx| is_hidden(idx, cells))
                .count();
            let is_told = match n == 0 && !combination.is_column {
                // An identity that holds for every row gives away the only hidden number; what it leaves over is
                // known if all are shown.
                true => hidden == 1,
                false => is_few && hidden == 0,
            };
            let shown = combination
                .aggregates
                .iter()
                .rev()
                .find(|&&idx| !is_hidden(idx, cells));
            if let Some(&idx) = shown.filter(|_| is_told) {
                cells[idx] = SECRET;
            }
        }
    }

    /// Whether no unit meets a condition on several columns, or every unit does: a reader could have singled out a person.
    fn is_of_none_or_all(&self, asked: &AskedAggregate, facts: &GroupFacts) -> bool {
        let Some(possible) = self.possible else {
            return false;
        };
        let conditions = asked.condition.into_iter().chain(asked.filter);
        let mut compound = conditions.filter(|&condition| possible.is_compound(condition));
        let is_empty = |condition| {
            let (met, rest) = Measures::flags_of_condition(condition);
            facts.flags[met] == 0 || facts.flags[rest] == 0
        };
        // A number of an inner grouping under such a condition, the same for every unit.
        let mut numbers = asked.numbers.iter();
        let is_same =
            |&number: &usize| possible.is_compound_number(number) && facts.values[number].n <= 1;
        compound.any(is_empty) || numbers.any(is_same)
    }

    /// Whether an aggregate and another one tell how many values there are, as a sum and a mean do.
    fn tells_how_many(&self, asked: &AskedAggregate, number: usize) -> bool {
        let columns_of = |number: usize| columns(&self.questions.numbers[number].kind);
        let of = columns_of(number);
        let others = self.questions.aggregates.iter();
        let mut others =
            others.filter(|other| !other.is_count && asked.scale.tells_with(other.scale));
        others.any(|other| {
            let mut numbers = other.numbers.iter();
            numbers.any(|&number| !columns_of(number).is_disjoint(&of))
        })
    }

    fn is_small(&self, n: u64) -> bool {
        n > 0 && n < self.rules.min_count
    }

    fn summed(&self, asked: &AskedAggregate, facts: &GroupFacts) -> CellCounts {
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
            let [other, zero, missing] = self.measures.flags_of_number(number);
            let kind = &self.questions.numbers[number].kind;
            sides.push(facts.flags[other]);
            if self.tells_how_many(asked, number) {
                sides.push(facts.flags[missing]);
            }
            if matches!(kind, Kind::Part(_)) {
                sides.push(facts.flags[zero]);
                let rest = asked.condition.map(Measures::flags_of_condition);
                sides.extend(rest.map(|(_, rest)| facts.flags[rest]));
            }
            if matches!(kind, Kind::Discrete(_)) || values.n <= self.rules.few_values {
                sides.push(values.least);
                is_part |= values.n > 1;
                continue;
            }
            let (largest, total) = facts.largest[number];
            // Few units beside the most frequent value: a sum is that value times a count, plus the rest.
            let is_rare = values.all.saturating_sub(values.most) < self.rules.min_count;
            let is_one = !total.is_finite() || largest > self.rules.max_share * total;
            if is_rare || is_one {
                // One side of a single unit makes the cell small, whatever the count is.
                sides.push(1);
            }
        }
        if let Some(together) = asked.together {
            let values = facts.values[self.questions.numbers.len() + together];
            let is_discrete =
                |&number: &usize| matches!(self.questions.numbers[number].kind, Kind::Discrete(_));
            if values.n <= self.rules.few_values || asked.numbers.iter().all(is_discrete) {
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

    /// Aggregates that, subtracted from each other, would tell of few.
    fn told(&self, facts: &GroupFacts) -> Vec<usize> {
        let mut told = Vec::new();
        for (system, atoms) in self.systems.iter().zip(&facts.atoms) {
            if is_safe(atoms, system.has_whole(), self.rules.min_count) {
                continue;
            }
            // What is about the whole group stays: it is the parts that can be taken from it and from each other.
            let (conditions, values) = (system.conditions(), system.values());
            let place = |tell: &ToldSum| match tell {
                ToldSum::All => None,
                ToldSum::Part(condition) => conditions.iter().position(|known| known == condition),
                ToldSum::Values(number) => {
                    let place = values.iter().position(|known| known == number);
                    place.map(|place| conditions.len() + place)
                }
            };
            let is_same = |place: usize| {
                let mut told = atoms.iter().map(|atom| atom.told[place]);
                // A condition that all atoms meet alike is about the whole group, and that stays.
                let first = told.next().unwrap_or(1.0);
                first != 0.0 && told.all(|other| other == first)
            };
            let is_part = |tell: &ToldSum| place(tell).is_some_and(|place| !is_same(place));
            let parts = system.told.iter().filter(|(_, tell)| is_part(tell));
            told.extend(parts.map(|(asked, _)| *asked));
        }
        let is_of_persons = |asked: &AskedAggregate| asked.is_count && asked.is_of_persons;
        let has_rows = self
            .questions
            .aggregates
            .iter()
            .any(|asked| asked.is_count && !asked.is_of_persons);
        // Under a condition, few of those with several rows may be left.
        let has_condition = self
            .questions
            .aggregates
            .iter()
            .any(|asked| asked.condition.is_some());
        let is_told = self.is_small(facts.several) || facts.several > 0 && has_condition;
        if has_rows && is_told {
            let asked = self.questions.aggregates.iter().enumerate();
            let of_persons = asked.filter(|(_, asked)| is_of_persons(asked));
            told.extend(of_persons.map(|(idx, _)| idx));
        }
        for (pair, &(a, b)) in self.measures.pairs.iter().enumerate() {
            let n = facts.flags[self.measures.flag_of_pair(pair)];
            let is_open = |possible: &PossibleConditions| {
                possible.is_compound_number(a) || possible.is_compound_number(b)
            };
            if self.is_small(n) || n == 0 && self.possible.is_some_and(is_open) {
                let asked = self.questions.aggregates.iter().enumerate();
                let has = asked
                    .filter(|(_, asked)| asked.numbers.contains(&a) || asked.numbers.contains(&b));
                told.extend(has.map(|(idx, _)| idx));
            }
        }
        told
    }
}

fn counted(asked: &AskedAggregate, facts: &GroupFacts) -> CellCounts {
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
