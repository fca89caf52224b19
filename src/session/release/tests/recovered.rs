//! Statements that once gave the persons of small cells, and ordinary ones beside them that still work.

use super::{ask, by_key, session_of};
use crate::session::ReleaseRules;

/// Regions 3 and 4 have 60 and 100 persons; 3 of region 4 smoke.
const SHOWN: &str = "FROM panel WHERE region > 2 AND fiscal_year = 2022 GROUP BY region";

async fn shown(value: &str) -> Vec<(i64, bool)> {
    let rows = by_key(&format!("SELECT region, {value} {SHOWN}")).await;
    rows.into_iter()
        .map(|(key, value)| (key, value.is_some()))
        .collect()
}

#[tokio::test]
async fn spreads_of_two_values_are_counts_whatever_the_values_are() {
    for number in [
        "CAST(smoker AS int)",
        "CAST(smoker AS int) + 1",
        "CASE WHEN smoker THEN 7 ELSE 5 END",
        "CASE WHEN smoker THEN 1000 WHEN sex = 1 THEN 10 ELSE 0 END",
        "coalesce(CAST(smoker AS int), 0)",
    ] {
        for function in [
            "sum(N)",
            "avg(N)",
            "stddev(N)",
            "stddev_pop(N)",
            "var(N)",
            "var_pop(N)",
            "covar_pop(N, N)",
            "covar_samp(N, cost)",
            "corr(N, cost)",
            "regr_slope(cost, N)",
            "regr_avgx(cost, N)",
            "regr_sxx(N, N)",
        ] {
            let value = function.replace('N', number);
            let rows = shown(&value).await;
            assert_eq!(
                rows.iter().find(|(key, _)| *key == 4),
                Some(&(4, false)),
                "{value}"
            );
        }
    }
    assert_eq!(shown("stddev(cost)").await, [(3, true), (4, true)]);
    assert_eq!(
        shown("covar_pop(cost, entry)").await,
        [(3, true), (4, true)]
    );
}

#[tokio::test]
async fn parts_of_a_sum_are_not_taken_from_each_other() {
    for values in [
        "sum(cost), sum(cost) FILTER (WHERE entry <> 70)",
        "sum(cost), sum(CASE WHEN entry <> 70 THEN cost END)",
        "sum(cost), sum(CASE WHEN entry <> 70 THEN cost ELSE 0 END)",
        "count(*), count(*) FILTER (WHERE entry <> 70)",
        "count(*) FILTER (WHERE entry > 10), count(*) FILTER (WHERE entry > 10 AND entry <> 70)",
        "count(*), regr_count(cost, nullif(entry, 70))",
    ] {
        let sql = format!("SELECT {values} FROM panel WHERE region > 2");
        let (rows, withheld) = ask(&sql).await.unwrap();
        assert!(withheld.n_cells > 0, "{values}:\n{rows}");
    }
    for values in [
        "sum(cost), sum(cost) FILTER (WHERE sex = 1), sum(cost) FILTER (WHERE sex = 0)",
        "count(*), count(*) FILTER (WHERE sex = 1), avg(cost), avg(entry) FILTER (WHERE sex = 1)",
        "avg(cost), stddev(cost), avg(cost) / count(*), sum(cost + entry), avg(entry * 2)",
        "avg(cost / entry)",
        "avg(CASE WHEN sex = 1 THEN cost END), avg(CASE WHEN sex = 0 THEN cost END)",
    ] {
        let sql = format!("SELECT {values} FROM panel WHERE region > 2");
        let (rows, withheld) = ask(&sql).await.unwrap();
        assert_eq!(withheld.n_cells, 0, "{values}:\n{rows}");
    }
}

