//! What may stand below a grouping of persons: scans of known tables, filters, projections, declared joins and
//! groupings by person. Every row belongs to one person there, and nothing else decides about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, Distinct, Filter, LogicalPlan, Projection, SubqueryAlias,
};
use datafusion::prelude::Expr;

use super::allowed::safe;
use super::error::ReleaseError;
use super::expressions::{kind, value_kind};
use super::lineage::{Kind, Root, RowOwner, Rows};
use super::rules::ReleaseRules;
use super::{joins, plain, scans};

/// Plans nested deeper are refused: a plan that doubles at every step is written in a few lines.
const DEEPEST: usize = 60;

/// Aggregates of one person's rows: one number of the person each.
const OF_ONE_PERSON: [&str; 14] = [
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "median",
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "var",
    "var_pop",
    "bool_or",
    "bool_and",
];

/// Follows `plan` from its scans upwards.
///
/// # Errors
/// For what is not allowed below a grouping.
pub(super) fn rows(plan: &LogicalPlan, rules: &ReleaseRules) -> Result<Rows, ReleaseError> {
    below(plan, rules, 0)
}

/// As [`rows`], at some depth.
pub(super) fn below(
    plan: &LogicalPlan,
    rules: &ReleaseRules,
    depth: usize,
) -> Result<Rows, ReleaseError> {
    if depth > DEEPEST {
        let what = "a statement with so many steps";
        return Err(ReleaseError::Below { what });
    }
    let inner = |plan: &LogicalPlan| below(plan, rules, depth + 1);
    let what = match plan {
        LogicalPlan::TableScan(scan) => return scans::rows(scan, rules),
        LogicalPlan::Filter(filter) => return filtered(filter, rules, depth),
        LogicalPlan::Projection(projection) => {
            return projected(&projection.expr, inner(&projection.input)?);
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let rows = inner(&alias.input)?;
            let plan = SubqueryAlias::try_new(Arc::new(rows.plan.clone()), alias.alias.clone())?;
            return Ok(Rows {
                plan: LogicalPlan::SubqueryAlias(plan),
                ..rows
            });
        }
        LogicalPlan::Join(join) => {
            return joins::rows(join, &inner(&join.left)?, inner(&join.right)?, rules);
        }
        // The order of rows below a grouping means nothing.
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => return inner(&sort.input),
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let rows = inner(input)?;
            // Without the person, equal rows of several persons would become one.
            needs_person(&rows, rules)?;
            let plan = LogicalPlan::Distinct(Distinct::All(Arc::new(rows.plan.clone())));
            return Ok(Rows { plan, ..rows });
        }
        LogicalPlan::Aggregate(aggregate) => {
            return by_person(aggregate, inner(&aggregate.input)?, rules);
        }
        LogicalPlan::Window(_) => "OVER (…)",
        LogicalPlan::Union(_) => "UNION",
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => "LIMIT",
        LogicalPlan::Distinct(_) => "DISTINCT ON",
        LogicalPlan::Unnest(_) => "unnest",
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => "rows written in the statement",
        LogicalPlan::Extension(_) => "a relation such as ols",
        LogicalPlan::RecursiveQuery(_) => "a recursive query",
        LogicalPlan::Subquery(_) => "LATERAL",
        _ => "this step",
    };
    Err(ReleaseError::Below { what })
}

