//! Changes of whole numbers that move a count, by local search: one person more in the item, then whatever mends the sums that this
//! breaks. Finds in no time most of what programs would find. Whatever it proposes is checked like what they propose.

use crate::free::Free;

/// Known changes that are tried first.
const KNOWN: usize = 60;

/// Searches for an exchange before giving up.
const TRIES: u64 = 6;

/// Steps of a search.
const STEPS: usize = 60;

/// Atoms of a row that are looked at in a step.
const CHOICES: usize = 100;

/// A change on its way.
pub(crate) struct Exchanges<'a> {
    free: &'a Free,
    floors: &'a [i64],
    is_item: Vec<bool>,
    change: Vec<i64>,
    /// The change of each row.
    sums: Vec<i64>,
}

impl<'a> Exchanges<'a> {
    /// With the lowest changes of the atoms.
    pub(crate) fn new(free: &'a Free, floors: &'a [i64]) -> Self {
        let mut is_item = vec![false; floors.len()];
        free.item.iter().for_each(|atom| is_item[*atom] = true);
        Self {
            free,
            floors,
            is_item,
            change: vec![0; floors.len()],
            sums: vec![0; free.rows.len()],
        }
    }

    /// A change that moves the item to the target or a little beyond, or as far as exchanges were found: among those that are
    /// `known`, of the region's atoms, and by search.
    pub(crate) fn moved(mut self, target: i64, known: &[Vec<i64>]) -> Vec<i64> {
        let direction = target.signum();
        let mut rest = target.abs();
        let known = known.iter().filter_map(|change| self.free.exchange(change));
        for exchange in known.take(KNOWN) {
            if rest <= 0 {
                break;
            }
            rest -= self.follow(&exchange, direction, rest);
        }
        while rest > 0 {
            let Some(exchange) = (0..TRIES).find_map(|number| self.search(direction, number))
            else {
                break;
            };
            rest -= self.follow(&exchange, direction, rest);
        }
        self.change
    }

    /// Makes an exchange, in either direction and as often as possible and wanted. How far the item moved.
    fn follow(&mut self, exchange: &[(usize, i64)], direction: i64, rest: i64) -> i64 {
        let of_item = exchange.iter().filter(|(atom, _)| self.is_item[*atom]);
        let gain = of_item.map(|(_, by)| by * direction).sum::<i64>();
        if gain == 0 {
            return 0;
        }
        let mut times = (rest + gain.abs() - 1) / gain.abs();
        while times > 0 && !self.allows(exchange, times * gain.signum()) {
            times /= 2;
        }
        for (atom, by) in exchange {
            self.step(*atom, by * times * gain.signum());
        }
        gain.abs() * times
    }

    fn step(&mut self, atom: usize, by: i64) {
        self.change[atom] += by;
        for row in &self.free.rows_of[atom] {
            self.sums[*row as usize] += by;
        }
    }

    /// How far the sum of a row is outside of what is allowed, if it changed by some more.
    fn excess(&self, row: u32, by: i64) -> i64 {
        let sum = self.sums[row as usize] + by;
        let slack = self.free.rows[row as usize].1;
        let above = slack.high.map_or(0, |high| sum - high);
        (slack.low - sum).max(above).max(0)
    }

    /// Whether an exchange leaves all sums and atoms within what is allowed. It is made to see, and undone.
    fn allows(&mut self, exchange: &[(usize, i64)], times: i64) -> bool {
        let has_room =
            |(atom, by): &(usize, i64)| self.change[*atom] + by * times >= self.floors[*atom];
        if !exchange.iter().all(has_room) {
            return false;
        }
        for (atom, by) in exchange {
            self.step(*atom, by * times);
        }
        let mut rows = exchange
            .iter()
            .flat_map(|(atom, _)| &self.free.rows_of[*atom]);
        let agrees = rows.all(|row| self.excess(*row, 0) == 0);
        for (atom, by) in exchange {
            self.step(*atom, -by * times);
        }
        agrees
    }

    /// An exchange from here that moves the item. What is changed on the way is changed back.
    fn search(&mut self, direction: i64, number: u64) -> Option<Vec<(usize, i64)>> {
        let before = self.change.clone();
        let starts: Vec<usize> = self
            .free
            .item
            .iter()
            .copied()
            // An atom at its floor has no person to lose.
            .filter(|atom| direction > 0 || before[*atom] > self.floors[*atom])
            .collect();
        let start = starts.get(number as usize % starts.len().max(1))?;
        let mut broken: Vec<u32> = Vec::new();
        let mut next = Some((*start, direction));
        let mut luck = Luck(number);
        for _ in 0..STEPS {
            let Some((atom, by)) = next else {
                break;
            };
            self.step(atom, by);
            broken.extend(&self.free.rows_of[atom]);
            broken.sort_unstable();
            broken.dedup();
            broken.retain(|row| self.excess(*row, 0) > 0);
            // The row with fewest atoms has fewest ways to be mended, and comes first.
            let size = |row: &&u32| (self.free.rows[**row as usize].0.len(), **row);
            next = match broken.iter().min_by_key(size) {
                Some(row) => self.mended(*row, &before, direction, &mut luck),
                None => break,
            };
        }
        let changed = (0..before.len()).filter(|atom| self.change[*atom] != before[*atom]);
        let found: Vec<(usize, i64)> = changed
            .map(|atom| (atom, self.change[atom] - before[atom]))
            .collect();
        for (atom, by) in &found {
            self.step(*atom, -by);
        }
        broken.is_empty().then_some(found)
    }

    /// The atom that, with one person more or less, brings a row nearer and breaks least.
    fn mended(
        &self,
        row: u32,
        before: &[i64],
        direction: i64,
        luck: &mut Luck,
    ) -> Option<(usize, i64)> {
        let (terms, slack) = &self.free.rows[row as usize];
        let by = if self.sums[row as usize] < slack.low {
            1
        } else {
            -1
        };
        let first = luck.below(terms.len());
        let some = terms[first..]
            .iter()
            .chain(&terms[..first])
            .copied()
            .take(CHOICES);
        let is_possible = |atom: &usize| {
            // No step is taken back, and the item moves in one direction only.
            let is_back = (self.change[*atom] - before[*atom]) * by < 0;
            let is_wrong = self.is_item[*atom] && by != direction;
            !is_back && !is_wrong && (by > 0 || self.change[*atom] > self.floors[*atom])
        };
        let scored = some.filter(is_possible).map(|atom| {
            let rows = self.free.rows_of[atom].iter();
            let worse: i64 = rows
                .map(|row| self.excess(*row, by) - self.excess(*row, 0))
                .sum();
            let again = i64::from(self.change[atom] != before[atom]);
            // Breaking less counts most; among the rest chance decides, with a little against atoms changed before.
            (4 * worse + again + luck.below(3) as i64, atom)
        });
        scored.min().map(|(_, atom)| (atom, by))
    }
}

/// Numbers that look random and are the same every time.
struct Luck(u64);

impl Luck {
    fn below(&mut self, n: usize) -> usize {
        // Knuth's constants; the low bits of such a sequence repeat soon, hence the shift.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}
