//! Monte Carlo study of the estimators and of what judges them: bias, coverage of intervals and bands, and rejection, where theory promises
//! them and where it does not. The results are in docs/validity.md.
//!
//! `cargo bench --bench validity -- [--draws N] [--design NAME] [--estimator NAME] [--markdown PATH]`; fails when a promise is broken by
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

mod judgement;

mod judged;

mod trends;

mod trials;

mod families;

mod contrasts;

mod together;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use fs_err as fs;

use crate::design::Design;
use crate::judgement::Judgement;
use crate::report::Run;

/// Monte Carlo study of the estimators.
#[derive(Parser)]
struct Arguments {
    /// Samples drawn per design.
    #[arg(long, default_value_t = report::DRAWS, value_parser = clap::value_parser!(u64).range(10..))]
    draws: u64,
    /// Only these designs.
    #[arg(long = "design", value_name = "NAME", value_parser = PossibleValuesParser::new(names()))]
    designs: Vec<String>,
    /// Only the rows of these estimators, by their names in the tables.
    #[arg(long = "estimator", value_name = "NAME", conflicts_with = "markdown")]
    estimators: Vec<String>,
    /// Write the tables into the generated part of this document; those of other designs stay.
    #[arg(long, value_name = "PATH")]
    markdown: Option<PathBuf>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Designs of estimators, in the order of the document.
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

/// Designs of what judges estimates, which follow them.
fn all_judgements() -> Vec<Judgement> {
    [
        trends::judgements(),
        trials::judgements(),
        contrasts::judgements(),
        families::judgements(),
        together::judgements(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn names() -> Vec<&'static str> {
    let designs = all_designs().into_iter().map(|design| design.name);
    let judgements = all_judgements();
    let judgements = judgements.iter().map(|judgement| judgement.name);
    designs.chain(judgements).collect()
}

fn main() -> std::io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let started = Instant::now();
    let runs = run(&arguments);
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
        fs::write(path, report::refresh(&old, &runs, &names()))?;
    }
    // Fails when any figure is not as promised.
    let mut code = ExitCode::SUCCESS;
    for complaint in runs.iter().flat_map(|run| &run.complaints) {
        println!("{complaint}");
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

/// Runs the designs asked for and prints their tables.
fn run(arguments: &Arguments) -> Vec<Run> {
    let is_asked =
        |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|own| own == name);
    let mut runs = Vec::new();
    for mut design in all_designs() {
        let analyses = &mut design.analyses;
        analyses.retain(|own| is_asked(&arguments.estimators, own.label));
        if is_asked(&arguments.designs, design.name) && !design.analyses.is_empty() {
            let summaries = study::run(&design, arguments.draws);
            let run = Run::of_design(&design, &summaries, arguments.draws);
            println!("{}", run.text());
            runs.push(run);
        }
    }
    if arguments.estimators.is_empty() {
        for judgement in all_judgements() {
            if is_asked(&arguments.designs, judgement.name) {
                let judged = judged::run(&judgement, arguments.draws);
                let run = Run::of_judgement(&judgement, &judged, arguments.draws);
                println!("{}", run.text());
                runs.push(run);
            }
        }
    }
    runs
}
