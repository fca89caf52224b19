//! Releasing: what is due is made, remembered, and only then written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{SecondsFormat, Utc};

use super::bundle::{BundleRules, bundle, shown_estimates};
use super::certificate::{Certificate, CertifiedRules};
use super::definition::{ReleaseDefinition, Releases};
use super::error::TableReleaseError;
use super::files::{Files, released_table, sha256_of_files, write_table};
use super::make::{Maker, check_definition};
use super::preset::Preset;
use super::small_table::SmallTable;
use crate::content_hash::sha256;
use crate::lake::{Lake, LakeError};
use crate::pipeline::{Project, settings};
use crate::release_ledger::{self, Ledger, ReleaseEntry, is_of_releases};
use crate::session::Session;

/// What became of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseResult {
    /// Its name.
    pub name: String,
    /// Its certificate; of a request, as it would be.
    pub certificate: Certificate,
    /// Whether it left.
    pub outcome: ReleaseOutcome,
    /// The file of the table; of a request, what there is to review.
    pub file: PathBuf,
}

impl ReleaseResult {
    /// Whether it is what estimates can be computed again with, not a table.
    #[must_use]
    pub fn is_bundle(&self) -> bool {
        self.name.ends_with(".bundle")
    }
}

/// Whether a table left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// It left now.
    New,
    /// It had left: nothing that it is made of has changed.
    AsBefore,
    /// A second person has to release it.
    Requested,
}

/// Releases the definitions called `names`, in this order, on request with bundles of the estimates among them. What is made of the same as at its
/// last release is not made again. Where the project wants two persons, what `person` releases first waits for another.
///
/// # Errors
/// When a definition cannot be computed or protected, or what leaves cannot be remembered. What left before the error has left.
pub async fn release(
    project: &Arc<Project>,
    lake: &Lake,
    engine: &Session,
    releases: &Releases,
    (names, has_bundles): (&[String], bool),
    person: &str,
) -> Result<Vec<ReleaseResult>, TableReleaseError> {
    let Some(preset) = &releases.preset else {
        return Ok(Vec::new());
    };
    let preset = preset.within(project.config.disclosure);
    // Two releases at once would each be decided without the other.
    let _lock = release_ledger::lock(lake)?;
    let mut ledger = Ledger::load(lake, None).await?;
    let office = Office {
        project,
        lake,
        maker: Maker {
            project,
            // All is read as of one moment, whatever is published meanwhile.
            lake: &lake.pinned(),
            engine,
            preset: &preset,
        },
        files: Files::new(&project.config.release),
        person,
    };
    let mut released = Vec::new();
    let definitions = releases.definitions.iter();
    for definition in definitions.filter(|definition| names.contains(&definition.name)) {
        let table = office.release(definition, &mut ledger).await?;
        let has_left = table.outcome != ReleaseOutcome::Requested;
        released.push(table);
        if has_bundles && has_left {
            released.extend(office.bundle(definition, &mut ledger).await?);
        }
    }
    Ok(released)
}

/// What releases are made with.
struct Office<'a> {
    project: &'a Arc<Project>,
    lake: &'a Lake,
    maker: Maker<'a>,
    files: Files,
    person: &'a str,
}

