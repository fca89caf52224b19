-- One row per indicator and gate of an evaluation: statistics of gates that need a look at the panel of their own.
-- indicator is missing where the statistic is about the evaluation as a whole. What the statistics mean and from which value
-- on they warn or blind is in rules/gates.toml; evaluation_diagnostics compares them.
-- for_each: evaluation
-- key: indicator, gate
-- materialize: table
-- sensitivity: person

with honest as (
    select outcome as indicator, estimate, conf_low, conf_high, breakdown
    from honest_did(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        cluster => cluster_id,
        covariates => $covariates,
        adjustment => $method,
        control => $comparison,
        unbalanced => 'pairs',
        min_e => $first_event,
        max_e => $last_event,
        target => 'mean',
        bounds => '1'
    )
    where bound is null
),

pretrends as (
    select outcome as indicator, avg(abs(bias)) as bias
    from pretrend_power(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        cluster => cluster_id,
        covariates => $covariates,
        adjustment => $method,
        control => $comparison,
        unbalanced => 'pairs',
        min_e => $first_event,
        max_e => $last_event,
        powers => '0.8'
    )
    where event_time >= 0
    group by outcome
),

-- A change against the estimate's sign counts in full, one along it at most as the estimate itself: it flips nothing.
left_out as (
    select
        outcome as indicator,
        max(greatest(-change / nullif(estimate - change, 0), least(abs(change / nullif(estimate - change, 0)), 1))) as statistic
    from leave_one_out(
        panel_evaluation_name,
        outcomes => $primary,
        unit => person_id,
        time => fiscal_year,
        cohort => cohort,
        over => cluster_id,
        covariates => $covariates,
        method => $method,
        control => $comparison,
        unbalanced => 'pairs',
        aggregate => 'dynamic',
        min_e => 0,
        max_e => $last_event
    )
    where at is null
    group by outcome
),

-- What the effect is at least and at most among those who would be seen either way.
attrition_bounds as (
    select outcome as indicator, lower, upper
    from lee_bounds(
        (select * from panel_changes_name where is_seen_before and is_there_after),
        outcomes => $primary,
        treated => is_exposed,
        strata => [cohort],
        cluster => cluster_id
    )
),

-- What people were before exposure, in standard deviations.
scaled as (
    select *, baseline_level / nullif(stddev(baseline_level) over (partition by covariate), 0) as scaled
    from panel_balance_name
),

differences as (
    select abs(estimate) as difference, p_value, count(*) over () as n_differences
    from ols(
        scaled,
        'scaled ~ factor(covariate):is_exposed | covariate^sex^age_step',
        vcov => 'cluster(cluster_id)'
    )
),

-- Clusters with the persons exposed there, and the year in which exposure began.
cluster_persons as (
    select
        cluster_id,
        count(distinct case when cohort is not null then person_id end) as n_exposed,
        min(cohort) as first_year
    from panel_evaluation_name
    group by cluster_id
),

-- Employees by worksite, whether or not they were found among the insurers' persons.
match_rates as (
    select
        avg(case
            when cluster_persons.n_exposed > 0 then cast(coalesce(link_persons.is_member, false) as double)
        end) as exposed,
        avg(case
            when cluster_persons.n_exposed = 0 then cast(coalesce(link_persons.is_member, false) as double)
        end) as other
    from clean_employees
    inner join link_employees
        on clean_employees.employer_key = link_employees.employer_key
        and clean_employees.employee_key = link_employees.employee_key
    inner join link_worksite_ids
        on clean_employees.employer_key = link_worksite_ids.employer_key
        and clean_employees.worksite_key = link_worksite_ids.worksite_key
    inner join cluster_persons
        on link_worksite_ids.worksite_id = cluster_persons.cluster_id
    left join link_persons
        on link_employees.person_id = link_persons.person_id
),

-- For each year in which exposure began somewhere, the clusters at which another field begins within a year of it.
years as (
    select distinct first_year
    from cluster_persons
    where n_exposed > 0
),

