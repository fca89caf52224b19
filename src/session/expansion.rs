//! How large a statement becomes once every CTE and view is put where it is used: the engine plans each of them once
//! per use, so that a short text can stand for millions of plan nodes. Counted on the syntax tree, before anything is
//! planned. What only the plan shows (columns of wildcards, expressions that are copied) is [`super::measure`]'s.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, GroupByWithModifier, ObjectName, ObjectNamePart, Query, Select, Statement,
    TableFactor, Visit as _, Visitor,
};

/// What a table, a view or a CTE counts beside what it is made of.
pub(super) const TABLE: u64 = 10;
/// Most grouping sets of one GROUP BY: the engine numbers all rows of a batch anew for each of them.
const MOST_SETS: u64 = 512;

/// Names that stand alone where a statement reads tables, as the engine spells them.
pub(super) fn names(statement: &Statement) -> BTreeSet<String> {
    #[derive(Default)]
    struct Names(BTreeSet<String>);

    impl Visitor for Names {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            self.0.extend(name_of(relation));
            ControlFlow::Continue(())
        }
    }

    let mut names = Names::default();
    let _ = statement.visit(&mut names);
    names.0
}

/// Refuses a statement of more than `most` parts: an operator, a call, a column or a literal is one, a table ten, a
/// table of a join one more for each table before it, a grouping set as many as it has columns. `views` holds the parts
/// of the views it may name.
pub(super) fn check(
    statement: &Statement,
    views: HashMap<String, u64>,
    most: u64,
) -> Result<(), DataFusionError> {
    let mut expansion = Expansion {
        views,
        most,
        frames: vec![Frame::default()],
        definitions: HashMap::new(),
        n_sets: 0,
    };
    match statement.visit(&mut expansion) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) if expansion.n_sets > MOST_SETS => {
            Err(too_many_sets(expansion.n_sets))
        }
        ControlFlow::Break(()) => Err(too_large(most)),
    }
}

/// What is said of a statement with more than `most` parts.
pub(super) fn too_large(most: u64) -> DataFusionError {
    DataFusionError::Plan(format!(
        "the statement is too large: with every CTE, view and column put where it is used it has more than {most} \
         parts (an operator, a call or a column is one, a table ten); make tables of what it uses often"
    ))
}

fn too_many_sets(n_sets: u64) -> DataFusionError {
    DataFusionError::Plan(format!(
        "GROUP BY has {n_sets} grouping sets, more than {MOST_SETS}: CUBE has twice as many with every column; name the sets that are needed"
    ))
}

/// One query that is being visited.
#[derive(Default)]
struct Frame {
    /// With everything put where it is used.
    parts: u64,
    /// As it is written.
    own: u64,
    /// Tables in its FROM clauses so far.
    n_tables: u64,
    ctes: HashMap<String, u64>,
}

struct Expansion {
    views: HashMap<String, u64>,
    most: u64,
    /// The queries around this place, outermost first.
    frames: Vec<Frame>,
    /// Names of CTEs by the address of their query.
    definitions: HashMap<usize, String>,
    /// The most grouping sets of a GROUP BY so far.
    n_sets: u64,
}

impl Expansion {
    /// Adds something to the innermost query: what it is with all it uses, and as it is written.
    fn add(&mut self, parts: u64, own: u64) -> ControlFlow<()> {
        let Some(frame) = self.frames.last_mut() else {
            return ControlFlow::Continue(());
        };
        frame.parts = frame.parts.saturating_add(parts);
        frame.own = frame.own.saturating_add(own);
        if frame.parts > self.most {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn parts_of(&self, name: &str) -> u64 {
        let ctes = self.frames.iter().rev();
        let cte = ctes.filter_map(|frame| frame.ctes.get(name)).next();
        cte.or_else(|| self.views.get(name)).copied().unwrap_or(0)
    }
}

impl Visitor for Expansion {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = normalized(&cte.alias.name.value, cte.alias.name.quote_style);
            self.definitions.insert(address(&cte.query), name);
        }
        self.frames.push(Frame::default());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(frame) = self.frames.pop() else {
            return ControlFlow::Continue(());
        };
        let own = frame.own.saturating_add(1);
        if let (Some(name), Some(around)) = (
            self.definitions.remove(&address(query)),
            self.frames.last_mut(),
        ) {
            around.ctes.insert(name, frame.parts);
            // What it uses counts where it is used itself.
            return self.add(own, own);
        }
        self.add(frame.parts.saturating_add(1), own)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let (n_sets, parts) = grouping_sets(&select.group_by);
        self.n_sets = self.n_sets.max(n_sets);
        if self.n_sets > MOST_SETS {
            return ControlFlow::Break(());
        }
        self.add(parts, parts)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let n_before = self.frames.last_mut().map_or(0, |frame| {
            frame.n_tables += 1;
            frame.n_tables - 1
        });
        let inner = match factor {
            TableFactor::Table { name, .. } => name_of(name).map_or(0, |name| self.parts_of(&name)),
            _ => 0,
        };
        let own = TABLE.saturating_add(n_before);
        self.add(inner.saturating_add(own), own)
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.add(1, 1)
    }
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

/// How many grouping sets a GROUP BY stands for, and the columns of all of them.
fn grouping_sets(group_by: &GroupByExpr) -> (u64, u64) {
    let (expressions, modifiers) = match group_by {
        GroupByExpr::All(modifiers) => (&[][..], modifiers),
        GroupByExpr::Expressions(expressions, modifiers) => (expressions.as_slice(), modifiers),
    };
    let n = expressions.len() as u64;
    let mut sets = 1_u64;
    let mut columns = n;
    for expression in expressions {
        let (own_sets, own_columns) = match expression {
            Expr::Rollup(parts) => (parts.len() as u64 + 1, parts.len() as u64),
            Expr::Cube(parts) => (power_of_two(parts.len()), parts.len() as u64),
            Expr::GroupingSets(sets) => {
                let widest = sets.iter().map(Vec::len).max().unwrap_or(0);
                (sets.len() as u64, widest as u64)
            }
            _ => continue,
        };
        sets = sets.saturating_mul(own_sets);
        columns = columns.saturating_add(own_columns);
    }
    for modifier in modifiers {
        sets = sets.saturating_mul(match modifier {
            GroupByWithModifier::Cube => power_of_two(expressions.len()),
            GroupByWithModifier::Rollup => n + 1,
            _ => 2,
        });
    }
    match sets {
        1 => (1, 0),
        _ => (sets, sets.saturating_mul(columns)),
    }
}

fn power_of_two(exponent: usize) -> u64 {
    u32::try_from(exponent)
        .ok()
        .and_then(|exponent| 1_u64.checked_shl(exponent))
        .unwrap_or(u64::MAX)
}

/// A name that stands alone; text in single quotes is a file.
fn name_of(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] if ident.quote_style != Some('\'') => {
            Some(normalized(&ident.value, ident.quote_style))
        }
        _ => None,
    }
}

fn normalized(name: &str, quote: Option<char>) -> String {
    match quote {
        Some(_) => name.to_owned(),
        None => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests;
