//! What was tried and what was recovered.

/// Sums over campaigns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Seeds: tables of one population, in one or more releases.
    pub(crate) campaigns: usize,
    /// Each table once for every release.
    pub(crate) tables: usize,
    pub(crate) cells: usize,
    /// Small or sensitive cells.
    pub(crate) primary: usize,
    pub(crate) withheld: usize,
    /// Counts attacked.
    pub(crate) goals: usize,
    /// Counts by those who attack them.
    pub(crate) attacks: usize,
    /// Attacks which needed linear programs.
    pub(crate) programs: usize,
    pub(crate) recovered: usize,
    /// Counts which the method reports as given away by earlier releases, and which the attacker knows from these.
    pub(crate) disclosed_before: usize,
    /// Counts where the solver gave up.
    pub(crate) unsolved: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.campaigns += other.campaigns;
        self.tables += other.tables;
        self.cells += other.cells;
        self.primary += other.primary;
        self.withheld += other.withheld;
        self.goals += other.goals;
        self.attacks += other.attacks;
        self.programs += other.programs;
        self.recovered += other.recovered;
        self.disclosed_before += other.disclosed_before;
        self.unsolved += other.unsolved;
    }
}
