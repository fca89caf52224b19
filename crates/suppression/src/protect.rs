//! The order of work: linear protection, intervals, and what turned out to be withheld needlessly.

use crate::items::{Item, Protectables, protectables};
use crate::linear;
use crate::local;
use crate::model::Model;
use crate::problem::{
    CellStatus, Decision, Interval, Problem, ProblemError, ProtectedCount, ProtectionRules, Reason,
    Suppression,
};
use crate::proof::{Tables, provable};
use crate::region::Region;
use crate::relaxed::cells_to_withhold;
use crate::state::State;
use crate::whole;
use crate::widening::{limit_to_what_is_left, widen};

/// Walks from an item, in a group of cells that is too large to be solved as a whole.
const WALKS: [usize; 3] = [2, 8, 24];

/// Decides which cells are withheld.
///
/// The same problem gets the same answer, whatever the order of atoms and cells (as far as [`Cell::key`](crate::Cell::key) tells cells
/// of equal priority and count apart). What earlier releases gave away is reported in [`Suppression::already_disclosed`].
///
/// # Errors
/// If cells name atoms that are not there or twice, or the counts are absurd.
pub fn protect(problem: &Problem, rules: &ProtectionRules) -> Result<Suppression, ProblemError> {
    let model = Model::try_new(problem, rules)?;
    let Protectables { mut items, pairs } = protectables(&model, rules);
    let mut state = State::new(&model, rules);
    for group in groups(&model, &state, &items) {
        let mut own: Vec<Item> = group.items.iter().map(|idx| items[*idx].clone()).collect();
        if group.atoms.len() <= rules.whole_below {
            whole::protect(
                &model,
                &mut state,
                &Region::new(&model, group.atoms),
                &mut own,
            );
        } else {
            one_by_one(&model, &mut state, &mut own);
        }
        let mut own = own.into_iter();
        for (idx, item) in group.items.iter().zip(&mut own) {
            items[*idx] = item;
        }
        items.extend(own);
    }
    state.explain(&pairs);
    Ok(answer(problem, &model, &state, &items))
}

/// Connected atoms, and the items among them.
struct Group {
    atoms: Vec<u32>,
    items: Vec<usize>,
}

/// The groups that have items, by their first atom.
fn groups(model: &Model, state: &State<'_>, items: &[Item]) -> Vec<Group> {
    let mut parent: Vec<u32> = (0..model.counts.len() as u32).collect();
    for cell in 0..model.cells.len() as u32 {
        if state.is_known(cell) {
            join(&mut parent, model.cell_atoms(cell));
        }
    }
    // The atoms of an item are solved together even where no known cell joins them.
    items.iter().for_each(|item| join(&mut parent, &item.atoms));
    let mut group_of = vec![usize::MAX; parent.len()];
    let mut groups: Vec<Group> = Vec::new();
    for (idx, item) in items.iter().enumerate() {
        let root = root(&mut parent, item.atoms[0]) as usize;
        if group_of[root] == usize::MAX {
            group_of[root] = groups.len();
            groups.push(Group {
                atoms: Vec::new(),
                items: Vec::new(),
            });
        }
        groups[group_of[root]].items.push(idx);
    }
    for atom in 0..parent.len() as u32 {
        let root = root(&mut parent, atom) as usize;
        if group_of[root] != usize::MAX {
            groups[group_of[root]].atoms.push(atom);
        }
    }
    groups
}

fn join(parent: &mut [u32], atoms: &[u32]) {
    let first = root(parent, atoms[0]);
    for atom in &atoms[1..] {
        let other = root(parent, *atom);
        // The root of the first atom may have moved in the step before.
        let first = root(parent, first);
        parent[other.max(first) as usize] = other.min(first);
    }
}

fn root(parent: &mut [u32], atom: u32) -> u32 {
    let mut at = atom as usize;
    while parent[at] as usize != at {
        parent[at] = parent[parent[at] as usize];
        at = parent[at] as usize;
    }
    at as u32
}

/// Each item in a region of its own.
fn one_by_one(model: &Model, state: &mut State<'_>, items: &mut [Item]) {
    for item in items.iter_mut() {
        let mut region = None;
        // More walks make larger regions, and each is solved anew: only where fewer did not do.
        for n_walks in WALKS {
            let around = Region::new(model, local::around(model, state, item, n_walks));
            let mut tables = Tables::default();
            let proof = provable(model, state, &around, item, &mut tables);
            let is_wide = proof.width() >= item.need;
            item.proven = is_wide.then_some(proof.interval);
            let is_enough = is_wide
                || (!is_limited(model, state, &around, item)
                    && !cells_to_withhold(model, state, &around, item, item.need).is_empty());
            region = Some(around);
            if is_enough {
                break;
            }
        }
        if let (Some(region), None) = (region, item.proven) {
            let connected = local::connected_before(model, state, item);
            let mut atoms = connected.atoms.clone();
            if connected.is_complete {
                let all = Region::new(model, connected.atoms);
                limit_to_what_is_left(model, state, &all, item, &mut Tables::default());
            }
            // The walks may have missed those with whom it could be exchanged before.
            atoms.extend(region.atoms);
            let region = Region::new(model, atoms);
            // Rounded counts are no equations.
            if state.rules.base().is_none() && item.need > 0 {
                linear::publish_in_order(state, &region, std::slice::from_ref(item));
            }
            widen(model, state, &region, item, &mut Tables::default());
        }
    }
}

/// Whether what left earlier does not allow the width within a region.
fn is_limited(model: &Model, state: &State<'_>, region: &Region, item: &Item) -> bool {
    let mut cells = item.atoms.iter().flat_map(|atom| model.atom_cells(*atom));
    cells.any(|cell| state.is_left(*cell))
        && provable(model, &state.before(), region, item, &mut Tables::default()).width()
            < item.need
}

fn decision(model: &Model, state: &State<'_>, cell: u32) -> Decision {
    // A small cell whose persons left before is not said again.
    let small = state.rules.is_small(model.cell(cell).count);
    let reason = state.reason(cell).or(small.then_some(Reason::Small));
    reason.map_or(Decision::Published, Decision::Withheld)
}

fn answer(problem: &Problem, model: &Model, state: &State<'_>, items: &[Item]) -> Suppression {
    let cells = problem
        .cells
        .iter()
        .zip(&model.of_input)
        .map(|(cell, of_model)| match (cell.status, of_model) {
            (CellStatus::Sensitive, _) => Decision::Withheld(Reason::Sensitive),
            (_, Some(of_model)) => decision(model, state, *of_model),
            // Zero, which is shown to all readers.
            (_, None) => Decision::Published,
        })
        .collect();
    let mut suppression = Suppression {
        cells,
        ..Suppression::default()
    };
    for item in items {
        let mut atoms: Vec<u32> = item
            .atoms
            .iter()
            .flat_map(|atom| model.sources.get(*atom as usize).iter().copied())
            .collect();
        atoms.sort_unstable();
        let interval = item.proven.unwrap_or(Interval {
            low: item.count,
            high: item.count,
        });
        let known = ProtectedCount {
            origin: item.origin,
            atoms,
            count: item.count,
            interval,
        };
        if item.need < state.rules.width.max(1) {
            suppression.already_disclosed.push(known);
        } else {
            suppression.protected.push(known);
        }
    }
    suppression
}
