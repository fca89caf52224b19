//! `korabo doctor`: whether machine and project are ready for a run, without running anything. Data is read only by
//! `--verify`, and none of it shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::schedule;
use super::words::Words;
use super::workspace;
use crate::config::{ProjectConfig, ServeConfig};
use crate::diagnostic::{FailureKind, counted, thousands};
use crate::ingest::find_sources;
use crate::lake::{Contents, Lake, LakeError};
use crate::pipeline::{self, Project, Work};
use crate::serve::{self, ServeError};
use crate::session;

/// Less free space than this is worth a warning, whatever the lake's size.
const LITTLE_SPACE: u64 = 1 << 30;

/// How a finding is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Ok,
    Warn,
    /// A run would end with this.
    Fail(FailureKind),
}

/// One thing looked at.
struct Finding {
    grade: Grade,
    what: &'static str,
    detail: String,
    /// What to do.
    advice: Option<String>,
}

impl Finding {
    fn ok(what: &'static str, detail: String) -> Self {
        Self {
            grade: Grade::Ok,
            what,
            detail,
            advice: None,
        }
    }

    fn warn(what: &'static str, detail: String, advice: &str) -> Self {
        Self {
            grade: Grade::Warn,
            advice: Some(advice.to_owned()),
            ..Self::ok(what, detail)
        }
    }

    fn fail(what: &'static str, failure: &Failure) -> Self {
        let mut detail = failure.message.clone();
        for cause in &failure.causes {
            detail.push_str(": ");
            detail.push_str(cause);
        }
        Self {
            grade: Grade::Fail(failure.kind),
            advice: failure.hints.first().cloned(),
            ..Self::ok(what, detail)
        }
    }
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Read every data file of the lake and compare it with what was written
    #[arg(long)]
    verify: bool,
}

pub(super) async fn run(
    args: &DoctorArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let mut findings = vec![program(global), memory(global)];
    match workspace::config(global) {
        Err(failure) => {
            findings.push(space("temporary folder", &temp_dir(global), LITTLE_SPACE));
            findings.push(Finding::fail("project", &failure));
        }
        Ok(config) => findings.extend(project(config, args, global).await),
    }
    printer.data(table(&findings, printer.words).as_bytes())?;
    let kinds = findings.iter().filter_map(|finding| match finding.grade {
        Grade::Fail(kind) => Some(kind.exit_code()),
        _ => None,
    });
    Ok(kinds.min().unwrap_or(0))
}

fn table(findings: &[Finding], words: Words) -> String {
    let mut text = String::new();
    for finding in findings {
        let grade = match finding.grade {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail(_) => "FAIL",
        };
        let (what, detail) = (words.say(finding.what), words.say(&finding.detail));
        let what = console::pad_str(&what, 18, console::Alignment::Left, None);
        text.push_str(&format!("{grade:<5}{what}{detail}\n"));
        if let Some(advice) = &finding.advice {
            text.push_str(&format!("{:<23}→ {}\n", "", words.say(advice)));
        }
    }
    text
}

fn program(global: &GlobalArgs) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let used = global.threads.map_or(cores, std::num::NonZeroUsize::get);
    let detail = format!(
        "korabo {} on {} {}, {used} of {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        counted(cores as u64, "core", "cores"),
    );
    if used > cores {
        let advice = "more threads than cores make nothing faster: lower --threads";
        return Finding::warn("program", detail, advice);
    }
    Finding::ok("program", detail)
}

fn memory(global: &GlobalArgs) -> Finding {
    let limit = global.memory_limit.or_else(session::default_memory_limit);
    let (Some(limit), Some(available)) = (limit, session::available_memory()) else {
        return Finding::ok(
            "memory",
            "this machine does not report how much it has".to_owned(),
        );
    };
    let detail = format!("limit {}, {} free now", size(limit), size(available));
    if limit > available {
        let advice = "something else uses this machine: lower --memory-limit, so that korabo spills to disk instead of being killed";
        return Finding::warn("memory", detail, advice);
    }
    Finding::ok("memory", detail)
}

