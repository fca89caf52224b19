-- One row per indicator, population, estimator and event time: what organisation programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- Cost is skewed: expect wide intervals, and do not read a missing effect as no effect.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- sensitivity: aggregate

with naive as (
    select
        'absence_days' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, absence_days, post_system
            from effect_employees
            where post_system is not null
        ),
        'absence_days ~ post_system | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_system) as regressor
            from effect_employees
            where post_system is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_system'
    union all
    select
        'absence_days' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, absence_days, joined_system
            from effect_employees
            where joined_system is not null
        ),
        'absence_days ~ joined_system | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_system) as regressor
            from effect_employees
            where joined_system is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_system'
    union all
    select
        'absence_days' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, absence_days, treated_system
            from effect_employees
            where treated_system is not null
        ),
        'absence_days ~ treated_system | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_system) as regressor
            from effect_employees
            where treated_system is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_system'
    union all
    select
        'yen_total' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, yen_total, post_system
            from effect_employees
            where post_system is not null
        ),
        'yen_total ~ post_system | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_system) as regressor
            from effect_employees
            where post_system is not null and yen_total is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_system'
    union all
    select
        'yen_total' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, yen_total, joined_system
            from effect_employees
            where joined_system is not null
        ),
        'yen_total ~ joined_system | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_system) as regressor
            from effect_employees
            where joined_system is not null and yen_total is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_system'
    union all
    select
        'yen_total' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, yen_total, treated_system
            from effect_employees
            where treated_system is not null
        ),
        'yen_total ~ treated_system | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_system) as regressor
            from effect_employees
            where treated_system is not null and yen_total is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_system'
),

group_time as (
    select
        'absence_days' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, absence_days, cohort_system
            from effect_employees
        ),
        outcome => absence_days,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_system,
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
    union all
    select
        'yen_total' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, yen_total, cohort_system
            from effect_employees
        ),
        outcome => yen_total,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_system,
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
    'system' as field,
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
    'system' as field,
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
