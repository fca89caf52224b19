//! A grouping over rows of persons: computed here together with what the rules must know about it, and returned
//! as rows without what is withheld.

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use datafusion::prelude::Expr;
use roaring::RoaringBitmap;
use std::sync::Arc;

use super::allowed::safe;
use super::answers::{Groups, collect, counts, numbered, sizes};
use super::below::{needs_person, rows};
use super::combinations::combinations;
use super::error::ReleaseError;
use super::expressions::kind;
use super::judgement::{GroupFacts, Judgement, ValueCounts};
use super::lineage::{Kind, Root, RowOwner, Rows};
use super::measures::Measures;
use super::memory::{ReleaseMemory, members};
use super::possible::{PossibleConditions, PossibleKeys, Restriction};
use super::questions::Questions;
use super::released_rows::ReleasedRows;
use super::rules::{ReleaseRules, WithheldCounts};
use super::span::Atom;
use super::systems::systems;
use crate::disclosure::{GroupedCounts, HiddenCells, protect_groups};

/// Groups that are protected at most: each has to be compared with its neighbours.
const MOST_GROUPS: usize = 100_000;
/// Sets of conditions met together, over all groups, at most.
const MOST_ATOMS: usize = 1_000_000;

/// The groups without what is withheld, as a plan with the columns of the grouping.
///
/// # Errors
/// When something below the grouping or an aggregate of it cannot be released, or everything is withheld.
pub(super) async fn protected(
    state: &SessionState,
    aggregate: &Aggregate,
    rules: &ReleaseRules,
) -> Result<(LogicalPlan, WithheldCounts), ReleaseError> {
    let below = rows(&aggregate.input, rules)?;
    needs_person(&below, rules)?;
    let keys = safe_keys(aggregate, &below)?;
    let mut questions = Questions::new(&below);
    let aggregates = aggregate.aggr_expr.iter();
    let aggregates = aggregates
        .map(|aggregate| questions.add(aggregate))
        .collect::<Result<Vec<_>, _>>()?;
    questions.check()?;
    questions.combinations = combinations(state, &below, &questions).await?;
    let person = match below.owner {
        RowOwner::NoPerson => None,
        _ => below.person(rules.person_columns),
    };
    let measures = Measures::new(below.plan.clone(), &keys, person, &questions)?;
    let plan = Aggregate::try_new(Arc::new(below.plan.clone()), keys.clone(), aggregates)?;
    let measured = collect(state, LogicalPlan::Aggregate(plan), MOST_GROUPS).await?;
    let groups = Groups::of(&measured, keys.len())?;
    let of = GroupMeasurements {
        state,
        groups: &groups,
        n_keys: keys.len(),
        measures: &measures,
    };
    let mut facts = of.facts(measured.num_rows(), &questions).await?;
    let few = rules.disclosure.few_values;
    // A number counts as one of few values only if that holds in every group, as all share one list of sums.
    questions.tell_few(|number| facts.iter().all(|facts| facts.values[number].n <= few));
    of.add_atoms(&questions, &mut facts).await?;
    let restriction = Restriction::of(&below)?;
    let possible =
        PossibleConditions::of(state, &below, &questions, restriction.is_compound).await?;
    if let Some(possible) = &possible {
        add_absent(state, possible, &questions, &mut facts).await?;
    }
    let is_empty = facts.iter().all(|facts| facts.units == 0);
    if is_empty && restriction.is_of_several {
        return Err(ReleaseError::AllHidden {
            min_count: rules.disclosure.min_count,
        });
    }
    let possible_keys = match restriction.is_compound {
        true => Some(PossibleKeys::any(keys.len())),
        false => PossibleKeys::of(state, &below, &keys).await?,
    };
    let grouping = Grouping {
        schema: &aggregate.schema,
        n_keys: keys.len(),
        measured,
    };
    let judgement = Judgement::new(&measures, &questions, possible.as_ref(), rules.disclosure);
    let mut hidden = grouping.hidden(&facts, &judgement, possible_keys.as_ref(), rules)?;
    // Asked last: the memory counts all that it admits as told, so nothing may be hidden for another reason after it.
    if let Some(memory) = rules.memory.as_ref().filter(|_| measures.has_person) {
        let members = members(state, &groups, facts.len(), &measures).await?;
        remembered(memory.as_ref(), members, &mut hidden).await?;
    }
    let (plan, withheld) = grouping.shown(&hidden, rules)?;
    let withheld = match restriction.is_compound {
        true => WithheldCounts::unknown(),
        false => withheld,
    };
    Ok((plan, withheld))
}

