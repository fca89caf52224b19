//! How far a count can move without the reader noticing: exchanges, then linear and integer programs over the atoms of a region.
//!
//! A width is believed only with two whole tables of whole numbers that agree with everything the reader knows, checked in integer
//! arithmetic. The solver's tolerances therefore decide how much is withheld, never what is safe.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};

use crate::exchange::Exchanges;
use crate::free::Free;
use crate::program::{constrain, sum};
use crate::ranges::Ranges;

/// Nodes of a search for whole numbers where the linear program has fractions.
const NODES: u64 = 200;

impl Free {
    /// Changes of the region's atoms that move the item up, and down as far as that was not enough. Some are `known`.
    pub(crate) fn widest(&self, floors: &[i64], need: u64, known: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let need = need as i64;
        let walked = self.walked_apart(floors, need, known);
        if !walked.is_empty() {
            return walked;
        }
        let high = self.moved(floors, need, known);
        let up = high.as_ref().map_or(0, |change| self.item_change(change));
        let low = if up < need {
            self.moved(floors, up - need, known)
        } else {
            None
        };
        high.into_iter()
            .chain(low)
            .map(|change| self.in_region(&change))
            .collect()
    }

    /// The same by exchanges alone. Nothing if these do not suffice.
    fn walked_apart(&self, floors: &[i64], need: i64, known: &[Vec<i64>]) -> Vec<Vec<i64>> {
        let high = Exchanges::new(self, floors).moved(need, known);
        let up = self.item_change(&high);
        let mut changes = vec![high];
        if up < need {
            changes.push(Exchanges::new(self, floors).moved(up - need, known));
        }
        let moves = changes.iter().map(|change| self.item_change(change).abs());
        let is_enough = moves.sum::<i64>() >= need;
        changes.retain(|change| is_enough && self.agrees(floors, change));
        let changes = changes.iter().map(|change| self.in_region(change));
        changes.collect()
    }

    /// How far whole numbers were found to move the item up, at most about as far as the target.
    pub(crate) fn most_up(&self, floors: &[i64], target: i64) -> i64 {
        let change = self.moved(floors, target, &[]);
        change.map_or(0, |change| self.item_change(&change))
    }

    /// A width that no two tables exceed, by linear programs without whole numbers.
    pub(crate) fn width_at_most(&self, floors: &[i64], need: u64) -> u64 {
        if self.item.is_empty() {
            return 0;
        }
        let moved = |target: i64| -> Option<f64> {
            let change = self.solved(floors, target, false, false)?;
            Some(self.item.iter().map(|idx| change[*idx]).sum())
        };
        let need = need as i64;
        match (moved(need), moved(-need)) {
            // Up by the solver's tolerance: this is a bound from above.
            (Some(up), Some(down)) => (up - down + 1e-6).floor().max(0.0) as u64,
            // Without a solution nothing is certain.
            _ => u64::MAX,
        }
    }

    /// A change of whole numbers that moves the item to `target` or as far as possible towards it, else beyond.
    fn moved(&self, floors: &[i64], target: i64, known: &[Vec<i64>]) -> Option<Vec<i64>> {
        if self.item.is_empty() || target == 0 {
            return None;
        }
        let walked = Exchanges::new(self, floors).moved(target, known);
        let far = self.item_change(&walked).abs();
        let walked = (far > 0 && self.agrees(floors, &walked)).then_some(walked);
        if walked.is_some() && far >= target.abs() {
            return walked;
        }
        // What single rows rule out no program finds.
        if Ranges::new(self, floors).furthest(&self.item, target) <= far {
            return walked;
        }
        let Some(fractional) = self.solved(floors, target, true, false) else {
            return walked;
        };
        let bound: f64 = self.item.iter().map(|idx| fractional[*idx]).sum();
        let bound = (bound.abs() + 1e-6).floor() as i64;
        if bound <= far {
            return walked;
        }
        let near = self.whole(floors, target, true, &fractional);
        let is_enough = |change: &Vec<i64>| self.item_change(change) == target;
        match near {
            Some(near) if is_enough(&near) => Some(near),
            near if bound < target.abs() => near.or(walked),
            // Between two whole tables there may be none that moves the item just so far.
            near => {
                let fractional = self.solved(floors, target, false, false);
                let beyond =
                    fractional.and_then(|change| self.whole(floors, target, false, &change));
                beyond.or(near).or(walked)
            }
        }
    }

    /// A solution in whole numbers: this one or another.
    fn whole(
        &self,
        floors: &[i64],
        target: i64,
        stops: bool,
        fractional: &[f64],
    ) -> Option<Vec<i64>> {
        let rounded = |values: &[f64]| -> Vec<i64> {
            values.iter().map(|value| value.round() as i64).collect()
        };
        let near = rounded(fractional);
        let mut pairs = fractional.iter().zip(&near);
        let is_whole = pairs.all(|(a, b)| (a - *b as f64).abs() < 1e-6);
        if is_whole && self.agrees(floors, &near) {
            return Some(near);
        }
        let whole = rounded(&self.solved(floors, target, stops, true)?);
        self.agrees(floors, &whole).then_some(whole)
    }

    fn solved(&self, floors: &[i64], target: i64, stops: bool, whole: bool) -> Option<Vec<f64>> {
        let direction = if target > 0 {
            OptimizationDirection::Maximize
        } else {
            OptimizationDirection::Minimize
        };
        let mut problem = Problem::new(direction);
        let most = 1_000.max(10 * target.abs());
        let variables: Vec<Variable> = (0..floors.len())
            .map(|idx| {
                let weight = if self.item.binary_search(&idx).is_ok() {
                    1.0
                } else {
                    0.0
                };
                let least = floors[idx].max(-most);
                if whole {
                    problem.add_integer_var(weight, (least as i32, most as i32))
                } else {
                    problem.add_var(weight, (least as f64, most as f64))
                }
            })
            .collect();
        if stops {
            let limit = if target > 0 {
                ComparisonOp::Le
            } else {
                ComparisonOp::Ge
            };
            problem.add_constraint(sum(&self.item, &variables), limit, target as f64);
        }
        for (terms, slack) in &self.rows {
            constrain(&mut problem, sum(terms, &variables), *slack);
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(NODES);
        let solution = problem.solve_with(options).ok()?.into_solution().ok()?;
        Some(
            variables
                .iter()
                .map(|variable| solution.var_value(*variable))
                .collect(),
        )
    }
}
