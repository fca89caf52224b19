//! What relations over a panel have in common: arguments and the columns they name. Their rows are gathered in `panel_rows.rs`.

use std::ops::Range;

use datafusion::arrow::datatypes::DataType;

use super::Roles;
use super::args::{ArgumentDefinition, ArgumentKind, BoundArguments};
use super::argument_error::ArgumentProblem;
use super::column_role::ColumnRole;
use super::gather::ColumnName;
use korabo_estimators::group_time::{AttGtOptions, BasePeriod, Control, Method};
use korabo_estimators::panel::Layout;

pub(super) const fn required(
    name: &'static str,
    role: ColumnRole,
    description: &'static str,
) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind: ArgumentKind::Column(role),
        required: true,
        description,
    }
}

pub(super) const fn optional(
    name: &'static str,
    kind: ArgumentKind,
    description: &'static str,
) -> ArgumentDefinition {
    ArgumentDefinition {
        name,
        kind,
        required: false,
        description,
    }
}

pub(super) const OUTCOME: ArgumentDefinition = optional(
    "outcome",
    ArgumentKind::Column(ColumnRole::Number),
    "what is measured: a number or a yes/no",
);
pub(super) const OUTCOMES: ArgumentDefinition = optional(
    "outcomes",
    ArgumentKind::Columns(ColumnRole::Number),
    "several outcomes in place of `outcome`, e.g. [bmi, sbp]: the input is read once, and rows get the column `outcome`",
);
pub(super) const BY: ArgumentDefinition = optional(
    "by",
    ArgumentKind::Columns(ColumnRole::Label),
    "columns like [sex, age_band]: besides the whole input, one estimate from the rows of each level of each column; rows \
     get the columns `by` and `level`, which are NULL for the whole",
);
pub(super) const UNIT: ArgumentDefinition = required("unit", ColumnRole::Label, "the person");
pub(super) const TIME: ArgumentDefinition =
    required("time", ColumnRole::Period, "the period, a whole number");
pub(super) const COHORT: ArgumentDefinition = required(
    "cohort",
    ColumnRole::Cohort,
    "period of first exposure; NULL = never exposed",
);

/// Arguments of group-time effects.
pub(super) const PANEL_ARGUMENTS: &[ArgumentDefinition] = &[
    OUTCOME,
    OUTCOMES,
    optional(
        "unit",
        ArgumentKind::Column(ColumnRole::Label),
        "the person; needed unless panel => false",
    ),
    TIME,
    COHORT,
    BY,
    optional(
        "covariates",
        ArgumentKind::Columns(ColumnRole::Covariate),
        "what the comparison is adjusted for, e.g. [sex, age]: numbers, yes/no, or text (one indicator per \
         label but the first in order); default none",
    ),
    optional(
        "weight",
        ArgumentKind::Column(ColumnRole::Number),
        "weight of the row; default 1",
    ),
    optional(
        "cluster",
        ArgumentKind::Column(ColumnRole::Label),
        "level of assignment; default: the unit (with panel => false: the row)",
    ),
    optional(
        "control",
        ArgumentKind::Choice(&["never_treated", "not_yet_treated"]),
        "comparison group; default 'never_treated'",
    ),
    optional(
        "method",
        ArgumentKind::Choice(&["dr", "ipw", "reg"]),
        "adjustment: 'dr' doubly robust (default), 'ipw' inverse probability weighting, 'reg' outcome \
         regression; without covariates the three are the same",
    ),
    optional(
        "base_period",
        ArgumentKind::Choice(&["varying", "universal"]),
        "what a period is compared with; default 'varying'",
    ),
    optional(
        "anticipation",
        ArgumentKind::Integer,
        "periods of anticipation; default 0",
    ),
    optional(
        "panel",
        ArgumentKind::Boolean,
        "false = repeated cross-sections; default true",
    ),
    optional(
        "unbalanced",
        ArgumentKind::Choice(&["drop", "keep", "pairs"]),
        "units not seen in every period: 'drop' (default) them, 'keep' their rows as cross-sections, \
         or 'pairs': each comparison takes the units seen in both of its periods",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "bootstrap",
        ArgumentKind::Integer,
        "draws of the multiplier bootstrap (Mammen weights, by cluster) for errors and bands; default: \
         analytic errors, exact bands",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band and the bootstrap; default 20160401",
    ),
];

/// Seed of the band when a call gives none.
pub(super) const DEFAULT_SEED: u64 = 20_160_401;