/// Everything that needs a project, as far as it can be looked at.
async fn project(config: ProjectConfig, args: &DoctorArgs, global: &GlobalArgs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = config.folder.display().to_string();
    let extracts = extracts(&config);
    let serve = config.serve.as_ref().map(serving);
    let opened = Lake::open(&config.lake).map_err(Failure::from);
    let lake_bytes = opened.as_ref().map_or(0, |lake| bytes_below(lake.root()));
    let wanted = lake_bytes.max(LITTLE_SPACE);
    findings.push(space("temporary folder", &temp_dir(global), wanted));
    let project = match Project::load(config) {
        Ok(project) => {
            let contracts = counted(project.contracts.len() as u64, "contract", "contracts");
            let n_queries = project.dag.queries().len() as u64;
            let queries = counted(n_queries, "query", "queries");
            findings.push(Finding::ok(
                "project",
                format!("{folder}: {contracts}, {queries}"),
            ));
            Some(project)
        }
        Err(error) => {
            findings.push(Finding::fail("project", &Failure::from(error)));
            None
        }
    };
    findings.push(extracts);
    findings.extend(serve);
    match opened {
        Err(failure) => findings.push(Finding::fail("lake", &failure)),
        Ok(lake) => {
            findings.push(writable(&lake, lake_bytes));
            findings.push(space("lake's disk", lake.root(), wanted));
            if let Some(project) = project {
                findings.extend(losses(&project, &lake).await);
                findings.push(tables(&project, &lake).await);
                findings.extend(schedules(&project, &lake));
            }
            if args.verify {
                findings.extend(contents(&lake).await);
            }
            findings.push(last_run(&lake).await);
        }
    }
    findings
}

/// Whether every source has files.
fn extracts(config: &ProjectConfig) -> Finding {
    let (mut n_files, mut missing) = (0, Vec::new());
    for (table, source) in &config.sources {
        match find_sources(&config.extracts, &source.files) {
            Err(error) => {
                let failure = Failure::new(FailureKind::Extract, error.to_string());
                return Finding::fail("extracts", &failure);
            }
            Ok(files) if files.is_empty() && !source.optional => missing.push(table.as_str()),
            Ok(files) => n_files += files.len(),
        }
    }
    let folder = config.extracts.display();
    if missing.is_empty() {
        let files = counted(n_files as u64, "file", "files");
        return Finding::ok("extracts", format!("{files} in {folder}"));
    }
    let message = format!("no file for {} in {folder}", missing.join(", "));
    let failure = Failure::new(FailureKind::Extract, message)
        .hint("put them there, or mark the sources `optional = true` in korabo.toml");
    Finding::fail("extracts", &failure)
}

/// Whether `korabo serve` could begin: users, certificate and key.
fn serving(config: &ServeConfig) -> Finding {
    let refused = |error: ServeError| Finding::fail("serve", &Failure::from(error));
    let users = match serve::Users::open(&config.tokens) {
        Ok(users) => counted(users.count() as u64, "user", "users"),
        Err(error) => return refused(error),
    };
    let Some(files) = &config.tls else {
        if !config.listen.ip().is_loopback() {
            let address = config.listen;
            return refused(ServeError::NotEncrypted { address });
        }
        return Finding::ok("serve", format!("{users} on {}", config.listen));
    };
    let ends = match serve::certificate_ends(files) {
        Ok(ends) => ends,
        Err(error) => return refused(error),
    };
    let detail = match ends {
        Some(end) => format!(
            "{users} on {}, certificate until {}",
            config.listen,
            end.date_naive()
        ),
        None => format!("{users} on {}", config.listen),
    };
    let now = chrono::Utc::now();
    match ends {
        Some(end) if end < now => Finding::warn(
            "serve",
            detail,
            "the certificate has expired: clients refuse it",
        ),
        Some(end) if end - now < chrono::Duration::days(14) => {
            Finding::warn("serve", detail, "the certificate expires soon: renew it")
        }
        _ => Finding::ok("serve", detail),
    }
}

/// Whether a run could write to the lake, and whether one does.
fn writable(lake: &Lake, bytes: u64) -> Finding {
    let detail = format!("{}: {}", lake.root().display(), size(bytes));
    match lake.lock() {
        Ok(_) => Finding::ok("lake", detail),
        Err(LakeError::Locked) => {
            let detail = format!("{detail}; a run is in progress");
            Finding::warn(
                "lake",
                detail,
                "wait for it; a second run would end with exit code 8",
            )
        }
        Err(error) => Finding::fail("lake", &Failure::from(error)),
    }
}

/// What the lake's own records know of and the lake does not have.
async fn losses(project: &Project, lake: &Lake) -> Vec<Finding> {
    match pipeline::losses(project, lake).await {
        Err(error) => vec![Finding::fail("rows", &Failure::from(error))],
        Ok(losses) if losses.is_empty() => {
            let detail = "every delivery and version on record is there".to_owned();
            vec![Finding::ok("rows", detail)]
        }
        Ok(losses) => {
            let lost = losses.into_iter().map(Failure::from);
            lost.map(|lost| Finding::fail("rows", &lost)).collect()
        }
    }
}

