//! One step: verify declared joins, write the query's rows, audit them, publish. Nothing is visible to
//! readers before the audit has passed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::runtime::SpawnedTask;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream_partitioned};
use futures::TryStreamExt as _;

use super::audit::run_tests;
use super::context::{RunContext, run_error, store_error};
use super::error::PipelineError;
use super::header::{Identity, Materialize};
use super::identity::{Numbering, schema_with_id};
use super::query::Query;
use crate::event::{Severity, StepEvent, TestResult};
use crate::lake::{LakeTable, Provenance, PublishMode, StagedFiles, storable_schema};
use crate::session::{ErrorClass, SessionError};
use crate::withdrawals::highest_number;

/// A version that a step has published.
pub(super) struct PublishedVersion {
    pub(super) version: u64,
    pub(super) n_rows: u64,
    pub(super) n_bytes: u64,
}

/// Builds the table of `query` and publishes it with `provenance`. A table that does not fit into memory beside another step
/// is built once more alone, with joins that spill.
pub(super) async fn run_step(
    context: &RunContext,
    query: &Query,
    provenance: &Provenance,
    tests: &mut Vec<TestResult>,
) -> Result<PublishedVersion, PipelineError> {
    // Steps side by side share this lock; one that is repeated alone waits until none of the others holds it.
    let side_by_side = context.alone.read().await;
    let built = build(context, query, provenance, tests).await;
    drop(side_by_side);
    match built {
        Err(PipelineError::Run { source, .. }) if source.class() == ErrorClass::Resources => {
            let _alone = context.alone.write().await;
            tests.clear();
            build(&context.with_spilling_joins(), query, provenance, tests).await
        }
        built => built,
    }
}

async fn build(
    context: &RunContext,
    query: &Query,
    provenance: &Provenance,
    tests: &mut Vec<TestResult>,
) -> Result<PublishedVersion, PipelineError> {
    check_joins(context, query).await?;
    // Files that a killed run wrote and never published.
    context
        .lake
        .remove_leftovers(&query.name)
        .await
        .map_err(|source| store_error(query, source))?;
    let (staged, mode) = match &query.header.identity {
        None => (write_rows(context, query).await?, PublishMode::Overwrite),
        Some(identity) => (
            write_identities(context, query, identity).await?,
            PublishMode::Append,
        ),
    };
    let audited = match audit(context, query, &staged, tests).await {
        Ok(()) => run_tests(context, query, &staged, tests).await,
        failed => failed,
    };
    if let Err(failed) = audited {
        context
            .lake
            .discard(&query.name, &staged)
            .map_err(|source| store_error(query, source))?;
        return Err(failed);
    }
    let provenance = &Provenance {
        query_text: Some(query.text.clone()),
        ..provenance.clone()
    };
    let (n_rows, n_bytes) = (staged.n_rows, staged.n_bytes());
    let present = context.lake.table(&query.name).await;
    let present = present.map_err(|source| store_error(query, source))?;
    (context.observer)(StepEvent::StepPublishing {
        name: query.name.clone(),
        version: present.map_or(0, |table| table.version + 1),
        n_rows,
        tests: tests.clone(),
    });
    let version = context
        .lake
        .publish(&query.name, staged, mode, provenance)
        .await
        .map_err(|source| store_error(query, source))?;
    Ok(PublishedVersion {
        version,
        n_rows,
        n_bytes,
    })
}

/// Verifies the declared joins whose uniqueness no published key proves.
async fn check_joins(context: &RunContext, query: &Query) -> Result<(), PipelineError> {
    for join in &query.header.joins {
        // The audit of its key proves a table unique at every publication; views are never audited.
        let is_proven = context.project.dag.query(&join.table).is_some_and(|made| {
            let key = &made.header.key;
            made.header.materialize == Materialize::Table
                && !key.is_empty()
                && key.iter().all(|column| join.columns.contains(column))
        });
        if is_proven {
            continue;
        }
        let n_keys = context
            .session
            .count_repeated_keys(&join.table, &join.columns)
            .await
            .map_err(|source| run_error(query, source))?;
        if n_keys > 0 {
            return Err(PipelineError::JoinCardinality {
                query: query.name.clone(),
                table: join.table.clone(),
                columns: join.columns.join(", "),
                n_keys,
            });
        }
    }
    Ok(())
}

/// Writes the query's rows, one file writer per partition of the plan.
async fn write_rows(context: &RunContext, query: &Query) -> Result<StagedFiles, PipelineError> {
    let session = &context.session;
    let frame = context.project.plan_query(session, query).await?;
    let in_run = |error| run_error(query, SessionError::from(error));
    let plan = frame.create_physical_plan().await.map_err(in_run)?;
    let schema = storable_schema(&query.name, &plan.schema())?;
    let partition_by = query.header.partition_by.clone();
    let streams = execute_stream_partitioned(plan, session.task_context()).map_err(in_run)?;
    let written = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::with_capacity(streams.len());
    for stream in streams {
        let writer = context
            .lake
            .writer(&query.name, Arc::clone(&schema), &partition_by)
            .map_err(|source| store_error(query, source))?;
        let write = write_stream(
            stream,
            writer,
            query.name.clone(),
            Arc::clone(&written),
            Arc::clone(&context.observer),
        );
        tasks.push(SpawnedTask::spawn(write));
    }
    let mut staged = context.lake.stage_nothing(&schema, &partition_by);
    for task in tasks {
        let files = task.join().await.map_err(|error| {
            run_error(
                query,
                datafusion::common::DataFusionError::External(Box::new(error)).into(),
            )
        })??;
        staged.extend(files);
    }
    Ok(staged)
}

