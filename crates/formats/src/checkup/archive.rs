//! An archive, as a zip or an unpacked folder: its documents one after the other, whatever is in them.
//!
//! Nothing is unpacked to disk. A document is read as far as the largest allowed, and an archive until it has unpacked to far more than
//! its size can mean, so that neither bombs nor overlapping files take time or memory without end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;
use zip::ZipArchive;

use super::document::read_document;
use super::guidance::{Guidance, guidance_of};
use super::items::{ItemError, ItemTable};
use super::judge::Thresholds;
use super::row::{Checkup, checkup_of};
use super::xml::{Step, Steps};
use crate::identity::Identity;
use crate::normalise;
use crate::reject::{Place, Rejects, Rule};

/// Tables by which documents are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// Items of checkups.
    pub checkups: ItemTable,
    /// Items of guidance.
    pub guidance: ItemTable,
    /// Values of the rules of judgement.
    pub thresholds: Thresholds,
}

impl Tables {
    /// The tables that come with the program.
    ///
    /// # Errors
    /// [`ItemError`] where a file that was built in is broken.
    pub fn built_in() -> Result<Self, ItemError> {
        Ok(Self {
            checkups: ItemTable::checkups()?,
            guidance: ItemTable::guidance()?,
            thresholds: Thresholds::built_in()?,
        })
    }
}

/// Why an archive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its bytes cannot be read.
    #[error("cannot open `{file}`")]
    Read {
        /// The archive.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no zip, or damaged.
    #[error(
        "`{file}` is not a zip archive, or its directory is damaged; send the archive as it was received"
    )]
    NotZip {
        /// The archive.
        file: String,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
}

/// What an archive has.
pub enum Found {
    /// A checkup and its person.
    Checkup(Checkup, Identity),
    /// A stage of guidance and its person.
    Guidance(Guidance, Identity),
}

/// The exchange header (ix): what the sender says of the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveIndex {
    /// Sender: 10 digits of an institution or 8 of an insurer.
    pub sender: String,
    /// Receiver.
    pub receiver: String,
    /// 1 checkup, 2 guidance.
    pub service_event_type: Option<u32>,
    /// Number of documents that were sent.
    pub total_record_count: Option<u64>,
}

/// What was read of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// The header; `None` where there is none that can be read.
    pub index: Option<ArchiveIndex>,
    /// Subjects that the totals (su) count.
    pub total_subject_count: Option<u64>,
    /// Documents.
    pub n_documents: u64,
    /// Documents that were refused whole.
    pub n_refused: u64,
    /// Other files: settlements, schemas, style sheets.
    pub n_others: u64,
}

impl ArchiveSummary {
    /// Whether there are as many documents as the header says; `None` where it does not say.
    #[must_use]
    pub fn is_complete(&self) -> Option<bool> {
        let declared = self.index.as_ref()?.total_record_count?;
        Some(declared == self.n_documents)
    }
}

/// Where the files are.
enum Files<R> {
    Zip(ZipArchive<R>),
    Folder { root: PathBuf, files: Vec<PathBuf> },
}

/// Reads an archive's documents in the order of the archive, of a folder by name.
pub struct ArchiveReader<'a, R> {
    file: String,
    files: Files<R>,
    next: usize,
    /// Where files are unpacked, one after the other; wiped when dropped.
    buffer: Zeroizing<Vec<u8>>,
    /// Bytes that may still be unpacked.
    budget: u64,
    tables: &'a Tables,
    rejects: Rejects,
    summary: ArchiveSummary,
}

/// Name of a file that is wanted, none of another, or the name and what is wrong.
type ArchiveEntry = Result<Option<String>, (String, Rule)>;

/// Kinds of files, by their names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Document,
    Index,
    Totals,
    Other,
}

impl<'a> ArchiveReader<'a, File> {
    /// Opens an unpacked archive.
    ///
    /// # Errors
    /// [`OpenError::Read`].
    pub fn open_folder(root: &Path, tables: &'a Tables) -> Result<Self, OpenError> {
        let file = root
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let read = |source| OpenError::Read {
            file: root.display().to_string(),
            source,
        };
        let mut files = Vec::new();
        collect_files(root, 0, &mut files).map_err(read)?;
        // Systems list a folder in any order.
        files.sort();
        let files = Files::Folder {
            root: root.to_owned(),
            files,
        };
        Ok(Self::new(file, files, u64::MAX, tables))
    }
}

