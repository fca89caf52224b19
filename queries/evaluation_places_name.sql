-- One row per exposed cluster of an evaluation: how its first primary indicator changed there, beyond the never exposed.
-- change is that of the persons there from the three years before exposure to the three from it on, less that of the never
-- exposed in the same years. The most extreme changes are those of the smallest clusters, whatever their programs do: pooled,
-- its interval, mean_rank and p_best (among the five best) say how much of it to believe; beyond the funnel limits chance
-- is no explanation. Cost and hours are per exposed person, of the programs of the field that cover the cluster. Nothing is
-- here of an indicator that a gate hides.
-- for_each: evaluation
-- key: evaluation, indicator, population, cluster_id
-- materialize: table
-- part_of: evaluation_places
-- sensitivity: person

with others as (
    select cohort, avg($primary[1]) as change, var_samp($primary[1]) / count($primary[1]) as variance
    from panel_changes_name
    where not is_exposed and $primary[1] is not null
    group by cohort
    having count($primary[1]) >= 10
),

by_cohort as (
    select
        cluster_id,
        cohort,
        count($primary[1]) as n_persons,
        avg($primary[1]) as change,
        var_samp($primary[1]) / count($primary[1]) as variance
    from panel_changes_name
    where is_exposed and $primary[1] is not null
    group by cluster_id, cohort
    having count($primary[1]) >= 2
),

places as (
    select
        by_cohort.cluster_id,
        sum(by_cohort.n_persons) as n_persons,
        sum(by_cohort.n_persons * (by_cohort.change - others.change)) / sum(by_cohort.n_persons) as change,
        sqrt(
            sum(power(cast(by_cohort.n_persons as double), 2) * (by_cohort.variance + others.variance))
        ) / sum(by_cohort.n_persons) as change_error
    from by_cohort
    inner join others
        on by_cohort.cohort = others.cohort
    group by by_cohort.cluster_id
    having sum(by_cohort.n_persons) >= 5
),

pooled as (
    select *
    from pool(
        places,
        estimate => change,
        std_error => change_error,
        best => 5,
        direction => $best,
        keep => [cluster_id, n_persons]
    )
),

resources as (
    select
        link_programs.worksite_id,
        link_programs.field,
        avg(link_program_resources.cost_per_exposed) as cost_per_exposed,
        avg(link_program_resources.hours_per_exposed) as hours_per_exposed
    from link_programs
    inner join link_program_resources
        on link_programs.program_id = link_program_resources.program_id
    group by link_programs.worksite_id, link_programs.field
),

shown as (
    select distinct estimates.indicator
    from evaluation_estimates_name as estimates
    inner join evaluation_indicators_name as indicators
        on estimates.indicator = indicators.indicator
    where indicators.place = 1 and not estimates.is_blinded
)

select
    plans.evaluation,
    shown.indicator,
    plans.population,
    pooled.cluster_id,
    pooled.n_persons,
    pooled.estimate as change,
    pooled.std_error,
    pooled.shrinkage,
    pooled.pooled,
    pooled.conf_low,
    pooled.conf_high,
    pooled.mean_rank,
    pooled.p_best,
    pooled.funnel_low_998,
    pooled.funnel_high_998,
    resources.cost_per_exposed,
    resources.hours_per_exposed,
    pooled.status
from pooled
cross join evaluation_plan_name as plans
cross join shown
left join resources
    on pooled.cluster_id = resources.worksite_id
    and plans.field = resources.field