#[tokio::test]
async fn the_sum_of_many_that_is_one_persons_is_not_shown() {
    let (session, rules) = session_of(
        "panel",
        "
        SELECT p AS person_id, CASE WHEN p = 1 THEN 1e9 ELSE p * 1.5 END AS cost, p % 2 AS sex
        FROM generate_series(1, 60) AS a(p)",
    )
    .await;
    let ask = async |condition: &str, rules: &ReleaseRules| {
        let sql = format!("SELECT avg(cost), count(*) FROM panel WHERE {condition}");
        let frame = session.plan(&sql, &[]).await.unwrap();
        session.release(frame, rules).await.unwrap().1.n_cells
    };
    assert_eq!(ask("true", &rules).await, 1);
    assert_eq!(ask("sex = 0", &rules).await, 0);
    // The largest of these is 6 % of their sum, and there are 30 of them, each another.
    for (max_share, few_values, n_cells) in [(0.07, 29, 0), (0.06, 29, 1), (0.07, 30, 1)] {
        let mut stricter = rules.clone();
        stricter.disclosure.max_share = max_share;
        stricter.disclosure.few_values = few_values;
        assert_eq!(
            ask("sex = 0", &stricter).await,
            n_cells,
            "{max_share} {few_values}"
        );
    }
}

#[tokio::test]
async fn coefficients_of_levels_count_persons() {
    let ols = async |formula: &str, condition: &str| {
        let sql = format!(
            "SELECT * FROM ols((SELECT *, CAST(region AS varchar) AS w FROM panel WHERE {condition}), '{formula}')"
        );
        ask(&sql).await.unwrap().1.n_estimates
    };
    // Region 1 has 4 persons, with 12 rows.
    for formula in [
        "cost ~ w",
        "cost ~ factor(region)",
        "cost ~ i(region, 2)",
        "cost ~ region",
        "cost ~ w:sex",
    ] {
        assert!(ols(formula, "true").await > 0, "{formula}");
        assert_eq!(ols(formula, "region > 1").await, 0, "{formula}");
    }
    assert!(
        ols("smoker ~ w", "region > 2").await > 0,
        "three of a hundred smoke"
    );
    assert!(ols("cost ~ smoker", "region = 4").await > 0);
    assert_eq!(ols("cost ~ sex | region", "true").await, 0);
}

#[tokio::test]
async fn ordinary_questions_are_answered_whole() {
    for sql in [
        "WITH t AS (SELECT person_id, sum(cost) AS total, count(*) AS n FROM panel GROUP BY person_id)
         SELECT avg(total), stddev(total), count(*) FROM t",
        "SELECT size, count(DISTINCT person_id), avg(cost) FROM panel p JOIN worksites w ON p.worksite_id = w.worksite_id GROUP BY size",
        "SELECT density, count(*) FROM panel JOIN places USING (region) WHERE panel.region > 1 GROUP BY density",
        "SELECT sex, count(*) FROM panel WHERE person_id IN (SELECT person_id FROM claims WHERE yen > 100) GROUP BY sex",
        "SELECT sex, avg(yen) FROM panel p LEFT JOIN claims c ON p.person_id = c.person_id WHERE fiscal_year = 2022 GROUP BY sex",
        "SELECT CASE WHEN cost < 10000 THEN 'low' ELSE 'high' END AS band, count(*) FROM panel GROUP BY 1 ORDER BY 2",
        "SELECT avg(n) FROM (SELECT region, count(*) AS n FROM panel WHERE region > 1 GROUP BY region) t",
        "SELECT count(*) FROM (SELECT DISTINCT person_id, sex FROM panel) t",
        "SELECT fiscal_year, avg(cost / 100) FROM panel GROUP BY 1 HAVING count(*) > 10 ORDER BY 1",
        "SELECT count(household_id), count(DISTINCT household_id) FROM panel",
    ] {
        let (rows, withheld) = ask(sql).await.unwrap_or_else(|error| unreachable!("{sql}: {error}"));
        assert_eq!(withheld.describe(10), None, "{sql}\n{rows}");
    }
}

#[tokio::test]
async fn codes_that_differ_for_one_person_are_not_shown_together() {
    let code = |condition: &str| format!("sum(CASE WHEN {condition} THEN 2 ELSE 1 END)");
    let sql = format!(
        "SELECT {}, {} FROM panel WHERE region > 2",
        code("entry < 100"),
        code("entry < 100 AND entry <> 70 OR entry = 70 AND cost > 1")
    );
    // The codes are the same for all persons, which tells of the one as well.
    assert_eq!(ask(&sql).await.unwrap().1.n_cells, 2);
    let sql = sql.replace("cost > 1", "cost < 1");
    assert_eq!(ask(&sql).await.unwrap().1.n_cells, 2);
}

