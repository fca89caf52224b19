//! Indicators and levels against hand calculations, on tables of a few rows and on the sample.

use fs_err as fs;
use serde_json::Value;

use crate::support::{
    Project, assert_near, number, project_by_hand, root, rows_in, sample_project,
};

/// Yen by month of care and of billing: 80, 60, 70 and 54 a month after care, 20 of each of the first three two months after.
/// The insurer 00000002 bills everything a month after care.
const CLAIM_MONTHS: &str = "select insurer_id, cast(claim_kind as tinyint) as claim_kind, cast(care_month as int) as care_month, \
    cast(billed_month as int) as billed_month, cast(1 as bigint) as n_claims, cast(yen as bigint) as yen from (values \
    ('00000001', 1, 202301, 202302, 80), ('00000001', 1, 202301, 202303, 20), \
    ('00000001', 1, 202302, 202303, 60), ('00000001', 1, 202302, 202304, 20), \
    ('00000001', 1, 202303, 202304, 70), ('00000001', 1, 202303, 202305, 20), \
    ('00000001', 1, 202304, 202305, 54), \
    ('00000002', 1, 202303, 202304, 10), ('00000002', 1, 202304, 202305, 10)\
    ) as t (insurer_id, claim_kind, care_month, billed_month, yen)";

/// The run-out of the months above, built.
fn run_out() -> Project {
    let codes = "select '00000001' as insurer_id, cast(202305 as int) as billed_month, cast(3 as bigint) as n_diagnoses, \
                 cast(0 as bigint) as n_drugs";
    project_by_hand(
        &[
            "panel_claim_development",
            "panel_claim_completion",
            "panel_claim_coverage",
        ],
        &[
            ("clean_claim_months", CLAIM_MONTHS),
            ("clean_code_coverage", codes),
        ],
    )
}

