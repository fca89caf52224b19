//! What the site is made of: the project, what is known about its tables, and how the tables depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::SchemaRef;

use crate::checks::CheckResult;
use crate::pipeline::{Lineage, Meanings, Project};
use crate::report::Lang;

/// What the site is made of.
#[derive(Debug)]
pub struct Site<'a> {
    /// Contracts and queries.
    pub project: &'a Project,
    /// What columns are made of.
    pub lineage: &'a Lineage,
    /// What columns mean.
    pub meanings: &'a Meanings,
    /// Columns of korabo's own tables.
    pub own_tables: &'a BTreeMap<String, SchemaRef>,
    /// How the checks ended; empty when nothing was counted yet.
    pub results: &'a [CheckResult],
    /// Language of headings; names and comments stay as they are written.
    pub lang: Lang,
}

impl Site<'_> {
    /// Tables that table `name` is made of.
    pub(super) fn reads(&self, name: &str) -> BTreeSet<&str> {
        match self.project.dag.query(name) {
            Some(query) => query.reads.iter().map(String::as_str).collect(),
            None => BTreeSet::new(),
        }
    }

    /// Tables that are made of table `name`.
    pub(super) fn readers(&self, name: &str) -> BTreeSet<&str> {
        let queries = self.project.dag.queries().iter();
        let readers = queries.filter(|query| query.reads.contains(name));
        readers.map(|query| query.name.as_str()).collect()
    }

    /// What a column means, in the site's language; empty where it is not known.
    pub(super) fn meaning(&self, table: &str, column: &str) -> &str {
        let meaning = self.meanings.column(table, column);
        meaning.map_or("", |meaning| meaning.in_lang(self.lang))
    }

    /// The columns of a table, as its page lists them.
    pub(super) fn columns(&self, table: &str) -> Vec<String> {
        if let Some(contract) = self.project.contract(table) {
            let columns = contract.columns.iter();
            return columns.map(|column| column.name.clone()).collect();
        }
        let made = self.lineage.table(table).map(|made| &made.schema);
        let schema = made.or_else(|| self.own_tables.get(table));
        let fields = schema.into_iter().flat_map(|schema| schema.fields());
        fields.map(|field| field.name().clone()).collect()
    }

    /// The anchor of a column on its table's page; `None` where there is no such column.
    pub(super) fn anchor(&self, table: &str, column: &str) -> Option<String> {
        let mut columns = self.columns(table).into_iter();
        let position = columns.position(|known| known == column);
        position.map(|position| format!("c{position}"))
    }
}
