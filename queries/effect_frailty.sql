-- One row per indicator, population, estimator and event time: what frailty prevention programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- Walking speed is asked of everyone from 40 on, unlike the questions for those of 75 and over.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- sensitivity: aggregate

with naive as (
    select
        'walk_fast' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walk_fast, post_frailty
            from effect_employees
            where post_frailty is not null
        ),
        'walk_fast ~ post_frailty | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_frailty) as regressor
            from effect_employees
            where post_frailty is not null and walk_fast is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_frailty'
    union all
    select
        'walk_fast' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walk_fast, joined_frailty
            from effect_employees
            where joined_frailty is not null
        ),
        'walk_fast ~ joined_frailty | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_frailty) as regressor
            from effect_employees
            where joined_frailty is not null and walk_fast is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_frailty'
    union all
    select
        'walk_fast' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walk_fast, treated_frailty
            from effect_employees
            where treated_frailty is not null
        ),
        'walk_fast ~ treated_frailty | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_frailty) as regressor
            from effect_employees
            where treated_frailty is not null and walk_fast is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_frailty'
),

group_time as (
    select
        'walk_fast' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, walk_fast, cohort_frailty
            from effect_employees
        ),
        outcome => walk_fast,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_frailty,
        covariates => [sex, birth_fiscal_year],
        method => 'reg',
        cluster => cluster_worksite_id,
        control => 'not_yet_treated',
        aggregate => 'dynamic',
        base_period => 'universal',
        unbalanced => 'pairs',
        min_e => -5,
        max_e => 5
    ) as effects
)

select
    'frailty' as field,
    indicator,
    population,
    estimator,
    cast(null as bigint) as event_time,
    estimate,
    std_error,
    statistic,
    p_value,
    conf_low,
    conf_high,
    band_low,
    band_high,
    cast(n_treated as bigint) as n_treated,
    cast(n_control as bigint) as n_control,
    cast(n_units as bigint) as n_units,
    cast(n_clusters as bigint) as n_clusters,
    status
from naive
union all
select
    'frailty' as field,
    indicator,
    population,
    case when at is null then 'callaway_santanna' else 'event_study' end as estimator,
    cast(at as bigint) as event_time,
    estimate,
    std_error,
    statistic,
    p_value,
    conf_low,
    conf_high,
    band_low,
    band_high,
    cast(n_treated as bigint) as n_treated,
    cast(n_control as bigint) as n_control,
    cast(n_units as bigint) as n_units,
    cast(n_clusters as bigint) as n_clusters,
    status
from group_time
