//! Comparing covariates: from rows to means, spreads and distances. Values are sorted before they are summed, so that no result
//! depends on the order of rows.

use rayon::slice::ParallelSliceMut;

use crate::balance::moments::{Moments, WeightedValue, moments};
use crate::balance::table::{BalanceColumns, BalanceOptions, BalanceRow, Spread, WeightRole};
use crate::error::EstimatorError;
use crate::panel::codes::MISSING_CODE;
use crate::panel::columns::check_binary;
use crate::panel::covariate::{Covariate, CovariateValues};
use crate::status::Status;

/// Compares the covariates of the treated with those of the others.
///
/// # Errors
/// [`EstimatorError`] for columns of different lengths, a treatment other than 0 and 1, a negative weight.
pub fn balance(
    columns: &BalanceColumns,
    options: &BalanceOptions,
) -> Result<Vec<BalanceRow>, EstimatorError> {
    let rows = UsedRows::try_new(columns)?;
    if rows.iter().next().is_none() {
        let nothing = NumericSample::new(&rows, &[]).summary();
        let says_so = |covariate: &Covariate| BalanceRow {
            status: Status::NoRows,
            ..nothing.row(&covariate.name, None, options)
        };
        return Ok(columns.covariates.iter().map(says_so).collect());
    }
    let mut result = Vec::new();
    for covariate in &columns.covariates {
        match &covariate.values {
            CovariateValues::Numbers(values) => {
                let sample = NumericSample::new(&rows, values);
                result.push(sample.summary().row(&covariate.name, None, options));
            }
            CovariateValues::Categories { codes, labels } => {
                for (level, summary) in levels(&rows, codes, labels) {
                    result.push(summary.row(&covariate.name, Some(level), options));
                }
            }
        }
    }
    Ok(result)
}

/// The rows with a treatment and a weight.
struct UsedRows<'a> {
    columns: &'a BalanceColumns,
    n_rows_in: u64,
}

impl<'a> UsedRows<'a> {
    fn try_new(columns: &'a BalanceColumns) -> Result<Self, EstimatorError> {
        let expected = columns.treated.len();
        let weight = columns.weight.as_deref();
        let lengths = columns
            .covariates
            .iter()
            .map(|covariate| (covariate.name.as_str(), covariate.values.len()))
            .chain(weight.map(|weight| ("weight", weight.len())));
        for (column, found) in lengths {
            if found != expected {
                let column = column.to_owned();
                return Err(EstimatorError::LengthMismatch {
                    column,
                    found,
                    expected,
                });
            }
        }
        check_binary("treated", &columns.treated)?;
        let negative = |weight: &[f64]| weight.iter().filter(|&&value| value < 0.0).count() as u64;
        let n_rows = weight.map_or(0, negative);
        if n_rows > 0 {
            return Err(EstimatorError::NegativeWeight { n_rows });
        }
        Ok(Self {
            columns,
            n_rows_in: expected as u64,
        })
    }

    /// Row index, whether treated, weight.
    fn iter(&self) -> impl Iterator<Item = (usize, bool, f64)> + '_ {
        let weight = self.columns.weight.as_deref();
        let treated = self.columns.treated.iter().enumerate();
        treated
            .map(move |(row, &treated)| (row, treated, weight.map_or(1.0, |w| w[row])))
            .filter(|(_, treated, weight)| treated.is_finite() && weight.is_finite())
            .map(|(row, treated, weight)| (row, treated == 1.0, weight))
    }
}

/// One group of rows with its weight.
#[derive(Debug, Clone, Copy)]
struct Group {
    n_rows: u64,
    weight: f64,
    weighted: Moments,
    unweighted: Moments,
}

/// All a row of the result is made from.
struct Summary {
    treated: Group,
    control: Group,
    all_weighted: Moments,
    all_unweighted: Moments,
    difference: f64,
    ks: f64,
    is_binary: bool,
    n_missing: u64,
}

impl Summary {
    fn row(&self, name: &str, level: Option<&str>, options: &BalanceOptions) -> BalanceRow {
        let (treated, control) = (&self.treated, &self.control);
        let smd = self.difference / self.spread(options);
        let status = if treated.weight <= 0.0 {
            Status::NoTreated
        } else if control.weight <= 0.0 {
            Status::NoControls
        } else if smd.is_finite() {
            Status::Ok
        } else {
            Status::NoVariance
        };
        // A quotient by zero is no number to show.
        let known = |value: f64| if value.is_finite() { value } else { f64::NAN };
        let ratio = treated.weighted.variance / control.weighted.variance;
        BalanceRow {
            covariate: name.to_owned(),
            level: level.map(str::to_owned),
            mean_treated: known(treated.weighted.mean),
            mean_control: known(control.weighted.mean),
            sd_treated: known(treated.weighted.variance.sqrt()),
            sd_control: known(control.weighted.variance.sqrt()),
            difference: known(self.difference),
            smd: known(smd),
            // Of a yes/no the ratio says what the means say; R `cobalt` shows none either.
            variance_ratio: known(if self.is_binary { f64::NAN } else { ratio }),
            ks: known(self.ks),
            n_treated: treated.n_rows,
            n_control: control.n_rows,
            n_missing: self.n_missing,
            status,
        }
    }

