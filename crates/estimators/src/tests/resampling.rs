//! Inference with few clusters: the jackknife, leaving out one cluster, the bootstrap and randomisation of group-time effects.

mod anew;

mod covariates;

mod coverage;

mod randomisation;

use crate::group_time::{
    Aggregate, AggregateOptions, AggregateResult, AttGtOptions, BasePeriod, Control, LeftOut,
    Method, aggregate, att_gt, leave_one_out,
};
use crate::inference::Inference;
use crate::panel::{Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions};
use crate::{EstimatorError, Status};

/// Random numbers that are the same on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn uniform(&mut self) -> f64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (self.uniform() + 1e-300).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Clusters with a cohort and a number of persons each, who share shocks.
pub(super) fn world(clusters: &[(i32, usize)], periods: i32, dice: &mut Dice) -> PanelColumns {
    let mut columns = PanelColumns {
        cluster: Some(Vec::new()),
        ..PanelColumns::default()
    };
    for (cluster, &(cohort, n_persons)) in clusters.iter().enumerate() {
        let shocks: Vec<f64> = (0..periods).map(|_| 0.6 * dice.normal()).collect();
        for _ in 0..n_persons {
            let unit = columns.unit.last().map_or(0, |unit| unit + 1);
            let level = dice.normal();
            for time in 0..periods {
                let effect = if time >= cohort { 0.3 } else { 0.0 };
                columns.unit.push(unit);
                columns.time.push(time);
                columns.cohort.push(cohort);
                let noise = shocks[time as usize] + 0.8 * dice.normal();
                columns.outcome.push(10.0 + level + effect + noise);
                columns
                    .cluster
                    .iter_mut()
                    .for_each(|own| own.push(cluster as u32));
            }
        }
    }
    columns
}

/// The rows that a condition holds for.
pub(super) fn filter(columns: &PanelColumns, keep: impl Fn(usize) -> bool) -> PanelColumns {
    let order: Vec<usize> = (0..columns.unit.len()).filter(|&row| keep(row)).collect();
    super::properties::permute(columns, &order)
}

pub(super) const OPTIONS: AttGtOptions = AttGtOptions {
    method: Method::DoublyRobust,
    control: Control::NotYetTreated,
    base_period: BasePeriod::Universal,
    anticipation: 0,
    level: 0.95,
    seed: 1,
    bootstrap: None,
    inference: Inference::Analytic,
};

pub(super) fn averages(kind: Aggregate) -> AggregateOptions {
    AggregateOptions {
        kind,
        min_e: None,
        max_e: None,
        balance_e: None,
        level: 0.95,
        seed: 1,
    }
}

pub(super) fn panel(columns: &PanelColumns, layout: Layout) -> Result<Panel, EstimatorError> {
    Panel::try_new(columns, PanelOptions { layout })
}

pub(super) fn average(
    columns: &PanelColumns,
    layout: Layout,
    options: &AttGtOptions,
    kind: Aggregate,
) -> Result<AggregateResult, EstimatorError> {
    aggregate(&att_gt(&panel(columns, layout)?, options)?, &averages(kind))
}

/// Unequal clusters of three cohorts and the never exposed, with holes and weights as asked for; the second cluster has two cohorts.
pub(super) fn uneven(has_holes: bool, has_weights: bool) -> PanelColumns {
    let mut dice = Dice::new(7);
    let clusters = [
        (2, 3),
        (2, 6),
        (3, 5),
        (4, 9),
        (4, 2),
        (NEVER, 8),
        (NEVER, 4),
        (NEVER, 11),
        (0, 4),
        (9, 3),
        (3, 7),
    ];
    let mut columns = world(&clusters, 6, &mut dice);
    let codes = columns.cluster.clone().unwrap();
    for (row, &code) in codes.iter().enumerate() {
        if code == 1 && columns.unit[row] % 2 == 0 {
            columns.cohort[row] = 4;
        }
    }
    if has_weights {
        let weights = (0..columns.unit.len()).map(|_| 0.5 + dice.uniform());
        columns.weight = Some(weights.collect());
    }
    if has_holes {
        let keep: Vec<bool> = (0..columns.unit.len())
            .map(|_| dice.uniform() > 0.15)
            .collect();
        columns = filter(&columns, |row| keep[row]);
    }
    columns
}

