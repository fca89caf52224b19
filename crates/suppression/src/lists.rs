//! Many short lists of numbers in one piece of memory, and sets as sorted lists.

/// Lists of `u32`, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    starts: Vec<usize>,
    values: Vec<u32>,
}

impl Lists {
    pub(crate) fn new() -> Self {
        Self {
            starts: vec![0],
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.values.extend(list);
        self.starts.push(self.values.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn get(&self, idx: usize) -> &[u32] {
        &self.values[self.starts[idx]..self.starts[idx + 1]]
    }

    /// For each of `n_values` values the lists that have it, increasing.
    pub(crate) fn transposed(&self, n_values: usize) -> Self {
        let mut starts = vec![0_usize; n_values + 1];
        for value in &self.values {
            starts[*value as usize + 1] += 1;
        }
        for idx in 0..n_values {
            starts[idx + 1] += starts[idx];
        }
        let mut next = starts.clone();
        let mut values = vec![0_u32; self.values.len()];
        for list in 0..self.len() {
            for value in self.get(list) {
                values[next[*value as usize]] = list as u32;
                next[*value as usize] += 1;
            }
        }
        Self { starts, values }
    }
}

/// The elements of `larger` that are not in `smaller`; nothing if `smaller` has others.
pub(crate) fn difference(larger: &[u32], smaller: &[u32]) -> Option<Vec<u32>> {
    let mut rest = Vec::new();
    let mut next = 0;
    for value in larger {
        if smaller.get(next) == Some(value) {
            next += 1;
        } else {
            rest.push(*value);
        }
    }
    (next == smaller.len()).then_some(rest)
}
