-- One row per field, population, covariate and level: how alike exposed and never exposed persons were to begin with.
-- Measured in a person's first year in the analyses, before any exposure; persons exposed by then are left out, as they
-- are from the effects. smd is the difference in standard deviations: above 0.1 in size the groups are not alike in it.
-- Only what is_adjusted is taken into account by the effects. A difference in the rest biases them only if people who
-- differ in it would also have changed differently.
-- key: field, population, covariate, level
-- materialize: table
-- sensitivity: aggregate

with comparisons as (
    select 'nutrition' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_nutrition is not null as exposed
            from effect_baseline
            where cohort_nutrition is null or fiscal_year < cohort_nutrition
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'activity' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_activity is not null as exposed
            from effect_baseline
            where cohort_activity is null or fiscal_year < cohort_activity
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'mind' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_mind is not null as exposed
            from effect_baseline
            where cohort_mind is null or fiscal_year < cohort_mind
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'rest' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_rest is not null as exposed
            from effect_baseline
            where cohort_rest is null or fiscal_year < cohort_rest
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'oral' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_oral is not null as exposed
            from effect_baseline
            where cohort_oral is null or fiscal_year < cohort_oral
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'frailty' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_frailty is not null as exposed
            from effect_baseline
            where cohort_frailty is null or fiscal_year < cohort_frailty
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'smoking' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_smoking is not null as exposed
            from effect_baseline
            where cohort_smoking is null or fiscal_year < cohort_smoking
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'alcohol' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_alcohol is not null as exposed
            from effect_baseline
            where cohort_alcohol is null or fiscal_year < cohort_alcohol
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'system' as field, 'employees' as population, fit.*
    from balance(
        (
            select *, cohort_system is not null as exposed
            from effect_baseline
            where cohort_system is null or fiscal_year < cohort_system
        ),
        treated => exposed,
        covariates => [female, age, size_band, industry_code, bmi, current_smoker, yen_total]
    ) as fit
    union all
    select 'nutrition' as field, 'spouses' as population, fit.*
    from balance(
        (
            select
                sex = 2 as female,
                fiscal_year - birth_fiscal_year as age,
                cohort_nutrition is not null as exposed
            from effect_spouses
            where cohort_nutrition is null or fiscal_year < cohort_nutrition
            qualify row_number() over (partition by person_id order by fiscal_year) = 1
        ),
        treated => exposed,
        covariates => [female, age]
    ) as fit
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
