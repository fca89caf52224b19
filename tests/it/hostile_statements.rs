//! Statements made to take all memory, all stack or all time, from a seed: the same for the same number. Each is of a family,
//! with sizes from harmless to absurd.

use crate::dice::Dice;
use crate::hostile_constants::{shifted, sorted_by_constants};
use crate::hostile_syntax::{mistakes_deep_inside, nonsense};

/// The statement of a number.
pub(crate) fn statement(number: u64) -> String {
    let mut dice = Dice::new(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED);
    let family = FAMILIES[usize::try_from(number).unwrap() % FAMILIES.len()];
    family(&mut dice)
}

/// How many families there are.
pub(crate) const N_FAMILIES: usize = FAMILIES.len();

type Family = fn(&mut Dice) -> String;

const FAMILIES: [Family; 48] = [
    doubled_ctes,
    doubled_joins,
    doubled_columns_below_a_filter,
    doubled_texts,
    doubled_arrays,
    doubled_structs,
    doubled_subqueries,
    padded,
    repeated,
    replaced,
    matched,
    arrays,
    series,
    joined_texts,
    encoded,
    unnested,
    nested_calls,
    nested_brackets,
    chain_of_conditions,
    chain_of_texts,
    many_joins,
    many_ctes,
    many_unions,
    many_subqueries,
    many_windows,
    many_columns,
    recursion,
    long_list,
    long_values,
    cube,
    regex_bomb,
    casts,
    limits,
    gathered_texts,
    gathered_arrays,
    wide_sort,
    cross_join,
    cross_join_of_wide_rows,
    constant_in_every_row,
    window_frames,
    gathered_windows,
    lambda,
    distinct_texts,
    nonsense,
    mistakes_deep_inside,
    edit_distance,
    shifted,
    sorted_by_constants,
];

/// `first`, then steps that each follow from the one before; the last one counted.
fn steps(n: usize, first: &str, step: impl Fn(usize) -> String, last: &str) -> String {
    let mut ctes = vec![format!("t0 AS ({first})")];
    ctes.extend((1..=n).map(|at| format!("t{at} AS ({})", step(at - 1))));
    format!(
        "WITH {} {}",
        ctes.join(", "),
        last.replace("LAST", &format!("t{n}"))
    )
}

