//! SQL from a grammar: statements over the tables of [`crate::tables`] that mostly plan.

use korabo::functions::RELATIONS;

use crate::calls::relation_call;
use crate::random::Random;
use crate::tables::{COLUMNS, TABLES};

/// Makes statements.
pub(crate) struct Grammar {
    functions: Vec<String>,
}

const TYPES: [&str; 16] = [
    "int",
    "bigint",
    "tinyint",
    "double",
    "varchar",
    "date",
    "timestamp",
    "boolean",
    "decimal(10, 2)",
    "decimal(38, 38)",
    "interval",
    "bytea",
    "time",
    "real",
    "bigint unsigned",
    "varchar[]",
];

pub(crate) const LITERALS: [&str; 34] = [
    "0",
    "1",
    "-1",
    "2",
    "10",
    "0.5",
    "1e308",
    "-1e308",
    "1e-320",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999999",
    "null",
    "true",
    "false",
    "''",
    "'a'",
    "'2024-02-29'",
    "'%'",
    "'['",
    "'(a|b'",
    "'健'",
    "date '2020-01-01'",
    "timestamp '2020-01-01T00:00:00'",
    "interval '1 month'",
    "interval '9999999 years'",
    "'NaN'::double",
    "'inf'::double",
    "x'00ff'",
    "make_array(1, 2)",
    "array[null]",
    "{'a': 1}",
    "'\u{1F600}'",
];

impl Grammar {
    /// A grammar that knows `functions`. Those that can grow without limit are left to the tests of limits.
    pub(crate) fn new(functions: Vec<String>) -> Self {
        let grows = [
            "repeat",
            "lpad",
            "rpad",
            "array_repeat",
            "list_repeat",
            "array_resize",
            "list_resize",
            "range",
            "generate_series",
            "gen_series",
        ];
        let is_relation = |name: &String| RELATIONS.iter().any(|relation| relation.name == name);
        let functions = functions
            .into_iter()
            .filter(|name| !grows.contains(&name.as_str()) && !is_relation(name))
            .collect();
        Self { functions }
    }

    /// A statement of any kind.
    pub(crate) fn statement(&self, random: &mut Random) -> String {
        let query = self.query(random, 0);
        match random.below(20) {
            0 => format!("explain {query}"),
            1 => format!("explain analyze {query}"),
            2 => format!(
                "explain {} {query}",
                random.word(&[
                    "verbose",
                    "format tree",
                    "format indent",
                    "analyze verbose",
                    "format pgjson"
                ])
            ),
            3 => format!("summarize {}", self.table_or_query(random, &query)),
            4 => format!("describe {}", self.table_or_query(random, &query)),
            5 => format!("help {}", random.pick(&self.functions)),
            6 => format!(
                "help '{}'",
                random.word(&["", "selct", "att_gt", "ols", "健診", "%", "a b c"])
            ),
            7 => random
                .word(&[
                    "show relations",
                    "show tables",
                    "show columns from visits",
                    "show all",
                    "show functions",
                    "help",
                    "show x",
                    "show",
                ])
                .to_owned(),
            _ => query,
        }
    }

    fn table_or_query(&self, random: &mut Random, query: &str) -> String {
        match random.below(3) {
            0 => random.pick(&TABLES).0.to_owned(),
            1 => format!("({query})"),
            _ => query.to_owned(),
        }
    }

    /// A query.
    pub(crate) fn query(&self, random: &mut Random, depth: usize) -> String {
        match random.below(if depth > 2 { 7 } else { 12 }) {
            0 => self.grouped(random, depth),
            1 => format!("select * from {}", relation_call(random, None)),
            7 => {
                let set = random.word(&["union all", "union", "intersect", "except", "except all"]);
                format!(
                    "{} {set} {}",
                    self.plain(random, depth + 1),
                    self.plain(random, depth + 1)
                )
            }
            8 => format!(
                "with t as ({}) select * from t join t as u on true limit 5",
                self.query(random, depth + 1)
            ),
            9 => format!(
                "with recursive t(n) as (select 1 union all select n + 1 from t where n < {}) select * from t",
                random.below(20)
            ),
            10 => format!(
                "values ({}, {}), ({}, {})",
                self.expr(random, 3),
                self.literal(random),
                self.literal(random),
                self.expr(random, 3)
            ),
            11 => format!(
                "from {} select {}",
                self.from(random, depth),
                self.expr(random, depth + 1)
            ),
            _ => self.plain(random, depth),
        }
    }

