-- One row per field, population, covariate and level: how alike exposed and never exposed persons were to begin with.
-- Measured in a person's first year in the analyses, before any exposure; persons exposed by then are left out, as they
-- are from the effects. smd is the difference in standard deviations: above 0.1 in size the groups are not alike in it.
-- Only what is_adjusted is taken into account by the effects. A difference in the rest biases them only if people who
-- differ in it would also have changed differently.
-- key: field, population, covariate, level
-- materialize: table
-- sensitivity: aggregate

with analysed as (
    select distinct field, population
    from evaluation_plans
    where exposure = 'field' and exposed <> 'participated' and is_whole_population
),

employees as (
    select
        analysed.field,
        panel_baseline.*,
        panel_exposure.cohort is not null as exposed
    from panel_baseline
    cross join analysed
    left join panel_exposure
        on panel_baseline.person_id = panel_exposure.person_id
        and analysed.field = panel_exposure.field
    where
        analysed.population = 'employees'
        and (panel_exposure.cohort is null or panel_baseline.fiscal_year < panel_exposure.cohort)
),

spouses as (
    select
        analysed.field,
        panel_spouses.sex = 2 as female,
        panel_spouses.fiscal_year - panel_spouses.birth_fiscal_year as age,
        panel_exposure.household_cohort is not null as exposed
    from panel_spouses
    cross join analysed
    left join panel_exposure
        on panel_spouses.person_id = panel_exposure.person_id
        and analysed.field = panel_exposure.field
    where
        analysed.population = 'spouses'
        and (panel_exposure.household_cohort is null or panel_spouses.fiscal_year < panel_exposure.household_cohort)
    qualify row_number() over (
        partition by analysed.field, panel_spouses.person_id order by panel_spouses.fiscal_year
    ) = 1
),

comparisons as (
    select stratum as field, 'employees' as population, fit.* exclude (stratum)
    from balance(
        employees,
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total],
        strata => field
    ) as fit
    union all
    select stratum as field, 'spouses' as population, fit.* exclude (stratum)
    from balance(spouses, treated => exposed, covariates => [female, age], strata => field) as fit
)

select
    field,
    population,
    covariate,
    level,
    covariate in ('female', 'age') as is_adjusted,
    mean_treated,
    mean_control,
    sd_treated,
    sd_control,
    difference,
    smd,
    variance_ratio,
    ks,
    n_treated,
    n_control,
    n_missing,
    status
from comparisons
