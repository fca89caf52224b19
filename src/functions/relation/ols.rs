//! `ols`: (weighted) least squares with absorbed fixed effects and instruments, from a formula. What it shares with
//! `ols_diagnostics` (arguments, gathering) is here too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::labels::{LabelColumn, LabelLevels};
use super::numbers::push_numbers;
use super::ols_columns::{InputColumn, input_columns};
use super::relation_error::{ColumnName, RelationError};
use super::result::{counts, numbers, texts};
use super::roles::Roles;
use super::shared_arguments::{level, seed};
use korabo_estimators::regression::formula::{self, AtomKind, Formula, Term};
use korabo_estimators::regression::{
    Coefficient, Column, JointHypothesis, OlsOptions, Reference, RegressionData, Singletons,
    SmallSample, Vcov, Wild, WildNull, WildTest, WildWeights, ols,
};
use korabo_estimators::{EstimatorError, Status};

pub(super) const OLS: RelationDefinition = RelationDefinition {
    name: "ols",
    usage: "ols(input, 'y ~ x1 + i(f, ref) | fixed_effect | endogenous ~ instrument', \
            weight => column, vcov => 'hc1')",
    description: "Linear regression with weights, absorbed fixed effects, instruments and robust or \
                  clustered errors.",
    example: "SELECT * FROM ols(panel_person_year, 'yen_total ~ age + sex | fiscal_year', \
              vcov => 'cluster(cluster_worksite_id)')",
    arguments: OLS_ARGUMENTS,
    positional: Some("formula"),
    prepare: |bound| {
        Ok(Arc::new(Ols {
            call: OlsCall::try_new("ols", bound)?,
        }))
    },
};

/// Arguments of `ols` and `ols_diagnostics`.
pub(super) const OLS_ARGUMENTS: &[ArgumentDefinition] = &[
    ArgumentDefinition {
        name: "formula",
        kind: ArgumentKind::Text,
        required: true,
        description: "outcome ~ regressors | fixed effects | endogenous ~ instruments",
    },
    optional(
        "weight",
        ArgumentKind::Column(ColumnRole::Number),
        "analytic weight of the row; default 1",
    ),
    optional(
        "vcov",
        ArgumentKind::Text,
        "'iid', 'hc0', 'hc1' (default), 'hc2', 'hc3', 'hc4', 'cluster(a)', 'cluster(a, b)'; for few clusters 'cr2(a)' \
         (Bell-McCaffrey) and 'cr3(a)' (jackknife)",
    ),
    optional(
        "ssc",
        ArgumentKind::Text,
        "small-sample factors, as in 'adj=false, cluster_adj=false, fixef_k=full, \
         cluster_df=conventional, t_df=conventional'; default: those of fixest",
    ),
    optional(
        "singletons",
        ArgumentKind::Choice(&["keep", "drop"]),
        "rows alone in a level of a fixed effect: 'keep' (default) or 'drop' them, repeatedly",
    ),
    optional(
        "reference",
        ArgumentKind::Choice(&["t", "normal", "satterthwaite"]),
        "distribution of p-values and intervals: 't' (default), 'normal', or with 'cr3(a)' 'satterthwaite': t with degrees of \
         freedom of its own for each coefficient, as 'cr2(a)' always has",
    ),
    optional(
        "level",
        ArgumentKind::Number,
        "confidence level; default 0.95",
    ),
    optional(
        "seed",
        ArgumentKind::Integer,
        "seed of the simultaneous band and the bootstrap; default 20160401",
    ),
    optional(
        "wild",
        ArgumentKind::Integer,
        "draws of the wild cluster bootstrap, 100 to 100000, like 9999; needs 'cluster(a)', 'cr2(a)' or 'cr3(a)'; rows get \
         the columns `p_value_wild`, `conf_low_wild` and `conf_high_wild`",
    ),
    optional(
        "wild_weights",
        ArgumentKind::Choice(&["rademacher", "webb"]),
        "'rademacher' (default) or 'webb', for fewer than eight clusters or so",
    ),
    optional(
        "wild_null",
        ArgumentKind::Choice(&["imposed", "not_imposed"]),
        "residuals of the fit with a coefficient of zero 'imposed' (default), or 'not_imposed'",
    ),
];

/// The checked arguments.
#[derive(Debug, Clone)]
pub(super) struct OlsCall {
    relation: &'static str,
    pub(super) formula: Formula,
    pub(super) options: OlsOptions,
    /// Tested by `ols_diagnostics`.
    pub(super) hypotheses: Vec<JointHypothesis>,
    inputs: Vec<InputColumn>,
    weight: Option<InputColumn>,
}

