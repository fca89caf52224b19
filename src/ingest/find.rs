//! Which deliveries are new: files that match a source's patterns and whose content is not recorded yet.
//! Files that have not changed since they were last hashed are not read again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::error::IngestError;
use super::receipt::{DeliveryMode, Ledger};
use super::source::{SourceFile, find_sources, hash_file};
use crate::config::ProjectConfig;
use crate::lake::Lake;

/// A delivery that is to be ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its table.
    pub table: String,
    /// What it does.
    pub mode: DeliveryMode,
    /// Its file.
    pub source: SourceFile,
}

impl Delivery {
    /// The file as named in messages and receipts: relative to the extracts folder where it is below it.
    #[must_use]
    pub fn display_name(&self, extracts: &Path) -> String {
        display_name(&self.source.path, extracts)
    }
}

pub(super) fn display_name(path: &Path, extracts: &Path) -> String {
    path.strip_prefix(extracts)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A delivery named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDelivery {
    /// Its table.
    pub table: String,
    /// Its file.
    pub path: PathBuf,
}

/// New and known deliveries.
#[derive(Debug, Default)]
pub(super) struct FoundDeliveries {
    pub(super) new: Vec<Delivery>,
    pub(super) n_known: usize,
}

/// Finds the deliveries of the project's sources, or the `named` ones, in the order in which they are
/// taken in: table by table, additions before corrections, files by name.
pub(super) fn find(
    config: &ProjectConfig,
    lake: &Lake,
    ledger: &Ledger,
    named: &[NamedDelivery],
) -> Result<FoundDeliveries, IngestError> {
    let mut hashes = HashCache::load(lake.root());
    let mut found = FoundDeliveries::default();
    let mut candidates: Vec<(String, DeliveryMode, PathBuf)> = Vec::new();
    if named.is_empty() {
        for (table, source) in &config.sources {
            let modes = [
                (DeliveryMode::Append, &source.files),
                (DeliveryMode::Replace, &source.replace),
                (DeliveryMode::Withdraw, &source.withdraw),
            ];
            for (mode, patterns) in modes {
                for path in find_sources(&config.extracts, patterns)? {
                    candidates.push((table.clone(), mode, path));
                }
            }
        }
    } else {
        for delivery in named {
            candidates.push((
                delivery.table.clone(),
                DeliveryMode::Append,
                delivery.path.clone(),
            ));
        }
    }
    for (table, mode, path) in candidates {
        let source = hashes.source(&path)?;
        let is_twin = found
            .new
            .iter()
            .any(|other| other.table == table && other.source.sha256 == source.sha256);
        if is_twin || ledger.knows(&table, &source.sha256) {
            found.n_known += 1;
        } else {
            found.new.push(Delivery {
                table,
                mode,
                source,
            });
        }
    }
    hashes.save();
    Ok(found)
}

/// Hashes of files by path, size and time. Only a cache: losing it costs reading the files again.
#[derive(Debug, Default, Serialize, Deserialize)]
struct HashCache {
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    has_changed: bool,
    files: BTreeMap<PathBuf, CachedHash>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CachedHash {
    size: u64,
    modified_nanos: u128,
    sha256: String,
}

impl HashCache {
    fn load(root: &Path) -> Self {
        let path = root.join(".hashes.json");
        let cache = fs_err::read_to_string(&path).unwrap_or_default();
        let cache: Self = serde_json::from_str(&cache).unwrap_or_default();
        Self { path, ..cache }
    }

    fn source(&mut self, path: &Path) -> Result<SourceFile, IngestError> {
        let stamp = fs_err::metadata(path).ok().and_then(|metadata| {
            let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some((metadata.len(), modified.as_nanos()))
        });
        if let (Some((size, nanos)), Some(cached)) = (stamp, self.files.get(path))
            && cached.size == size
            && cached.modified_nanos == nanos
        {
            let path = path.to_path_buf();
            return Ok(SourceFile {
                path,
                size,
                modified: None,
                sha256: cached.sha256.clone(),
            });
        }
        let source = hash_file(path)?;
        if let Some((size, modified_nanos)) = stamp {
            let cached = CachedHash {
                size,
                modified_nanos,
                sha256: source.sha256.clone(),
            };
            self.files.insert(path.to_path_buf(), cached);
            self.has_changed = true;
        }
        Ok(source)
    }

    /// Keeps the hashes for next time. A failure only costs time then.
    fn save(&self) {
        if !self.has_changed {
            return;
        }
        let written = serde_json::to_vec(self)
            .ok()
            .map(|json| fs_err::write(&self.path, json));
        drop(written);
    }
}