    fn plain(&self, random: &mut Random, depth: usize) -> String {
        let mut text = "select ".to_owned();
        if random.chance(8) {
            text.push_str("distinct ");
        }
        let columns: Vec<String> = (0..random.between(1, 3))
            .map(|at| format!("{} as x{at}", self.expr(random, depth)))
            .collect();
        text.push_str(&columns.join(", "));
        if random.chance(10) {
            text.push_str(", *");
        }
        text.push_str(&format!(" from {}", self.from(random, depth)));
        if random.chance(50) {
            text.push_str(&format!(" where {}", self.condition(random, depth)));
        }
        if random.chance(25) {
            text.push_str(&format!(
                " order by {} {}",
                random.word(&["1", "x0", "age", "note desc nulls last"]),
                ""
            ));
        }
        if random.chance(30) {
            text.push_str(random.word(&[
                " limit 0",
                " limit 3",
                " limit 2 offset 1",
                " offset 1000",
                " limit 1 + 1",
            ]));
        }
        text
    }

    /// A grouped query, as it may leave through release.
    pub(crate) fn grouped(&self, random: &mut Random, depth: usize) -> String {
        let key = match random.is_tame() || random.chance(70) {
            true => random.pick(&COLUMNS).to_string(),
            false => self.expr(random, depth + 2),
        };
        let aggregate = random.word(&[
            "count(*)",
            "count(distinct person_id)",
            "avg(pressure)",
            "sum(age)",
            "min(note)",
            "max(visited_on)",
            "stddev(weight)",
            "corr(age, weight)",
            "approx_distinct(person_id)",
            "median(pressure)",
            "array_agg(note)",
            "string_agg(note, ',')",
            "regr_slope(age, weight)",
            "first_value(note)",
            "avg(cast(is_smoker as int)) filter (where age > 40)",
            "approx_percentile_cont(0.5) within group (order by age)",
            "bool_or(is_smoker)",
        ]);
        let group = match random.below(6) {
            0 => format!("rollup({key}, kind)"),
            1 => format!("grouping sets (({key}), ())"),
            2 => "all".to_owned(),
            3 => format!("cube({key})"),
            _ => "1".to_owned(),
        };
        let having = if random.chance(20) {
            " having count(*) > 2"
        } else {
            ""
        };
        format!(
            "select {key} as k, {aggregate} as a, count(*) as n from {} group by {group}{having}",
            self.from(random, depth)
        )
    }

    fn from(&self, random: &mut Random, depth: usize) -> String {
        let table = random.pick(&TABLES).0;
        match random.below(if depth > 1 { 4 } else { 10 }) {
            4 => {
                let kind = random.word(&[
                    "join",
                    "left join",
                    "right join",
                    "full join",
                    "left semi join",
                    "left anti join",
                ]);
                let other = random.pick(&TABLES).0;
                let on = random.word(&[
                    "a.person_id = b.person_id",
                    "a.person_id = b.person_id and a.fiscal_year < b.fiscal_year",
                    "a.note = b.note",
                    "true",
                ]);
                format!(
                    "{table} as a {kind} (select person_id, fiscal_year, note from {other} limit 30) as b on {on}"
                )
            }
            5 => format!("({}) as s", self.query(random, depth + 1)),
            6 => format!("{table} natural join (select distinct kind from visits) as k"),
            7 => format!(
                "{table} as a, lateral (select {}) as l",
                self.expr(random, depth + 2)
            ),
            8 => format!("unnest(array[1, null, 3]) as t(age), {table}"),
            9 => format!("{} as e", relation_call(random, Some(table))),
            _ => table.to_owned(),
        }
    }

    fn condition(&self, random: &mut Random, depth: usize) -> String {
        if random.is_tame() {
            return typed("flag", random, depth);
        }
        match random.below(9) {
            0 => format!("{} is not null", self.expr(random, depth + 1)),
            1 => format!("age in (select {} from visits)", random.pick(&COLUMNS)),
            2 => format!(
                "exists (select 1 from one_visit where {})",
                self.expr(random, depth + 2)
            ),
            3 => format!("note like {}", self.literal(random)),
            4 => format!(
                "{} between {} and {}",
                random.pick(&COLUMNS),
                self.literal(random),
                self.literal(random)
            ),
            5 => format!("note ~ {}", self.literal(random)),
            _ => format!(
                "{} {} {}",
                self.expr(random, depth + 1),
                random.word(&["=", "<", ">=", "<>", "is distinct from", "and", "or"]),
                self.expr(random, depth + 1)
            ),
        }
    }

    fn literal(&self, random: &mut Random) -> String {
        random.word(&LITERALS).to_owned()
    }

