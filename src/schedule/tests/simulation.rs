//! Whole days of `korabo schedule`, with every run it started.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::{at, schedule};
use crate::schedule::{
    CatchUp, Host, MachineEvent, Notice, RunEnding, Schedule, ScheduleTimes, serve,
};

/// How the next run of a schedule goes: how long it takes and how it ends.
struct Script {
    schedule: &'static str,
    minutes: i64,
    ending: RunEnding,
}

fn goes(schedule: &'static str, minutes: i64, code: u8) -> Script {
    Script {
        schedule,
        minutes,
        ending: RunEnding::Code(code),
    }
}

/// A run in progress.
struct Run {
    ends: TimeDelta,
    /// When it will have taken too long.
    overtime: Option<TimeDelta>,
    ending: RunEnding,
}

/// What happens at some moment whatever the schedules do.
enum Incident {
    /// SIGTERM.
    Stop,
    /// The clock is set by so many minutes.
    SetClock(i64),
}

/// An invented machine. Time passes on two clocks: one that can be set, and one that only moves forward.
struct World {
    /// What the wall clock showed when the world began, and what was added to it since.
    clock: DateTime<Utc>,
    passed: TimeDelta,
    scripts: Vec<Script>,
    incidents: VecDeque<(TimeDelta, Incident)>,
    run: Option<Run>,
    memory: ScheduleTimes,
    started: Vec<String>,
    said: Vec<String>,
    n_waits: usize,
}

impl World {
    fn beginning(clock: &str) -> Self {
        Self {
            clock: at(clock),
            passed: TimeDelta::zero(),
            scripts: Vec::new(),
            incidents: VecDeque::new(),
            run: None,
            memory: ScheduleTimes::default(),
            started: Vec::new(),
            said: Vec::new(),
            n_waits: 0,
        }
    }

    /// The next runs that do not end well within a minute, by schedule.
    fn with(mut self, scripts: impl IntoIterator<Item = Script>) -> Self {
        self.scripts = scripts.into_iter().collect();
        self
    }

    /// Runs `korabo schedule` until SIGTERM after `minutes`.
    fn serve(&mut self, schedules: &[Schedule], minutes: i64) -> Vec<String> {
        let stop = self.passed + TimeDelta::minutes(minutes);
        self.incidents.push_back((stop, Incident::Stop));
        serve(schedules.to_vec(), self.memory.clone(), self);
        assert!(self.run.is_none(), "ended with a run in progress");
        std::mem::take(&mut self.started)
    }

    /// No scheduler runs for a while.
    fn sleep(&mut self, minutes: i64) {
        self.passed += TimeDelta::minutes(minutes);
    }

    #[track_caller]
    fn has_said(&self, text: &str) {
        let is_said = self.said.iter().any(|line| line.contains(text));
        assert!(is_said, "`{text}` is not in {:#?}", self.said);
    }

    fn count_said(&self, text: &str) -> usize {
        self.said.iter().filter(|line| line.contains(text)).count()
    }
}

impl Host for World {
    fn now(&self) -> DateTime<Utc> {
        self.clock + self.passed
    }

    fn wait(&mut self, until: Option<DateTime<Utc>>) -> MachineEvent {
        self.n_waits += 1;
        assert!(self.n_waits < 100_000, "the loop does not rest");
        let half_a_minute = TimeDelta::seconds(30);
        let left = until.map_or(half_a_minute, |until| until - self.now());
        let tick = self.passed + left.clamp(TimeDelta::zero(), half_a_minute);
        let end = self.run.as_ref().map(|run| run.ends);
        let overtime = self.run.as_ref().and_then(|run| run.overtime);
        let incident = self.incidents.front().map(|(time, _)| *time);
        let times = [Some(tick), end, overtime, incident];
        let first = times.into_iter().flatten().min();
        self.passed = first.unwrap();
        if end == first {
            let run = self.run.take().unwrap();
            return MachineEvent::Ended(run.ending);
        }
        if overtime == first {
            self.run.as_mut().unwrap().overtime = None;
            return MachineEvent::Overtime;
        }
        if incident == first {
            match self.incidents.pop_front().unwrap().1 {
                Incident::Stop => return MachineEvent::Stop,
                Incident::SetClock(minutes) => self.clock += TimeDelta::minutes(minutes),
            }
        }
        MachineEvent::Tick
    }

