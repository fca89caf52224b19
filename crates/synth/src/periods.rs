//! The deliveries an insurer's history comes in: one file for the first years, then one per year. Where
//! claims run off, those of the last year come in quarters.

use std::ops::RangeInclusive;

use super::scenarios::Billing;

/// How many of the last years are delivered alone.
const SINGLE_YEARS: i16 = 2;

/// The periods of a simulated history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Periods {
    /// Last fiscal year of each period.
    ends: Vec<i16>,
    /// Last billed month (YYYYMM) of each delivery of claims.
    billing_ends: Vec<i32>,
    billing_names: Vec<String>,
    first: i16,
    /// Claims billed later are not delivered.
    pub(crate) last_billed_month: Option<i32>,
}

impl Periods {
    /// Periods of the given fiscal years.
    pub(crate) fn new(years: &RangeInclusive<i16>, billing: Billing) -> Self {
        let (first, last) = (*years.start(), *years.end());
        let ends: Vec<i16> = (first..=last)
            .filter(|year| *year >= last - SINGLE_YEARS)
            .collect();
        let march_after = |year: i16| (i32::from(year) + 1) * 100 + 3;
        let mut periods = Self {
            billing_ends: ends.iter().map(|end| march_after(*end)).collect(),
            billing_names: Vec::new(),
            ends,
            first,
            last_billed_month: None,
        };
        periods.billing_names = periods.names();
        if matches!(billing, Billing::RunOff(_)) {
            periods.last_billed_month = periods.billing_ends.pop();
            periods.billing_names.pop();
            let year = i32::from(last) * 100;
            let quarters = [year + 6, year + 9, year + 12, march_after(last)];
            for end in quarters {
                periods.billing_ends.push(end);
                let name = format!("{}-{:02}", end / 100, end % 100);
                periods.billing_names.push(name);
            }
        }
        periods
    }

    /// Number of periods.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Number of deliveries of claims.
    pub(crate) fn n_billings(&self) -> usize {
        self.billing_ends.len()
    }

    /// Position of the period a fiscal year lies in; later years belong to the last.
    pub(crate) fn of_year(&self, fiscal_year: i16) -> usize {
        self.ends
            .iter()
            .position(|end| fiscal_year <= *end)
            .unwrap_or(self.ends.len() - 1)
    }

    /// Position of the delivery of claims billed in a month (YYYYMM); later ones belong to the last.
    pub(crate) fn of_billed_month(&self, month: i32) -> usize {
        self.billing_ends
            .iter()
            .position(|end| month <= *end)
            .unwrap_or(self.billing_ends.len() - 1)
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

    /// Names of the deliveries of claims: those of the periods, quarters by their last month:
    /// `2024-06`.
    pub(crate) fn billing_names(&self) -> &[String] {
        &self.billing_names
    }
}
