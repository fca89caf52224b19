//! `korabo synth`: a synthetic linked world with known effects.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use korabo_synth::{NativeFormat, Scenario, SynthOptions, synth, synth_native};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::pseudonymize::secret;
use super::workspace;
use crate::diagnostic::{FailureKind, counted, thousands};

/// Arguments of `synth`.
#[derive(Debug, Args)]
pub(super) struct SynthArgs {
    /// Folder to write to
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Persons, dependents included
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    persons: u64,
    /// Fiscal years
    #[arg(long, value_name = "FROM..TO", default_value = "2016..2024", value_parser = parse_years)]
    years: RangeInclusive<i16>,
    /// Seed: the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the world is for
    #[arg(long, value_name = "NAME", default_value = "default", long_help = scenario_help())]
    scenario: Scenario,
    /// Write insurers' files as holders have them, with invented identifiers, instead of tables: checkup-xml, uke, csv-vendor
    #[arg(long = "as", value_name = "FORMAT", value_delimiter = ',')]
    formats: Vec<NativeFormat>,
    /// File with the secret under which employers' keys are made, as for `pseudonymize` [default: the variable KORABO_SECRET]
    #[arg(long, value_name = "FILE", requires = "formats")]
    secret_file: Option<PathBuf>,
}

/// The scenarios with a line on each.
fn scenario_help() -> String {
    let mut help = "What the world is for:".to_owned();
    for scenario in Scenario::ALL {
        let line = format!("\n  {:<14} {}", scenario.name(), scenario.summary());
        help.push_str(&line);
    }
    help
}

fn parse_years(text: &str) -> Result<RangeInclusive<i16>, String> {
    let wrong = || "write fiscal years like 2016..2024".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let from: i16 = from.trim().parse().map_err(|_| wrong())?;
    let to: i16 = to
        .trim_start_matches('=')
        .trim()
        .parse()
        .map_err(|_| wrong())?;
    if from > to {
        return Err("the first fiscal year is after the last".to_owned());
    }
    Ok(from..=to)
}

pub(super) fn run(args: &SynthArgs, global: &GlobalArgs, printer: &Printer) -> Result<u8, Failure> {
    let threads = global.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        std::num::NonZeroUsize::get,
    );
    let options = SynthOptions {
        out: workspace::absolute(&args.out)?,
        persons: args.persons,
        years: args.years.clone(),
        seed: args.seed,
        scenario: args.scenario,
        threads,
    };
    let bar = match printer.shows_progress {
        true => ProgressBar::new(args.persons),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} persons · {eta} left") {
        bar.set_style(style.progress_chars("█▓░"));
    }
    let started = Instant::now();
    let progress = |n_persons| bar.set_position(n_persons);
    let result = match args.formats.as_slice() {
        [] => synth(&options, &progress),
        formats => {
            let secret = secret(args.secret_file.as_deref())?;
            synth_native(&options, formats, &secret, &progress)
        }
    };
    bar.finish_and_clear();
    let summary = result.map_err(|error| {
        Failure::new(FailureKind::Resources, "cannot write the synthetic world").because(&error)
    })?;
    for (table, n_rows) in &summary.rows {
        printer.note(&format!("{table:<18} {:>14} rows", thousands(*n_rows)));
    }
    printer.note(&format!(
        "{} and truth.json, {} MiB, in {:.1} s",
        counted(summary.files, "file", "files"),
        thousands(summary.bytes.div_ceil(1 << 20)),
        started.elapsed().as_secs_f64()
    ));
    Ok(0)
}
