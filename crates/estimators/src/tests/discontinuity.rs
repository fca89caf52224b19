//! Regression discontinuity against the golden numbers (`tests/golden/inference`, `HOW.md` and `RD_MORE.md` there).

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, inference, key, rows_of};
use crate::discontinuity::{
    BandwidthRule, Bandwidths, DensityBandwidths, DensityOptions, DensityRule, DensityTest,
    Discontinuity, Kernel, MassPoints, RdColumns, RdEstimate, RdMethod, RdOptions, RdPart, RdVcov,
    rd, rd_density,
};
use crate::panel::{Covariate, CovariateValues};

pub(super) const OPTIONS: RdOptions = RdOptions {
    cutoff: 85.0,
    order: 1,
    bias_order: 2,
    kernel: Kernel::Triangular,
    bandwidths: Bandwidths::Given {
        estimate: [8.0; 2],
        bias: None,
    },
    vcov: RdVcov::Nearest,
    mass_points: MassPoints::Adjust,
    donut: 0.0,
    level: 0.95,
};

pub(super) fn data(name: &str) -> Data {
    Data::read(&inference().join("data").join(format!("{name}.parquet")))
}

fn kernel(spec: &str) -> Kernel {
    match key(spec, "kernel").unwrap() {
        "triangular" => Kernel::Triangular,
        "epanechnikov" => Kernel::Epanechnikov,
        "uniform" => Kernel::Uniform,
        other => panic!("{other}"),
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(spec: &str, name: &str) -> T {
    key(spec, name).unwrap().parse().unwrap()
}

/// The bandwidths of `h=8,b=12`, or of `h=8`.
fn given(text: &str) -> Option<Bandwidths> {
    let both = text.strip_prefix("h=")?;
    let (estimate, bias) = match both.split_once(",b=") {
        Some((estimate, bias)) => (estimate, Some([bias.parse().unwrap(); 2])),
        None => (both, None),
    };
    Some(Bandwidths::Given {
        estimate: [estimate.parse().unwrap(); 2],
        bias,
    })
}

fn options(spec: &str) -> RdOptions {
    let rule = key(spec, "bwselect").unwrap();
    RdOptions {
        cutoff: number(spec, "cutoff"),
        order: number(spec, "p"),
        bias_order: number(spec, "q"),
        kernel: kernel(spec),
        bandwidths: given(rule)
            .unwrap_or_else(|| Bandwidths::Rule(BandwidthRule::parse(rule).unwrap())),
        vcov: match key(spec, "vce").unwrap() {
            "nn" | "cr1" => RdVcov::Nearest,
            "hc0" => RdVcov::Hc0,
            "hc1" => RdVcov::Hc1,
            "hc2" => RdVcov::Hc2,
            "hc3" => RdVcov::Hc3,
            other => panic!("{other}"),
        },
        mass_points: match key(spec, "masspoints").unwrap() {
            "adjust" => MassPoints::Adjust,
            "off" => MassPoints::Off,
            other => panic!("{other}"),
        },
        donut: key(spec, "donut").map_or(0.0, |donut| donut.parse().unwrap()),
        level: 0.95,
    }
}

/// The columns that a row's numbers are of.
pub(super) fn columns(data: &Data, spec: &str) -> RdColumns {
    let optional = |name: &str| key(spec, name).filter(|&column| column != "none");
    let covariates = optional("covariates").map_or(Vec::new(), |names| {
        let covariate = |name: &str| Covariate {
            name: name.to_owned(),
            values: CovariateValues::Numbers(data.column(name)),
        };
        names.split('+').map(covariate).collect()
    });
    RdColumns {
        outcome: data.column(key(spec, "outcome").unwrap()),
        running: data.column(key(spec, "running").unwrap()),
        treated: (key(spec, "type").unwrap() == "fuzzy").then(|| data.column("participated")),
        covariates,
        weight: optional("weight").map(|name| data.column(name)),
        cluster: optional("cluster").map(|name| {
            let codes = data.column(name).into_iter();
            codes.map(|code| code as u32).collect()
        }),
    }
}

fn estimate<'a>(result: &'a Discontinuity, row: &str) -> &'a RdEstimate {
    let (part, row) = match row.strip_prefix("first_stage;") {
        Some(row) => (RdPart::FirstStage, row),
        None => (RdPart::Effect, row),
    };
    let method = match key(row, "method").unwrap() {
        "conventional" => RdMethod::Conventional,
        "bias_corrected" => RdMethod::BiasCorrected,
        "robust" => RdMethod::Robust,
        other => panic!("{other}"),
    };
    let mut rows = result.estimates.iter();
    rows.find(|own| own.part == part && own.method == method)
        .unwrap()
}

