//! Forms of text, keys, names and dates; that the rules are stable when applied twice, and that nothing stops them.

use chrono::{Datelike as _, NaiveDate};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn day(raw: &str, year: i32, month: u32, day: u32, flag: DateFlag) {
    let expected = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    assert_eq!(
        parse_day(raw),
        Ok(DatedDay {
            day: expected,
            flag
        }),
        "{raw}"
    );
}

#[track_caller]
fn month(raw: &str, number: u32, flag: DateFlag) {
    let read = parse_month(raw).map(|dated| (dated.month.number(), dated.flag));
    assert_eq!(read, Ok((number, flag)), "{raw}");
}

#[test]
fn days_are_read_in_every_form() {
    for raw in [
        "昭和44年10月28日",
        "昭和４４年１０月２８日",
        "昭和 44 年 10 月 28 日",
        "昭44.10.28",
        "S44.10.28",
        "Ｓ４４．１０．２８",
        "s44/10/28",
        "S44-10-28",
        "S.44.10.28",
        "S441028",
        "3441028",
        "３４４１０２８",
        "昭和四十四年十月二十八日",
        "昭和四四年十月二八日",
        "1969-10-28",
        "1969/10/28",
        "1969.10.28",
        "1969年10月28日",
        "1969‐10‐28",
        "1969－10－28",
        "19691028",
        "19691028000000",
        "19691028+0900",
        "1969-10-28T00:00:00",
        "1969/10/28 0:00",
        "1969-10-28T00:00:00+09:00",
        "昭和44年10月28日生",
        "昭和44年10月28日生まれ",
        "一九六九年十月二十八日",
    ] {
        day(raw, 1969, 10, 28, DateFlag::AsWritten);
    }
    day("令和元年5月1日", 2019, 5, 1, DateFlag::AsWritten);
    day("㋿元年5月1日", 2019, 5, 1, DateFlag::AsWritten);
    day("R6.5.9", 2024, 5, 9, DateFlag::AsWritten);
    day("H31.4.30", 2019, 4, 30, DateFlag::AsWritten);
    day("大正15年12月25日", 1926, 12, 25, DateFlag::AsWritten);
    day("昭和元年12月25日", 1926, 12, 25, DateFlag::AsWritten);
    day("4310109", 2019, 1, 9, DateFlag::AsWritten);
    day("R6.2.29", 2024, 2, 29, DateFlag::AsWritten);
}

#[test]
fn days_outside_their_era_are_mapped_by_arithmetic_and_flagged() {
    day("5010203", 2019, 2, 3, DateFlag::EraCrossed);
    day("平成31年5月1日", 2019, 5, 1, DateFlag::EraCrossed);
    day("S64.1.8", 1989, 1, 8, DateFlag::EraCrossed);
    day("3700401", 1995, 4, 1, DateFlag::EraCrossed);
    month("43105", 201_905, DateFlag::EraCrossed);
}

#[test]
fn months_are_read_in_every_form() {
    for raw in [
        "43101",
        "201901",
        "2019-01",
        "2019/01",
        "2019年1月",
        "平成31年1月",
        "H31.1",
        "H3101",
        "2019/1/9",
        "4310109",
    ] {
        month(raw, 201_901, DateFlag::AsWritten);
    }
    month("令和元年５月", 201_905, DateFlag::AsWritten);
}

#[test]
fn what_is_no_date_is_refused() {
    for (raw, problem) in [
        ("", DateProblem::Missing),
        ("　", DateProblem::Missing),
        ("未受診", DateProblem::Form),
        ("69/10/28", DateProblem::Form),
        ("6.5.9", DateProblem::Form),
        ("1969", DateProblem::Form),
        ("196910", DateProblem::Form),
        ("S44.10", DateProblem::Form),
        ("1969-10-28-1", DateProblem::Form),
        ("1969//28", DateProblem::Form),
        ("1969-13-01", DateProblem::NoSuchDay),
        ("1969-02-29", DateProblem::NoSuchDay),
        ("3000101", DateProblem::NoSuchDay),
        ("9440101", DateProblem::NoSuchDay),
        ("19691000", DateProblem::NoSuchDay),
        ("99999999", DateProblem::NoSuchDay),
        ("00000000", DateProblem::NoSuchDay),
        ("1969-10-0", DateProblem::NoSuchDay),
    ] {
        assert_eq!(parse_day(raw), Err(problem), "{raw}");
    }
    assert_eq!(parse_day(&"9".repeat(100_000)), Err(DateProblem::Form));
    assert_eq!(parse_month("201913"), Err(DateProblem::NoSuchDay));
}

#[test]
fn fiscal_years_begin_in_april() {
    let of = |month, day| fiscal_year(NaiveDate::from_ymd_opt(2024, month, day).unwrap());
    assert_eq!((of(3, 31), of(4, 1)), (2023, 2024));
}

#[test]
fn keys_of_one_person_meet() {
    for raw in [
        "1234",
        "１２３４",
        "0001234",
        " 12-34 ",
        "1２３ー4",
        "12 34",
    ] {
        assert_eq!(number(raw).as_deref(), Some("1234"), "{raw}");
    }
    for raw in ["い・ろ－Ａ01", "い・ろ-a01", "い・ろa０１"] {
        assert_eq!(symbol(raw).as_deref(), Some("い・ろa01"), "{raw}");
    }
    assert_eq!(symbol("00").as_deref(), Some("0"));
    assert_eq!(symbol(" ー"), None);
    assert_eq!(insurer_number("  138057").as_deref(), Some("00138057"));
    assert_eq!(
        insurer_number("００１３８０５７").as_deref(),
        Some("00138057")
    );
    assert_eq!(insurer_number("123456789"), None);
    assert_eq!(insurer_number("00000000"), None);
    assert_eq!(insurer_number("0613A512"), None);
    assert_eq!(branch_number("１").as_deref(), Some("01"));
    assert_eq!(branch_number("00").as_deref(), Some("00"));
    assert_eq!(branch_number("100"), None);
}

