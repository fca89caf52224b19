//! Withholding more cells until a reader cannot narrow a count too far.

use crate::items::Item;
use crate::model::Model;
use crate::proof::{Proof, Tables, provable, width_left};
use crate::region::Region;
use crate::relaxed::cells_to_withhold;
use crate::state::State;

/// Attempts to widen an item by some more cells, before all cells around it are withheld.
const ATTEMPTS: u32 = 4;

/// What earlier releases took of an item's width cannot be given back. The region has all atoms of the cells that left and are
/// connected with the item.
pub(crate) fn limit_to_what_is_left(
    model: &Model,
    state: &State<'_>,
    region: &Region,
    item: &mut Item,
    known: &mut Tables,
) {
    let mut cells = item.atoms.iter().flat_map(|atom| model.atom_cells(*atom));
    if cells.any(|cell| state.is_left(*cell))
        && let Some(left) = width_left(model, state, region, item, known)
    {
        item.need = left.high - left.low;
        item.proven = (item.need == 0).then_some(left);
    }
}

/// Withholds cells of the region until the item is wide enough.
pub(crate) fn widen(
    model: &Model,
    state: &mut State<'_>,
    region: &Region,
    item: &mut Item,
    tables: &mut Tables,
) -> Proof {
    for attempt in 0..ATTEMPTS {
        let proof = provable(model, state, region, item, tables);
        if proof.width() >= item.need {
            item.proven = Some(proof.interval);
            return proof;
        }
        // What would do in fractions may not in whole numbers: each attempt asks for twice as much.
        let wanted = item.need << attempt;
        let cells = cells_to_withhold(model, state, region, item, wanted);
        if cells.is_empty() {
            break;
        }
        cells.iter().for_each(|cell| state.withhold(*cell));
    }
    for row in &region.rows {
        state.withhold(row.cell);
    }
    let proof = provable(model, state, region, item, tables);
    item.need = item.need.min(proof.width());
    item.proven = Some(proof.interval);
    proof
}
