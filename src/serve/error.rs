//! Why tables cannot be served, and which status clients receive for errors of engine and lake.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use datafusion::common::DataFusionError;
use tonic::{Code, Status};

use crate::diagnostic::FailureKind;
use crate::lake::{self, LakeError};
use crate::pipeline::PipelineError;
use crate::session::inquiry::AnswerError;
use crate::session::{ErrorClass, ReleaseError, SessionError};
use crate::toml_reader::TomlError;

/// Why tables cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Others could read along.
    #[error("`{address}` can be reached from other machines, and there is no certificate")]
    NotEncrypted {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The address cannot be used.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot use {what} `{}`", .file.display())]
    File {
        /// What the file is.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file with secrets can be read by others.
    #[error("{what} `{}` can be read by others (mode {mode:03o})", .file.display())]
    NotPrivate {
        /// What the file is.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode it should have.
        wanted: &'static str,
    },
    /// The tokens file is wrong.
    #[error("the tokens file is wrong")]
    TokensWrong(#[from] TomlError),
    /// The file has no users.
    #[error("`{}` lists no user", .file.display())]
    NoUsers {
        /// The tokens file.
        file: PathBuf,
    },
    /// A user's name has characters that names may not have.
    #[error("`{name}` cannot be a user's name: letters, digits, `.`, `_` and `-`, at most 64")]
    WrongName {
        /// The name.
        name: String,
    },
    /// The user has an access token already.
    #[error("`{name}` has an access token already")]
    UserExists {
        /// The name.
        name: String,
    },
    /// There is no such user.
    #[error("no user `{name}` in the tokens file{hint}")]
    NoSuchUser {
        /// The name.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// The machine gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
    /// Certificate or key cannot be used.
    #[error("certificate `{}` and key `{}` cannot be used", .certificate.display(), .key.display())]
    Certificate {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server ended by itself.
    #[error("the server ended")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The project is wrong.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The engine cannot be set up.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl ServeError {
    pub(super) fn file(what: &'static str, file: &Path, source: std::io::Error) -> Self {
        Self::File {
            what,
            file: file.to_path_buf(),
            source,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::WrongName { .. } | Self::UserExists { .. } | Self::NoSuchUser { .. } => {
                FailureKind::Usage
            }
            Self::Listen { .. } => FailureKind::Resources,
            Self::NoRandomness(_) | Self::Transport(_) | Self::Session(_) => FailureKind::Internal,
            Self::Lake(error) => lake::failure_kind(error),
            Self::Pipeline(error) => error.kind(),
            _ => FailureKind::Project,
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotEncrypted { .. } => {
                "name `certificate` and `key` in [serve], or listen on 127.0.0.1 and reach it through SSH"
                    .to_owned()
            }
            Self::NotPrivate { file, wanted, .. } => format!("chmod {wanted} {}", file.display()),
            Self::NoUsers { .. } => "`korabo serve token NAME` adds one".to_owned(),
            Self::File { what, .. } if *what == TOKENS_FILE => {
                "`korabo serve token NAME` makes it and adds a user".to_owned()
            }
            Self::UserExists { .. } => {
                "--replace makes another one, and the old one stops working".to_owned()
            }
            _ => return None,
        })
    }
}

/// How messages call the file of users.
pub(super) const TOKENS_FILE: &str = "the tokens file";

/// The status for an error of the engine: in words as at the prompt, without values from data.
pub(super) fn engine_status(error: &SessionError) -> Status {
    let code = match error.class() {
        ErrorClass::Sql | ErrorClass::Estimator => Code::InvalidArgument,
        ErrorClass::Data => Code::FailedPrecondition,
        ErrorClass::Resources => Code::ResourceExhausted,
        ErrorClass::Internal => Code::Internal,
    };
    let mut text = error.describe();
    if let Some(argument) = error.argument_error() {
        text.push_str("; usage: ");
        text.push_str(argument.usage);
    }
    Status::new(code, text)
}

/// The status for a statement without an answer.
pub(super) fn answer_status(error: &AnswerError) -> Status {
    match error {
        AnswerError::NoTopic { .. } => {
            Status::invalid_argument(format!("{error}; `SHOW RELATIONS` lists the relations"))
        }
        AnswerError::Release(ReleaseError::Engine(error)) | AnswerError::Engine(error) => {
            engine_status(error)
        }
        AnswerError::Release(refused) => {
            let hint = refused.hint().map(|hint| format!("; {hint}"));
            let hint = hint.unwrap_or_default();
            Status::permission_denied(format!("{refused}{hint}"))
        }
    }
}

/// The same, for the engine's own type.
pub(super) fn data_status(error: DataFusionError) -> Status {
    engine_status(&SessionError::from(error))
}

/// The status for a lake that cannot be read: it names the table, not the path.
pub(super) fn lake_status(error: &LakeError) -> Status {
    Status::internal(format!("{error}: cannot be read"))
}
