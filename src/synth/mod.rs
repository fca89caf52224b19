//! `korabo synth`: the extracts of a whole invented world whose true effects are known. Insurers,
//! households, employers, worksites and municipalities of Tokyo; checkups calibrated to published
//! figures; claims; programs in nine fields with planted effects, stories and defects. The truth is
//! written beside the extracts as `truth.json`. The same seed gives the same bytes at any number of
//! threads, and memory does not grow with the number of persons.
//!
//! Persons are made in batches of chunks. A batch depends only on the seed and its position: it is
//! simulated (`person_years`), encoded to one parquet row group per file (`files`, `writer`), and
//! appended in order. What korabo does with the extracts is everybody else's work.

mod calendar;
mod calibration;
mod checkup;
mod claims;
mod columns;
mod community;
mod dirt;
mod effects;
mod employer_rows;
mod employer_tables;
mod files;
mod health;
mod household;
mod insurer_tables;
mod packing;
mod pages;
mod periods;
mod person_years;
mod published;
mod random;
mod rows;
#[cfg(test)]
mod tests;
mod truth;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};

use datafusion::parquet::errors::ParquetError;
use thiserror::Error;

use files::{BatchEncoder, EncodedBatch, OpenFiles, Written};
use periods::Periods;
use truth::Truth;
use world::{World, YEARS_BEFORE};
use writer::Aim;

/// Persons whose households are made together: no household reaches beyond its chunk.
const CHUNK: u64 = 16_384;

/// Chunks per row group when only checkups are written: larger row groups cost less and read faster,
/// and without claims they stay small.
const CHECKUP_CHUNKS: u64 = 4;

/// Batches that may be simulated or waiting at once, whatever the number of threads: this bounds
/// memory.
const MAX_WORKERS: usize = 8;

/// Fiscal years whose questionnaire terms are known.
const KNOWN_YEARS: RangeInclusive<i16> = 2013..=2029;

/// What to simulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthOptions {
    /// Folder to write to; created if missing, files of the same name are replaced.
    pub out: PathBuf,
    /// Persons, dependents included.
    pub persons: u64,
    /// Fiscal years of the history.
    pub years: RangeInclusive<i16>,
    /// Seed of everything random.
    pub seed: u64,
    /// Which effects are planted.
    pub scenario: Scenario,
    /// Threads that simulate and encode; at least one is used, at most eight.
    pub threads: usize,
}

/// Which truth the world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Every field's planted effect and story.
    Default,
    /// No program changes anything and no worksite improves on its own; people still choose whether
    /// to take part.
    Null,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 2] = [Self::Default, Self::Null];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Null => "null",
        }
    }

    /// The names of all scenarios.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|scenario| scenario.name()).collect()
    }
}

impl FromStr for Scenario {
    type Err = SynthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| SynthError::UnknownScenario {
                name: text.to_owned(),
            })
    }
}

/// Which tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableSet {
    /// All of them.
    All,
    /// Only `members` and `checkups`, the same rows as in the whole world; no `truth.json`.
    Checkups,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthSummary {
    /// Rows per table, by table name. The refused extract counts as `employees_with_names`.
    pub rows: BTreeMap<&'static str, u64>,
    /// Files written, `truth.json` included.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Why a world could not be written.
#[derive(Debug, Error)]
pub enum SynthError {
    /// The options ask for nothing.
    #[error("a world needs at least one person and one fiscal year")]
    Nothing,
    /// The years have no questionnaire.
    #[error(
        "fiscal years {first}-{last} are outside {}-{}, for which questionnaires are known",
        KNOWN_YEARS.start(), KNOWN_YEARS.end()
    )]
    UnknownYears {
        /// First year asked for.
        first: i16,
        /// Last year asked for.
        last: i16,
    },
    /// No scenario has this name.
    #[error("unknown scenario `{name}`; there are: {}", Scenario::names().join(", "))]
    UnknownScenario {
        /// The name given.
        name: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Rows could not be encoded.
    #[error("cannot encode {}", path.display())]
    Encode {
        /// The file the rows were for.
        path: PathBuf,
        /// What the parquet writer said.
        #[source]
        source: ParquetError,
    },
}

/// Writes a world. `progress` is called with the number of persons done so far, from this thread.
///
/// # Errors
/// When the options make no sense or a file cannot be written.
pub fn synth(options: &SynthOptions, progress: &dyn Fn(u64)) -> Result<SynthSummary, SynthError> {
    synth_tables(options, TableSet::All, progress)
}

