//! What the columns of tables mean. Raw tables have it from their contracts and korabo's own from a file; a column that a query makes has
//! it from the first of these that knows it: its entry under its table in `columns.toml`; the column, of a table or of a relation's
//! result, that it takes over ([`super::origins`]); the entry for its name; the indicator of its name; in views of evaluation plans,
//! korabo's own entry.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::logical_expr::LogicalPlan;

use super::error::PipelineError;
use super::header::Materialize;
use super::lineage::{Lineage, MadeTable};
use super::origins::{Origin, Origins, origins_of};
use super::project::Project;
use super::query::Query;
use crate::contract::{DELIVERY_ID, ROW_NUMBER};
use crate::diagnostic::did_you_mean;
use crate::functions;
use crate::session::Session;
use crate::vocabulary::{ColumnEntry, Lang, Meaning};

/// What korabo's own entries call the views of evaluation plans.
const PLANS: &str = "plans";

/// What the columns of tables mean.
#[derive(Debug, Default)]
pub struct Meanings {
    /// Of each table the columns, in order.
    tables: BTreeMap<String, Vec<(String, Option<Meaning>)>>,
}

impl Meanings {
    /// Those of all tables of a project, from the plans of its queries.
    #[must_use]
    pub fn of(project: &Project, lineage: &Lineage) -> Self {
        let mut meanings = Self::given(project);
        for query in project.dag.queries() {
            if let Some(made) = lineage.table(&query.name) {
                let columns = meanings.of_query(project, query, made);
                meanings.tables.insert(query.name.clone(), columns);
            }
        }
        meanings
    }

    async fn of_plan(
        project: &Project,
        session: &Session,
        plan: &LogicalPlan,
    ) -> Result<Vec<Option<Meaning>>, PipelineError> {
        let is_view = |name: &str| {
            let query = project.dag.query(name);
            query.is_some_and(|query| query.header.materialize == Materialize::View)
        };
        let origins = origins_of(plan, &is_view);
        let made: BTreeSet<String> = origins
            .iter()
            .flatten()
            .flatten()
            .filter_map(|origin| match origin {
                Origin::Table { column, .. } => Some(column.table.clone()),
                Origin::Relation { .. } => None,
            })
            .filter(|table| project.dag.query(table).is_some())
            .collect();
        let lineage = match made.is_empty() {
            true => Lineage::default(),
            false => Lineage::of_tables(project, session, &made).await?,
        };
        let meanings = Self::of(project, &lineage);
        let names = plan.schema().fields().iter().map(|field| field.name());
        let columns = names.zip(&origins);
        Ok(columns
            .map(|(name, origins)| meanings.inherited(name, origins))
            .collect())
    }

    /// What the columns that a planned query returns mean, as texts in `lang`, as far as they are columns of tables or results of
    /// relations. The queries that make the tables are planned, apart from the tables that `session` knows; no data are read. Where
    /// one of them does not plan, nothing is known.
    pub async fn texts_of_plan(
        project: &Project,
        session: &Session,
        plan: &LogicalPlan,
        lang: Lang,
    ) -> Vec<Option<String>> {
        let found = Self::of_plan(project, session, plan).await;
        let found = found.unwrap_or_default().into_iter();
        found
            .map(|meaning| Some(meaning?.in_lang(lang).to_owned()))
            .collect()
    }

