//! Tables of a holder, in any layout: read by a mapping, checked against the contract, written without what identifies.

use std::path::Path;
use std::sync::Mutex;

use korabo_formats::KnownPersons;

use super::content::ContentWatch;
use super::error::PseudonymizeError;
use super::output::{Output, RejectedRow};
use super::request::PseudonymizeRequest;
use crate::contract::TableContract;
use crate::ingest::{RawBatch, Validator, expected};
use crate::mapping::{MappedTable, Proposal, SourceMapping, propose};

/// What is told of a file in the receipt.
#[derive(Debug, Default)]
pub(super) struct FileNotes {
    /// Columns that nothing is made of.
    pub(super) left_out: Vec<String>,
    /// How often each word stood where a value should be.
    pub(super) missing: Vec<(String, u64)>,
}

/// Reads one table of a holder and writes its rows.
pub(super) fn write_table(
    path: &Path,
    folder: &Path,
    (request, known): (&PseudonymizeRequest, &Mutex<KnownPersons>),
    output: &mut Output,
) -> Result<FileNotes, PseudonymizeError> {
    let mapping = mapping_of(path, folder, request)?;
    let contract = contract_of(&mapping, request);
    let by = (&mapping, contract, &request.mappings.rules);
    let mut table = MappedTable::open(path, by, Some(request.token_maker(known)))?;
    let refused = |source| PseudonymizeError::Schema {
        file: path.to_path_buf(),
        mapping: mapping.shown.display().to_string(),
        source,
    };
    let mut validator = Validator::new(contract, table.schema()).map_err(refused)?;
    let mut watch = ContentWatch::default();
    let name = path.display().to_string();
    let lines_before = mapping.layout.first_row.saturating_sub(1) as u64;
    let mut rows_read = 0;
    while let Some(batch) = table.next_batch()? {
        let raw = RawBatch {
            first_row_number: rows_read + 1,
            batch,
        };
        rows_read += raw.batch.num_rows() as u64;
        let sorted = validator.validate(&raw)?;
        let accepted = sorted.accepted.to_batch();
        watch.look(&accepted, contract);
        output.write(&contract.name, &accepted)?;
        for (row, column, rule) in sorted.rejects.reasons() {
            output.reject_row(RejectedRow {
                file: &name,
                line: row.unsigned_abs() + lines_before,
                column,
                rule: rule.name(),
                expected: expected(contract, column, rule),
            });
        }
    }
    if let Some((column, content)) = watch.found() {
        return Err(PseudonymizeError::Identifying {
            file: path.to_path_buf(),
            column: column.to_owned(),
            content,
        });
    }
    let missing = table.missing().iter();
    Ok(FileNotes {
        left_out: table.left_out().to_vec(),
        missing: missing.map(|(word, n)| (word.clone(), *n)).collect(),
    })
}

/// The mapping of a file: the project's, or one that follows from its headers and values without a doubt.
fn mapping_of(
    path: &Path,
    folder: &Path,
    request: &PseudonymizeRequest,
) -> Result<SourceMapping, PseudonymizeError> {
    if let Some(mapping) = request.mappings.of_file(path, folder, None)? {
        return Ok(mapping.clone());
    }
    let proposal = propose(path, &request.contracts, &request.mappings.rules, None)?;
    let file = path.to_path_buf();
    match proposal {
        Some(proposal) if proposal.is_certain() => Ok(proposal.mapping),
        Some(proposal) => Err(PseudonymizeError::NoMapping {
            doubt: doubt(&proposal, contract_of(&proposal.mapping, request)),
            file,
        }),
        None => Err(PseudonymizeError::NoMapping {
            file,
            doubt: String::new(),
        }),
    }
}

/// What a file looks like, and why that is not enough.
fn doubt(proposal: &Proposal, contract: &TableContract) -> String {
    let missing = proposal.missing.iter().map(|name| {
        let name_ja = contract.column(name).map_or("", |column| &column.name_ja);
        format!("`{name}` ({name_ja})")
    });
    let missing: Vec<String> = missing.collect();
    let table = &contract.name;
    match missing.is_empty() {
        true => format!("; it looks like `{table}`, but not all its headers are known names"),
        false => format!(
            "; it looks like `{table}`, but no header is {}",
            missing.join(", ")
        ),
    }
}

/// The contract of a mapping, which was read with the contracts.
fn contract_of<'r>(mapping: &SourceMapping, request: &'r PseudonymizeRequest) -> &'r TableContract {
    let mut contracts = request.contracts.iter();
    let found = contracts.find(|contract| contract.name == mapping.table);
    found.expect("a mapping is of a contract that it was read with")
}
