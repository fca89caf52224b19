//! A small generator of random numbers (splitmix64): a case is its target's name, a seed and a number, the same on every machine.

/// Random numbers of one case.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
    /// Whether what is made is to be right, so that it gets far.
    is_tame: bool,
}

impl Random {
    /// The numbers of case `number` of `target`.
    pub(crate) fn of_case(target: &str, seed: u64, number: u64) -> Self {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        let bytes = target.bytes().chain(seed.to_le_bytes());
        for byte in bytes.chain(number.to_le_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self {
            state,
            is_tame: false,
        }
    }

    /// A number of 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n` - 1; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n.max(1) as u64;
        usize::try_from(self.next() % n).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high + 1 - low)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// From here on what is made is right in so many of a hundred cases.
    pub(crate) fn be_tame(&mut self, percent: usize) {
        self.is_tame = self.chance(percent);
    }

    /// Whether what is made is to be right.
    pub(crate) fn is_tame(&self) -> bool {
        self.is_tame
    }

    /// True in so many of a hundred cases of those that need not be right.
    pub(crate) fn mischief(&mut self, percent: usize) -> bool {
        !self.is_tame && self.chance(percent)
    }

    /// One of the first `n_right` of some words, or of all.
    pub(crate) fn right_word(&mut self, n_right: usize, words: &[&'static str]) -> &'static str {
        match self.is_tame {
            true => self.word(&words[..n_right]),
            false => self.word(words),
        }
    }

    /// One of `items`, which are not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of some words.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }
}
