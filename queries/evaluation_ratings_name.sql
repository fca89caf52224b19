-- One row per indicator of an evaluation with a target: how far it has come since its baseline year, rated by rules/ratings.toml.
-- A trend of the whole population, standardised by age and sex, and no effect of any program: it stands beside the verdict
-- and never replaces it. conf_low and conf_high are those of the latest level.
-- for_each: evaluation
-- key: evaluation, indicator, population
-- materialize: table
-- part_of: evaluation_ratings
-- sensitivity: person

with levels as (
    select
        levels.indicator,
        levels.population,
        levels.fiscal_year,
        levels.standardised,
        levels.std_error,
        levels.conf_low,
        levels.conf_high
    from indicator_levels as levels
    where levels."by" is null and levels.standardised is not null
),

latest_years as (
    select indicator, population, max(fiscal_year) as fiscal_year
    from levels
    group by indicator, population
),

asked as (
    select
        plans.evaluation,
        indicators.indicator,
        plans.population,
        plans.is_whole_population,
        indicators.direction,
        indicators.baseline_year,
        first.standardised as baseline,
        first.std_error as baseline_error,
        indicators.target_year,
        indicators.target,
        latest.fiscal_year as latest_year,
        latest.standardised as latest,
        latest.std_error as latest_error,
        latest.conf_low,
        latest.conf_high,
        scale.*
    from evaluation_indicators_name as indicators
    cross join evaluation_plan_name as plans
    cross join evaluation_scale as scale
    left join levels as first
        on indicators.indicator = first.indicator
        and plans.population = first.population
        and indicators.baseline_year = first.fiscal_year
    left join latest_years
        on indicators.indicator = latest_years.indicator
        and plans.population = latest_years.population
        and latest_years.fiscal_year > indicators.baseline_year
    left join levels as latest
        on latest_years.indicator = latest.indicator
        and latest_years.population = latest.population
        and latest_years.fiscal_year = latest.fiscal_year
    where indicators.target is not null
),

changes as (
    select
        *,
        direction * (latest - baseline) as gain,
        sqrt(power(baseline_error, 2) + power(latest_error, 2)) as gain_error,
        direction * (latest - (
            baseline + (target - baseline) * (latest_year - baseline_year) / (target_year - baseline_year)
        )) as ahead
    from asked
),

compared as (
    select
        *,
        case
            when gain_error > 0 then gain / gain_error > normal_quantile((1 + level) / 2)
            else gain >= relative_change * abs(baseline)
        end as is_better,
        case
            when gain_error > 0 then gain / gain_error < -normal_quantile((1 + level) / 2)
            else gain <= -relative_change * abs(baseline)
        end as is_worse
    from changes
)

select
    evaluation,
    indicator,
    population,
    baseline_year,
    baseline,
    target_year,
    target,
    latest_year,
    latest,
    conf_low,
    conf_high,
    case
        when not is_whole_population or direction is null or baseline is null or latest is null then not_ratable
        when direction * (latest - target) >= 0 then reached
        when is_better and ahead >= 0 then on_course
        when is_better then behind
        when is_worse then worse
        else unchanged
    end as rating,
    case
        when not is_whole_population then 'levels are known of the whole population only'
        when direction is null then 'neither direction of the indicator is better'
        when baseline is null then 'no level in the baseline year'
        when latest is null then 'no level after the baseline year that may be compared'
    end as reason
from compared
