//! Lines → claims, one after the other.

use std::io::{self, BufRead};

use super::claim::{Claim, ClaimKind};
use super::lines::{Encoding, Line, Lines, Record};
use super::open_claim::{Head, OpenClaim, Refusal};
use crate::identity::Identity;
use crate::reject::{Place, Rejects, Rule};

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// What messages call the file.
    pub file: String,
    /// Encoding of names and cards; a byte-order mark decides for UTF-8.
    pub encoding: Encoding,
}

/// A claim and the person it is about.
pub struct ReadClaim {
    /// The claim.
    pub claim: Claim,
    /// The person.
    pub identity: Identity,
}

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Lines.
    pub n_lines: u64,
    /// Claims that were read.
    pub n_claims: u64,
    /// Claims that were refused whole.
    pub n_refused: u64,
    /// Records of known kinds that hold nothing for a contract, among them free text.
    pub n_unused: u64,
    /// Points of claims that were read to their end, among them those that public funds pay alone.
    pub points: u64,
    /// Points that the file's own totals (GO) declare.
    pub declared_points: Option<u64>,
    /// Whether the file had its end mark or its totals.
    pub is_complete: bool,
}

/// Kinds of records that are known and not read: comments (CO, TK, NI), symptom notes (SJ), administration (MF, JD, KH, TI, TR, TS, KK, SK,
/// GA, HH, GT), fees of pharmacies (KI, ST).
fn is_unused(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"CO"
            | b"SJ"
            | b"NI"
            | b"JD"
            | b"MF"
            | b"KH"
            | b"TI"
            | b"TR"
            | b"TS"
            | b"KK"
            | b"SK"
            | b"GA"
            | b"HH"
            | b"GT"
            | b"TK"
            | b"KI"
            | b"ST"
            | b"MK"
    )
}

/// Reads claims of any kind from a file.
///
/// ```
/// use korabo_formats::uke::{ClaimReader, Encoding, ReadOptions};
///
/// let file = "IR,1,13,1,1234567,,,202405,00,\r\n\
///             RE,1,1112,202404,,1,19691028\r\n\
///             HO,06130512,12,345,2,500\r\n\
///             SY,2500013,20240401,1,,,01\r\n\
///             GO,1,500,99\r\n\x1a";
/// let options = ReadOptions { file: "RECEIPTC.UKE".into(), encoding: Encoding::Cp932 };
/// let mut reader = ClaimReader::new(file.as_bytes(), options);
/// let read = reader.next_claim()?.ok_or("no claim")?;
/// assert_eq!(read.claim.points, 500);
/// assert_eq!(reader.next_claim()?.is_none(), true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ClaimReader<R> {
    lines: Lines<R>,
    options: ReadOptions,
    head: Option<Head>,
    open: Option<OpenClaim>,
    /// The records of a claim that was refused are passed over.
    is_skipping: bool,
    rejects: Rejects,
    summary: ReadSummary,
}

impl<R: BufRead> ClaimReader<R> {
    /// Reads from `source`.
    pub fn new(source: R, options: ReadOptions) -> Self {
        Self {
            lines: Lines::new(source, options.encoding),
            options,
            head: None,
            open: None,
            is_skipping: false,
            rejects: Rejects::default(),
            summary: ReadSummary::default(),
        }
    }

    /// The next claim, or `None` at the end of the file.
    ///
    /// # Errors
    /// Only where bytes cannot be read. Whatever they hold is read or is in [`rejects`](Self::rejects).
    pub fn next_claim(&mut self) -> io::Result<Option<ReadClaim>> {
        while let Some(line) = self.lines.advance()? {
            self.summary.n_lines = self.lines.number;
            let rule = match line {
                Line::Record => {
                    if let Some(claim) = self.take() {
                        return Ok(Some(claim));
                    }
                    continue;
                }
                Line::TooLong => Rule::LineTooLong,
                Line::AfterEnd => Rule::AfterEnd,
            };
            self.rejects.add(self.place(None, None), rule);
        }
        self.summary.is_complete |= self.lines.has_ended();
        Ok(self.finish())
    }

    /// What was refused so far.
    pub fn rejects(&self) -> &Rejects {
        &self.rejects
    }

    /// What was read so far; of the file once [`next_claim`](Self::next_claim) has returned `None`.
    pub fn summary(&self) -> &ReadSummary {
        &self.summary
    }

