//! What every stage's errors share: whose fault it is (the exit code), where it is, and what to do
//! about it; and how numbers and times are written. The error enums themselves live with their stages; `cli::failure` prints them.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, SecondsFormat, Utc};

/// Why a command did not finish. Each kind has one exit code, the same for every command, so that a
/// job scheduler can act without reading logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A step of the pipeline failed.
    Step,
    /// The command line was wrong.
    Usage,
    /// The project file, a contract or SQL was wrong.
    Project,
    /// An extract is missing or was refused.
    Extract,
    /// A quality or linkage gate did not hold, or the lake is not what was written.
    Quality,
    /// A disclosure rule forbids the result.
    Disclosure,
    /// An estimator refused its input.
    Estimator,
    /// Another run holds the lock.
    Locked,
    /// Memory, disk or time ran out.
    Resources,
    /// A bug in korabo.
    Internal,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl FailureKind {
    /// The process exit code of this kind of failure.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Step => 1,
            Self::Usage => 2,
            Self::Project => 3,
            Self::Extract => 4,
            Self::Quality => 5,
            Self::Disclosure => 6,
            Self::Estimator => 7,
            Self::Locked => 8,
            Self::Resources => 9,
            Self::Internal => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `decode`, another library's work on bytes from any source. `None` when it panicked over them: then the bytes
/// are damaged, and what it was decoding is not to be used any more.
pub fn contained<T>(decode: impl FnOnce() -> T) -> Option<T> {
    let is_inside = IS_CONTAINED.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    IS_CONTAINED.set(is_inside);
    decoded.ok()
}

/// Whether a panic is caught and becomes an error: one within [`contained`], or the one by which the store's writer answers the lake's
/// library when that gives up a file that could not be completed, on a full disk for one (`upload_parquet_file` of `deltalake-core`).
#[must_use]
pub fn is_contained(panic: &PanicHookInfo<'_>) -> bool {
    let is_of_writer = panic
        .location()
        .is_some_and(|at| at.file().contains("object_store") && at.file().ends_with("buffered.rs"));
    IS_CONTAINED.get() || is_of_writer && panic.payload_as_str() == Some("Already shut down")
}

/// A place in a text file a user wrote: line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLocation {
    /// The file, as the user would name it (relative to the project where possible).
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl SourceLocation {
    /// The location of byte `offset` in `text`, the content of `file`.
    #[must_use]
    pub fn of_offset(file: &Path, text: &str, offset: usize) -> Self {
        let before = &text[..floor_char_boundary(text, offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_path_buf(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The candidate nearest to `name`, if one is near enough to be what the user meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(name, candidate),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?` for an unknown name, or nothing when no candidate is near.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// `1 row`, `2 rows`, `12,345 rows`.
#[must_use]
pub fn counted(n: u64, singular: &str, plural: &str) -> String {
    format!(
        "{} {}",
        thousands(n),
        if n == 1 { singular } else { plural }
    )
}

/// A whole number with thousands separators: `12,345`.
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time to the second as a person reads it here: `2026-11-01T12:30:00+09:00`.
#[must_use]
pub fn local_time(time: DateTime<Utc>) -> String {
    let local = time.with_timezone(&Local);
    local.to_rfc3339_opts(SecondsFormat::Secs, false)
}