#[track_caller]
pub(super) fn assert_close(found: f64, expected: f64, what: &str) {
    let is_same = found.is_nan() && expected.is_nan();
    let deviation = (found - expected).abs();
    assert!(
        is_same || deviation <= 1e-9 * expected.abs().max(1e-2),
        "{what}: {expected}, found {found}"
    );
}

/// Leaving a cluster out is what the rows of the others say, for every cluster.
fn check_left_out(columns: &PanelColumns, layout: Layout, options: &AttGtOptions, kind: Aggregate) {
    let own = panel(columns, layout).unwrap();
    let all = leave_one_out(&own, &[], options, &averages(kind)).unwrap();
    let full = average(columns, layout, options, kind).unwrap();
    let codes = columns.cluster.clone().unwrap();
    let n_clusters = codes.iter().max().unwrap() + 1;
    assert_eq!(all[0].len(), n_clusters as usize);
    let mut n_found = 0;
    for LeftOut { cluster, rows, .. } in &all[0] {
        let rest = filter(columns, |row| codes[row] != *cluster);
        let rest = average(&rest, layout, options, kind);
        assert_eq!(rows.len(), full.rows.len() + 1);
        for row in rows {
            let what = format!("{layout:?} {kind:?} without {cluster} at {:?}", row.at);
            let expected = rest.as_ref().ok().and_then(|rest| {
                let mut all = std::iter::once(&rest.overall).chain(&rest.rows);
                all.find(|own| own.at == row.at).map(|own| own.estimate)
            });
            let missing = crate::Estimate::missing(crate::Counts::default(), Status::NoRows);
            let expected = expected.unwrap_or(missing);
            assert_close(row.estimate, expected.estimate, &what);
            assert_close(row.std_error, expected.std_error, &format!("{what}, error"));
            let all = std::iter::once(&full.overall).chain(&full.rows);
            let whole = all.clone().find(|own| own.at == row.at).unwrap();
            assert_close(row.change, row.estimate - whole.estimate.estimate, &what);
            let status = match expected.status {
                _ if expected.estimate.is_nan() => Status::NotIdentified,
                Status::BasePeriod => Status::BasePeriod,
                _ if expected.std_error.is_nan() => Status::NoVariance,
                _ => {
                    n_found += 1;
                    Status::Ok
                }
            };
            assert_eq!(row.status, status, "{what}");
        }
    }
    assert!(n_found > 0);
}

const KINDS: [Aggregate; 4] = [
    Aggregate::Simple,
    Aggregate::Group,
    Aggregate::Dynamic,
    Aggregate::Calendar,
];

#[test]
fn leaving_a_cluster_out_is_estimating_from_the_others() {
    let layouts = [
        (Layout::Balanced, false),
        (Layout::Balanced, true),
        (Layout::Pairs, true),
        (Layout::Unbalanced, true),
        (Layout::CrossSections, true),
    ];
    for (layout, has_holes) in layouts {
        for has_weights in [false, true] {
            let columns = uneven(has_holes, has_weights);
            for base_period in [BasePeriod::Universal, BasePeriod::Varying] {
                let options = AttGtOptions {
                    base_period,
                    ..OPTIONS
                };
                // Averages with a band take long; what they are of does not depend on the layout.
                let is_varying = base_period == BasePeriod::Varying;
                let kinds = match (layout, has_weights, is_varying) {
                    (Layout::Pairs, true, false) => &KINDS[..],
                    (_, true, true) => &[Aggregate::Dynamic],
                    _ => &[Aggregate::Simple],
                };
                for kind in kinds {
                    check_left_out(&columns, layout, &options, *kind);
                }
            }
        }
    }
}

