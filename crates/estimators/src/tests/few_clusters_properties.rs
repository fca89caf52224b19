//! What inference with few clusters must be whatever the data: the same bits in any order, refits left out cluster by cluster, row
//! clusters that are HC2 and HC3, and thin data that get a status.

use super::few_clusters_golden::WILD;
use super::golden::{Data, close, key};
use super::properties::shuffled;
use super::regression::{prepared, regression_data};
use super::regression_cases::{OPTIONS, data, estimate, fit, noise, rows, std_error, with_vcov};
use crate::regression::{
    Coefficient, Column, OlsOptions, OlsResult, RegressionData, Vcov, Wild, WildNull, WildWeights,
    formula, ols, ols_diagnostics,
};
use crate::{EstimatorError, Status};

/// Errors, and the bootstrap beside them.
fn with_wild(vcov: &str, wild: Wild) -> OlsOptions {
    OlsOptions {
        vcov: Vcov::parse(vcov).unwrap(),
        wild: Some(wild),
        ..OPTIONS
    }
}

/// 240 rows in 8 sites and 30 firms, ten of which have rows in two sites; weights that vary in every firm.
pub(super) fn firms() -> RegressionData {
    let n = 240;
    let site = |row: usize| row / 30;
    let firm = |row: usize| {
        let own = row / 8;
        if row % 24 == 7 { (own + 5) % 30 } else { own }
    };
    let (e, x) = (noise(n, 3), noise(n, 4));
    let shocks = noise(8, 5);
    let mut data = data(&[
        ("site", rows(n, |row| site(row) as f64)),
        ("firm", rows(n, |row| firm(row) as f64)),
        ("year", rows(n, |row| (row % 5) as f64)),
        (
            "d",
            rows(n, |row| {
                f64::from(u8::from((row % 5) >= 2 && site(row) % 2 == 0))
            }),
        ),
        ("x", x.clone()),
        ("y", rows(n, |row| e[row] + x[row] + shocks[site(row)])),
    ]);
    data.weight = Some(noise(n, 6).iter().map(|w| 1.5 + w).collect());
    data
}

pub(super) fn unweighted(mut data: RegressionData) -> RegressionData {
    data.weight = None;
    data
}

pub(super) fn row<'a>(result: &'a OlsResult, term: &str) -> &'a Coefficient {
    result.rows.iter().find(|row| row.term == term).unwrap()
}

fn numbers(row: &Coefficient) -> Vec<f64> {
    let wild = row.wild.unwrap();
    vec![
        row.estimate,
        row.std_error,
        row.df,
        row.conf_low,
        wild.p_value,
        wild.conf_low,
        wild.conf_high,
    ]
}

#[test]
fn nothing_depends_on_row_order_or_threads() {
    let data = Data::sim("s5_regression");
    let order = shuffled(data.n_rows);
    let mut other = data.clone();
    for values in other.numbers.values_mut() {
        *values = order.iter().map(|&row| values[row]).collect();
    }
    let random = Wild {
        n_draws: 700,
        weights: WildWeights::Webb,
        ..WILD
    };
    for (text, vcov) in [
        (
            "outcome ~ treat + x1 | clinic_id + month_id",
            "cr2(wave_id)",
        ),
        (
            "outcome ~ treat + x1 | clinic_id + month_id",
            "cr3(wave_id)",
        ),
        ("outcome ~ treat + x1 + x2", "cr2(district_id)"),
    ] {
        let bits = |data: &Data, threads| -> Vec<u64> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let data = regression_data(data, Some("w"));
            let run = || fit(text, &data, &with_wild(vcov, random));
            let result = pool.build().unwrap().install(run);
            let numbers = result.rows.iter().flat_map(numbers);
            numbers.map(f64::to_bits).collect()
        };
        assert_eq!(bits(&data, 1), bits(&other, 3), "{text} {vcov}");
    }
}

