//! The numbers of one check, from what was counted. Pure.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::HashMap;

use super::catalogue::{Check, CheckKind};
use super::columns::period_column;
use super::drift::shift;
use super::ledger::{Reason, SenderDelivery, age};
use super::profile::{Classes, Counts, Histogram, Plan, Profile, Stratum};
use crate::contract::{ColumnType, RowRule, TERM, TableContract};
use crate::ingest::Rule;

/// All that was counted of a table.
pub(super) struct TableCounts<'a> {
    pub(super) contract: &'a TableContract,
    pub(super) deliveries: &'a [SenderDelivery],
    pub(super) plan: Plan,
    pub(super) profile: Profile,
    pub(super) rejects: HashMap<Reason, u64>,
    /// By reference, rows by delivery whose key the other table does not have; `None` where the other table is empty.
    pub(super) unmatched: Vec<Option<BTreeMap<i64, u64>>>,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) n_checked: Option<u64>,
    pub(super) n_failed: Option<u64>,
    pub(super) measure: Option<f64>,
    pub(super) noise: Option<f64>,
    pub(super) note: Option<&'static str>,
}

impl Numbers {
    fn not_applicable(note: &'static str) -> Self {
        Self {
            note: Some(note),
            ..Self::default()
        }
    }

    /// Failed among checked.
    fn share(n_failed: u64, n_checked: u64, if_none: &'static str) -> Self {
        Self {
            n_checked: Some(n_checked),
            n_failed: Some(n_failed),
            measure: (n_checked > 0).then(|| n_failed as f64 / n_checked as f64),
            noise: None,
            note: (n_checked == 0).then_some(if_none),
        }
    }
}

/// Rows of some deliveries.
type Scope<'s> = &'s dyn Fn(i64) -> bool;

