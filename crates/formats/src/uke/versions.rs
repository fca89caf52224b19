//! Which version of a claim is valid: the last billed that was not returned.

use std::collections::BTreeMap;

use super::rows::ClaimRow;

/// Marks versions that are not valid.
///
/// Versions of a claim have the same insurer and claim id and different months of billing. A later one can only have been billed after
/// the earlier one was returned or withdrawn, so all but the last are invalid; the last is valid unless a file of returned claims
/// has it. Such a file's row merges with the row that was billed in the same month.
#[must_use]
pub fn resolve_versions(rows: Vec<ClaimRow>) -> Vec<ClaimRow> {
    let mut claims: BTreeMap<(String, String), BTreeMap<u32, ClaimRow>> = BTreeMap::new();
    for row in rows {
        let versions = claims.entry((row.insurer_id.clone(), row.claim_id.clone()));
        let versions = versions.or_default();
        match versions.get_mut(&row.billed_month) {
            Some(known) => {
                let is_returned = known.is_returned || row.is_returned;
                if !row.is_returned {
                    *known = row;
                }
                known.is_returned = is_returned;
            }
            None => {
                versions.insert(row.billed_month, row);
            }
        }
    }
    let mut resolved = Vec::new();
    for mut versions in claims.into_values() {
        let last = versions.pop_last();
        resolved.extend(versions.into_values().map(|version| ClaimRow {
            is_returned: true,
            ..version
        }));
        resolved.extend(last.map(|(_, last)| last));
    }
    resolved
}
