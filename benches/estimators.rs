//! The estimators on 100,000 persons × 8 years in memory: what a call costs beyond reading its input.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use korabo_estimators::group_time::{AttGtOptions, BasePeriod, Control, Method, att_gt};
use korabo_estimators::imputation::{
    ImputationColumns, ImputationOptions, did_imputation, did_imputation_outcomes,
};
use korabo_estimators::inference::Inference;
use korabo_estimators::panel::{
    Covariate, CovariateValues, Layout, NEVER, Panel, PanelColumns, PanelOptions,
};
use korabo_estimators::sun_abraham::{SunAbrahamOptions, sun_abraham, sun_abraham_outcomes};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const PERSONS: usize = 100_000;
const YEARS: i32 = 8;
const EMPLOYERS: usize = 2_000;

/// Staggered starts by employer, an effect of −5, trends that depend on covariates. `few` covariate values can be shared.
fn columns(few: bool) -> PanelColumns {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut uniform = move || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let cohort_of: Vec<i32> = (0..EMPLOYERS)
        .map(|_| match uniform() {
            never if never < 0.4 => NEVER,
            place => 2018 + ((place - 0.4) / 0.12) as i32,
        })
        .collect();
    let mut columns = PanelColumns::default();
    let (mut clusters, mut age, mut sex) = (Vec::new(), Vec::new(), Vec::new());
    for person in 0..PERSONS {
        let employer = (uniform() * EMPLOYERS as f64) as usize;
        let years = 22.0 + 43.0 * uniform();
        let years = if few { years.floor() } else { years };
        let is_woman = f64::from(u8::from(uniform() < 0.45));
        for time in 2016..2016 + YEARS {
            columns.unit.push(person as i64);
            columns.time.push(time);
            columns.cohort.push(cohort_of[employer]);
            clusters.push(employer as u32);
            age.push(years);
            sex.push(is_woman);
            let trend = f64::from(time - 2016) * (4.0 + 0.1 * years + 2.0 * is_woman);
            let effect = if time >= cohort_of[employer] {
                -5.0
            } else {
                0.0
            };
            columns
                .outcome
                .push(200.0 + trend + effect + 40.0 * uniform());
        }
    }
    columns.cluster = Some(clusters);
    columns.covariates = [("age", age), ("sex", sex)]
        .map(|(name, values)| Covariate {
            name: name.to_owned(),
            values: CovariateValues::Numbers(values),
        })
        .into();
    columns
}

fn panel(columns: PanelColumns) -> Panel {
    let layout = Layout::Balanced;
    Panel::try_new(&columns, PanelOptions { layout }).unwrap()
}

const OPTIONS: AttGtOptions = AttGtOptions {
    method: Method::DoublyRobust,
    control: Control::NeverTreated,
    base_period: BasePeriod::Varying,
    anticipation: 0,
    level: 0.95,
    seed: 1,
    bootstrap: None,
    inference: Inference::Analytic,
};

const EVENT_STUDY: SunAbrahamOptions = SunAbrahamOptions {
    min_e: None,
    max_e: None,
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

const IMPUTATION: ImputationOptions = ImputationOptions {
    window: None,
    level: 0.95,
    seed: 1,
    inference: Inference::Analytic,
};

fn estimators(criterion: &mut Criterion) {
    let all = columns(false);
    let unclustered = PanelColumns {
        cluster: None,
        ..all.clone()
    };
    let plain = PanelColumns {
        covariates: Vec::new(),
        ..all.clone()
    };
    let shared = columns(true);
    let mut group = criterion.benchmark_group("100,000 persons × 8 years");
    group.sample_size(10);
    group.bench_function("panel", |bencher| {
        bencher.iter_batched(|| all.clone(), panel, BatchSize::LargeInput);
    });
    for (name, columns) in [
        ("att_gt, doubly robust, clustered", all.clone()),
        (
            "att_gt, doubly robust, few covariate values",
            shared.clone(),
        ),
        ("att_gt, doubly robust, by person", unclustered),
        ("att_gt, no covariates, clustered", plain.clone()),
    ] {
        let panel = panel(columns);
        group.bench_function(name, |bencher| {
            bencher.iter(|| att_gt(&panel, &OPTIONS).unwrap())
        });
    }
    let balanced = panel(plain.clone());
    group.bench_function("sun_abraham, clustered", |bencher| {
        bencher.iter(|| sun_abraham(&balanced, &EVENT_STUDY).unwrap());
    });
    let imputation = ImputationColumns {
        panel: plain,
        ..ImputationColumns::default()
    };
    group.bench_function("did_imputation, clustered", |bencher| {
        let run = |columns| did_imputation(columns, &IMPUTATION).unwrap();
        bencher.iter_batched(|| imputation.clone(), run, BatchSize::LargeInput);
    });
    group.finish();
}

/// Ten outcomes of the same rows in one call, to be held against ten times the call for one.
fn ten_outcomes(criterion: &mut Criterion) {
    let columns = PanelColumns {
        covariates: Vec::new(),
        ..columns(false)
    };
    let scaled = |k: usize| columns.outcome.iter().map(move |y| y * k as f64).collect();
    let others: Vec<Vec<f64>> = (2..=10).map(scaled).collect();
    let mut group = criterion.benchmark_group("100,000 persons × 8 years, ten outcomes");
    group.sample_size(10);
    let layout = Layout::Unbalanced;
    let (panel, tables) = Panel::with_outcomes(&columns, &others, PanelOptions { layout }).unwrap();
    group.bench_function("sun_abraham, clustered", |bencher| {
        bencher.iter(|| sun_abraham_outcomes(&panel, &tables, &EVENT_STUDY).unwrap());
    });
    drop((panel, tables));
    let imputation = ImputationColumns {
        panel: columns,
        ..ImputationColumns::default()
    };
    group.bench_function("did_imputation, clustered", |bencher| {
        let run = |columns| did_imputation_outcomes(columns, &others, &IMPUTATION).unwrap();
        bencher.iter_batched(|| imputation.clone(), run, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, estimators, ten_outcomes);
criterion_main!(benches);
