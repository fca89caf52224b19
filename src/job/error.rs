//! What can go wrong in a job.

use super::stop::StopReason;
use crate::checks::ChecksError;
use crate::diagnostic::counted;
use crate::ingest::IngestError;
use crate::lake::LakeError;
use crate::output_file::OutputError;
use crate::pipeline::PipelineError;
use crate::release::{ReleaseFileError, TableReleaseError};
use crate::report::forms::FormsError;
use crate::report::{LoadError, Refusal};
use crate::session::SessionError;

/// Why a job did not begin or did not do what it was to do. [`Diagnosis`](super::Diagnosis) says whose fault it is and lists the
/// causes.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The lake cannot be locked, read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// An extract is missing or was refused.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The project is wrong, or a table was not built.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The engine failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The checks of the contracts cannot be evaluated.
    #[error(transparent)]
    Checks(#[from] ChecksError),
    /// Checks of severity `error` do not pass.
    #[error("{} of severity `error` failed; no table was built", counted(failed.len() as u64, "check", "checks"))]
    ChecksFailed {
        /// Which, with their numbers.
        failed: Vec<String>,
    },
    /// A definition of a release is wrong.
    #[error(transparent)]
    ReleaseFile(#[from] ReleaseFileError),
    /// The forms are wrong, or their workbook cannot be made.
    #[error(transparent)]
    Forms(#[from] FormsError),
    /// A table was not released.
    #[error(transparent)]
    Release(#[from] TableReleaseError),
    /// The tables of the report cannot be read.
    #[error(transparent)]
    Report(#[from] LoadError),
    /// A report of one employer or municipality is not made.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The folder of the report cannot be made.
    #[error("cannot write the report")]
    ReportFolder(#[source] std::io::Error),
    /// The file of the report cannot be made.
    #[error("cannot write the report")]
    ReportFile(#[source] OutputError),
    /// The file of the report cannot be written to.
    #[error("cannot write the report")]
    ReportBytes(#[source] std::io::Error),
    /// The notes of a killed run are in the history and cannot be removed.
    #[error("cannot remove the notes of a run that was killed")]
    Notes(#[source] std::io::Error),
    /// The run could not be written into the history: no thread for it.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// A run that was stopped could not be written into the history in time.
    #[error("there was no time to write it")]
    NoTime,
    /// It was stopped from outside.
    #[error(transparent)]
    Stopped(#[from] StopReason),
}
