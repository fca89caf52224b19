-- One row per field, indicator, population and event time: effects by years since the first exposure.
-- Event times before -1 are placebo: there the effect should be zero, and the simultaneous band says whether it is.
-- key: field, indicator, population, event_time
-- materialize: table
-- sensitivity: aggregate

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
    status,
    is_primary
from effect_estimates
where estimator = 'event_study'
