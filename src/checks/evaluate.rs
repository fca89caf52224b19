//! Evaluates the checks of every table that changed, and keeps what they found.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::catalogue::{Check, CheckKind};
use super::error::ChecksError;
use super::ledger::{SenderDelivery, age, deliveries, rejects};
use super::numbers::{Numbers, TableCounts};
use super::profile::{Plan, Profile, profile};
use super::results::{CHECK_RESULTS, CheckResult, append, latest};
use crate::contract::{DELIVERY_ID, TableContract};
use crate::ingest;
use crate::lake::{Lake, LakeError};
use crate::session::Session;

/// What an evaluation is for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// The run; `None` for `korabo checks`.
    pub run_id: Option<i64>,
    /// Microseconds since 1970 UTC.
    pub now: i64,
}

/// What is known after an evaluation.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// Tables that were counted, because they or their checks changed.
    pub evaluated: Vec<String>,
    /// The current results of all checks: of whole tables, and of each sender's newest delivery.
    pub results: Vec<CheckResult>,
}

/// Counts every table of `contracts` that changed since it was counted, writes down what the checks found, and judges all of them.
/// `session` has the tables of `lake`, whose lock the caller holds.
///
/// # Errors
/// When a table cannot be read or the results cannot be written.
pub async fn evaluate(
    session: &Session,
    lake: &Lake,
    contracts: &[TableContract],
    checks: &[Check],
    occasion: Occasion,
) -> Result<Evaluation, ChecksError> {
    let recorded = lake.table(CHECK_RESULTS).await?;
    let recorded = recorded
        .and_then(|table| table.provenance)
        .map(|made| made.inputs);
    let mut fingerprints = recorded.unwrap_or_default();
    let deliveries = deliveries(lake).await?;
    let mut evaluation = Evaluation::default();
    let mut found = Vec::new();
    for contract in contracts {
        let own: Vec<&Check> = checks
            .iter()
            .filter(|check| check.table == contract.name)
            .collect();
        if own.is_empty() {
            continue;
        }
        let fingerprint = Fingerprint::of(lake, contract, &own).await?;
        let before = fingerprints.insert(contract.name.clone(), fingerprint.text());
        if before.as_deref() == Some(&fingerprint.text()) {
            continue;
        }
        let delivered = deliveries
            .get(&contract.name)
            .map_or(&[][..], Vec::as_slice);
        // Deliveries that were judged by the same questions are not judged again.
        let known = match before.is_some_and(|before| fingerprint.asks_as(&before)) {
            true => recorded_deliveries(lake, &contract.name).await?,
            false => BTreeSet::new(),
        };
        let table = count(session, lake, contract, delivered).await?;
        found.extend(results_of(&table, &own, &known, occasion));
        evaluation.evaluated.push(contract.name.clone());
    }
    fingerprints.retain(|table, _| contracts.iter().any(|contract| contract.name == *table));
    let stored = latest(lake, checks).await?;
    found.extend(aged(&stored, &found, &deliveries, occasion));
    if !found.is_empty() {
        append(lake, &found, fingerprints).await?;
    }
    evaluation.results = match found.is_empty() {
        true => stored,
        false => latest(lake, checks).await?,
    };
    // Deliveries grow older after a result is stored.
    for result in &mut evaluation.results {
        if let Some(days) = age_of(result, &deliveries, occasion.now) {
            result.measure = Some(days);
        }
    }
    Ok(evaluation)
}

/// The current results, without counting anything: judged by the thresholds of `checks`, ages as of `now`.
///
/// # Errors
/// When the lake cannot be read.
pub async fn current(
    lake: &Lake,
    checks: &[Check],
    now: i64,
) -> Result<Vec<CheckResult>, LakeError> {
    let deliveries = deliveries(lake).await?;
    let mut results = latest(lake, checks).await?;
    for result in &mut results {
        if let Some(days) = age_of(result, &deliveries, now) {
            result.measure = Some(days);
        }
    }
    Ok(results)
}

/// Stored results that time alone has changed: deliveries that have become too old, or not any more.
fn aged(
    stored: &[CheckResult],
    found: &[CheckResult],
    deliveries: &BTreeMap<String, Vec<SenderDelivery>>,
    occasion: Occasion,
) -> Vec<CheckResult> {
    let is_new = |result: &CheckResult| found.iter().any(|new| new.check.name == result.check.name);
    let changed = stored
        .iter()
        .filter(|result| !is_new(result))
        .filter_map(|result| {
            let now = CheckResult {
                run_id: occasion.run_id,
                evaluated_at: occasion.now,
                measure: Some(age_of(result, deliveries, occasion.now)?),
                ..result.clone()
            };
            (now.status() != result.status()).then_some(now)
        });
    changed.collect()
}

/// Days since the newest delivery, for a check of freshness.
fn age_of(
    result: &CheckResult,
    deliveries: &BTreeMap<String, Vec<SenderDelivery>>,
    now: i64,
) -> Option<f64> {
    if result.check.kind != CheckKind::Freshness {
        return None;
    }
    age(deliveries.get(&result.check.table)?, now)
}

