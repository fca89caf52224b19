//! Bounds of classes, tightened by one fact after the other until nothing changes.

use std::collections::VecDeque;

use crate::reader::{Fact, MANY};

/// Facts, and which of them are about a class.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) list: Vec<Fact>,
    pub(crate) of_class: Vec<Vec<u32>>,
}

impl Facts {
    pub(crate) fn new(list: Vec<Fact>, n_classes: usize) -> Self {
        let mut of_class = vec![Vec::new(); n_classes];
        for (idx, fact) in list.iter().enumerate() {
            for class in &fact.classes {
                of_class[*class].push(idx as u32);
            }
        }
        Self { list, of_class }
    }

    pub(crate) fn n_classes(&self) -> usize {
        self.of_class.len()
    }

    /// Whether a whole table agrees with all of them.
    pub(crate) fn allow(&self, table: &[i64]) -> bool {
        table.iter().all(|count| *count >= 0)
            && self.list.iter().all(|fact| {
                let sum: i64 = fact.classes.iter().map(|class| table[*class]).sum();
                (fact.low..=fact.high).contains(&sum)
            })
    }
}

/// From how many to how many persons there are in each class.
#[derive(Debug, Clone)]
pub(crate) struct Ranges {
    pub(crate) low: Vec<i64>,
    pub(crate) high: Vec<i64>,
}

impl Ranges {
    /// What all facts say.
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut ranges = Self {
            low: vec![0; facts.n_classes()],
            high: vec![MANY; facts.n_classes()],
        };
        ranges.tighten(facts, (0..facts.list.len() as u32).collect());
        ranges
    }

    /// With a participant in a class.
    pub(crate) fn with_one_in(&self, facts: &Facts, class: usize) -> Self {
        let mut ranges = self.clone();
        if ranges.low[class] < 1 {
            ranges.low[class] = 1;
            ranges.tighten(facts, facts.of_class[class].iter().copied().collect());
        }
        ranges
    }

    /// What they say of the sum of classes, from `.0` to `.1`.
    pub(crate) fn of_sum(&self, classes: &[usize]) -> (i64, i64) {
        let sum = |bounds: &[i64]| classes.iter().map(|class| bounds[*class]).sum();
        (sum(&self.low), sum(&self.high))
    }

    fn tighten(&mut self, facts: &Facts, mut waiting: VecDeque<u32>) {
        let mut waits = vec![false; facts.list.len()];
        waiting.iter().for_each(|fact| waits[*fact as usize] = true);
        while let Some(idx) = waiting.pop_front() {
            waits[idx as usize] = false;
            let fact = &facts.list[idx as usize];
            let (mut least, mut most) = self.of_sum(&fact.classes);
            for class in &fact.classes {
                let (low, high) = (self.low[*class], self.high[*class]);
                let new_low = low.max(fact.low - (most - high));
                let new_high = high.min(fact.high - (least - low));
                if new_low == low && new_high == high {
                    continue;
                }
                (self.low[*class], self.high[*class]) = (new_low, new_high);
                least += new_low - low;
                most -= high - new_high;
                for other in &facts.of_class[*class] {
                    if !std::mem::replace(&mut waits[*other as usize], true) {
                        waiting.push_back(*other);
                    }
                }
            }
        }
    }
}
