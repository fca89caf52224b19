
-- The breakdown value.
with parts as (
    select event_time, cluster_number, n_persons, part from 'clusters.csv'
    where evaluation = '{evaluation}' and indicator = '{indicator}' and event_time is not null
),

pooled as (
    select event_time, with_event_time, n_persons, part, covariance from 'pooled.csv'
    where evaluation = '{evaluation}' and indicator = '{indicator}'
        and event_time is not null and with_event_time is not null
),

totals as (
    select event_time, sum(part) as estimate, sum(n_persons) as n_persons
    from (
        select event_time, n_persons, part from parts
        union all
        select event_time, n_persons, part from pooled where event_time = with_event_time
    ) as all_parts
    group by event_time
),

influences as (
    select parts.event_time, parts.cluster_number, parts.part - totals.estimate * parts.n_persons / totals.n_persons as influence
    from parts
    inner join totals
        on parts.event_time = totals.event_time
),

products as (
    select a.event_time, b.event_time as with_event_time, sum(a.influence * b.influence) as covariance
    from influences as a
    inner join influences as b
        on a.cluster_number = b.cluster_number
    group by a.event_time, b.event_time
    union all
    select event_time, with_event_time, covariance from pooled
),

study as (
    select products.event_time, products.with_event_time, totals.estimate, sum(products.covariance) as covariance
    from products
    inner join totals
        on products.event_time = totals.event_time
    group by products.event_time, products.with_event_time, totals.estimate
)

select '{evaluation}' as evaluation, '{indicator}' as indicator, bound, conf_low, conf_high, breakdown, status
from honest_did(
    study,
    event_time => event_time,
    with_event_time => with_event_time,
    estimate => estimate,
    covariance => [covariance],
    target => 'mean',
    bounds => '1'
)
where bound is not null;
