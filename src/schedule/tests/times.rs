//! When expressions are due, above all around changes of the clock.

use super::{at, schedule, times_in};
use crate::schedule::{Times, TimesError};

/// The first `n` times after `after`, on the clocks of the zone.
fn next(zone: &str, cron: &str, after: &str, n: usize) -> Vec<String> {
    let times = times_in(zone, cron);
    let mut time = at(after);
    (0..n)
        .map(|_| {
            time = times.next_after(time).unwrap();
            times.local(time).format("%m-%d %H:%M:%S %z").to_string()
        })
        .collect()
}

#[test]
fn tokyo_never_changes_its_clock() {
    assert_eq!(
        next("Asia/Tokyo", "30 2 * * *", "2026-03-07 17:30", 2),
        ["03-09 02:30:00 +0900", "03-10 02:30:00 +0900"]
    );
    assert_eq!(
        next("Asia/Tokyo", "0 6 1 4 *", "2026-11-22 00:00", 1),
        ["04-01 06:00:00 +0900"]
    );
    assert_eq!(
        next("Asia/Tokyo", "15 0 6 * * MON-FRI", "2026-11-20 00:00", 2),
        ["11-23 06:00:15 +0900", "11-24 06:00:15 +0900"]
    );
}

#[test]
fn a_time_in_the_hole_falls_on_its_end_once() {
    // New York: 2026-03-08, 02:00 becomes 03:00.
    let new_york = "America/New_York";
    let expected = [
        "03-07 02:30:00 -0500",
        "03-08 03:00:00 -0400",
        "03-09 02:30:00 -0400",
    ];
    assert_eq!(
        next(new_york, "30 2 * * *", "2026-03-07 00:00", 3),
        expected
    );
    let expected = ["03-08 03:00:00 -0400", "03-09 02:00:00 -0400"];
    assert_eq!(
        next(new_york, "0,30 2 * * *", "2026-03-07 12:00", 2),
        expected
    );
    assert_eq!(
        next(new_york, "*/5 2 * * *", "2026-03-07 12:00", 2),
        expected
    );
    let expected = [
        "03-08 01:00:00 -0500",
        "03-08 03:00:00 -0400",
        "03-09 01:00:00 -0400",
    ];
    assert_eq!(
        next(new_york, "0 1-3 * * *", "2026-03-08 05:00", 3),
        expected
    );
    // Berlin: 2026-03-29, 02:00 becomes 03:00.
    let expected = [
        "03-28 02:30:00 +0100",
        "03-29 03:00:00 +0200",
        "03-30 02:30:00 +0200",
    ];
    assert_eq!(
        next("Europe/Berlin", "30 2 * * *", "2026-03-28 00:00", 3),
        expected
    );
    // Samoa had no 2011-12-30.
    let expected = [
        "12-29 09:00:00 -1000",
        "12-31 00:00:00 +1400",
        "12-31 09:00:00 +1400",
    ];
    assert_eq!(
        next("Pacific/Apia", "0 9 * * *", "2011-12-29 12:00", 3),
        expected
    );
}

#[test]
fn a_repeated_time_counts_once() {
    // New York: 2026-11-01, 02:00 becomes 01:00.
    let new_york = "America/New_York";
    let expected = [
        "10-31 01:30:00 -0400",
        "11-01 01:30:00 -0400",
        "11-02 01:30:00 -0500",
    ];
    assert_eq!(
        next(new_york, "30 1 * * *", "2026-10-31 00:00", 3),
        expected
    );
    // Between the two halves of the hour, and within the second.
    for after in ["2026-11-01 05:45", "2026-11-01 06:15"] {
        assert_eq!(next(new_york, "30 1 * * *", after, 1), expected[2..]);
    }
    // Berlin: 2026-10-25, 03:00 becomes 02:00.
    let expected = [
        "10-24 02:30:00 +0200",
        "10-25 02:30:00 +0200",
        "10-26 02:30:00 +0100",
    ];
    assert_eq!(
        next("Europe/Berlin", "30 2 * * *", "2026-10-24 00:00", 3),
        expected
    );
    let expected = [
        "10-25 02:00:00 +0200",
        "10-25 02:30:00 +0200",
        "10-25 03:00:00 +0100",
    ];
    assert_eq!(
        next("Europe/Berlin", "0,30 2,3 * * *", "2026-10-24 23:00", 3),
        expected
    );
}

#[test]
fn every_hour_means_every_hour_that_passes() {
    let hours = |zone: &str, after: &str| next(zone, "15 * * * *", after, 4);
    assert_eq!(
        hours("America/New_York", "2026-03-08 05:30"),
        [
            "03-08 01:15:00 -0500",
            "03-08 03:15:00 -0400",
            "03-08 04:15:00 -0400",
            "03-08 05:15:00 -0400"
        ]
    );
    assert_eq!(
        hours("America/New_York", "2026-11-01 04:30"),
        [
            "11-01 01:15:00 -0400",
            "11-01 01:15:00 -0500",
            "11-01 02:15:00 -0500",
            "11-01 03:15:00 -0500"
        ]
    );
    assert_eq!(
        next("Europe/Berlin", "*/20 * * * *", "2026-10-25 00:35", 5),
        [
            "10-25 02:40:00 +0200",
            "10-25 02:00:00 +0100",
            "10-25 02:20:00 +0100",
            "10-25 02:40:00 +0100",
            "10-25 03:00:00 +0100"
        ]
    );
}

#[test]
fn what_is_no_time_is_refused() {
    let tokyo = Times::zone_of("Asia/Tokyo").unwrap();
    let cases = [
        ("30 2 * *", "five fields"),
        ("@daily", "five fields"),
        ("0 0 0 30 2 * 2026", "five fields"),
        ("61 2 * * *", "a cron expression ("),
        ("30 25 * * *", "a cron expression ("),
        ("soon 2 * * *", "a cron expression ("),
        ("0 0 30 2 *", "a day that exists"),
    ];
    for (cron, text) in cases {
        let error = Times::parse(cron, tokyo).unwrap_err().to_string();
        assert!(error.contains(text), "{cron}: {error}");
    }
    let zone = Times::zone_of("Asia/Tokio").unwrap_err();
    let hint = "; did you mean `Asia/Tokyo`?".to_owned();
    assert_eq!(zone, TimesError::Zone { hint });
}

#[test]
fn jitter_is_the_same_for_a_time_and_within_its_bounds() {
    let mut nightly = schedule("nightly", "Asia/Tokyo", "30 2 * * *");
    nightly.jitter_seconds = 300;
    let mut offsets = Vec::new();
    let mut due = at("2026-01-01 00:00");
    for _ in 0..200 {
        due = nightly.times.next_after(due).unwrap();
        let offset = (nightly.starts_at(due) - due).num_seconds();
        assert_eq!(nightly.starts_at(due), nightly.clone().starts_at(due));
        offsets.push(offset);
    }
    assert!(offsets.iter().all(|offset| (0..=300).contains(offset)));
    let mean = offsets.iter().sum::<i64>() / 200;
    assert!((120..180).contains(&mean), "{mean}");
    let mut other = nightly.clone();
    other.name = "other".to_owned();
    assert_ne!(nightly.starts_at(due), other.starts_at(due));
}
