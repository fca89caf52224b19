//! Summaries against hand calculations, on tables of a few rows.

use serde_json::{Map, Value};

use crate::support::{Project, Rows, assert_near, project_by_hand};

/// Person 1 is exposed from 2020 on and without an employer in 2022, person 2 from 2020, person 3 never, person 4 from 2021.
/// `WAGE` is that of person 4.
const EMPLOYEES: &str = "select cast(person_id as bigint) as person_id, cast(employer_id as int) as employer_id, worksite_id, \
    cast(fiscal_year as smallint) as fiscal_year, cast(daily_wage_yen as double) as daily_wage_yen from (values \
    (1, 1, 11, 2019, 99999), (1, 1, 11, 2020, 10000), (1, 1, 11, 2021, 14000), (1, null, null, 2022, 99999), \
    (2, 1, 11, 2020, null), (3, 1, 11, 2020, 99999), (4, 2, 21, 2021, WAGE)\
    ) as t (person_id, employer_id, worksite_id, fiscal_year, daily_wage_yen)";

const BUNDLES: &str = "select cast(person_id as bigint) as person_id, cast(cohort as smallint) as cohort from (values \
    (1, 2020), (2, 2020), (4, 2021)) as t (person_id, cohort)";

/// Of employer 1 programs 2 (ended before), 3 (elsewhere) and 4 (began after) are none of these years.
const PROGRAMS: &str = "select cast(program_id as bigint) as program_id, worksite_id, cast(start_date as date) as start_date, \
    cast(end_date as date) as end_date from (values \
    (1, 11, '2020-04-01', '2999-12-31'), (1, 12, '2020-04-01', '2999-12-31'), (2, 11, '2015-04-01', '2020-03-31'), \
    (3, 12, '2020-04-01', '2999-12-31'), (4, 11, '2022-04-01', '2999-12-31'), (5, 21, '2021-03-31', '2021-06-30')\
    ) as t (program_id, worksite_id, start_date, end_date)";

const RESOURCES: &str = "select cast(program_id as bigint) as program_id, cast(employer_id as int) as employer_id, \
    cast(cost_yen as bigint) as cost_yen, cast(staff_hours as double) as staff_hours from (values \
    (1, 1, 50000, 10), (2, 1, 1000000, 500), (3, 1, 1000000, 500), (4, 1, 1000000, 500), (5, 2, null, 4)\
    ) as t (program_id, employer_id, cost_yen, staff_hours)";

const ESTIMATES: &str = "select evaluation, indicator, \"by\", estimator, cast(event_time as bigint) as event_time, \
    cast(estimate as double) as estimate, cast(std_error as double) as std_error, status from (values \
    ('productivity', 'absence_days', null, 'callaway_santanna', null, -0.5, 0.1, 'ok'), \
    ('productivity', 'absence_days', 'sex', 'callaway_santanna', null, -9, 9, 'ok'), \
    ('productivity', 'absence_days', null, 'event_study', 0, -9, 9, 'ok'), \
    ('mind', 'presenteeism_loss', null, 'callaway_santanna', null, -9, 9, 'ok'), \
    ('productivity', 'presenteeism_loss', null, 'callaway_santanna', null, PRESENTEEISM)\
    ) as t (evaluation, indicator, \"by\", estimator, event_time, estimate, std_error, status)";

fn productivity(wage: &str, presenteeism: &str) -> Rows {
    let employees = EMPLOYEES.replace("WAGE", wage);
    let estimates = ESTIMATES.replace("PRESENTEEISM", presenteeism);
    let project = project_by_hand(
        &["summary_productivity_value"],
        &[
            ("panel_employees", &employees),
            ("panel_bundle", BUNDLES),
            ("link_programs", PROGRAMS),
            ("link_program_resources", RESOURCES),
            ("evaluation_estimates", &estimates),
        ],
    );
    project.rows("select * from summary_productivity_value order by employer_id nulls last")
}