#[test]
fn leaving_out_the_last_comparison_cluster_or_the_only_rows_of_a_period_changes_the_sample() {
    let mut dice = Dice::new(3);
    // One never exposed cluster; without it the last cohort stands in.
    let clusters = [(2, 6), (3, 5), (3, 4), (5, 9), (5, 6), (NEVER, 8)];
    let columns = world(&clusters, 6, &mut dice);
    let never = AttGtOptions {
        control: Control::NeverTreated,
        ..OPTIONS
    };
    for options in [OPTIONS, never] {
        check_left_out(&columns, Layout::Balanced, &options, Aggregate::Simple);
    }
    // No unit is never exposed: the last cohort stands in, and has fewer than five units without its larger cluster.
    let standing_in = filter(&columns, |row| columns.cohort[row] != NEVER);
    let small = filter(&standing_in, |row| {
        standing_in.cluster.as_ref().unwrap()[row] != 4 || standing_in.unit[row] % 2 == 0
    });
    for options in [OPTIONS, never] {
        check_left_out(&small, Layout::Balanced, &options, Aggregate::Simple);
    }
    // The first period, and one in the middle, are seen in one cluster only.
    for period in [0, 2] {
        let codes = columns.cluster.clone().unwrap();
        let some = filter(&columns, |row| {
            columns.time[row] != period || codes[row] == 1
        });
        for layout in [Layout::Pairs, Layout::Unbalanced, Layout::CrossSections] {
            check_left_out(&some, layout, &OPTIONS, Aggregate::Simple);
        }
    }
    // All holes of a weighted panel are in one cluster.
    let codes = columns.cluster.clone().unwrap();
    let mut holes = filter(&columns, |row| codes[row] != 2 || columns.time[row] != 4);
    holes.weight = Some(
        (0..holes.unit.len())
            .map(|_| 0.5 + dice.uniform())
            .collect(),
    );
    for layout in [Layout::Pairs, Layout::Unbalanced] {
        check_left_out(&holes, layout, &OPTIONS, Aggregate::Simple);
    }
}

fn with_covariate(mut columns: PanelColumns) -> PanelColumns {
    let mut dice = Dice::new(11);
    let n_units = columns.unit.iter().max().unwrap() + 1;
    let values: Vec<f64> = (0..n_units).map(|_| dice.normal()).collect();
    let values = columns.unit.iter().map(|&unit| values[unit as usize]);
    columns.covariates = vec![Covariate {
        name: "x".to_owned(),
        values: CovariateValues::Numbers(values.collect()),
    }];
    columns
}

#[test]
fn the_jackknife_is_the_spread_of_estimates_without_a_cluster() {
    for layout in [Layout::Pairs, Layout::Unbalanced] {
        let columns = uneven(true, true);
        let own = panel(&columns, layout).unwrap();
        for kind in KINDS {
            let left_out = leave_one_out(&own, &[], &OPTIONS, &averages(kind)).unwrap();
            let options = AttGtOptions {
                inference: Inference::Cr3,
                ..OPTIONS
            };
            let found = average(&columns, layout, &options, kind).unwrap();
            // The always exposed take no part, and their cluster is none of those.
            let n = found.overall.estimate.n_clusters as f64;
            assert_eq!(n, 10.0);
            for (index, row) in std::iter::once(&found.overall)
                .chain(&found.rows)
                .enumerate()
            {
                let changes = left_out[0].iter().map(|own| own.rows[index].change);
                let squares: f64 = changes.map(|change| change * change).sum();
                let expected = ((n - 1.0) / n * squares).sqrt();
                let expected = match row.estimate.status {
                    Status::BasePeriod => f64::NAN,
                    _ => expected,
                };
                assert_close(
                    row.estimate.std_error,
                    expected,
                    &format!("{kind:?} {:?}", row.at),
                );
            }
        }
    }
}

