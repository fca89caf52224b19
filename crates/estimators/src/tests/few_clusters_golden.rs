//! CR2, CR3 and the wild cluster bootstrap against the golden numbers (`tests/golden/inference`).

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::golden::{Expected, Report, inference, key, rows_of};
use super::regression::{prepared, regression_data};
use super::regression_cases::OPTIONS;
use crate::regression::{
    Coefficient, OlsOptions, OlsResult, Reference, SmallSample, Vcov, Wild, WildNull, WildWeights,
    formula, ols,
};

/// All 4,096 sign vectors of twelve clusters are fewer.
pub(super) const WILD: Wild = Wild {
    n_draws: 9_999,
    weights: WildWeights::Rademacher,
    null: WildNull::Imposed,
};

pub(super) fn rows(relation: &str) -> Vec<Expected> {
    let file = inference().join("few_clusters.csv");
    let mut rows = rows_of(&file, relation);
    rows.retain(|row| row.quantity != "p_value_package");
    rows
}

/// The options that give the row's number.
fn options(row: &Expected) -> OlsOptions {
    let cluster = key(&row.spec, "cluster").unwrap();
    let vcov = key(&row.spec, "vcov").unwrap();
    let text = match vcov {
        "CR2" => format!("cr2({cluster})"),
        "CR3" | "CV3_jackknife" | "CV3J_jackknife_centred_at_mean" => format!("cr3({cluster})"),
        _ => format!("cluster({cluster})"),
    };
    let factors = match vcov {
        "CR0" => "adj=false, cluster_adj=false",
        "CR1" => "adj=false",
        // As if absorbed effects were the dummies they are there.
        _ => "fixef_k=full",
    };
    let null = key(&row.spec, "bootstrap").map(|kind| {
        if kind.contains("WCR") {
            WildNull::Imposed
        } else {
            WildNull::NotImposed
        }
    });
    OlsOptions {
        vcov: Vcov::parse(&text).unwrap(),
        small_sample: SmallSample::parse(factors).unwrap(),
        wild: null.map(|null| Wild { null, ..WILD }),
        // The jackknife's rows are of t(G − 1), those of clubSandwich of degrees of freedom of their own.
        reference: match vcov {
            "CR3" => Reference::Satterthwaite,
            _ => Reference::StudentT,
        },
        ..OPTIONS
    }
}

/// `None` for what is not a result.
fn quantity(row: &Expected, result: &OlsResult, found: &Coefficient) -> Option<f64> {
    let n_clusters = result.n_clusters.unwrap() as f64;
    let wild = found.wild;
    let vcov = key(&row.spec, "vcov").unwrap();
    if vcov.starts_with("CV3J") {
        return None;
    }
    let cr3 = vcov == "CR3";
    Some(match &*row.quantity {
        "estimate" => found.estimate,
        // clubSandwich has no (G − 1)/G.
        "std_error" if cr3 => found.std_error * (n_clusters / (n_clusters - 1.0)).sqrt(),
        "std_error" => found.std_error,
        "t_statistic" => found.statistic,
        "dof_satterthwaite" => found.df,
        "p_value_satterthwaite" if cr3 => {
            let statistic = found.statistic * ((n_clusters - 1.0) / n_clusters).sqrt();
            2.0 * StudentsT::new(0.0, 1.0, found.df)
                .unwrap()
                .sf(statistic.abs())
        }
        "p_value_satterthwaite" | "p_value_t_Gminus1" => found.p_value,
        "ci95_low_satterthwaite" => found.conf_low,
        "ci95_high_satterthwaite" => found.conf_high,
        "n_clusters" => n_clusters,
        "n_rows" => result.n_obs as f64,
        "p_value_weak" => wild?.p_value,
        // Under the restriction the sample and its mirror tie, and nothing else does in these rows.
        "p_value_strict" if row.spec.contains("WCR") => {
            wild?.p_value - 2.0 / result.wild?.n_draws as f64
        }
        "p_value_strict" => wild?.p_value,
        "ci95_low" => wild?.conf_low,
        "ci95_high" => wild?.conf_high,
        _ => return None,
    })
}

/// Compares all rows of a relation whose formula `form` puts into another form.
fn check(relation: &str, form: impl Fn(&str) -> Option<String>, at_least: usize) {
    let mut report = Report::default();
    let mut results: BTreeMap<(String, String), OlsResult> = BTreeMap::new();
    for row in rows(relation) {
        let Some(text) = form(key(&row.spec, "formula").unwrap()) else {
            continue;
        };
        let result = results
            .entry((row.dataset.clone(), row.spec.clone()))
            .or_insert_with(|| {
                let weight = key(&row.spec, "weight").filter(|&weight| weight != "none");
                let data = regression_data(&prepared(&row.dataset), weight);
                ols(&formula::parse(&text).unwrap(), &data, &options(&row)).unwrap()
            });
        let term = key(&row.row, "term").unwrap();
        let found = result.rows.iter().find(|found| found.term == term).unwrap();
        let Some(found) = quantity(&row, result, found) else {
            continue;
        };
        let tolerance = match &*row.quantity {
            "ci95_low" | "ci95_high" => 1e-6,
            "p_value_weak" | "p_value_strict" => 1e-15,
            _ => 1e-8,
        };
        report.compare_within(&row, found, tolerance);
    }
    report.finish(at_least);
}

/// Everything but what a package without ties says; the jackknife about the mean is in `few_clusters_properties`.
#[test]
fn few_clusters_match_the_reference() {
    check("few_clusters", |text| Some(text.to_owned()), 130);
    check("ols_cr", |text| Some(text.to_owned()), 40);
}

/// Fixed effects in the clusters (worksites), and across all of them (years; months, of which there are more than waves, so that
/// they come first).
#[test]
fn few_clusters_with_absorbed_fixed_effects_match_dummies() {
    let absorbed = |text: &str| {
        let (both, months) = (
            " + factor(worksite_id) + factor(fiscal_year)",
            " + factor(month_id)",
        );
        if text.contains(both) {
            return Some(text.replace(both, " | worksite_id + fiscal_year"));
        }
        text.contains(months)
            .then(|| text.replace(months, " | month_id"))
    };
    check("few_clusters", |text| absorbed(text), 90);
    check("ols_cr", |text| absorbed(text), 20);
}
