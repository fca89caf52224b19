-- One row per primary indicator and design of an evaluation: what could be seen, known from years before exposure alone.
-- rolled_out is the roll-out of the data, by year in which exposure began at each cluster. The others are of worksites like
-- those: halves, of which one starts and the other never does, and steps, of which a third starts in each of three years, all
-- compared over four. power is that of finding the smallest change that matters, detectable the effect found with 80 %.
-- for_each: evaluation
-- key: indicator, design, n_clusters
-- materialize: view
-- sensitivity: person

with components as (
    select *
    from variance_components(
        (select * from panel_evaluation_name where cohort is null or fiscal_year < cohort),
        outcomes => $primary,
        cluster => cluster_id,
        unit => person_id,
        time => fiscal_year
    )
),

cluster_starts as (
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
),

designs as (
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
),

asked as (
    select
        components.outcome as indicator,
        components.sd,
        components.icc,
        components.cluster_size,
        components.cv_cluster_size,
        components.cluster_autocorrelation,
        components.individual_autocorrelation,
        indicators.smallest_change,
        designs.design,
        designs.calendar,
        designs.n_never,
        designs.n_clusters
    from components
    inner join evaluation_indicators_name as indicators
        on components.outcome = indicators.indicator
    cross join designs
),

powers as (
    select *
    from power(
        (select indicator, design, n_clusters as n, * exclude (indicator, design, n_clusters) from asked),
        effect => smallest_change,
        calendar => calendar,
        clusters_control => n_never,
        cluster_size => cluster_size,
        cv_cluster_size => cv_cluster_size,
        icc => icc,
        sd => sd,
        cluster_autocorrelation => cluster_autocorrelation,
        individual_autocorrelation => individual_autocorrelation,
        keep => [
            indicator, design, n, calendar, n_never, smallest_change, sd, icc, cluster_size, cv_cluster_size,
            cluster_autocorrelation, individual_autocorrelation
        ]
    )
)

select
    indicator,
    design,
    n as n_clusters,
    calendar,
    smallest_change,
    power_found as power,
    effect as detectable,
    power_status as status
from minimum_detectable_effect(
    (
        select * exclude (effect, power, status), power as power_found, status as power_status
        from powers
    ),
    power => 0.8,
    calendar => calendar,
    clusters_control => n_never,
    cluster_size => cluster_size,
    cv_cluster_size => cv_cluster_size,
    icc => icc,
    sd => sd,
    cluster_autocorrelation => cluster_autocorrelation,
    individual_autocorrelation => individual_autocorrelation,
    keep => [indicator, design, n, calendar, smallest_change, power_found, power_status]
)
