//! What a comparison of two runs begins with: the estimates that a reader of the report sees changed, rounded as there, and which
//! tables have other rows.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::diagnostic::{counted, thousands};
use crate::pipeline::{EstimateChange, EstimateState, RowsDiff, RunDiff};
use crate::report::text::{Lang, signed, unit_name};
use crate::vocabulary::{Unit, Vocabulary};

/// An estimate that the report shows otherwise than before.
#[derive(Debug)]
pub(super) struct SeenChange<'a> {
    pub(super) table: &'a str,
    pub(super) change: &'a EstimateChange,
    /// The number with its interval, rounded.
    before: String,
    after: String,
    unit: String,
}

impl SeenChange<'_> {
    /// Whether the interval excludes zero, before and after, when that changed.
    pub(super) fn significance(&self) -> Option<(bool, bool)> {
        let states = [&self.change.before, &self.change.after];
        let [before, after] = states.map(EstimateState::excludes_zero);
        before.zip(after).filter(|(before, after)| before != after)
    }

    pub(super) fn has_other_status(&self) -> bool {
        self.change.before.status != self.change.after.status
    }

    /// Changes of what an estimate says stand before those of how much.
    fn rank(&self) -> (bool, f64) {
        let says_otherwise = self.has_other_status() || self.significance().is_some();
        (says_otherwise, self.change.std_errors.map_or(0.0, f64::abs))
    }
}

/// Changed estimates of all tables.
#[derive(Debug, Default)]
pub(super) struct Estimates<'a> {
    /// Those that the report shows otherwise, the most important first.
    pub(super) seen: Vec<SeenChange<'a>>,
    /// How many others changed, by less than the report shows.
    n_unseen: usize,
    /// Whether a table that differs has estimates at all.
    has_any: bool,
}

