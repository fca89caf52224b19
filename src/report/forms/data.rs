//! What forms are filled from: the results, with what the effects of each field say.

use super::definition::FormYear;
use crate::report::names::Names;
use crate::report::reading::{FieldReadings, readings};
use crate::report::results::{Rating, Results};
use crate::report::text::Lang;

/// The results of a project, read for forms.
pub(super) struct FormData<'a> {
    pub(super) results: &'a Results,
    pub(super) names: Names<'a>,
    pub(super) fields: Vec<FieldReadings<'a>>,
    /// The latest year of any level.
    pub(super) latest_year: Option<i64>,
}

impl<'a> FormData<'a> {
    pub(super) fn of(results: &'a Results) -> Self {
        let names = Names::new(&results.vocabulary, Lang::Ja);
        let fields = match results.has_programs() {
            true => readings(
                &results.effects,
                &results.event_studies,
                &results.judgements,
                names,
            ),
            false => Vec::new(),
        };
        let trends = results.trends.iter().flat_map(|trend| &trend.points);
        let of_trends = trends.map(|point| point.year).max();
        Self {
            results,
            names,
            fields,
            latest_year: results.levels.latest_year().max(of_trends),
        }
    }

    /// The year that is meant of an indicator.
    pub(super) fn year(&self, year: FormYear, indicator: &str) -> Option<i64> {
        match year {
            FormYear::Baseline => Some(self.rating(indicator)?.baseline_year),
            year => self.year_of_all(year),
        }
    }

    /// The year that is meant where it is the same for all indicators.
    pub(super) fn year_of_all(&self, year: FormYear) -> Option<i64> {
        match year {
            FormYear::Before(years) => Some(self.latest_year? - years),
            FormYear::Of(year) => Some(year),
            FormYear::Baseline => None,
        }
    }

    /// How far an indicator with a target has come.
    pub(super) fn rating(&self, indicator: &str) -> Option<&'a Rating> {
        let mut ratings = self.results.ratings.iter();
        ratings.find(|own| own.indicator == indicator)
    }
}
