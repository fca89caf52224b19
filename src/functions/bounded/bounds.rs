//! How much functions may make, by the memory that the engine has.

use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};

/// How much functions may make.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Bytes of one value that a function made larger than its arguments.
    pub(super) value: usize,
    /// Bytes of the values of one batch.
    pub(super) batch: usize,
    pub(super) pool: Arc<dyn MemoryPool>,
}

impl Bounds {
    /// With a memory limit of 1 GiB one value may have 16 MiB and a batch 32 MiB; more with more memory, up to 128 MiB and
    /// 1 GiB: arrays of text end at 2 GiB. Several batches of a statement, and of several statements, exist at once.
    pub(super) fn of(pool: &Arc<dyn MemoryPool>) -> Self {
        let limit = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        Self {
            value: (limit / 64).clamp(16 * MIB, 128 * MIB),
            batch: most_of_a_batch(limit),
            pool: Arc::clone(pool),
        }
    }
}

pub(super) const MIB: usize = 1 << 20;

/// Bytes that a batch may have under a memory limit.
pub(crate) fn most_of_a_batch(limit: usize) -> usize {
    (limit / 32).clamp(32 * MIB, 1024 * MIB)
}
