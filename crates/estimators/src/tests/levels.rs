//! Levels against hand calculations.

use crate::levels::{By, Level, LevelDesign, LevelOptions, LevelOutcome, levels};
use crate::panel::MISSING_CODE;
use crate::{EstimatorError, Status};

const OPTIONS: LevelOptions = LevelOptions {
    level: 0.95,
    least_share: 0.8,
};

/// Rows of one group: stratum, cluster, outcome (−1 missing).
type Row = (u32, u32, i8);

fn level_of(rows: &[Row], weights: Option<[f64; 2]>) -> Level {
    let stratum: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let cluster = rows.iter().map(|row| row.1).collect();
    let weights = weights.map(|weights| stratum.iter().map(|&own| weights[own as usize]).collect());
    let weights: Option<Vec<f64>> = weights;
    let design = LevelDesign::try_new(stratum, cluster, weights.as_deref()).unwrap();
    let groups = design.grouped(None, &vec![0; rows.len()], 1);
    let outcome = LevelOutcome::YesNo(rows.iter().map(|row| row.2).collect());
    levels(&design, &groups, &outcome, OPTIONS)[0]
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

/// Stratum 0 has 1, 0 in cluster 1 and 1 in cluster 2; stratum 1 has 1, 0 in cluster 2 and 0 in cluster 3.
const ROWS: [Row; 6] = [
    (0, 1, 1),
    (0, 1, 0),
    (0, 2, 1),
    (1, 2, 1),
    (1, 2, 0),
    (1, 3, 0),
];

#[test]
fn two_strata_and_three_clusters_by_hand() {
    let level = level_of(&ROWS, Some([3.0, 1.0]));
    assert_near(level.value, 0.5);
    // 3/4 · 2/3 + 1/4 · 1/3.
    assert_near(level.standardised, 7.0 / 12.0);
    // Clusters move it by −1/12, 1/12 + 1/36 and −1/36, each times √(3/2): Σu² = 3/2 · 26/1296, times G/(G − 1) = 3/2.
    let std_error = (1.5 * 1.5 * 26.0 / 1296.0_f64).sqrt();
    assert_near(level.std_error, std_error);
    // The 97.5 % quantile of t with 2 degrees of freedom is 4.302652729911275.
    let half = 4.302_652_729_911_275 * std_error;
    assert!((level.conf_high - (7.0 / 12.0 + half)).abs() < 1e-9);
    assert!((level.conf_low - (7.0 / 12.0 - half)).abs() < 1e-9);
    assert_eq!((level.n_units, level.n_clusters), (6, 3));
    assert_near(level.standard_share, 1.0);
    assert_eq!(level.status, Status::FewClusters);
}

#[test]
fn without_a_standard_the_rows_are_their_own() {
    let level = level_of(&ROWS, None);
    assert_near(level.standardised, level.value);
}

#[test]
fn a_row_alone_in_its_stratum_is_compared_with_the_level() {
    let level = level_of(&[(0, 1, 1), (0, 1, 0), (1, 3, 1)], Some([1.0, 1.0]));
    assert_near(level.standardised, 0.75);
    // Cluster 1 moves nothing, cluster 3 half of 1 − 0.75; G/(G − 1) = 2.
    assert_near(level.std_error, (2.0 * 0.125_f64 * 0.125).sqrt());
}

#[test]
fn strata_without_rows_are_left_out_up_to_a_share() {
    let rows = &ROWS[..3];
    let all = [3.0, 1.0];
    // The other stratum has rows in another group only.
    let other = [&ROWS[..], rows].concat();
    let stratum: Vec<u32> = other.iter().map(|row| row.0).collect();
    let weights: Vec<f64> = stratum.iter().map(|&own| all[own as usize]).collect();
    let cluster = other.iter().map(|row| row.1).collect();
    let design = LevelDesign::try_new(stratum, cluster, Some(&weights)).unwrap();
    let groups = design.grouped(None, &[0, 0, 0, 0, 0, 0, 1, 1, 1], 2);
    let outcome = LevelOutcome::YesNo(other.iter().map(|row| row.2).collect());
    let [_, level] = levels(&design, &groups, &outcome, OPTIONS)[..] else {
        unreachable!("two groups")
    };
    assert_near(level.standard_share, 0.75);
    assert_near(level.value, 2.0 / 3.0);
    assert!(level.standardised.is_nan() && level.std_error.is_nan());
    assert_eq!(level.status, Status::Missing);
    let enough = LevelOptions {
        least_share: 0.75,
        ..OPTIONS
    };
    assert_near(
        levels(&design, &groups, &outcome, enough)[1].standardised,
        2.0 / 3.0,
    );
    // A question that no unit of the stratum was asked in any group is standardised without it.
    let asked = LevelOutcome::YesNo(vec![1, 0, 1, -1, -1, -1, 1, 0, 1]);
    let level = levels(&design, &groups, &asked, OPTIONS)[0];
    assert_near(level.standard_share, 1.0);
    assert_near(level.standardised, 2.0 / 3.0);
}

#[test]
fn levels_that_follow_from_the_strata_have_their_own_standard() {
    let stratum = vec![0, 0, 1, 1, 0, 1];
    let standard: Vec<f64> = stratum
        .iter()
        .map(|&own| [9.0, 1.0][own as usize])
        .collect();
    let design =
        LevelDesign::try_new(stratum.clone(), vec![0, 1, 2, 3, 4, 5], Some(&standard)).unwrap();
    let outcome = LevelOutcome::YesNo(vec![1, 0, 1, 0, 1, 0]);
    let shares = |level: &[u32]| {
        let by = By { level, n_levels: 2 };
        let groups = design.grouped(Some(by), &[0, 0, 0, 0, 1, 1], 2);
        let found = levels(&design, &groups, &outcome, OPTIONS);
        found
            .iter()
            .map(|own| own.standard_share)
            .collect::<Vec<_>>()
    };
    // The strata themselves as levels: each has all of its standard, in both periods.
    assert_eq!(shares(&stratum), [1.0; 4]);
    // Levels that cut across strata are held to the whole standard.
    assert_eq!(shares(&[0, 0, 0, 1, 0, 1]), [1.0, 0.9, 0.1, 0.1]);
}

#[test]
fn what_does_not_exist_says_why() {
    assert_eq!(level_of(&[(0, 1, -1)], None).status, Status::NoRows);
    let constant = level_of(&[(0, 1, 1), (0, 2, 1), (0, 3, 1)], None);
    assert_eq!(constant.status, Status::NoVariance);
    assert_near(constant.standardised, 1.0);
    let one_cluster = level_of(&[(0, 1, 1), (0, 1, 0)], None);
    assert_eq!(one_cluster.status, Status::NoVariance);
    assert!(one_cluster.conf_low.is_nan());
}

#[test]
fn rows_without_stratum_cluster_or_weight_are_left_out() {
    let stratum = vec![0, 0, MISSING_CODE, 0, 1];
    let cluster = vec![0, MISSING_CODE, 1, 2, 3];
    let standard = [1.0, 1.0, 1.0, 1.0, f64::NAN];
    let design = LevelDesign::try_new(stratum, cluster, Some(&standard)).unwrap();
    let groups = design.grouped(None, &[0; 5], 1);
    let outcome = LevelOutcome::Numbers(vec![1.0, 100.0, 100.0, 3.0, 100.0]);
    let level = levels(&design, &groups, &outcome, OPTIONS)[0];
    assert_eq!((level.n_units, level.n_clusters), (2, 2));
    assert_near(level.standardised, 2.0);
}

#[test]
fn a_standard_that_varies_within_a_stratum_is_refused() {
    let refused = |weights: &[f64]| {
        let design = LevelDesign::try_new(vec![0, 0], vec![0, 1], Some(weights));
        design.unwrap_err()
    };
    assert_eq!(
        refused(&[1.0, 2.0]),
        EstimatorError::StandardVaries { n_strata: 1 }
    );
    assert_eq!(
        refused(&[-1.0, -1.0]),
        EstimatorError::NegativeWeight { n_rows: 2 }
    );
}

#[test]
fn the_order_of_rows_changes_no_bit() {
    let n: u32 = 500;
    let value = |row: u32| f64::from(row * 7919 % 101) / 7.0 + 0.1;
    let made = |order: &[u32]| {
        let of = |get: fn(u32) -> u32| order.iter().map(|&row| get(row)).collect::<Vec<u32>>();
        let design = LevelDesign::try_new(of(|row| row % 7), of(|row| row % 31), None).unwrap();
        let groups = design.grouped(None, &of(|row| row % 3), 3);
        let outcome = LevelOutcome::Numbers(order.iter().map(|&row| value(row)).collect());
        let found = levels(&design, &groups, &outcome, OPTIONS);
        let bits = found
            .iter()
            .map(|own| [own.value, own.standardised, own.std_error].map(f64::to_bits));
        bits.collect::<Vec<_>>()
    };
    let forward: Vec<u32> = (0..n).collect();
    let mixed: Vec<u32> = (0..n).map(|row| row * 37 % n).collect();
    assert_eq!(made(&forward), made(&mixed));
}
