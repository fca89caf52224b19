//! Which tables of the lake may hold persons.

use std::collections::BTreeSet;

use crate::contract::TableContract;
use crate::ingest::rejects_table;
use crate::lake::{Lake, LakeError};
use crate::pipeline::{Identity, Materialize, Project, Sensitivity, is_record};
use crate::release_ledger::is_of_releases;
use crate::withdrawals::PersonColumns;

/// The tables of a lake that may hold persons, by what is done with them.
#[derive(Debug, Default)]
pub(super) struct Scope<'p> {
    /// Raw tables whose rows are of persons, by which columns; their rejected rows go with them.
    pub(super) raw: Vec<(&'p str, PersonColumns)>,
    /// Their contracts.
    pub(super) contracts: Vec<&'p TableContract>,
    /// Tables that give numbers to keys.
    pub(super) identities: Vec<(&'p str, &'p Identity)>,
    /// Tables with rows of persons that queries make of these, also queries that the project no longer has.
    pub(super) derived: Vec<String>,
    /// Tables that another program wrote.
    pub(super) others: Vec<String>,
}

impl<'p> Scope<'p> {
    /// The tables of `lake`, as the contracts and queries of `project` say.
    pub(super) async fn of(project: &'p Project, lake: &Lake) -> Result<Self, LakeError> {
        let mut scope = Self::default();
        for contract in &project.contracts {
            let columns = PersonColumns::of(contract, &project.contracts);
            if !columns.are_none() {
                scope.raw.push((&contract.name, columns));
                scope.contracts.push(contract);
            }
        }
        let raw = scope.raw.iter();
        let mut reached: BTreeSet<String> = raw
            .flat_map(|(name, _)| [(*name).to_owned(), rejects_table(name)])
            .collect();
        for query in project.dag.queries() {
            if query.reads.is_disjoint(&reached) {
                continue;
            }
            reached.insert(query.name.clone());
            let header = &query.header;
            if let Some(identity) = &header.identity {
                scope.identities.push((&query.name, identity));
            } else if header.materialize == Materialize::Table
                && header.sensitivity == Sensitivity::Person
                && lake.has_table(&query.name)
            {
                scope.derived.push(query.name.clone());
            }
        }
        scope.add_unknown(project, lake).await?;
        Ok(scope)
    }

    /// Adds the tables that the project does not know.
    async fn add_unknown(&mut self, project: &Project, lake: &Lake) -> Result<(), LakeError> {
        let own = project.own_tables();
        for name in lake.table_names()? {
            let is_known = project.contract(&name).is_some()
                || project.dag.query(&name).is_some()
                || own.contains_key(&name);
            if is_known || is_record(&name) || is_of_releases(&name) {
                continue;
            }
            let Some(table) = lake.table(&name).await? else {
                continue;
            };
            let made = table.provenance.as_ref();
            match made.is_some_and(|made| !made.query_hash.is_empty()) {
                true => self.derived.push(name),
                false => self.others.push(name),
            }
        }
        Ok(())
    }
}
