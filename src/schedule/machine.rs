//! The decisions of `korabo schedule`: something happens at some time, and out comes what to do. No clock, no process,
//! no file; a day of failures is simulated in a test within milliseconds.

use chrono::{DateTime, TimeDelta, Utc};

use super::notice::{Notice, NoticeKind};
use super::section::{CatchUp, LONGEST_WAIT_SECONDS, Schedule};
use super::state::{ScheduleMemory, ScheduleTimes};
use crate::diagnostic::FailureKind;

/// A time is missed when its start is longer ago than this.
const ON_TIME: TimeDelta = TimeDelta::minutes(2);
/// How long to wait while another run holds the lake.
const BUSY: TimeDelta = TimeDelta::seconds(60);
/// What was dealt with further ahead than this was dealt with by a wrong clock.
const WRONG_CLOCK: TimeDelta = TimeDelta::hours(24);
/// A step in the search for the latest time passed.
const WINDOWS: [TimeDelta; 4] = [
    TimeDelta::hours(1),
    TimeDelta::days(1),
    TimeDelta::days(31),
    TimeDelta::days(366),
];

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineEvent {
    /// Time passed.
    Tick,
    /// The current run ended.
    Ended(RunEnding),
    /// The current run takes longer than its schedule allows. Reported once for each run.
    Overtime,
    /// The process is asked to stop.
    Stop,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnding {
    /// With an exit code.
    Code(u8),
    /// By a signal it could not answer, as when memory ran out.
    Killed,
    /// The program could not be started.
    NotStarted,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say something.
    Say(Notice),
    /// Remember [`Machine::state`].
    Save,
    /// Start a run.
    Start {
        /// Of this schedule, counted from 0.
        idx: usize,
        /// For this time.
        due: DateTime<Utc>,
    },
    /// Ask the current run to stop.
    StopRun,
    /// Leave.
    Exit,
}

/// A time that is to be run.
#[derive(Debug, Clone)]
struct PendingRun {
    due: DateTime<Utc>,
    n_failed: u32,
    not_before: DateTime<Utc>,
    is_busy: bool,
}

/// The run that was started and has not ended.
#[derive(Debug, Clone, Copy)]
struct CurrentRun {
    idx: usize,
    /// Whether it was stopped for taking too long.
    is_overtime: bool,
}

/// All schedules and what is going on.
#[derive(Debug)]
pub struct Machine {
    schedules: Vec<Schedule>,
    state: ScheduleTimes,
    /// By schedule: the time that waits or is being run.
    turns: Vec<Option<PendingRun>>,
    running: Option<CurrentRun>,
    is_stopping: bool,
    actions: Vec<Action>,
}

impl Machine {
    /// Schedules at the moment `korabo schedule` starts, with what was remembered.
    #[must_use]
    pub fn new(schedules: Vec<Schedule>, state: ScheduleTimes, now: DateTime<Utc>) -> Self {
        let mut machine = Self {
            turns: vec![None; schedules.len()],
            schedules,
            state,
            running: None,
            is_stopping: false,
            actions: vec![Action::Save],
        };
        machine.state.align(&machine.schedules, now);
        for idx in 0..machine.schedules.len() {
            if let Some(due) = machine.remembered(idx).open.take() {
                machine.reopen(idx, due, now);
            }
        }
        machine
    }

    /// What is to be remembered.
    #[must_use]
    pub fn state(&self) -> &ScheduleTimes {
        &self.state
    }

    /// The schedules.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// When something is to be done if nothing happens before.
    #[must_use]
    pub fn wakes_at(&self) -> Option<DateTime<Utc>> {
        if self.is_stopping {
            return None;
        }
        let waiting = match self.running {
            Some(_) => None,
            None => self
                .turns
                .iter()
                .flatten()
                .map(|turn| turn.not_before)
                .min(),
        };
        let next = self.schedules.iter().filter_map(|schedule| {
            let due = schedule
                .times
                .next_after(self.state.handled(&schedule.name)?)?;
            Some(schedule.starts_at(due))
        });
        next.chain(waiting).min()
    }

    /// What is to be done when `event` happens at `now`.
    pub fn handle(&mut self, now: DateTime<Utc>, event: MachineEvent) -> Vec<Action> {
        match event {
            MachineEvent::Tick => {}
            MachineEvent::Ended(ending) => self.end(now, ending),
            MachineEvent::Overtime => self.stop_overtime(),
            MachineEvent::Stop => {
                self.is_stopping = true;
                if self.running.is_some() {
                    self.actions.push(Action::StopRun);
                }
            }
        }
        if !self.is_stopping {
            for idx in 0..self.schedules.len() {
                self.look(idx, now);
            }
            self.start(now);
        } else if self.running.is_none() {
            self.actions.extend([Action::Save, Action::Exit]);
        }
        std::mem::take(&mut self.actions)
    }

    fn remembered(&mut self, idx: usize) -> &mut ScheduleMemory {
        let name = &self.schedules[idx].name;
        let known = self.state.schedules.get_mut(name);
        known.expect("aligned with the schedules when the machine was made")
    }

    fn say(&mut self, idx: usize, due: DateTime<Utc>, what: NoticeKind) {
        let schedule = &self.schedules[idx];
        self.actions.push(Action::Say(Notice {
            schedule: schedule.name.clone(),
            due: schedule.times.local(due),
            what,
        }));
    }

    /// A time was not brought to an end before the last stop.
    fn reopen(&mut self, idx: usize, due: DateTime<Utc>, now: DateTime<Utc>) {
        match self.schedules[idx].catch_up {
            CatchUp::None => self.say(idx, due, NoticeKind::Dropped),
            CatchUp::Latest => {
                self.say(idx, due, NoticeKind::CaughtUp);
                self.take_turn(idx, due, now);
            }
        }
    }

    fn take_turn(&mut self, idx: usize, due: DateTime<Utc>, now: DateTime<Utc>) {
        self.remembered(idx).open = Some(due);
        self.turns[idx] = Some(PendingRun {
            due,
            n_failed: 0,
            not_before: now,
            is_busy: false,
        });
    }

    /// Looks whether times of a schedule have come.
    fn look(&mut self, idx: usize, now: DateTime<Utc>) {
        let handled = self.remembered(idx).handled;
        if handled > now + WRONG_CLOCK {
            self.say(idx, handled, NoticeKind::ClockWentBack);
            self.remembered(idx).handled = now;
            self.actions.push(Action::Save);
            return;
        }
        let schedule = &self.schedules[idx];
        let Some(passed) = PassedTimes::between(schedule, handled, now) else {
            return;
        };
        let due = passed.last;
        let first = schedule.times.local(passed.first);
        let is_late = now - schedule.starts_at(due) > ON_TIME;
        let catch_up = schedule.catch_up;
        self.remembered(idx).handled = due;
        self.actions.push(Action::Save);
        if self.running.is_some_and(|running| running.idx == idx) {
            return self.say(idx, due, NoticeKind::Skipped);
        }
        if passed.first < due {
            self.say(idx, due, NoticeKind::MissedBefore { first });
        }
        if is_late && catch_up == CatchUp::None {
            return self.say(idx, due, NoticeKind::Missed);
        }
        if let Some(turn) = self.turns[idx].take() {
            self.say(idx, turn.due, NoticeKind::Replaced);
        }
        if is_late {
            self.say(idx, due, NoticeKind::CaughtUp);
        }
        self.take_turn(idx, due, now);
    }

    /// Starts the turn that has waited longest, when no run is running.
    fn start(&mut self, now: DateTime<Utc>) {
        for turn in self.turns.iter_mut().flatten() {
            // A clock that was put back must not make a retry wait forever.
            let longest = now + TimeDelta::seconds(i64::from(LONGEST_WAIT_SECONDS));
            turn.not_before = turn.not_before.min(longest);
        }
        if self.running.is_some() {
            return;
        }
        let turns = self.turns.iter().enumerate();
        let ready = turns.filter_map(|(idx, turn)| {
            let turn = turn.as_ref().filter(|turn| turn.not_before <= now)?;
            Some((turn.not_before, turn.due, idx))
        });
        let Some((_, due, idx)) = ready.min() else {
            return;
        };
        let n_failed = self.turns[idx].as_ref().map_or(0, |turn| turn.n_failed);
        self.running = Some(CurrentRun {
            idx,
            is_overtime: false,
        });
        self.say(idx, due, NoticeKind::Starts { n_failed });
        self.actions
            .extend([Action::Save, Action::Start { idx, due }]);
    }

    /// The current run takes too long.
    fn stop_overtime(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.is_overtime = true;
        let idx = running.idx;
        self.actions.push(Action::StopRun);
        let due = self.turns[idx].as_ref().map(|turn| turn.due);
        if let (Some(due), Some(seconds)) = (due, self.schedules[idx].max_seconds) {
            self.say(idx, due, NoticeKind::Overtime { seconds });
        }
    }

    /// The current run ended.
    fn end(&mut self, now: DateTime<Utc>, ending: RunEnding) {
        let Some(CurrentRun { idx, is_overtime }) = self.running.take() else {
            return;
        };
        let Some(turn) = self.turns[idx].take() else {
            return;
        };
        self.actions.push(Action::Save);
        match verdict(ending) {
            Verdict::Done => {
                self.say(idx, turn.due, NoticeKind::Ends);
                self.remembered(idx).open = None;
            }
            // What was stopped with the daemon stays open: the next start catches it up.
            _ if self.is_stopping => {}
            _ if is_overtime => self.retry(idx, turn, ending, now),
            Verdict::Busy => self.wait_for_other(idx, turn, now),
            Verdict::Final(why) => self.give_up(idx, &turn, ending, why),
            Verdict::Failed => self.retry(idx, turn, ending, now),
        }
    }

    fn wait_for_other(&mut self, idx: usize, mut turn: PendingRun, now: DateTime<Utc>) {
        if !turn.is_busy {
            let seconds = BUSY.num_seconds();
            self.say(idx, turn.due, NoticeKind::Waits { seconds });
        }
        turn.is_busy = true;
        turn.not_before = now + BUSY;
        self.turns[idx] = Some(turn);
    }

    fn retry(&mut self, idx: usize, mut turn: PendingRun, ending: RunEnding, now: DateTime<Utc>) {
        let schedule = &self.schedules[idx];
        if turn.n_failed >= schedule.retries {
            return self.give_up(idx, &turn, ending, "no retry is left");
        }
        turn.n_failed += 1;
        turn.is_busy = false;
        let wait = schedule.retry_after(turn.n_failed);
        turn.not_before = now + wait;
        let seconds = wait.num_seconds();
        let how = ending.to_string();
        self.say(idx, turn.due, NoticeKind::FailsForNow { how, seconds });
        self.turns[idx] = Some(turn);
    }

    fn give_up(&mut self, idx: usize, turn: &PendingRun, ending: RunEnding, why: &'static str) {
        let how = ending.to_string();
        self.say(idx, turn.due, NoticeKind::Fails { how, why });
        self.remembered(idx).open = None;
    }
}

/// What an ending means for the time that was run.
enum Verdict {
    Done,
    /// Another run holds the lake.
    Busy,
    /// Worth another try.
    Failed,
    /// Not worth one, and why.
    Final(&'static str),
}

fn verdict(ending: RunEnding) -> Verdict {
    let RunEnding::Code(code) = ending else {
        return Verdict::Failed;
    };
    let is = |kind: FailureKind| code == kind.exit_code();
    if code == 0 {
        Verdict::Done
    } else if is(FailureKind::Locked) {
        Verdict::Busy
    } else if is(FailureKind::Usage) || is(FailureKind::Project) {
        Verdict::Final("the project has to be corrected first")
    } else if is(FailureKind::Quality) || is(FailureKind::Disclosure) || is(FailureKind::Estimator)
    {
        Verdict::Final("the same data would give the same again")
    } else if is(FailureKind::Interrupted) || is(FailureKind::Terminated) {
        Verdict::Final("it was stopped")
    } else {
        Verdict::Failed
    }
}

impl std::fmt::Display for RunEnding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Killed => f.write_str("killed"),
            Self::NotStarted => f.write_str("not started"),
        }
    }
}

/// Times whose start has come.
struct PassedTimes {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl PassedTimes {
    /// Times after `handled` whose start has come at `now`. After a long absence only the end of it is searched in
    /// full.
    fn between(schedule: &Schedule, handled: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        let first = schedule.times.next_after(handled)?;
        if first > now {
            return None;
        }
        let windows = WINDOWS.into_iter().map(|window| now - window);
        let starts = windows.filter(|start| *start > handled).chain([handled]);
        for start in starts {
            let mut last = None;
            let mut time = schedule.times.next_after(start)?;
            while time <= now {
                if schedule.starts_at(time) <= now {
                    last = Some(time);
                }
                time = schedule.times.next_after(time)?;
            }
            if let Some(last) = last {
                return Some(Self { first, last });
            }
        }
        None
    }
}