/// Writes one partition of the plan; `written` counts the rows of all.
async fn write_stream(
    mut stream: SendableRecordBatchStream,
    mut writer: crate::lake::TableWriter,
    name: String,
    written: Arc<AtomicU64>,
    observer: Arc<dyn Fn(StepEvent) + Send + Sync>,
) -> Result<StagedFiles, PipelineError> {
    loop {
        let batch = match stream.try_next().await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                let aborted = writer.abort().await;
                let source = SessionError::from(error);
                aborted.map_err(|source| PipelineError::Store {
                    query: name.clone(),
                    source,
                })?;
                return Err(PipelineError::Run {
                    query: name,
                    source,
                });
            }
        };
        writer
            .write(&batch)
            .await
            .map_err(|source| PipelineError::Store {
                query: name.clone(),
                source,
            })?;
        let n_rows = batch.num_rows() as u64;
        let n_rows = written.fetch_add(n_rows, Ordering::Relaxed) + n_rows;
        observer(StepEvent::StepRows {
            name: name.clone(),
            n_rows,
        });
    }
    writer.close().await.map_err(|source| PipelineError::Store {
        query: name,
        source,
    })
}

/// Writes the keys that have no number yet, with the next numbers.
async fn write_identities(
    context: &RunContext,
    query: &Query,
    identity: &Identity,
) -> Result<StagedFiles, PipelineError> {
    let in_run = |source| run_error(query, source);
    let frame = context.project.plan_query(&context.session, query).await?;
    let schema = storable_schema(&query.name, frame.schema().as_arrow())?;
    let schema = schema_with_id(&schema, identity);
    let existing: Option<LakeTable> = context
        .lake
        .table(&query.name)
        .await
        .map_err(|source| store_error(query, source))?;
    // A number that a withdrawn person had is not given again.
    let withdrawn = highest_number(&context.lake, &query.name).await;
    let mut highest = withdrawn.map_err(|source| store_error(query, source))?;
    if let Some(table) = &existing {
        let present = context.session.max_integer(&table.name, &identity.id);
        highest = highest.max(present.await.map_err(in_run)?);
    }
    let next = 1 + highest;
    let known = existing.as_ref().map(|table| table.name.as_str());
    let keys = context
        .session
        .keys_not_in(frame, &identity.keys, known)
        .await
        .map_err(in_run)?;
    let mut stream = keys.execute_stream().await.map_err(|e| in_run(e.into()))?;
    let mut writer = context
        .lake
        .writer(&query.name, Arc::clone(&schema), &[])
        .map_err(|source| store_error(query, source))?;
    let mut numbering = Numbering::starting_at(next, schema);
    while let Some(batch) = stream.try_next().await.map_err(|e| in_run(e.into()))? {
        numbering
            .write(&batch, &mut writer)
            .await
            .map_err(|source| store_error(query, source))?;
    }
    writer
        .close()
        .await
        .map_err(|source| store_error(query, source))
}

/// Checks the staged rows against the header: unique key, no missing values.
async fn audit(
    context: &RunContext,
    query: &Query,
    staged: &StagedFiles,
    tests: &mut Vec<TestResult>,
) -> Result<(), PipelineError> {
    let header = &query.header;
    if header.key.is_empty() && header.not_null.is_empty() {
        return Ok(());
    }
    let in_run = |source| run_error(query, source);
    let name = format!("staged {}", query.name);
    context
        .session
        .register_table(staged.as_table(&context.lake, &name, &query.name))
        .map_err(in_run)?;
    let result = audit_registered(context, query, (&name, staged.n_rows), tests).await;
    // Also after a failed audit: the files of the name may be discarded next.
    context.session.forget(&name).map_err(in_run)?;
    result
}

async fn audit_registered(
    context: &RunContext,
    query: &Query,
    (name, n_rows): (&str, u64),
    tests: &mut Vec<TestResult>,
) -> Result<(), PipelineError> {
    let in_run = |source| run_error(query, source);
    let header = &query.header;
    let result = |test: &str, columns: &[String], n_found: u64| TestResult {
        test: format!("{test} {}", columns.join(", ")),
        severity: Severity::Error,
        n_rows_found: Some(n_found),
        n_rows: Some(n_rows),
        holds: n_found == 0,
    };
    if !header.key.is_empty() {
        let n_keys = context
            .session
            .count_repeated_keys(name, &header.key)
            .await
            .map_err(in_run)?;
        tests.push(result("key", &header.key, n_keys));
        if n_keys > 0 {
            return Err(PipelineError::DuplicateKeys {
                query: query.name.clone(),
                key: header.key.join(", "),
                n_keys,
            });
        }
    }
    let missing: BTreeMap<String, u64> = context
        .session
        .count_nulls(name, &header.not_null)
        .await
        .map_err(in_run)?;
    if !header.not_null.is_empty() {
        let most = missing.values().copied().max().unwrap_or(0);
        tests.push(result("not_null", &header.not_null, most));
    }
    match missing.into_iter().find(|(_, n_rows)| *n_rows > 0) {
        None => Ok(()),
        Some((column, n_rows)) => Err(PipelineError::NullValues {
            query: query.name.clone(),
            column,
            n_rows,
        }),
    }
}
