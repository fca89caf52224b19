-- One row per fiscal year, and one for all years: how many who finished 特定保健指導 reach its goal, beside how many would by luck.
-- Who is picked by a large waist has a smaller one a year later, guided or not: expected is the share that reaches the goal
-- among those of the same sex, ten years of age and 2 cm of waist who were offered guidance and did not start. gain is reached less
-- expected, and is the only one of the three that says anything about guidance, and that only as far as those who finished are like the
-- rest. Who takes guidance up because of weighing more than usual would have lost more without it, and gain is too large by that. What
-- guidance does to those who take it up because it is offered is in effect_guidance.
-- std_error is that of both binomial shares, cell by cell; persons in cells without a person to compare them with are left out
-- (n_compared of n_finished).
-- key: fiscal_year
-- materialize: table
-- sensitivity: person

with cells as (
    select
        fiscal_year,
        sex,
        age / 10 as age_decade,
        floor(waist_above / 2) as waist_step,
        count(case when has_finished then 1 end) as n_finished,
        sum(case when has_finished and has_reached then 1.0 else 0.0 end) as n_reached,
        count(case when is_offered and not has_started then 1 end) as n_others,
        sum(case when is_offered and not has_started and has_reached then 1.0 else 0.0 end) as n_others_reached
    from panel_guidance_year
    group by fiscal_year, sex, age / 10, floor(waist_above / 2)
),

-- Others of all years are compared with: a year alone has few of them.
others as (
    select
        sex,
        age_decade,
        waist_step,
        sum(n_others) as n_others,
        -- Of none or all the error would be zero: half a person more on either side (Agresti and Coull).
        (sum(n_others_reached) + 0.5) / (sum(n_others) + 1) as share,
        sum(n_others_reached) / nullif(sum(n_others), 0) as plain_share
    from cells
    group by sex, age_decade, waist_step
),

compared as (
    select
        cells.fiscal_year,
        cells.sex,
        cells.age_decade,
        cells.waist_step,
        cells.n_finished,
        cells.n_reached,
        others.n_others,
        others.share,
        others.plain_share
    from cells
    inner join others
        on cells.sex = others.sex
        and cells.age_decade = others.age_decade
        and cells.waist_step = others.waist_step
    where cells.n_finished > 0 and others.n_others > 0
),

by_year as (
    select fiscal_year, n_finished, n_reached, sex, age_decade, waist_step, n_others, share, plain_share
    from compared
    union all
    select
        cast(null as smallint) as fiscal_year,
        sum(n_finished) as n_finished,
        sum(n_reached) as n_reached,
        sex,
        age_decade,
        waist_step,
        max(n_others) as n_others,
        max(share) as share,
        max(plain_share) as plain_share
    from compared
    group by sex, age_decade, waist_step
),

finished as (
    select fiscal_year, sum(n_finished) as n_finished
    from cells
    group by fiscal_year
    union all
    select cast(null as smallint) as fiscal_year, sum(n_finished) as n_finished
    from cells
),

sums as (
    select
        fiscal_year,
        sum(n_finished) as n_compared,
        sum(n_reached) / sum(n_finished) as reached,
        sum(n_finished * plain_share) / sum(n_finished) as expected,
        sqrt(
            sum(
                n_finished * reached_share * (1 - reached_share)
                + power(cast(n_finished as double), 2) * share * (1 - share) / n_others
            )
        ) / sum(n_finished) as std_error
    from (select *, (n_reached + 0.5) / (n_finished + 1) as reached_share from by_year) as cells_of_years
    group by fiscal_year
)

select
    sums.fiscal_year,
    finished.n_finished,
    sums.n_compared,
    sums.reached,
    sums.expected,
    sums.reached - sums.expected as gain,
    sums.std_error,
    sums.reached - sums.expected - normal_quantile(0.975) * sums.std_error as conf_low,
    sums.reached - sums.expected + normal_quantile(0.975) * sums.std_error as conf_high
from sums
inner join finished
    on sums.fiscal_year is not distinct from finished.fiscal_year