impl<'a, R: Read + Seek> ArchiveReader<'a, R> {
    /// Opens a zip. `file` is what messages call it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_zip(mut source: R, file: &str, tables: &'a Tables) -> Result<Self, OpenError> {
        let size = source
            .seek(io::SeekFrom::End(0))
            .map_err(|source| OpenError::Read {
                file: file.to_owned(),
                source,
            })?;
        let zip = ZipArchive::new(source).map_err(|source| OpenError::NotZip {
            file: file.to_owned(),
            source,
        })?;
        // Documents shrink to some twentieth. Two hundred times the size, and a start for small archives, is never reached by real ones.
        let budget = 2 * super::xml::MAX_BYTES + size.saturating_mul(200);
        Ok(Self::new(file.to_owned(), Files::Zip(zip), budget, tables))
    }

    fn new(file: String, files: Files<R>, budget: u64, tables: &'a Tables) -> Self {
        Self {
            file,
            files,
            next: 0,
            buffer: Zeroizing::default(),
            budget,
            tables,
            rejects: Rejects::default(),
            summary: ArchiveSummary::default(),
        }
    }

    /// The next document that can be read, or `None` at the end. What cannot be read is in [`rejects`](Self::rejects).
    pub fn next_found(&mut self) -> Option<Found> {
        let n_files = match &self.files {
            Files::Zip(zip) => zip.len(),
            Files::Folder { files, .. } => files.len(),
        };
        while self.next < n_files {
            let index = self.next;
            self.next += 1;
            let file = self.file.clone();
            let place = |entry: String| Place {
                file,
                entry: Some(entry),
                ..Place::default()
            };
            let place = match self.unpack(index) {
                Ok(Some(name)) => place(name),
                Ok(None) => {
                    self.summary.n_others += 1;
                    continue;
                }
                Err((name, rule)) => {
                    self.rejects.add(place(name), rule);
                    self.summary.n_refused += 1;
                    // Nothing more can be unpacked.
                    if rule == Rule::ArchiveBomb {
                        self.next = n_files;
                    }
                    continue;
                }
            };
            // `take` borrows all of `self`; the buffer goes back to be used again, and wiped in the end.
            let bytes = std::mem::take(&mut self.buffer);
            let found = self.take(&bytes, place);
            self.buffer = bytes;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Takes a file that was unpacked: a document that can be read, or `None`.
    fn take(&mut self, bytes: &[u8], place: Place) -> Option<Found> {
        match kind_of(place.entry.as_deref().unwrap_or_default()) {
            FileKind::Index => self.summary.index = index_of(bytes),
            FileKind::Totals => self.summary.total_subject_count = totals_of(bytes),
            _ => {
                self.summary.n_documents += 1;
                match self.document(bytes, &place) {
                    Ok(found) => return Some(found),
                    Err((rule, byte)) => {
                        self.summary.n_refused += 1;
                        self.rejects.add(Place { byte, ..place }, rule);
                    }
                }
            }
        }
        None
    }

    /// What was refused so far.
    pub fn rejects(&self) -> &Rejects {
        &self.rejects
    }

    /// What was read so far; of the archive once [`next_found`](Self::next_found) has returned `None`.
    pub fn summary(&self) -> &ArchiveSummary {
        &self.summary
    }

    /// Unpacks a file that is wanted into the buffer, up to one byte more than the largest document.
    fn unpack(&mut self, index: usize) -> ArchiveEntry {
        let limit = super::xml::MAX_BYTES + 1;
        if self.budget == 0 {
            return Err((String::new(), Rule::ArchiveBomb));
        }
        let bytes = &mut self.buffer;
        bytes.clear();
        let (name, read) = match &mut self.files {
            Files::Zip(zip) => {
                let file = zip
                    .by_index(index)
                    .map_err(|_| (format!("file {}", index + 1), Rule::Archive))?;
                let unnamed = |_| (format!("file {}", index + 1), Rule::Archive);
                let name = file.name().map_err(unnamed)?.into_owned();
                if file.is_dir() || kind_of(&name) == FileKind::Other {
                    return Ok(None);
                }
                let read = file.take(limit.min(self.budget)).read_to_end(bytes);
                (name, read)
            }
            Files::Folder { root, files } => {
                let path = &files[index];
                let name = path
                    .strip_prefix(root)
                    .unwrap_or(path)
                    .to_string_lossy()
                    .replace('\\', "/");
                if kind_of(&name) == FileKind::Other {
                    return Ok(None);
                }
                let read = fs_err::File::open(path)
                    .and_then(|file| BufReader::new(file).take(limit).read_to_end(bytes));
                (name, read)
            }
        };
        let used = bytes.len() as u64;
        let is_spent = used == self.budget;
        self.budget -= used.min(self.budget);
        match read {
            Ok(_) if is_spent => Err((name, Rule::ArchiveBomb)),
            Ok(_) => Ok(Some(name)),
            Err(_) => Err((name, Rule::Archive)),
        }
    }

    fn document(&mut self, bytes: &[u8], place: &Place) -> Result<Found, (Rule, Option<u64>)> {
        let read = read_document(bytes).map_err(|(rule, byte)| (rule, Some(byte)))?;
        let (document, identity) = (read.document, read.identity);
        let tables = self.tables;
        let rejects = (place, &mut self.rejects);
        if matches!(document.category, 20..=29) {
            let guidance = guidance_of(&document, &identity, &tables.guidance, rejects);
            return Ok(Found::Guidance(
                guidance.map_err(|rule| (rule, None))?,
                identity,
            ));
        }
        let checkup = checkup_of(
            &document,
            &identity,
            &tables.checkups,
            &tables.thresholds,
            rejects,
        );
        Ok(Found::Checkup(
            checkup.map_err(|rule| (rule, None))?,
            identity,
        ))
    }
}

/// Files below a folder. Links are not followed: they may lead anywhere, also in a circle.
fn collect_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    const DEEPEST: usize = 8;
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && depth < DEEPEST {
            collect_files(&entry.path(), depth + 1, files)?;
        }
    }
    Ok(())
}

