//! The only place that builds a `SessionContext`: engine settings, our functions and relations, lake
//! tables at pinned versions.

mod checks;
mod describe;
mod dialect;
mod error;
mod expansion;
mod explain;
mod from_first;
mod give_way;
pub(crate) mod inquiry;
mod local_files;
mod measure;
mod named_files;
mod names;
pub(crate) mod nesting;
mod passing;
mod place;
mod provider;
mod reading;
mod reference;
mod release;
mod scan;
mod sorting;
pub(crate) mod statements;
mod summary;
mod unplannable;
mod user;
mod views;
mod wide_rows;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ParamValues, ScalarValue, TableReference};
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

pub use checks::Newest;
pub use describe::WRITE_REFUSED;
pub(crate) use dialect::Bounded;
pub use error::{ErrorClass, SessionError, causes};
pub use from_first::parse_statement;
pub(crate) use from_first::{check_expression, parse_statements};
pub(crate) use give_way::JOIN_THREADS;
pub use inquiry::{AnswerError, Inquiry, Shown};
pub use nesting::{THREAD_STACK, TooComplicated};
pub use place::{ErrorPlace, missing_table, split_place};
pub use reading::{Reading, reading};
pub use reference::{FunctionSummary, PROSE};
pub use release::{KeptBack, ReleaseError, ReleaseRules, TableRoles};
pub use sorting::{SortedColumn, sorting_of};
pub use user::{CATALOG, MemoryShare, SCHEMA};

use crate::config::ParameterValue;
use crate::functions;
use crate::lake::LakeTable;

/// Engine limits.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Threads and partitions; default: all cores.
    pub threads: Option<NonZeroUsize>,
    /// Bytes the engine and the estimators may use; default: 70 % of the machine's memory. Up to a fifth of them cannot be
    /// reserved: it is for what is not counted, such as batches under way and Parquet files being written.
    pub memory_limit: Option<u64>,
    /// Where to spill; default: the system's temporary folder.
    pub temp_dir: Option<PathBuf>,
}

/// Parts that a statement may have once everything is put where it is used; see [`expansion`].
const MOST_PARTS: u64 = 400_000;

/// A SQL session over lake tables.
#[derive(Clone)]
pub struct Session {
    ctx: SessionContext,
    /// Parts that a statement may have.
    most_parts: u64,
}