#[tokio::test]
async fn counts_of_persons_by_their_rows_are_not_taken_from_counts_of_rows() {
    // Two persons of the larger region have changed.
    let (session, rules) = session_of(
        "panel",
        "
        SELECT p AS person_id, y AS fiscal_year, p <= 80 OR (p > 198 AND y = 2021) AS smoker
        FROM generate_series(1, 200) AS a(p) CROSS JOIN generate_series(2021, 2022) AS b(y)
        WHERE p > 3 OR y = 2021",
    )
    .await;
    let n_cells = async |values: &str, condition: &str| {
        let sql = format!("SELECT {values} FROM panel WHERE {condition}");
        let frame = session.plan(&sql, &[]).await.unwrap();
        session.release(frame, &rules).await.unwrap().1.n_cells
    };
    let persons = "count(DISTINCT person_id), count(DISTINCT person_id) FILTER (WHERE smoker),
         count(DISTINCT person_id) FILTER (WHERE NOT smoker)";
    assert!(n_cells(persons, "true").await > 0);
    assert_eq!(
        n_cells("count(*), count(DISTINCT person_id)", "true").await,
        0
    );
    assert!(
        n_cells(
            "count(*), count(DISTINCT person_id)",
            "fiscal_year = 2021 OR person_id IS NULL"
        )
        .await
            == 0
    );
}

#[tokio::test]
async fn a_condition_that_no_person_meets_tells_as_little_as_one_that_a_single_person_meets() {
    // Person 101 smokes, has entry 101 and costs of 12,122 in 2022.
    let who = "entry = 101 AND sex = 1";
    for asked in [
        "count(*) FILTER (WHERE NOT (GUESS)), count(*)",
        "count(*) FILTER (WHERE GUESS), count(*)",
        "count(*) FILTER (WHERE smoker), count(*) FILTER (WHERE smoker OR GUESS)",
        "count(CASE WHEN smoker THEN 1 END), count(CASE WHEN smoker OR (GUESS) THEN 1 END)",
        "sum(CASE WHEN GUESS THEN 0 ELSE 1 END)",
        "sum(CASE WHEN smoker THEN 2 ELSE 1 END), sum(CASE WHEN smoker OR (GUESS) THEN 2 ELSE 1 END)",
        "avg(CASE WHEN GUESS THEN 1.0 ELSE 0.0 END), count(*)",
        "sum(cost), sum(cost) FILTER (WHERE NOT (GUESS))",
        "sum(cost) FILTER (WHERE GUESS)",
        "avg(cost) FILTER (WHERE GUESS)",
        "count(DISTINCT person_id), count(DISTINCT person_id) FILTER (WHERE NOT (GUESS))",
        "count(*) FILTER (WHERE sex = 1), count(*) FILTER (WHERE sex = 1 AND NOT (GUESS))",
        "count(*) FILTER (WHERE sex = 0), count(*) FILTER (WHERE sex = 0 OR (GUESS)), count(*) FILTER (WHERE smoker)",
        "count(*) FILTER (WHERE (GUESS) IS NOT TRUE)",
        "count(*) FILTER (WHERE nullif(GUESS, false) IS NULL)",
        "count(*) FILTER (WHERE CASE WHEN sex = 1 THEN entry * 2 = 202 AND cost / 100 > AMOUNT / 100 END IS NOT TRUE)",
    ] {
        let answers = ["12000", "13000"].map(|amount| {
            let guess = format!("{who} AND cost > AMOUNT");
            let asked = asked.replace("GUESS", &guess).replace("AMOUNT", amount);
            let columns = asked.replace(", ", ",\n");
            format!("SELECT {columns} FROM panel WHERE region > 2 AND fiscal_year = 2022")
        });
        let mut shown = Vec::new();
        for sql in answers {
            let (rows, withheld) = ask(&sql)
                .await
                .unwrap_or_else(|error| unreachable!("{sql}: {error}"));
            // The names of the columns hold the guess.
            let cells: Vec<&str> = rows.lines().skip(3).collect();
            shown.push((cells.join("").replace([' ', '-'], ""), withheld));
        }
        assert_eq!(shown[0], shown[1], "{asked}");
    }
}

