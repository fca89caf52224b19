-- One row per indicator and gate of an evaluation: whether the estimate passes, is shown with a warning, or is not shown.
-- for_each: evaluation
-- key: evaluation, indicator, population, gate
-- materialize: table
-- part_of: evaluation_diagnostics
-- sensitivity: person

with from_estimates as (
    select
        indicator,
        unnest(make_array('pre_trend', 'negative_controls', 'negative_control_count', 'attrition')) as gate,
        unnest(make_array(
            max(pre_trend), max(negative_controls), max(negative_control_count), max(attrition)
        )) as statistic
    from evaluation_estimates_name
    group by indicator
),

statistics as (
    select indicator, gate, statistic
    from from_estimates
    union all
    select indicators.indicator, checks.gate, checks.statistic
    from evaluation_checks_name as checks
    inner join evaluation_indicators_name as indicators
        on checks.indicator is null or checks.indicator = indicators.indicator
)

select
    plans.evaluation,
    indicators.indicator,
    plans.population,
    gates.gate,
    statistics.statistic,
    gates.warn_at,
    gates.blind_at,
    case
        when statistics.statistic is null then 'not_applicable'
        when case
            when gates.is_below then statistics.statistic < gates.blind_at
            else statistics.statistic > gates.blind_at
        end then 'blind'
        when case
            when gates.is_below then statistics.statistic < gates.warn_at
            else statistics.statistic > gates.warn_at
        end then 'warn'
        else 'pass'
    end as result,
    gates.reason
from evaluation_indicators_name as indicators
cross join evaluation_gates_name as gates
cross join evaluation_plan_name as plans
left join statistics
    on indicators.indicator = statistics.indicator
    and gates.gate = statistics.gate
where indicators.role in ('primary', 'secondary')
