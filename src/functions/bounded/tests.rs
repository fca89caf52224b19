//! Functions within bounds, called through SQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::util::display::array_value_to_string;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::call::{BoundedCall, UNBOUNDED};
use super::growth::Growth;
use super::*;

/// A session with a limit of 1 GiB.
fn context() -> SessionContext {
    let pool = Arc::new(GreedyMemoryPool::new(1 << 30));
    let planners = bounded_planners(&(Arc::clone(&pool) as Arc<dyn MemoryPool>));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool);
    let runtime = runtime.build_arc().unwrap();
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let state = SessionStateBuilder::new()
        .with_expr_planners(planners)
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .build();
    let mut ctx = SessionContext::new_with_state(state);
    bound_functions(&mut ctx).unwrap();
    ctx
}

async fn value(sql: &str) -> Result<String> {
    let batches = context().sql(sql).await?.collect().await?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).unwrap();
    Ok(array_value_to_string(batch.column(0), 0)?)
}

/// Functions whose results are never larger than their arguments, or of a fixed size: looked at one by one.
const NOT_GROWING: &str = "
abs acos acosh array_any_value array_compact array_dims array_distance array_distinct array_element array_empty array_except
array_first array_has array_has_all array_has_any array_intersect array_length array_max array_min array_ndims
array_normalize array_pop_back array_pop_front array_position array_product array_remove array_remove_all array_remove_n
array_reverse array_scale array_add array_subtract array_slice array_sort array_sum arrow_field arrow_metadata
arrow_try_cast arrow_typeof ascii asin asinh atan atan2 atanh bit_length btrim cardinality cast_to_type cbrt ceil
character_length chr coalesce contains cos cosh cosine_distance cot current_date current_time date_bin date_part
date_trunc decode degrees digest empty ends_with exp factorial find_in_set flatten floor from_unixtime gcd
get_field greatest inner_product iszero isnan lcm least left length ln log log10 log2 ltrim make_date
make_time map_extract map_keys map_values md5 nanvl now nullif nvl nvl2 octet_length pi power radians random
regexp_count regexp_instr regexp_like reverse right round row_filter rtrim sha224 sha256 sha384 sha512 signum sin sinh
split_part sqrt starts_with strpos substr substr_index tan tanh to_date to_hex to_local_time to_time to_timestamp
to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds to_unixtime trunc try_cast_to_type
union_extract union_tag uuid version with_metadata array_avg array_pow array_sub array_mul array_div file_row_index input_file_name
";

