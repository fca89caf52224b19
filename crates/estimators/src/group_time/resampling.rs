//! What estimates are without single clusters, and what clusters contribute to them: the errors of `inference => 'cr3'` and `'bootstrap'`.

use nalgebra::{DMatrix, DVector};

use crate::error::EstimatorError;
use crate::group_time::cell::CohortCell;
use crate::group_time::collapsed::CollapsedFit;
use crate::group_time::sample::Sample;
use crate::inference::jackknife::{ClusterGroup, JackknifeLaw};

/// Most clusters that are left out in turn or drawn.
// Errors of many more are those of influence functions to four digits, and a table of clusters and comparisons takes memory.
const MOST_CLUSTERS: usize = 50_000;

/// The numbers that averages are made from.
#[derive(Clone, Default)]
pub(crate) struct Numbers {
    /// By comparison; NaN where there is none.
    pub(crate) estimates: Vec<f64>,
    /// By cohort: its share of the units.
    pub(crate) shares: Vec<f64>,
}

impl From<CollapsedFit> for Numbers {
    fn from(fit: CollapsedFit) -> Self {
        Self {
            estimates: fit.estimates,
            shares: fit.shares,
        }
    }
}

/// What errors are made from where they are not analytic.
#[derive(Clone)]
pub(crate) enum Resampling {
    /// The numbers without each cluster, and the law of their spread.
    Jackknife {
        without: Vec<Numbers>,
        layout: JackknifeLayout,
    },
    /// What each cluster (row) contributes to the comparisons and the shares.
    Bootstrap {
        contributions: DMatrix<f64>,
        n_draws: u32,
    },
}

/// Which clusters' means the comparisons are made of; the same for every outcome.
#[derive(Clone)]
pub(crate) struct JackknifeLayout {
    n_clusters: usize,
    n_periods: usize,
    /// By cohort, then the never treated: their clusters, and the weight of their units.
    groups: Vec<(ClusterGroup, f64)>,
    comparisons: Vec<Comparison>,
}

/// A comparison of a cohort with other groups in two periods.
#[derive(Clone)]
struct Comparison {
    treated: usize,
    controls: Vec<usize>,
    current: usize,
    reference: usize,
}

impl JackknifeLayout {
    pub(crate) fn of(sample: &Sample<'_>, cells: &[CohortCell], share_weights: &[f64]) -> Self {
        let cohorts = sample.cohorts.iter().map(|(_, units)| units);
        let units_of_groups: Vec<_> = cohorts.chain([&sample.never]).collect();
        let groups = units_of_groups.iter().map(|units| {
            let mut weights = vec![0.0; sample.n_clusters];
            for unit in (*units).clone() {
                weights[sample.cluster_of(unit) as usize] += share_weights[unit];
            }
            let total = weights.iter().sum();
            (ClusterGroup::of(weights.into_iter()), total)
        });
        let place = |units| units_of_groups.iter().position(|own| *own == units);
        let comparisons = cells.iter().map(|cell| Comparison {
            treated: cell.cohort,
            controls: cell.controls.iter().filter_map(place).collect(),
            current: cell.current,
            reference: cell.reference,
        });
        Self {
            n_clusters: sample.n_clusters,
            n_periods: sample.periods.len(),
            groups: groups.collect(),
            comparisons: comparisons.collect(),
        }
    }

    /// The law of the jackknife of a linear combination of comparisons.
    pub(crate) fn law(&self, multipliers: &DVector<f64>) -> JackknifeLaw {
        let mut loadings = DMatrix::<f64>::zeros(self.n_periods, self.groups.len());
        for (comparison, &multiplier) in self.comparisons.iter().zip(multipliers.iter()) {
            let controls = || comparison.controls.iter();
            let total: f64 = controls().map(|&group| self.groups[group].1).sum();
            let shares = controls().map(|&group| (group, -self.groups[group].1 / total));
            for (group, share) in shares.chain([(comparison.treated, 1.0)]) {
                loadings[(comparison.current, group)] += multiplier * share;
                loadings[(comparison.reference, group)] -= multiplier * share;
            }
        }
        let scales = loadings.column_iter().map(|own| own.norm_squared());
        let groups = self.groups.iter().map(|(group, _)| *group);
        JackknifeLaw::of(scales.zip(groups), self.n_clusters)
    }
}

/// Refuses more clusters than are worth it.
pub(crate) fn check_clusters(n_clusters: usize) -> Result<(), EstimatorError> {
    if n_clusters <= MOST_CLUSTERS {
        return Ok(());
    }
    Err(EstimatorError::TooMany {
        what: "clusters to leave out or draw one by one (with so many, analytic errors are right)",
        found: n_clusters as u64,
        limit: MOST_CLUSTERS as u64,
    })
}
