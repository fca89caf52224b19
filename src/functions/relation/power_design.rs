//! Designs as `power` and `minimum_detectable_effect` take them: numbers, or columns of a table with a design in each row.

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::column_role::ColumnRole;
use super::estimate_table::{Amount, TableColumns, TableRows, Words};
use korabo_estimators::sensitivity::{
    Calendar, ClusteredDesign, Correlation, PowerLaw, Precision, RolloutDesign,
};
use korabo_estimators::{EstimatorError, Status};

const fn amount(name: &'static str, description: &'static str) -> ArgumentDefinition {
    optional(name, ArgumentKind::Amount(ColumnRole::Number), description)
}

const fn required_amount(name: &'static str, description: &'static str) -> ArgumentDefinition {
    ArgumentDefinition {
        required: true,
        ..amount(name, description)
    }
}

pub(super) const CLUSTERS_TREATED: ArgumentDefinition = amount(
    "clusters_treated",
    "worksites that are treated, compared with others once; or `calendar`",
);
pub(super) const CLUSTERS_CONTROL: ArgumentDefinition = amount(
    "clusters_control",
    "worksites that are not, or never start; with a calendar default 0",
);
pub(super) const CALENDAR: ArgumentDefinition = optional(
    "calendar",
    ArgumentKind::Words,
    "how many worksites start in each period, like '0, 5, 5, 5': four periods, the first of them before any start; the effect is that of a \
     regression on effects of worksites and periods",
);
pub(super) const CLUSTER_SIZE: ArgumentDefinition = required_amount(
    "cluster_size",
    "mean number of persons of a worksite, in each period",
);
pub(super) const CV_CLUSTER_SIZE: ArgumentDefinition = amount(
    "cv_cluster_size",
    "standard deviation of worksites' sizes over their mean; default 0",
);
pub(super) const ICC: ArgumentDefinition = required_amount(
    "icc",
    "share of the outcome's variance that is between worksites, 0 to 1",
);
pub(super) const SD: ArgumentDefinition =
    required_amount("sd", "standard deviation of the outcome among persons");
pub(super) const CLUSTER_AUTOCORRELATION: ArgumentDefinition = amount(
    "cluster_autocorrelation",
    "correlation between periods of what a worksite's persons share, 0 to 1; with a calendar",
);
pub(super) const INDIVIDUAL_AUTOCORRELATION: ArgumentDefinition = amount(
    "individual_autocorrelation",
    "correlation between periods of what is a person's own, 0 to 1; with a calendar. 0 where other persons are seen each time",
);
pub(super) const CORRELATION: ArgumentDefinition = optional(
    "correlation",
    ArgumentKind::Choice(&["constant", "decay"]),
    "between any two periods the same: 'constant' (default), or falling with the time between them: 'decay'",
);
pub(super) const LAW: ArgumentDefinition = optional(
    "law",
    ArgumentKind::Choice(&["noncentral_t", "approximate_t", "normal"]),
    "'noncentral_t' (default): of the t test; 'approximate_t': quantiles of the t distribution added, as in usual formulas; 'normal': for \
     many worksites",
);

/// A design for each row.
#[derive(Debug, Clone)]
pub(super) struct Designs {
    size: Amount,
    cv: Amount,
    icc: Amount,
    sd: Amount,
    arms: Arms,
    pub(super) law: PowerLaw,
}

#[derive(Debug, Clone)]
enum Arms {
    Two {
        treated: Amount,
        control: Amount,
    },
    Rollout {
        calendar: Words,
        never: Amount,
        cluster: Amount,
        individual: Amount,
        correlation: Correlation,
    },
}

/// What a row's design comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlook {
    pub(super) precision: Precision,
    /// NaN with a calendar.
    pub(super) design_effect: f64,
    pub(super) n_clusters: u64,
}

impl Designs {
    pub(super) fn try_new(
        columns: &mut TableColumns,
        bound: &BoundArguments,
    ) -> Result<Self, ArgumentProblem> {
        let missing = |name| ArgumentProblem::Missing { name, hint: "" };
        let mut read = |name: &'static str| columns.amount(bound, name);
        let size = read("cluster_size").ok_or(missing("cluster_size"))?;
        let cv = read("cv_cluster_size").unwrap_or(Amount::Number(0.0));
        let icc = read("icc").ok_or(missing("icc"))?;
        let sd = read("sd").ok_or(missing("sd"))?;
        let (treated, control) = (read("clusters_treated"), read("clusters_control"));
        let cluster = read("cluster_autocorrelation");
        let individual = read("individual_autocorrelation");
        let arms = match columns.words(bound, "calendar") {
            None => {
                for name in [
                    "cluster_autocorrelation",
                    "individual_autocorrelation",
                    "correlation",
                ] {
                    only_with_calendar(bound, name)?;
                }
                Arms::Two {
                    treated: treated.ok_or(missing("clusters_treated"))?,
                    control: control.ok_or(missing("clusters_control"))?,
                }
            }
            Some(_) if treated.is_some() => {
                return Err(ArgumentProblem::Invalid {
                    name: "clusters_treated",
                    message: "is told by `calendar`; give one of them".to_owned(),
                });
            }
            Some(calendar) => {
                if let Words::Text(text) = &calendar {
                    starts(text).map_err(|_| ArgumentProblem::Invalid {
                        name: "calendar",
                        message: "must be whole numbers with commas between them, like '0, 5, 5, 5', for two periods or more"
                            .to_owned(),
                    })?;
                }
                Arms::Rollout {
                    calendar,
                    never: control.unwrap_or(Amount::Number(0.0)),
                    cluster: cluster.ok_or(missing("cluster_autocorrelation"))?,
                    individual: individual.ok_or(missing("individual_autocorrelation"))?,
                    correlation: match bound.text("correlation", "constant") {
                        "decay" => Correlation::Decay,
                        _ => Correlation::Constant,
                    },
                }
            }
        };
        Ok(Self {
            size,
            cv,
            icc,
            sd,
            arms,
            law: match bound.text("law", "noncentral_t") {
                "approximate_t" => PowerLaw::ApproximateT,
                "normal" => PowerLaw::Normal,
                _ => PowerLaw::NoncentralT,
            },
        })
    }