#[test]
fn chain_ladder_is_that_of_a_triangle_by_hand() {
    let project = run_out();
    let factors = "select lag_months, n_months, yen, factor, variance, completion, process_term, estimation_term \
                   from panel_claim_development where insurer_id = '00000001' order by lag_months";
    let factors = project.rows(factors);
    assert_eq!(factors.len(), 4);
    // Nothing is known in the month of care itself.
    assert!(factors[0]["factor"].is_null());
    assert_near(&factors[0]["completion"], 0.0);
    // (100 + 80 + 90) / (80 + 60 + 70), and nothing comes after that.
    assert_near(&factors[1]["factor"], 9.0 / 7.0);
    assert_near(&factors[1]["completion"], 7.0 / 9.0);
    assert_eq!(factors[1]["n_months"], 3);
    // (80 (1.25 − 9/7)² + 60 (4/3 − 9/7)² + 70 (9/7 − 9/7)²) / 2 = 5/42.
    assert_near(&factors[1]["variance"], 5.0 / 42.0);
    assert_near(&factors[1]["process_term"], 5.0 / 54.0);
    let estimation = 5.0 / 42.0 * 49.0 / 81.0 / 210.0;
    assert_near(&factors[1]["estimation_term"], estimation);
    for later in &factors[2..] {
        assert_near(&later["factor"], 1.0);
        assert_near(&later["variance"], 0.0);
        assert_near(&later["completion"], 1.0);
    }

    let months = "select care_month, lag_months, yen, completion, completion_std_error, completed_yen, completed_std_error, is_mature, \
                  status from panel_claim_completion where insurer_id = '00000001' order by care_month";
    let months = project.rows(months);
    let status = |row: usize| months[row]["status"].as_str().unwrap();
    assert_eq!((status(0), status(2), status(3)), ("ok", "ok", "immature"));
    assert_eq!(
        (&months[2]["is_mature"], &months[3]["is_mature"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    assert_near(&months[2]["completed_yen"], 90.0);
    assert_near(&months[3]["completion"], 7.0 / 9.0);
    assert_near(&months[3]["completed_yen"], 54.0 * 9.0 / 7.0);
    // Mack: U² σ²/f² (1/C + 1/S).
    let relative = (5.0 / 42.0 * 49.0 / 81.0 * (1.0 / 54.0 + 1.0 / 210.0_f64)).sqrt();
    assert_near(
        &months[3]["completed_std_error"],
        54.0 * 9.0 / 7.0 * relative,
    );
    assert_near(&months[3]["completion_std_error"], 7.0 / 9.0 * relative);
}

#[test]
fn years_count_their_immature_months() {
    let project = run_out();
    let years = project.rows(
        "select insurer_id, fiscal_year, n_months, n_immature_months, n_diagnoses from panel_claim_coverage order by insurer_id, fiscal_year",
    );
    let year = |row: usize, name: &str| years[row][name].as_i64().unwrap();
    assert_eq!(
        (
            year(0, "fiscal_year"),
            year(0, "n_months"),
            year(0, "n_immature_months")
        ),
        (2022, 3, 0)
    );
    assert_eq!(
        (
            year(1, "fiscal_year"),
            year(1, "n_immature_months"),
            year(1, "n_diagnoses")
        ),
        (2023, 1, 3)
    );
    // One lag alone tells nothing of what is still to come: unknown, and not left out.
    let unknown = "select distinct status, completion is null as is_missing from panel_claim_completion where insurer_id = '00000002'";
    let unknown = project.rows(unknown);
    assert_eq!(
        (unknown.len(), unknown[0]["status"].as_str()),
        (1, Some("unknown"))
    );
    assert_eq!(unknown[0]["is_missing"], Value::Bool(true));
    assert_eq!(
        year(2, "n_immature_months") + year(3, "n_immature_months"),
        0
    );
}

/// One checkup of the truth table: what differs from a man of 50 without any risk, and the level.
type Case = (&'static str, &'static str, Option<i64>);

const GUIDANCE: [Case; 34] = [
    ("no risk", "", Some(3)),
    ("waist and two risks", "waist 85, sbp 130, tg 150", Some(1)),
    ("waist and one risk", "waist 85, dbp 85", Some(2)),
    (
        "waist, one risk, smoker",
        "waist 85, sbp 130, smoking 1",
        Some(1),
    ),
    ("waist and smoking alone", "waist 85, smoking 1", Some(3)),
    (
        "BMI and three risks",
        "bmi 25, sbp 130, tg 150, fpg 100",
        Some(1),
    ),
    (
        "BMI, two risks, smoker",
        "bmi 25, sbp 130, tg 150, smoking 1",
        Some(1),
    ),
    ("BMI and two risks", "bmi 25, sbp 130, tg 150", Some(2)),
    ("BMI and one risk", "bmi 25, hdl 39", Some(2)),
    ("HDL at 40 is no risk", "bmi 25, hdl 40", Some(3)),
    (
        "neither waist nor BMI",
        "waist 84.9, bmi 24.9, sbp 150, tg 300, fpg 130",
        Some(3),
    ),
    (
        "woman below 90 cm",
        "sex 2, waist 89.9, sbp 130, tg 150",
        Some(3),
    ),
    (
        "woman at 90 cm",
        "sex 2, waist 90, sbp 130, tg 150",
        Some(1),
    ),
    (
        "takes a drug",
        "waist 90, sbp 150, tg 300, lipid_drug 1",
        Some(3),
    ),
    (
        "says nothing of a drug",
        "waist 85, sbp 130, tg 150, bp_drug null",
        None,
    ),
    (
        "says nothing of a drug, no risk",
        "waist 85, bp_drug null",
        Some(3),
    ),
    (
        "65 at the end of the year",
        "age 65, waist 85, sbp 130, tg 150",
        Some(2),
    ),
    (
        "64 at the end of the year",
        "age 64, waist 85, sbp 130, tg 150",
        Some(1),
    ),
    ("39", "age 39, waist 85, sbp 130, tg 150", None),
    ("75", "age 75, waist 85, sbp 130, tg 150", None),
    ("74", "age 74, waist 85, sbp 130", Some(2)),
    (
        "fasting glucose before HbA1c",
        "waist 85, fpg 99, hba1c 6.0",
        Some(3),
    ),
    (
        "HbA1c without fasting glucose",
        "waist 85, fpg null, hba1c 5.6",
        Some(2),
    ),
    (
        "casual glucose where there is nothing else",
        "waist 85, fpg null, hba1c null, casual 100",
        Some(2),
    ),
    (
        "casual triglycerides, term 4, below 175",
        "waist 85, term 4, fasting 3, tg 174",
        Some(3),
    ),
    (
        "casual triglycerides, term 4, 175",
        "waist 85, term 4, fasting 3, tg 175",
        Some(2),
    ),
    (
        "fasting triglycerides, term 4",
        "waist 85, term 4, fasting 2, tg 150",
        Some(2),
    ),
    (
        "pressure unknown and decisive",
        "waist 85, sbp null, dbp null, tg 150",
        None,
    ),
    (
        "pressure unknown, two other risks",
        "waist 85, sbp null, dbp null, tg 150, fpg 100",
        Some(1),
    ),
    ("waist unknown, no risk", "waist null", Some(3)),
    ("waist unknown, a risk", "waist null, sbp 130", None),
    (
        "waist unknown, BMI and one risk, from 65 on",
        "age 70, waist null, bmi 25, sbp 130",
        Some(2),
    ),
    (
        "smoking unknown and decisive",
        "waist 85, sbp 130, smoking null",
        None,
    ),
    (
        "smoking unknown, from 65 on",
        "age 66, waist 85, sbp 130, smoking null",
        Some(2),
    ),
];

/// A row of `link_checkups` with what the case says, by its names.
fn checkup(id: usize, case: &str) -> (String, String) {
    let standard = [
        ("sex", "1"),
        ("age", "50"),
        ("term", "3"),
        ("waist", "80"),
        ("bmi", "22"),
        ("sbp", "120"),
        ("dbp", "70"),
        ("tg", "100"),
        ("hdl", "60"),
        ("fpg", "90"),
        ("hba1c", "5.2"),
        ("casual", "null"),
        ("fasting", "2"),
        ("smoking", "2"),
        ("bp_drug", "2"),
        ("lipid_drug", "2"),
    ];
    let given: Vec<(&str, &str)> = case
        .split(", ")
        .filter_map(|part| part.split_once(' '))
        .collect();
    let of = |name: &str| {
        let own = given.iter().chain(&standard).find(|(own, _)| *own == name);
        own.unwrap().1
    };
    for (name, _) in &given {
        assert!(standard.iter().any(|(own, _)| own == name), "{name}");
    }
    // Born in April: the age at the end of fiscal year 2021 is 2021 less the year of birth.
    let birth = 2021 - of("age").parse::<i64>().unwrap();
    let person = format!("({id}, {}, {birth}04)", of("sex"));
    let values = [
        "term",
        "waist",
        "bmi",
        "sbp",
        "dbp",
        "tg",
        "hdl",
        "fpg",
        "hba1c",
        "casual",
        "fasting",
        "smoking",
        "bp_drug",
        "lipid_drug",
    ];
    let values: Vec<&str> = values.into_iter().map(of).collect();
    (person, format!("({id}, {})", values.join(", ")))
}

#[test]
fn guidance_levels_are_those_of_the_rules() {
    let rows: Vec<(String, String)> = (0..)
        .zip(GUIDANCE)
        .map(|(id, (_, case, _))| checkup(id, case))
        .collect();
    let persons: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    let persons = format!(
        "select person_id, cast(sex as tinyint) as sex, cast(birth as int) as birth_year_month from (values {}) as t (person_id, sex, birth)",
        persons.join(", ")
    );
    let checkups: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
    let unknown = [
        "height_cm",
        "weight_kg",
        "ldl_mgdl",
        "ast_ul",
        "alt_ul",
        "ggt_ul",
        "metabolic_code",
        "q_glucose_drug",
        "q_exercise_30min",
        "q_walking_1h",
        "q_walk_fast",
        "q_chewing",
        "q_eating_speed",
        "q_late_dinner",
        "q_snacking",
        "q_skip_breakfast",
        "q_drinking_frequency",
        "q_drinking_amount",
        "q_sleep_rest",
        "q_stage_of_change",
        "q_weight_gain_10kg",
    ];
    let unknown: Vec<String> = unknown
        .iter()
        .map(|name| match *name {
            "q_glucose_drug" => format!("2 as {name}"),
            _ => format!("cast(null as int) as {name}"),
        })
        .collect();
    let checkups = format!(
        "select person_id, cast(2021 as smallint) as fiscal_year, date '2021-09-01' as checkup_date, term, waist as waist_cm, bmi, sbp as sbp_mmhg, \
         dbp as dbp_mmhg, tg as triglycerides_mgdl, hdl as hdl_mgdl, fpg as fasting_glucose_mgdl, hba1c as hba1c_pct, \
         casual as casual_glucose_mgdl, fasting as fasting_code, smoking as q_smoking, bp_drug as q_bp_drug, lipid_drug as q_lipid_drug, {} \
         from (values {}) as t (person_id, term, waist, bmi, sbp, dbp, tg, hdl, fpg, hba1c, casual, fasting, smoking, bp_drug, lipid_drug)",
        unknown.join(", "),
        checkups.join(", ")
    );
    let project = project_by_hand(
        &["panel_checkups"],
        &[("link_persons", &persons), ("link_checkups", &checkups)],
    );
    let found = project.rows("select guidance_level from panel_checkups order by person_id");
    assert_eq!(found.len(), GUIDANCE.len());
    for ((name, case, level), row) in GUIDANCE.iter().zip(&found) {
        assert_eq!(row["guidance_level"].as_i64(), *level, "{name}: {case}");
    }
}

#[test]
fn levels_of_the_sample_are_those_of_plain_sql() {
    let own = "select value, standardised, n_persons from indicator_levels where indicator = 'current_smoker' and population = 'employees' \
               and \"by\" is null and fiscal_year = 2021";
    let own = &rows_in(sample_project(), own)[0];
    let plain = "with p as (select sex, age_band, cast(current_smoker as double) as y from panel_person_year where relationship = 1 \
                 and cluster_worksite_id > 0 and age between 20 and 74 and fiscal_year = 2021 and current_smoker is not null), \
                 a as (select sex, age_band, avg(y) as y from p group by sex, age_band) \
                 select (select avg(y) from p) as value, (select count(*) from p) as n, sum(a.y * s.weight) / sum(s.weight) as standardised \
                 from a inner join indicator_standard_population as s on s.population = 'employees' and a.sex = s.sex and a.age_band = s.age_band";
    let plain = &rows_in(sample_project(), plain)[0];
    assert_near(&own["value"], number(&plain["value"]));
    assert_near(&own["standardised"], number(&plain["standardised"]));
    assert_eq!(own["n_persons"], plain["n"]);
}

#[test]
fn published_figures_stand_beside_levels_of_their_ages_only() {
    let sql = "select \"by\", level_of, count(national) as n_national, count(tokyo) as n_tokyo from indicator_levels \
               where population = 'members' and fiscal_year = 2021 group by 1, 2 having count(national) > 0 or count(tokyo) > 0";
    let rows = rows_in(sample_project(), sql);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0]["by"].as_str(), rows[0]["level_of"].as_str()),
        (Some("ages"), Some("40-74"))
    );
    assert!(rows[0]["n_national"].as_i64().unwrap() > 20, "{rows:?}");
    let published = "select national, (select sum(r.value * s.weight) / sum(s.weight) from reference_values as r \
                     inner join indicator_standard_population as s on s.population = 'members' and r.sex = s.sex and r.age_band = s.age_band \
                     where r.indicator = 'bmi' and r.region = 'JP' and r.fiscal_year = 2021) as by_hand from indicator_levels \
                     where indicator = 'bmi' and population = 'members' and \"by\" = 'ages' and fiscal_year = 2021";
    let row = &rows_in(sample_project(), published)[0];
    assert_near(&row["national"], number(&row["by_hand"]));
}

