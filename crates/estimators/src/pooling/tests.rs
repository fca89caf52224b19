//! Critical values against those published with R's and Stata's `ebci`, against laws of the bias that must not beat them, and pooling against
//! what is known of it.

use super::critical_value::Rejection;
use super::ranks::{NormalLaw, among_best};
use super::*;
use crate::inference::normal;
use crate::tests::simulated::Random;
use crate::{EstimatorError, Status};

fn cva(second_moment: f64, kurtosis: f64, level: f64) -> f64 {
    robust_critical_value(second_moment, kurtosis, level).unwrap()
}

/// The manual, the vignette and the tests of `ebci` 1.0.0.
#[test]
fn critical_values_are_the_published_ones() {
    let free = f64::INFINITY;
    for (m2, kurtosis, level, published, tolerance) in [
        (0.0, free, 0.95, 1.959_964, 1e-6),
        (4.0, free, 0.95, 7.216_351, 1e-6),
        (4.0, 3.0, 0.95, 4.619_513, 1e-6),
        (25.0, 3.0, 0.95, 11.883_583_67, 1e-7),
        (1.0, 3.0, 0.8, 1.849_468_3, 1e-6),
        (100.0, 3.0, 0.95, 24.861_722_17, 1e-7),
        (2.8 * 2.8, 8.0, 0.9, 7.077_974_715_8, 1e-8),
    ] {
        let found = cva(m2, kurtosis, level);
        assert!(
            (found - published).abs() < tolerance,
            "cva({m2}, {kurtosis}) = {found}, not {published}"
        );
    }
    // Under the free law the kurtosis is 17.4 and 16.6.
    assert!((cva(4.0, 20.0, 0.95) - cva(4.0, free, 0.95)).abs() < 1e-8);
    assert!(cva(0.25, 15.0, 0.95) < cva(0.25, free, 0.95) - 1e-6);
}

/// A bias that is known needs the quantile of |N(b, 1)|; a large one that of Chebyshev's inequality.
#[test]
fn critical_values_have_their_limits() {
    for b in [0.0_f64, 0.3, 1.0, 5.0, 100.0] {
        let found = cva(b * b, 1.0, 0.95);
        let rejected = normal::cdf(-found - b) + normal::cdf(b - found);
        assert!((rejected - 0.05).abs() < 1e-9, "{b}: {rejected}");
        assert!((cva(b * b, 1.000_001, 0.95) - found).abs() < 1e-4 * (1.0 + b));
    }
    for m2 in [1e6, 1e12, 1e15] {
        let ratio = cva(m2, f64::INFINITY, 0.9) / ((1.0 + m2) / 0.1_f64).sqrt();
        assert!((ratio - 1.0).abs() < 2e-3, "{m2}: {ratio}");
    }
    let mut before = 0.0;
    for kurtosis in [1.0, 1.2, 2.0, 3.0, 6.0, 17.0, 30.0, f64::INFINITY] {
        let found = cva(4.0, kurtosis, 0.95);
        assert!(found >= before - 1e-9, "{kurtosis}");
        before = found;
    }
    for (m2, kurtosis) in [(-1.0, 3.0), (f64::NAN, 3.0), (1.0, 0.9), (1.0, f64::NAN)] {
        let refusal = robust_critical_value(m2, kurtosis, 0.95).unwrap_err();
        assert!(matches!(refusal, EstimatorError::BadOption { .. }));
    }
    assert!(robust_critical_value(1.0, 3.0, 1.0).is_err());
}

/// Three-point laws with the moments do not reject more often than the bound says, and the bound is a law's: no parabola is lower.
#[test]
fn no_law_with_the_moments_rejects_more_often() {
    let mut random = Random::new(4);
    for (m, kurtosis) in [(0.3, 2.0), (1.0, 3.0), (4.0, 3.0), (4.0, 1.3), (9.0, 6.0)] {
        let chi = cva(m, kurtosis, 0.95);
        let rejection = Rejection { chi };
        let mut most = 0.0_f64;
        for _ in 0..20_000 {
            let mut points = [(); 3].map(|()| random.uniform() * 4.0 * kurtosis * m);
            points.sort_by(f64::total_cmp);
            let [a, b, c] = points;
            // Weights with mean m and mean square κm².
            let square = kurtosis * m * m;
            let weight =
                |x: f64, y: f64, z: f64| (square - (y + z) * m + y * z) / ((x - y) * (x - z));
            let weights = [weight(a, b, c), weight(b, a, c), weight(c, a, b)];
            if weights.iter().all(|weight| *weight >= 0.0) {
                let mean = weights
                    .iter()
                    .zip(points)
                    .map(|(w, x)| w * rejection.at(x))
                    .sum();
                most = most.max(mean);
            }
        }
        assert!(most <= 0.05 + 1e-9, "{m} {kurtosis}: {most}");
        assert!(most > 0.045, "{m} {kurtosis}: {most}");
        let variance = (kurtosis - 1.0) * m * m;
        for step in 1..200 {
            let bound = rejection.parabola(f64::from(step) * 0.05 * (1.0 + m), m, variance);
            assert!(bound >= 0.05 - 1e-8, "{m} {kurtosis} {step}: {bound}");
        }
    }
}

