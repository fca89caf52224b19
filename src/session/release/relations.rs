//! Calls of relations: their input obeys what holds below a grouping, their units are persons, and the persons behind every
//! coefficient are counted.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder, try_cast};
use datafusion::prelude::{DataFrame, Expr, abs, col, lit};

use super::allowed::safe;
use super::answers::{collect, counts, sizes};
use super::below::{needs_person, rows};
use super::error::ReleaseError;
use super::estimates::{self, EstimateBasis};
use super::expressions::kind;
use super::lineage::{Kind, Root, RowOwner, Rows};
use super::origins::{Origin, Origins};
use super::possible::Restriction;
use super::rules::{ReleaseRules, WithheldCounts};
use crate::disclosure::DisclosureRules;
use crate::functions::{self, Roles};

/// The rows of a relation after the rules, and what is withheld.
///
/// # Errors
/// When its input or its units cannot be released, or nothing is known of its rows.
pub(super) async fn protected(
    state: &SessionState,
    extension: &Extension,
    rules: &ReleaseRules,
) -> Result<(LogicalPlan, WithheldCounts), ReleaseError> {
    let node = extension.node.as_ref();
    let unchecked = || ReleaseError::Unchecked {
        what: "this statement",
    };
    let name = functions::relation_name(node).ok_or_else(unchecked)?;
    let roles = functions::roles(node).ok_or_else(unchecked)?;
    let inputs = node.inputs();
    let [LogicalPlan::Projection(input)] = inputs[..] else {
        return Err(unchecked());
    };
    let has_rule = estimates::has_rule(node.schema().as_arrow());
    // Rows that are made of numbers, or of a few persons' own, can carry columns of any name.
    if !has_rule || roles.is_unchecked {
        return Err(ReleaseError::Relation {
            relation: name.to_owned(),
        });
    }
    let below = rows(&input.input, rules)?;
    needs_person(&below, rules)?;
    let call = Call {
        relation: name,
        roles,
        columns: &input.expr,
        rows: &below,
    };
    call.check(rules)?;
    let columns = input.expr.iter().map(|column| safe(column, &below));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let given = LogicalPlanBuilder::from(below.plan.clone())
        .project(columns)?
        .build()?;
    let called = node.with_exprs_and_inputs(Vec::new(), vec![given])?;
    let plan = LogicalPlan::Extension(Extension { node: called });
    let basis = call.basis(state, rules).await?;
    let frame = DataFrame::new(state.clone(), plan);
    estimates::protected(frame, name, basis, rules).await
}

/// A call over rows of persons.
struct Call<'a> {
    relation: &'static str,
    roles: Roles,
    /// The columns it takes, over the rows.
    columns: &'a [Expr],
    rows: &'a Rows,
}

