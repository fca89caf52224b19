//! The deliveries an insurer's history comes in: one file for the first years, then one per year.

use std::ops::RangeInclusive;

/// How many of the last years are delivered alone.
const SINGLE_YEARS: i16 = 2;

/// The periods of a simulated history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Periods {
    ends: Vec<i16>,
    first: i16,
}

impl Periods {
    /// Periods of the given fiscal years.
    pub(crate) fn new(years: &RangeInclusive<i16>) -> Self {
        let (first, last) = (*years.start(), *years.end());
        let ends = (first..=last)
            .filter(|year| *year >= last - SINGLE_YEARS)
            .collect();
        Self { ends, first }
    }

    /// Number of periods.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Position of the period a fiscal year lies in; later years belong to the last.
    pub(crate) fn of_year(&self, fiscal_year: i16) -> usize {
        self.ends
            .iter()
            .position(|end| fiscal_year <= *end)
            .unwrap_or(self.ends.len() - 1)
    }

    /// Position of the period in which a month (YYYYMM) was billed.
    pub(crate) fn of_month(&self, month: i32) -> usize {
        let year = if month % 100 >= 4 {
            month / 100
        } else {
            month / 100 - 1
        };
        self.of_year(i16::try_from(year).expect("months have four-digit years"))
    }

    /// Names as used in file names: `2016-2022`, `2023`, `2024`.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut from = self.first;
        self.ends
            .iter()
            .map(|end| {
                let name = if from == *end {
                    end.to_string()
                } else {
                    format!("{from}-{end}")
                };
                from = end + 1;
                name
            })
            .collect()
    }
}