    /// The columns of `table`, in order, with what they mean; empty where the table is not known.
    #[must_use]
    pub fn table(&self, table: &str) -> &[(String, Option<Meaning>)] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// What a column means, as far as it is known.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<&Meaning> {
        let mut columns = self.table(table).iter();
        columns.find(|(name, _)| name == column)?.1.as_ref()
    }

    /// Tables that exist without a query.
    fn given(project: &Project) -> Self {
        let own = ColumnEntry::own();
        let added = [DELIVERY_ID, ROW_NUMBER]
            .map(|name| (name.to_owned(), ColumnEntry::find(own, None, name).cloned()));
        let raw = project.contracts.iter().map(|contract| {
            let columns = contract.columns.iter();
            let columns = columns.map(|column| (column.name.clone(), Some(column.meaning())));
            (
                contract.name.clone(),
                columns.chain(added.iter().cloned()).collect(),
            )
        });
        let records = project.own_tables().into_iter().map(|(table, schema)| {
            let entry = match table.starts_with("rejects_") {
                true => "rejects",
                false => table.as_str(),
            };
            let columns = schema.fields().iter().map(|field| {
                let meaning = ColumnEntry::find(own, Some(entry), field.name());
                let meaning = meaning.or_else(|| ColumnEntry::find(own, None, field.name()));
                (field.name().clone(), meaning.cloned())
            });
            let columns = columns.collect();
            (table, columns)
        });
        Self {
            tables: raw.chain(records).collect(),
        }
    }

    /// The columns that `query` makes, those of the tables before it being known.
    fn of_query(
        &self,
        project: &Project,
        query: &Query,
        made: &MadeTable,
    ) -> Vec<(String, Option<Meaning>)> {
        let entries = &project.columns;
        let tables = [Some(query.name.as_str()), template_of(query)];
        let in_table = |column: &str| {
            let mut tables = tables.into_iter().flatten();
            tables.find_map(|table| ColumnEntry::find(entries, Some(table), column))
        };
        let meaning = |column: &str, origins: &Origins, is_yes_no: bool| {
            let own = in_table(column).cloned();
            own.or_else(|| self.inherited(column, origins))
                .or_else(|| ColumnEntry::find(entries, None, column).cloned())
                .or_else(|| {
                    let indicator = project.vocabulary.indicator(column)?;
                    Some(indicator.meaning(is_yes_no))
                })
                .or_else(|| {
                    query.evaluation()?;
                    ColumnEntry::find(ColumnEntry::own(), Some(PLANS), column).cloned()
                })
        };
        let mut columns: Vec<(String, Option<Meaning>)> = made
            .columns
            .iter()
            .map(|column| {
                let is_yes_no = column.data_type == "Boolean";
                let found = meaning(&column.name, &column.origins, is_yes_no);
                (column.name.clone(), found)
            })
            .collect();
        if let Some(identity) = &query.header.identity {
            columns.push((identity.id.clone(), meaning(&identity.id, &None, false)));
        }
        columns
    }

    /// What a column called `name` means because of what it takes over; `None` too where that means different things. One value of
    /// several means the same as long as it is called the same.
    fn inherited(&self, name: &str, origins: &Origins) -> Option<Meaning> {
        let mut found: Option<Meaning> = None;
        for origin in origins.as_ref()? {
            let meaning = match origin {
                Origin::Table { column, is_picked } => {
                    let keeps = !is_picked || column.column == name;
                    let meaning = self.column(&column.table, &column.column);
                    meaning.filter(|_| keeps)?.clone()
                }
                Origin::Relation {
                    name: relation,
                    column,
                } => {
                    let column = functions::result_column(relation, column)?;
                    Meaning {
                        ja: column.ja.to_owned(),
                        en: column.en.to_owned(),
                    }
                }
            };
            if found.as_ref().is_some_and(|found| *found != meaning) {
                return None;
            }
            found = Some(meaning);
        }
        found
    }

    /// Columns that queries of `project` make and of which nothing says what they mean, as `table.column`.
    #[must_use]
    pub fn missing(&self, project: &Project) -> Vec<String> {
        let made = project.dag.queries().iter();
        made.flat_map(|query| {
            let columns = self.table(&query.name).iter();
            let unknown = columns.filter(|(_, meaning)| meaning.is_none());
            unknown.map(|(column, _)| format!("{}.{column}", query.name))
        })
        .collect()
    }

    /// Entries of `columns.toml` that no table of `project` has a column for: each with its place and the nearest name.
    #[must_use]
    pub fn unused(&self, project: &Project) -> Vec<String> {
        let queries = project.dag.queries();
        let names = |query: &Query| {
            [
                Some(query.name.clone()),
                template_of(query).map(str::to_owned),
            ]
        };
        let unused = |entry: &ColumnEntry| {
            let (at, column) = (&entry.at, &entry.column);
            let tables = queries.iter().filter(|query| match &entry.table {
                Some(table) => names(query).iter().flatten().any(|name| name == table),
                None => true,
            });
            let tables: Vec<&Query> = tables.collect();
            if let (Some(table), []) = (&entry.table, tables.as_slice()) {
                let known: Vec<String> = queries.iter().flat_map(names).flatten().collect();
                let near = did_you_mean(table, known.iter().map(String::as_str));
                return Some(format!("{at}: no query makes a table `{table}`{near}"));
            }
            let columns = tables.iter().flat_map(|query| self.table(&query.name));
            let columns: BTreeSet<&str> = columns.map(|(name, _)| name.as_str()).collect();
            if columns.contains(column.as_str()) {
                return None;
            }
            let near = did_you_mean(column, columns);
            Some(match &entry.table {
                Some(table) => format!("{at}: `{table}` has no column `{column}`{near}"),
                None => format!("{at}: no query makes a column `{column}`{near}"),
            })
        };
        project.columns.iter().filter_map(unused).collect()
    }
}

/// The template that made a query: the name of its file.
fn template_of(query: &Query) -> Option<&str> {
    query.file.file_stem()?.to_str()
}
