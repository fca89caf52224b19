//! Evaluation plans: verdicts by their table, what gates hide, locks, subgroups, and SQL that gives the same digits.

use fs_err as fs;

use crate::support::{Project, root, run_in, sample_project};

/// The query that judges, over rows given by hand.
fn verdicts(estimates: &str, indicators: &str, is_locked: bool) -> String {
    let text = fs::read_to_string(root().join("queries/evaluation_verdicts_name.sql")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    let body = lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("_name", "_t")
        .replace("$deciding", "'callaway_santanna'");
    format!(
        "with evaluation_estimates_t as (select 't' as evaluation, indicator, 'employees' as population, \"by\", level, \
         'callaway_santanna' as estimator, cast(null as bigint) as event_time, cast(estimate as double) as estimate, \
         cast(se as double) as std_error, cast(null as double) as p_value, estimate - 1.959963984540054 * se as conf_low, \
         estimate + 1.959963984540054 * se as conf_high, status, status = 'blinded' as is_blinded, \
         100 as n_treated, 100 as n_control, 200 as n_units, 20 as n_clusters \
         from (values {estimates}) as e (indicator, \"by\", level, estimate, se, status)), \
         evaluation_indicators_t as (select indicator, role, cast(direction as bigint) as direction, \
         cast(smallest_change as double) as smallest_change \
         from (values {indicators}) as i (indicator, role, direction, smallest_change)), \
         evaluation_diagnostics_t as (select 'x' as indicator, gate, result \
         from (values ('pre_trend', 'blind'), ('balance', 'blind'), ('clusters', 'warn')) as d (gate, result)), \
         evaluation_checks_t as (select 'x' as indicator, 'run_out_error' as gate, 0.1e0 as statistic where false), \
         evaluation_plan_t as (select {is_locked} as is_locked, cast(null as varchar) as deviations), \
         judged_rows as ({body}) "
    )
}

fn judged(estimate: &str, indicator: &str) -> String {
    let project = Project::empty();
    let sql = verdicts(estimate, indicator, true) + "select verdict, reason from judged_rows";
    let text = project.text("csv", &sql);
    text.lines().nth(1).unwrap().to_owned()
}

#[test]
fn verdicts_follow_their_table() {
    let share = "('x', 'primary', 1, 0.02)";
    let cases = [
        ("0.05, 0.01, 'ok'", share, "better,"),
        ("0.03, 0.01, 'ok'", share, "better_size_open,"),
        ("0.001, 0.005, 'ok'", share, "no_relevant_effect,"),
        // Within the smallest change and above zero: the first that holds counts.
        ("0.01, 0.003, 'ok'", share, "no_relevant_effect,"),
        ("-0.05, 0.01, 'ok'", share, "worse,"),
        ("-0.005, 0.001, 'ok'", share, "worse,"),
        (
            "0.01, 0.02, 'ok'",
            share,
            "cannot_tell,effects below `detectable` would not have been seen",
        ),
        ("-0.05, 0.01, 'ok'", "('x', 'primary', -1, 0.02)", "better,"),
        ("0.05, 0.01, 'ok'", "('x', 'primary', -1, 0.02)", "worse,"),
        (
            "0.05, 0.01, 'ok'",
            "('x', 'primary', null, 0.02)",
            "cannot_tell,neither direction of the indicator is better",
        ),
        (
            "0.05, 0.01, 'ok'",
            "('x', 'primary', 1, null)",
            "better_size_open,no smallest change that matters is set",
        ),
        (
            "cast(null as double), cast(null as double), 'no_controls'",
            share,
            "cannot_tell,no estimate: no_controls",
        ),
        (
            "0.05, cast(null as double), 'few_clusters'",
            share,
            "cannot_tell,no interval: few_clusters",
        ),
        (
            "cast(null as double), cast(null as double), 'blinded'",
            share,
            "not_judged,\"hidden by balance, pre_trend\"",
        ),
    ];
    for (estimate, indicator, expected) in cases {
        let row = format!("('x', cast(null as varchar), cast(null as varchar), {estimate})");
        assert_eq!(judged(&row, indicator), expected, "{estimate} {indicator}");
    }
}

/// Two primary indicators are judged with the quantile of half the error each, secondary ones with that of all; levels among
/// themselves.
#[test]
fn several_indicators_share_the_error() {
    let project = Project::empty();
    let none = "cast(null as varchar)";
    let estimates = format!(
        "('x', {none}, {none}, 0.05, 0.01, 'ok'), ('y', {none}, {none}, 0.05, 0.01, 'ok'), ('z', {none}, {none}, 0.05, 0.01, 'ok'), \
         ('x', 'sex', '1', 0.05, 0.01, 'ok'), ('x', 'sex', '2', 0.05, 0.01, 'ok')"
    );
    let indicators =
        "('x', 'primary', 1, 0.02), ('y', 'primary', 1, 0.02), ('z', 'secondary', 1, 0.02)";
    let sql = verdicts(&estimates, indicators, false)
        + "select indicator, level, n_together, round((conf_high - conf_low) / 2, 8) as half, round(detectable, 8) as seen, \
           is_primary, deviations from judged_rows order by indicator, level nulls first";
    // R: qnorm(1 - 0.025 / c(2, 3)) = 2.241403, 2.393980; qnorm(0.8) = 0.841621.
    let expected = "indicator,level,n_together,half,seen,is_primary,deviations\n\
        x,,2,0.02241403,0.03083024,true,exploratory: the plan was not fixed beforehand\n\
        x,1,2,0.02241403,0.03083024,true,exploratory: the plan was not fixed beforehand\n\
        x,2,2,0.02241403,0.03083024,true,exploratory: the plan was not fixed beforehand\n\
        y,,2,0.02241403,0.03083024,true,exploratory: the plan was not fixed beforehand\n\
        z,,3,0.0239398,0.03235601,false,exploratory: the plan was not fixed beforehand\n";
    assert_eq!(project.text("csv", &sql), expected);
}

/// An effect known to a tenth of itself: half-widths are those of the error and of a tenth of the effect, squared and summed.
#[test]
fn claims_still_to_come_widen_the_interval() {
    let estimates = "('x', cast(null as varchar), cast(null as varchar), 0.05, 0.01, 'ok')";
    let sql = verdicts(estimates, "('x', 'primary', 1, 0.02)", true)
        + "select round((conf_high - conf_low) / 2, 8) as half, round(detectable, 8) as seen from judged_rows";
    let project = Project::empty();
    // 1.959964 * 0.01, and 1.959964 * sqrt(0.01^2 + 0.005^2); what would have been seen is about no effect.
    let known = "half,seen\n0.01959964,0.02801585\n";
    assert_eq!(project.text("csv", &sql), known);
    let still_to_come = sql.replace("as statistic where false", "as statistic");
    assert_ne!(still_to_come, sql);
    let wider = "half,seen\n0.02191306,0.02801585\n";
    assert_eq!(project.text("csv", &still_to_come), wider);
}

fn sample_text(sql: &str) -> String {
    let answer = run_in(sample_project(), &["sql", "--format", "csv", "-c", sql]);
    answer.exits(0).stdout
}

/// The program on rest and sleep was offered where people improved before: no number of it is anywhere.
#[test]
fn a_gate_hides_every_number() {
    let verdict = sample_text(
        "select verdict, estimate, conf_low, conf_high, detectable, reason from evaluation_verdicts where evaluation = 'rest'",
    );
    assert_eq!(
        verdict,
        "verdict,estimate,conf_low,conf_high,detectable,reason\nnot_judged,,,,,hidden by pre_trend\n"
    );
    for table in [
        "evaluation_estimates where evaluation = 'rest'",
        "effect_summary where field = 'rest'",
        "effect_event_study where field = 'rest'",
        "effect_robustness where field = 'rest'",
    ] {
        let and = "indicator = 'sleep_rest'";
        let counted = sample_text(&format!(
            "select count(*) > 2 as has_rows, count(estimate) + count(std_error) + count(statistic) + count(p_value) + \
             count(conf_low) + count(conf_high) + count(band_low) + count(band_high) as n_numbers, \
             bool_and(status = 'blinded') as all_blinded from {table} and {and}"
        ));
        assert_eq!(
            counted, "has_rows,n_numbers,all_blinded\ntrue,0,true\n",
            "{table}"
        );
    }
    let gate = sample_text(
        "select result, statistic > blind_at as is_beyond from evaluation_diagnostics \
         where evaluation = 'rest' and indicator = 'sleep_rest' and gate = 'pre_trend'",
    );
    assert_eq!(gate, "result,is_beyond\nblind,true\n");
}

/// Columns that others rely on.
#[test]
fn tables_of_evaluations_have_their_columns() {
    let columns = |table: &str| {
        let text = sample_text(&format!("select * from {table} limit 0"));
        text.trim().to_owned()
    };
    let shared = "estimate,std_error,statistic,p_value,conf_low,conf_high,band_low,band_high,n_treated,n_control,n_units,n_clusters,status";
    let estimates = columns("evaluation_estimates");
    let expected = format!(
        "evaluation,indicator,population,by,level,estimator,event_time,field,{shared},is_primary"
    );
    assert!(estimates.starts_with(&expected), "{estimates}");
    let diagnostics =
        "evaluation,indicator,population,gate,statistic,warn_at,blind_at,result,reason";
    assert_eq!(columns("evaluation_diagnostics"), diagnostics);
    let verdicts = columns("evaluation_verdicts");
    let expected = "evaluation,indicator,population,by,level,verdict,estimate,conf_low,conf_high,smallest_change,detectable,reason,\
                    is_locked,deviations";
    assert!(verdicts.starts_with(expected), "{verdicts}");
}

/// The statement that `--show-sql` prints is the estimate's; the lake's table has the same digits.
#[test]
fn shown_sql_gives_the_same_digits() {
    let shown = run_in(sample_project(), &["estimate", "smoking", "--show-sql"]);
    let statement = shown.exits(0).stdout;
    let ordered = |source: &str| {
        format!(
            "select * from {source} order by indicator, \"by\" nulls first, level nulls first, estimator, event_time nulls first"
        )
    };
    let by_hand = statement.replace(
        "select * from evaluation_estimates_smoking;",
        &ordered("evaluation_estimates_smoking"),
    );
    assert_ne!(by_hand, statement);
    assert!(!by_hand.contains('$'), "{by_hand}");
    assert_eq!(
        sample_text(&by_hand),
        sample_text(&ordered("evaluation_estimates_smoking"))
    );
}

#[test]
fn subgroups_are_one_short_command() {
    let answer = run_in(
        sample_project(),
        &["estimate", "smoking", "--by", "sex", "--format", "csv"],
    );
    let text = answer.exits(0).stdout;
    let levels: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(3).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(
        levels,
        [
            "current_smoker,,",
            "current_smoker,sex,1",
            "current_smoker,sex,2"
        ]
    );
    let unknown = run_in(sample_project(), &["estimate", "smokin"]);
    unknown
        .exits(3)
        .says(&["no evaluation plan is called `smokin`; did you mean `smoking`?"]);
}

#[test]
fn what_a_gate_hides_is_shown_for_a_reason_that_stays() {
    let project = Project::sample();
    let log = project.path().join("evaluations/unblinded.log");
    project
        .korabo(&["estimate", "rest", "--unblind", "  "])
        .exits(2)
        .says(&["needs a reason"]);
    assert!(!log.exists());
    let reason = "the board asked, 2026-11-30";
    let shown = project.korabo(&["estimate", "rest", "--unblind", reason, "--format", "csv"]);
    let shown = shown.exits(0).stdout;
    let row = shown.lines().nth(1).unwrap();
    assert!(row.contains(reason) && !row.contains("not_judged"), "{row}");
    let logged = fs::read_to_string(&log).unwrap();
    assert_eq!(logged.lines().count(), 1);
    assert!(
        logged.trim_end().ends_with(&format!("\trest\t{reason}")),
        "{logged}"
    );
    let kept = "select count(estimate) as n from evaluation_estimates where evaluation = 'rest' and indicator = 'sleep_rest'";
    assert_eq!(project.count(kept), 0);
}

#[test]
fn a_fixed_plan_says_what_has_changed() {
    let project = Project::sample();
    let lock = project.path().join("evaluations/smoking.lock");
    let _ = fs::remove_file(&lock);
    let verdict = "select is_locked, deviations from evaluation_verdicts where evaluation = 'smoking' and \"by\" is null";
    project
        .korabo(&["lock", "smoking"])
        .exits(0)
        .says(&["fixed `smoking`"]);
    project
        .korabo(&["lock", "smoking"])
        .exits(0)
        .says(&["is fixed as it is"]);
    project.korabo(&["run", "evaluation:smoking"]).exits(0);
    assert_eq!(
        project.text("csv", verdict),
        "is_locked,deviations\ntrue,as planned\n"
    );

    let file = project.path().join("evaluations/smoking.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("current_smoker = 0.01", "current_smoker = 0.005"),
    )
    .unwrap();
    project.korabo(&["lock", "smoking"]).exits(3).says(&[
        "smallest_change.current_smoker: 0.01 → 0.005",
        "delete `evaluations/smoking.lock`",
    ]);
    project.korabo(&["run", "evaluation:smoking"]).exits(0);
    assert_eq!(
        project.text("csv", verdict),
        "is_locked,deviations\ntrue,smallest_change.current_smoker: 0.01 → 0.005\n"
    );
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, text.replace("0.01", "0.005")).unwrap();
    project
        .korabo(&["check"])
        .exits(3)
        .says(&["evaluations/smoking.lock:", "changed after they were fixed"]);
}

#[test]
fn power_is_known_before_results_are() {
    let answer = run_in(sample_project(), &["power", "smoking", "--format", "csv"]);
    let answer = answer.exits(0).says(&["current_smoker: "]);
    let header = "indicator,design,n_clusters,calendar,smallest_change,power,detectable,status";
    assert_eq!(answer.stdout.lines().next(), Some(header));
    // More worksites see smaller effects.
    let seen: Vec<f64> = answer
        .stdout
        .lines()
        .filter(|line| line.contains(",halves,"))
        .map(|line| line.rsplit(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(
        seen.len() > 5 && seen.is_sorted_by(|a, b| a > b),
        "{seen:?}"
    );
}
