//! A whole project in memory: configuration, contracts and ordered queries, checked against each other.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::DataFrame;
use sha2::{Digest as _, Sha256};

use super::dag::{Dag, GivenTables};
use super::error::PipelineError;
use super::history::{self, RUN_STEPS, RUNS, TEST_RESULTS};
use super::query::Query;
use super::query_files::load_queries;
use crate::checks::{self, CHECK_RESULTS, Check};
use crate::config::{ParameterValue, ProjectConfig};
use crate::contract::{self, TableContract};
use crate::diagnostic::did_you_mean;
use crate::evaluation::Evaluations;
use crate::ingest;
use crate::lake::Lake;
use crate::release_ledger::{self, RELEASE_ANSWERS, RELEASE_CELLS, RELEASE_COUNTS, RELEASES};
use crate::session::Session;
use crate::vocabulary::{ColumnEntry, Vocabulary, VocabularyError};
use crate::withdrawals::{self, WITHDRAWALS, WITHDRAWN_KEYS};

/// A project whose parts fit together.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project file's content.
    pub config: ProjectConfig,
    /// Program fields and indicators.
    pub vocabulary: Vocabulary,
    /// Evaluation plans.
    pub evaluations: Evaluations,
    /// What columns mean.
    pub columns: Vec<ColumnEntry>,
    /// Contracts of the raw tables.
    pub contracts: Vec<TableContract>,
    /// Queries in running order.
    pub dag: Dag,
    /// Checks that follow from the contracts.
    pub checks: Vec<Check>,
}

impl Project {
    /// Reads contracts and queries of a project and checks names, stages and parameters.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(config: ProjectConfig) -> Result<Self, PipelineError> {
        Self::load_with(config, |_| ())
    }

    /// The same with plans that `change` has changed.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn load_with(
        config: ProjectConfig,
        change: impl FnOnce(&mut Evaluations),
    ) -> Result<Self, PipelineError> {
        let vocabulary = Vocabulary::load(&config.folder)?;
        let columns = ColumnEntry::load(&config.folder)?;
        let mut contracts = contract::load_dir(&config.folder.join("schemas"))?;
        insert_fields(&mut contracts, &vocabulary)?;
        let mut evaluations = Evaluations::load(&config.folder, &vocabulary)?;
        change(&mut evaluations);
        let queries = load_queries(&config.folder, &vocabulary, &evaluations)?;
        let given = given_tables(&contracts);
        for query in &queries {
            let given = query.parameters_in(&config);
            let is_given = |name: &String| given.iter().any(|(given, _)| given == name);
            if let Some(name) = query.parameters.iter().find(|name| !is_given(name)) {
                return Err(PipelineError::UnknownParameter {
                    at: query.location_of(name),
                    name: name.clone(),
                });
            }
        }
        for table in config.sources.keys() {
            if !given.raw.contains(table) {
                let hint = did_you_mean(table, given.raw.iter().map(String::as_str));
                return Err(PipelineError::NoContract {
                    table: table.clone(),
                    hint,
                });
            }
        }
        let dag = Dag::try_new(queries, &given)?;
        let checks = checks::catalogue(&contracts, &config.checks)?;
        Ok(Self {
            config,
            vocabulary,
            evaluations,
            columns,
            contracts,
            dag,
            checks,
        })
    }

    /// The contract of raw table `name`.
    #[must_use]
    pub fn contract(&self, name: &str) -> Option<&TableContract> {
        self.contracts.iter().find(|contract| contract.name == name)
    }

    /// Values of the parameters `query` uses.
    #[must_use]
    pub fn parameters_of(&self, query: &Query) -> Vec<(String, ParameterValue)> {
        query.parameters_in(&self.config)
    }

    /// Reads what the lake has of the project's tables, all at once.
    pub(super) async fn read_ahead(&self, lake: &Lake) {
        let contracts = self.contracts.iter().map(|contract| contract.name.as_str());
        let queries = self.dag.queries().iter().map(|query| query.name.as_str());
        lake.read_ahead(contracts.chain(queries)).await;
    }

    /// Tables that korabo writes about its own work, with their columns.
    #[must_use]
    pub fn own_tables(&self) -> BTreeMap<String, SchemaRef> {
        let contracts = self.contracts.iter();
        let rejects = contracts.map(|contract| {
            (
                ingest::rejects_table(&contract.name),
                ingest::rejects_schema(),
            )
        });
        let records = records().map(|(name, schema)| (name.to_owned(), schema));
        rejects.chain(records).collect()
    }

    /// The columns of table `name` where nothing was delivered to it or recorded in it yet: those of a contract, or of a table that
    /// korabo writes about its own work.
    #[must_use]
    pub fn given_schema(&self, name: &str) -> Option<SchemaRef> {
        if let Some(contract) = self.contract(name) {
            return Some(contract.lake_schema());
        }
        let rejected = name.strip_prefix("rejects_");
        if rejected.is_some_and(|raw| self.contract(raw).is_some()) {
            return Some(ingest::rejects_schema());
        }
        let mut records = records().into_iter();
        records.find_map(|(own, schema)| (own == name).then_some(schema))
    }

    /// SHA-256 of all that [`Project::check_queries`] looks at, of what columns mean and of korabo's version: a project with the same
    /// one need not be checked again.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        add(env!("CARGO_PKG_VERSION"));
        self.contracts
            .iter()
            .for_each(|contract| add(&contract.sha256()));
        for query in self.dag.queries() {
            add(&query.name);
            add(&query.text);
        }
        add(&format!("{:?}", self.config.parameters));
        add(&format!("{:?}", self.vocabulary));
        add(&format!("{:?}", self.columns));
        hex::encode(hasher.finalize())
    }

    /// Plans `query` with its parameters, over the tables that `session` knows.
    pub(super) async fn plan_query(
        &self,
        session: &Session,
        query: &Query,
    ) -> Result<DataFrame, PipelineError> {
        let parameters = self.parameters_of(query);
        let planned = session.plan(&query.text, &parameters).await;
        planned.map_err(|source| query.not_planned(source))
    }
}