impl Call<'_> {
    /// Whether a column is made of at most one column of a table.
    fn is_of_one_column(&self, column: usize) -> Result<bool, DataFusionError> {
        let mut origins = Origins::default();
        origins.written_out(&self.columns[column], &self.rows.plan)?;
        let is_of_table = |origin: &Origin| origin.computed_from.is_empty();
        Ok(origins.all.len() <= 1 && origins.all.iter().all(is_of_table))
    }

    fn kind(&self, column: usize) -> Result<Kind, ReleaseError> {
        kind(&self.columns[column], self.rows)
    }

    fn check(&self, rules: &ReleaseRules) -> Result<(), ReleaseError> {
        let relation = self.relation.to_owned();
        if self.roles.counts_rows {
            return Err(ReleaseError::CountsRows { relation });
        }
        let of_persons = self.rows.owner != RowOwner::NoPerson;
        if let Some(unit) = self.roles.unit.filter(|_| of_persons)
            && !matches!(self.kind(unit)?, Kind::Person(_))
        {
            let column = rules.person_columns.first().copied().unwrap_or_default();
            return Err(ReleaseError::UnitNotPerson {
                relation,
                column: column.to_owned(),
            });
        }
        for &column in self.roles.numbers.iter().chain(&self.roles.labels) {
            match self.kind(column)? {
                Kind::Person(column) | Kind::Household(Root { column, .. }) => {
                    return Err(ReleaseError::ComputedPerson { column });
                }
                Kind::Plain(_) => {}
                // Levels of what a statement makes are counted for coefficients; estimators of effects do not count them.
                Kind::Discrete(roots)
                    if self.roles.unit.is_none() || !roots.contains(&Root::made()) => {}
                _ if self.roles.labels.contains(&column) => {}
                _ => return Err(ReleaseError::NotColumn { relation }),
            }
        }
        if self.roles.is_steep {
            return Err(ReleaseError::Steep { relation });
        }
        for &column in self.roles.groups.iter().chain(&self.roles.apart) {
            match self.kind(column)? {
                Kind::Plain(_) | Kind::Person(_) | Kind::Household(_) => {}
                Kind::Discrete(roots) if !roots.contains(&Root::made()) => {}
                _ if self.is_of_one_column(column)? => {}
                _ => return Err(ReleaseError::ComputedGroup { relation }),
            }
        }
        if of_persons && Restriction::of(self.rows)?.is_compound {
            return Err(ReleaseError::Chosen { relation });
        }
        match self
            .roles
            .weight
            .map(|weight| self.kind(weight))
            .transpose()?
        {
            None | Some(Kind::Plain(_)) => Ok(()),
            Some(_) => Err(ReleaseError::Weight { relation }),
        }
    }

    /// How many persons stand behind the call as a whole, and whether every coefficient has enough.
    async fn basis(
        &self,
        state: &SessionState,
        rules: &ReleaseRules,
    ) -> Result<EstimateBasis, ReleaseError> {
        let DisclosureRules {
            min_count,
            few_values,
            ..
        } = rules.disclosure;
        let measures = self.measures(rules)?;
        let all = measures.of_levels(state, &[]).await?;
        let mut is_few = all.least < min_count;
        is_few |= self
            .has_dominant(state, &measures, rules.disclosure)
            .await?;
        is_few |= self.has_small_level(state, &measures, min_count).await?;
        let mut n_absorbed = 0;
        for &group in &self.roles.absorbed {
            let levels = measures.of_levels(state, &[group]).await?;
            n_absorbed += levels.n;
            let is_made =
                matches!(self.kind(group)?, Kind::Discrete(roots) if roots.contains(&Root::made()));
            is_few |= is_made && levels.least < min_count;
            for &column in &self.roles.numbers {
                if self.is_regressor(column) {
                    // Within absorbed groups, only those where a regressor varies identify its coefficient.
                    let varying = measures.varying(state, column, group).await?;
                    is_few |= varying > 0 && varying < min_count;
                }
            }
        }
        // Estimators of effects count the exposed and the others themselves.
        let mut discrete = BTreeSet::new();
        let used = self
            .roles
            .terms
            .iter()
            .flatten()
            .chain(&self.roles.outcomes);
        for &column in used.collect::<BTreeSet<_>>() {
            if self.roles.unit.is_some() {
                continue;
            }
            let levels = measures.of_levels(state, &[column]).await?;
            let is_label = self.roles.labels.contains(&column);
            let is_discrete = matches!(self.kind(column)?, Kind::Discrete(_));
            if is_label || is_discrete || levels.n <= few_values {
                discrete.insert(column);
                is_few |= levels.n > 0 && levels.least < min_count;
                // A condition that no person meets tells as little as one that a single person meets.
                is_few |= is_discrete && levels.n <= 1;
            }
        }
        for term in &self.roles.terms {
            let of_term = term
                .iter()
                .copied()
                .filter(|column| discrete.contains(column));
            let of_term: BTreeSet<usize> = of_term.collect();
            if of_term.is_empty() {
                continue;
            }
            let outcome = self.roles.outcomes.iter().copied();
            let outcome = outcome.filter(|outcome| discrete.contains(outcome));
            let together: BTreeSet<usize> = of_term.into_iter().chain(outcome).collect();
            let together: Vec<usize> = together.into_iter().collect();
            let levels = measures.of_levels(state, &together).await?;
            is_few |= levels.n > 0 && levels.least < min_count;
        }
        Ok(EstimateBasis {
            is_few,
            is_of_table: false,
            n_absorbed,
        })
    }

    /// Whether fewer persons than `min_count` are in a level that is estimated apart: the whole less that level would be another.
    async fn has_small_level(
        &self,
        state: &SessionState,
        measures: &LevelMeasures,
        min_count: u64,
    ) -> Result<bool, ReleaseError> {
        for &column in &self.roles.apart {
            let levels = measures.of_levels(state, &[column]).await?;
            if levels.n > 0 && levels.least < min_count {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_regressor(&self, column: usize) -> bool {
        self.roles.terms.iter().flatten().any(|&of| of == column)
    }

    /// Whether one person, or few with a weight, make up most of an outcome, a regressor or the weights.
    async fn has_dominant(
        &self,
        state: &SessionState,
        measures: &LevelMeasures,
        rules: DisclosureRules,
    ) -> Result<bool, ReleaseError> {
        let numbers: &[usize] = match self.roles.unit {
            Some(_) => self.roles.outcomes.as_slice(),
            None => &self.roles.numbers,
        };
        for &column in numbers.iter().chain(&self.roles.weight) {
            if !matches!(self.kind(column)?, Kind::Plain(_)) {
                continue;
            }
            // What a row has to say of a coefficient grows with the square of its regressor.
            let power = self.roles.degree * if self.is_regressor(column) { 2 } else { 1 };
            let (largest, total) = measures.largest(state, column, power).await?;
            if !total.is_finite() || largest > rules.max_share * total {
                return Ok(true);
            }
        }
        let Some(weight) = self.roles.weight else {
            return Ok(false);
        };
        let levels = measures.of_levels(state, &[weight]).await?;
        Ok(levels.n <= rules.few_values && levels.least < rules.min_count)
    }

    fn measures(&self, rules: &ReleaseRules) -> Result<LevelMeasures, ReleaseError> {
        let mut columns = Vec::new();
        for (idx, column) in self.columns.iter().enumerate() {
            columns.push(safe(column, self.rows)?.unalias().alias(format!("x{idx}")));
        }
        let person = match self.rows.owner {
            RowOwner::NoPerson => None,
            _ => self.rows.person(rules.person_columns),
        };
        let has_person = person.is_some();
        columns.extend(person.map(|person| person.alias("p")));
        let needed = self.roles.numbers.iter().chain(&self.roles.labels);
        let needed = needed.chain(&self.roles.weight).chain(&self.roles.absorbed);
        let is_there = needed.map(|column| level(*column).is_not_null());
        let mut rows = LogicalPlanBuilder::from(self.rows.plan.clone()).project(columns)?;
        // Effects use a row for what it has, regressions only rows that have everything.
        if let Some(is_there) = is_there
            .reduce(Expr::and)
            .filter(|_| self.roles.unit.is_none())
        {
            rows = rows.filter(is_there)?;
        }
        Ok(LevelMeasures {
            rows: rows.build()?,
            has_person,
        })
    }
}

fn level(column: usize) -> Expr {
    Expr::Column(Column::new_unqualified(format!("x{column}")))
}

/// Counts persons of the levels of columns.
struct LevelMeasures {
    rows: LogicalPlan,
    has_person: bool,
}

/// How many levels there are, and the fewest persons of one.
struct Levels {
    n: u64,
    least: u64,
}

impl LevelMeasures {
    async fn of_levels(
        &self,
        state: &SessionState,
        columns: &[usize],
    ) -> Result<Levels, ReleaseError> {
        let plan = self.levels(columns)?;
        let answers = collect(state, plan, 1).await?;
        Ok(Levels {
            n: counts(&answers, 0)?.first().copied().unwrap_or(0),
            least: counts(&answers, 1)?.first().copied().unwrap_or(0),
        })
    }

    fn levels(&self, columns: &[usize]) -> Result<LogicalPlan, DataFusionError> {
        let columns: Vec<Expr> = columns.iter().map(|column| level(*column)).collect();
        let nothing = Vec::<Expr>::new;
        let mut rows = LogicalPlanBuilder::from(self.rows.clone());
        if self.has_person {
            // A person in several rows of a level counts once.
            let with_person = columns.iter().cloned().chain([col("p")]);
            rows = rows.aggregate(with_person.collect::<Vec<_>>(), nothing())?;
        }
        let units = count(lit(1_i64)).alias("units");
        rows.aggregate(columns, vec![units])?
            .aggregate(nothing(), vec![count(lit(1_i64)), min(col("units"))])?
            .build()
    }

    /// Persons in groups of `group` in which the values of a column differ.
    async fn varying(
        &self,
        state: &SessionState,
        column: usize,
        group: usize,
    ) -> Result<u64, ReleaseError> {
        let value = || try_cast(level(column), DataType::Float64);
        let mut keys = vec![level(group)];
        keys.extend(self.has_person.then(|| col("p")));
        let by_person = LogicalPlanBuilder::from(self.rows.clone()).aggregate(
            keys,
            vec![min(value()).alias("low"), max(value()).alias("high")],
        )?;
        let ends = vec![min(col("low")).alias("low"), max(col("high")).alias("high")];
        let units = count(lit(1_i64)).alias("units");
        let plan = by_person
            .aggregate(
                vec![level(group)],
                ends.into_iter().chain([units]).collect::<Vec<_>>(),
            )?
            .filter(col("low").lt(col("high")))?
            .aggregate(Vec::<Expr>::new(), vec![sum(col("units"))])?
            .build()?;
        let answers = collect(state, plan, 1).await?;
        Ok(counts(&answers, 0)?.first().copied().unwrap_or(0))
    }

    /// The largest sum of one person's sizes in a column, to some power, and that of all.
    async fn largest(
        &self,
        state: &SessionState,
        column: usize,
        power: u32,
    ) -> Result<(f64, f64), ReleaseError> {
        let size = || abs(try_cast(level(column), DataType::Float64));
        // Repeated products, as few as needed, instead of a power function in floating point.
        let size = (1..power).fold(size(), |product, _| product * size());
        let rows = LogicalPlanBuilder::from(self.rows.clone());
        let by: Vec<Expr> = match self.has_person {
            true => vec![col("p")],
            // Rows by themselves: a key that hardly any two share.
            false => vec![level(column)],
        };
        let sizes_by = rows.aggregate(by, vec![sum(size).alias("size")])?;
        let plan = sizes_by
            .aggregate(Vec::<Expr>::new(), vec![max(col("size")), sum(col("size"))])?
            .build()?;
        let answers = collect(state, plan, 1).await?;
        let first = |column: usize| -> Result<f64, DataFusionError> {
            Ok(sizes(&answers, column)?.first().copied().unwrap_or(0.0))
        };
        Ok((first(0)?, first(1)?))
    }
}
