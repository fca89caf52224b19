//! A session: the engine's `SessionContext` with our settings, functions and relations, and lake tables at pinned versions.
//! Sessions for several users are derived from it (`user`).

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{
    CatalogProvider as _, CatalogProviderList, DynamicFileCatalog, MemoryCatalogProvider,
    MemoryCatalogProviderList, SchemaProvider, TableProvider, UrlTableFactory,
};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use super::error::SessionError;
use super::options::{SessionOptions, default_memory_limit, reservable};
use super::wide_rows::WideRows;
use super::yielding::YieldingJoins;
use super::{decoded_files, filter_rule, local_files, named_files, provider, views};
use crate::functions;
use crate::lake::LakeTable;

/// Parts that a statement may have once everything is put where it is used; see [`super::expansion`].
const MOST_PARTS: u64 = 400_000;

/// A SQL session over lake tables.
#[derive(Clone)]
pub struct Session {
    pub(super) ctx: SessionContext,
    /// Opens files that statements name; `None` where they name none.
    pub(super) files: Option<Arc<dyn UrlTableFactory>>,
    /// Parts that a statement may have.
    pub(super) most_parts: u64,
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
        let rules = trusted_rules(WideRows::new(&runtime.memory_pool));
        let mut planners = functions::bounded_planners(&runtime.memory_pool);
        planners.push(functions::whole_planner());
        let builder = SessionStateBuilder::new()
            .with_expr_planners(planners)
            .with_default_features()
            .with_config(config)
            .with_runtime_env(runtime);
        let builder = builder
            .with_optimizer_rules(filter_rule::trusted_rules())
            .with_physical_optimizer_rules(rules);
        let builder = functions::with_relations(builder)?;
        let (mut ctx, files) = named_files::with_named_files(builder);
        functions::register_scalars(&ctx);
        functions::bound_functions(&mut ctx)?;
        functions::register_whole(&mut ctx)?;
        Ok(Self {
            ctx,
            files: Some(files),
            most_parts: MOST_PARTS,
        })
    }

    /// A session of the same engine with the tables of `tables` alone, each of which is opened when a statement names it. It
    /// reads files by name as long as this session is there.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn over(&self, tables: Arc<dyn SchemaProvider>) -> Result<Self, SessionError> {
        let mut state = self.ctx.state();
        let names = state.config_options().catalog.clone();
        let schemas = MemoryCatalogProvider::new();
        schemas.register_schema(&names.default_schema, tables)?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(names.default_catalog, Arc::new(schemas));
        state.register_catalog_list(match &self.files {
            Some(files) => Arc::new(DynamicFileCatalog::new(
                Arc::new(catalogs),
                Arc::clone(files),
            )),
            None => Arc::new(catalogs),
        });
        Ok(Self {
            ctx: SessionContext::new_with_state(state),
            ..self.clone()
        })
    }

    /// Makes a lake table known under its own name, in place of an earlier one.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_table(&self, table: LakeTable) -> Result<(), SessionError> {
        let name = table.name.clone();
        self.register(&name, lake_table(table))
    }

    /// Makes an empty table known, for planning without data.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_empty(&self, name: &str, schema: SchemaRef) -> Result<(), SessionError> {
        self.register(name, empty_table(schema)?)
    }

    /// Rows in memory, as the answer to a query.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn frame(&self, rows: RecordBatch) -> Result<DataFrame, SessionError> {
        Ok(self.ctx.read_batch(rows)?)
    }

    /// Makes the rows of a planned query known as a table.
    ///
    /// # Errors
    /// When the query fails, or the engine refuses the name.
    pub async fn register_rows(&self, name: &str, frame: DataFrame) -> Result<(), SessionError> {
        let planned = Arc::clone(frame.schema().inner());
        let rows = frame.collect().await?;
        // What the rows may hold is known better once they are there: which columns have no missing value.
        let schema = rows.first().map_or(planned, RecordBatch::schema);
        self.register(name, Arc::new(MemTable::try_new(schema, vec![rows])?))
    }

    /// Makes a planned query known as a view.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn register_view(&self, name: &str, frame: DataFrame) -> Result<(), SessionError> {
        self.register(name, view(frame))
    }

    pub(super) fn register(
        &self,
        name: &str,
        table: Arc<dyn TableProvider>,
    ) -> Result<(), SessionError> {
        let reference = TableReference::bare(name);
        self.ctx.deregister_table(reference.clone())?;
        self.ctx.register_table(reference, table)?;
        Ok(())
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

    /// The same session with joins that sort and spill instead of holding one side in memory: slower, for
    /// queries that do not fit otherwise.
    #[must_use]
    pub fn with_spilling_joins(&self) -> Self {
        let mut state = self.ctx.state();
        state.config_mut().options_mut().optimizer.prefer_hash_join = false;
        Self {
            ctx: SessionContext::new_with_state(state),
            ..self.clone()
        }
    }

    /// The engine's context, for streams of a planned query.
    #[must_use]
    pub fn task_context(&self) -> Arc<datafusion::execution::TaskContext> {
        self.ctx.task_ctx()
    }
}

/// A lake table as the engine reads it.
#[must_use]
pub fn lake_table(table: LakeTable) -> Arc<dyn TableProvider> {
    Arc::new(provider::LakeTableProvider::new(table))
}

/// A table without rows.
///
/// # Errors
/// When the engine refuses the columns.
pub fn empty_table(schema: SchemaRef) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![]])?))
}

/// A planned query as a view.
#[must_use]
pub fn view(frame: DataFrame) -> Arc<dyn TableProvider> {
    frame.into_view()
}

/// A planned query as a view that statements see as one table, whatever it selects.
#[must_use]
pub fn whole_view(frame: DataFrame) -> Arc<dyn TableProvider> {
    Arc::new(views::WholeView(view(frame)))
}

/// The engine's surroundings, in which statements read regular files only.
fn with_local_files(runtime: RuntimeEnvBuilder) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let runtime = runtime.build_arc()?;
    let store = Arc::new(local_files::LocalFiles::default());
    runtime.register_object_store(ObjectStoreUrl::local_filesystem().as_ref(), store);
    let decoded = Arc::new(decoded_files::DecodedFiles::default());
    let url = ObjectStoreUrl::parse(decoded_files::STORE)?;
    runtime.register_object_store(url.as_ref(), decoded);
    Ok(runtime)
}

/// The engine's physical optimizer without its filter push-down, which in this version maps a filter
/// through a projection by name: `… FROM s RIGHT JOIN v … WHERE s.id IS NULL` then filters `v.id` and
/// loses rows. Lake tables get their filters at planning time instead ([`provider`]). Wide rows are not repeated
/// ([`WideRows`]). Joins yield their thread ([`YieldingJoins`]).
fn trusted_rules(wide_rows: WideRows) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.retain(|rule| !rule.name().starts_with("FilterPushdown"));
    rules.push(Arc::new(wide_rows));
    rules.push(Arc::new(YieldingJoins));
    rules
}