    /// The sd the difference is divided by.
    fn spread(&self, options: &BalanceOptions) -> f64 {
        let sees_weights = options.weight_role == WeightRole::Sampling;
        let variance = |group: &Group| {
            if sees_weights {
                group.weighted.variance
            } else {
                group.unweighted.variance
            }
        };
        let (v1, v0) = (variance(&self.treated), variance(&self.control));
        match options.spread {
            Spread::Pooled => (0.5 * (v1 + v0)).sqrt(),
            Spread::Treated => v1.sqrt(),
            Spread::Control => v0.sqrt(),
            Spread::All if !sees_weights => self.all_unweighted.variance.sqrt(),
            Spread::All | Spread::Weighted => self.all_weighted.variance.sqrt(),
            Spread::Hedges => {
                let (n1, n0) = (self.treated.n_rows as f64, self.control.n_rows as f64);
                let n = n1 + n0;
                // From three rows on the correction would divide by zero or turn the sign.
                if n < 4.0 {
                    return f64::NAN;
                }
                let pooled = ((n1 - 1.0) * v1 + (n0 - 1.0) * v0) / (n - 2.0);
                pooled.sqrt() / (1.0 - 3.0 / (4.0 * n - 9.0))
            }
        }
    }
}

/// The rows that have a number, sorted within their group.
struct NumericSample {
    treated: Vec<WeightedValue>,
    control: Vec<WeightedValue>,
    /// Subtracted from all values, so that large means cost no digits.
    centre: f64,
    n_missing: u64,
}

impl NumericSample {
    fn new(rows: &UsedRows<'_>, values: &[f64]) -> Self {
        let (mut treated, mut control) = (Vec::new(), Vec::new());
        for (row, is_treated, weight) in rows.iter() {
            // Adding zero turns −0 into 0: they are the same value.
            let value = values[row] + 0.0;
            if value.is_finite() {
                let group = if is_treated {
                    &mut treated
                } else {
                    &mut control
                };
                group.push(WeightedValue { value, weight });
            }
        }
        let n_missing = rows.n_rows_in - (treated.len() + control.len()) as u64;
        for group in [&mut treated, &mut control] {
            group.par_sort_unstable_by(|a, b| {
                let by_value = a.value.total_cmp(&b.value);
                by_value.then(a.weight.total_cmp(&b.weight))
            });
        }
        // The middle one: at hand after sorting, and among the values however far outliers lie.
        let middle = |group: &[WeightedValue]| group.get(group.len() / 2).map(|row| row.value);
        let centre = middle(&control).or(middle(&treated)).unwrap_or(0.0);
        for row in treated.iter_mut().chain(&mut control) {
            row.value -= centre;
        }
        Self {
            treated,
            control,
            centre,
            n_missing,
        }
    }

    fn summary(&self) -> Summary {
        let two = self.two_values();
        let both = || self.treated.iter().chain(&self.control);
        let unit = |row: &WeightedValue| WeightedValue {
            value: row.value,
            weight: 1.0,
        };
        let [treated, control] = [&self.treated, &self.control].map(|rows| Group {
            n_rows: rows.len() as u64,
            weight: rows.iter().map(|row| row.weight).sum(),
            weighted: moments(rows.iter().copied(), two),
            unweighted: moments(rows.iter().map(unit), two),
        });
        let difference = treated.weighted.mean - control.weighted.mean;
        // Of two values the distribution functions differ at the lower one only; merging would find the same with more rounding.
        let ks = match two {
            Some((low, high)) if high > low => difference.abs() / (high - low),
            // One value: no distance, but NaN where a group is empty.
            Some(_) => 0.0 * difference,
            None => self.largest_distance(treated.weight, control.weight),
        };
        let centred = |moments: Moments| Moments {
            mean: moments.mean + self.centre,
            ..moments
        };
        let centred_group = |group: Group| Group {
            weighted: centred(group.weighted),
            unweighted: centred(group.unweighted),
            ..group
        };
        Summary {
            all_weighted: moments(both().copied(), two),
            all_unweighted: moments(both().map(unit), two),
            treated: centred_group(treated),
            control: centred_group(control),
            difference,
            ks,
            is_binary: two.is_some(),
            n_missing: self.n_missing,
        }
    }

