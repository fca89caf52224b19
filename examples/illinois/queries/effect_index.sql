-- One row per family of outcomes.
-- Many outcomes as one: each in standard deviations of the control arm from its mean, turned so that more is better, all stacked. The
-- effect is their mean; an employee is in it with several rows, so that errors are clustered by employee.
-- Unweighted, but for those who were never covered or eligible: their weight is zero.
-- key: family
-- materialize: table
-- sensitivity: aggregate
with members as (
    select *
    from (values
        ('spending, first year', 'spend_office_0816_0717', -1.0),
        ('spending, first year', 'spend_hospital_0816_0717', -1.0),
        ('spending, first year', 'spend_drug_0816_0717', -1.0),
        ('spending, longer run', 'spend_office_0816_0119', -1.0),
        ('spending, longer run', 'spend_hospital_0816_0119', -1.0),
        ('spending, longer run', 'spend_drug_0816_0119', -1.0),
        ('work, first year', 'sickleave_0816_0717', -1.0),
        ('work, first year', 'promotion_0616_0717', 1.0),
        ('work, first year', 'terminated_0717', -1.0),
        ('work, first year', 'prod_index_yr1', 1.0)
    ) as t (family, variable, direction)
),

controls as (
    select
        variable,
        avg(value) as mean,
        stddev(value) as deviation
    from panel_outcomes
    where treat = 0 and weight > 0
    group by variable
),

stacked as (
    select
        members.family,
        members.variable,
        outcomes.row_number as employee,
        outcomes.treat,
        members.direction * (outcomes.value - controls.mean) / controls.deviation as z
    from panel_outcomes as outcomes
    inner join members on outcomes.variable = members.variable
    inner join controls on outcomes.variable = controls.variable
    where outcomes.weight > 0
),

fits as (
    select 'spending, first year' as family, *
    from ols(
        (select * from stacked where family = 'spending, first year'),
        'z ~ treat | variable', vcov => 'cluster(employee)')
    union all
    select 'spending, longer run' as family, *
    from ols(
        (select * from stacked where family = 'spending, longer run'),
        'z ~ treat | variable', vcov => 'cluster(employee)')
    union all
    select 'work, first year' as family, *
    from ols(
        (select * from stacked where family = 'work, first year'),
        'z ~ treat | variable', vcov => 'cluster(employee)')
)

select
    family,
    estimate,
    std_error,
    p_value,
    conf_low,
    conf_high,
    n_obs,
    cast(df + 1 as bigint) as n_employees,
    status
from fits
