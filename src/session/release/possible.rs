//! Conditions that rows could meet together, whether or not any does. That no row does can be as telling as that few do:
//! `count(*) FILTER (WHERE NOT (age = 53 AND sex = 1 AND weight_kg > 60))` is the count of all just when the one person of that
//! age and sex weighs less. For conditions that ask about several columns, and can so single out a person, sets of conditions that
//! no row meets are therefore judged like those that few meet. Which sets there could be is found by computing the conditions
//! on made-up rows: every column has the values it is compared with, others beside and between them, and none, as far as rows have such
//! values at all.

use std::collections::{BTreeSet, HashSet};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::Expr;

use super::answers::{collect, numbered};
use super::comparisons::{Comparisons, MOST_ROWS};
use super::error::ReleaseError;
use super::lineage::Rows;
use super::measures::Measures;
use super::numbers::Number;
use super::origins::Origins;
use super::questions::Questions;
use super::span::Atom;
use super::systems::System;
use crate::disclosure::{CellCounts, GroupedCounts};

/// Sets of conditions that a person could meet with several rows, at most.
const MOST_TOGETHER: usize = 2_000;

/// The conditions and values that could be met together.
pub(super) struct PossibleConditions {
    /// The measures over made-up rows.
    pub(super) measures: Measures,
    /// Conditions and numbers that ask about several columns.
    conditions: Vec<bool>,
    numbers: Vec<bool>,
}

impl PossibleConditions {
    /// `None` where every condition is about one column, unless single persons can be among the rows by choice (`is_chosen`): then
    /// every condition asks about them, and about its own column.
    ///
    /// # Errors
    /// When the conditions compare with too many values.
    pub(super) async fn of(
        state: &SessionState,
        rows: &Rows,
        questions: &Questions<'_>,
        is_chosen: bool,
    ) -> Result<Option<Self>, ReleaseError> {
        let mut origins = Origins::default();
        let questions = questions.with(|expression| origins.written_out(expression, &rows.plan))?;
        let of_condition = |condition: usize| {
            let mut comparisons = Comparisons::default();
            comparisons.add_parts(&questions.parts[condition], &origins);
            comparisons
        };
        let of_number = |number: &Number| {
            let mut comparisons = number
                .condition
                .map_or_else(Comparisons::default, of_condition);
            comparisons.add_value(&number.of, &origins);
            comparisons
        };
        let most = usize::from(!is_chosen);
        let is_compound =
            |comparisons: Comparisons| comparisons.columns_asked(&origins).len() > most;
        let numbers = questions.numbers.iter();
        let numbers: Vec<bool> = numbers
            .map(|number| is_chosen || is_compound(of_number(number)))
            .collect();
        let conditions = 0..questions.conditions.len();
        let conditions = conditions.map(|condition| is_compound(of_condition(condition)));
        let mut conditions: Vec<bool> = conditions.collect();
        for &(condition, number) in &questions.not_zero {
            conditions[condition] = numbers[number];
        }
        if !conditions.iter().chain(&numbers).any(|&compound| compound) {
            return Ok(None);
        }
        let mut comparisons = Comparisons::default();
        for parts in &questions.parts {
            comparisons.add_parts(parts, &origins);
        }
        for number in &questions.numbers {
            comparisons.add_value(&number.of, &origins);
        }
        let made_up = comparisons.made_up(state, &origins).await?;
        let questions = questions.with(|expression| comparisons.with_leaves(expression))?;
        Ok(Some(Self {
            measures: Measures::new(made_up, &[], None, &questions)?,
            conditions,
            numbers,
        }))
    }

    /// Whether a number asks about several columns.
    pub(super) fn is_compound_number(&self, number: usize) -> bool {
        self.numbers[number]
    }

    /// Whether a condition asks about several columns.
    pub(super) fn is_compound(&self, condition: usize) -> bool {
        self.conditions[condition]
    }

    /// Which conditions and values of a system ask about several columns.
    fn is_open(&self, system: &System) -> Vec<bool> {
        let conditions = system.conditions().into_iter();
        let conditions = conditions.map(|idx| self.conditions[idx]);
        let values = system.values().into_iter().map(|idx| self.numbers[idx]);
        conditions.chain(values).collect()
    }

    /// Whether a condition or a value of a system asks about several columns.
    pub(super) fn has_compound(&self, system: &System) -> bool {
        self.is_open(system).contains(&true)
    }

    /// What could be met of a system, by one row or by a person's rows, from what one row could (`told`).
    ///
    /// # Errors
    /// When that is too much.
    pub(super) fn met_together(
        &self,
        system: &System,
        told: Vec<Vec<f64>>,
    ) -> Result<Vec<Vec<f64>>, ReleaseError> {
        match system.is_of_persons() {
            true => of_several_rows(told),
            false => Ok(told),
        }
    }