#[tokio::test]
async fn every_function_was_looked_at() {
    let ctx = context();
    let state = ctx.state();
    let looked_at: BTreeSet<&str> = NOT_GROWING.split_whitespace().collect();
    let names: BTreeSet<String> = state
        .scalar_functions()
        .values()
        .map(|function| function.name().to_owned())
        .collect();
    let unknown: Vec<&String> = names
        .iter()
        .filter(|name| !Growth::of(name).grows() && !looked_at.contains(name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "can these grow? {unknown:?}");
    for function in state.scalar_functions().values() {
        let is_bounded = function.inner().is::<BoundedCall>();
        assert_ne!(
            is_bounded,
            UNBOUNDED.contains(&function.name()),
            "{}",
            function.name()
        );
    }
}

#[tokio::test]
async fn results_are_those_of_the_functions() {
    for (sql, expected) in [
        ("SELECT repeat('ab', 3)", "ababab"),
        ("SELECT lpad('x', 5, 'yz')", "yzyzx"),
        ("SELECT replace('banana', 'an', 'AN')", "bANANa"),
        (
            "SELECT regexp_replace('banana', '(a)(n)', '\\2\\1', 'g')",
            "bnanaa",
        ),
        ("SELECT 'a' || 'b' || 3", "ab3"),
        ("SELECT NULL || 'b'", ""),
        ("SELECT a || b FROM (VALUES ('x', 'y')) AS t(a, b)", "xy"),
        ("SELECT range(1, 4)", "[1, 2, 3]"),
        ("SELECT [1, 2] || [3]", "[1, 2, 3]"),
        ("SELECT array_to_string([1, 2], '-')", "1-2"),
        (
            "SELECT overlay('abcdef' placing 'XX' from 2 for 3)",
            "aXXef",
        ),
        ("SELECT length(repeat('x', 1000000))", "1000000"),
        (
            "SELECT sum(length(repeat('x', value))) FROM generate_series(1, 6000)",
            "18003000",
        ),
        (
            "SELECT count(*) FROM generate_series(1, 20000) WHERE 'a' || value LIKE 'a1%'",
            "11111",
        ),
        (
            "SELECT {a: 1, b: struct(1, 2)}",
            "{a: 1, b: {c0: 1, c1: 2}}",
        ),
        (
            "SELECT array_length(generate_series('2020-01-01'::timestamp, '2020-12-31'::timestamp, interval '1 day'))",
            "366",
        ),
    ] {
        assert_eq!(value(sql).await.unwrap(), expected, "{sql}");
    }
    let frame = context()
        .sql("SELECT 'a' || 'b', column1 || 'c' FROM (VALUES ('x'))")
        .await
        .unwrap();
    let names: Vec<_> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let expected = names.clone();
    let batches = frame.collect().await.unwrap();
    let schema = batches[0].schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn what_would_be_too_large_is_refused() {
    for call in [
        "lpad('x', 100000000000 + value, 'y')",
        "rpad('x', 1000000000 + value)",
        "repeat('x', 100000000000 + value)",
        "repeat(repeat('x', 10000), 10000 + value)",
        "replace(repeat('x', 10000 + value), 'x', repeat('y', 100000))",
        "replace(repeat('x', 10000 + value), '', repeat('y', 100000))",
        "regexp_replace(repeat('x', 10000 + value), 'x', repeat('y', 100000), 'g')",
        "regexp_replace(repeat('x', 10000 + value), '.*', repeat('$0', 10000))",
        "array_repeat(value, 1000000000)",
        "array_repeat(array_repeat(value, 100000), 100000)",
        "range(1, 100000000000 + value)",
        "range(0, -100000000000 - value, -1)",
        "range('1700-01-01'::timestamp, '2200-01-01'::timestamp, interval '1 microsecond')",
        "generate_series('1000-01-01'::date, '9999-01-01'::date, interval '1 nanosecond')",
        "array_resize([value], 1000000000, 7)",
        "array_to_string(range(1, 100000 + value), repeat('-', 10000))",
        "array_replace_all(array_repeat([1], 100000 + value), [1], range(1, 10000))",
        "concat_ws(repeat('x', 9000000 + value), 'a', 'b', 'c', 'd')",
        "concat(repeat('x', 9000000 + value), repeat('x', 9000000 + value))",
        "repeat('x', 9000000 + value) || repeat('x', 9000000 + value)",
        "encode(repeat('x', 9000000 + value), 'hex')",
        "levenshtein(repeat('ab', 100000 + value), repeat('ba', 100000))",
        "regexp_match(repeat('x', 1000000 + value), repeat('(', 20) || '.*' || repeat(')', 20))",
    ] {
        let sql = format!("SELECT {call} FROM generate_series(1, 10)");
        let error = value(&sql).await.map(|value| value.len()).unwrap_err();
        let found = matches!(
            error.find_root(),
            datafusion::common::DataFusionError::ResourcesExhausted(_)
        );
        assert!(found, "{sql}: {error}");
    }
    // Constants are computed while a statement is planned.
    let error = value("SELECT length(lpad('x', 100000000000, 'y'))")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("`lpad` would make"), "{error}");
}

#[tokio::test]
async fn large_batches_go_through_in_pieces_or_are_refused() {
    // 20,000 texts of 1 MB: never more than a few at a time, if nothing needs them together.
    let sql = "SELECT max(length(repeat('x', 1000000 + value))) FROM generate_series(1, 20000)";
    let error = value(sql).await.unwrap_err();
    assert!(error.to_string().contains("for a batch"), "{error}");
    let sql = "SELECT sum(length(concat(repeat('x', 3000), value))) FROM generate_series(1, 9999)";
    assert_eq!(value(sql).await.unwrap(), "30035889");
}

#[tokio::test]
async fn types_do_not_double() {
    let nested = |doubled: &str, n: usize| {
        let first = "WITH c0 AS (SELECT 1 AS s)".to_owned();
        let chain = (1..=n).fold(first, |chain, k| {
            format!("{chain}, c{k} AS (SELECT {doubled} AS s FROM c{})", k - 1)
        });
        format!("{chain} SELECT s FROM c{n}")
    };
    for doubled in [
        "struct(s, s)",
        "{a: s, b: s}",
        "named_struct('a', s, 'b', s)",
        "struct(s, s AS t)",
        "MAP {s: s}",
        "map([s], [s])",
        "row(s, s)",
        "[struct(s, s)]",
    ] {
        let error = context().sql(&nested(doubled, 24)).await.unwrap_err();
        assert!(error.to_string().contains("fields"), "{doubled}: {error}");
    }
    let frame = context().sql(&nested("struct(s, s)", 5)).await.unwrap();
    frame.collect().await.unwrap();
}

#[tokio::test]
async fn a_lambda_repeats_no_text() {
    // The generic dialect, which sessions have, knows no lambdas.
    let ctx = context();
    let dialect = "SET datafusion.sql_parser.dialect = 'duckdb'";
    ctx.sql(dialect).await.unwrap().collect().await.unwrap();
    let captured = "SELECT array_transform(range(1, 1000), x -> repeat('y', 1000) || t.a) FROM (VALUES ('z')) AS t(a)";
    let frame = ctx.sql(captured).await.unwrap();
    let error = frame.collect().await.unwrap_err();
    assert!(error.to_string().contains("a lambda may use"), "{error}");
}

#[tokio::test]
async fn arrays_over_windows_are_bounded_and_groups_are_not() {
    for call in [
        "array_agg(value) OVER (ORDER BY value)",
        "array_agg(value) OVER ()",
        "array_agg(value) OVER (PARTITION BY value / 200000)",
        "array_agg(value) FILTER (WHERE value % 2 = 0) OVER ()",
        "array_agg(DISTINCT value) OVER ()",
        "array_agg(value) OVER (ORDER BY value / 1000000)",
        "array_agg(value) OVER (ORDER BY value ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "array_agg(value) OVER (ORDER BY value ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        "array_agg(value) OVER (RANGE BETWEEN CURRENT ROW AND CURRENT ROW)",
        "string_agg(value::text, ',') OVER ()",
        "string_agg(value::text, ',') OVER (ORDER BY value)",
        "array_agg(value) OVER (ORDER BY value ROWS BETWEEN 20000 PRECEDING AND CURRENT ROW)",
    ] {
        let sql = format!(
            "SELECT max(length(w::text)) FROM (SELECT {call} AS w FROM generate_series(1, 200000))"
        );
        let error = value(&sql).await.unwrap_err();
        assert!(
            error.to_string().contains("over a window"),
            "{sql}: {error}"
        );
    }
    let sql = "SELECT max(cardinality(w)) FROM (SELECT array_agg(value) OVER (PARTITION BY value / 10) AS w FROM generate_series(1, 50000))";
    assert_eq!(value(sql).await.unwrap(), "10");
    let sql = "SELECT max(cardinality(w)) FROM (SELECT array_agg(value) FILTER (WHERE value > 49990) OVER () AS w FROM generate_series(1, 50000))";
    assert_eq!(value(sql).await.unwrap(), "10");
    let sql = "SELECT cardinality(array_agg(value)) FROM generate_series(1, 2000000)";
    assert_eq!(value(sql).await.unwrap(), "2000000");
}
