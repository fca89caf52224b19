//! Steps of a plan and how they are drawn: a step's inputs stand below it, with lines that lead to them.

use crate::diagnostic::thousands;

/// A step with what is known of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node {
    /// What it does.
    pub(super) text: String,
    /// Rows it is expected to yield.
    pub(super) estimated_rows: Option<u64>,
    /// Rows it has yielded.
    pub(super) rows: Option<u64>,
    /// Time it computed, all threads together.
    pub(super) nanoseconds: u64,
    /// Bytes it put on disk for want of memory.
    pub(super) spilled_bytes: Option<u64>,
    /// Where its rows come from.
    pub(super) inputs: Vec<Node>,
}

/// A step as a line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The step's text behind the lines that lead to it.
    pub(super) text: String,
    /// The step.
    pub(super) node: &'a Node,
}

impl<'a> Line<'a> {
    /// A line outside the tree.
    pub(super) fn plain(node: &'a Node) -> Self {
        Self {
            text: node.text.clone(),
            node,
        }
    }

    /// The text, with what the step put on disk.
    pub(super) fn described(&self) -> String {
        match self.node.spilled_bytes {
            Some(n_bytes) => format!("{}; spilled {} bytes", self.text, thousands(n_bytes)),
            None => self.text.clone(),
        }
    }
}

/// The step and all below it, from the top.
pub(super) fn lines(root: &Node) -> Vec<Line<'_>> {
    let mut lines = vec![Line::plain(root)];
    add_inputs(root, "", &mut lines);
    lines
}

fn add_inputs<'a>(node: &'a Node, lead: &str, lines: &mut Vec<Line<'a>>) {
    let last = node.inputs.len().saturating_sub(1);
    for (idx, input) in node.inputs.iter().enumerate() {
        let (corner, below) = match idx == last {
            true => ("└─ ", "   "),
            false => ("├─ ", "│  "),
        };
        lines.push(Line {
            text: format!("{lead}{corner}{}", input.text),
            node: input,
        });
        add_inputs(input, &format!("{lead}{below}"), lines);
    }
}
