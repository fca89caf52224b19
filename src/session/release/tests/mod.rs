//! What leaves and what does not, over a small invented panel: 200 persons with three years each.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;

use super::released_rows::ReleasedRows;
use super::*;
use crate::disclosure::DisclosureRules;
use crate::session::SessionOptions;

mod bytes;
mod recovered;
mod refused;
mod spans;

/// Region 1 has 4 persons, region 2 has 36, region 3 has 60, region 4 has 100. Three of region 4 smoke, half of the
/// others. Costs are above zero for all persons.
const PANEL: &str = "
    SELECT p AS person_id, y AS fiscal_year, p AS entry, p % 60 + 1 AS worksite_id, p / 2 AS household_id,
           CASE WHEN p <= 4 THEN 1 WHEN p <= 40 THEN 2 WHEN p <= 100 THEN 3 ELSE 4 END AS region,
           p % 2 AS sex,
           CASE WHEN p > 100 THEN p <= 103 ELSE p % 2 = 0 END AS smoker,
           CAST(p * 100 + y AS double) AS cost
    FROM generate_series(1, 200) AS a(p) CROSS JOIN generate_series(2021, 2023) AS b(y)";
const EFFECTS: &str = "
    SELECT * FROM (VALUES
      ('walking', 0.04, 0.01, 4.0, 0.0, 0.02, 0.06, 0.01, 0.07, 120, 300, 420, 40, 'ok', 'better'),
      ('sleep',   0.10, 0.05, 2.0, 0.0, 0.00, 0.20, 0.00, 0.20,   4, 300, 304, 40, 'ok', 'worse')
    ) AS t(indicator, estimate, std_error, statistic, p_value, conf_low, conf_high, band_low, band_high,
           n_treated, n_control, n_units, n_clusters, status, verdict)";

/// Two claims of every person, and 20 of person 200.
const CLAIMS: &str = "
    SELECT c AS claim_id, CASE WHEN c <= 400 THEN c / 2 + 1 ELSE 200 END AS person_id, c * 3.5 AS yen
    FROM generate_series(1, 420) AS a(c)";

fn columns(of: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    of.iter()
        .map(|(table, columns)| ((*table).to_owned(), owned(columns)))
        .collect()
}

