//! An event study over a panel with its covariance matrix, for the relations that start from both.

use super::argument::{ArgumentDefinition, ArgumentKind, asked_for, joined, optional, picked};
use super::argument_error::ArgumentProblem;
use super::att::{WINDOW_ARGUMENTS, aggregate_options};
use super::bound_arguments::BoundArguments;
use super::panel_call::{PANEL_ARGUMENTS, PanelCall};
use super::panel_rows::PanelRows;
use korabo_estimators::group_time::{
    Aggregate, AggregateOptions, AggregateRow, AttGtOptions, AttGtResult, BasePeriod, Method,
    aggregate_with_covariance, att_gt_outcomes,
};
use korabo_estimators::sensitivity::{Covariance, EventStudy};
use korabo_estimators::{EstimatorError, Status};

/// Arguments of `event_study` without the bootstrap, whose errors come without a covariance matrix.
pub(super) const STUDY_ARGUMENTS: [ArgumentDefinition; 20] = joined(
    &picked::<17>(
        PANEL_ARGUMENTS,
        [
            "outcome",
            "outcomes",
            "unit",
            "time",
            "cohort",
            "by",
            "covariates",
            "weight",
            "cluster",
            "control",
            "method",
            "base_period",
            "anticipation",
            "panel",
            "unbalanced",
            "level",
            "seed",
        ],
    ),
    &WINDOW_ARGUMENTS,
);

/// The same for relations that take estimates or a panel, and have a method of their own; the base period is universal.
pub(super) const PANEL_IN_PLACE: [ArgumentDefinition; 17] = joined(
    &asked_for(picked::<13>(
        PANEL_ARGUMENTS,
        [
            "outcome",
            "outcomes",
            "unit",
            "time",
            "cohort",
            "by",
            "covariates",
            "weight",
            "cluster",
            "control",
            "anticipation",
            "panel",
            "unbalanced",
        ],
    )),
    &joined::<4>(
        &[optional(
            "adjustment",
            ArgumentKind::Choice(&["dr", "ipw", "reg"]),
            "adjustment for covariates, the `method` of event_study; default 'dr'",
        )],
        &WINDOW_ARGUMENTS,
    ),
);

/// Whether a call of such a relation is over a panel rather than over estimates.
///
/// # Errors
/// When it has arguments of both.
pub(super) fn is_over_panel(
    bound: &BoundArguments,
    of_estimates: &[ArgumentDefinition],
) -> Result<bool, ArgumentProblem> {
    let is_over_panel = bound.has("outcome") || bound.has("outcomes");
    let (strange, goes_with) = if is_over_panel {
        (of_estimates, "a table of estimates, not with `outcome`")
    } else {
        (PANEL_IN_PLACE.as_slice(), "`outcome` or `outcomes`")
    };
    match strange.iter().find(|argument| bound.has(argument.name)) {
        None => Ok(is_over_panel),
        Some(argument) => Err(ArgumentProblem::Invalid {
            name: argument.name,
            message: format!("goes with {goes_with}"),
        }),
    }
}

/// How an event study is made from a panel.
#[derive(Debug, Clone)]
pub(super) struct EventStudyCall {
    options: AttGtOptions,
    aggregate: AggregateOptions,
}

/// Effects by event time with their covariance matrix.
pub(super) struct StudyEstimates {
    pub(super) rows: Vec<AggregateRow>,
    pub(super) covariance: Covariance,
    /// Event times at which a cohort has its base period.
    bases: Vec<i32>,
}

impl EventStudyCall {
    /// The event study that arguments like those of `event_study` ask for.
    pub(super) fn try_new(
        bound: &BoundArguments,
        call: &PanelCall,
    ) -> Result<Self, ArgumentProblem> {
        Ok(Self {
            aggregate: aggregate_options(Aggregate::Dynamic, bound, &call.options)?,
            options: AttGtOptions {
                bootstrap: None,
                ..call.options
            },
        })
    }

    /// The same with the universal base, and `adjustment` in place of `method`.
    pub(super) fn with_universal_base(
        bound: &BoundArguments,
        call: &PanelCall,
    ) -> Result<Self, ArgumentProblem> {
        let mut study = Self::try_new(bound, call)?;
        study.options.base_period = BasePeriod::Universal;
        study.options.method = match bound.text("adjustment", "dr") {
            "ipw" => Method::InverseProbability,
            "reg" => Method::OutcomeRegression,
            _ => Method::DoublyRobust,
        };
        Ok(study)
    }

    /// The event study of each outcome.
    pub(super) fn estimate(
        &self,
        mut rows: PanelRows,
    ) -> Vec<Result<StudyEstimates, EstimatorError>> {
        rows.by_panel(&rows.all_outcomes(), |panel, others| {
            let groups = att_gt_outcomes(&panel, &others, &self.options)?;
            groups
                .iter()
                .map(|own| {
                    let (found, covariance) = aggregate_with_covariance(own, &self.aggregate)?;
                    Ok(StudyEstimates {
                        rows: found.rows,
                        covariance,
                        bases: bases(own),
                    })
                })
                .collect()
        })
    }
}

/// Event times at which a cohort has its base period, each once.
fn bases(effects: &AttGtResult) -> Vec<i32> {
    let rows = effects.rows.iter();
    let mut bases: Vec<i32> = rows
        .filter(|row| row.estimate.status == Status::BasePeriod)
        .map(|row| row.event_time)
        .collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}

impl StudyEstimates {
    /// The study with its base period as the reference. The status of what cannot be one: cohorts with their base periods at
    /// different event times, where a period is missing; nothing on one side of the base; a gap.
    pub(super) fn study(&self) -> Result<Result<EventStudy, Status>, EstimatorError> {
        let &[reference] = self.bases.as_slice() else {
            return Ok(Err(Status::NotIdentified));
        };
        let event_times: Vec<i32> = self.rows.iter().filter_map(|row| row.at).collect();
        let estimates: Vec<f64> = self.rows.iter().map(|row| row.estimate.estimate).collect();
        let study = EventStudy::try_new(&event_times, &estimates, &self.covariance, reference);
        study.map_or_else(|error| unusable(error).map(Err), |study| Ok(Ok(study)))
    }
}

/// The status where an event study over a panel is too short or has a gap; other errors stay what they are.
pub(super) fn unusable(error: EstimatorError) -> Result<Status, EstimatorError> {
    match error {
        EstimatorError::OneSidedEventStudy { .. } | EstimatorError::EventTimeGap { .. } => {
            Ok(Status::NotIdentified)
        }
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::RELATIONS;

    #[test]
    fn arguments_of_a_relation_have_names_of_their_own() {
        for relation in RELATIONS {
            let names: Vec<&str> = relation.arguments.iter().map(|own| own.name).collect();
            for (k, name) in names.iter().enumerate() {
                assert!(!name.is_empty(), "{}", relation.name);
                assert!(
                    !names[..k].contains(name),
                    "{}: `{name}` twice",
                    relation.name
                );
            }
        }
    }
}
