//! One delivery → the lake: rows validated on one thread, encoded on another, published in one commit.
//! Order of commits: rejected rows, accepted rows with the receipt, the receipt's row in `deliveries`. A
//! crash after any of them is repaired by the next ingest.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::{IngestError, Refusal, RefusalReason, places};
use super::find::{ContractHashes, Delivery, DeliverySelection, find, rules_hash};
use super::reader::ExtractReader;
use super::reading::{ReadOutcome, Writers, read};
use super::receipt::{DeliveryMode, Ledger, Receipt, now_micros, remove_rejects, signed};
use super::rejects::{is_of_delivery, rejects_schema, rejects_table};
use super::removal::{OutgoingRows, Removal, rewrite_without};
use super::validate::{KnownKeys, Validator};
use crate::config::{DEFAULT_MAX_REJECT_SHARE, ProjectConfig};
use crate::contract::{DELIVERY_ID, TableContract};
use crate::diagnostic::did_you_mean;
use crate::event::DeliveryEvent;
use crate::lake::{Lake, LakeFile, LakeTable, Provenance, PublishMode};
use crate::law::require_bases;
use crate::mapping::{Mappings, SourceMapping};
use crate::withdrawals::{self, KeyHash, KeyKind, PersonColumns, WithdrawnKeys};

/// What `withdrawn_keys.withdrawal_id` says of records that ingest has found.
const OF_INGEST: i64 = 0;

/// What ingest did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Deliveries ingested.
    pub n_deliveries: usize,
    /// Files whose content was ingested before.
    pub n_known: usize,
    /// Of these, files with rejected rows that the contract of today may accept.
    pub n_outdated: usize,
    /// Rows accepted.
    pub n_accepted: u64,
    /// Rows rejected.
    pub n_rejected: u64,
}

/// The deliveries that [`ingest`] would ingest.
///
/// # Errors
/// When files or the lake cannot be read.
pub async fn pending(
    config: &ProjectConfig,
    contracts: &[TableContract],
    lake: &Lake,
) -> Result<Vec<Delivery>, IngestError> {
    require_bases(config, contracts)?;
    let mappings = Mappings::load(&config.folder, contracts)?;
    let ledger = Ledger::read(lake).await?;
    let hashes = ContractHashes::new();
    Ok(find(
        config,
        lake,
        (&ledger, &hashes, &mappings),
        DeliverySelection::default(),
    )?
    .new)
}

/// Ingests the wanted deliveries: by default every new one of the project's sources. A delivery that is ingested again takes
/// the place of the earlier one in one commit. The caller holds the lake's lock.
///
/// # Errors
/// When an extract is missing, when deliveries were refused (the others are in), or the lake fails.
pub async fn ingest(
    config: &ProjectConfig,
    contracts: &[TableContract],
    lake: &Lake,
    wanted: DeliverySelection<'_>,
    observer: &(dyn Fn(DeliveryEvent) + Send + Sync),
) -> Result<IngestSummary, IngestError> {
    let tables: Vec<&str> = contracts
        .iter()
        .map(|contract| contract.name.as_str())
        .collect();
    require_bases(config, contracts)?;
    let mappings = Mappings::load(&config.folder, contracts)?;
    let ledger = Ledger::open(lake, &tables).await?;
    // A contract may ask for more than it did when the table was made.
    for contract in contracts {
        if let Some(table) = lake.table(&contract.name).await? {
            lake.widen(&table, &contract.lake_schema()).await?;
        }
    }
    let hashes = contracts
        .iter()
        .map(|contract| (contract.name.clone(), contract.sha256()));
    let hashes: ContractHashes = hashes.collect();
    let found = find(config, lake, (&ledger, &hashes, &mappings), wanted)?;
    // Deliveries that are asked for by name need no others.
    if wanted.named.is_empty() {
        require_extracts(config, lake, &found.new).await?;
    }
    let summary = IngestSummary {
        n_known: found.n_known,
        n_outdated: found.n_outdated,
        ..IngestSummary::default()
    };
    let mut intake = Intake {
        config,
        lake,
        observer,
        ledger,
        summary,
        contracts: hashes,
        mappings: &mappings,
        all: contracts,
        withdrawn: Arc::new(withdrawals::load_keys(lake).await?),
        keys: None,
        refusals: Vec::new(),
    };
    for delivery in in_order(found.new, contracts, &intake.withdrawn) {
        let Some(contract) = contracts
            .iter()
            .find(|contract| contract.name == delivery.table)
        else {
            let hint = did_you_mean(&delivery.table, tables.iter().copied());
            return Err(IngestError::NoContract {
                table: delivery.table,
                hint,
            });
        };
        intake.take(contract, delivery).await?;
    }
    if intake.refusals.is_empty() {
        return Ok(intake.summary);
    }
    Err(IngestError::Refused {
        refusals: intake.refusals,
    })
}