    fn start(&mut self, schedule: &Schedule, due: DateTime<Utc>) -> Result<(), std::io::Error> {
        assert!(self.run.is_none(), "two runs at once");
        let is_due = |due: DateTime<Utc>| {
            schedule.times.next_after(due - TimeDelta::seconds(1)) == Some(due)
        };
        assert!(is_due(due), "started for {due}, which is none of its times");
        let now = schedule.times.local(self.now());
        let line = format!("{} {}", now.format("%d %H:%M:%S"), schedule.name);
        self.started.push(line);
        let known = self
            .scripts
            .iter()
            .position(|script| script.schedule == schedule.name);
        let script = match known {
            Some(idx) => self.scripts.remove(idx),
            None => goes("", 1, 0),
        };
        if script.ending == RunEnding::NotStarted {
            return Err(std::io::Error::other("no such program"));
        }
        self.run = Some(Run {
            ends: self.passed + TimeDelta::minutes(script.minutes),
            overtime: schedule
                .max_seconds
                .map(|seconds| self.passed + TimeDelta::seconds(i64::from(seconds))),
            ending: script.ending,
        });
        Ok(())
    }

    fn stop_run(&mut self) {
        let run = self.run.as_mut().unwrap();
        run.ends = self.passed + TimeDelta::seconds(2);
        run.ending = RunEnding::Code(143);
    }

    fn save(&mut self, state: &ScheduleTimes) {
        // What is remembered survives as text.
        let text = serde_json::to_string(state).unwrap();
        self.memory = serde_json::from_str(&text).unwrap();
    }

    fn say(&mut self, notice: &Notice) {
        self.said.push(notice.to_string());
    }

    fn complain(&mut self, error: &std::io::Error) {
        self.said.push(error.to_string());
    }
}

const DAY: i64 = 24 * 60;

fn nightly() -> Schedule {
    schedule("nightly", "Asia/Tokyo", "30 2 * * *")
}

fn without_catch_up(mut schedule: Schedule) -> Schedule {
    schedule.catch_up = CatchUp::None;
    schedule
}

#[test]
fn a_day_of_three_schedules_with_failures_overlaps_and_a_restart() {
    // 2026-11-22 00:00 in Tokyo.
    let six_hourly = schedule("claims", "Asia/Tokyo", "0 */6 * * *");
    let half_hourly = schedule("checkups", "Asia/Tokyo", "0,30 8-9 * * *");
    let schedules = [nightly(), six_hourly, half_hourly];
    let mut world = World::beginning("2026-11-21 15:00").with([
        // Full disk, killed, then fine.
        goes("nightly", 4, 9),
        Script {
            schedule: "nightly",
            minutes: 2,
            ending: RunEnding::Killed,
        },
        goes("nightly", 30, 0),
        // A test of a table found something.
        goes("claims", 5, 5),
        // Another process's run takes two minutes.
        goes("claims", 0, 8),
        goes("claims", 0, 8),
        goes("claims", 10, 0),
        // Longer than its interval.
        goes("checkups", 70, 0),
    ]);
    let mut started = world.serve(&schedules, 10 * 60 + 15);
    // Off from 10:15 to 11:00.
    world.sleep(45);
    started.extend(world.serve(&schedules, 13 * 60 + 5));
    assert_eq!(
        started,
        [
            "22 02:30:00 nightly",
            "22 02:35:00 nightly",
            "22 02:39:00 nightly",
            "22 06:00:00 claims",
            "22 08:00:00 checkups",
            "22 09:30:00 checkups",
            "22 12:00:00 claims",
            "22 12:01:00 claims",
            "22 12:02:00 claims",
            "22 18:00:00 claims",
            "23 00:00:00 claims",
        ]
    );
    world.has_said(
        "nightly, 2026-11-22T02:30:00+09:00: failed (exit code 9); tried again in 60 seconds",
    );
    world.has_said("failed (killed); tried again in 120 seconds");
    world.has_said("claims, 2026-11-22T06:00:00+09:00: failed (exit code 5); the same data");
    assert_eq!(world.count_said("another run holds the lake"), 1);
    world.has_said("checkups, 2026-11-22T08:30:00+09:00: skipped");
    world.has_said("checkups, 2026-11-22T09:00:00+09:00: skipped");
    assert_eq!(world.count_said("skipped"), 2);
    assert_eq!(world.count_said("done"), 6);
}

