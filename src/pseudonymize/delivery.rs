//! One delivery: which files it has, and what is written of them.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fs_err as fs;
use korabo_formats::checkup::{
    ArchiveReader, ArchiveSummary, Checkup, Found, Guidance, Tables, merge_guidance,
};
use korabo_formats::uke::{
    ClaimReader, ClaimRow, ClaimRows, Encoding, Masters, ReadOptions, RowMaker, resolve_versions,
};
use korabo_formats::{Identity, KnownPersons, Place, Rejects, Rule, Token, normalise, tables};

use super::error::PseudonymizeError;
use super::output::{Output, Receipt};
use super::request::PseudonymizeRequest;
use super::table_files::write_table;
use crate::tabular::is_text_table;
use crate::transcoder::TextEncoding;

/// Claims and checkups of which rows are made at a time.
const BATCH: usize = 10_000;
/// Columns of checkups that are not values.
const KEYS_OF_CHECKUPS: [&str; 6] = [
    "insurer_id",
    "person_key",
    "fiscal_year",
    "checkup_date",
    "term",
    "record_kind",
];

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PseudonymizedDelivery {
    /// What is written beside the tables.
    pub receipt: Receipt,
    /// The list of what was refused.
    pub rejects: PathBuf,
}

/// A file or folder of an insurer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A table, and the folder in which it was found.
    Table(PathBuf, PathBuf),
    /// Claims.
    Claims(PathBuf),
    /// A checkup archive, packed.
    Archive(PathBuf),
    /// A checkup archive, unpacked.
    Folder(PathBuf),
}

impl Input {
    /// What the files below `path` are, in the order of their names. In a folder other files are passed over.
    ///
    /// # Errors
    /// For a file that is none of them, and a folder that cannot be read.
    pub fn find(path: &Path) -> Result<Vec<Self>, PseudonymizeError> {
        Self::find_below(path, path)
    }

    fn find_below(path: &Path, folder: &Path) -> Result<Vec<Self>, PseudonymizeError> {
        if !fs::metadata(path)?.is_dir() {
            let folder = path.parent().unwrap_or(Path::new(""));
            let input = Self::of_file(path, folder);
            return input
                .map(|input| vec![input])
                .ok_or_else(|| PseudonymizeError::UnknownInput {
                    file: path.to_path_buf(),
                });
        }
        if path.join("DATA").is_dir() {
            return Ok(vec![Self::Folder(path.to_path_buf())]);
        }
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(path)? {
            entries.push(entry?.path());
        }
        entries.sort();
        let mut found = Vec::new();
        for entry in entries {
            // Links may lead anywhere, also in a circle.
            let kind = fs::symlink_metadata(&entry)?;
            if kind.is_dir() {
                found.extend(Self::find_below(&entry, folder)?);
            } else if kind.is_file() {
                found.extend(Self::of_file(&entry, folder));
            }
        }
        Ok(found)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Table(path, _)
            | Self::Claims(path)
            | Self::Archive(path)
            | Self::Folder(path) => path,
        }
    }

    fn of_file(path: &Path, folder: &Path) -> Option<Self> {
        let suffix = path.extension()?.to_str()?.to_ascii_lowercase();
        let path = path.to_path_buf();
        match suffix.as_str() {
            _ if is_text_table(&path) => Some(Self::Table(path, folder.to_path_buf())),
            "uke" => Some(Self::Claims(path)),
            "zip" => Some(Self::Archive(path)),
            _ => None,
        }
    }
}

/// Reads the files of a delivery and writes its tables.
///
/// # Errors
/// When a file cannot be read at all or none of them has a row, and when the folder is not empty or cannot be written.
pub fn pseudonymize(
    request: &PseudonymizeRequest,
) -> Result<PseudonymizedDelivery, PseudonymizeError> {
    let mut inputs = Vec::new();
    for path in &request.inputs {
        inputs.extend(inputs_below(request, path)?);
    }
    let masters = masters(request)?;
    let mut delivery = Delivery {
        request,
        known: Mutex::default(),
        output: Output::create(&request.output, request.group_rules.clone())?,
        claims: Vec::new(),
        guidance: Vec::new(),
        left_out: BTreeMap::new(),
        missing: BTreeMap::new(),
        incomplete: Vec::new(),
    };
    let tables = Tables::built_in()?;
    for input in &inputs {
        match input {
            Input::Table(file, folder) => delivery.table(file, folder)?,
            Input::Archive(file) => {
                let name = file.display().to_string();
                let archive = fs::File::open(file)?;
                delivery.checkups(
                    ArchiveReader::open_zip(archive, &name, &tables)?,
                    &tables,
                    &name,
                )?;
            }
            Input::Folder(folder) => {
                let name = folder.display().to_string();
                delivery.checkups(ArchiveReader::open_folder(folder, &tables)?, &tables, &name)?;
            }
            Input::Claims(_) => (),
        }
    }
    let mut maker = RowMaker::new(&request.tokeniser, &masters);
    for input in &inputs {
        if let Input::Claims(file) = input {
            delivery.claims(file, false, &mut maker)?;
        }
    }
    for file in &request.returned {
        delivery.claims(file, true, &mut maker)?;
    }
    let unknown = maker.unknown();
    let n_unknown = unknown
        .diseases
        .values()
        .chain(unknown.drugs.values())
        .sum::<u64>()
        + unknown.n_uncoded
        + unknown.n_more;
    delivery.finish(&tables, &masters, n_unknown)
}