/// Compares the content of every data file with what was written: a finding for all, or one per table that is damaged.
async fn contents(lake: &Lake) -> Vec<Finding> {
    let mut damaged = Vec::new();
    let mut whole = Contents::default();
    let names = match lake.table_names() {
        Ok(names) => names,
        Err(error) => return vec![Finding::fail("contents", &Failure::from(error))],
    };
    for name in names {
        let checked = match lake.table(&name).await {
            Ok(Some(table)) => table.check_contents(),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        match checked {
            Ok(found) => whole.add(found),
            Err(error) => damaged.push(Finding::fail("contents", &Failure::from(error))),
        }
    }
    if !damaged.is_empty() {
        return damaged;
    }
    let files = counted(whole.n_files, "file is", "files are");
    let detail = format!("{files} what was written, {}", size(whole.bytes));
    if whole.n_without_hash == 0 {
        return vec![Finding::ok("contents", detail)];
    }
    let old = counted(whole.n_without_hash, "file", "files");
    let detail =
        format!("{detail}; {old} of earlier versions or other programs without a checksum");
    let advice = "only their sizes could be compared; what is rebuilt or joined gets a checksum";
    vec![Finding::warn("contents", detail, advice)]
}

async fn tables(project: &Project, lake: &Lake) -> Finding {
    let work = Work::everything(&project.dag);
    let planned = pipeline::plan(project, lake, &work, &BTreeSet::new()).await;
    match planned {
        Err(error) => Finding::fail("tables", &Failure::from(error)),
        Ok(planned) => {
            let all = planned.iter().filter(|step| !step.is_view).count();
            let is_stale = |step: &&pipeline::PlannedStep| !step.is_view && step.reason.is_some();
            let stale = planned.iter().filter(is_stale).count();
            let detail = format!("{stale} of {all} stale");
            match stale {
                0 => Finding::ok("tables", "all up to date".to_owned()),
                _ => Finding::warn(
                    "tables",
                    detail,
                    "`korabo plan` says why, `korabo run` builds them",
                ),
            }
        }
    }
}

/// Whether the schedules can be served, where there are any.
fn schedules(project: &Project, lake: &Lake) -> Option<Finding> {
    let schedules = &project.config.schedules;
    if schedules.is_empty() {
        return None;
    }
    let summary = schedule::check(project)
        .and_then(|()| schedule::summary(schedules, lake, chrono::Utc::now()));
    Some(match summary {
        Err(failure) => Finding::fail("schedules", &failure),
        Ok(detail) => Finding::ok("schedules", detail),
    })
}

async fn last_run(lake: &Lake) -> Finding {
    let last = match pipeline::last_run(lake).await {
        Err(error) => return Finding::fail("last run", &Failure::from(error)),
        Ok(None) => {
            let advice = "`korabo run` makes the first";
            return Finding::warn("last run", "none yet".to_owned(), advice);
        }
        Ok(Some(last)) => last,
    };
    let detail = format!(
        "number {}, {}: {}",
        last.run_id, last.started_at, last.status
    );
    if last.is_ok() {
        return Finding::ok("last run", detail);
    }
    Finding::warn(
        "last run",
        detail,
        "see `korabo history`; `korabo run` continues",
    )
}

fn temp_dir(global: &GlobalArgs) -> PathBuf {
    global.temp_dir.clone().unwrap_or_else(std::env::temp_dir)
}

/// Free space where a folder lies.
fn space(what: &'static str, folder: &Path, wanted: u64) -> Finding {
    let shown = folder.display();
    let Ok(found) = rustix::fs::statvfs(folder) else {
        let failure = Failure::new(FailureKind::Resources, format!("{shown} cannot be used"))
            .hint("create it, or name another with --temp-dir");
        return Finding::fail(what, &failure);
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let detail = format!("{} free in {shown}", size(free));
    if free < wanted {
        let advice = format!("a run may need as much as the lake holds: {}", size(wanted));
        return Finding::warn(what, detail, &advice);
    }
    Finding::ok(what, detail)
}

/// Bytes of all files below a folder; what cannot be read counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return 0;
    };
    let size = |entry: fs_err::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

/// `1,234 MB` and the like.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..100_000_000_000 => format!("{} MB", thousands(bytes / 1_000_000)),
        _ => format!("{} GB", thousands(bytes / 1_000_000_000)),
    }
}
