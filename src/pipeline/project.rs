//! A whole project in memory: configuration, contracts and ordered queries, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;

use super::dag::{Dag, GivenTables};
use super::data_test::Rule;
use super::error::PipelineError;
use super::header::Sensitivity;
use super::history::{RUN_STEPS, RUNS, TEST_RESULTS};
use super::parts;
use super::query::{Query, Stage};
use super::templates::{self, PANEL, PANEL_INDICATORS};
use crate::checks::{self, CHECK_RESULTS, Check};
use crate::config::{ParameterValue, ProjectConfig};
use crate::contract::{self, TableContract};
use crate::diagnostic::did_you_mean;
use crate::ingest;
use crate::lake::{Lake, storable_schema};
use crate::regular_file;
use crate::session::{ReleaseRules, Session, SessionError, TableRoles};
use crate::vocabulary::{Vocabulary, VocabularyError};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// A project whose parts fit together.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project file's content.
    pub config: ProjectConfig,
    /// Program fields and indicators.
    pub vocabulary: Vocabulary,
    /// Contracts of the raw tables.
    pub contracts: Vec<TableContract>,
    /// Queries in running order.
    pub dag: Dag,
    /// Checks that follow from the contracts.
    pub checks: Vec<Check>,
}

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
        }
    }

    /// What contracts and headers say of keys, and of rows that are about a person's record elsewhere.
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
            // A query over such rows still holds them; where it has a column for the person, that counts.
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

    /// Reads contracts and queries of a project and checks names, stages and parameters.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(config: ProjectConfig) -> Result<Self, PipelineError> {
        let vocabulary = Vocabulary::load(&config.folder)?;
        let mut contracts = contract::load_dir(&config.folder.join("schemas"))?;
        take_fields(&mut contracts, &vocabulary)?;
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

    /// Plans every query against the contracts and hands over the plans, in the order in which they run.
    ///
    /// # Errors
    /// As [`Project::check_queries`].
    pub(super) async fn plan_queries(
        &self,
        session: &Session,
        visit: &mut (dyn FnMut(&Query, &LogicalPlan) + Send),
    ) -> Result<(), PipelineError> {
        for contract in &self.contracts {
            session.register_empty(&contract.name, contract.lake_schema())?;
            let rejects = ingest::rejects_table(&contract.name);
            session.register_empty(&rejects, ingest::rejects_schema())?;
        }
        for (name, schema) in records() {
            session.register_empty(name, schema)?;
        }
        for query in self.dag.queries() {
            let frame = self.plan_query(session, query).await?;
            visit(query, frame.logical_plan());
            let mut schema = storable_schema(&query.name, frame.schema().as_arrow())?;
            if let Some(identity) = &query.header.identity {
                schema = super::identity::schema_with_id(&schema, identity);
            }
            check_header_columns(query, &schema)?;
            session.register_empty(&query.name, Arc::clone(&schema))?;
            self.check_vocabulary(session, query, &schema).await?;
            self.check_tests(session, query).await?;
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

    /// Checks what the tests of `query` name; its table is known to `session`.
    async fn check_tests(&self, session: &Session, query: &Query) -> Result<(), PipelineError> {
        for test in &query.header.tests {
            let at = || query.location_of_line(test.line);
            let has_column = |table: &str, schema: &Schema, column: &str| {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                match schema.index_of(column) {
                    Ok(_) => Ok(()),
                    Err(_) => Err(PipelineError::UnknownTestColumn {
                        at: at(),
                        table: table.to_owned(),
                        column: column.to_owned(),
                        hint: did_you_mean(column, names),
                    }),
                }
            };
            let schema = session.table_schema(&query.name).await?;
            for column in test.rule.columns() {
                has_column(&query.name, &schema, column)?;
            }
            match &test.rule {
                Rule::Relationships { table, other, .. } => {
                    has_column(table, &*session.table_schema(table).await?, other)?;
                }
                Rule::Freshness { column, .. } => {
                    let field = schema.field_with_name(column).map(Field::data_type);
                    if field.is_ok_and(|kind| !has_age(kind)) {
                        return Err(PipelineError::Header {
                            at: at(),
                            key: "test".to_owned(),
                            expected: "`freshness` of a date or a month (YYYYMM)",
                        });
                    }
                }
                Rule::NoRows { sql } => {
                    let planned = session.plan(sql, &self.parameters_of(query)).await;
                    planned.map_err(|error| PipelineError::Syntax {
                        at: at(),
                        message: error.message(),
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) async fn plan_query(
        &self,
        session: &Session,
        query: &Query,
    ) -> Result<datafusion::prelude::DataFrame, PipelineError> {
        let parameters = self.parameters_of(query);
        session
            .plan(&query.text, &parameters)
            .await
            .map_err(|source| PipelineError::Plan {
                query: query.name.clone(),
                file: query.file.display().to_string(),
                source,
            })
    }
}

/// Makes a raw or own table known as empty, when `name` is one that nothing was delivered for yet.
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

/// What korabo writes down about its work: tables besides the `rejects_*`, and their columns.
fn records() -> [(&'static str, SchemaRef); 5] {
    [
        (ingest::DELIVERIES, ingest::deliveries_schema()),
        (RUNS, super::history::runs_schema()),
        (RUN_STEPS, super::history::run_steps_schema()),
        (TEST_RESULTS, super::history::test_results_schema()),
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

/// Columns that tell one person from another, the one for analyses first.
const PERSON_COLUMNS: &[&str] = &["person_id", "person_key", "employee_key"];

/// Columns that tell one household from another.
const HOUSEHOLD_COLUMNS: &[&str] = &["household_id", "household_key"];

/// Whether values of the type are days, or months as YYYYMM.
fn has_age(kind: &DataType) -> bool {
    let is_day = matches!(
        kind,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    );
    is_day || kind.is_integer()
}

fn check_header_columns(query: &Query, schema: &Schema) -> Result<(), PipelineError> {
    let header = &query.header;
    if header.sensitivity == Sensitivity::Aggregate
        && let Some(column) = PERSON_COLUMNS
            .iter()
            .chain(HOUSEHOLD_COLUMNS)
            .find(|column| schema.index_of(column).is_ok())
    {
        return Err(PipelineError::AggregateWithPerson {
            at: query.location_of(column),
            query: query.name.clone(),
            column: (*column).to_owned(),
        });
    }
    let named = header
        .key
        .iter()
        .chain(&header.not_null)
        .chain(&header.partition_by);
    for column in named {
        if schema.index_of(column).is_err() {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            return Err(PipelineError::UnknownHeaderColumn {
                at: crate::diagnostic::SourceLocation {
                    file: query.file.clone(),
                    line: 1,
                    column: 1,
                },
                column: column.clone(),
                hint: did_you_mean(column, names),
            });
        }
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

/// Puts the fields' codes where contracts ask for them.
fn take_fields(
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

fn load_queries(project: &Path, vocabulary: &Vocabulary) -> Result<Vec<Query>, PipelineError> {
    let folder = project.join("queries");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs_err::read_dir(&folder).map_err(PipelineError::Unreadable)? {
        let path = entry.map_err(PipelineError::Unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    let queries: Result<Vec<Query>, PipelineError> =
        files.iter().map(|path| read_query(path)).collect();
    parts::with_views(templates::expand(queries?, vocabulary)?)
}

fn read_query(path: &Path) -> Result<Query, PipelineError> {
    let text =
        regular_file::read_to_string(path).map_err(|source| PipelineError::UnreadableQuery {
            file: path.display().to_string(),
            source,
        })?;
    let name = path.file_name().unwrap_or_default();
    Query::parse(&Path::new("queries").join(name), &text)
}

/// The query that makes table or view `name` of the project in `folder`, without reading the others; `None` when there is none.
///
/// # Errors
/// With file, line and column of what is wrong in it.
pub fn query_named(folder: &Path, name: &str) -> Result<Option<Query>, PipelineError> {
    // Names come from statements and must not lead elsewhere.
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let path = folder.join("queries").join(format!("{name}.sql"));
    if !name.chars().all(is_word) || Stage::of(name).is_none() {
        return Ok(None);
    }
    if path.is_file() {
        return read_query(&path).map(Some);
    }
    // Queries of a field, and views that others are parts of, have no file of their own.
    let queries = load_queries(folder, &Vocabulary::load(folder)?)?;
    Ok(queries.into_iter().find(|query| query.name == name))
}
