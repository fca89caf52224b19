//! Calls of relations with arguments that mostly fit.

use korabo::functions::{ArgumentKind, RELATIONS};

use crate::random::Random;
use crate::sql::LITERALS;
use crate::tables::{COLUMNS, TABLES};

/// A call of a relation over `table`, with arguments that mostly fit.
#[expect(clippy::too_many_lines, reason = "a list of what there can be")]
pub(crate) fn relation_call(random: &mut Random, table: Option<&str>) -> String {
    let relation = random.pick(RELATIONS);
    let input = match table {
        Some(table) => table.to_owned(),
        None => match random.below(4) {
            0 => format!("(select * from {} where age > 20)", random.pick(&TABLES).0),
            1 => "(select *, 1 as one from panel_person_year)".to_owned(),
            _ => random.pick(&TABLES).0.to_owned(),
        },
    };
    let mut arguments = vec![input];
    if relation.positional.is_some() {
        arguments.push(format!("'{}'", formula(random)));
    }
    for argument in relation.arguments {
        let is_given = argument.required || random.chance(25);
        if relation.positional == Some(argument.name) || !is_given || random.mischief(3) {
            continue;
        }
        let value = match argument.name {
            _ if random.mischief(8) => random.word(&LITERALS).to_owned(),
            "outcome" => random
                .right_word(
                    3,
                    &["pressure", "weight", "age", "is_smoker", "kind", "note"],
                )
                .to_owned(),
            "unit" => random
                .right_word(1, &["person_id", "person_id", "worksite_id", "note"])
                .to_owned(),
            "time" => random
                .right_word(
                    1,
                    &[
                        "fiscal_year",
                        "fiscal_year",
                        "age",
                        "visited_on",
                        "pressure",
                    ],
                )
                .to_owned(),
            "cohort" => random
                .right_word(1, &["cohort", "cohort", "kind", "worksite_id", "weight"])
                .to_owned(),
            "treated" => random
                .right_word(1, &["treated", "treated", "is_smoker", "kind", "cohort"])
                .to_owned(),
            "cluster" => random
                .right_word(
                    2,
                    &["person_id", "worksite_id", "note", "pressure", "cohort"],
                )
                .to_owned(),
            "weight" => random
                .right_word(1, &["weight", "pressure", "kind", "note", "age"])
                .to_owned(),
            "vcov" => random
                .right_word(
                    6,
                    &[
                        "'iid'",
                        "'hc0'",
                        "'hc2'",
                        "'hc3'",
                        "'cluster(worksite_id)'",
                        "'cluster(worksite_id, kind)'",
                        "'hc4'",
                        "'cluster()'",
                        "'hc9'",
                    ],
                )
                .to_owned(),
            "ssc" => random
                .right_word(
                    2,
                    &[
                        "'adj=false'",
                        "'cluster_adj=false, fixef_k=full'",
                        "'t_df=min'",
                        "'x'",
                        "''",
                    ],
                )
                .to_owned(),
            "window" => random
                .right_word(
                    3,
                    &[
                        "'-2..2'",
                        "'-1..'",
                        "'-9..9'",
                        "'..'",
                        "'3..1'",
                        "2",
                        "'x'",
                        "'-2147483648..2147483647'",
                    ],
                )
                .to_owned(),
            "bootstrap" => random
                .right_word(2, &["50", "99", "0", "1", "-1", "x"])
                .to_owned(),
            _ => of_kind(argument.kind, random),
        };
        arguments.push(format!("{} => {value}", argument.name));
    }
    format!("{}({})", relation.name, arguments.join(", "))
}

fn of_kind(kind: ArgumentKind, random: &mut Random) -> String {
    match kind {
        ArgumentKind::Column(_) => random.pick(&COLUMNS).to_string(),
        ArgumentKind::Columns(_) => {
            let columns: Vec<&str> = (0..random.between(0, 3))
                .map(|_| *random.pick(&COLUMNS))
                .collect();
            format!("[{}]", columns.join(", "))
        }
        ArgumentKind::Amount(_) if random.chance(50) => of_kind(ArgumentKind::Number, random),
        ArgumentKind::Words if random.chance(50) => of_kind(ArgumentKind::Text, random),
        ArgumentKind::Amount(_) | ArgumentKind::Words => random.pick(&COLUMNS).to_string(),
        ArgumentKind::Text => format!(
            "'{}'",
            random.right_word(
                3,
                &[
                    "~ age + kind",
                    "~ age",
                    "~ poly(age, 2)",
                    "",
                    "a",
                    "pressure",
                    "~ note"
                ]
            )
        ),
        ArgumentKind::Choice(choices) => format!("'{}'", random.pick(choices)),
        ArgumentKind::Integer => random
            .right_word(
                4,
                &[
                    "0",
                    "1",
                    "2",
                    "3",
                    "-1",
                    "99",
                    "9223372036854775807",
                    "-9223372036854775808",
                ],
            )
            .to_owned(),
        ArgumentKind::Number => random
            .right_word(
                3,
                &[
                    "0.95",
                    "0.5",
                    "0.999999999999",
                    "0",
                    "1",
                    "-1",
                    "1e300",
                    "1e-300",
                ],
            )
            .to_owned(),
        ArgumentKind::Boolean => random.word(&["true", "false"]).to_owned(),
    }
}

/// A formula of `ols`.
pub(crate) fn formula(random: &mut Random) -> String {
    let term = |random: &mut Random| {
        let column = random.pick(&COLUMNS);
        match random.below(11) {
            0 => format!("i({column})"),
            1 => format!("i({column}, 1)"),
            2 => format!("log({column})"),
            3 => format!(
                "poly({column}, {})",
                random.word(&["1", "2", "3", "20", "0", "21"])
            ),
            4 => format!("{column}^{}", random.word(&["2", "0", "-1", "0.5", "1000"])),
            5 => format!("{column}:{}", random.pick(&COLUMNS)),
            6 => format!("{column}*{}", random.pick(&COLUMNS)),
            7 => format!("exp({column})"),
            _ => (*column).to_owned(),
        }
    };
    let terms = |random: &mut Random| -> String {
        let terms: Vec<String> = (0..random.between(1, 3)).map(|_| term(random)).collect();
        terms.join(random.word(&[" + ", " + ", " + ", " - "]))
    };
    let outcome = random.word(&[
        "pressure",
        "weight",
        "age",
        "is_smoker",
        "note",
        "log(weight)",
    ]);
    let mut text = format!(
        "{outcome} ~ {}",
        if random.chance(10) {
            random.word(&["1", "0", "0 + age", "-1 + age"]).to_owned()
        } else {
            terms(random)
        }
    );
    if random.chance(40) {
        text.push_str(&format!(
            " | {}",
            random.word(&[
                "worksite_id",
                "person_id",
                "person_id + fiscal_year",
                "note",
                "kind^fiscal_year",
                "0"
            ])
        ));
        if random.chance(30) {
            text.push_str(&format!(
                " | {} ~ {}",
                random.pick(&COLUMNS),
                random.pick(&COLUMNS)
            ));
        }
    }
    text
}
