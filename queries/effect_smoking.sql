-- One row per indicator, population, estimator and event time: what smoking programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only; mean_* are the
-- estimates of the main indicator that effect_robustness shows.
-- FY2024 split non-smokers into former and never; current smokers mean the same in all terms.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- part_of: effect_fields
-- sensitivity: aggregate

select 'smoking' as field, outcome as indicator, 'employees' as population, fit.* exclude (outcome, "by", level)
from effects(
    effect_employees,
    outcomes => [current_smoker],
    robustness => [current_smoker],
    unit => person_id,
    time => fiscal_year,
    cohort => cohort_smoking,
    participated => participated_smoking,
    cluster => cluster_worksite_id,
    covariates => [sex, birth_fiscal_year],
    method => 'reg',
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-5..5',
    naive_window => '-3..3'
) as fit
