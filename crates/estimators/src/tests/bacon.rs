//! The Goodman-Bacon decomposition against the golden numbers, by hand, and against properties it must have.

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, as_ids, close, expected, fields, key};
use super::public::reference_data;
use crate::EstimatorError;
use crate::bacon::{BaconColumns, BaconRow, Comparison, bacon};

/// Columns of a data set; never treated = NaN in the cohort.
fn columns(data: &Data, names: [&str; 4]) -> BaconColumns {
    let [unit, time, cohort, outcome] = names.map(|name| data.column(name));
    let treated = time.iter().zip(&cohort);
    BaconColumns {
        unit: as_ids(&unit),
        treated: treated.map(|(t, g)| f64::from(t >= g)).collect(),
        time: time.iter().map(|&period| period as i32).collect(),
        outcome,
    }
}

fn simulated(name: &str, spec: &str) -> BaconColumns {
    let mut data = Data::sim(name);
    if spec.contains("filter=sample_clean=1") {
        let kept = data.column("sample_clean");
        data = data.filter(|row| kept[row] == 1.0);
    }
    let outcome = key(spec, "outcome").unwrap();
    let names = ["person_id", "fiscal_year", "first_exposure_year", outcome];
    columns(&data, names)
}

fn kind(name: &str) -> Comparison {
    match name {
        "treated_vs_untreated" | "Treated vs Untreated" => Comparison::TreatedVsNever,
        "earlier_vs_later_treated" | "Earlier vs Later Treated" => Comparison::EarlierVsLater,
        "later_vs_earlier_treated" | "Later vs Earlier Treated" => Comparison::LaterVsEarlier,
        "later_vs_always_treated" => Comparison::LaterVsAlways,
        other => panic!("unknown comparison {other}"),
    }
}

/// Weight and mean estimate of all comparisons of a kind.
fn by_kind(rows: &[BaconRow], kind: Comparison) -> (f64, f64) {
    let own = || rows.iter().filter(|row| row.comparison == kind);
    let weight: f64 = own().map(|row| row.weight).sum();
    let sum: f64 = own().map(|row| row.weight * row.estimate).sum();
    (weight, sum / weight)
}

/// Weight and estimate of one comparison.
fn single(rows: &[BaconRow], kind: Comparison, cohort: i32, control: Option<i32>) -> (f64, f64) {
    let is_it = |row: &&BaconRow| {
        (row.comparison, row.cohort, row.control_cohort) == (kind, Some(cohort), control)
    };
    let row = rows.iter().find(is_it);
    row.map_or((f64::INFINITY, f64::INFINITY), |row| {
        (row.weight, row.estimate)
    })
}

#[test]
fn decompositions_match_the_reference() {
    let mut report = Report::default();
    let mut results: BTreeMap<(String, String), Vec<BaconRow>> = BTreeMap::new();
    let mut n_rows: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in expected("bacon") {
        let name = (row.dataset.clone(), row.spec.clone());
        let rows = results
            .entry(name.clone())
            .or_insert_with(|| bacon(simulated(&row.dataset, &row.spec)).unwrap());
        let (weight, estimate) = match (key(&row.row, "type"), key(&row.row, "treated")) {
            (Some(kind_name), Some(cohort)) => {
                *n_rows.entry(name).or_default() += 1;
                let control = key(&row.row, "control").unwrap().parse().ok();
                single(rows, kind(kind_name), cohort.parse().unwrap(), control)
            }
            (Some(kind_name), None) => by_kind(rows, kind(kind_name)),
            _ => (rows[0].weight, rows[0].estimate),
        };
        let found = match row.quantity.as_str() {
            "estimate" => estimate,
            "share" => weight,
            other => panic!("unknown quantity {other}"),
        };
        report.compare(&row, found);
    }
    // Nothing beyond the reference: two numbers per comparison.
    for (name, n_numbers) in n_rows {
        assert_eq!(2 * (results[&name].len() - 1), n_numbers, "{name:?}");
    }
    report.finish(192);
}

