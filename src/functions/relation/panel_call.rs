//! What relations over a panel have in common: arguments and the columns they name. Their rows are gathered in `panel_rows.rs`.

use std::ops::Range;

use datafusion::arrow::datatypes::DataType;

use super::argument::{ArgumentDefinition, ArgumentKind, optional, picked};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::relation_error::ColumnName;
use super::resampling_arguments::{
    DRAWS, INFERENCE, PERMUTATIONS, STRATA, inference, permutations,
};
use super::roles::Roles;
use super::shared_arguments::{BY, COHORT, OUTCOME, OUTCOMES, TIME, level, seed};
use korabo_estimators::group_time::{AttGtOptions, BasePeriod, Control, Method};
use korabo_estimators::panel::Layout;

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
    INFERENCE,
    DRAWS,
    PERMUTATIONS,
    STRATA,
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band, the bootstrap and the permutations; default 20160401",
    ),
];

/// An argument that group-time effects take as well; another name does not compile.
pub(super) const fn panel_argument(name: &str) -> ArgumentDefinition {
    let [argument] = picked(PANEL_ARGUMENTS, [name]);
    argument
}

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
    /// Whether the names of the clusters are needed.
    pub(super) names_clusters: bool,
    /// Permutations of a randomisation test.
    pub(super) permutations: Option<u32>,
    /// Places of the columns within whose combinations these are made.
    pub(super) strata: Range<usize>,
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
        Self::clustered_by("cluster", relation, bound)
    }

    /// A call whose clusters another argument names.
    pub(super) fn clustered_by(
        argument: &'static str,
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
            Layout::CrossSections => bound.optional_column(argument),
            _ => other(argument),
        };
        let unit_effect = other("unit_effect");
        let never_is_known = [cluster, unit_effect].map(|column| column == Some(cohort));
        let cluster = add(cluster);
        let unit_effect = add(unit_effect);
        let participated = add(bound.optional_column("participated"));
        let strata = indices.len()..indices.len() + bound.columns("strata").len();
        indices.extend(bound.columns("strata"));
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
            names_clusters: false,
            permutations: permutations(bound)?,
            strata,
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
            groups: groups
                .chain(self.participated)
                .chain(self.strata.clone())
                .collect(),
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
        inference: inference(bound)?,
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

/// What a call returns: estimates, or what was done to get them.
#[derive(Debug, Clone, Copy)]
pub(super) enum ResultKind {
    Effects,
    Diagnostics,
}

impl ResultKind {
    pub(super) fn is_effects(self) -> bool {
        matches!(self, Self::Effects)
    }
}
