//! The extracts of an invented world whose true effects are known.
//!
#![doc = include_str!("../README.md")]
//!
//! `world` and `rollout` make what is there before any person, as `scenarios` says. A batch of chunks
//! of persons is simulated (`person_years`), encoded to one parquet row group per file (`files`,
//! `writer`), and appended in order (`batches`).

mod attendance;
mod batches;
mod billing;
mod calendar;
mod calibration;
mod checkup;
mod claims;
mod columns;
mod community;
mod councils;
mod counting;
mod dirt;
mod effects;
mod employer_rows;
mod employer_tables;
mod files;
mod guidance;
mod health;
mod household;
mod insurer_tables;
mod municipalities;
mod options;
mod packing;
mod pages;
mod periods;
mod person_years;
mod published;
mod random;
mod rollout;
mod rows;
#[cfg(test)]
mod scenario_tests;
mod scenarios;
#[cfg(test)]
mod tests;
mod truth;
mod truth_file;
mod world;
mod writer;

use std::collections::BTreeMap;

use batches::Job;
use files::WrittenFile;
use options::KNOWN_YEARS;
use periods::Periods;
use rollout::start_programs;
use world::World;
use writer::Aim;

pub use options::{Scenario, SynthError, SynthOptions, TableSet};

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
    let mut world = World::new(options);
    start_programs(&mut world);
    let periods = Periods::new(&options.years, world.setting.billing);
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
        truth_file::write(&path, &truth, &world, &periods)?;
        summary.files += 1;
        let write = |source| SynthError::Write {
            path: path.clone(),
            source,
        };
        summary.bytes += fs_err::metadata(&path).map_err(write)?.len();
    }
    for WrittenFile { table, rows, bytes } in written {
        *summary.rows.entry(table).or_insert(0) += rows;
        summary.files += 1;
        summary.bytes += bytes;
    }
    Ok(summary)
}
