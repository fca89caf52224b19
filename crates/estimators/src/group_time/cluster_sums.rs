//! The comparisons of an outcome from sums over clusters, with or without covariates: what is left without a cluster.

use nalgebra::DMatrix;

use crate::group_time::collapsed::{ClusterSample, LEFT_OUT};
use crate::group_time::comparisons::Comparisons;
use crate::group_time::options::Method;
use crate::group_time::regression_sums::RegressionSums;
use crate::group_time::resampling::Numbers;
use crate::group_time::sample::Sample;

/// Sums over clusters that tell what is left without each.
pub(crate) struct ClusterSums {
    /// With covariates only the shares.
    collapsed: ClusterSample,
    /// Where comparisons are adjusted for covariates.
    regression: Option<RegressionSums>,
}

impl ClusterSums {
    /// `None` where sums do not tell.
    pub(crate) fn of(comparisons: &Comparisons<'_>, method: Method) -> Option<Self> {
        let Comparisons {
            sample,
            cells,
            shares,
            ..
        } = comparisons;
        if is_collapsible(sample) {
            return Some(Self {
                collapsed: ClusterSample::of(sample, cells, &shares.1),
                regression: None,
            });
        }
        Some(Self {
            regression: Some(RegressionSums::of(sample, cells, method)?),
            collapsed: ClusterSample::shares(sample, cells, &shares.1),
        })
    }

    /// By cluster: whether sums do not tell what is left without it.
    pub(crate) fn are_doubtful(&self) -> Vec<bool> {
        match &self.regression {
            Some(regression) => regression.needs_refit(),
            None => vec![false; self.collapsed.n_clusters],
        }
    }

    /// What `of` makes of the numbers without each cluster in turn and, on request, of what the other clusters contribute to them.
    pub(crate) fn without_each<T: Send>(
        &self,
        has_contributions: bool,
        of: impl Fn(Numbers, Option<DMatrix<f64>>) -> T + Sync,
    ) -> Vec<T> {
        self.collapsed.without_each(|mut fit, parts| {
            let mut contributions = has_contributions.then(|| {
                let mut groups = self.collapsed.groups();
                parts.iter().for_each(|&part| groups[part] = LEFT_OUT);
                self.collapsed.contributions(&fit, &groups)
            });
            // All parts that are left out are of one cluster.
            if let (Some(regression), Some(&part)) = (&self.regression, parts.first()) {
                let cluster = self.collapsed.parts[part].cluster as usize;
                regression.put_without(cluster, &mut fit.estimates, contributions.as_mut());
            }
            of(Numbers::from(fit), contributions)
        })
    }
}

/// Whether comparisons are of means, which are sums over clusters.
pub(crate) fn is_collapsible(sample: &Sample<'_>) -> bool {
    sample.covariates.is_none()
}
