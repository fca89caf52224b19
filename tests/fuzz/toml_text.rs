//! TOML of contracts and project files from scratch, and the check that a file printed as it was understood is understood
//! the same way again.

use crate::random::Random;

/// A value of any kind.
pub(crate) fn value(random: &mut Random, depth: usize) -> String {
    let kinds = if depth > 2 { 8 } else { 11 };
    match random.below(kinds) {
        0 => random
            .word(&[
                "0",
                "1",
                "-1",
                "7",
                "255",
                "256",
                "99999",
                "9223372036854775807",
                "-9223372036854775808",
            ])
            .to_owned(),
        1 => random
            .word(&[
                "0.0",
                "0.5",
                "1.0",
                "-0.0",
                "1e300",
                "inf",
                "-inf",
                "nan",
                "1.0000001",
            ])
            .to_owned(),
        2 => random.word(&["true", "false"]).to_owned(),
        3 => random
            .word(&["1979-05-27", "1979-05-27T07:32:00Z", "07:32:00"])
            .to_owned(),
        4..=7 => format!(
            "\"{}\"",
            random.word(&[
                "",
                "a",
                "id",
                "x",
                "i8",
                "i64",
                "f64",
                "date",
                "month",
                "token",
                "string",
                "open",
                "sensitive",
                "pseudonym",
                "insurer",
                "public",
                "**/*.csv",
                "a_*.parquet",
                "[",
                "../x",
                "/abs",
                "30 2 * * *",
                "@daily",
                "* * * * *",
                "0 0 30 2 *",
                "Asia/Tokyo",
                "http://localhost:1",
                "健診",
                "a\\nb",
                "\\u0000",
                "100%",
                "5 days",
            ])
        ),
        8 | 9 => {
            let items: Vec<String> = (0..random.below(4))
                .map(|_| value(random, depth + 1))
                .collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let items: Vec<String> = (0..random.below(4))
                .map(|at| format!("k{at} = {}", value(random, depth + 1)))
                .collect();
            format!("{{ {} }}", items.join(", "))
        }
    }
}

/// The same document in the writing of another program; `None` when the text is no TOML.
pub(crate) fn reprinted(text: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    toml::to_string(&table).ok()
}