const OPTIONS: PoolOptions = PoolOptions {
    weights: PoolWeights::Precision,
    level: 0.95,
    direction: Best::Highest,
    best: None,
};

fn columns(estimates: &[f64], std_errors: &[f64]) -> PoolColumns {
    PoolColumns {
        estimates: estimates.to_vec(),
        std_errors: std_errors.to_vec(),
        covariates: Vec::new(),
    }
}

/// Estimates 0 … 4 with errors 1: mean 2, μ₂ = 2 − 1, κ at its bound 1 + 32/5, so that everything keeps half of its distance.
#[test]
fn five_estimates_by_hand() {
    let found = pool(&columns(&[0.0, 1.0, 2.0, 3.0, 4.0], &[1.0; 5]), &OPTIONS).unwrap();
    assert!((found.spread - 1.0).abs() < 1e-12);
    assert!((found.kurtosis - (1.0 + 32.0 / 5.0)).abs() < 1e-12);
    assert_eq!((found.n_pooled, found.status), (5, Status::TooFew));
    let pooled: Vec<f64> = found.rows.iter().map(|row| row.pooled).collect();
    for (pooled, expected) in pooled.iter().zip([1.0, 1.5, 2.0, 2.5, 3.0]) {
        assert!((pooled - expected).abs() < 1e-12);
    }
    let last = found.rows[4];
    assert_eq!((last.shrinkage, last.target), (0.5, 2.0));
    let half = cva(1.0, 7.4, 0.95) * 0.5;
    assert!((last.conf_high - 3.0 - half).abs() < 1e-9);
    assert!((last.normal_half_length - 1.959_963_984_540_054 * 0.5_f64.sqrt()).abs() < 1e-9);
    // The middle one is in the middle, and ranks add up.
    assert!((found.rows[2].mean_rank - 3.0).abs() < 1e-12);
    let sum: f64 = found.rows.iter().map(|row| row.mean_rank).sum();
    assert!((sum - 15.0).abs() < 1e-10);
}

/// Without more spread than errors explain, the bound keeps a little: μ₂ = 2/n.
#[test]
fn equal_estimates_are_not_shrunk_all_the_way() {
    let found = pool(&columns(&[3.0; 20], &[1.0; 20]), &OPTIONS).unwrap();
    assert!((found.spread - 0.1_f64.sqrt()).abs() < 1e-12);
    assert!((found.rows[0].shrinkage - 0.1 / 1.1).abs() < 1e-12);
    assert!((found.rows[0].pooled - 3.0).abs() < 1e-12);
    assert_eq!(found.status, Status::Ok);
}

#[test]
fn units_of_the_estimates_do_not_matter() {
    let mut random = Random::new(8);
    let (estimates, errors): (Vec<f64>, Vec<f64>) = (0..30)
        .map(|_| (random.normal() * 2.0, 0.2 + random.uniform()))
        .unzip();
    let covariate: Vec<f64> = random.normals(30);
    let of = |scale: f64, shift: f64, stretch: f64| {
        let columns = PoolColumns {
            estimates: estimates.iter().map(|y| scale * y + shift).collect(),
            std_errors: errors.iter().map(|error| scale * error).collect(),
            covariates: vec![covariate.iter().map(|x| stretch * x + 7.0).collect()],
        };
        pool(
            &columns,
            &PoolOptions {
                best: Some(4),
                ..OPTIONS
            },
        )
        .unwrap()
    };
    let (plain, other) = (of(1.0, 0.0, 1.0), of(1e60, 3e60, 1e5));
    for (a, b) in plain.rows.iter().zip(&other.rows) {
        assert!((b.pooled / 1e60 - 3.0 - a.pooled).abs() < 1e-9);
        assert!((b.conf_low / 1e60 - 3.0 - a.conf_low).abs() < 1e-8);
        assert!((b.among_best - a.among_best).abs() < 1e-8);
        assert!((b.mean_rank - a.mean_rank).abs() < 1e-8);
    }
    // The regression is the weighted one: residuals weigh nothing against the covariate.
    let rows = plain
        .rows
        .iter()
        .zip(&estimates)
        .zip(&errors)
        .zip(&covariate);
    let sum: f64 = rows
        .map(|(((row, y), error), x)| x * (y - row.target) / (error * error))
        .sum();
    assert!(sum.abs() < 1e-9, "{sum}");
    let shares: f64 = plain.rows.iter().map(|row| row.among_best).sum();
    assert!((shares - 4.0).abs() < 1e-7, "{shares}");
}