#[test]
fn a_question_that_changed_begins_another_series() {
    let series = |indicator: &str| -> Vec<i64> {
        let sql = format!(
            "select series from indicator_levels where indicator = '{indicator}' and population = 'employees' and \"by\" is null \
             order by fiscal_year"
        );
        let rows = rows_in(sample_project(), &sql);
        rows.iter()
            .map(|row| row["series"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(series("heavy_drinking"), [2, 2, 2, 2, 2, 2, 2, 2, 4]);
    assert_eq!(series("drinks_daily"), [2, 2, 2, 2, 2, 2, 2, 2, 4]);
    assert_eq!(series("chews_anything"), [3; 7]);
    assert_eq!(series("current_smoker"), [2; 9]);
}

#[test]
fn every_indicator_has_levels_by_municipality_and_council() {
    let sql = "select count(distinct indicator) as n from indicator_levels where \"by\" = 'municipality_code'";
    let listed = fs::read_to_string(root().join("indicators.toml")).unwrap();
    let listed = listed.lines().filter(|line| line.starts_with('[')).count();
    assert_eq!(
        rows_in(sample_project(), sql)[0]["n"].as_u64(),
        Some(listed as u64)
    );
    let stages = "select distinct level_of from indicator_levels where \"by\" = 'council_stage' order by level_of";
    let stages = rows_in(sample_project(), stages);
    let stages: Vec<&str> = stages
        .iter()
        .map(|row| row["level_of"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["1", "2", "3", "4", "none"]);
}

#[test]
fn years_with_immature_months_have_no_cost() {
    let project = Project::built();
    // As if the extracts had been made in the middle of the last year: what was billed later is not there.
    let file = project.path().join("queries/clean_claim_months.sql");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "from claims\n",
        "from claims\nwhere billed_month <= 202410\n",
    );
    fs::write(&file, text).unwrap();
    project.korabo(&["run", "+panel_person_year"]).exits(0);
    let known = |year: i32| {
        project.count(&format!(
            "select count(yen_total) + count(care_days) + count(dental_visit) + count(mental_visit) from panel_person_year where fiscal_year = {year}"
        ))
    };
    assert!(known(2023) > 0);
    assert_eq!(known(2024), 0);
}
