//! The command line: arguments, dispatch, signals, exit codes. Only `printer` writes to the terminal.

mod args;
mod as_of;
mod backup;
mod caret;
mod check;
mod checks;
mod daemon;
mod diff;
mod docs;
mod doctor;
mod estimate;
mod failure;
mod forget;
mod history;
mod ingest;
mod init;
mod japanese_help;
mod job;
mod lineage;
mod lock;
mod maintain;
mod plan;
mod power;
mod powers;
mod printer;
mod progress;
mod pseudonymize;
mod reference;
mod release;
mod report;
mod retry;
mod run;
mod schedule;
mod schema;
mod selection;
mod serve;
mod sniff;
mod sql;
mod start_order;
mod status;
mod synth;
mod watch;
mod words;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use futures::future::LocalBoxFuture;

pub use sql::Keystrokes;

use args::GlobalArgs;
use failure::Failure;
use printer::Printer;
use watch::{signalled, until_signal};
use words::Words;

use crate::diagnostic::FailureKind;
use crate::session::THREAD_STACK;

/// Measure what health-management programs change: extracts in, effects and a report out.
#[derive(Debug, Parser)]
#[command(name = "korabo", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done (also nothing to do) · 1 a step failed · 2 usage · 3 project file, contract or SQL \
wrong · 4 extract missing or refused · 5 quality or linkage gate · 6 disclosure rule · 7 estimator \
refused · 8 another run holds the lock · 9 memory, disk or time limit · 70 our bug · 130/143 after a \
clean stop on a signal";

