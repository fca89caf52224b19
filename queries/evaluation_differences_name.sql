-- One row per indicator, subgroup column and pair of levels: whether the effect of an evaluation differs between subgroups.
-- Two effects, one significant and the other not, need not differ: this is the difference itself, with the clusters that both
-- levels share. test is difference, or joint for all differences of an indicator at once. Differences of what a gate hides are
-- hidden as well.
-- for_each: evaluation
-- key: evaluation, indicator, population, test, by, what, against
-- materialize: table
-- part_of: evaluation_differences
-- sensitivity: person

with hidden as (
    select distinct indicator
    from evaluation_estimates_name
    where is_blinded
),

tested as (
    select *
    from difference(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        cluster => cluster_id,
        covariates => $covariates,
        by => $compared_subgroups,
        method => $method,
        control => $comparison,
        unbalanced => 'pairs',
        aggregate => 'simple'
    )
)

select
    plans.evaluation,
    tested.outcome as indicator,
    plans.population,
    tested.test,
    tested."by",
    tested.what,
    tested.against,
    case when hidden.indicator is null then tested.estimate end as estimate,
    case when hidden.indicator is null then tested.std_error end as std_error,
    case when hidden.indicator is null then tested.statistic end as statistic,
    case when hidden.indicator is null then tested.p_value end as p_value,
    case when hidden.indicator is null then tested.conf_low end as conf_low,
    case when hidden.indicator is null then tested.conf_high end as conf_high,
    case when hidden.indicator is null then tested.band_low end as band_low,
    case when hidden.indicator is null then tested.band_high end as band_high,
    tested.n_clusters,
    tested.n_shared_clusters,
    case when hidden.indicator is null then tested.status else 'blinded' end as status
from tested
cross join evaluation_plan_name as plans
left join hidden
    on tested.outcome = hidden.indicator