/// A checked call of a relation over a panel.
#[derive(Debug, Clone)]
pub(super) struct PanelCall {
    pub(super) relation: &'static str,
    /// The outcomes, time, cohort, then the optional ones.
    pub(super) columns: Vec<InputColumn>,
    n_outcomes: usize,
    /// Whether rows say which outcome they are about.
    pub(super) names_outcome: bool,
    /// Whether rows say which level of which column they are about.
    pub(super) names_level: bool,
    pub(super) unit: Option<usize>,
    pub(super) weight: Option<usize>,
    pub(super) cluster: Option<usize>,
    pub(super) unit_effect: Option<usize>,
    pub(super) participated: Option<usize>,
    /// Of the cluster and the unit effect: whether it is the cohort, of which NULL is a value like others, the never exposed.
    pub(super) never_is_known: [bool; 2],
    /// Places of the columns whose levels are estimated apart.
    pub(super) by: Range<usize>,
    /// Places of the covariates, to the end.
    pub(super) covariates: Range<usize>,
    pub(super) layout: Layout,
    pub(super) options: AttGtOptions,
}

/// A column of the input that the call uses.
#[derive(Debug, Clone)]
pub(super) struct InputColumn {
    index: usize,
    name: String,
    pub(super) data_type: DataType,
}

impl PanelCall {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let layout = layout(bound);
        let mut indices = outcomes(bound)?;
        let n_outcomes = indices.len();
        let cohort = bound.required_column("cohort")?;
        indices.extend([bound.required_column("time")?, cohort]);
        let mut add = |column: Option<usize>| {
            indices.extend(column);
            column.map(|_| indices.len() - 1)
        };
        let unit_column = bound.optional_column("unit");
        let unit = add(unit_column);
        if unit.is_none() && layout != Layout::CrossSections {
            return Err(ArgumentProblem::Missing {
                name: "unit",
                hint: "; with `panel => false` every row is a unit of its own and it can be left out",
            });
        }
        let weight = add(bound.optional_column("weight"));
        // The unit is the default of these; but where every row is a unit of its own, the column of persons groups the rows.
        let other = |name| {
            let column = bound.optional_column(name);
            column.filter(|&column| Some(column) != unit_column)
        };
        let cluster = match layout {
            Layout::CrossSections => bound.optional_column("cluster"),
            _ => other("cluster"),
        };
        let unit_effect = other("unit_effect");
        let never_is_known = [cluster, unit_effect].map(|column| column == Some(cohort));
        let cluster = add(cluster);
        let unit_effect = add(unit_effect);
        let participated = add(bound.optional_column("participated"));
        let by = indices.len()..indices.len() + bound.columns("by").len();
        indices.extend(bound.columns("by"));
        indices.extend(bound.columns("covariates"));
        let covariates = by.end..indices.len();
        let columns = indices
            .into_iter()
            .map(|index| {
                let field = bound.input().field(index);
                InputColumn {
                    index,
                    name: field.name().clone(),
                    data_type: field.data_type().clone(),
                }
            })
            .collect();
        Ok(Self {
            relation,
            columns,
            n_outcomes,
            names_outcome: !bound.columns("outcomes").is_empty(),
            names_level: !by.is_empty(),
            unit,
            weight,
            cluster,
            unit_effect,
            participated,
            by,
            covariates,
            never_is_known,
            layout,
            options: options(bound)?,
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.index).collect()
    }

    pub(super) fn time(&self) -> usize {
        self.n_outcomes
    }

    pub(super) fn cohort(&self) -> usize {
        self.n_outcomes + 1
    }

    /// What the columns asked for are for.
    pub(super) fn roles(&self) -> Roles {
        let outcomes = 0..self.n_outcomes;
        let groups = [self.time(), self.cohort()].into_iter();
        let groups = groups.chain(self.cluster).chain(self.unit_effect);
        Roles {
            numbers: outcomes.clone().chain(self.covariates.clone()).collect(),
            outcomes: outcomes.collect(),
            unit: self.unit,
            weight: self.weight,
            groups: groups.chain(self.participated).collect(),
            apart: self.by.clone().collect(),
            degree: 1,
            counts_rows: matches!(self.layout, Layout::CrossSections),
            ..Roles::default()
        }
    }

    pub(super) fn name(&self, column: usize) -> ColumnName {
        ColumnName {
            relation: self.relation,
            column: self.columns[column].name.clone(),
        }
    }

    /// Names of the outcomes, in the order of the call.
    pub(super) fn outcome_names(&self) -> impl Iterator<Item = &str> {
        let outcomes = self.columns[..self.n_outcomes].iter();
        outcomes.map(|column| column.name.as_str())
    }

    pub(super) fn n_outcomes(&self) -> usize {
        self.n_outcomes
    }

    pub(super) fn has_participation(&self) -> bool {
        self.participated.is_some()
    }
}

