//! What group-time effects say about their own making.

use crate::diagnostic::Diagnostic;
use crate::group_time::effects::{AttGtResult, Pretest};
use crate::status::Status;

impl AttGtResult {
    /// What was done with rows, units and periods, and what the effects before exposure say.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let sample = &self.sample;
        let mut rows: Vec<Diagnostic> = [
            ("n_rows_in", sample.n_rows_in),
            ("n_missing_rows", sample.n_missing_rows),
            ("n_incomplete_units", sample.n_incomplete_units),
            ("n_incomplete_rows", sample.n_incomplete_rows),
            ("n_always_treated", sample.n_always_treated),
            ("n_late_units", sample.n_late_units),
            ("n_dropped_periods", sample.n_dropped_periods),
            ("n_units", sample.n_units),
            ("n_clusters", sample.n_clusters),
        ]
        .into_iter()
        .map(|(name, count)| Diagnostic::number(name, "", count as f64))
        .collect();
        rows.extend(sample.comparison_cohort.map(Diagnostic::comparison_cohort));
        for row in self.rows.iter().filter(|row| row.n_trimmed > 0) {
            let cell = format!("cohort={};time={}", row.cohort, row.time);
            rows.push(Diagnostic {
                status: Status::Trimmed,
                ..Diagnostic::number("n_trimmed", &cell, row.n_trimmed as f64)
            });
        }
        rows.push(self.pretest_diagnostic());
        rows.extend(self.band.map(Diagnostic::band));
        rows
    }

    fn pretest_diagnostic(&self) -> Diagnostic {
        let missing = Diagnostic::number("pretest_wald", "", f64::NAN);
        match self.pretest {
            Pretest::Wald {
                statistic,
                df,
                p_value,
            } => Diagnostic {
                statistic,
                df1: f64::from(df),
                p_value,
                ..missing
            }
            .with_detail("all effects before exposure are zero"),
            Pretest::NoPreCells => missing.with_detail("no effect before exposure has an error"),
            Pretest::Singular => Diagnostic {
                status: Status::Singular,
                ..missing
            }
            .with_detail(
                "the effects before exposure have a singular covariance: too few clusters",
            ),
        }
    }
}
