//! What relations over a panel have in common: arguments, the columns they name, and gathering the rows.

use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;

use super::args::{ArgumentDefinition, ArgumentKind, BoundArguments};
use super::argument_error::ArgumentProblem;
use super::cohorts::refuse_cohorts_of_zero;
use super::column_role::ColumnRole;
use super::gather::{
    ColumnName, LabelColumn, MISSING_CODE, ValueColumn, push_cohorts, push_numbers, push_times,
};
use super::{RelationError, Roles};
use crate::estimators::did::{AttGtOptions, AttGtResult, BasePeriod, Control, Method, att_gt};
use crate::estimators::panel::{Layout, Panel, PanelColumns, PanelOptions};

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

pub(super) const OUTCOME: ArgumentDefinition = required(
    "outcome",
    ColumnRole::Number,
    "what is measured: a number or a yes/no",
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
    optional(
        "unit",
        ArgumentKind::Column(ColumnRole::Label),
        "the person; needed unless panel => false",
    ),
    TIME,
    COHORT,
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
    /// Outcome, time, cohort, then the optional ones below.
    columns: Vec<InputColumn>,
    unit: Option<usize>,
    weight: Option<usize>,
    cluster: Option<usize>,
    unit_effect: Option<usize>,
    /// Of the cluster and the unit effect: whether it is the cohort, of which NULL is a value like others, the never exposed.
    never_is_known: [bool; 2],
    /// First of the covariates among the columns.
    covariates: usize,
    pub(super) layout: Layout,
    pub(super) options: AttGtOptions,
}

/// A column of the input that the call uses.
#[derive(Debug, Clone)]
struct InputColumn {
    index: usize,
    name: String,
    data_type: DataType,
}

const OUTCOME_COLUMN: usize = 0;
const TIME_COLUMN: usize = 1;
const COHORT_COLUMN: usize = 2;

impl PanelCall {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let layout = layout(bound);
        let mut indices = ["outcome", "time", "cohort"]
            .into_iter()
            .map(|name| bound.required_column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let cohort = indices[2];
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
        let covariates = indices.len();
        indices.extend(bound.columns("covariates"));
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
            unit,
            weight,
            cluster,
            unit_effect,
            covariates,
            never_is_known,
            layout,
            options: options(bound)?,
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.index).collect()
    }

    /// What the columns asked for are for.
    pub(super) fn roles(&self) -> Roles {
        let covariates = self.covariates..self.columns.len();
        Roles {
            numbers: [OUTCOME_COLUMN].into_iter().chain(covariates).collect(),
            outcome: Some(OUTCOME_COLUMN),
            unit: self.unit,
            weight: self.weight,
            groups: [TIME_COLUMN, COHORT_COLUMN]
                .into_iter()
                .chain(self.cluster)
                .chain(self.unit_effect)
                .collect(),
            degree: 1,
            counts_rows: matches!(self.layout, Layout::CrossSections),
            ..Roles::default()
        }
    }

    fn name(&self, column: usize) -> ColumnName {
        ColumnName {
            relation: self.relation,
            column: self.columns[column].name.clone(),
        }
    }

    pub(super) fn gather(&self) -> PanelGather {
        let labels = |column: usize| LabelColumn::new(self.name(column));
        PanelGather {
            outcome: Vec::new(),
            unit: self.unit.map(labels),
            time: Vec::new(),
            cohort: Vec::new(),
            weight: self.weight.map(|_| Vec::new()),
            cluster: self.cluster.map(labels),
            unit_effect: self.unit_effect.map(labels),
            covariates: (self.covariates..self.columns.len())
                .map(|column| ValueColumn::new(self.name(column), &self.columns[column].data_type))
                .collect(),
            call: self.clone(),
        }
    }
}

