//! The kinds of reports: for whom a page is made.

/// For whom a report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Analysts: every estimate with its diagnostics.
    Analyst,
    /// The board of an insurer: conclusions, levels and money on two pages.
    Board,
    /// One employer, in plain words.
    Employer,
    /// Municipalities and their councils.
    Municipality,
}

impl ReportKind {
    /// Its name on the command line and in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Board => "board",
            Self::Employer => "employer",
            Self::Municipality => "municipality",
        }
    }
}

/// From how many insured on a report is made of one employer.
pub const LEAST_INSURED: u64 = 50;
