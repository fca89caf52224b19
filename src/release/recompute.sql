-- Estimates, standard errors and intervals of 95 % from sums over clusters: `korabo sql -f recompute.sql` in this folder. The first
-- statement needs nothing but files and sums, and runs in other engines that read CSV files by name. The others find
-- breakdown values: the multiple of the largest difference in trends before the start, after it, from which on the interval holds zero.
with parts as (
    select evaluation, indicator, event_time, n_persons, part, 0.0 as covariance from 'clusters.csv'
    union all
    select evaluation, indicator, event_time, n_persons, part, covariance from 'pooled.csv'
    where (event_time is not distinct from with_event_time)
),

totals as (
    select evaluation, indicator, event_time, sum(part) as estimate, sum(n_persons) as n_persons
    from parts
    group by evaluation, indicator, event_time
),

-- What a cluster contributes to the error is its part less its share of the estimate.
shown as (
    select
        totals.evaluation,
        totals.indicator,
        totals.event_time,
        sum(power(clusters.part - totals.estimate * clusters.n_persons / totals.n_persons, 2)) as variance,
        count(*) as n_clusters
    from 'clusters.csv' as clusters
    inner join totals
        on clusters.evaluation = totals.evaluation
        and clusters.indicator = totals.indicator
        and (clusters.event_time is not distinct from totals.event_time)
    group by totals.evaluation, totals.indicator, totals.event_time
),

errors as (
    select
        totals.evaluation,
        totals.indicator,
        totals.event_time,
        totals.estimate,
        sqrt(coalesce(shown.variance, 0) + coalesce(pooled.covariance, 0)) as std_error,
        coalesce(shown.n_clusters, 0) + coalesce(pooled.n_clusters, 0) as n_clusters
    from totals
    left join shown
        on totals.evaluation = shown.evaluation
        and totals.indicator = shown.indicator
        and (totals.event_time is not distinct from shown.event_time)
    left join 'pooled.csv' as pooled
        on totals.evaluation = pooled.evaluation
        and totals.indicator = pooled.indicator
        and (totals.event_time is not distinct from pooled.event_time)
        and (pooled.event_time is not distinct from pooled.with_event_time)
)

select
    evaluation,
    indicator,
    event_time,
    estimate,
    std_error,
    estimate - 1.959964 * std_error as conf_low,
    estimate + 1.959964 * std_error as conf_high,
    n_clusters
from errors
order by evaluation, indicator, event_time;
