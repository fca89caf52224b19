//! Starts child processes, two at a time, for chunks of cases, and gathers what they find. A child that ends before its last case
//! is a finding; the next one goes on behind that case.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::worker::{TOO_LONG, signature};
use crate::{Options, TARGETS, broken};

/// Cases of one child process.
const CHUNK: u64 = 400;

/// What one target came to.
#[derive(Default)]
struct Outcome {
    n_cases: u64,
    /// Cases that were not refused anywhere.
    n_through: u64,
    findings: BTreeMap<String, Finding>,
    target: String,
    /// Whether findings are shown as they come.
    is_reported: bool,
}

struct Finding {
    what: String,
    about: String,
    body: String,
    first_case: u64,
    n_cases: u64,
}

/// Tries all targets asked for, and first whether a target that breaks every promise is found out.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut broken = Outcome::default();
    let mut from = 0;
    while from < broken::N_CASES {
        from = chunk(
            "broken",
            options,
            (from, broken::N_CASES),
            Instant::now(),
            &mut broken,
        );
    }
    let n_found: u64 = broken
        .findings
        .values()
        .map(|finding| finding.n_cases)
        .sum();
    assert_eq!(n_found, broken::N_CASES, "what is broken is not found");
    let next = AtomicUsize::new(0);
    let n_findings = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.targets.len().min(2) {
            scope.spawn(|| {
                while let Some(target) = options.targets.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let start = Instant::now();
                    let outcome = try_target(target, options);
                    n_findings.fetch_add(outcome.findings.len(), Ordering::SeqCst);
                    outcome.print(target, options.seed, start.elapsed());
                }
            });
        }
    });
    match n_findings.into_inner() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn try_target(target: &str, options: &Options) -> Outcome {
    let mut outcome = Outcome {
        target: target.to_owned(),
        is_reported: options.time.is_some(),
        ..Outcome::default()
    };
    let start = Instant::now();
    let wanted = TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .map_or(0, |(_, n)| *n);
    let mut from = 0;
    loop {
        let to = match options.time {
            Some(time) if start.elapsed() >= time => break,
            Some(_) => from + CHUNK,
            None if from >= wanted => break,
            None => wanted.min(from + CHUNK),
        };
        from = chunk(target, options, (from, to), start, &mut outcome);
    }
    outcome
}

/// Tries cases in one child process; returns the first one that was not tried.
fn chunk(
    target: &str,
    options: &Options,
    (from, to): (u64, u64),
    start: Instant,
    outcome: &mut Outcome,
) -> u64 {
    let mut child = child(target, options.seed, (from, to));
    let stdout = child.stdout.take().expect("it is piped");
    let mut stderr = child.stderr.take().expect("it is piped");
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        drop(stderr.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let (mut case, mut n_through, mut is_done, mut is_over) = (from, 0_u64, false, false);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some(number) = line.strip_prefix("@case ") {
            is_over = options.time.is_some_and(|time| start.elapsed() >= time);
            if is_over {
                break;
            }
            let (number, through) = number.split_once(' ').expect("a child writes two numbers");
            case = number.parse().expect("a child writes numbers");
            n_through = through.parse().expect("a child writes numbers");
            outcome.n_cases += 1;
        } else if let Some(through) = line.strip_prefix("@done ") {
            is_done = true;
            n_through = through.parse().expect("a child writes numbers");
        } else if let Some(found) = line
            .strip_prefix("@finding ")
            .or_else(|| line.strip_prefix("@shorter "))
        {
            outcome.note(
                &serde_json::from_str(found).expect("a child writes JSON"),
                line.starts_with("@finding"),
            );
        }
    }
    outcome.n_through += n_through;
    if is_over {
        drop(child.kill());
    }
    let status = child.wait().expect("a child was started");
    let complaints = complaints.join().unwrap_or_default();
    if is_done {
        return to;
    }
    if !is_over {
        let what = match status.code() {
            Some(TOO_LONG) => "the case takes too long".to_owned(),
            _ => format!("the process ended: {status}: {}", complaints.trim()),
        };
        outcome.note(
            &serde_json::json!({ "case": case, "what": what, "about": "see --case", "body": "" }),
            true,
        );
    }
    case + 1
}

fn child(target: &str, seed: u64, (from, to): (u64, u64)) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("a program knows where it is"));
    command.arg(target).args([
        "--seed",
        &seed.to_string(),
        "--worker",
        &from.to_string(),
        &to.to_string(),
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.env("MALLOC_ARENA_MAX", "2");
    command.spawn().expect("a child can be started")
}

impl Outcome {
    /// Says what a target came to, in one piece.
    fn print(&self, target: &str, seed: u64, time: Duration) {
        let (n, through, found) = (self.n_cases, self.n_through, self.findings.len());
        let mut text = format!(
            "{target}: {n} cases in {} s, {through} not refused, {found} findings\n",
            time.as_secs()
        );
        for finding in self.findings.values() {
            text.push_str(&finding.describe(target, seed));
        }
        print!("{text}");
    }

    fn note(&mut self, found: &Value, is_new: bool) {
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        let what = text("what");
        let case = found["case"].as_u64().unwrap_or_default();
        if self.is_reported && !self.findings.contains_key(&signature(&what)) {
            println!(
                "found: {} case {case}: {}",
                self.target,
                what.lines().next().unwrap_or_default()
            );
        }
        let known = self
            .findings
            .entry(signature(&what))
            .or_insert_with(|| Finding {
                what,
                about: text("about"),
                body: text("body"),
                first_case: case,
                n_cases: 0,
            });
        known.n_cases += u64::from(is_new);
        if text("body").len() < known.body.len() {
            (known.what, known.about, known.body, known.first_case) =
                (text("what"), text("about"), text("body"), case);
        }
    }
}

impl Finding {
    fn describe(&self, target: &str, seed: u64) -> String {
        let Self {
            what,
            about,
            body,
            first_case,
            n_cases,
        } = self;
        format!(
            "\n--- {n_cases} cases: {what}\n{about}\n{body}\n--- again: cargo test --test fuzz -- {target} --seed {seed} --case {first_case}\n\n"
        )
    }
}
