//! The folder of a delivery: tables as Parquet, what was refused, a receipt.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use fs_err as fs;
use korabo_formats::Rejects;
use serde::Serialize;

use super::error::PseudonymizeError;
use super::groups::{GroupCounter, GroupRules, GroupSizes};

/// The list of what was refused.
pub(super) const REJECTS: &str = "rejects.csv";
/// Most lines of that list.
const MOST_LISTED: usize = 100_000;
/// What travels with the tables.
const RECEIPT: &str = "receipt.json";

/// What travels with the tables: nothing of a person and nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The version of korabo.
    pub korabo_version: String,
    /// The version of the rules by which fields are normalised: tokens of two versions never match.
    pub normalisation: u32,
    /// Tells secrets apart: tokens of two secrets never match.
    pub secret_fingerprint: String,
    /// By what persons are told apart.
    pub person_key: String,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// What was refused, by rule.
    pub rejected: BTreeMap<String, u64>,
    /// How few persons share what others may know of them.
    pub group_sizes: Vec<GroupSizes>,
    /// How often each word stood where a value should be (未実施, 測定不能).
    pub missing: BTreeMap<String, u64>,
    /// Of each table of the holder's, columns that nothing was made of.
    pub columns_left_out: BTreeMap<String, Vec<String>>,
    /// Files of masters, in their order.
    pub masters: Vec<String>,
    /// Diagnoses and drugs whose codes no master knows.
    pub unknown_codes: u64,
    /// Archives with fewer or more documents than their header says.
    pub incomplete: Vec<String>,
}

/// A folder that is filled beside the one it becomes in the end: what fails half-way leaves nothing.
pub(super) struct Output {
    folder: PathBuf,
    /// Where it is filled.
    staging: PathBuf,
    writers: BTreeMap<String, TableFile>,
    groups: GroupCounter,
    rows: BTreeMap<String, u64>,
    rejects: BTreeMap<String, u64>,
    listed: Vec<String>,
}

/// A file of a table.
struct TableFile {
    schema: SchemaRef,
    writer: ArrowWriter<fs::File>,
}

/// A row of a holder's table that its contract does not take.
pub(super) struct RejectedRow<'r> {
    pub(super) file: &'r str,
    /// Line, from 1.
    pub(super) line: u64,
    /// The contract's column, or columns of its key.
    pub(super) column: &'r str,
    pub(super) rule: &'r str,
    /// What would be accepted.
    pub(super) expected: Option<String>,
}

