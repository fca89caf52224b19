//! `equivalence`: whether effects are too small to matter.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field};

use super::argument::{ArgumentDefinition, ArgumentKind, optional, required};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{PreparedRelation, RelationDefinition};
use super::estimate_table::{
    Amount, KEEP, TableColumns, TableEstimator, TableRelation, TableRows, number_field,
    status_field,
};
use super::result::{numbers, texts};
use super::shared_arguments::level;
use korabo_estimators::sensitivity::{EquivalenceOptions, equivalence};
use korabo_estimators::{EstimatorError, Status};

pub(super) const EQUIVALENCE: RelationDefinition = RelationDefinition {
    name: "equivalence",
    usage: "equivalence(input, estimate => column, std_error => column, margin => number or column, df => number or column, \
            keep => [column, …])",
    description: "Two one-sided tests of each estimate: whether an effect, or an effect before exposure, is shown to be too \
                  small to matter, which an estimate that is not significant does not show.",
    example: "SELECT * FROM equivalence((SELECT * FROM (VALUES ('bmi', 0.02, 0.03), ('sbp', -0.4, 0.9)) \
              AS estimates (outcome, estimate, std_error)), estimate => estimate, std_error => std_error, \
              margin => 0.1, keep => [outcome])",
    arguments: &ARGUMENTS,
    positional: None,
    prepare: equivalence_of,
};

static ARGUMENTS: [ArgumentDefinition; 8] = [
    required("estimate", ColumnRole::Number, "the estimates"),
    required("std_error", ColumnRole::Number, "their standard errors"),
    optional(
        "margin",
        ArgumentKind::Amount(ColumnRole::Number),
        "δ: effects between −δ and δ do not matter; in units of the outcome. Or `low` and `high`",
    ),
    optional(
        "low",
        ArgumentKind::Amount(ColumnRole::Number),
        "the lower end of effects that do not matter, with `high`",
    ),
    optional(
        "high",
        ArgumentKind::Amount(ColumnRole::Number),
        "the upper end of effects that do not matter, with `low`",
    ),
    optional(
        "df",
        ArgumentKind::Amount(ColumnRole::Number),
        "degrees of freedom of the t distribution; the normal law without, and where NULL",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "1 − α, above 0.5; default 0.95: tests at 5 % and an interval of 90 %",
    ),
    KEEP,
];

#[derive(Debug, Clone)]
struct Equivalences {
    estimate: usize,
    std_error: usize,
    ends: [Amount; 2],
    is_margin: bool,
    df: Option<Amount>,
    level: f64,
}

fn equivalence_of(bound: &BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem> {
    let invalid = |name, message: &str| {
        Err(ArgumentProblem::Invalid {
            name,
            message: message.to_owned(),
        })
    };
    let mut columns = TableColumns::try_new::<Equivalences>("equivalence", bound)?;
    let estimate = columns.required(bound, "estimate")?;
    let std_error = columns.required(bound, "std_error")?;
    let [margin, low, high] = ["margin", "low", "high"].map(|name| columns.amount(bound, name));
    let (ends, is_margin) = match (margin, low, high) {
        (Some(margin), None, None) => ([margin; 2], true),
        (None, Some(low), Some(high)) => ([low, high], false),
        (None, None, None) => {
            return Err(ArgumentProblem::Missing {
                name: "margin",
                hint: "; what matters is for the reader to say, with `margin`, or with `low` and `high`",
            });
        }
        _ => return invalid("margin", "is given alone, or `low` and `high` are"),
    };
    if let Amount::Number(margin) = ends[0]
        && is_margin
        && !(margin > 0.0 && margin.is_finite())
    {
        return invalid("margin", "must be above zero");
    }
    if let [Amount::Number(low), Amount::Number(high)] = ends
        && !is_margin
        && low >= high
    {
        return invalid("high", "must be above `low`");
    }
    let df = columns.amount(bound, "df");
    if let Some(Amount::Number(df)) = df
        && df <= 0.0
    {
        return invalid("df", "must be above zero");
    }
    let level = level(bound)?;
    if level <= 0.5 {
        return invalid("level", "must lie between 0.5 and 1");
    }
    let tests = Equivalences {
        estimate,
        std_error,
        ends,
        is_margin,
        df,
        level,
    };
    Ok(TableRelation::prepared(columns, tests))
}

/// One row's tests.
struct Row {
    estimate: f64,
    std_error: f64,
    low: f64,
    high: f64,
    found: Option<korabo_estimators::sensitivity::Equivalence>,
}

impl Row {
    fn status(&self) -> Status {
        self.found.map_or(Status::Missing, |found| found.status)
    }

    /// `equivalent` within the margins, `relevant` beyond one of them, `open` else.
    fn verdict(&self) -> Option<&'static str> {
        let found = self.found.filter(|found| found.status == Status::Ok)?;
        Some(
            if found.conf_low > self.low && found.conf_high < self.high {
                "equivalent"
            } else if found.conf_low > self.high || found.conf_high < self.low {
                "relevant"
            } else {
                "open"
            },
        )
    }
}

impl Equivalences {
    fn row(&self, rows: &TableRows, row: usize) -> Result<Row, EstimatorError> {
        let estimate = rows.number(self.estimate)[row];
        let std_error = rows.number(self.std_error)[row];
        let [low, high] = self.ends.map(|end| rows.amount(end, row));
        let low = if self.is_margin {
            low.map(|margin| -margin)
        } else {
            low
        };
        let mut found = None;
        if let (Some(low), Some(high), true) = (low, high, estimate.is_finite()) {
            let options = EquivalenceOptions {
                low,
                high,
                level: self.level,
                df: self.df.and_then(|df| rows.amount(df, row)),
            };
            found = Some(equivalence(estimate, std_error, &options)?);
        }
        Ok(Row {
            estimate,
            std_error,
            low: low.unwrap_or(f64::NAN),
            high: high.unwrap_or(f64::NAN),
            found,
        })
    }
}

impl TableEstimator for Equivalences {
    fn results() -> Vec<Field> {
        vec![
            number_field("estimate"),
            number_field("std_error"),
            number_field("low"),
            number_field("high"),
            number_field("conf_low"),
            number_field("conf_high"),
            number_field("p_value_low"),
            number_field("p_value_high"),
            number_field("p_value"),
            number_field("smallest_margin"),
            Field::new("verdict", DataType::Utf8, true),
            status_field(),
        ]
    }

    fn estimate(&self, rows: &TableRows) -> Result<Vec<ArrayRef>, EstimatorError> {
        let all = (0..rows.len()).map(|row| self.row(rows, row));
        let all = all.collect::<Result<Vec<Row>, _>>()?;
        let of = |get: fn(&Row) -> f64| numbers(all.iter().map(get));
        let found = |get: fn(&korabo_estimators::sensitivity::Equivalence) -> f64| {
            numbers(
                all.iter()
                    .map(|row| row.found.as_ref().map_or(f64::NAN, get)),
            )
        };
        let verdicts: StringArray = all.iter().map(Row::verdict).collect();
        Ok(vec![
            of(|row| row.estimate),
            of(|row| row.std_error),
            of(|row| row.low),
            of(|row| row.high),
            found(|own| own.conf_low),
            found(|own| own.conf_high),
            found(|own| own.p_value_low),
            found(|own| own.p_value_high),
            found(|own| own.p_value),
            found(|own| own.smallest_margin),
            Arc::new(verdicts),
            texts(all.iter().map(|row| row.status().as_str())),
        ])
    }
}
