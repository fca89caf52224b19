//! Many relations in one statement: how many scan at once, how little memory is enough, and that every statement ends.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use datafusion::arrow::array::Float64Array;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt as _;

use super::*;

const N_ROWS: usize = 20_000;
/// What an `ols` of two columns of [`N_ROWS`] reserves.
const ONE: usize = N_ROWS * 2 * size_of::<f64>() * 4;

/// Scans of a table.
#[derive(Debug, Default)]
struct Scans {
    n_started: AtomicUsize,
    n_open: AtomicUsize,
    most_open: AtomicUsize,
    /// No scan yields rows before so many were open at once.
    wait_for: AtomicUsize,
}

/// A scan that is over when this is dropped.
struct Scan(Arc<Scans>);

impl Scan {
    fn start(scans: &Arc<Scans>) -> Self {
        scans.n_started.fetch_add(1, Ordering::SeqCst);
        let n_open = 1 + scans.n_open.fetch_add(1, Ordering::SeqCst);
        scans.most_open.fetch_max(n_open, Ordering::SeqCst);
        Self(Arc::clone(scans))
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.0.n_open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct WatchedStream {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    is_endless: bool,
    scans: Arc<Scans>,
}

impl PartitionStream for WatchedStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let scan = Scan::start(&self.scans);
        let batches = futures::stream::iter(self.batches.clone());
        let batches = match self.is_endless {
            true => batches.chain(futures::stream::pending()).boxed(),
            false => batches.boxed(),
        };
        let batches = batches.then(move |batch| {
            let scans = Arc::clone(&scan.0);
            async move {
                tokio::task::yield_now().await;
                while scans.most_open.load(Ordering::SeqCst) < scans.wait_for.load(Ordering::SeqCst)
                {
                    tokio::task::yield_now().await;
                }
                Ok(batch)
            }
        });
        let schema = Arc::clone(&self.schema);
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}

struct Engine {
    ctx: SessionContext,
    scans: Arc<Scans>,
    endless: Arc<Scans>,
}

impl Engine {
    fn new(n_threads: usize, limit: usize) -> Self {
        let config = SessionConfig::new().with_target_partitions(n_threads);
        let top = NonZeroUsize::new(3).unwrap();
        let pool = TrackConsumersPool::new(FairSpillPool::new(limit), top);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool));
        let builder = SessionStateBuilder::new()
            .with_default_features()
            .with_config(config)
            .with_runtime_env(runtime.build_arc().unwrap());
        let state = crate::functions::with_relations(builder).unwrap().build();
        let engine = Self {
            ctx: SessionContext::new_with_state(state),
            scans: Arc::default(),
            endless: Arc::default(),
        };
        engine.register("t", false, &engine.scans);
        engine.register("endless", true, &engine.endless);
        engine
    }

    fn register(&self, name: &str, is_endless: bool, scans: &Arc<Scans>) {
        let field = |name| Field::new(name, DataType::Float64, true);
        let schema = Arc::new(Schema::new(vec![field("x"), field("y")]));
        let batch = |first: usize| {
            let x = (first..first + 1_000).map(|row| row as f64);
            let y = x.clone().map(|x| 3.0 * x + x % 7.0);
            let columns: [Float64Array; 2] = [x.collect(), y.collect()];
            let columns = columns.map(|column| Arc::new(column) as _).into();
            RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
        };
        let watched = WatchedStream {
            batches: (0..N_ROWS).step_by(1_000).map(batch).collect(),
            schema: Arc::clone(&schema),
            is_endless,
            scans: Arc::clone(scans),
        };
        let table = StreamingTable::try_new(schema, vec![Arc::new(watched)]).unwrap();
        self.ctx.register_table(name, Arc::new(table)).unwrap();
    }

    async fn rows(&self, sql: &str) -> Result<String> {
        let rows = async {
            let batches = self.ctx.sql(sql).await?.collect().await?;
            Ok(pretty_format_batches(&batches)?.to_string())
        };
        let rows = tokio::time::timeout(Duration::from_secs(60), rows).await;
        rows.expect("the statement ends")
    }

    async fn stream(&self, sql: &str) -> SendableRecordBatchStream {
        let frame = self.ctx.sql(sql).await.unwrap();
        frame.execute_stream().await.unwrap()
    }
}

