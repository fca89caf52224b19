//! Counts through `disclosure`: rows of deliveries, rejected rows, linked persons, the flow of persons.

use std::collections::BTreeMap;

use super::rows::{LoadError, ResultTables};
use crate::disclosure::{
    Count, DisclosureRules, PartOfWhole, Releasable, release_count, release_counts, release_flow,
    release_shares,
};
use crate::report::page::{DeliveryRow, FlowGroup, FlowStep, LinkageRow, RejectRow};

pub(super) async fn deliveries(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<DeliveryRow>, LoadError> {
    let sql = "select table_name, split_part(file, '/', 1) as holder, count(*) as n_files, \
               sum(n_rows_in) as n_rows_in, sum(n_accepted) as n_accepted, \
               sum(n_rejected) as n_rejected from {table} \
               group by table_name, split_part(file, '/', 1) order by table_name, holder";
    let rows = tables.rows("deliveries", sql).await?;
    let mut released = Vec::with_capacity(rows.len());
    for row in &rows {
        let (accepted, rejected) = (row.count("n_accepted")?, row.count("n_rejected")?);
        let mut cells = release_counts(&[accepted, rejected], rules).into_iter();
        if let (Some(rows_accepted), Some(rows_rejected)) = (cells.next(), cells.next()) {
            let holder = row.text("holder")?;
            released.push(DeliveryRow {
                table: row.text("table_name")?,
                holder: if holder.contains('.') {
                    String::new()
                } else {
                    holder
                },
                n_files: row.count("n_files")?,
                rows_in: release_count(row.count("n_rows_in")?, rules),
                rows_accepted,
                rows_rejected,
            });
        }
    }
    Ok(released)
}

pub(super) async fn rejects(
    tables: &ResultTables<'_>,
    names: &[String],
    rules: DisclosureRules,
) -> Result<Vec<RejectRow>, LoadError> {
    let mut released = Vec::new();
    for name in names {
        let frame = tables.session.count_by(name, &["column", "rule"]).await?;
        let table = name.trim_start_matches("rejects_");
        let counts: Vec<u64> = frame.iter().map(|(_, n)| *n).collect();
        for ((labels, _), n_rows) in frame.iter().zip(release_counts(&counts, rules)) {
            released.push(RejectRow {
                table: table.to_owned(),
                column: labels[0].clone(),
                rule: labels[1].clone(),
                n_rows,
            });
        }
    }
    Ok(released)
}

pub(super) async fn linkage(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<LinkageRow>, LoadError> {
    let sql = "select side, dimension, level, n_persons, n_linked from {table} \
               order by side desc, dimension, level";
    let rows = tables.rows("linkage_quality", sql).await?;
    let mut marginals: BTreeMap<(String, String), Vec<(String, PartOfWhole)>> = BTreeMap::new();
    let mut order = Vec::new();
    for row in &rows {
        let key = (row.text("side")?, row.text("dimension")?);
        let cell = PartOfWhole {
            part: row.count("n_linked")?,
            whole: row.count("n_persons")?,
        };
        if !marginals.contains_key(&key) {
            order.push(key.clone());
        }
        marginals
            .entry(key)
            .or_default()
            .push((row.text("level")?, cell));
    }
    let mut released = Vec::with_capacity(rows.len());
    for key in order {
        let levels = &marginals[&key];
        let cells: Vec<PartOfWhole> = levels.iter().map(|(_, cell)| *cell).collect();
        for ((level, _), matched) in levels.iter().zip(release_shares(&cells, rules)) {
            released.push(LinkageRow {
                side: key.0.clone(),
                dimension: key.1.clone(),
                level: level.clone(),
                matched,
            });
        }
    }
    Ok(released)
}

/// The flow of persons, and whom the effects are about.
pub(super) struct Flow {
    pub(super) steps: Vec<FlowStep>,
    pub(super) groups: Vec<FlowGroup>,
    pub(super) effects: Vec<FlowGroup>,
}

pub(super) async fn flow(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Flow, LoadError> {
    let sql = "select kind, step, n_persons from {table} order by step_order";
    let rows = tables.rows("summary_flow", sql).await?;
    let (mut steps, mut groups, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let entry = (row.text("step")?, row.count("n_persons")?);
        match row.text("kind")?.as_str() {
            "step" => steps.push(entry),
            "group" => groups.push(entry),
            _ => others.push(entry),
        }
    }
    let counts: Vec<u64> = groups.iter().map(|(_, n)| *n).collect();
    let released = groups.into_iter().zip(release_counts(&counts, rules));
    Ok(Flow {
        effects: flow_effects(&steps, &others, rules),
        groups: released
            .map(|((group, _), n)| FlowGroup { group, n })
            .collect(),
        steps: released_flow(steps, rules),
    })
}

fn released_flow(steps: Vec<(String, u64)>, rules: DisclosureRules) -> Vec<FlowStep> {
    let counts: Vec<u64> = steps.iter().map(|(_, n)| *n).collect();
    let released = steps.into_iter().zip(release_flow(&counts, rules));
    released
        .map(|((step, _), counts)| FlowStep { step, counts })
        .collect()
}

/// Persons whom effects are about, each hidden where the step that it is a part of would give away few others.
fn flow_effects(
    steps: &[(String, u64)],
    others: &[(String, u64)],
    rules: DisclosureRules,
) -> Vec<FlowGroup> {
    let of = |counts: &[(String, u64)], name: &str| {
        let found = counts.iter().find(|(step, _)| step == name);
        found.map(|(_, n)| *n)
    };
    let parts = [
        ("effect_employees", of(steps, "linked")),
        ("effect_spouses", None),
    ];
    let known = parts
        .into_iter()
        .filter_map(|(name, whole)| Some((name, of(others, name)?, whole)));
    known
        .map(|(name, n, whole)| FlowGroup {
            group: name.to_owned(),
            n: release_part(n, whole, rules),
        })
        .collect()
}

/// A count that is a part of one that is shown.
fn release_part(n: u64, whole: Option<u64>, rules: DisclosureRules) -> Releasable<Count> {
    let rest = whole.map(|whole| whole.saturating_sub(n));
    match rest {
        Some(rest) if rest > 0 => {
            let mut cells = release_counts(&[n, rest], rules);
            cells.swap_remove(0)
        }
        _ => release_count(n, rules),
    }
}