#[derive(Debug, Subcommand)]
enum Command {
    /// Ingest new extracts, then build every stale table, effects and the report
    Run(run::RunArgs),
    /// Continue the last run where it failed: what failed or was not run, and what depends on it
    Retry(retry::RetryArgs),
    /// Start runs at the times that korabo.toml gives, until stopped
    Schedule(schedule::ScheduleArgs),
    /// Show what `run` would do and why; change nothing
    Plan(plan::PlanArgs),
    /// Estimate one evaluation plan now: in subgroups, as SQL, or with what gates hide
    Estimate(estimate::EstimateArgs),
    /// What an evaluation plan could see, from years before exposure alone
    Power(power::PowerArgs),
    /// Fix an evaluation plan before its results are looked at
    Lock(lock::LockArgs),
    /// Ingest new extracts only
    Ingest(ingest::IngestArgs),
    /// Check project file, contracts and queries; read no data rows
    Check,
    /// Count what the contracts' checks find in tables that changed, and show what does not pass
    Checks(checks::ChecksArgs),
    /// Ask SQL questions: a prompt, or statements from -c, -f or standard input
    Sql(sql::SqlArgs),
    /// Answer SQL from other programs: Arrow Flight SQL, for ADBC and JDBC clients
    Serve(serve::ServeArgs),
    /// Let tables leave: protected, rounded, certified and remembered; or verify one that left
    Release(release::ReleaseArgs),
    /// Write the HTML report of the tables as they are
    Report(report::ReportArgs),
    /// Join small files, remove files of superseded versions after their time, shorten logs
    Maintain(maintain::MaintainArgs),
    /// Save lake and project files as they are at this moment, also during a run
    Backup(backup::BackupArgs),
    /// Restore a snapshot of a backup into an empty folder
    Restore(backup::RestoreArgs),
    /// Show the lake's tables: version, rows, up to date or stale
    Status,
    /// Write the project's documentation as a static site
    Docs(docs::DocsArgs),
    /// Show past runs
    History(history::HistoryArgs),
    /// Show what differs between two runs: which numbers moved, and why
    Diff(diff::DiffArgs),
    /// Check whether machine and project are ready for a run
    Doctor(doctor::DoctorArgs),
    /// Show what a table or a column is made of, and what is made of it
    Lineage(lineage::LineageArgs),
    /// Published figures to compare with
    Reference(reference::ReferenceArgs),
    /// Write a new project with the standard contracts and queries
    Init(init::InitArgs),
    /// Print the JSON schema of a configuration file, for editors
    Schema(schema::SchemaArgs),
    /// Write a synthetic linked world with known effects
    Synth(synth::SynthArgs),
    /// Make extracts without identifiers of an insurer's own files
    Pseudonymize(pseudonymize::PseudonymizeArgs),
    /// Withdraw persons by their tokens, from every version of every table
    Forget(forget::ForgetArgs),
    /// Write the manual's pages, korabo.1 and one per command
    Man {
        /// Folder to write to; created if it does not exist
        folder: PathBuf,
    },
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the program with the process's arguments, on a thread whose stack is large enough to plan on.
#[must_use]
pub fn main() -> ExitCode {
    let thread = std::thread::Builder::new()
        .name("main".to_owned())
        .stack_size(THREAD_STACK);
    let ended = thread.spawn(run).map(std::thread::JoinHandle::join);
    match ended {
        Ok(Ok(code)) => code,
        // What went wrong was said where it did.
        _ => ExitCode::from(FailureKind::Internal.exit_code()),
    }
}

fn run() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let words = match printer::asks_json(&arguments) {
        true => Words::english(),
        false => Words::of(&arguments),
    };
    let cli = match parse(&arguments, words) {
        Ok(cli) => cli,
        Err(error) => return printer::print_usage(&error, &arguments, words),
    };
    let printer = Printer::new(&cli.global, words);
    printer::hide_panic_texts(&printer);
    let result = tokio_runtime(&cli).and_then(|runtime| {
        let result = runtime.block_on(dispatch(&cli, &printer));
        // Its threads end with the process. Letting go of a thread while it ends is an access to freed memory in
        // the C library (glibc bug 19951), and with stacks as large as ours it ends the process by a signal.
        std::mem::forget(runtime);
        result
    });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

/// The program's arguments, with their help in the language of `words`.
fn command(words: Words) -> clap::Command {
    match words.japanese() {
        Some(phrasebook) => japanese_help::translated(Cli::command(), phrasebook),
        None => Cli::command(),
    }
}

fn parse(arguments: &[std::ffi::OsString], words: Words) -> Result<Cli, clap::Error> {
    let mut command = command(words);
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

async fn dispatch(cli: &Cli, printer: &Printer) -> Result<u8, Failure> {
    let global = &cli.global;
    let mut signal = signalled();
    let work: LocalBoxFuture<Result<u8, Failure>> = match &cli.command {
        // A run that is stopped still writes itself into the history.
        Command::Run(args) => {
            let ran = run::run(args, global, printer, &mut signal).await;
            return match args.is_dry() {
                true => ran,
                false => Ok(job::begun(ran, "run", global, printer)),
            };
        }
        Command::Retry(args) => {
            let ran = retry::run(args, global, printer, &mut signal).await;
            return Ok(job::begun(ran, "retry", global, printer));
        }
        // A server that is stopped lets running statements end.
        Command::Serve(args) => return serve::run(args, global, printer, &mut signal).await,
        // It stops the run in progress, and waits for its end.
        Command::Schedule(args) => return schedule::run(args, global, printer, signal).await,
        Command::Ingest(args) => {
            let ran = ingest::run(args, global, printer, &mut signal).await;
            return Ok(job::begun(ran, "ingest", global, printer));
        }
        Command::Plan(args) => Box::pin(plan::run(args, global, printer)),
        Command::Estimate(args) => Box::pin(estimate::run(args, global, printer)),
        Command::Power(args) => Box::pin(power::run(args, global, printer)),
        Command::Lock(args) => Box::pin(lock::run(args, global, printer)),
        Command::Check => Box::pin(check::run(global, printer)),
        Command::Docs(args) => Box::pin(docs::run(args, global, printer)),
        Command::Checks(args) => Box::pin(checks::run(args, global, printer)),
        Command::Sql(args) => Box::pin(sql::run(args, global, printer)),
        Command::Release(args) => Box::pin(release::run(args, global, printer)),
        Command::Report(args) => Box::pin(report::run(args, global, printer)),
        Command::Maintain(args) => Box::pin(maintain::run(args, global, printer)),
        Command::Forget(args) => Box::pin(forget::run(args, global, printer)),
        Command::Backup(args) => Box::pin(backup::run(args, global, printer)),
        Command::Restore(args) => Box::pin(backup::restore(args, printer)),
        Command::Status => Box::pin(status::run(global, printer)),
        Command::Doctor(args) => Box::pin(doctor::run(args, global, printer)),
        Command::Lineage(args) => Box::pin(lineage::run(args, global, printer)),
        Command::Diff(args) => Box::pin(diff::run(args, global, printer)),
        Command::History(args) => Box::pin(history::run(args, global, printer)),
        Command::Reference(args) => Box::pin(async { reference::run(args, global, printer) }),
        Command::Init(args) => Box::pin(async { init::run(args, printer) }),
        Command::Schema(args) => Box::pin(async { schema::run(args, printer) }),
        Command::Synth(args) => Box::pin(async { synth::run(args, global, printer) }),
        Command::Pseudonymize(args) => Box::pin(async { pseudonymize::run(args, global, printer) }),
        Command::Man { folder } => Box::pin(async { man(folder, printer) }),
        Command::Completions { shell } => Box::pin(async { complete(*shell, printer) }),
    };
    until_signal(work, &mut signal).await
}

fn complete(shell: clap_complete::Shell, printer: &Printer) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(printer.words), "korabo", &mut script);
    printer.data(&script)?;
    Ok(0)
}

/// Writes one page per command, and one for all.
fn man(folder: &Path, printer: &Printer) -> Result<u8, Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("cannot write the manual to `{}`", folder.display());
        Failure::new(FailureKind::Resources, message).because(&error)
    };
    fs_err::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(command(printer.words), folder).map_err(failed)?;
    Ok(0)
}

/// Threads of the estimators' pool. Each looks for work among all others: thousands do nothing else for minutes.
const MOST_ESTIMATOR_THREADS: usize = 256;

fn tokio_runtime(cli: &Cli) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.thread_stack_size(THREAD_STACK);
    builder.on_thread_start(sql::count_thread);
    if let Some(threads) = cli.global.threads {
        builder.worker_threads(threads.get());
        // The estimators' own pool. It exists already only where one process runs several commands, as tests do.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get().min(MOST_ESTIMATOR_THREADS))
            .build_global();
    }
    builder.enable_all().build().map_err(|error| {
        Failure::new(FailureKind::Internal, "cannot start worker threads").because(&error)
    })
}
