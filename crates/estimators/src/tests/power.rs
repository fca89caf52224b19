//! Power, smallest effects and what they are worked out from: against the golden numbers (`tests/golden/inference`), against simulations, and
//! against what is known of them.

use super::golden::{close, expected_in, inference, key};
use super::regression_cases::{data, fit, with_vcov};
use super::sensitivity::compare;
use super::simulated::{Random, mean};
use crate::sensitivity::{
    Calendar, ClusteredDesign, ComponentColumns, Correlation, PowerLaw, RolloutDesign,
    VarianceComponents, minimum_detectable_effect, power, power_of, smallest_effect,
    variance_components,
};
use crate::{EstimatorError, Status};

fn design(spec: &str) -> ClusteredDesign {
    let number = |name: &str| key(spec, name).unwrap().parse::<f64>().unwrap();
    ClusteredDesign {
        clusters_treated: number("clusters_treated") as u32,
        clusters_control: number("clusters_control") as u32,
        cluster_size: number("cluster_size"),
        cv_cluster_size: number("cv_cluster_size"),
        icc: number("icc"),
        sd: number("sd"),
    }
}

fn law(spec: &str) -> PowerLaw {
    match key(spec, "dist").unwrap() {
        "normal" => PowerLaw::Normal,
        "t_approx" => PowerLaw::ApproximateT,
        "noncentral_t" => PowerLaw::NoncentralT,
        other => panic!("unknown law {other}"),
    }
}

#[test]
fn power_matches_the_reference() {
    let n = expected_in(&inference(), "power").len();
    compare("power", 1e-9, n, |row| {
        let design = design(&row.spec);
        let number = |name: &str| key(&row.spec, name).unwrap().parse::<f64>().unwrap();
        Some(match row.quantity.as_str() {
            "design_effect" => design.design_effect(),
            "std_error" => design.std_error(),
            "mde" => {
                minimum_detectable_effect(&design, number("power"), 0.95, law(&row.spec)).unwrap()
            }
            "power" => power(&design, number("effect"), 0.95, law(&row.spec)).unwrap(),
            other => panic!("unknown quantity {other}"),
        })
    });
}

#[test]
fn power_and_smallest_effect_are_each_others_inverse() {
    let design = design(
        "clusters_treated=2;clusters_control=1;cluster_size=20;cv_cluster_size=0.3;icc=0.1;sd=2",
    );
    for law in [PowerLaw::ApproximateT, PowerLaw::NoncentralT] {
        for share in [0.1, 0.3, 0.8, 0.99] {
            let effect = minimum_detectable_effect(&design, share, 0.95, law).unwrap();
            let found = power(&design, -effect, 0.95, law).unwrap();
            assert!(close(found, share, 1e-8), "{law:?} {share} {found}");
        }
    }
    // Without an effect both tails together have the size of the test.
    for law in [PowerLaw::Normal, PowerLaw::NoncentralT] {
        assert!(close(power(&design, 0.0, 0.95, law).unwrap(), 0.05, 1e-9));
    }
}

#[test]
fn impossible_designs_are_refused() {
    let good = design(
        "clusters_treated=2;clusters_control=2;cluster_size=20;cv_cluster_size=0;icc=0.1;sd=2",
    );
    for wrong in [
        ClusteredDesign {
            clusters_treated: 0,
            ..good
        },
        ClusteredDesign {
            clusters_control: 0,
            ..good
        },
        ClusteredDesign {
            clusters_treated: 1,
            clusters_control: 1,
            ..good
        },
        ClusteredDesign {
            cluster_size: 0.5,
            ..good
        },
        ClusteredDesign {
            cv_cluster_size: -0.1,
            ..good
        },
        ClusteredDesign { icc: 1.1, ..good },
        ClusteredDesign {
            sd: f64::NAN,
            ..good
        },
    ] {
        assert!(
            power(&wrong, 0.1, 0.95, PowerLaw::NoncentralT).is_err(),
            "{wrong:?}"
        );
    }
    for share in [0.05, 1.0, f64::NAN] {
        assert!(minimum_detectable_effect(&good, share, 0.95, PowerLaw::Normal).is_err());
    }
    assert!(power(&good, f64::NAN, 0.95, PowerLaw::Normal).is_err());
    assert!(power(&good, 0.1, 1.0, PowerLaw::Normal).is_err());
}
fn rollout(starts: &[u32], never: u32) -> RolloutDesign {
    RolloutDesign {
        calendar: Calendar {
            starts: starts.to_vec(),
            never,
        },
        cluster_size: 20.0,
        cv_cluster_size: 0.0,
        icc: 0.05,
        sd: 1.0,
        cluster_autocorrelation: 0.6,
        individual_autocorrelation: 0.4,
        correlation: Correlation::Constant,
    }
}