/// Writes a world or a part of its tables; see [`synth`].
///
/// # Errors
/// When the options make no sense or a file cannot be written.
pub fn synth_tables(
    options: &SynthOptions,
    tables: TableSet,
    progress: &dyn Fn(u64),
) -> Result<SynthSummary, SynthError> {
    let (first, last) = (*options.years.start(), *options.years.end());
    if options.persons == 0 || options.years.is_empty() {
        return Err(SynthError::Nothing);
    }
    if !KNOWN_YEARS.contains(&first) || !KNOWN_YEARS.contains(&last) {
        return Err(SynthError::UnknownYears { first, last });
    }
    // A small world is meant to be kept and passed on: spend time on making it small.
    let aim = if options.persons < 15_000 {
        Aim::Small
    } else {
        Aim::Fast
    };
    let world = World::new(options);
    let periods = Periods::new(&options.years);
    let (encoder, mut open) = files::open(&options.out, &world, &periods, tables, aim)?;
    let job = Job {
        options,
        world: &world,
        periods: &periods,
        tables,
        encoder: &encoder,
    };
    let mut truth = job.run(&mut open, progress)?;
    let mut written = open.finish()?;
    let mut summary = SynthSummary {
        rows: BTreeMap::new(),
        files: 0,
        bytes: 0,
    };
    if tables == TableSet::All {
        written.extend(files::write_static(&options.out, &world, &mut truth, aim)?);
        let path = options.out.join("truth.json");
        let last_event_time = (last - first - YEARS_BEFORE).max(0) as usize;
        truth::write(&path, &truth, options.scenario, last_event_time)?;
        summary.files += 1;
        let write = |source| SynthError::Write {
            path: path.clone(),
            source,
        };
        summary.bytes += fs_err::metadata(&path).map_err(write)?.len();
    }
    for Written { table, rows, bytes } in written {
        *summary.rows.entry(table).or_insert(0) += rows;
        summary.files += 1;
        summary.bytes += bytes;
    }
    Ok(summary)
}

/// The work on all batches.
struct Job<'a> {
    options: &'a SynthOptions,
    world: &'a World,
    periods: &'a Periods,
    tables: TableSet,
    encoder: &'a BatchEncoder,
}

/// Lets workers run only a few batches ahead of what has been written.
#[derive(Default)]
struct Window {
    written: Mutex<u64>,
    moved: Condvar,
    is_over: AtomicBool,
}

impl Window {
    /// Waits until `batch` is fewer than `ahead` batches ahead; false when the run is over.
    fn wait_for(&self, batch: u64, ahead: u64) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        while batch >= *written + ahead && !self.is_over.load(Ordering::Acquire) {
            written = self
                .moved
                .wait(written)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !self.is_over.load(Ordering::Acquire)
    }

    fn advance(&self, written_batches: u64) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written_batches;
        self.moved.notify_all();
    }

    fn end(&self) {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_over.store(true, Ordering::Release);
        drop(written);
        self.moved.notify_all();
    }
}

impl Job<'_> {
    /// Persons per batch.
    fn batch_size(&self) -> u64 {
        match self.tables {
            TableSet::All => CHUNK,
            TableSet::Checkups => CHECKUP_CHUNKS * CHUNK,
        }
    }

    fn n_batches(&self) -> u64 {
        self.options.persons.div_ceil(self.batch_size())
    }

    fn batch(&self, batch: u64) -> Result<EncodedBatch, SynthError> {
        let first = batch * self.batch_size();
        let n = self.batch_size().min(self.options.persons - first);
        let persons = first..first + n;
        let rows = person_years::simulate_batch(self.world, self.periods, self.tables, persons);
        self.encoder.encode(self.world, rows)
    }

    fn run(&self, open: &mut OpenFiles, progress: &dyn Fn(u64)) -> Result<Truth, SynthError> {
        let workers = self.options.threads.clamp(1, MAX_WORKERS);
        let (next, window) = (AtomicU64::new(0), Window::default());
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let sender = sender.clone();
                let (next, window) = (&next, &window);
                scope.spawn(move || {
                    loop {
                        let batch = next.fetch_add(1, Ordering::Relaxed);
                        if batch >= self.n_batches() || !window.wait_for(batch, workers as u64 + 1)
                        {
                            return;
                        }
                        if sender.send((batch, self.batch(batch))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let result = self.collect(&receiver, &window, open, progress);
            window.end();
            result
        })
    }

    /// Appends batches in order as they arrive.
    fn collect(
        &self,
        receiver: &mpsc::Receiver<(u64, Result<EncodedBatch, SynthError>)>,
        window: &Window,
        open: &mut OpenFiles,
        progress: &dyn Fn(u64),
    ) -> Result<Truth, SynthError> {
        let mut truth = Truth::new();
        let mut waiting = BTreeMap::new();
        let mut written = 0;
        for (batch, encoded) in receiver {
            waiting.insert(batch, encoded?);
            while let Some(encoded) = waiting.remove(&written) {
                truth.merge(&encoded.truth);
                open.append(encoded)?;
                written += 1;
                window.advance(written);
                progress((written * self.batch_size()).min(self.options.persons));
            }
        }
        Ok(truth)
    }
}