    /// The smallest and the largest value where there are no others.
    fn two_values(&self) -> Option<(f64, f64)> {
        let groups = [&self.treated, &self.control];
        let ends = groups.iter().flat_map(|rows| [rows.first(), rows.last()]);
        let ends = ends.flatten().map(|row| row.value);
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let mut all = groups.iter().flat_map(|rows| rows.iter());
        all.all(|row| row.value == low || row.value == high)
            .then_some((low, high))
    }

    /// max |F₁ − F₀| by merging the two sorted groups.
    fn largest_distance(&self, treated_weight: f64, control_weight: f64) -> f64 {
        let (mut a, mut b) = (
            self.treated.iter().peekable(),
            self.control.iter().peekable(),
        );
        let (mut below_treated, mut below_control, mut largest) = (0.0, 0.0, 0.0_f64);
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(a), Some(b)) => a.value.min(b.value),
                (Some(row), None) | (None, Some(row)) => row.value,
                (None, None) => break,
            };
            while let Some(row) = a.next_if(|row| row.value == next) {
                below_treated += row.weight;
            }
            while let Some(row) = b.next_if(|row| row.value == next) {
                below_control += row.weight;
            }
            let distance = below_treated / treated_weight - below_control / control_weight;
            // A group without weight is 0/0, which `max` would drop.
            if distance.is_nan() {
                return f64::NAN;
            }
            largest = largest.max(distance.abs());
        }
        largest
    }
}

/// The levels of a category that occur, in the order of their labels.
fn levels<'a>(rows: &UsedRows<'_>, codes: &[u32], labels: &'a [String]) -> Vec<(&'a str, Summary)> {
    let mut members: Vec<(u32, bool, f64)> = Vec::new();
    for (row, is_treated, weight) in rows.iter() {
        if codes[row] != MISSING_CODE && (codes[row] as usize) < labels.len() {
            members.push((codes[row], is_treated, weight));
        }
    }
    let n_missing = rows.n_rows_in - members.len() as u64;
    // Counts are exact in any order; sums of weights are not.
    if rows.columns.weight.is_some() {
        members.par_sort_unstable_by(|a, b| {
            let by_group = (a.0, a.1).cmp(&(b.0, b.1));
            by_group.then(a.2.total_cmp(&b.2))
        });
    }
    let mut counts = vec![[(0_u64, 0.0); 2]; labels.len()];
    for &(code, is_treated, weight) in &members {
        let (n_rows, sum) = &mut counts[code as usize][usize::from(is_treated)];
        *n_rows += 1;
        *sum += weight;
    }
    let mut order: Vec<usize> = (0..labels.len())
        .filter(|&level| counts[level].iter().any(|(n_rows, _)| *n_rows > 0))
        .collect();
    order.sort_by(|&a, &b| labels[a].cmp(&labels[b]));
    let mut totals = [(0_u64, 0.0); 2];
    for &level in &order {
        for (total, part) in totals.iter_mut().zip(counts[level]) {
            *total = (total.0 + part.0, total.1 + part.1);
        }
    }
    let summary = |level: usize| level_summary(counts[level], totals, n_missing);
    order
        .into_iter()
        .map(|level| (labels[level].as_str(), summary(level)))
        .collect()
}

/// Belonging to a level as a covariate of 0 and 1; pairs are (rows, weight) of the others and of the treated.
fn level_summary(inside: [(u64, f64); 2], totals: [(u64, f64); 2], n_missing: u64) -> Summary {
    let share = |part: f64, whole: f64| {
        let mean = part / whole;
        // Without n/(n − 1), as R `cobalt` has it for yes/no.
        let variance = mean * (1.0 - mean);
        Moments { mean, variance }
    };
    let group = |index: usize| Group {
        n_rows: totals[index].0,
        weight: totals[index].1,
        weighted: share(inside[index].1, totals[index].1),
        unweighted: share(inside[index].0 as f64, totals[index].0 as f64),
    };
    let (control, treated) = (group(0), group(1));
    let difference = treated.weighted.mean - control.weighted.mean;
    let rows = |pair: [(u64, f64); 2]| (pair[0].0 + pair[1].0) as f64;
    let weight = |pair: [(u64, f64); 2]| pair[0].1 + pair[1].1;
    Summary {
        all_weighted: share(weight(inside), weight(totals)),
        all_unweighted: share(rows(inside), rows(totals)),
        treated,
        control,
        difference,
        ks: difference.abs(),
        is_binary: true,
        n_missing,
    }
}