/// Levels that clusters cut, with and without weights, give what indicators written out give.
#[test]
fn absorbed_levels_across_clusters_are_indicators() {
    let absorbed = "y ~ d + x | firm + year";
    let written = "y ~ d + x + factor(firm) + factor(year)";
    for data in [firms(), unweighted(firms())] {
        for vcov in ["cr2(site)", "cr3(site)"] {
            for null in [WildNull::Imposed, WildNull::NotImposed] {
                let options = with_wild(vcov, Wild { null, ..WILD });
                let [a, b] = [absorbed, written].map(|text| fit(text, &data, &options));
                for term in ["d", "x"] {
                    let (a, b) = (numbers(row(&a, term)), numbers(row(&b, term)));
                    for (a, b) in a.iter().zip(&b) {
                        assert!(close(*a, *b, 1e-8), "{vcov} {term}: {a} and {b}");
                    }
                }
            }
        }
    }
}

/// Coefficients without one cluster, by dropping its rows.
fn refits(text: &str, data: &Data, weight: Option<&str>, cluster: &str, term: &str) -> Vec<f64> {
    let codes = data.column(cluster);
    let mut labels = codes.clone();
    labels.sort_by(f64::total_cmp);
    labels.dedup();
    let refit = |label: &f64| {
        let rest = data.filter(|row| codes[row] != *label);
        estimate(&fit(text, &regression_data(&rest, weight), &OPTIONS), term)
    };
    labels.iter().map(refit).collect()
}

#[test]
fn the_jackknife_refits_without_each_cluster() {
    let data = Data::sim("s5_regression");
    // Districts lie across clinics and months.
    for (text, cluster) in [
        ("outcome ~ treat + x1 | clinic_id + month_id", "district_id"),
        ("outcome ~ treat + x1 | month_id", "wave_id"),
        ("outcome ~ treat*x1 + factor(month_id)", "wave_id"),
    ] {
        let options = with_vcov(&format!("cr3({cluster})"));
        let result = fit(text, &regression_data(&data, Some("w")), &options);
        let all = refits(text, &data, Some("w"), cluster, "treat");
        let n = all.len() as f64;
        let found = row(&result, "treat");
        let squares: f64 = all.iter().map(|own| (own - found.estimate).powi(2)).sum();
        let expected = ((n - 1.0) / n * squares).sqrt();
        assert!(close(found.std_error, expected, 1e-9), "{text}");
        assert_eq!(found.df, n - 1.0);
    }
}

/// The reference has the same refits about their own mean, too.
#[test]
fn refits_are_those_of_the_reference() {
    let mut n_compared = 0;
    for expected in super::few_clusters_golden::rows("few_clusters") {
        if key(&expected.spec, "vcov") != Some("CV3J_jackknife_centred_at_mean") {
            continue;
        }
        let spec = |name| key(&expected.spec, name).unwrap();
        let weight = Some(spec("weight")).filter(|&weight| weight != "none");
        let term = key(&expected.row, "term").unwrap();
        let data = prepared(&expected.dataset);
        let all = refits(spec("formula"), &data, weight, spec("cluster"), term);
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let squares: f64 = all.iter().map(|own| (own - mean).powi(2)).sum();
        let found = ((n - 1.0) / n * squares).sqrt();
        assert!(
            close(found, expected.value.unwrap(), 1e-8),
            "{}",
            expected.label()
        );
        n_compared += 1;
    }
    assert_eq!(n_compared, 6);
}