impl Session {
    /// A session without tables.
    ///
    /// # Errors
    /// When the engine cannot be set up, e.g. because the temporary folder cannot be used.
    pub fn new(options: &SessionOptions) -> Result<Self, SessionError> {
        let mut config = SessionConfig::new().with_information_schema(true);
        if let Some(threads) = options.threads {
            config = config.with_target_partitions(threads.get());
        }
        config.options_mut().sql_parser.collect_spans = true;
        // Text as plain arrays: arrays of views collect the buffers of every batch they were joined from,
        // which cost a join of three million rows twelve gigabytes.
        config
            .options_mut()
            .execution
            .parquet
            .schema_force_view_types = false;
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        // The engine's two planners disagree on whether `IS NOT TRUE` can be missing, and refuse `SELECT DISTINCT` of it as a bug.
        config
            .options_mut()
            .execution
            .skip_physical_aggregate_schema_check = true;
        // A filtered table is taken to keep its rows: otherwise a join of claims with persons is built
        // from the claims' side, with ten times the memory.
        config.options_mut().optimizer.default_filter_selectivity = 100;
        let limit = options.memory_limit.or_else(default_memory_limit);
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(limit) = limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let top = NonZeroUsize::new(3).expect("3 is not 0");
            let pool = TrackConsumersPool::new(FairSpillPool::new(reservable(limit)), top);
            runtime = runtime.with_memory_pool(Arc::new(pool));
        }
        if let Some(folder) = &options.temp_dir {
            let mode = DiskManagerMode::Directories(vec![folder.clone()]);
            runtime =
                runtime.with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode));
        }
        let runtime = with_local_files(runtime)?;
        let rules = trusted_rules(wide_rows::WideRows::new(&runtime.memory_pool));
        let mut planners = functions::bounded_planners(&runtime.memory_pool);
        planners.push(functions::whole_planner());
        let builder = SessionStateBuilder::new()
            .with_expr_planners(planners)
            .with_default_features()
            .with_config(config)
            .with_runtime_env(runtime);
        let builder = builder.with_physical_optimizer_rules(rules);
        let mut ctx = named_files::with_named_files(functions::with_relations(builder)?);
        functions::register_scalars(&ctx);
        functions::bound_functions(&mut ctx)?;
        functions::register_whole(&mut ctx)?;
        Ok(Self {
            ctx,
            most_parts: MOST_PARTS,
        })
    }

    /// Makes a lake table known under its own name, in place of an earlier one.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_table(&self, table: LakeTable) -> Result<(), SessionError> {
        let name = table.name.clone();
        self.register(&name, Arc::new(provider::LakeTableProvider::new(table)))
    }

    /// Makes an empty table known, for planning without data.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_empty(&self, name: &str, schema: SchemaRef) -> Result<(), SessionError> {
        self.register(name, Arc::new(MemTable::try_new(schema, vec![vec![]])?))
    }

    /// Rows in memory, as the answer to a query.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn frame(&self, rows: RecordBatch) -> Result<DataFrame, SessionError> {
        Ok(self.ctx.read_batch(rows)?)
    }

    /// Makes a planned query known as a view.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_view(&self, name: &str, frame: DataFrame) -> Result<(), SessionError> {
        self.register(name, frame.into_view())
    }

    /// Makes a planned query known as a view that statements see as one table, whatever it selects.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_whole_view(&self, name: &str, frame: DataFrame) -> Result<(), SessionError> {
        let view = views::WholeView(frame.into_view());
        self.register(name, Arc::new(view))
    }

    fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), SessionError> {
        let reference = TableReference::bare(name);
        self.ctx.deregister_table(reference.clone())?;
        self.ctx.register_table(reference, table)?;
        Ok(())
    }

    /// Names of the tables known, sorted.
    #[must_use]
    pub fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .ctx
            .catalog("datafusion")
            .and_then(|catalog| catalog.schema("public"))
            .map(|schema| schema.table_names())
            .unwrap_or_default();
        names.sort();
        names
    }

    /// A known table's columns.
    ///
    /// # Errors
    /// When there is no such table.
    pub async fn table_schema(&self, name: &str) -> Result<SchemaRef, SessionError> {
        let provider = self.ctx.table_provider(TableReference::bare(name)).await?;
        Ok(provider.schema())
    }

    /// Names of all functions and relations, for completion.
    #[must_use]
    pub fn function_names(&self) -> Vec<String> {
        let state = self.ctx.state();
        let mut names: Vec<String> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .collect();
        names.extend(
            functions::RELATIONS
                .iter()
                .map(|relation| relation.name.to_owned()),
        );
        names.sort();
        names
    }

    /// Plans one read-only statement with bound parameters.
    ///
    /// # Errors
    /// When it does not parse or plan, or would write.
    pub async fn plan(
        &self,
        sql: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        let frame = self.prepare_with(sql, parameters).await?;
        let mut unbound = frame
            .logical_plan()
            .get_parameter_names()?
            .into_iter()
            .collect::<Vec<_>>();
        unbound.retain(|name| {
            let name = name.trim_start_matches('$');
            parameters.iter().all(|(given, _)| given != name)
        });
        unbound.sort();
        if let Some(name) = unbound.first() {
            let message =
                format!("parameter `{name}` has no value; give it with --param NAME=VALUE");
            return Err(DataFusionError::Plan(message).into());
        }
        if frame.logical_plan().get_parameter_names()?.is_empty() {
            return Ok(frame);
        }
        let values: HashMap<String, ScalarValue> = parameters
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), scalar(value)?)))
            .collect();
        let frame = frame.with_param_values(ParamValues::from(values))?;
        self.check_types(&frame)?;
        Ok(frame)
    }

    /// Whether the types of a planned query fit each other. The engine finds out when the query is run, and then
    /// calls some of what does not fit its own bug.
    fn check_types(&self, frame: &DataFrame) -> Result<(), SessionError> {
        let state = self.ctx.state();
        let (analyzer, plan) = (state.analyzer(), frame.logical_plan().clone());
        let analyzed = analyzer.execute_and_check(plan, state.config_options(), |_, _| {});
        analyzed.map_err(|error| self.with_near_names(fault_of_sql(error)))?;
        Ok(())
    }

    /// Plans one read-only statement; its parameters stay open.
    ///
    /// # Errors
    /// When it does not parse or plan, or would write.
    pub async fn prepare(&self, sql: &str) -> Result<DataFrame, SessionError> {
        self.prepare_with(sql, &[]).await
    }

    /// The same with the lists of names among `parameters` in their places; other parameters stay open.
    async fn prepare_with(
        &self,
        sql: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let state = self.ctx.state();
        let mut statement = parse_statement(sql)?;
        let mut asked = &mut statement;
        while let Statement::Explain(explain) = asked {
            asked = &mut explain.statement;
        }
        if let Statement::Statement(asked) = asked {
            functions::name_inputs(asked);
            names::bind(asked, parameters);
            let views = self.parts_of_views(asked).await?;
            expansion::check(asked, views, self.most_parts)?;
        }
        let plan = state
            .statement_to_plan(statement)
            .await
            .map_err(|error| self.with_near_names(fault_of_sql(error)))?;
        read_only.verify_plan(&plan)?;
        unplannable::check(&plan)?;
        measure::check(&plan, self.most_parts)?;
        let frame = self.ctx.execute_logical_plan(plan).await?;
        if frame.logical_plan().get_parameter_names()?.is_empty() {
            self.check_types(&frame)?;
        }
        Ok(frame)
    }

    /// The size of each view that a statement names.
    async fn parts_of_views(
        &self,
        statement: &ast::Statement,
    ) -> Result<HashMap<String, u64>, SessionError> {
        let mut views = HashMap::new();
        for name in expansion::names(statement) {
            let reference = TableReference::bare(name.as_str());
            if !self.ctx.table_exist(reference.clone())? {
                continue;
            }
            let table = self.ctx.table_provider(reference).await?;
            if let Some(plan) = table.get_logical_plan() {
                let parts = measure::parts(&plan)?;
                views.insert(name, parts);
            }
        }
        Ok(views)
    }

    /// The same session with joins that sort and spill instead of holding one side in memory: slower, for
    /// queries that do not fit otherwise.
    #[must_use]
    pub fn with_spilling_joins(&self) -> Self {
        let mut state = self.ctx.state();
        state.config_mut().options_mut().optimizer.prefer_hash_join = false;
        Self {
            ctx: SessionContext::new_with_state(state),
            most_parts: self.most_parts,
        }
    }

    /// The engine's context, for streams of a planned query.
    #[must_use]
    pub fn task_context(&self) -> Arc<datafusion::execution::TaskContext> {
        self.ctx.task_ctx()
    }
}

