//! `korabo lineage`: tables and columns followed to the raw tables and to the effects.

use crate::support::Project;

#[test]
fn a_table_is_shown_with_what_it_reads_and_what_reads_it() {
    let project = Project::standard();
    let text = project
        .korabo(&["lineage", "link_exposure"])
        .exits(0)
        .stdout;
    let (reads, readers) = text.split_once("\nread by\n").unwrap();
    // Each table once, down to the raw ones.
    assert!(reads.contains("\n        clean_programs\n          programs\n"));
    let n_lines = reads.matches("clean_programs\n").count();
    assert_eq!((n_lines, reads.matches('…').count()), (1, 0), "{reads}");
    assert!(readers.contains(
        "\n    panel_checkups\n      panel_referral_visits\n        panel_person_year\n"
    ));
    assert!(readers.contains(" effect_summary\n") && !reads.contains("effect_"));
}

/// What the queries below say, by hand.
#[test]
fn a_column_is_followed_through_joins_aggregates_windows_unions_and_estimators() {
    let project = Project::standard();
    let header = "-- One row per id.\n-- key: id\n-- materialize: table\n";
    let query = |name: &str, sql: &str| {
        project.write(&format!("queries/{name}.sql"), format!("{header}{sql}"));
    };
    query(
        "panel_one",
        "select p.person_id as id, sum(c.yen_total) as cost, count(*) as n,
            (select max(cohort) from panel_exposure) as latest
         from panel_person_year as p
         join panel_claims as c on c.person_id = p.person_id and c.fiscal_year = p.fiscal_year
         where p.age > 40
         group by p.person_id",
    );
    query(
        "panel_two",
        "select id, cost, lag(cost) over (order by id) as before, n from panel_one
         union all
         select person_id, bmi, weight_kg, 1 from panel_checkups",
    );
    query(
        "effect_three",
        "select 1 as id, fit.estimate
         from ols((select id, n, cost, before from panel_two), 'cost ~ n') as fit
         where fit.term = 'n'",
    );
    let sources = |column: &str| {
        let text = project.korabo(&["lineage", column]).exits(0).stdout;
        let nearest = text
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        nearest
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(sources("panel_one.cost"), "panel_claims.yen_total");
    assert_eq!(sources("panel_one.n"), "");
    assert_eq!(sources("panel_one.latest"), "panel_exposure.cohort");
    assert_eq!(
        sources("panel_two.before"),
        "panel_checkups.weight_kg panel_one.cost panel_one.id"
    );
    assert_eq!(
        sources("effect_three.estimate"),
        "panel_two.cost panel_two.n"
    );
    assert_eq!(sources("effect_three.id"), "");
    let all = project
        .korabo(&["lineage", "effect_three.estimate"])
        .exits(0)
        .stdout;
    assert!(
        all.contains(" claims.yen\n") && all.contains(" checkups.bmi\n"),
        "{all}"
    );
}

#[test]
fn unknown_names_are_said_with_the_nearest() {
    let project = Project::standard();
    project
        .korabo(&["lineage", "evaluation_estimates_smokin"])
        .exits(3)
        .says(&["no table is called `evaluation_estimates_smokin`; did you mean `evaluation_estimates_smoking`?"]);
    project
        .korabo(&["lineage", "evaluation_estimates_smoking.estimat"])
        .exits(3)
        .says(&["no column of `evaluation_estimates_smoking` is called `estimat`; did you mean `estimate`?"]);
}

#[test]
fn a_column_of_a_raw_table_is_followed_to_what_uses_it() {
    let project = Project::standard();
    let text = project
        .korabo(&["lineage", "productivity.absence_days"])
        .exits(0)
        .stdout;
    assert!(
        text.starts_with("productivity.absence_days\n\nused by\n  clean_productivity.absence_days\n    link_productivity."),
        "{text}"
    );
    assert!(text.contains(" panel_person_year.absence_days\n"), "{text}");
    assert!(
        text.contains(" evaluation_estimates_mind.estimate\n"),
        "{text}"
    );
    let outcome = project.korabo(&["lineage", "productivity.absence_day"]);
    outcome.exits(3).says(&["did you mean `absence_days`?"]);
}
