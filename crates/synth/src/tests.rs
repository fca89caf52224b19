//! Tests of the synthetic world: the same bytes at any number of threads, the columns of the tables,
//! defects that are really there, and figures near the published ones.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;

use super::calendar::{day_of, fiscal_year, yyyymmdd};
use super::calibration::{CUT_OF, N_QUESTIONS, Question};
use super::columns::{
    Column, Style, constant, dates, decimals, flags, picked, running_numbers, whole,
};
use super::published::CUTS;
use super::random::{normal_cdf, normal_quantile};
use super::writer::{Aim, create};
use super::{Scenario, SynthOptions, TableSet, synth, synth_tables};

pub(super) const SEED: u64 = 20_261_122;

/// A folder that is removed again.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("korabo-synth-{}-{name}", std::process::id()));
        let _ = fs_err::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs_err::remove_dir_all(&self.0);
    }
}

pub(super) fn options(out: &Path, persons: u64, threads: usize) -> SynthOptions {
    SynthOptions {
        out: out.to_path_buf(),
        persons,
        years: 2016..=2024,
        seed: SEED,
        scenario: Scenario::Default,
        threads,
    }
}

pub(super) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs_err::read(&path).unwrap();
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn read(path: &Path) -> RecordBatch {
    let file = fs_err::File::open(path).unwrap().into_parts().0;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn column(batch: &RecordBatch, name: &str) -> ArrayRef {
    Arc::clone(batch.column_by_name(name).unwrap())
}

pub(super) fn integers(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    let array = cast(&column(batch, name), &DataType::Int64).unwrap();
    array.as_primitive::<Int64Type>().iter().collect()
}

pub(super) fn floats(batch: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    let array = column(batch, name);
    array.as_primitive::<Float64Type>().iter().collect()
}

pub(super) fn strings(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let array = cast(&column(batch, name), &DataType::Utf8).unwrap();
    array
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

/// All files of a table, by the start of their names.
pub(super) fn tables(folder: &Path, holder: &str, table: &str) -> Vec<RecordBatch> {
    let mut found: Vec<_> = files(folder)
        .into_keys()
        .filter(|path| {
            let holder_name = path
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            holder_name.starts_with(holder)
                && (stem == table || stem.starts_with(&format!("{table}_2")))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no file of {table}");
    found.iter().map(|path| read(path)).collect()
}

fn defect(folder: &Path, kind: &str, table: &str) -> u64 {
    let truth: Json =
        serde_json::from_str(&fs_err::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    truth["defects"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["kind"] == kind && row["table"] == table)
        .map_or(0, |row| row["count"].as_u64().unwrap())
}

#[test]
fn calendar_goes_there_and_back() {
    assert_eq!(day_of(1970, 1, 1), 0);
    assert_eq!(day_of(2000, 3, 1), 11_017);
    assert_eq!(yyyymmdd(day_of(2024, 3, 1) - 1), 20_240_229);
    assert_eq!(yyyymmdd(day_of(1900, 3, 1) - 1), 19_000_228);
    for day in day_of(1895, 1, 1)..day_of(2031, 1, 1) {
        let date = yyyymmdd(day);
        assert_eq!(day_of(date / 10_000, date / 100 % 100, date % 100), day);
    }
    assert_eq!(fiscal_year(day_of(2024, 3, 31)), 2023);
    assert_eq!(fiscal_year(day_of(2024, 4, 1)), 2024);
}

#[test]
fn normal_quantile_and_distribution_agree() {
    assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-8);
    for step in 1..1000 {
        let p = f64::from(step) / 1000.0;
        assert!((normal_cdf(normal_quantile(p)) - p).abs() < 2e-7);
    }
}

#[test]
fn cuts_cover_all_questions() {
    assert_eq!(CUT_OF[N_QUESTIONS], CUTS.len());
    assert_eq!(Question::WantsGuidance as usize, N_QUESTIONS - 1);
}

#[test]
fn scenario_names_read_back() {
    for scenario in Scenario::ALL {
        assert_eq!(scenario.name().parse::<Scenario>().unwrap(), scenario);
    }
    let message = "nul".parse::<Scenario>().unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown scenario `nul`; there are: default, null, bundle, ends, dose, few_clusters, dropout, \
         immature, guidance, councils, good_practice"
    );
}

#[test]
fn same_bytes_at_any_number_of_threads() {
    // Two chunks, so that threads can overtake each other.
    let (one, three) = (Folder::new("one"), Folder::new("three"));
    let years = 2022..=2022;
    let with = |folder: &Folder, threads| SynthOptions {
        years: years.clone(),
        ..options(&folder.0, 18_000, threads)
    };
    let first = synth(&with(&one, 1), &|_| {}).unwrap();
    let second = synth(&with(&three, 3), &|_| {}).unwrap();
    assert_eq!(first, second);
    let (first, second) = (files(&one.0), files(&three.0));
    assert_eq!(first.len(), second.len());
    for ((a, bytes_a), (b, bytes_b)) in first.iter().zip(&second) {
        assert_eq!(
            a.strip_prefix(&one.0).unwrap(),
            b.strip_prefix(&three.0).unwrap()
        );
        assert!(bytes_a == bytes_b, "{} differs", a.display());
    }
}

/// Columns that reach every branch of the page encodings.
fn awkward_columns(n_rows: i32) -> Vec<Column> {
    let some = |value: fn(i32) -> i32| (0..n_rows).map(move |row| Some(value(row)));
    let scattered = |row: i32| (row.wrapping_mul(0x2E35_17B9) >> 3) ^ row;
    let holes = (0..n_rows).map(|row| (row % 7 > 2).then_some(row % 5));
    let list = Arc::new(StringArray::from(vec!["c", "", "a長い", "b"]));
    let wide = Style::Wide;
    vec![
        constant("constant", Style::Narrow, "x", n_rows as usize),
        whole("runs", wide, &DataType::Int8, some(|row| row / 50), false),
        whole(
            "small",
            Style::Narrow,
            &DataType::Int8,
            some(|row| row % 3 - 1),
            false,
        ),
        whole(
            "many",
            Style::Narrow,
            &DataType::Int32,
            some(|row| -2 * row),
            false,
        ),
        whole("far", wide, &DataType::Int32, some(|row| row << 13), true),
        whole(
            "scattered",
            wide,
            &DataType::Int32,
            (0..n_rows).map(|r| Some(scattered(r))),
            true,
        ),
        whole(
            "never",
            Style::Narrow,
            &DataType::Int16,
            (0..n_rows).map(|_| None),
            true,
        ),
        decimals("tenths", 10.0, holes.clone(), true),
        picked(
            "picked",
            wide,
            &list,
            holes.map(|pick| pick.map(|p| p.min(3))),
            true,
        ),
        dates("date", Style::Narrow, some(|row| 17_000 - row), true),
        flags("flag", (0..n_rows).map(|row| row % 11 == 3)),
        running_numbers("number", (0..n_rows).map(|row| (row / 3) as u64 * 997)),
    ]
}

#[test]
fn packed_pages_hold_what_arrow_would_write() {
    let folder = Folder::new("pages");
    // Beyond 2^16 rows positions have an odd width of more than 16 bits.
    for n_rows in [1, 7, 8, 9, 130, 4_000, 66_000] {
        let columns = awkward_columns(n_rows);
        let written = [Aim::Small, Aim::Fast].map(|aim| {
            let path = folder.0.join(format!("{aim:?}-{n_rows}.parquet"));
            let (mut file, encoder) = create(&path, &columns, aim).unwrap();
            for _ in 0..2 {
                file.append(encoder.encode(&columns).unwrap().unwrap())
                    .unwrap();
            }
            file.finish().unwrap();
            read(&path)
        });
        let [small, fast] = &written;
        assert_eq!(small.num_rows(), 2 * n_rows as usize);
        for (idx, column) in columns.iter().enumerate() {
            let name = column.field.name();
            assert!(
                small.column(idx) == fast.column(idx),
                "{name} of {n_rows} rows"
            );
        }
    }
}

#[test]
fn checkups_alone_are_those_of_the_whole_world() {
    let (whole, alone) = (Folder::new("whole"), Folder::new("alone"));
    synth(&options(&whole.0, 1_000, 1), &|_| {}).unwrap();
    synth_tables(&options(&alone.0, 1_000, 1), TableSet::Checkups, &|_| {}).unwrap();
    let whole_files = files(&whole.0);
    let alone_files = files(&alone.0);
    assert_eq!(
        alone_files.len(),
        8,
        "members once and checkups in three periods, two insurers"
    );
    for (path, bytes) in &alone_files {
        let other = whole.0.join(path.strip_prefix(&alone.0).unwrap());
        assert!(whole_files[&other] == *bytes, "{} differs", path.display());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the columns of thirteen tables")]
fn tables_have_their_columns() {
    let folder = Folder::new("columns");
    synth(&options(&folder.0, 600, 1), &|_| {}).unwrap();
    let expected: [(&str, &str, &str); 13] = [
        (
            "insurer",
            "members",
            "insurer_id person_key household_key relationship sex birth_year_month municipality_code workplace_key enrolled_from enrolled_to",
        ),
        (
            "insurer",
            "claims",
            "insurer_id claim_id person_key care_month billed_month claim_kind is_inpatient care_days points yen is_returned",
        ),
        (
            "insurer",
            "claim_diagnoses",
            "insurer_id claim_id billed_month icd10 is_suspected is_main",
        ),
        (
            "insurer",
            "claim_drugs",
            "insurer_id claim_id billed_month drug_class days_supplied",
        ),
        (
            "insurer",
            "guidance",
            "insurer_id person_key fiscal_year level_code first_interview_date is_completed",
        ),
        (
            "insurer",
            "checkups",
            "insurer_id person_key fiscal_year checkup_date term record_kind height_cm weight_kg bmi waist_cm sbp_mmhg dbp_mmhg fasting_code triglycerides_mgdl hdl_mgdl ldl_mgdl ast_ul alt_ul ggt_ul fasting_glucose_mgdl casual_glucose_mgdl hba1c_pct urine_sugar urine_protein creatinine_mgdl hemoglobin_gdl metabolic_code guidance_level_code q_bp_drug q_glucose_drug q_lipid_drug q_stroke q_heart q_kidney_failure q_anemia q_smoking q_weight_gain_10kg q_exercise_30min q_walking_1h q_walk_fast q_chewing q_weight_change_3kg q_eating_speed q_late_dinner q_snacking q_late_snack q_skip_breakfast q_drinking_frequency q_drinking_amount q_sleep_rest q_stage_of_change q_wants_guidance q_received_guidance",
        ),
        (
            "employers",
            "worksites",
            "employer_key worksite_key workplace_key municipality_code industry_code size_band valid_from valid_to",
        ),
        (
            "employers",
            "employees",
            "employer_key employee_key link_token worksite_key employment_type employed_from employed_to",
        ),
        (
            "employers",
            "programs",
            "employer_key program_key field worksite_key start_date end_date cost_yen staff_hours",
        ),
        (
            "employers",
            "participation",
            "employer_key program_key employee_key first_date sessions",
        ),
        (
            "employers",
            "productivity",
            "employer_key employee_key fiscal_year absence_days presenteeism_scale presenteeism_score engagement",
        ),
        (
            "community",
            "municipalities",
            "municipality_code fiscal_year name area has_council council_stage joint_projects",
        ),
        (
            "community",
            "reference_values",
            "region indicator fiscal_year sex age_band value unit source",
        ),
    ];
    for (holder, table, columns) in expected {
        for batch in tables(&folder.0, holder, table) {
            let schema = batch.schema();
            let names: Vec<_> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            assert_eq!(names.join(" "), columns, "{table}");
        }
    }
    let checkups = tables(&folder.0, "insurer_0", "checkups");
    let type_of = |batch: &RecordBatch, name: &str| column(batch, name).data_type().clone();
    assert_eq!(
        type_of(&checkups[0], "checkup_date"),
        DataType::Int32,
        "integer dates of insurer 2"
    );
    let last = checkups.last().unwrap();
    assert_eq!(
        type_of(last, "checkup_date"),
        DataType::Date32,
        "dates of insurer 1"
    );
    assert_eq!(type_of(last, "q_smoking"), DataType::Int8);
    assert!(matches!(
        type_of(&checkups[0], "q_smoking"),
        DataType::Dictionary(..)
    ));
}

#[test]
fn planted_defects_are_in_the_files() {
    let folder = Folder::new("defects");
    synth(&options(&folder.0, 5_000, 2), &|_| {}).unwrap();
    let (mut range, mut wrong, mut term_mismatch, mut impossible, mut halves) = (0, 0, 0, 0, 0);
    for batch in tables(&folder.0, "insurer", "checkups") {
        let terms = integers(&batch, "term");
        let (weight, hba1c) = (floats(&batch, "weight_kg"), floats(&batch, "hba1c_pct"));
        let (sbp, dbp) = (integers(&batch, "sbp_mmhg"), integers(&batch, "dbp_mmhg"));
        let answers: Vec<_> = ["q_walking_1h", "q_walk_fast", "q_skip_breakfast"]
            .map(|q| integers(&batch, q))
            .into();
        let smoking = integers(&batch, "q_smoking");
        let frequency = integers(&batch, "q_drinking_frequency");
        let amount = integers(&batch, "q_drinking_amount");
        let dates = integers(&batch, "checkup_date");
        let kinds = integers(&batch, "record_kind");
        for row in 0..batch.num_rows() {
            let is_out = sbp[row].is_some_and(|x| !(60..=300).contains(&x))
                || dbp[row].is_some_and(|x| !(30..=150).contains(&x))
                || weight[row].is_some_and(|x| !(20.0..=250.0).contains(&x))
                || hba1c[row].is_some_and(|x| !(3.0..=20.0).contains(&x));
            range += u64::from(is_out);
            wrong += u64::from(answers.iter().any(|a| a[row] == Some(9)));
            let is_old = terms[row].unwrap() < 4;
            let is_new_code = smoking[row] == Some(3)
                || frequency[row].is_some_and(|code| code > 3)
                || amount[row].is_some_and(|code| code > 4);
            term_mismatch += u64::from(is_old && is_new_code);
            impossible +=
                u64::from(dates[row].is_some_and(|date| date % 10_000 == 231 && date > 9_999_999));
            halves += u64::from(kinds[row] == Some(3));
        }
    }
    let count = |kind: &str| defect(&folder.0, kind, "checkups");
    assert!(count("out_of_range") > 10 && count("two_rows_one_year") > 10);
    assert_eq!(range, count("out_of_range"));
    assert_eq!(wrong, count("wrong_code"));
    assert_eq!(term_mismatch, count("term_mismatch"));
    assert_eq!(impossible, count("impossible_date"));
    assert_eq!(halves, count("two_rows_one_year"));
    assert_eq!(
        surplus_claims(&folder.0),
        defect(&folder.0, "duplicate_key", "claims")
    );
    let is_wide = |token: &Option<String>| token.as_ref().is_some_and(|t| !t.is_ascii());
    let wide: usize = tables(&folder.0, "employers", "employees")
        .iter()
        .map(|batch| {
            strings(batch, "link_token")
                .iter()
                .filter(|token| is_wide(token))
                .count()
        })
        .sum();
    assert_eq!(
        wide as u64,
        defect(&folder.0, "full_width_key", "employees")
    );
    assert!(wide > 0);
}

fn surplus_claims(folder: &Path) -> u64 {
    let mut seen = HashSet::new();
    let mut surplus = 0;
    for batch in tables(folder, "insurer", "claims") {
        let (insurer, id) = (strings(&batch, "insurer_id"), strings(&batch, "claim_id"));
        let billed = integers(&batch, "billed_month");
        for ((insurer, id), billed) in insurer.into_iter().zip(id).zip(billed) {
            surplus += u64::from(!seen.insert((insurer, id, billed)));
        }
    }
    surplus
}

/// Sex, birth month by person.
fn people(folder: &Path) -> HashMap<String, (i64, i64)> {
    let mut people = HashMap::new();
    for batch in tables(folder, "insurer", "members") {
        let (sex, born) = (
            integers(&batch, "sex"),
            integers(&batch, "birth_year_month"),
        );
        for (row, key) in strings(&batch, "person_key").into_iter().enumerate() {
            people.insert(key.unwrap(), (sex[row].unwrap(), born[row].unwrap()));
        }
    }
    people
}

#[test]
fn answers_and_values_are_near_the_published_ones() {
    let folder = Folder::new("figures");
    let years = 2021..=2021;
    synth(
        &SynthOptions {
            years,
            ..options(&folder.0, 20_000, 2)
        },
        &|_| {},
    )
    .unwrap();
    let people = people(&folder.0);
    // Men of 45-49, NDB Open Data round 9.
    let mut yes = HashMap::new();
    let mut pressure = Vec::new();
    let mut heavy = (0, 0);
    for batch in tables(&folder.0, "insurer", "checkups") {
        let keys = strings(&batch, "person_key");
        let sbp = integers(&batch, "sbp_mmhg");
        let bmi = floats(&batch, "bmi");
        for question in [
            "q_smoking",
            "q_exercise_30min",
            "q_skip_breakfast",
            "q_bp_drug",
        ] {
            for (row, code) in integers(&batch, question).into_iter().enumerate() {
                let (sex, born) = people[keys[row].as_ref().unwrap()];
                let age = 2022 - born / 100 - i64::from(born % 100 > 3);
                if sex != 1 || !(45..50).contains(&age) {
                    continue;
                }
                if let Some(code) = code {
                    let (n_yes, n) = yes.entry(question).or_insert((0, 0));
                    *n_yes += i64::from(code == 1);
                    *n += 1;
                }
                if question == "q_smoking"
                    && let (Some(sbp), Some(bmi)) = (sbp[row], bmi[row])
                    && sbp < 300
                {
                    pressure.push(sbp as f64);
                    heavy = (heavy.0 + i64::from(bmi >= 25.0), heavy.1 + 1);
                }
            }
        }
    }
    for (question, published) in [
        ("q_smoking", 0.368),
        ("q_exercise_30min", 0.266),
        ("q_skip_breakfast", 0.301),
        ("q_bp_drug", 0.110),
    ] {
        let (n_yes, n) = yes[question];
        let share = n_yes as f64 / n as f64;
        // Programs and worksites move shares by a few points beyond chance.
        assert!(
            (share - published).abs() < 0.05,
            "{question}: {share} for {published}, n = {n}"
        );
    }
    let mean = pressure.iter().sum::<f64>() / pressure.len() as f64;
    assert!((mean - 124.3).abs() < 1.5, "mean systolic pressure {mean}");
    let share = heavy.0 as f64 / heavy.1 as f64;
    assert!(
        (share - 0.39).abs() < 0.05,
        "share with BMI of 25 or more {share}"
    );
}

#[test]
fn null_scenario_has_no_effects() {
    let folder = Folder::new("null");
    let scenario = Scenario::Null;
    synth(
        &SynthOptions {
            scenario,
            ..options(&folder.0, 300, 1)
        },
        &|_| {},
    )
    .unwrap();
    let truth: Json =
        serde_json::from_str(&fs_err::read_to_string(folder.0.join("truth.json")).unwrap())
            .unwrap();
    let effects = truth["effects"].as_array().unwrap();
    assert!(effects.len() > 100);
    assert!(
        effects
            .iter()
            .all(|row| row["effect"].as_f64() == Some(0.0))
    );
}
