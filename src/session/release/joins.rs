//! Joins below a grouping: a row of the result belongs to one person. Persons are joined to persons by the person, to
//! records of persons by the record, and to other tables by a column of their key.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Join, JoinType, LogicalPlan, Operator};
use datafusion::prelude::Expr;

use super::allowed::safe;
use super::error::ReleaseError;
use super::expressions::kind;
use super::lineage::{Kind, Root, RowOwner, Rows};
use super::rules::ReleaseRules;

/// Columns that tell persons apart only together with another one.
const WITHIN: [(&str, &str); 1] = [("employee_key", "employer_key")];

/// The rows of a join of `left` with `right`.
///
/// # Errors
/// When a row could belong to several persons, or to others than it says.
pub(super) fn rows(
    join: &Join,
    left: &Rows,
    mut right: Rows,
    rules: &ReleaseRules,
) -> Result<Rows, ReleaseError> {
    // Two scans of one table have rows of their own: the roots of the right side are numbered after those of the
    // left.
    let n_scans = 1 + left
        .kinds
        .iter()
        .flat_map(Kind::roots)
        .map(|root| root.scan)
        .max()
        .unwrap_or(0);
    right.kinds = right
        .kinds
        .into_iter()
        .map(|kind| kind.of_scans_from(n_scans))
        .collect();
    let all = Rows {
        plan: inner_of(join, left, &right)?,
        kinds: left.kinds.iter().chain(&right.kinds).cloned().collect(),
        owner: RowOwner::NoPerson,
    };
    let mut equal = EqualColumns {
        left,
        right: &right,
        pairs: Vec::new(),
    };
    for (a, b) in &join.on {
        if !equal.add(a, b)? {
            return Err(ReleaseError::Join);
        }
    }
    for condition in join.filter.iter().flat_map(split_conjunction) {
        if !equal.holds(condition)? {
            // Only to refuse what may not stand there.
            kind(condition, &all)?;
        }
    }
    let filter = join.filter.as_ref();
    let filter = filter.map(|filter| safe_join(filter, &all)).transpose()?;
    let (owner, whose) = equal.owner(rules)?;
    let plan = LogicalPlan::Join(Join {
        left: Arc::new(left.plan.clone()),
        right: Arc::new(right.plan.clone()),
        filter,
        ..join.clone()
    })
    .recompute_schema()?;
    Ok(Rows {
        plan,
        kinds: kinds(join.join_type, left, &right, whose)?,
        owner,
    })
}

/// The columns of both sides, for conditions that may name any.
fn inner_of(join: &Join, left: &Rows, right: &Rows) -> Result<LogicalPlan, ReleaseError> {
    Ok(LogicalPlan::Join(Join {
        left: Arc::new(left.plan.clone()),
        right: Arc::new(right.plan.clone()),
        join_type: JoinType::Inner,
        ..join.clone()
    })
    .recompute_schema()?)
}

fn safe_join(filter: &Expr, all: &Rows) -> Result<Expr, ReleaseError> {
    let conditions = split_conjunction(filter).into_iter();
    let conditions = conditions.map(|condition| safe(condition, all).map(Expr::unalias));
    let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
    Ok(conditions
        .into_iter()
        .reduce(Expr::and)
        .unwrap_or_else(|| filter.clone()))
}

/// Which sides' persons a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PersonSides {
    left: bool,
    right: bool,
}

/// Columns of both sides that are equal in every joined row.
struct EqualColumns<'a> {
    left: &'a Rows,
    right: &'a Rows,
    pairs: Vec<(Kind, Kind)>,
}

