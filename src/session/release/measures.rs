//! The plans that answer the questions about each group: one over persons, one over the values of each number, one over
//! what conditions are met together. Persons are told apart by a column that was followed from the scans.

use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::{ExprFunctionExt as _, LogicalPlan, LogicalPlanBuilder, when};
use datafusion::prelude::{Expr, abs, coalesce, col, lit};

use super::aggregate::columns;
use super::lineage::Kind;
use super::questions::Questions;
use super::systems::System;

/// Rows as the measures see them: keys, the person, flags, numbers.
pub(super) struct Measures {
    base: LogicalPlan,
    n_keys: usize,
    pub(super) has_person: bool,
    /// How many flags there are.
    pub(super) n_flags: usize,
    /// How many numbers there are, combinations of them included.
    pub(super) n_numbers: usize,
    /// Pairs of numbers that tell of the same columns.
    pub(super) pairs: Vec<(usize, usize)>,
    n_conditions: usize,
}

impl Measures {
    /// Over `rows` with these keys; without a person every row is a unit of its own.
    pub(super) fn new(
        rows: LogicalPlan,
        keys: &[Expr],
        person: Option<Expr>,
        questions: &Questions<'_>,
    ) -> Result<Self, DataFusionError> {
        let mut columns: Vec<Expr> = Vec::new();
        let keys = keys.iter().cloned().map(Expr::unalias).enumerate();
        columns.extend(keys.map(|(idx, key)| key.alias(format!("k{idx}"))));
        let n_keys = columns.len();
        let has_person = person.is_some();
        columns.extend(person.map(|person| person.alias("p")));
        let pairs = pairs(questions);
        // The order of flags is what flags_of_condition, flags_of_number and flag_of_pair count on.
        let mut flags = Vec::new();
        for condition in &questions.conditions {
            flags.push(flag(condition.clone(), 1)?);
            flags.push(flag(condition.clone(), 0)?);
        }
        for number in questions.all_numbers() {
            flags.push(flag(number.value.clone().not_eq(lit(0.0)), 1)?);
            flags.push(flag(number.value.clone().eq(lit(0.0)), 1)?);
            flags.push(flag(questions.is_missing(number), 1)?);
        }
        for (a, b) in &pairs {
            let number = |idx: usize| {
                let value = questions.numbers[idx].value.clone();
                coalesce(vec![value, lit(0.0)])
            };
            flags.push(flag(number(*a).not_eq(number(*b)), 1)?);
        }
        let n_flags = flags.len();
        let flags = flags.into_iter().enumerate();
        columns.extend(flags.map(|(idx, flag)| flag.alias(format!("f{idx}"))));
        let numbers = questions.all_numbers().enumerate();
        columns.extend(numbers.map(|(idx, number)| number.value.clone().alias(format!("y{idx}"))));
        Ok(Self {
            base: LogicalPlanBuilder::from(rows).project(columns)?.build()?,
            n_keys,
            has_person,
            n_flags,
            n_numbers: questions.all_numbers().count(),
            pairs,
            n_conditions: questions.conditions.len(),
        })
    }

    /// The flags of a condition: met, not met.
    pub(super) fn flags_of_condition(condition: usize) -> (usize, usize) {
        (2 * condition, 2 * condition + 1)
    }

    /// The flags of a number: not zero, zero, missing where its filter holds.
    pub(super) fn flags_of_number(&self, number: usize) -> [usize; 3] {
        let first = 2 * self.n_conditions + 3 * number;
        [first, first + 1, first + 2]
    }

    /// The flag that two numbers differ.
    pub(super) fn flag_of_pair(&self, pair: usize) -> usize {
        2 * self.n_conditions + 3 * self.n_numbers + pair
    }

    fn keys(&self) -> Vec<Expr> {
        (0..self.n_keys).map(|idx| col(format!("k{idx}"))).collect()
    }

    fn keys_and(&self, more: impl IntoIterator<Item = Expr>) -> Vec<Expr> {
        self.keys().into_iter().chain(more).collect()
    }

