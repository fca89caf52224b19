//! Sections `[schedule.NAME]`.

use crate::schedule::{
    CatchUp, LONGEST_WAIT_SECONDS, Schedule, ScheduledCommand, Times, TimesError,
};
use crate::toml_reader::{TomlError, TomlItem, TomlTable};

const DEFAULT_ZONE: &str = "Asia/Tokyo";
const DEFAULT_RETRIES: u32 = 3;
const DEFAULT_RETRY_SECONDS: u32 = 60;
/// A start may be put off by a quarter of a day.
const MAX_JITTER_SECONDS: u32 = 21_600;
const MAX_RETRIES: u32 = 100;
/// A run may be given a month.
const MAX_RUN_SECONDS: u32 = 2_678_400;

const KEYS: [&str; 10] = [
    "cron",
    "time_zone",
    "command",
    "select",
    "exclude",
    "catch_up",
    "jitter_seconds",
    "retries",
    "retry_seconds",
    "max_seconds",
];

/// The schedules of the project, in the order of the file.
pub(super) fn schedules(root: &TomlTable<'_>) -> Result<Vec<Schedule>, TomlError> {
    let Some(schedules) = root.table("schedule")? else {
        return Ok(Vec::new());
    };
    let items = schedules.items();
    items.iter().map(schedule).collect()
}

fn schedule(item: &TomlItem<'_>) -> Result<Schedule, TomlError> {
    let table = item.table()?;
    table.check_keys(&KEYS)?;
    let words = |key: &str| -> Result<Vec<String>, TomlError> {
        Ok(table.optional(key)?.unwrap_or_default())
    };
    let number = |key: &str, default: u32, most: u32| -> Result<u32, TomlError> {
        let Some(item) = table.get(key) else {
            return Ok(default);
        };
        let within = |n: &u32| *n <= most;
        u32::try_from(item.integer()?)
            .ok()
            .filter(within)
            .ok_or_else(|| item.wrong(&format!("a whole number from 0 to {most}")))
    };
    let max_seconds = number("max_seconds", 0, MAX_RUN_SECONDS)?;
    let command = match table.get("command") {
        Some(item) => item.one_of(&[
            ("run", ScheduledCommand::Run),
            ("maintain", ScheduledCommand::Maintain),
        ])?,
        None => ScheduledCommand::Run,
    };
    if let (ScheduledCommand::Maintain, Some(item)) = (command, table.get("exclude")) {
        return Err(item.wrong("left out when `command` is `maintain`"));
    }
    let catch_up = match table.get("catch_up") {
        Some(item) => item.one_of(&[("latest", CatchUp::Latest), ("none", CatchUp::None)])?,
        None => CatchUp::Latest,
    };
    Ok(Schedule {
        name: item.last_key().to_owned(),
        times: times(&table)?,
        command,
        select: words("select")?,
        exclude: words("exclude")?,
        catch_up,
        jitter_seconds: number("jitter_seconds", 0, MAX_JITTER_SECONDS)?,
        retries: number("retries", DEFAULT_RETRIES, MAX_RETRIES)?,
        retry_seconds: number("retry_seconds", DEFAULT_RETRY_SECONDS, LONGEST_WAIT_SECONDS)?,
        max_seconds: (max_seconds > 0).then_some(max_seconds),
    })
}

fn times(table: &TomlTable<'_>) -> Result<Times, TomlError> {
    let wrong = |item: &TomlItem<'_>, error: &TimesError| item.wrong(&error.to_string());
    let zone = match table.get("time_zone") {
        Some(item) => Times::zone_of(item.text()?).map_err(|error| wrong(&item, &error))?,
        None => Times::zone_of(DEFAULT_ZONE).expect("chrono-tz knows Tokyo"),
    };
    let cron = table.require("cron")?;
    Times::parse(cron.text()?, zone).map_err(|error| wrong(&cron, &error))
}
