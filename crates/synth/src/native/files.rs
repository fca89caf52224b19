//! The native files of a world, to which batches are appended in order, a claim or a document at a time: all documents of a batch would take
//! a gigabyte.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use encoding_rs::SHIFT_JIS;
use fs_err::File;
use korabo_formats::checkup::{ArchiveWriter, Tables};
use korabo_formats::uke::{ClaimKind, UkeWriter};

use super::cards::Cards;
use super::claims::{NativeClaim, for_each_claim};
use super::masters::Masters;
use super::{checkups, lists};
use crate::native_format::{Native, NativeFormat};
use crate::options::SynthError;
use crate::periods::Periods;
use crate::rows::{BatchRows, CheckupRow, PeriodRows};
use crate::summary::SynthSummary;
use crate::world::{INSURERS, World};

/// The institution that sends all archives.
const SENDER: &str = "1319900001";

/// An archive: insurer, fiscal year, whether of guidance.
type ArchiveKey = (usize, i16, bool);

/// The native files of a world, which grow batch by batch.
pub(crate) struct NativeFiles<'a> {
    world: &'a World,
    native: &'a Native,
    items: Tables,
    out: PathBuf,
    years: String,
    periods: Periods,
    lists: BTreeMap<PathBuf, BufWriter<File>>,
    claims: BTreeMap<PathBuf, UkeWriter<BufWriter<File>>>,
    archives: BTreeMap<ArchiveKey, ArchiveWriter<BufWriter<File>>>,
    masters: Masters,
    rows: BTreeMap<&'static str, u64>,
    written: Vec<PathBuf>,
}

impl<'a> NativeFiles<'a> {
    /// Files below `out`, none of which is there yet.
    pub(crate) fn new(
        out: &Path,
        world: &'a World,
        periods: &Periods,
        native: &'a Native,
    ) -> Result<Self, SynthError> {
        Ok(Self {
            world,
            native,
            items: Tables::built_in()?,
            out: out.to_path_buf(),
            years: format!("{}-{}", world.years.start(), world.years.end()),
            periods: periods.clone(),
            lists: BTreeMap::new(),
            claims: BTreeMap::new(),
            archives: BTreeMap::new(),
            masters: Masters::default(),
            rows: BTreeMap::new(),
            written: Vec::new(),
        })
    }

    /// Appends a batch.
    pub(crate) fn append(&mut self, batch: &BatchRows) -> Result<(), SynthError> {
        for (insurer, rows) in batch.insurers.iter().enumerate() {
            let cards = Cards::new(self.world, batch, insurer);
            let folder = format!("insurer_{}", INSURERS[insurer]);
            let path = format!("{folder}/members_{}.csv", self.years);
            let lines = lists::members(&cards, insurer, &rows.members);
            self.list(&path, lists::MEMBERS, &lines)?;
            self.count("members", rows.members.len());
            for (period, rows) in rows.periods.iter().enumerate() {
                if self.native.has(NativeFormat::CheckupXml) {
                    self.archived(&cards, insurer, rows)?;
                }
                if self.native.has(NativeFormat::CsvVendor) {
                    let period = &self.periods.names()[period];
                    let path = format!("vendor/{folder}/checkups_{period}.csv");
                    self.listed((&cards, insurer), &path, &rows.checkups)?;
                }
            }
            if self.native.has(NativeFormat::Uke) {
                for (billing, rows) in rows.billings.iter().enumerate() {
                    let delivery = self.periods.billing_names()[billing].clone();
                    let mut masters = std::mem::take(&mut self.masters);
                    let of = (&cards, insurer);
                    let written =
                        for_each_claim(of, batch.first_person, rows, &mut masters, |claim| {
                            self.claim(&folder, &delivery, claim)
                        });
                    self.masters = masters;
                    written?;
                }
            }
        }
        Ok(())
    }

    /// Adds checkups and guidance of a period to their archives.
    fn archived(
        &mut self,
        cards: &Cards<'_>,
        insurer: usize,
        rows: &PeriodRows,
    ) -> Result<(), SynthError> {
        for row in &rows.checkups {
            let card = cards.on(row.person, row.date);
            let document = card.and_then(|card| checkups::checkup(&self.items, &card, row));
            if let Some(document) = document {
                self.document((insurer, row.fiscal_year, false), &document)?;
            }
        }
        for row in &rows.guidance {
            let card = row
                .first_interview
                .and_then(|day| cards.on(row.person, day));
            let document = card.and_then(|card| checkups::guidance(&self.items, &card, row));
            if let Some(document) = document {
                self.document((insurer, row.fiscal_year, true), &document)?;
            }
        }
        Ok(())
    }

