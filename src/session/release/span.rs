//! What can be worked out from sums over parts of a group: any combination of them. When a combination leaves only few
//! persons, their sum is told.

/// Rows of a group that meet the same conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Atom {
    /// Whether they meet each condition.
    pub(super) meets: Vec<bool>,
    /// Persons with such rows.
    pub(super) persons: u64,
}

/// Sets of small atoms that are looked at, at most; beyond them nothing is shown.
const MOST_SETS: usize = 4096;

/// Whether no combination of the shown sums is about 1 to `min_count − 1` persons. The sums are those over the atoms that meet
/// each condition, and over all of them where `has_whole`.
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
    let mut n_sets = 0;
    let mut open: Vec<(Vec<usize>, usize, u64)> = vec![(Vec::new(), 0, 0)];
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
    let n_conditions = atoms.first().map_or(0, |atom| atom.meets.len());
    let number = |is_met: bool| if is_met { 1.0 } else { 0.0 };
    let mut rows: Vec<Vec<f64>> = (0..n_conditions)
        .map(|condition| {
            let meets = columns.iter().map(|&idx| atoms[idx].meets[condition]);
            meets.map(number).collect()
        })
        .collect();
    if has_whole {
        rows.push(vec![1.0; columns.len()]);
    }
    rows
}

/// The number of independent rows of zeros and ones, by elimination with the largest pivot.
fn rank(mut rows: Vec<Vec<f64>>) -> usize {
    const ZERO: f64 = 1e-9;
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