/// CR2 of rows as clusters is HC2, the jackknife of rows HC3 times (n − 1)/n.
#[test]
fn rows_as_clusters_are_hc2_and_hc3() {
    let mut data = unweighted(firms());
    let row_number = Column::Numeric(rows(240, |row| row as f64));
    data.columns.insert("row".to_owned(), row_number);
    for text in ["y ~ d + x", "y ~ d + x | year", "y ~ d + x | site + year"] {
        let [cr2, cr3, hc2, hc3] =
            ["cr2(row)", "cr3(row)", "hc2", "hc3"].map(|vcov| fit(text, &data, &with_vcov(vcov)));
        for term in ["d", "x"] {
            assert!(
                close(std_error(&cr2, term), std_error(&hc2, term), 1e-9),
                "{text}"
            );
            let jackknife = std_error(&hc3, term) * (239.0_f64 / 240.0).sqrt();
            assert!(close(std_error(&cr3, term), jackknife, 1e-9), "{text}");
        }
    }
}

#[test]
fn units_and_the_size_of_weights_change_nothing() {
    let base = firms();
    let options = with_wild("cr2(site)", WILD);
    let expected = fit("y ~ d + x | firm", &base, &options);
    let mut scaled = base.clone();
    for name in ["y", "x"] {
        let Some(Column::Numeric(values)) = scaled.columns.get_mut(name) else {
            panic!("numbers");
        };
        values.iter_mut().for_each(|value| *value *= 1024.0);
    }
    scaled.weight = base
        .weight
        .as_ref()
        .map(|all| all.iter().map(|w| w * 8.0).collect());
    let found = fit("y ~ d + x | firm", &scaled, &options);
    let (a, b) = (row(&expected, "x"), row(&found, "x"));
    for (a, b) in numbers(a).iter().zip(numbers(b)) {
        assert!(close(*a, b, 1e-9), "{a} and {b}");
    }
    assert!(close(
        1024.0 * row(&expected, "d").std_error,
        row(&found, "d").std_error,
        1e-9
    ));
    // One weight for all is none.
    let mut constant = base.clone();
    constant.weight = Some(vec![0.3; 240]);
    let [a, b] = [&constant, &unweighted(base)].map(|data| fit("y ~ d + x | firm", data, &options));
    for (a, b) in numbers(row(&a, "d")).iter().zip(numbers(row(&b, "d"))) {
        assert!(close(*a, b, 1e-9), "{a} and {b}");
    }
}

/// At an end of the interval the hypothesis is about to be rejected: so says the test of the outcome less that effect.
#[test]
fn intervals_end_where_tests_begin_to_reject() {
    let data = firms();
    let options = with_wild("cluster(site)", WILD);
    let found = fit("y ~ d + x | year", &data, &options);
    let own = row(&found, "x");
    let test = |null: f64| {
        let mut moved = data.clone();
        let values = |name: &str| moved.columns[name].numbers().unwrap().into_owned();
        let y = values("y")
            .iter()
            .zip(values("x"))
            .map(|(y, x)| y - null * x)
            .collect();
        moved.columns.insert("y".to_owned(), Column::Numeric(y));
        row(&fit("y ~ d + x | year", &moved, &options), "x")
            .wild
            .unwrap()
            .p_value
    };
    let wild = own.wild.unwrap();
    let step = 1e-6 * own.std_error;
    for (end, outwards) in [(wild.conf_low, -step), (wild.conf_high, step)] {
        assert!(test(end + outwards) <= 0.05 && test(end - outwards) > 0.05);
    }
    assert!(wild.conf_low < own.estimate && own.estimate < wild.conf_high);
}

