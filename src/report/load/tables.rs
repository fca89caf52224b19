//! The lake's tables that reports read: the one place that names them.

use crate::report::kind::ReportKind;

const ANALYST: [&str; 12] = [
    "deliveries",
    "runs",
    "linkage_quality",
    "summary_flow",
    "effect_summary",
    "effect_verdicts",
    "effect_event_study",
    "effect_balance",
    "effect_robustness",
    "evaluation_diagnostics",
    "evaluation_verdicts",
    "summary_rejects",
];

const BOARD: [&str; 16] = [
    "runs",
    "linkage_quality",
    "effect_summary",
    "effect_verdicts",
    "effect_event_study",
    "effect_guidance_goal",
    "indicator_levels",
    "summary_employers",
    "released_levels",
    "summary_offers",
    "summary_habit_points",
    "summary_program_value",
    "summary_productivity_value",
    "evaluation_ratings",
    "evaluation_verdicts",
    "clean_municipalities",
];

const EMPLOYER: [&str; 9] = [
    "runs",
    "effect_summary",
    "effect_verdicts",
    "effect_event_study",
    "indicator_levels",
    "summary_employers",
    "released_levels",
    "summary_offers",
    "summary_productivity_value",
];

const MUNICIPALITY: [&str; 8] = [
    "runs",
    "linkage_quality",
    "effect_summary",
    "effect_verdicts",
    "indicator_levels",
    "released_levels",
    "evaluation_verdicts",
    // Describes councils, no persons.
    "clean_municipalities",
];

/// The tables that pages of a kind are made of. Views over tables of several plans go by the name of the view.
pub(super) fn tables_of(kind: ReportKind) -> &'static [&'static str] {
    match kind {
        ReportKind::Analyst => &ANALYST,
        ReportKind::Board => &BOARD,
        ReportKind::Employer => &EMPLOYER,
        ReportKind::Municipality => &MUNICIPALITY,
    }
}

/// Whether the lake's table `name` is one that pages of `kind` are made of, or a plan's part of one.
pub(super) fn is_read(kind: ReportKind, name: &str) -> bool {
    let is_same = |table: &&str| {
        let table = *table;
        let is_part = || {
            name.strip_prefix(table)
                .is_some_and(|rest| rest.starts_with('_'))
        };
        name == table || (table.starts_with("evaluation_") && is_part())
    };
    tables_of(kind).iter().any(is_same)
}