    /// What the design of a row comes to; a status where a number is missing or nothing can be told.
    pub(super) fn outlook(
        &self,
        rows: &TableRows,
        row: usize,
    ) -> Result<Result<Outlook, Status>, EstimatorError> {
        let read = |amount: Amount| rows.amount(amount, row);
        let [Some(size), Some(cv), Some(icc), Some(sd)] =
            [self.size, self.cv, self.icc, self.sd].map(read)
        else {
            return Ok(Err(Status::Missing));
        };
        if sd == 0.0 {
            return Ok(Err(Status::NoVariance));
        }
        let found = match &self.arms {
            Arms::Two { treated, control } => {
                let (Some(treated), Some(control)) = (read(*treated), read(*control)) else {
                    return Ok(Err(Status::Missing));
                };
                Some(two_groups(ClusteredDesign {
                    clusters_treated: whole("clusters_treated", treated)?,
                    clusters_control: whole("clusters_control", control)?,
                    cluster_size: size,
                    cv_cluster_size: cv,
                    icc,
                    sd,
                })?)
            }
            Arms::Rollout {
                calendar,
                never,
                cluster,
                individual,
                correlation,
            } => {
                let words = rows.words(calendar, row);
                let numbers = [*never, *cluster, *individual].map(read);
                let (Some(text), [Some(never), Some(cluster), Some(individual)]) = (words, numbers)
                else {
                    return Ok(Err(Status::Missing));
                };
                rollout(&RolloutDesign {
                    calendar: Calendar {
                        starts: starts(text)?,
                        never: whole("clusters_control", never)?,
                    },
                    cluster_size: size,
                    cv_cluster_size: cv,
                    icc,
                    sd,
                    cluster_autocorrelation: cluster,
                    individual_autocorrelation: individual,
                    correlation: *correlation,
                })?
            }
        };
        Ok(self.judged(found))
    }

    /// What can be told of an outlook, or why nothing can.
    fn judged(&self, found: Option<Outlook>) -> Result<Outlook, Status> {
        let outlook = found.ok_or(Status::NotIdentified)?;
        let Precision { std_error, df } = outlook.precision;
        if std_error.is_nan() || std_error <= 0.0 {
            return Err(Status::NoVariance);
        }
        if self.law != PowerLaw::Normal && (df.is_nan() || df < 1.0) {
            return Err(Status::NotIdentified);
        }
        Ok(outlook)
    }
}

fn two_groups(design: ClusteredDesign) -> Result<Outlook, EstimatorError> {
    // One worksite on each side: possible, but without a degree of freedom, which is for the law to say.
    design.check(PowerLaw::Normal)?;
    Ok(Outlook {
        precision: design.precision(),
        design_effect: design.design_effect(),
        n_clusters: u64::from(design.clusters_treated) + u64::from(design.clusters_control),
    })
}

fn rollout(design: &RolloutDesign) -> Result<Option<Outlook>, EstimatorError> {
    let precision = design.precision()?;
    Ok(precision.map(|precision| Outlook {
        precision,
        design_effect: f64::NAN,
        n_clusters: design.n_clusters(),
    }))
}

fn only_with_calendar(bound: &BoundArguments, name: &'static str) -> Result<(), ArgumentProblem> {
    if !bound.has(name) {
        return Ok(());
    }
    Err(ArgumentProblem::Invalid {
        name,
        message: "is for a `calendar`".to_owned(),
    })
}

/// A number of worksites.
fn whole(option: &'static str, number: f64) -> Result<u32, EstimatorError> {
    if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        return Ok(number as u32);
    }
    Err(EstimatorError::BadOption {
        option,
        expected: "a whole number",
    })
}

/// The numbers of a calendar.
fn starts(text: &str) -> Result<Vec<u32>, EstimatorError> {
    let numbers = text.split(',').map(|part| part.trim().parse::<u32>().ok());
    match numbers.collect::<Option<Vec<u32>>>() {
        Some(starts) if starts.len() > 1 => Ok(starts),
        _ => Err(EstimatorError::BadOption {
            option: "calendar",
            expected: "whole numbers with commas between them, like '0, 5, 5, 5', for two periods or more",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{starts, whole};

    #[test]
    fn calendars_and_numbers_of_worksites_are_read_or_refused() {
        assert_eq!(starts("0, 5 ,5"), Ok(vec![0, 5, 5]));
        for text in ["", "5", "0, -1", "0, 1.5", "0; 5", "0,,5", "0, 99999999999"] {
            assert!(starts(text).is_err(), "{text}");
        }
        assert_eq!(whole("a", 12.0), Ok(12));
        for number in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e10] {
            assert!(whole("a", number).is_err(), "{number}");
        }
    }
}
