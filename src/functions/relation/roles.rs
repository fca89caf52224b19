//! What a relation's input columns are for, so that small-cell control can count who stands behind its rows.

/// What the columns of a relation are for. A relation answers with positions among the columns it asks for;
/// [`super::node::roles`] with positions in the input of its node, where each column stands once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// What is measured, and what it is adjusted for or explained by.
    pub numbers: Vec<usize>,
    /// The outcomes, which are among the numbers or labels.
    pub outcomes: Vec<usize>,
    /// What tells units apart; `None` where rows are not of units.
    pub unit: Option<usize>,
    /// Weights of rows.
    pub weight: Option<usize>,
    /// Columns of one coefficient each, or one for every combination of their levels.
    pub terms: Vec<Vec<usize>>,
    /// Columns whose values are levels, whatever their type.
    pub labels: Vec<usize>,
    /// Columns that say to which period, cohort, cluster or other group a row belongs.
    pub groups: Vec<usize>,
    /// Columns of which every level has estimates of its own.
    pub apart: Vec<usize>,
    /// Of the groups, those of which every one has a coefficient that is not shown.
    pub absorbed: Vec<usize>,
    /// The highest power in which a column enters.
    pub degree: u32,
    /// Whether a column enters with powers beyond the second, or as an exponential.
    pub is_steep: bool,
    /// Whether the counts are of rows where units have several.
    pub counts_rows: bool,
    /// Whether nothing is known of what its rows may tell of a person: they are never released.
    pub is_unchecked: bool,
}

impl Roles {
    /// Those of a relation whose rows are never released, whatever their columns are called.
    pub(super) fn unchecked() -> Self {
        Self {
            is_unchecked: true,
            ..Self::default()
        }
    }

    /// The same roles with every position put through `place`.
    pub(super) fn map(self, place: impl Fn(usize) -> usize) -> Self {
        let all = |columns: Vec<usize>| columns.into_iter().map(&place).collect();
        Self {
            numbers: all(self.numbers),
            outcomes: all(self.outcomes),
            unit: self.unit.map(&place),
            weight: self.weight.map(&place),
            terms: self.terms.into_iter().map(all).collect(),
            labels: all(self.labels),
            groups: all(self.groups),
            apart: all(self.apart),
            absorbed: all(self.absorbed),
            degree: self.degree,
            is_steep: self.is_steep,
            counts_rows: self.counts_rows,
            is_unchecked: self.is_unchecked,
        }
    }
}