/// The deliveries in the order in which they are taken in. Once persons were withdrawn, those of tables that name persons come first: it
/// is from them that is known which rows of other tables are of the withdrawn.
fn in_order(
    mut deliveries: Vec<Delivery>,
    contracts: &[TableContract],
    withdrawn: &WithdrawnKeys,
) -> Vec<Delivery> {
    let refers = |delivery: &Delivery| {
        let contract = contracts.iter().find(|own| own.name == delivery.table);
        contract.is_some_and(|own| !PersonColumns::of(own, contracts).records.is_empty())
    };
    if !withdrawn.is_empty() {
        deliveries.sort_by_key(refers);
    }
    deliveries
}

/// Every source that is not optional has a file now or rows from before.
async fn require_extracts(
    config: &ProjectConfig,
    lake: &Lake,
    new: &[Delivery],
) -> Result<(), IngestError> {
    for (table, source) in &config.sources {
        let has_file = new.iter().any(|delivery| delivery.table == *table);
        if source.optional || has_file || lake.table(table).await?.is_some() {
            continue;
        }
        let patterns: Vec<String> = source
            .files
            .iter()
            .map(|pattern| format!("`{}`", config.extracts.join(pattern).display()))
            .collect();
        return Err(IngestError::NoExtract {
            table: table.clone(),
            patterns: patterns.join(", "),
        });
    }
    Ok(())
}

/// The deliveries of one ingest, one after the other.
struct Intake<'a> {
    config: &'a ProjectConfig,
    lake: &'a Lake,
    observer: &'a (dyn Fn(DeliveryEvent) + Send + Sync),
    ledger: Ledger,
    summary: IngestSummary,
    /// SHA-256 of each table's contract.
    contracts: ContractHashes,
    mappings: &'a Mappings,
    /// Contracts of all tables.
    all: &'a [TableContract],
    /// Persons whose rows do not come in.
    withdrawn: Arc<WithdrawnKeys>,
    /// Keys of one table's rows, kept from one delivery to the next.
    keys: Option<(String, KnownKeys)>,
    refusals: Vec<Refusal>,
}