/// Of three with the same error, the first of two best by simulation.
#[test]
fn the_best_are_as_probable_as_among_draws() {
    let (estimates, errors) = ([1.0, 0.4, 0.0, -0.3, 2.0], [0.5, 0.2, 0.6, 0.1, 1.0]);
    let options = PoolOptions {
        best: Some(2),
        ..OPTIONS
    };
    let found = pool(&columns(&estimates, &errors), &options).unwrap();
    let mirrored = PoolOptions {
        direction: Best::Lowest,
        ..options
    };
    let negative: Vec<f64> = estimates.iter().map(|y| -y).collect();
    let other = pool(&columns(&negative, &errors), &mirrored).unwrap();
    let mut random = Random::new(3);
    let (n, mut n_best, mut ranks) = (40_000, [0; 5], [0; 5]);
    for _ in 0..n {
        let draws: Vec<f64> = found
            .rows
            .iter()
            .zip(errors)
            .map(|(row, error)| row.pooled + row.shrinkage.sqrt() * error * random.normal())
            .collect();
        for (own, draw) in draws.iter().enumerate() {
            let n_better = draws.iter().filter(|other| *other > draw).count();
            n_best[own] += usize::from(n_better < 2);
            ranks[own] += n_better + 1;
        }
    }
    for (place, row) in found.rows.iter().enumerate() {
        let share = n_best[place] as f64 / f64::from(n);
        assert!(
            (row.among_best - share).abs() < 0.01,
            "{} {share}",
            row.among_best
        );
        assert!((row.mean_rank - ranks[place] as f64 / f64::from(n)).abs() < 0.02);
        assert!((row.among_best - other.rows[place].among_best).abs() < 1e-9);
        assert!((row.mean_rank - other.rows[place].mean_rank).abs() < 1e-9);
    }
    let all = PoolOptions {
        best: Some(5),
        ..OPTIONS
    };
    let found = pool(&columns(&estimates, &errors), &all).unwrap();
    assert!(found.rows.iter().all(|row| row.among_best == 1.0));
}

/// P(fewer than `k` others are above) of one effect, by a sum over 40,000 points of its own law.
fn by_points(effects: &[NormalLaw], own: usize, k: usize) -> f64 {
    let NormalLaw { mean, variance } = effects[own];
    let n = 40_000;
    let share = |point: i32| {
        let z = -9.0 + 18.0 * (f64::from(point) + 0.5) / f64::from(n);
        let x = mean + z * variance.sqrt();
        let mut above = vec![0.0; effects.len()];
        above[0] = 1.0;
        for other in effects
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != own)
        {
            let p = normal::cdf((other.1.mean - x) / other.1.variance.sqrt());
            for count in (1..above.len()).rev() {
                above[count] = above[count] * (1.0 - p) + above[count - 1] * p;
            }
            above[0] *= 1.0 - p;
        }
        (-0.5 * z * z).exp() * above[..k].iter().sum::<f64>()
    };
    let step = 18.0 / f64::from(n);
    (0..n).map(share).sum::<f64>() * step / (2.0 * std::f64::consts::PI).sqrt()
}

/// Laws of all kinds of sharpness, some far from the others.
#[test]
fn shares_among_the_best_are_those_of_each_law_by_itself() {
    let mut random = Random::new(11);
    for (n, k, spread) in [(9, 1, 1.0), (12, 3, 0.1), (7, 5, 30.0)] {
        let effect = |_| NormalLaw {
            mean: spread * random.normal(),
            variance: (4.0 * random.normal()).exp().clamp(1e-4, 10.0),
        };
        let effects: Vec<NormalLaw> = (0..n).map(effect).collect();
        let found = among_best(&effects, k, Best::Highest).unwrap();
        for (own, found) in found.iter().enumerate() {
            let expected = by_points(&effects, own, k);
            assert!(
                (found - expected).abs() < 1e-8,
                "{own} of {n}: {expected}, found {found}"
            );
        }
        assert!((found.iter().sum::<f64>() - k as f64).abs() < 1e-8);
    }
}

