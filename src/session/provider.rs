//! A pinned version of a lake table as a DataFusion table: its files are listed from the log, never
//! from the folder, so a query sees one version however long it runs.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use datafusion::arrow::array::{Array as _, BooleanArray};
use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::{
    ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics, TableReference,
    exec_datafusion_err,
};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::expr_rewriter::unnormalize_col;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::lake::{LakeFile, LakeTable};

/// A pinned lake table that queries can scan.
#[derive(Debug)]
pub(super) struct LakeTableProvider {
    table: LakeTable,
    /// Columns as the scan yields them: those in the files, then the partition columns.
    table_schema: TableSchema,
}

impl LakeTableProvider {
    pub(super) fn new(table: LakeTable) -> Self {
        let fields: Vec<FieldRef> = table.schema.fields().iter().map(Arc::clone).collect();
        let is_partition = |field: &&FieldRef| table.partition_by.contains(field.name());
        let in_files: Vec<FieldRef> = fields
            .iter()
            .filter(|field| !is_partition(field))
            .map(Arc::clone)
            .collect();
        let partition: Vec<FieldRef> = table
            .partition_by
            .iter()
            .filter_map(|name| fields.iter().find(|field| field.name() == name))
            .map(Arc::clone)
            .collect();
        let table_schema = TableSchema::builder(Arc::new(Schema::new(in_files)))
            .with_table_partition_cols(partition)
            .build();
        Self {
            table,
            table_schema,
        }
    }

    fn partition_fields(&self) -> Vec<FieldRef> {
        self.table_schema
            .table_partition_cols()
            .iter()
            .map(Arc::clone)
            .collect()
    }

    fn partition_values(&self, file: &LakeFile) -> Result<Vec<ScalarValue>> {
        self.partition_fields()
            .iter()
            .map(|field| {
                match file
                    .partition_values
                    .get(field.name())
                    .and_then(Option::as_ref)
                {
                    Some(text) => ScalarValue::try_from_string(text.clone(), field.data_type()),
                    None => ScalarValue::try_from(field.data_type()),
                }
            })
            .collect()
    }

    /// Refuses files that are not what was written, before a row of them is read.
    async fn check(&self, files: Vec<LakeFile>) -> Result<()> {
        let table = LakeTable {
            files,
            ..self.table.clone()
        };
        let checked = SpawnedTask::spawn_blocking(move || table.check_files()).join();
        let checked = checked
            .await
            .map_err(|error| exec_datafusion_err!("{error}"))?;
        checked.map_err(|damaged| DataFusionError::External(Box::new(damaged)))
    }

    /// The files whose partition values can satisfy the filters on partition columns alone.
    fn pruned_files(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<(Vec<LakeFile>, Vec<PartitionedFile>)> {
        let mut pruned = Vec::with_capacity(self.table.files.len());
        let mut files = Vec::with_capacity(self.table.files.len());
        let fields = self.partition_fields();
        let filters: Vec<&Expr> = filters
            .iter()
            .filter(|filter| {
                let columns = filter.column_refs();
                !columns.is_empty()
                    && columns
                        .iter()
                        .all(|c| fields.iter().any(|f| f.name() == &c.name))
            })
            .collect();
        let schema = Arc::new(Schema::new(fields));
        for file in &self.table.files {
            let values = self.partition_values(file)?;
            if !filters.is_empty() && !can_match(state, &schema, &values, &filters)? {
                continue;
            }
            let found = ObjectMeta {
                // Not as text, which would be taken as not yet encoded.
                location: Path::from_absolute_path(self.table.file_path(file))?,
                last_modified: DateTime::UNIX_EPOCH,
                size: file.size,
                e_tag: None,
                version: None,
            };
            let mut partitioned =
                PartitionedFile::new_from_meta(found).with_partition_values(values);
            partitioned.table_reference = Some(TableReference::bare(self.table.name.as_str()));
            partitioned.statistics = file
                .n_rows
                .map(|n| Arc::new(self.file_statistics(n, file.size)));
            files.push(partitioned);
            pruned.push(file.clone());
        }
        Ok((pruned, files))
    }

    /// The parquet source, told which rows are wanted so that it can skip row groups.
    fn source(
        &self,
        state: &dyn Session,
        filters: &[Expr],
        format: &ParquetFormat,
    ) -> Result<Arc<dyn FileSource>> {
        let source = ParquetSource::new(self.table_schema.clone())
            .with_table_parquet_options(format.options().clone());
        let Some(wanted) = conjunction(filters.iter().cloned().map(unnormalize_col)) else {
            return Ok(Arc::new(source));
        };
        let schema = DFSchema::try_from(self.schema())?;
        let wanted = state.create_physical_expr(wanted, &schema)?;
        Ok(Arc::new(source.with_predicate(wanted)))
    }

    fn file_statistics(&self, n_rows: u64, size: u64) -> Statistics {
        let n_columns = self.schema().fields().len();
        Statistics {
            num_rows: Precision::Exact(usize::try_from(n_rows).unwrap_or(usize::MAX)),
            total_byte_size: Precision::Inexact(usize::try_from(size).unwrap_or(usize::MAX)),
            column_statistics: vec![ColumnStatistics::new_unknown(); n_columns],
        }
    }
}

fn can_match(
    state: &dyn Session,
    schema: &SchemaRef,
    values: &[ScalarValue],
    filters: &[&Expr],
) -> Result<bool> {
    let df_schema = DFSchema::try_from(Arc::clone(schema))?;
    let columns = values
        .iter()
        .map(ScalarValue::to_array)
        .collect::<Result<Vec<_>>>()?;
    let batch = RecordBatch::try_new(Arc::clone(schema), columns)?;
    for filter in filters {
        let unqualified = unnormalize_col((*filter).clone());
        let Ok(predicate) = state.create_physical_expr(unqualified, &df_schema) else {
            continue;
        };
        let result = predicate.evaluate(&batch)?.into_array(1)?;
        if let Some(result) = result.as_any().downcast_ref::<BooleanArray>()
            && !(result.is_valid(0) && result.value(0))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

#[async_trait]
impl TableProvider for LakeTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table_schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (pruned, files) = self.pruned_files(state, filters)?;
        self.check(pruned).await?;
        if files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema().project(columns)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let (rows, bytes) = files
            .iter()
            .filter_map(|file| file.statistics.as_ref())
            .fold(
                (Precision::Exact(0), Precision::Inexact(0)),
                |(rows, bytes), file| (rows.add(&file.num_rows), bytes.add(&file.total_byte_size)),
            );
        let statistics = Statistics {
            num_rows: rows,
            total_byte_size: bytes,
            column_statistics: vec![ColumnStatistics::new_unknown(); self.schema().fields().len()],
        };
        let format = ParquetFormat::default().with_options(state.default_table_options().parquet);
        let source = self.source(state, filters, &format)?;
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, config).await
    }
}