impl Office<'_> {
    async fn release(
        &self,
        definition: &ReleaseDefinition,
        ledger: &mut Ledger,
    ) -> Result<ReleaseResult, TableReleaseError> {
        let (project, lake, name) = (self.project, self.lake, &definition.name);
        let lake_versions = versions(lake).await?;
        let rows = row_versions(lake, lake_versions.keys()).await?;
        let inputs_hash = inputs_hash(project, definition, self.maker.preset, &rows);
        let earlier = read_released(lake, name).await?;
        if let Some(known) = unchanged(ledger, name, &inputs_hash)
            && self.is_whole(definition, &known, &earlier).await?
        {
            return Ok(self.released(known, ReleaseOutcome::AsBefore));
        }
        let mut made = self.maker.make(definition, ledger, &earlier).await?;
        made.review_changes(&earlier, &definition.key());
        let csv = csv(name, &made.table)?;
        let mut certificate = Certificate {
            n_rows: made.table.n_rows(),
            withheld: made.withheld(),
            sha256: sha256(&csv),
            ..self.certificate(name, definition, ledger, lake_versions)
        };
        // Before it is granted, as the second person decides by it.
        self.files
            .write_review(name, &self::csv(name, &made.review)?)?;
        if !self.is_granted(&mut certificate, &inputs_hash)? {
            return Ok(ReleaseResult {
                file: self.files.review(name),
                ..self.released(certificate, ReleaseOutcome::Requested)
            });
        }
        // Remembered before it leaves: what left unremembered would not be protected from later releases.
        let entry = entry(&certificate, inputs_hash);
        ledger
            .remember(lake, entry, made.cells, &made.counts)
            .await?;
        write_table(lake, name, &made.table).await?;
        self.files.write(&certificate, &csv)?;
        self.files.forget_request(name)?;
        Ok(self.released(certificate, ReleaseOutcome::New))
    }

    /// A certificate of what leaves now; what it says of the files is to be filled in.
    fn certificate(
        &self,
        name: &str,
        definition: &ReleaseDefinition,
        ledger: &Ledger,
        lake_versions: BTreeMap<String, u64>,
    ) -> Certificate {
        Certificate {
            format: Certificate::FORMAT,
            name: name.to_owned(),
            release_id: ledger.next_id(),
            released_at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            requested_by: None,
            released_by: self.person.to_owned(),
            korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: CertifiedRules::of(self.maker.preset, self.project.config.disclosure.few_values),
            definition: definition.text.clone(),
            plans: plans(self.project),
            earlier_releases: ledger.entries.len(),
            lake_versions,
            n_rows: 0,
            withheld: BTreeMap::new(),
            sha256: String::new(),
        }
    }

    /// Whether what `certificate` is of may leave now: where the project wants two persons, the second of them asks.
    fn is_granted(
        &self,
        certificate: &mut Certificate,
        inputs_hash: &str,
    ) -> Result<bool, TableReleaseError> {
        if !self.project.config.release.needs_two {
            return Ok(true);
        }
        let request = self
            .files
            .request(&certificate.name, inputs_hash, self.person)?;
        if request.is_of(self.person) {
            return Ok(false);
        }
        certificate.requested_by = Some(request.requested_by);
        Ok(true)
    }

    /// Writes what is needed to compute the released estimates again; `None` where the release is not of estimates.
    async fn bundle(
        &self,
        definition: &ReleaseDefinition,
        ledger: &mut Ledger,
    ) -> Result<Option<ReleaseResult>, TableReleaseError> {
        let (lake, name) = (self.lake, format!("{}.bundle", definition.name));
        let released = read_released(lake, &definition.name).await?;
        let Some(estimates) = shown_estimates(&released) else {
            return Ok(None);
        };
        let lake_versions = versions(lake).await?;
        let rows = row_versions(lake, lake_versions.keys()).await?;
        let inputs_hash = inputs_hash(self.project, definition, self.maker.preset, &rows);
        let known = unchanged(ledger, &name, &inputs_hash);
        if let Some(known) = &known
            && self.files.is_bundle_whole(known)
        {
            return Ok(Some(self.bundled(known.clone(), ReleaseOutcome::AsBefore)));
        }
        let evaluations: BTreeSet<&String> = estimates.iter().map(|(own, _)| own).collect();
        let mut parts = Vec::new();
        for evaluation in evaluations {
            parts.push(self.maker.cluster_parts(&name, evaluation).await?);
        }
        let before = |key: &str| ledger.counts(&name, key).and_then(|n| n.first().copied());
        let rules = BundleRules {
            preset: self.maker.preset,
            before: &before,
        };
        let bundle = bundle(&estimates, &parts, rules);
        let bundle = bundle.map_err(|source| TableReleaseError::Csv {
            name: name.clone(),
            source,
        })?;
        let sha256 = sha256_of_files(&bundle.files);
        // The inputs differ and what is made of them does not: nothing new leaves.
        if let Some(known) = known.filter(|known| known.sha256 == sha256) {
            self.files.write_bundle(&known, &bundle.files)?;
            return Ok(Some(self.bundled(known, ReleaseOutcome::AsBefore)));
        }
        let mut certificate = Certificate {
            n_rows: bundle.n_rows,
            withheld: bundle.withheld,
            sha256,
            ..self.certificate(&name, definition, ledger, lake_versions)
        };
        if !self.is_granted(&mut certificate, &inputs_hash)? {
            return Ok(Some(self.bundled(certificate, ReleaseOutcome::Requested)));
        }
        let entry = entry(&certificate, inputs_hash);
        ledger
            .remember(lake, entry, Vec::new(), &bundle.counts)
            .await?;
        self.files.write_bundle(&certificate, &bundle.files)?;
        self.files.forget_request(&name)?;
        Ok(Some(self.bundled(certificate, ReleaseOutcome::New)))
    }

    fn bundled(&self, certificate: Certificate, outcome: ReleaseOutcome) -> ReleaseResult {
        ReleaseResult {
            file: self.files.bundle(&certificate.name),
            ..self.released(certificate, outcome)
        }
    }

    /// Whether the table that `known` certifies is in the lake and in its file, where it may be written once more: the release may
    /// have been cut short after it was remembered.
    async fn is_whole(
        &self,
        definition: &ReleaseDefinition,
        known: &Certificate,
        in_lake: &SmallTable,
    ) -> Result<bool, TableReleaseError> {
        let name = &definition.name;
        let bytes = csv(name, in_lake)?;
        if sha256(&bytes) == known.sha256 {
            self.files.write_missing(known, &bytes)?;
            return Ok(true);
        }
        // What had left before it, since what left later would change the decision.
        let before = Ledger::load(self.lake, Some(known.release_id)).await?;
        let made = self.maker.make(definition, &before, in_lake).await?;
        let bytes = csv(name, &made.table)?;
        if sha256(&bytes) != known.sha256 {
            return Ok(false);
        }
        write_table(self.lake, name, &made.table).await?;
        self.files.write_missing(known, &bytes)?;
        Ok(true)
    }

    fn released(&self, certificate: Certificate, outcome: ReleaseOutcome) -> ReleaseResult {
        ReleaseResult {
            name: certificate.name.clone(),
            file: self.files.table(&certificate.name),
            certificate,
            outcome,
        }
    }
}

