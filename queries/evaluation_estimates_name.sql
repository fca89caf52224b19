-- One row per indicator, level, estimator and event time of an evaluation: the causal estimate beside naive ones.
-- callaway_santanna is the effect, event_study the effect by years since exposure (event_time, missing for overall
-- numbers), mean_* the mean over all exposed person-years by other estimators, for primary indicators; per_unit, of a dose, is the
-- effect per unit of it. by and level say for
-- which subgroup; missing for all. Where a gate blinds, no number of the indicator is in the table, whatever the estimator.
-- for_each: evaluation
-- key: evaluation, indicator, population, by, level, estimator, event_time
-- materialize: table
-- part_of: evaluation_estimates
-- sensitivity: aggregate

with fits as (
    select *
    from effects(
        panel_evaluation_name,
        outcomes => $outcomes,
        robustness => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        participated => participated,
        cluster => cluster_id,
        covariates => $covariates,
        by => $subgroups,
        method => $method,
        control => $comparison,
        inference => $inference,
        unbalanced => 'pairs',
        window => $window,
        naive_window => '-3..3'
    )
    union all by name
    select *
    from evaluation_dose_name
),

thresholds as (
    select
        max(case when gate = 'pre_trend' then blind_at end) as pre_trend,
        max(case when gate = 'negative_controls' then blind_at end) as negative_controls,
        max(case when gate = 'negative_control_count' then warn_at end) as negative_control_count,
        max(case when gate = 'attrition' then blind_at end) as attrition
    from evaluation_gates_name
),

blinded as (
    select
        bool_or(checks.indicator is null) as blinds_all,
        array_agg(distinct checks.indicator) as indicators
    from evaluation_checks_name as checks
    inner join evaluation_gates_name as gates
        on checks.gate = gates.gate
    where case when gates.is_below then checks.statistic < gates.blind_at else checks.statistic > gates.blind_at end
),

-- Statistics of the gates that follow from the estimates themselves, on every row of their indicator.
measured as (
    select
        fits.*,
        indicators.role,
        max(case
            when fits."by" is null and fits.estimator = 'event_study' and fits.event_time <= -2
                then abs(fits.estimate) / nullif((fits.band_high - fits.band_low) / 2, 0)
        end) over (partition by fits.outcome) as pre_trend,
        avg(case
            when fits."by" is null and fits.estimator = 'callaway_santanna' and indicators.role = 'control'
                then abs(fits.estimate) / nullif(spread.standard_deviation, 0)
        end) over () as control_bias,
        sum(case
            when fits."by" is null and fits.estimator = 'callaway_santanna' and indicators.role = 'control'
                and fits.estimate is not null then 1.0
            else 0.0
        end) over () as negative_control_count,
        max(case
            when fits."by" is null and fits.estimator = 'callaway_santanna' and indicators.role = 'attendance'
                then abs(fits.estimate)
        end) over () as attrition
    from fits
    inner join evaluation_indicators_name as indicators
        on fits.outcome = indicators.indicator
    left join evaluation_spread_name as spread
        on fits.outcome = spread.indicator
),

-- Few negative controls are a warning of their own: their mean says little.
counted as (
    select
        measured.* exclude (control_bias),
        case
            when measured.negative_control_count >= coalesce(thresholds.negative_control_count, 1)
                then measured.control_bias
        end as negative_controls
    from measured
    cross join thresholds
),

judged as (
    select
        counted.*,
        coalesce(counted.pre_trend > thresholds.pre_trend, false)
        or coalesce(counted.negative_controls > thresholds.negative_controls, false)
        or coalesce(counted.attrition > thresholds.attrition, false)
        or coalesce(blinded.blinds_all, false)
        or coalesce(array_has(blinded.indicators, counted.outcome), false) as is_blinded
    from counted
    cross join thresholds
    cross join blinded
)

select
    plans.evaluation,
    judged.outcome as indicator,
    plans.population,
    judged."by",
    judged.level,
    judged.estimator,
    cast(judged.event_time as bigint) as event_time,
    plans.field,
    case when judged.is_blinded then null else judged.estimate end as estimate,
    case when judged.is_blinded then null else judged.std_error end as std_error,
    case when judged.is_blinded then null else judged.statistic end as statistic,
    case when judged.is_blinded then null else judged.p_value end as p_value,
    case when judged.is_blinded then null else judged.conf_low end as conf_low,
    case when judged.is_blinded then null else judged.conf_high end as conf_high,
    case when judged.is_blinded then null else judged.band_low end as band_low,
    case when judged.is_blinded then null else judged.band_high end as band_high,
    judged.n_treated,
    judged.n_control,
    judged.n_units,
    judged.n_clusters,
    case when judged.is_blinded then 'blinded' else judged.status end as status,
    judged.role = 'primary' as is_primary,
    judged.role,
    judged.is_blinded,
    judged.pre_trend,
    judged.negative_controls,
    judged.negative_control_count,
    judged.attrition
from judged
cross join evaluation_plan_name as plans
