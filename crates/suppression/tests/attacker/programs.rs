//! Least and most of a count by linear and integer programs over all that is known.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};

use crate::propagation::{Facts, Ranges};

/// Nodes of a search for whole numbers.
const NODES: u64 = 5_000;

/// What is left to be found out about a target: classes that are not known, those in the same facts as one, and facts that say more
/// than the ranges do.
#[derive(Debug)]
pub(crate) struct Program {
    unknowns: Vec<Unknown>,
    rows: Vec<Row>,
    /// Persons of the target that are known.
    known: i64,
}

#[derive(Debug)]
struct Unknown {
    /// With the persons that are in each at least and at most. Nothing but their sum is known.
    classes: Vec<(usize, i64, i64)>,
    low: i64,
    high: i64,
    is_target: bool,
}

#[derive(Debug)]
struct Row {
    unknowns: Vec<usize>,
    low: i64,
    high: i64,
}

/// A value of the target that is extreme.
#[derive(Debug, Clone)]
pub(crate) struct Extreme {
    pub(crate) value: i64,
    /// A table that has it: the truth with other numbers in the unknown classes.
    pub(crate) table: Vec<i64>,
}

impl Program {
    pub(crate) fn new(facts: &Facts, ranges: &Ranges, target: &[usize]) -> Self {
        let mut is_target = vec![false; facts.n_classes()];
        target.iter().for_each(|class| is_target[*class] = true);
        let is_free = |class: &usize| ranges.low[*class] < ranges.high[*class];
        let says = |fact: &u32| {
            let fact = &facts.list[*fact as usize];
            let (least, most) = ranges.of_sum(&fact.classes);
            least < fact.low || most > fact.high
        };
        let mut used: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut seen = vec![false; facts.n_classes()];
        let mut waiting: Vec<usize> = target.iter().copied().filter(is_free).collect();
        waiting.iter().for_each(|class| seen[*class] = true);
        let mut together: BTreeMap<(bool, Vec<u32>), Vec<usize>> = BTreeMap::new();
        while let Some(class) = waiting.pop() {
            let own: Vec<u32> = facts.of_class[class].iter().copied().filter(says).collect();
            for fact in &own {
                used.entry(*fact).or_insert_with(|| {
                    let free = facts.list[*fact as usize].classes.iter().copied();
                    let free: Vec<usize> = free.filter(is_free).collect();
                    for near in &free {
                        if !std::mem::replace(&mut seen[*near], true) {
                            waiting.push(*near);
                        }
                    }
                    free
                });
            }
            together
                .entry((is_target[class], own))
                .or_default()
                .push(class);
        }
        let mut unknowns = Vec::new();
        let mut unknowns_of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for ((is_target, own), classes) in together {
            own.iter()
                .for_each(|fact| unknowns_of.entry(*fact).or_default().push(unknowns.len()));
            let (low, high) = ranges.of_sum(&classes);
            let classes = classes.into_iter();
            unknowns.push(Unknown {
                classes: classes
                    .map(|class| (class, ranges.low[class], ranges.high[class]))
                    .collect(),
                low,
                high,
                is_target,
            });
        }
        let known = target.iter().filter(|class| !is_free(class));
        Self {
            unknowns,
            rows: rows(facts, ranges, unknowns_of),
            known: known.map(|class| ranges.low[*class]).sum(),
        }
    }

    /// The least of the target. None if the solver gave up.
    pub(crate) fn least(&self, truth: &[i64]) -> Option<Extreme> {
        self.extreme(OptimizationDirection::Minimize, truth)
    }

    /// The most of the target. None if the solver gave up.
    pub(crate) fn most(&self, truth: &[i64]) -> Option<Extreme> {
        self.extreme(OptimizationDirection::Maximize, truth)
    }

    fn extreme(&self, direction: OptimizationDirection, truth: &[i64]) -> Option<Extreme> {
        let fractional = self.solved(direction, false)?;
        let is_whole = fractional
            .iter()
            .all(|value| (value - value.round()).abs() < 1e-7);
        let values = match is_whole {
            true => fractional,
            false => self.solved(direction, true)?,
        };
        let mut table = truth.to_vec();
        let mut value = self.known;
        for (unknown, sum) in self.unknowns.iter().zip(&values) {
            let sum = sum.round() as i64;
            value += if unknown.is_target { sum } else { 0 };
            let mut rest = sum - unknown.low;
            for (class, low, high) in &unknown.classes {
                let more = rest.min(high - low);
                table[*class] = low + more;
                rest -= more;
            }
        }
        Some(Extreme { value, table })
    }

    fn solved(&self, direction: OptimizationDirection, whole: bool) -> Option<Vec<f64>> {
        let mut problem = Problem::new(direction);
        let add = |unknown: &Unknown| {
            let weight = f64::from(u8::from(unknown.is_target));
            match whole {
                true => problem.add_integer_var(weight, (unknown.low as i32, unknown.high as i32)),
                false => problem.add_var(weight, (unknown.low as f64, unknown.high as f64)),
            }
        };
        let variables: Vec<Variable> = self.unknowns.iter().map(add).collect();
        for row in &self.rows {
            let sum = || -> Vec<(Variable, f64)> {
                let terms = row.unknowns.iter();
                terms.map(|unknown| (variables[*unknown], 1.0)).collect()
            };
            if row.low == row.high {
                problem.add_constraint(sum(), ComparisonOp::Eq, row.low as f64);
                continue;
            }
            let (least, most) = self.range(row);
            if row.low > least {
                problem.add_constraint(sum(), ComparisonOp::Ge, row.low as f64);
            }
            if row.high < most {
                problem.add_constraint(sum(), ComparisonOp::Le, row.high as f64);
            }
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(NODES);
        let outcome = problem.solve_with(options).ok()?;
        let is_optimal = outcome.is_optimal();
        let solution = is_optimal.then(|| outcome.into_solution().ok())??;
        let values = variables
            .iter()
            .map(|variable| solution.var_value(*variable));
        Some(values.collect())
    }

    fn range(&self, row: &Row) -> (i64, i64) {
        let terms = || row.unknowns.iter().map(|unknown| &self.unknowns[*unknown]);
        let least = terms().map(|unknown| unknown.low).sum();
        (least, terms().map(|unknown| unknown.high).sum())
    }
}

/// What the facts say of the sums of unknowns, those of the same unknowns as one.
fn rows(facts: &Facts, ranges: &Ranges, unknowns_of: BTreeMap<u32, Vec<usize>>) -> Vec<Row> {
    let mut rows: BTreeMap<Vec<usize>, (i64, i64)> = BTreeMap::new();
    for (fact, unknowns) in unknowns_of {
        let fact = &facts.list[fact as usize];
        let fixed = fact.classes.iter().copied();
        let fixed: Vec<usize> = fixed
            .filter(|class| ranges.low[*class] == ranges.high[*class])
            .collect();
        let known = ranges.of_sum(&fixed).0;
        let row = rows.entry(unknowns).or_insert((i64::MIN, i64::MAX));
        *row = (row.0.max(fact.low - known), row.1.min(fact.high - known));
    }
    let rows = rows.into_iter();
    rows.map(|(unknowns, (low, high))| Row {
        unknowns,
        low,
        high,
    })
    .collect()
}
