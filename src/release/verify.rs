//! Whether a released file is what its certificate says, and whether the certificate can be derived again from the lake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;

use super::certificate::{Certificate, CertifiedRules};
use super::definition::{ReleaseDefinition, Releases};
use super::error::{ReleaseFileError, TableReleaseError};
use super::files::certificate_of;
use super::make::Maker;
use super::office::read_released;
use crate::content_hash::sha256;
use crate::lake::Lake;
use crate::pipeline::Project;
use crate::release_ledger::{Ledger, LedgerError};
use crate::session::Session;

/// Why a file does not hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file or its certificate cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate is none of ours.
    #[error("`{}` is not a certificate of a release", .path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// The table is not the one that was certified.
    #[error("`{}` is not the table that its certificate is about: their SHA-256 differ", .path.display())]
    OtherTable {
        /// Which.
        path: PathBuf,
    },
    /// This lake has not released it.
    #[error("the lake has no release {release_id} of `{name}` with this certificate")]
    NotReleased {
        /// Number of the release.
        release_id: i64,
        /// Its name.
        name: String,
    },
    /// Rules or program differ from those of the certificate, so that the same cannot be derived.
    #[error("{what} was {then} when the table left, and is {now} now: the same cannot be derived")]
    Changed {
        /// What differs.
        what: &'static str,
        /// As certified.
        then: String,
        /// As it is.
        now: String,
    },
    /// What was derived differs from what was certified.
    #[error(
        "deriving `{name}` again gives another table: the lake, a query or the definition differs from then"
    )]
    Differs {
        /// The table.
        name: String,
    },
    /// The lake cannot be read as it was.
    #[error("the table cannot be derived again")]
    NotDerived(#[source] TableReleaseError),
    /// The definition in the certificate is wrong.
    #[error("the definition in the certificate cannot be used")]
    Definition(#[from] ReleaseFileError),
}

impl From<LedgerError> for VerifyError {
    fn from(error: LedgerError) -> Self {
        Self::NotDerived(error.into())
    }
}

/// Derives the release of `file` (a released table or its certificate) again, from the lake as it was.
///
/// # Errors
/// What does not hold, or why it cannot be found out.
pub async fn verify(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    releases: &Releases,
    file: &Path,
) -> Result<Certificate, VerifyError> {
    let is_certificate = file
        .extension()
        .is_some_and(|extension| extension == "json");
    let path = match is_certificate {
        true => file.to_path_buf(),
        false => certificate_of(file),
    };
    let certificate = read(&path)?;
    if !is_certificate {
        let bytes = fs_err::read(file).map_err(|source| VerifyError::Unreadable {
            path: file.to_path_buf(),
            source,
        })?;
        if sha256(&bytes) != certificate.sha256 {
            return Err(VerifyError::OtherTable {
                path: file.to_path_buf(),
            });
        }
    }
    let ledger = Ledger::load(lake, None).await?;
    // A file and its certificate could be made anew together: the lake knows what it certified.
    let mut entries = ledger.entries.iter();
    let own = entries.find(|entry| entry.release_id == certificate.release_id);
    if own.is_none_or(|entry| entry.certificate != certificate.text()) {
        return Err(VerifyError::NotReleased {
            release_id: certificate.release_id,
            name: certificate.name.clone(),
        });
    }
    derive(project, lake, engine, releases, &certificate).await?;
    Ok(certificate)
}

fn read(path: &Path) -> Result<Certificate, VerifyError> {
    let text = crate::regular_file::read_to_string(path);
    let text = text.map_err(|source| VerifyError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|_| VerifyError::NoCertificate {
        path: path.to_path_buf(),
    })
}

async fn derive(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    releases: &Releases,
    certificate: &Certificate,
) -> Result<(), VerifyError> {
    let not_derived = VerifyError::NotDerived;
    let preset = releases.preset.as_ref();
    let preset = preset.map(|preset| preset.within(project.config.disclosure));
    let rules = preset.as_ref();
    let rules =
        rules.map(|preset| CertifiedRules::of(preset, project.config.disclosure.few_values));
    let Some(preset) = preset.filter(|_| rules.as_ref() == Some(&certificate.rules)) else {
        return Err(VerifyError::Changed {
            what: "the preset of rules",
            then: certificate.rules.preset.clone(),
            now: rules.map_or_else(String::new, |rules| rules.preset + ", or other numbers"),
        });
    };
    if certificate.korabo_version != env!("CARGO_PKG_VERSION") {
        return Err(VerifyError::Changed {
            what: "the version of korabo",
            then: certificate.korabo_version.clone(),
            now: env!("CARGO_PKG_VERSION").to_owned(),
        });
    }
    let shown = Path::new("certificate");
    // As it was then, whatever the project's file says now.
    let definition = ReleaseDefinition::parse(&certificate.name, shown, &certificate.definition)?;
    let time = DateTime::parse_from_rfc3339(&certificate.released_at);
    let Ok(time) = time else {
        return Err(VerifyError::NoCertificate {
            path: PathBuf::from(&certificate.name),
        });
    };
    let then = lake.as_of(time.to_utc());
    let ledger = Ledger::load(lake, Some(certificate.release_id)).await?;
    let earlier = read_released(&then, &certificate.name).await;
    let maker = Maker {
        project,
        lake: &then,
        engine,
        preset: &preset,
    };
    let made = maker
        .make(&definition, &ledger, &earlier.map_err(not_derived)?)
        .await;
    let made = made.map_err(VerifyError::NotDerived)?;
    let csv = made.table.csv().map_err(|source| {
        VerifyError::NotDerived(TableReleaseError::Csv {
            name: certificate.name.clone(),
            source,
        })
    })?;
    match sha256(&csv) == certificate.sha256 {
        true => Ok(()),
        false => Err(VerifyError::Differs {
            name: certificate.name.clone(),
        }),
    }
}