    /// Adds checkups of a period to a vendor's list.
    fn listed(
        &mut self,
        (cards, insurer): (&Cards<'_>, usize),
        path: &str,
        rows: &[CheckupRow],
    ) -> Result<(), SynthError> {
        for row in rows {
            if let Some(card) = cards.on(row.person, row.date) {
                let line = lists::checkup(insurer, &card, row);
                self.list(path, &lists::checkup_header(), &line)?;
                self.count("checkups_listed", 1);
            }
        }
        Ok(())
    }

    fn count(&mut self, table: &'static str, n: usize) {
        *self.rows.entry(table).or_default() += n as u64;
    }

    /// Closes all files and adds them to the summary.
    pub(crate) fn finish(mut self, summary: &mut SynthSummary) -> Result<(), SynthError> {
        for (path, mut list) in std::mem::take(&mut self.lists) {
            list.flush().map_err(|error| failed(&path, error))?;
        }
        for (path, writer) in std::mem::take(&mut self.claims) {
            writer.finish().map_err(|error| failed(&path, error))?;
        }
        for (key, writer) in std::mem::take(&mut self.archives) {
            let path = self.out.join(archive_path(key));
            let event = if key.2 { 2 } else { 1 };
            let sink = writer.finish(event).map_err(|error| failed(&path, error))?;
            let mut sink = sink;
            sink.flush().map_err(|error| failed(&path, error))?;
        }
        if self.native.has(NativeFormat::Uke) {
            self.master("masters/diseases.txt", &self.masters.disease_file())?;
            self.master("masters/drugs.txt", &self.masters.drug_file())?;
        }
        for (table, n_rows) in self.rows {
            *summary.rows.entry(table).or_default() += n_rows;
        }
        for path in self.written {
            summary.files += 1;
            let size = fs_err::metadata(&path).map_err(|error| failed(&path, error))?;
            summary.bytes += size.len();
        }
        Ok(())
    }

    /// Appends lines to a list, which begins with its header.
    fn list(&mut self, path: &str, header: &str, lines: &str) -> Result<(), SynthError> {
        let path = self.out.join(path);
        if !self.lists.contains_key(&path) {
            let mut file = self.create(&path)?;
            write_text(&mut file, &path, &format!("{header}\r\n"))?;
            self.lists.insert(path.clone(), file);
        }
        match self.lists.get_mut(&path) {
            Some(file) => write_text(file, &path, lines),
            None => Ok(()),
        }
    }

    /// Writes a claim into the file of its kind, and a returned one into a file of returned claims too.
    fn claim(
        &mut self,
        folder: &str,
        delivery: &str,
        claim: &NativeClaim,
    ) -> Result<(), SynthError> {
        let letter = match claim.claim.kind {
            ClaimKind::Medical => 'C',
            ClaimKind::Dpc => 'D',
            ClaimKind::Dental => 'S',
            ClaimKind::Pharmacy => 'Y',
        };
        let billed = format!("{folder}/claims_{delivery}/RECEIPT{letter}.UKE");
        let returned = format!("returned/{folder}/claims_{delivery}/RECEIPT{letter}.UKE");
        let paths = [Some(billed), claim.is_returned.then_some(returned)];
        for path in paths.into_iter().flatten() {
            let path = self.out.join(path);
            if !self.claims.contains_key(&path) {
                let file = self.create(&path)?;
                self.claims.insert(path.clone(), UkeWriter::new(file));
            }
            if let Some(writer) = self.claims.get_mut(&path) {
                let written = writer.write(&claim.claim, &claim.identity);
                written.map_err(|error| failed(&path, error))?;
            }
        }
        self.count("claims", 1);
        self.count("claim_diagnoses", claim.claim.diagnoses.len());
        self.count("claim_drugs", claim.claim.drugs.len());
        Ok(())
    }

    fn document(&mut self, key: ArchiveKey, document: &str) -> Result<(), SynthError> {
        let (insurer, fiscal_year, is_guidance) = key;
        let path = self.out.join(archive_path(key));
        if !self.archives.contains_key(&key) {
            let file = self.create(&path)?;
            let receiver = INSURERS[insurer];
            let event = if is_guidance { 2 } else { 1 };
            let root = format!("{SENDER}_{receiver}_{}0401{event}", fiscal_year + 1);
            let writer = ArchiveWriter::new(file, &root, SENDER, receiver);
            self.archives.insert(key, writer);
        }
        let (letter, table) = match is_guidance {
            true => ('g', "guidance"),
            false => ('h', "checkups"),
        };
        if let Some(writer) = self.archives.get_mut(&key) {
            let added = writer.add(letter, document);
            added.map_err(|error| failed(&path, error))?;
        }
        self.count(table, 1);
        Ok(())
    }

    fn master(&mut self, path: &str, text: &str) -> Result<(), SynthError> {
        let path = self.out.join(path);
        let mut file = self.create(&path)?;
        write_text(&mut file, &path, text)?;
        file.flush().map_err(|error| failed(&path, error))
    }

    fn create(&mut self, path: &Path) -> Result<BufWriter<File>, SynthError> {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(|error| failed(path, error))?;
        }
        let file = File::create(path).map_err(|error| failed(path, error))?;
        self.written.push(path.to_path_buf());
        Ok(BufWriter::new(file))
    }
}

fn archive_path((insurer, fiscal_year, is_guidance): ArchiveKey) -> String {
    let table = if is_guidance { "guidance" } else { "checkups" };
    format!("insurer_{}/{table}_{fiscal_year}.zip", INSURERS[insurer])
}

/// Writes text as CP932.
fn write_text(file: &mut BufWriter<File>, path: &Path, text: &str) -> Result<(), SynthError> {
    let (bytes, _, has_unknown) = SHIFT_JIS.encode(text);
    if has_unknown {
        return Err(failed(path, "a character that CP932 has no code for"));
    }
    file.write_all(&bytes).map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> SynthError {
    SynthError::Native {
        path: path.to_path_buf(),
        source: source.into(),
    }
}
