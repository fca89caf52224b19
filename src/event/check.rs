//! What the checks of the contracts found in a run.

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// There is nothing to apply it to.
    NotApplicable,
    /// Within the threshold.
    Pass,
    /// Notable: only a shift of a distribution that is not large.
    Warn,
    /// Beyond the threshold.
    Fail,
}

impl CheckStatus {
    /// The word in `check_results.status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Checks by how they ended; a check counts once, by its worst result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckCounts {
    /// Within the threshold.
    pub n_pass: u64,
    /// Notable.
    pub n_warn: u64,
    /// Beyond the threshold.
    pub n_fail: u64,
    /// With nothing to apply them to.
    pub n_not_applicable: u64,
}

impl CheckCounts {
    /// How many ended in each way.
    #[must_use]
    pub fn by_status(&self) -> [(CheckStatus, u64); 4] {
        [
            (CheckStatus::Pass, self.n_pass),
            (CheckStatus::Warn, self.n_warn),
            (CheckStatus::Fail, self.n_fail),
            (CheckStatus::NotApplicable, self.n_not_applicable),
        ]
    }

    /// How many there are.
    #[must_use]
    pub fn n_checks(&self) -> u64 {
        self.by_status().map(|(_, n)| n).into_iter().sum()
    }
}

/// What the checks of the tables that changed found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckTally {
    /// Checks by status.
    pub counts: CheckCounts,
    /// Those that failed, as text: names and numbers of rows, no value.
    pub failed: Vec<String>,
}
