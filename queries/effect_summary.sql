-- One row per field, indicator, population and estimator: the causal estimate and the naive ones beside it.
-- What evaluation_estimates has of the plans of one field each and of everybody in a population. Where a gate blinds, status
-- is blinded and no number is here; evaluation_diagnostics says which gate. pre_trend: an effect before the exposure, which the plan
-- shows all the same.
-- key: field, indicator, population, estimator
-- materialize: table
-- sensitivity: aggregate

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
        when estimates.estimator = 'callaway_santanna' and estimates.status = 'ok' and estimates.pre_trend > 1
            then 'pre_trend'
        else estimates.status
    end as status,
    estimates.is_primary
from effect_estimates as estimates
where estimates.estimator <> 'event_study' and estimates.estimator not like 'mean_%'
