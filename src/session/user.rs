//! Sessions for single statements of several users: one engine and its functions for all, memory counted
//! per user, tables of the statement's own, and no file by name.

use std::fmt;
use std::sync::Arc;

use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use super::context::Session;
use super::error::SessionError;
use super::measure;
use crate::functions;

/// The catalog that tables lie in, as clients of a server see it.
pub const CATALOG: &str = "korabo";
/// The schema that tables lie in.
pub const SCHEMA: &str = "public";

/// Parts that a statement may have: less than at the prompt, because several are planned at once.
const MOST_PARTS: u64 = 50_000;

/// What the statements of one user may reserve together.
#[derive(Debug, Clone)]
pub struct MemoryShare {
    runtime: Arc<RuntimeEnv>,
}

impl Session {
    /// A user's share, from 0 to 1, of the memory this session may reserve. Shares may add up to more than 1: what
    /// is reserved counts against both the share and the whole. The last part of the whole is for users who hold little.
    ///
    /// # Errors
    /// When the engine cannot be set up.
    pub fn share_of_memory(&self, share: f64) -> Result<MemoryShare, SessionError> {
        let whole = self.ctx.runtime_env().memory_pool.memory_limit();
        let (shared, small) = match whole {
            MemoryLimit::Finite(bytes) => (bytes - bytes / LAST_PART, bytes / SMALL_PART),
            MemoryLimit::Infinite | MemoryLimit::Unknown => (usize::MAX, usize::MAX),
        };
        self.part_of_memory(share, shared, small)
    }

    fn part_of_memory(
        &self,
        share: f64,
        shared: usize,
        small: usize,
    ) -> Result<MemoryShare, SessionError> {
        let runtime = self.ctx.runtime_env();
        let whole = Arc::clone(&runtime.memory_pool);
        let limit = match whole.memory_limit() {
            MemoryLimit::Finite(bytes) => part_of(bytes, share),
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        let pool = SharePool {
            own: FairSpillPool::new(limit),
            whole,
            shared,
            small,
        };
        let builder = RuntimeEnvBuilder::from_runtime_env(&runtime);
        let runtime = builder.with_memory_pool(Arc::new(pool)).build_arc()?;
        Ok(MemoryShare { runtime })
    }

    /// The same session with a share, from 0 to 1, of the memory it may reserve.
    ///
    /// # Errors
    /// When the engine cannot be set up.
    pub(super) fn with_share_of_memory(&self, share: f64) -> Result<Self, SessionError> {
        let memory = self.part_of_memory(share, usize::MAX, usize::MAX)?;
        let state = SessionStateBuilder::new_from_existing(self.ctx.state())
            .with_runtime_env(memory.runtime)
            .build();
        Ok(Self {
            ctx: SessionContext::new_with_state(state),
            most_parts: self.most_parts,
        })
    }

    /// A session of the same engine without tables, which knows no files: a quoted name is that of a table.
    /// What its statements reserve counts against `memory`.
    ///
    /// # Errors
    /// When the engine cannot be set up.
    pub fn without_files(&self, memory: &MemoryShare) -> Result<Self, SessionError> {
        let state = self.ctx.state();
        let config = with_own_catalog(&state);
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
            .with_runtime_env(Arc::clone(&memory.runtime))
            .build();
        let mut ctx = SessionContext::new_with_state(state);
        // What functions make is the user's.
        functions::bound_functions(&mut ctx)?;
        Ok(Self {
            ctx,
            most_parts: MOST_PARTS,
        })
    }

    /// A session of the same engine without tables, to plan in what must not meet the tables of this one.
    #[must_use]
    pub fn without_tables(&self) -> Self {
        let state = self.ctx.state();
        let config = with_own_catalog(&state);
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
            .build();
        Self {
            ctx: SessionContext::new_with_state(state),
            most_parts: self.most_parts,
        }
    }

    /// Reserves the memory that a plan takes, also while it waits to be run.
    ///
    /// # Errors
    /// When there is not so much left.
    pub fn reserve_plan(&self, frame: &DataFrame) -> Result<MemoryReservation> {
        let parts = measure::parts(frame.logical_plan())?;
        let consumer = MemoryConsumer::new("plan");
        let reservation = consumer.register(&self.ctx.runtime_env().memory_pool);
        reservation.try_grow(measure::bytes(parts))?;
        Ok(reservation)
    }
}

/// The configuration of `state` for a session that gets a catalogue of its own: the engine makes none for what copies a session.
fn with_own_catalog(state: &SessionState) -> SessionConfig {
    let config = state.config().clone();
    config
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(true)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a limit need not be exact to the byte, and a share is not negative"
)]
fn part_of(bytes: usize, share: f64) -> usize {
    (bytes as f64 * share) as usize
}

/// The last part of the whole is for users who hold little, so that many who hold much do not keep others from asking at all.
const LAST_PART: usize = 10;
/// A user who holds no more than this part of the whole holds little.
const SMALL_PART: usize = 100;

/// A pool within a pool.
#[derive(Debug)]
struct SharePool {
    own: FairSpillPool,
    whole: Arc<dyn MemoryPool>,
    /// Bytes of the whole that every user may take of.
    shared: usize,
    /// What a user may hold who takes of the rest.
    small: usize,
}

impl SharePool {
    /// Whether so much more leaves the last part to those who hold little.
    fn leaves_rest(&self, additional: usize) -> bool {
        self.whole.reserved().saturating_add(additional) <= self.shared
            || self.own.reserved().saturating_add(additional) <= self.small
    }
}

impl fmt::Display for SharePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a user's share, {}", self.own)
    }
}

impl MemoryPool for SharePool {
    fn name(&self) -> &str {
        "share"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
        self.whole.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
        self.whole.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.whole.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.whole.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if !self.leaves_rest(additional) {
            let message =
                "the memory of all statements is nearly used up; try again when others are done";
            return Err(DataFusionError::ResourcesExhausted(message.to_owned()));
        }
        self.own.try_grow(reservation, additional)?;
        let grown = self.whole.try_grow(reservation, additional);
        if grown.is_err() {
            self.own.shrink(reservation, additional);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

#[cfg(test)]
mod tests;