impl TableCounts<'_> {
    /// Of the whole table. What compares deliveries gives the result of the newest delivery of the sender for whom it is worst.
    pub(super) fn of_whole(&self, check: &Check, now: i64) -> Numbers {
        match check.kind {
            CheckKind::Drift | CheckKind::RowCount => self.worst_of_newest(check),
            CheckKind::Coverage => self.coverage_by_sender(),
            CheckKind::Freshness => match age(self.deliveries, now) {
                Some(days) => Numbers {
                    measure: Some(days),
                    ..Numbers::default()
                },
                None => Numbers::not_applicable("nothing was delivered"),
            },
            _ => self.rows(check, &|_| true),
        }
    }

    /// Of one delivery; `None` where the check is of the whole table only.
    pub(super) fn of_delivery(&self, check: &Check, delivered: &SenderDelivery) -> Option<Numbers> {
        let id = delivered.delivery_id;
        Some(match check.kind {
            CheckKind::Freshness => return None,
            CheckKind::Drift => self.drift(check, delivered),
            CheckKind::RowCount => self.row_count(delivered),
            CheckKind::Coverage => {
                let missing = self.missing_periods(&|other| other == id);
                Numbers::share(missing.0, missing.1, "no row")
            }
            _ => self.rows(check, &|other| other == id),
        })
    }

    /// Rows that break the check, among those it applies to.
    fn rows(&self, check: &Check, scope: Scope<'_>) -> Numbers {
        let column = check.column.as_deref().unwrap_or_default();
        let counted = self.column(column, check.term, scope);
        match check.kind {
            CheckKind::Completeness => {
                Numbers::share(counted.n_missing, counted.n_rows, self.no_row(check))
            }
            CheckKind::Reference(idx) => {
                let Some(unmatched) = self.unmatched.get(idx).and_then(Option::as_ref) else {
                    return Numbers::not_applicable("the other table is empty");
                };
                let n_failed = unmatched
                    .iter()
                    .filter(|(id, _)| scope(**id))
                    .map(|(_, n)| n)
                    .sum();
                let group = self.contract.row_rules.len() + idx;
                Numbers::share(
                    n_failed,
                    self.complete(group, scope),
                    "the columns are empty",
                )
            }
            CheckKind::Rejected(rule) => {
                let n_failed = self.rejected(check, rule, scope);
                let applied = match rule {
                    Rule::Null | Rule::DuplicateKey => counted.n_rows,
                    Rule::NotAfter | Rule::FiscalYear => match self.place_of_rule(rule, column) {
                        Some(group) => self.complete(group, scope),
                        None => 0,
                    },
                    // What a term did not ask must be empty in every row.
                    Rule::CodeForTerm if !self.is_asked(check) => counted.n_rows,
                    _ => counted.n_rows - counted.n_missing,
                };
                // Rejected rows are not among those counted in the table.
                Numbers::share(n_failed, applied + n_failed, self.nothing(check, &counted))
            }
            _ => Numbers::default(),
        }
    }

    fn no_row(&self, check: &Check) -> &'static str {
        match check.term {
            Some(_) => "no row of this term",
            None => "no row",
        }
    }

    fn nothing(&self, check: &Check, counted: &ColumnCounts) -> &'static str {
        match counted.n_rows {
            0 => self.no_row(check),
            _ => "the column is empty",
        }
    }

    fn is_asked(&self, check: &Check) -> bool {
        let column = check
            .column
            .as_deref()
            .and_then(|name| self.contract.column(name));
        let terms = column.map(|column| &column.codes.by_term);
        terms.is_some_and(|terms| check.term.is_some_and(|term| terms.contains_key(&term)))
    }

    fn place_of_rule(&self, asked: Rule, column: &str) -> Option<usize> {
        self.contract.row_rules.iter().position(|rule| match rule {
            RowRule::NotAfter { second, .. } => asked == Rule::NotAfter && second == column,
            RowRule::FiscalYearOf { fiscal_year, .. } => {
                asked == Rule::FiscalYear && fiscal_year == column
            }
        })
    }

    fn strata(&self, scope: Scope<'_>) -> impl Iterator<Item = (&Stratum, &Counts)> {
        let strata = self.profile.strata.iter();
        strata.filter(move |(stratum, _)| scope(stratum.delivery_id))
    }

    fn column(&self, name: &str, term: Option<i64>, scope: Scope<'_>) -> ColumnCounts {
        let place = self
            .plan
            .columns
            .iter()
            .position(|column| column.name == name);
        let mut counted = ColumnCounts::default();
        for (stratum, counts) in self.strata(scope) {
            if term.is_none() || stratum.term == term {
                counted.n_rows += counts.n_rows;
                counted.n_missing += place.map_or(0, |k| counts.columns[k].n_missing);
            }
        }
        counted
    }

    fn complete(&self, group: usize, scope: Scope<'_>) -> u64 {
        self.strata(scope)
            .map(|(_, counts)| counts.complete[group])
            .sum()
    }

    fn rejected(&self, check: &Check, rule: Rule, scope: Scope<'_>) -> u64 {
        let fits = |reason: &Reason| {
            let column = reason.column.as_deref();
            reason.rule == rule.name()
                && scope(reason.delivery_id)
                && (column.is_none() || column == check.column.as_deref())
                && (check.term.is_none() || reason.term == check.term)
        };
        let rejects = self.rejects.iter().filter(|(reason, _)| fits(reason));
        rejects.map(|(_, n)| n).sum()
    }

    /// The newest delivery of every sender that adds rows.
    fn newest(&self) -> Vec<&SenderDelivery> {
        let adding = self.deliveries.iter().filter(|delivered| delivered.adds);
        // Deliveries are in their order, so that the newest of a sender stays.
        let by_sender: BTreeMap<&str, &SenderDelivery> = adding
            .map(|delivered| (delivered.sender.as_str(), delivered))
            .collect();
        by_sender.into_values().collect()
    }

    fn worst_of_newest(&self, check: &Check) -> Numbers {
        let newest = self.newest().into_iter();
        let found = newest.filter_map(|delivered| self.of_delivery(check, delivered));
        let excess = |numbers: &Numbers| match (numbers.measure, numbers.noise) {
            (None, _) => f64::NEG_INFINITY,
            // What is noise is not worse than what is not.
            (Some(measure), Some(noise)) if measure <= noise => measure - f64::MAX / 2.0,
            (Some(measure), _) => measure,
        };
        let worst = found.reduce(|a, b| if excess(&b) > excess(&a) { b } else { a });
        worst.unwrap_or_else(|| Numbers::not_applicable("nothing was delivered"))
    }

    fn earlier<'t>(
        &'t self,
        delivered: &'t SenderDelivery,
    ) -> impl DoubleEndedIterator<Item = &'t SenderDelivery> {
        self.deliveries.iter().filter(|other| {
            other.adds
                && other.sender == delivered.sender
                && other.delivery_id < delivered.delivery_id
        })
    }

    /// The delivery against the sender's earlier ones; of months only the same months of the year, when there are such.
    fn drift(&self, check: &Check, delivered: &SenderDelivery) -> Numbers {
        if !delivered.adds {
            return Numbers::not_applicable("a correction");
        }
        let earlier: BTreeSet<i64> = self
            .earlier(delivered)
            .map(|other| other.delivery_id)
            .collect();
        if earlier.is_empty() {
            return Numbers::not_applicable("the sender's first delivery");
        }
        let name = check.column.as_deref().unwrap_or_default();
        let Some(k) = self
            .plan
            .columns
            .iter()
            .position(|column| column.name == name)
        else {
            return Numbers::default();
        };
        let own = |id: i64| id == delivered.delivery_id;
        let months: BTreeSet<Option<i64>> = match self.is_monthly() {
            true => self
                .strata(&own)
                .map(|(stratum, _)| stratum.period.map(|p| p % 100))
                .collect(),
            false => BTreeSet::new(),
        };
        let terms = self.common_terms(check, &own, &|id| earlier.contains(&id));
        let sum = |scope: Scope<'_>, same_months: bool| {
            let mut histogram = Histogram::default();
            for (stratum, counts) in self.strata(scope) {
                let is_of_term = terms
                    .as_ref()
                    .is_none_or(|terms| terms.contains(&stratum.term));
                let is_of_month = !same_months || months.contains(&stratum.period.map(|p| p % 100));
                if is_of_term && is_of_month {
                    histogram.add(&counts.columns[k]);
                }
            }
            histogram
        };
        let is_earlier = |id: i64| earlier.contains(&id);
        let delivery = sum(&own, false);
        let mut reference = sum(&is_earlier, self.is_monthly());
        if reference.n_rows() == 0 {
            reference = sum(&is_earlier, false);
        }
        if delivery.n_rows() == 0 || reference.n_rows() == 0 {
            return Numbers::not_applicable(match terms {
                Some(_) => "no row of the same term before",
                None => "no row",
            });
        }
        let is_code = self.plan.columns[k].classes != Classes::Numbers;
        match shift(&delivery, &reference, is_code) {
            Some(shift) => Numbers {
                n_checked: Some(delivery.n_rows()),
                measure: Some(shift.psi),
                noise: Some(shift.noise),
                ..Numbers::default()
            },
            None => Numbers::not_applicable("the column was empty before"),
        }
    }

    /// The terms whose rows are compared; `None` where the term does not matter. Questions and codes change between terms, measures do not.
    fn common_terms(
        &self,
        check: &Check,
        own: Scope<'_>,
        earlier: Scope<'_>,
    ) -> Option<BTreeSet<Option<i64>>> {
        if check.term.is_some() {
            return Some(BTreeSet::from([check.term]));
        }
        let column = self.contract.column(check.column.as_deref()?)?;
        self.contract.column(TERM)?;
        if column.codes.is_unrestricted() {
            return None;
        }
        let terms = |scope: Scope<'_>| -> BTreeSet<Option<i64>> {
            self.strata(scope)
                .map(|(stratum, _)| stratum.term)
                .collect()
        };
        Some(terms(own).intersection(&terms(earlier)).copied().collect())
    }

    fn is_monthly(&self) -> bool {
        let period = period_column(self.contract);
        let column = period.and_then(|name| self.contract.column(name));
        column.is_some_and(|column| column.data_type == ColumnType::Month)
    }

    /// Rows per fiscal year or month, against the sender's delivery before.
    fn row_count(&self, delivered: &SenderDelivery) -> Numbers {
        if !delivered.adds {
            return Numbers::not_applicable("a correction");
        }
        let Some(before) = self.earlier(delivered).next_back() else {
            return Numbers::not_applicable("the sender's first delivery");
        };
        let rows = |id: i64| {
            let scope = |other: i64| other == id;
            let n_rows: u64 = self.strata(&scope).map(|(_, counts)| counts.n_rows).sum();
            let periods: BTreeSet<Option<i64>> = self
                .strata(&scope)
                .map(|(stratum, _)| stratum.period)
                .collect();
            (n_rows, n_rows as f64 / periods.len().max(1) as f64)
        };
        let ((n_rows, now), (_, then)) = (rows(delivered.delivery_id), rows(before.delivery_id));
        if then == 0.0 {
            return Numbers::not_applicable("the delivery before holds no row any more");
        }
        Numbers {
            n_checked: Some(n_rows),
            measure: Some((now / then - 1.0).abs()),
            ..Numbers::default()
        }
    }

    fn coverage_by_sender(&self) -> Numbers {
        let mut by_sender: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for delivered in self.deliveries {
            by_sender
                .entry(&delivered.sender)
                .or_default()
                .insert(delivered.delivery_id);
        }
        let (mut n_failed, mut n_checked) = (0, 0);
        for ids in by_sender.values() {
            let missing = self.missing_periods(&|id| ids.contains(&id));
            n_failed += missing.0;
            n_checked += missing.1;
        }
        Numbers::share(n_failed, n_checked, "no row")
    }

    /// Fiscal years or months without a row between the first and the last, and all of them.
    fn missing_periods(&self, scope: Scope<'_>) -> (u64, u64) {
        let place = |period: i64| match self.is_monthly() {
            true => period / 100 * 12 + period % 100,
            false => period,
        };
        let periods = self.strata(scope).filter_map(|(stratum, _)| stratum.period);
        let places: BTreeSet<i64> = periods.map(place).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return (0, 0);
        };
        let all = (last - first + 1).unsigned_abs();
        (all - places.len() as u64, all)
    }
}

/// Rows of a column.
#[derive(Debug, Default)]
struct ColumnCounts {
    n_rows: u64,
    n_missing: u64,
}
