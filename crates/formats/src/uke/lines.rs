//! Bytes of a file → lines → fields, with bounded memory.

use std::borrow::Cow;
use std::io::{self, BufRead, Read as _};

use encoding_rs::SHIFT_JIS;
use zeroize::Zeroizing;

/// Longest line that is read, in bytes. The longest record of the format, a symptom note, has some 2,400.
pub(super) const MAX_LINE_BYTES: usize = 65_536;

/// Fields of a record whose ends are kept: nearly all that are read lie among them.
const N_ENDS: usize = 12;

/// The byte that ends a file (EOF).
const END_MARK: u8 = 0x1a;

/// How a file's text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// CP932 (Windows-31J), as the format demands.
    Cp932,
    /// UTF-8, as some holders convert it.
    Utf8,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A record, to be had from [`Lines::record`].
    Record,
    /// A line longer than [`MAX_LINE_BYTES`], skipped.
    TooLong,
    /// A line after the end mark.
    AfterEnd,
}

/// Reads a line, or `None` at the end. Of one that is too long nothing is kept.
pub(super) fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
    let longest = MAX_LINE_BYTES as u64 + 1;
    line.clear();
    if source.take(longest).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.len() <= MAX_LINE_BYTES || line.ends_with(b"\n") {
        return Ok(Some(Line::Record));
    }
    // The rest goes by in pieces, whatever its length.
    while !line.is_empty() && !line.ends_with(b"\n") {
        line.clear();
        source.take(longest).read_until(b'\n', line)?;
    }
    line.clear();
    Ok(Some(Line::TooLong))
}

/// Lines of a file. The buffer, which holds identifying fields, is wiped when dropped.
pub(super) struct Lines<R> {
    source: R,
    encoding: Encoding,
    buffer: Zeroizing<Vec<u8>>,
    /// Where the first fields end in the buffer, commas not counted; the end of the line for those that it does not have.
    ends: [usize; N_ENDS],
    has_ended: bool,
    /// Number of the line, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R, encoding: Encoding) -> Self {
        Self {
            source,
            encoding,
            buffer: Zeroizing::new(Vec::with_capacity(4_096)),
            ends: [0; N_ENDS],
            has_ended: false,
            number: 0,
        }
    }

    /// Goes to the next line that is not empty.
    pub(super) fn advance(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(line) = read_line(&mut self.source, &mut self.buffer)? else {
                return Ok(None);
            };
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.encoding = Encoding::Utf8;
                self.buffer.drain(..3);
            }
            if line != Line::Record {
                return Ok(Some(line));
            }
            if self.has_ended && self.buffer.iter().any(|byte| byte.is_ascii_graphic()) {
                return Ok(Some(Line::AfterEnd));
            }
            if self.trim_end() {
                return Ok(Some(Line::Record));
            }
        }
    }

    /// Whether the end mark was read.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The record of the line.
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            line: &self.buffer,
            ends: &self.ends,
            encoding: self.encoding,
        }
    }

    /// Drops what ends the line. False for an empty line.
    fn trim_end(&mut self) -> bool {
        while let Some(last) = self.buffer.last() {
            match *last {
                b'\n' | b'\r' => {}
                END_MARK => self.has_ended = true,
                _ => break,
            }
            self.buffer.pop();
        }
        // What stands behind an end mark is no record.
        if self.buffer.first() == Some(&END_MARK) {
            self.has_ended = true;
            self.buffer.clear();
        }
        self.find_fields();
        !self.buffer.is_empty()
    }

    /// A comma is never the second byte of a character in CP932, so bytes can be split.
    fn find_fields(&mut self) {
        self.ends = [self.buffer.len(); N_ENDS];
        let mut n_found = 0;
        for (at, byte) in self.buffer.iter().enumerate() {
            // Without a branch on the byte, which no processor could foresee.
            self.ends[n_found] = at;
            n_found += usize::from(*byte == b',');
            if n_found == N_ENDS {
                return;
            }
        }
        self.ends[n_found] = self.buffer.len();
    }
}

/// Why a field cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldProblem {
    /// It is empty.
    Missing,
    /// It is no number, or too large.
    Number,
}

/// One record: its kind is field 0.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    line: &'a [u8],
    ends: &'a [usize; N_ENDS],
    encoding: Encoding,
}

impl<'a> Record<'a> {
    /// The kind of record, such as `RE`.
    pub(super) fn kind(&self) -> &'a [u8] {
        self.field(0)
    }

    /// Bytes of a field without blanks around it; empty where the record has no such field.
    pub(super) fn field(&self, at: usize) -> &'a [u8] {
        let start = |end: usize| (end + 1).min(self.line.len());
        let field = match at {
            0 => &self.line[..self.ends[0]],
            1..N_ENDS => &self.line[start(self.ends[at - 1])..self.ends[at]],
            _ => {
                let rest = &self.line[start(self.ends[N_ENDS - 1])..];
                let mut fields = rest.split(|byte| *byte == b',');
                fields.nth(at - N_ENDS).unwrap_or_default()
            }
        };
        field.trim_ascii()
    }

    /// A field as text. Bytes that are no text become replacement characters.
    pub(super) fn text(&self, at: usize) -> Cow<'a, str> {
        self.decoded(self.field(at))
    }

    /// A field in digits, half- or full-width, up to `largest`.
    pub(super) fn number(&self, at: usize, largest: u32) -> Result<u32, FieldProblem> {
        self.digits(self.field(at), largest)
    }

    /// A field of exactly `length` digits.
    pub(super) fn code(&self, at: usize, length: usize) -> Result<u32, FieldProblem> {
        let bytes = self.field(at);
        let number = self.digits(bytes, u32::MAX)?;
        (bytes.len() == length)
            .then_some(number)
            .ok_or(FieldProblem::Number)
    }

    fn decoded(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self.encoding {
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            Encoding::Cp932 => SHIFT_JIS.decode_without_bom_handling(bytes).0,
        }
    }

    fn digits(&self, bytes: &'a [u8], largest: u32) -> Result<u32, FieldProblem> {
        if bytes.is_empty() {
            return Err(FieldProblem::Missing);
        }
        let number = if bytes.is_ascii() {
            parse_digits(bytes)
        } else {
            crate::normalise::digits(&self.decoded(bytes))
                .and_then(|digits| parse_digits(digits.as_bytes()))
        };
        number
            .filter(|number| *number <= largest)
            .ok_or(FieldProblem::Number)
    }
}

fn parse_digits(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > 10 {
        return None;
    }
    bytes.iter().try_fold(0u32, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
