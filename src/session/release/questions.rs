//! The aggregates that can leave, and what must be known of each of them: whose values it is made of, under which
//! condition, and what a reader could work out from it together with the others.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode as _;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{ExprSchemable as _, cast, try_cast};
use datafusion::prelude::{Expr, lit, when};

use super::aggregate::{AskedAggregate, Columns, Scale, ToldSum, any_rows, columns, persons};
use super::allowed::safe;
use super::error::ReleaseError;
use super::expressions::kind;
use super::forms::{Form, form};
use super::lineage::{Kind, Root, Rows};
use super::numbers::{ConditionParts, Number, NumberCombination};
use super::plain;

/// Aggregates of one number.
const OF_ONE: [&str; 6] = ["sum", "avg", "stddev", "stddev_pop", "var", "var_pop"];
/// Aggregates of two numbers, beside those that start with `regr_`.
const OF_TWO: [&str; 3] = ["corr", "covar_samp", "covar_pop"];

/// What the rules need to know of the rows of each group.
pub(super) struct Questions<'a> {
    rows: &'a Rows,
    /// Conditions of one row, none twice.
    pub(super) conditions: Vec<Expr>,
    /// What each of them is made of.
    pub(super) parts: Vec<ConditionParts>,
    /// Pairs of a condition and a number: the condition is that the number is not zero.
    pub(super) not_zero: Vec<(usize, usize)>,
    /// Numbers of one row, none twice; NULL where they do not count.
    pub(super) numbers: Vec<Number>,
    /// Sets of numbers whose values are examined together.
    pub(super) together: Vec<Vec<usize>>,
    /// The aggregates, in their order in the statement.
    pub(super) aggregates: Vec<AskedAggregate>,
    /// Combinations of numbers that a reader could compute.
    pub(super) combinations: Vec<NumberCombination>,
}

