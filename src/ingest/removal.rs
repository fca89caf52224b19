//! Rows that a correction or a withdrawal removes from a table.

use std::collections::HashSet;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::{filter_record_batch, not};

use super::error::IngestError;
use super::validate::KnownKeys;
use crate::lake::{LakeTable, TableWriter};

/// Files that a correction replaces, and how many of their rows are gone.
#[derive(Default)]
pub(super) struct Removal {
    pub(super) files: HashSet<String>,
    pub(super) n_rows: u64,
}

/// Rewrites the files of `table` that hold a row with one of `keys`, without those rows.
pub(super) async fn rewrite_without(
    table: &LakeTable,
    keys: &KnownKeys,
    writer: &mut TableWriter,
) -> Result<Removal, IngestError> {
    let mut removal = Removal::default();
    for file in &table.files {
        let one = table.with_files(|other| other.path == file.path);
        let mut kept = Vec::new();
        let mut n_gone = 0_u64;
        for batch in one.read(None)? {
            let batch = batch?;
            let goes: BooleanArray =
                keys.contained(&batch)
                    .map_err(|source| IngestError::Validate {
                        file: table.name.clone(),
                        source,
                    })?;
            n_gone += goes.true_count() as u64;
            kept.push((batch, goes));
        }
        if n_gone == 0 {
            continue;
        }
        for (batch, goes) in kept {
            let stays = not(&goes).and_then(|stays| filter_record_batch(&batch, &stays));
            let stays = stays.expect("one flag per row of the batch");
            writer.write(&stays).await?;
        }
        removal.files.insert(file.path.clone());
        removal.n_rows += n_gone;
    }
    Ok(removal)
}