/// A statement of so many relations side by side.
fn many(n_relations: usize) -> String {
    let one = "select count(*) as n, sum(estimate) as b from ols((select * from t), 'y ~ x')";
    let all = vec![one; n_relations].join(" union all ");
    format!("select * from ({all})")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_relations_scan_at_once_as_there_are_threads() {
    let engine = Engine::new(2, 1 << 30);
    engine.scans.wait_for.store(2, Ordering::SeqCst);
    engine.rows(&many(12)).await.unwrap();
    assert_eq!(engine.scans.n_started.load(Ordering::SeqCst), 12);
    assert_eq!(engine.scans.most_open.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_for_two_relations_or_for_one_is_enough_for_many() {
    let expected = Engine::new(2, 1 << 30).rows(&many(12)).await.unwrap();
    // The aggregates above take a little as well, all at once where they happen to begin together.
    for (n_threads, limit) in [(2, ONE * 5 / 2), (2, ONE * 3 / 2), (4, ONE * 3 / 2)] {
        let engine = Engine::new(n_threads, limit);
        let rows = engine.rows(&many(12)).await.unwrap();
        assert_eq!(rows, expected);
        let pool = &engine.ctx.runtime_env().memory_pool;
        assert_eq!(pool.reserved(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_relation_that_does_not_fit_alone_says_what_it_needs() {
    let engine = Engine::new(2, ONE * 3 / 4);
    let error = engine.rows(&many(3)).await.unwrap_err();
    assert!(is_exhausted(&error), "{error}");
    assert!(
        error.to_string().contains("`ols` needs 1 MB or more"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relations_below_relations_end_on_one_thread() {
    let below = "(select max(estimate) as b from ols((select * from t), 'y ~ x'))";
    let above = format!("ols((select t.x, t.y + l.b as y from t cross join {below} l), 'y ~ x')");
    let both = format!(
        "select count(*) from {above} f join ols((select * from t), 'y ~ x') g on f.term = g.term
         join (select term from {above} union all select term from {above}) h on g.term = h.term"
    );
    for prefer_hash_join in [true, false] {
        let engine = Engine::new(1, 1 << 30);
        let name = "datafusion.optimizer.prefer_hash_join";
        let set = format!("set {name} = {prefer_hash_join}");
        engine.ctx.sql(&set).await.unwrap().collect().await.unwrap();
        for sql in [format!("select count(*) from {above}"), both.clone()] {
            engine.rows(&sql).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_relation_ends_although_no_one_asks_for_its_rows() {
    let engine = Engine::new(1, 1 << 30);
    let mut stream = engine
        .stream("select * from ols((select * from t), 'y ~ x')")
        .await;
    assert!(futures::poll!(stream.next()).is_pending());
    engine.rows(&many(1)).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stopped_statement_returns_its_permit_and_one_that_waits_has_not_begun() {
    let engine = Engine::new(1, ONE * 5 / 4);
    let endless = "select * from ols((select * from endless), 'y ~ x')";
    let [mut holder, mut waiting] = [engine.stream(endless).await, engine.stream(endless).await];
    assert!(futures::poll!(holder.next()).is_pending());
    while engine.endless.n_open.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(futures::poll!(waiting.next()).is_pending());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(engine.endless.n_started.load(Ordering::SeqCst), 1);
    drop(waiting);
    drop(holder);
    engine.rows(&many(2)).await.unwrap();
    assert_eq!(engine.endless.n_started.load(Ordering::SeqCst), 1);
}
