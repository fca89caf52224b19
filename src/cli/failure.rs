//! Every stage's error → what a person reads and what a scheduler sees. Causes are one line each; text
//! that could hold a value from the data is blanked.

use std::ops::Range;

use crate::checks::ChecksError;
use crate::config::ConfigError;
use crate::contract::ContractError;
use crate::diagnostic::FailureKind;
use crate::ingest::IngestError;
use crate::job::{Diagnosis, JobError, StopReason, add_causes};
use crate::lake::LakeError;
use crate::law::LawError;
use crate::mapping::MappingError;
use crate::pipeline::{PipelineError, Stage};
use crate::release::{ReleaseFileError, TableReleaseError};
use crate::release_ledger::LedgerError;
use crate::report::LoadError;
use crate::serve::ServeError;
use crate::session::inquiry::AnswerError;
use crate::session::{ReleaseError, SessionError, WRITE_REFUSED};

/// A command that did not finish.
#[derive(Debug)]
pub(super) struct Failure {
    /// Exit code.
    pub(super) kind: FailureKind,
    /// What could not be done.
    pub(super) message: String,
    /// Why, outermost first.
    pub(super) causes: Vec<String>,
    /// What to do.
    pub(super) hints: Vec<String>,
    /// Bytes of the statement that it is about, until it is known where the statement stands.
    pub(super) mark: Option<Range<usize>>,
    /// The line that it is about.
    pub(super) place: Option<SourceLine>,
}

/// A line of a text that a user wrote, with the part of it that is meant.
#[derive(Debug)]
pub(super) struct SourceLine {
    /// The file, unless the text was typed.
    pub(super) file: Option<String>,
    /// Line, from 1.
    pub(super) line: usize,
    /// Column in characters, from 1.
    pub(super) column: usize,
    /// The whole line.
    pub(super) text: String,
    /// The bytes of the line that are meant.
    pub(super) marked: Range<usize>,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            mark: None,
            place: None,
        }
    }

    /// Adds the chain of causes that begins with `error`.
    pub(super) fn because(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        add_causes(&self.message, &mut self.causes, error);
        self
    }

    /// The message and its causes.
    pub(super) fn lines(&self) -> Vec<String> {
        let message = std::iter::once(&self.message);
        message.chain(&self.causes).cloned().collect()
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn of(kind: FailureKind, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::from(Diagnosis::of(kind, error))
    }

    fn with_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl From<Diagnosis> for Failure {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis {
            kind,
            message,
            causes,
        } = diagnosis;
        Self {
            causes,
            ..Self::new(kind, message)
        }
    }
}

impl From<StopReason> for Failure {
    fn from(reason: StopReason) -> Self {
        Self::from(Diagnosis::from(&reason))
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Lake(error) => Self::from(error),
            JobError::Ingest(error) => Self::from(error),
            JobError::Pipeline(error) => Self::from(error),
            JobError::Session(error) => Self::from(error),
            JobError::Checks(error) => Self::from(error),
            JobError::Release(error) => Self::from(error),
            JobError::Report(LoadError::Lake(error)) => Self::from(error),
            JobError::Report(LoadError::Session(error)) => Self::from(error),
            JobError::ChecksFailed { .. } => Self::from(Diagnosis::from(&error)).hint(
                "`korabo checks` shows them; correct the extracts, or change `[[checks]]` in korabo.toml",
            ),
            error => Self::from(Diagnosis::from(&error)),
        }
    }
}

