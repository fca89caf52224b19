//! What is refused, where, and why. No value of a person is ever in it.

use std::collections::BTreeMap;
use std::fmt;

use crate::normalise::DateProblem;

/// Where something was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as the caller calls it.
    pub file: String,
    /// The file within an archive.
    pub entry: Option<String>,
    /// Line, from 1; of an XML document the byte offset is in `byte`.
    pub line: Option<u64>,
    /// Byte offset in an XML document.
    pub byte: Option<u64>,
    /// Kind of record (`HO`), item code or element.
    pub record: Option<String>,
    /// Position of the field in its record, the record's kind being 0.
    pub field: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let Some(entry) = &self.entry {
            write!(f, ", `{entry}`")?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(byte) = self.byte {
            write!(f, ", byte {byte}")?;
        }
        if let Some(record) = &self.record {
            write!(f, ", {record}")?;
        }
        if let Some(field) = self.field {
            write!(f, ", field {field}")?;
        }
        Ok(())
    }
}

macro_rules! rules {
    ($($(#[$note:meta])* $variant:ident, $name:literal, $text:literal;)*) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $text] $(#[$note])* $variant,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The rule's name in tables of rejects.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is wrong and what to do, in one sentence.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

rules! {
    LineTooLong, "line_too_long", "the line is longer than any record can be and was skipped";
    UnknownRecord, "unknown_record", "the kind of record is unknown; the line was skipped";
    NoClaim, "no_claim", "the record belongs to no claim: an RE record has to come first";
    NoInstitution, "no_institution", "the claim comes before an IR, UK or YK record, so its month of billing is unknown";
    AfterEnd, "after_end", "the line comes after the end mark of the file and was not read";
    Missing, "missing", "a value that is needed is missing";
    Number, "number", "not a number in the range that the field allows";
    DateForm, "date", "not a date in a known form, or a day that does not exist";
    Code, "code", "not a code that the format knows";
    CodeForTerm, "code_for_term", "not an answer that the term's questionnaire offers";
    Encoding, "encoding", "bytes that are not text in the file's encoding";
    ClaimTooLarge, "claim_too_large", "the claim has more records than a claim can have and was left out";
    NoInsurer, "no_insurer", "the claim names no insurer; claims paid by public funds alone reach none";
    ClaimKind, "claim_kind", "claims of this kind are not read: only medical, DPC, dental and pharmacy claims are";
    Modifier, "modifier", "modifiers of a diagnosis are not a list of codes of four digits";
    Icd10, "icd10", "not an ICD-10 code of three to five characters";
    Unit, "unit", "the unit is not the item's; the value was left out";
    Range, "range", "the value is outside the item's range and was left out";
    UnknownItem, "unknown_item", "the item code is not in the table of items; the value was left out";
    Xml, "xml", "not well-formed XML";
    TooDeep, "too_deep", "elements lie deeper in each other than any document of the format needs";
    TooLarge, "too_large", "the document is larger than any of the format can be";
    TooMany, "too_many", "the document has more results than any of the format can have";
    Doctype, "doctype", "the document declares a document type, which the format does not allow";
    NotThisDocument, "not_this_document", "not a document of the format: another root element or category";
    Archive, "archive", "the archive or a file in it is damaged or in a form that is not read";
    ArchiveBomb, "archive_bomb", "the archive unpacks to far more than its size can mean; the rest was not read";
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Where.
    pub place: Place,
    /// Why.
    pub rule: Rule,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule.text())
    }
}

impl From<DateProblem> for Rule {
    fn from(problem: DateProblem) -> Self {
        match problem {
            DateProblem::Missing => Self::Missing,
            DateProblem::Form | DateProblem::NoSuchDay => Self::DateForm,
        }
    }
}

/// Refusals of a file: how many by rule, and the first of them. However bad a file is, this stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    counts: BTreeMap<Rule, u64>,
    first: Vec<Reject>,
}

impl Rejects {
    /// How many refusals are kept with their place.
    pub const KEPT: usize = 10_000;

    /// Adds one.
    pub fn add(&mut self, place: Place, rule: Rule) {
        *self.counts.entry(rule).or_default() += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(Reject { place, rule });
        }
    }

    /// How many there are by rule.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Rule, u64> {
        &self.counts
    }

    /// The first of them, in the order of the file.
    #[must_use]
    pub fn first(&self) -> &[Reject] {
        &self.first
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}