#[tokio::test]
async fn inner_queries_hide_no_condition_on_several_columns() {
    let guess = "coalesce(entry = 101 AND sex = 1 AND cost > AMOUNT, false)";
    let panel = "FROM panel WHERE region > 2 AND fiscal_year = 2022";
    for sql in [
        "SELECT count(*) FILTER (WHERE NOT f), count(*) FROM (SELECT *, GUESS AS f PANEL)",
        "WITH a AS (SELECT *, entry = 101 AND sex = 1 AS w PANEL), b AS (SELECT *, w AND cost > AMOUNT AS f FROM a),
              c AS (SELECT person_id, smoker, f AS g FROM b)
         SELECT count(*) FILTER (WHERE smoker), count(*) FILTER (WHERE smoker OR g) FROM c",
        "SELECT sum(f), count(*) FROM (SELECT person_id, CASE WHEN GUESS THEN 0 ELSE 1 END AS f PANEL)",
        "SELECT f, count(*) FROM (SELECT person_id, CASE WHEN GUESS THEN 1 ELSE 0 END AS f PANEL) GROUP BY 1",
        "SELECT count(*) FILTER (WHERE NOT (w AND f)), count(*) FROM
           (SELECT person_id, entry = 101 AND sex = 1 AS w, cost > AMOUNT AS f PANEL)",
        "SELECT count(*) FILTER (WHERE NOT f), count(*) FROM (SELECT person_id, bool_or(GUESS) AS f PANEL GROUP BY 1)",
        "SELECT count(*) FILTER (WHERE n = 0), count(*) FROM
           (SELECT person_id, count(*) FILTER (WHERE GUESS) AS n PANEL GROUP BY 1)",
        "SELECT n, count(*) FROM (SELECT person_id, count(*) FILTER (WHERE GUESS) AS n PANEL GROUP BY 1) GROUP BY 1",
        "SELECT f, count(*) FROM (SELECT person_id, GUESS AS f PANEL GROUP BY 1, 2) GROUP BY 1",
        "SELECT f, count(*) FROM (SELECT DISTINCT person_id, GUESS AS f PANEL) GROUP BY 1",
        "SELECT count(*) FILTER (WHERE NOT q.f), count(*) FROM (SELECT * PANEL) p
           JOIN (SELECT person_id, GUESS AS f PANEL) q ON p.person_id = q.person_id",
    ] {
        let mut said = Vec::new();
        for amount in ["12000", "13000"] {
            let sql = sql.replace("GUESS", guess).replace("PANEL", panel).replace("AMOUNT", amount);
            said.push(match ask(&sql).await {
                Ok((rows, withheld)) => {
                    let rows: Vec<&str> = rows.lines().skip(3).collect();
                    format!("{} {withheld:?}", rows.join("").replace([' ', '-'], ""))
                }
                Err(error) => error.to_string(),
            });
        }
        assert_eq!(said[0], said[1], "{sql}");
    }
}

#[tokio::test]
async fn a_key_that_no_person_has_tells_as_little_as_one_that_a_single_person_has() {
    let guess = "entry = 101 AND sex = 1 AND cost > AMOUNT";
    for key in [
        "CASE WHEN GUESS THEN 1 ELSE 0 END",
        "GUESS",
        "nullif(GUESS, false)",
        "CAST(CASE WHEN GUESS THEN 'x' ELSE '1' END AS int)",
        "CASE WHEN entry = 101 AND sex = 1 THEN cost > AMOUNT END",
        "region, GUESS",
        "GUESS, sex",
    ] {
        let mut said = Vec::new();
        for amount in ["12000", "13000"] {
            let key = key.replace("GUESS", guess).replace("AMOUNT", amount);
            let keys = key.replace(", GUESS", ",\nGUESS");
            let sql = format!(
                "SELECT {keys}, count(*) FROM panel WHERE region > 2 AND fiscal_year = 2022 GROUP BY {key}"
            );
            said.push(match ask(&sql).await {
                Ok((rows, withheld)) => {
                    let rows: Vec<&str> = rows.lines().skip(3).collect();
                    format!("{} {withheld:?}", rows.join("").replace([' ', '-'], ""))
                }
                Err(error) => error.to_string(),
            });
        }
        assert_eq!(said[0], said[1], "{key}");
    }
}