fn doubled_ctes(dice: &mut Dice) -> String {
    let union = dice.one_of(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
    let n = usize::try_from(4 + dice.below(36)).unwrap();
    let step = |at| format!("SELECT a FROM t{at} {union} SELECT a + 1 FROM t{at}");
    steps(n, "SELECT 1 AS a", step, "SELECT count(*) FROM LAST")
}

fn doubled_joins(dice: &mut Dice) -> String {
    let n = usize::try_from(3 + dice.below(30)).unwrap();
    let on = dice.one_of(&[
        "x.a = y.a",
        "x.a < y.a",
        "true",
        "x.a IS NOT DISTINCT FROM y.a",
    ]);
    let step = |at| format!("SELECT x.a + y.a AS a FROM t{at} x JOIN t{at} y ON {on}");
    steps(
        n,
        "SELECT person_id AS a FROM panel_person_year",
        step,
        "SELECT count(*) FROM LAST",
    )
}

fn doubled_columns_below_a_filter(dice: &mut Dice) -> String {
    let n = usize::try_from(4 + dice.below(40)).unwrap();
    let twice = dice.one_of(&[
        "a + a",
        "CASE WHEN a > 0 THEN a ELSE -a END",
        "coalesce(a, a + 1)",
        "a * a - a",
    ]);
    let step = |at| format!("SELECT {twice} AS a FROM t{at}");
    steps(
        n,
        "SELECT value AS a FROM generate_series(1, 3)",
        step,
        "SELECT a FROM LAST WHERE a > 0 AND a < 7",
    )
}

fn doubled_texts(dice: &mut Dice) -> String {
    let n = usize::try_from(4 + dice.below(40)).unwrap();
    let twice = dice.one_of(&[
        "s || s",
        "concat(s, s)",
        "concat_ws(s, s, s)",
        "replace(s, 'x', 'xx')",
        "repeat(s, 2)",
        "regexp_replace(s, '(.)', '\\1\\1', 'g')",
        "lpad(s, 2 * length(s)::bigint, s)",
        "encode(s::bytea, 'hex')",
    ]);
    let first = dice.one_of(&[
        "SELECT 'xx' AS s",
        "SELECT 'xx' || person_id AS s FROM panel_person_year",
    ]);
    let step = |at| format!("SELECT {twice} AS s FROM t{at}");
    steps(n, first, step, "SELECT max(length(s)) FROM LAST")
}

fn doubled_arrays(dice: &mut Dice) -> String {
    let n = usize::try_from(4 + dice.below(36)).unwrap();
    let twice = dice.one_of(&[
        "array_concat(s, s)",
        "s || s",
        "flatten(make_array(s, s))",
        "array_repeat(s, 2)[1] || s",
        "array_resize(s, 2 * cardinality(s)::bigint, 1)",
    ]);
    let first = dice.one_of(&[
        "SELECT [1, 2] AS s",
        "SELECT [person_id, 2] AS s FROM panel_person_year",
    ]);
    let step = |at| format!("SELECT {twice} AS s FROM t{at}");
    steps(n, first, step, "SELECT max(cardinality(s)) FROM LAST")
}

fn doubled_structs(dice: &mut Dice) -> String {
    let n = usize::try_from(3 + dice.below(40)).unwrap();
    let twice = dice.one_of(&[
        "struct(s, s)",
        "named_struct('a', s, 'b', s)",
        "{x: s, y: s}",
        "make_array(s, s)",
    ]);
    let step = |at| format!("SELECT {twice} AS s FROM t{at}");
    steps(n, "SELECT 1 AS s", step, "SELECT s FROM LAST")
}

fn doubled_subqueries(dice: &mut Dice) -> String {
    let n = usize::try_from(3 + dice.below(30)).unwrap();
    let step = |at| format!("SELECT (SELECT max(a) FROM t{at}) + (SELECT min(a) FROM t{at}) AS a");
    steps(
        n,
        "SELECT 1 AS a",
        step,
        "SELECT a FROM LAST WHERE EXISTS (SELECT 1 FROM LAST)",
    )
}

fn padded(dice: &mut Dice) -> String {
    let (function, n, table) = (dice.one_of(&["lpad", "rpad"]), dice.size(12), dice.table());
    format!("SELECT max(length({function}('x', {n} + person_id, 'yä'))) FROM {table}")
}

fn repeated(dice: &mut Dice) -> String {
    let (n, m, table) = (dice.size(11), dice.size(7), dice.table());
    match dice.below(3) {
        0 => format!("SELECT repeat('x', {n})"),
        1 => format!("SELECT repeat(repeat('x', {m}), {m} + person_id) FROM {table}"),
        _ => format!("SELECT max(length(repeat('x', {m} + person_id))) FROM {table}"),
    }
}

fn replaced(dice: &mut Dice) -> String {
    let (n, m, table) = (dice.size(7), dice.size(7), dice.table());
    let from = dice.one_of(&["x", "", "xx"]);
    format!(
        "SELECT max(length(replace(repeat('x', {n} + person_id), '{from}', repeat('y', {m})))) FROM {table}"
    )
}

fn matched(dice: &mut Dice) -> String {
    let (n, m, table) = (dice.size(6), dice.size(6), dice.table());
    let with = dice.one_of(&["y", "\\0", "$0"]);
    format!(
        "SELECT max(length(regexp_replace(repeat('x', {n} + person_id), '.*?', repeat('{with}', {m}), 'g'))) FROM {table}"
    )
}

fn arrays(dice: &mut Dice) -> String {
    let (n, m, table) = (dice.size(10), dice.size(5), dice.table());
    let call = match dice.below(5) {
        0 => format!("array_repeat(person_id, {n})"),
        1 => format!("array_repeat(array_repeat('text', {m}), {m})"),
        2 => format!("array_resize([person_id], {n}, 7)"),
        3 => format!("array_replace_all(array_repeat([1], {m}), [1], range(1, {m}))"),
        _ => format!(
            "make_array({})",
            vec!["range(1, 100000 + person_id)"; 1 + dice.count(2)].join(", ")
        ),
    };
    format!("SELECT max(cardinality({call})) FROM {table}")
}

fn series(dice: &mut Dice) -> String {
    let (n, table) = (dice.size(13), dice.table());
    match dice.below(5) {
        0 => format!("SELECT count(*) FROM generate_series(1, {n})"),
        1 => format!("SELECT max(cardinality(range(1, {n} + person_id))) FROM {table}"),
        2 => format!("SELECT cardinality(generate_series(-{n}, {n}))"),
        3 => "SELECT cardinality(range('0001-01-01'::timestamp, '2200-01-01'::timestamp, interval '1 nanosecond'))".to_owned(),
        _ => format!("SELECT value FROM range(1, {n}) ORDER BY value DESC LIMIT 3"),
    }
}

fn joined_texts(dice: &mut Dice) -> String {
    let (n, m, table) = (dice.size(6), dice.size(6), dice.table());
    format!(
        "SELECT max(length(array_to_string(range(1, {n} + person_id), repeat('-', {m})))) FROM {table}"
    )
}

fn encoded(dice: &mut Dice) -> String {
    let n = usize::try_from(1 + dice.below(48)).unwrap();
    let table = dice.table();
    format!(
        "SELECT max(length({}'x' || person_id{})) FROM {table}",
        "encode(".repeat(n),
        "::bytea, 'hex')".repeat(n)
    )
}

fn unnested(dice: &mut Dice) -> String {
    let (n, table) = (dice.size(10), dice.table());
    match dice.below(3) {
        0 => format!(
            "SELECT count(*) FROM (SELECT unnest(range(1, {n})) AS a, repeat('x', 1000) AS b FROM {table})"
        ),
        1 => format!("SELECT unnest(range(1, {n} + person_id)) AS a, * FROM {table}"),
        _ => format!(
            "SELECT count(*) FROM (SELECT unnest(array_agg(person_id)) AS a FROM {table}) AS x, (SELECT unnest(range(1, {n})) AS b) AS y"
        ),
    }
}

fn nested_calls(dice: &mut Dice) -> String {
    let n = dice.count(3);
    let (open, close) = dice.one_of(&[
        ("coalesce(", ", 1)"),
        ("nullif(", ", 1)"),
        ("abs(", ")"),
        ("nvl2(", ", 1, 2)"),
        ("(CASE 1 WHEN ", " THEN 1 WHEN 2 THEN 3 END)"),
        ("(", " BETWEEN 0 AND 1)::bigint"),
        ("(", " IN (1, 2, 3))::bigint"),
        ("greatest(", ", 1)"),
    ]);
    format!(
        "SELECT {}person_id{} FROM {}",
        open.repeat(n),
        close.repeat(n),
        dice.table()
    )
}

fn nested_brackets(dice: &mut Dice) -> String {
    let n = dice.count(5);
    let (open, close) = dice.one_of(&[
        ("(", ")"),
        ("[", "]"),
        ("(SELECT ", ")"),
        ("- ", ""),
        ("NOT ", ""),
        ("{a: ", "}"),
        ("ARRAY[", "]"),
        ("(SELECT * FROM (VALUES (1)) WHERE 1 IN ", ")"),
    ]);
    format!("SELECT {}1{}", open.repeat(n), close.repeat(n))
}

fn chain_of_conditions(dice: &mut Dice) -> String {
    let n = dice.count(4);
    let (condition, word) = dice.one_of(&[
        ("person_id > 1", " AND "),
        ("person_id < 1", " OR "),
        ("person_id", " + "),
        ("person_id::text", " LIKE "),
        ("person_id", " = "),
        ("1", "::bigint::"),
    ]);
    format!(
        "SELECT count(*) FROM {} WHERE ({}) IS NOT NULL",
        dice.table(),
        vec![condition; n].join(word)
    )
}

fn chain_of_texts(dice: &mut Dice) -> String {
    let n = dice.count(4);
    format!(
        "SELECT max(length({})) FROM {}",
        vec!["person_id"; n].join(" || "),
        dice.table()
    )
}

fn many_joins(dice: &mut Dice) -> String {
    let n = dice.count(3);
    let tables = (0..n).map(|idx| format!("panel_person_year AS j{idx}"));
    let tables: Vec<String> = tables.collect();
    match dice.below(2) {
        0 => format!("SELECT * FROM {}", tables.join(", ")),
        _ => format!("SELECT * FROM {}", tables.join(" NATURAL JOIN ")),
    }
}

fn many_ctes(dice: &mut Dice) -> String {
    let n = dice.count(4);
    let step = |at| format!("SELECT a + 1 AS a FROM t{at}");
    steps(n, "SELECT 1 AS a", step, "SELECT * FROM LAST")
}

fn many_unions(dice: &mut Dice) -> String {
    let n = dice.count(4);
    vec!["SELECT * FROM panel_person_year"; n].join(" UNION ALL ")
}

fn many_subqueries(dice: &mut Dice) -> String {
    let n = dice.count(3);
    let subquery = dice.one_of(&[
        "EXISTS (SELECT 1 FROM panel_person_year q WHERE q.person_id = p.person_id)",
        "p.person_id IN (SELECT person_id FROM panel_person_year)",
        "p.person_id = (SELECT max(person_id) FROM panel_person_year)",
    ]);
    format!(
        "SELECT count(*) FROM panel_person_year p WHERE {}",
        vec![subquery; n].join(" AND ")
    )
}

fn many_windows(dice: &mut Dice) -> String {
    let windows = (0..dice.count(3))
        .map(|idx| format!("sum(person_id) OVER (ORDER BY person_id + {idx}) AS w{idx}"));
    let windows: Vec<String> = windows.collect();
    format!("SELECT {} FROM {}", windows.join(", "), dice.table())
}

fn many_columns(dice: &mut Dice) -> String {
    let columns = (0..dice.count(5)).map(|idx| format!("{idx} AS c{idx}"));
    let columns: Vec<String> = columns.collect();
    format!("SELECT {} FROM {}", columns.join(", "), dice.table())
}

fn recursion(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT count(*) FROM r".to_owned(),
        1 => "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT x.a + y.a FROM r x, r y) SELECT count(*) FROM r".to_owned(),
        _ => "WITH RECURSIVE r AS (SELECT 'x' AS a UNION ALL SELECT a || a FROM r) SELECT max(length(a)) FROM r".to_owned(),
    }
}