/// Documents lie in `DATA`; the header and the totals beside it.
fn kind_of(path: &str) -> FileKind {
    let lower = path.to_lowercase().replace('\\', "/");
    let mut parts = lower.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    if !name.ends_with(".xml") {
        return FileKind::Other;
    }
    match folder {
        "data" => FileKind::Document,
        "claims" | "xsd" | "coreschemas" => FileKind::Other,
        _ if name.starts_with("ix") => FileKind::Index,
        _ if name.starts_with("su") => FileKind::Totals,
        _ => FileKind::Other,
    }
}

fn index_of(bytes: &[u8]) -> Option<ArchiveIndex> {
    let mut index = ArchiveIndex::default();
    for_each_element(bytes, |parent, element| {
        let number = |name| {
            normalise::digits(element.attribute(name)).and_then(|digits| digits.parse().ok())
        };
        match (parent, element.name) {
            ("sender", "id") => index.sender = element.attribute("extension").to_owned(),
            ("receiver", "id") => index.receiver = element.attribute("extension").to_owned(),
            (_, "serviceEventType") => {
                index.service_event_type = number("code").and_then(|code| u32::try_from(code).ok());
            }
            (_, "totalRecordCount") => index.total_record_count = number("value"),
            _ => {}
        }
    })?;
    Some(index)
}

fn totals_of(bytes: &[u8]) -> Option<u64> {
    let mut total = None;
    for_each_element(bytes, |_, element| {
        if element.name == "totalSubjectCount" {
            total = normalise::digits(element.attribute("value"))
                .and_then(|digits| digits.parse().ok());
        }
    })?;
    total
}

fn for_each_element(
    bytes: &[u8],
    mut take: impl FnMut(&str, &super::xml::Element<'_>),
) -> Option<()> {
    let mut steps = Steps::new(bytes).ok()?;
    let mut path: Vec<&str> = Vec::new();
    while let Some((step, _)) = steps.next().ok()? {
        match step {
            Step::Start(element) => {
                take(path.last().copied().unwrap_or_default(), &element);
                path.push(element.name);
            }
            Step::End => {
                path.pop();
            }
            Step::Text(_) => {}
        }
    }
    Some(())
}
