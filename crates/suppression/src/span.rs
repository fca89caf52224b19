//! What follows linearly from known sums: elimination over the integers modulo a prime.
//!
//! Modulo 2^61 − 1 a vector that depends on others over the rationals is found to depend on them, unless the prime divides a
//! determinant; by chance that happens once in 10^18. Every protected count is proven by whole tables afterwards, so that an error
//! here could only withhold too much.

/// 2^61 − 1.
const PRIME: u64 = (1 << 61) - 1;

/// The span of vectors, in reduced row echelon form: each row starts with 1 in a column where all others have 0.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    n_columns: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    pivot: usize,
    values: Vec<u64>,
}

impl Span {
    pub(crate) fn new(n_columns: usize) -> Self {
        Self {
            n_columns,
            rows: Vec::new(),
        }
    }

    /// The vector with 1 in some columns.
    pub(crate) fn indicator(&self, columns: &[usize]) -> Vec<u64> {
        let mut vector = vec![0; self.n_columns];
        for column in columns {
            vector[*column] = 1;
        }
        vector
    }

    /// What is left of a vector when the span is taken out, divided by its first value. None if it lies in the span.
    pub(crate) fn residual(&self, mut vector: Vec<u64>) -> Option<Vec<u64>> {
        for row in &self.rows {
            subtract(&mut vector, vector_at(row.pivot, &row.values));
        }
        let first = *vector.iter().find(|value| **value != 0)?;
        let factor = inverse(first);
        vector
            .iter_mut()
            .for_each(|value| *value = product(*value, factor));
        Some(vector)
    }

    /// Adds what [`Span::residual`] returned.
    pub(crate) fn insert(&mut self, residual: Vec<u64>) {
        let Some(pivot) = residual.iter().position(|value| *value != 0) else {
            return;
        };
        for row in &mut self.rows {
            subtract(&mut row.values, vector_at(pivot, &residual));
        }
        self.rows.push(Row {
            pivot,
            values: residual,
        });
    }

    /// A set of columns that lies in the span, of less weight than the limit, and is new; as far as a search finds one.
    ///
    /// A set is a sum of rows, as each column of a pivot is in it or not. Rows that are added must mend a column that is neither 0
    /// nor 1, or take something out, so the search is short. Columns must be in the order of decreasing weight: then rows of light
    /// pivots have no heavy columns.
    pub(crate) fn light_set(
        &self,
        weights: &[u64],
        limit: Limit,
        is_new: &dyn Fn(&[usize]) -> bool,
    ) -> Option<Vec<usize>> {
        let light: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| weights[row.pivot] < limit.weight)
            .collect();
        let mut search = Search {
            light: &light,
            weights,
            limit,
            is_new,
        };
        (0..light.len()).find_map(|first| search.extend(&light[first].values, &[first]))
    }
}

/// Where a search for light sets ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Sets are of less weight.
    pub(crate) weight: u64,
    /// Sums to try.
    pub(crate) steps: usize,
}

struct Search<'a> {
    light: &'a [&'a Row],
    weights: &'a [u64],
    limit: Limit,
    is_new: &'a dyn Fn(&[usize]) -> bool,
}

impl Search<'_> {
    fn extend(&mut self, sum: &[u64], rows: &[usize]) -> Option<Vec<usize>> {
        if self.limit.steps == 0 {
            return None;
        }
        self.limit.steps -= 1;
        // No other row has anything in a pivot's column: the columns of all pivots are in the set.
        let pivots = rows
            .iter()
            .map(|row| self.weights[self.light[*row].pivot])
            .sum::<u64>();
        if pivots >= self.limit.weight {
            return None;
        }
        let bad = sum.iter().position(|value| *value > 1);
        if bad.is_none() {
            let columns: Vec<usize> = (0..sum.len()).filter(|column| sum[*column] == 1).collect();
            let weight: u64 = columns.iter().map(|column| self.weights[*column]).sum();
            if weight < self.limit.weight && (self.is_new)(&columns) {
                return Some(columns);
            }
        }
        for idx in 0..self.light.len() {
            if !rows.contains(&idx) && helps(sum, bad, &self.light[idx].values) {
                let longer: Vec<u64> = sum
                    .iter()
                    .zip(&self.light[idx].values)
                    .map(|(a, b)| reduced(a + b))
                    .collect();
                let mut with = rows.to_vec();
                with.push(idx);
                if let Some(columns) = self.extend(&longer, &with) {
                    return Some(columns);
                }
            }
        }
        None
    }
}

/// Whether a row changes the column that is neither 0 nor 1, or takes a column out of a set that is too heavy.
fn helps(sum: &[u64], bad: Option<usize>, row: &[u64]) -> bool {
    match bad {
        Some(bad) => row[bad] != 0,
        None => sum
            .iter()
            .zip(row)
            // In the upper half are the negative numbers: −1 takes the column out.
            .any(|(value, added)| *value == 1 && *added > PRIME / 2),
    }
}

/// A row and the column that it clears.
struct At<'a> {
    pivot: usize,
    values: &'a [u64],
}

fn vector_at(pivot: usize, values: &[u64]) -> At<'_> {
    At { pivot, values }
}

/// Clears the pivot's column.
fn subtract(vector: &mut [u64], row: At<'_>) {
    let factor = vector[row.pivot];
    if factor != 0 {
        let negative = PRIME - factor;
        for (value, other) in vector.iter_mut().zip(row.values) {
            if *other != 0 {
                *value = reduced(*value + product(negative, *other));
            }
        }
    }
}

fn product(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    // 2⁶¹ is 1 modulo the prime: the upper bits are added to the lower ones.
    reduced((wide & u128::from(PRIME)) as u64 + (wide >> 61) as u64)
}

fn reduced(value: u64) -> u64 {
    if value >= PRIME { value - PRIME } else { value }
}

/// By Fermat: a^(p − 2).
fn inverse(value: u64) -> u64 {
    let (mut base, mut exponent, mut result) = (value, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = product(result, base);
        }
        base = product(base, base);
        exponent >>= 1;
    }
    result
}
