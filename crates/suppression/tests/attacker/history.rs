//! Releases one after the other through `protect`, and what they tell.

use std::collections::BTreeMap;

use korabo_suppression::{
    Cell, CellStatus, Decision, Problem, ProtectionRules, Reason, Suppression, protect,
};

use crate::campaign::Defence;
use crate::reader::{Fact, Reader, ReaderCell};
use crate::world::Release;

/// All releases, and what became of their cells.
pub(crate) struct History {
    pub(crate) rules: ProtectionRules,
    pub(crate) releases: Vec<Release>,
    pub(crate) shown: Vec<Vec<bool>>,
    /// Members that stand for combinations without persons.
    pub(crate) ghosts: Vec<bool>,
    /// The persons of claims of earlier disclosure, by the release that made them.
    pub(crate) claims: BTreeMap<Vec<u32>, usize>,
}

/// Classes of persons in the same cells of all releases so far.
pub(crate) struct Classes {
    pub(crate) members: Vec<Vec<u32>>,
    of_person: BTreeMap<u32, u32>,
}

impl Classes {
    /// The classes of some persons, increasing.
    pub(crate) fn of(&self, members: &[u32]) -> Vec<usize> {
        let mut classes: Vec<usize> = members
            .iter()
            .map(|person| self.of_person[person] as usize)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

impl History {
    pub(crate) fn new(rules: ProtectionRules) -> Self {
        Self {
            rules,
            releases: Vec::new(),
            shown: Vec::new(),
            ghosts: Vec::new(),
            claims: BTreeMap::new(),
        }
    }

    pub(crate) fn publish(&mut self, cells: Release, defence: Defence) {
        self.releases.push(cells);
        let now = self.releases.len() - 1;
        let first = if defence == Defence::ForgetsReleases {
            now
        } else {
            0
        };
        let classes = self.classes(first);
        let problem = self.problem(&classes, first, now);
        let answer = protect(&problem, &self.rules).unwrap();
        let n_before = problem.cells.len() - self.releases[now].len();
        let shown = answer.cells[n_before..]
            .iter()
            .map(|decision| match (defence, decision) {
                (_, Decision::Published) => true,
                (Defence::PrimaryOnly, Decision::Withheld(reason)) => {
                    !matches!(reason, Reason::Small | Reason::Sensitive)
                }
                _ => false,
            });
        self.shown.push(shown.collect());
        self.remember(&answer, &classes, now);
    }

    fn remember(&mut self, answer: &Suppression, classes: &Classes, now: usize) {
        for item in &answer.already_disclosed {
            let mut members: Vec<u32> = item
                .atoms
                .iter()
                .flat_map(|atom| classes.members[*atom as usize].iter().copied())
                .collect();
            members.sort_unstable();
            let members = self.counted(&members);
            self.claims.entry(members).or_insert(now);
        }
    }

    pub(crate) fn classes(&self, first: usize) -> Classes {
        let mut signatures: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (idx, cell) in self.releases[first..].iter().flatten().enumerate() {
            for person in &cell.members {
                signatures.entry(*person).or_default().push(idx as u32);
            }
        }
        let mut groups: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        for (person, signature) in signatures {
            groups.entry(signature).or_default().push(person);
        }
        let members: Vec<Vec<u32>> = groups.into_values().collect();
        let mut of_person = BTreeMap::new();
        for (class, persons) in members.iter().enumerate() {
            of_person.extend(persons.iter().map(|person| (*person, class as u32)));
        }
        Classes { members, of_person }
    }

    pub(crate) fn count(&self, members: &[u32]) -> u64 {
        members
            .iter()
            .filter(|person| !self.ghosts[**person as usize])
            .count() as u64
    }

    /// The members whose number is unknown to a reader.
    pub(crate) fn counted(&self, members: &[u32]) -> Vec<u32> {
        let zeros = self.rules.zeros_are_sensitive;
        let is_counted = |person: &u32| zeros || !self.ghosts[*person as usize];
        members.iter().copied().filter(is_counted).collect()
    }

    fn problem(&self, classes: &Classes, first: usize, now: usize) -> Problem {
        let atoms = classes
            .members
            .iter()
            .map(|members| self.count(members))
            .collect();
        let mut cells = Vec::new();
        for number in first..=now {
            for (idx, cell) in self.releases[number].iter().enumerate() {
                // A zero is shown whatever the cell, as the mark says that the count is not zero.
                let is_somebody = self.rules.zeros_are_sensitive || self.count(&cell.members) > 0;
                let status = match cell.is_sensitive && is_somebody {
                    true if number == now || !self.shown[number][idx] => CellStatus::Sensitive,
                    _ if number == now => CellStatus::Candidate,
                    _ if self.shown[number][idx] => CellStatus::Left,
                    _ => CellStatus::WithheldBefore,
                };
                let atoms = classes.of(&cell.members).into_iter();
                cells.push(Cell {
                    atoms: atoms.map(|class| class as u32).collect(),
                    status,
                    priority: cell.depth,
                    key: cell.label,
                });
            }
        }
        Problem { atoms, cells }
    }

    /// What a reader has after the first releases.
    fn reader(&self, classes: &Classes, n_releases: usize) -> Reader {
        let mut seen = Vec::new();
        for (release, shown) in self.releases[..n_releases].iter().zip(&self.shown) {
            for (cell, shown) in release.iter().zip(shown) {
                let value = self.rules.shown(self.count(&cell.members)) as i64;
                seen.push(ReaderCell {
                    classes: classes.of(&cell.members),
                    shown: shown.then_some(value),
                });
            }
        }
        Reader {
            seen,
            min_count: self.rules.min_count as i64,
            base: self.rules.rounding.map(|base| base as i64),
            zeros_are_shown: !self.rules.zeros_are_sensitive,
        }
    }

    /// All that is known after the first releases. Where zeros are shown, also which combinations are empty.
    pub(crate) fn facts(&self, classes: &Classes, n_releases: usize) -> Vec<Fact> {
        let mut facts = self.reader(classes, n_releases).facts();
        if !self.rules.zeros_are_sensitive {
            let empty = (0..classes.members.len())
                .filter(|class| self.count(&classes.members[*class]) == 0);
            facts.extend(empty.map(|class| Fact {
                classes: vec![class],
                low: 0,
                high: 0,
            }));
        }
        facts
    }
}
