//! Group-time effects with covariates: what must hold for any panel, whatever its shape and the method.
//!
//! Panels are drawn at random ([`Case`]), with the same cases in every run.

mod edges;

mod extremes;

mod separation;

mod jackknife;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestCaseResult};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::properties::{bits, permute};
use crate::group_time::{AttGtOptions, AttGtResult, BasePeriod, Control, Method, att_gt};
use crate::inference::Inference;
use crate::panel::{
    Covariate, CovariateValues, Layout, MISSING_CODE, NEVER, Panel, PanelColumns, PanelOptions,
};
use crate::{EstimatorError, Status};

const LAYOUTS: [Layout; 4] = [
    Layout::Balanced,
    Layout::Unbalanced,
    Layout::Pairs,
    Layout::CrossSections,
];

const METHODS: [Method; 3] = [
    Method::DoublyRobust,
    Method::InverseProbability,
    Method::OutcomeRegression,
];

/// This many cases, always the same.
fn cases(n_cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: n_cases,
        rng_seed: RngSeed::Fixed(20_160_401),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

/// Uniform random numbers.
struct Random(Xoshiro256PlusPlus);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Between 0 and 1.
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: mean zero, variance one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n as u64) as usize
    }

    fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_cached_key(|_| self.0.next_u64());
        order
    }
}

/// What a random panel is made from.
#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    n_units: usize,
    layout: Layout,
    method: Method,
    control: Control,
    base_period: BasePeriod,
    is_weighted: bool,
    is_clustered: bool,
    /// Covariates take few values, so that units share them.
    is_discrete: bool,
}

