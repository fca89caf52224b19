//! Limits of the engine, and how much memory the machine has.

use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Engine limits.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Threads and partitions; default: all cores.
    pub threads: Option<NonZeroUsize>,
    /// Bytes the engine and the estimators may use; default: 70 % of the machine's memory. Up to a fifth of them cannot be
    /// reserved: it is for what is not counted, such as batches under way and Parquet files being written.
    pub memory_limit: Option<u64>,
    /// Where to spill; default: the system's temporary folder.
    pub temp_dir: Option<PathBuf>,
}

/// The part of a memory limit that can be reserved. What is not counted takes some hundred megabytes in a small process and more in a
/// large one; the pool of one that is limited to less gets all, as it would be of no use otherwise.
pub(super) fn reservable(limit: usize) -> usize {
    const SMALL: usize = 768 << 20;
    limit - (limit / 5).min(limit.saturating_sub(SMALL))
}

/// 70 % of the machine's memory, where the machine says how much it has.
#[must_use]
pub fn default_memory_limit() -> Option<u64> {
    Some(meminfo("MemTotal:")? / 10 * 7)
}

/// Bytes that could be used now without pushing anything out, where the machine says.
#[must_use]
pub fn available_memory() -> Option<u64> {
    meminfo("MemAvailable:")
}

fn meminfo(name: &str) -> Option<u64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}
