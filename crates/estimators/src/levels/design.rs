//! The rows of levels: outcomes as they are held, strata with their weights, and rows in the order of their groups and clusters.

use crate::error::EstimatorError;
use crate::panel::MISSING_CODE;

/// An outcome by row: a byte for a yes/no, so that eighty of them fit into memory for millions of rows.
#[derive(Debug, Clone)]
pub enum LevelOutcome {
    /// 1 yes, 0 no, −1 missing.
    YesNo(Vec<i8>),
    /// NaN and infinite are missing.
    Numbers(Vec<f64>),
}

impl LevelOutcome {
    /// Whether row `row` has it.
    fn is_there(&self, row: usize) -> bool {
        match self {
            Self::YesNo(values) => values[row] >= 0,
            Self::Numbers(values) => values[row].is_finite(),
        }
    }

    /// Count and sum over some rows, whatever their order; `scratch` is used up.
    pub(super) fn sum(&self, rows: &[u32], scratch: &mut Vec<f64>) -> (u64, f64) {
        match self {
            Self::YesNo(values) => {
                let there = rows.iter().map(|&row| values[row as usize]);
                let (mut n, mut yes) = (0, 0_u32);
                for value in there.filter(|value| *value >= 0) {
                    n += 1;
                    yes += u32::from(value == 1);
                }
                (n, f64::from(yes))
            }
            Self::Numbers(values) => {
                scratch.clear();
                let there = rows.iter().map(|&row| values[row as usize]);
                scratch.extend(there.filter(|value| value.is_finite()));
                // The sum must not depend on the order in which rows arrive.
                scratch.sort_unstable_by(f64::total_cmp);
                (scratch.len() as u64, scratch.iter().sum())
            }
        }
    }
}

/// Stratum and cluster of each row, and the standard population.
#[derive(Debug, Clone)]
pub struct LevelDesign {
    stratum: Vec<u32>,
    cluster: Vec<u32>,
    n_strata: usize,
    /// By stratum; `None`: the rows themselves are the standard.
    standard: Option<Vec<f64>>,
}

impl LevelDesign {
    /// From dense codes, [`MISSING_CODE`] where missing, and the weight of a row's stratum in the standard population, NaN where missing;
    /// without weights all rows together are the standard.
    ///
    /// # Errors
    /// When weights differ within a stratum or are negative.
    pub fn try_new(
        mut stratum: Vec<u32>,
        cluster: Vec<u32>,
        standard: Option<&[f64]>,
    ) -> Result<Self, EstimatorError> {
        let known = stratum.iter().filter(|code| **code != MISSING_CODE).max();
        let n_strata = known.map_or(0, |last| *last as usize + 1);
        let standard = standard
            .map(|weights| standard_of(&mut stratum, n_strata, weights))
            .transpose()?;
        // One mark for every row left out: what comes later looks at the stratum alone.
        for (stratum, cluster) in stratum.iter_mut().zip(&cluster) {
            if *cluster == MISSING_CODE {
                *stratum = MISSING_CODE;
            }
        }
        Ok(Self {
            stratum,
            cluster,
            n_strata,
            standard,
        })
    }

    /// How many strata there are.
    pub(super) fn n_strata(&self) -> usize {
        self.n_strata
    }

    /// The weights of the strata in the standard population of an outcome: zero where no row of any group has it.
    #[must_use]
    pub fn weights(&self, outcome: &LevelOutcome) -> Vec<f64> {
        let mut n_rows = vec![0_u64; self.n_strata];
        for (row, &stratum) in self.stratum.iter().enumerate() {
            if stratum != MISSING_CODE && outcome.is_there(row) {
                n_rows[stratum as usize] += 1;
            }
        }
        let weight = |(stratum, &n): (usize, &u64)| match &self.standard {
            Some(standard) if n > 0 => standard[stratum],
            Some(_) => 0.0,
            None => n as f64,
        };
        n_rows.iter().enumerate().map(weight).collect()
    }

    /// The rows by group: each period in each level of a column, whose code is `level` for each row; without it, each period.
    /// [`MISSING_CODE`] where missing. The group of a level and a period is number level · `n_periods` + period.
    #[must_use]
    pub fn grouped(&self, by: Option<By<'_>>, time: &[u32], n_periods: usize) -> LevelGroups {
        let n_groups = by.map_or(1, |by| by.n_levels) * n_periods;
        let group = |(row, &time): (usize, &u32)| {
            let level = by.map_or(0, |by| by.level[row]);
            match time == MISSING_CODE || level == MISSING_CODE {
                true => MISSING_CODE,
                false => level * n_periods as u32 + time,
            }
        };
        let group: Vec<u32> = time.iter().enumerate().map(group).collect();
        let mut groups = self.sorted(&group, n_groups);
        groups.n_periods = n_periods;
        groups.level_of_stratum = by.and_then(|by| self.levels_of_strata(by.level));
        groups
    }

