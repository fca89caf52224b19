//! What is really so: effects averaged over the exposed person-years with an observed outcome, other
//! quantities that a scenario is about, and the count of every planted defect. Sums are fixed-point
//! integers, so that the order in which batches finish cannot change a digit. What is said of them
//! in `truth.json` is in `truth_file`.

use std::collections::BTreeMap;

/// Event times that are counted: 0 to this, exclusive.
pub(crate) const N_EVENT_TIMES: usize = 16;

/// One unit in the fixed-point sums.
const SCALE: f64 = 4_294_967_296.0;

/// Sum and number of individual numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mean {
    sum: i128,
    n: u64,
}

impl Mean {
    fn add(&mut self, size: f64) {
        self.sum += i128::from((size * SCALE).round() as i64);
        self.n += 1;
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.n += other.n;
    }

    /// How many numbers were added.
    pub(crate) fn n(self) -> u64 {
        self.n
    }

    /// Their sum.
    pub(crate) fn sum(self) -> f64 {
        self.sum as f64 / SCALE
    }

    /// Their mean; `None` without numbers.
    pub(crate) fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum() / self.n as f64)
    }
}

/// What a scenario counts beside the effects; the second key is named with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// All effects on the outcome of the setting's effect at this position, by years since the bundle.
    Bundle(usize),
    /// −1 where an exposed person stayed away from a checkup, 0 otherwise, by event time.
    Attendance,
    /// Weight of everyone who would have come without the program, by event time.
    WeightOfAll,
    /// Weight of those of them who came.
    WeightOfExamined,
    /// Change of weight since the year before exposure, of everyone who would have come.
    ChangeOfAll,
    /// The same of those who came.
    ChangeOfExamined,
    /// 1 where guidance is taken up, 0 where it is only offered, by [`Threshold`].
    Uptake,
    /// 1 where the goal of guidance (−2 cm and −2 kg a year later) is met, among those guided.
    GoalMet,
    /// The same had they not been guided.
    GoalByLuck,
    /// The same among those only offered it.
    GoalUnguided,
    /// Yen of all claims, by month of care.
    YenCared,
    /// Yen of the claims that are delivered, by month of care.
    YenDelivered,
    /// Sessions attended, by worksite.
    Sessions,
}

/// Which people offered guidance are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// All.
    Any = 0,
    /// BMI below 25, waist up to 2 cm above 85 (men) or 90 cm (women).
    Waist = 1,
    /// Waist below its threshold, BMI from 25 up to 26.
    Bmi = 2,
}

/// Truth of one batch or of the whole world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    effects: Vec<[Mean; N_EVENT_TIMES]>,
    /// The same among persons enrolled before the year of their first exposure.
    here_before: Vec<[Mean; N_EVENT_TIMES]>,
    quantities: BTreeMap<(Quantity, i32), Mean>,
    defects: BTreeMap<(&'static str, &'static str), u64>,
}

impl Truth {
    /// Nothing counted yet of so many effects.
    pub(crate) fn new(n_effects: usize) -> Self {
        Self {
            effects: vec![[Mean::default(); N_EVENT_TIMES]; n_effects],
            here_before: vec![[Mean::default(); N_EVENT_TIMES]; n_effects],
            quantities: BTreeMap::new(),
            defects: BTreeMap::new(),
        }
    }

    /// Adds the effect on one observed person-year.
    pub(crate) fn add_effect(
        &mut self,
        effect_idx: usize,
        event_time: i16,
        size: f64,
        was_here_before: bool,
    ) {
        let Ok(at) = usize::try_from(event_time) else {
            return;
        };
        if at < N_EVENT_TIMES {
            self.effects[effect_idx][at].add(size);
            if was_here_before {
                self.here_before[effect_idx][at].add(size);
            }
        }
    }

    /// Adds one number to a quantity.
    pub(crate) fn add(&mut self, quantity: Quantity, at: i32, size: f64) {
        self.quantities.entry((quantity, at)).or_default().add(size);
    }

    /// Adds planted defects.
    pub(crate) fn add_defects(&mut self, kind: &'static str, table: &'static str, count: u64) {
        *self.defects.entry((kind, table)).or_insert(0) += count;
    }

    /// Adds another batch's truth.
    pub(crate) fn merge(&mut self, other: &Self) {
        let mine = self.effects.iter_mut().chain(&mut self.here_before);
        let theirs = other.effects.iter().chain(&other.here_before);
        for (mine, theirs) in mine.flatten().zip(theirs.flatten()) {
            mine.merge(theirs);
        }
        for (key, more) in &other.quantities {
            self.quantities.entry(*key).or_default().merge(more);
        }
        for ((kind, table), count) in &other.defects {
            self.add_defects(kind, table, *count);
        }
    }

    /// An effect by event time, over all exposed person-years.
    pub(crate) fn effect(&self, effect_idx: usize) -> &[Mean] {
        &self.effects[effect_idx]
    }

    /// An effect by event time, over persons enrolled before the year of their first exposure.
    pub(crate) fn effect_here_before(&self, effect_idx: usize) -> &[Mean] {
        &self.here_before[effect_idx]
    }

    /// A quantity at one value of its second key.
    pub(crate) fn quantity(&self, quantity: Quantity, at: i32) -> Mean {
        let found = self.quantities.get(&(quantity, at));
        found.copied().unwrap_or_default()
    }

    /// A quantity by its second key.
    pub(crate) fn by_key(&self, quantity: Quantity) -> impl Iterator<Item = (i32, Mean)> {
        let range = (quantity, i32::MIN)..=(quantity, i32::MAX);
        let rows = self.quantities.range(range);
        rows.map(|((_, at), mean)| (*at, *mean))
    }

    /// Planted defects: kind, table, count.
    pub(crate) fn defects(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let rows = self.defects.iter();
        rows.map(|((kind, table), count)| (*kind, *table, *count))
    }
}
