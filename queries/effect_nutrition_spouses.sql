-- One row per indicator, population, estimator and event time: what nutrition programs did to spouses.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- Spouses are never offered a program themselves: an effect on them travelled home with the employee.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- part_of: effect_fields
-- sensitivity: aggregate

select 'nutrition' as field, outcome as indicator, 'spouses' as population, fit.* exclude (outcome, "by", level)
from effects(
    effect_spouses,
    outcomes => [late_dinner, skips_breakfast],
    unit => person_id,
    time => fiscal_year,
    cohort => cohort_nutrition,
    participated => subscriber_participates,
    cluster => cluster_worksite_id,
    covariates => [sex, birth_fiscal_year],
    method => 'reg',
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-5..5',
    naive_window => '-3..3'
) as fit
