-- One row per spouse and fiscal year in the analyses of spill-over into the family.
-- The cohort is that of the household's subscriber, and joined_* says whether the subscriber takes part. Households
-- whose subscriber's worksite is unknown (no positive cluster) are left out for the reason given in effect_employees.
-- Adjusted for as there: the spouse's own sex and fiscal year of birth.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

with spouses as (
    select
        person_id,
        fiscal_year,
        household_id,
        cluster_worksite_id,
        sex,
        fiscal_year - age as birth_fiscal_year,
        late_dinner,
        skips_breakfast,
        household_cohort_nutrition
    from panel_person_year
    where
        relationship = 2
        and age between $min_age and $max_age
        and cluster_worksite_id > 0
),

subscriber_participation as (
    select
        household_id,
        fiscal_year,
        bool_or(participated_nutrition) as participated
    from panel_person_year
    where relationship = 1
    group by household_id, fiscal_year
),

spouse_years as (
    select
        spouses.person_id,
        spouses.fiscal_year,
        spouses.cluster_worksite_id,
        spouses.sex,
        spouses.birth_fiscal_year,
        spouses.late_dinner,
        spouses.skips_breakfast,
        spouses.household_cohort_nutrition,
        coalesce(subscriber_participation.participated, false) as subscriber_participates
    from spouses
    left join subscriber_participation
        on spouses.household_id = subscriber_participation.household_id
        and spouses.fiscal_year = subscriber_participation.fiscal_year
)

select
    person_id,
    fiscal_year,
    cluster_worksite_id,
    sex,
    birth_fiscal_year,
    late_dinner,
    skips_breakfast,
    household_cohort_nutrition as cohort_nutrition,
    case when household_cohort_nutrition <= fiscal_year then 1.0 else 0.0 end as treated_nutrition,
    case
        when fiscal_year between household_cohort_nutrition and household_cohort_nutrition + 3 then 1.0
        when fiscal_year between household_cohort_nutrition - 3 and household_cohort_nutrition - 1 then 0.0
    end as post_nutrition,
    case
        when household_cohort_nutrition <= fiscal_year and subscriber_participates then 1.0
        when household_cohort_nutrition <= fiscal_year then 0.0
    end as joined_nutrition
from spouse_years