/// Makes what is missing a code of its own, after all others.
fn code_missing(codes: &mut [u32]) {
    let known = codes.iter().filter(|&&code| code != MISSING_CODE).max();
    let next = known.map_or(0, |&last| last + 1);
    for code in codes.iter_mut().filter(|code| **code == MISSING_CODE) {
        *code = next;
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
    window_ends(bound.text("window", ".."))
}

fn window_ends(text: &str) -> Result<(Option<i32>, Option<i32>), ArgumentProblem> {
    let wrong = || ArgumentProblem::Invalid {
        name: "window",
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

/// The flat columns of a panel while they come in.
pub(super) struct PanelGather {
    call: PanelCall,
    outcome: Vec<f64>,
    unit: Option<LabelColumn>,
    time: Vec<i32>,
    cohort: Vec<i32>,
    weight: Option<Vec<f64>>,
    cluster: Option<LabelColumn>,
    unit_effect: Option<LabelColumn>,
    covariates: Vec<ValueColumn>,
}

impl PanelGather {
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        let call = &self.call;
        let array = |column: usize| batch.column(column);
        let (outcome, time, cohort) = (OUTCOME_COLUMN, TIME_COLUMN, COHORT_COLUMN);
        push_numbers(&call.name(outcome), array(outcome), &mut self.outcome)?;
        push_times(
            &call.name(time),
            array(time),
            &mut self.outcome,
            &mut self.time,
        )?;
        push_cohorts(&call.name(cohort), array(cohort), &mut self.cohort)?;
        if let (Some(weight), Some(column)) = (&mut self.weight, call.weight) {
            push_numbers(&call.name(column), array(column), weight)?;
        }
        for (labels, column) in [
            (&mut self.unit, call.unit),
            (&mut self.cluster, call.cluster),
            (&mut self.unit_effect, call.unit_effect),
        ] {
            if let (Some(labels), Some(column)) = (labels, column) {
                labels.push(array(column))?;
            }
        }
        for (covariate, column) in self.covariates.iter_mut().zip(call.covariates..) {
            covariate.push(array(column))?;
        }
        Ok(())
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        self.outcome.reserve(n_rows);
        self.time.reserve(n_rows);
        self.cohort.reserve(n_rows);
        if let Some(weight) = &mut self.weight {
            weight.reserve(n_rows);
        }
        let labels = self.unit.iter_mut().chain(&mut self.cluster);
        for labels in labels.chain(&mut self.unit_effect) {
            labels.reserve(n_rows);
        }
        for covariate in &mut self.covariates {
            covariate.reserve(n_rows);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let weight = self.weight.as_ref().map_or(0, Vec::len);
        let labels = self.unit.iter().chain(&self.cluster);
        let labels = labels.chain(&self.unit_effect);
        let covariates = self.covariates.iter().map(ValueColumn::bytes);
        (self.outcome.len() + weight) * size_of::<f64>()
            + (self.time.len() + self.cohort.len()) * size_of::<i32>()
            + labels.map(LabelColumn::bytes).sum::<usize>()
            + covariates.sum::<usize>()
    }

    pub(super) fn relation(&self) -> &'static str {
        self.call.relation
    }

    /// What came in, and the codes of the unit effect where it is not of the unit.
    pub(super) fn columns(self) -> Result<(PanelColumns, Option<Vec<u32>>), RelationError> {
        let mut outcome = self.outcome;
        let (unit, covariates) = (self.unit, self.covariates);
        let codes = |labels: LabelColumn, never_is_known: bool| {
            let mut codes = labels.into_codes().0;
            if never_is_known {
                code_missing(&mut codes);
            }
            codes
        };
        let [never_is_a_cluster, never_is_an_effect] = self.call.never_is_known;
        let (cluster, (unit, covariates)) = rayon::join(
            || {
                let cluster = self.cluster;
                cluster.map(|labels| codes(labels, never_is_a_cluster))
            },
            || {
                let covariates = covariates.into_iter().map(ValueColumn::into_covariate);
                let unit = match unit {
                    Some(unit) => unit.into_ids(&mut outcome),
                    // Cross-sections: every row is a unit of its own, whatever it is called.
                    None => vec![0; outcome.len()],
                };
                (unit, covariates.collect())
            },
        );
        debug_assert_eq!(MISSING_CODE, crate::estimators::panel::MISSING_CODE);
        let columns = PanelColumns {
            unit,
            time: self.time,
            cohort: self.cohort,
            outcome,
            weight: self.weight,
            cluster,
            covariates,
        };
        refuse_cohorts_of_zero(&self.call.name(COHORT_COLUMN), &columns)?;
        let unit_effect = self.unit_effect;
        let unit_effect = unit_effect.map(|labels| codes(labels, never_is_an_effect));
        Ok((columns, unit_effect))
    }

    /// The panel of what came in.
    pub(super) fn panel(self) -> Result<Panel, RelationError> {
        let (relation, layout) = (self.call.relation, self.call.layout);
        Panel::try_new(self.columns()?.0, PanelOptions { layout })
            .map_err(|source| RelationError::Refused { relation, source })
    }

    /// The group-time effects of what came in.
    pub(super) fn att_gt(self) -> Result<AttGtResult, RelationError> {
        let (relation, options) = (self.call.relation, self.call.options);
        att_gt(&self.panel()?, &options)
            .map_err(|source| RelationError::Refused { relation, source })
    }
}

#[cfg(test)]
mod tests {
    use super::window_ends;

    #[test]
    fn windows_are_read_or_refused() {
        for (text, ends) in [
            ("-4..5", (Some(-4), Some(5))),
            (" -3 .. -3 ", (Some(-3), Some(-3))),
            ("..2", (None, Some(2))),
            ("0..", (Some(0), None)),
            ("..", (None, None)),
        ] {
            assert_eq!(window_ends(text), Ok(ends), "{text}");
        }
        for text in ["", "3", "5..4", "a..b", "1..2..3", "0.5..2"] {
            assert!(window_ends(text).is_err(), "{text}");
        }
    }
}