#[tokio::test]
async fn conditions_on_several_columns_are_answered_where_persons_meet_each() {
    for sql in [
        "SELECT count(*) FILTER (WHERE sex = 1 AND cost < 12000), count(*) FILTER (WHERE sex = 1 AND cost >= 12000),
                count(*) FILTER (WHERE sex = 0 AND cost < 12000), count(*) FILTER (WHERE sex = 0 AND cost >= 12000), count(*)
         FROM panel WHERE region > 2 AND fiscal_year = 2022",
        "SELECT fiscal_year, avg(cost) FILTER (WHERE sex = 1), avg(cost) FILTER (WHERE sex = 0 AND entry > 50) FROM panel GROUP BY 1",
        "SELECT CASE WHEN sex = 1 AND cost < 12000 THEN 'a' WHEN sex = 1 THEN 'b' ELSE 'c' END, count(*)
         FROM panel WHERE region > 2 AND fiscal_year = 2022 GROUP BY 1",
        "SELECT n > 1, count(*) FROM (SELECT person_id, count(*) FILTER (WHERE smoker) AS n FROM panel WHERE region > 2 GROUP BY 1) GROUP BY 1",
        // No condition on several columns: no person of region 4 and entry below 100 is a plain zero.
        "SELECT region, count(*) FILTER (WHERE entry < 101), count(*) FROM panel WHERE region > 2 GROUP BY 1",
    ] {
        let (rows, withheld) = ask(sql).await.unwrap_or_else(|error| unreachable!("{sql}: {error}"));
        assert_eq!(withheld.describe(10), None, "{sql}\n{rows}");
    }
}

#[tokio::test]
async fn a_constant_however_written_counts_rows() {
    // Two persons of the larger region changed between the years.
    let changed = "FROM (SELECT *, fiscal_year = 2023 AND entry > 198 AS is_changed FROM panel) t
                   WHERE fiscal_year = 2022 OR is_changed";
    for asked in [
        "sum(2020 - 2019)",
        "sum(cast('1' as int))",
        "count(1 + 1)",
        "sum(abs(-1))",
    ] {
        let sql = format!("SELECT {asked}, count(DISTINCT person_id) {changed}");
        let (rows, withheld) = ask(&sql)
            .await
            .unwrap_or_else(|error| unreachable!("{sql}: {error}"));
        // The rows are chosen by several columns: how much stayed back is not said.
        assert!(withheld.is_unknown, "{sql}\n{rows}");
        let cells = rows
            .lines()
            .nth(3)
            .map(|line| line.split('|').collect::<Vec<_>>());
        assert_eq!(cells.unwrap()[2].trim(), "", "{sql}\n{rows}");
    }
}

#[tokio::test]
async fn a_function_that_fails_for_one_person_is_missing_for_that_one() {
    for asked in [
        "count(sqrt(CASE WHEN entry = 101 THEN -1 ELSE 1 END))",
        "count(substr('abc', 1, CASE WHEN entry = 101 THEN -1 ELSE 1 END))",
        "count(abs(CASE WHEN entry = 101 THEN -9223372036854775807 - 1 ELSE 1 END))",
        "count(left('abc', CASE WHEN entry = 101 THEN -9223372036854775807 - 1 ELSE 1 END))",
        "count(log(CASE WHEN entry = 101 THEN -1 ELSE 1 END, 3))",
        "count(date_trunc('day', CASE WHEN entry = 101 THEN '9999-01-01' ELSE '2020-01-01' END::timestamp))",
    ] {
        let sql = format!("SELECT sex, {asked} FROM panel GROUP BY 1");
        ask(&sql)
            .await
            .unwrap_or_else(|error| unreachable!("{sql}: {error}"));
    }
}
