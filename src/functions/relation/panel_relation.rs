//! The body that all relations over a panel share: from a checked call and an estimator to rows, for every outcome of the call, of
//! the whole input and of every level.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray, new_null_array};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::definition::{Gather, PreparedRelation};
use super::panel_call::PanelCall;
use super::panel_rows::{PanelGather, PanelRows};
use super::relation_error::RelationError;
use super::roles::Roles;
use korabo_estimators::{EstimatorError, Status};

/// What a relation estimates from the rows of a panel.
pub(super) trait PanelEstimator: Clone + Debug + Send + Sync + 'static {
    /// What is found for one outcome.
    type Estimates;

    /// Schema of the rows for one outcome; with `in_parts`, of a call of several outcomes or levels.
    fn schema(&self, in_parts: bool) -> SchemaRef;

    /// What is found for each outcome.
    fn estimate(&self, rows: PanelRows) -> Vec<Result<Self::Estimates, EstimatorError>>;

    /// Rows for what was found.
    fn batch(&self, found: &Self::Estimates, schema: SchemaRef) -> Result<RecordBatch, ArrowError>;

    /// The row for an outcome where there is nothing to work on; `None`: the call is refused. A call of several outcomes or levels
    /// (`in_parts`) must survive one that is empty.
    fn nothing(&self, status: Status, in_parts: bool) -> Option<Result<RecordBatch, ArrowError>>;

    /// What estimating takes, in multiples of what was gathered.
    fn memory(&self) -> usize {
        3
    }
}

/// A relation over a panel.
#[derive(Debug, Clone)]
pub(super) struct PanelRelation<E> {
    call: PanelCall,
    estimator: E,
}

impl<E: PanelEstimator> PanelRelation<E> {
    pub(super) fn prepared(call: PanelCall, estimator: E) -> Arc<dyn PreparedRelation> {
        Arc::new(Self { call, estimator })
    }

    fn in_parts(&self) -> bool {
        self.call.names_outcome || self.call.names_level
    }

    fn rows_error(&self) -> impl Fn(ArrowError) -> RelationError + use<E> {
        let relation = self.call.relation;
        move |source| RelationError::Rows { relation, source }
    }

    /// The rows of one part of the input, outcome by outcome.
    fn part(
        &self,
        rows: PanelRows,
        level: Option<(&str, &str)>,
    ) -> Result<Vec<RecordBatch>, RelationError> {
        let relation = self.call.relation;
        let found = self.estimator.estimate(rows);
        let mut batches = Vec::new();
        for (outcome, found) in self.call.outcome_names().zip(found) {
            let nothing = |error: &EstimatorError| {
                let status = match level {
                    Some(_) => error.nothing_in_level(),
                    None => error.nothing_to_estimate(),
                }?;
                self.estimator.nothing(status, self.in_parts())
            };
            let batch = match found {
                Ok(found) => self
                    .estimator
                    .batch(&found, self.estimator.schema(self.in_parts())),
                Err(source) => match nothing(&source) {
                    Some(batch) => batch,
                    None => return Err(RelationError::Refused { relation, source }),
                },
            };
            let batch = batch.and_then(|batch| self.named(&batch, outcome, level));
            batches.push(batch.map_err(self.rows_error())?);
        }
        Ok(batches)
    }

    /// A batch after the columns that say what it is about.
    fn named(
        &self,
        batch: &RecordBatch,
        outcome: &str,
        level: Option<(&str, &str)>,
    ) -> Result<RecordBatch, ArrowError> {
        let n_rows = batch.num_rows();
        let text = |text: Option<&str>| -> ArrayRef {
            match text {
                Some(text) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    text, n_rows,
                ))),
                None => new_null_array(&DataType::Utf8, n_rows),
            }
        };
        let mut columns = Vec::new();
        if self.call.names_outcome {
            columns.push(text(Some(outcome)));
        }
        if self.call.names_level {
            columns.push(text(level.map(|(by, _)| by)));
            columns.push(text(level.map(|(_, level)| level)));
        }
        columns.extend_from_slice(batch.columns());
        RecordBatch::try_new(self.schema(), columns)
    }
}

impl<E: PanelEstimator> PreparedRelation for PanelRelation<E> {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut name = |name: &str, nullable| {
            fields.push(Arc::new(Field::new(name, DataType::Utf8, nullable)));
        };
        if self.call.names_outcome {
            name("outcome", false);
        }
        if self.call.names_level {
            name("by", true);
            name("level", true);
        }
        fields.extend(
            self.estimator
                .schema(self.in_parts())
                .fields()
                .iter()
                .cloned(),
        );
        Arc::new(Schema::new(fields))
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(RelationGather {
            rows: PanelGather::new(&self.call),
            relation: self.clone(),
        })
    }
}

struct RelationGather<E> {
    rows: PanelGather,
    relation: PanelRelation<E>,
}

impl<E: PanelEstimator> Gather for RelationGather<E> {
    fn reserve(&mut self, n_rows: usize) {
        self.rows.reserve(n_rows);
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.rows.push(batch)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn needed(&self) -> usize {
        self.bytes()
            .saturating_mul(self.relation.estimator.memory())
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = self.relation;
        let mut rows = self.rows.finish()?;
        let mut of_levels = Vec::new();
        for by in rows.take_levels() {
            for (level, own) in by.levels {
                let own = rows.select(&own);
                of_levels.extend(relation.part(own, Some((&by.column, &level)))?);
            }
        }
        let mut batches = relation.part(rows, None)?;
        batches.extend(of_levels);
        concat_batches(&relation.schema(), &batches).map_err(relation.rows_error())
    }
}