/// The engine's surroundings, in which statements read regular files only.
fn with_local_files(runtime: RuntimeEnvBuilder) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let runtime = runtime.build_arc()?;
    let store = Arc::new(local_files::LocalFiles::default());
    runtime.register_object_store(ObjectStoreUrl::local_filesystem().as_ref(), store);
    Ok(runtime)
}

/// The engine's physical optimizer without its filter push-down, which in this version maps a filter
/// through a projection by name: `… FROM s RIGHT JOIN v … WHERE s.id IS NULL` then filters `v.id` and
/// loses rows. Lake tables get their filters at planning time instead ([`provider`]). Wide rows are not repeated
/// ([`wide_rows`]). Joins give way ([`give_way`]).
fn trusted_rules(
    wide_rows: wide_rows::WideRows,
) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.retain(|rule| !rule.name().starts_with("FilterPushdown"));
    rules.push(Arc::new(wide_rows));
    rules.push(Arc::new(give_way::GiveWay));
    rules
}

/// While a statement is planned, an internal error of the engine is its way of refusing the statement.
fn fault_of_sql(error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::Internal(message) => {
            let message = message.lines().next().unwrap_or_default();
            DataFusionError::Plan(message.to_owned())
        }
        _ => error,
    }
}

/// A parameter as a value; lists of names are none, see [`names`].
pub(crate) fn scalar(value: &ParameterValue) -> Option<ScalarValue> {
    Some(match value {
        ParameterValue::Integer(value) => ScalarValue::Int64(Some(*value)),
        ParameterValue::Number(value) => ScalarValue::Float64(Some(*value)),
        ParameterValue::Text(value) => ScalarValue::Utf8(Some(value.clone())),
        ParameterValue::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        ParameterValue::Names(_) => return None,
    })
}

/// The part of a memory limit that can be reserved. What is not counted takes some hundred megabytes in a small process and more in a
/// large one; the pool of one that is limited to less gets all, as it would be of no use otherwise.
fn reservable(limit: usize) -> usize {
    const SMALL: usize = 768 << 20;
    limit - (limit / 5).min(limit.saturating_sub(SMALL))
}

/// 70 % of the machine's memory, where the machine says how much it has.
#[must_use]
pub fn default_memory_limit() -> Option<u64> {
    Some(meminfo("MemTotal:")? / 10 * 7)
}

/// Bytes that could be used now without pushing anything out, where the machine says.
#[must_use]
pub fn available_memory() -> Option<u64> {
    meminfo("MemAvailable:")
}

fn meminfo(name: &str) -> Option<u64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}
