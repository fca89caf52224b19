//! Proofs that a count is safe: whole tables that a reader cannot tell from the true one.

use crate::free::Free;
use crate::items::Item;
use crate::model::Model;
use crate::problem::Interval;
use crate::region::{Region, Row};
use crate::state::State;

/// Tables that are kept for other items.
const TABLES: usize = 1_000;

/// Changes of a region's atoms after which everything the reader knows is still true.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables(Vec<Vec<i64>>);

/// An interval that a reader cannot narrow, and the tables that show it.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) interval: Interval,
    pub(crate) tables: Tables,
    /// Where the interval was too narrow: the lowest changes for a participant to whom it was.
    narrow_for: Option<Vec<i64>>,
}

impl Proof {
    pub(crate) fn width(&self) -> u64 {
        self.interval.high - self.interval.low
    }
}

/// What tables say of an item.
enum Bound {
    Enough(Proof),
    /// Not enough for a reader who knows nothing but what was published.
    Narrow,
    /// Not enough for a participant in the atom at this place.
    NarrowFor(usize),
}

impl Tables {
    /// Those that agree with a row as well.
    pub(crate) fn agreeing(
        &self,
        model: &Model,
        state: &State<'_>,
        region: &Region,
        row: &Row,
    ) -> Self {
        let Some(slack) = region.slack(model, state, row) else {
            return self.clone();
        };
        let agrees = |table: &&Vec<i64>| {
            let change: i64 = row.terms.iter().map(|place| table[*place]).sum();
            change >= slack.low && slack.high.is_none_or(|high| change <= high)
        };
        Self(self.0.iter().filter(agrees).cloned().collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, changes: impl IntoIterator<Item = Vec<i64>>) {
        self.0.extend(
            changes
                .into_iter()
                .filter(|table| table.iter().any(|by| *by != 0)),
        );
    }

    fn shown(&self, region: &Region, places: &[usize], item: &Item) -> Bound {
        let mut order: Vec<(i64, usize)> = self
            .0
            .iter()
            .enumerate()
            .map(|(idx, table)| (places.iter().map(|place| table[*place]).sum(), idx))
            .collect();
        order.sort_unstable();
        let mut used: Vec<usize> = Vec::new();
        let mut narrowest = Interval {
            low: item.count,
            high: item.count,
        };
        // First a reader who is in no cell, then a participant in each atom, who can rule out tables without persons
        // there.
        for participant in std::iter::once(None).chain((0..region.atoms.len()).map(Some)) {
            let Some(is_new) = self.interval(region, &order, item, participant) else {
                continue;
            };
            let (interval, tables) = is_new;
            let is_first = participant.is_none();
            let width = interval.high - interval.low;
            if is_first || width < narrowest.high - narrowest.low {
                narrowest = interval;
            }
            if width < item.need {
                return match participant {
                    None => Bound::Narrow,
                    Some(place) => Bound::NarrowFor(place),
                };
            }
            used.extend(tables);
        }
        used.sort_unstable();
        used.dedup();
        let tables = Self(used.into_iter().map(|idx| self.0[idx].clone()).collect());
        Bound::Enough(Proof {
            interval: narrowest,
            tables,
            narrow_for: None,
        })
    }

    /// The widest interval of tables in which a participant finds himself. None if there is no such person.
    fn interval(
        &self,
        region: &Region,
        order: &[(i64, usize)],
        item: &Item,
        participant: Option<usize>,
    ) -> Option<(Interval, Vec<usize>)> {
        if participant.is_some_and(|place| region.counts[place] == 0) {
            return None;
        }
        let has_him = |(_, idx): &&(i64, usize)| {
            participant.is_none_or(|place| region.counts[place] + self.0[*idx][place] > 0)
        };
        let high = order
            .iter()
            .rev()
            .find(has_him)
            .filter(|(change, _)| *change > 0);
        let low = order.iter().find(has_him).filter(|(change, _)| *change < 0);
        let interval = Interval {
            low: item.count - low.map_or(0, |(change, _)| change.unsigned_abs()),
            high: item.count + high.map_or(0, |(change, _)| change.unsigned_abs()),
        };
        Some((
            interval,
            high.into_iter().chain(low).map(|(_, idx)| *idx).collect(),
        ))
    }
}

/// What is left of an item's interval by what left earlier, as far as the region tells: its width if that is certainly less than the
/// item needs. The region must have all atoms of the cells that left, or it tells too little of what is left. `known` are tables that
/// agree with what left.
pub(crate) fn width_left(
    model: &Model,
    state: &State<'_>,
    region: &Region,
    item: &Item,
    known: &mut Tables,
) -> Option<Interval> {
    let before = state.before();
    let proof = provable(model, &before, region, item, known);
    let floors = proof.narrow_for?;
    // That no whole tables were found is not enough: the search may have given up.
    let free = Free::new(model, &before, region, &region.places(&item.atoms));
    (free.width_at_most(&floors, item.need) < item.need).then_some(proof.interval)
}

/// What a reader who takes part cannot exclude of an item: the interval that remains to the participant who knows most, or to one
/// who knows too much. Tables that are found on the way are added to `known`.
pub(crate) fn provable(
    model: &Model,
    state: &State<'_>,
    region: &Region,
    item: &Item,
    known: &mut Tables,
) -> Proof {
    let places = region.places(&item.atoms);
    let mut free: Option<Free> = None;
    let mut tried = false;
    let before = known.len();
    let proof = loop {
        let shown = known.shown(region, &places, item);
        if let Bound::Enough(proof) = shown {
            break proof;
        }
        let free = free.get_or_insert_with(|| Free::new(model, state, region, &places));
        let mut floors = free.floors(0);
        match shown {
            // Everyone at once is more than any one participant knows, but usually as good.
            Bound::Narrow if !tried => {
                let changes = free.widest(&free.floors(1), item.need, &known.0);
                known.add(changes);
            }
            Bound::Narrow => {}
            Bound::NarrowFor(place) => free.raise(&mut floors, place),
            Bound::Enough(_) => {}
        }
        if tried || matches!(shown, Bound::NarrowFor(_)) {
            let changes = free.widest(&floors, item.need, &known.0);
            let width = free.width(&changes);
            known.add(changes.clone());
            if width < item.need {
                break Proof {
                    interval: free.interval(item.count, &changes),
                    tables: Tables::default(),
                    narrow_for: Some(floors),
                };
            }
        }
        tried = true;
    };
    let most = before.max(TABLES);
    known.0.truncate(most);
    proof
}
