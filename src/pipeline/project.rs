//! A whole project in memory: configuration, contracts and ordered queries, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use sha2::{Digest as _, Sha256};

use super::dag::{Dag, GivenTables};
use super::error::PipelineError;
use super::header_columns::{check_header_columns, check_tests};
use super::history::{self, RUN_STEPS, RUNS, TEST_RESULTS};
use super::identity::schema_with_id;
use super::query::Query;
use super::query_files::load_queries;
use super::templates::{self, PANEL, PANEL_INDICATORS};
use crate::checks::{self, CHECK_RESULTS, Check};
use crate::config::{ParameterValue, ProjectConfig};
use crate::contract::{self, TableContract};
use crate::diagnostic::did_you_mean;
use crate::ingest;
use crate::lake::{Lake, storable_schema};
use crate::session::{Session, SessionError};
use crate::vocabulary::{ColumnEntry, Vocabulary, VocabularyError};

/// A project whose parts fit together.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project file's content.
    pub config: ProjectConfig,
    /// Program fields and indicators.
    pub vocabulary: Vocabulary,
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
        let vocabulary = Vocabulary::load(&config.folder)?;
        let columns = ColumnEntry::load(&config.folder)?;
        let mut contracts = contract::load_dir(&config.folder.join("schemas"))?;
        insert_fields(&mut contracts, &vocabulary)?;
        let queries = load_queries(&config.folder, &vocabulary)?;
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

    /// Makes every table known to `session`: lake tables at their latest version, empty ones where
    /// nothing was delivered yet.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn register_given(
        &self,
        session: &Session,
        lake: &Lake,
    ) -> Result<(), PipelineError> {
        for contract in &self.contracts {
            match lake.table(&contract.name).await? {
                Some(table) => session.register_table(table)?,
                None => session.register_empty(&contract.name, contract.lake_schema())?,
            }
            let rejects = ingest::rejects_table(&contract.name);
            register_own(session, lake, &rejects, ingest::rejects_schema()).await?;
        }
        for (name, schema) in records() {
            register_own(session, lake, name, schema).await?;
        }
        Ok(())
    }

    /// Plans every query against the contracts, without reading rows, in `session` (which must be
    /// used for nothing else).
    ///
    /// # Errors
    /// For the first query that does not plan or whose header names a column it does not return.
    pub async fn check_queries(&self, session: &Session) -> Result<(), PipelineError> {
        self.plan_queries(session, &mut |_, _| ()).await
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

    /// Plans every query against the contracts and hands each plan to `visit`, in the order in which they run.
    ///
    /// # Errors
    /// As [`Project::check_queries`].
    pub(super) async fn plan_queries(
        &self,
        session: &Session,
        visit: &mut (dyn FnMut(&Query, &LogicalPlan) + Send),
    ) -> Result<(), PipelineError> {
        self.register_empty_given(session)?;
        for query in self.dag.queries() {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            let schema = made_schema(query, &frame)?;
            check_header_columns(query, &schema)?;
            session.register_empty(&query.name, Arc::clone(&schema))?;
            self.check_vocabulary(session, query, &schema).await?;
            check_tests(session, query, &self.parameters_of(query)).await?;
        }
        Ok(())
    }

    /// Plans the queries that `tables` are made by, step by step, without the checks of [`Project::check_queries`].
    ///
    /// # Errors
    /// For the first query that does not plan.
    pub(super) async fn plan_tables(
        &self,
        session: &Session,
        tables: &BTreeSet<String>,
        visit: &mut (dyn FnMut(&Query, &LogicalPlan) + Send),
    ) -> Result<(), PipelineError> {
        let mut needed: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
        for query in self.dag.queries().iter().rev() {
            if needed.contains(query.name.as_str()) {
                needed.extend(query.reads.iter().map(String::as_str));
            }
        }
        self.register_empty_given(session)?;
        let queries = self.dag.queries().iter();
        for query in queries.filter(|query| needed.contains(query.name.as_str())) {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            session.register_empty(&query.name, made_schema(query, &frame)?)?;
        }
        Ok(())
    }

    /// Makes every table that exists without a query known to `session`, without rows.
    fn register_empty_given(&self, session: &Session) -> Result<(), SessionError> {
        for contract in &self.contracts {
            session.register_empty(&contract.name, contract.lake_schema())?;
            let rejects = ingest::rejects_table(&contract.name);
            session.register_empty(&rejects, ingest::rejects_schema())?;
        }
        for (name, schema) in records() {
            session.register_empty(name, schema)?;
        }
        Ok(())
    }

    /// Checks fields and indicators where `query` makes the table that they are about.
    async fn check_vocabulary(
        &self,
        session: &Session,
        query: &Query,
        schema: &SchemaRef,
    ) -> Result<(), PipelineError> {
        let vocabulary = &self.vocabulary;
        match query.name.as_str() {
            PANEL => {
                let parameters = self.all_parameters();
                templates::check_indicators(session, vocabulary, schema, &parameters).await?;
            }
            PANEL_INDICATORS => {
                let parameters = self.all_parameters();
                templates::check_uses(session, vocabulary, schema, &parameters).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The parameters of the project file.
    fn all_parameters(&self) -> Vec<(String, ParameterValue)> {
        let given = self.config.parameters.iter();
        given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Plans `query` with its parameters, over the tables that `session` knows.
    pub(super) async fn plan_query(
        &self,
        session: &Session,
        query: &Query,
    ) -> Result<DataFrame, PipelineError> {
        let parameters = self.parameters_of(query);
        session
            .plan(&query.text, &parameters)
            .await
            .map_err(|source| PipelineError::Plan {
                query: query.name.clone(),
                place: query
                    .location_of_error(&source)
                    .map_or_else(|| query.file.display().to_string(), |at| at.to_string()),
                source,
            })
    }
}

/// The columns of the table that `query`, planned as `frame`, makes.
fn made_schema(query: &Query, frame: &DataFrame) -> Result<SchemaRef, PipelineError> {
    let schema = storable_schema(&query.name, frame.schema().as_arrow())?;
    Ok(match &query.header.identity {
        Some(identity) => schema_with_id(&schema, identity),
        None => schema,
    })
}

/// Registers a raw or own table as empty, when `name` is one without deliveries.
///
/// # Errors
/// When the engine refuses the name.
pub fn register_undelivered(
    project: &Project,
    session: &Session,
    name: &str,
) -> Result<(), SessionError> {
    let schema = if let Some(contract) = project.contract(name) {
        contract.lake_schema()
    } else if name
        .strip_prefix("rejects_")
        .is_some_and(|raw| project.contract(raw).is_some())
    {
        ingest::rejects_schema()
    } else {
        match records().into_iter().find(|(own, _)| *own == name) {
            Some((_, schema)) => schema,
            None => return Ok(()),
        }
    };
    session.register_empty(name, schema)
}

/// What korabo records about its work: tables besides the `rejects_*`, and their columns.
fn records() -> [(&'static str, SchemaRef); 5] {
    [
        (ingest::DELIVERIES, ingest::deliveries_schema()),
        (RUNS, history::runs_schema()),
        (RUN_STEPS, history::run_steps_schema()),
        (TEST_RESULTS, history::test_results_schema()),
        (CHECK_RESULTS, checks::check_results_schema()),
    ]
}

async fn register_own(
    session: &Session,
    lake: &Lake,
    name: &str,
    schema: SchemaRef,
) -> Result<(), PipelineError> {
    match lake.table(name).await? {
        Some(table) => session.register_table(table)?,
        None => session.register_empty(name, schema)?,
    }
    Ok(())
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
