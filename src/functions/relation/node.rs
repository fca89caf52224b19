//! The logical node of a relation: one input, a fixed schema, the call's text for EXPLAIN.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{
    Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};

use super::columns::Columns;
use super::definition::PreparedRelation;
use super::result_meanings::result_column;
use super::roles::Roles;

#[derive(Debug)]
pub(super) struct EstimatorNode {
    name: &'static str,
    arguments: String,
    prepared: Arc<dyn PreparedRelation>,
    input: LogicalPlan,
    schema: DFSchemaRef,
}

impl EstimatorNode {
    pub(super) fn try_new(
        name: &'static str,
        arguments: String,
        prepared: Arc<dyn PreparedRelation>,
        input: LogicalPlan,
    ) -> Result<Self> {
        let schema = Arc::new(DFSchema::try_from(prepared.schema())?);
        let own = schema.fields().iter().skip(prepared.n_kept());
        let mut columns = own.map(|field| field.name());
        if let Some(column) = columns.find(|column| result_column(name, column).is_none()) {
            return internal_err!("nothing says what the column `{column}` of `{name}` means");
        }
        Ok(Self {
            name,
            arguments,
            prepared,
            input,
            schema,
        })
    }

    pub(super) fn relation(&self) -> (&'static str, &str, &Arc<dyn PreparedRelation>) {
        (self.name, &self.arguments, &self.prepared)
    }
}

/// The relation that a node calls; `None` for any other node.
pub(crate) fn relation_name(node: &dyn UserDefinedLogicalNode) -> Option<&'static str> {
    let node = node.as_any().downcast_ref::<EstimatorNode>()?;
    Some(node.name)
}

/// The roles of the columns of a node's input; `None` for any node but a relation.
pub(crate) fn roles(node: &dyn UserDefinedLogicalNode) -> Option<Roles> {
    let node = node.as_any().downcast_ref::<EstimatorNode>()?;
    let (_, _, prepared) = node.relation();
    let columns = Columns::of(prepared.as_ref());
    Some(prepared.roles().map(|position| columns.place(position)))
}

/// For the first columns of a node's result that it takes over, their places in its input; empty for any node but a relation.
pub(crate) fn kept(node: &dyn UserDefinedLogicalNode) -> Vec<usize> {
    let Some(node) = node.as_any().downcast_ref::<EstimatorNode>() else {
        return Vec::new();
    };
    let (_, _, prepared) = node.relation();
    let columns = Columns::of(prepared.as_ref());
    (0..prepared.n_kept())
        .map(|position| columns.place(position))
        .collect()
}

// Two calls are the same when relation, arguments and input are: the prepared form follows from them.
impl PartialEq for EstimatorNode {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.arguments == other.arguments && self.input == other.input
    }
}

impl Eq for EstimatorNode {}

impl PartialOrd for EstimatorNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.name, &self.arguments).cmp(&(other.name, &other.arguments)) {
            Ordering::Equal => self.input.partial_cmp(&other.input),
            order => Some(order),
        }
    }
}

impl Hash for EstimatorNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.arguments.hash(state);
        self.input.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for EstimatorNode {
    fn name(&self) -> &str {
        self.name
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Estimate: {}({})", self.name, self.arguments)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let input = inputs.swap_remove(0);
        Self::try_new(
            self.name,
            self.arguments.clone(),
            Arc::clone(&self.prepared),
            input,
        )
    }

    /// Every column of the input is needed whatever part of the result is.
    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }
}
