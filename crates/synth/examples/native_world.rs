//! A world whose insurers hold native files: `cargo run --release -p korabo-synth --example native_world -- FOLDER PERSONS SECRET`.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::path::PathBuf;
use std::time::Instant;

use korabo_synth::{NativeFormat, Scenario, SynthError, SynthOptions, synth_native};

fn main() -> Result<(), SynthError> {
    let mut arguments = std::env::args().skip(1);
    let (folder, persons, secret) = (arguments.next(), arguments.next(), arguments.next());
    let options = SynthOptions {
        out: PathBuf::from(folder.unwrap_or_else(|| "native_world".to_owned())),
        persons: persons.and_then(|text| text.parse().ok()).unwrap_or(1_000),
        years: 2016..=2024,
        seed: 20_261_122,
        scenario: Scenario::Default,
        threads: 2,
    };
    let started = Instant::now();
    let secret = secret.unwrap_or_default();
    let summary = synth_native(&options, &NativeFormat::ALL, secret.as_bytes(), &|_| ())?;
    for (table, n_rows) in &summary.rows {
        println!("{table:<18} {n_rows:>10} rows");
    }
    println!(
        "{} files, {} bytes, {:.1} s",
        summary.files,
        summary.bytes,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