fn masters(request: &PseudonymizeRequest) -> Result<Masters, PseudonymizeError> {
    let mut masters = Masters::default();
    for file in &request.diseases {
        let source = BufReader::new(fs::File::open(file)?);
        masters.read_diseases(source, &file.display().to_string())?;
    }
    for file in &request.drugs {
        let source = BufReader::new(fs::File::open(file)?);
        masters.read_drugs(source, &file.display().to_string())?;
    }
    Ok(masters)
}

/// A delivery while its files are read.
struct Delivery<'a> {
    request: &'a PseudonymizeRequest,
    /// DPC claims tell no name: it is that of the list of members.
    known: Mutex<KnownPersons>,
    output: Output,
    /// Rows of `claims`: which version is valid is known at the end.
    claims: Vec<ClaimRow>,
    /// Stages of guidance, which come in several documents.
    guidance: Vec<(Token, Guidance)>,
    left_out: BTreeMap<String, Vec<String>>,
    missing: BTreeMap<String, u64>,
    incomplete: Vec<String>,
}

impl Delivery<'_> {
    fn person(&self, identity: &Identity) -> Option<Token> {
        self.request.token_maker(&self.known).person(identity).1
    }

    fn table(&mut self, file: &Path, folder: &Path) -> Result<(), PseudonymizeError> {
        let notes = write_table(file, folder, (self.request, &self.known), &mut self.output)?;
        self.left_out
            .insert(file.display().to_string(), notes.left_out);
        for (word, n) in notes.missing {
            *self.missing.entry(word).or_default() += n;
        }
        Ok(())
    }

    fn claims(
        &mut self,
        file: &Path,
        are_returned: bool,
        maker: &mut RowMaker<'_>,
    ) -> Result<(), PseudonymizeError> {
        let mut bytes = fs::File::open(file)?;
        let encoding = match TextEncoding::of(&bytes)? {
            TextEncoding::Utf8 => Encoding::Utf8,
            TextEncoding::Cp932 => Encoding::Cp932,
        };
        bytes.seek(SeekFrom::Start(0))?;
        let name = file.display().to_string();
        let options = ReadOptions {
            file: name.clone(),
            encoding,
        };
        let mut reader = ClaimReader::new(BufReader::new(bytes), options);
        let mut rows: Vec<ClaimRows> = Vec::new();
        let mut without = Rejects::default();
        while let Some(read) = reader.next_claim()? {
            let Some(person) = self.person(&read.identity) else {
                without.add(no_token(&name), Rule::Missing);
                continue;
            };
            rows.push(match are_returned {
                true => maker.returned(&read.claim, person),
                false => maker.billed(&read.claim, person),
            });
            if rows.len() == BATCH {
                self.write_claims(&mut rows, are_returned)?;
            }
        }
        self.write_claims(&mut rows, are_returned)?;
        self.output.reject(reader.rejects());
        self.output.reject(&without);
        if !reader.summary().is_complete {
            self.incomplete.push(name);
        }
        Ok(())
    }

    /// Writes diagnoses and drugs; claims wait for their other versions. What was returned is delivered in its file of bills.
    fn write_claims(
        &mut self,
        rows: &mut Vec<ClaimRows>,
        are_returned: bool,
    ) -> Result<(), PseudonymizeError> {
        if !are_returned {
            self.output
                .write("claim_diagnoses", &tables::claim_diagnoses(rows)?)?;
            self.output
                .write("claim_drugs", &tables::claim_drugs(rows)?)?;
        }
        self.claims.extend(rows.drain(..).map(|row| row.claim));
        Ok(())
    }

    fn checkups<R: std::io::Read + std::io::Seek>(
        &mut self,
        mut reader: ArchiveReader<'_, R>,
        tables: &Tables,
        name: &str,
    ) -> Result<(), PseudonymizeError> {
        let mut rows: Vec<(Token, Checkup)> = Vec::new();
        let mut without = Rejects::default();
        while let Some(found) = reader.next_found() {
            let identity = match &found {
                Found::Checkup(_, identity) | Found::Guidance(_, identity) => identity,
            };
            let Some(person) = self.person(identity) else {
                without.add(no_token(name), Rule::Missing);
                continue;
            };
            match found {
                Found::Checkup(checkup, _) => rows.push((person, checkup)),
                Found::Guidance(stage, _) => self.guidance.push((person, stage)),
            }
            if rows.len() == BATCH {
                self.write_checkups(&mut rows, tables)?;
            }
        }
        self.write_checkups(&mut rows, tables)?;
        self.output.reject(reader.rejects());
        self.output.reject(&without);
        let summary: &ArchiveSummary = reader.summary();
        if summary.is_complete() == Some(false) {
            self.incomplete.push(name.to_owned());
        }
        Ok(())
    }

    fn write_checkups(
        &mut self,
        rows: &mut Vec<(Token, Checkup)>,
        tables: &Tables,
    ) -> Result<(), PseudonymizeError> {
        let columns = self.request.columns("checkups").into_iter();
        let values: Vec<&str> = columns
            .filter(|column| !KEYS_OF_CHECKUPS.contains(column))
            .collect();
        let batch = tables::checkups(rows, &tables.checkups, &values)?;
        rows.clear();
        self.output.write("checkups", &batch)
    }

    /// Writes guidance, whose stages come in several documents. Rows without a level are refused.
    fn write_guidance(&mut self, tables: &Tables) -> Result<(), PseudonymizeError> {
        let stages = merge_guidance(std::mem::take(&mut self.guidance));
        let batch = tables::guidance(&stages, &tables.guidance, &[])?;
        let mut without = Rejects::default();
        for _ in batch.num_rows()..stages.len() {
            let place = Place {
                file: "guidance".to_owned(),
                record: Some("level_code".to_owned()),
                ..Place::default()
            };
            without.add(place, Rule::Missing);
        }
        self.output.reject(&without);
        let schema = batch.schema();
        let known = self.request.columns("guidance");
        let wanted = (0..batch.num_columns()).filter(|&place| {
            let name = schema.field(place).name().as_str();
            known.contains(&name)
        });
        let wanted: Vec<usize> = wanted.collect();
        self.output.write("guidance", &batch.project(&wanted)?)
    }

    /// Writes what had to wait for all files, and the receipt.
    fn finish(
        mut self,
        tables: &Tables,
        masters: &Masters,
        unknown_codes: u64,
    ) -> Result<PseudonymizedDelivery, PseudonymizeError> {
        let versions = resolve_versions(std::mem::take(&mut self.claims));
        for part in versions.chunks(BATCH) {
            let rows: Vec<ClaimRows> = part
                .iter()
                .map(|claim| ClaimRows {
                    claim: claim.clone(),
                    diagnoses: Vec::new(),
                    drugs: Vec::new(),
                })
                .collect();
            self.output.write("claims", &tables::claims(&rows)?)?;
        }
        self.write_guidance(tables)?;
        if !self.output.has_rows() {
            let rejects = self.output.keep_rejects()?;
            return Err(PseudonymizeError::Nothing { rejects });
        }
        let receipt = Receipt {
            korabo_version: env!("CARGO_PKG_VERSION").to_owned(),
            normalisation: normalise::VERSION,
            secret_fingerprint: self.request.tokeniser.fingerprint(),
            person_key: self.request.key.name().to_owned(),
            rows: BTreeMap::new(),
            rejected: BTreeMap::new(),
            columns_left_out: self.left_out,
            group_sizes: Vec::new(),
            missing: self.missing,
            masters: masters
                .versions()
                .iter()
                .map(|own| own.file.clone())
                .collect(),
            unknown_codes,
            incomplete: self.incomplete,
        };
        let (receipt, rejects) = self.output.finish(receipt)?;
        Ok(PseudonymizedDelivery { receipt, rejects })
    }
}

/// The inputs below `path`. In a folder, masters, returned claims and texts without a mapping are none.
fn inputs_below(
    request: &PseudonymizeRequest,
    path: &Path,
) -> Result<Vec<Input>, PseudonymizeError> {
    let named: Vec<&PathBuf> = [&request.returned, &request.diseases, &request.drugs]
        .into_iter()
        .flatten()
        .collect();
    let mut inputs = Vec::new();
    for input in Input::find(path)? {
        let own = input.path();
        let is_text = own
            .extension()
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case("txt"));
        let is_mapped = || match &input {
            Input::Table(file, folder) => request.mappings.of_file(file, folder, None),
            _ => Ok(None),
        };
        if is_text && is_mapped()?.is_none() {
            if own == path {
                return Err(PseudonymizeError::UnknownInput {
                    file: path.to_path_buf(),
                });
            }
        } else if !named.iter().any(|other| is_same_file(other, own)) {
            inputs.push(input);
        }
    }
    Ok(inputs)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The place of what has no token.
fn no_token(file: &str) -> Place {
    Place {
        file: file.to_owned(),
        record: Some("person".to_owned()),
        ..Place::default()
    }
}