    /// Adds what no row of a group meets, of what could be met (`told`), to what its rows do meet. Conditions about one column
    /// are met as rows of the group meet them.
    pub(super) fn add_absent(&self, system: &System, told: &[Vec<f64>], atoms: &mut Vec<Atom>) {
        let conditions = system.conditions();
        let is_open = self.is_open(system);
        let n_conditions = conditions.len();
        let mut known: HashSet<Vec<u64>> = atoms.iter().map(|atom| bits(&atom.told)).collect();
        let mut absent = Vec::new();
        for atom in atoms.iter() {
            for told in told {
                let places = || is_open.iter().zip(told.iter().zip(&atom.told)).enumerate();
                let mut closed = places().filter(|(_, (open, _))| !**open);
                // A number on one column keeps the value of the group's rows and need not agree.
                if !closed.all(|(place, (_, (a, b)))| place >= n_conditions || a == b) {
                    continue;
                }
                let together = places().map(|(_, (&open, (&could, &does)))| match open {
                    true => could,
                    false => does,
                });
                let told: Vec<f64> = together.collect();
                if known.insert(bits(&told)) {
                    absent.push(Atom {
                        told,
                        n_values: atom.n_values,
                        persons: 0,
                    });
                }
            }
        }
        atoms.extend(absent);
    }
}

/// What a statement asks of the rows that it is about.
pub(super) struct Restriction {
    /// Its conditions ask about several columns: there may be one person left.
    pub(super) is_of_several: bool,
    /// One of them does so by itself: which rows are left out may depend on one person.
    pub(super) is_compound: bool,
}

impl Restriction {
    /// Of the filters and joins below a grouping.
    ///
    /// # Errors
    /// Those of the engine.
    pub(super) fn of(rows: &Rows) -> Result<Self, DataFusionError> {
        let mut restriction = Self {
            is_of_several: false,
            is_compound: false,
        };
        let mut all = BTreeSet::new();
        restriction.add(&rows.plan, &mut all)?;
        restriction.is_of_several = all.len() > 1;
        Ok(restriction)
    }