fn long_list(dice: &mut Dice) -> String {
    let n = dice.size(5);
    let list: Vec<String> = (0..n).map(|value| value.to_string()).collect();
    format!(
        "SELECT count(*) FROM {} WHERE person_id IN ({})",
        dice.table(),
        list.join(", ")
    )
}

fn long_values(dice: &mut Dice) -> String {
    let n = dice.size(5);
    let rows: Vec<String> = (0..n).map(|value| format!("({value})")).collect();
    format!("SELECT count(*) FROM (VALUES {}) AS v(a)", rows.join(", "))
}

fn cube(dice: &mut Dice) -> String {
    let n = 1 + dice.below(40);
    let columns: Vec<String> = (0..n)
        .map(|idx| format!("person_id % {}", idx + 2))
        .collect();
    let kind = dice.one_of(&["CUBE", "ROLLUP"]);
    format!(
        "SELECT count(*) FROM {} GROUP BY {kind} ({})",
        dice.table(),
        columns.join(", ")
    )
}

fn regex_bomb(dice: &mut Dice) -> String {
    let pattern = dice.one_of(&[
        "((a{1000}){1000}){1000}",
        "(a*)*b",
        "(a|aa)+$",
        "\\w{1000}{1000}",
        "(?i)(x+x+)+y",
        "[[:alpha:]]{5000}",
    ]);
    let n = dice.size(6);
    format!(
        "SELECT count(*) FROM {} WHERE regexp_like(repeat('a', {n}) || person_id, '{pattern}')",
        dice.table()
    )
}