    /// Per group: units, units of each flag; for each number the largest share of one unit and the sum, of sizes.
    pub(super) fn of_persons(&self) -> Result<LogicalPlan, DataFusionError> {
        let flag = |idx: usize| col(format!("f{idx}"));
        let size = |idx: usize| abs(col(format!("y{idx}")));
        let mut rows = LogicalPlanBuilder::from(self.base.clone());
        let (mut flags, mut sizes): (Vec<Expr>, Vec<Expr>) = (
            (0..self.n_flags).map(flag).collect(),
            (0..self.n_numbers).map(size).collect(),
        );
        if self.has_person {
            // A person has a flag if any row does.
            let of_person = (0..self.n_flags).map(|idx| max(flag(idx)).alias(format!("b{idx}")));
            let sums = (0..self.n_numbers).map(|idx| sum(size(idx)).alias(format!("s{idx}")));
            let n_rows = count(lit(1_i64)).alias("r");
            let numbers: Vec<Expr> = of_person.chain(sums).chain([n_rows]).collect();
            rows = rows.aggregate(self.keys_and([col("p")]), numbers)?;
            flags = (0..self.n_flags)
                .map(|idx| col(format!("b{idx}")))
                .collect();
            sizes = (0..self.n_numbers)
                .map(|idx| col(format!("s{idx}")))
                .collect();
        }
        // Persons with more than one row: the difference of counts of rows and of persons.
        let several = match self.has_person {
            true => count(lit(1_i64)).filter(col("r").gt(lit(1_i64))).build()?,
            false => count(lit(1_i64)).filter(lit(false)).build()?,
        };
        let mut numbers = vec![count(lit(1_i64)).alias("units"), several.alias("several")];
        for (idx, flag) in flags.into_iter().enumerate() {
            let units = count(lit(1_i64)).filter(flag.eq(lit(1_i64))).build()?;
            numbers.push(units.alias(format!("n{idx}")));
        }
        for (idx, size) in sizes.into_iter().enumerate() {
            numbers.push(max(size.clone()).alias(format!("largest{idx}")));
            numbers.push(sum(size).alias(format!("total{idx}")));
        }
        rows.aggregate(self.keys(), numbers)?.build()
    }

    /// Per group and person, whether each flag holds. Of rows of persons only.
    pub(super) fn of_members(&self) -> Result<LogicalPlan, DataFusionError> {
        let flags =
            (0..self.n_flags).map(|idx| max(col(format!("f{idx}"))).alias(format!("b{idx}")));
        let rows = LogicalPlanBuilder::from(self.base.clone());
        rows.aggregate(self.keys_and([col("p")]), flags.collect::<Vec<_>>())?
            .build()
    }

    /// Per group: how many different values the numbers have together, the fewest and the most units with one of them,
    /// and the sum of units over all of them.
    pub(super) fn of_values(&self, numbers: &[usize]) -> Result<LogicalPlan, DataFusionError> {
        let values: Vec<Expr> = numbers.iter().map(|idx| col(format!("y{idx}"))).collect();
        let is_there = values.iter().cloned().map(Expr::is_not_null);
        let is_there = is_there.reduce(Expr::and).unwrap_or_else(|| lit(true));
        let rows = LogicalPlanBuilder::from(self.base.clone()).filter(is_there)?;
        let by_value = self.units_by(rows, values)?;
        let numbers = vec![
            count(lit(1_i64)).alias("n_values"),
            min(col("units")).alias("least"),
            max(col("units")).alias("most"),
            sum(col("units")).alias("all"),
        ];
        by_value.aggregate(self.keys(), numbers)?.build()
    }

    /// Per group and set of conditions met together: which are met, which of few values numbers have, and the units. Where
    /// different persons are counted, the conditions that any of their rows meets.
    pub(super) fn of_conditions(&self, system: &System) -> Result<LogicalPlan, DataFusionError> {
        let conditions = system.conditions().into_iter();
        let flags =
            conditions.map(|condition| format!("f{}", Self::flags_of_condition(condition).0));
        let values = system
            .values()
            .into_iter()
            .map(|number| format!("y{number}"));
        let columns: Vec<String> = flags.chain(values).collect();
        let mut rows = LogicalPlanBuilder::from(self.base.clone());
        if system.is_of_persons() && self.has_person {
            let any = columns.iter().map(|column| max(col(column)).alias(column));
            rows = rows.aggregate(self.keys_and([col("p")]), any.collect::<Vec<_>>())?;
        }
        self.units_by(rows, columns.iter().map(col).collect())?
            .build()
    }

    fn units_by(
        &self,
        mut rows: LogicalPlanBuilder,
        columns: Vec<Expr>,
    ) -> Result<LogicalPlanBuilder, DataFusionError> {
        let columns = self.keys_and(columns);
        if self.has_person {
            let with_person = columns.iter().cloned().chain([col("p")]);
            let nothing: Vec<Expr> = Vec::new();
            rows = rows.aggregate(with_person.collect::<Vec<_>>(), nothing)?;
        }
        rows.aggregate(columns, vec![count(lit(1_i64)).alias("units")])
    }
}

/// 1 or 0, as the condition is met or not; missing is not met. Numbers, because the engine takes conditions apart.
fn flag(condition: Expr, met: i64) -> Result<Expr, DataFusionError> {
    when(condition, lit(met)).otherwise(lit(1 - met))
}

fn pairs(questions: &Questions<'_>) -> Vec<(usize, usize)> {
    let is_number = |idx: usize| {
        !matches!(
            questions.numbers[idx].kind,
            Kind::Discrete(_) | Kind::Constant
        )
    };
    let mut pairs = Vec::new();
    for b in (0..questions.numbers.len()).filter(|&idx| is_number(idx)) {
        for a in (0..b).filter(|&idx| is_number(idx)) {
            let roots = |idx: usize| columns(&questions.numbers[idx].kind);
            if !roots(a).is_disjoint(&roots(b)) {
                pairs.push((a, b));
            }
        }
    }
    pairs
}