/// Half of the clusters start after the first of two periods: the variance of a difference of changes, G − 2 degrees of freedom.
#[test]
fn one_start_is_a_comparison_of_changes() {
    let found = rollout(&[0, 8], 8).precision().unwrap().unwrap();
    let change = 2.0 * (0.05 * 0.4 + 0.95 * 0.6 / 20.0);
    assert!(close(
        found.std_error,
        (change * 2.0 / 8.0_f64).sqrt(),
        1e-12
    ));
    assert!(close(found.df, 14.0, 1e-12));
    // Of neighbouring periods, a correlation that falls with time is the same.
    let decay = RolloutDesign {
        correlation: Correlation::Decay,
        ..rollout(&[0, 8], 8)
    };
    assert_eq!(decay.precision().unwrap().unwrap(), found);
    // Periods that correlate fully show everything, without correlation they are as good as other clusters.
    let full = RolloutDesign {
        cluster_autocorrelation: 1.0,
        individual_autocorrelation: 0.0,
        ..rollout(&[0, 8], 8)
    };
    let found = full.precision().unwrap().unwrap();
    assert!(close(
        found.std_error,
        (2.0 * 0.95 / 20.0 / 4.0_f64).sqrt(),
        1e-12
    ));
}

fn period(row: usize, n_periods: usize) -> usize {
    row % n_periods
}

/// Starts of clusters, the never treated with the number of periods.
fn starts(calendar: &Calendar) -> Vec<usize> {
    let all = calendar.starts.iter().enumerate();
    let never = (calendar.starts.len(), calendar.never);
    let repeat = |(start, n): (usize, u32)| std::iter::repeat_n(start, n as usize);
    all.map(|(start, &n)| (start, n))
        .chain([never])
        .flat_map(repeat)
        .collect()
}

/// One regression on effects of clusters and periods with cr2 errors has the degrees of freedom of the design.
#[test]
fn degrees_of_freedom_are_those_of_the_regression() {
    for (calendar, never) in [(&[0, 3, 2, 4][..], 0), (&[0, 0, 5], 9), (&[1, 4, 3], 2)] {
        let design = rollout(calendar, never);
        let (n_periods, starts) = (calendar.len(), starts(&design.calendar));
        let n = starts.len() * n_periods;
        let column = |of: &dyn Fn(usize) -> f64| (0..n).map(of).collect::<Vec<f64>>();
        let treated =
            |row: usize| f64::from(u8::from(period(row, n_periods) >= starts[row / n_periods]));
        let data = data(&[
            ("y", Random::new(2).normals(n)),
            ("d", column(&treated)),
            ("site", column(&|row| (row / n_periods) as f64)),
            ("period", column(&|row| period(row, n_periods) as f64)),
        ]);
        let found = fit("y ~ d | site + period", &data, &with_vcov("cr2(site)"));
        let row = found.rows.iter().find(|row| row.term == "d").unwrap();
        let expected = design.precision().unwrap().unwrap().df;
        assert!(close(row.df, expected, 1e-8), "{} {expected}", row.df);
    }
}

/// Means of clusters and periods of a design, with an effect: clusters by rows.
fn simulated(design: &RolloutDesign, effect: f64, random: &mut Random) -> Vec<Vec<f64>> {
    let n_periods = design.calendar.starts.len();
    let between = design.icc * (1.0 + design.cv_cluster_size.powi(2));
    let within = (1.0 - design.icc) / design.cluster_size;
    let mut series = |variance: f64, r: f64| -> Vec<f64> {
        let own = random.normals(n_periods);
        let scale = design.sd * variance.sqrt();
        match design.correlation {
            Correlation::Constant => {
                let shared = random.normal();
                let parts = own
                    .iter()
                    .map(|own| r.sqrt() * shared + (1.0 - r).sqrt() * own);
                parts.map(|part| scale * part).collect()
            }
            Correlation::Decay => {
                let mut before = random.normal();
                let next = own.iter().map(|own| {
                    before = r * before + (1.0 - r * r).sqrt() * own;
                    before
                });
                next.map(|part| scale * part).collect()
            }
        }
    };
    let of_cluster = |start: usize| {
        let shared = series(between, design.cluster_autocorrelation);
        let own = series(within, design.individual_autocorrelation);
        let mean = |period: usize| {
            let treated = f64::from(u8::from(period >= start));
            shared[period] + own[period] + effect * treated
        };
        (0..n_periods).map(mean).collect()
    };
    starts(&design.calendar)
        .into_iter()
        .map(of_cluster)
        .collect()
}

