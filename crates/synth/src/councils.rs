//! Councils of the municipalities (地域・職域連携推進協議会): when each was founded, and the stage it has
//! reached in every fiscal year. They spread and grow.

use std::ops::RangeInclusive;

use super::municipalities::{MUNICIPALITIES, Municipality};
use super::random::{Draws, Stream};

/// A council in one fiscal year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CouncilYear {
    /// 1–4; `None` before it was founded.
    pub(crate) stage: Option<i8>,
    pub(crate) joint_projects: i16,
}

/// The council of one municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Council {
    first_year: i16,
    years: Vec<CouncilYear>,
}

impl Council {
    /// Its fiscal years, in order.
    pub(crate) fn years(&self) -> impl Iterator<Item = (i16, CouncilYear)> {
        (self.first_year..).zip(self.years.iter().copied())
    }

    /// Its stage in a fiscal year; 0 where there is no council yet.
    pub(crate) fn stage(&self, fiscal_year: i16) -> i16 {
        let at = usize::try_from(fiscal_year - self.first_year).unwrap_or(0);
        let year = self.years.get(at);
        year.and_then(|year| year.stage).map_or(0, i16::from)
    }

    /// Its stage in the last year.
    pub(crate) fn last_stage(&self) -> i16 {
        let last = self.years.last();
        last.and_then(|year| year.stage).map_or(0, i16::from)
    }
}

/// The councils of all municipalities, in the order of [`MUNICIPALITIES`].
pub(crate) fn councils(seed: u64, years: &RangeInclusive<i16>) -> Vec<Council> {
    let mut draws = Draws::new(seed, Stream::World, 1);
    let council = |place: &Municipality| {
        let mut founded = draws.below(14) as i16 + years.start() - 4;
        if place.inhabitants < 10.0 {
            founded += 8;
        }
        let pace = 2 + draws.below(3) as i16;
        let year = |fiscal_year: i16| {
            let age = fiscal_year - founded;
            let reached = (1 + age / pace).min(4);
            CouncilYear {
                stage: (age >= 0).then_some(reached as i8),
                joint_projects: if age >= 0 && reached >= 3 {
                    1 + draws.below(4) as i16
                } else {
                    0
                },
            }
        };
        Council {
            first_year: *years.start(),
            years: years.clone().map(year).collect(),
        }
    };
    MUNICIPALITIES.iter().map(council).collect()
}