#[test]
fn a_side_of_equal_clusters_has_welchs_interval() {
    // Two periods: the effect is a difference of mean changes, of 3 and of 5 clusters of 4.
    let mut dice = Dice::new(2);
    let clusters: Vec<(i32, usize)> = (0..8).map(|g| (if g < 3 { 1 } else { NEVER }, 4)).collect();
    let columns = world(&clusters, 2, &mut dice);
    let mut changes = [0.0; 8];
    let codes = columns.cluster.clone().unwrap();
    for row in 0..columns.unit.len() {
        let sign = if columns.time[row] == 1 { 0.25 } else { -0.25 };
        changes[codes[row] as usize] += sign * columns.outcome[row];
    }
    let variance = |own: &[f64]| {
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        let squares: f64 = own.iter().map(|x| (x - mean).powi(2)).sum();
        // Σ(x̄₋g − x̄)² = Σ(x − x̄)²/(n − 1)².
        squares / (own.len() as f64 - 1.0).powi(2)
    };
    let expected = (7.0 / 8.0 * (variance(&changes[..3]) + variance(&changes[3..]))).sqrt();
    let options = AttGtOptions {
        inference: Inference::Cr3,
        ..OPTIONS
    };
    let found = average(&columns, Layout::Balanced, &options, Aggregate::Simple).unwrap();
    let found = found.overall.estimate;
    assert_close(found.std_error, expected, "error");
    // (1/2 + 1/4)²/((1/2)²/2 + (1/4)²/4) degrees of freedom.
    let df = 0.75_f64.powi(2) / (0.125 + 0.015_625);
    let quantile = crate::inference::student::student_quantile(df, 0.95);
    assert_close(
        found.conf_high,
        found.estimate + quantile * expected,
        "interval",
    );
    assert_eq!(found.status, Status::Conservative);
}

#[test]
fn with_many_clusters_the_jackknife_is_the_analytic_error() {
    let mut dice = Dice::new(9);
    let clusters: Vec<(i32, usize)> = (0..400)
        .map(|g| ([2, 3, NEVER, NEVER][g % 4], 3 + g % 4))
        .collect();
    let plain = world(&clusters, 5, &mut dice);
    for columns in [plain.clone(), with_covariate(plain)] {
        let options = AttGtOptions {
            inference: Inference::Cr3,
            ..OPTIONS
        };
        let found = average(&columns, Layout::Balanced, &options, Aggregate::Dynamic).unwrap();
        let known = average(&columns, Layout::Balanced, &OPTIONS, Aggregate::Dynamic).unwrap();
        for (found, known) in found.rows.iter().zip(&known.rows) {
            let (found, known) = (found.estimate, known.estimate);
            assert_eq!(found.estimate.to_bits(), known.estimate.to_bits());
            assert_eq!(found.status, known.status);
            if known.status == Status::Ok {
                let ratio = found.std_error / known.std_error;
                assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
                assert!((found.band_high - known.band_high).abs() < 0.08 * known.std_error * 3.0);
            }
        }
    }
}

/// Everything shown, as bits.
fn bits(result: &AggregateResult) -> Vec<u64> {
    let rows = std::iter::once(&result.overall).chain(&result.rows);
    let numbers = rows.flat_map(|row| {
        let own = row.estimate;
        [
            own.estimate,
            own.std_error,
            own.p_value,
            own.conf_low,
            own.band_low,
        ]
    });
    numbers.map(f64::to_bits).collect()
}

#[test]
fn order_labels_and_threads_change_no_bit() {
    let columns = uneven(true, true);
    let order = super::properties::shuffled(columns.unit.len());
    let mut other = super::properties::permute(&columns, &order);
    other
        .cluster
        .iter_mut()
        .flatten()
        .for_each(|code| *code = 50 - *code);
    for inference in [Inference::Cr3, Inference::Bootstrap { n_draws: 200 }] {
        let options = AttGtOptions {
            inference,
            ..OPTIONS
        };
        let of = |columns: &PanelColumns| {
            bits(&average(columns, Layout::Pairs, &options, Aggregate::Dynamic).unwrap())
        };
        let expected = of(&columns);
        assert_eq!(of(&other), expected);
        for n_threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .unwrap();
            assert_eq!(pool.install(|| of(&columns)), expected);
        }
    }
    let of = |columns: &PanelColumns| {
        let own = panel(columns, Layout::Pairs).unwrap();
        leave_one_out(&own, &[], &OPTIONS, &averages(Aggregate::Simple)).unwrap()
    };
    let (one, two) = (of(&columns), of(&other));
    for (one, two) in one[0].iter().zip(&two[0]) {
        assert_eq!(one.cluster, 50 - two.cluster);
        assert_eq!(
            one.rows[0].estimate.to_bits(),
            two.rows[0].estimate.to_bits()
        );
    }
}

