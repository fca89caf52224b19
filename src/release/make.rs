//! A definition → the table that may leave, from the lake as it is read and from what had left before.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::prelude::DataFrame;

use super::certificate::{Certificate, CertifiedRules};
use super::definition::{KEY, LevelsDefinition, ReleaseDefinition, ReleaseKind};
use super::error::TableReleaseError;
use super::levels::{LevelsRules, levels_of_period, review_of, table_of};
use super::made::MadeTable;
use super::preset::Preset;
use super::protection::Family;
use super::rows::PersonRows;
use super::small_table::{Column, SmallTable};
use super::statement::StatementRows;
use crate::config::ParameterValue;
use crate::diagnostic::did_you_mean;
use crate::lake::Lake;
use crate::pipeline::{Catalogue, Project};
use crate::release_ledger::Ledger;
use crate::session::{Session, SessionError};

/// Where tables are made: a project, a lake at one moment, an engine, rules.
pub(super) struct Maker<'a> {
    pub(super) project: &'a Arc<Project>,
    pub(super) lake: &'a Lake,
    pub(super) engine: &'a Session,
    pub(super) preset: &'a Preset,
}

impl Maker<'_> {
    /// Makes the table of `definition`. `earlier` is what last left by this name.
    pub(super) async fn make(
        &self,
        definition: &ReleaseDefinition,
        ledger: &Ledger,
        earlier: &SmallTable,
    ) -> Result<MadeTable, TableReleaseError> {
        match &definition.kind {
            ReleaseKind::Levels(levels) => self.levels(&definition.name, levels, ledger).await,
            ReleaseKind::Statement { sql, key } => {
                let name = &definition.name;
                let computed = self.frame(name, sql, false).await?;
                let computed = self.small_table(name, key, computed).await?;
                let rules = self.project.release_rules();
                let session = self.session(true).map_err(in_session(name))?;
                let frame = self.frame(name, sql, true).await?;
                let released = session.release(frame, &rules).await;
                let (frame, _) = released.map_err(|source| TableReleaseError::Refused {
                    name: name.clone(),
                    source,
                })?;
                let rows = StatementRows {
                    name,
                    key,
                    computed,
                    shown: self.small_table(name, key, frame).await?,
                    earlier,
                };
                Ok(rows.released(self.preset, ledger))
            }
        }
    }

    /// What the clusters are of the estimates of an evaluation.
    pub(super) async fn cluster_parts(
        &self,
        name: &str,
        evaluation: &str,
    ) -> Result<SmallTable, TableReleaseError> {
        let sql = format!("select * from evaluation_clusters_{evaluation}");
        let frame = self.frame(name, &sql, false).await?;
        self.small_table(name, &[], frame).await
    }

    async fn levels(
        &self,
        name: &str,
        definition: &LevelsDefinition,
        ledger: &Ledger,
    ) -> Result<MadeTable, TableReleaseError> {
        let frame = self.frame(name, &definition.rows, false).await?;
        let schema = frame.schema().as_arrow().clone();
        has_columns(name, "rows", &schema, definition.columns())?;
        let indicators = self.project.vocabulary.indicators.iter();
        let indicators = indicators.map(|indicator| indicator.name.clone());
        let indicators: Vec<String> = indicators
            .filter(|indicator| schema.index_of(indicator).is_ok())
            .collect();
        let rules = LevelsRules {
            definition,
            indicators: &indicators,
            preset: self.preset,
            few_values: self.project.config.disclosure.few_values,
            ledger,
            families: &[],
            were_rounded_alike: were_rounded_alike(ledger, self.preset),
        };
        let mut rows = Vec::new();
        let mut cells = Vec::new();
        for period in self.periods(name, definition).await? {
            let sql = format!(
                "select * from ({}) as persons where \"{}\" = {period}",
                definition.rows, definition.period
            );
            let batches = self.collect(name, &sql).await?;
            let persons = PersonRows::read(&batches, definition, &indicators);
            let persons = persons.map_err(|message| TableReleaseError::Column {
                name: name.to_owned(),
                message,
            })?;
            // Before anything else is made of the rows: they are twice in memory until here.
            drop(batches);
            let families = Family::all(&persons, definition);
            let rules = LevelsRules {
                families: &families,
                ..rules
            };
            let made = levels_of_period(&persons, period, &rules);
            let (own_rows, own_cells) = made.map_err(|source| TableReleaseError::Problem {
                name: name.to_owned(),
                source,
            })?;
            rows.extend(own_rows);
            cells.extend(own_cells);
        }
        let key: Vec<String> = KEY.iter().map(ToString::to_string).collect();
        Ok(MadeTable {
            table: table_of(&rows).sorted_by(&key),
            review: review_of(&rows).sorted_by(&key),
            cells,
            counts: Vec::new(),
        })
    }

    /// The periods that the rows have, rising.
    async fn periods(
        &self,
        name: &str,
        definition: &LevelsDefinition,
    ) -> Result<Vec<i64>, TableReleaseError> {
        let sql = format!(
            "select distinct cast(\"{0}\" as bigint) as period from ({1}) as persons where \"{0}\" is not null order by period",
            definition.period, definition.rows
        );
        let frame = self.frame(name, &sql, false).await?;
        let table = self.small_table(name, &[], frame).await?;
        Ok(match table.columns.into_iter().next() {
            Some(Column::Whole(values)) => values.into_iter().flatten().collect(),
            _ => Vec::new(),
        })
    }

    /// A session with the tables of the project; with views as one table each for the rules of release.
    fn session(&self, are_views_whole: bool) -> Result<Session, SessionError> {
        Catalogue::of_project(Arc::clone(self.project), Some(self.lake.clone()))
            .with_whole_views(are_views_whole)
            .session(self.engine)
    }

    async fn frame(
        &self,
        name: &str,
        sql: &str,
        are_views_whole: bool,
    ) -> Result<DataFrame, TableReleaseError> {
        let session = self.session(are_views_whole).map_err(in_session(name))?;
        planned(self.project, &session, name, sql).await
    }

    async fn collect(&self, name: &str, sql: &str) -> Result<Vec<RecordBatch>, TableReleaseError> {
        let frame = self.frame(name, sql, false).await?;
        let batches = frame.collect().await.map_err(SessionError::from);
        batches.map_err(in_session(name))
    }

    async fn small_table(
        &self,
        name: &str,
        key: &[String],
        frame: DataFrame,
    ) -> Result<SmallTable, TableReleaseError> {
        let schema = frame.schema().as_arrow().clone();
        has_columns(name, "statement", &schema, key.iter().map(String::as_str))?;
        let batches = frame.collect().await.map_err(SessionError::from);
        let batches = batches.map_err(in_session(name))?;
        let table = SmallTable::of(&schema, &batches)
            .map_err(|error| SessionError::from(datafusion::common::DataFusionError::from(error)));
        table.map_err(in_session(name))
    }
}

