//! Which deliveries are new: files that match a source's patterns and whose content is not recorded yet.
//! Files that have not changed since they were last hashed are not read again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::error::IngestError;
use super::key_receipts::require_one_key;
use super::receipt::{DeliveryMode, KnownDelivery, Ledger};
use super::source::{SourceFile, find_sources, hash_file};
use crate::config::{ProjectConfig, SourceConfig};
use crate::content_hash::sha256;
use crate::lake::Lake;
use crate::mapping::{Mappings, SourceMapping};

/// A delivery that is to be ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its table.
    pub table: String,
    /// What it does.
    pub mode: DeliveryMode,
    /// Its file.
    pub source: SourceFile,
    /// The name of its mapping, where it is a holder's own file.
    pub mapping: Option<String>,
    /// The earlier delivery of the same file whose place it takes.
    pub replaces: Option<i32>,
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

/// SHA-256 of each table's contract.
pub(super) type ContractHashes = BTreeMap<String, String>;

/// New and known deliveries.
#[derive(Debug, Default)]
pub(super) struct FoundDeliveries {
    pub(super) new: Vec<Delivery>,
    pub(super) n_known: usize,
    /// Of the known ones, those with rejected rows that the contract of today may accept.
    pub(super) n_outdated: usize,
}

/// Which deliveries are to be ingested.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliverySelection<'a> {
    /// Single files instead of those of the project's sources.
    pub named: &'a [NamedDelivery],
    /// Known ones as well: the named files, or those whose rejected rows the contract of today may accept.
    pub again: bool,
}

/// Finds the wanted deliveries in the order in which they are
/// taken in: table by table, additions before corrections, files by name.
pub(super) fn find(
    config: &ProjectConfig,
    lake: &Lake,
    (ledger, contracts, mappings): (&Ledger, &ContractHashes, &Mappings),
    wanted: DeliverySelection<'_>,
) -> Result<FoundDeliveries, IngestError> {
    let mut hashes = HashCache::load(lake.root());
    let mut found = FoundDeliveries::default();
    let candidates = candidates(config, mappings, wanted.named)?;
    require_one_key(candidates.iter().map(|(_, _, path)| path), &config.extracts)?;
    for (table, mode, path) in candidates {
        let mapping = mappings.of_file(&path, &config.extracts, Some(&table))?;
        let source = hashes.source(&path)?;
        // The same content in two new files is one delivery.
        let is_twin = found
            .new
            .iter()
            .any(|other| other.table == table && other.source.sha256 == source.sha256);
        let known = ledger.known(&table, &source.sha256).filter(|_| !is_twin);
        let is_outdated = known.is_some_and(|known| match contracts.get(&table) {
            Some(contract) => is_outdated(known, &rules_hash(contract, mapping), wanted.again),
            None => false,
        });
        let is_again = wanted.again && (is_outdated || known.is_some() && !wanted.named.is_empty());
        let replaced = known.filter(|_| is_again);
        if let Some(replaced) = replaced {
            require_last(
                replaced,
                &table,
                &display_name(&path, &config.extracts),
                ledger,
            )?;
        }
        if is_twin || known.is_some() && !is_again {
            found.n_known += 1;
            found.n_outdated += usize::from(is_outdated);
        } else {
            found.new.push(Delivery {
                table,
                mode: replaced.map_or(mode, |replaced| replaced.mode),
                source,
                mapping: mapping.map(|mapping| mapping.name.clone()),
                replaces: replaced.map(|replaced| replaced.delivery_id),
            });
        }
    }
    hashes.save();
    Ok(found)
}

/// Table, mode and file of what may be a delivery.
fn candidates(
    config: &ProjectConfig,
    mappings: &Mappings,
    named: &[NamedDelivery],
) -> Result<Vec<(String, DeliveryMode, PathBuf)>, IngestError> {
    let mut candidates = Vec::new();
    for delivery in named {
        candidates.push((
            delivery.table.clone(),
            DeliveryMode::Append,
            delivery.path.clone(),
        ));
    }
    if !named.is_empty() {
        return Ok(candidates);
    }
    for (table, source) in &config.sources {
        for (mode, patterns) in source_modes(source) {
            for path in find_sources(&config.extracts, patterns)? {
                candidates.push((table.clone(), mode, path));
            }
        }
    }
    for mapping in &mappings.all {
        for path in find_sources(&config.extracts, &anywhere(&mapping.files))? {
            let is_known = |(table, _, own): &(String, DeliveryMode, PathBuf)| {
                *table == mapping.table && *own == path
            };
            // A source that names the file says more, such as that it corrects.
            if !candidates.iter().any(is_known) {
                candidates.push((mapping.table.clone(), DeliveryMode::Append, path));
            }
        }
    }
    Ok(candidates)
}

/// Patterns of names alone are looked for in all folders.
fn anywhere(patterns: &[String]) -> Vec<String> {
    let anywhere = patterns.iter().map(|pattern| match pattern.contains('/') {
        true => pattern.clone(),
        false => format!("**/{pattern}"),
    });
    anywhere.collect()
}

/// What rows are checked against: a contract, and the mapping by which the file is read.
pub(super) fn rules_hash(contract: &str, mapping: Option<&SourceMapping>) -> String {
    match mapping {
        None => contract.to_owned(),
        Some(mapping) => sha256(format!("{contract} {}", mapping.sha256)),
    }
}

fn source_modes(source: &SourceConfig) -> [(DeliveryMode, &[String]); 3] {
    [
        (DeliveryMode::Append, &source.files),
        (DeliveryMode::Replace, &source.replace),
        (DeliveryMode::Withdraw, &source.withdraw),
    ]
}

/// Whether a delivery has rejected rows and was checked against another contract than that of today. Of deliveries before
/// contracts were recorded it is not known: they count when they are asked for.
fn is_outdated(known: &KnownDelivery, contract: &str, is_asked: bool) -> bool {
    let is_other = match &known.contract_sha256 {
        Some(sha256) => sha256 != contract,
        None => is_asked,
    };
    known.n_rejected > 0 && is_other
}

/// A correction or withdrawal again would undo what later deliveries changed of the same rows.
fn require_last(
    delivery: &KnownDelivery,
    table: &str,
    file: &str,
    ledger: &Ledger,
) -> Result<(), IngestError> {
    let later = ledger.last_of(table);
    match later.filter(|last| *last > delivery.delivery_id) {
        Some(later) if delivery.mode != DeliveryMode::Append => Err(IngestError::Superseded {
            file: file.to_owned(),
            table: table.to_owned(),
            later,
        }),
        _ => Ok(()),
    }
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
