-- One row per field, main indicator and estimator: the mean effect over all exposed person-years, in five ways.
-- All have the same estimand, so that they can be compared with each other (the one in effect_summary is the plain
-- mean of event times 0 to 5). callaway_santanna: as in the effect tables. doubly_robust: who is exposed is modelled as
-- well; fewer n_treated there are people for whom it cannot be. unadjusted: without covariates. The last two compare
-- otherwise and are not adjusted either: did_imputation with a model of all unexposed person-years, sun_abraham with the
-- never exposed only. Where they disagree, the effect rests on the choice of estimator.
-- bacon, which weighs the comparisons in the two-way estimate, is not here: it needs people seen in every year.
-- key: field, indicator, population, estimator
-- materialize: table
-- sensitivity: aggregate

with estimates as (
    select
        'nutrition' as field, 'weight_kg' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => weight_kg, unit => person_id, time => fiscal_year,
        cohort => cohort_nutrition, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'nutrition' as field, 'weight_kg' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => weight_kg, unit => person_id, time => fiscal_year,
        cohort => cohort_nutrition, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'nutrition' as field, 'weight_kg' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => weight_kg, unit => person_id, time => fiscal_year,
        cohort => cohort_nutrition, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'nutrition' as field, 'weight_kg' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => weight_kg, unit => person_id, time => fiscal_year,
        cohort => cohort_nutrition, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'nutrition' as field, 'weight_kg' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => weight_kg, unit => person_id, time => fiscal_year,
        cohort => cohort_nutrition, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'activity' as field, 'exercise_habit' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => exercise_habit, unit => person_id, time => fiscal_year,
        cohort => cohort_activity, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'activity' as field, 'exercise_habit' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => exercise_habit, unit => person_id, time => fiscal_year,
        cohort => cohort_activity, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'activity' as field, 'exercise_habit' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => exercise_habit, unit => person_id, time => fiscal_year,
        cohort => cohort_activity, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'activity' as field, 'exercise_habit' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => exercise_habit, unit => person_id, time => fiscal_year,
        cohort => cohort_activity, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'activity' as field, 'exercise_habit' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => exercise_habit, unit => person_id, time => fiscal_year,
        cohort => cohort_activity, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'mind' as field, 'presenteeism_loss' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => presenteeism_loss, unit => person_id, time => fiscal_year,
        cohort => cohort_mind, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'mind' as field, 'presenteeism_loss' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => presenteeism_loss, unit => person_id, time => fiscal_year,
        cohort => cohort_mind, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'mind' as field, 'presenteeism_loss' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => presenteeism_loss, unit => person_id, time => fiscal_year,
        cohort => cohort_mind, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'mind' as field, 'presenteeism_loss' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => presenteeism_loss, unit => person_id, time => fiscal_year,
        cohort => cohort_mind, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'mind' as field, 'presenteeism_loss' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => presenteeism_loss, unit => person_id, time => fiscal_year,
        cohort => cohort_mind, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'rest' as field, 'sleep_rest' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => sleep_rest, unit => person_id, time => fiscal_year,
        cohort => cohort_rest, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'rest' as field, 'sleep_rest' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => sleep_rest, unit => person_id, time => fiscal_year,
        cohort => cohort_rest, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'rest' as field, 'sleep_rest' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => sleep_rest, unit => person_id, time => fiscal_year,
        cohort => cohort_rest, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'rest' as field, 'sleep_rest' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => sleep_rest, unit => person_id, time => fiscal_year,
        cohort => cohort_rest, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'rest' as field, 'sleep_rest' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => sleep_rest, unit => person_id, time => fiscal_year,
        cohort => cohort_rest, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'oral' as field, 'chews_anything' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => chews_anything, unit => person_id, time => fiscal_year,
        cohort => cohort_oral, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'oral' as field, 'chews_anything' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => chews_anything, unit => person_id, time => fiscal_year,
        cohort => cohort_oral, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'oral' as field, 'chews_anything' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => chews_anything, unit => person_id, time => fiscal_year,
        cohort => cohort_oral, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'oral' as field, 'chews_anything' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => chews_anything, unit => person_id, time => fiscal_year,
        cohort => cohort_oral, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'oral' as field, 'chews_anything' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => chews_anything, unit => person_id, time => fiscal_year,
        cohort => cohort_oral, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'frailty' as field, 'walk_fast' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => walk_fast, unit => person_id, time => fiscal_year,
        cohort => cohort_frailty, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'frailty' as field, 'walk_fast' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => walk_fast, unit => person_id, time => fiscal_year,
        cohort => cohort_frailty, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'frailty' as field, 'walk_fast' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => walk_fast, unit => person_id, time => fiscal_year,
        cohort => cohort_frailty, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'frailty' as field, 'walk_fast' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => walk_fast, unit => person_id, time => fiscal_year,
        cohort => cohort_frailty, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'frailty' as field, 'walk_fast' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => walk_fast, unit => person_id, time => fiscal_year,
        cohort => cohort_frailty, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'smoking' as field, 'current_smoker' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => current_smoker, unit => person_id, time => fiscal_year,
        cohort => cohort_smoking, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'smoking' as field, 'current_smoker' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => current_smoker, unit => person_id, time => fiscal_year,
        cohort => cohort_smoking, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'smoking' as field, 'current_smoker' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => current_smoker, unit => person_id, time => fiscal_year,
        cohort => cohort_smoking, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'smoking' as field, 'current_smoker' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => current_smoker, unit => person_id, time => fiscal_year,
        cohort => cohort_smoking, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'smoking' as field, 'current_smoker' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => current_smoker, unit => person_id, time => fiscal_year,
        cohort => cohort_smoking, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'alcohol' as field, 'heavy_drinking' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => heavy_drinking, unit => person_id, time => fiscal_year,
        cohort => cohort_alcohol, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'alcohol' as field, 'heavy_drinking' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => heavy_drinking, unit => person_id, time => fiscal_year,
        cohort => cohort_alcohol, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'alcohol' as field, 'heavy_drinking' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => heavy_drinking, unit => person_id, time => fiscal_year,
        cohort => cohort_alcohol, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'alcohol' as field, 'heavy_drinking' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => heavy_drinking, unit => person_id, time => fiscal_year,
        cohort => cohort_alcohol, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'alcohol' as field, 'heavy_drinking' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => heavy_drinking, unit => person_id, time => fiscal_year,
        cohort => cohort_alcohol, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'system' as field, 'absence_days' as indicator, 'callaway_santanna' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => absence_days, unit => person_id, time => fiscal_year,
        cohort => cohort_system, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'reg',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'system' as field, 'absence_days' as indicator, 'doubly_robust' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => absence_days, unit => person_id, time => fiscal_year,
        cohort => cohort_system, cluster => cluster_worksite_id,
        covariates => [sex, birth_fiscal_year], method => 'dr',
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'system' as field, 'absence_days' as indicator, 'unadjusted' as estimator,
        fit.* exclude (aggregate, at)
    from att(
        effect_employees, outcome => absence_days, unit => person_id, time => fiscal_year,
        cohort => cohort_system, cluster => cluster_worksite_id,
        control => 'not_yet_treated', aggregate => 'simple', base_period => 'universal', unbalanced => 'pairs'
    ) as fit
    union all
    select
        'system' as field, 'absence_days' as indicator, 'did_imputation' as estimator,
        fit.* exclude (event_time)
    from did_imputation(
        effect_employees, outcome => absence_days, unit => person_id, time => fiscal_year,
        cohort => cohort_system, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
    union all
    select
        'system' as field, 'absence_days' as indicator, 'sun_abraham' as estimator,
        fit.* exclude (event_time)
    from sun_abraham(
        effect_employees, outcome => absence_days, unit => person_id, time => fiscal_year,
        cohort => cohort_system, cluster => cluster_worksite_id
    ) as fit
    where fit.event_time is null
)

select
    field,
    indicator,
    'employees' as population,
    estimator,
    estimate,
    std_error,
    statistic,
    p_value,
    conf_low,
    conf_high,
    band_low,
    band_high,
    n_treated,
    n_control,
    n_units,
    n_clusters,
    status
from estimates
