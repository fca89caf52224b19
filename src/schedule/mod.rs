//! `korabo schedule` without its process: when each schedule is due ([`Times`]), what is done when something happens
//! ([`Machine`]), what must survive a restart ([`ScheduleTimes`]), and the loop that ties them to a clock and to runs
//! ([`serve`]). Starting and stopping processes is left to `cli`.

mod machine;
mod notice;
mod section;
mod serve;
mod state;
mod times;

#[cfg(test)]
mod tests;

pub use machine::{Action, Machine, MachineEvent, RunEnding};
pub use notice::{Notice, NoticeKind};
pub use section::{CatchUp, LONGEST_WAIT_SECONDS, Schedule, ScheduledCommand};
pub use serve::{Host, serve};
pub use state::{ScheduleTimes, StateError};
pub use times::{Times, TimesError};