async fn world() -> (Session, ReleaseRules) {
    let session = Session::new(&SessionOptions::default()).unwrap();
    for (name, sql) in [
        ("panel", PANEL),
        ("effect_x", EFFECTS),
        ("flow", "SELECT 'linked' AS step, 3 AS n_persons"),
        (
            "worksites",
            "SELECT w AS worksite_id, w % 3 AS size FROM generate_series(1, 60) AS a(w)",
        ),
        ("claims", CLAIMS),
        (
            "diagnoses",
            "SELECT claim_id, 'I10' AS icd10 FROM generate_series(1, 420) AS a(claim_id)",
        ),
        (
            "places",
            "SELECT r AS region, r * 10.5 AS density FROM generate_series(1, 4) AS a(r)",
        ),
    ] {
        let frame = session.plan(sql, &[]).await.unwrap();
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.unwrap();
        let table = MemTable::try_new(schema, vec![batches]).unwrap();
        session.register(name, Arc::new(table)).unwrap();
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let rules = ReleaseRules {
        disclosure: DisclosureRules::GUIDELINE,
        person_tables: names(&["panel", "worksites", "claims", "diagnoses"]),
        aggregate_tables: names(&["effect_x", "flow", "places"]),
        person_columns: &["person_id"],
        roles: TableRoles {
            keys: columns(&[
                ("worksites", &["worksite_id"]),
                ("claims", &["claim_id"]),
                ("diagnoses", &["claim_id", "icd10"]),
                ("places", &["region"]),
                ("effect_x", &["indicator"]),
            ]),
            records: columns(&[("diagnoses", &["claim_id"])]),
        },
        household_columns: &["household_id"],
        memory: None,
    };
    (session, rules)
}

/// The world with another table in the place of one.
async fn session_of(name: &str, sql: &str) -> (Session, ReleaseRules) {
    let (session, rules) = world().await;
    let frame = session.plan(sql, &[]).await.unwrap();
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.unwrap();
    let table = MemTable::try_new(schema, vec![batches]).unwrap();
    session.register(name, Arc::new(table)).unwrap();
    (session, rules)
}

async fn ask(sql: &str) -> Result<(String, WithheldCounts), ReleaseError> {
    let (session, rules) = world().await;
    let frame = session.plan(sql, &[]).await.unwrap();
    let (frame, withheld) = session.release(frame, &rules).await?;
    let batches = frame.collect().await.unwrap();
    Ok((
        pretty_format_batches(&batches).unwrap().to_string(),
        withheld,
    ))
}

async fn refused(sql: &str) -> ReleaseError {
    match ask(sql).await {
        Ok((rows, _)) => unreachable!("{sql} gave\n{rows}"),
        Err(error) => error,
    }
}

/// Column 1 by the key in column 0; NULL is `None`.
async fn by_key(sql: &str) -> Vec<(i64, Option<f64>)> {
    let (session, rules) = world().await;
    let sql =
        format!("SELECT CAST(k AS bigint), CAST(v AS double) FROM ({sql}) AS t(k, v) ORDER BY 1");
    let frame = session.plan(&sql, &[]).await.unwrap();
    let (frame, _) = session.release(frame, &rules).await.unwrap();
    let mut rows = Vec::new();
    for batch in frame.collect().await.unwrap() {
        let keys = batch.column(0).as_primitive::<Int64Type>();
        let values = batch.column(1).as_primitive::<Float64Type>();
        rows.extend(keys.values().iter().copied().zip(values.iter()));
    }
    rows
}

#[tokio::test]
async fn rows_of_persons_do_not_leave_however_they_are_asked_for() {
    for sql in [
        "SELECT * FROM panel",
        "SELECT cost FROM panel ORDER BY cost DESC LIMIT 1",
        "SELECT DISTINCT cost FROM panel",
        "SELECT row_number() OVER (ORDER BY cost) FROM panel",
        "WITH t AS (SELECT cost FROM panel) SELECT cost + 1 FROM t",
        "SELECT cost FROM panel UNION ALL SELECT avg(cost) FROM panel",
        "SELECT p.cost FROM panel p JOIN (SELECT region, count(*) n FROM panel GROUP BY region) g USING (region)",
        "SELECT size FROM worksites",
    ] {
        let error = refused(sql).await;
        assert!(matches!(error, ReleaseError::Rows { .. }), "{sql}: {error}");
        assert!(error.hint().is_some());
    }
    let error = refused("SELECT (SELECT max(cost) FROM panel) AS x").await;
    assert!(matches!(error, ReleaseError::Unchecked { .. }), "{error}");
    let error = refused("SELECT n_persons FROM flow").await;
    assert!(matches!(error, ReleaseError::OtherCounts { .. }), "{error}");
    let error = refused("SELECT 1 WHERE 1 IN (SELECT person_id FROM panel)").await;
    assert!(matches!(error, ReleaseError::Unchecked { .. }), "{error}");
}

#[tokio::test]
async fn persons_are_counted_not_rows_and_a_small_group_takes_another_with_it() {
    // Region 1 has twelve rows of four persons.
    let (_, withheld) = ask("SELECT region, count(*) FROM panel GROUP BY region")
        .await
        .unwrap();
    assert_eq!((withheld.n_groups, withheld.n_groups_in_all), (2, 4));
    let rows = by_key("SELECT region, count(*) FROM panel GROUP BY region").await;
    assert_eq!(rows, [(3, Some(180.0)), (4, Some(300.0))]);
    let said = withheld.describe(10).unwrap();
    assert!(said.starts_with("2 of 4 groups are left out"), "{said}");
}

#[tokio::test]
async fn few_with_a_property_are_not_told_by_count_sum_share_or_rest() {
    for value in [
        "count(*) FILTER (WHERE smoker)",
        "count(CASE WHEN smoker THEN 1 END)",
        "count(*) FILTER (WHERE NOT smoker)",
        "sum(CASE WHEN smoker THEN 1 ELSE 0 END)",
        "sum(CASE WHEN smoker THEN 7.5 ELSE 0 END)",
        "avg(CAST(smoker AS int))",
        "avg(1 - CAST(smoker AS int))",
        "sum(cost) FILTER (WHERE smoker)",
        "count(DISTINCT person_id) FILTER (WHERE smoker)",
    ] {
        let sql = format!("SELECT region, {value} FROM panel WHERE region > 1 GROUP BY region");
        let rows = by_key(&sql).await;
        let shown: Vec<(i64, bool)> = rows.iter().map(|(key, v)| (*key, v.is_some())).collect();
        assert_eq!(shown, [(2, false), (3, true), (4, false)], "{value}");
    }
    let rows = by_key("SELECT region, avg(cost) FROM panel WHERE region > 1 GROUP BY region").await;
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|(_, mean)| mean.is_some()));
}

