//! How few persons share what others may know of them: k of k-anonymity, by sets of columns (`rules/pseudonymize.toml`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;

use super::error::PseudonymizeError;
use crate::project_file::read_or;
use crate::toml_reader::TomlDocument;

/// The file of the rules in a project.
const RULES_FILE: &str = "rules/pseudonymize.toml";
/// The rules of a project without a file of its own.
const BUILT_IN: &str = include_str!("../../rules/pseudonymize.toml");
/// Columns with the token of a person, the first of a table counts.
const PERSONS: [&str; 2] = ["person_key", "employee_key"];

/// Columns by which persons could be recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRules {
    smallest_group: u64,
    /// Sets of columns by table.
    sets: BTreeMap<String, Vec<Vec<String>>>,
}

/// How many persons share the values of some columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupSizes {
    /// The table.
    pub table: String,
    /// The columns.
    pub columns: Vec<String>,
    /// Persons of the smallest group: k.
    pub smallest: u64,
    /// Groups.
    pub groups: u64,
    /// Persons in groups smaller than the rules ask for.
    pub persons_in_small_groups: u64,
    /// Smaller than this is small.
    pub small_below: u64,
}

impl GroupRules {
    /// The rules of the project in `folder`, or those that come with korabo where it has none.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path) -> Result<Self, PseudonymizeError> {
        let shown = Path::new(RULES_FILE);
        Self::parse(shown, &read_or(folder, shown, BUILT_IN)?)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, PseudonymizeError> {
        let document = TomlDocument::parse(file, text)?;
        let root = document.root();
        root.check_keys(&["smallest_group", "quasi_identifiers"])?;
        let smallest = root.require("smallest_group")?;
        let smallest_group = u64::try_from(smallest.integer()?)
            .map_err(|_| smallest.wrong("a number of persons"))?;
        let mut sets = BTreeMap::new();
        if let Some(tables) = root.table("quasi_identifiers")? {
            for item in tables.items() {
                let mut own = Vec::new();
                for set in item.elements()? {
                    let mut columns = Vec::new();
                    for column in set.elements()? {
                        columns.push(column.text()?.to_owned());
                    }
                    own.push(columns);
                }
                sets.insert(item.last_key().to_owned(), own);
            }
        }
        Ok(Self {
            smallest_group,
            sets,
        })
    }
}

/// Persons by the values that they share.
type PersonsByValues = HashMap<Vec<String>, HashSet<String>>;

/// Groups of persons while a delivery is written.
#[derive(Debug)]
pub(super) struct GroupCounter {
    rules: GroupRules,
    /// Persons by the values of each set of columns.
    groups: BTreeMap<(String, Vec<String>), PersonsByValues>,
}

impl GroupCounter {
    pub(super) fn new(rules: GroupRules) -> Self {
        Self {
            rules,
            groups: BTreeMap::new(),
        }
    }

    /// Counts the persons of a batch.
    pub(super) fn add(&mut self, table: &str, batch: &RecordBatch) -> Result<(), ArrowError> {
        let Some(person) = PERSONS
            .iter()
            .find(|own| batch.column_by_name(own).is_some())
        else {
            return Ok(());
        };
        let options = FormatOptions::default();
        for set in self.rules.sets.get(table).into_iter().flatten() {
            let names = set.iter().map(String::as_str).chain([*person]);
            let columns = names.filter_map(|name| batch.column_by_name(name));
            let columns = columns.filter(|column| column.data_type() != &DataType::Null);
            let readers = columns.map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
            let mut readers = readers.collect::<Result<Vec<_>, _>>()?;
            // A column that a contract has no longer is not among them.
            if readers.len() != set.len() + 1 {
                continue;
            }
            let person = readers.pop().expect("the person's column is the last one");
            let key = (table.to_owned(), set.clone());
            let groups = self.groups.entry(key).or_default();
            for row in 0..batch.num_rows() {
                let values = readers.iter().map(|reader| reader.value(row).to_string());
                let persons = groups.entry(values.collect()).or_default();
                persons.insert(person.value(row).to_string());
            }
        }
        Ok(())
    }

    /// The sizes of the groups.
    pub(super) fn sizes(&self) -> Vec<GroupSizes> {
        let small_below = self.rules.smallest_group;
        let sizes = self.groups.iter().map(|((table, columns), groups)| {
            let sizes: Vec<u64> = groups
                .values()
                .map(|persons| persons.len() as u64)
                .collect();
            let small = sizes.iter().filter(|size| **size < small_below);
            GroupSizes {
                table: table.clone(),
                columns: columns.clone(),
                smallest: sizes.iter().copied().min().unwrap_or_default(),
                groups: sizes.len() as u64,
                persons_in_small_groups: small.sum(),
                small_below,
            }
        });
        sizes.collect()
    }
}