/// Σ over the rows of what is left after means of clusters and periods.
fn left(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n_periods = rows[0].len();
    let all = mean(&rows.concat());
    let periods: Vec<f64> = (0..n_periods)
        .map(|period| mean(&rows.iter().map(|row| row[period]).collect::<Vec<f64>>()))
        .collect();
    let of_row = |row: &Vec<f64>| {
        let own = mean(row);
        row.iter()
            .zip(&periods)
            .map(|(y, period)| y - own - period + all)
            .collect()
    };
    rows.iter().map(of_row).collect()
}

/// The share of samples in which the t test with cr2 errors finds the effect.
fn share_found(design: &RolloutDesign, effect: f64, n_samples: usize) -> f64 {
    let n_periods = design.calendar.starts.len();
    let treated = starts(&design.calendar).into_iter().map(|start| {
        let at = |period: usize| f64::from(u8::from(period >= start));
        (0..n_periods).map(at).collect::<Vec<f64>>()
    });
    let d = left(&treated.collect::<Vec<_>>());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let total: f64 = d.iter().map(|own| dot(own, own)).sum();
    let n = d.len() as f64;
    let df = design.precision().unwrap().unwrap().df;
    let critical = crate::inference::student::student_quantile(df, 0.95);
    let mut random = Random::new(20_160_401);
    let mut n_found = 0;
    for _ in 0..n_samples {
        let y = left(&simulated(design, effect, &mut random));
        let estimate = d.iter().zip(&y).map(|(d, y)| dot(d, y)).sum::<f64>() / total;
        let score = |(d, y): (&Vec<f64>, &Vec<f64>)| {
            let square = dot(d, d);
            (dot(d, y) - estimate * square) / (1.0 - 1.0 / n - square / total).sqrt()
        };
        let squares: f64 = d.iter().zip(&y).map(score).map(|score| score * score).sum();
        n_found += usize::from(estimate.abs() > critical * squares.sqrt() / total);
    }
    n_found as f64 / n_samples as f64
}

/// Errors, degrees of freedom and smallest effects from the matrices of the regression and SciPy's noncentral t distribution, to six digits.
#[test]
fn designs_match_a_computation_by_matrices() {
    let decay = RolloutDesign {
        correlation: Correlation::Decay,
        cluster_autocorrelation: 0.8,
        individual_autocorrelation: 0.5,
        ..rollout(&[0, 4, 4, 4, 4], 0)
    };
    let sizes = RolloutDesign {
        cv_cluster_size: 0.7,
        icc: 0.1,
        ..rollout(&[0, 0, 10, 0], 10)
    };
    for (design, std_error, df, effects) in [
        (
            rollout(&[0, 0, 10, 0], 10),
            0.098_489,
            18.0,
            [0.203_947, 0.291_789],
        ),
        (sizes, 0.131_605, 18.0, [0.272_524, 0.389_904]),
        (
            rollout(&[0, 3, 3, 3, 3], 0),
            0.103_816,
            10.457,
            [0.224_16, 0.321_28],
        ),
        (decay, 0.087_719, 14.374, [0.184_285, 0.263_792]),
        (
            rollout(&[0, 0, 5, 5, 5, 0], 10),
            0.065_417,
            23.138,
            [0.133_779, 0.191_333],
        ),
        (
            rollout(&[0, 2, 2, 2, 2], 0),
            0.127_148,
            6.559,
            [0.292_195, 0.420_631],
        ),
    ] {
        let precision = design.precision().unwrap().unwrap();
        assert!(
            (precision.std_error - std_error).abs() < 6e-7,
            "{precision:?}"
        );
        assert!((precision.df - df).abs() < 6e-4, "{precision:?}");
        for (share, effect) in [0.5, 0.8].into_iter().zip(effects) {
            let found = smallest_effect(precision, share, 0.95, PowerLaw::NoncentralT).unwrap();
            assert!(
                (found - effect).abs() < 6e-7,
                "{precision:?}: {found}, not {effect}"
            );
        }
    }
}

