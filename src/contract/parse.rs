//! `schemas/*.toml` → [`TableContract`]. This file reads the keys; whether they fit each other is
//! checked in `check`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::{Checker, check_references, is_fields};
use super::column::{CodeList, ColumnContract, ColumnType, Privacy, ROW_NUMBER};
use super::error::ContractError;
use super::table::{ForeignKey, Holder, RowRule, TableContract};
use crate::diagnostic::SourceLocation;
use crate::regular_file;
use crate::toml_reader::{Located, TomlDocument, TomlItem, TomlTable};

const TABLE_KEYS: &[&str] = &[
    "description",
    "description_ja",
    "grain",
    "holder",
    "key",
    "partition_by",
    "references",
    "row_rules",
    "columns",
];
const COLUMN_KEYS: &[&str] = &[
    "name_ja",
    "description",
    "type",
    "pattern_digits",
    "nullable",
    "unit",
    "min",
    "max",
    "codes",
    "codes_by_term",
    "item_codes",
    "privacy",
    "person",
];
const HOLDERS: [(&str, Holder); 4] = [
    ("insurer", Holder::Insurer),
    ("employer", Holder::Employer),
    ("municipality", Holder::Municipality),
    ("public", Holder::Public),
];
const PRIVACY: [(&str, Privacy); 3] = [
    ("pseudonym", Privacy::Pseudonym),
    ("sensitive", Privacy::Sensitive),
    ("open", Privacy::Open),
];

