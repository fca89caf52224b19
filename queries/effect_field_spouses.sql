-- One row per indicator, population, estimator and event time: what the programs of one field did to spouses.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- Spouses are never offered a program themselves: an effect on them travelled home with the employee.
-- for_each: field
-- key: indicator, population, estimator, event_time
-- materialize: table
-- part_of: effect_fields
-- sensitivity: aggregate

with exposures as (
    select person_id, household_cohort
    from panel_exposure
    where field = $field
),

subscriber_participation as (
    select
        panel_person_year.household_id,
        panel_person_year.fiscal_year,
        bool_or(panel_exposure.participation <= panel_person_year.fiscal_year) as participated
    from panel_person_year
    inner join panel_exposure
        on panel_person_year.person_id = panel_exposure.person_id
    where panel_person_year.relationship = 1 and panel_exposure.field = $field
    group by panel_person_year.household_id, panel_person_year.fiscal_year
),

spouses as (
    select
        effect_spouses.*,
        exposures.household_cohort as cohort,
        coalesce(subscriber_participation.participated, false) as subscriber_participates
    from effect_spouses
    left join exposures
        on effect_spouses.person_id = exposures.person_id
    left join subscriber_participation
        on effect_spouses.household_id = subscriber_participation.household_id
        and effect_spouses.fiscal_year = subscriber_participation.fiscal_year
)

select $field as field, outcome as indicator, 'spouses' as population, fit.* exclude (outcome, "by", level)
from effects(
    spouses,
    outcomes => $spouse_outcomes,
    unit => person_id,
    time => fiscal_year,
    cohort => cohort,
    participated => subscriber_participates,
    cluster => cluster_worksite_id,
    covariates => [sex, birth_fiscal_year],
    method => 'reg',
    control => 'not_yet_treated',
    unbalanced => 'pairs',
    window => '-5..5',
    naive_window => '-3..3'
) as fit