#[tokio::test]
async fn what_is_shown_is_what_the_statement_says() {
    let (session, rules) = world().await;
    for sql in [
        "SELECT sex, count(*) AS n, avg(cost) AS mean, round(stddev(cost), 6) AS sd FROM panel GROUP BY sex ORDER BY sex",
        "SELECT sex, fiscal_year, round(sum(cost) / count(DISTINCT person_id), 1) AS yen
         FROM panel WHERE region > 1 GROUP BY sex, fiscal_year HAVING count(*) > 20 ORDER BY 1, 2 LIMIT 3",
        "WITH a AS (SELECT region, avg(cost) AS m FROM panel WHERE region > 1 GROUP BY region),
              b AS (SELECT region, count(*) AS n FROM panel WHERE region > 1 GROUP BY region)
         SELECT a.region, m, n, rank() OVER (ORDER BY m) AS place FROM a JOIN b ON a.region = b.region ORDER BY 1",
        "SELECT 'men' AS who, avg(cost) AS m FROM panel WHERE sex = 1 UNION ALL SELECT 'women', avg(cost) FROM panel WHERE sex = 0 ORDER BY 1",
        "SELECT avg(total) AS m FROM (SELECT person_id, sum(cost) AS total FROM panel GROUP BY person_id) t",
        "SELECT size, count(*) AS n FROM worksites GROUP BY size ORDER BY size",
        "SELECT 1 + 1 AS two",
    ] {
        let plain = session.plan(sql, &[]).await.unwrap();
        let released = session.release(plain.clone(), &rules).await.unwrap();
        assert_eq!(released.1.describe(10), None, "{sql}");
        let rows = |batches: &[_]| pretty_format_batches(batches).unwrap().to_string();
        let plain = rows(&plain.collect().await.unwrap());
        assert_eq!(rows(&released.0.collect().await.unwrap()), plain, "{sql}");
    }
}

#[tokio::test]
async fn numbers_leave_with_twelve_digits() {
    let (session, rules) = world().await;
    let sql = "SELECT sex, stddev(cost) AS sd FROM panel GROUP BY sex ORDER BY sex";
    let plain = session.plan(sql, &[]).await.unwrap();
    let released = session.release(plain, &rules).await.unwrap().0;
    let shown = pretty_format_batches(&released.collect().await.unwrap());
    let shown = shown.unwrap().to_string();
    assert!(shown.contains("| 5782.8602128 |"), "{shown}");
}

#[tokio::test]
async fn aggregates_that_show_one_value_and_groups_of_one_are_refused() {
    for function in [
        "max(cost)",
        "min(cost)",
        "median(cost)",
        "array_agg(cost)",
        "string_agg(CAST(cost AS varchar), ',')",
        "first_value(cost)",
        "approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY cost)",
        "sum(DISTINCT cost)",
        "bool_or(smoker)",
    ] {
        let error = refused(&format!("SELECT sex, {function} FROM panel GROUP BY sex")).await;
        assert!(
            matches!(error, ReleaseError::Aggregate { .. }),
            "{function}: {error}"
        );
    }
    let error = refused("SELECT person_id, count(*) FROM panel GROUP BY person_id").await;
    assert!(
        matches!(error, ReleaseError::GroupedByPerson { .. }),
        "{error}"
    );
    let error = refused("SELECT cost, count(*) FROM panel GROUP BY cost").await;
    assert!(matches!(error, ReleaseError::AllHidden { .. }), "{error}");
    let error = refused("SELECT avg(cost) FROM panel WHERE entry = 7").await;
    assert!(matches!(error, ReleaseError::AllHidden { .. }), "{error}");
    let error =
        refused("SELECT sex, region, count(*) FROM panel GROUP BY ROLLUP (sex, region)").await;
    assert!(matches!(error, ReleaseError::SeveralGroupings), "{error}");
    let error = refused("SELECT count(*) FROM (SELECT region FROM panel) t").await;
    assert!(
        matches!(error, ReleaseError::NoPersonColumn { .. }),
        "{error}"
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("keep `person_id` in the inner SELECT")
    );
}