    /// The level that each stratum lies in, where none lies in two: then the column follows from the strata, as sex or a group of
    /// ages does, and a level has no other strata to lack.
    fn levels_of_strata(&self, level: &[u32]) -> Option<Vec<u32>> {
        let mut found: Vec<Option<u32>> = vec![None; self.n_strata];
        for (&stratum, &level) in self.stratum.iter().zip(level) {
            if stratum == MISSING_CODE {
                continue;
            }
            let known = found[stratum as usize].get_or_insert(level);
            if *known != level {
                return None;
            }
        }
        Some(
            found
                .into_iter()
                .map(|level| level.unwrap_or(MISSING_CODE))
                .collect(),
        )
    }

    fn sorted(&self, group: &[u32], n_groups: usize) -> LevelGroups {
        let is_used =
            |row: &usize| group[*row] != MISSING_CODE && self.stratum[*row] != MISSING_CODE;
        let used = (0..group.len()).filter(is_used);
        let mut order: Vec<u32> = used.map(|row| row as u32).collect();
        let key = |row: u32| {
            let row = row as usize;
            (group[row], self.cluster[row], self.stratum[row])
        };
        // Rows that tie may come in any order: the sum over a run does not depend on it.
        order.sort_unstable_by_key(|&row| key(row));
        let mut runs: Vec<Run> = Vec::new();
        let mut first_runs = vec![0; n_groups + 1];
        let mut last = None;
        for (place, &row) in (0_u32..).zip(&order) {
            let own = key(row);
            if last != Some(own) {
                runs.push(Run {
                    cluster: own.1,
                    stratum: own.2,
                    first: place,
                });
                // The end of the group so far; groups without rows take over that of the one before, below.
                first_runs[own.0 as usize + 1] = runs.len();
                last = Some(own);
            }
        }
        for group in 0..n_groups {
            first_runs[group + 1] = first_runs[group + 1].max(first_runs[group]);
        }
        LevelGroups {
            order,
            runs,
            first_runs,
            n_periods: n_groups,
            level_of_stratum: None,
        }
    }
}

/// A column whose levels are looked at apart.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The code of each row, or [`MISSING_CODE`].
    pub level: &'a [u32],
    /// How many levels there are.
    pub n_levels: usize,
}

/// The weight of each stratum; rows without a weight lose their stratum.
fn standard_of(
    stratum: &mut [u32],
    n_strata: usize,
    weights: &[f64],
) -> Result<Vec<f64>, EstimatorError> {
    let mut standard = vec![f64::NAN; n_strata];
    let mut varies = vec![false; n_strata];
    let mut n_negative = 0;
    for (code, &weight) in stratum.iter_mut().zip(weights) {
        if *code == MISSING_CODE {
            continue;
        }
        if !weight.is_finite() {
            *code = MISSING_CODE;
            continue;
        }
        n_negative += u64::from(weight < 0.0);
        let own = &mut standard[*code as usize];
        varies[*code as usize] |= !own.is_nan() && *own != weight;
        *own = weight;
    }
    if n_negative > 0 {
        return Err(EstimatorError::NegativeWeight { n_rows: n_negative });
    }
    let n_varying = varies.iter().filter(|varies| **varies).count() as u64;
    if n_varying > 0 {
        return Err(EstimatorError::StandardVaries {
            n_strata: n_varying,
        });
    }
    let known = standard
        .iter()
        .map(|own| if own.is_nan() { 0.0 } else { *own });
    Ok(known.collect())
}

/// Neighbouring rows of one group, cluster and stratum, from place `first` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) cluster: u32,
    pub(super) stratum: u32,
    first: u32,
}

/// Rows in the order of their groups, clusters and strata.
#[derive(Debug, Clone)]
pub struct LevelGroups {
    order: Vec<u32>,
    runs: Vec<Run>,
    /// The first run of each group, and the end of the last.
    first_runs: Vec<usize>,
    n_periods: usize,
    /// Where the levels follow from the strata.
    level_of_stratum: Option<Vec<u32>>,
}

impl LevelGroups {
    pub(super) fn n_groups(&self) -> usize {
        self.first_runs.len() - 1
    }

    /// The weights of the strata that a group could have.
    pub(super) fn weights(&self, group: usize, of_all: &[f64]) -> Vec<f64> {
        let Some(level_of_stratum) = &self.level_of_stratum else {
            return of_all.to_vec();
        };
        let own = (group / self.n_periods) as u32;
        let weights = of_all.iter().zip(level_of_stratum);
        let weight = |(weight, level): (&f64, &u32)| if *level == own { *weight } else { 0.0 };
        weights.map(weight).collect()
    }

    /// The runs of a group, with the rows of each.
    pub(super) fn runs(&self, group: usize) -> impl Iterator<Item = (Run, &[u32])> {
        let range = self.first_runs[group]..self.first_runs[group + 1];
        range.map(|place| {
            let run = self.runs[place];
            let next = self.runs.get(place + 1);
            let end = next.map_or(self.order.len(), |next| next.first as usize);
            (run, &self.order[run.first as usize..end])
        })
    }
}