/// What is grouped by, none of which is a person.
fn safe_keys(aggregate: &Aggregate, below: &Rows) -> Result<Vec<Expr>, ReleaseError> {
    let mut keys = Vec::new();
    for key in &aggregate.group_expr {
        if matches!(key, Expr::GroupingSet(_)) {
            return Err(ReleaseError::SeveralGroupings);
        }
        match kind(key, below)? {
            Kind::Person(column) | Kind::Household(Root { column, .. }) => {
                return Err(ReleaseError::GroupedByPerson { column });
            }
            _ => keys.push(safe(key, below)?),
        }
    }
    Ok(keys)
}

/// A grouping that was computed.
struct Grouping<'a> {
    schema: &'a DFSchema,
    n_keys: usize,
    measured: RecordBatch,
}

/// Measures a grouping, and finds its groups again in the answers.
struct GroupMeasurements<'a> {
    state: &'a SessionState,
    groups: &'a Groups,
    n_keys: usize,
    measures: &'a Measures,
}

impl GroupMeasurements<'_> {
    /// What the measures say of each group, its atoms apart.
    async fn facts(
        &self,
        n_groups: usize,
        questions: &Questions<'_>,
    ) -> Result<Vec<GroupFacts>, ReleaseError> {
        let (state, measures, n_keys) = (self.state, self.measures, self.n_keys);
        let mut facts = vec![GroupFacts::default(); n_groups];
        let of_persons = collect(state, measures.of_persons()?, MOST_GROUPS).await?;
        let column = |idx: usize| counts(&of_persons, n_keys + idx);
        let (units, several) = (column(0)?, column(1)?);
        let flags = (0..measures.n_flags)
            .map(|idx| column(2 + idx))
            .collect::<Result<Vec<_>, _>>()?;
        let size = |idx: usize| sizes(&of_persons, n_keys + 2 + measures.n_flags + idx);
        let parts = (0..measures.n_numbers)
            .map(|idx| Ok((size(2 * idx)?, size(2 * idx + 1)?)))
            .collect::<Result<Vec<_>, DataFusionError>>()?;
        for (row, group) in self.groups.find(&of_persons)? {
            let facts = &mut facts[group];
            facts.units = units[row];
            facts.several = several[row];
            facts.flags = flags.iter().map(|flag| flag[row]).collect();
            let parts = parts.iter();
            facts.largest = parts
                .map(|(largest, total)| (largest[row], total[row]))
                .collect();
        }
        // Of combinations, only how many have any is asked.
        let single = (0..questions.numbers.len()).map(|idx| vec![idx]);
        let together = questions.together.iter().cloned();
        for (place, numbers) in single.chain(together).enumerate() {
            for facts in &mut facts {
                facts.values.push(ValueCounts::default());
            }
            let answers = collect(state, measures.of_values(&numbers)?, MOST_GROUPS).await?;
            let column = |idx: usize| counts(&answers, n_keys + idx);
            let (n, least, most, all) = (column(0)?, column(1)?, column(2)?, column(3)?);
            for (row, group) in self.groups.find(&answers)? {
                facts[group].values[place] = ValueCounts {
                    n: n[row],
                    least: least[row],
                    most: most[row],
                    all: all[row],
                };
            }
        }
        Ok(facts)
    }

    /// Adds the sets of conditions that are met together, for every system.
    async fn add_atoms(
        &self,
        questions: &Questions<'_>,
        facts: &mut [GroupFacts],
    ) -> Result<(), ReleaseError> {
        let systems = systems(&questions.aggregates);
        // The systems that ask the same of the same rows share one query.
        for (place, system) in systems.iter().enumerate() {
            let known = systems[..place]
                .iter()
                .position(|known| known.asks_as(system));
            for facts in facts.iter_mut() {
                let atoms = known.map(|known| facts.atoms[known].clone());
                facts.atoms.push(atoms.unwrap_or_default());
            }
            if known.is_some() || !system.is_of_several() {
                continue;
            }
            let plan = self.measures.of_conditions(system)?;
            let answers = collect(self.state, plan, MOST_ATOMS).await?;
            let (n_conditions, n_values) = (system.conditions().len(), system.values().len());
            let told = (0..n_conditions + n_values)
                .map(|idx| sizes(&answers, self.n_keys + idx))
                .collect::<Result<Vec<_>, _>>()?;
            let persons = counts(&answers, self.n_keys + told.len())?;
            for (row, group) in self.groups.find(&answers)? {
                let atom = Atom {
                    told: told.iter().map(|told| told[row]).collect(),
                    n_values,
                    persons: persons[row],
                };
                if let Some(atoms) = facts[group].atoms.last_mut() {
                    atoms.push(atom);
                }
            }
        }
        Ok(())
    }
}

