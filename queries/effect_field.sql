-- One row per indicator, population, estimator and event time: what the programs of one field did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only; mean_* are the
-- estimates of the main indicator that effect_robustness shows.
-- for_each: field
-- key: indicator, population, estimator, event_time
-- materialize: table
-- part_of: effect_fields
-- sensitivity: aggregate

with exposures as (
    select person_id, cohort, participation
    from panel_exposure
    where field = $field
),

employees as (
    select
        effect_employees.*,
        exposures.cohort,
        coalesce(exposures.participation <= effect_employees.fiscal_year, false) as participated
    from effect_employees
    left join exposures
        on effect_employees.person_id = exposures.person_id
)

select $field as field, outcome as indicator, 'employees' as population, fit.* exclude (outcome, "by", level)
from effects(
    employees,
    outcomes => $outcomes,
    robustness => $main_outcome,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    participated => participated,
    cluster => cluster_worksite_id,
    covariates => [sex, birth_fiscal_year],
    method => 'reg',
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-5..5',
    naive_window => '-3..3'
) as fit