co_starts as (
    select
        years.first_year,
        cluster_persons.cluster_id,
        cluster_persons.n_exposed > 0 and cluster_persons.first_year = years.first_year as starts_now,
        coalesce(bool_or(
            other_starts.first_year between years.first_year - 1 and years.first_year + 1
        ), false) as starts_other
    from years
    cross join cluster_persons
    cross join evaluation_plan_name as plans
    left join panel_other_starts_name as other_starts
        on cluster_persons.cluster_id = other_starts.worksite_id
    where
        plans.has_other_starts
        and (
            cluster_persons.n_exposed = 0
            or cluster_persons.first_year = years.first_year
            or abs(cluster_persons.first_year - years.first_year) > 1
        )
    group by years.first_year, cluster_persons.cluster_id, cluster_persons.n_exposed, cluster_persons.first_year
),

co_start_shares as (
    select
        first_year,
        sum(case when starts_now then 1.0 else 0.0 end) as n_now,
        avg(case when starts_now then cast(starts_other as double) end) as share_now,
        avg(case when not starts_now then cast(starts_other as double) end) as share_others
    from co_starts
    group by first_year
),

-- What is known by now of the cost of months of care, and the relative error of years that are not left out: what is missing of
-- them, and the error of that (chain ladder).
months as (
    select
        completion.fiscal_year,
        completion.care_month,
        case when bool_or(completion.completion = 0) then 0.0 else sum(completion.yen) / sum(completion.completed_yen) end
            as completion,
        sum(completion.yen) as yen,
        sum(completion.completed_yen) as completed_yen,
        sqrt(sum(power(completion.completed_std_error, 2))) as completed_std_error
    from panel_claim_completion as completion
    inner join (select distinct fiscal_year from panel_evaluation_name) as looked_at
        on completion.fiscal_year = looked_at.fiscal_year
    where completion.completion is not null
    group by completion.fiscal_year, completion.care_month
),

mature_years as (
    select
        fiscal_year,
        1 - sum(yen) / sum(completed_yen)
        + sqrt(sum(power(coalesce(completed_std_error, 0), 2))) / sum(completed_yen) as relative_error
    from months
    group by fiscal_year
    having min(completion) >= $run_out_warn_at
),

run_out as (
    select
        (select min(completion) from months) as completion,
        (select max(relative_error) from mature_years) as relative_error
)

-- Of an effect that cannot be told from 0 there is nothing that a trend, a cluster or leaving could undo.
select
    honest.indicator,
    unnest(make_array('sensitivity', 'pre_trend_power', 'one_worksite', 'attrition_bounds')) as gate,
    unnest(make_array(
        honest.breakdown,
        pretrends.bias / nullif(abs(honest.estimate), 0),
        left_out.statistic,
        greatest(attrition_bounds.lower, -attrition_bounds.upper) / nullif(abs(honest.estimate), 0)
    )) as statistic
from honest
left join pretrends
    on honest.indicator = pretrends.indicator
left join left_out
    on honest.indicator = left_out.indicator
left join attrition_bounds
    on honest.indicator = attrition_bounds.indicator
where honest.conf_low > 0 or honest.conf_high < 0
union all
select
    cast(null as varchar) as indicator,
    unnest(make_array('balance', 'balance_by_chance')) as gate,
    unnest(make_array(
        coalesce(max(case when p_value * n_differences < 0.05 then difference end), 0),
        max(difference)
    )) as statistic
from differences
union all
select
    cast(null as varchar) as indicator,
    'clusters' as gate,
    power(sum(cast(n_exposed as double)), 2) / nullif(sum(power(cast(n_exposed as double), 2)), 0) as statistic
from cluster_persons
union all
select cast(null as varchar) as indicator, 'linkage' as gate, abs(exposed - other) as statistic
from match_rates
union all
select
    cast(null as varchar) as indicator,
    'co_exposure' as gate,
    sum(n_now * (share_now - coalesce(share_others, 0))) / nullif(sum(n_now), 0) as statistic
from co_start_shares
where n_now > 0
union all
select indicator, 'questionnaire_term' as gate, other_terms as statistic
from evaluation_spread_name
union all
select
    indicators.indicator,
    unnest(make_array('run_out', 'run_out_error')) as gate,
    unnest(make_array(run_out.completion, run_out.relative_error)) as statistic
from evaluation_indicators_name as indicators
cross join run_out
where indicators.is_from_claims
