//! `ingest --sniff` and `init --from`: what the files of a holder are, and mappings for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::printer::Printer;
use crate::contract::{ColumnType, TableContract};
use crate::diagnostic::{FailureKind, counted};
use crate::ingest::{Rule, expected};
use crate::mapping::{
    Certainty, HeaderRules, MAPPINGS_FOLDER, Proposal, ProposedColumn, Target, propose,
};
use crate::tabular::is_text_table;

/// Proposes a mapping for `file`, tells what is found, and returns it.
pub(super) fn sniff(
    file: &Path,
    contracts: &[TableContract],
    rules: &HeaderRules,
    table: Option<&str>,
) -> Result<Proposal, Failure> {
    let proposal = propose(file, contracts, rules, table)?;
    proposal.ok_or_else(|| {
        let message = format!("no header of `{}` is known", file.display());
        Failure::new(FailureKind::Extract, message)
            .hint("add what your holders call columns to rules/headers.toml, or write a mapping by hand (docs/mappings.md)")
    })
}

/// Says what the columns of a file are, and what would be rejected.
pub(super) fn tell(proposal: &Proposal, contracts: &[TableContract], printer: &Printer) {
    let mapping = &proposal.mapping;
    printer.note(&format!(
        "{}: `{}`, header in line {}, {} looked at",
        proposal.file.display(),
        mapping.table,
        mapping.layout.header_row,
        counted(proposal.n_rows as u64, "row", "rows"),
    ));
    let contract = contracts.iter().find(|own| own.name == mapping.table);
    for column in &proposal.columns {
        printer.note(&line(column, contract));
    }
    for column in &proposal.missing {
        printer.warning(&format!(
            "no column of the file is `{column}`, which `{}` requires",
            mapping.table
        ));
    }
    if proposal.identifies {
        printer
            .note("the file identifies persons: `korabo pseudonymize` reads it, `ingest` does not");
    }
}

/// One header, what it is, how sure, and what would be rejected.
fn line(column: &ProposedColumn, contract: Option<&TableContract>) -> String {
    let targets = column.targets.iter().map(|target| match target {
        Target::Column(name) => name.clone(),
        Target::Identity(field) => format!("[identity] {}", field.name()),
    });
    let targets: Vec<String> = targets.collect();
    let certainty = match column.certainty {
        Certainty::None => return format!("  {}: left out", column.header),
        Certainty::Guess => "a guess, not used",
        Certainty::Likely => "likely",
        Certainty::Certain => "certain",
    };
    let mut text = format!("  {}: {} ({certainty})", column.header, targets.join(", "));
    let n_rejected = column.n_values - column.n_accepted;
    if n_rejected > 0 {
        text.push_str(&format!(
            "; {n_rejected} of {} values would be rejected",
            column.n_values
        ));
        if let Some(expected) = accepted_format(column, contract) {
            text.push_str(&format!(", expected: {expected}"));
        }
    }
    text
}

fn accepted_format(column: &ProposedColumn, contract: Option<&TableContract>) -> Option<String> {
    let contract = contract?;
    let name = column.targets.iter().find_map(|target| match target {
        Target::Column(name) => Some(name),
        Target::Identity(_) => None,
    })?;
    let own = contract.column(name)?;
    let rule = match own.data_type {
        _ if !own.codes.always.is_empty() => Rule::Code,
        _ if !own.codes.by_term.is_empty() => Rule::CodeForTerm,
        ColumnType::Token => Rule::Token,
        ColumnType::String if own.pattern_digits.is_some() => Rule::Digits,
        _ if own.min.or(own.max).is_some() => Rule::Range,
        _ => Rule::Type,
    };
    expected(contract, name, rule)
}

/// Tables below `folder`, in the order of their paths.
pub(super) fn tables_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let path = entry?.path();
            // Links may lead anywhere, also in a circle.
            let kind = fs_err::symlink_metadata(&path)?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && is_text_table(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Proposals for `files`, one for all files of a layout, with the patterns of their names.
pub(super) fn sniff_all(
    files: &[PathBuf],
    contracts: &[TableContract],
    rules: &HeaderRules,
    printer: &Printer,
) -> Vec<Proposal> {
    let mut proposals: Vec<Proposal> = Vec::new();
    for file in files {
        let proposal = match sniff(file, contracts, rules, None) {
            Ok(proposal) => proposal,
            Err(error) => {
                printer.failure(&error);
                continue;
            }
        };
        let headers = |own: &Proposal| -> Vec<String> {
            own.columns
                .iter()
                .map(|column| column.header.clone())
                .collect()
        };
        let pattern = name_pattern(file);
        let same = proposals
            .iter_mut()
            .find(|own| headers(own) == headers(&proposal));
        match same {
            Some(own) if !own.mapping.files.contains(&pattern) => own.mapping.files.push(pattern),
            Some(_) => (),
            None => {
                let mut proposal = proposal;
                proposal.mapping.files = vec![pattern];
                tell(&proposal, contracts, printer);
                proposals.push(proposal);
            }
        }
    }
    proposals
}

/// `健診_2024.csv` → `健診_*.csv`: next year's file fits as well.
fn name_pattern(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut pattern = String::new();
    let mut digits = String::new();
    for c in name.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.len() {
            0..4 => pattern.push_str(&digits),
            _ => pattern.push('*'),
        }
        digits.clear();
        if c != '\0' {
            pattern.push_str(&glob::Pattern::escape(&c.to_string()));
        }
    }
    pattern
}

/// Writes proposals into `mappings/` of the project in `folder`, each under a name that is free, and returns their names.
pub(super) fn write(proposals: &[Proposal], folder: &Path) -> std::io::Result<Vec<String>> {
    let mappings = folder.join(MAPPINGS_FOLDER);
    fs_err::create_dir_all(&mappings)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut written = Vec::new();
    for proposal in proposals {
        let table = proposal.mapping.table.as_str();
        let name = loop {
            let n = counts.entry(table).or_default();
            *n += 1;
            let name = match *n {
                1 => format!("{table}.toml"),
                n => format!("{table}_{n}.toml"),
            };
            if !mappings.join(&name).exists() {
                break name;
            }
        };
        fs_err::write(mappings.join(&name), proposal.to_toml())?;
        written.push(format!("{MAPPINGS_FOLDER}/{name}"));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::name_pattern;
    use std::path::Path;

    #[test]
    fn years_in_names_are_any_years() {
        let pattern = |name: &str| name_pattern(Path::new(name));
        assert_eq!(pattern("x/健診_2024.csv"), "健診_*.csv");
        assert_eq!(pattern("sheet1.xlsx"), "sheet1.xlsx");
        assert_eq!(pattern("20240401_a[1].csv"), "*_a[[]1[]].csv");
    }
}
