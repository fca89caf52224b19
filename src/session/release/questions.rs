//! The aggregates that can leave, and what has to be known of each of them: whose values it is made of, under which
//! condition, and what a reader could work out from it together with the others.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode as _;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{ExprSchemable as _, cast, try_cast};
use datafusion::prelude::{Expr, lit, when};

use super::ReleaseError;
use super::expressions::{kind, safe};
use super::lineage::{Kind, Root, Rows};

/// Aggregates of one number.
const OF_ONE: [&str; 6] = ["sum", "avg", "stddev", "stddev_pop", "var", "var_pop"];
/// Aggregates of two numbers; those that start with `regr_` besides.
const OF_TWO: [&str; 3] = ["corr", "covar_samp", "covar_pop"];

/// Columns of tables, whichever scan they come from.
pub(super) type Columns = BTreeSet<(String, String)>;

/// The columns that a kind is made of.
pub(super) fn columns(kind: &Kind) -> Columns {
    let roots = kind.roots().into_iter();
    roots.map(|root| (root.table, root.column)).collect()
}

/// What the rules need to know of the rows of each group.
pub(super) struct Questions<'a> {
    rows: &'a Rows,
    /// Conditions of one row, none twice.
    pub(super) conditions: Vec<Expr>,
    /// Numbers of one row, none twice; NULL where they do not count.
    pub(super) numbers: Vec<Number>,
    /// Numbers whose values are looked at together.
    pub(super) together: Vec<Vec<usize>>,
    /// For every aggregate.
    pub(super) asked: Vec<Asked>,
}

/// A number that is summed in some way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) value: Expr,
    pub(super) kind: Kind,
}