/// Designs, and samples per design: 4,000 are right to a standard error of 0.6 to 0.8 points.
#[test]
fn power_of_calendars_is_the_share_of_samples_that_find_the_effect() {
    let n_samples = match std::env::var_os("RUN_SLOW_TESTS") {
        Some(_) => 400_000,
        None => 4_000,
    };
    let tolerance = 0.01 + 2.5 * (0.16 / n_samples as f64).sqrt();
    let decay = RolloutDesign {
        correlation: Correlation::Decay,
        cluster_autocorrelation: 0.8,
        individual_autocorrelation: 0.5,
        ..rollout(&[0, 4, 4, 4, 4], 0)
    };
    let sizes = RolloutDesign {
        cv_cluster_size: 0.7,
        icc: 0.1,
        ..rollout(&[0, 0, 10, 0], 10)
    };
    for (name, design) in [
        ("one start", rollout(&[0, 0, 10, 0], 10)),
        ("one start, sizes", sizes),
        ("stepped", rollout(&[0, 3, 3, 3, 3], 0)),
        ("stepped, decay", decay),
        ("stepped, with controls", rollout(&[0, 0, 5, 5, 5, 0], 10)),
        ("eight clusters", rollout(&[0, 2, 2, 2, 2], 0)),
    ] {
        let precision = design.precision().unwrap().unwrap();
        for share in [0.5, 0.8] {
            let effect = smallest_effect(precision, share, 0.95, PowerLaw::NoncentralT).unwrap();
            let found = share_found(&design, effect, n_samples);
            if n_samples > 4_000 {
                eprintln!("{name}: {share}, simulated {found:.4}");
            }
            assert!(
                (found - share).abs() < tolerance,
                "{name}: {share}, found {found}"
            );
        }
    }
}

#[test]
fn calendars_that_compare_nothing_have_no_precision() {
    for (starts, never) in [
        (&[0, 0][..], 5),
        (&[5, 0], 0),
        (&[0, 5], 0),
        (&[0, 1], 9),
        (&[0, 0, 0], 0),
    ] {
        assert_eq!(
            rollout(starts, never).precision(),
            Ok(None),
            "{starts:?} {never}"
        );
    }
    assert_eq!(rollout(&[0, 8, 2], 8).n_clusters(), 18);
    let good = rollout(&[0, 8], 8);
    for wrong in [
        RolloutDesign {
            icc: f64::NAN,
            ..good.clone()
        },
        RolloutDesign {
            cluster_autocorrelation: 1.1,
            ..good.clone()
        },
        RolloutDesign {
            individual_autocorrelation: -0.1,
            ..good.clone()
        },
        RolloutDesign {
            cluster_size: 0.0,
            ..good.clone()
        },
        rollout(&[3], 3),
        rollout(&[], 3),
        rollout(&[1; 1_001], 3),
    ] {
        assert!(wrong.precision().is_err(), "{wrong:?}");
    }
    // Nothing varies: no error to divide by.
    let still = RolloutDesign {
        individual_autocorrelation: 1.0,
        cluster_autocorrelation: 1.0,
        ..good
    };
    let precision = still.precision().unwrap().unwrap();
    assert!(power_of(precision, 0.1, 0.95, PowerLaw::NoncentralT).is_err());
}

/// Persons of clusters in periods: shared and own parts with the variances and correlations asked for.
fn panel(n_clusters: i64, n_periods: i32, random: &mut Random) -> ComponentColumns {
    let mut columns = ComponentColumns {
        unit: Some(Vec::new()),
        time: Some(Vec::new()),
        ..ComponentColumns::default()
    };
    let parts = |random: &mut Random, variance: f64, r: f64| -> Vec<f64> {
        let shared = (variance * r).sqrt() * random.normal();
        let own = (variance * (1.0 - r)).sqrt();
        (0..n_periods)
            .map(|_| shared + own * random.normal())
            .collect()
    };
    let mut unit = 0;
    for cluster in 0..n_clusters {
        let shared = parts(random, 1.0, 0.7);
        for _ in 0..10 + 20 * (cluster % 2) {
            unit += 1;
            let own = parts(random, 9.0, 0.4);
            for period in 0..n_periods {
                let place = period as usize;
                // Some are not seen.
                if random.uniform() < 0.1 {
                    continue;
                }
                columns
                    .outcome
                    .push(shared[place] + own[place] + 5.0 * f64::from(period));
                columns.cluster.push(cluster);
                columns.unit.as_mut().unwrap().push(unit);
                columns.time.as_mut().unwrap().push(2_000 + period);
            }
        }
    }
    columns
}