fn quantity(result: &Discontinuity, row: &Expected) -> f64 {
    match &*row.quantity {
        "h_left" => return result.bandwidth[0],
        "h_right" => return result.bandwidth[1],
        "b_left" => return result.bias_bandwidth[0],
        "b_right" => return result.bias_bandwidth[1],
        "n_effective_left" => return result.n_effective[0] as f64,
        "n_effective_right" => return result.n_effective[1] as f64,
        "n_unique_left" => return result.n_values[0] as f64,
        "n_unique_right" => return result.n_values[1] as f64,
        _ => {}
    }
    let found = estimate(result, &row.row);
    match &*row.quantity {
        "estimate" => found.estimate,
        "std_error" => found.std_error,
        "p_value" => found.p_value,
        "ci95_low" => found.conf_low,
        "ci95_high" => found.conf_high,
        other => panic!("{other}"),
    }
}

/// Bandwidths carry the roundings of three fits in powers of the running variable; estimates those of the bandwidths.
fn tolerance(row: &Expected) -> f64 {
    if row.quantity.starts_with("n_") {
        return 0.0;
    }
    1e-8
}

#[track_caller]
fn check_rd(file: &str, at_least: usize) {
    let mut report = Report::default();
    let mut results: BTreeMap<(String, String), Discontinuity> = BTreeMap::new();
    for row in rows_of(&inference().join(file), "rd") {
        let result = results
            .entry((row.dataset.clone(), row.spec.clone()))
            .or_insert_with(|| {
                let columns = columns(&data(&row.dataset), &row.spec);
                rd(&columns, &options(&row.spec)).unwrap()
            });
        report.compare_within(&row, quantity(result, &row), tolerance(&row));
    }
    report.finish(at_least);
}

#[test]
fn rd_matches_the_reference() {
    check_rd("expected.csv", 806);
}

fn density_options(spec: &str) -> DensityOptions {
    let rule = key(spec, "bwselect").unwrap();
    let bandwidths = match rule.strip_prefix("h=") {
        Some(bandwidth) => DensityBandwidths::Given([bandwidth.parse().unwrap(); 2]),
        None => DensityBandwidths::Rule(match rule {
            "comb" => DensityRule::Combined,
            "each" => DensityRule::Each,
            "diff" => DensityRule::Difference,
            "sum" => DensityRule::Sum,
            other => panic!("{other}"),
        }),
    };
    DensityOptions {
        cutoff: number(spec, "cutoff"),
        order: number(spec, "p"),
        test_order: number(spec, "q"),
        kernel: kernel(spec),
        bandwidths,
        mass_points: match key(spec, "massPoints").unwrap() {
            "true" => MassPoints::Adjust,
            _ => MassPoints::Off,
        },
        level: 0.95,
    }
}

#[track_caller]
fn check_density(file: &str, at_least: usize) {
    let mut report = Report::default();
    let mut results: BTreeMap<(String, String), DensityTest> = BTreeMap::new();
    for row in rows_of(&inference().join(file), "rd_density") {
        let result = results
            .entry((row.dataset.clone(), row.spec.clone()))
            .or_insert_with(|| {
                let running = data(&row.dataset).column("waist");
                rd_density(&running, &density_options(&row.spec)).unwrap()
            });
        let found = match &*row.quantity {
            "h_left" => result.bandwidth[0],
            "h_right" => result.bandwidth[1],
            "density_left" => result.density[0],
            "density_right" => result.density[1],
            "density_difference" => result.difference,
            "std_error_difference" => result.std_error,
            "t_statistic" => result.statistic,
            "p_value" => result.p_value,
            "n_effective_left" => result.n_effective[0] as f64,
            "n_effective_right" => result.n_effective[1] as f64,
            other => panic!("{other}"),
        };
        report.compare_within(&row, found, 1e-7);
    }
    report.finish(at_least);
}

#[test]
fn rd_density_matches_the_reference() {
    check_density("expected.csv", 100);
}

/// Other orders, kernels, rules, errors, donuts and wider windows for the estimate than for the bias.
#[test]
fn rd_with_other_options_matches_the_reference() {
    check_rd("rd_more.csv", 500);
}

#[test]
fn rd_density_with_other_options_matches_the_reference() {
    check_density("rd_more.csv", 112);
}
