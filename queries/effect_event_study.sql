-- One row per field, indicator, population and event time: effects by years since the first exposure.
-- Event times before -1 are placebo: there the effect should be zero, and the simultaneous band says whether it is.
-- key: field, indicator, population, event_time
-- materialize: table
-- sensitivity: aggregate

with event_studies as (
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
    union all
    select
        field,
        indicator,
        population,
        event_time,
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
    where estimator = 'event_study'
)

select
    field,
    indicator,
    population,
    event_time,
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
from event_studies