/// Shares of true effects that the robust and the normal intervals hold, of a law with most effects zero and few large ones.
fn coverage(n: usize, n_samples: usize, seed: u64) -> (f64, f64) {
    let mut random = Random::new(seed);
    let (mut robust, mut parametric) = (0, 0);
    for _ in 0..n_samples {
        let (mut truth, mut estimates, mut errors) = (vec![], vec![], vec![]);
        for _ in 0..n {
            let effect = if random.uniform() < 0.1 { 3.0 } else { 0.0 };
            let error = 0.5 + random.uniform();
            truth.push(effect);
            estimates.push(effect + error * random.normal());
            errors.push(error);
        }
        let options = PoolOptions {
            level: 0.9,
            ..OPTIONS
        };
        let found = pool(&columns(&estimates, &errors), &options).unwrap();
        for (row, truth) in found.rows.iter().zip(truth) {
            robust += usize::from(row.conf_low <= truth && truth <= row.conf_high);
            parametric += usize::from((row.pooled - truth).abs() <= row.normal_half_length);
        }
    }
    let all = (n * n_samples) as f64;
    (robust as f64 / all, parametric as f64 / all)
}

#[test]
fn robust_intervals_cover_whatever_the_law() {
    let (robust, parametric) = coverage(200, 40, 1);
    assert!(robust > 0.895, "{robust}");
    assert!(parametric < robust, "{parametric}");
    // With few estimates moments are uncertain; their bounds hold against that.
    let (robust, _) = coverage(13, 200, 2);
    assert!(robust > 0.88, "{robust}");
}

#[test]
fn rows_that_cannot_be_pooled_keep_their_place() {
    let nan = f64::NAN;
    let given = columns(&[1.0, nan, 2.0, 4.0, 3.0], &[1.0, 1.0, 0.0, 1.0, 2.0]);
    let found = pool(&given, &OPTIONS).unwrap();
    let statuses: Vec<Status> = found.rows.iter().map(|row| row.status).collect();
    use Status::{Missing, NoVariance, NotIdentified, TooFew};
    assert_eq!(statuses, [TooFew, Missing, NoVariance, TooFew, TooFew]);
    assert!(found.rows[1].pooled.is_nan() && found.n_pooled == 3);
    let found = pool(&columns(&[1.0, 2.0], &[1.0, 1.0]), &OPTIONS).unwrap();
    assert_eq!(
        (found.status, found.rows[0].status),
        (NotIdentified, NotIdentified)
    );
    let empty = pool(&columns(&[], &[]), &OPTIONS).unwrap();
    assert_eq!((empty.rows.len(), empty.status), (0, NotIdentified));
    for (first, second) in [
        (1.0, 1.0),
        (f64::INFINITY, 1.0),
        (1e300, 1e-300),
        (1e-300, 1e300),
    ] {
        let given = columns(&[first, -first, 0.0, second], &[second, 1.0, second, 2.0]);
        assert_eq!(pool(&given, &OPTIONS).unwrap().rows.len(), 4);
    }
    let mut given = columns(&[1.0, 2.0, 3.0, 4.0, 9.0], &[1.0; 5]);
    given.covariates = vec![vec![2.0; 5]];
    assert_eq!(pool(&given, &OPTIONS).unwrap().status, Status::Singular);
    given.covariates = vec![
        vec![1.0, 2.0, 3.0, 4.0, 5.0],
        vec![2.0, 4.0, 6.0, 8.0, 10.0],
    ];
    assert_eq!(pool(&given, &OPTIONS).unwrap().status, Status::Singular);
    given.covariates = vec![vec![1.0, 2.0]];
    assert!(matches!(
        pool(&given, &OPTIONS),
        Err(EstimatorError::LengthMismatch { .. })
    ));
}

#[test]
fn impossible_options_are_refused() {
    let given = columns(&[1.0, 2.0, 3.0], &[1.0; 3]);
    assert!(
        pool(
            &given,
            &PoolOptions {
                level: 1.0,
                ..OPTIONS
            }
        )
        .is_err()
    );
    assert!(
        pool(
            &given,
            &PoolOptions {
                best: Some(0),
                ..OPTIONS
            }
        )
        .is_err()
    );
    let many = vec![1.0; MOST_RANKED + 1];
    let refusal = pool(&columns(&many, &many), &OPTIONS);
    assert!(matches!(refusal, Err(EstimatorError::TooMany { .. })));
    let many = vec![1.0; 5_000];
    let refusal = pool(
        &columns(&many, &many),
        &PoolOptions {
            best: Some(300),
            ..OPTIONS
        },
    );
    assert!(matches!(refusal, Err(EstimatorError::TooMany { .. })));
}