impl From<ChecksError> for Failure {
    fn from(error: ChecksError) -> Self {
        match error {
            ChecksError::Lake(error) => Self::from(error),
            ChecksError::Session(error) => Self::from(error),
            error => Self::from(Diagnosis::from(&error)),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let is_absent = matches!(error, ConfigError::NoProject { .. });
        let failure = Self::of(FailureKind::Project, &error);
        if is_absent {
            return failure.hint("`korabo init DIR` writes a new project; --project names one");
        }
        failure
    }
}

impl From<LawError> for Failure {
    fn from(error: LawError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<MappingError> for Failure {
    fn from(error: MappingError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<ContractError> for Failure {
    fn from(error: ContractError) -> Self {
        Self::from(Diagnosis::from(&error))
    }
}

/// What to do when files of the lake are not what was written.
fn repair(error: &LakeError) -> Option<String> {
    let (table, what) = match error {
        LakeError::Damaged { table, file, .. } if file.starts_with("_delta_log") => {
            (table, "its log is damaged: ")
        }
        LakeError::Damaged { table, .. } => (table, ""),
        LakeError::Emptied { .. } => return Some("`korabo run` builds it again".to_owned()),
        LakeError::Lost { table, .. } => (table, "nothing is built from the rows that are left: "),
        _ => return None,
    };
    let is_of_query = Stage::of(table).is_some();
    let is_readable = what.is_empty();
    let otherwise = match (is_of_query, is_readable) {
        (true, true) => format!("`korabo run --full-refresh {table}` rebuilds it"),
        (true, false) => {
            format!("the table is rebuilt once `{table}` is removed from the lake's folder")
        }
        (false, _) => "an empty lake ingests all deliveries again".to_owned(),
    };
    let unless = match is_of_query {
        true => ", unless its query gives numbers to persons (`-- identity:`): they would change",
        false => "",
    };
    Some(format!(
        "{what}`korabo restore` brings a snapshot back; without one, {otherwise}{unless}"
    ))
}

impl From<LakeError> for Failure {
    fn from(error: LakeError) -> Self {
        let repair = repair(&error);
        let is_locked = matches!(error, LakeError::Locked | LakeError::Copying);
        let is_removed = matches!(error, LakeError::Removed { .. });
        let failure = Self::from(Diagnosis::from(&error));
        if is_removed {
            return failure.hint(
                "`keep_days` under [maintain] in korabo.toml says how long earlier versions stay",
            );
        }
        if is_locked {
            return failure.hint("wait for it to end, then run again");
        }
        failure.with_hint(repair)
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let repaired = match &error {
            IngestError::Lake(error) => repair(error),
            _ => None,
        };
        let hint = error.hint().map(str::to_owned).or(repaired);
        Self::from(Diagnosis::from(&error)).with_hint(hint)
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        let hint = match &error {
            PipelineError::JoinCardinality { table, .. } => Some(format!(
                "find the keys: SELECT … FROM {table} GROUP BY … HAVING count(*) > 1"
            )),
            PipelineError::DuplicateKeys { .. } => {
                Some("the table stays as it was; check the query's joins and its `key`".to_owned())
            }
            _ => error.lake_error().and_then(repair),
        };
        match error {
            PipelineError::Ingest(error) => Self::from(error),
            PipelineError::Lake(error) => Self::from(error),
            PipelineError::Session(error) => Self::from(error),
            error => Self::from(Diagnosis::from(&error)).with_hint(hint),
        }
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let hint = error.hint();
        let failure = match error {
            ReleaseError::Engine(error) => return Self::from(error),
            error => Self::of(FailureKind::Disclosure, &error),
        };
        failure.with_hint(hint)
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::NoTopic { .. } => Self::of(FailureKind::Project, &error)
                .hint("`SHOW RELATIONS` lists the relations, `HELP` the rest"),
            AnswerError::Release(error) => Self::from(error),
            AnswerError::Engine(error) => Self::from(error),
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let (kind, hint) = (error.kind(), error.hint());
        let failure = match error {
            ServeError::Lake(error) => return Self::from(error),
            ServeError::Pipeline(error) => return Self::from(error),
            ServeError::Session(error) => return Self::from(error),
            error => Self::of(kind, &error),
        };
        failure.with_hint(hint)
    }
}

impl From<ReleaseFileError> for Failure {
    fn from(error: ReleaseFileError) -> Self {
        Self::of(FailureKind::Project, &error)
    }
}

impl From<TableReleaseError> for Failure {
    fn from(error: TableReleaseError) -> Self {
        match error {
            TableReleaseError::Lake(error) => Self::from(error),
            TableReleaseError::Ledger(LedgerError::Lake(error)) => Self::from(error),
            TableReleaseError::Refused { name, source } => {
                let mut failure = Self::from(source);
                failure.message = format!("releases/{name}.toml: {}", failure.message);
                failure
            }
            error => Self::from(Diagnosis::from(&error)),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let repaired = error.lake_error().and_then(repair);
        let usage = error.argument_error().map(|argument| argument.usage);
        let failure = Self::from(Diagnosis::from(&error));
        if failure.message == WRITE_REFUSED {
            return failure.hint("`-o FILE` writes a result");
        }
        failure.with_hint(usage.map(|usage| format!("usage: {usage}")).or(repaired))
    }
}
