//! The receipts that travel with pseudonymised extracts (`receipt.json`): tokens made by other rules or under another secret never match,
//! so they are compared before anything is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::IngestError;

/// The file beside extracts.
const RECEIPT: &str = "receipt.json";

/// How the tokens of a delivery were made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct KeyReceipt {
    normalisation: u32,
    secret_fingerprint: String,
    person_key: String,
}

impl KeyReceipt {
    /// The receipt in `folder`; `None` where there is none, or one of something else.
    fn in_folder(folder: &Path) -> Option<Self> {
        let text = fs_err::read_to_string(folder.join(RECEIPT)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// What makes its tokens others than those of `other`.
    fn difference(&self, other: &Self) -> Option<String> {
        if self.secret_fingerprint != other.secret_fingerprint {
            return Some(format!(
                "other secrets (fingerprints {} and {})",
                self.secret_fingerprint, other.secret_fingerprint
            ));
        }
        if self.normalisation != other.normalisation {
            return Some(format!(
                "other versions of the rules of normalisation ({} and {})",
                self.normalisation, other.normalisation
            ));
        }
        (self.person_key != other.person_key).then(|| {
            format!(
                "other keys of persons ({} and {})",
                self.person_key, other.person_key
            )
        })
    }
}

/// Refuses files whose tokens cannot match.
pub(super) fn require_one_key<'p>(
    paths: impl Iterator<Item = &'p PathBuf>,
    extracts: &Path,
) -> Result<(), IngestError> {
    let folders: BTreeSet<&Path> = paths.filter_map(|path| path.parent()).collect();
    let mut first: Option<(&Path, KeyReceipt)> = None;
    for folder in folders {
        let Some(receipt) = KeyReceipt::in_folder(folder) else {
            continue;
        };
        let Some((other, known)) = &first else {
            first = Some((folder, receipt));
            continue;
        };
        if let Some(what) = known.difference(&receipt) {
            let shown = |folder: &Path| {
                let below = folder.strip_prefix(extracts).unwrap_or(folder);
                below.join(RECEIPT).display().to_string()
            };
            return Err(IngestError::OtherKeys {
                first: shown(other),
                second: shown(folder),
                what,
            });
        }
    }
    Ok(())
}