/// What the latest results of a table are about: the questions, and the versions of what they were asked of.
struct Fingerprint {
    questions: String,
    versions: String,
}

impl Fingerprint {
    async fn of(
        lake: &Lake,
        contract: &TableContract,
        checks: &[&Check],
    ) -> Result<Self, LakeError> {
        // Another version may count in another way.
        let mut text = env!("CARGO_PKG_VERSION").to_owned();
        for check in checks {
            text.push_str(&format!("\n{}\t{}", check.name, check.description));
        }
        let digest = Sha256::digest(text.as_bytes());
        let questions = hex::encode(&digest[..8]);
        let mut tables = vec![contract.name.clone(), ingest::rejects_table(&contract.name)];
        tables.extend(
            contract
                .references
                .iter()
                .map(|reference| reference.table.clone()),
        );
        let mut versions = Vec::new();
        for table in tables {
            let version = lake
                .table(&table)
                .await?
                .map(|table| table.rows_version().to_string());
            versions.push(version.unwrap_or_else(|| "none".to_owned()));
        }
        Ok(Self {
            questions,
            versions: versions.join(","),
        })
    }

    fn text(&self) -> String {
        format!("{} {}", self.questions, self.versions)
    }

    /// Whether the questions are those of fingerprint `before`.
    fn asks_as(&self, before: &str) -> bool {
        before.split(' ').next() == Some(self.questions.as_str())
    }
}

/// Deliveries of `table` that have results.
async fn recorded_deliveries(lake: &Lake, table: &str) -> Result<BTreeSet<i64>, LakeError> {
    use datafusion::arrow::array::{Array as _, AsArray as _};
    use datafusion::arrow::datatypes::Int64Type;
    let mut known = BTreeSet::new();
    let Some(results) = lake.table(CHECK_RESULTS).await? else {
        return Ok(known);
    };
    for batch in results.read(Some(&["table_name", "delivery_id"].map(str::to_owned)))? {
        let batch = batch?;
        let tables = batch.column(0).as_string::<i32>();
        let ids = batch.column(1).as_primitive::<Int64Type>();
        let rows =
            (0..batch.num_rows()).filter(|row| tables.value(*row) == table && ids.is_valid(*row));
        known.extend(rows.map(|row| ids.value(row)));
    }
    Ok(known)
}

async fn count<'a>(
    session: &Session,
    lake: &Lake,
    contract: &'a TableContract,
    deliveries: &'a [SenderDelivery],
) -> Result<TableCounts<'a>, ChecksError> {
    let mut table = TableCounts {
        contract,
        deliveries,
        plan: Plan::of(contract, &BTreeSet::new()),
        profile: Profile::default(),
        rejects: rejects(lake, &contract.name).await?,
        unmatched: vec![None; contract.references.len()],
    };
    let Some(made) = lake.table(&contract.name).await? else {
        return Ok(table);
    };
    let present = made
        .schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    table.plan = Plan::of(contract, &present);
    table.profile = profile(session, &contract.name, table.plan.clone()).await?;
    for (idx, reference) in contract.references.iter().enumerate() {
        let Some(other) = lake.table(&reference.table).await? else {
            continue;
        };
        // A table that holds nothing yet would make every row unmatched.
        if other.n_rows() == Some(0) {
            continue;
        }
        let here = (contract.name.as_str(), reference.columns.as_slice());
        let there = (reference.table.as_str(), reference.table_columns.as_slice());
        table.unmatched[idx] = Some(session.count_unmatched_by(here, there, DELIVERY_ID).await?);
    }
    Ok(table)
}

/// Results of the whole table, and of the deliveries that are not `known`.
fn results_of(
    table: &TableCounts<'_>,
    checks: &[&Check],
    known: &BTreeSet<i64>,
    occasion: Occasion,
) -> Vec<CheckResult> {
    let mut results = Vec::new();
    let result =
        |check: &Check, delivered: Option<&SenderDelivery>, numbers: Numbers| CheckResult {
            run_id: occasion.run_id,
            evaluated_at: occasion.now,
            check: check.clone(),
            delivery_id: delivered.map(|delivered| delivered.delivery_id),
            sender: delivered.map(|delivered| delivered.sender.clone()),
            n_checked: numbers.n_checked,
            n_failed: numbers.n_failed,
            measure: numbers.measure,
            noise: numbers.noise,
            note: numbers.note.map(str::to_owned),
        };
    for check in checks {
        let whole = table.of_whole(check, occasion.now);
        results.push(result(check, None, whole));
        let new = table
            .deliveries
            .iter()
            .filter(|delivered| !known.contains(&delivered.delivery_id));
        for delivered in new {
            if let Some(numbers) = table.of_delivery(check, delivered) {
                results.push(result(check, Some(delivered), numbers));
            }
        }
    }
    results
}
