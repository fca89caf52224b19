-- One row per field, main indicator and estimator: the mean effect over all exposed person-years, in five ways.
-- All have the same estimand, so that they can be compared with each other (the one in effect_summary is the plain
-- mean of event times 0 to 5). callaway_santanna: as in the effect tables. doubly_robust: who is exposed is modelled as
-- well; fewer n_treated there are people for whom it cannot be. unadjusted: without covariates. The last two compare
-- otherwise and are not adjusted either: did_imputation with a model of all unexposed person-years, sun_abraham with the
-- never exposed only. Where they disagree, the effect rests on the choice of estimator.
-- bacon, which weighs the comparisons in the two-way estimate, is not here: it needs people seen in every year.
-- key: field, indicator, population, estimator
-- materialize: table
-- sensitivity: aggregate

select
    field,
    indicator,
    population,
    substr(estimator, length('mean_') + 1) as estimator,
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
where estimator like 'mean_%'