impl OlsCall {
    pub(super) fn try_new(
        relation: &'static str,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let formula = formula::parse(bound.text("formula", "")).map_err(|error| {
            ArgumentProblem::Formula {
                message: error.to_string(),
            }
        })?;
        let invalid = |name, message| ArgumentProblem::Invalid { name, message };
        let vcov = Vcov::parse(bound.text("vcov", "hc1"))
            .map_err(|error| invalid("vcov", error.to_string()))?;
        let small_sample = SmallSample::parse(bound.text("ssc", ""))
            .map_err(|error| invalid("ssc", error.to_string()))?;
        let options = OlsOptions {
            small_sample,
            singletons: match bound.text("singletons", "keep") {
                "drop" => Singletons::DropAll,
                _ => Singletons::Keep,
            },
            reference: match bound.text("reference", "t") {
                "normal" => Reference::Normal,
                "satterthwaite" if vcov.is_for_few() => Reference::Satterthwaite,
                "satterthwaite" => {
                    let message = "'satterthwaite' needs `vcov => 'cr2(a)'` or `'cr3(a)'`";
                    return Err(invalid("reference", message.to_owned()));
                }
                _ => Reference::StudentT,
            },
            level: level(bound)?,
            seed: seed(bound),
            wild: wild(bound, &vcov, &formula)?,
            vcov,
        };
        Ok(Self {
            relation,
            inputs: input_columns(&formula, &options.vcov, bound)?,
            formula,
            options,
            hypotheses: Vec::new(),
            weight: bound.optional_column("weight").map(|index| InputColumn {
                name: bound.input().field(index).name().clone(),
                index,
                as_labels: false,
            }),
        })
    }

    pub(super) fn input_columns(&self) -> Vec<usize> {
        let columns = self.inputs.iter().chain(&self.weight);
        columns.map(|input| input.index).collect()
    }

    /// What the input's columns are for. Fixed effects and clusters have no coefficients.
    fn roles(&self) -> Roles {
        let place = |name: &str| self.inputs.iter().position(|input| input.name == name);
        let formula = &self.formula;
        let terms = formula.terms.iter();
        let terms = terms.chain(&formula.endogenous).chain(&formula.instruments);
        let columns = |term: &Term| -> Vec<usize> {
            let names = term.atoms.iter().map(|atom| atom.column.as_str());
            names.filter_map(place).collect()
        };
        let terms: Vec<Vec<usize>> = terms.map(columns).collect();
        let absorbed = formula
            .fixed_effects
            .iter()
            .flat_map(|effect| &effect.columns);
        let absorbed = absorbed.filter_map(|(column, _)| place(column));
        let outcome = place(&formula.outcome.column);
        let used = outcome.iter().chain(terms.iter().flatten()).copied();
        let used: BTreeSet<usize> = used.collect();
        let groups = (0..self.inputs.len()).filter(|column| !used.contains(column));
        let groups = groups.collect();
        let (degree, is_steep) = degree(formula);
        let is_labels = |&column: &usize| self.inputs[column].as_labels;
        let (labels, numbers) = used.into_iter().partition(is_labels);
        Roles {
            numbers,
            outcomes: outcome.into_iter().collect(),
            weight: self.weight.as_ref().map(|_| self.inputs.len()),
            is_steep,
            degree,
            terms,
            labels,
            groups,
            absorbed: absorbed.collect(),
            ..Roles::default()
        }
    }

    /// Starts gathering rows; `estimate` turns them into the result.
    pub(super) fn gather(
        &self,
        estimate: fn(&Self, &RegressionData) -> Result<RecordBatch, RelationError>,
    ) -> Box<dyn Gather> {
        let gathered = |input: &InputColumn| {
            let name = ColumnName {
                relation: self.relation,
                column: input.name.clone(),
            };
            if input.as_labels {
                GatheredColumn::Labels(LabelColumn::new(name))
            } else {
                GatheredColumn::Numbers(name, Vec::new())
            }
        };
        Box::new(OlsGather {
            columns: self.inputs.iter().map(gathered).collect(),
            weight: self.weight.as_ref().map(|_| Vec::new()),
            call: self.clone(),
            estimate,
        })
    }
}

