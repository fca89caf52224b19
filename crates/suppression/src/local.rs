//! Atoms around a protected count with which it could be exchanged: where a group of cells is too large to be solved as a whole.
//!
//! A signed walk: the item gains a person, so each known cell that has him needs another person less, whose other cells need one
//! more, until all cells balance. In a table of several dimensions that finds the corners of a hypercube. The walk only proposes
//! atoms; whether they suffice is for the linear programs to say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::items::Item;
use crate::model::Model;
use crate::state::State;

/// Steps of one walk.
const STEPS: usize = 160;

/// Atoms of a cell that are looked at.
const CHOICES: usize = 160;

/// Atoms of an item that may move.
const ITEM_ATOMS: usize = 40;

/// Atoms that are solved together to see what earlier releases left of a width.
const CONNECTED: usize = 300;

/// The atoms of an item and of several walks from it.
pub(crate) fn around(model: &Model, state: &State<'_>, item: &Item, n_walks: usize) -> Vec<u32> {
    let mut seeds = item.atoms.clone();
    seeds.sort_by_key(|atom| (std::cmp::Reverse(model.counts[*atom as usize]), *atom));
    seeds.truncate(ITEM_ATOMS);
    let mut used: BTreeSet<u32> = BTreeSet::new();
    // Each walk avoids the atoms of those before, so that they find several ways to exchange the item.
    for walk in 0..n_walks {
        let mut walk_from = Walk {
            model,
            state,
            item,
            used: &used,
            change: BTreeMap::new(),
            open: BTreeMap::new(),
        };
        walk_from.run(seeds[walk % seeds.len()]);
        let atoms: Vec<u32> = walk_from.change.into_keys().collect();
        used.extend(atoms);
    }
    used.extend(seeds);
    used.into_iter().collect()
}

/// Atoms that are connected by what left earlier.
pub(crate) struct ConnectedAtoms {
    pub(crate) atoms: Vec<u32>,
    /// Whether these are all.
    pub(crate) is_complete: bool,
}

/// The atoms that are connected with an item by what left earlier, the nearest if they are too many.
pub(crate) fn connected_before(model: &Model, state: &State<'_>, item: &Item) -> ConnectedAtoms {
    let mut found: BTreeSet<u32> = item.atoms.iter().copied().collect();
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let mut waiting: VecDeque<u32> = item.atoms.iter().copied().collect();
    while let Some(atom) = waiting.pop_front() {
        for cell in model.atom_cells(atom) {
            if !state.is_left(*cell) || !seen.insert(*cell) {
                continue;
            }
            for near in model.cell_atoms(*cell) {
                if found.len() >= CONNECTED {
                    return ConnectedAtoms {
                        atoms: found.into_iter().collect(),
                        is_complete: false,
                    };
                }
                if found.insert(*near) {
                    waiting.push_back(*near);
                }
            }
        }
    }
    ConnectedAtoms {
        atoms: found.into_iter().collect(),
        is_complete: true,
    }
}

struct Walk<'a> {
    model: &'a Model,
    state: &'a State<'a>,
    item: &'a Item,
    /// Atoms of earlier walks.
    used: &'a BTreeSet<u32>,
    change: BTreeMap<u32, i64>,
    /// Cells that do not balance, those with fewest atoms first.
    open: BTreeMap<(usize, u32), i64>,
}

impl Walk<'_> {
    fn run(&mut self, seed: u32) {
        self.step(seed, 1);
        for _ in 0..STEPS {
            let Some((key, excess)) = self.open.first_key_value().map(|(key, sum)| (*key, *sum))
            else {
                return;
            };
            match self.best(key.1, -excess.signum()) {
                Some(atom) => self.step(atom, -excess.signum()),
                // Walks only propose: what cannot be balanced is let go.
                None => drop(self.open.remove(&key)),
            }
        }
    }

    fn step(&mut self, atom: u32, sign: i64) {
        *self.change.entry(atom).or_default() += sign;
        for cell in self.model.atom_cells(atom) {
            if let Some(key) = self.key(*cell) {
                let sum = self.open.entry(key).or_default();
                *sum += sign;
                if *sum == 0 {
                    self.open.remove(&key);
                }
            }
        }
    }

    /// Known cells of several atoms balance; those of one cannot, and are withheld or not used.
    fn key(&self, cell: u32) -> Option<(usize, u32)> {
        let n_atoms = self.model.cell_atoms(cell).len();
        (n_atoms > 1 && self.state.is_known(cell)).then_some((n_atoms, cell))
    }

    fn best(&self, cell: u32, sign: i64) -> Option<u32> {
        let atoms = self.model.cell_atoms(cell);
        // From all over the cell rather than its beginning.
        let stride = atoms.len().div_ceil(CHOICES).max(1);
        let scored = atoms
            .iter()
            .step_by(stride)
            .filter_map(|atom| self.score(*atom, sign).map(|score| (score, *atom)));
        scored.min().map(|(_, atom)| atom)
    }

    /// Less is better. None if the atom cannot be used.
    fn score(&self, atom: u32, sign: i64) -> Option<i64> {
        let opposite = self
            .change
            .get(&atom)
            .is_some_and(|change| change.signum() != sign);
        if opposite || self.used.contains(&atom) || self.item.atoms.binary_search(&atom).is_ok() {
            return None;
        }
        let mut score = 0;
        for cell in self.model.atom_cells(atom) {
            match self.key(*cell) {
                Some(key) => {
                    let sum = self.open.get(&key).copied().unwrap_or(0);
                    score += 4 * ((sum + sign).abs() - sum.abs());
                }
                // It left with this atom alone, whose count is therefore known and cannot move.
                None if self.state.is_left(*cell) => return None,
                // Published with this atom alone: it would have to be withheld.
                None if self.state.is_known(*cell) => score += 5,
                None => {}
            }
        }
        let count = self.model.counts[atom as usize];
        // An atom with few persons has few to lose.
        if sign < 0 && count <= self.item.need {
            score += if count <= 1 { 12 } else { 6 };
        }
        Some(score)
    }
}
