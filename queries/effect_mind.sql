-- One row per indicator, population, estimator and event time: what mental health programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only; mean_* are the
-- estimates of the main indicator that effect_robustness shows.
-- sleep_rest is a negative control: no program of this field aims at it, so an effect on it casts doubt on the rest.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- part_of: effect_fields
-- sensitivity: aggregate

select 'mind' as field, outcome as indicator, 'employees' as population, fit.* exclude (outcome, "by", level)
from effects(
    effect_employees,
    outcomes => [presenteeism_loss, absence_days, sleep_rest],
    robustness => [presenteeism_loss],
    unit => person_id,
    time => fiscal_year,
    cohort => cohort_mind,
    participated => participated_mind,
    cluster => cluster_worksite_id,
    covariates => [sex, birth_fiscal_year],
    method => 'reg',
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-5..5',
    naive_window => '-3..3'
) as fit
