//! What has to be counted beside an aggregate so that the rules can judge it: the persons it is made of, and the
//! rest that a reader could work out.

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{DFSchema, TableReference};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{ExprFunctionExt as _, ExprSchemable as _, cast};
use datafusion::prelude::{Expr, lit, nullif};

use super::ReleaseError;
use crate::disclosure::CellCounts;

/// Aggregates that do not show one person's value by themselves.
const RELEASABLE: [&str; 10] = [
    "count",
    "sum",
    "avg",
    "stddev",
    "stddev_pop",
    "var",
    "var_pop",
    "corr",
    "covar_samp",
    "covar_pop",
];

/// How units are counted: distinct values of any of these columns, or rows where there are none.
pub(super) struct Units {
    columns: Vec<Expr>,
}

impl Units {
    /// The columns among `names` that a grouped query still has.
    pub(super) fn of(schema: &DFSchema, names: &[&str]) -> Self {
        let columns = schema.iter().filter_map(|(qualifier, field)| {
            let is_person = names.contains(&field.name().as_str());
            is_person.then(|| column(qualifier, field.name()))
        });
        Self {
            columns: columns.collect(),
        }
    }

    pub(super) fn is_rows(&self) -> bool {
        self.columns.is_empty()
    }

    /// Expressions whose least value is the number of units that meet `condition`.
    fn counted(&self, condition: Option<&Expr>) -> Result<Vec<Expr>, ReleaseError> {
        if self.is_rows() {
            let rows = count(lit(1_i64));
            return Ok(vec![match condition {
                Some(condition) => rows.filter(condition.clone()).build()?,
                None => rows,
            }]);
        }
        // Not `count_distinct`: adding a condition to it would forget the DISTINCT.
        let counted = self.columns.iter().cloned().map(|column| {
            let persons = count(column).distinct();
            match condition {
                Some(condition) => persons.filter(condition.clone()).build(),
                None => persons.build(),
            }
        });
        Ok(counted.collect::<Result<_, _>>()?)
    }
}

pub(super) fn column(qualifier: Option<&TableReference>, name: &str) -> Expr {
    Expr::Column(datafusion::common::Column::new(qualifier.cloned(), name))
}

/// Where in the measured columns the answers to one question are.
pub(super) type Places = std::ops::Range<usize>;

/// The questions about one aggregate, as places among the measured columns.
pub(super) struct Measures {
    /// Units with a value that counts.
    base: Places,
    /// Units whose value is not zero, for sums and means of numbers.
    non_zero: Option<Places>,
    /// Units whose value is zero, with the least and largest value of the others.
    zero: Option<(Places, Places)>,
    /// Whether the aggregate counts a part of the group.
    counts_part: bool,
}

