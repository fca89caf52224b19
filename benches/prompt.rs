//! A key at the prompt of a lake with 500 tables of 100 columns: a letter, Enter, Tab. A user who types
//! notices about 16 ms. And 200 small queries in the engine alone, to be compared with what
//! `benches/prompt.sh` measures of the program.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use korabo::cli::Keystrokes;
use korabo::session::{Session, SessionOptions};
use tokio::runtime::Runtime;

fn prompt() -> Keystrokes {
    let columns = |table: usize| (0..100).map(move |n| format!("column_{table}_{n}"));
    let tables = (0..500).map(|table| (format!("table_{table}"), columns(table).collect()));
    let functions = (0..300).map(|n| format!("function_{n}"));
    Keystrokes::new(tables.collect(), functions.collect())
}

/// A statement of 100 lines over 20 tables.
fn statement() -> String {
    let mut text = "select 'text', 12.5, -- what is asked\n".to_owned();
    for line in 0..80 {
        text += &format!("    sum(t{}.column_{line}_1) as total_{line},\n", line % 20);
    }
    text += "    count(*) as n\nfrom table_0 as t0\n";
    for table in 1..20 {
        text += &format!("join table_{table} as t{table} on t0.id = t{table}.id\n");
    }
    text
}

fn keys(criterion: &mut Criterion) {
    let prompt = prompt();
    let statement = statement();
    let mut group = criterion.benchmark_group("prompt");
    group.bench_function("letter in a statement of 100 lines", |bencher| {
        bencher.iter(|| black_box(prompt.letter(black_box(&statement))));
    });
    group.bench_function("enter in a statement of 100 lines", |bencher| {
        bencher.iter(|| black_box(prompt.enter(black_box(&statement))));
    });
    let column = format!("{statement}where col");
    group.bench_function("tab for a column of 20 tables", |bencher| {
        bencher.iter(|| black_box(prompt.tab(black_box(&column), column.len())));
    });
    let table = "select * from tab";
    group.bench_function("tab for one of 500 tables", |bencher| {
        bencher.iter(|| black_box(prompt.tab(black_box(table), table.len())));
    });
    group.finish();
}

fn queries(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let session = Session::new(&SessionOptions::default()).unwrap();
    let statements: Vec<String> = (0..200)
        .map(|n| {
            format!("select value, value * {n} as x from generate_series(1, 20) where value > 3")
        })
        .collect();
    criterion.bench_function("200 small queries in the engine", |bencher| {
        bencher.iter(|| {
            for statement in &statements {
                let rows = runtime.block_on(async {
                    let frame = session.plan(statement, &[]).await.unwrap();
                    frame.collect().await.unwrap()
                });
                black_box(rows);
            }
        });
    });
}

criterion_group!(benches, keys, queries);
criterion_main!(benches);
