//! Lake tables → [`Page`]. Only aggregate tables are read, and every count of people and every estimate
//! passes `disclosure` on its way.

mod diagnostics;

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use sha2::{Digest as _, Sha256};

use super::page::{
    DeliveryRow, EffectGroup, EffectRow, EventPoint, EventStudy, FlowGroup, FlowStep, LinkageRow,
    Page, Provenance, RejectRow, TableVersion,
};
use super::text::Lang;
use crate::disclosure::{
    DisclosureRules, EstimateRow, PartOfWhole, release_count, release_counts, release_estimate,
    release_flow, release_shares,
};
use crate::lake::{Lake, LakeError};
use crate::session::{Session, SessionError};
use crate::vocabulary::Vocabulary;

/// Why the report's tables could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The lake failed.
    #[error("cannot read the lake")]
    Lake(#[from] LakeError),
    /// The engine failed.
    #[error("cannot read the report's tables")]
    Session(#[from] SessionError),
    /// A table the report shows lacks a column.
    #[error("table `{table}` has no usable column `{column}`, which the report shows")]
    Column {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Tables the report shows.
const SHOWN: [&str; 9] = [
    "deliveries",
    "runs",
    "linkage_quality",
    "summary_flow",
    "effect_summary",
    "effect_event_study",
    "effect_balance",
    "effect_robustness",
    "summary_rejects",
];

/// What the report of the lake's present versions is known by.
///
/// # Errors
/// When the lake cannot be read.
pub async fn fingerprint(
    lake: &Lake,
    vocabulary: &Vocabulary,
    lang: Lang,
) -> Result<String, LoadError> {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(format!("{vocabulary:?}"));
    hasher.update(lang.tag());
    for name in SHOWN.iter().filter(|name| **name != "runs") {
        if let Some(table) = lake.table(name).await? {
            hasher.update(name);
            hasher.update(table.rows_version().to_le_bytes());
        }
    }
    let digest = hasher.finalize();
    let hex: String = digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("korabo-report-{hex}"))
}

/// The document with its fingerprint as a comment at the end.
#[must_use]
pub fn with_fingerprint(html: &str, fingerprint: &str) -> String {
    format!("{html}\n<!-- {fingerprint} -->\n")
}

/// Reads everything the report shows; tables that are not there leave their section empty.
///
/// # Errors
/// When the lake cannot be read, or a table lacks a column.
pub async fn load_page(
    lake: &Lake,
    session: &Session,
    vocabulary: &Vocabulary,
    rules: DisclosureRules,
) -> Result<Page, LoadError> {
    let mut provenance = Provenance {
        korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Provenance::default()
    };
    let mut rejects_tables = Vec::new();
    for name in lake.table_names()? {
        let Some(table) = lake.table(&name).await? else {
            continue;
        };
        if SHOWN.contains(&name.as_str()) {
            let version = TableVersion {
                table: name.clone(),
                version: table.version,
            };
            provenance.lake_versions.push(version);
        }
        if name.starts_with("rejects_") {
            rejects_tables.push(name.clone());
        }
        session.register_table(table)?;
    }
    let tables = Tables {
        lake,
        session,
        vocabulary,
    };
    let (flow, flow_groups) = flow(&tables, rules).await?;
    Ok(Page {
        title: None,
        subject: None,
        vocabulary: vocabulary.clone(),
        provenance,
        rules,
        deliveries: deliveries(&tables, rules).await?,
        rejects: rejects(&tables, &rejects_tables, rules).await?,
        linkage: linkage(&tables, rules).await?,
        flow,
        flow_groups,
        effects: effects(&tables, "effect_summary", rules).await?,
        event_studies: event_studies(&tables, rules).await?,
        balance: diagnostics::balance(&tables, rules).await?,
        robustness: effects(&tables, "effect_robustness", rules).await?,
    })
}

struct Tables<'a> {
    lake: &'a Lake,
    session: &'a Session,
    vocabulary: &'a Vocabulary,
}

impl Tables<'_> {
    /// Whether the table is there and has these columns: a project may have one of its own by that name.
    async fn has_columns(&self, table: &str, columns: &[&str]) -> Result<bool, LoadError> {
        if self.lake.table(table).await?.is_none() {
            return Ok(false);
        }
        let frame = self
            .session
            .plan(&format!("select * from {table}"), &[])
            .await?;
        let has = |column: &&str| frame.schema().has_column_with_unqualified_name(column);
        Ok(columns.iter().all(has))
    }

    /// Rows of a query over `table`; none when the table is not there.
    async fn rows(&self, table: &'static str, sql: &str) -> Result<Vec<Row>, LoadError> {
        if self.lake.table(table).await?.is_none() {
            return Ok(Vec::new());
        }
        let frame = self.session.plan(sql, &[]).await?;
        let batches = frame.collect().await.map_err(SessionError::from)?;
        let mut rows = Vec::new();
        for batch in batches {
            let batch = std::sync::Arc::new(batch);
            rows.extend((0..batch.num_rows()).map(|index| Row {
                table,
                batch: std::sync::Arc::clone(&batch),
                index,
            }));
        }
        Ok(rows)
    }
}