/// One aggregate.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Whose rows count, among the conditions; `None`: all rows of the group.
    pub(super) condition: Option<usize>,
    /// The filter alone, among the conditions.
    pub(super) filter: Option<usize>,
    /// Whether it counts rows or values.
    pub(super) is_count: bool,
    /// Whether it counts different persons.
    pub(super) is_of_persons: bool,
    /// What it sums in some way, among the numbers.
    pub(super) numbers: Vec<usize>,
    /// The same with their values together, among those.
    pub(super) together: Option<usize>,
    /// Conditions whose sums of anything it tells, by the columns that are summed: none for counts.
    pub(super) tells: Vec<(Columns, Option<usize>)>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(rows: &'a Rows) -> Self {
        Self {
            rows,
            conditions: Vec::new(),
            numbers: Vec::new(),
            together: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Takes in one aggregate.
    ///
    /// # Errors
    /// When it cannot leave.
    pub(super) fn add(&mut self, aggregate: &Expr) -> Result<Expr, ReleaseError> {
        if let Expr::Alias(alias) = aggregate {
            let of = self.add(&alias.expr)?.unalias();
            return Ok(of.alias_qualified(alias.relation.clone(), &alias.name));
        }
        let Expr::AggregateFunction(function) = aggregate else {
            let what = "what is computed within groups";
            return Err(ReleaseError::Unchecked { what });
        };
        let kinds = function.params.args.iter();
        let kinds = kinds.map(|argument| kind(argument, self.rows));
        let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
        let function = self.safe(function)?;
        let arguments = function.params.args.iter().zip(kinds);
        let values = arguments.filter(|(argument, _)| !matches!(argument, Expr::Literal(..)));
        let values: Vec<(&Expr, Kind)> = values.collect();
        let filter = function.params.filter.as_deref().cloned();
        let mut asked = match function.func.name() {
            "count" | "regr_count" => self.count(&function, &values, filter),
            name => self.sums(name, &function, &values, filter)?,
        };
        if asked.is_count {
            asked.tells.push((BTreeSet::new(), asked.condition));
        }
        self.asked.push(asked);
        let safe = Expr::AggregateFunction(function);
        let name = aggregate.qualified_name();
        Ok(match safe.qualified_name() == name {
            true => safe,
            false => safe.alias_qualified(name.0, name.1),
        })
    }

    /// The function with arguments that cannot fail.
    fn safe(&self, function: &AggregateFunction) -> Result<AggregateFunction, ReleaseError> {
        let params = &function.params;
        let name = function.func.name();
        let is_known = name == "count"
            || OF_ONE.contains(&name)
            || OF_TWO.contains(&name)
            || name.starts_with("regr_");
        let is_plain = !params.distinct || name == "count";
        if !is_known || !is_plain || !params.order_by.is_empty() {
            let distinct = if params.distinct {
                "(DISTINCT …)"
            } else {
                ""
            };
            let function = format!("{name}{distinct}");
            return Err(ReleaseError::Aggregate { function });
        }
        let mut function = function.clone();
        for argument in &mut function.params.args {
            *argument = safe(argument, self.rows)?.unalias();
        }
        if let Some(filter) = &mut function.params.filter {
            kind(filter, self.rows)?;
            **filter = safe(filter, self.rows)?.unalias();
        }
        Ok(function)
    }

    fn count(
        &mut self,
        function: &AggregateFunction,
        values: &[(&Expr, Kind)],
        filter: Option<Expr>,
    ) -> Asked {
        let is_person = |(_, kind): &(&Expr, Kind)| matches!(kind, Kind::Person(_));
        Asked {
            condition: self.condition(values, filter),
            is_count: true,
            is_of_persons: function.params.distinct && values.iter().any(is_person),
            ..Asked::default()
        }
    }

    fn sums(
        &mut self,
        name: &str,
        function: &AggregateFunction,
        values: &[(&Expr, Kind)],
        filter: Option<Expr>,
    ) -> Result<Asked, ReleaseError> {
        let condition = self.condition(values, filter.clone());
        let mut asked = Asked {
            condition,
            filter: self.condition(&[], filter),
            is_count: values.is_empty(),
            ..Asked::default()
        };
        for (value, kind) in values {
            match kind {
                Kind::Person(column) | Kind::Household(Root { column, .. }) => {
                    let column = column.clone();
                    return Err(ReleaseError::ComputedPerson { column });
                }
                Kind::Mixed => {
                    let function = name.to_owned();
                    return Err(ReleaseError::Argument { function });
                }
                _ => {}
            }
            let number = self.number(value, kind.clone(), condition)?;
            asked.numbers.push(number);
            let roots = match kind {
                Kind::Discrete(_) | Kind::Constant => BTreeSet::new(),
                kind => columns(kind),
            };
            // A yes or no that is missing where nobody answered is no condition; one that is made missing is.
            if !matches!(kind, Kind::Discrete(_)) || has_branches(value)? {
                asked.tells.push((roots.clone(), condition));
            }
            if matches!(kind, Kind::Discrete(_) | Kind::Part(_)) {
                let other = self.numbers[number].value.clone().not_eq(lit(0.0));
                let other = self.condition(&[], Some(other));
                asked.tells.push((roots, other));
            }
        }
        if function.params.args.len() > 1 && asked.numbers.len() > 1 {
            self.together.push(asked.numbers.clone());
            asked.together = Some(self.together.len() - 1);
        }
        Ok(asked)
    }

    /// The condition that every value is there, and the filter holds.
    fn condition(&mut self, values: &[(&Expr, Kind)], filter: Option<Expr>) -> Option<usize> {
        let is_there = values
            .iter()
            .map(|(value, _)| (*value).clone().is_not_null());
        let condition = filter.into_iter().chain(is_there).reduce(Expr::and)?;
        let known = self.conditions.iter().position(|known| *known == condition);
        Some(known.unwrap_or_else(|| {
            self.conditions.push(condition);
            self.conditions.len() - 1
        }))
    }

    fn number(
        &mut self,
        value: &Expr,
        kind: Kind,
        condition: Option<usize>,
    ) -> Result<usize, ReleaseError> {
        let number = match value.get_type(self.rows.schema())? {
            DataType::Boolean => cast(cast(value.clone(), DataType::Int32), DataType::Float64),
            _ => try_cast(value.clone(), DataType::Float64),
        };
        let value = match condition {
            Some(idx) => when(self.conditions[idx].clone(), number).end()?,
            None => number,
        };
        let number = Number { value, kind };
        let known = self.numbers.iter().position(|known| *known == number);
        Ok(known.unwrap_or_else(|| {
            self.numbers.push(number);
            self.numbers.len() - 1
        }))
    }

    /// Aggregates that tell sums of the same columns: what each shows can be taken from what another shows.
    pub(super) fn systems(&self) -> Vec<System> {
        let mut systems: Vec<System> = Vec::new();
        for (idx, asked) in self.asked.iter().enumerate() {
            for (roots, condition) in &asked.tells {
                let mut system = System {
                    roots: roots.clone(),
                    told: vec![(idx, *condition)],
                };
                let is_same = |other: &System| match roots.is_empty() {
                    true => other.roots.is_empty(),
                    false => !other.roots.is_disjoint(&system.roots),
                };
                let (same, others): (Vec<_>, Vec<_>) = systems.into_iter().partition(is_same);
                for other in same {
                    system.roots.extend(other.roots);
                    system.told.extend(other.told);
                }
                systems = others;
                systems.push(system);
            }
        }
        systems
    }
}

fn has_branches(value: &Expr) -> Result<bool, ReleaseError> {
    let is_made = |part: &Expr| Ok(matches!(part, Expr::Case(_) | Expr::ScalarFunction(_)));
    Ok(value.exists(is_made)?)
}

/// What several aggregates tell of sums over parts of a group.
#[derive(Debug, Clone)]
pub(super) struct System {
    roots: Columns,
    /// Aggregate and the condition under which it sums.
    pub(super) told: Vec<(usize, Option<usize>)>,
}

impl System {
    /// Whether counts are told: the whole group is known then.
    pub(super) fn is_of_counts(&self) -> bool {
        self.roots.is_empty()
    }

    /// The different conditions.
    pub(super) fn conditions(&self) -> Vec<usize> {
        let conditions = self.told.iter().filter_map(|(_, condition)| *condition);
        conditions.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether anything could be worked out by taking one from another.
    pub(super) fn is_of_several(&self) -> bool {
        let has_whole = self.is_of_counts() || self.told.iter().any(|(_, c)| c.is_none());
        self.conditions().len() + usize::from(has_whole) > 1
    }
}