fn any_case() -> impl Strategy<Value = Case> {
    let choices = (
        select(&LAYOUTS[..]),
        select(&METHODS[..]),
        select(vec![Control::NeverTreated, Control::NotYetTreated]),
        select(vec![BasePeriod::Varying, BasePeriod::Universal]),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let size = (any::<u64>(), 60..100_usize);
    (size, choices, flags).prop_map(
        |(
            (seed, n_units),
            (layout, method, control, base_period),
            (is_weighted, is_clustered, is_discrete),
        )| Case {
            seed,
            n_units,
            layout,
            method,
            control,
            base_period,
            is_weighted,
            is_clustered,
            is_discrete,
        },
    )
}

const LABELS: [&str; 3] = ["a", "b", "c"];
const LAST_PERIOD: i32 = 4;

/// One row of a random panel.
struct Row {
    unit: i64,
    time: i32,
    cohort: i32,
    outcome: f64,
    weight: f64,
    cluster: u32,
    numbers: [f64; 2],
    label: u32,
}

impl Case {
    fn options(&self) -> AttGtOptions {
        AttGtOptions {
            method: self.method,
            control: self.control,
            base_period: self.base_period,
            anticipation: 0,
            level: 0.95,
            seed: 1,
            bootstrap: None,
            inference: Inference::Analytic,
        }
    }

    /// Units first exposed in period 3, in period 4 or never, more often the larger their covariates; with holes where the
    /// layout has a use for them.
    fn rows(&self) -> Vec<Row> {
        let mut random = Random::new(self.seed);
        let share_of_holes = if self.layout == Layout::Balanced {
            0.01
        } else {
            0.15
        };
        let rounded = |value: f64| {
            if self.is_discrete {
                value.round().clamp(-1.0, 1.0)
            } else {
                value
            }
        };
        let mut rows = Vec::new();
        for unit in 0..self.n_units {
            let fixed = rounded(random.normal());
            let (label, level) = (random.below(LABELS.len()), random.normal());
            let is_exposed = random.uniform() < 1.0 / (1.0 + (-0.5 * fixed).exp());
            let cohort = match (is_exposed, random.uniform() < 0.5) {
                (false, _) => NEVER,
                (true, true) => 3,
                (true, false) => 4,
            };
            for time in 1..=LAST_PERIOD {
                let varying = rounded(0.4 * fixed + random.normal());
                let effect = if time >= cohort { 1.5 } else { 0.0 };
                let trend = f64::from(time) * (0.3 + 0.4 * fixed + 0.2 * label as f64);
                let row = Row {
                    unit: unit as i64,
                    time,
                    cohort,
                    outcome: level + trend + effect + 0.5 * varying + random.normal(),
                    weight: 0.4 + 1.6 * random.uniform(),
                    cluster: (unit / 3) as u32,
                    numbers: [fixed, varying],
                    label: label as u32,
                };
                if random.uniform() >= share_of_holes {
                    rows.push(row);
                }
            }
        }
        rows
    }

    fn columns(&self) -> PanelColumns {
        let rows = self.rows();
        let number = |index: usize| CovariateValues::Numbers(of(&rows, |row| row.numbers[index]));
        let covariate = |name: &str, values: CovariateValues| Covariate {
            name: name.to_owned(),
            values,
        };
        PanelColumns {
            unit: of(&rows, |row| row.unit),
            time: of(&rows, |row| row.time),
            cohort: of(&rows, |row| row.cohort),
            outcome: of(&rows, |row| row.outcome),
            weight: self.is_weighted.then(|| of(&rows, |row| row.weight)),
            cluster: self.is_clustered.then(|| of(&rows, |row| row.cluster)),
            covariates: vec![
                covariate("fixed", number(0)),
                covariate(
                    "label",
                    CovariateValues::Categories {
                        codes: of(&rows, |row| row.label),
                        labels: LABELS.map(str::to_owned).to_vec(),
                    },
                ),
                covariate("varying", number(1)),
            ],
        }
    }

    fn estimate(&self, columns: PanelColumns) -> Result<AttGtResult, EstimatorError> {
        let layout = self.layout;
        let panel = Panel::try_new(&columns, PanelOptions { layout })?;
        att_gt(&panel, &self.options())
    }
}

fn of<T>(rows: &[Row], value: impl Fn(&Row) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// The values of a numeric covariate.
fn numbers_mut<'a>(columns: &'a mut PanelColumns, name: &str) -> &'a mut Vec<f64> {
    let found = columns.covariates.iter_mut().find(|one| one.name == name);
    match found.map(|one| &mut one.values) {
        Some(CovariateValues::Numbers(values)) => values,
        _ => panic!("{name} is no number"),
    }
}

fn categories_mut(columns: &mut PanelColumns) -> &mut Vec<u32> {
    let mut values = columns.covariates.iter_mut().map(|one| &mut one.values);
    values
        .find_map(|values| match values {
            CovariateValues::Categories { codes, .. } => Some(codes),
            CovariateValues::Numbers(_) => None,
        })
        .unwrap()
}

/// The same numbers (`found` divided by `scale`) up to `tolerance`, relative to an estimate or its error, whichever is larger.
fn check_numbers(
    found: &AttGtResult,
    expected: &AttGtResult,
    scale: f64,
    tolerance: f64,
) -> TestCaseResult {
    prop_assert_eq!(found.rows.len(), expected.rows.len());
    for (found, expected) in found.rows.iter().zip(&expected.rows) {
        let (a, b) = (found.estimate, expected.estimate);
        let size = b.estimate.abs().max(b.std_error);
        for (a, b) in [(a.estimate, b.estimate), (a.std_error, b.std_error)] {
            let is_close = (a / scale - b).abs() <= tolerance * size;
            prop_assert!(
                a.is_nan() && b.is_nan() || is_close,
                "{:?}\n{:?}",
                found,
                expected
            );
        }
    }
    Ok(())
}

