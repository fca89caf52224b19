//! Statements made to take all memory by constants that are written into every row.

use crate::dice::Dice;

pub(crate) fn shifted(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(7), dice.size(7));
    let call = dice.one_of(&["lag", "lead"]);
    let default = match dice.below(3) {
        0 => format!("repeat('x', {m})"),
        1 => format!("'{}'", "x".repeat(usize::try_from(m % 100_000).unwrap())),
        _ => "'none'".to_owned(),
    };
    let window = dice.one_of(&["ORDER BY value", "PARTITION BY value % 2 ORDER BY value"]);
    format!(
        "SELECT max(length(w)) FROM (SELECT {call}(value::text, {n}, {default}) OVER ({window}) AS w FROM generate_series(1, {n}))"
    )
}

pub(crate) fn sorted_by_constants(dice: &mut Dice) -> String {
    let m = dice.size(7);
    let long = format!("CASE WHEN person_id > 1 THEN repeat('x', {m}) ELSE person_id::text END");
    let table = dice.table();
    match dice.below(4) {
        0 => format!("SELECT person_id FROM {table} ORDER BY {long}"),
        1 => format!("SELECT count(*) FROM {table} GROUP BY {long}"),
        2 => format!("SELECT row_number() OVER (PARTITION BY {long}) FROM {table}"),
        _ => format!("SELECT person_id FROM {table} WHERE {long} < 'y'"),
    }
}
