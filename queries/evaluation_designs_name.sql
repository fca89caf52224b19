-- One row per design of which `korabo power` says what it could see, as worksites that start in each year.
-- rolled_out is the roll-out of the data, by year in which exposure began at each cluster. The others are of worksites like
-- those: halves, of which one starts and the other never does, and steps, of which a third starts in each of three years, all
-- compared over four.
-- for_each: evaluation
-- key: design, n_clusters
-- materialize: view
-- sensitivity: person

with cluster_starts as (
    select cluster_id, min(cohort) as first_year
    from panel_evaluation_name
    group by cluster_id
),

years as (
    select distinct fiscal_year
    from panel_evaluation_name
),

starts_by_year as (
    select years.fiscal_year, count(cluster_starts.cluster_id) as n_starting
    from years
    left join cluster_starts
        on years.fiscal_year = cluster_starts.first_year
    group by years.fiscal_year
),

never_starting as (
    select count(*) as n_never
    from cluster_starts
    where first_year is null
)

select
    'rolled_out' as design,
    string_agg(cast(starts_by_year.n_starting as varchar), ', ' order by starts_by_year.fiscal_year) as calendar,
    max(never_starting.n_never) as n_never,
    sum(starts_by_year.n_starting) + max(never_starting.n_never) as n_clusters
from starts_by_year
cross join never_starting
union all
select 'halves' as design, concat('0, ', n / 2, ', 0, 0') as calendar, n / 2 as n_never, n / 2 * 2 as n_clusters
from (select unnest(make_array(24, 48, 96, 192, 384, 768, 1536)) as n) as sizes
union all
select
    'steps' as design,
    concat('0, ', n / 3, ', ', n / 3, ', ', n / 3) as calendar,
    0 as n_never,
    n / 3 * 3 as n_clusters
from (select unnest(make_array(24, 48, 96, 192, 384, 768, 1536)) as n) as sizes