impl Output {
    /// Begins a folder, which must be new or empty.
    pub(super) fn create(folder: &Path, rules: GroupRules) -> Result<Self, PseudonymizeError> {
        if folder.exists() && fs::read_dir(folder)?.next().is_some() {
            return Err(PseudonymizeError::NotEmpty {
                folder: folder.to_path_buf(),
            });
        }
        let staging = beside(folder, "partial");
        if staging.exists() {
            // Of a call that was killed.
            fs::remove_dir_all(&staging)?;
        }
        fs::create_dir_all(&staging)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            staging,
            writers: BTreeMap::new(),
            groups: GroupCounter::new(rules),
            rows: BTreeMap::new(),
            rejects: BTreeMap::new(),
            listed: Vec::new(),
        })
    }

    /// Adds rows to a table. Rows of other columns go to a further file.
    pub(super) fn write(
        &mut self,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<(), PseudonymizeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.groups.add(table, batch)?;
        *self.rows.entry(table.to_owned()).or_default() += batch.num_rows() as u64;
        let mut name = table.to_owned();
        let mut n = 1;
        while self
            .writers
            .get(&name)
            .is_some_and(|own| own.schema != batch.schema())
        {
            n += 1;
            name = format!("{table}_{n}");
        }
        let file = match self.writers.entry(name) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let file = fs::File::create(self.staging.join(format!("{}.parquet", entry.key())))?;
                let zstd = Compression::ZSTD(ZstdLevel::default());
                let options = WriterProperties::builder().set_compression(zstd).build();
                let schema = batch.schema();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(options))?;
                entry.insert(TableFile { schema, writer })
            }
        };
        file.writer.write(batch)?;
        Ok(())
    }

    /// Adds a row that a contract does not take.
    pub(super) fn reject_row(&mut self, row: RejectedRow<'_>) {
        *self.rejects.entry(row.rule.to_owned()).or_default() += 1;
        if self.listed.len() >= MOST_LISTED {
            return;
        }
        let meaning = row
            .expected
            .map_or_else(String::new, |text| format!("expected: {text}"));
        let fields = [
            quoted(row.file),
            String::new(),
            row.line.to_string(),
            String::new(),
            quoted(row.column),
            String::new(),
            row.rule.to_owned(),
            quoted(&meaning),
        ];
        self.listed.push(fields.join(","));
    }

    /// Adds what was refused.
    pub(super) fn reject(&mut self, rejects: &Rejects) {
        for (rule, n) in rejects.counts() {
            *self.rejects.entry(rule.name().to_owned()).or_default() += n;
        }
        let room = MOST_LISTED.saturating_sub(self.listed.len());
        let lines = rejects.first().iter().take(room).map(|reject| {
            let place = &reject.place;
            let number = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
            let fields = [
                quoted(&place.file),
                quoted(place.entry.as_deref().unwrap_or("")),
                number(place.line),
                number(place.byte),
                quoted(place.record.as_deref().unwrap_or("")),
                number(place.field.map(|field| field as u64)),
                reject.rule.name().to_owned(),
                quoted(reject.rule.text()),
            ];
            fields.join(",")
        });
        self.listed.extend(lines);
    }

    /// Whether a row of any table was written.
    pub(super) fn has_rows(&self) -> bool {
        self.rows.values().any(|n| *n > 0)
    }

    /// Writes the list of what was refused beside the folder, which is not made, and returns its path.
    pub(super) fn keep_rejects(&self) -> Result<PathBuf, PseudonymizeError> {
        let path = beside(&self.folder, REJECTS);
        self.write_rejects(&path)?;
        Ok(path)
    }

    fn write_rejects(&self, path: &Path) -> Result<(), PseudonymizeError> {
        let mut text = "file,entry,line,byte,record,field,rule,meaning\n".to_owned();
        for line in &self.listed {
            text.push_str(line);
            text.push('\n');
        }
        Ok(fs::write(path, text)?)
    }

    /// Ends the tables, writes the receipt with their rows, and puts the folder in its place. Returns the receipt, and where the list
    /// of what was refused is.
    pub(super) fn finish(
        mut self,
        receipt: Receipt,
    ) -> Result<(Receipt, PathBuf), PseudonymizeError> {
        for (_, file) in std::mem::take(&mut self.writers) {
            file.writer.into_inner()?.sync_all()?;
        }
        self.write_rejects(&self.staging.join(REJECTS))?;
        let receipt = Receipt {
            group_sizes: self.groups.sizes(),
            rows: std::mem::take(&mut self.rows),
            rejected: std::mem::take(&mut self.rejects),
            ..receipt
        };
        let text = serde_json::to_string_pretty(&receipt);
        let text = text.expect("a receipt has only texts and numbers") + "\n";
        let mut file = fs::File::create(self.staging.join(RECEIPT))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if self.folder.exists() {
            fs::remove_dir(&self.folder)?;
        }
        fs::rename(&self.staging, &self.folder)?;
        Ok((receipt, self.folder.join(REJECTS)))
    }
}

impl Drop for Output {
    /// Removes what is not finished.
    fn drop(&mut self) {
        if self.staging.exists() {
            drop(fs::remove_dir_all(&self.staging));
        }
    }
}

/// `deliveries/2024` → `deliveries/2024.SUFFIX`.
fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!("{name}.{suffix}"))
}

/// A field of a CSV.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
