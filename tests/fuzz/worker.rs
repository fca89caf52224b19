//! A child process that tries cases one after the other and writes what it finds, as lines, to standard output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use korabo::diagnostic::is_contained;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::mutate::minimised;
use crate::random::Random;
use crate::target::{Input, Target, n_through};

/// How long one case may take. A running statement is stopped after a second or two (`tables`); this is for what
/// does not.
const DEADLINE: Duration = Duration::from_secs(40);

/// Bytes of address space of a child: a case that asks for more ends its process, not the machine.
const MEMORY: u64 = 8 << 30;

/// Exit code of a process that ended because a case took too long.
pub(crate) const TOO_LONG: i32 = 86;

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static CASE: AtomicU64 = AtomicU64::new(0);
/// Milliseconds of [`DEADLINE`] that are used up, counted by the watching thread.
static WAITED: AtomicU64 = AtomicU64::new(0);

/// Tries the cases from the first to before the last.
pub(crate) fn run(name: &str, seed: u64, (from, to): (u64, u64)) -> ExitCode {
    prepare();
    let mut target = crate::target(name);
    for case in from..to {
        CASE.store(case, Ordering::Relaxed);
        println!("@case {case} {}", n_through());
        let input = target.input(&mut Random::of_case(name, seed, case));
        if let Err(what) = check(target.as_mut(), &input) {
            report("finding", case, &what, &input);
            let shorter = shortened(target.as_mut(), &input, &what);
            report("shorter", case, &what, &shorter);
        }
    }
    println!("@done {}", n_through());
    ExitCode::SUCCESS
}

/// Shows one case, then tries it.
pub(crate) fn show(name: &str, seed: u64, case: u64) -> ExitCode {
    let mut target = crate::target(name);
    let input = target.input(&mut Random::of_case(name, seed, case));
    println!(
        "{} ({} bytes)\n{}\n",
        input.about,
        input.body.len(),
        readable(&input.body)
    );
    prepare();
    match check(target.as_mut(), &input) {
        Ok(()) => println!("{name} case {case}: ok"),
        Err(what) => {
            let shorter = shortened(target.as_mut(), &input, &what);
            println!(
                "{what}\n\n{} ({} bytes)\n{}",
                shorter.about,
                shorter.body.len(),
                readable(&shorter.body)
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The number of the case that is tried.
pub(crate) fn case() -> u64 {
    CASE.load(Ordering::Relaxed)
}

fn prepare() {
    let limit = Rlimit {
        current: Some(MEMORY),
        maximum: Some(MEMORY),
    };
    setrlimit(Resource::As, limit).expect("a process may limit itself");
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).expect("a process may limit itself");
    std::panic::set_hook(Box::new(|info| {
        if is_contained(info) {
            return;
        }
        let text = info.payload_as_str().unwrap_or("without a text");
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        panics.push(format!("panic at {at}: {text}"));
    }));
    std::thread::spawn(watch);
}

/// Ends the process when a case takes too long.
#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the case cannot be stopped in another way"
)]
fn watch() {
    let step = Duration::from_millis(100);
    loop {
        std::thread::sleep(step);
        let waited = WAITED.fetch_add(100, Ordering::Relaxed);
        if u128::from(waited) > DEADLINE.as_millis() {
            std::process::exit(TOO_LONG);
        }
    }
}

/// Tries one input; a panic on any thread is a failure.
fn check(target: &mut dyn Target, input: &Input) -> Result<(), String> {
    WAITED.store(0, Ordering::Relaxed);
    let panics = || std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner));
    drop(panics());
    let result = catch_unwind(AssertUnwindSafe(|| target.check(input)));
    if let Some(first) = panics().first() {
        return Err(first.clone());
    }
    result.unwrap_or_else(|_| Err("a panic without a text".to_owned()))
}

/// What two failures of one cause have in common: the text without numbers and names.
pub(crate) fn signature(what: &str) -> String {
    let line = what.lines().next().unwrap_or_default();
    let mut text = String::new();
    let mut quote: Option<char> = None;
    for character in line.chars().take(240) {
        match quote {
            Some(end) if character == end => quote = None,
            Some(_) => continue,
            None if matches!(character, '`' | '"' | '\'') => quote = Some(character),
            None => {}
        }
        if !character.is_ascii_digit() || what.starts_with("panic at") {
            text.push(character);
        }
    }
    text
}

fn shortened(target: &mut dyn Target, input: &Input, what: &str) -> Input {
    let wanted = signature(what);
    let start = Instant::now();
    let body = minimised(&input.body, &mut |body| {
        let shorter = Input {
            body: body.to_vec(),
            ..input.clone()
        };
        start.elapsed() < Duration::from_secs(30)
            && check(target, &shorter).is_err_and(|what| signature(&what) == wanted)
    });
    Input {
        body,
        ..input.clone()
    }
}

fn report(kind: &str, case: u64, what: &str, input: &Input) {
    let body = readable(&input.body);
    println!(
        "@{kind} {}",
        serde_json::json!({ "case": case, "what": what, "about": input.about, "body": body })
    );
}

/// Text as it is, bytes escaped.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