/// The wild cluster bootstrap, where it is asked for.
fn wild(
    bound: &BoundArguments,
    vcov: &Vcov,
    formula: &Formula,
) -> Result<Option<Wild>, ArgumentProblem> {
    let invalid = |name, message: &str| {
        let message = message.to_owned();
        Err(ArgumentProblem::Invalid { name, message })
    };
    let Some(n_draws) = bound.integer("wild") else {
        let given = ["wild_weights", "wild_null"]
            .into_iter()
            .find(|name| bound.has(name));
        return given.map_or(Ok(None), |name| {
            invalid(name, "goes with `wild => 9999`, the draws of the bootstrap")
        });
    };
    let n_draws = match u32::try_from(n_draws) {
        Ok(n_draws @ 100..=100_000) => n_draws,
        _ => return invalid("wild", "must lie between 100 and 100000 draws"),
    };
    if vcov.columns().len() != 1 {
        return invalid(
            "wild",
            "needs clusters by one column: `vcov => 'cluster(a)'`, `'cr2(a)'` or `'cr3(a)'`",
        );
    }
    if formula.has_instruments() {
        return invalid("wild", "does not exist with instruments");
    }
    Ok(Some(Wild {
        n_draws,
        weights: match bound.text("wild_weights", "rademacher") {
            "webb" => WildWeights::Webb,
            _ => WildWeights::Rademacher,
        },
        null: match bound.text("wild_null", "imposed") {
            "not_imposed" => WildNull::NotImposed,
            _ => WildNull::Imposed,
        },
    }))
}

/// Largest power of a column that does not follow single rows.
const LARGEST_POWER: u32 = 2;
/// How often a column can stand in the terms of a formula that has powers.
const MOST_TIMES: u32 = 3;

/// The highest power of a column, and whether its powers could follow single rows.
fn degree(formula: &Formula) -> (u32, bool) {
    let terms = formula
        .terms
        .iter()
        .chain(&formula.endogenous)
        .chain(&formula.instruments);
    let (mut highest, mut is_curved) = (1, false);
    // A column in products with others is there several times, too.
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for atom in terms.flat_map(|term| &term.atoms).chain([&formula.outcome]) {
        let degree = match &atom.kind {
            AtomKind::Exp => return (highest, true),
            AtomKind::Power(power) if *power < 0.0 => return (highest, true),
            AtomKind::Power(power) => power.ceil() as u32,
            AtomKind::Poly { degree, .. } => *degree,
            _ => 1,
        };
        highest = highest.max(degree);
        if !std::ptr::eq(atom, &formula.outcome) {
            is_curved |= matches!(
                atom.kind,
                AtomKind::Poly { .. } | AtomKind::Power(_) | AtomKind::Log
            );
            let is_poly = matches!(atom.kind, AtomKind::Poly { .. });
            *times.entry(&atom.column).or_default() += if is_poly { degree } else { 1 };
        }
    }
    let is_repeated = is_curved && times.values().any(|&times| times > MOST_TIMES);
    (highest, highest > LARGEST_POWER || is_repeated)
}

#[derive(Debug)]
struct Ols {
    call: OlsCall,
}

/// Columns of the wild cluster bootstrap, after all others.
const WILD_COLUMNS: [&str; 3] = ["p_value_wild", "conf_low_wild", "conf_high_wild"];

fn schema(call: &OlsCall) -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, true);
    let mut fields = vec![
        Field::new("term", DataType::Utf8, false),
        number("estimate"),
        number("std_error"),
        number("statistic"),
        number("p_value"),
        number("conf_low"),
        number("conf_high"),
        number("band_low"),
        number("band_high"),
        Field::new("n_obs", DataType::Int64, true),
        number("df"),
        Field::new("status", DataType::Utf8, false),
    ];
    if call.options.wild.is_some() {
        fields.extend(WILD_COLUMNS.map(number));
    }
    Arc::new(Schema::new(fields))
}

impl PreparedRelation for Ols {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn roles(&self) -> Roles {
        self.call.roles()
    }

    fn schema(&self) -> SchemaRef {
        schema(&self.call)
    }

    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        // A formula of which no column is made has no row to say so in.
        (status != Status::Collinear).then(|| without_numbers(&self.call, status, 0))
    }

    fn gather(&self) -> Box<dyn Gather> {
        self.call.gather(coefficients)
    }
}

/// A row for each term of the formula, without numbers.
fn without_numbers(
    call: &OlsCall,
    status: Status,
    n_obs: u64,
) -> Result<RecordBatch, RelationError> {
    let terms = call.formula.term_names();
    let unknown = || numbers(terms.iter().map(|_| f64::NAN));
    let mut columns = vec![texts(terms.iter().map(String::as_str))];
    columns.extend((0..8).map(|_| unknown()));
    columns.push(counts(terms.iter().map(|_| n_obs)));
    columns.push(unknown());
    columns.push(texts(terms.iter().map(|_| status.as_str())));
    if call.options.wild.is_some() {
        columns.extend(WILD_COLUMNS.map(|_| unknown()));
    }
    RecordBatch::try_new(schema(call), columns).map_err(|source| RelationError::Rows {
        relation: call.relation,
        source,
    })
}

