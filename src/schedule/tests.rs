//! A clock, runs and a memory that are invented: days of schedules pass in milliseconds, through failures, runs that
//! take too long, changes of the clock and restarts.

mod simulation;
mod times;

use chrono::{DateTime, Utc};

use super::{CatchUp, Schedule, ScheduledCommand, Times};

/// `2026-03-08 01:30` and the like, in UTC or with an offset.
#[track_caller]
fn at(text: &str) -> DateTime<Utc> {
    let text = match text.len() {
        16 => format!("{text}:00+00:00"),
        _ => text.to_owned(),
    };
    DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1))
        .unwrap()
        .to_utc()
}

fn times_in(zone: &str, cron: &str) -> Times {
    Times::parse(cron, Times::zone_of(zone).unwrap()).unwrap()
}

fn schedule(name: &str, zone: &str, cron: &str) -> Schedule {
    Schedule {
        name: name.to_owned(),
        times: times_in(zone, cron),
        command: ScheduledCommand::Run,
        select: Vec::new(),
        exclude: Vec::new(),
        catch_up: CatchUp::Latest,
        jitter_seconds: 0,
        retries: 3,
        retry_seconds: 60,
        max_seconds: None,
    }
}
