//! Evaluation plans: verdicts by their table, what gates hide, locks, subgroups, start orders, and SQL that gives the same digits.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;

use crate::support::{Outcome, Project, root, run_in, sample_project};

/// The query that judges, over rows given by hand.
fn verdicts(estimates: &str, indicators: &str, is_locked: bool) -> String {
    let text = fs::read_to_string(root().join("queries/evaluation_verdicts_name.sql")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    let body = lines.collect::<Vec<_>>().join("\n").replace("_name", "_t");
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

const PLAN_HEAD: &str = "question_ja = \"問い\"\nquestion_en = \"Question\"\npopulation = \"employees\"\n\
    primary = [\"exercise_habit\"]\ncovariates = []\n";

#[track_caller]
fn assert_same_number(project: &Project, sql: &str, expected: &str) {
    let number = |sql: &str| {
        let text = project.text("csv", sql);
        let line = text.lines().nth(1).unwrap_or_default().to_owned();
        line.parse::<f64>()
            .unwrap_or_else(|_| panic!("`{line}` of {sql}"))
    };
    let (found, expected) = (number(sql), number(expected));
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Two kinds of programs: within each year of beginning the mean change since the year before of one less that of the other, weighted by
/// the persons of the first. A dose: the slope of changes within years of exposure.
#[test]
fn programs_are_compared_with_each_other_and_by_dose() {
    let project = Project::sample();
    project.write(
        "evaluations/versus.toml",
        format!(
            "{PLAN_HEAD}exposure = \"programs\"\nprograms = \"field = 'activity'\"\n\
             against = '''\nfield = 'nutrition' -- the others\n  and cost_yen > 0'''\n"
        ),
    );
    project.write(
        "evaluations/per_hour.toml",
        format!("{PLAN_HEAD}exposure = \"dose\"\nfield = \"activity\"\ndose = \"staff_hours\"\n"),
    );
    let names = ["evaluation:versus", "evaluation:per_hour"];
    project.korabo(&["run", names[0], names[1]]).exits(0);
    let changes = "with changes as (select late.cohort is not null as is_evaluated, late.start_year, late.fiscal_year as e, \
         cast(late.exercise_habit as double) - cast(early.exercise_habit as double) as change \
         from panel_evaluation_versus late join panel_evaluation_versus early on late.person_id = early.person_id \
         where early.fiscal_year = -1 and late.fiscal_year between 0 and 5 and late.exercise_habit is not null \
         and early.exercise_habit is not null), \
         years as (select e, start_year, count(change) filter (where is_evaluated) as n, \
         avg(change) filter (where is_evaluated) - avg(change) filter (where not is_evaluated) as gap from changes group by 1, 2), \
         times as (select e, sum(n * gap) / sum(n) as effect from years group by 1)";
    let of_versus = "from evaluation_estimates_versus where indicator = 'exercise_habit'";
    assert_same_number(
        &project,
        &format!("select estimate {of_versus} and estimator = 'event_study' and event_time = 1"),
        &format!("{changes} select effect from times where e = 1"),
    );
    assert_same_number(
        &project,
        &format!("select estimate {of_versus} and estimator = 'callaway_santanna'"),
        &format!("{changes} select avg(effect) from times"),
    );
    let arms = "select count(distinct start_year) > 1 as has_years, min(fiscal_year) < 0 as has_before, \
                count(distinct case when cohort is null then person_id end) > 100 as has_others from panel_evaluation_versus";
    assert_eq!(
        project.text("csv", arms),
        "has_years,has_before,has_others\ntrue,true,true\n"
    );
    let gate = "select result from evaluation_diagnostics where evaluation = 'versus' and gate = 'co_exposure'";
    assert_eq!(project.text("csv", gate), "result\nnot_applicable\n");

    let means = "with centred as (select dose - avg(dose) over (partition by cohort) as d, \
         exercise_habit - avg(exercise_habit) over (partition by cohort) as y \
         from panel_changes_per_hour where exercise_habit is not null and dose is not null) \
         select sum(d * y) / sum(d * d) from centred";
    let verdict = "select estimate from evaluation_verdicts where evaluation = 'per_hour'";
    assert_same_number(&project, verdict, means);
    let hours = "select avg(resources.hours_per_exposed) from panel_doses_per_hour doses \
         join link_exposure exposure on doses.person_id = exposure.person_id and exposure.field = 'activity' \
         join link_program_resources resources on exposure.program_id = resources.program_id";
    assert_same_number(
        &project,
        "select avg(dose) from panel_doses_per_hour",
        hours,
    );
    let cost = "select count(estimator) as n from evaluation_estimates_per_hour where estimator = 'per_unit' and n_clusters > 100";
    assert_eq!(project.count(cost), 1);
}

#[test]
fn wrong_conditions_of_programs_are_named_with_their_place() {
    let project = Project::standard();
    project.write(
        "evaluations/versus.toml",
        format!("{PLAN_HEAD}exposure = \"programs\"\nprograms = \"stuff_hours >= 80\"\n"),
    );
    project.korabo(&["check"]).exits(3).says(&[
        "evaluations/versus.toml:7:13",
        "no column `stuff_hours`",
        "did you mean `staff_hours`?",
    ]);
}

/// The answer to a start order of the plan on activity; 1,200 hours are enough for 30 worksites.
fn start_order(folder: &Path, more: &[&str]) -> Outcome {
    let asked = [
        "power",
        "activity",
        "--design",
        "--format",
        "csv",
        "--hours-per-year",
        "1200",
    ];
    run_in(folder, &[&asked[..], more].concat())
}

const FORTY_HOURS: [&str; 2] = ["--hours-per-worksite", "40"];

/// A worksite of a start order, as it is shown.
struct Start {
    n_persons: f64,
    year: String,
}

fn starts(csv: &str) -> Vec<Start> {
    let mut lines = csv.lines();
    let header = "worksite_id,employer_key,worksite_key,n_persons,baseline_level,start_year";
    assert_eq!(lines.next(), Some(header));
    let start = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Start {
            n_persons: cells[3].parse().unwrap(),
            year: cells[5].to_owned(),
        }
    };
    lines.map(start).collect()
}

/// Sizes of the worksites that start in each year; those that wait are under "".
fn sizes_by_year(starts: &[Start]) -> BTreeMap<&str, Vec<f64>> {
    let mut years: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for start in starts {
        let sizes = years.entry(&start.year).or_default();
        sizes.push(start.n_persons);
    }
    years
}

#[test]
fn a_start_order_is_drawn_once_and_is_a_plan() {
    let project = Project::sample();
    let file = |suffix: &str| {
        let name = format!("evaluations/activity_rollout.{suffix}");
        project.path().join(name)
    };
    let remove = || {
        for suffix in ["toml", "csv", "lock"] {
            let _ = fs::remove_file(file(suffix));
        }
    };
    let plan = project.path().join("evaluations/activity.toml");
    let text = fs::read_to_string(&plan).unwrap();
    let with_comparison = "comparison = \"never_treated\"\nprimary = [";
    fs::write(&plan, text.replace("primary = [", with_comparison)).unwrap();

    let first = start_order(project.path(), &FORTY_HOURS).exits(0).says(&[
        "1200 hours per fiscal year are enough for 30 worksites, at 40 hours each",
        "2025: 30 worksites, 1200 hours",
        "2027: 30 worksites, 1200 hours",
        "not started by 2027",
        "exercise_habit: ",
        "`korabo lock activity_rollout`",
    ]);
    assert_eq!(fs::read_to_string(file("csv")).unwrap(), first.stdout);
    let written = fs::read_to_string(file("toml")).unwrap();
    for text in [
        "with seed 1,",
        "# 2026: 30 worksites, 1200 hours",
        "evaluations/activity_rollout.csv",
        "comparison = \"not_yet_treated\"",
        "question_ja = \"身体活動・運動の施策で、運動習慣のある従業員は増えたか。\"",
        "[targets.exercise_habit]",
    ] {
        assert!(written.contains(text), "`{text}` is not in\n{written}");
    }
    assert!(!written.contains("never_treated"), "{written}");
    project.korabo(&["check"]).exits(0);

    start_order(project.path(), &FORTY_HOURS).exits(2).says(&[
        "`evaluations/activity_rollout.toml` is there already",
        "delete evaluations/activity_rollout.toml, evaluations/activity_rollout.csv",
    ]);
    project
        .korabo(&["lock", "activity_rollout"])
        .exits(0)
        .says(&["fixed `activity_rollout`"]);
    remove();
    let again = start_order(project.path(), &FORTY_HOURS).exits(0);
    assert_eq!(again.stdout, first.stdout);
    remove();
    let other = start_order(
        project.path(),
        &[&FORTY_HOURS[..], &["--seed", "2"]].concat(),
    );
    assert_ne!(other.exits(0).stdout, first.stdout);
}

#[test]
fn steps_are_within_the_hours_and_alike() {
    let project = Project::sample();
    let first = start_order(project.path(), &FORTY_HOURS).exits(0);
    let starts = starts(&first.stdout);
    let years = sizes_by_year(&starts);
    let numbers: Vec<(&str, usize)> = years
        .iter()
        .map(|(year, sizes)| (*year, sizes.len()))
        .collect();
    let n_waiting = starts.len() - 90;
    assert_eq!(
        numbers,
        [("", n_waiting), ("2025", 30), ("2026", 30), ("2027", 30)]
    );
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let all: Vec<f64> = starts.iter().map(|start| start.n_persons).collect();
    let squares: Vec<f64> = all.iter().map(|n| (n - mean(&all)).powi(2)).collect();
    let deviation = mean(&squares).sqrt();
    let means: Vec<f64> = years.values().map(|sizes| mean(sizes)).collect();
    for (one, other) in means.iter().flat_map(|a| means.iter().map(move |b| (a, b))) {
        assert!((one - other).abs() < 0.5 * deviation, "{means:?}");
    }
}

/// The hours of a worksite are those of programs so far, 74 or 75; a condition leaves fewer worksites, all of which may start.
#[test]
fn a_start_order_is_of_the_worksites_that_are_asked_for() {
    let project = Project::sample();
    let asked = [
        "--worksites",
        "size_band >= 2 -- no small ones",
        "--years",
        "2",
        "--first-year",
        "2028",
    ];
    let answer = start_order(project.path(), &asked)
        .exits(0)
        .says(&["are enough for 16 worksites, at 74.5 hours each", "2028: "]);
    let starts = starts(&answer.stdout);
    let n_of = |year: &str| starts.iter().filter(|start| start.year == year).count();
    let n = usize::try_from(
        project.count("select count(*) from evaluation_candidates_activity where size_band >= 2"),
    );
    assert_eq!(n.unwrap(), starts.len());
    assert!(n_of("2028") > 1 && n_of("2028") <= 16 && n_of("2029") <= 16);
    let written = project.path().join("evaluations/activity_rollout.toml");
    let written = fs::read_to_string(written).unwrap();
    assert!(
        written.contains("# Of the worksites with: size_band >= 2 -- no small ones\n"),
        "{written}"
    );
}

#[test]
fn a_start_order_that_cannot_be_drawn_says_why() {
    let cases: [([&str; 2], i32, &[&str]); 7] = [
        (
            ["--worksites", "size_bnd >= 2"],
            3,
            &["`--worksites`", "did you mean `size_band`", "hint: "],
        ),
        (
            ["--worksites", "size_band >="],
            3,
            &["`--worksites` is no SQL condition"],
        ),
        (
            ["--worksites", "size_band"],
            3,
            &["`--worksites` is no SQL condition"],
        ),
        (["--worksites", "n_persons < 0"], 2, &["`--worksites`"]),
        (["--years", "0"], 2, &["--years", "1..=30"]),
        (
            ["--first-year", "2020"],
            2,
            &["no worksite can start in 2020", "2024"],
        ),
        (
            ["--hours-per-worksite", "1200.5"],
            2,
            &[
                "1200 hours",
                "not enough for one worksite, which takes 1200.5",
            ],
        ),
    ];
    for (more, code, says) in cases {
        start_order(sample_project(), &more).exits(code).says(says);
    }
    let bundle = ["power", "bundle", "--design", "--hours-per-year", "1200"];
    run_in(sample_project(), &bundle)
        .exits(2)
        .says(&["how many staff hours", "--hours-per-worksite"]);
    run_in(sample_project(), &["power", "activity", "--design"])
        .exits(2)
        .says(&["--hours-per-year"]);
    run_in(sample_project(), &["power", "activity", "--seed", "2"])
        .exits(2)
        .says(&["--design"]);
    let written = sample_project().join("evaluations/activity_rollout.toml");
    assert!(!written.exists());
}
