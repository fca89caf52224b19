//! What the steps of one run share.

use std::sync::Arc;

use super::error::PipelineError;
use super::project::Project;
use super::query::Query;
use crate::event::StepEvent;
use crate::lake::{Lake, LakeError};
use crate::session::{Session, SessionError};

/// What the steps of one run share.
pub(super) struct RunContext {
    pub(super) project: Arc<Project>,
    pub(super) lake: Lake,
    pub(super) session: Session,
    pub(super) observer: Arc<dyn Fn(StepEvent) + Send + Sync>,
    /// The day of the run, UTC.
    pub(super) today: chrono::NaiveDate,
    /// Read-locked by steps that run side by side, write-locked by one that must run alone.
    pub(super) alone: Arc<tokio::sync::RwLock<()>>,
}

impl RunContext {
    /// The same with joins that spill.
    pub(super) fn with_spilling_joins(&self) -> Self {
        Self {
            project: Arc::clone(&self.project),
            lake: self.lake.clone(),
            session: self.session.with_spilling_joins(),
            observer: Arc::clone(&self.observer),
            today: self.today,
            alone: Arc::clone(&self.alone),
        }
    }
}

/// The engine failed in the step of `query`.
pub(super) fn run_error(query: &Query, source: SessionError) -> PipelineError {
    PipelineError::Run {
        query: query.name.clone(),
        source,
    }
}

/// The lake failed in the step of `query`.
pub(super) fn store_error(query: &Query, source: LakeError) -> PipelineError {
    PipelineError::Store {
        query: query.name.clone(),
        source,
    }
}
