//! Random numbers that are the same for the same seed.

/// Splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let n = u64::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.below(n)).unwrap()]
    }

    /// Ten to the power of something up to `most`.
    pub(crate) fn size(&mut self, most: u32) -> u64 {
        let exponent = u32::try_from(self.below(u64::from(most) + 1)).unwrap();
        10_u64.pow(exponent) + self.below(9)
    }

    pub(crate) fn count(&mut self, most: u32) -> usize {
        usize::try_from(self.size(most)).unwrap()
    }

    /// Something with rows.
    pub(crate) fn table(&mut self) -> &'static str {
        self.one_of(&[
            "panel_person_year",
            "generate_series(1, 100000) AS g(person_id)",
            "(VALUES (1), (2), (3)) AS g(person_id)",
        ])
    }
}