/// One row of a result table, read by column name.
struct Row {
    table: &'static str,
    batch: std::sync::Arc<RecordBatch>,
    index: usize,
}

impl Row {
    fn column(
        &self,
        column: &'static str,
        data_type: &DataType,
    ) -> Result<datafusion::arrow::array::ArrayRef, LoadError> {
        let missing = || LoadError::Column {
            table: self.table,
            column,
        };
        let array = self.batch.column_by_name(column).ok_or_else(missing)?;
        cast(&array.slice(self.index, 1), data_type).map_err(|_| missing())
    }

    fn text(&self, column: &'static str) -> Result<String, LoadError> {
        let array = self.column(column, &DataType::Utf8)?;
        let array = array.as_string::<i32>();
        Ok(if array.is_null(0) {
            String::new()
        } else {
            array.value(0).to_owned()
        })
    }

    fn integer(&self, column: &'static str) -> Result<Option<i64>, LoadError> {
        let array = self.column(column, &DataType::Int64)?;
        Ok(array.as_primitive::<Int64Type>().iter().next().flatten())
    }

    fn count(&self, column: &'static str) -> Result<u64, LoadError> {
        Ok(self
            .integer(column)?
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0))
    }

    fn number(&self, column: &'static str) -> Result<Option<f64>, LoadError> {
        let array = self.column(column, &DataType::Float64)?;
        Ok(array.as_primitive::<Float64Type>().iter().next().flatten())
    }

    fn estimate(&self) -> Result<EstimateRow, LoadError> {
        let count = |column| -> Result<Option<u64>, LoadError> {
            Ok(self.integer(column)?.and_then(|n| u64::try_from(n).ok()))
        };
        Ok(EstimateRow {
            estimate: self.number("estimate")?,
            std_error: self.number("std_error")?,
            statistic: self.number("statistic")?,
            p_value: self.number("p_value")?,
            conf_low: self.number("conf_low")?,
            conf_high: self.number("conf_high")?,
            band_low: self.number("band_low")?,
            band_high: self.number("band_high")?,
            n_treated: count("n_treated")?,
            n_control: count("n_control")?,
            n_units: count("n_units")?,
            n_clusters: count("n_clusters")?,
            status: self.text("status")?,
        })
    }
}

async fn deliveries(
    tables: &Tables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<DeliveryRow>, LoadError> {
    let sql = "select table_name, split_part(file, '/', 1) as holder, count(*) as n_files, \
               sum(n_rows_in) as n_rows_in, sum(n_accepted) as n_accepted, \
               sum(n_rejected) as n_rejected from deliveries \
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

async fn rejects(
    tables: &Tables<'_>,
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

async fn linkage(
    tables: &Tables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<LinkageRow>, LoadError> {
    let sql = "select side, dimension, level, n_persons, n_linked from linkage_quality \
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

async fn flow(
    tables: &Tables<'_>,
    rules: DisclosureRules,
) -> Result<(Vec<FlowStep>, Vec<FlowGroup>), LoadError> {
    let sql = "select kind, step, n_persons from summary_flow order by step_order";
    let rows = tables.rows("summary_flow", sql).await?;
    let (mut steps, mut groups) = (Vec::new(), Vec::new());
    for row in &rows {
        let entry = (row.text("step")?, row.count("n_persons")?);
        match row.text("kind")?.as_str() {
            "step" => steps.push(entry),
            "group" => groups.push(entry),
            _ => {}
        }
    }
    let counts: Vec<u64> = steps.iter().map(|(_, n)| *n).collect();
    let flow = steps
        .into_iter()
        .zip(release_flow(&counts, rules))
        .map(|((step, _), counts)| FlowStep { step, counts })
        .collect();
    let counts: Vec<u64> = groups.iter().map(|(_, n)| *n).collect();
    let groups = groups
        .into_iter()
        .zip(release_counts(&counts, rules))
        .map(|((group, _), n)| FlowGroup { group, n })
        .collect();
    Ok((flow, groups))
}

/// Estimates of `table`, one group per field, indicator and population.
async fn effects(
    tables: &Tables<'_>,
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

/// Estimators from the most naive to the causal one; what a project adds comes last.
fn estimator_rank(estimator: &str) -> usize {
    const ORDER: [&str; 8] = [
        "before_after",
        "participants_vs_non",
        "twfe",
        "callaway_santanna",
        "doubly_robust",
        "unadjusted",
        "did_imputation",
        "sun_abraham",
    ];
    let place = ORDER.iter().position(|name| *name == estimator);
    place.unwrap_or(ORDER.len())
}

/// Fields in the order of the project's file, each with its main outcome first, employees before others; what no file knows comes
/// last.
fn rank(
    vocabulary: &Vocabulary,
    field: &str,
    indicator: &str,
    population: &str,
) -> (usize, bool, bool, String) {
    let fields = &vocabulary.fields;
    let place = fields.iter().position(|known| known.name == field);
    let main = place.and_then(|place| fields[place].outcomes.first());
    (
        place.unwrap_or(fields.len()),
        population != "employees",
        main.is_none_or(|main| main.value != indicator),
        indicator.to_owned(),
    )
}

async fn event_studies(
    tables: &Tables<'_>,
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
