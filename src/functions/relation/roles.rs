//! What a relation's input columns are for, so that small-cell control can count who stands behind its rows.

use datafusion::logical_expr::UserDefinedLogicalNode;

use super::node::EstimatorNode;

/// What the columns of a relation's input are for, as positions among the columns it takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// What is measured, and what it is adjusted for or explained by.
    pub numbers: Vec<usize>,
    /// The outcome, which is one of the numbers or labels.
    pub outcome: Option<usize>,
    /// What tells units apart; `None` where rows are not of units.
    pub unit: Option<usize>,
    /// Weights of rows.
    pub weight: Option<usize>,
    /// Columns of one coefficient each, or one for every combination of their levels.
    pub terms: Vec<Vec<usize>>,
    /// Columns whose values are levels, whatever their type.
    pub labels: Vec<usize>,
    /// Whether the counts are of rows where units have several.
    pub counts_rows: bool,
}

/// The roles of the columns of a node's input; `None` for any node but a relation.
pub(crate) fn roles(node: &dyn UserDefinedLogicalNode) -> Option<Roles> {
    let node = node.as_any().downcast_ref::<EstimatorNode>()?;
    let (_, _, prepared) = node.relation();
    Some(prepared.roles())
}
