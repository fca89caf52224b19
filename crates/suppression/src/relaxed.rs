//! Which cells to withhold so that a count can move: a linear program that may pay for opening published cells.

use std::collections::BTreeSet;

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use crate::free::Free;
use crate::items::Item;
use crate::model::Model;
use crate::program::{constrain, floor, sum};
use crate::region::{Region, Slack};
use crate::state::State;

/// Open cells whose withholding lets an item move by `width`, at least cost. Empty if no such cells were found.
pub(crate) fn cells_to_withhold(
    model: &Model,
    state: &State<'_>,
    region: &Region,
    item: &Item,
    width: u64,
) -> BTreeSet<u32> {
    let relaxed = Relaxation::new(model, state, region, &region.places(&item.atoms));
    let before = Free::new(model, &state.before(), region, &region.places(&item.atoms));
    // First with a person left in each atom, which no participant can rule out; then without.
    for persons in [1, 0] {
        let floors: Vec<i64> = region
            .counts
            .iter()
            .map(|count| floor(*count, persons))
            .collect();
        if let Some(cells) = relaxed.cheapest(&floors, width as i64) {
            return cells;
        }
        // What left earlier bounds it from above: part of the width must come from below.
        let up = before.most_up(&before.floors(persons), width as i64);
        let mut cells = relaxed.cheapest(&floors, up).unwrap_or_default();
        cells.extend(
            relaxed
                .cheapest(&floors, up - width as i64)
                .unwrap_or_default(),
        );
        if !cells.is_empty() {
            return cells;
        }
    }
    BTreeSet::new()
}

/// The region with open cells that may be withheld at a cost.
struct Relaxation {
    n_atoms: usize,
    item: Vec<usize>,
    rows: Vec<RelaxedRow>,
}

struct RelaxedRow {
    terms: Vec<usize>,
    slack: Slack,
    /// The cell and what it costs to withhold it, for each person that moves; none if it left.
    open: Option<(u32, f64)>,
}

impl Relaxation {
    fn new(model: &Model, state: &State<'_>, region: &Region, item: &[usize]) -> Self {
        let priorities: BTreeSet<u32> = region
            .rows
            .iter()
            .map(|row| model.cell(row.cell).priority)
            .collect();
        let rows = region
            .rows
            .iter()
            .filter_map(|row| {
                let slack = region.slack(model, state, row)?;
                let cell = model.cell(row.cell);
                // A level nearer to the totals costs four times as much, and large cells somewhat more: totals are
                // withheld last.
                let lower = priorities.range(cell.priority..).count().saturating_sub(1);
                let cost =
                    4_f64.powi(lower.min(6) as i32) * (1.0 + (cell.count as f64).ln_1p() / 8.0);
                let open = state.is_open(row.cell).then_some((row.cell, cost));
                Some(RelaxedRow {
                    terms: row.terms.clone(),
                    slack,
                    open,
                })
            })
            .collect();
        Self {
            n_atoms: region.atoms.len(),
            item: item.to_vec(),
            rows,
        }
    }

    /// The open cells that change in the cheapest change that moves the item by `target`.
    fn cheapest(&self, floors: &[i64], target: i64) -> Option<BTreeSet<u32>> {
        if target == 0 {
            return Some(BTreeSet::new());
        }
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let most = 1_000.max(10 * target.abs());
        let variables: Vec<Variable> = (0..self.n_atoms)
            .map(|idx| problem.add_var(0.0, (floors[idx].max(-most) as f64, most as f64)))
            .collect();
        let side = if target > 0 {
            ComparisonOp::Ge
        } else {
            ComparisonOp::Le
        };
        problem.add_constraint(sum(&self.item, &variables), side, target as f64);
        let mut opened: Vec<(u32, [Variable; 2])> = Vec::new();
        for row in &self.rows {
            let mut change = sum(&row.terms, &variables);
            if let Some((cell, cost)) = row.open {
                // What moves beyond the row's slack, up or down, is paid for.
                let pair = [1.0, -1.0].map(|sign| {
                    let part = problem.add_var(cost, (0.0, f64::INFINITY));
                    change.add(part, sign);
                    part
                });
                opened.push((cell, pair));
            }
            constrain(&mut problem, change, row.slack);
        }
        let solution = problem.solve().ok()?.into_solution().ok()?;
        let moved = |pair: &[Variable; 2]| {
            pair.iter()
                .any(|variable| solution.var_value(*variable) > 1e-6)
        };
        Some(
            opened
                .iter()
                .filter(|(_, pair)| moved(pair))
                .map(|(cell, _)| *cell)
                .collect(),
        )
    }
}
