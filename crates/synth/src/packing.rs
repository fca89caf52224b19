//! The bit-level encodings of parquet pages that `pages` is made of: bit packing, the hybrid of runs
//! and packed groups, and differences (Apache Parquet format, "Encodings").

/// Shortest run of equal values that is worth a run of its own.
const SHORTEST_RUN: usize = 16;

/// Values per block and per miniblock of packed differences.
const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// Bits that hold every value up to `largest`; at least one.
pub(crate) fn width_of(largest: u32) -> u32 {
    (u32::BITS - largest.leading_zeros()).max(1)
}

/// Appends values of `width` bits each, lowest bits first, filled up with zeros to a multiple of
/// eight values.
pub(crate) fn pack(out: &mut Vec<u8>, values: &[u32], width: u32) {
    // Eight values take as many bytes as one has bits. Groups are written up to 33 bytes at a time; what is
    // too much is overwritten by the next group or cut off.
    let bytes = width as usize;
    let mut at = out.len();
    let end = at + values.len().div_ceil(8) * bytes;
    out.resize(end + 33, 0);
    let mut groups = values.chunks_exact(8);
    for group in &mut groups {
        let group = group.try_into().expect("groups have eight values");
        put_group(&mut out[at..], group, width);
        at += bytes;
    }
    let rest = groups.remainder();
    if !rest.is_empty() {
        let mut group = [0; 8];
        group[..rest.len()].copy_from_slice(rest);
        put_group(&mut out[at..], &group, width);
    }
    out.truncate(end);
}

#[inline]
fn put_group(out: &mut [u8], group: &[u32; 8], width: u32) {
    if width <= 8 {
        let word = (0..8).fold(0, |sum, idx| {
            sum | u64::from(group[idx]) << (width * idx as u32)
        });
        out[..8].copy_from_slice(&word.to_le_bytes());
        return;
    }
    // Four values of up to 32 bits fill a word of 128.
    let half = |from: usize| {
        (0..4).fold(0, |sum, idx| {
            sum | u128::from(group[from + idx]) << (width * idx as u32)
        })
    };
    let (low, high) = (half(0), half(4));
    if width <= 16 {
        let word = low | high << (4 * width);
        out[..16].copy_from_slice(&word.to_le_bytes());
        return;
    }
    // The second half starts inside a byte when the width is odd.
    let (start, shift) = ((width / 2) as usize, (4 * width) % 8);
    out[..16].copy_from_slice(&low.to_le_bytes());
    // What the shift pushes out at the top goes into a byte of its own.
    let (shared, above) = if shift > 0 {
        (out[start], (high >> (128 - shift)) as u8)
    } else {
        (0, 0)
    };
    out[start..start + 16].copy_from_slice(&(high << shift).to_le_bytes());
    out[start] |= shared;
    out[start + 16] = above;
}

/// Appends values as the hybrid of runs and packed groups, without a length before them.
pub(crate) fn hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let (mut written, mut at) = (0, 0);
    while at < values.len() {
        let rest = &values[at..];
        let first = rest[0];
        let starts_run = rest
            .first_chunk::<8>()
            .is_some_and(|group| group.iter().fold(0, |sum, value| sum | (value ^ first)) == 0);
        let run = if starts_run {
            rest.iter().take_while(|value| **value == first).count()
        } else {
            0
        };
        if run < SHORTEST_RUN {
            // Packed groups hold eight values: a run can begin only after whole groups.
            at += 8;
            continue;
        }
        packed_run(out, &values[written..at], width);
        // The lowest bit tells runs (0) from packed groups (1).
        varint(out, (run as u64) << 1);
        out.extend_from_slice(&first.to_le_bytes()[..width.div_ceil(8) as usize]);
        at += run;
        written = at;
    }
    packed_run(out, &values[written..], width);
}

fn packed_run(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if !values.is_empty() {
        varint(out, (values.len().div_ceil(8) as u64) << 1 | 1);
        pack(out, values, width);
    }
}

/// Appends small numbers as packed differences (`DELTA_BINARY_PACKED`).
pub(crate) fn differences(out: &mut Vec<u8>, values: &[u32]) {
    let signed = |value: u32| i64::from(value);
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINIBLOCK) as u64);
    varint(out, values.len() as u64);
    zigzag(out, values.first().map_or(0, |first| signed(*first)));
    let steps: Vec<i64> = values
        .windows(2)
        .map(|pair| signed(pair[1]) - signed(pair[0]))
        .collect();
    for block in steps.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or(0);
        zigzag(out, least);
        let widths_at = out.len();
        out.extend([0; BLOCK / MINIBLOCK]);
        for (idx, miniblock) in block.chunks(MINIBLOCK).enumerate() {
            let mut above = [0; MINIBLOCK];
            for (above, step) in above.iter_mut().zip(miniblock) {
                *above = u32::try_from(step - least).expect("differences of small numbers");
            }
            let largest = above.iter().fold(0, |sum, value| sum | value);
            // Steps that are all alike have the width 0 and no bytes.
            if largest > 0 {
                let width = width_of(largest);
                out[widths_at + idx] = width as u8;
                pack(out, &above, width);
            }
        }
    }
}

/// Appends running numbers as strings of 11 digits, each as what differs from the string before
/// (`DELTA_BYTE_ARRAY`).
pub(crate) fn running_digits(out: &mut Vec<u8>, numbers: &[u64]) {
    let (mut shared, mut own) = (Vec::new(), Vec::new());
    let mut ends = Vec::new();
    let mut before = None;
    let mut last = [0; 11];
    for number in numbers {
        let n_shared = match before.and_then(|before| number.checked_sub(before)) {
            Some(step @ 0..10) => add(&mut last, step as u8),
            _ => {
                let new = digits(*number);
                let n_shared = new.iter().zip(&last).take_while(|(a, b)| a == b).count();
                last = new;
                n_shared
            }
        };
        before = Some(*number);
        shared.push(n_shared as u32);
        own.push((last.len() - n_shared) as u32);
        ends.extend_from_slice(&last[n_shared..]);
    }
    differences(out, &shared);
    differences(out, &own);
    out.extend_from_slice(&ends);
}

/// Adds a number below ten to decimal digits; returns how many of the first digits stay.
fn add(digits: &mut [u8; 11], number: u8) -> usize {
    let mut carried = number;
    for at in (0..digits.len()).rev() {
        if carried == 0 {
            return at + 1;
        }
        let sum = digits[at] + carried;
        let overflows = sum > b'9';
        digits[at] = if overflows { sum - 10 } else { sum };
        carried = u8::from(overflows);
    }
    0
}

/// The last eleven decimal digits of a number.
pub(crate) fn digits(number: u64) -> [u8; 11] {
    let mut left = number;
    let mut digits = [b'0'; 11];
    for digit in digits.iter_mut().rev() {
        *digit += (left % 10) as u8;
        left /= 10;
    }
    digits
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, ((value << 1) ^ (value >> 63)) as u64);
}
