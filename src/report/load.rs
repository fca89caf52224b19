//! Lake tables → [`Page`]. Only aggregate tables are read, and every count of people and every estimate
//! passes `disclosure` on its way.

mod balance;
mod counts;
mod effects;
mod order;
mod rows;

use sha2::{Digest as _, Sha256};

use super::page::{Page, Provenance, TableVersion};
use super::text::Lang;
use crate::disclosure::DisclosureRules;
use crate::lake::Lake;
use crate::pipeline::Catalogue;
use crate::session::Session;
use crate::vocabulary::Vocabulary;
use balance::balance;
use counts::{deliveries, flow, linkage, rejects};
use effects::{effects, event_studies, judgements};
use rows::ResultTables;

pub use rows::LoadError;

/// Tables the report shows.
const SHOWN: [&str; 10] = [
    "deliveries",
    "runs",
    "linkage_quality",
    "summary_flow",
    "effect_summary",
    "effect_verdicts",
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
    Ok(format!("korabo-report-{}", hex::encode(&digest[..12])))
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
    let names = lake.table_names()?;
    for name in names.iter().filter(|name| SHOWN.contains(&name.as_str())) {
        if let Some(table) = lake.table(name).await? {
            provenance.lake_versions.push(TableVersion {
                table: name.clone(),
                version: table.version,
            });
        }
    }
    let is_rejects = |name: &&String| name.starts_with("rejects_");
    let rejects_tables: Vec<String> = names.iter().filter(is_rejects).cloned().collect();
    let session = &Catalogue::of_config(None, Some(lake.clone())).session(session)?;
    let tables = ResultTables {
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
        judgements: judgements(&tables).await?,
        event_studies: event_studies(&tables, rules).await?,
        balance: balance(&tables, rules).await?,
        robustness: effects(&tables, "effect_robustness", rules).await?,
    })
}
