//! Where released tables are: files in the project's folder, and the lake's tables `released_NAME`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::BUNDLE_FILES;
use super::certificate::Certificate;
use super::error::TableReleaseError;
use super::small_table::SmallTable;
use crate::config::ReleaseConfig;
use crate::content_hash::sha256;
use crate::disclosure::RELEASED_PREFIX;
use crate::lake::{Lake, Provenance, PublishMode};
use crate::output_file::{OutputError, OutputFile};

/// The certificate of a bundle, in its folder.
const CERTIFICATE: &str = "certificate.json";

/// The folder of released files.
pub(super) struct Files {
    folder: PathBuf,
    review: PathBuf,
}

impl Files {
    pub(super) fn new(config: &ReleaseConfig) -> Self {
        Self {
            folder: config.folder.clone(),
            review: config.review.clone(),
        }
    }

    pub(super) fn table(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.csv"))
    }

    fn certificate(&self, name: &str) -> PathBuf {
        certificate_of(&self.table(name))
    }

    /// Writes a table, then its certificate.
    pub(super) fn write(
        &self,
        certificate: &Certificate,
        csv: &[u8],
    ) -> Result<(), TableReleaseError> {
        fs_err::create_dir_all(&self.folder)?;
        // The certificate last: where it is, the table is.
        write(&self.table(&certificate.name), csv)?;
        write(
            &self.certificate(&certificate.name),
            certificate.text().as_bytes(),
        )
    }

    /// Writes what stands behind a table, for review inside the secure area.
    pub(super) fn write_review(&self, name: &str, csv: &[u8]) -> Result<(), TableReleaseError> {
        fs_err::create_dir_all(&self.review)?;
        write(&self.review(name), csv)
    }

    /// Writes what is not there as it was released.
    pub(super) fn write_missing(
        &self,
        certificate: &Certificate,
        csv: &[u8],
    ) -> Result<(), TableReleaseError> {
        let written = fs_err::read(self.table(&certificate.name)).unwrap_or_default();
        let has_certificate = fs_err::read_to_string(self.certificate(&certificate.name))
            .is_ok_and(|text| text == certificate.text());
        match has_certificate && written == csv {
            true => Ok(()),
            false => self.write(certificate, csv),
        }
    }

    /// The file of what stands behind a table.
    pub(super) fn review(&self, name: &str) -> PathBuf {
        self.review.join(format!("{name}.csv"))
    }

    /// The folder of a bundle.
    pub(super) fn bundle(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the files of a bundle, then its certificate.
    pub(super) fn write_bundle(
        &self,
        certificate: &Certificate,
        files: &BTreeMap<&'static str, Vec<u8>>,
    ) -> Result<(), TableReleaseError> {
        let folder = self.bundle(&certificate.name);
        fs_err::create_dir_all(&folder)?;
        // The certificate last: where it is, the files are.
        for (name, bytes) in files {
            write(&folder.join(name), bytes)?;
        }
        write(&folder.join(CERTIFICATE), certificate.text().as_bytes())
    }

    /// Whether the bundle that `certificate` is of stands as it left.
    pub(super) fn is_bundle_whole(&self, certificate: &Certificate) -> bool {
        let folder = self.bundle(&certificate.name);
        let read = |name: &'static str| Some((name, fs_err::read(folder.join(name)).ok()?));
        let files: Option<BTreeMap<_, _>> = BUNDLE_FILES.into_iter().map(read).collect();
        let has_certificate = fs_err::read_to_string(folder.join(CERTIFICATE))
            .is_ok_and(|text| text == certificate.text());
        has_certificate && files.is_some_and(|files| sha256_of_files(&files) == certificate.sha256)
    }

    /// The request for a release of these inputs: the one that waits, or one of `person`'s that waits from now on.
    pub(super) fn request(
        &self,
        name: &str,
        inputs_hash: &str,
        person: &str,
    ) -> Result<Request, TableReleaseError> {
        let path = self.request_file(name);
        let waiting = fs_err::read_to_string(&path).ok();
        let waiting = waiting.and_then(|text| serde_json::from_str::<Request>(&text).ok());
        // A request that waits for other inputs is replaced: what is granted must be what was asked for.
        if let Some(waiting) = waiting.filter(|waiting| waiting.inputs_hash == inputs_hash) {
            return Ok(waiting);
        }
        let request = Request {
            inputs_hash: inputs_hash.to_owned(),
            requested_by: person.to_owned(),
        };
        let text = serde_json::to_string_pretty(&request);
        let text = text.expect("a request has only texts") + "\n";
        write(&path, text.as_bytes())?;
        Ok(request)
    }

    /// Removes the request that was granted.
    pub(super) fn forget_request(&self, name: &str) -> Result<(), TableReleaseError> {
        match fs_err::remove_file(self.request_file(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn request_file(&self, name: &str) -> PathBuf {
        self.review.join(format!("{name}.request.json"))
    }
}

/// One hash of several files with their names.
pub(super) fn sha256_of_files(files: &BTreeMap<&'static str, Vec<u8>>) -> String {
    let lines = files
        .iter()
        .map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes)));
    sha256(lines.collect::<String>())
}

/// A release that waits for a second person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    inputs_hash: String,
    pub(super) requested_by: String,
}

impl Request {
    pub(super) fn is_of(&self, person: &str) -> bool {
        self.requested_by == person
    }
}

/// Writes a file that appears whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), TableReleaseError> {
    let mut file = OutputFile::create(path)?;
    let written = file.write_all(bytes);
    written.map_err(|source| OutputError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    Ok(file.finish()?)
}

/// The certificate beside a released file.
pub(super) fn certificate_of(table: &Path) -> PathBuf {
    table.with_extension("certificate.json")
}

/// The lake's table of release `name`.
pub(super) fn released_table(name: &str) -> String {
    format!("{RELEASED_PREFIX}{name}")
}

/// Writes the lake's table of a release.
pub(super) async fn write_table(
    lake: &Lake,
    name: &str,
    table: &SmallTable,
) -> Result<(), TableReleaseError> {
    let in_csv = |source| TableReleaseError::Csv {
        name: name.to_owned(),
        source,
    };
    let batch = table.batch().map_err(in_csv)?;
    let own = &released_table(name);
    lake.write_batch(
        own,
        &batch,
        PublishMode::Overwrite,
        &Provenance::of_raw(None),
    )
    .await?;
    Ok(())
}