/// Plans a statement of the definition `name`.
async fn planned(
    project: &Project,
    session: &Session,
    name: &str,
    sql: &str,
) -> Result<DataFrame, TableReleaseError> {
    let parameters = project.config.parameter_values();
    let used = |(name, _): &(String, ParameterValue)| sql.contains(&format!("${name}"));
    let parameters: Vec<_> = parameters.into_iter().filter(used).collect();
    session
        .plan(sql, &parameters)
        .await
        .map_err(in_session(name))
}

/// Whether the definition can be planned in `session` and has the columns that it names.
///
/// # Errors
/// What is wrong.
pub(super) async fn check_definition(
    project: &Project,
    session: &Session,
    definition: &ReleaseDefinition,
) -> Result<(), TableReleaseError> {
    let name = &definition.name;
    match &definition.kind {
        ReleaseKind::Levels(levels) => {
            let frame = planned(project, session, name, &levels.rows).await?;
            has_columns(name, "rows", frame.schema().as_arrow(), levels.columns())
        }
        ReleaseKind::Statement { sql, key } => {
            let frame = planned(project, session, name, sql).await?;
            let key = key.iter().map(String::as_str);
            has_columns(name, "statement", frame.schema().as_arrow(), key)
        }
    }
}

/// Whether all releases rounded as `preset` does.
fn were_rounded_alike(ledger: &Ledger, preset: &Preset) -> bool {
    // Only rounding is compared below.
    let own = CertifiedRules::of(preset, 0);
    ledger.entries.iter().all(|entry| {
        let certificate = serde_json::from_str::<Certificate>(&entry.certificate);
        certificate.is_ok_and(|certificate| {
            certificate.rules.round_to == own.round_to && certificate.rules.rounding == own.rounding
        })
    })
}

/// Whether what the definition calls `what` has the columns that it names.
fn has_columns<'n>(
    name: &str,
    what: &str,
    schema: &Schema,
    mut columns: impl Iterator<Item = &'n str>,
) -> Result<(), TableReleaseError> {
    let Some(missing) = columns.find(|column| schema.index_of(column).is_err()) else {
        return Ok(());
    };
    let fields = schema.fields().iter().map(|field| field.name().as_str());
    let hint = did_you_mean(missing, fields);
    Err(TableReleaseError::Column {
        name: name.to_owned(),
        message: format!("`{what}` has no column `{missing}`{hint}"),
    })
}

/// An error of the engine, with the definition that it is about.
fn in_session(name: &str) -> impl Fn(SessionError) -> TableReleaseError {
    let name = name.to_owned();
    move |source| TableReleaseError::Session {
        name: name.clone(),
        source,
    }
}
