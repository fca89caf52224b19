//! A regression with two fixed effects, a factor and clustered errors, as `feols(cost ~ visits + factor(plan) | person + year,
//! cluster = ~worksite)` in R.
#![expect(clippy::print_stdout, reason = "an example shows what it computes")]

use std::error::Error;

use korabo_estimators::panel::MISSING_CODE;
use korabo_estimators::regression::{
    Column, OlsOptions, Reference, RegressionData, Singletons, SmallSample, Vcov, formula, ols,
};

fn main() -> Result<(), Box<dyn Error>> {
    let formula = formula::parse("cost ~ visits + factor(plan) | person + year")?;
    let options = OlsOptions {
        vcov: Vcov::parse("cluster(worksite)")?,
        small_sample: SmallSample::FIXEST,
        singletons: Singletons::Keep,
        reference: Reference::StudentT,
        level: 0.95,
        seed: 1,
        wild: None,
    };
    let result = ols(&formula, &simulated(), &options)?;
    println!("term              coefficient  error       t      p status");
    for row in &result.rows {
        println!(
            "{:17} {:11.4} {:6.4} {:7.2} {:6.4} {}",
            row.term,
            row.estimate,
            row.std_error,
            row.statistic,
            row.p_value,
            row.status.as_str(),
        );
    }
    println!(
        "{} rows used, {} left out for a missing value; {} clusters; within R² {:.3}",
        result.n_obs,
        result.counts.n_missing_rows,
        result.n_clusters.unwrap_or_default(),
        result.within_r2,
    );
    Ok(())
}

/// 200 persons in 40 worksites over 6 years: cost = 2·visits + 5·(plan "plus") + effects of person and year + noise. The plan of
/// every tenth person is unknown in the last year.
fn simulated() -> RegressionData {
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut plans = Vec::new();
    for person in 0..200_u32 {
        for year in 0..6_u32 {
            let place = u64::from(person * 6 + year);
            let visits = (3.0 + 3.0 * noise(place)).round();
            let plan = u32::from(noise(place + 1_000_000) > 0.0);
            let shared = noise(u64::from(person / 5 * 6 + year) + 2_000_000);
            let cost = 2.0 * visits
                + 5.0 * f64::from(plan)
                + f64::from(person % 7)
                + f64::from(year)
                + shared
                + noise(place + 3_000_000);
            let is_unknown = person % 10 == 0 && year == 5;
            plans.push(if is_unknown { MISSING_CODE } else { plan });
            let row = [
                cost,
                visits,
                f64::from(person),
                f64::from(2018 + year),
                f64::from(person / 5),
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
    }
    let mut data = RegressionData::default();
    let names = ["cost", "visits", "person", "year", "worksite"];
    for (name, values) in names.into_iter().zip(columns) {
        data.columns
            .insert(name.to_owned(), Column::Numeric(values));
    }
    let plan = Column::Categorical {
        codes: plans,
        labels: vec!["basic".to_owned(), "plus".to_owned()],
    };
    data.columns.insert("plan".to_owned(), plan);
    data
}

/// A number between −1 and 1 that depends on nothing but `place`: SplitMix64.
fn noise(place: u64) -> f64 {
    let mut bits = place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