/// Adds sets of conditions that rows of a group could meet together and none does.
async fn add_absent(
    state: &SessionState,
    possible: &PossibleConditions,
    questions: &Questions<'_>,
    facts: &mut [GroupFacts],
) -> Result<(), ReleaseError> {
    for (place, system) in systems(&questions.aggregates).iter().enumerate() {
        if !system.is_of_several() || !possible.has_compound(system) {
            continue;
        }
        let answers = collect(state, possible.measures.of_conditions(system)?, MOST_ATOMS).await?;
        let n_told = system.conditions().len() + system.values().len();
        let columns = (0..n_told).map(|idx| sizes(&answers, idx));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let told: Vec<Vec<f64>> = (0..answers.num_rows())
            .map(|row| columns.iter().map(|column| column[row]).collect())
            .collect();
        let told = possible.met_together(system, told)?;
        for facts in facts.iter_mut() {
            possible.add_absent(system, &told, &mut facts.atoms[place]);
        }
    }
    Ok(())
}

/// Hides the groups that would tell of few persons together with what was told before.
async fn remembered(
    memory: &dyn ReleaseMemory,
    members: Vec<Vec<RoaringBitmap>>,
    hidden: &mut HiddenCells,
) -> Result<(), ReleaseError> {
    let is_shown = |group: &usize| !hidden.groups[*group];
    let shown: Vec<usize> = (0..members.len()).filter(is_shown).collect();
    let mut sets: Vec<Option<Vec<RoaringBitmap>>> = members.into_iter().map(Some).collect();
    let asked = shown.iter().filter_map(|&group| sets[group].take());
    let admitted = memory.admit(asked.collect()).await;
    let admitted = admitted.map_err(ReleaseError::Memory)?;
    for (group, _) in shown
        .into_iter()
        .zip(admitted)
        .filter(|(_, admitted)| !admitted)
    {
        hidden.groups[group] = true;
        for cells in &mut hidden.cells {
            cells[group] = true;
        }
    }
    Ok(())
}

impl Grouping<'_> {
    fn hidden(
        &self,
        facts: &[GroupFacts],
        judgement: &Judgement<'_>,
        possible_keys: Option<&PossibleKeys>,
        rules: &ReleaseRules,
    ) -> Result<HiddenCells, ReleaseError> {
        let mut counts = GroupedCounts {
            keys: (0..self.n_keys)
                .map(|key| numbered(self.measured.column(key)))
                .collect::<Result<_, _>>()?,
            units: facts.iter().map(|facts| facts.units).collect(),
            columns: vec![Vec::new(); judgement.n_numbers()],
        };
        for facts in facts {
            let cells = judgement.cells(facts);
            for (column, cell) in counts.columns.iter_mut().zip(cells) {
                column.push(cell);
            }
        }
        if let Some(possible) = possible_keys {
            let keys = &self.measured.columns()[..self.n_keys];
            possible.add_absent(keys, &mut counts, MOST_GROUPS)?;
        }
        Ok(protect_groups(&counts, rules.disclosure))
    }

    fn shown(
        self,
        hidden: &HiddenCells,
        rules: &ReleaseRules,
    ) -> Result<(LogicalPlan, WithheldCounts), ReleaseError> {
        let n_groups = self.measured.num_rows();
        // Absent groups were appended after the measured ones for the judgement only.
        if n_groups > 0 && hidden.groups[..n_groups].iter().all(|&hidden| hidden) {
            return Err(ReleaseError::AllHidden {
                min_count: rules.disclosure.min_count,
            });
        }
        let keys = vec![None; self.n_keys];
        let cells = hidden.cells.iter().map(|cells| Some(cells.as_slice()));
        let columns: Vec<Option<&[bool]>> = keys.into_iter().chain(cells).collect();
        let shown = ReleasedRows::of(&self.measured, |group| !hidden.groups[group], &columns)?;
        let plan = ReleasedRows::plan(self.schema, vec![shown])?;
        Ok((plan, withheld(hidden)))
    }
}

fn withheld(hidden: &HiddenCells) -> WithheldCounts {
    let shown: Vec<usize> = (0..hidden.groups.len())
        .filter(|&group| !hidden.groups[group])
        .collect();
    let in_shown = |column: &Vec<bool>| shown.iter().filter(|&&group| column[group]).count();
    WithheldCounts {
        n_groups: (hidden.groups.len() - shown.len()) as u64,
        n_groups_in_all: hidden.groups.len() as u64,
        n_cells: hidden.cells.iter().map(in_shown).sum::<usize>() as u64,
        ..WithheldCounts::default()
    }
}
