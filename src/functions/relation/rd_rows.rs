//! The columns of a call of `rd` and its rows, by outcome and by level.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::arrow::record_batch::RecordBatch;

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::labels::LabelColumn;
use super::numbers::push_numbers;
use super::panel_rows::Levels;
use super::relation_error::{ColumnName, RelationError};
use super::value_column::ValueColumn;
use korabo_estimators::discontinuity::RdColumns;

const RELATION: &str = "rd";

/// A column of the input.
#[derive(Debug, Clone)]
struct InputColumn {
    index: usize,
    name: ColumnName,
    data_type: DataType,
}

/// The columns that a call names, by what they are for.
#[derive(Debug, Clone)]
pub(super) struct RdCall {
    outcomes: Vec<InputColumn>,
    running: InputColumn,
    treated: Option<InputColumn>,
    weight: Option<InputColumn>,
    cluster: Option<InputColumn>,
    covariates: Vec<InputColumn>,
    by: Vec<InputColumn>,
    /// Whether rows say which outcome they are about.
    names_outcome: bool,
}

impl RdCall {
    pub(super) fn try_new(bound: &BoundArguments) -> Result<Self, ArgumentProblem> {
        let outcomes = match (bound.optional_column("outcome"), bound.columns("outcomes")) {
            (Some(outcome), []) => vec![outcome],
            (None, outcomes @ [_, ..]) => outcomes.to_vec(),
            (None, []) => {
                return Err(ArgumentProblem::Missing {
                    name: "outcome",
                    hint: "; several go into a list, `outcomes => [a, b]`",
                });
            }
            (Some(_), _) => {
                return Err(ArgumentProblem::Invalid {
                    name: "outcomes",
                    message: "takes the place of `outcome`; give one of them".to_owned(),
                });
            }
        };
        let input = |index: usize| {
            let field = bound.input().field(index);
            InputColumn {
                index,
                name: ColumnName {
                    relation: RELATION,
                    column: field.name().clone(),
                },
                data_type: field.data_type().clone(),
            }
        };
        let all = |indices: &[usize]| indices.iter().copied().map(input).collect();
        Ok(Self {
            outcomes: all(&outcomes),
            running: input(bound.required_column("running")?),
            treated: bound.optional_column("treated").map(input),
            weight: bound.optional_column("weight").map(input),
            cluster: bound.optional_column("cluster").map(input),
            covariates: all(bound.columns("covariates")),
            by: all(bound.columns("by")),
            names_outcome: !bound.columns("outcomes").is_empty(),
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        self.numbers()
            .chain(&self.covariates)
            .chain(&self.cluster)
            .chain(&self.by)
            .map(|column| column.index)
            .collect()
    }

    /// The columns of numbers: outcomes, running variable, treatment, weight.
    fn numbers(&self) -> impl Iterator<Item = &InputColumn> {
        let running = std::iter::once(&self.running);
        let rest = running.chain(&self.treated).chain(&self.weight);
        self.outcomes.iter().chain(rest)
    }

    /// Which of outcome, column and level the rows name.
    pub(super) fn naming(&self) -> Vec<usize> {
        let outcome = self.names_outcome.then_some(0);
        let levels = if self.by.is_empty() { 0..0 } else { 1..3 };
        outcome.into_iter().chain(levels).collect()
    }

    /// The columns in which they do.
    pub(super) fn naming_fields(&self) -> Vec<Field> {
        let names = ["outcome", "by", "level"];
        let field = |place: usize| Field::new(names[place], DataType::Utf8, place > 0);
        self.naming().into_iter().map(field).collect()
    }
}

/// The rows of a call.
pub(super) struct RdGathered {
    outcome_names: Vec<String>,
    n_outcomes: usize,
    has_treated: bool,
    numbers: Vec<(ColumnName, Vec<f64>)>,
    covariates: Vec<ValueColumn>,
    cluster: Option<LabelColumn>,
    by: Vec<LabelColumn>,
}

impl RdGathered {
    pub(super) fn new(call: &RdCall) -> Self {
        let label = |column: &InputColumn| LabelColumn::new(column.name.clone());
        let outcome_names = call.outcomes.iter().map(|own| own.name.column.clone());
        let covariates = call.covariates.iter();
        Self {
            outcome_names: outcome_names.collect(),
            n_outcomes: call.outcomes.len(),
            has_treated: call.treated.is_some(),
            numbers: call
                .numbers()
                .map(|column| (column.name.clone(), Vec::new()))
                .collect(),
            covariates: covariates
                .map(|column| ValueColumn::new(column.name.clone(), &column.data_type))
                .collect(),
            cluster: call.cluster.as_ref().map(label),
            by: call.by.iter().map(label).collect(),
        }
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        for (_, numbers) in &mut self.numbers {
            numbers.reserve(n_rows);
        }
        for covariate in &mut self.covariates {
            covariate.reserve(n_rows);
        }
        for labels in self.cluster.iter_mut().chain(&mut self.by) {
            labels.reserve(n_rows);
        }
    }

    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let mut columns = batch.columns().iter();
        for ((name, numbers), array) in self.numbers.iter_mut().zip(&mut columns) {
            push_numbers(name, array, numbers)?;
        }
        for (covariate, array) in self.covariates.iter_mut().zip(&mut columns) {
            covariate.push(array)?;
        }
        let labels = self.cluster.iter_mut().chain(&mut self.by);
        for (labels, array) in labels.zip(&mut columns) {
            labels.push(array)?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.numbers.iter().map(|(_, own)| own.len());
        let covariates = self.covariates.iter().map(ValueColumn::bytes);
        let labels = self.cluster.iter().chain(&self.by).map(LabelColumn::bytes);
        numbers.sum::<usize>() * size_of::<f64>()
            + covariates.sum::<usize>()
            + labels.sum::<usize>()
    }

    /// Every outcome from all rows, then from the rows of each level; with the names of the outcome, of the column and of the level.
    pub(super) fn each_part(
        self,
        mut estimate: impl FnMut([Option<String>; 3], &RdColumns) -> Result<(), RelationError>,
    ) -> Result<(), RelationError> {
        let mut numbers: Vec<Vec<f64>> = self.numbers.into_iter().map(|(_, own)| own).collect();
        let mut rest = numbers.split_off(self.n_outcomes).into_iter();
        let mut all = RdColumns {
            outcome: Vec::new(),
            running: rest.next().unwrap_or_default(),
            treated: if self.has_treated { rest.next() } else { None },
            covariates: self
                .covariates
                .into_iter()
                .map(ValueColumn::into_covariate)
                .collect(),
            weight: rest.next(),
            cluster: self.cluster.map(|labels| labels.into_codes().0),
        };
        for (name, outcome) in self.outcome_names.iter().zip(&numbers) {
            all.outcome.clone_from(outcome);
            estimate([Some(name.clone()), None, None], &all)?;
        }
        for labels in self.by {
            let by = Levels::of(RELATION, "by", labels)?;
            for (level, rows) in by.levels {
                all.outcome.clone_from(&numbers[0]);
                let mut own = all.select(&rows);
                for (name, outcome) in self.outcome_names.iter().zip(&numbers) {
                    own.outcome = rows.iter().map(|&row| outcome[row as usize]).collect();
                    let named = [
                        Some(name.clone()),
                        Some(by.column.clone()),
                        Some(level.clone()),
                    ];
                    estimate(named, &own)?;
                }
            }
        }
        Ok(())
    }
}
