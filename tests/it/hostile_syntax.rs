//! Statements made to keep the parser busy.

use crate::dice::Dice;

pub(crate) fn nonsense(dice: &mut Dice) -> String {
    let words = [
        "SELECT",
        "FROM",
        "(",
        ")",
        ",",
        "*",
        "WHERE",
        "'",
        "1",
        "--",
        "/*",
        ";",
        "JOIN",
        "$1",
        "\u{0}",
        "WITH",
        "GROUP BY",
        "ü",
        "::",
        "[",
        "panel_person_year",
    ];
    let n = dice.count(4);
    let words: Vec<&str> = (0..n).map(|_| dice.one_of(&words)).collect();
    words.join(" ")
}

/// Words that the parser reads in two ways, within each other, around what may be a mistake.
pub(crate) fn mistakes_deep_inside(dice: &mut Dice) -> String {
    let around = [
        ("cast(", " as int)"),
        ("try_cast(", " as int)"),
        ("not (", ")"),
        ("substring(", " from 1)"),
        ("ceil(", " to day)"),
        ("floor(", ")"),
        ("array[", "]"),
        ("convert(", ", int)"),
        ("count(*) filter (where ", ")"),
        ("position('a' in ", ")"),
        ("trim(both ' ' from ", ")"),
    ];
    let n = 10 + dice.below(40);
    let (mut before, mut after) = (String::new(), String::new());
    let always = dice.one_of(&around);
    for _ in 0..n {
        let (open, close) = match dice.below(3) {
            0 => dice.one_of(&around),
            _ => always,
        };
        before += open;
        after.insert_str(0, close);
    }
    let inside = dice.one_of(&["1", "1 1", "1 +", "person_id", "select", ""]);
    format!("SELECT {before}{inside}{after} FROM {}", dice.table())
}
