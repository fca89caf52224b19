//! How far single atoms can move, as one row after the other tells. Cheaper than programs, and often enough to see that nothing moves.

use std::collections::VecDeque;

use crate::free::Free;

/// More than any change.
const FAR: i64 = 1 << 41;

/// Rows that are looked at, for each row.
const ROUNDS: usize = 20;

/// Lowest and highest changes of atoms.
pub(crate) struct Ranges {
    low: Vec<i64>,
    high: Vec<i64>,
}

impl Ranges {
    /// With the lowest changes of the atoms.
    pub(crate) fn new(free: &Free, floors: &[i64]) -> Self {
        let mut ranges = Self {
            low: floors.to_vec(),
            high: vec![FAR; floors.len()],
        };
        let mut waiting: VecDeque<u32> = (0..free.rows.len() as u32).collect();
        let mut waits = vec![true; free.rows.len()];
        // Rows can tighten each other by a person at a time for long; the ranges are valid wherever it ends.
        for _ in 0..ROUNDS * free.rows.len() {
            let Some(row) = waiting.pop_front() else {
                break;
            };
            waits[row as usize] = false;
            for atom in ranges.tightened(free, row) {
                for other in &free.rows_of[atom] {
                    if !std::mem::replace(&mut waits[*other as usize], true) {
                        waiting.push_back(*other);
                    }
                }
            }
        }
        ranges
    }

    /// The furthest that some atoms can move together in a direction.
    pub(crate) fn furthest(&self, atoms: &[usize], direction: i64) -> i64 {
        let bounds = if direction > 0 { &self.high } else { &self.low };
        atoms.iter().map(|atom| bounds[*atom].abs()).sum()
    }

    /// Applies a row; the atoms that can move less than before.
    fn tightened(&mut self, free: &Free, row: u32) -> Vec<usize> {
        let (terms, slack) = &free.rows[row as usize];
        let mut least: i64 = terms.iter().map(|atom| self.low[*atom]).sum();
        let mut most: i64 = terms.iter().map(|atom| self.high[*atom]).sum();
        let mut found = Vec::new();
        for atom in terms {
            let (low, high) = (self.low[*atom], self.high[*atom]);
            let new_low = low.max(slack.low - (most - high));
            let new_high = slack
                .high
                .map_or(high, |bound| high.min(bound - (least - low)));
            if new_low > low || new_high < high {
                (self.low[*atom], self.high[*atom]) = (new_low, new_high);
                least += new_low - low;
                most -= high - new_high;
                found.push(*atom);
            }
        }
        found
    }
}
