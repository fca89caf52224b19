//! What may not stand below a grouping, each with a hint that says how to ask instead.

use super::{ReleaseError, ask, refused};

#[track_caller]
fn is_hinted(sql: &str, error: &ReleaseError) {
    assert!(!matches!(error, ReleaseError::Engine(_)), "{sql}: {error}");
    assert!(error.hint().is_some(), "{sql}: {error}");
}

#[tokio::test]
async fn nothing_but_tables_filters_and_joins_stands_below_a_grouping() {
    for below in [
        "(SELECT person_id, row_number() OVER (ORDER BY cost) AS x FROM panel)",
        "(SELECT person_id, cost AS x FROM panel ORDER BY cost LIMIT 50)",
        "(SELECT DISTINCT ON (region) person_id, cost AS x FROM panel)",
        "(SELECT person_id, cost AS x FROM panel UNION ALL SELECT person_id, cost FROM panel)",
        "(SELECT unnest(range(1, 20)) AS person_id, 1 AS x FROM panel)",
        "(SELECT p AS person_id, p AS x FROM generate_series(1, 20) AS a(p))",
        "(SELECT person_id, (SELECT max(cost) FROM panel) AS x FROM panel)",
        "(SELECT person_id, cost AS x FROM panel WHERE EXISTS (SELECT 1 FROM panel q WHERE q.cost > 100))",
        "(SELECT person_id, cost AS x FROM panel p WHERE cost > (SELECT avg(cost) FROM panel q WHERE q.region = p.region))",
        "(SELECT person_id, cost AS x FROM panel WHERE region IN (SELECT region FROM panel WHERE smoker))",
        "(SELECT p.person_id, p.cost AS x FROM panel p CROSS JOIN panel q)",
        "(SELECT p.person_id, p.cost AS x FROM panel p JOIN panel q ON p.region = q.region)",
        "(SELECT p.person_id, p.cost AS x FROM panel p JOIN panel q ON p.person_id = q.entry)",
        "(SELECT p.person_id, p.cost AS x FROM panel p JOIN worksites w ON p.worksite_id > w.worksite_id)",
        "(SELECT p.person_id, p.cost AS x FROM panel p JOIN worksites w ON p.worksite_id = w.size)",
        "(SELECT p.person_id, m AS x FROM panel p JOIN (SELECT region, avg(cost) AS m FROM panel GROUP BY region) g USING (region))",
        "(SELECT p.person_id, e.estimate AS x FROM panel p JOIN effect_x e ON p.region = e.n_treated)",
        "(SELECT person_id, term AS x FROM panel JOIN ols(panel, 'cost ~ sex') o ON true)",
        "(SELECT person_id, array_agg(cost) AS x FROM panel GROUP BY person_id)",
        "(SELECT person_id, random() AS x FROM panel)",
        "(SELECT person_id, lpad('x', entry, 'y') AS x FROM panel)",
    ] {
        let sql = format!("SELECT count(*), count(x) FROM {below} AS t");
        is_hinted(&sql, &refused(&sql).await);
    }
}

#[tokio::test]
async fn persons_are_joined_and_counted_and_nothing_else() {
    for sql in [
        "SELECT sex, sum(cost) FILTER (WHERE person_id <> 1) FROM panel GROUP BY sex",
        "SELECT count(*) FROM panel WHERE person_id < 100",
        "SELECT person_id % 2, count(*) FROM panel GROUP BY 1",
        "SELECT household_id, count(*) FROM panel GROUP BY 1",
        "SELECT sex, avg(person_id) FROM panel GROUP BY sex",
        "SELECT sex, count(DISTINCT CASE WHEN smoker THEN person_id END) FROM panel GROUP BY sex",
        "SELECT CASE WHEN person_id IN (1, 2) THEN 1 ELSE 2 END, count(*) FROM panel GROUP BY 1",
        "SELECT count(*) FROM (SELECT entry AS person_id, x FROM (SELECT entry, cost AS x FROM panel) a) t",
    ] {
        is_hinted(sql, &refused(sql).await);
    }
}

#[tokio::test]
async fn numbers_that_hide_conditions_in_values_are_refused() {
    for value in [
        "CASE WHEN smoker THEN 1e-12 * cost ELSE 1 END",
        "CAST(smoker AS double) * cost + cost",
        "cost * cost",
        "cost / (cost + 1)",
        "entry + 1000 * cost",
        "floor(cost / 100) * entry",
        "coalesce(cost, 1000000)",
        "power(cost, 3)",
        "round(cost / 100)",
        "entry / 46",
        "entry % 7",
        "cost + 1000000",
        "cost - 1",
        "1 / (cost - 46.000001)",
        "cost * 46.000001",
        "cost * 10000000",
        "CASE WHEN smoker THEN 1.0000000001 ELSE 1 END",
        "CASE WHEN smoker THEN 9007199254740993 ELSE 9007199254740992 END",
        "CAST(cost AS decimal(38, 10))",
        "CAST(entry AS tinyint)",
        "greatest(cost, entry)",
    ] {
        for function in ["sum", "avg", "stddev", "var_pop"] {
            let sql = format!("SELECT sex, {function}({value}) FROM panel GROUP BY sex");
            is_hinted(&sql, &refused(&sql).await);
        }
    }
    for function in [
        "approx_distinct(cost)",
        "bit_xor(entry)",
        "sum(DISTINCT cost)",
    ] {
        let sql = format!("SELECT sex, {function} FROM panel GROUP BY sex");
        is_hinted(&sql, &refused(&sql).await);
    }
}

