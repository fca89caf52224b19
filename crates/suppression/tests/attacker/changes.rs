//! What happens to persons between two releases.

use crate::random::Random;
use crate::world::{AGE, AREA, BAND, PROPERTY, Population, SEX, Source, WORKSITE, at_worksite};

/// What happens between two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// One comes or leaves.
    OnePerson,
    /// Spells of some end, and others begin.
    Month,
    /// A worksite becomes part of another.
    Merger,
    /// Ages are grouped otherwise.
    AgeBand,
    /// Entries of some are put right.
    Correction,
    Nothing,
    /// Everybody with some level is left out.
    Subset,
    /// Data grow: many come and none leave.
    Growth,
}

pub(crate) const CHANGES: [Change; 8] = [
    Change::OnePerson,
    Change::Month,
    Change::Merger,
    Change::AgeBand,
    Change::Correction,
    Change::Nothing,
    Change::Subset,
    Change::Growth,
];

/// The population after a change. Regrouped ages have new labels; a worksite that took another in keeps its own.
pub(crate) fn changed(
    random: &mut Random,
    source: &Source,
    change: Change,
    before: &Population,
) -> Population {
    let mut after = before.clone();
    let any = |random: &mut Random| random.below(before.len() as u64) as usize;
    match change {
        Change::Nothing => {}
        Change::OnePerson => {
            let who = any(random);
            match after[who] {
                Some(_) if random.chance(50) => after[who] = None,
                _ => after.push(Some(source.person(random))),
            }
        }
        Change::Month => {
            for person in &mut after {
                if random.chance(4) {
                    *person = None;
                }
            }
            for _ in 0..random.between(0, 4) {
                after.push(Some(source.person(random)));
            }
        }
        Change::Merger => {
            let [from, to] = source.two_worksites(random);
            for person in after
                .iter_mut()
                .flatten()
                .filter(|person| person[WORKSITE] == from)
            {
                *person = at_worksite(*person, to);
            }
        }
        Change::AgeBand => {
            let shift = random.between(1, 2) as u32;
            for person in after.iter_mut().flatten() {
                person[BAND] = 100 * shift + (person[AGE] + shift) / (1 + shift);
            }
        }
        Change::Correction => {
            for _ in 0..random.between(1, 4) {
                let who = any(random);
                if let Some(person) = &mut after[who] {
                    person[SEX] = 1 - person[SEX].min(1);
                    person[PROPERTY] = random.below(3) as u32;
                }
            }
        }
        Change::Growth => {
            for _ in 0..1 + before.len() / 8 {
                after.push(Some(source.person(random)));
            }
        }
        Change::Subset => {
            let (column, value) = (
                [SEX, AREA, PROPERTY][random.below(3) as usize],
                random.below(2),
            );
            for person in &mut after {
                if person.is_some_and(|person| u64::from(person[column]) == value) {
                    *person = None;
                }
            }
        }
    }
    after
}
