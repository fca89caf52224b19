-- One row per indicator and level of an evaluation: what may be said of the effect, in one of six words.
-- The interval is the 95 % interval, wider where several indicators or levels are judged together: primary ones among
-- themselves, secondary ones among all (Bonferroni), so that one of them looks like an effect by chance in at most one
-- evaluation of twenty. Of indicators from claims it is wider by what is not known yet (run-out). The verdict is the first that holds: not_judged, a gate hides the estimate; worse, the interval is
-- on the wrong side of 0; better, it is beyond the smallest change that matters; no_relevant_effect, two one-sided tests place
-- the effect within that change; better_size_open, the interval is on the good side of 0; cannot_tell. detectable
-- is the smallest effect that would have been seen with a probability of 80 %.
-- for_each: evaluation
-- key: evaluation, indicator, population, by, level
-- materialize: table
-- part_of: evaluation_verdicts
-- sensitivity: aggregate

with run_out as (
    select indicator, statistic as relative_error
    from evaluation_checks_name
    where gate = 'run_out_error'
),

-- Cost is known up to the claims that are still to come, in proportion: the effect is, too.
overall as (
    select
        estimates.evaluation,
        estimates.indicator,
        estimates.population,
        estimates."by",
        estimates.level,
        estimates.estimate,
        estimates.std_error,
        estimates.p_value,
        (estimates.conf_high - estimates.conf_low) / 2
        * sqrt(1 + power(coalesce(run_out.relative_error * estimates.estimate / nullif(estimates.std_error, 0), 0), 2))
            as half_width,
        estimates.n_treated,
        estimates.n_control,
        estimates.n_units,
        estimates.n_clusters,
        estimates.status,
        estimates.is_blinded,
        indicators.role,
        indicators.direction,
        indicators.smallest_change,
        case
            when indicators.role = 'primary'
                then count(case when indicators.role = 'primary' then 1 end) over (partition by estimates."by" is null)
            else count(*) over (partition by estimates."by" is null)
        end as n_together
    from evaluation_estimates_name as estimates
    inner join evaluation_indicators_name as indicators
        on estimates.indicator = indicators.indicator
    left join run_out
        on estimates.indicator = run_out.indicator
    where
        estimates.estimator = $deciding
        and estimates.event_time is null
        and indicators.role in ('primary', 'secondary')
),

intervals as (
    select
        *,
        half_width * normal_quantile(1 - 0.025 / n_together) / normal_quantile(0.975) as half_95,
        half_width * normal_quantile(1 - 0.05 / n_together) / normal_quantile(0.975) as half_90,
        (normal_quantile(1 - 0.025 / n_together) + normal_quantile(0.8)) * std_error as detectable
    from overall
),

judged as (
    select
        *,
        direction * estimate - half_95 as low,
        direction * estimate + half_95 as high,
        direction * estimate - half_90 > -smallest_change
        and direction * estimate + half_90 < smallest_change as is_small
    from intervals
),

blinding as (
    select indicator, string_agg(gate, ', ' order by gate) as gates
    from evaluation_diagnostics_name
    where result = 'blind'
    group by indicator
),

verdicts as (
    select
        judged.*,
        case
            when judged.is_blinded then 'not_judged'
            when judged.high < 0 then 'worse'
            when judged.low >= judged.smallest_change then 'better'
            when judged.is_small then 'no_relevant_effect'
            when judged.low > 0 then 'better_size_open'
            else 'cannot_tell'
        end as verdict,
        blinding.gates
    from judged
    left join blinding
        on judged.indicator = blinding.indicator
)

select
    verdicts.evaluation,
    verdicts.indicator,
    verdicts.population,
    verdicts."by",
    verdicts.level,
    verdicts.verdict,
    verdicts.estimate,
    verdicts.estimate - verdicts.half_95 as conf_low,
    verdicts.estimate + verdicts.half_95 as conf_high,
    verdicts.smallest_change,
    verdicts.detectable,
    case
        when verdicts.verdict = 'not_judged' then concat('hidden by ', verdicts.gates)
        when verdicts.estimate is null then concat('no estimate: ', verdicts.status)
        when verdicts.half_95 is null then concat('no interval: ', verdicts.status)
        when verdicts.direction is null then 'neither direction of the indicator is better'
        when verdicts.smallest_change is null and verdicts.verdict in ('better_size_open', 'cannot_tell')
            then 'no smallest change that matters is set'
        when verdicts.verdict = 'cannot_tell' then 'effects below `detectable` would not have been seen'
    end as reason,
    plans.is_locked,
    case
        when not plans.is_locked then concat_ws('; ', 'exploratory: the plan was not fixed beforehand', plans.deviations)
        else coalesce(plans.deviations, 'as planned')
    end as deviations,
    verdicts.role = 'primary' as is_primary,
    verdicts.n_together,
    verdicts.n_treated,
    verdicts.n_control,
    verdicts.n_units,
    verdicts.n_clusters,
    verdicts.status
from verdicts
cross join evaluation_plan_name as plans
