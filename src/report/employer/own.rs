//! What the sections of an employer's page are made of.

use crate::report::names::Names;
use crate::report::reading::FieldReadings;
use crate::report::results::{Employer, Offer, Results};
use crate::report::text::Lang;

/// What the sections of one page are made of.
pub(super) struct Own<'page> {
    pub(super) results: &'page Results,
    pub(super) employer: &'page Employer,
    /// What the employer offered: one pass over the offers of all.
    pub(super) offers: Vec<&'page Offer>,
    pub(super) fields: &'page [FieldReadings<'page>],
    pub(super) names: Names<'page>,
}

impl Own<'_> {
    pub(super) fn lang(&self) -> Lang {
        self.names.lang
    }
}