fn casts(dice: &mut Dice) -> String {
    let cast = dice.one_of(&[
        "arrow_cast(repeat('9', 1000), 'Decimal256(76, 0)')",
        "repeat('9', 100)::decimal(38, 10)",
        "'1e308'::double * 1e308",
        "9223372036854775807 + person_id",
        "arrow_cast(person_id, 'FixedSizeBinary(2000000000)')",
        "arrow_cast([1], 'FixedSizeList(2000000000, Int64)')",
        "make_date(2147483647, 12, 31)",
        "'262143-12-31'::date + interval '1000000 years'",
        "chr(1114112 + person_id)",
        "factorial(person_id)",
        "power(person_id, 9223372036854775807)",
        "-9223372036854775808 / -1 % person_id",
        "to_timestamp(9223372036854775807)",
        "date_bin(interval '1 nanosecond', now(), '0001-01-01'::timestamp)",
    ]);
    format!("SELECT {cast} FROM {}", dice.table())
}

fn limits(dice: &mut Dice) -> String {
    let n = dice.size(18);
    format!("SELECT a.value FROM generate_series(1, {n}) a ORDER BY a.value LIMIT {n} OFFSET {n}")
}

fn gathered_texts(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(8), dice.size(6));
    format!(
        "SELECT length(string_agg(repeat('x', {m}), repeat(',', {m}))) FROM generate_series(1, {n})"
    )
}

