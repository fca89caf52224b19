//! A grouping over rows of persons: computed here together with what the rules must know about it, and given
//! back as rows without what stays behind.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, DFSchema};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use datafusion::prelude::{DataFrame, Expr};
use futures::TryStreamExt as _;

use super::measures::{Answers, Measures, Places, Questions, Units, has_person};
use super::released::Released;
use super::{KeptBack, ReleaseError, ReleaseRules};
use crate::disclosure::{GroupedCounts, HiddenCells, protect_groups};

/// Groups that are protected at most: each has to be compared with its neighbours.
const MOST_GROUPS: usize = 100_000;

/// A grouping with what is measured beside it.
pub(super) struct Grouping {
    frame: DataFrame,
    schema: DFSchema,
    n_keys: usize,
    n_columns: usize,
    units: Places,
    measures: Vec<Measures>,
}

/// Checks a grouping and adds what is to be measured.
pub(super) fn frame(
    state: &SessionState,
    aggregate: &Aggregate,
    rules: &ReleaseRules,
) -> Result<Grouping, ReleaseError> {
    for key in &aggregate.group_expr {
        if matches!(key, Expr::GroupingSet(_)) {
            return Err(ReleaseError::SeveralGroupings);
        }
        let is_single = |column: &&Column| {
            let name = column.name.as_str();
            rules.person_columns.contains(&name) || rules.household_columns.contains(&name)
        };
        if let Some(column) = key.column_refs().into_iter().find(is_single) {
            let column = column.name.clone();
            return Err(ReleaseError::GroupedByPerson { column });
        }
    }
    let input = aggregate.input.schema();
    let units = Units::of(input, rules.person_columns);
    if units.is_rows() && reads_persons(&aggregate.input, rules)? {
        let column = rules.person_columns.first().copied().unwrap_or_default();
        return Err(ReleaseError::NoPersonColumn {
            column: column.to_owned(),
        });
    }
    let mut questions = Questions::new(input, &units);
    let places = questions.group()?;
    let measures = aggregate
        .aggr_expr
        .iter()
        .map(|expression| questions.about(expression))
        .collect::<Result<Vec<_>, _>>()?;
    let mut expressions = aggregate.aggr_expr.clone();
    expressions.extend(questions.expressions);
    let measured = Aggregate::try_new(
        Arc::clone(&aggregate.input),
        aggregate.group_expr.clone(),
        expressions,
    )?;
    Ok(Grouping {
        frame: DataFrame::new(state.clone(), LogicalPlan::Aggregate(measured)),
        schema: aggregate.schema.as_ref().clone(),
        n_keys: aggregate.group_expr.len(),
        n_columns: aggregate.aggr_expr.len(),
        units: places,
        measures,
    })
}

/// Whether a table that tells persons apart lies below.
fn reads_persons(plan: &LogicalPlan, rules: &ReleaseRules) -> Result<bool, DataFusionError> {
    let mut reads = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            reads |= has_person(&scan.source.schema(), rules.person_columns);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(reads)
}

impl Grouping {
    /// The groups without what stays back, as a plan with the columns of the grouping.
    pub(super) async fn protected(
        self,
        rules: &ReleaseRules,
    ) -> Result<(LogicalPlan, KeptBack), ReleaseError> {
        let mut stream = self.frame.clone().execute_stream().await?;
        let schema = stream.schema();
        let (mut batches, mut n_groups) = (Vec::new(), 0);
        while let Some(batch) = stream.try_next().await? {
            n_groups += batch.num_rows();
            if n_groups > MOST_GROUPS {
                return Err(ReleaseError::TooManyGroups { limit: MOST_GROUPS });
            }
            batches.push(batch);
        }
        let measured = concat_batches(&schema, &batches).map_err(DataFusionError::from)?;
        let counts = self.counts(&measured)?;
        let hidden = protect_groups(&counts, rules.disclosure);
        let kept_back = kept_back(&hidden);
        if n_groups > 0 && kept_back.n_groups as usize == n_groups {
            return Err(ReleaseError::AllHidden {
                min_count: rules.disclosure.min_count,
            });
        }
        let shown = self.shown(&measured, &hidden)?;
        Ok((Released::plan(&self.schema, vec![shown])?, kept_back))
    }

    fn counts(&self, measured: &RecordBatch) -> Result<GroupedCounts, DataFusionError> {
        let first = self.n_keys + self.n_columns;
        let count = |place: usize, row: usize| {
            let array = measured.column(first + place).as_primitive::<Int64Type>();
            match array.is_valid(row) {
                true => array.value(row).unsigned_abs(),
                false => 0,
            }
        };
        let number = |place: usize, row: usize| {
            let array = measured.column(first + place).as_primitive::<Float64Type>();
            array.is_valid(row).then(|| array.value(row))
        };
        let mut counts = GroupedCounts {
            columns: vec![Vec::new(); self.measures.len()],
            ..GroupedCounts::default()
        };
        for row in 0..measured.num_rows() {
            let answers = Answers {
                count: &|place| count(place, row),
                number: &|place| number(place, row),
            };
            let n_units = answers.least(&self.units);
            counts.units.push(n_units);
            for (measures, cells) in self.measures.iter().zip(&mut counts.columns) {
                cells.push(measures.counts(&answers, n_units));
            }
        }
        counts.keys = (0..self.n_keys)
            .map(|key| numbered(measured.column(key)))
            .collect::<Result<_, _>>()?;
        Ok(counts)
    }

    fn shown(
        &self,
        measured: &RecordBatch,
        hidden: &HiddenCells,
    ) -> Result<Released, DataFusionError> {
        let keys = vec![None; self.n_keys];
        let cells = hidden.cells.iter().map(|cells| Some(cells.as_slice()));
        let columns: Vec<Option<&[bool]>> = keys.into_iter().chain(cells).collect();
        Released::of(measured, |group| !hidden.groups[group], &columns)
    }
}

fn kept_back(hidden: &HiddenCells) -> KeptBack {
    let shown: Vec<usize> = (0..hidden.groups.len())
        .filter(|&group| !hidden.groups[group])
        .collect();
    let in_shown = |column: &Vec<bool>| shown.iter().filter(|&&group| column[group]).count();
    KeptBack {
        n_groups: (hidden.groups.len() - shown.len()) as u64,
        n_groups_in_all: hidden.groups.len() as u64,
        n_cells: hidden.cells.iter().map(in_shown).sum::<usize>() as u64,
        n_estimates: 0,
    }
}

/// A number for every different value.
fn numbered(array: &ArrayRef) -> Result<Vec<usize>, DataFusionError> {
    let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
    let rows = converter.convert_columns(&[Arc::clone(array)])?;
    let mut numbers = HashMap::new();
    let numbered = rows.iter().map(|row| {
        let next = numbers.len();
        *numbers.entry(row.owned()).or_insert(next)
    });
    Ok(numbered.collect())
}