#[test]
fn components_are_those_the_rows_were_drawn_with() {
    let columns = panel(600, 3, &mut Random::new(9));
    let found = variance_components(&columns, Correlation::Constant).unwrap();
    assert!((found.sd - 10.0_f64.sqrt()).abs() < 0.03, "{found:?}");
    assert!((found.icc - 0.1).abs() < 0.01, "{found:?}");
    assert!(
        (found.cluster_autocorrelation - 0.7).abs() < 0.04,
        "{found:?}"
    );
    assert!(
        (found.individual_autocorrelation - 0.4).abs() < 0.02,
        "{found:?}"
    );
    // 20 persons in the mean, 10 or 30, nine of ten of them seen.
    assert!((found.cluster_size - 18.0).abs() < 0.2);
    assert!((found.cv_cluster_size - 0.5).abs() < 0.02);
    assert_eq!(
        (found.n_clusters, found.n_periods, found.status),
        (600, 3, Status::Ok)
    );
    // What persons have of their own does not pass for the cluster's when they are not known.
    let rows = ComponentColumns {
        unit: None,
        ..columns.clone()
    };
    let apart = variance_components(&rows, Correlation::Constant).unwrap();
    assert!(close(apart.icc, found.icc, 1e-10) && apart.individual_autocorrelation == 0.0);
    assert!(apart.cluster_autocorrelation > found.cluster_autocorrelation);
    let mut turned = columns.clone();
    turned.outcome.reverse();
    turned.cluster.reverse();
    turned.unit.as_mut().unwrap().reverse();
    turned.time.as_mut().unwrap().reverse();
    let bits =
        |own: &VarianceComponents| [own.sd, own.icc, own.cluster_autocorrelation].map(f64::to_bits);
    let again = variance_components(&turned, Correlation::Constant).unwrap();
    assert_eq!(bits(&again), bits(&found));
    let decay = variance_components(&columns, Correlation::Decay).unwrap();
    assert!((decay.cluster_autocorrelation - 0.7).abs() < 0.05);
}

/// Two clusters of two: within 0.5·(1 + 1), between 2·(2² + 2²)/1 with means 2 apart from the whole.
#[test]
fn components_of_four_rows_by_hand() {
    let columns = ComponentColumns {
        outcome: vec![1.0, 2.0, 5.0, 6.0],
        cluster: vec![1, 1, 2, 2],
        ..ComponentColumns::default()
    };
    let found = variance_components(&columns, Correlation::Constant).unwrap();
    // SSW = 1 with 2, SSB = 16 with 1: sigma² = 0.5, tau² = (16 − 0.5)/2.
    assert!(close(found.sd, 8.25_f64.sqrt(), 1e-12));
    assert!(close(found.icc, 7.75 / 8.25, 1e-12));
    assert_eq!((found.cluster_size, found.cv_cluster_size), (2.0, 0.0));
    assert_eq!(
        (found.n_rows, found.n_units, found.status),
        (4, 4, Status::FewClusters)
    );
    assert!(found.cluster_autocorrelation.is_nan());
}

#[test]
fn rows_without_components_have_a_status() {
    let of = |outcome: &[f64], cluster: &[i64]| {
        let columns = ComponentColumns {
            outcome: outcome.to_vec(),
            cluster: cluster.to_vec(),
            ..ComponentColumns::default()
        };
        variance_components(&columns, Correlation::Constant).unwrap()
    };
    assert_eq!(of(&[], &[]).status, Status::NoRows);
    assert_eq!(
        of(&[f64::NAN, f64::INFINITY], &[1, 2]).status,
        Status::NoRows
    );
    assert_eq!(of(&[1.0, 2.0], &[1, 1]).status, Status::NotIdentified);
    assert_eq!(of(&[1.0, 2.0], &[1, 2]).status, Status::NotIdentified);
    assert_eq!(of(&[0.1; 4], &[1, 1, 2, 2]).status, Status::NoVariance);
    // Clusters that are more alike than chance: nothing is shared.
    let alike = of(&[1.0, 5.0, 1.0, 5.0, 1.0, 5.0], &[1, 1, 2, 2, 3, 3]);
    assert_eq!((alike.icc, alike.status), (0.0, Status::FewClusters));
    let mut columns = panel(3, 2, &mut Random::new(1));
    columns.unit = Some(vec![1; columns.outcome.len()]);
    let refusal = variance_components(&columns, Correlation::Constant).unwrap_err();
    assert!(matches!(refusal, EstimatorError::DuplicateRows { .. }));
    columns.cluster.pop();
    assert!(variance_components(&columns, Correlation::Constant).is_err());
}