#[test]
fn days_yen_and_return_are_effects_times_person_years() {
    let rows = productivity("null", "-1.0, 0.25, 'ok'");
    assert_eq!(rows.len(), 3, "{rows:?}");
    let (one, two, all) = (&rows[0], &rows[1], &rows[2]);
    assert_eq!(one["employer_id"], 1);
    assert_eq!(two["employer_id"], 2);
    assert!(all["employer_id"].is_null());
    // 3 person-years: 3 · 0.5 days of absence, and 3 · 1 % of 240 days.
    assert_eq!(one["n_person_years"], 3);
    assert_near(&one["absence_days_gained"], 1.5);
    assert_near(&one["presenteeism_days_gained"], 7.2);
    // Errors 0.3 and 1.8 add up.
    let z = 1.959_963_984_540_054;
    assert_near(&one["absence_days_gained_low"], 1.5 - z * 0.3);
    assert_near(&one["presenteeism_days_gained_high"], 7.2 + z * 1.8);
    assert_near(&one["days_gained"], 8.7);
    assert_near(&one["days_gained_low"], 8.7 - z * 2.1);
    // 12,000 yen is the mean of the two wages known.
    assert_eq!(one["n_with_wage"], 2);
    assert_near(&one["daily_wage_yen"], 12_000.0);
    assert_near(&one["yen_gained"], 104_400.0);
    assert_near(&one["yen_gained_high"], 104_400.0 + z * 25_200.0);
    assert_eq!(one["n_programs"], 1);
    assert_eq!(one["cost_yen"], 50_000);
    assert_near(&one["staff_hours"], 10.0);
    assert_near(&one["return_50"], 2.088);
    let z = 1.644_853_626_951_472_6;
    assert_near(&one["return_05"], (104_400.0 - z * 25_200.0) / 50_000.0);
    assert_near(&one["return_95"], (104_400.0 + z * 25_200.0) / 50_000.0);
    // Φ((104,400 − 50,000) / 25,200).
    assert_near(&one["probability_of_gain"], 0.984_564_446_196_418_7);
    // Without wages there are days; without a cost there is no sum of costs.
    assert_near(&two["days_gained"], 2.9);
    assert_near(&two["staff_hours"], 4.0);
    assert_near(&all["days_gained"], 11.6);
    assert_near(&all["staff_hours"], 14.0);
    assert_eq!(all["n_programs_without_cost"], 1);
    for row in [two, all] {
        for name in ["daily_wage_yen", "yen_gained", "cost_yen", "return_50"] {
            assert!(row[name].is_null(), "{name} of {row:?}");
        }
    }
}

#[test]
fn days_of_both_are_missing_where_a_gate_hides_one() {
    let rows = productivity("20000", "null, null, 'blinded'");
    let all = &rows[2];
    assert_eq!(all["status"], "blinded");
    assert_near(&all["absence_days_gained"], 2.0);
    for name in [
        "presenteeism_effect",
        "days_gained",
        "yen_gained",
        "probability_of_gain",
    ] {
        assert!(all[name].is_null(), "{name} of {all:?}");
    }
    // (3 · 12,000 + 20,000) / 4, by person-years.
    assert_near(&all["daily_wage_yen"], 14_000.0);
}

const LEVELS: &str = "select indicator, population, \"by\", level_of, cast(fiscal_year as smallint) as fiscal_year, \
    cast(100 as bigint) as n_persons, cast(standardised as double) as standardised, cast(std_error as double) as std_error, \
    cast(national as double) as national, cast(series as smallint) as series from (values \
    ('exercise_proper', 'members', 'ages', '40-74', 2020, 0.300, 0.003, null, 2), \
    ('exercise_proper', 'members', 'ages', '40-74', 2021, 0.324, 0.004, 0.40, 2), \
    ('exercise_proper', 'members', null, null, 2021, 0.9, 0.001, null, 2), \
    ('exercise_proper', 'employees', 'ages', '40-74', 2021, 0.9, 0.001, null, 2), \
    ('diet_proper', 'members', 'ages', '40-74', 2021, 0.70, 0.01, null, 3), \
    ('diet_proper', 'members', 'ages', '40-74', 2022, 0.76, 0.01, null, 3), \
    ('sleep_rest', 'members', 'ages', '40-74', 2020, 0.60, 0.01, null, 2), \
    ('sleep_rest', 'members', 'ages', '40-74', 2022, 0.70, 0.01, null, 2), \
    ('heavy_drinking', 'members', 'ages', '40-74', 2023, 0.05, 0.01, null, 2), \
    ('heavy_drinking', 'members', 'ages', '40-74', 2024, 0.02, 0.01, null, 4), \
    ('current_smoker', 'members', 'ages', '40-74', 2020, 0.20, 0.01, null, 2), \
    ('current_smoker', 'members', 'ages', '40-74', 2021, 0.22, 0.01, 0.23, 2)\
    ) as t (indicator, population, \"by\", level_of, fiscal_year, standardised, std_error, national, series)";

