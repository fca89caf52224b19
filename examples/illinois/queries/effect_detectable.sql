-- One row per outcome.
-- What could the trial have found? The smallest effect of the offer that a test finds in 80 of 100 trials of this size, from the spread of the
-- outcome in the year before: a program whose likely effect is smaller should not be judged by it.
-- key: variable
-- materialize: table
-- sensitivity: aggregate
with before as (
    select
        variable,
        count(*) filter (where treat = 1) as n_treated,
        count(*) filter (where treat = 0) as n_control,
        avg(value) as mean,
        stddev(value) as deviation
    from panel_outcomes
    where variable in ('spend_0715_0716', 'sickleave_0815_0716', 'gym_0815_0716') and weight > 0
    group by variable
)

select
    variable,
    n_treated,
    n_control,
    mean,
    effect as smallest_effect,
    effect / mean as smallest_effect_of_mean,
    std_error,
    status
from minimum_detectable_effect(
    (select * from before),
    clusters_treated => n_treated,
    clusters_control => n_control,
    cluster_size => 1,
    icc => 0,
    sd => deviation,
    law => 'normal',
    keep => [variable, n_treated, n_control, mean])