#[test]
fn failures_are_tried_again_ever_later_and_not_for_ever() {
    let mut stubborn = nightly();
    stubborn.retries = 8;
    stubborn.retry_seconds = 300;
    let fails = (0..9).map(|_| goes("nightly", 1, 1));
    let mut world = World::beginning("2026-11-21 15:00").with(fails);
    let started = world.serve(&[stubborn], DAY);
    let expected = [
        "22 02:30:00",
        "22 02:36:00",
        "22 02:47:00",
        "22 03:08:00",
        "22 03:49:00",
        "22 04:50:00",
        "22 05:51:00",
        "22 06:52:00",
        "22 07:53:00",
    ];
    assert_eq!(started, expected.map(|time| format!("{time} nightly")));
    world.has_said("failed (exit code 1); no retry is left");
}

#[test]
fn what_cannot_get_better_is_not_tried_again() {
    for code in [2, 3, 5, 6, 7, 130, 143] {
        let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 1, code)]);
        assert_eq!(
            world.serve(&[nightly()], DAY),
            ["22 02:30:00 nightly"],
            "{code}"
        );
        assert_eq!(world.count_said("tried again"), 0, "{code}");
    }
    for code in [1, 4, 9, 70] {
        let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 1, code)]);
        let expected = ["22 02:30:00 nightly", "22 02:32:00 nightly"];
        assert_eq!(world.serve(&[nightly()], DAY), expected, "{code}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_a_failure_like_others() {
    let script = Script {
        schedule: "nightly",
        minutes: 0,
        ending: RunEnding::NotStarted,
    };
    let mut world = World::beginning("2026-11-21 15:00").with([script]);
    let expected = ["22 02:30:00 nightly", "22 02:31:00 nightly"];
    assert_eq!(world.serve(&[nightly()], DAY), expected);
    world.has_said("no such program");
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_tried_again() {
    let mut limited = nightly();
    limited.max_seconds = Some(600);
    let mut world =
        World::beginning("2026-11-21 15:00").with([goes("nightly", 300, 0), goes("nightly", 9, 0)]);
    let started = world.serve(&[limited.clone()], DAY);
    assert_eq!(started, ["22 02:30:00 nightly", "22 02:41:02 nightly"]);
    world.has_said("takes longer than 600 seconds; is stopped");
    world.has_said("failed (exit code 143); tried again in 60 seconds");
    assert_eq!(world.count_said("done"), 1);

    // It may end well in the moment it is stopped, and the daemon may be stopped first.
    let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 300, 0)]);
    let started = world.serve(&[limited.clone()], 2 * 60 + 35);
    assert_eq!(started, ["22 02:30:00 nightly"]);
    assert_eq!(world.count_said("takes longer"), 0);
    let started = world.serve(&[limited], 60);
    assert_eq!(started, ["22 02:35:02 nightly"], "is caught up");
}

#[test]
fn waiting_for_another_run_uses_up_no_retries() {
    let busy = (0..20).map(|_| goes("nightly", 0, 8));
    let then = [goes("nightly", 1, 1), goes("nightly", 1, 0)];
    let mut once = nightly();
    once.retries = 1;
    let mut world = World::beginning("2026-11-21 15:00").with(busy.chain(then));
    let started = world.serve(&[once], DAY);
    assert_eq!(started.len(), 22);
    assert_eq!(
        started[20..],
        ["22 02:50:00 nightly", "22 02:52:00 nightly"]
    );
    assert_eq!(world.count_said("another run holds the lake"), 1);
}

#[test]
fn one_run_at_a_time_and_a_later_time_takes_the_place_of_one_that_waits() {
    let long = schedule("long", "Asia/Tokyo", "0 1 * * *");
    let short = schedule("short", "Asia/Tokyo", "*/15 1 * * *");
    let mut world = World::beginning("2026-11-21 15:00").with([goes("long", 40, 0)]);
    let started = world.serve(&[long, short], DAY);
    let expected = ["22 01:00:00 long", "22 01:40:00 short", "22 01:45:00 short"];
    assert_eq!(started, expected);
    world.has_said("short, 2026-11-22T01:15:00+09:00: given up: a later time is due");
    world.has_said("short, 2026-11-22T01:30:00+09:00: starts");
}