    /// Takes the record of the line. Records that begin something end the claim before them.
    fn take(&mut self) -> Option<ReadClaim> {
        let kind: [u8; 2] = self.lines.record().kind().try_into().unwrap_or_default();
        match &kind {
            b"IR" | b"UK" | b"YK" => {
                let finished = self.finish();
                let head = Head::read(&self.lines.record());
                self.head = head.map_err(|refusal| self.refuse(refusal)).ok();
                finished
            }
            b"MN" => {
                self.summary.n_unused += 1;
                self.finish()
            }
            b"GO" => {
                let finished = self.finish();
                let points = self.lines.record().number(2, u32::MAX).ok();
                let declared = self.summary.declared_points.unwrap_or(0);
                self.summary.declared_points = points.map(|points| declared + u64::from(points));
                self.summary.is_complete = true;
                finished
            }
            b"RE" => {
                let finished = self.finish();
                self.begin();
                finished
            }
            kind if is_unused(kind) => {
                self.summary.n_unused += 1;
                None
            }
            _ => {
                self.add_record();
                None
            }
        }
    }

    fn begin(&mut self) {
        let Some(head) = &self.head else {
            self.refuse((0, Rule::NoInstitution));
            self.skip();
            return;
        };
        match OpenClaim::read(&self.lines.record(), head, self.lines.number) {
            Ok(open) => self.open = Some(open),
            Err(refusal) => {
                self.refuse(refusal);
                self.skip();
            }
        }
    }

    /// Refuses the claim whole.
    fn skip(&mut self) {
        self.open = None;
        self.is_skipping = true;
        self.summary.n_refused += 1;
    }

    fn add_record(&mut self) {
        let record = self.lines.record();
        let Some(open) = &mut self.open else {
            if !self.is_skipping {
                let rule = if is_known(record.kind()) {
                    Rule::NoClaim
                } else {
                    Rule::UnknownRecord
                };
                self.refuse((0, rule));
            }
            return;
        };
        match add(open, &record) {
            Ok(()) => {}
            Err(refusal @ (_, rule)) => {
                // Without HO a claim has neither insurer nor points.
                let is_fatal = record.kind() == b"HO" || rule == Rule::ClaimTooLarge;
                self.refuse(refusal);
                if is_fatal {
                    self.skip();
                }
            }
        }
    }

    fn finish(&mut self) -> Option<ReadClaim> {
        self.is_skipping = false;
        let open = self.open.take()?;
        let line = open.line_number();
        self.summary.points += open.points();
        match open.finish() {
            Ok((claim, identity)) => {
                self.summary.n_claims += 1;
                Some(ReadClaim { claim, identity })
            }
            Err((_, rule)) => {
                self.summary.n_refused += 1;
                let place = Place {
                    line: Some(line),
                    ..self.place(Some("RE".into()), None)
                };
                self.rejects.add(place, rule);
                None
            }
        }
    }

    fn refuse(&mut self, (field, rule): Refusal) {
        let kind = self.lines.record().kind();
        // What stands for a kind may be anything, also a name.
        let kind = is_known(kind).then(|| String::from_utf8_lossy(kind).into_owned());
        let place = self.place(kind, (field > 0).then_some(field));
        self.rejects.add(place, rule);
    }

    fn place(&self, record: Option<String>, field: Option<usize>) -> Place {
        Place {
            file: self.options.file.clone(),
            line: Some(self.lines.number),
            record,
            field,
            ..Place::default()
        }
    }
}

/// Kinds of records that are read, or known and not read.
fn is_known(kind: &[u8]) -> bool {
    let is_read = matches!(
        kind,
        b"IR"
            | b"UK"
            | b"YK"
            | b"MN"
            | b"GO"
            | b"RE"
            | b"HO"
            | b"KO"
            | b"SN"
            | b"SY"
            | b"HS"
            | b"SB"
            | b"BU"
            | b"SI"
            | b"IY"
            | b"TO"
            | b"SS"
            | b"CD"
            | b"SH"
            | b"CZ"
    );
    is_read || is_unused(kind)
}

/// Adds a record to its claim.
fn add(open: &mut OpenClaim, record: &Record<'_>) -> Result<(), Refusal> {
    let is_pharmacy = open.kind() == ClaimKind::Pharmacy;
    match record.kind() {
        b"HO" => open.insurer(record)?,
        b"KO" => open.public_funds(record),
        b"SN" => open.eligibility(record),
        b"BU" => open.diagnosis_group(),
        b"SY" | b"HS" => open.diagnosis(record)?,
        b"SB" => open.coded_diagnosis(record)?,
        b"SH" => open.prescription(record),
        b"CZ" => open.dispensing(record)?,
        b"IY" if is_pharmacy => open.dispensed_drug(record)?,
        b"TO" if is_pharmacy => {}
        b"SI" | b"IY" | b"TO" | b"SS" => open.line(record)?,
        b"CD" => open.coded_act(record)?,
        _ => return Err((0, Rule::UnknownRecord)),
    }
    Ok(())
}