/// Collects what is to be measured.
pub(super) struct Questions<'a> {
    schema: &'a DFSchema,
    units: &'a Units,
    pub(super) expressions: Vec<Expr>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(schema: &'a DFSchema, units: &'a Units) -> Self {
        Self {
            schema,
            units,
            expressions: Vec::new(),
        }
    }

    /// Units of the whole group.
    pub(super) fn group(&mut self) -> Result<Places, ReleaseError> {
        let counted = self.units.counted(None)?;
        Ok(self.ask(counted))
    }

    /// What the rules need to know about one aggregate.
    pub(super) fn about(&mut self, aggregate: &Expr) -> Result<Measures, ReleaseError> {
        let function = releasable(aggregate)?;
        let params = &function.params;
        let literal = |e: &Expr| matches!(e, Expr::Literal(..));
        let values: Vec<&Expr> = params.args.iter().filter(|e| !literal(e)).collect();
        let filter = params.filter.as_deref().cloned();
        let is_there = values.iter().map(|e| (*e).clone().is_not_null());
        let base = filter.into_iter().chain(is_there).reduce(Expr::and);
        let name = function.func.name();
        let counts_part = name == "count" && base.is_some();
        let mut measures = Measures {
            base: {
                let counted = self.units.counted(base.as_ref())?;
                self.ask(counted)
            },
            non_zero: None,
            zero: None,
            counts_part,
        };
        if let (Some(base), "sum" | "avg", [value]) = (base, name, values.as_slice()) {
            let number = self.number(value)?;
            let other_than_zero = base.clone().and(number.clone().not_eq(lit(0.0)));
            let zero = base.clone().and(number.clone().eq(lit(0.0)));
            let counted = self.units.counted(Some(&other_than_zero))?;
            measures.non_zero = Some(self.ask(counted));
            let counted = self.units.counted(Some(&zero))?;
            let zero = self.ask(counted);
            let without_zero = nullif(number, lit(0.0));
            let ends = [min(without_zero.clone()), max(without_zero)];
            let ends: Result<Vec<Expr>, _> = ends
                .into_iter()
                .map(|end| end.filter(base.clone()).build())
                .collect();
            measures.zero = Some((zero, self.ask(ends?)));
        }
        Ok(measures)
    }

    fn number(&self, value: &Expr) -> Result<Expr, ReleaseError> {
        Ok(match value.get_type(self.schema)? {
            DataType::Boolean => cast(cast(value.clone(), DataType::Int64), DataType::Float64),
            _ => cast(value.clone(), DataType::Float64),
        })
    }

    fn ask(&mut self, expressions: Vec<Expr>) -> Places {
        let start = self.expressions.len();
        for expression in expressions {
            let name = format!("korabo_release_{}", self.expressions.len());
            self.expressions.push(expression.alias(name));
        }
        start..self.expressions.len()
    }
}

/// The aggregate function, when its result may leave at all.
fn releasable(aggregate: &Expr) -> Result<&AggregateFunction, ReleaseError> {
    let function = match aggregate {
        Expr::Alias(alias) => return releasable(&alias.expr),
        Expr::AggregateFunction(function) => function,
        _ => {
            let what = "what is computed within groups";
            return Err(ReleaseError::Unchecked { what });
        }
    };
    let name = function.func.name();
    let is_known =
        RELEASABLE.contains(&name) || name.starts_with("regr_") || name == "approx_distinct";
    let is_plain = !function.params.distinct || name == "count";
    if is_known && is_plain && function.params.order_by.is_empty() {
        return Ok(function);
    }
    let distinct = if function.params.distinct {
        "(DISTINCT …)"
    } else {
        ""
    };
    Err(ReleaseError::Aggregate {
        function: format!("{name}{distinct}"),
    })
}

/// The answers for one group: measured counts and ends, by place.
pub(super) struct Answers<'a> {
    /// A measured count.
    pub(super) count: &'a dyn Fn(usize) -> u64,
    /// A measured number.
    pub(super) number: &'a dyn Fn(usize) -> Option<f64>,
}

impl Answers<'_> {
    pub(super) fn least(&self, places: &Places) -> u64 {
        places
            .clone()
            .map(|place| (self.count)(place))
            .min()
            .unwrap_or(0)
    }
}

impl Measures {
    /// What stands behind the aggregate in a group of so many units.
    pub(super) fn counts(&self, answers: &Answers<'_>, n_units: u64) -> CellCounts {
        let base = answers.least(&self.base);
        let Some((non_zero, (zero, ends))) = self.non_zero.as_ref().zip(self.zero.as_ref()) else {
            return CellCounts {
                contributors: base,
                others: self.counts_part.then(|| n_units.saturating_sub(base)),
                is_part: self.counts_part && base < n_units,
            };
        };
        // Zero or one other value: the sum and the mean tell how many have it.
        let (least, largest) = (
            (answers.number)(ends.start),
            (answers.number)(ends.start + 1),
        );
        let is_yes_no = least == largest;
        let non_zero = answers.least(non_zero);
        let contributors = [non_zero, base].into_iter().filter(|n| *n > 0).min();
        CellCounts {
            contributors: contributors.unwrap_or(0),
            others: is_yes_no.then(|| answers.least(zero)),
            is_part: is_yes_no && base > 0,
        }
    }
}

/// Whether a table's rows tell persons apart.
pub(super) fn has_person(schema: &Schema, names: &[&str]) -> bool {
    names.iter().any(|name| schema.index_of(name).is_ok())
}