#[test]
fn clocks_are_put_forward_and_back() {
    let new_york = [
        schedule("night", "America/New_York", "30 2 * * *"),
        schedule("one", "America/New_York", "30 1 * * *"),
        schedule("hourly", "America/New_York", "10 */1 * * *"),
    ];
    // 2026-03-08 00:00 to 05:00, an hour shorter.
    let mut world = World::beginning("2026-03-08 05:00");
    let expected = [
        "08 00:10:00 hourly",
        "08 01:10:00 hourly",
        "08 01:30:00 one",
        "08 03:00:00 night",
        "08 03:10:00 hourly",
        "08 04:10:00 hourly",
    ];
    assert_eq!(world.serve(&new_york, 4 * 60), expected);
    // 2026-11-01 00:00 to 04:00, an hour longer.
    let mut world = World::beginning("2026-11-01 04:00");
    let expected = [
        "01 00:10:00 hourly",
        "01 01:10:00 hourly",
        "01 01:30:00 one",
        "01 01:10:00 hourly",
        "01 02:10:00 hourly",
        "01 02:30:00 night",
        "01 03:10:00 hourly",
    ];
    assert_eq!(world.serve(&new_york, 5 * 60), expected);
    assert_eq!(world.count_said("missed"), 0);
}

#[test]
fn a_restart_between_the_two_halves_of_a_repeated_hour_runs_nothing_twice() {
    let one = [schedule("one", "America/New_York", "30 1 * * *")];
    let mut world = World::beginning("2026-11-01 05:00");
    assert_eq!(world.serve(&one, 45), ["01 01:30:00 one"]);
    assert!(world.serve(&one, 3 * 60).is_empty());
}

#[test]
fn missed_times_are_caught_up_once_or_left_out() {
    for (schedules, expected) in [
        (
            [nightly()],
            vec!["25 10:00:00 nightly", "26 02:30:00 nightly"],
        ),
        ([without_catch_up(nightly())], vec!["26 02:30:00 nightly"]),
    ] {
        let mut world = World::beginning("2026-11-21 15:00");
        assert_eq!(world.serve(&schedules, 10 * 60), ["22 02:30:00 nightly"]);
        // Off for three nights.
        world.sleep(3 * DAY);
        assert_eq!(world.serve(&schedules, DAY), expected);
        let missed = match schedules[0].catch_up {
            CatchUp::Latest => "2026-11-25T02:30:00+09:00: is caught up",
            CatchUp::None => "2026-11-25T02:30:00+09:00: missed",
        };
        world.has_said(missed);
        world.has_said("earlier times were missed, from 2026-11-23T02:30:00+09:00 on");
    }
}

#[test]
fn the_first_start_and_a_changed_expression_miss_nothing() {
    let mut world = World::beginning("2026-11-22 03:00");
    assert!(world.serve(&[nightly()], 60).is_empty());
    let earlier = schedule("nightly", "Asia/Tokyo", "30 10 * * *");
    world.sleep(DAY - 10);
    assert!(world.serve(&[earlier], 60).is_empty());
}

#[test]
fn sigterm_is_passed_on_and_what_was_cut_short_is_caught_up() {
    let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 60, 0)]);
    assert_eq!(world.serve(&[nightly()], 150 + 20), ["22 02:30:00 nightly"]);
    assert_eq!(world.count_said("done"), 0);
    world.sleep(5);
    assert_eq!(world.serve(&[nightly()], 60), ["22 02:55:02 nightly"]);
    assert_eq!(world.count_said("is caught up"), 1);
    assert!(world.serve(&[nightly()], 60).is_empty(), "caught up twice");
    // The same without catching up.
    let schedules = [without_catch_up(nightly())];
    let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 60, 0)]);
    assert_eq!(world.serve(&schedules, 150 + 20), ["22 02:30:00 nightly"]);
    assert!(world.serve(&schedules, 60).is_empty());
    world.has_said("was not finished; left out");
}

#[test]
fn sigterm_during_the_wait_for_a_retry_keeps_the_retry_for_the_next_start() {
    let mut patient = nightly();
    patient.retry_seconds = 3_600;
    let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 1, 9)]);
    assert_eq!(
        world.serve(&[patient.clone()], 150 + 20),
        ["22 02:30:00 nightly"]
    );
    assert_eq!(world.serve(&[patient], 10), ["22 02:50:00 nightly"]);
}