    /// Adds the conditions of a plan, and the columns they ask about.
    fn add(
        &mut self,
        plan: &LogicalPlan,
        all: &mut BTreeSet<String>,
    ) -> Result<(), DataFusionError> {
        let mut origins = Origins::default();
        for condition in origins.filters(plan)? {
            // A person among others meets the conditions of the others one by one.
            if let Expr::InSubquery(among) = &condition
                && !among.negated
            {
                self.add(&among.subquery.subquery, all)?;
                continue;
            }
            let mut comparisons = Comparisons::default();
            comparisons.add(&condition, &origins);
            let columns = comparisons.columns_asked(&origins);
            let named = columns.iter().map(|column| match origins.of(column) {
                Some((_, origin)) => format!("{} {}", origin.step, origin.column),
                None => column.flat_name(),
            });
            let mut columns: BTreeSet<String> = named.collect();
            condition.apply(|part| {
                if let Expr::InSubquery(among) = part {
                    self.add(&among.subquery.subquery, &mut columns)?;
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
            self.is_compound |= columns.len() > 1;
            all.extend(columns);
        }
        Ok(())
    }
}

/// Keys computed from several columns, and the values that rows could have of them.
pub(super) struct PossibleKeys {
    /// Which of the keys.
    places: Vec<usize>,
    /// A column for each, a row for each set of values; `None` where they may have any.
    values: Option<RecordBatch>,
}

impl PossibleKeys {
    /// Keys of which rows could have any value: single persons may have been chosen.
    pub(super) fn any(n_keys: usize) -> Self {
        Self {
            places: (0..n_keys).collect(),
            values: None,
        }
    }

    /// `None` where every key asks about one column.
    ///
    /// # Errors
    /// When the keys compare with too many values.
    pub(super) async fn of(
        state: &SessionState,
        rows: &Rows,
        keys: &[Expr],
    ) -> Result<Option<Self>, ReleaseError> {
        let mut origins = Origins::default();
        let keys = keys.iter();
        let keys = keys.map(|key| origins.written_out(key, &rows.plan));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut comparisons: Vec<Comparisons> = Vec::new();
        for key in &keys {
            let mut of_key = Comparisons::default();
            of_key.add(key, &origins);
            comparisons.push(of_key);
        }
        let n_columns = |key: &usize| comparisons[*key].columns_asked(&origins).len();
        let is_conditional = |key: &usize| match &keys[*key] {
            Expr::Column(_) => n_columns(key) > 1,
            _ => n_columns(key) > 0,
        };
        let places: Vec<usize> = (0..keys.len()).filter(is_conditional).collect();
        let compound = places.iter().filter(|key| n_columns(key) > 1);
        let compound: Vec<usize> = compound.copied().collect();
        if compound.is_empty() && places.len() < 2 {
            return Ok(None);
        }
        // Which values an inner grouping could give is not known, nor which a computation could.
        let is_unknown = |key: &usize| match &keys[*key] {
            Expr::Column(column) => origins.data_type(column) != Some(&DataType::Boolean),
            _ => !comparisons[*key].opaque.is_empty(),
        };
        if compound.iter().any(is_unknown) {
            let what = "a key that is computed under conditions on several columns";
            return Err(ReleaseError::Expression {
                what: what.to_owned(),
            });
        }
        let mut comparisons = Comparisons::default();
        for &key in &places {
            comparisons.add(&keys[key], &origins);
        }
        let made_up = comparisons.made_up(state, &origins).await?;
        let computed = places.iter().map(|&key| {
            let computed = comparisons.with_leaves(&keys[key])?.unalias();
            Ok(computed.alias(format!("k{key}")))
        });
        let computed = computed.collect::<Result<Vec<_>, DataFusionError>>()?;
        let plan = LogicalPlanBuilder::from(made_up).project(computed)?;
        let values = collect(state, plan.distinct()?.build()?, MOST_ROWS).await?;
        let values = Some(values);
        Ok(Some(Self { places, values }))
    }

    /// Adds groups without persons, as if each had one, to the groups of a table with these keys.
    ///
    /// # Errors
    /// When there are more than `most`.
    pub(super) fn add_absent(
        &self,
        keys: &[ArrayRef],
        counts: &mut GroupedCounts,
        most: usize,
    ) -> Result<(), ReleaseError> {
        let n_groups = counts.units.len();
        // For every such key, the numbers of the values that it has or could have.
        let mut values = Vec::new();
        for (idx, &place) in self.places.iter().enumerate() {
            if let Some(possible) = &self.values {
                let column = cast(possible.column(idx), keys[place].data_type());
                let column = column.map_err(DataFusionError::from)?;
                let both = concat(&[keys[place].as_ref(), column.as_ref()]);
                counts.keys[place] = numbered(&both.map_err(DataFusionError::from)?)?;
            }
            let mut all: BTreeSet<usize> = counts.keys[place].iter().copied().collect();
            // One more number stands for any value that no group has.
            if self.values.is_none() {
                all.extend([all.len()]);
            }
            values.push((place, all));
        }
        let numbers = &counts.keys;
        let whole = |group: usize| -> Vec<usize> { numbers.iter().map(|key| key[group]).collect() };
        let mut known: HashSet<Vec<usize>> = (0..n_groups).map(whole).collect();
        let mut absent = Vec::new();
        for group in 0..n_groups {
            let mut open = vec![whole(group)];
            for (place, values) in &values {
                let with = |key: Vec<usize>| {
                    values.iter().map(move |value| {
                        let mut key = key.clone();
                        key[*place] = *value;
                        key
                    })
                };
                open = open.into_iter().flat_map(with).collect();
                if open.len() > most {
                    return Err(ReleaseError::TooManyGroups { limit: most });
                }
            }
            absent.extend(open.into_iter().filter(|key| known.insert(key.clone())));
            if absent.len() > most {
                return Err(ReleaseError::TooManyGroups { limit: most });
            }
        }
        for (place, key) in counts.keys.iter_mut().enumerate() {
            key.truncate(n_groups);
            key.extend(absent.iter().map(|group| group[place]));
        }
        // As if one person were in each: what is hidden for being small then also hides that nothing is there.
        counts.units.extend(absent.iter().map(|_| 1));
        for column in &mut counts.columns {
            let one = CellCounts {
                contributors: 1,
                ..CellCounts::default()
            };
            column.resize(n_groups + absent.len(), one);
        }
        Ok(())
    }
}

/// What persons could meet with several rows: the conditions that any of them meets.
fn of_several_rows(mut told: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, ReleaseError> {
    let mut known: HashSet<Vec<u64>> = told.iter().map(|told| bits(told)).collect();
    let mut next = 0;
    while next < told.len() {
        for other in 0..next {
            let pairs = told[next].iter().zip(&told[other]);
            // A person meets a condition if any row does, so the union of two rows is their larger flags.
            let both: Vec<f64> = pairs.map(|(a, b)| a.max(*b)).collect();
            if known.insert(bits(&both)) {
                told.push(both);
            }
            if told.len() > MOST_TOGETHER {
                return Err(ReleaseError::ManyComparisons);
            }
        }
        next += 1;
    }
    Ok(told)
}

fn bits(told: &[f64]) -> Vec<u64> {
    // Floats have no hash; the values are told apart by their bits.
    told.iter().map(|told| told.to_bits()).collect()
}
