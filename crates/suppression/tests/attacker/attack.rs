//! The attack on a count: what a reader, or a participant who knows his own cells, can narrow it to.
//!
//! A count is recovered once propagation or programs say that it lies in an interval that is too narrow. It is safe only with two
//! whole tables that agree with everything and show the contrary.

use crate::programs::Program;
use crate::propagation::{Facts, Ranges};
use crate::reader::Fact;
use crate::twins::{Aim, Twins};

/// What became of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Two whole tables differ by the width or more.
    Safe,
    /// A reader narrows the count to this width.
    Narrowed(i64),
    /// The solver gave up.
    Unsolved,
}

pub(crate) struct Attack {
    facts: Facts,
    ranges: Ranges,
    twins: Twins,
    width: i64,
    /// Attacks for which programs were needed.
    pub(crate) n_programs: usize,
}

impl Attack {
    /// With all that is known, and the truth as the judge has it.
    pub(crate) fn new(facts: Vec<Fact>, truth: Vec<i64>, width: i64) -> Self {
        let facts = Facts::new(facts, truth.len());
        assert!(facts.allow(&truth), "the attacker is unsound");
        let ranges = Ranges::of(&facts);
        let in_range = |(class, count): (usize, &i64)| {
            (ranges.low[class]..=ranges.high[class]).contains(count)
        };
        let is_sound = truth.iter().enumerate().all(in_range);
        assert!(is_sound, "the attacker is unsound");
        Self {
            ranges,
            facts,
            twins: Twins::new(truth, 1),
            width,
            n_programs: 0,
        }
    }

    /// Those who attack: a reader who takes no part, and one person of each class.
    pub(crate) fn n_attackers(&self) -> usize {
        1 + self
            .twins
            .truth()
            .iter()
            .filter(|count| **count > 0)
            .count()
    }

    /// Lets everybody attack the number of persons in some classes.
    pub(crate) fn on(&mut self, target: &[usize]) -> Outcome {
        let truth = self.twins.truth();
        let everybody: Vec<i64> = truth.iter().map(|count| (*count).min(1)).collect();
        let nobody = vec![0; truth.len()];
        // Tables in which everybody finds himself will do for all at once.
        for floors in [everybody, nobody] {
            if !self.twins.left_open(target, self.width).is_empty() {
                self.move_apart(target, &floors);
            }
        }
        for who in self.twins.left_open(target, self.width) {
            // Tables of those before may have acquitted it for him.
            let outcome = self.by(who, target);
            if outcome != Outcome::Safe {
                return outcome;
            }
        }
        Outcome::Safe
    }

    /// Looks for tables that are apart, in which there are so many persons at least.
    fn move_apart(&mut self, target: &[usize], floors: &[i64]) {
        let aim = |direction, by| Aim {
            target,
            direction,
            by,
            floors,
        };
        let up = self.twins.reach(&self.facts, aim(1, self.width));
        if up < self.width {
            self.twins.reach(&self.facts, aim(-1, self.width - up));
        }
    }

    fn is_safe_from(&self, who: Option<usize>, target: &[usize]) -> bool {
        self.twins.spread_for(target, who) >= self.width
    }

    fn by(&mut self, who: Option<usize>, target: &[usize]) -> Outcome {
        if self.is_safe_from(who, target) {
            return Outcome::Safe;
        }
        let ranges = match who {
            Some(class) => self.ranges.with_one_in(&self.facts, class),
            None => self.ranges.clone(),
        };
        let (least, most) = ranges.of_sum(target);
        if most - least < self.width {
            return Outcome::Narrowed(most - least);
        }
        if let Some(class) = who {
            let mut floors = vec![0; self.facts.n_classes()];
            floors[class] = 1;
            self.move_apart(target, &floors);
            if self.is_safe_from(who, target) {
                return Outcome::Safe;
            }
        }
        self.n_programs += 1;
        let program = Program::new(&self.facts, &ranges, target);
        let Some(most) = program.most(self.twins.truth()) else {
            return Outcome::Unsolved;
        };
        self.twins.add(&self.facts, most.table);
        if self.is_safe_from(who, target) {
            return Outcome::Safe;
        }
        let Some(least) = program.least(self.twins.truth()) else {
            return Outcome::Unsolved;
        };
        self.twins.add(&self.facts, least.table);
        let truth: i64 = target.iter().map(|class| self.twins.truth()[*class]).sum();
        let is_sound = (least.value..=most.value).contains(&truth);
        assert!(is_sound, "the attacker is unsound");
        match most.value - least.value {
            width if width < self.width => Outcome::Narrowed(width),
            _ if self.is_safe_from(who, target) => Outcome::Safe,
            // Tables that are right but for a rounding error.
            _ => Outcome::Unsolved,
        }
    }
}