#[test]
fn a_clock_that_is_set_forward_catches_up_once() {
    let mut world = World::beginning("2026-11-21 15:00");
    // At 01:00 by nine hours, at 20:00 by three days.
    world
        .incidents
        .push_back((TimeDelta::minutes(60), Incident::SetClock(9 * 60)));
    world
        .incidents
        .push_back((TimeDelta::minutes(11 * 60), Incident::SetClock(3 * DAY)));
    let started = world.serve(&[nightly()], 18 * 60);
    assert_eq!(started.len(), 3, "{started:?}");
    assert!(started[0].starts_with("22 10:00:"));
    assert!(started[1].starts_with("25 20:00:"));
    assert_eq!(started[2], "26 02:30:00 nightly");
}

#[test]
fn a_clock_that_is_set_back_repeats_nothing_and_does_not_stop_for_ever() {
    // An hour back at 03:00: 02:30 comes again.
    let mut world = World::beginning("2026-11-21 15:00");
    world
        .incidents
        .push_back((TimeDelta::minutes(180), Incident::SetClock(-60)));
    let expected = ["22 02:30:00 nightly", "23 02:30:00 nightly"];
    assert_eq!(world.serve(&[nightly()], 2 * DAY), expected);
    // A clock that ran two years ahead for ten minutes.
    let two_years = 2 * 365 * DAY;
    let mut world = World::beginning("2026-11-21 15:00");
    world
        .incidents
        .push_back((TimeDelta::minutes(60), Incident::SetClock(two_years)));
    world
        .incidents
        .push_back((TimeDelta::minutes(70), Incident::SetClock(-two_years)));
    let started = world.serve(&[nightly()], DAY);
    assert_eq!(started.len(), 2, "{started:?}");
    assert_eq!(started[1], "22 02:30:00 nightly");
    world.has_said("the clock was set back; continues from now");
}

#[test]
fn a_retry_that_waits_when_the_clock_is_set_back_waits_an_hour_at_most() {
    let mut patient = nightly();
    patient.retry_seconds = 3_600;
    let mut world = World::beginning("2026-11-21 15:00").with([goes("nightly", 1, 9)]);
    world
        .incidents
        .push_back((TimeDelta::minutes(155), Incident::SetClock(-10 * 60)));
    let started = world.serve(&[patient], 6 * 60);
    assert_eq!(started.len(), 2, "{started:?}");
}

#[test]
fn a_jittered_start_is_late_by_what_was_drawn_and_survives_a_restart() {
    let mut jittered = nightly();
    jittered.jitter_seconds = 1_800;
    let due = at("2026-11-21 17:30");
    let delay = jittered.starts_at(due) - due;
    assert!(delay > TimeDelta::minutes(3), "{delay}");
    let start = jittered.times.local(due + delay);
    let expected = format!("{} nightly", start.format("%d %H:%M:%S"));
    let mut world = World::beginning("2026-11-21 15:00");
    // Restarted within the delay.
    assert!(world.serve(&[jittered.clone()], 152).is_empty());
    assert_eq!(world.serve(&[jittered], 60), [expected]);
    assert_eq!(world.count_said("caught up"), 0);
}

#[test]
fn a_start_that_is_put_off_beyond_the_next_time_is_not_lost() {
    let two = |name: String| {
        let mut two = schedule(&name, "Asia/Tokyo", "0,2 1 * * *");
        two.jitter_seconds = 600;
        two
    };
    let (first, second) = (at("2026-11-21 16:00"), at("2026-11-21 16:02"));
    // A name whose first start lies between the second time and the second start.
    let minutes = |n: i64| TimeDelta::minutes(n);
    let is_such = |schedule: &Schedule| {
        let (one, other) = (schedule.starts_at(first), schedule.starts_at(second));
        one > second + minutes(1) && other > one + minutes(2)
    };
    let names = (0..1_000).map(|n| format!("name{n}"));
    let found = names.map(two).find(is_such).unwrap();
    let expected = [first, second].map(|due| {
        let start = found.times.local(found.starts_at(due));
        format!("{} {}", start.format("%d %H:%M:%S"), found.name)
    });
    let mut world = World::beginning("2026-11-21 15:00");
    assert_eq!(world.serve(&[found], 3 * 60), expected);
    assert_eq!(world.count_said("missed"), 0);
}