#[test]
fn draws_are_complete_when_there_are_few() {
    let data = firms();
    let draws = |wild| {
        fit("y ~ d + x", &data, &with_wild("cluster(site)", wild))
            .wild
            .unwrap()
    };
    let all = draws(WILD);
    assert!((all.n_draws, all.is_complete) == (256, true));
    let some = draws(Wild {
        n_draws: 255,
        ..WILD
    });
    assert!((some.n_draws, some.is_complete) == (255, false));
    let webb = draws(Wild {
        weights: WildWeights::Webb,
        ..WILD
    });
    assert!((webb.n_draws, webb.is_complete) == (9_999, false));
    // The seed decides random draws and nothing else.
    let p_value = |n_draws, seed| {
        let mut options = with_wild("cluster(site)", Wild { n_draws, ..WILD });
        options.seed = seed;
        row(&fit("y ~ d + x", &data, &options), "d")
            .wild
            .unwrap()
            .p_value
    };
    assert_eq!(p_value(9_999, 1), p_value(9_999, 2));
    assert_eq!(p_value(200, 1), p_value(200, 1));
    assert_ne!(p_value(200, 1), p_value(200, 2));
    // Shares of 200 draws and the sample itself.
    let shares = p_value(200, 1) * 201.0;
    assert!(close(shares, shares.round(), 1e-12) && shares >= 1.0);
    // About the same as all of them: within four errors of a share.
    let (all, some) = (p_value(9_999, 1), p_value(200, 1));
    assert!((all - some).abs() < 4.0 * (0.25_f64 / 200.0).sqrt());
}

/// Two of one and two of the other: 16 sign vectors reject nothing at 5 %, so that no interval ends.
#[test]
fn four_clusters_have_no_interval() {
    let all = firms();
    let site = all.columns["site"].numbers().unwrap().into_owned();
    let mut data = all.clone();
    for column in data.columns.values_mut() {
        let values = column.numbers().unwrap().into_owned();
        let kept = values.iter().zip(&site).filter(|(_, site)| **site < 4.0);
        *column = Column::Numeric(kept.map(|(value, _)| *value).collect());
    }
    data.weight = None;
    let found = fit("y ~ d + x", &data, &with_wild("cluster(site)", WILD));
    let wild = row(&found, "d").wild.unwrap();
    assert!(wild.p_value >= 0.125 && wild.conf_low.is_nan() && wild.conf_high.is_nan());
}

#[test]
fn thin_data_have_a_status() {
    let n = 60;
    let site = rows(n, |row| (row / 10) as f64);
    let base = [
        ("y", noise(n, 1)),
        ("x", noise(n, 2)),
        ("one", vec![1.0; n]),
        ("only", rows(n, |row| f64::from(u8::from(row < 10)))),
        ("all", vec![0.0; n]),
        ("site", site),
    ];
    let data = data(&base);
    for vcov in ["cr2", "cr3"] {
        let options = |cluster: &str| with_wild(&format!("{vcov}({cluster})"), WILD);
        // One cluster.
        let found = fit("y ~ x", &data, &options("all"));
        let x = row(&found, "x");
        assert_eq!(x.status, Status::NoVariance);
        assert!(x.std_error.is_nan() && x.wild.unwrap().p_value.is_nan());
        // Exposed in one cluster only: without it there is no such coefficient.
        let found = fit("y ~ x + only", &data, &options("site"));
        assert_eq!(row(&found, "only").status, Status::NotIdentified);
        assert!(row(&found, "only").std_error.is_nan() && row(&found, "only").estimate.is_finite());
        assert!(row(&found, "x").std_error > 0.0);
        // Everyone exposed.
        let found = fit("y ~ one + x", &data, &options("site"));
        assert_eq!(row(&found, "one").status, Status::Constant);
        assert!(row(&found, "one").wild.is_none());
        // A perfect fit.
        let found = fit("y ~ y", &data, &options("site"));
        assert_eq!(row(&found, "y").status, Status::NoVariance);
        assert!(row(&found, "y").wild.unwrap().p_value.is_nan());
        // A dummy per cluster: each is its cluster's.
        let found = fit("y ~ x + factor(site)", &data, &options("site"));
        assert_eq!(row(&found, "factor(site)3").status, Status::NotIdentified);
        assert_eq!(row(&found, "(Intercept)").status, Status::NotIdentified);
        assert!(row(&found, "x").std_error > 0.0);
    }
    // CR1 says little there, and says so.
    let found = fit("y ~ x + only", &data, &with_vcov("cluster(site)"));
    assert_eq!(row(&found, "only").status, Status::FewClusters);
}

