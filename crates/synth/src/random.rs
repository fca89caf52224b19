//! Random draws that depend only on (seed, stream, index), never on the thread: xoshiro256++ seeded
//! by SplitMix64. Normals come 12 bits at a time from a table of quantiles, because a checkup needs
//! forty of them; tokens are SHA-256. What is drawn is decided elsewhere.

use std::sync::OnceLock;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// Number of equally likely values a table normal can take.
const LEVELS: usize = 4096;

/// What a stream of draws is for: streams with different purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    World = 1,
    Assignment = 2,
    Household = 3,
    Health = 4,
    Claims = 5,
    Employer = 6,
    WorksiteEffect = 7,
    Dirt = 8,
    WorksiteYear = 9,
}

/// Draws of one stream and index.
pub(crate) struct Draws {
    generator: Xoshiro256PlusPlus,
    quantiles: &'static [f32; LEVELS],
    bits: u64,
    bits_left: u32,
}

impl Draws {
    /// The draws of `(seed, stream, index)`.
    pub(crate) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        // Mixed before and after the index is added, so that neither streams nor neighbouring indices share a state.
        let state = split_mix(split_mix(seed ^ ((stream as u64) << 56)).wrapping_add(index));
        Self {
            generator: Xoshiro256PlusPlus::seed_from_u64(state),
            quantiles: quantile_table(),
            bits: 0,
            bits_left: 0,
        }
    }

    /// 64 uniform bits.
    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in [0, 1), 24 bits.
    #[inline]
    pub(crate) fn uniform(&mut self) -> f32 {
        // 24 bits are all that an f32 holds, so that rounding never makes a one.
        (self.bits() >> 40) as f32 * (1.0 / 16_777_216.0)
    }

    /// True with the given probability.
    #[inline]
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.uniform() < probability
    }

    /// Uniform in 0..n (multiply-shift; the bias is below 2^-32 for the n used here).
    #[inline]
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// Standard normal on 4,096 levels.
    #[inline]
    pub(crate) fn normal(&mut self) -> f32 {
        if self.bits_left < 12 {
            self.bits = self.bits();
            self.bits_left = 64;
        }
        let level = (self.bits & 0xFFF) as usize;
        self.bits >>= 12;
        self.bits_left -= 12;
        self.quantiles[level]
    }

    /// Fills a slice with standard normals.
    #[inline]
    pub(crate) fn normals<const N: usize>(&mut self) -> [f32; N] {
        std::array::from_fn(|_| self.normal())
    }

    /// Index drawn with probability proportional to the weights.
    pub(crate) fn weighted(&mut self, weights: &[f32]) -> usize {
        self.weighted_of(weights, weights.iter().sum())
    }

    /// The same when the sum of the weights is known.
    pub(crate) fn weighted_of(&mut self, weights: &[f32], sum: f32) -> usize {
        let mut left = self.uniform() * sum;
        for (idx, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return idx;
            }
        }
        // Rounding can leave something after the last weight.
        weights.len() - 1
    }

    /// A count with the given mean (Poisson, by inversion; means below 20).
    pub(crate) fn count(&mut self, mean: f32) -> u32 {
        let mut probability = (-mean).exp();
        let mut left = self.uniform();
        let mut n = 0;
        // Rounding can keep `left` above the sum of all probabilities, hence the limit.
        while left >= probability && n < 60 {
            left -= probability;
            n += 1;
            probability *= mean / n as f32;
        }
        n
    }

    /// A random order of 0..n.
    pub(crate) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for idx in (1..n).rev() {
            let other = self.below(u32::try_from(idx + 1).expect("fewer than 2^32 employers"));
            order.swap(idx, other as usize);
        }
        order
    }
}

/// SplitMix64's output function (Steele, Lea and Flood 2014).
fn split_mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn quantile_table() -> &'static [f32; LEVELS] {
    static TABLE: OnceLock<[f32; LEVELS]> = OnceLock::new();
    TABLE.get_or_init(|| {
        let raw: [f64; LEVELS] =
            std::array::from_fn(|idx| normal_quantile((idx as f64 + 0.5) / LEVELS as f64));
        // A table that ends at its last quantile has a variance below one.
        let variance = raw.iter().map(|z| z * z).sum::<f64>() / LEVELS as f64;
        raw.map(|z| (z / variance.sqrt()) as f32)
    })
}

/// Standard normal quantile (Acklam's rational approximation, relative error below 1.2e-9).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 5] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 4] = [
        7.784695709041462e-3,
        3.224671290700398e-1,
        2.445134137142996,
        3.754408661907416,
    ];
    let poly = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        poly(&C, q) / (poly(&D, q) * q + 1.0)
    } else if p > 1.0 - 0.02425 {
        -normal_quantile(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        poly(&A, r) * q / (poly(&B, r) * r + 1.0)
    }
}

/// Standard normal distribution function (Zelen and Severo, error below 7.5e-8).
pub(crate) fn normal_cdf(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-0.5 * z * z).exp() * 0.398_942_280_401_432_7 * poly;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

/// What a pseudonymous key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Person = 1,
    Household = 2,
    Workplace = 3,
    Employee = 4,
}

/// A key of 64 lower-case hex characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token([u8; 64]);

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits are ASCII")
    }
}

impl Token {
    /// The key that a token is in contracts.
    pub(crate) fn of(token: &korabo_formats::Token) -> Self {
        let mut text = [b'0'; 64];
        for (place, digit) in text.iter_mut().zip(token.hex().bytes()) {
            *place = digit;
        }
        Self(text)
    }
}

/// A key made by SHA-256 over (seed, kind, index, sub-index). It looks like the HMAC-SHA-256 of a
/// real delivery; the seed takes the place of the secret.
pub(crate) fn token(seed: u64, kind: TokenKind, index: u64, sub_index: u64) -> Token {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut message = [0; 25];
    message[..8].copy_from_slice(&seed.to_le_bytes());
    message[8] = kind as u8;
    message[9..17].copy_from_slice(&index.to_le_bytes());
    message[17..].copy_from_slice(&sub_index.to_le_bytes());
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(Sha256::digest(message)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Token(text)
}
