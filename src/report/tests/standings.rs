//! What is said when two levels are set beside each other, and how ranges and sums are written.

use super::*;
use crate::report::standing::{Standing, part_of_whole};
use crate::report::text::{joined, level, range, yen};
use crate::vocabulary::Better;

fn share_of(n: u64, value: f64) -> Level<f64> {
    Level {
        n: Count::Shown(n),
        numbers: Some(value),
    }
}

#[test]
fn noise_is_not_compared_with_noise() {
    let all = share_of(10_000, 0.25);
    let standing =
        |n, value, together| part_of_whole(&share_of(n, value), &all, Better::Higher, together);
    assert_eq!(standing(60, 0.33, 1), Standing::Alike);
    assert_eq!(standing(600, 0.33, 1), Standing::Better);
    assert_eq!(standing(600, 0.17, 1), Standing::Worse);
    // Two errors are enough for one comparison and not for ten.
    assert_eq!(standing(600, 0.287, 1), Standing::Better);
    assert_eq!(standing(600, 0.287, 10), Standing::Alike);
    let hidden = Level {
        n: Count::Suppressed,
        numbers: None,
    };
    assert_eq!(
        part_of_whole(&hidden, &all, Better::Higher, 1),
        Standing::Unknown
    );
}

#[test]
fn ranges_do_not_break() {
    let text = range(-0.121, -0.033, &Unit::Share, Lang::Ja);
    assert_eq!(text, "−12.1\u{2060}～\u{2060}−3.3");
    assert_eq!(joined("1", "2", Lang::En), "1\u{a0}to\u{a0}2");
}

#[test]
fn sums_have_three_digits_that_mean_something() {
    let ja = |value| yen(value, Lang::Ja);
    assert_eq!(
        [ja(12_345.0), ja(347_666.0), ja(190_200_000.0)],
        ["12,300円", "34.8万円", "1.90億円"]
    );
    assert_eq!([ja(940.4), ja(-4852.0)], ["940円", "−4,850円"]);
    assert_eq!(yen(190_200_000.0, Lang::En), "¥190 million");
    assert_eq!(level(0.234, &Unit::Share, Lang::Ja), "23.4%");
    assert_eq!(level(2.4, &Unit::Day, Lang::En), "2.40 days");
}
