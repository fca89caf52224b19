-- One row per indicator, population, estimator and event time: what physical activity programs did.
-- The causal estimate (callaway_santanna, event_study) stands beside three naive ones, so that the reader sees what
-- selection, drift and staggered starts would have claimed. event_time is set for the event study only.
-- bmi should follow behaviour later and less, if at all.
-- key: indicator, population, estimator, event_time
-- materialize: table
-- sensitivity: aggregate

with naive as (
    select
        'exercise_habit' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, exercise_habit, post_activity
            from effect_employees
            where post_activity is not null
        ),
        'exercise_habit ~ post_activity | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_activity) as regressor
            from effect_employees
            where post_activity is not null and exercise_habit is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_activity'
    union all
    select
        'exercise_habit' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, exercise_habit, joined_activity
            from effect_employees
            where joined_activity is not null
        ),
        'exercise_habit ~ joined_activity | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_activity) as regressor
            from effect_employees
            where joined_activity is not null and exercise_habit is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_activity'
    union all
    select
        'exercise_habit' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, exercise_habit, treated_activity
            from effect_employees
            where treated_activity is not null
        ),
        'exercise_habit ~ treated_activity | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_activity) as regressor
            from effect_employees
            where treated_activity is not null and exercise_habit is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_activity'
    union all
    select
        'walking_1h' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walking_1h, post_activity
            from effect_employees
            where post_activity is not null
        ),
        'walking_1h ~ post_activity | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_activity) as regressor
            from effect_employees
            where post_activity is not null and walking_1h is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_activity'
    union all
    select
        'walking_1h' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walking_1h, joined_activity
            from effect_employees
            where joined_activity is not null
        ),
        'walking_1h ~ joined_activity | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_activity) as regressor
            from effect_employees
            where joined_activity is not null and walking_1h is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_activity'
    union all
    select
        'walking_1h' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, walking_1h, treated_activity
            from effect_employees
            where treated_activity is not null
        ),
        'walking_1h ~ treated_activity | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_activity) as regressor
            from effect_employees
            where treated_activity is not null and walking_1h is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_activity'
    union all
    select
        'bmi' as indicator,
        'employees' as population,
        'before_after' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, bmi, post_activity
            from effect_employees
            where post_activity is not null
        ),
        'bmi ~ post_activity | person_id',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(post_activity) as regressor
            from effect_employees
            where post_activity is not null and bmi is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'post_activity'
    union all
    select
        'bmi' as indicator,
        'employees' as population,
        'participants_vs_non' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, bmi, joined_activity
            from effect_employees
            where joined_activity is not null
        ),
        'bmi ~ joined_activity | fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(joined_activity) as regressor
            from effect_employees
            where joined_activity is not null and bmi is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'joined_activity'
    union all
    select
        'bmi' as indicator,
        'employees' as population,
        'twfe' as estimator,
        fit.estimate, fit.std_error, fit.statistic, fit.p_value,
        fit.conf_low, fit.conf_high, fit.band_low, fit.band_high,
        counts.n_treated, counts.n_control, counts.n_units, counts.n_clusters,
        fit.status
    from ols(
        (
            select person_id, fiscal_year, cluster_worksite_id, bmi, treated_activity
            from effect_employees
            where treated_activity is not null
        ),
        'bmi ~ treated_activity | person_id + fiscal_year',
        vcov => 'cluster(cluster_worksite_id)'
    ) as fit
    cross join (
        select
            count(case when persons.regressor > 0 then 1 end) as n_treated,
            count(case when persons.regressor = 0 then 1 end) as n_control,
            count(*) as n_units,
            count(distinct persons.cluster_worksite_id) as n_clusters
        from (
            select person_id, cluster_worksite_id, max(treated_activity) as regressor
            from effect_employees
            where treated_activity is not null and bmi is not null
            group by person_id, cluster_worksite_id
        ) as persons
    ) as counts
    where fit.term = 'treated_activity'
),

group_time as (
    select
        'exercise_habit' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, exercise_habit, cohort_activity
            from effect_employees
        ),
        outcome => exercise_habit,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_activity,
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
        'walking_1h' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, walking_1h, cohort_activity
            from effect_employees
        ),
        outcome => walking_1h,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_activity,
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
        'bmi' as indicator,
        'employees' as population,
        effects.at,
        effects.estimate, effects.std_error, effects.statistic, effects.p_value,
        effects.conf_low, effects.conf_high, effects.band_low, effects.band_high,
        effects.n_treated, effects.n_control, effects.n_units, effects.n_clusters,
        effects.status
    from att(
        (
            select person_id, fiscal_year, cluster_worksite_id, sex, birth_fiscal_year, bmi, cohort_activity
            from effect_employees
        ),
        outcome => bmi,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort_activity,
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
    'activity' as field,
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
    'activity' as field,
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