#[tokio::test]
async fn tables_without_a_description_are_refused() {
    let (session, rules) = world().await;
    let other = session.plan("SELECT 1 AS a", &[]).await.unwrap();
    let schema = Arc::clone(other.schema().inner());
    let table = MemTable::try_new(schema, vec![vec![]]).unwrap();
    session.register("other", Arc::new(table)).unwrap();
    let frame = session.plan("SELECT a FROM other", &[]).await.unwrap();
    let error = session.release(frame, &rules).await.unwrap_err();
    assert!(
        matches!(error, ReleaseError::UnknownTable { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn estimates_of_few_are_withheld_wherever_they_come_from() {
    let (rows, withheld) =
        ask("SELECT indicator, estimate, n_treated, n_control, status, verdict FROM effect_x ORDER BY 1")
            .await
            .unwrap();
    assert_eq!(withheld.n_estimates, 1);
    // What else a row of few says follows from its numbers.
    assert!(rows.contains("better") && !rows.contains("worse"), "{rows}");
    assert!(
        rows.contains("withheld") && rows.contains("0.04") && !rows.contains("0.1 "),
        "{rows}"
    );
    assert!(!rows.contains("| 4 "), "{rows}");
    let relation = "SELECT * FROM att((SELECT person_id, fiscal_year, cost,
          CASE WHEN entry <= WHO THEN 2022 END AS cohort FROM panel),
        outcome => cost, unit => person_id, time => fiscal_year, cohort => cohort)";
    let (_, withheld) = ask(&relation.replace("WHO", "90")).await.unwrap();
    assert_eq!(withheld.n_estimates, 0);
    let (rows, withheld) = ask(&relation.replace("WHO", "5")).await.unwrap();
    assert!(withheld.n_estimates > 0, "{rows}");
    let (rows, withheld) =
        ask("SELECT * FROM ols((SELECT * FROM panel WHERE entry < 4), 'cost ~ sex')")
            .await
            .unwrap();
    assert!(withheld.n_estimates > 0, "{rows}");
    let error = refused("SELECT * FROM balance((SELECT person_id, smoker, cost FROM panel), treated => smoker, covariates => [cost])").await;
    assert!(matches!(error, ReleaseError::Relation { .. }), "{error}");
    for at_cutoff in [
        "rd((SELECT person_id, cost, entry FROM panel), outcome => cost, running => entry, cutoff => 50)",
        "rd_density((SELECT person_id, entry FROM panel), running => entry, cutoff => 50)",
        "rd_bins((SELECT person_id, cost, entry FROM panel), outcome => cost, running => entry, cutoff => 50)",
    ] {
        let error = refused(&format!("SELECT * FROM {at_cutoff}")).await;
        assert!(matches!(error, ReleaseError::Relation { .. }), "{error}");
    }
}

#[tokio::test]
async fn levels_of_few_hide_all_levels_and_participants_of_few_their_row() {
    let relation = "SELECT * FROM effects((SELECT person_id, fiscal_year, entry, cost, sex, region, PART AS part,
          CASE WHEN entry <= 90 THEN 2022 END AS cohort FROM panel),
        outcomes => [cost], unit => person_id, time => fiscal_year, cohort => cohort, participated => part BY)";
    let call = |part: &str, by: &str| relation.replace("PART", part).replace("BY", by);
    let (rows, withheld) = ask(&call("sex", ", by => [sex]")).await.unwrap();
    assert_eq!(withheld.n_estimates, 0, "{rows}");
    let n_all = rows.lines().count();
    assert!(n_all > 15, "{rows}");
    for by in ["region", "entry"] {
        let (rows, withheld) = ask(&call("sex", &format!(", by => [{by}]"))).await.unwrap();
        let n_rows = rows
            .lines()
            .filter(|line| line.contains("callaway_santanna"))
            .count();
        assert!(withheld.n_estimates >= n_rows as u64, "{by}: {rows}");
        assert!(!rows.contains("| ok"), "{by}: {rows}");
        assert!(!rows.contains(&format!("| {by} | 1 ")), "{by}: {rows}");
    }
    // One of three participants, and all but three.
    for part in ["entry <= 3", "entry > 3 AND entry < 400"] {
        let (rows, withheld) = ask(&call(part, "")).await.unwrap();
        assert_eq!(withheld.n_estimates, 1, "{part}: {rows}");
        let row = rows
            .lines()
            .find(|line| line.contains("participants_vs_non"));
        assert!(
            row.is_some_and(|row| row.contains("withheld")),
            "{part}: {rows}"
        );
    }
}

#[tokio::test]
async fn explanations_show_the_statement_and_nothing_of_the_data() {
    let (rows, _) = ask("EXPLAIN SELECT count(*) FROM panel").await.unwrap();
    assert!(
        rows.contains("aggregate") && !rows.contains("600"),
        "{rows}"
    );
    let error = refused("EXPLAIN ANALYZE SELECT count(*) FROM panel").await;
    assert!(matches!(error, ReleaseError::Unchecked { .. }), "{error}");
}