/// All contracts of a folder, in the order of their table names. References between them are checked.
///
/// # Errors
/// When the folder or a file cannot be read, or the first contract that is wrong.
pub fn load_dir(dir: &Path) -> Result<Vec<TableContract>, ContractError> {
    let unreadable = |file: &Path, source| ContractError::Read {
        file: file.to_path_buf(),
        source,
    };
    let entries = fs_err::read_dir(dir).map_err(|source| unreadable(dir, source))?;
    let mut files = Vec::<PathBuf>::new();
    for entry in entries {
        let path = entry.map_err(|source| unreadable(dir, source))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    let mut contracts = Vec::with_capacity(files.len());
    let mut references = Vec::new();
    for file in &files {
        let text = regular_file::read_to_string(file).map_err(|source| unreadable(file, source))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let (contract, located) = read_contract(&name, file, &text)?;
        contracts.push(contract);
        references.extend(located);
    }
    check_references(&contracts, &references)?;
    Ok(contracts)
}

impl TableContract {
    /// Reads the contract of table `name` from `text`, the content of `file`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place in the file.
    pub fn parse(name: &str, file: &Path, text: &str) -> Result<Self, ContractError> {
        Ok(read_contract(name, file, text)?.0)
    }
}

fn read_contract(
    name: &str,
    file: &Path,
    text: &str,
) -> Result<(TableContract, Vec<Located<ForeignKey>>), ContractError> {
    let document = TomlDocument::parse(file, text)?;
    let root = document.root();
    root.check_keys(TABLE_KEYS)?;
    let columns = read_columns(&root)?;
    let checker = Checker {
        table: name,
        columns: &columns,
    };
    checker.table_name(name, &root.location())?;
    checker.columns(&root)?;
    let key = read_key(&root, &checker)?;
    if key.is_empty() {
        return Err(ContractError::NoKey {
            at: root.require("key")?.location(),
        });
    }

    /// The key: columns, or the row's number alone where any row may occur twice.
    fn read_key(root: &TomlTable<'_>, checker: &Checker<'_>) -> Result<Vec<String>, ContractError> {
        let item = root.require("key")?;
        let elements = item.elements()?;
        if let [only] = elements.as_slice()
            && only.text()? == ROW_NUMBER
        {
            return Ok(vec![ROW_NUMBER.to_owned()]);
        }
        checker.column_list(&item)
    }
    let partition_by = match root.get("partition_by") {
        Some(item) => checker.partition_columns(&item)?,
        None => Vec::new(),
    };
    let references = read_list(&root, "references", |table| read_reference(table, &checker))?;
    let row_rules = read_list(&root, "row_rules", |table| read_rule(table, &checker))?;
    let contract = TableContract {
        name: name.to_owned(),
        file: file.to_path_buf(),
        description: root.required("description")?,
        description_ja: root.required("description_ja")?,
        grain: root.required("grain")?,
        holder: root.require("holder")?.one_of(&HOLDERS)?,
        key,
        partition_by,
        references: references
            .iter()
            .map(|reference| reference.value.clone())
            .collect(),
        columns,
        row_rules,
    };
    Ok((contract, references))
}

fn read_list<T>(
    root: &TomlTable<'_>,
    key: &str,
    read: impl Fn(&TomlTable<'_>) -> Result<T, ContractError>,
) -> Result<Vec<T>, ContractError> {
    let Some(item) = root.get(key) else {
        return Ok(Vec::new());
    };
    item.elements()?
        .iter()
        .map(|element| read(&element.table()?))
        .collect()
}

fn read_columns(root: &TomlTable<'_>) -> Result<Vec<ColumnContract>, ContractError> {
    root.require("columns")?
        .table()?
        .items()
        .iter()
        .map(read_column)
        .collect()
}

fn read_column(item: &TomlItem<'_>) -> Result<ColumnContract, ContractError> {
    let table = item.table()?;
    table.check_keys(COLUMN_KEYS)?;
    let data_type = table.require("type")?.one_of(&ColumnType::WORDS)?;
    let person: Option<bool> = table.optional("person")?;
    Ok(ColumnContract {
        name: item.last_key().to_owned(),
        name_ja: table.required("name_ja")?,
        description: table.required("description")?,
        data_type,
        nullable: table.optional("nullable")?.unwrap_or(false),
        unit: table.optional("unit")?,
        pattern_digits: table.optional("pattern_digits")?,
        min: table.optional("min")?,
        max: table.optional("max")?,
        codes: read_codes(&table, item.last_key())?,
        item_codes: table.optional("item_codes")?.unwrap_or_default(),
        privacy: table.require("privacy")?.one_of(&PRIVACY)?,
        is_person: person.unwrap_or(data_type == ColumnType::Token),
    })
}

fn read_codes(table: &TomlTable<'_>, column: &str) -> Result<CodeList, ContractError> {
    let codes = table.get("codes");
    let are_fields = codes.as_ref().is_some_and(is_fields);
    if are_fields && let Some(by_term) = table.get("codes_by_term") {
        let (at, column) = (by_term.key_location(), column.to_owned());
        return Err(ContractError::TwoCodeLists { at, column });
    }
    if are_fields {
        return Ok(CodeList {
            are_fields: true,
            ..CodeList::default()
        });
    }
    let always = codes
        .map(|item| read_labels(&item))
        .transpose()?
        .unwrap_or_default();
    let Some(by_term) = table.get("codes_by_term") else {
        return Ok(CodeList {
            always,
            ..CodeList::default()
        });
    };
    if !always.is_empty() {
        let (at, column) = (by_term.key_location(), column.to_owned());
        return Err(ContractError::TwoCodeLists { at, column });
    }
    let mut terms = BTreeMap::new();
    for item in by_term.table()?.items() {
        let term = item
            .last_key()
            .parse()
            .map_err(|_| ContractError::UnknownTerm {
                at: item.key_location(),
                term: item.last_key().to_owned(),
            })?;
        terms.insert(term, read_labels(&item)?);
    }
    if terms.is_empty() {
        let (at, key) = (by_term.location(), by_term.key().to_owned());
        return Err(ContractError::NoCodes { at, key });
    }
    Ok(CodeList {
        always,
        by_term: terms,
        are_fields: false,
    })
}

fn read_labels(item: &TomlItem<'_>) -> Result<BTreeMap<String, String>, ContractError> {
    let mut labels = BTreeMap::new();
    for code in item.table()?.items() {
        labels.insert(code.last_key().to_owned(), code.text()?.to_owned());
    }
    if labels.is_empty() {
        let (at, key) = (item.location(), item.key().to_owned());
        return Err(ContractError::NoCodes { at, key });
    }
    Ok(labels)
}

fn read_reference(
    table: &TomlTable<'_>,
    checker: &Checker<'_>,
) -> Result<Located<ForeignKey>, ContractError> {
    table.check_keys(&["columns", "table", "table_columns"])?;
    let target: Located<String> = table.required("table")?;
    let columns = checker.column_list(&table.require("columns")?)?;
    let table_columns: Vec<String> = table.required("table_columns")?;
    let at: SourceLocation = target.at;
    if columns.is_empty() || columns.len() != table_columns.len() {
        return Err(ContractError::ReferenceShape { at });
    }
    Ok(Located {
        value: ForeignKey {
            columns,
            table: target.value,
            table_columns,
        },
        at,
    })
}

fn read_rule(table: &TomlTable<'_>, checker: &Checker<'_>) -> Result<RowRule, ContractError> {
    table.check_keys(&["not_after", "fiscal_year_of"])?;
    let items = table.items();
    let [item] = items.as_slice() else {
        return Err(ContractError::RuleShape {
            at: table.location(),
        });
    };
    let names = checker.column_list(item)?;
    let [first, second] = names.as_slice() else {
        return Err(ContractError::RuleShape {
            at: item.location(),
        });
    };
    let rule = if item.last_key() == "not_after" {
        RowRule::NotAfter {
            first: first.clone(),
            second: second.clone(),
        }
    } else {
        RowRule::FiscalYearOf {
            fiscal_year: first.clone(),
            date: second.clone(),
        }
    };
    checker.rule(&rule, &item.location())?;
    Ok(rule)
}