/// Refuses rows of persons from which the person was left out.
pub(super) fn needs_person(rows: &Rows, rules: &ReleaseRules) -> Result<(), ReleaseError> {
    let column = || {
        rules
            .person_columns
            .first()
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    match &rows.owner {
        RowOwner::Person if !rows.has_person() => {
            Err(ReleaseError::NoPersonColumn { column: column() })
        }
        RowOwner::Record(table) => Err(ReleaseError::NoPersonTable {
            table: table.clone(),
            columns: rules.roles.records.get(table).cloned().unwrap_or_default(),
        }),
        RowOwner::Person | RowOwner::NoPerson => Ok(()),
    }
}

fn filtered(filter: &Filter, rules: &ReleaseRules, depth: usize) -> Result<Rows, ReleaseError> {
    let rows = below(&filter.input, rules, depth + 1)?;
    let mut conditions = Vec::new();
    for condition in split_conjunction(&filter.predicate) {
        conditions.push(match condition {
            Expr::InSubquery(among) => among_persons(among, &rows, rules, depth)?,
            condition => {
                kind(condition, &rows)?;
                safe(condition, &rows)?.unalias()
            }
        });
    }
    let Some(condition) = conditions.into_iter().reduce(Expr::and) else {
        return Ok(rows);
    };
    let plan = LogicalPlan::Filter(Filter::try_new(condition, Arc::new(rows.plan.clone()))?);
    Ok(Rows { plan, ..rows })
}

/// `person IN (SELECT person …)`: whether the row's own person has rows of some kind elsewhere.
fn among_persons(
    among: &InSubquery,
    rows: &Rows,
    rules: &ReleaseRules,
    depth: usize,
) -> Result<Expr, ReleaseError> {
    let person = match among.expr.as_ref() {
        Expr::Column(column) => rows.kind_of(column),
        _ => None,
    };
    let others = below(&among.subquery.subquery, rules, depth + 1)?;
    let is_same = matches!((person, others.kinds.as_slice()), (Some(Kind::Person(a)), [Kind::Person(b)]) if a == b);
    if !is_same || !among.subquery.outer_ref_columns.is_empty() {
        let what = "IN (SELECT …)".to_owned();
        return Err(ReleaseError::Expression { what });
    }
    let mut subquery = among.subquery.clone();
    subquery.subquery = Arc::new(others.plan);
    Ok(Expr::InSubquery(InSubquery::new(
        among.expr.clone(),
        subquery,
        among.negated,
    )))
}

fn projected(expressions: &[Expr], rows: Rows) -> Result<Rows, ReleaseError> {
    let mut kinds = Vec::new();
    let mut columns = Vec::new();
    for expression in expressions {
        kinds.push(kind(expression, &rows)?.of_column());
        columns.push(safe(expression, &rows)?);
    }
    let plan = Projection::try_new(columns, Arc::new(rows.plan))?;
    Ok(Rows {
        plan: LogicalPlan::Projection(plan),
        kinds,
        owner: rows.owner,
    })
}

/// A grouping whose rows still belong to one person each, or to none, as before.
fn by_person(
    aggregate: &Aggregate,
    rows: Rows,
    rules: &ReleaseRules,
) -> Result<Rows, ReleaseError> {
    needs_person(&rows, rules)?;
    let mut kinds = Vec::new();
    let mut keys = Vec::new();
    for key in &aggregate.group_expr {
        if matches!(key, Expr::GroupingSet(_)) {
            return Err(ReleaseError::SeveralGroupings);
        }
        kinds.push(kind(key, &rows)?.of_column());
        keys.push(safe(key, &rows)?);
    }
    let is_by_person = kinds.iter().any(|kind| matches!(kind, Kind::Person(_)));
    if rows.owner == RowOwner::Person && !is_by_person {
        let what = "a grouping that is not by person";
        return Err(ReleaseError::Below { what });
    }
    let mut numbers = Vec::new();
    for number in &aggregate.aggr_expr {
        let (number, kind) = of_one_person(number, &rows)?;
        numbers.push(number);
        kinds.push(kind);
    }
    let plan = Aggregate::try_new(Arc::new(rows.plan.clone()), keys, numbers)?;
    Ok(Rows {
        plan: LogicalPlan::Aggregate(plan),
        kinds,
        owner: rows.owner,
    })
}

fn of_one_person(expression: &Expr, rows: &Rows) -> Result<(Expr, Kind), ReleaseError> {
    let name = expression.qualified_name();
    let function = match expression {
        Expr::Alias(alias) => {
            let (of, kind) = of_one_person(&alias.expr, rows)?;
            let of = of.unalias();
            return Ok((
                of.alias_qualified(alias.relation.clone(), &alias.name),
                kind,
            ));
        }
        Expr::AggregateFunction(function) => function,
        _ => {
            let what = "this expression".to_owned();
            return Err(ReleaseError::Expression { what });
        }
    };
    let aggregate = function.func.name();
    if !OF_ONE_PERSON.contains(&aggregate) || !function.params.order_by.is_empty() {
        let function = aggregate.to_owned();
        return Err(ReleaseError::InnerAggregate { function });
    }
    let mut function = function.clone();
    let mut roots = BTreeSet::new();
    let mut is_known = true;
    let mut is_discrete = true;
    for argument in &mut function.params.args {
        let kind = match aggregate {
            // Persons may be counted; everything else would compute with their keys.
            "count" => kind(argument, rows)?,
            _ => {
                let kind = value_kind(argument, rows)?;
                plain::check(argument, rows)?;
                kind
            }
        };
        is_discrete &= matches!(kind, Kind::Discrete(_));
        is_known &= kind != Kind::Mixed || aggregate == "count";
        roots.extend(kind.roots());
        *argument = safe(argument, rows)?.unalias();
    }
    if let Some(filter) = &mut function.params.filter {
        kind(filter, rows)?;
        **filter = safe(filter, rows)?.unalias();
    }
    if aggregate == "count" {
        // However it is written, a count tells how many rows a person has.
        roots.insert(Root::rows());
    }
    let kind = match aggregate {
        _ if !is_known => Kind::Mixed,
        "bool_or" | "bool_and" => Kind::Discrete(roots),
        "min" | "max" if is_discrete => Kind::Discrete(roots),
        _ => Kind::Number(roots),
    };
    let of = Expr::AggregateFunction(function);
    let is_named = of.qualified_name() == name;
    Ok(match is_named {
        true => (of, kind),
        false => (of.alias_qualified(name.0, name.1), kind),
    })
}

/// Whether a plan's rows are rows of tables or of persons, rather than of groups or estimates.
pub(super) fn reads_rows(plan: &LogicalPlan, rules: &ReleaseRules) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Aggregate(aggregate) => {
            let keys = aggregate.group_expr.iter().flat_map(Expr::column_refs);
            let is_by_person = keys.into_iter().any(|column| {
                let name = column.name.as_str();
                rules.person_columns.contains(&name)
            });
            is_by_person && reads_rows(&aggregate.input, rules)
        }
        LogicalPlan::Extension(_) => false,
        other => other
            .inputs()
            .into_iter()
            .any(|input| reads_rows(input, rules)),
    }
}