/// An argument of an aggregate that is not the same for all rows.
struct Value<'a> {
    /// As it is computed.
    safe: &'a Expr,
    kind: Kind,
    form: Form,
    /// Whether it can be missing because of a condition.
    has_branches: bool,
    /// Columns that are added up in it.
    parts: Vec<Expr>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(rows: &'a Rows) -> Self {
        Self {
            rows,
            conditions: Vec::new(),
            parts: Vec::new(),
            not_zero: Vec::new(),
            numbers: Vec::new(),
            together: Vec::new(),
            aggregates: Vec::new(),
            combinations: Vec::new(),
        }
    }

    /// The same questions about changed conditions and numbers.
    ///
    /// # Errors
    /// Those of `change`.
    pub(super) fn with<E>(
        &self,
        mut change: impl FnMut(&Expr) -> Result<Expr, E>,
    ) -> Result<Self, E> {
        let conditions = self.conditions.iter().map(&mut change);
        let conditions = conditions.collect::<Result<_, E>>()?;
        let numbers = self.numbers.iter().map(|number| {
            Ok(Number {
                value: change(&number.value)?,
                of: change(&number.of)?,
                ..number.clone()
            })
        });
        let numbers = numbers.collect::<Result<_, E>>()?;
        let parts = self.parts.iter().map(|parts| {
            Ok(ConditionParts {
                filter: parts.filter.as_ref().map(&mut change).transpose()?,
                values: parts
                    .values
                    .iter()
                    .map(&mut change)
                    .collect::<Result<_, E>>()?,
            })
        });
        Ok(Self {
            rows: self.rows,
            conditions,
            parts: parts.collect::<Result<_, E>>()?,
            not_zero: self.not_zero.clone(),
            numbers,
            together: self.together.clone(),
            aggregates: self.aggregates.clone(),
            combinations: Vec::new(),
        })
    }

    /// The numbers asked for, followed by the combinations of them.
    pub(super) fn all_numbers(&self) -> impl Iterator<Item = &Number> {
        let combinations = self
            .combinations
            .iter()
            .map(|combination| &combination.number);
        self.numbers.iter().chain(combinations)
    }

    /// Adds one aggregate.
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
        let written = function.params.args.clone();
        let function = self.safe(function)?;
        let is_count = ["count", "regr_count"].contains(&function.func.name());
        let mut values = Vec::new();
        for (argument, written) in function.params.args.iter().zip(&written) {
            let value = self.value(argument, written)?;
            if !is_count {
                plain::check(written, self.rows)?;
            }
            // The same for all rows, however it is written: rows are counted.
            if !matches!(value.kind, Kind::Constant) {
                values.push(value);
            }
        }
        let filter = function.params.filter.as_deref().cloned();
        let mut asked = match is_count {
            true => self.count(&function, &values, filter.clone())?,
            false => self.sums(&function, &values, filter.clone())?,
        };
        if asked.is_count {
            let whom = match asked.is_of_persons {
                true => persons(),
                false => Columns::new(),
            };
            asked.tells.push((whom, part(asked.condition)));
        }
        let has_branches = values.iter().any(|value| value.has_branches);
        let of_rows = match has_branches || asked.is_count && filter.is_none() {
            true => asked.condition,
            false => self.condition(&[], filter),
        };
        asked.tells.push((any_rows(), part(of_rows)));
        self.aggregates.push(asked);
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

    fn value<'b>(&self, safe: &'b Expr, written: &Expr) -> Result<Value<'b>, ReleaseError> {
        let kind = kind(written, self.rows)?;
        let is_made = |part: &Expr| Ok(matches!(part, Expr::Case(_) | Expr::ScalarFunction(_)));
        let parts = match kind {
            Kind::Several(_) => written.column_refs().into_iter().cloned().collect(),
            _ => Vec::new(),
        };
        Ok(Value {
            safe,
            form: form(written, self.rows),
            has_branches: written.exists(is_made)?,
            parts: parts.into_iter().map(Expr::Column).collect(),
            kind,
        })
    }

    fn count(
        &mut self,
        function: &AggregateFunction,
        values: &[Value<'_>],
        filter: Option<Expr>,
    ) -> Result<AskedAggregate, ReleaseError> {
        let is_distinct = function.params.distinct;
        for value in values.iter().filter(|_| is_distinct) {
            let is_countable = match value.kind {
                Kind::Person(_) => true,
                // Households whose members all fail a condition can be few.
                Kind::Household(_) => filter.is_none(),
                _ => false,
            };
            if !is_countable {
                return Err(ReleaseError::CountDistinct);
            }
        }
        let is_person = |value: &Value<'_>| matches!(value.kind, Kind::Person(_));
        Ok(AskedAggregate {
            condition: self.condition(values, filter),
            is_count: true,
            is_of_persons: is_distinct && values.iter().any(is_person),
            ..AskedAggregate::default()
        })
    }

    fn sums(
        &mut self,
        function: &AggregateFunction,
        values: &[Value<'_>],
        filter: Option<Expr>,
    ) -> Result<AskedAggregate, ReleaseError> {
        let name = function.func.name();
        let condition = self.condition(values, filter.clone());
        let mut asked = AskedAggregate {
            condition,
            filter: self.condition(&[], filter),
            is_count: values.is_empty(),
            scale: Scale::of(name),
            ..AskedAggregate::default()
        };
        for value in values {
            let kind = &value.kind;
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
            let form = Some(value.form.clone());
            let number = self.number(value.safe, kind.clone(), form, condition)?;
            asked.numbers.push(number);
            self.tell(&mut asked, value, number);
        }
        if function.params.args.len() > 1 && asked.numbers.len() > 1 {
            self.together.push(asked.numbers.clone());
            asked.together = Some(self.together.len() - 1);
        }
        for part in values.iter().flat_map(|value| &value.parts) {
            let kind = kind(part, self.rows)?;
            let number = self.number(part, kind, None, condition)?;
            asked.numbers.push(number);
        }
        Ok(asked)
    }

    fn tell(&mut self, asked: &mut AskedAggregate, value: &Value<'_>, number: usize) {
        let columns = match &value.kind {
            Kind::Discrete(_) | Kind::Constant => Columns::new(),
            kind => columns(kind),
        };
        let is_discrete = matches!(value.kind, Kind::Discrete(_));
        // A yes or no that is missing where no answer was given is no condition; one that is made missing is.
        if !is_discrete || value.has_branches {
            asked.tells.push((columns.clone(), part(asked.condition)));
        }
        if is_discrete {
            asked.tells.push((columns, ToldSum::Values(number)));
        } else if matches!(value.kind, Kind::Part(_)) {
            // A sum over part of the rows also counts those in which the number is not zero.
            let other = self.numbers[number].value.clone().not_eq(lit(0.0));
            let other = self.condition(&[], Some(other));
            self.not_zero.extend(other.map(|other| (other, number)));
            // Where its values are nearly the same, it counts the rows that meet the condition.
            for columns in [columns, Columns::new(), any_rows()] {
                asked.tells.push((columns, part(other)));
            }
        }
    }

    /// That a number is missing in a row that its filter leaves in.
    pub(super) fn is_missing(&self, number: &Number) -> Expr {
        let filter = number
            .condition
            .and_then(|condition| self.parts[condition].filter.clone());
        let is_missing = number.of.clone().is_null();
        match filter {
            Some(filter) => filter.and(is_missing),
            None => is_missing,
        }
    }

    /// Records that some numbers have few values, so that their sums count who has which.
    pub(super) fn tell_few(&mut self, has_few: impl Fn(usize) -> bool) {
        for asked in &mut self.aggregates {
            let few = asked.numbers.iter().filter(|&&number| has_few(number));
            let tells = few.map(|&number| (Columns::new(), ToldSum::Values(number)));
            let tells: Vec<_> = tells.collect();
            asked.tells.extend(tells);
        }
    }

    /// Refuses different functions of one column.
    ///
    /// # Errors
    /// When there are some.
    pub(super) fn check(&self) -> Result<(), ReleaseError> {
        let is_number = |number: &&Number| {
            !matches!(number.kind, Kind::Discrete(_) | Kind::Constant) && number.form.is_some()
        };
        let numbers: Vec<&Number> = self.numbers.iter().filter(is_number).collect();
        let has_kink = |number: &Number| matches!(&number.form, Some(Form::Kinked(_)));
        for (place, number) in numbers.iter().enumerate() {
            for other in &numbers[..place] {
                let is_apart = columns(&number.kind).is_disjoint(&columns(&other.kind));
                // A column may be the sum of others.
                let is_apart = is_apart && !has_kink(number) && !has_kink(other);
                let forms = number.form.as_ref().zip(other.form.as_ref());
                let can_stand = forms.is_none_or(|(a, b)| a.can_stand_beside(b));
                if !is_apart && !can_stand {
                    return Err(ReleaseError::SeveralFunctions);
                }
            }
        }
        Ok(())
    }

    /// The condition that no value is missing and the filter holds.
    fn condition(&mut self, values: &[Value<'_>], filter: Option<Expr>) -> Option<usize> {
        // A value that is never missing makes no condition.
        let schema = self.rows.schema();
        let can_miss = |value: &&Value<'_>| value.safe.nullable(schema).unwrap_or(true);
        let values = values.iter().filter(can_miss);
        let values: Vec<Expr> = values.map(|value| value.safe.clone()).collect();
        let parts = ConditionParts { filter, values };
        let is_there = parts.values.iter().cloned().map(Expr::is_not_null);
        let condition = parts.filter.clone().into_iter().chain(is_there);
        let condition = condition.reduce(Expr::and)?;
        let known = self.conditions.iter().position(|known| *known == condition);
        Some(known.unwrap_or_else(|| {
            self.conditions.push(condition);
            self.parts.push(parts);
            self.conditions.len() - 1
        }))
    }

    fn number(
        &mut self,
        value: &Expr,
        kind: Kind,
        form: Option<Form>,
        condition: Option<usize>,
    ) -> Result<usize, ReleaseError> {
        let number = match value.get_type(self.rows.schema())? {
            DataType::Boolean => cast(cast(value.clone(), DataType::Int32), DataType::Float64),
            _ => try_cast(value.clone(), DataType::Float64),
        };
        let of = value.clone();
        let value = match condition {
            Some(idx) => when(self.conditions[idx].clone(), number).end()?,
            None => number,
        };
        let number = Number {
            value,
            of,
            condition,
            kind,
            form,
        };
        let known = self.numbers.iter().position(|known| *known == number);
        Ok(known.unwrap_or_else(|| {
            self.numbers.push(number);
            self.numbers.len() - 1
        }))
    }
}

fn part(condition: Option<usize>) -> ToldSum {
    condition.map_or(ToldSum::All, ToldSum::Part)
}
