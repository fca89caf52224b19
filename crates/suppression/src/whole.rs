//! Connected cells that are few enough to be solved together.

use std::collections::BTreeSet;

use crate::items::Item;
use crate::linear;
use crate::model::Model;
use crate::problem::{Origin, Reason};
use crate::proof::{Proof, Tables, provable};
use crate::region::{Region, Row};
use crate::state::State;
use crate::widening::{limit_to_what_is_left, widen};

/// Proofs that may be tried to publish what was withheld needlessly, for each group of connected cells.
const SECOND_THOUGHTS: usize = 200;

/// Protects all items of a region, and adds those that turn up.
pub(crate) fn protect(
    model: &Model,
    state: &mut State<'_>,
    region: &Region,
    items: &mut Vec<Item>,
) {
    // Rounded counts are no equations.
    let is_exact = state.rules.base().is_none();
    if is_exact {
        linear::publish_in_order(state, region, items);
    }
    let mut old: BTreeSet<Vec<u32>> = items.iter().map(|item| item.atoms.clone()).collect();
    let mut proofs: Vec<Proof> = Vec::new();
    let mut tables = Tables::default();
    let mut before = Tables::default();
    loop {
        // All at first, then what turned up in the round before.
        for item in &mut items[proofs.len()..] {
            let proof = provable(model, state, region, item, &mut tables);
            if proof.width() < item.need {
                limit_to_what_is_left(model, state, region, item, &mut before);
            }
            proofs.push(widen(model, state, region, item, &mut tables));
        }
        let found = is_exact
            .then(|| linear::small_combination(state, region, &old))
            .flatten();
        let Some(atoms) = found else {
            break;
        };
        old.insert(atoms.clone());
        let item = Item::new(model, atoms, Origin::Combination, state.rules.width);
        items.push(item);
    }
    SecondThoughts {
        model,
        region,
        items,
        proofs,
        tables,
        old: &old,
        n_proofs: 0,
    }
    .run(state);
}

/// Publishes cells that are withheld for others, if those stay wide enough without.
struct SecondThoughts<'a> {
    model: &'a Model,
    region: &'a Region,
    items: &'a mut [Item],
    proofs: Vec<Proof>,
    tables: Tables,
    old: &'a BTreeSet<Vec<u32>>,
    n_proofs: usize,
}

impl SecondThoughts<'_> {
    fn run(&mut self, state: &mut State<'_>) {
        for row in &self.region.rows {
            if state.reason(row.cell) != Some(Reason::Secondary) {
                continue;
            }
            if self.n_proofs > SECOND_THOUGHTS {
                return;
            }
            state.publish(row.cell);
            if !self.holds(state, row) {
                state.withhold(row.cell);
            }
        }
    }

    /// Whether all stay wide with one more cell published; keeps the new proofs if so.
    fn holds(&mut self, state: &State<'_>, row: &Row) -> bool {
        let is_exact = state.rules.base().is_none();
        if is_exact && linear::gives_away(state, self.region, self.items) {
            return false;
        }
        let mut tables = self.tables.agreeing(self.model, state, self.region, row);
        let mut renewed: Vec<(usize, Proof)> = Vec::new();
        for (idx, item) in self.items.iter().enumerate() {
            // A proof whose tables all agree with the cell as well stands as it is.
            let own = &self.proofs[idx].tables;
            if own.len() > 0 && own.agreeing(self.model, state, self.region, row).len() == own.len()
            {
                continue;
            }
            self.n_proofs += 1;
            let proof = provable(self.model, state, self.region, item, &mut tables);
            if proof.width() < item.need {
                return false;
            }
            renewed.push((idx, proof));
        }
        if is_exact && linear::small_combination(state, self.region, self.old).is_some() {
            return false;
        }
        for (idx, proof) in renewed {
            self.items[idx].proven = Some(proof.interval);
            self.proofs[idx] = proof;
        }
        self.tables = tables;
        true
    }
}