/// What is remembered of a release.
fn entry(certificate: &Certificate, inputs_hash: String) -> ReleaseEntry {
    ReleaseEntry {
        release_id: certificate.release_id,
        name: certificate.name.clone(),
        released_at: certificate.released_at.clone(),
        inputs_hash,
        certificate: certificate.text(),
    }
}

/// A table as CSV.
fn csv(name: &str, table: &SmallTable) -> Result<Vec<u8>, TableReleaseError> {
    table.csv().map_err(|source| TableReleaseError::Csv {
        name: name.to_owned(),
        source,
    })
}

/// Plans every definition in `session`, which has the project's tables without rows.
///
/// # Errors
/// What is wrong with the first that is.
pub async fn check(
    project: &Project,
    session: &Session,
    releases: &Releases,
) -> Result<(), TableReleaseError> {
    for definition in &releases.definitions {
        check_definition(project, session, definition).await?;
    }
    Ok(())
}

/// The certificate of the last release of `name`, if it was made of the same.
fn unchanged(ledger: &Ledger, name: &str, inputs_hash: &str) -> Option<Certificate> {
    let last = ledger.last(name)?;
    let is_same = last.inputs_hash == inputs_hash;
    is_same.then(|| serde_json::from_str(&last.certificate).ok())?
}

/// The table that last left by this name; no rows where none did.
pub(super) async fn read_released(
    lake: &Lake,
    name: &str,
) -> Result<SmallTable, TableReleaseError> {
    let Some(table) = lake.table(&released_table(name)).await? else {
        return Ok(SmallTable::default());
    };
    let batches: Vec<_> = table.read(None)?.collect::<Result<_, LakeError>>()?;
    let rows = SmallTable::of(&table.schema, &batches);
    rows.map_err(|source| TableReleaseError::Csv {
        name: name.to_owned(),
        source,
    })
}

/// Versions of all tables that a release can be made of.
async fn versions(lake: &Lake) -> Result<BTreeMap<String, u64>, LakeError> {
    let mut versions = lake.versions_now().await?;
    // Tables of releases and records change by releasing and running; nothing is made of them.
    versions.retain(|table, _| !is_of_releases(table) && !crate::pipeline::is_record(table));
    Ok(versions)
}

/// Versions since which the rows are the same: upkeep makes versions that change none.
async fn row_versions(
    lake: &Lake,
    names: impl Iterator<Item = &String> + Clone,
) -> Result<BTreeMap<String, u64>, LakeError> {
    lake.read_ahead(names.clone().map(String::as_str)).await;
    let mut versions = BTreeMap::new();
    for name in names {
        if let Some(table) = lake.table(name).await? {
            versions.insert(name.clone(), table.rows_version());
        }
    }
    Ok(versions)
}

/// What evaluation plans say now, as hashes.
fn plans(project: &Project) -> BTreeMap<String, String> {
    let plans = project.evaluations.plans.iter();
    let hashes = plans.map(|(plan, _)| {
        let text = format!("{:?}", settings(plan, &project.vocabulary));
        (plan.name.clone(), sha256(text.as_bytes()))
    });
    hashes.collect()
}

fn inputs_hash(
    project: &Project,
    definition: &ReleaseDefinition,
    preset: &Preset,
    row_versions: &BTreeMap<String, u64>,
) -> String {
    let parts = format!(
        "{}\n{}\n{preset:?}\n{row_versions:?}\n{:?}\n{:?}",
        env!("CARGO_PKG_VERSION"),
        definition.text,
        project.config.parameters,
        project.config.disclosure,
    );
    sha256(parts.as_bytes())
}
