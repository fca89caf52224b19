//! Which keys a table already has. A key is remembered as a 128-bit hash of its canonical values: at
//! 10^8 rows the chance that two different keys share one is below 10^-22, and a row costs 16 bytes
//! whatever its key. Tokens are hashed in lower case, so that the same person written in upper case is
//! the same key.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringArray,
};
use datafusion::arrow::datatypes::{
    Date32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use crate::contract::ColumnType;
use crate::link::normalize_key;

/// Digits of the fractional parts of square roots of primes: constants without structure.
const SEEDS: [u64; 4] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
];
/// Stands for a missing value; a text of length `u64::MAX` cannot exist.
const MISSING: u64 = u64::MAX;
/// Sets bit 5 of every byte: lower case for hexadecimal digits, which is all tokens hold.
const LOWER_CASE: u64 = 0x2020_2020_2020_2020;

/// The keys seen so far.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    seen: HashSet<u128, BuildHasherDefault<FirstBits>>,
}

impl KeySet {
    /// Remembers `key`; false when it was there already.
    pub(super) fn insert(&mut self, key: u128) -> bool {
        self.seen.insert(key)
    }

    /// Whether `key` is known.
    pub(super) fn contains(&self, key: u128) -> bool {
        self.seen.contains(&key)
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.seen.reserve(additional);
    }
}

/// The keys are hashes already: their first 64 bits place them.
#[derive(Debug, Default)]
struct FirstBits(u64);

impl Hasher for FirstBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the first 64 bits are wanted"
    )]
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// The hashes of the keys of all rows. `columns` have canonical types, in the order of the key.
pub(super) fn hash_keys(columns: &[(ColumnType, ArrayRef)], rows: usize) -> Vec<u128> {
    let mut lanes = vec![(SEEDS[0], SEEDS[1]); rows];
    for (data_type, column) in columns {
        match data_type {
            ColumnType::Token => mix_texts(&mut lanes, column.as_string(), mix_token),
            ColumnType::String => {
                mix_texts(&mut lanes, column.as_string(), |lane, text| {
                    mix_bytes(lane, text, 0)
                });
            }
            ColumnType::Int8 => {
                mix_numbers(&mut lanes, column.as_primitive::<Int8Type>(), i64::from)
            }
            ColumnType::Int16 => {
                mix_numbers(&mut lanes, column.as_primitive::<Int16Type>(), i64::from)
            }
            ColumnType::Int32 | ColumnType::Month => {
                mix_numbers(&mut lanes, column.as_primitive::<Int32Type>(), i64::from);
            }
            ColumnType::Date => {
                mix_numbers(&mut lanes, column.as_primitive::<Date32Type>(), i64::from)
            }
            ColumnType::Int64 => mix_numbers(&mut lanes, column.as_primitive::<Int64Type>(), |v| v),
            ColumnType::Float64 => {
                // Adding zero turns -0.0 into 0.0.
                mix_numbers(&mut lanes, column.as_primitive::<Float64Type>(), |v| {
                    (v + 0.0).to_bits().cast_signed()
                });
            }
            ColumnType::Boolean => {
                for (lane, value) in lanes.iter_mut().zip(column.as_boolean()) {
                    mix(lane, value.map_or(MISSING, u64::from), 1);
                }
            }
        }
    }
    lanes
        .into_iter()
        .map(|(high, low)| u128::from(high) << 64 | u128::from(low))
        .collect()
}

fn mix_numbers<T: ArrowPrimitiveType>(
    lanes: &mut [(u64, u64)],
    column: &PrimitiveArray<T>,
    widen: impl Fn(T::Native) -> i64,
) {
    for (row, (lane, value)) in lanes.iter_mut().zip(column.values()).enumerate() {
        // The second word tells a missing value from a number with the same bits.
        if column.is_null(row) {
            mix(lane, MISSING, 0);
        } else {
            mix(lane, widen(*value).cast_unsigned(), 1);
        }
    }
}

fn mix_texts(
    lanes: &mut [(u64, u64)],
    column: &StringArray,
    mix_text: impl Fn(&mut (u64, u64), &[u8]),
) {
    for (row, lane) in lanes.iter_mut().enumerate() {
        if column.is_null(row) {
            mix(lane, MISSING, 0);
        } else {
            mix_text(lane, column.value(row).as_bytes());
        }
    }
}

fn mix_token(lane: &mut (u64, u64), text: &[u8]) {
    // A token as it should be needs nothing but lower case.
    if text.len() == 64 {
        mix_bytes(lane, text, LOWER_CASE);
    } else {
        mix_bytes(
            lane,
            normalize_key(&String::from_utf8_lossy(text)).as_bytes(),
            LOWER_CASE,
        );
    }
}

/// Sixteen bytes at a time, then the rest, then the length (so that `a`,`bc` is not `ab`,`c`).
fn mix_bytes(lane: &mut (u64, u64), text: &[u8], set: u64) {
    let word = |bytes: &[u8]| {
        let mut padded = [0_u8; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(padded) | set
    };
    let (chunks, rest) = text.as_chunks::<16>();
    for chunk in chunks {
        mix(lane, word(&chunk[..8]), word(&chunk[8..]));
    }
    if !rest.is_empty() {
        let (first, second) = rest.split_at(rest.len().min(8));
        mix(lane, word(first), word(second));
    }
    mix(lane, text.len() as u64, 2);
}

/// Two folded multiplications with different constants (the step of wyhash): 128 bits in, 128 out.
fn mix(lane: &mut (u64, u64), first: u64, second: u64) {
    let high = fold(first ^ lane.0, second ^ SEEDS[2]);
    lane.1 = fold(first ^ SEEDS[3], second ^ lane.1.rotate_left(17)) ^ lane.0;
    lane.0 = high ^ lane.1.rotate_left(32);
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the two halves of the product are wanted"
)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
