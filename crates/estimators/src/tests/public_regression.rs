//! Two-way fixed effects on the county panel of Callaway and Sant'Anna, against `fixest`, `pyfixest`, `linearmodels` and a dense
//! implementation, where the folder `KORABO_REFERENCE_DATA` is there.

use std::collections::BTreeMap;

use super::golden::{Data, Expected, Report, close, fields, key};
use super::public::reference_data;
use super::regression::regression_data;
use crate::regression::{
    OlsOptions, OlsResult, Reference, Singletons, SmallSample, Vcov, formula, ols,
};

/// A never-treated row's event time.
const NEVER: f64 = -1000.0;

fn county_panel(data: &Data, name: &str) -> Data {
    let mut data = data.clone();
    let (year, first) = (data.column("year"), data.column("first_treat"));
    let pairs = || year.iter().zip(&first);
    let is_treated =
        |(year, first): (&f64, &f64)| f64::from(u8::from(*first > 0.0 && year >= first));
    let since = |(year, first): (&f64, &f64)| if *first > 0.0 { year - first } else { NEVER };
    let (treated, rel) = (
        pairs().map(is_treated).collect(),
        pairs().map(since).collect(),
    );
    data.numbers.insert("treated".to_owned(), treated);
    data.numbers.insert("rel".to_owned(), rel);
    if name.contains("drop 8001 after 2003") {
        let county = data.column("countyreal");
        return data.filter(|row| county[row] != 8001.0 || year[row] <= 2003.0);
    }
    data
}

fn formula_of(spec: &str) -> &'static str {
    if spec.contains("event_study") {
        "lemp ~ i(rel, ref = [-1, -1000]) | countyreal + year"
    } else if spec.contains("x=lpop:year") {
        "lemp ~ treated + lpop:factor(year) | countyreal + year"
    } else {
        "lemp ~ treated | countyreal + year"
    }
}

fn options_of(spec: &str) -> OlsOptions {
    let vcov = match key(spec, "vcov").unwrap() {
        "hetero(HC1)" => "hc1".to_owned(),
        "iid" => "iid".to_owned(),
        clustered => {
            let (_, columns) = clustered.split_once(':').unwrap();
            format!("cluster({})", columns.replace('^', ", "))
        }
    };
    let factors = key(spec, "ssc").unwrap_or_default();
    let mut factors = factors
        .replace("fixef.K", "fixef_k")
        .replace("cluster.adj", "cluster_adj");
    if spec.contains("linearmodels") {
        // Its `group_debias` counts all levels.
        factors = "fixef_k=full".to_owned();
    }
    OlsOptions {
        vcov: Vcov::parse(&vcov).unwrap(),
        small_sample: SmallSample::parse(&factors).unwrap(),
        singletons: match key(spec, "fixef.rm") {
            Some("singleton") => Singletons::DropOnce,
            _ => Singletons::Keep,
        },
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    }
}

/// The coefficient that a parameter's name stands for.
fn found(result: &OlsResult, parameter: &str) -> (f64, f64) {
    if parameter == "nobs" {
        return (result.n_obs as f64, f64::NAN);
    }
    let is_p_value = parameter.starts_with("pvalue:");
    let term = parameter.trim_start_matches("pvalue:");
    let row = result.rows.iter().find(|row| row.term == term);
    let row = row.unwrap_or_else(|| panic!("no term {term}"));
    if is_p_value {
        (row.p_value, f64::NAN)
    } else {
        (row.estimate, row.std_error)
    }
}

#[test]
fn county_regressions_match_several_implementations() {
    let Some(folder) = reference_data() else {
        return;
    };
    let folder = folder.join("goldens/public");
    let text = fs_err::read_to_string(folder.join("expected.csv")).unwrap();
    let mut report = Report::default();
    let mut results: BTreeMap<(String, String), OlsResult> = BTreeMap::new();
    let rows = text.lines().map(fields);
    for row in rows.filter(|row| row[0] == "twfe_2x2_eventstudy") {
        let (dataset, spec, parameter) = (&row[1], &row[2], &row[4]);
        let result = results
            .entry((dataset.clone(), spec.clone()))
            .or_insert_with(|| {
                let file = dataset.split('(').next().unwrap();
                let data = Data::read(&folder.join(format!("{file}.parquet")));
                let data = county_panel(&data, dataset);
                let data = regression_data(&data, key(spec, "weights"));
                let formula = formula::parse(formula_of(spec)).unwrap();
                ols(&formula, &data, &options_of(spec))
                    .unwrap_or_else(|error| panic!("{spec}: {error}"))
            });
        let (value, std_error) = found(result, parameter);
        for (quantity, expected, found) in [("value", &row[5], value), ("se", &row[6], std_error)] {
            let Ok(expected) = expected.parse::<f64>() else {
                continue;
            };
            if parameter.starts_with("pvalue:") {
                // The reference stops demeaning with weights earlier: its p-values hold 7 digits.
                report.n_compared += 1;
                if !close(found, expected, 1e-7) {
                    report.fail(format!(
                        "{dataset} {spec} {parameter}: {expected}, found {found}"
                    ));
                }
                continue;
            }
            let expected = Expected {
                dataset: dataset.clone(),
                relation: "twfe".to_owned(),
                spec: spec.clone(),
                row: parameter.clone(),
                quantity: quantity.to_owned(),
                value: None,
                check: Some(expected),
                agree_digits: None,
            };
            report.compare(&expected, found);
        }
    }
    report.finish(2_200);
}
