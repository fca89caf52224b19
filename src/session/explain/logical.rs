//! The engine's logical plan as steps that people know: what a query asks, without anything that was read.

use std::fmt::Write as _;

use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, SortExpr};

use super::physical::{join_kind, list, plain, push_columns};
use super::tree::Node;

/// The plan as steps.
pub(super) fn node(plan: &LogicalPlan) -> Node {
    let mut inputs: Vec<Node> = plan.inputs().into_iter().map(node).collect();
    if is_left_out(plan) && inputs.len() == 1 {
        return inputs.remove(0);
    }
    Node {
        text: text(plan),
        inputs,
        ..Node::default()
    }
}

/// A projection that only chooses columns, a name for a query.
fn is_left_out(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Repartition(_) => true,
        LogicalPlan::Projection(projection) => projection
            .expr
            .iter()
            .all(|expression| matches!(expression.clone().unalias(), Expr::Column(_))),
        _ => false,
    }
}

fn text(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let name = scan.table_name.table();
            let mut text = format!("scan {}", name.rsplit('/').next().unwrap_or(name));
            push_columns(scan.projected_schema.as_arrow(), &mut text);
            if !scan.filters.is_empty() {
                let wanted: Vec<String> = scan.filters.iter().map(shown).collect();
                let _ = write!(text, "; skips what cannot have {}", wanted.join(" and "));
            }
            text
        }
        LogicalPlan::Filter(filter) => format!("filter {}", shown(&filter.predicate)),
        LogicalPlan::Projection(projection) => {
            let is_computed =
                |expression: &&Expr| !matches!((*expression).clone().unalias(), Expr::Column(_));
            let computed = projection.expr.iter().filter(is_computed);
            format!("compute {}", list(computed.map(shown)))
        }
        LogicalPlan::Aggregate(aggregate) => {
            let groups = list(aggregate.group_expr.iter().map(shown));
            let made = list(aggregate.aggr_expr.iter().map(shown));
            match (groups.is_empty(), made.is_empty()) {
                (false, false) => format!("aggregate by {groups}: {made}"),
                (true, _) => format!("aggregate: {made}"),
                (false, true) => format!("distinct {groups}"),
            }
        }
        LogicalPlan::Distinct(Distinct::All(_)) => "distinct".to_owned(),
        LogicalPlan::Join(join) => {
            let keys = join.on.iter();
            let keys = keys.map(|(left, right)| format!("{} = {}", shown(left), shown(right)));
            let conditions: Vec<String> = keys.chain(join.filter.iter().map(shown)).collect();
            match conditions.is_empty() {
                true => "cross join".to_owned(),
                false => format!(
                    "{} on {}",
                    join_kind(join.join_type),
                    conditions.join(" and ")
                ),
            }
        }
        LogicalPlan::Sort(sort) => {
            let by = list(sort.expr.iter().map(sorted));
            match sort.fetch {
                Some(n_rows) => format!("first {n_rows} by {by}"),
                None => format!("sort by {by}"),
            }
        }
        other => remaining(other),
    }
}

fn remaining(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Limit(limit) => {
            let skip = limit.skip.as_deref().map(|n| format!("skip {}", shown(n)));
            let fetch = limit
                .fetch
                .as_deref()
                .map(|n| format!("limit {}", shown(n)));
            let parts: Vec<String> = [skip, fetch].into_iter().flatten().collect();
            parts.join(", ")
        }
        LogicalPlan::Window(window) => {
            format!("window {}", list(window.window_expr.iter().map(shown)))
        }
        LogicalPlan::Union(_) => "union".to_owned(),
        LogicalPlan::Values(_) => "values".to_owned(),
        LogicalPlan::EmptyRelation(empty) => match empty.produce_one_row {
            true => "one row".to_owned(),
            false => "no rows".to_owned(),
        },
        other => {
            let text = other.display().to_string();
            match text.strip_prefix("Estimate: ") {
                Some(call) => format!("relation {call}"),
                None => text.split(':').next().unwrap_or_default().to_lowercase(),
            }
        }
    }
}

fn shown(expression: &Expr) -> String {
    plain(&expression.human_display().to_string())
}

fn sorted(by: &SortExpr) -> String {
    let direction = if by.asc { "" } else { " desc" };
    let nulls = match (by.asc, by.nulls_first) {
        (true, true) => " nulls first",
        (false, false) => " nulls last",
        _ => "",
    };
    format!("{}{direction}{nulls}", shown(&by.expr))
}
