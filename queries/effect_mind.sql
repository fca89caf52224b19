-- One row per indicator, population, estimator and event time: what mental health programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- sleep_rest is a negative control: no program of this field aims at it, so an effect on it casts doubt on the rest.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- sensitivity: aggregate

with naive as (
    select
        'presenteeism_loss' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, presenteeism_loss, post_mind
            from effect_employees
            where post_mind is not null
        ),
        'presenteeism_loss ~ post_mind | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_mind) as regressor
            from effect_employees
            where post_mind is not null and presenteeism_loss is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_mind'
    union all
    select
        'presenteeism_loss' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, presenteeism_loss, joined_mind
            from effect_employees
            where joined_mind is not null
        ),
        'presenteeism_loss ~ joined_mind | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_mind) as regressor
            from effect_employees
            where joined_mind is not null and presenteeism_loss is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_mind'
    union all
    select
        'presenteeism_loss' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, presenteeism_loss, treated_mind
            from effect_employees
            where treated_mind is not null
        ),
        'presenteeism_loss ~ treated_mind | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_mind) as regressor
            from effect_employees
            where treated_mind is not null and presenteeism_loss is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_mind'
    union all
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
            select person_id, fiscal_year, cluster_worksite_id, absence_days, post_mind
            from effect_employees
            where post_mind is not null
        ),
        'absence_days ~ post_mind | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_mind) as regressor
            from effect_employees
            where post_mind is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_mind'
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
            select person_id, fiscal_year, cluster_worksite_id, absence_days, joined_mind
            from effect_employees
            where joined_mind is not null
        ),
        'absence_days ~ joined_mind | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_mind) as regressor
            from effect_employees
            where joined_mind is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_mind'
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
            select person_id, fiscal_year, cluster_worksite_id, absence_days, treated_mind
            from effect_employees
            where treated_mind is not null
        ),
        'absence_days ~ treated_mind | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_mind) as regressor
            from effect_employees
            where treated_mind is not null and absence_days is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_mind'
    union all
    select
        'sleep_rest' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, sleep_rest, post_mind
            from effect_employees
            where post_mind is not null
        ),
        'sleep_rest ~ post_mind | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_mind) as regressor
            from effect_employees
            where post_mind is not null and sleep_rest is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_mind'
    union all
    select
        'sleep_rest' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, sleep_rest, joined_mind
            from effect_employees
            where joined_mind is not null
        ),
        'sleep_rest ~ joined_mind | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_mind) as regressor
            from effect_employees
            where joined_mind is not null and sleep_rest is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_mind'
    union all
    select
        'sleep_rest' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, sleep_rest, treated_mind
            from effect_employees
            where treated_mind is not null
        ),
        'sleep_rest ~ treated_mind | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_mind) as regressor
            from effect_employees
            where treated_mind is not null and sleep_rest is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_mind'
),

group_time as (
    select
        'presenteeism_loss' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, presenteeism_loss, cohort_mind
            from effect_employees
        ),
        outcome => presenteeism_loss,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_mind,
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
        'absence_days' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, absence_days, cohort_mind
            from effect_employees
        ),
        outcome => absence_days,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_mind,
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
        'sleep_rest' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, sleep_rest, cohort_mind
            from effect_employees
        ),
        outcome => sleep_rest,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_mind,
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
    'mind' as field,
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
    'mind' as field,
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
