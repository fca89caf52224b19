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
mod identity;
mod insurer_tables;
mod municipalities;
mod native;
mod native_format;
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
mod summary;
#[cfg(test)]
mod tests;
mod truth;
mod truth_file;
mod world;
mod writer;

use std::collections::BTreeMap;

use batches::Job;
use files::WrittenFile;
use korabo_formats::Tokeniser;
use native::NativeFiles;
use native_format::Native;
use options::KNOWN_YEARS;
use periods::Periods;
use rollout::start_programs;
use world::World;
use writer::Aim;

pub use native_format::NativeFormat;
pub use options::{Scenario, SynthError, SynthOptions, TableSet};
pub use summary::SynthSummary;

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
    write_world(options, tables, None, progress)
}

/// Writes a world in which the insurers' tables are native files of the given formats: members always, the others as `formats` say; what
/// none of them holds is Parquet, as [`synth`] writes it. Persons of all files have the token `by_name` under `secret`.
///
/// # Errors
/// When the options make no sense, the secret is weak or a file cannot be written.
pub fn synth_native(
    options: &SynthOptions,
    formats: &[NativeFormat],
    secret: &[u8],
    progress: &dyn Fn(u64),
) -> Result<SynthSummary, SynthError> {
    let native = Native {
        formats: formats.to_vec(),
        tokeniser: Tokeniser::new(secret)?,
    };
    write_world(options, TableSet::All, Some(native), progress)
}

fn write_world(
    options: &SynthOptions,
    tables: TableSet,
    native: Option<Native>,
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
    world.native = native;
    start_programs(&mut world);
    let periods = Periods::new(&options.years, world.setting.billing);
    let (encoder, mut open) = files::open(&options.out, &world, &periods, tables, aim)?;
    let native = world.native.as_ref();
    if let Some(native) = native {
        let files = NativeFiles::new(&options.out, &world, &periods, native)?;
        open.native = Some(files);
    }
    let job = Job {
        options,
        world: &world,
        periods: &periods,
        tables,
        encoder: &encoder,
    };
    let mut truth = job.run(&mut open, progress)?;
    let native = open.native.take();
    let mut written = open.finish()?;
    let mut summary = SynthSummary {
        rows: BTreeMap::new(),
        files: 0,
        bytes: 0,
    };
    if let Some(native) = native {
        native.finish(&mut summary)?;
    }
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
