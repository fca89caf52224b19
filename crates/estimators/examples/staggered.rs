//! Effects of a program that worksites enter in different years, from a small simulated panel: group-time effects, their
//! averages, and an event study with a band that covers all of its rows at once.
#![expect(clippy::print_stdout, reason = "an example shows what it computes")]

use korabo_estimators::EstimatorError;
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AttGtOptions, BasePeriod, Control, Method, aggregate, att_gt,
};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{Layout, NEVER, Panel, PanelColumns, PanelOptions};

fn main() -> Result<(), EstimatorError> {
    let layout = Layout::Balanced;
    let panel = Panel::try_new(&simulated(), PanelOptions { layout })?;
    let options = AttGtOptions {
        method: Method::DoublyRobust,
        control: Control::NotYetTreated,
        base_period: BasePeriod::Varying,
        anticipation: 0,
        level: 0.95,
        seed: 1,
        bootstrap: None,
        inference: Inference::Analytic,
    };
    let effects = att_gt(&panel, &options)?;
    println!("cohort time  effect  error status");
    for row in &effects.rows {
        println!(
            "{:6} {:4} {:7.3} {:6.3} {}",
            row.cohort,
            row.time,
            row.estimate.estimate,
            row.estimate.std_error,
            row.estimate.status.as_str(),
        );
    }
    println!("{:?}", effects.pretest);

    let window = |kind| AggregateOptions {
        kind,
        min_e: None,
        max_e: None,
        balance_e: None,
        level: 0.95,
        seed: 1,
    };
    let overall = aggregate(&effects, &window(Aggregate::Simple))?.overall;
    let own = overall.estimate;
    println!(
        "overall {:.3}, 95 % interval {:.3} to {:.3}, {} of {} persons exposed, {} worksites",
        own.estimate, own.conf_low, own.conf_high, own.n_treated, own.n_units, own.n_clusters,
    );

    let study = aggregate(&effects, &window(Aggregate::Dynamic))?;
    println!("event   effect  band");
    for row in &study.rows {
        println!(
            "{:5} {:8.3} {:6.3} to {:6.3}",
            row.at.unwrap_or_default(),
            row.estimate.estimate,
            row.estimate.band_low,
            row.estimate.band_high,
        );
    }
    Ok(())
}

/// 150 worksites of 4 persons, 2018 to 2023. A third each enters in 2020, in 2022 and never; the effect is 1 in the first year and
/// grows by a half a year.
fn simulated() -> PanelColumns {
    let mut columns = PanelColumns::default();
    let mut clusters = Vec::new();
    for worksite in 0..150_u32 {
        let cohort = [2020, 2022, NEVER][worksite as usize % 3];
        for person in 0..4 {
            let unit = i64::from(worksite * 4 + person);
            for time in 2018..=2023 {
                let effect = if time >= cohort {
                    1.0 + 0.5 * f64::from(time - cohort)
                } else {
                    0.0
                };
                let shared = noise(u64::from(worksite) * 10_000 + time as u64);
                let own = noise(unit as u64 * 1_000_000 + time as u64);
                let level = f64::from(person) + 0.3 * f64::from(time - 2018);
                columns.unit.push(unit);
                columns.time.push(time);
                columns.cohort.push(cohort);
                columns.outcome.push(level + effect + shared + own);
                clusters.push(worksite);
            }
        }
    }
    columns.cluster = Some(clusters);
    columns
}

/// A number between −1 and 1 that depends on nothing but `place`: SplitMix64.
fn noise(place: u64) -> f64 {
    let mut bits = place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
