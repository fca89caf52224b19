-- One row per field, indicator, population and estimator: the causal estimate and the naive ones beside it.
-- A causal estimate whose event study shows an effect before the exposure says pre_trend instead of ok: its comparison
-- group was already moving differently.
-- key: field, indicator, population, estimator
-- materialize: table
-- sensitivity: aggregate

with pre_trends as (
    select
        field,
        indicator,
        population,
        bool_or(band_low > 0 or band_high < 0) as has_pre_trend
    from effect_event_study
    where event_time <= -2
    group by field, indicator, population
),

estimates as (
    select
        field,
        indicator,
        population,
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
    from effect_nutrition
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_nutrition_spouses
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_activity
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_mind
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_rest
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_oral
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_frailty
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_smoking
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_alcohol
    where estimator <> 'event_study'
    union all
    select
        field,
        indicator,
        population,
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
    from effect_system
    where estimator <> 'event_study'
)

select
    estimates.field,
    estimates.indicator,
    estimates.population,
    estimates.estimator,
    estimates.estimate,
    estimates.std_error,
    estimates.statistic,
    estimates.p_value,
    estimates.conf_low,
    estimates.conf_high,
    estimates.band_low,
    estimates.band_high,
    estimates.n_treated,
    estimates.n_control,
    estimates.n_units,
    estimates.n_clusters,
    case
        when
            estimates.estimator = 'callaway_santanna'
            and estimates.status = 'ok'
            and pre_trends.has_pre_trend
            then 'pre_trend'
        else estimates.status
    end as status
from estimates
left join pre_trends
    on estimates.field = pre_trends.field
    and estimates.indicator = pre_trends.indicator
    and estimates.population = pre_trends.population
