//! A stage's error as a job reports it: whose fault it is, what could not be done, and why, a line per cause. Text that could hold
//! a value from the data is blanked.

use std::error::Error;

use super::error::JobError;
use super::stop::StopReason;
use crate::checks::ChecksError;
use crate::contract::ContractError;
use crate::diagnostic::FailureKind;
use crate::ingest::IngestError;
use crate::lake::{self, LakeError};
use crate::pipeline::PipelineError;
use crate::release::TableReleaseError;
use crate::release_ledger::LedgerError;
use crate::report::LoadError;
use crate::session::{ErrorClass, SessionError, causes};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// What could not be done.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
}

impl Diagnosis {
    /// Of an error of `kind`, with its own words and those of its sources.
    #[must_use]
    pub fn of(kind: FailureKind, error: &(dyn Error + 'static)) -> Self {
        Self::because(kind, error.to_string(), error.source())
    }

    /// The message and its causes.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let message = std::iter::once(&self.message);
        message.chain(&self.causes).cloned().collect()
    }

    fn because(kind: FailureKind, message: String, source: Option<&(dyn Error + 'static)>) -> Self {
        let mut causes = Vec::new();
        if let Some(source) = source {
            add_causes(&message, &mut causes, source);
        }
        Self {
            kind,
            message,
            causes,
        }
    }
}

/// Adds to the `known` causes of `message` the chain that begins with `error`; no line stands below its like.
pub fn add_causes(message: &str, known: &mut Vec<String>, error: &(dyn Error + 'static)) {
    for line in causes(error) {
        if message != line && known.last().is_none_or(|last| *last != line) {
            known.push(line);
        }
    }
}

impl From<&ContractError> for Diagnosis {
    fn from(error: &ContractError) -> Self {
        Self::of(FailureKind::Project, error)
    }
}

impl From<&LakeError> for Diagnosis {
    fn from(error: &LakeError) -> Self {
        Self::of(lake::failure_kind(error), error)
    }
}

impl From<&IngestError> for Diagnosis {
    fn from(error: &IngestError) -> Self {
        Self::of(error.kind(), error)
    }
}

impl From<&SessionError> for Diagnosis {
    fn from(error: &SessionError) -> Self {
        let kind = match (error.lake_error(), error.class()) {
            (
                Some(
                    LakeError::Damaged { .. } | LakeError::Lost { .. } | LakeError::Emptied { .. },
                ),
                _,
            ) => FailureKind::Quality,
            (_, ErrorClass::Sql | ErrorClass::Data) => FailureKind::Project,
            (_, ErrorClass::Estimator) => FailureKind::Estimator,
            (_, ErrorClass::Resources) => FailureKind::Resources,
            (_, ErrorClass::Internal) => FailureKind::Internal,
        };
        let text = error.describe();
        let mut lines = text.lines().map(str::to_owned);
        Self {
            kind,
            message: lines
                .next()
                .unwrap_or_else(|| "the engine failed".to_owned()),
            causes: lines.collect(),
        }
    }
}

impl From<&PipelineError> for Diagnosis {
    fn from(error: &PipelineError) -> Self {
        match error {
            PipelineError::Ingest(error) => Self::from(error),
            PipelineError::Lake(error) => Self::from(error),
            PipelineError::Session(error) => Self::from(error),
            PipelineError::Contract(error) => Self::from(error),
            PipelineError::Plan { place, source, .. } => {
                let message = format!("{place}: {}", source.message());
                Self::because(error.kind(), message, None)
            }
            error => {
                let mut diagnosis = Self::of(error.kind(), error);
                diagnosis.causes.extend_from_slice(error.reasons());
                diagnosis
            }
        }
    }
}

impl From<&ChecksError> for Diagnosis {
    fn from(error: &ChecksError) -> Self {
        match error {
            ChecksError::Lake(error) => Self::from(error),
            ChecksError::Session(error) => Self::from(error),
            error => Self::of(FailureKind::Project, error),
        }
    }
}

impl From<&LoadError> for Diagnosis {
    fn from(error: &LoadError) -> Self {
        match error {
            LoadError::Lake(error) => Self::from(error),
            LoadError::Session(error) => Self::from(error),
            LoadError::Column { .. } => {
                let message = "cannot make the report".to_owned();
                Self::because(FailureKind::Project, message, Some(error))
            }
        }
    }
}

impl From<&TableReleaseError> for Diagnosis {
    fn from(error: &TableReleaseError) -> Self {
        match error {
            TableReleaseError::Lake(error) => Self::from(error),
            TableReleaseError::Ledger(LedgerError::Lake(error)) => Self::from(error),
            TableReleaseError::Session { name, source } => {
                let diagnosis = Self::from(source);
                Self {
                    message: format!("releases/{name}.toml: {}", diagnosis.message),
                    ..diagnosis
                }
            }
            error => Self::of(error.kind(), error),
        }
    }
}

impl From<&StopReason> for Diagnosis {
    fn from(reason: &StopReason) -> Self {
        Self::of(reason.kind(), reason)
    }
}

impl From<&JobError> for Diagnosis {
    fn from(error: &JobError) -> Self {
        match error {
            JobError::Lake(error) => Self::from(error),
            JobError::Ingest(error) => Self::from(error),
            JobError::Pipeline(error) => Self::from(error),
            JobError::Session(error) => Self::from(error),
            JobError::Checks(error) => Self::from(error),
            JobError::Report(error) => Self::from(error),
            JobError::ReleaseFile(error) => Self::of(FailureKind::Project, error),
            JobError::Forms(error) => Self::of(FailureKind::Project, error),
            JobError::Release(error) => Self::from(error),
            JobError::Stopped(reason) => Self::from(reason),
            JobError::Refused(refusal) => {
                let kind = match refusal {
                    refusal if refusal.is_disclosure() => FailureKind::Disclosure,
                    refusal if refusal.is_usage() => FailureKind::Usage,
                    _ => FailureKind::Project,
                };
                Self::of(kind, error)
            }
            JobError::ChecksFailed { failed } => Self {
                kind: FailureKind::Quality,
                message: error.to_string(),
                causes: failed.clone(),
            },
            JobError::ReportFolder(_)
            | JobError::ReportFile(_)
            | JobError::ReportBytes(_)
            | JobError::NoTime => Self::of(FailureKind::Resources, error),
            JobError::Notes(_) => Self::of(FailureKind::Step, error),
            JobError::Thread(_) => Self::of(FailureKind::Internal, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_words_stand_above_their_causes() {
        let error = JobError::ReportFolder(std::io::Error::other("no room"));
        let diagnosis = Diagnosis::from(&error);
        assert_eq!(diagnosis.kind, FailureKind::Resources);
        assert_eq!(diagnosis.lines(), ["cannot write the report", "no room"]);
    }

    #[test]
    fn stage_errors_are_not_said_twice() {
        let error = JobError::Lake(LakeError::Locked);
        let diagnosis = Diagnosis::from(&error);
        assert_eq!(diagnosis.kind, FailureKind::Locked);
        assert_eq!(diagnosis.lines(), [LakeError::Locked.to_string()]);
        let failed = vec!["a".to_owned(), "b".to_owned()];
        let diagnosis = Diagnosis::from(&JobError::ChecksFailed { failed });
        let expected = [
            "2 checks of severity `error` failed; no table was built",
            "a",
            "b",
        ];
        assert_eq!(diagnosis.lines(), expected);
    }
}