fn gathered_arrays(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(9), dice.size(5));
    match dice.below(3) {
        0 => format!("SELECT cardinality(array_agg(value)) FROM generate_series(1, {n})"),
        1 => format!("SELECT cardinality(array_agg(range(1, {m}))) FROM generate_series(1, {n})"),
        _ => {
            format!("SELECT array_agg(DISTINCT value ORDER BY value) FROM generate_series(1, {n})")
        }
    }
}

fn wide_sort(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(7), dice.size(5));
    format!(
        "SELECT t FROM (SELECT repeat('x', {m}) || value AS t FROM generate_series(1, {n})) ORDER BY t DESC LIMIT 5 OFFSET {m}"
    )
}

fn cross_join(dice: &mut Dice) -> String {
    let n = dice.size(9);
    let series = format!("generate_series(1, {n})");
    let tables: Vec<String> = (0..2 + dice.below(4))
        .map(|idx| format!("{series} AS s{idx}(v)"))
        .collect();
    format!(
        "SELECT count(*) FROM {} WHERE s0.v + s1.v = -1",
        tables.join(", ")
    )
}

fn cross_join_of_wide_rows(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(7), dice.size(7));
    let join = dice.one_of(&[
        "CROSS JOIN g",
        "JOIN g ON w.v = g.v % 3",
        "LEFT JOIN g ON w.v < g.v",
    ]);
    format!(
        "WITH w AS (SELECT repeat('x', {m} + value) AS t, value AS v FROM generate_series(1, 3)), g AS (SELECT value AS v FROM generate_series(1, {n})) SELECT max(t) FROM w {join}"
    )
}

fn constant_in_every_row(dice: &mut Dice) -> String {
    let m = dice.size(7);
    let columns: Vec<String> = (0..dice.count(2))
        .map(|idx| format!("repeat('x', {m}) AS c{idx}"))
        .collect();
    format!(
        "SELECT {}, person_id FROM {}",
        columns.join(", "),
        dice.table()
    )
}

fn window_frames(dice: &mut Dice) -> String {
    let n = dice.size(7);
    let call = dice.one_of(&[
        "sum(value)",
        "string_agg(value::text, ',')",
        "array_agg(value)",
        "median(value)",
        "approx_distinct(value)",
        "nth_value(value, 7)",
    ]);
    format!(
        "SELECT max(length(w::text)) FROM (SELECT {call} OVER (ORDER BY value ROWS BETWEEN {n} PRECEDING AND {n} FOLLOWING) AS w FROM generate_series(1, {n}))"
    )
}

fn gathered_windows(dice: &mut Dice) -> String {
    let n = dice.size(7);
    let call = dice.one_of(&["array_agg(value)", "string_agg(value::text, ',')"]);
    let filter = dice.one_of(&["", "FILTER (WHERE value % 2 = 0)"]);
    let window = dice.one_of(&["ORDER BY value", "", "PARTITION BY value % 2"]);
    format!(
        "SELECT max(length(w::text)) FROM (SELECT {call} {filter} OVER ({window}) AS w FROM generate_series(1, {n}))"
    )
}

fn lambda(dice: &mut Dice) -> String {
    let n = dice.size(8);
    let body = dice.one_of(&[
        "repeat('x', 100000 + x)",
        "t.s || x",
        "x + 1",
        "range(1, 100000 + x)",
    ]);
    format!(
        "SELECT max(cardinality(array_transform(range(1, {n}), x -> {body}))) FROM (SELECT repeat('y', 1000) AS s) AS t"
    )
}

fn distinct_texts(dice: &mut Dice) -> String {
    let (n, m) = (dice.size(8), dice.size(4));
    let count = dice.one_of(&[
        "count(DISTINCT t)",
        "max(t)",
        "approx_percentile_cont(length(t), 0.5)",
        "first_value(t ORDER BY t)",
    ]);
    format!(
        "SELECT {count} FROM (SELECT repeat('x', {m}) || value AS t FROM generate_series(1, {n})) GROUP BY length(t) % 7"
    )
}

fn edit_distance(dice: &mut Dice) -> String {
    let (n, table) = (dice.size(5), dice.table());
    format!(
        "SELECT max(levenshtein(repeat('ab', {n} + person_id), repeat('ba', {n}))) FROM {table}"
    )
}
