//! Estimates and event studies through `disclosure`.

use super::order::{estimator_rank, rank};
use super::rows::{LoadError, ResultTables};
use crate::disclosure::{DisclosureRules, release_estimate};
use crate::report::page::{EffectGroup, EffectRow, EventPoint, EventStudy};

/// Estimates of `table`, one group per field, indicator and population.
pub(super) async fn effects(
    tables: &ResultTables<'_>,
    table: &'static str,
    rules: DisclosureRules,
) -> Result<Vec<EffectGroup>, LoadError> {
    let rows = tables
        .rows(table, &format!("select * from {table}"))
        .await?;
    let mut groups: Vec<EffectGroup> = Vec::new();
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
        let same = |group: &&mut EffectGroup| {
            group.field == field && group.indicator == indicator && group.population == population
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.rows.push(estimate),
            None => {
                groups.push(EffectGroup {
                    field,
                    indicator,
                    population,
                    rows: vec![estimate],
                });
            }
        }
    }
    for group in &mut groups {
        group.rows.sort_by_key(|row| estimator_rank(&row.estimator));
    }
    groups.sort_by_key(|group| {
        rank(
            tables.vocabulary,
            &group.field,
            &group.indicator,
            &group.population,
        )
    });
    Ok(groups)
}

/// Event studies, one per field, indicator and population, each in the order of event times.
pub(super) async fn event_studies(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<EventStudy>, LoadError> {
    let sql = "select * from effect_event_study";
    let rows = tables.rows("effect_event_study", sql).await?;
    let mut studies: Vec<EventStudy> = Vec::new();
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
        let same = |study: &&mut EventStudy| {
            study.field == field && study.indicator == indicator && study.population == population
        };
        match studies.iter_mut().find(same) {
            Some(study) => study.points.push(point),
            None => {
                studies.push(EventStudy {
                    field,
                    indicator,
                    population,
                    points: vec![point],
                });
            }
        }
    }
    studies.sort_by_key(|study| {
        rank(
            tables.vocabulary,
            &study.field,
            &study.indicator,
            &study.population,
        )
    });
    for study in &mut studies {
        study.points.sort_by_key(|point| point.event_time);
    }
    Ok(studies)
}
