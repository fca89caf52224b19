//! What can be worked out from sums over parts of a group: any combination of them. When a combination leaves only few
//! persons, their sum is told.

/// Rows of a group that meet the same conditions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Atom {
    /// 1 or 0 for each condition as they meet it, and then their value of each number of few values.
    pub(super) told: Vec<f64>,
    /// How many of these are values: of them squares are told as well.
    pub(super) n_values: usize,
    /// Persons with such rows; 0 for what could be met and is not.
    pub(super) persons: u64,
}

/// Sets of small atoms that are examined, at most; beyond them nothing is shown.
const MOST_SETS: usize = 4096;

/// Whether no combination of the shown sums is about less than `min_count` persons, or about none where atoms without persons
/// are given. The sums are those over the atoms that meet each condition, and over all of them where `has_whole`.
pub(super) fn is_safe(atoms: &[Atom], has_whole: bool, min_count: u64) -> bool {
    let small: Vec<usize> = (0..atoms.len())
        .filter(|&idx| atoms[idx].persons < min_count)
        .collect();
    let all: Vec<usize> = (0..atoms.len()).collect();
    let sums = rows(atoms, has_whole, &all);
    let n_independent = rank(sums);
    // A combination that is zero outside of some atoms and not zero within them exists when the rank without them is lower.
    let is_told = |within: &[usize]| {
        let outside: Vec<usize> = all
            .iter()
            .copied()
            .filter(|idx| !within.contains(idx))
            .collect();
        rank(rows(atoms, has_whole, &outside)) < n_independent
    };
    if small.is_empty() || !is_told(&small) {
        return true;
    }
    // What no person meets belongs to every set: it makes none larger.
    let (absent, small): (Vec<usize>, Vec<usize>) =
        small.into_iter().partition(|&idx| atoms[idx].persons == 0);
    let mut n_sets = 0;
    let mut open: Vec<(Vec<usize>, usize, u64)> = vec![(absent, 0, 0)];
    while let Some((within, next, persons)) = open.pop() {
        n_sets += 1;
        if n_sets > MOST_SETS {
            return false;
        }
        if !within.is_empty() && is_told(&within) {
            return false;
        }
        for place in next..small.len() {
            let more = persons + atoms[small[place]].persons;
            if more < min_count {
                let mut within = within.clone();
                within.push(small[place]);
                open.push((within, place + 1, more));
            }
        }
    }
    true
}

fn rows(atoms: &[Atom], has_whole: bool, columns: &[usize]) -> Vec<Vec<f64>> {
    let n_told = atoms.first().map_or(0, |atom| atom.told.len());
    let n_values = atoms.first().map_or(0, |atom| atom.n_values);
    let row = |told: usize, power: i32| -> Vec<f64> {
        let values = columns.iter().map(|&idx| atoms[idx].told[told].powi(power));
        values.collect()
    };
    let mut rows: Vec<Vec<f64>> = (0..n_told).map(|told| row(told, 1)).collect();
    // A number of few values is told by its sum and, through a standard deviation, by its sum of squares.
    rows.extend((n_told - n_values..n_told).map(|told| row(told, 2)));
    if has_whole {
        rows.push(vec![1.0; columns.len()]);
    }
    rows
}

/// The number of independent rows, by elimination with the largest pivot.
fn rank(mut rows: Vec<Vec<f64>>) -> usize {
    const ZERO: f64 = 1e-9;
    // Counts and amounts are brought to one size first, as ZERO is an absolute bound.
    for row in &mut rows {
        let largest = row
            .iter()
            .fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if largest > 0.0 {
            row.iter_mut().for_each(|value| *value /= largest);
        }
    }
    let n_columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..n_columns {
        let size = |row: &Vec<f64>| row[column].abs();
        let pivot = (rank..rows.len()).max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b])));
        let Some(pivot) = pivot.filter(|&row| size(&rows[row]) > ZERO) else {
            continue;
        };
        rows.swap(rank, pivot);
        let (above, below) = rows.split_at_mut(rank + 1);
        let first = &above[rank];
        for row in below {
            let factor = row[column] / first[column];
            for (value, first) in row.iter_mut().zip(first) {
                *value -= factor * first;
            }
        }
        rank += 1;
    }
    rank
}
