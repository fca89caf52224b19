//! The comparisons of one outcome, estimated.

use nalgebra::DMatrix;

use crate::group_time::cell::CohortCell;
use crate::group_time::comparison::CellFit;
use crate::group_time::effects::{AttGtResult, CohortShare};
use crate::group_time::influence::contributions;
use crate::group_time::options::AttGtOptions;
use crate::group_time::resampling::Resampling;
use crate::group_time::sample::Sample;

/// What group-time effects of an outcome are made from.
#[derive(Clone, Copy)]
pub(crate) struct Comparisons<'a> {
    pub(crate) sample: &'a Sample<'a>,
    pub(crate) cells: &'a [CohortCell],
    pub(crate) fits: &'a [CellFit],
    pub(crate) shares: &'a (Vec<CohortShare>, Vec<f64>),
}

impl Comparisons<'_> {
    /// The effects, with errors from `resampling` where they are not analytic.
    pub(crate) fn effects(
        &self,
        options: &AttGtOptions,
        resampling: Option<Resampling>,
    ) -> AttGtResult {
        AttGtResult::of(
            self.sample,
            self.cells,
            self.fits,
            self.shares,
            (options, resampling),
        )
    }

    /// What clusters (rows) contribute to the comparisons and the shares.
    pub(crate) fn contributions(&self) -> DMatrix<f64> {
        contributions(self.sample, self.cells, self.fits, &self.shares.1)
    }
}