#[test]
fn county_decomposition_matches_several_implementations() {
    let Some(folder) = reference_data() else {
        return;
    };
    let folder = folder.join("goldens/public");
    let data = Data::read(&folder.join("mpdta.parquet"));
    let mut data = data;
    for cohort in data.numbers.get_mut("first_treat").unwrap() {
        if *cohort == 0.0 {
            *cohort = f64::NAN;
        }
    }
    let rows = bacon(columns(
        &data,
        ["countyreal", "year", "first_treat", "lemp"],
    ))
    .unwrap();
    let text = fs_err::read_to_string(folder.join("expected.csv")).unwrap();
    let mut report = Report::default();
    for row in text.lines().skip(1).map(fields) {
        if row[3] != "GoodmanBacon" {
            continue;
        }
        let (quantity, rest) = row[4].split_once(['[', '=']).unwrap();
        let inside = rest.trim_end_matches(']');
        let (weight, estimate) = match inside.split_once("; ") {
            Some((cohorts, name)) => {
                let (cohort, control) = cohorts.split_once(" vs ").unwrap();
                let control = control.parse().ok().filter(|&control: &i32| control > 0);
                single(&rows, kind(name), cohort.parse().unwrap(), control)
            }
            None if quantity == "twfe" => (rows[0].weight, rows[0].estimate),
            None => by_kind(&rows, kind(inside)),
        };
        let found = if quantity.contains("weight") {
            weight
        } else {
            estimate
        };
        let expected = Expected {
            dataset: row[1].clone(),
            relation: "bacon".to_owned(),
            spec: row[2].clone(),
            row: row[4].clone(),
            quantity: quantity.to_owned(),
            value: None,
            check: row[5].parse().ok(),
            agree_digits: None,
        };
        report.compare(&expected, found);
    }
    report.finish(25);
}

/// Rows of unit, period, treated, outcome.
fn small(rows: &[(i64, i32, f64, f64)]) -> BaconColumns {
    BaconColumns {
        unit: rows.iter().map(|row| row.0).collect(),
        time: rows.iter().map(|row| row.1).collect(),
        treated: rows.iter().map(|row| row.2).collect(),
        outcome: rows.iter().map(|row| row.3).collect(),
    }
}

/// Treated from period 2, from period 3, and never.
fn three_units() -> BaconColumns {
    small(&[
        (1, 1, 0.0, 1.0),
        (1, 2, 1.0, 5.0),
        (1, 3, 1.0, 9.0),
        (2, 1, 0.0, 2.0),
        (2, 2, 0.0, 3.0),
        (2, 3, 1.0, 7.0),
        (3, 1, 0.0, 0.0),
        (3, 2, 0.0, 1.0),
        (3, 3, 0.0, 3.0),
    ])
}

#[test]
fn comparisons_worked_out_by_hand_add_up_to_the_two_way_estimate() {
    let rows = bacon(three_units()).unwrap();
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.comparison, row.cohort, row.control_cohort, row.estimate))
        .collect();
    // (7 - 1) - (2 - 0); (7 - 2.5) - (3 - 0.5); (5 - 1) - (3 - 2); (7 - 3) - (9 - 5).
    assert_eq!(found[1], (Comparison::TreatedVsNever, Some(2), None, 4.0));
    assert_eq!(found[2], (Comparison::TreatedVsNever, Some(3), None, 2.0));
    assert_eq!(
        found[3],
        (Comparison::EarlierVsLater, Some(2), Some(3), 3.0)
    );
    assert_eq!(
        found[4],
        (Comparison::LaterVsEarlier, Some(3), Some(2), 0.0)
    );
    assert_eq!(found[0].0, Comparison::Overall);
    assert_eq!(
        (rows[0].n_treated, rows[0].n_control, rows[0].n_units),
        (2, 1, 3)
    );
    let weighted: f64 = rows[1..].iter().map(|row| row.weight * row.estimate).sum();
    assert!(close(weighted, rows[0].estimate, 1e-14));
    // Each treated cohort against the never treated: window of all periods, d(1 − d) = 2/9; the others: 2 of 3 periods, 1/4.
    let ratio = rows[1].weight / rows[3].weight;
    assert!(close(ratio, (2.0 / 9.0) / (4.0 / 9.0 / 4.0), 1e-14));
}

#[test]
fn weighted_comparisons_are_the_two_way_estimate() {
    for (name, spec) in [
        ("s1_staggered", "outcome=cost"),
        ("s4_edges", "outcome=cost"),
        ("s6_few_clusters", "outcome=sleep_hours"),
    ] {
        let rows = bacon(simulated(name, spec)).unwrap();
        let weighted: f64 = rows[1..].iter().map(|row| row.weight * row.estimate).sum();
        assert!(close(weighted, rows[0].estimate, 1e-11), "{name}");
        let total: f64 = rows[1..].iter().map(|row| row.weight).sum();
        assert!(close(total, 1.0, 1e-14));
    }
}

