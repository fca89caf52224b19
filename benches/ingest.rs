//! Ingest of a checkup extract, beside plainly copying the same parquet file with DataFusion.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use korabo::config::ProjectConfig;
use korabo::contract::{self, TableContract};
use korabo::ingest;
use korabo::lake::Lake;
use korabo_synth::{Scenario, SynthOptions, synth};

const PERSONS: u64 = 200_000;

fn world(folder: &Path) -> std::path::PathBuf {
    let options = SynthOptions {
        out: folder.to_path_buf(),
        persons: PERSONS,
        years: 2016..=2024,
        seed: 1,
        scenario: Scenario::Default,
        threads: 2,
    };
    synth(&options, &|_| ()).unwrap();
    let pattern = folder.join("insurer_*/checkups_2016-2022.parquet");
    let mut files = glob::glob(&pattern.to_string_lossy()).unwrap();
    files.next().unwrap().unwrap()
}

async fn ingest_once(contracts: &[TableContract], config: &ProjectConfig) {
    let lake = Lake::open(&config.lake).unwrap();
    let _lock = lake.lock().unwrap();
    ingest::ingest(
        config,
        contracts,
        &lake,
        ingest::DeliverySelection::default(),
        &|_| (),
    )
    .await
    .unwrap();
}

async fn copy_once(from: &Path, to: &Path) {
    let ctx = SessionContext::new();
    let from = from.to_string_lossy();
    let frame = ctx
        .read_parquet(from.as_ref(), ParquetReadOptions::default())
        .await
        .unwrap();
    frame
        .write_parquet(&to.to_string_lossy(), DataFrameWriteOptions::new(), None)
        .await
        .unwrap();
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = world(&folder.path().join("world"));
    let contracts = contract::load_dir(Path::new("schemas")).unwrap();
    let text = format!("[sources.checkups]\nfiles = ['{}']\n", file.display());
    let config = ProjectConfig::parse(folder.path(), &text).unwrap();
    let mut group = criterion.benchmark_group("checkups");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(file.metadata().unwrap().len()));
    group.bench_function("copy with DataFusion", |bencher| {
        let target = folder.path().join("copy");
        bencher.iter(|| {
            runtime.block_on(copy_once(&file, &target));
            std::fs::remove_dir_all(&target).unwrap();
        });
    });
    group.bench_function("ingest", |bencher| {
        bencher.iter(|| {
            runtime.block_on(ingest_once(&contracts, &config));
            std::fs::remove_dir_all(&config.lake).unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