/// What korabo records about its work: tables besides the `rejects_*`, and their columns.
fn records() -> [(&'static str, SchemaRef); 11] {
    [
        (ingest::DELIVERIES, ingest::deliveries_schema()),
        (RUNS, history::runs_schema()),
        (RUN_STEPS, history::run_steps_schema()),
        (TEST_RESULTS, history::test_results_schema()),
        (CHECK_RESULTS, checks::check_results_schema()),
        (RELEASES, release_ledger::releases_schema()),
        (RELEASE_CELLS, release_ledger::release_cells_schema()),
        (RELEASE_COUNTS, release_ledger::release_counts_schema()),
        (RELEASE_ANSWERS, release_ledger::release_answers_schema()),
        (WITHDRAWALS, withdrawals::withdrawals_schema()),
        (WITHDRAWN_KEYS, withdrawals::withdrawn_keys_schema()),
    ]
}

/// Whether a table holds what korabo records about its work.
#[must_use]
pub fn is_record(table: &str) -> bool {
    records().iter().any(|(name, _)| *name == table)
}

fn given_tables(contracts: &[TableContract]) -> GivenTables {
    let raw: BTreeSet<String> = contracts
        .iter()
        .map(|contract| contract.name.clone())
        .collect();
    let mut own: BTreeSet<String> = raw
        .iter()
        .map(|table| ingest::rejects_table(table))
        .collect();
    own.extend(records().map(|(name, _)| name.to_owned()));
    GivenTables { raw, own }
}

/// Inserts the codes of the program fields where contracts ask for them.
fn insert_fields(
    contracts: &mut [TableContract],
    vocabulary: &Vocabulary,
) -> Result<(), VocabularyError> {
    let fields = vocabulary.fields.iter();
    let codes: BTreeMap<String, String> = fields
        .map(|field| {
            (
                field.name.clone(),
                format!("{} {}", field.name_en, field.name_ja),
            )
        })
        .collect();
    for contract in contracts {
        let asks = contract.columns.iter_mut();
        for column in asks.filter(|column| column.codes.are_fields) {
            if codes.is_empty() {
                return Err(VocabularyError::NoFields {
                    table: contract.name.clone(),
                    column: column.name.clone(),
                });
            }
            column.codes.always.clone_from(&codes);
        }
    }
    Ok(())
}
