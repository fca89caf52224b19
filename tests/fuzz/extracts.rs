//! Extracts: bytes and rows through reader and validation, and some through the whole of ingest into a lake. Every row is accepted
//! or rejected; no message quotes a cell.

use std::sync::Arc;

use fs_err as fs;
use korabo::config::ProjectConfig;
use korabo::contract::TableContract;
use korabo::diagnostic::FailureKind;
use korabo::ingest::{
    DeliverySelection, ExtractReader, NamedDelivery, Validator, ingest, rejects_table,
};
use korabo::lake::Lake;
use korabo::session::causes;
use tempfile::TempDir;

use crate::contracts::from_scratch;
use crate::extract_bytes::{batch, cells, delimited, has_list, parquet};
use crate::mutate::{mutate_bytes, mutate_tokens};
use crate::random::Random;
use crate::seeds;
use crate::target::{CANARY_TEXT, Input, Target, no_canary, went_through};

/// The target.
pub(crate) struct Extracts {
    contracts: Vec<TableContract>,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// What follows from the seed of an input.
struct Delivery {
    contract: TableContract,
    file: &'static str,
    /// Rows that are in the bytes as they were made.
    n_rows: Option<u64>,
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Extracts {
    pub(crate) fn new() -> Self {
        let contracts = korabo::contract::load_dir(&seeds::root().join("schemas")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self {
            contracts,
            folder: tempfile::tempdir().unwrap(),
            runtime,
        }
    }

    fn delivery(&self, seed: u64) -> Delivery {
        let mut random = Random::of_case("delivery", seed, 0);
        let mut contract = random.pick(&self.contracts).clone();
        if random.chance(50) {
            let text = from_scratch(&mut random);
            contract = TableContract::parse(
                "made_up",
                std::path::Path::new("schemas/made_up.toml"),
                &text,
            )
            .unwrap_or(contract);
        }
        let n_rows = *random.pick(&[0, 1, 2, 5, 20, 60]);
        let cells = cells(&contract, n_rows, &mut random);
        let file = random.word(&["a.csv", "a.csv", "a.tsv", "a.parquet", "a.parquet", "A.CSV"]);
        let made = match file {
            "a.parquet" => {
                let rows = batch(&contract, &cells, &mut random);
                parquet(&rows, &mut random).map(|bytes| (bytes, !has_list(&rows)))
            }
            "a.tsv" => Some((delimited(&contract, &cells, '\t', &mut random), true)),
            _ => Some((delimited(&contract, &cells, ',', &mut random), true)),
        };
        let (mut bytes, is_readable) = made.unwrap_or_default();
        let is_mutated = random.chance(60);
        if is_mutated {
            let other = bytes.clone();
            match std::str::from_utf8(&bytes) {
                Ok(text) if random.chance(40) => {
                    bytes = mutate_tokens(text, &[], &mut random).into_bytes()
                }
                _ => mutate_bytes(&mut bytes, &other, &mut random),
            }
        }
        // A file of one column has no way to write a row that is missing its value.
        let is_known = !is_mutated && is_readable && contract.columns.len() > 1;
        let is_whole = random.chance(25);
        Delivery {
            contract,
            file,
            n_rows: is_known.then_some(n_rows as u64),
            bytes,
            is_whole,
        }
    }

    /// Reader and validation, batch by batch.
    fn validate(&self, delivery: &Delivery, bytes: &[u8]) -> Result<(), String> {
        let path = self.folder.path().join(delivery.file);
        fs::write(&path, bytes).unwrap();
        let said = |error: &(dyn std::error::Error + 'static)| no_canary(&causes(error).join("\n"));
        let reader = match ExtractReader::open(&path) {
            Ok(reader) => reader,
            Err(error) => return said(&error),
        };
        let mut validator = match Validator::new(&delivery.contract, reader.schema()) {
            Ok(validator) => validator,
            Err(refusal) if holds_canary(reader.schema()) => return drop_text(refusal),
            Err(refusal) => return said(&refusal),
        };
        let (mut n_read, mut n_sorted) = (0, 0);
        for raw in reader {
            let raw = match raw {
                Ok(raw) => raw,
                Err(error) => return said(&error),
            };
            n_read += raw.batch.num_rows() as u64;
            let validated = validator.validate(&raw).map_err(|error| {
                format!("validation failed: {error}: {}", causes(&error).join("\n"))
            })?;
            let accepted = validated.accepted.to_lake_batch(1).num_rows();
            let rejected = validated.rejects.to_batch(1).num_rows();
            if rejected != validated.rejects.len() || accepted != validated.accepted.num_rows() {
                return Err(format!(
                    "{accepted} and {rejected} rows come out of a batch of other counts"
                ));
            }
            n_sorted += (accepted + rejected) as u64;
        }
        let totals = validator.totals();
        if totals.rows_in != n_read
            || totals.accepted + totals.rejected != n_read
            || n_sorted != n_read
        {
            return Err(format!(
                "{n_read} rows were read, but {totals:?} and {n_sorted} are accounted for"
            ));
        }
        let tallied: u64 = validator
            .tally()
            .iter()
            .map(|(_, _, count)| count.rows)
            .sum();
        if tallied < totals.rejected {
            return Err(format!(
                "{} rows are rejected, reasons are counted for {tallied}",
                totals.rejected
            ));
        }
        match delivery.n_rows {
            Some(n_rows) if n_rows != n_read => {
                Err(format!("{n_rows} rows were written, {n_read} were read"))
            }
            _ => went_through(),
        }
    }

    /// The whole of ingest into a new lake.
    fn ingest_bytes(&self, delivery: &Delivery, bytes: &[u8]) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(delivery.file);
        fs::write(&path, bytes).unwrap();
        let table = delivery.contract.name.clone();
        let text = format!("[sources.{table}]\nfiles = [\"*\"]\nmax_reject_share = 0.9\n");
        let config = ProjectConfig::parse(folder.path(), &text).unwrap();
        let heard = std::sync::Mutex::new(String::new());
        let observer = |event| heard.lock().unwrap().push_str(&format!("{event:?}\n"));
        let lake = Lake::open(&config.lake).unwrap();
        let named = [NamedDelivery {
            table: table.clone(),
            path,
        }];
        let contracts = std::slice::from_ref(&delivery.contract);
        let wanted = DeliverySelection {
            named: &named,
            again: false,
        };
        let result = self
            .runtime
            .block_on(ingest(&config, contracts, &lake, wanted, &observer));
        let refused = result
            .as_ref()
            .err()
            .map(|error| causes(error).join("\n"))
            .unwrap_or_default();
        // The names of columns may be quoted, and the first row of a file is taken for names.
        if !first_line_holds_canary(bytes) {
            no_canary(&refused)?;
            no_canary(&heard.into_inner().unwrap())?;
        }
        let summary = match result {
            Ok(summary) => summary,
            Err(error) if error.kind() == FailureKind::Extract => return Ok(()),
            Err(error) => return Err(format!("ingest fails as {:?}: {refused}", error.kind())),
        };
        let rows_of = |name: &str| {
            let found = self
                .runtime
                .block_on(lake.table(name))
                .map_err(|error| format!("the lake cannot be read: {error}"))?;
            Ok::<u64, String>(found.and_then(|found| found.n_rows()).unwrap_or(0))
        };
        let (accepted, rejected) = (rows_of(&table)?, rows_of(&rejects_table(&table))?);
        if (accepted, rejected) != (summary.n_accepted, summary.n_rejected) {
            return Err(format!(
                "{accepted} and {rejected} rows are in the lake after {summary:?}"
            ));
        }
        match delivery.n_rows {
            Some(n_rows) if n_rows != accepted + rejected => Err(format!(
                "{n_rows} rows were written, {} came in",
                accepted + rejected
            )),
            _ => Ok(()),
        }
    }
}

fn holds_canary(schema: &Arc<datafusion::arrow::datatypes::Schema>) -> bool {
    schema
        .fields()
        .iter()
        .any(|field| no_canary(field.name()).is_err())
}

fn drop_text<T>(_: T) -> Result<(), String> {
    Ok(())
}

fn first_line_holds_canary(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // Blank lines are passed over, and a quotation may go on over lines.
    let text = text.trim_start_matches(['\u{feff}', '\r', '\n', ' ', '\t']);
    let end = text.find('\n').unwrap_or(text.len());
    let line = &text[..end];
    text.starts_with("PAR1")
        || no_canary(line).is_err()
        || line.contains('"')
        || line.contains(CANARY_TEXT)
}

impl Target for Extracts {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        let delivery = self.delivery(seed);
        let about = format!("{} of contract `{}`", delivery.file, delivery.contract.name);
        Input {
            seed,
            about,
            body: delivery.bytes,
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let mut delivery = self.delivery(input.seed);
        if delivery.bytes != input.body {
            delivery.n_rows = None;
        }
        self.validate(&delivery, &input.body)?;
        match delivery.is_whole {
            true => self.ingest_bytes(&delivery, &input.body),
            false => Ok(()),
        }
    }
}
