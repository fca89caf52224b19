//! Degrees of freedom of the jackknife by cluster: what is written out row by row, and what intervals hold with few exposed clusters.

use nalgebra::{DMatrix, DVector};

use super::few_clusters_properties::{firms, row, unweighted};
use super::golden::close;
use super::regression_cases::{data, fit, noise, rows, with_vcov};
use super::resampling::Dice;
use crate::Status;
use crate::regression::{OlsOptions, Reference, RegressionData, formula, ols};

fn satterthwaite(vcov: &str) -> OlsOptions {
    OlsOptions {
        reference: Reference::Satterthwaite,
        ..with_vcov(vcov)
    }
}

/// The map from outcomes to the second coefficient, the rows of `left_out` aside.
fn map(x: &DMatrix<f64>, weights: &[f64], left_out: impl Fn(usize) -> bool) -> DVector<f64> {
    let weight = |row: usize| if left_out(row) { 0.0 } else { weights[row] };
    let weighted = DMatrix::from_fn(x.nrows(), x.ncols(), |row, k| weight(row) * x[(row, k)]);
    let inverse = (x.transpose() * &weighted).pseudo_inverse(1e-9).unwrap();
    (weighted * inverse).column(1).into_owned()
}

/// tr(Q)²/ΣQ² and the mean of the variance over what it estimates, from the changes as maps of the outcome.
fn by_hand(data: &RegressionData, x: &DMatrix<f64>, n_sites: usize) -> (f64, f64) {
    let n = x.nrows();
    let site = data.columns["site"].numbers().unwrap().into_owned();
    let weights = data.weight.clone().unwrap_or_else(|| vec![1.0; n]);
    let all = map(x, &weights, |_| false);
    let changes: Vec<DVector<f64>> = (0..n_sites)
        .map(|own| map(x, &weights, |row| site[row] == own as f64) - &all)
        .collect();
    let changes = DMatrix::from_columns(&changes);
    let products = changes.tr_mul(&changes);
    let g = n_sites as f64;
    let df = products.trace().powi(2) / products.norm_squared();
    (df, (g - 1.0) / g * products.trace() / all.norm_squared())
}

/// Firms are absorbed: some lie within a site, some are cut; with weights that vary in them and without.
#[test]
fn degrees_of_freedom_are_those_of_the_maps_from_outcomes() {
    for data in [firms(), unweighted(firms())] {
        let column = |name: &str| data.columns[name].numbers().unwrap().into_owned();
        let (d, x, firm, year) = (column("d"), column("x"), column("firm"), column("year"));
        let design = DMatrix::from_fn(240, 2 + 30 + 4, |row, k| match k {
            0 => x[row],
            1 => d[row],
            2..32 => f64::from(u8::from(firm[row] == (k - 2) as f64)),
            _ => f64::from(u8::from(year[row] == (k - 31) as f64)),
        });
        let (df, _) = by_hand(&data, &design, 8);
        for text in [
            "y ~ d + x | firm + year",
            "y ~ d + x + factor(firm) + factor(year)",
        ] {
            let found = fit(text, &data, &satterthwaite("cr3(site)"));
            assert!(
                close(row(&found, "d").df, df, 1e-7),
                "{text}: {df}, {}",
                row(&found, "d").df
            );
            let plain = fit(text, &data, &with_vcov("cr3(site)"));
            assert_eq!(row(&plain, "d").df, 7.0);
            assert_eq!(row(&plain, "d").std_error, row(&found, "d").std_error);
        }
    }
}

/// 40 clusters of five persons in three periods with a shock each, three of them exposed in the last.
fn sample(draw: u64) -> RegressionData {
    let mut dice = Dice::new(7_000 + draw);
    let (mut y, mut treated, mut person, mut period, mut site) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for cluster in 0..40 {
        let shocks = [dice.normal(), dice.normal(), dice.normal()];
        for one in 0..5 {
            let level = dice.normal();
            for (time, shock) in shocks.iter().enumerate() {
                let exposed = f64::from(u8::from(cluster < 3 && time == 2));
                y.push(level + shock + dice.normal() + 0.3 * exposed);
                treated.push(exposed);
                person.push(f64::from(cluster * 5 + one));
                period.push(time as f64);
                site.push(f64::from(cluster));
            }
        }
    }
    data(&[
        ("y", y),
        ("treated", treated),
        ("person", person),
        ("period", period),
        ("site", site),
    ])
}

/// With three exposed of 40 clusters t with 39 degrees of freedom holds about 90 %, with those of the coefficient's own 94 % or more.
#[test]
fn three_exposed_of_forty_are_held() {
    const DRAWS: u64 = 400;
    let formula = formula::parse("y ~ treated | person + period").unwrap();
    let mut held = [0_u64; 2];
    for draw in 0..DRAWS {
        let data = sample(draw);
        for (held, options) in held
            .iter_mut()
            .zip([with_vcov("cr3(site)"), satterthwaite("cr3(site)")])
        {
            let found = ols(&formula, &data, &options).unwrap();
            let found = row(&found, "treated");
            *held += u64::from(found.conf_low <= 0.3 && 0.3 <= found.conf_high);
            if options.reference == Reference::Satterthwaite {
                assert!((2.0..3.0).contains(&found.df), "{}", found.df);
                assert_eq!(found.status, Status::Conservative);
            } else {
                assert_eq!(found.status, Status::FewClusters);
            }
        }
    }
    let [plain, own] = held.map(|held| held as f64 / DRAWS as f64);
    assert!(plain < 0.925, "{plain}");
    assert!((0.94..0.995).contains(&own), "{own}");
}

#[test]
fn thin_data_have_statuses_and_other_errors_no_degrees() {
    // One exposed cluster: without it there is no effect.
    let n = 60;
    let lone = data(&[
        ("y", noise(n, 1)),
        ("d", rows(n, |row| f64::from(u8::from(row < 10)))),
        ("site", rows(n, |row| (row / 10) as f64)),
        ("one", rows(n, |_| 1.0)),
    ]);
    let found = fit("y ~ d", &lone, &satterthwaite("cr3(site)"));
    assert_eq!(row(&found, "d").status, Status::NotIdentified);
    assert!(row(&found, "d").std_error.is_nan());
    let found = fit("y ~ d", &lone, &satterthwaite("cr3(one)"));
    assert_eq!(row(&found, "d").status, Status::NoVariance);
    let parsed = formula::parse("y ~ d").unwrap();
    assert!(ols(&parsed, &lone, &satterthwaite("cluster(site)")).is_err());
    assert!(ols(&parsed, &lone, &satterthwaite("hc1")).is_err());
    // CR2 has degrees of freedom of its own anyway.
    let data = firms();
    let [own, plain] = [satterthwaite("cr2(site)"), with_vcov("cr2(site)")]
        .map(|options| fit("y ~ d + x | firm", &data, &options));
    assert_eq!(row(&own, "d"), row(&plain, "d"));
}
