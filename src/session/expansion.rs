//! How large a statement becomes once every CTE and view is put where it is used: the engine plans each of them once
//! per use, so that a short text can stand for millions of plan nodes. Counted on the syntax tree, before anything is
//! planned. What only the plan shows (columns of wildcards, expressions that are copied) is [`super::measure`]'s.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArgumentClause, FunctionArguments, GroupByExpr, GroupByWithModifier, ObjectName,
    ObjectNamePart, Query, Select, Statement, TableFactor, Visit as _, Visitor,
};

/// What a table, a view or a CTE counts beside what it is made of.
pub(super) const TABLE: u64 = 10;
/// Most grouping sets of one GROUP BY: the engine numbers all rows of a batch anew for each of them.
const MOST_SETS: u64 = 512;
/// Most aggregate and window calls within each other. SQL has two: a window function over an aggregate. The engine names each
/// call by the text of all within it, twice, before it looks whether the call may stand there: names double with every call.
const MOST_CALLS_WITHIN: usize = 3;
/// Most sub-queries of expressions within each other. The engine checks each of them again with every one around it, so that the
/// time doubles with each level.
const MOST_SUBQUERIES_WITHIN: u64 = 12;

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
        in_expressions: BTreeSet::new(),
        n_sets: 0,
        n_subqueries_within: 0,
    };
    match statement.visit(&mut expansion) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) if expansion.n_calls_within() > MOST_CALLS_WITHIN => Err(too_deep(
            "aggregate or window functions",
            MOST_CALLS_WITHIN as u64,
        )),
        ControlFlow::Break(()) if expansion.n_subqueries_within > MOST_SUBQUERIES_WITHIN => Err(
            too_deep("sub-queries of expressions", MOST_SUBQUERIES_WITHIN),
        ),
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

fn too_deep(what: &str, most: u64) -> DataFusionError {
    DataFusionError::Plan(format!(
        "more than {most} {what} are nested, where every CTE is put where it is used; join with the inner ones, or make tables of them"
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
    /// Aggregate and window calls around this place.
    n_calls_within: usize,
    /// Sub-queries of expressions within each other, here and in what is used.
    n_subqueries_within: u64,
    ctes: HashMap<String, Cte>,
}

/// What a CTE adds where it is used.
#[derive(Clone, Copy)]
struct Cte {
    parts: u64,
    n_subqueries_within: u64,
}

struct Expansion {
    views: HashMap<String, u64>,
    most: u64,
    /// The queries around this place, outermost first.
    frames: Vec<Frame>,
    /// Names of CTEs by the address of their query.
    definitions: HashMap<usize, String>,
    /// Addresses of queries that are part of an expression.
    in_expressions: BTreeSet<usize>,
    /// The most grouping sets of a GROUP BY so far.
    n_sets: u64,
    /// The most sub-queries of expressions within each other so far.
    n_subqueries_within: u64,
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

    fn n_calls_within(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.n_calls_within)
    }

    /// What a table's name stands for.
    fn named(&self, name: &str) -> Cte {
        let ctes = self.frames.iter().rev();
        let cte = ctes.filter_map(|frame| frame.ctes.get(name)).next();
        let view = || Cte {
            parts: self.views.get(name).copied().unwrap_or(0),
            n_subqueries_within: 0,
        };
        cte.copied().unwrap_or_else(view)
    }

    /// Notes that the innermost query has so many sub-queries within each other.
    fn deepen(&mut self, n_within: u64) -> ControlFlow<()> {
        if let Some(frame) = self.frames.last_mut() {
            frame.n_subqueries_within = frame.n_subqueries_within.max(n_within);
        }
        self.n_subqueries_within = self.n_subqueries_within.max(n_within);
        match n_within > MOST_SUBQUERIES_WITHIN {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
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
            let cte = Cte {
                parts: frame.parts,
                n_subqueries_within: frame.n_subqueries_within,
            };
            around.ctes.insert(name, cte);
            // What it uses counts where it is used itself.
            return self.add(own, own);
        }
        let is_in_expression = self.in_expressions.remove(&address(query));
        self.deepen(frame.n_subqueries_within + u64::from(is_in_expression))?;
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
        let named = match factor {
            TableFactor::Table { name, .. } => name_of(name).map(|name| self.named(&name)),
            _ => None,
        };
        let own = TABLE.saturating_add(n_before);
        let parts = named.map_or(0, |named| named.parts);
        self.deepen(named.map_or(0, |named| named.n_subqueries_within))?;
        self.add(parts.saturating_add(own), own)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Subquery(query)
        | Expr::Exists {
            subquery: query, ..
        }
        | Expr::InSubquery {
            subquery: query, ..
        } = expr
        {
            self.in_expressions.insert(address(query));
        }
        if gathers_rows(expr)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.n_calls_within += 1;
            if frame.n_calls_within > MOST_CALLS_WITHIN {
                return ControlFlow::Break(());
            }
        }
        self.add(1, 1)
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if gathers_rows(expr)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.n_calls_within -= 1;
        }
        ControlFlow::Continue(())
    }
}

/// Whether it is a call that only an aggregate or a window function can be: by its clauses, whatever its name.
fn gathers_rows(expr: &Expr) -> bool {
    let Expr::Function(call) = expr else {
        return false;
    };
    let has_order = match &call.args {
        FunctionArguments::List(list) => list
            .clauses
            .iter()
            .any(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_))),
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    };
    has_order || call.filter.is_some() || call.over.is_some() || !call.within_group.is_empty()
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
