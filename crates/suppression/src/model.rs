//! A [`Problem`] in an order that depends only on its content: cells of the same persons are one, atoms in the same cells are one,
//! atoms without persons are left out unless zeros are sensitive.

use std::cmp::Reverse;

use crate::lists::Lists;
use crate::problem::{Cell, CellStatus, Problem, ProblemError, ProtectionRules};

/// The problem in canonical order. Everything after it is deterministic in these indices.
#[derive(Debug)]
pub(crate) struct Model {
    /// Persons in each atom.
    pub(crate) counts: Vec<u64>,
    /// The cells, first published first.
    pub(crate) cells: Vec<ModelCell>,
    /// The atoms of each cell.
    pub(crate) atoms_of: Lists,
    /// The cells of each atom.
    pub(crate) cells_of: Lists,
    /// The atoms of the problem in each atom.
    pub(crate) sources: Lists,
    /// The cell of each cell of the problem; none for a cell without persons.
    pub(crate) of_input: Vec<Option<u32>>,
}

/// One or more cells of the same persons.
#[derive(Debug, Clone)]
pub(crate) struct ModelCell {
    pub(crate) count: u64,
    pub(crate) priority: u32,
    pub(crate) key: u64,
    /// The first of them.
    pub(crate) input: usize,
    pub(crate) is_left: bool,
    pub(crate) is_sensitive: bool,
    pub(crate) was_withheld: bool,
}

/// An input cell with the atoms that count.
struct UsedCell {
    atoms: Vec<u32>,
    cell: ModelCell,
    inputs: Vec<usize>,
}

impl Model {
    pub(crate) fn try_new(
        problem: &Problem,
        rules: &ProtectionRules,
    ) -> Result<Self, ProblemError> {
        check(problem)?;
        let mut kept = kept_cells(problem, rules);
        let mut of_input = vec![None; problem.cells.len()];
        for (idx, group) in kept.iter().enumerate() {
            for input in &group.inputs {
                of_input[*input] = Some(idx as u32);
            }
        }
        let mut by_cell = Lists::new();
        let mut cells = Vec::with_capacity(kept.len());
        for group in &mut kept {
            by_cell.push(std::mem::take(&mut group.atoms));
            cells.push(group.cell.clone());
        }
        // Both are as large as what is made next.
        drop(kept);
        let signatures = by_cell.transposed(problem.atoms.len());
        drop(by_cell);
        let mut order: Vec<u32> = (0..problem.atoms.len() as u32)
            .filter(|atom| !signatures.get(*atom as usize).is_empty())
            .collect();
        order.sort_by(|a, b| signatures.get(*a as usize).cmp(signatures.get(*b as usize)));
        let mut counts = Vec::new();
        let mut sources = Lists::new();
        let mut cells_of = Lists::new();
        for same in
            order.chunk_by(|a, b| signatures.get(*a as usize) == signatures.get(*b as usize))
        {
            counts.push(same.iter().map(|atom| problem.atoms[*atom as usize]).sum());
            sources.push(same.iter().copied());
            cells_of.push(signatures.get(same[0] as usize).iter().copied());
        }
        let atoms_of = cells_of.transposed(cells.len());
        Ok(Self {
            counts,
            cells,
            atoms_of,
            cells_of,
            sources,
            of_input,
        })
    }

    pub(crate) fn count(&self, atoms: &[u32]) -> u64 {
        atoms.iter().map(|atom| self.counts[*atom as usize]).sum()
    }

    pub(crate) fn cell_atoms(&self, cell: u32) -> &[u32] {
        self.atoms_of.get(cell as usize)
    }

    pub(crate) fn atom_cells(&self, atom: u32) -> &[u32] {
        self.cells_of.get(atom as usize)
    }

    pub(crate) fn cell(&self, cell: u32) -> &ModelCell {
        &self.cells[cell as usize]
    }
}

fn check(problem: &Problem) -> Result<(), ProblemError> {
    let n_atoms = problem.atoms.len();
    let persons = problem
        .atoms
        .iter()
        .try_fold(0_u64, |sum, count| sum.checked_add(*count));
    // Sums of changes then fit into `i64`, and doubles hold them exactly.
    if persons.is_none_or(|persons| persons > 1 << 40) {
        return Err(ProblemError::TooManyPersons);
    }
    for (idx, cell) in problem.cells.iter().enumerate() {
        if let Some(atom) = cell.atoms.iter().find(|atom| **atom as usize >= n_atoms) {
            return Err(ProblemError::NoSuchAtom {
                cell: idx,
                atom: *atom,
                n_atoms,
            });
        }
        if cell.atoms.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(ProblemError::Unsorted { cell: idx });
        }
    }
    Ok(())
}

/// The cells with atoms that count, those of the same atoms as one, first published first.
fn kept_cells(problem: &Problem, rules: &ProtectionRules) -> Vec<UsedCell> {
    let counts = |atom: &u32| problem.atoms[*atom as usize] > 0 || rules.zeros_are_sensitive;
    let mut kept: Vec<UsedCell> = Vec::new();
    for (idx, cell) in problem.cells.iter().enumerate() {
        let atoms: Vec<u32> = cell.atoms.iter().copied().filter(counts).collect();
        if !atoms.is_empty() {
            let count = atoms.iter().map(|atom| problem.atoms[*atom as usize]).sum();
            kept.push(UsedCell {
                atoms,
                cell: one(cell, count, idx),
                inputs: vec![idx],
            });
        }
    }
    // Counts first: they tell nearly all cells apart without a look at the atoms.
    kept.sort_by(|a, b| (a.cell.count, &a.atoms).cmp(&(b.cell.count, &b.atoms)));
    kept.dedup_by(|other, first| {
        let same = other.cell.count == first.cell.count && other.atoms == first.atoms;
        if same {
            first.inputs.append(&mut other.inputs);
            merge(&mut first.cell, &other.cell);
        }
        same
    });
    kept.sort_by_key(|group| {
        (
            group.cell.priority,
            Reverse(group.cell.count),
            group.cell.key,
            group.cell.input,
        )
    });
    kept
}

fn one(cell: &Cell, count: u64, input: usize) -> ModelCell {
    ModelCell {
        count,
        priority: cell.priority,
        key: cell.key,
        input,
        is_left: cell.status == CellStatus::Left,
        is_sensitive: cell.status == CellStatus::Sensitive,
        was_withheld: cell.status == CellStatus::WithheldBefore,
    }
}

fn merge(first: &mut ModelCell, other: &ModelCell) {
    first.priority = first.priority.min(other.priority);
    first.key = first.key.min(other.key);
    first.input = first.input.min(other.input);
    // One of them known is all of them known.
    first.is_left |= other.is_left;
    first.is_sensitive |= other.is_sensitive;
    first.was_withheld |= other.was_withheld;
}
