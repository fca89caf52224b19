//! The loop of `korabo schedule`: wait, decide, do. The same loop runs with a real clock and processes, and in the
//! tests with invented ones.

use chrono::{DateTime, Utc};

use super::machine::{Action, Machine, MachineEvent, RunEnding};
use super::notice::Notice;
use super::section::Schedule;
use super::state::ScheduleTimes;

/// Where the loop runs: a clock, one run at a time, a memory, a log.
pub trait Host {
    /// The time on the wall.
    fn now(&self) -> DateTime<Utc>;
    /// Waits until something happens, at most until `until`. It may return earlier with [`MachineEvent::Tick`].
    fn wait(&mut self, until: Option<DateTime<Utc>>) -> MachineEvent;
    /// Starts the run of a schedule for the time `due`.
    ///
    /// # Errors
    /// Why it could not be started.
    fn start(&mut self, schedule: &Schedule, due: DateTime<Utc>) -> Result<(), std::io::Error>;
    /// Asks the current run to stop, and makes sure that it ends.
    fn stop_run(&mut self);
    /// Remembers the state.
    fn save(&mut self, state: &ScheduleTimes);
    /// Says something.
    fn say(&mut self, notice: &Notice);
    /// Says that a run could not be started.
    fn complain(&mut self, error: &std::io::Error);
}

/// Serves the schedules until the process is asked to stop.
pub fn serve(schedules: Vec<Schedule>, state: ScheduleTimes, host: &mut impl Host) {
    let mut machine = Machine::new(schedules, state, host.now());
    let mut event = MachineEvent::Tick;
    loop {
        let mut next = None;
        for action in machine.handle(host.now(), event) {
            match action {
                Action::Say(notice) => host.say(&notice),
                Action::Save => host.save(machine.state()),
                Action::StopRun => host.stop_run(),
                Action::Exit => return,
                Action::Start { idx, due } => {
                    if let Err(error) = host.start(&machine.schedules()[idx], due) {
                        host.complain(&error);
                        next = Some(MachineEvent::Ended(RunEnding::NotStarted));
                    }
                }
            }
        }
        event = next.unwrap_or_else(|| host.wait(machine.wakes_at()));
    }
}
