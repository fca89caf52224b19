//! Text files as UTF-8, a chunk at a time: UTF-8, or CP932 (Shift_JIS as Japanese Windows writes it). The bytes decide, not a setting,
//! and a byte-order mark is no part of the text.

use std::io::{self, Read};

use encoding_rs::{DecoderResult, SHIFT_JIS};

use crate::diagnostic::thousands;

const CHUNK_BYTES: usize = 1 << 18;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// So many characters beyond ASCII are UTF-8 by chance in no text of CP932: of the pairs of bytes that mean a kanji there, hardly any
/// is also a character here.
const CERTAINLY: usize = 10_000;

/// How the characters of a text file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, ASCII included.
    Utf8,
    /// What is not UTF-8.
    Cp932,
}

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The system cannot read it.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
    /// Bytes that mean nothing.
    #[error("it is neither UTF-8 nor CP932: byte {} in line {} fits neither", thousands(*byte), thousands(*line))]
    Neither {
        /// The first byte that fits neither, from 1.
        byte: u64,
        /// Its line, from 1.
        line: u64,
    },
}

impl TextEncoding {
    /// The encoding of what `input` holds. A text is UTF-8 when all of it is, or ten thousand characters beyond ASCII before
    /// anything is wrong: reading ends there. A text of ASCII is read to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(mut input: impl Read) -> io::Result<Self> {
        let mut buffer = vec![0_u8; CHUNK_BYTES];
        let (mut kept, mut n_beyond_ascii) = (0, 0);
        loop {
            let read = input.read(&mut buffer[kept..])?;
            let filled = kept + read;
            let (valid, is_wrong) = match std::str::from_utf8(&buffer[..filled]) {
                Ok(text) => (text.len(), false),
                // A character may go on in the next chunk, but not beyond the end of the file.
                Err(error) => (
                    error.valid_up_to(),
                    error.error_len().is_some() || read == 0,
                ),
            };
            // Every such character has one byte that begins it.
            n_beyond_ascii += buffer[..valid].iter().filter(|byte| **byte >= 0xc0).count();
            if n_beyond_ascii >= CERTAINLY {
                return Ok(Self::Utf8);
            }
            if is_wrong {
                return Ok(Self::Cp932);
            }
            if read == 0 {
                return Ok(Self::Utf8);
            }
            buffer.copy_within(valid..filled, 0);
            kept = filled - valid;
        }
    }
}

/// A text as UTF-8.
pub struct Transcoder<R> {
    input: R,
    cp932: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    text: Vec<u8>,
    used: usize,
    bytes_read: u64,
    n_lines: u64,
    ended: bool,
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pending().is_empty() && !self.has_ended() {
            self.fill().map_err(io::Error::other)?;
        }
        let n = self.pending().len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.pending()[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> Transcoder<R> {
    /// Of what `input` holds in this encoding.
    pub fn new(input: R, encoding: TextEncoding) -> Self {
        let is_cp932 = encoding == TextEncoding::Cp932;
        Self {
            input,
            cp932: is_cp932.then(|| SHIFT_JIS.new_decoder_without_bom_handling()),
            raw: vec![0; CHUNK_BYTES],
            text: Vec::new(),
            used: 0,
            bytes_read: 0,
            n_lines: 0,
            ended: false,
        }
    }

    /// The text that is read and not consumed.
    pub fn pending(&self) -> &[u8] {
        &self.text[self.used..]
    }

    /// Takes `bytes` of the pending text as consumed.
    pub fn consume(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Whether everything is read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Replaces the consumed text by the next chunk; leaves nothing pending at the end of the file.
    ///
    /// # Errors
    /// When it cannot be read, or is not what its encoding allows. UTF-8 is passed on as it is.
    pub fn fill(&mut self) -> Result<(), TextError> {
        self.text.clear();
        self.used = 0;
        while self.text.is_empty() && !self.ended {
            let read = self.input.read(&mut self.raw).map_err(TextError::Io)?;
            self.ended = read == 0;
            self.transcode(read)?;
            if self.bytes_read == 0 && self.text.starts_with(BYTE_ORDER_MARK) {
                self.used = BYTE_ORDER_MARK.len();
            }
            self.bytes_read += read as u64;
        }
        Ok(())
    }

    fn transcode(&mut self, read: usize) -> Result<(), TextError> {
        let Some(decoder) = &mut self.cp932 else {
            self.text.extend_from_slice(&self.raw[..read]);
            return Ok(());
        };
        let too_long = "a chunk decodes to at most three times its bytes";
        let room = decoder
            .max_utf8_buffer_length_without_replacement(read)
            .expect(too_long);
        self.text.resize(room, 0);
        let (result, used, written) = decoder.decode_to_utf8_without_replacement(
            &self.raw[..read],
            &mut self.text,
            self.ended,
        );
        self.text.truncate(written);
        self.n_lines += self.text.iter().filter(|byte| **byte == b'\n').count() as u64;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull => Err(self.neither(used, 1)),
            DecoderResult::Malformed(wrong, after) => {
                Err(self.neither(used, usize::from(wrong) + usize::from(after)))
            }
        }
    }

    /// The error of the last `wrong` of the `used` bytes of a chunk.
    fn neither(&self, used: usize, wrong: usize) -> TextError {
        TextError::Neither {
            byte: (self.bytes_read + used as u64 + 1).saturating_sub(wrong as u64),
            line: self.n_lines + 1,
        }
    }
}

#[cfg(test)]
mod tests;
