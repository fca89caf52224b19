//! The atoms of a region that can move with a count, and what a change of them has to agree with.

use crate::equations::{equations, fixed, reached};
use crate::model::Model;
use crate::problem::Interval;
use crate::program::floor;
use crate::region::{Region, Slack};
use crate::state::State;

/// The atoms that can move with an item, and the equations between them.
pub(crate) struct Free {
    /// Atoms of the region.
    n_atoms: usize,
    /// Their places in the region.
    places: Vec<usize>,
    counts: Vec<i64>,
    /// Those of the item.
    pub(crate) item: Vec<usize>,
    /// Their sums, and how much these may change.
    pub(crate) rows: Vec<(Vec<usize>, Slack)>,
    /// The rows of each.
    pub(crate) rows_of: Vec<Vec<u32>>,
}

impl Free {
    pub(crate) fn new(model: &Model, state: &State<'_>, region: &Region, item: &[usize]) -> Self {
        let rows = equations(model, state, region);
        // What follows from exact rows cannot move: its change is zero in every sum.
        let is_fixed = fixed(&rows, region.atoms.len());
        let rows: Vec<(Vec<usize>, Slack)> = rows
            .into_iter()
            .map(|(terms, slack)| {
                (
                    terms
                        .into_iter()
                        .filter(|term| !is_fixed[*term])
                        .collect::<Vec<_>>(),
                    slack,
                )
            })
            .filter(|(terms, _)| !terms.is_empty())
            .collect();
        let item: Vec<usize> = item
            .iter()
            .copied()
            .filter(|place| !is_fixed[*place])
            .collect();
        let reached = reached(&rows, &item, region.atoms.len());
        let mut place_of = vec![usize::MAX; region.atoms.len()];
        for (idx, place) in reached.iter().enumerate() {
            place_of[*place] = idx;
        }
        let rows: Vec<(Vec<usize>, Slack)> = rows
            .into_iter()
            // Atoms of a row are reached together or not at all.
            .filter(|(terms, _)| place_of[terms[0]] != usize::MAX)
            .map(|(terms, slack)| (terms.iter().map(|term| place_of[*term]).collect(), slack))
            .collect();
        let mut rows_of = vec![Vec::new(); reached.len()];
        for (idx, (terms, _)) in rows.iter().enumerate() {
            terms
                .iter()
                .for_each(|term| rows_of[*term].push(idx as u32));
        }
        Self {
            n_atoms: region.atoms.len(),
            counts: reached.iter().map(|place| region.counts[*place]).collect(),
            item: item.iter().map(|place| place_of[*place]).collect(),
            places: reached,
            rows,
            rows_of,
        }
    }

    /// The lowest changes that leave some persons in each atom.
    pub(crate) fn floors(&self, persons: i64) -> Vec<i64> {
        self.counts
            .iter()
            .map(|count| floor(*count, persons))
            .collect()
    }

    /// Leaves one more person in the atom at a place of the region.
    pub(crate) fn raise(&self, floors: &mut [i64], place: usize) {
        if let Ok(idx) = self.places.binary_search(&place) {
            floors[idx] += 1;
        }
    }

    /// How far apart the item is in changes of the region, with none.
    pub(crate) fn width(&self, changes: &[Vec<i64>]) -> u64 {
        // Above all changes, so that no interval begins at zero; only its width is read.
        let interval = self.interval(1 << 50, changes);
        interval.high - interval.low
    }

    /// The interval between changes of the region.
    pub(crate) fn interval(&self, count: u64, changes: &[Vec<i64>]) -> Interval {
        let moves = |change: &Vec<i64>| -> i64 {
            self.item.iter().map(|idx| change[self.places[*idx]]).sum()
        };
        // The true table, which moves nothing, is always among those that agree.
        let up = changes.iter().map(moves).max().unwrap_or(0).max(0);
        let down = changes.iter().map(moves).min().unwrap_or(0).min(0);
        Interval {
            low: count - down.unsigned_abs(),
            high: count + up.unsigned_abs(),
        }
    }

    /// What a change of the region's atoms is here; nothing if it leaves the item as it is.
    pub(crate) fn exchange(&self, change: &[i64]) -> Option<Vec<(usize, i64)>> {
        let of_item: i64 = self.item.iter().map(|idx| change[self.places[*idx]]).sum();
        let changes = self.places.iter().map(|place| change[*place]).enumerate();
        (of_item != 0).then(|| changes.filter(|(_, by)| *by != 0).collect())
    }

    pub(crate) fn in_region(&self, change: &[i64]) -> Vec<i64> {
        let mut table = vec![0; self.n_atoms];
        self.places
            .iter()
            .zip(change)
            .for_each(|(place, by)| table[*place] = *by);
        table
    }

    pub(crate) fn item_change(&self, change: &[i64]) -> i64 {
        self.item.iter().map(|idx| change[*idx]).sum()
    }

    pub(crate) fn agrees(&self, floors: &[i64], change: &[i64]) -> bool {
        change
            .iter()
            .zip(floors)
            .all(|(change, floor)| change >= floor)
            && self.rows.iter().all(|(terms, slack)| {
                let sum: i64 = terms.iter().map(|term| change[*term]).sum();
                sum >= slack.low && slack.high.is_none_or(|high| sum <= high)
            })
    }
}
