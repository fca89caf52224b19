//! Random numbers of one draw: they depend on the design's name and the draw's index, never on the thread.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The random numbers of one draw of one design.
pub(crate) struct Random {
    generator: Xoshiro256PlusPlus,
    /// The second normal of a Box–Muller pair.
    spare: Option<f64>,
}

impl Random {
    /// The numbers of draw `draw` of the design `design`.
    pub(crate) fn new(design: &str, draw: u64) -> Self {
        // FNV-1a of the name, so that adding or reordering designs changes no other design's numbers.
        let name = design
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
            });
        Self {
            generator: Xoshiro256PlusPlus::seed_from_u64(split_mix(name).wrapping_add(draw)),
            spare: None,
        }
    }

    /// Uniform in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.generator.next_u64() >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// Gamma with the given shape (at least 1) and mean 1 (Marsaglia and Tsang 2000).
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }

    /// An index drawn with the given probabilities, which add up to one.
    pub(crate) fn pick(&mut self, probabilities: &[f64]) -> usize {
        let mut left = self.uniform();
        for (index, probability) in probabilities.iter().enumerate() {
            left -= probability;
            if left < 0.0 {
                return index;
            }
        }
        probabilities.len() - 1
    }

    /// A stationary autoregressive path of `N` standard normals with correlation `rho` from one to the next.
    pub(crate) fn path<const N: usize>(&mut self, rho: f64) -> [f64; N] {
        let mut path = [0.0; N];
        let mut last = self.normal();
        for value in &mut path {
            *value = last;
            last = rho * last + (1.0 - rho * rho).sqrt() * self.normal();
        }
        path
    }
}

/// SplitMix64's output function (Steele, Lea and Flood 2014).
fn split_mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
