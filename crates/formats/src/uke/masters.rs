//! Master files of codes as their users supply them: diseases (傷病名マスター) → ICD-10, drugs (医薬品マスター) → therapeutic class.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::claim::Icd10;
use super::lines::read_line;

/// Why a master is refused.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// Its bytes cannot be read.
    #[error("cannot read master `{file}`")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It has no row of its kind.
    #[error(
        "`{file}` has no row of a {kind} master: its rows have \"{letter}\" in the second field"
    )]
    NoRows {
        /// The file.
        file: String,
        /// `disease` or `drug`.
        kind: &'static str,
        /// `B` or `Y`.
        letter: &'static str,
    },
}

/// What was read of a master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterSummary {
    /// The file, whose name has the master's date: its version.
    pub file: String,
    /// Rows with a code and what it stands for.
    pub n_rows: u64,
    /// Rows of the kind without.
    pub n_unusable: u64,
    /// Rows of another kind, or no rows at all.
    pub n_foreign: u64,
}

/// Diseases: code of 7 digits → ICD-10.
#[derive(Clone, Debug, Default)]
pub struct DiseaseMaster {
    icd10: HashMap<u32, Icd10>,
    /// Codes that were given up, and the codes that took their place.
    moved: HashMap<u32, u32>,
}

/// Drugs: code of 9 digits → the first three digits of the code in the price list (薬価基準), which are the therapeutic class.
#[derive(Clone, Debug, Default)]
pub struct DrugMaster {
    classes: HashMap<u32, u16>,
}

/// Both masters and the versions that made them. A later file adds to the earlier ones and wins where both know a code.
#[derive(Clone, Debug, Default)]
pub struct Masters {
    diseases: DiseaseMaster,
    drugs: DrugMaster,
    versions: Vec<MasterSummary>,
}

impl Masters {
    /// Reads a master of diseases. ICD-10 is that of the 2013 version (field 15), else of the earlier one (field 13).
    ///
    /// # Errors
    /// [`MasterError`].
    pub fn read_diseases(&mut self, source: impl BufRead, file: &str) -> Result<(), MasterError> {
        let (icd10, moved) = (&mut self.diseases.icd10, &mut self.diseases.moved);
        let summary = read(source, file, ("disease", "B"), |fields| {
            let code = number(fields.get(2)?)?;
            if let Some(to) = fields
                .get(3)
                .copied()
                .and_then(number)
                .filter(|to| *to != code)
            {
                moved.insert(code, to);
            }
            let known = [15, 13].into_iter().find_map(|at| {
                let field = std::str::from_utf8(fields.get(at)?).ok()?;
                Icd10::new(field)
            });
            icd10.insert(code, known?);
            Some(())
        })?;
        self.versions.push(summary);
        Ok(())
    }

    /// Reads a master of drugs. The code in the price list is field 31.
    ///
    /// # Errors
    /// [`MasterError`].
    pub fn read_drugs(&mut self, source: impl BufRead, file: &str) -> Result<(), MasterError> {
        let classes = &mut self.drugs.classes;
        let summary = read(source, file, ("drug", "Y"), |fields| {
            let class = number(fields.get(31)?.get(..3)?)?;
            classes.insert(number(fields.get(2)?)?, u16::try_from(class).ok()?);
            Some(())
        })?;
        self.versions.push(summary);
        Ok(())
    }

    /// The ICD-10 code of a disease; of one that was given up, that of its successor.
    #[must_use]
    pub fn icd10(&self, code: u32) -> Option<Icd10> {
        let known = |code| self.diseases.icd10.get(&code).copied();
        known(code).or_else(|| known(*self.diseases.moved.get(&code)?))
    }

    /// The therapeutic class of a drug.
    #[must_use]
    pub fn drug_class(&self, code: u32) -> Option<u16> {
        self.drugs.classes.get(&code).copied()
    }

    /// The files read, in their order: the version of what they say.
    #[must_use]
    pub fn versions(&self) -> &[MasterSummary] {
        &self.versions
    }
}

/// Reads the rows of a master whose second field is its letter.
fn read(
    mut source: impl BufRead,
    file: &str,
    (kind, letter): (&'static str, &'static str),
    mut take: impl FnMut(&[&[u8]]) -> Option<()>,
) -> Result<MasterSummary, MasterError> {
    let mut summary = MasterSummary {
        file: file.to_owned(),
        n_rows: 0,
        n_unusable: 0,
        n_foreign: 0,
    };
    let mut line = Vec::new();
    loop {
        let is_read = read_line(&mut source, &mut line).map_err(|source| MasterError::Read {
            file: file.to_owned(),
            source,
        })?;
        if is_read.is_none() {
            break;
        }
        let fields = split_quoted(line.trim_ascii_end());
        if fields.get(1) != Some(&letter.as_bytes()) {
            summary.n_foreign += 1;
        } else if take(&fields).is_some() {
            summary.n_rows += 1;
        } else {
            summary.n_unusable += 1;
        }
    }
    if summary.n_rows == 0 {
        return Err(MasterError::NoRows {
            file: file.to_owned(),
            kind,
            letter,
        });
    }
    Ok(summary)
}

/// Fields between commas; quoted ones without their quotes. Neither is ever the second byte of a character in CP932.
fn split_quoted(line: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::with_capacity(48);
    let (mut start, mut is_quoted) = (0, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                fields.push(unquoted(&line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(unquoted(&line[start..]));
    fields
}

fn unquoted(field: &[u8]) -> &[u8] {
    let inner = field
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    inner.unwrap_or(field)
}

fn number(field: &[u8]) -> Option<u32> {
    let is_number = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(field)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
}