impl<'a> Estimates<'a> {
    pub(super) fn of(diff: &'a RunDiff, vocabulary: &Vocabulary) -> Self {
        let mut found = Self::default();
        let mut known = HashSet::new();
        // An estimate that later tables take over is told once, as the last of them has it.
        for table in diff.tables.iter().rev() {
            let Some(changes) = table
                .rows
                .as_ref()
                .ok()
                .and_then(|rows| rows.estimates.as_ref())
            else {
                continue;
            };
            found.has_any = true;
            for change in changes {
                if numbers_of(change).is_some_and(|numbers| !known.insert(numbers)) {
                    continue;
                }
                let seen = seen(&table.name, change, vocabulary);
                let is_seen = seen.before != seen.after
                    || seen.has_other_status()
                    || seen.significance().is_some();
                match is_seen {
                    true => found.seen.push(seen),
                    false => found.n_unseen += 1,
                }
            }
        }
        found.seen.sort_by(|a, b| {
            let (a, b) = (a.rank(), b.rank());
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        found
    }

    fn text(&self, text: &mut String, limit: usize) {
        if !self.has_any {
            return;
        }
        let n_seen = self.seen.len() as u64;
        let head = match n_seen {
            0 => "no estimate changed as the report shows it".to_owned(),
            _ => format!("{} changed", counted(n_seen, "estimate", "estimates")),
        };
        let _ = writeln!(text, "\n{head}");
        for seen in self.seen.iter().take(limit) {
            let _ = writeln!(text, "  {}  {}", seen.table, seen.change.key);
            let _ = writeln!(text, "    {} → {}{}", seen.before, seen.after, seen.unit);
            if let Some((_, excludes)) = seen.significance() {
                let word = if excludes { "excludes" } else { "includes" };
                let _ = writeln!(text, "    the interval now {word} 0");
            }
            if seen.has_other_status() {
                let [before, after] = statuses(seen.change);
                let _ = writeln!(text, "    status {before} → {after}");
            }
        }
        if self.seen.len() > limit {
            let n_more = thousands((self.seen.len() - limit) as u64);
            let _ = writeln!(text, "  … and {n_more} more; --limit shows them");
        }
        if self.n_unseen > 0 {
            let others = counted(self.n_unseen as u64, "estimate", "estimates");
            let _ = writeln!(text, "  {others} changed by less than the report shows");
        }
    }
}

/// The status before and after.
fn statuses(change: &EstimateChange) -> [&str; 2] {
    [&change.before, &change.after].map(|state| state.status.as_deref().unwrap_or("none"))
}

/// What tells an estimate from others; `None` where a number is missing.
fn numbers_of(change: &EstimateChange) -> Option<[u64; 6]> {
    let (before, after) = (&change.before, &change.after);
    let numbers = [
        before.estimate?,
        before.conf_low?,
        before.conf_high?,
        after.estimate?,
        after.conf_low?,
        after.conf_high?,
    ];
    Some(numbers.map(f64::to_bits))
}

fn seen<'a>(table: &'a str, change: &'a EstimateChange, vocabulary: &Vocabulary) -> SeenChange<'a> {
    let indicator = change.indicator.as_deref();
    let indicator = indicator.and_then(|name| vocabulary.indicator(name));
    let unit = indicator.map_or(&Unit::Bare, |indicator| &indicator.unit);
    SeenChange {
        table,
        change,
        before: rounded(&change.before, unit),
        after: rounded(&change.after, unit),
        unit: unit_name(unit, Lang::En).into_owned(),
    }
}

/// An estimate as the report shows it.
fn rounded(state: &EstimateState, unit: &Unit) -> String {
    let number = |value: f64| match value.is_finite() {
        true => signed(value, unit),
        false => value.to_string(),
    };
    let Some(estimate) = state.estimate else {
        return "none".to_owned();
    };
    match state.conf_low.zip(state.conf_high) {
        Some((low, high)) => format!("{} ({} … {})", number(estimate), number(low), number(high)),
        None => number(estimate),
    }
}

/// How many rows changed, in words; nothing when none did.
pub(super) fn counts(rows: &RowsDiff) -> String {
    [
        (rows.n_changed, "changed"),
        (rows.n_added, "added"),
        (rows.n_removed, "removed"),
    ]
    .into_iter()
    .filter(|(n_rows, _)| *n_rows > 0)
    .map(|(n_rows, word)| format!("{} {word}", thousands(n_rows)))
    .collect::<Vec<_>>()
    .join(", ")
}

/// Changed estimates, then the tables whose rows or columns differ, a line each.
pub(super) fn text(text: &mut String, diff: &RunDiff, estimates: &Estimates<'_>, limit: usize) {
    estimates.text(text, limit);
    let _ = writeln!(
        text,
        "\n{}",
        counted(diff.tables.len() as u64, "table was", "tables were") + " built anew"
    );
    let (mut n_same, mut n_rounded) = (0, 0);
    for table in &diff.tables {
        let line = match &table.rows {
            Err(problem) => problem.clone(),
            Ok(rows) => {
                n_rounded += rows.n_rounded;
                let mut parts = Vec::new();
                let counts = counts(rows);
                if !counts.is_empty() {
                    parts.push(format!("rows: {counts}"));
                }
                if !rows.columns.is_empty() {
                    let columns = rows.columns.join(", ");
                    parts.push(format!("columns of one version only: {columns}"));
                }
                if parts.is_empty() {
                    n_same += 1;
                    continue;
                }
                parts.join("; ")
            }
        };
        let _ = writeln!(text, "  {}  {line}", table.name);
    }
    if n_same > 0 {
        let same = counted(n_same, "table has", "tables have");
        let _ = writeln!(text, "  {same} the same rows as before");
    }
    if n_rounded > 0 {
        let rows = counted(n_rounded, "row differs", "rows differ");
        let _ = writeln!(text, "  {rows} only beyond the ninth digit of a number");
    }
}

#[cfg(test)]
mod tests;