#[test]
fn check_digits_of_insurers_are_verified() {
    for number in ["01130012", "06130512", "00138057"] {
        assert!(insurer_number_checks(number), "{number}");
    }
    for number in ["01130013", "06130521", "", "0613051２", "138057"] {
        assert!(!insurer_number_checks(number), "{number}");
    }
}

#[test]
fn names_meet_whatever_their_width() {
    for raw in [
        "キキン ハナコ",
        "ｷｷﾝ ﾊﾅｺ",
        "ききん　はなこ",
        "キキンハナコ",
        "ｷｷﾝ-ﾊﾅｺ",
    ] {
        assert_eq!(kana_name(raw), "キキンハナコ", "{raw}");
    }
    for raw in ["シュンカ゛", "ｼｭﾝｶﾞ", "ｼﾕﾝｶﾞ", "しゅんか゛"] {
        assert_eq!(kana_name(raw), "シユンガ", "{raw}");
    }
    assert_ne!(kana_name("ミヅエ"), kana_name("ミズエ"));
}

#[test]
fn marks_join_what_comes_to_stand_before_them() {
    for raw in ["ｶ,\u{15}ﾞｸ", "カ-゛ク", "ガク", "カ・\u{3099}ク"] {
        assert_eq!(kana_name(raw), "ガク", "{raw:?}");
    }
    assert_eq!(symbol("a-\u{301}"), symbol("á"));
}

#[test]
fn text_has_single_blanks_and_composed_marks() {
    assert_eq!(text("　ａ　　ｂ\u{7}\t"), "a b");
    assert_eq!(text("ｶﾞ カ゛"), "ガ ガ");
    // Whatever stands between a mark and its kana, normal text stays as it is.
    for raw in [
        "カ ゛",
        "カ\u{c}\0゛",
        "& \u{316}\0\u{3099}",
        "カ\0\u{3099}",
        " ゛ カ",
    ] {
        assert_eq!(text(&text(raw)), text(raw), "{raw:?}");
    }
    assert_eq!(text("カ\0゛"), "ガ");
    assert_eq!(digits("０ １"), Some("01".into()));
    assert_eq!(digits("1a"), None);
}

proptest! {
    #[test]
    fn every_day_is_read_back_from_every_form(days in 0i64..46_000) {
        // From 1873, when Japan took the Gregorian calendar, to 1998.
        let date = NaiveDate::from_ymd_opt(1873, 1, 1).unwrap() + chrono::Duration::days(days);
        let (year, month, day) = (date.year(), date.month(), date.day());
        let eras = [((1912, 7, 29), ('M', "明治", 1, 1867)), ((1926, 12, 24), ('T', "大正", 2, 1911)), ((1989, 1, 7), ('S', "昭和", 3, 1925))];
        let era = eras.iter().find(|(last, _)| (year, month, day) <= *last);
        let (letter, name, code, base) = era.map_or(('H', "平成", 4, 1988), |(_, era)| *era);
        let era_year = year - base;
        for raw in [
            format!("{year}-{month:02}-{day:02}"), format!("{year}/{month}/{day}"), format!("{year}{month:02}{day:02}"),
            format!("{letter}{era_year}.{month}.{day}"), format!("{letter}{era_year:02}{month:02}{day:02}"),
            format!("{name}{era_year}年{month}月{day}日"), format!("{code}{era_year:02}{month:02}{day:02}"),
        ] {
            prop_assert_eq!(parse_day(&raw), Ok(DatedDay { day: date, flag: DateFlag::AsWritten }), "{}", raw);
        }
        let coded = parse_month(&format!("{code}{era_year:02}{month:02}")).map(|dated| dated.month);
        prop_assert_eq!(Ok(YearMonth::of(date).unwrap()), coded);
    }

    #[test]
    fn rules_applied_twice_change_nothing_more(raw in "\\PC{0,40}") {
        let once = text(&raw);
        prop_assert_eq!(text(&once), once.clone());
        let name = kana_name(&raw);
        prop_assert_eq!(kana_name(&name), name.clone());
        if let Some(key) = symbol(&raw) {
            prop_assert_eq!(symbol(&key), Some(key.clone()));
        }
        if let Some(key) = insurer_number(&raw) {
            prop_assert_eq!(insurer_number(&key), Some(key.clone()));
        }
    }

    #[test]
    fn no_text_stops_a_rule(raw in any::<String>()) {
        let _ = (text(&raw), digits(&raw), kana_name(&raw), symbol(&raw), number(&raw), branch_number(&raw));
        let _ = (insurer_number(&raw), insurer_number_checks(&raw), parse_day(&raw), parse_month(&raw));
    }

    #[test]
    fn digits_of_dates_never_stop_the_reader(raw in "[MTSHR明大昭平令]?[0-9年月日./元十〇-]{0,16}") {
        let _ = (parse_day(&raw), parse_month(&raw));
    }

    #[test]
    fn width_never_tells_keys_apart(key in "[0-9A-Za-z]{1,10}") {
        let wide: String = key.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        prop_assert_eq!(symbol(&key), symbol(&wide));
    }
}
