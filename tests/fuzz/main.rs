//! Hostile inputs, generated and mutated from a seed, against everything a user can hand in. `cargo test --test fuzz` tries a few
//! hundred of each target; `cargo test --test fuzz -- statements --seconds 1200 --seed 7` goes on for time, and
//! `-- statements --seed 7 --case 1234` shows one case again. Cases run in child processes: one that ends
//! by itself or takes too long is a finding like any other.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod broken;
mod calls;
mod contracts;
mod extract_bytes;
mod extracts;
mod mutate;
mod project;
mod queries;
mod random;
mod relations;
mod run;
mod seeds;
mod sql;
mod statements;
mod tables;
mod target;
mod toml_text;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use target::Target;

/// What one call is to do.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Names of targets.
    pub(crate) targets: Vec<String>,
    /// What the random numbers come from.
    pub(crate) seed: u64,
    /// How long each target is tried; else a fixed number of cases.
    pub(crate) time: Option<Duration>,
    /// The only case.
    pub(crate) case: Option<u64>,
    /// For child processes: the cases to try.
    pub(crate) worker: Option<(u64, u64)>,
}

/// A target by name, with the number of cases that a run without `--seconds` tries.
pub(crate) const TARGETS: [(&str, u64); 6] = [
    ("extracts", 300),
    ("contracts", 600),
    ("project", 300),
    ("queries", 150),
    ("statements", 200),
    ("relations", 250),
];

/// The target called `name`.
pub(crate) fn target(name: &str) -> Box<dyn Target> {
    match name {
        "broken" => Box::new(broken::Broken),
        "extracts" => Box::new(extracts::Extracts::new()),
        "contracts" => Box::new(contracts::Contracts::new()),
        "project" => Box::new(project::ProjectFile::new()),
        "queries" => Box::new(queries::Queries::new()),
        "statements" => Box::new(statements::Statements::new()),
        "relations" => Box::new(relations::Relations::new()),
        other => unreachable!("`{other}` is in no list of targets"),
    }
}

fn options() -> Options {
    let mut options = Options {
        targets: Vec::new(),
        seed: 1,
        time: None,
        case: None,
        worker: None,
    };
    let mut arguments = std::env::args().skip(1);
    let mut is_filtered = false;
    while let Some(argument) = arguments.next() {
        let mut number = || {
            arguments
                .next()
                .and_then(|text| text.parse::<u64>().ok())
                .expect("a whole number follows")
        };
        match argument.as_str() {
            "--seed" => options.seed = number(),
            "--seconds" => options.time = Some(Duration::from_secs(number())),
            "--case" => options.case = Some(number()),
            "--worker" => options.worker = Some((number(), number())),
            // What the other test programs understand.
            flag if flag.starts_with('-') => {}
            name => {
                is_filtered = true;
                options.targets.extend(
                    TARGETS
                        .iter()
                        .filter(|(target, _)| *target == name)
                        .map(|(target, _)| (*target).to_owned()),
                );
            }
        }
    }
    if !is_filtered {
        options.targets = TARGETS.map(|(name, _)| name.to_owned()).into();
    }
    options
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        TARGETS
            .iter()
            .for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let options = options();
    match (options.targets.first(), options.worker, options.case) {
        (None, Some(cases), _) => worker::run("broken", options.seed, cases),
        (Some(target), Some(cases), _) => worker::run(target, options.seed, cases),
        (Some(target), None, Some(case)) => worker::show(target, options.seed, case),
        _ => run::run(&options),
    }
}
