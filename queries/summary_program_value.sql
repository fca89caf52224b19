-- One row per field: what programs cost and took, beside what they changed in the primary indicator of employees.
-- n_changed is the effect times the exposed persons: of a share, how many more (or fewer) persons; else the sum of
-- units. cost_per_change and its ends come from the ends of the effect's interval and are missing where that holds 0: then
-- nothing says what a change costs. Programs without a delivered cost or hours are left out of the sums and counted in
-- n_programs_without_cost. Not a return: what a change is worth is for the reader to say.
-- key: field, indicator
-- materialize: table
-- sensitivity: person

with resources as (
    select
        field,
        count(*) as n_programs,
        count(case when cost_yen is null then 1 end) as n_programs_without_cost,
        sum(cost_yen) as cost_yen,
        sum(staff_hours) as staff_hours,
        sum(n_exposed) as n_exposed,
        sum(n_participants) as n_participants,
        sum(case when cost_yen is not null then n_exposed end) as n_exposed_with_cost
    from link_program_resources
    group by field
),

effects as (
    select field, indicator, estimate, conf_low, conf_high, status
    from effect_summary
    where population = 'employees' and estimator = 'callaway_santanna' and is_primary
)

select
    effects.field,
    effects.indicator,
    resources.n_programs,
    resources.n_programs_without_cost,
    resources.n_exposed,
    resources.n_participants,
    resources.cost_yen,
    resources.staff_hours,
    resources.cost_yen / nullif(cast(resources.n_exposed_with_cost as double), 0) as cost_per_exposed,
    effects.estimate,
    effects.conf_low,
    effects.conf_high,
    effects.estimate * resources.n_exposed as n_changed,
    case when effects.conf_low > 0 or effects.conf_high < 0 then
        resources.cost_yen / nullif(cast(resources.n_exposed_with_cost as double), 0) / abs(effects.estimate)
    end as cost_per_change,
    case when effects.conf_low > 0 or effects.conf_high < 0 then
        resources.cost_yen / nullif(cast(resources.n_exposed_with_cost as double), 0)
        / greatest(abs(effects.conf_low), abs(effects.conf_high))
    end as cost_per_change_low,
    case when effects.conf_low > 0 or effects.conf_high < 0 then
        resources.cost_yen / nullif(cast(resources.n_exposed_with_cost as double), 0)
        / least(abs(effects.conf_low), abs(effects.conf_high))
    end as cost_per_change_high,
    effects.status
from effects
inner join resources
    on effects.field = resources.field
