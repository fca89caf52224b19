//! Some atoms and the cells that touch them, as equations. Atoms outside are taken to be known, which can only narrow intervals.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::state::State;

/// Atoms whose counts may move, and what the reader knows of them.
#[derive(Debug)]
pub(crate) struct Region {
    /// Atoms of the model, increasing.
    pub(crate) atoms: Vec<u32>,
    /// Their persons.
    pub(crate) counts: Vec<i64>,
    /// One for each cell that touches an atom, in the order of the model.
    pub(crate) rows: Vec<Row>,
}

/// The part of a cell that lies in a region.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) cell: u32,
    /// Places in [`Region::atoms`], increasing.
    pub(crate) terms: Vec<usize>,
    /// Whether all atoms of the cell are in the region.
    pub(crate) is_whole: bool,
}

/// How much the count of a cell may change without the reader noticing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slack {
    pub(crate) low: i64,
    pub(crate) high: Option<i64>,
}

impl Region {
    pub(crate) fn new(model: &Model, mut atoms: Vec<u32>) -> Self {
        atoms.sort_unstable();
        atoms.dedup();
        let mut touched: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, atom) in atoms.iter().enumerate() {
            for cell in model.atom_cells(*atom) {
                touched.entry(*cell).or_default().push(place);
            }
        }
        let rows = touched
            .into_iter()
            .map(|(cell, terms)| {
                let is_whole = terms.len() == model.cell_atoms(cell).len();
                Row {
                    cell,
                    terms,
                    is_whole,
                }
            })
            .collect();
        let counts = atoms
            .iter()
            .map(|atom| model.counts[*atom as usize] as i64)
            .collect();
        Self {
            atoms,
            counts,
            rows,
        }
    }

    /// Where in the region atoms are; those outside are left out.
    pub(crate) fn places(&self, atoms: &[u32]) -> Vec<usize> {
        atoms
            .iter()
            .filter_map(|atom| self.atoms.binary_search(atom).ok())
            .collect()
    }

    /// What the reader knows of a row. None if nothing that concerns the region.
    pub(crate) fn slack(&self, model: &Model, state: &State<'_>, row: &Row) -> Option<Slack> {
        let count = model.cell(row.cell).count;
        if state.is_known(row.cell) {
            let alike = state.rules.looks_alike(count);
            return Some(Slack {
                low: alike.low as i64 - count as i64,
                high: Some(alike.high as i64 - count as i64),
            });
        }
        // What is withheld has at least one person, where a zero would be shown.
        let is_somebody = row.is_whole && !state.rules.zeros_are_sensitive;
        is_somebody.then_some(Slack {
            low: 1 - count as i64,
            high: None,
        })
    }
}