#[tokio::test]
async fn records_are_counted_by_their_persons() {
    let error = refused("SELECT icd10, count(*) FROM diagnoses GROUP BY 1").await;
    assert!(
        matches!(error, ReleaseError::NoPersonTable { .. }),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(hint.ends_with("on claim_id"), "{hint}");
    // Twenty diagnoses of one person.
    let joined = "SELECT count(*) FROM diagnoses d JOIN claims c ON d.claim_id = c.claim_id";
    let error = refused(&format!("{joined} WHERE yen > 1400")).await;
    assert!(matches!(error, ReleaseError::AllHidden { .. }), "{error}");
    let (rows, _) = ask(joined).await.unwrap();
    assert!(rows.contains("| 420 "), "{rows}");
}

#[tokio::test]
async fn what_fails_on_a_row_is_missing_there_and_tells_nothing() {
    for (condition, n) in [
        ("1 / (entry - 7) > 0", 483),
        ("CAST(concat('x', entry) AS int) > 0", 480),
        ("9 % (entry - 7) = 0", 495),
    ] {
        let sql = format!("SELECT count(*) FROM panel WHERE region > 2 OR {condition}");
        let (rows, _) = ask(&sql).await.unwrap();
        assert!(rows.contains(&format!("| {n} ")), "{condition}: {rows}");
    }
}

#[tokio::test]
async fn relations_need_the_person_as_their_unit() {
    let att = "SELECT * FROM att((SELECT person_id, entry, fiscal_year, cost,
          CASE WHEN region = 3 THEN 2022 END AS cohort FROM panel),
        outcome => cost, unit => UNIT, time => fiscal_year, cohort => cohort EXTRA)";
    let call = |unit: &str, extra: &str| att.replace("UNIT", unit).replace("EXTRA", extra);
    assert_eq!(ask(&call("person_id", "")).await.unwrap().1.n_estimates, 0);
    let error = refused(&call("entry", "")).await;
    assert!(
        matches!(error, ReleaseError::UnitNotPerson { .. }),
        "{error}"
    );
    assert_eq!(error.hint().as_deref(), Some("write unit => person_id"));
    let error = refused(&call("person_id", ", panel => false")).await;
    assert!(matches!(error, ReleaseError::CountsRows { .. }), "{error}");
    let sql = "SELECT * FROM ols((SELECT cost, sex FROM panel), 'cost ~ sex')";
    let error = refused(sql).await;
    assert!(
        matches!(error, ReleaseError::NoPersonColumn { .. }),
        "{error}"
    );
    let weighted = "SELECT * FROM ols((SELECT person_id, cost, sex, CASE WHEN entry = 1 THEN 1 ELSE 1e-9 END AS w FROM panel),
        'cost ~ sex', weight => w)";
    is_hinted(weighted, &refused(weighted).await);
}

#[tokio::test]
async fn groupings_of_one_statement_are_about_the_same_rows() {
    let mean = |rest: &str| format!("SELECT avg(cost) AS m, 1 AS k FROM panel {rest}");
    for (one, other) in [
        ("", "WHERE entry <> 70"),
        ("WHERE region > 2", "WHERE region > 2 AND entry <> 70"),
        ("GROUP BY entry > 70", "GROUP BY entry > 71"),
        (
            "",
            "WHERE person_id IN (SELECT person_id FROM claims WHERE yen > 10)",
        ),
    ] {
        let (one, other) = (mean(one), mean(other));
        for sql in [
            format!("{one} UNION ALL {other}"),
            format!("SELECT a.m - b.m FROM ({one}) a JOIN ({other}) b ON a.k = b.k"),
            format!("SELECT a.m, b.m FROM ({one}) a CROSS JOIN ({other}) b"),
        ] {
            let error = refused(&sql).await;
            assert!(matches!(error, ReleaseError::OtherRows), "{sql}: {error}");
            is_hinted(&sql, &error);
        }
    }
    let sql = "SELECT sum(cost) AS m FROM panel UNION ALL SELECT sum(cost) FILTER (WHERE entry <> 70) FROM panel";
    let error = refused(sql).await;
    assert!(matches!(error, ReleaseError::OtherRows), "{sql}: {error}");
    for (one, other) in [
        ("WHERE fiscal_year = 2021", "WHERE fiscal_year = 2022"),
        (
            "WHERE region > 2 GROUP BY region",
            "WHERE region > 2 GROUP BY sex",
        ),
        ("", "GROUP BY sex"),
    ] {
        let sql = format!("{} UNION ALL {}", mean(one), mean(other));
        assert!(ask(&sql).await.is_ok(), "{sql}");
    }
}
