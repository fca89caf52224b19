//! Estimates and event studies through `disclosure`.

use super::order::{estimator_rank, rank};
use super::rows::{LoadError, ResultTables, Row};
use crate::disclosure::{DisclosureRules, release_estimate};
use crate::report::page::{EffectGroup, EffectRow, EventPoint, EventStudy, Judgement};

/// Estimates of `table`, one group per field, indicator and population.
pub(super) async fn effects(
    tables: &ResultTables<'_>,
    table: &'static str,
    rules: DisclosureRules,
) -> Result<Vec<EffectGroup>, LoadError> {
    let rows = tables.rows(table, "select * from {table}").await?;
    let mut groups: Vec<(EffectGroup, bool)> = Vec::new();
    for row in &rows {
        let (field, indicator, population) = (
            row.text("field")?,
            row.text("indicator")?,
            row.text("population")?,
        );
        let estimate = EffectRow {
            estimator: row.text("estimator")?,
            estimate: release_estimate(row.estimate()?, rules),
        };
        let same = |(group, _): &&mut (EffectGroup, bool)| {
            group.field == field && group.indicator == indicator && group.population == population
        };
        match groups.iter_mut().find(same) {
            Some((group, _)) => group.rows.push(estimate),
            None => {
                let group = EffectGroup {
                    field,
                    indicator,
                    population,
                    rows: vec![estimate],
                };
                groups.push((group, row.flag("is_primary")));
            }
        }
    }
    for (group, _) in &mut groups {
        group.rows.sort_by_key(|row| estimator_rank(&row.estimator));
    }
    groups.sort_by_key(|(group, is_primary)| {
        rank(
            tables.vocabulary,
            &group.field,
            &group.indicator,
            &group.population,
            *is_primary,
        )
    });
    Ok(groups.into_iter().map(|(group, _)| group).collect())
}

/// What plans say of the effects; nothing where there are no plans.
pub(super) async fn judgements(tables: &ResultTables<'_>) -> Result<Vec<Judgement>, LoadError> {
    let rows = tables
        .rows("effect_verdicts", "select * from {table}")
        .await?;
    let judgement = |row: &Row| {
        Ok(Judgement {
            field: row.text("field")?,
            indicator: row.text("indicator")?,
            population: row.text("population")?,
            verdict: row.text("verdict")?,
            hidden_by: (row.text("hidden_ja")?, row.text("hidden_en")?),
            detectable: row.number("detectable")?,
            is_locked: row.flag("is_locked"),
        })
    };
    rows.iter().map(judgement).collect()
}

/// Event studies, one per field, indicator and population, each in the order of event times.
pub(super) async fn event_studies(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<EventStudy>, LoadError> {
    let sql = "select * from {table}";
    let rows = tables.rows("effect_event_study", sql).await?;
    let mut studies: Vec<(EventStudy, bool)> = Vec::new();
    for row in &rows {
        let (field, indicator, population) = (
            row.text("field")?,
            row.text("indicator")?,
            row.text("population")?,
        );
        let point = EventPoint {
            event_time: row.integer("event_time")?.unwrap_or(0),
            estimate: release_estimate(row.estimate()?, rules),
        };
        let same = |(study, _): &&mut (EventStudy, bool)| {
            study.field == field && study.indicator == indicator && study.population == population
        };
        match studies.iter_mut().find(same) {
            Some((study, _)) => study.points.push(point),
            None => {
                let study = EventStudy {
                    field,
                    indicator,
                    population,
                    points: vec![point],
                };
                studies.push((study, row.flag("is_primary")));
            }
        }
    }
    studies.sort_by_key(|(study, is_primary)| {
        rank(
            tables.vocabulary,
            &study.field,
            &study.indicator,
            &study.population,
            *is_primary,
        )
    });
    let mut studies: Vec<EventStudy> = studies.into_iter().map(|(study, _)| study).collect();
    for study in &mut studies {
        study.points.sort_by_key(|point| point.event_time);
    }
    Ok(studies)
}
