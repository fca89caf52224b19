//! What of the project's tables may leave through SQL, as contracts and headers say.

use super::header::Sensitivity;
use super::header_columns::{HOUSEHOLD_COLUMNS, PERSON_COLUMNS};
use super::project::Project;
use super::query::Query;
use crate::contract::TableContract;
use crate::session::{ReleaseRules, TableRoles};

impl Project {
    /// What of the project's tables may leave through SQL.
    #[must_use]
    pub fn release_rules(&self) -> ReleaseRules {
        let is_aggregate = |query: &&Query| query.header.sensitivity == Sensitivity::Aggregate;
        let (aggregate, person): (Vec<&Query>, Vec<&Query>) =
            self.dag.queries().iter().partition(is_aggregate);
        let name = |query: &Query| query.name.clone();
        let raw = self.contracts.iter().map(|contract| contract.name.clone());
        ReleaseRules {
            disclosure: self.config.disclosure,
            person_tables: raw.chain(person.into_iter().map(name)).collect(),
            aggregate_tables: aggregate.into_iter().map(name).collect(),
            person_columns: PERSON_COLUMNS,
            roles: self.table_roles(),
            household_columns: HOUSEHOLD_COLUMNS,
            memory: None,
        }
    }

    /// What contracts and headers say about keys, and about rows that belong to a person's record in another table.
    fn table_roles(&self) -> TableRoles {
        let mut roles = TableRoles::default();
        for contract in &self.contracts {
            roles
                .keys
                .insert(contract.name.clone(), contract.key.clone());
            let has_person = |contract: &TableContract| {
                let names = contract.columns.iter().map(|column| column.name.as_str());
                names.into_iter().any(|name| PERSON_COLUMNS.contains(&name))
            };
            let of_record = contract
                .references
                .iter()
                .find(|reference| self.contract(&reference.table).is_some_and(has_person));
            if let Some(reference) = of_record.filter(|_| !has_person(contract)) {
                roles
                    .records
                    .insert(contract.name.clone(), reference.columns.clone());
            }
        }
        for query in self.dag.queries() {
            let header = &query.header;
            roles.keys.insert(query.name.clone(), header.key.clone());
            // A query over such rows still holds them; the column of its first declared join, if any, names the record.
            let mut of_record = query
                .reads
                .iter()
                .filter_map(|table| roles.records.get(table));
            if let (Some(columns), Sensitivity::Person) = (of_record.next(), header.sensitivity) {
                let joined = header.joins.first().map(|join| join.columns.clone());
                let columns = joined.unwrap_or_else(|| columns.clone());
                roles.records.insert(query.name.clone(), columns);
            }
        }
        roles
    }
}