    /// An expression over one row.
    pub(crate) fn expr(&self, random: &mut Random, depth: usize) -> String {
        if random.is_tame() {
            return typed(
                random.word(&["number", "text", "day", "flag"]),
                random,
                depth,
            );
        }
        match random.below(if depth > 3 { 5 } else { 14 }) {
            0 | 1 => self.literal(random),
            2..=4 => random.pick(&COLUMNS).to_string(),
            5 => format!(
                "cast({} as {})",
                self.expr(random, depth + 1),
                random.word(&TYPES)
            ),
            6 => format!(
                "try_cast({} as {})",
                self.expr(random, depth + 1),
                random.word(&TYPES)
            ),
            7 => format!(
                "({} {} {})",
                self.expr(random, depth + 1),
                random.word(&["+", "-", "*", "/", "%", "||", "&", "<<", "="]),
                self.expr(random, depth + 1)
            ),
            8 => format!(
                "case when {} then {} else {} end",
                self.condition(random, depth + 2),
                self.expr(random, depth + 1),
                self.expr(random, depth + 1)
            ),
            9 => {
                let over = random.word(&["", "partition by kind", "order by age", "partition by note order by visited_on rows between 1 preceding and current row", "order by pressure range between 1 preceding and 1 following"]);
                let function = random.word(&[
                    "sum(age)",
                    "row_number()",
                    "lag(note, 1)",
                    "rank()",
                    "ntile(0)",
                    "nth_value(age, 0)",
                    "avg(pressure)",
                    "lead(age, -9223372036854775808)",
                    "count(*)",
                ]);
                format!("{function} over ({over})")
            }
            10 => format!("(select {} from one_visit)", self.expr(random, depth + 2)),
            _ => {
                let arguments: Vec<String> = (0..random.below(4))
                    .map(|_| self.expr(random, depth + 1))
                    .collect();
                format!("{}({})", random.pick(&self.functions), arguments.join(", "))
            }
        }
    }
}

/// An expression of one kind that plans: column names and literals stand for `N` (number), `T` (text), `D` (day) and `F` (yes or no) in
/// one of the patterns.
#[expect(clippy::too_many_lines, reason = "a list of what there can be")]
fn typed(kind: &str, random: &mut Random, depth: usize) -> String {
    let numbers = [
        "age",
        "weight",
        "pressure",
        "kind",
        "fiscal_year",
        "3",
        "-0.5",
        "cast(N as double)",
        "N + N",
        "N * N",
        "N / nullif(N, 0)",
        "abs(N)",
        "round(N, 1)",
        "coalesce(N, N)",
        "case when F then N else N end",
        "length(T)",
        "fiscal_year(D)",
        "date_part('year', D)",
        "greatest(N, N)",
        "N % 7",
        "ln(N)",
        "power(N, 2)",
        "try_cast(T as bigint)",
        "(select max(age) from same_visits)",
        "strpos(T, T)",
        "sum(N) over (partition by kind)",
        "row_number() over (order by N)",
        "ascii(T)",
        "floor(N)",
    ];
    let texts = [
        "note",
        "'a'",
        "'健診'",
        "upper(T)",
        "T || T",
        "substr(T, 1, 3)",
        "coalesce(T, T)",
        "replace(T, 'a', 'b')",
        "trim(T)",
        "normalize_key(T)",
        "cast(N as varchar)",
        "left(T, 2)",
        "case F when true then T end",
        "to_char(D, '%Y-%m')",
        "concat(T, N, F)",
        "nullif(T, T)",
        "split_part(T, '_', 1)",
        "reverse(T)",
        "md5(T)",
    ];
    let days = [
        "visited_on",
        "date '2020-02-29'",
        "date_trunc('month', D)",
        "coalesce(D, D)",
        "D + interval '1 month'",
        "make_date(2020, 2, 29)",
        "try_cast(T as date)",
    ];
    let flags = [
        "is_smoker",
        "true",
        "N < N",
        "N = N",
        "T = T",
        "D > D",
        "F and F",
        "F or not F",
        "T like '%A%'",
        "N is null",
        "N between N and N",
        "kind in (1, 2)",
        "T is distinct from T",
        "exists (select 1 from one_visit where age > 3)",
        "age in (select age from visits)",
        "T ~ '^C'",
        "F is not true",
    ];
    let patterns: &[&'static str] = match kind {
        "number" => &numbers,
        "text" => &texts,
        "day" => &days,
        _ => &flags,
    };
    let n_plain = if depth > 3 {
        2.min(patterns.len())
    } else {
        patterns.len()
    };
    let pattern = random.word(&patterns[..n_plain]);
    let mut text = String::new();
    let mut characters = pattern.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let is_alone = !before.is_alphanumeric()
            && !characters.peek().is_some_and(|next| next.is_alphanumeric())
            && before != '\''
            && before != '%';
        let kind = match character {
            'N' if is_alone => "number",
            'T' if is_alone => "text",
            'D' if is_alone => "day",
            'F' if is_alone => "flag",
            other => {
                text.push(other);
                before = other;
                continue;
            }
        };
        text.push_str(&format!("({})", typed(kind, random, depth + 1)));
        before = ')';
    }
    text
}