/// The columns of `outcome` or `outcomes`.
fn outcomes(bound: &BoundArguments) -> Result<Vec<usize>, ArgumentProblem> {
    match (bound.optional_column("outcome"), bound.columns("outcomes")) {
        (Some(outcome), []) => Ok(vec![outcome]),
        (None, outcomes @ [_, ..]) => Ok(outcomes.to_vec()),
        (None, []) => Err(ArgumentProblem::Missing {
            name: "outcome",
            hint: "; several go into a list, `outcomes => [a, b]`",
        }),
        (Some(_), _) => Err(ArgumentProblem::Invalid {
            name: "outcomes",
            message: "takes the place of `outcome`; give one of them".to_owned(),
        }),
    }
}

fn layout(bound: &BoundArguments) -> Layout {
    match (
        bound.boolean("panel", true),
        bound.text("unbalanced", "drop"),
    ) {
        (false, _) => Layout::CrossSections,
        (true, "keep") => Layout::Unbalanced,
        (true, "pairs") => Layout::Pairs,
        (true, _) => Layout::Balanced,
    }
}

fn options(bound: &BoundArguments) -> Result<AttGtOptions, ArgumentProblem> {
    let anticipation = bound.integer("anticipation").unwrap_or(0);
    let anticipation = u32::try_from(anticipation).map_err(|_| ArgumentProblem::Invalid {
        name: "anticipation",
        message: "must be 0 or more".to_owned(),
    })?;
    Ok(AttGtOptions {
        method: match bound.text("method", "dr") {
            "ipw" => Method::InverseProbability,
            "reg" => Method::OutcomeRegression,
            _ => Method::DoublyRobust,
        },
        control: match bound.text("control", "never_treated") {
            "not_yet_treated" => Control::NotYetTreated,
            _ => Control::NeverTreated,
        },
        base_period: match bound.text("base_period", "varying") {
            "universal" => BasePeriod::Universal,
            _ => BasePeriod::Varying,
        },
        anticipation,
        level: level(bound)?,
        seed: seed(bound),
        bootstrap: bootstrap(bound)?,
    })
}

fn bootstrap(bound: &BoundArguments) -> Result<Option<u32>, ArgumentProblem> {
    let Some(n_draws) = bound.integer("bootstrap") else {
        return Ok(None);
    };
    match u32::try_from(n_draws) {
        Ok(n_draws @ 100..=100_000) => Ok(Some(n_draws)),
        _ => Err(ArgumentProblem::Invalid {
            name: "bootstrap",
            message: "must lie between 100 and 100000 draws".to_owned(),
        }),
    }
}

pub(super) fn level(bound: &BoundArguments) -> Result<f64, ArgumentProblem> {
    let level = bound.number("level", 0.95);
    if level > 0.0 && level < 1.0 {
        return Ok(level);
    }
    Err(ArgumentProblem::Invalid {
        name: "level",
        message: "must lie between 0 and 1".to_owned(),
    })
}

pub(super) fn seed(bound: &BoundArguments) -> u64 {
    bound
        .integer("seed")
        .map_or(DEFAULT_SEED, i64::cast_unsigned)
}

/// The ends of the argument `window`, like `'-4..5'`; either may be left out.
pub(super) fn window(
    bound: &BoundArguments,
) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    window_of("window", bound.text("window", ".."))
}

/// The ends of an argument like `window`.
pub(super) fn window_of(
    name: &'static str,
    text: &str,
) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    let wrong = || ArgumentProblem::Invalid {
        name,
        message: "must be two event times like '-4..5', the first not after the last".to_owned(),
    };
    let end = |text: &str| match text.trim() {
        "" => Ok(None),
        number => number.parse::<i32>().map(Some).map_err(|_| wrong()),
    };
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    match (end(first)?, end(last)?) {
        (Some(first), Some(last)) if first > last => Err(wrong()),
        ends => Ok(ends),
    }
}

/// What a call returns: estimates, or what was done to get them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shows {
    Effects,
    Diagnostics,
}

#[cfg(test)]
mod tests {
    use super::window_of;

    #[test]
    fn windows_are_read_or_refused() {
        for (text, ends) in [
            ("-4..5", (Some(-4), Some(5))),
            (" -3 .. -3 ", (Some(-3), Some(-3))),
            ("..2", (None, Some(2))),
            ("0..", (Some(0), None)),
            ("..", (None, None)),
        ] {
            assert_eq!(window_of("window", text), Ok(ends), "{text}");
        }
        for text in ["", "3", "5..4", "a..b", "1..2..3", "0.5..2"] {
            assert!(window_of("window", text).is_err(), "{text}");
        }
    }
}