const STARTS: &str = "select field, cast(start_date as date) as start_date from (values \
    ('activity', '2021-04-01'), ('nutrition', '2018-04-01'), ('smoking', '2018-04-01')) as t (field, start_date)";

const PLANS: &str = "select evaluation, field from (values \
    ('activity', 'activity'), ('nutrition', 'nutrition'), ('smoking', 'smoking')) as t (evaluation, field)";

/// One verdict counts. Weight is no answer of the questionnaire, and the plan on smoking was not fixed beforehand.
const VERDICTS: &str = "select evaluation, indicator, \"by\", verdict, is_locked, deviations from (values \
    ('activity', 'exercise_habit', null, 'better_size_open', true, 'as planned'), \
    ('activity', 'walking_1h', null, 'better', true, 'as planned'), \
    ('nutrition', 'weight_kg', null, 'better', true, 'as planned'), \
    ('nutrition', 'late_dinner', 'sex', 'better', true, 'as planned'), \
    ('smoking', 'current_smoker', null, 'better', false, 'exploratory')\
    ) as t (evaluation, indicator, \"by\", verdict, is_locked, deviations)";

fn habit_points() -> Project {
    project_by_hand(
        &["summary_habit_points"],
        &[
            ("indicator_levels", LEVELS),
            ("link_programs", STARTS),
            ("evaluation_plans", PLANS),
            ("evaluation_verdicts", VERDICTS),
        ],
    )
}

fn habit_year<'r>(rows: &'r Rows, habit: &str, year: i64) -> &'r Map<String, Value> {
    let is_meant = |row: &&Map<String, Value>| row["habit"] == habit && row["fiscal_year"] == year;
    rows.iter().find(is_meant).unwrap()
}

#[test]
fn points_of_habits_are_those_of_the_rules() {
    let rows =
        habit_points().rows("select * from summary_habit_points order by habit, fiscal_year");
    assert_eq!(rows.len(), 10, "{rows:?}");
    let of = |habit, year| habit_year(&rows, habit, year);
    let names = ["level_points", "rise_points", "effect_points", "points"];
    let points = |habit, year| names.map(|name| of(habit, year)[name].as_i64());
    // Below the figure of Japan, up by 2.4 points, an effect since the first program of 2021.
    assert_eq!(points("exercise", 2020), [None, None, Some(0), None]);
    assert_eq!(
        points("exercise", 2021),
        [Some(0), Some(2), Some(1), Some(3)]
    );
    // A rise of at least 1.5 points where the error of the difference is √(0.3² + 0.4²) points: 1 − Φ(3).
    assert_near(&of("exercise", 2021)["rise_std_error"], 0.005);
    assert_near(&of("exercise", 2021)["chance"], 0.001_349_898_031_630_103_5);
    // Six points count three: 1 − Φ(2.5 / √2).
    assert_eq!(points("diet", 2022), [None, Some(3), Some(0), Some(3)]);
    assert_near(&of("diet", 2022)["chance"], 0.038_549_935_871_770_91);
    // 78 % do not smoke, 77 % of Japan; two points fewer than the year before.
    assert_near(&of("smoking", 2021)["share"], 0.78);
    assert_eq!(
        points("smoking", 2021),
        [Some(3), Some(0), Some(0), Some(3)]
    );
    assert!(of("smoking", 2021)["chance"].is_null());
    // No rise over two years, and none where the question changed.
    assert_eq!(points("sleep", 2022), [None, None, Some(0), None]);
    assert_eq!(points("drinking", 2024), [None, None, Some(0), None]);
}
