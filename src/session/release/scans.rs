//! Scans below a grouping: tables of the project by their place in the catalogue, with what their columns are.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::{MemTable, source_as_provider};
use datafusion::logical_expr::{LogicalPlan, TableScan};

use super::error::ReleaseError;
use super::estimates::is_estimates;
use super::lineage::{Kind, Root, RowOwner, Rows};
use super::rules::ReleaseRules;
use crate::disclosure::RELEASED_PREFIX;
use crate::session::provider::LakeTableProvider;
use crate::session::user::{CATALOG, SCHEMA};
use crate::session::views::WholeView;

/// The engine's name of the catalogue where no other is set.
const ENGINE: &str = "datafusion";

/// The name of a scanned table of the project.
///
/// # Errors
/// For files, and tables that are made as the statement runs.
pub(super) fn table<'a>(
    scan: &'a TableScan,
    rules: &ReleaseRules,
) -> Result<&'a str, ReleaseError> {
    let name = scan.table_name.table();
    let is_known = rules.person_tables.contains(name)
        || rules.aggregate_tables.contains(name)
        || is_released(name, rules);
    // A table of the same name in another catalogue or schema is not the one that the roles describe.
    let is_there = match &scan.table_name {
        TableReference::Bare { .. } => true,
        TableReference::Partial { schema, .. } => schema.as_ref() == SCHEMA,
        TableReference::Full {
            catalog, schema, ..
        } => [CATALOG, ENGINE].contains(&catalog.as_ref()) && schema.as_ref() == SCHEMA,
    };
    let provider = source_as_provider(&scan.source)?;
    match is_known && is_there && is_of_project(provider.as_ref()) {
        true => Ok(name),
        false => Err(ReleaseError::UnknownTable {
            table: name.to_owned(),
        }),
    }
}

/// Whether a table has left already, protected as it is.
pub(super) fn is_released(name: &str, rules: &ReleaseRules) -> bool {
    name.starts_with(RELEASED_PREFIX) && !rules.person_tables.contains(name)
}

fn is_of_project(provider: &dyn TableProvider) -> bool {
    provider.is::<LakeTableProvider>() || provider.is::<WholeView>() || provider.is::<MemTable>()
}

/// The rows of a scan.
///
/// # Errors
/// For tables of which nothing is known, and those whose rows are protected numbers.
pub(super) fn rows(scan: &TableScan, rules: &ReleaseRules) -> Result<Rows, ReleaseError> {
    let name = table(scan, rules)?;
    let schema = scan.source.schema();
    let is_person = rules.person_tables.contains(name);
    if !is_person && !is_free(&schema) && !is_released(name, rules) {
        return Err(ReleaseError::ProtectedBelow {
            table: name.to_owned(),
        });
    }
    let kinds = schema.fields().iter();
    let kinds: Vec<Kind> = kinds.map(|field| kind(name, field, rules)).collect();
    let has_person = kinds.iter().any(|kind| matches!(kind, Kind::Person(_)));
    let owner = match (has_person, rules.roles.records.contains_key(name)) {
        (true, _) => RowOwner::Person,
        (false, true) => RowOwner::Record(name.to_owned()),
        (false, false) => RowOwner::NoPerson,
    };
    // A filter within the scan would be missed by those who read conditions from the plan's filter nodes.
    let is_whole = scan.projection.is_none() && scan.filters.is_empty() && scan.fetch.is_none();
    if !is_whole {
        let what = "this step";
        return Err(ReleaseError::Below { what });
    }
    Ok(Rows {
        plan: LogicalPlan::TableScan(scan.clone()),
        kinds,
        owner,
    })
}

/// Whether an aggregate table holds neither estimates nor counts of persons, so that it may leave as it is.
pub(super) fn is_free(schema: &Schema) -> bool {
    let is_count = |field: &Field| field.name().starts_with("n_") && field.data_type().is_integer();
    !is_estimates(schema) && !schema.fields().iter().any(|field| is_count(field))
}

fn kind(table: &str, field: &Field, rules: &ReleaseRules) -> Kind {
    let name = field.name().as_str();
    let root = Root {
        table: table.to_owned(),
        column: name.to_owned(),
        scan: 0,
    };
    if rules.person_columns.contains(&name) {
        return Kind::Person(name.to_owned());
    }
    if rules.household_columns.contains(&name) {
        return Kind::Household(root);
    }
    match field.data_type() {
        DataType::Boolean => Kind::Discrete(BTreeSet::from([root])),
        _ => Kind::Plain(BTreeSet::from([root])),
    }
}
