//! Monte Carlo study of the estimators: bias, coverage of intervals and bands, and rejection, where theory promises
//! them and where it does not. The results are in docs/validity.md.
//!
//! `cargo bench --bench validity -- [--draws N] [--design NAME] [--markdown PATH]`; fails when a promise is broken by
//! more than Monte Carlo error.

#![expect(clippy::print_stdout, reason = "a study prints its results")]

mod design;

mod population;

mod random;

mod estimator;

mod regression_call;

mod cutoff_call;

mod study;

mod verdict;

mod report;

mod designs;

mod staggered;

mod unbalanced;

mod outcomes;

mod covariates;

mod clustered;

mod regressions;

mod cutoffs;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use fs_err as fs;

use crate::design::Design;
use crate::report::Run;

/// Monte Carlo study of the estimators.
#[derive(Parser)]
struct Arguments {
    /// Samples drawn per design.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(10..))]
    draws: u64,
    /// Only these designs.
    #[arg(long = "design", value_name = "NAME", value_parser = PossibleValuesParser::new(names()))]
    designs: Vec<String>,
    /// Write the tables into the generated part of this document.
    #[arg(long, value_name = "PATH")]
    markdown: Option<PathBuf>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// All designs, in the order of the document.
fn all_designs() -> Vec<Design> {
    [
        staggered::designs(),
        unbalanced::designs(),
        outcomes::designs(),
        covariates::designs(),
        clustered::designs(),
        regressions::designs(),
        cutoffs::designs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn names() -> Vec<&'static str> {
    let designs = all_designs();
    designs.iter().map(|design| design.name).collect()
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut designs = all_designs();
    designs.retain(|design| {
        arguments.designs.is_empty() || arguments.designs.iter().any(|name| name == design.name)
    });
    let started = Instant::now();
    let mut runs = Vec::new();
    for design in designs {
        let summaries = study::run(&design, arguments.draws);
        let run = Run { design, summaries };
        println!("{}", report::text(&run));
        runs.push(run);
    }
    println!(
        "{} draws of {} designs in {:.0} s",
        arguments.draws,
        runs.len(),
        started.elapsed().as_secs_f64()
    );
    if let Some(path) = &arguments.markdown {
        let old = if path.exists() {
            fs::read_to_string(path)?
        } else {
            String::new()
        };
        let generated = report::markdown(&runs, arguments.draws);
        fs::write(path, report::refresh(&old, &generated))?;
    }
    Ok(exit_code(&runs))
}

/// Fails when any figure is not as promised.
fn exit_code(runs: &[Run]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for run in runs {
        for summary in &run.summaries {
            if let Some(complaint) = summary.complaint() {
                println!("{}, {}: {complaint}", run.design.name, summary.analysis);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