fn coefficients(call: &OlsCall, data: &RegressionData) -> Result<RecordBatch, RelationError> {
    let result = ols(&call.formula, data, &call.options);
    if let Err(EstimatorError::NoDegreesOfFreedom { n_obs, .. }) = result {
        return without_numbers(call, Status::NotIdentified, n_obs);
    }
    let result = result.map_err(|source| RelationError::Refused {
        relation: call.relation,
        source,
    })?;
    let rows = &result.rows;
    let number = |of: fn(&Coefficient) -> f64| numbers(rows.iter().map(of));
    let mut columns = vec![
        texts(rows.iter().map(|row| row.term.as_str())),
        number(|row| row.estimate),
        number(|row| row.std_error),
        number(|row| row.statistic),
        number(|row| row.p_value),
        number(|row| row.conf_low),
        number(|row| row.conf_high),
        number(|row| row.band_low),
        number(|row| row.band_high),
        counts(rows.iter().map(|_| result.n_obs)),
        number(|row| row.df),
        texts(rows.iter().map(|row| row.status.as_str())),
    ];
    if call.options.wild.is_some() {
        let wild = |of: fn(&WildTest) -> f64| {
            let tests = rows.iter().map(|row| row.wild.as_ref());
            numbers(tests.map(|test| test.map_or(f64::NAN, of)))
        };
        columns.push(wild(|test| test.p_value));
        columns.push(wild(|test| test.conf_low));
        columns.push(wild(|test| test.conf_high));
    }
    RecordBatch::try_new(schema(call), columns).map_err(|source| RelationError::Rows {
        relation: call.relation,
        source,
    })
}

enum GatheredColumn {
    Numbers(ColumnName, Vec<f64>),
    Labels(LabelColumn),
}

/// The flat columns of a regression while they are gathered.
struct OlsGather {
    call: OlsCall,
    columns: Vec<GatheredColumn>,
    weight: Option<Vec<f64>>,
    estimate: fn(&OlsCall, &RegressionData) -> Result<RecordBatch, RelationError>,
}

impl Gather for OlsGather {
    fn reserve(&mut self, n_rows: usize) {
        for column in &mut self.columns {
            match column {
                GatheredColumn::Numbers(_, values) => values.reserve(n_rows),
                GatheredColumn::Labels(labels) => labels.reserve(n_rows),
            }
        }
        if let Some(weight) = &mut self.weight {
            weight.reserve(n_rows);
        }
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError> {
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            match column {
                GatheredColumn::Numbers(name, values) => push_numbers(name, array, values)?,
                GatheredColumn::Labels(labels) => labels.push(array)?,
            }
        }
        if let (Some(weight), Some(column)) = (&mut self.weight, &self.call.weight) {
            let name = ColumnName {
                relation: self.call.relation,
                column: column.name.clone(),
            };
            push_numbers(&name, &batch.columns()[self.columns.len()], weight)?;
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let columns: usize = self
            .columns
            .iter()
            .map(|column| match column {
                GatheredColumn::Numbers(_, values) => values.len() * size_of::<f64>(),
                GatheredColumn::Labels(labels) => labels.bytes(),
            })
            .sum();
        columns
            + self
                .weight
                .as_ref()
                .map_or(0, |weight| weight.len() * size_of::<f64>())
    }

    /// Measured with two million rows: up to 4 times what was gathered, for a copy of what the formula uses, residuals and the order of rows.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(4)
    }

    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError> {
        let mut columns = BTreeMap::new();
        for column in self.columns {
            let (name, column) = match column {
                GatheredColumn::Numbers(name, values) => (name.column, Column::Numeric(values)),
                GatheredColumn::Labels(labels) => {
                    let name = labels.column_name().to_owned();
                    let column = match labels.into_codes() {
                        (codes, LabelLevels::Integers(values)) => Column::Integer { codes, values },
                        (codes, LabelLevels::Texts(labels)) => {
                            Column::Categorical { codes, labels }
                        }
                    };
                    (name, column)
                }
            };
            columns.insert(name, column);
        }
        let data = RegressionData {
            columns,
            weight: self.weight,
        };
        (self.estimate)(&self.call, &data)
    }
}