impl EqualColumns<'_> {
    /// Adds two equal columns; `false` when they are not one of each side.
    fn add(&mut self, a: &Expr, b: &Expr) -> Result<bool, ReleaseError> {
        let (Expr::Column(a), Expr::Column(b)) = (a, b) else {
            return Ok(false);
        };
        let sides = |l: &Column, r: &Column| {
            let (l, r) = (self.left.kind_of(l)?, self.right.kind_of(r)?);
            Some((l.clone(), r.clone()))
        };
        let Some(pair) = sides(a, b).or_else(|| sides(b, a)) else {
            return Ok(false);
        };
        let is_fair = match &pair {
            (Kind::Person(a), Kind::Person(b)) => a == b,
            // What equals a person's key would be that key under another name.
            (Kind::Person(_), _) | (_, Kind::Person(_)) => false,
            (Kind::Household(a), Kind::Household(b)) => a.column == b.column,
            (Kind::Household(_), _) | (_, Kind::Household(_)) => false,
            _ => true,
        };
        if !is_fair {
            let column = a.name.clone();
            return Err(ReleaseError::ComputedPerson { column });
        }
        self.pairs.push(pair);
        Ok(true)
    }

    /// Whether a condition is such an equality; it is kept then.
    fn holds(&mut self, condition: &Expr) -> Result<bool, ReleaseError> {
        match condition {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Eq,
                right,
            }) => self.add(left, right),
            _ => Ok(false),
        }
    }

    fn owner(&self, rules: &ReleaseRules) -> Result<(RowOwner, PersonSides), ReleaseError> {
        let whose = |left, right| PersonSides { left, right };
        match (&self.left.owner, &self.right.owner) {
            (RowOwner::Person, RowOwner::Person) if self.has_same_person() => {
                Ok((RowOwner::Person, whose(true, true)))
            }
            (RowOwner::Person, RowOwner::Person) => Err(ReleaseError::JoinOfPersons),
            (RowOwner::Person, RowOwner::Record(table)) => {
                self.has_record(table, rules)?;
                Ok((RowOwner::Person, whose(true, false)))
            }
            (RowOwner::Record(table), RowOwner::Person) => {
                self.has_record(table, rules)?;
                Ok((RowOwner::Person, whose(false, true)))
            }
            (RowOwner::Record(table), RowOwner::Record(other)) => {
                self.has_record(table, rules)?;
                self.has_record(other, rules)?;
                Ok((RowOwner::Record(table.clone()), whose(true, true)))
            }
            (owner, RowOwner::NoPerson) if self.has_key(rules, |(_, right)| right) => {
                Ok((owner.clone(), whose(true, false)))
            }
            (RowOwner::NoPerson, owner) if self.has_key(rules, |(left, _)| left) => {
                Ok((owner.clone(), whose(false, true)))
            }
            _ => Err(ReleaseError::Join),
        }
    }

    fn has_same_person(&self) -> bool {
        let is_equal = |name: &str| {
            self.pairs.iter().any(|(left, right)| {
                let is_named = |root: &Root| root.column == name;
                left.roots().iter().any(is_named) && right.roots().iter().any(is_named)
            })
        };
        self.pairs.iter().any(|pair| match pair {
            (Kind::Person(a), Kind::Person(b)) if a == b => {
                let mut within = WITHIN.iter().filter(|(name, _)| name == a);
                within.all(|(_, other)| is_equal(other))
            }
            _ => false,
        })
    }

    /// Whether the record that a row is about is named whole.
    fn has_record(&self, table: &str, rules: &ReleaseRules) -> Result<(), ReleaseError> {
        let columns = rules.roles.records.get(table);
        let columns = columns.map(Vec::as_slice).unwrap_or_default();
        let is_named = |column: &String| {
            self.pairs.iter().any(|(left, right)| {
                let has = |kind: &Kind| {
                    let is_it = |root: &Root| root.column == *column;
                    matches!(kind, Kind::Plain(_)) && kind.roots().iter().any(is_it)
                };
                has(left) && has(right)
            })
        };
        match !columns.is_empty() && columns.iter().all(is_named) {
            true => Ok(()),
            false => Err(ReleaseError::NoPersonTable {
                table: table.to_owned(),
                columns: columns.to_vec(),
            }),
        }
    }

    /// Whether a column of a table's key is equal to a column of the other side, both unchanged.
    fn has_key(&self, rules: &ReleaseRules, side: fn(&(Kind, Kind)) -> &Kind) -> bool {
        self.pairs.iter().any(|pair| {
            let is_plain = |kind: &Kind| matches!(kind, Kind::Plain(_) | Kind::Household(_));
            let is_key = |root: &Root| {
                let key = rules.roles.keys.get(&root.table);
                key.is_some_and(|key| key.contains(&root.column))
            };
            is_plain(&pair.0) && is_plain(&pair.1) && side(pair).roots().iter().any(is_key)
        })
    }
}

/// The kinds of the result's columns. Where a side can be missing, its persons are not those of the row.
fn kinds(
    join_type: JoinType,
    left: &Rows,
    right: &Rows,
    whose: PersonSides,
) -> Result<Vec<Kind>, ReleaseError> {
    let side = |rows: &Rows, is_whole: bool| -> Vec<Kind> {
        let kinds = rows.kinds.iter().cloned();
        let other = |kind: Kind| match kind {
            Kind::Person(column) if !is_whole => Kind::Household(Root {
                table: String::new(),
                column,
                scan: 0,
            }),
            kind => kind,
        };
        kinds.map(other).collect()
    };
    let (is_left_whole, is_right_whole, has_right) = match join_type {
        JoinType::Inner => (true, true, true),
        JoinType::Left => (true, false, true),
        JoinType::Right => (false, true, true),
        JoinType::LeftSemi | JoinType::LeftAnti => (true, false, false),
        _ => return Err(ReleaseError::Join),
    };
    // The person of a row is on a side that every row has.
    if !((whose.left && is_left_whole) || (whose.right && is_right_whole)) {
        return Err(ReleaseError::OuterJoin);
    }
    let mut kinds = side(left, is_left_whole);
    if has_right {
        kinds.extend(side(right, is_right_whole));
    }
    Ok(kinds)
}
