-- One row per indicator, population, estimator and event time: what alcohol programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- The drinking questions changed in FY2024; panel_checkups harmonises them, year effects take up the rest.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- sensitivity: aggregate

with naive as (
    select
        'heavy_drinking' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, heavy_drinking, post_alcohol
            from effect_employees
            where post_alcohol is not null
        ),
        'heavy_drinking ~ post_alcohol | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_alcohol) as regressor
            from effect_employees
            where post_alcohol is not null and heavy_drinking is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_alcohol'
    union all
    select
        'heavy_drinking' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, heavy_drinking, joined_alcohol
            from effect_employees
            where joined_alcohol is not null
        ),
        'heavy_drinking ~ joined_alcohol | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_alcohol) as regressor
            from effect_employees
            where joined_alcohol is not null and heavy_drinking is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_alcohol'
    union all
    select
        'heavy_drinking' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, heavy_drinking, treated_alcohol
            from effect_employees
            where treated_alcohol is not null
        ),
        'heavy_drinking ~ treated_alcohol | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_alcohol) as regressor
            from effect_employees
            where treated_alcohol is not null and heavy_drinking is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_alcohol'
    union all
    select
        'drinks_daily' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, drinks_daily, post_alcohol
            from effect_employees
            where post_alcohol is not null
        ),
        'drinks_daily ~ post_alcohol | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_alcohol) as regressor
            from effect_employees
            where post_alcohol is not null and drinks_daily is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_alcohol'
    union all
    select
        'drinks_daily' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, drinks_daily, joined_alcohol
            from effect_employees
            where joined_alcohol is not null
        ),
        'drinks_daily ~ joined_alcohol | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_alcohol) as regressor
            from effect_employees
            where joined_alcohol is not null and drinks_daily is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_alcohol'
    union all
    select
        'drinks_daily' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, drinks_daily, treated_alcohol
            from effect_employees
            where treated_alcohol is not null
        ),
        'drinks_daily ~ treated_alcohol | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_alcohol) as regressor
            from effect_employees
            where treated_alcohol is not null and drinks_daily is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_alcohol'
),

group_time as (
    select
        'heavy_drinking' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, heavy_drinking, cohort_alcohol
            from effect_employees
        ),
        outcome => heavy_drinking,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_alcohol,
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
        'drinks_daily' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, drinks_daily, cohort_alcohol
            from effect_employees
        ),
        outcome => drinks_daily,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_alcohol,
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
    'alcohol' as field,
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
    'alcohol' as field,
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
