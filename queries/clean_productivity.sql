-- One row per employer, employee and fiscal year: absence, presenteeism loss, engagement and wage, as last delivered.
-- Only the SPQ is turned into a loss: scores of other scales have other zero points and must not be averaged with it.
-- key: employer_key, employee_key, fiscal_year
-- materialize: view
-- sensitivity: person

with raw_productivity as (
    select
        employer_key,
        normalize_key(employee_key) as employee_key,
        fiscal_year,
        absence_days,
        presenteeism_scale,
        presenteeism_score,
        engagement,
        daily_wage_yen,
        delivery_id
    from productivity
),

-- Rows can only repeat in an employer's year that was delivered more than once; usually there is none.
shared_years as (
    select
        employer_key,
        fiscal_year
    from productivity
    group by employer_key, fiscal_year
    having min(delivery_id) < max(delivery_id)
),

redelivered as (
    select
        raw_productivity.employer_key,
        raw_productivity.employee_key,
        raw_productivity.fiscal_year,
        max(raw_productivity.delivery_id) as latest_delivery_id
    from shared_years
    inner join raw_productivity
        on raw_productivity.employer_key = shared_years.employer_key
        and raw_productivity.fiscal_year = shared_years.fiscal_year
    group by
        raw_productivity.employer_key,
        raw_productivity.employee_key,
        raw_productivity.fiscal_year
)

select
    raw_productivity.employer_key,
    raw_productivity.employee_key,
    raw_productivity.fiscal_year,
    raw_productivity.absence_days,
    raw_productivity.presenteeism_scale,
    raw_productivity.presenteeism_score,
    case
        when raw_productivity.presenteeism_scale = 'SPQ' then 100.0 - raw_productivity.presenteeism_score
    end as presenteeism_loss,
    raw_productivity.engagement,
    raw_productivity.daily_wage_yen
-- The small side stands first: the engine builds its hash table from it.
from redelivered
right join raw_productivity
    on raw_productivity.employer_key = redelivered.employer_key
    and raw_productivity.employee_key = redelivered.employee_key
    and raw_productivity.fiscal_year = redelivered.fiscal_year
where
    redelivered.latest_delivery_id is null
    or raw_productivity.delivery_id = redelivered.latest_delivery_id