#[test]
fn impossible_calls_are_refused() {
    let data = firms();
    let refusal = |text: &str, options: &OlsOptions| {
        ols(&formula::parse(text).unwrap(), &data, options).unwrap_err()
    };
    let is_bad = |error, name: &str| matches!(error, EstimatorError::BadOption { option, .. } if option == name);
    for vcov in ["cr2(site)", "cr3(site)"] {
        assert!(is_bad(refusal("y ~ 1 | d ~ x", &with_vcov(vcov)), "vcov"));
    }
    let wild = |vcov| with_wild(vcov, WILD);
    assert!(is_bad(
        refusal("y ~ 1 | d ~ x", &wild("cluster(site)")),
        "wild"
    ));
    assert!(is_bad(refusal("y ~ d", &wild("hc1")), "vcov"));
    assert!(is_bad(
        refusal("y ~ d", &wild("cluster(site, firm)")),
        "vcov"
    ));
    let few = Wild {
        n_draws: 99,
        ..WILD
    };
    assert!(is_bad(
        refusal("y ~ d", &with_wild("cluster(site)", few)),
        "wild"
    ));
    for text in [
        "cr2",
        "cr2()",
        "cr2(a, b)",
        "cr3(a, b)",
        "cr1(a)",
        "cluster(a, )",
    ] {
        assert!(Vcov::parse(text).is_err(), "{text}");
    }
}

/// 600 persons are absorbed where they lie in clusters; with weights that vary within them they are too many for CR2.
#[test]
fn many_levels_are_no_columns_where_they_lie_in_clusters() {
    let n = 1_800;
    let mut data = data(&[
        ("person", rows(n, |row| (row / 3) as f64)),
        ("site", rows(n, |row| (row / 150) as f64)),
        ("year", rows(n, |row| (row % 3) as f64)),
        ("x", noise(n, 21)),
        ("y", noise(n, 22)),
    ]);
    let text = "y ~ x | person + year";
    let plain = fit(text, &data, &with_vcov("cluster(site)"));
    for vcov in ["cr2(site)", "cr3(site)"] {
        let found = fit(text, &data, &with_vcov(vcov));
        let ratio = std_error(&found, "x") / std_error(&plain, "x");
        assert!((0.8..1.25).contains(&ratio), "{vcov}: {ratio}");
    }
    // The same per person.
    data.weight = Some(rows(n, |row| 1.0 + ((row / 3) % 4) as f64));
    let nested = fit(text, &data, &with_vcov("cr2(site)"));
    assert!(row(&nested, "x").df > 4.0 && row(&nested, "x").status == Status::Ok);
    data.weight = Some(rows(n, |row| 1.0 + (row % 4) as f64));
    let refusal = ols(
        &formula::parse(text).unwrap(),
        &data,
        &with_vcov("cr2(site)"),
    );
    assert!(matches!(refusal, Err(EstimatorError::TooMany { .. })));
    assert!(row(&fit(text, &data, &with_vcov("cr3(site)")), "x").std_error > 0.0);
}

#[test]
fn diagnostics_say_what_was_done() {
    let text = formula::parse("y ~ d + x").unwrap();
    let rows = ols_diagnostics(&text, &firms(), &with_wild("cr2(site)", WILD), &[]).unwrap();
    let found = |name: &str| {
        rows.iter()
            .filter(|row| row.diagnostic == name)
            .collect::<Vec<_>>()
    };
    let terms: Vec<&str> = found("df").iter().map(|row| row.term.as_str()).collect();
    assert_eq!(terms, ["(Intercept)", "d", "x"]);
    assert!(
        found("df")
            .iter()
            .all(|row| row.statistic > 1.0 && row.statistic < 7.5)
    );
    assert_eq!(found("wild_draws")[0].statistic, 256.0);
    assert_eq!(found("wild_draws")[0].detail, "all there are");
}
