-- One row per primary indicator and design of an evaluation: what could be seen, known from years before exposure alone.
-- power is that of finding the smallest change that matters, detectable the effect found with 80 %.
-- for_each: evaluation
-- key: indicator, design, n_clusters
-- materialize: view
-- sensitivity: person

with asked as (
    select
        components.indicator,
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
    from evaluation_components_name as components
    inner join evaluation_indicators_name as indicators
        on components.indicator = indicators.indicator
    cross join evaluation_designs_name as designs
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