impl Intake<'_> {
    async fn take(
        &mut self,
        contract: &TableContract,
        delivery: Delivery,
    ) -> Result<(), IngestError> {
        let file = delivery.display_name(&self.config.extracts);
        let n_bytes = delivery.source.size;
        (self.observer)(DeliveryEvent::Started {
            file: file.clone(),
            table: contract.name.clone(),
            n_bytes,
        });
        let outcome = self.deliver(contract, &delivery, &file).await?;
        match outcome {
            Ok((receipt, version)) => {
                let (n_accepted, n_rejected) = (
                    receipt.n_accepted.unsigned_abs(),
                    receipt.n_rejected.unsigned_abs(),
                );
                self.summary.n_deliveries += 1;
                self.summary.n_accepted += n_accepted;
                self.summary.n_rejected += n_rejected;
                let table = contract.name.clone();
                (self.observer)(DeliveryEvent::Finished {
                    file,
                    table,
                    n_accepted,
                    n_rejected,
                    version,
                });
            }
            Err(reason) => {
                // They hold keys of rows that were not published.
                self.keys = None;
                (self.observer)(DeliveryEvent::Refused {
                    file: file.clone(),
                    table: contract.name.clone(),
                    reason: reason.to_string(),
                });
                self.refusals.push(Refusal {
                    file,
                    table: contract.name.clone(),
                    reason,
                });
            }
        }
        Ok(())
    }

    async fn deliver(
        &mut self,
        contract: &TableContract,
        delivery: &Delivery,
        file: &str,
    ) -> Result<Result<(Receipt, u64), RefusalReason>, IngestError> {
        let existing = self.lake.table(&contract.name).await?;
        if delivery.replaces.is_some() {
            // They hold those of the delivery that is replaced.
            self.keys = None;
        }
        let (reader, validator) = match self.open(contract, delivery, existing.as_ref())? {
            Ok(opened) => opened,
            Err(reason) => return Ok(Err(reason)),
        };
        let id = self.ledger.next_id();
        let mut writers = self.writers(contract).await?;
        let outcome = read(file, reader, validator, self.observer)
            .write_to(&mut writers, id, delivery)
            .await?;
        let validator = match outcome {
            ReadOutcome::Refused(reason) => return writers.give_up(reason).await,
            ReadOutcome::Done(validator) => validator,
        };
        if let Some(reason) = self.too_many_rejects(contract, &validator) {
            return writers.give_up(reason).await;
        }
        self.keep_out(validator.withdrawn_records()).await?;
        let mut receipt = receipt(id, contract, delivery, file, &validator);
        let of_contract = self.contracts.get(&contract.name);
        let mapping = self.mapping_of(delivery);
        receipt.contract_sha256 = of_contract.map(|own| rules_hash(own, mapping));
        let keys = validator.into_keys();
        let mut removal = Removal::default();
        let outgoing = OutgoingRows {
            delivery_id: delivery.replaces,
            keys: (delivery.mode != DeliveryMode::Append).then_some(&keys),
            persons: None,
        };
        if let Some(table) = existing.as_ref().filter(|_| outgoing.are_some()) {
            removal = rewrite_without(table, &outgoing, &mut writers.accepted).await?;
            receipt.n_removed = signed(removal.n_rows);
        }
        let version = self.publish(contract, &receipt, writers, &removal).await?;
        if let Some(replaced) = delivery.replaces {
            remove_rejects(self.lake, &contract.name, replaced).await?;
        }
        // Only a delivery that adds rows was checked against all keys of the table.
        self.keys = match delivery.mode {
            DeliveryMode::Append => Some((contract.name.clone(), keys)),
            _ => None,
        };
        Ok(Ok((receipt, version)))
    }

    /// Opens the file and prepares its validation.
    fn open(
        &mut self,
        contract: &TableContract,
        delivery: &Delivery,
        existing: Option<&LakeTable>,
    ) -> Result<Result<(ExtractReader, Validator), RefusalReason>, IngestError> {
        let read_contract = match delivery.mode {
            DeliveryMode::Withdraw => contract.key_only(),
            _ => contract.clone(),
        };
        let path = &delivery.source.path;
        let opened = match self.mapping_of(delivery) {
            Some(mapping) => {
                let by = (mapping, &read_contract, &self.mappings.rules);
                ExtractReader::open_mapped(path, by)
            }
            None => ExtractReader::open(path).map_err(RefusalReason::from),
        };
        let reader = match opened {
            Ok(reader) => reader,
            Err(reason) => return Ok(Err(reason)),
        };
        let validator = match Validator::new(&read_contract, reader.schema()) {
            Ok(validator) => {
                let persons = PersonColumns::of(contract, self.all);
                validator.with_withdrawn(&self.withdrawn, persons)
            }
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let validator = match delivery.mode {
            DeliveryMode::Append => {
                self.with_known_keys(contract, validator, (existing, delivery.replaces))?
            }
            _ => validator,
        };
        Ok(Ok((reader, validator)))
    }

    /// Remembers records of withdrawn persons, so that what refers to them does not come in, now and later.
    async fn keep_out(&mut self, records: &HashSet<KeyHash>) -> Result<(), IngestError> {
        let new = records.difference(&self.withdrawn.records).copied();
        let new: Vec<(KeyHash, KeyKind)> = new.map(|key| (key, KeyKind::Record)).collect();
        if !new.is_empty() {
            withdrawals::add_keys(self.lake, OF_INGEST, &new).await?;
            let withdrawn = Arc::make_mut(&mut self.withdrawn);
            withdrawn.records.extend(records);
        }
        Ok(())
    }

    fn mapping_of(&self, delivery: &Delivery) -> Option<&SourceMapping> {
        let name = delivery.mapping.as_deref()?;
        self.mappings.all.iter().find(|own| own.name == name)
    }

    async fn writers(&self, contract: &TableContract) -> Result<Writers, IngestError> {
        let rejects = rejects_table(&contract.name);
        self.lake.remove_leftovers(&contract.name).await?;
        self.lake.remove_leftovers(&rejects).await?;
        let schema = contract.lake_schema();
        let partition = [DELIVERY_ID.to_owned()];
        Ok(Writers {
            accepted: self
                .lake
                .writer(&contract.name, schema, &contract.partition_by)?,
            rejects: self.lake.writer(&rejects, rejects_schema(), &partition)?,
        })
    }

    /// Gives the validator the keys that the table already has.
    fn with_known_keys(
        &mut self,
        contract: &TableContract,
        validator: Validator,
        (existing, replaced): (Option<&LakeTable>, Option<i32>),
    ) -> Result<Validator, IngestError> {
        if let Some((table, keys)) = self.keys.take()
            && table == contract.name
        {
            return Ok(validator.with_keys(keys));
        }
        let mut validator = validator;
        let has_key = contract.has_enforced_key();
        if let Some(existing) = existing.filter(|_| has_key) {
            let mut columns = contract.key.clone();
            columns.extend(replaced.map(|_| DELIVERY_ID.to_owned()));
            let outgoing = OutgoingRows {
                delivery_id: replaced,
                ..OutgoingRows::default()
            };
            let failed = |source| IngestError::Validate {
                file: contract.name.clone(),
                source,
            };
            for batch in existing.read(Some(&columns))? {
                let batch = outgoing.rest_of(&batch?).map_err(failed)?;
                validator.add_existing_keys(&batch).map_err(failed)?;
            }
        }
        Ok(validator)
    }

    fn too_many_rejects(
        &self,
        contract: &TableContract,
        validator: &Validator,
    ) -> Option<RefusalReason> {
        let totals = validator.totals();
        let allowed = self
            .config
            .sources
            .get(&contract.name)
            .map_or(DEFAULT_MAX_REJECT_SHARE, |source| source.max_reject_share);
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let is_too_many = totals.faulty() as f64 > allowed * totals.rows_in as f64;
        is_too_many.then(|| RefusalReason::TooManyRejects {
            n_rejected: totals.faulty(),
            n_rows: totals.rows_in,
            allowed,
            places: places(validator.tally(), contract),
        })
    }

    async fn publish(
        &mut self,
        contract: &TableContract,
        receipt: &Receipt,
        writers: Writers,
        removal: &Removal,
    ) -> Result<u64, IngestError> {
        let rejected = writers.rejects.close().await?;
        let accepted = writers.accepted.close().await?;
        let of_this_delivery = |file: &LakeFile| is_of_delivery(file, receipt.delivery_id);
        if rejected.n_rows > 0 {
            let name = rejects_table(&contract.name);
            // Files of the same number are of an attempt that ended before its rows were published.
            let mode = PublishMode::ReplaceFiles(&of_this_delivery);
            self.lake
                .publish(&name, rejected, mode, &Provenance::of_raw(None))
                .await?;
        }
        let goes = |file: &LakeFile| removal.files.contains(&file.path);
        let json = serde_json::to_value(receipt).expect("a receipt is plain data");
        let version = self
            .lake
            .publish(
                &contract.name,
                accepted,
                PublishMode::ReplaceFiles(&goes),
                &Provenance::of_raw(Some(json)),
            )
            .await?;
        self.ledger.record(self.lake, receipt, version).await?;
        Ok(version)
    }
}

fn receipt(
    delivery_id: i32,
    contract: &TableContract,
    delivery: &Delivery,
    file: &str,
    validator: &Validator,
) -> Receipt {
    let totals = validator.totals();
    Receipt {
        delivery_id,
        table_name: contract.name.clone(),
        file: file.to_owned(),
        mode: delivery.mode,
        sha256: delivery.source.sha256.clone(),
        size_bytes: signed(delivery.source.size),
        n_rows_in: signed(totals.rows_in),
        n_accepted: signed(totals.accepted),
        n_rejected: signed(totals.rejected),
        n_removed: 0,
        received_at: now_micros(),
        replaces: delivery.replaces,
        contract_sha256: None,
    }
}