/// The same numbers, counts and statuses.
fn check_same(
    found: &AttGtResult,
    expected: &AttGtResult,
    scale: f64,
    tolerance: f64,
) -> TestCaseResult {
    check_numbers(found, expected, scale, tolerance)?;
    prop_assert_eq!(&found.sample, &expected.sample);
    for (found, expected) in found.rows.iter().zip(&expected.rows) {
        let key = |row: &crate::group_time::GroupTime| {
            let e = row.estimate;
            (
                row.cohort,
                row.time,
                e.status,
                e.n_treated,
                e.n_control,
                row.n_control_rows,
            )
        };
        prop_assert_eq!(key(found), key(expected));
    }
    Ok(())
}

fn in_pool<T: Send>(n_threads: usize, body: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
    pool.build().unwrap().install(body)
}

/// Rows of cross-sections that differ in their cluster alone.
#[test]
fn order_of_equal_rows_does_not_change_a_bit() {
    let mut random = Random::new(17);
    let n_rows = 3_000;
    let mut columns = PanelColumns {
        unit: vec![1; n_rows],
        weight: None,
        cluster: Some((0..n_rows).map(|row| row as u32 % 37).collect()),
        ..PanelColumns::default()
    };
    for _ in 0..n_rows {
        columns.time.push(1 + random.below(3) as i32);
        columns.cohort.push([2, 3, NEVER][random.below(3)]);
        columns.outcome.push(random.below(2) as f64);
    }
    let layout = Layout::CrossSections;
    let estimate = |columns: PanelColumns| {
        let panel = Panel::try_new(&columns, PanelOptions { layout }).unwrap();
        let options = super::group_time::options("");
        bits(&att_gt(&panel, &options).unwrap())
    };
    let expected = estimate(columns.clone());
    for _ in 0..5 {
        assert_eq!(estimate(permute(&columns, &random.order(n_rows))), expected);
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn order_threads_and_increasing_labels_do_not_change_a_bit(
        case in any_case(),
        is_drawn in any::<bool>(),
        has_ties in any::<bool>(),
    ) {
        let mut columns = case.columns();
        if has_ties {
            columns.outcome.iter_mut().for_each(|value| *value = value.round());
            if case.layout == Layout::CrossSections {
                columns.unit.iter_mut().for_each(|unit| *unit %= 2);
            }
        }
        let options = AttGtOptions { bootstrap: is_drawn.then_some(100), ..case.options() };
        let estimate = |columns: PanelColumns, n_threads: usize| {
            let layout = case.layout;
            in_pool(n_threads, || {
                let panel = Panel::try_new(&columns, PanelOptions { layout })?;
                Ok(bits(&att_gt(&panel, &options)?.with_band()))
            })
        };
        let expected: Result<_, EstimatorError> = estimate(columns.clone(), 1);
        prop_assert!(expected.is_ok(), "{:?}", expected);
        let mut random = Random::new(case.seed ^ 1);
        for n_threads in [2, 8] {
            let mut other = permute(&columns, &random.order(columns.unit.len()));
            // Far apart, so that they are ranked another way.
            other.unit.iter_mut().for_each(|unit| *unit = *unit * 1_000_003 - (1 << 40));
            prop_assert_eq!(&estimate(other, n_threads), &expected);
        }
    }

    #[test]
    fn labels_of_units_and_clusters_do_not_matter(case in any_case()) {
        let columns = case.columns();
        let mut other = columns.clone();
        let new_labels = Random::new(case.seed ^ 2).order(case.n_units);
        other.unit.iter_mut().for_each(|unit| *unit = new_labels[*unit as usize] as i64);
        other.cluster.iter_mut().flatten().for_each(|code| *code = 500 - *code);
        check_same(&case.estimate(other).unwrap(), &case.estimate(columns).unwrap(), 1.0, 1e-9)?;
    }

    #[test]
    fn shifts_vanish_and_scales_carry_over(case in any_case()) {
        let columns = case.columns();
        let mut other = columns.clone();
        other.outcome.iter_mut().for_each(|value| *value = 1_000.0 - 3.0 * *value);
        other.weight.iter_mut().flatten().for_each(|weight| *weight *= 0.25);
        let (mut found, expected) = (case.estimate(other).unwrap(), case.estimate(columns).unwrap());
        found.rows.iter_mut().for_each(|row| row.estimate.std_error *= -1.0);
        check_same(&found, &expected, -3.0, 1e-9)?;
    }

    #[test]
    fn only_the_space_of_the_covariates_matters(case in any_case()) {
        let columns = case.columns();
        let mut other = columns.clone();
        let fixed = numbers_mut(&mut other, "fixed").clone();
        let varying = numbers_mut(&mut other, "varying").iter_mut();
        varying.zip(&fixed).for_each(|(value, fixed)| *value += 2.0 * fixed);
        let fixed = numbers_mut(&mut other, "fixed").iter_mut();
        fixed.for_each(|value| *value = 700.0 - 0.5 * *value);
        categories_mut(&mut other).iter_mut().for_each(|code| *code = 2 - *code);
        other.covariates.reverse();
        check_same(&case.estimate(other).unwrap(), &case.estimate(columns).unwrap(), 1.0, 1e-8)?;
    }

    #[test]
    fn a_text_is_its_indicators(case in any_case()) {
        let mut columns = case.columns();
        let expected = case.estimate(columns.clone()).unwrap();
        let codes = categories_mut(&mut columns).clone();
        columns.covariates.remove(1);
        for code in [1, 2] {
            let indicator = codes.iter().map(|own| f64::from(u8::from(*own == code)));
            columns.covariates.insert(code as usize, Covariate {
                name: format!("is_{code}"),
                values: CovariateValues::Numbers(indicator.collect()),
            });
        }
        check_same(&case.estimate(columns).unwrap(), &expected, 1.0, 1e-9)?;
    }

    #[test]
    fn a_weight_of_two_is_a_unit_twice(case in any_case()) {
        let mut columns = case.columns();
        let is_double = |unit: i64| unit % 4 == 0;
        let base = columns.weight.take().unwrap_or_else(|| vec![1.0; columns.unit.len()]);
        let doubled = columns.unit.iter().zip(&base);
        let doubled = doubled.map(|(unit, w)| if is_double(*unit) { 2.0 * w } else { *w });
        let weighted = PanelColumns { weight: Some(doubled.collect()), ..columns.clone() };
        columns.weight = Some(base);
        // The two copies form a cluster, so that their errors add up like those of one unit with twice the weight.
        let own = columns.cluster.take();
        let own = own.unwrap_or_else(|| {
            let is_row = case.layout == Layout::CrossSections;
            let unit = columns.unit.iter().map(|unit| *unit as u32);
            if is_row { (0..columns.unit.len() as u32).collect() } else { unit.collect() }
        });
        columns.cluster = Some(own.clone());
        let weighted = PanelColumns { cluster: Some(own), ..weighted };
        let n_rows = columns.unit.len();
        let again = (0..n_rows).filter(|&row| is_double(columns.unit[row]));
        let order: Vec<usize> = (0..n_rows).chain(again).collect();
        let mut twice = permute(&columns, &order);
        twice.unit[n_rows..].iter_mut().for_each(|unit| *unit += 10_000);
        let (mut twice, mut weighted) = (case.estimate(twice).unwrap(), case.estimate(weighted).unwrap());
        // Whether there is overlap is judged without weights.
        let pairs = twice.rows.iter().zip(&weighted.rows);
        let pairs = pairs.map(|(a, b)| [a, b].iter().all(|r| r.estimate.status != Status::NoOverlap));
        let both: Vec<bool> = pairs.collect();
        for rows in [&mut twice.rows, &mut weighted.rows] {
            let mut both = both.iter();
            rows.retain(|_| *both.next().unwrap());
        }
        check_numbers(&twice, &weighted, 1.0, 1e-8)?;
    }

    #[test]
    fn a_weight_of_zero_is_no_unit(case in any_case()) {
        let mut columns = case.columns();
        let is_left = |unit: i64| unit % 5 != 0;
        let order: Vec<usize> =
            (0..columns.unit.len()).filter(|&row| is_left(columns.unit[row])).collect();
        let weight = columns.weight.take().unwrap_or_else(|| vec![1.0; columns.unit.len()]);
        columns.weight = Some(weight);
        let without = permute(&columns, &order);
        let weights = columns.weight.iter_mut().flatten();
        for (weight, unit) in weights.zip(&columns.unit) {
            *weight *= f64::from(u8::from(is_left(*unit)));
        }
        check_numbers(&case.estimate(columns).unwrap(), &case.estimate(without).unwrap(), 1.0, 1e-8)?;
    }

    #[test]
    fn rows_with_a_missing_value_are_left_out_and_counted(case in any_case()) {
        let mut columns = case.columns();
        let n_rows = columns.unit.len();
        let order = Random::new(case.seed ^ 3).order(n_rows);
        let (missing, mut kept) = (&order[..10], order[10..].to_vec());
        kept.sort_unstable();
        let without = permute(&columns, &kept);
        for (place, &row) in missing.iter().enumerate() {
            let value = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][place % 3];
            match (place, &mut columns) {
                (0..3, _) => columns.outcome[row] = value,
                (3..6, _) => numbers_mut(&mut columns, "varying")[row] = value,
                (6, _) => categories_mut(&mut columns)[row] = MISSING_CODE,
                (7, PanelColumns { cluster: Some(codes), .. }) => codes[row] = MISSING_CODE,
                (8, PanelColumns { weight: Some(weights), .. }) => weights[row] = f64::INFINITY,
                _ => numbers_mut(&mut columns, "fixed")[row] = value,
            }
        }
        let (found, mut expected) = (case.estimate(columns), case.estimate(without));
        if let Ok(expected) = &mut expected {
            expected.sample.n_rows_in = n_rows as u64;
            expected.sample.n_missing_rows = 10;
        }
        let (found, expected) = (found.unwrap(), expected.unwrap());
        check_same(&found, &expected, 1.0, 0.0)?;
        prop_assert_eq!(bits(&found), bits(&expected));
    }

    #[test]
    fn a_unit_twice_in_a_period_is_refused(case in any_case()) {
        let columns = case.columns();
        let n_rows = columns.unit.len();
        let mut random = Random::new(case.seed ^ 4);
        let again = [random.below(n_rows), random.below(n_rows)];
        let order: Vec<usize> = (0..n_rows).chain(again).collect();
        let found = case.estimate(permute(&columns, &order)).map(|result| result.sample.n_rows_in);
        if case.layout == Layout::CrossSections {
            prop_assert_eq!(found, Ok(n_rows as u64 + 2));
        } else {
            prop_assert_eq!(found, Err(EstimatorError::DuplicateRows { n_duplicates: 2 }));
        }
    }

    #[test]
    fn shared_covariates_give_the_numbers_of_single_ones(
        case in any_case(),
        has_zeros in any::<bool>(),
    ) {
        let case = Case { is_discrete: true, ..case };
        let mut columns = case.columns();
        if has_zeros && let Some(weights) = &mut columns.weight {
            weights.iter_mut().step_by(9).for_each(|weight| *weight = 0.0);
        }
        columns.covariates.remove(1);
        let mut other = columns.clone();
        let mut random = Random::new(case.seed ^ 5);
        for name in ["fixed", "varying"] {
            let values = numbers_mut(&mut other, name).iter_mut();
            values.for_each(|value| *value += 1e-12 * random.uniform());
        }
        let layout = case.layout;
        let [shared, single] = [columns, other]
            .map(|columns| Panel::try_new(&columns, PanelOptions { layout }).unwrap());
        let is_shared = |panel: &Panel| panel.covariates.as_ref().unwrap().are_shared();
        prop_assert!(is_shared(&shared) && !is_shared(&single));
        let [shared, single] = [shared, single].map(|panel| att_gt(&panel, &case.options()).unwrap());
        check_same(&shared, &single, 1.0, 1e-8)?;
    }
}
