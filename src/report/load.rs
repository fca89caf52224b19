//! Lake tables → [`Page`]. Only aggregate tables are read, and every count of people and every estimate
//! passes `disclosure` on its way.

mod balance;
mod counts;
mod effects;
mod group_levels;
mod money;
mod order;
mod plans;
mod results;
mod rows;
mod tables;
mod trends;

use sha2::{Digest as _, Sha256};

use super::kind::ReportKind;
use super::page::{Page, Provenance, TableVersion};
use super::results::Results;
use super::text::Lang;
use crate::disclosure::DisclosureRules;
use crate::lake::Lake;
use crate::pipeline::Catalogue;
use crate::session::Session;
use crate::vocabulary::Vocabulary;
use balance::balance;
use counts::{deliveries, flow, linkage, rejects};
use effects::{effects, event_studies, judgements};
use plans::plans;
use rows::ResultTables;
use tables::is_read;

pub use rows::LoadError;

/// What the reports of a kind of the lake's present versions are known by.
///
/// # Errors
/// When the lake cannot be read.
pub async fn fingerprint(
    lake: &Lake,
    kind: ReportKind,
    vocabulary: &Vocabulary,
    lang: Lang,
) -> Result<String, LoadError> {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(kind.name());
    hasher.update(format!("{vocabulary:?}"));
    hasher.update(lang.tag());
    for name in lake.table_names()? {
        if name == "runs" || !is_read(kind, &name) {
            continue;
        }
        if let Some(table) = lake.table(&name).await? {
            hasher.update(&name);
            hasher.update(table.rows_version().to_le_bytes());
        }
    }
    let digest = hasher.finalize();
    Ok(format!("{FINGERPRINT}{}", hex::encode(&digest[..12])))
}

/// How the fingerprints of all reports begin.
pub const FINGERPRINT: &str = "korabo-report-";

/// The document with its fingerprint as a comment at the end.
#[must_use]
pub fn with_fingerprint(html: &str, fingerprint: &str) -> String {
    format!("{html}\n<!-- {fingerprint} -->\n")
}

/// What made the numbers: korabo and the versions of the tables that pages of `kind` show.
async fn provenance(lake: &Lake, kind: ReportKind) -> Result<Provenance, LoadError> {
    let mut provenance = Provenance {
        korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Provenance::default()
    };
    for name in lake.table_names()? {
        if !is_read(kind, &name) {
            continue;
        }
        if let Some(table) = lake.table(&name).await? {
            provenance.lake_versions.push(TableVersion {
                table: name,
                version: table.version,
            });
        }
    }
    Ok(provenance)
}

/// Reads everything that an analyst's page shows from the tables and views of `catalogue`, which is over `lake`; tables that are not
/// there leave their section empty.
///
/// # Errors
/// When the lake cannot be read, or a table lacks a column.
pub async fn load_page(
    (lake, catalogue): (&Lake, &Catalogue),
    session: &Session,
    vocabulary: &Vocabulary,
    rules: DisclosureRules,
) -> Result<Page, LoadError> {
    let is_rejects = |name: &String| name.starts_with("rejects_");
    let names = lake.table_names()?.into_iter();
    let rejects_tables: Vec<String> = names.filter(is_rejects).collect();
    let tables = ResultTables {
        lake,
        views: catalogue.names()?,
        session: &catalogue.session(session)?,
        vocabulary,
    };
    let flow = flow(&tables, rules).await?;
    Ok(Page {
        title: None,
        subject: None,
        vocabulary: vocabulary.clone(),
        provenance: provenance(lake, ReportKind::Analyst).await?,
        rules,
        plans: plans(&tables, rules).await?,
        deliveries: deliveries(&tables, rules).await?,
        rejects: rejects(&tables, &rejects_tables, rules).await?,
        linkage: linkage(&tables, rules).await?,
        flow: flow.steps,
        flow_groups: flow.groups,
        flow_effects: flow.effects,
        effects: effects(&tables, "effect_summary", rules).await?,
        judgements: judgements(&tables).await?,
        event_studies: event_studies(&tables, rules).await?,
        balance: balance(&tables, rules).await?,
        robustness: effects(&tables, "effect_robustness", rules).await?,
    })
}

/// Reads everything that the other kinds show, from the tables and views of `catalogue`, which is over `lake`.
///
/// # Errors
/// When the lake cannot be read, or a table lacks a column.
pub async fn load_results(
    (lake, catalogue): (&Lake, &Catalogue),
    session: &Session,
    vocabulary: &Vocabulary,
    rules: DisclosureRules,
) -> Result<Results, LoadError> {
    let tables = ResultTables {
        lake,
        views: catalogue.names()?,
        session: &catalogue.session(session)?,
        vocabulary,
    };
    let linkage = linkage(&tables, rules).await?;
    let provenance = provenance(lake, ReportKind::Board).await?;
    results::results(&tables, provenance, linkage, rules).await
}
