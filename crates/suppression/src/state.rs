//! Which cells a reader knows, and why the others are withheld.

use crate::items::Pair;
use crate::model::Model;
use crate::problem::{ProtectionRules, Reason};

/// The pattern so far.
#[derive(Debug)]
pub(crate) struct State<'a> {
    pub(crate) rules: &'a ProtectionRules,
    withheld: Vec<Option<Reason>>,
    left: Vec<bool>,
    /// Forget what is published now.
    only_left: bool,
}

impl<'a> State<'a> {
    /// All is published that is not protected itself.
    pub(crate) fn new(model: &Model, rules: &'a ProtectionRules) -> Self {
        let withheld = model
            .cells
            .iter()
            .map(|cell| match cell {
                // What left is known, whatever it would be called today.
                cell if cell.is_left => None,
                cell if rules.is_small(cell.count) => Some(Reason::Small),
                cell if cell.is_sensitive => Some(Reason::Sensitive),
                cell if cell.was_withheld => Some(Reason::WithheldBefore),
                _ => None,
            })
            .collect();
        let left = model.cells.iter().map(|cell| cell.is_left).collect();
        Self {
            rules,
            withheld,
            left,
            only_left: false,
        }
    }

    /// What the reader knows from earlier releases alone.
    pub(crate) fn before(&self) -> Self {
        Self {
            rules: self.rules,
            withheld: self.withheld.clone(),
            left: self.left.clone(),
            only_left: true,
        }
    }

    pub(crate) fn is_known(&self, cell: u32) -> bool {
        let idx = cell as usize;
        if self.only_left {
            self.left[idx]
        } else {
            self.withheld[idx].is_none()
        }
    }

    pub(crate) fn is_left(&self, cell: u32) -> bool {
        self.left[cell as usize]
    }

    /// Whether it is published now and could be withheld.
    pub(crate) fn is_open(&self, cell: u32) -> bool {
        self.is_known(cell) && !self.left[cell as usize]
    }

    pub(crate) fn reason(&self, cell: u32) -> Option<Reason> {
        self.withheld[cell as usize]
    }

    pub(crate) fn withhold(&mut self, cell: u32) {
        if !self.left[cell as usize] {
            self.withheld[cell as usize].get_or_insert(Reason::Secondary);
        }
    }

    pub(crate) fn publish(&mut self, cell: u32) {
        self.withheld[cell as usize] = None;
    }

    /// Says of secondary cells what exactly they would have given away.
    pub(crate) fn explain(&mut self, pairs: &[Pair]) {
        let mut better: Vec<(u32, Reason)> = Vec::new();
        for pair in pairs {
            for (one, other) in [(pair.larger, pair.smaller), (pair.smaller, pair.larger)] {
                if self.withheld[one as usize] == Some(Reason::Secondary) && self.is_known(other) {
                    let left = self.left[other as usize];
                    better.push((
                        one,
                        if left {
                            Reason::EarlierRelease
                        } else {
                            Reason::Complement
                        },
                    ));
                }
            }
        }
        // The last entry stays: what an earlier release gives away comes after.
        better.sort_by_key(|(cell, reason)| (*cell, *reason == Reason::EarlierRelease));
        for (cell, reason) in better {
            self.withheld[cell as usize] = Some(reason);
        }
    }
}
