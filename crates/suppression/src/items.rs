//! What is protected: small and sensitive cells, small differences of nested cells, small atoms.

use std::collections::BTreeMap;

use crate::lists::difference;
use crate::model::Model;
use crate::problem::{Interval, Origin, ProtectionRules};

/// A set of persons whose number must stay uncertain.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its atoms, increasing.
    pub(crate) atoms: Vec<u32>,
    pub(crate) count: u64,
    pub(crate) origin: Origin,
    /// The width it must keep: less than the rules ask for where earlier releases took it.
    pub(crate) need: u64,
    /// The interval proven so far.
    pub(crate) proven: Option<Interval>,
}

/// Two nested cells whose difference is small.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) larger: u32,
    pub(crate) smaller: u32,
}

/// What is protected from the beginning.
#[derive(Debug)]
pub(crate) struct Protectables {
    pub(crate) items: Vec<Item>,
    pub(crate) pairs: Vec<Pair>,
}

impl Item {
    pub(crate) fn new(model: &Model, atoms: Vec<u32>, origin: Origin, width: u64) -> Self {
        let count = model.count(&atoms);
        Self {
            atoms,
            count,
            origin,
            need: width.max(1),
            proven: None,
        }
    }
}

/// All that is protected for its own sake, each set of atoms once, in a canonical order.
pub(crate) fn protectables(model: &Model, rules: &ProtectionRules) -> Protectables {
    let mut sets: BTreeMap<Vec<u32>, Origin> = BTreeMap::new();
    let mut add = |atoms: Vec<u32>, origin: Origin| {
        // Of several reasons to protect the same persons the first kind of origin is told.
        let known = sets.entry(atoms).or_insert(origin);
        *known = (*known).min(origin);
    };
    for (idx, cell) in model.cells.iter().enumerate() {
        if rules.is_small(cell.count) || cell.is_sensitive {
            add(
                model.cell_atoms(idx as u32).to_vec(),
                Origin::Cell(cell.input),
            );
        }
    }
    let pairs = small_differences(model, rules);
    for pair in &pairs {
        let larger = model.cell_atoms(pair.larger);
        if let Some(rest) = difference(larger, model.cell_atoms(pair.smaller)) {
            let origin = Origin::Difference {
                larger: model.cell(pair.larger).input,
                smaller: model.cell(pair.smaller).input,
            };
            add(rest, origin);
        }
    }
    for (atom, count) in model.counts.iter().enumerate() {
        if rules.is_small(*count) {
            add(vec![atom as u32], Origin::Atom);
        }
    }
    let new = |(atoms, origin)| Item::new(model, atoms, origin, rules.width);
    Protectables {
        items: sets.into_iter().map(new).collect(),
        pairs,
    }
}

/// The pairs of nested cells whose difference is small.
///
/// The difference has fewer atoms than `min_count` persons, so that the smaller cell has one of any `min_count` atoms of the larger.
fn small_differences(model: &Model, rules: &ProtectionRules) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut near: Vec<u32> = Vec::new();
    for larger in 0..model.cells.len() as u32 {
        let count = model.cell(larger).count;
        near.clear();
        for atom in probes(model, rules, larger) {
            let alike = model.atom_cells(atom).iter().copied().filter(|smaller| {
                *smaller != larger
                    && count
                        .checked_sub(model.cell(*smaller).count)
                        .is_some_and(|rest| rules.is_small(rest))
            });
            near.extend(alike);
        }
        near.sort_unstable();
        near.dedup();
        let atoms = model.cell_atoms(larger);
        for smaller in &near {
            let fits = model.cell_atoms(*smaller).len() < atoms.len();
            if fits && difference(atoms, model.cell_atoms(*smaller)).is_some() {
                pairs.push(Pair {
                    larger,
                    smaller: *smaller,
                });
            }
        }
    }
    pairs
}

/// Atoms of a cell of which each near subset has one: those in the fewest cells.
fn probes(model: &Model, rules: &ProtectionRules, cell: u32) -> Vec<u32> {
    let mut atoms = model.cell_atoms(cell).to_vec();
    let n_probes = usize::try_from(rules.min_count)
        .unwrap_or(usize::MAX)
        .max(1);
    // With zeros sensitive a difference can have any number of atoms without persons.
    if !rules.zeros_are_sensitive && atoms.len() > n_probes {
        atoms.select_nth_unstable_by_key(n_probes - 1, |atom| {
            (model.atom_cells(*atom).len(), *atom)
        });
        atoms.truncate(n_probes);
    }
    atoms
}
