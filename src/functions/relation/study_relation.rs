//! The body of relations over an event study: over a table of its estimates, or over a panel that it is made from.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{Gather, PreparedRelation};
use super::event_study_call::{EventStudyCall, StudyEstimates, is_over_panel};
use super::event_study_input::{EventStudyColumns, EventStudyRows, OF_ESTIMATES};
use super::panel_call::PanelCall;
use super::panel_relation::{PanelEstimator, PanelRelation};
use super::panel_rows::PanelRows;
use super::relation_error::RelationError;
use korabo_estimators::sensitivity::EventStudy;
use korabo_estimators::{EstimatorError, Status};

/// What a relation says of an event study: its options know how.
pub(super) trait StudyMethod: Clone + Debug + Send + Sync + 'static {
    /// The relation's name.
    const RELATION: &'static str;

    /// What is found.
    type Found;

    /// Columns of the rows.
    fn schema() -> SchemaRef;

    /// What is found in a study.
    ///
    /// # Errors
    /// When the study is refused.
    fn found(&self, study: &EventStudy) -> Result<Self::Found, EstimatorError>;

    /// The same of a study made from a panel, where a status may take the place of a refusal.
    ///
    /// # Errors
    /// When the study is refused.
    fn found_in_panel(&self, study: &EventStudy) -> Result<Self::Found, EstimatorError> {
        self.found(study)
    }

    /// Nothing but why.
    fn nothing(status: Status) -> Self::Found;

    /// Rows for what was found.
    fn batch(found: &Self::Found) -> Result<RecordBatch, ArrowError>;
}

/// The relation of a checked call.
///
/// # Errors
/// When its arguments are of both forms, or one of its own form is missing or wrong.
pub(super) fn prepared<M: StudyMethod>(
    bound: &BoundArguments,
    method: M,
) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    if is_over_panel(bound, &OF_ESTIMATES)? {
        let call = PanelCall::try_new(M::RELATION, bound)?;
        let study = EventStudyCall::with_universal_base(bound, &call)?;
        return Ok(PanelRelation::prepared(call, OverPanel { study, method }));
    }
    Ok(Arc::new(OverEstimates {
        columns: EventStudyColumns::try_new(M::RELATION, bound)?,
        method,
    }))
}

/// A call over estimates.
#[derive(Debug)]
struct OverEstimates<M> {
    columns: EventStudyColumns,
    method: M,
}

/// A call over a panel.
#[derive(Debug, Clone)]
struct OverPanel<M> {
    study: EventStudyCall,
    method: M,
}

impl<M: StudyMethod> PreparedRelation for OverEstimates<M> {
    fn input_columns(&self) -> Vec<usize> {
        self.columns.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        M::schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        Box::new(StudyGather {
            rows: self.columns.gather(),
            method: self.method.clone(),
        })
    }
}

struct StudyGather<M> {
    rows: EventStudyRows,
    method: M,
}

impl<M: StudyMethod> Gather for StudyGather<M> {
    // An event study has few rows, whatever the engine expects.
    fn reserve(&mut self, _n_rows: usize) {}

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        self.rows.push(batch)
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let relation = M::RELATION;
        let found = match self.rows.into_study()? {
            Some(study) => self.method.found(&study),
            None => Ok(M::nothing(Status::Missing)),
        };
        let found = found.map_err(|source| RelationError::Refused { relation, source })?;
        M::batch(&found).map_err(|source| RelationError::Rows { relation, source })
    }
}

impl<M: StudyMethod> PanelEstimator for OverPanel<M> {
    type Estimates = M::Found;

    fn schema(&self, _: bool) -> SchemaRef {
        M::schema()
    }

    fn estimate(&self, rows: PanelRows) -> Vec<Result<M::Found, EstimatorError>> {
        let of_study = |study: StudyEstimates| match study.study()? {
            Ok(study) => self.method.found_in_panel(&study),
            Err(status) => Ok(M::nothing(status)),
        };
        let studies = self.study.estimate(rows).into_iter();
        studies.map(|study| study.and_then(of_study)).collect()
    }

    fn batch(&self, found: &M::Found, _: SchemaRef) -> Result<RecordBatch, ArrowError> {
        M::batch(found)
    }

    fn nothing(&self, status: Status, _: bool) -> Option<Result<RecordBatch, ArrowError>> {
        Some(M::batch(&M::nothing(status)))
    }
}