#[test]
fn decompositions_do_not_depend_on_row_order_or_labels_and_shift_with_nothing() {
    let columns = simulated("s4_edges", "outcome=cost");
    let bits = |columns: BaconColumns| -> Vec<u64> {
        let rows = bacon(columns).unwrap();
        let numbers = rows.iter().flat_map(|row| [row.estimate, row.weight]);
        numbers.map(f64::to_bits).collect()
    };
    let n_rows = columns.unit.len();
    let mut order: Vec<usize> = (0..n_rows).collect();
    order.sort_by_key(|&row| (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let other = BaconColumns {
        unit: order.iter().map(|&row| columns.unit[row]).collect(),
        time: order.iter().map(|&row| columns.time[row]).collect(),
        outcome: order.iter().map(|&row| columns.outcome[row]).collect(),
        treated: order.iter().map(|&row| columns.treated[row]).collect(),
    };
    assert_eq!(bits(columns.clone()), bits(other));
    let mut other = columns.clone();
    for unit in &mut other.unit {
        *unit = (*unit * 7_919) % 1_000_003 - 500_000;
    }
    for value in &mut other.outcome {
        *value = 1.0e7 + 3.0 * *value;
    }
    let [a, b] = [columns, other].map(|columns| bacon(columns).unwrap());
    for (a, b) in a.iter().zip(&b) {
        assert!(close(3.0 * a.estimate, b.estimate, 1e-6));
        assert!(close(a.weight, b.weight, 1e-12));
    }
}

#[test]
fn what_cannot_be_decomposed_is_refused_with_counts() {
    let refusal = |columns| bacon(columns).unwrap_err();
    let mut columns = three_units();
    columns.treated[2] = 0.0;
    let ends = EstimatorError::TreatmentEnds { n_units: 1 };
    assert_eq!(refusal(columns), ends);
    let mut columns = three_units();
    columns.treated[0] = 0.5;
    let not_binary = EstimatorError::NotBinary {
        column: "treated",
        n_rows: 1,
    };
    assert_eq!(refusal(columns), not_binary);
    let incomplete = |n_units, n_missing| EstimatorError::IncompleteUnits {
        n_units,
        n_periods: 3,
        n_missing,
    };
    for rows in [vec![4], vec![4, 7], vec![6, 7, 8]] {
        let mut columns = three_units();
        let n_rows = rows.len() as u64;
        rows.iter()
            .for_each(|&row| columns.outcome[row] = f64::INFINITY);
        let n_units = if n_rows == 2 { 2 } else { 1 };
        assert_eq!(refusal(columns), incomplete(n_units, n_rows));
    }
    for row in [2, 8] {
        let mut columns = three_units();
        columns.treated[row] = f64::NAN;
        assert_eq!(refusal(columns), incomplete(1, 1));
    }
    let mut columns = three_units();
    columns.unit[3] = 7;
    assert_eq!(refusal(columns), incomplete(2, 0));
    let mut columns = three_units();
    columns.time[8] = 2;
    assert_eq!(
        refusal(columns),
        EstimatorError::DuplicateRows { n_duplicates: 1 }
    );
    let mut columns = three_units();
    columns.treated.fill(0.0);
    assert_eq!(refusal(columns), EstimatorError::NoCohort);
    let mut columns = three_units();
    columns.treated.fill(1.0);
    assert_eq!(refusal(columns), EstimatorError::NoCohort);
    let same = [0.0, 1.0, 1.0].repeat(3);
    let mut columns = three_units();
    columns.treated = same;
    let nothing = EstimatorError::NothingToEstimate {
        columns: "treated".to_owned(),
    };
    assert_eq!(refusal(columns), nothing);
    let mut columns = three_units();
    columns.time.fill(1);
    columns.unit = (0..9).collect();
    let n_periods = 1;
    assert_eq!(
        refusal(columns),
        EstimatorError::TooFewPeriods { n_periods }
    );
    let mut columns = three_units();
    columns.treated.pop();
    assert!(matches!(
        refusal(columns),
        EstimatorError::LengthMismatch { .. }
    ));
}
