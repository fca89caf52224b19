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
)

select
    effects.field,
    effects.indicator,
    effects.population,
    effects.estimator,
    effects.estimate,
    effects.std_error,
    effects.statistic,
    effects.p_value,
    effects.conf_low,
    effects.conf_high,
    effects.band_low,
    effects.band_high,
    effects.n_treated,
    effects.n_control,
    effects.n_units,
    effects.n_clusters,
    case
        when effects.estimator = 'callaway_santanna' and effects.status = 'ok' and pre_trends.has_pre_trend
            then 'pre_trend'
        else effects.status
    end as status
from effect_fields as effects
left join pre_trends
    on effects.field = pre_trends.field
    and effects.indicator = pre_trends.indicator
    and effects.population = pre_trends.population
where effects.estimator <> 'event_study' and effects.estimator not like 'mean_%'