#[test]
fn awkward_data_give_statuses() {
    let of = |columns: &PanelColumns, inference: Inference| {
        let options = AttGtOptions {
            inference,
            ..OPTIONS
        };
        average(columns, Layout::Pairs, &options, Aggregate::Dynamic)
    };
    let mut dice = Dice::new(1);
    for inference in [Inference::Cr3, Inference::Bootstrap { n_draws: 100 }] {
        let mut one = world(&[(2, 10), (NEVER, 10)], 4, &mut dice);
        one.cluster.iter_mut().flatten().for_each(|code| *code = 0);
        let found = of(&one, inference).unwrap().overall.estimate;
        assert_eq!(found.status, Status::NoVariance);
        assert!(found.conf_low.is_nan());

        // Without the only exposed cluster there is no effect.
        let lone = world(&[(2, 10), (NEVER, 10), (NEVER, 9)], 4, &mut dice);
        let found = of(&lone, inference).unwrap().overall.estimate;
        let expected = match inference {
            Inference::Cr3 => Status::NoVariance,
            _ => Status::FewClusters,
        };
        assert_eq!(found.status, expected);
        assert!(found.estimate.is_finite());

        let treated = world(&[(2, 10), (2, 10), (2, 9)], 4, &mut dice);
        assert!(of(&treated, inference).is_err());

        let mut constant = world(&[(2, 10), (2, 8), (NEVER, 10), (NEVER, 9)], 4, &mut dice);
        constant.outcome.fill(3.25);
        let found = of(&constant, inference).unwrap().overall.estimate;
        assert_eq!((found.status, found.estimate), (Status::NoVariance, 0.0));

        let mut hostile = world(&[(2, 10), (2, 8), (NEVER, 10), (NEVER, 9)], 4, &mut dice);
        hostile.outcome[3] = f64::NAN;
        hostile.outcome[7] = f64::INFINITY;
        hostile.outcome[12] = 1e300;
        assert!(
            of(&hostile, inference)
                .unwrap()
                .overall
                .estimate
                .estimate
                .is_finite()
        );
        hostile.outcome.fill(f64::NAN);
        assert!(of(&hostile, inference).is_err());
    }
    let columns = world(&[(2, 4), (NEVER, 4)], 3, &mut dice);
    let few = AttGtOptions {
        inference: Inference::Bootstrap { n_draws: 99 },
        ..OPTIONS
    };
    assert!(average(&columns, Layout::Pairs, &few, Aggregate::Simple).is_err());
    let both = AttGtOptions {
        bootstrap: Some(100),
        inference: Inference::Cr3,
        ..OPTIONS
    };
    assert!(average(&columns, Layout::Pairs, &both, Aggregate::Simple).is_err());
}

#[test]
fn leaving_out_needs_clusters_and_survives_losing_all() {
    let mut dice = Dice::new(1);
    let mut columns = world(&[(2, 4), (NEVER, 4), (NEVER, 5)], 4, &mut dice);
    let of = |columns: &PanelColumns| {
        let own = panel(columns, Layout::Pairs).unwrap();
        leave_one_out(&own, &[], &OPTIONS, &averages(Aggregate::Dynamic))
    };
    let found = of(&columns).unwrap();
    assert!(
        found[0][0]
            .rows
            .iter()
            .all(|row| row.status == Status::NotIdentified)
    );
    // One exposed and one other cluster leave estimates without a variance between clusters, but for what is zero by construction.
    for row in &found[0][1].rows {
        assert!(row.estimate.is_finite());
        assert_eq!(row.status == Status::BasePeriod, row.at == Some(-1));
        assert_eq!(row.status == Status::Ok, row.std_error.is_finite());
    }
    assert_eq!(found[0].iter().map(|own| own.n_units).sum::<u64>(), 13);
    columns
        .cluster
        .iter_mut()
        .flatten()
        .for_each(|code| *code = 6);
    let found = of(&columns).unwrap();
    assert_eq!((found[0].len(), found[0][0].cluster), (1, 6));
    assert!(found[0][0].rows.iter().all(|row| row.estimate.is_nan()));
    columns.cluster = None;
    assert!(matches!(
        of(&columns),
        Err(EstimatorError::BadOption { .. })
    ));
}
