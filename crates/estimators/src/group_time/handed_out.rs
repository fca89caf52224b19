//! First exposures that are handed out anew to the clusters of a panel: which clusters, which exposures, and the panel with others.

use crate::error::EstimatorError;
use crate::group_time::deletions::origins;
use crate::group_time::sample::Sample;
use crate::inference::Randomisation;
use crate::panel::table::{OutcomeTable, Panel};

/// The clusters of a sample and their first exposures.
pub(crate) struct HandedOut {
    /// By cluster of the sample: the same cluster of the panel.
    origins: Vec<u32>,
    n_clusters_of_panel: usize,
    /// By class: the first exposure. The cohorts of the sample, then who compares.
    labels: Vec<Option<i32>>,
    /// By cluster of the sample: its class.
    pub(crate) observed: Vec<u32>,
    /// By cluster of the sample; empty: all are in one.
    pub(crate) strata: Vec<u32>,
}

impl HandedOut {
    /// # Errors
    /// [`EstimatorError::CohortVariesInCluster`] where units of a cluster have different cohorts, [`EstimatorError::BadOption`] for strata
    /// that lack a cluster.
    pub(crate) fn of(
        panel: &Panel,
        sample: &Sample<'_>,
        randomisation: &Randomisation,
    ) -> Result<Self, EstimatorError> {
        check_cohorts(panel, sample)?;
        let cohorts = sample.cohorts.iter().map(|(label, _)| Some(*label));
        // Those exposed after the last period are never exposed here; the last cohort keeps its name where it stands in.
        let labels = cohorts.chain([sample.counts.comparison_cohort]).collect();
        let mut observed = vec![sample.cohorts.len() as u32; sample.n_clusters];
        for (class, (_, units)) in (0..).zip(&sample.cohorts) {
            for unit in units.clone() {
                observed[sample.cluster_of(unit) as usize] = class;
            }
        }
        Ok(Self {
            origins: origins(panel, sample),
            n_clusters_of_panel: panel.n_clusters(),
            labels,
            observed,
            strata: strata(panel, sample, randomisation)?,
        })
    }

    /// The panel in which the clusters of the sample have these classes; others keep their first exposures.
    pub(crate) fn panel(
        &self,
        panel: &Panel,
        others: &[OutcomeTable],
        classes: &[u32],
    ) -> (Panel, Vec<OutcomeTable>) {
        let mut labels = vec![None; self.n_clusters_of_panel];
        for (&origin, &class) in self.origins.iter().zip(classes) {
            labels[origin as usize] = Some(self.labels[class as usize]);
        }
        panel.with_cohorts(&labels, others)
    }
}

/// Refuses clusters with units of several cohorts; those exposed before the first period are one, and so are those exposed after the
/// last and never.
fn check_cohorts(panel: &Panel, sample: &Sample<'_>) -> Result<(), EstimatorError> {
    let mut known: Vec<Option<usize>> = vec![None; panel.n_clusters()];
    let mut varies = vec![false; panel.n_clusters()];
    // Beside the cohorts, numbered from 0, and the never treated, whose number is that of the cohorts.
    let early = sample.cohorts.len() + 1;
    for cohort in &panel.cohorts {
        let place = sample
            .cohorts
            .iter()
            .position(|(label, _)| cohort.label == Some(*label));
        let class = if cohort.units.end <= sample.first_unit() {
            early
        } else {
            place.unwrap_or(sample.cohorts.len())
        };
        for unit in cohort.units.clone() {
            let cluster = panel.cluster_of(unit) as usize;
            match known[cluster] {
                Some(own) if own != class => varies[cluster] = true,
                _ => known[cluster] = Some(class),
            }
        }
    }
    match varies.iter().filter(|varies| **varies).count() as u64 {
        0 => Ok(()),
        n_clusters => Err(EstimatorError::CohortVariesInCluster { n_clusters }),
    }
}

/// The stratum of each cluster of the sample; none: all are in one.
fn strata(
    panel: &Panel,
    sample: &Sample<'_>,
    randomisation: &Randomisation,
) -> Result<Vec<u32>, EstimatorError> {
    let Some(strata) = &randomisation.strata else {
        return Ok(Vec::new());
    };
    let missing = || EstimatorError::BadOption {
        option: "strata",
        expected: "given together with clusters, one for each",
    };
    let origins = origins(panel, sample).into_iter();
    let own = origins.map(|cluster| {
        let code = panel.cluster_codes.get(cluster as usize)?;
        strata.get(*code as usize).copied()
    });
    own.map(|stratum| stratum.ok_or_else(missing)).collect()
}
