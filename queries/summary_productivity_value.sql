-- One row per employer, and one for all (employer_id missing): working days that health management gains, and its return.
-- The effects are those of the evaluation `productivity`, of all employers together: an employer's own would say little. Every
-- employee's year from the start of a bundle on counts as one person-year, under the employer of that year. Effects
-- are the mean over the years of the plan's window since exposure and stand for each of these years.
-- Days of absence are gained as they are. Presenteeism loss is a percentage of working days, of which a year has $working_days:
-- an assumption of ours, in korabo.toml. It is that of the SPQ; no other scale is turned into days, and none are pooled. Where a
-- gate hides one of the two effects, or a plan has it not, the days of both together are missing.
-- Intervals are of 95 %. How the two effects vary together is not known: the error of their sum is at most the sum of
-- their errors, and that is what is taken.
-- Yen are days times the mean of the wages per day that an employer delivered; missing where wages of fewer than half
-- of the person-years are known (ours), and for all unless every employer has a mean. Cost and hours are those of every
-- program, of whatever field, that ran at these worksites in these years, for its whole time; missing where that of one
-- program is. return_05 to return_95 are yen gained per yen spent at these percentiles of the effect's normal
-- distribution, probability_of_gain that more is gained than spent. Both carry the effects' uncertainty only, not that
-- of wages or working days.
-- key: employer_id
-- materialize: table
-- sensitivity: person

with exposed_years as (
    select
        panel_employees.employer_id,
        panel_employees.worksite_id,
        panel_employees.fiscal_year,
        panel_employees.daily_wage_yen
    from panel_employees
    inner join panel_bundle
        on panel_employees.person_id = panel_bundle.person_id
    where
        panel_employees.fiscal_year >= panel_bundle.cohort
        and panel_employees.employer_id is not null
),

employers as (
    select
        employer_id,
        count(*) as n_person_years,
        count(daily_wage_yen) as n_with_wage,
        case when 2 * count(daily_wage_yen) >= count(*) then avg(daily_wage_yen) end as daily_wage_yen
    from exposed_years
    group by employer_id
),

worksites as (
    select
        worksite_id,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year
    from exposed_years
    group by worksite_id
),

programs_there as (
    select distinct link_programs.program_id
    from link_programs
    inner join worksites
        on link_programs.worksite_id = worksites.worksite_id
    where
        fiscal_year(link_programs.start_date) <= worksites.last_year
        and fiscal_year(link_programs.end_date) >= worksites.first_year
),

resources as (
    select
        link_program_resources.employer_id,
        count(*) as n_programs,
        count(case when link_program_resources.cost_yen is null then 1 end) as n_programs_without_cost,
        case
            when count(link_program_resources.cost_yen) = count(*) then sum(link_program_resources.cost_yen)
        end as cost_yen,
        case
            when count(link_program_resources.staff_hours) = count(*) then sum(link_program_resources.staff_hours)
        end as staff_hours
    from link_program_resources
    inner join programs_there
        on link_program_resources.program_id = programs_there.program_id
    group by link_program_resources.employer_id
),

-- An employer whose worksites had no program has people who were exposed elsewhere, and spends nothing.
by_employer as (
    select
        employers.employer_id,
        employers.n_person_years,
        employers.n_with_wage,
        employers.daily_wage_yen,
        coalesce(resources.n_programs, 0) as n_programs,
        coalesce(resources.n_programs_without_cost, 0) as n_programs_without_cost,
        case when resources.employer_id is null then 0 else resources.cost_yen end as cost_yen,
        case when resources.employer_id is null then 0 else resources.staff_hours end as staff_hours
    from employers
    left join resources
        on employers.employer_id = resources.employer_id
),

rows_to_value as (
    select
        employer_id,
        n_person_years,
        n_with_wage,
        daily_wage_yen,
        n_programs,
        n_programs_without_cost,
        cost_yen,
        staff_hours
    from by_employer
    union all
    select
        cast(null as int) as employer_id,
        sum(n_person_years) as n_person_years,
        sum(n_with_wage) as n_with_wage,
        case
            when count(daily_wage_yen) = count(*) then sum(daily_wage_yen * n_person_years) / sum(n_person_years)
        end as daily_wage_yen,
        sum(n_programs) as n_programs,
        sum(n_programs_without_cost) as n_programs_without_cost,
        case when count(cost_yen) = count(*) then sum(cost_yen) end as cost_yen,
        case when count(staff_hours) = count(*) then sum(staff_hours) end as staff_hours
    from by_employer
    having count(*) > 0
),

effects as (
    select
        max(case when indicator = 'absence_days' then estimate end) as absence_effect,
        max(case when indicator = 'absence_days' then std_error end) as absence_error,
        coalesce(max(case when indicator = 'absence_days' then status end), 'missing') as absence_status,
        max(case when indicator = 'presenteeism_loss' then estimate end) as presenteeism_effect,
        max(case when indicator = 'presenteeism_loss' then std_error end) as presenteeism_error,
        coalesce(max(case when indicator = 'presenteeism_loss' then status end), 'missing') as presenteeism_status
    from evaluation_estimates
    where
        evaluation = 'productivity'
        and estimator = 'callaway_santanna'
        and "by" is null
        and event_time is null
),

days as (
    select
        rows_to_value.*,
        effects.absence_effect,
        effects.presenteeism_effect,
        -n_person_years * effects.absence_effect as absence_days_gained,
        n_person_years * effects.absence_error as absence_days_error,
        -n_person_years * effects.presenteeism_effect / 100 * $working_days as presenteeism_days_gained,
        n_person_years * effects.presenteeism_error / 100 * $working_days as presenteeism_days_error,
        case when effects.absence_status <> 'ok' then effects.absence_status else effects.presenteeism_status end as status
    from rows_to_value
    cross join effects
),

yen as (
    select
        *,
        absence_days_gained + presenteeism_days_gained as days_gained,
        absence_days_error + presenteeism_days_error as days_error,
        (absence_days_gained + presenteeism_days_gained) * daily_wage_yen as yen_gained,
        (absence_days_error + presenteeism_days_error) * daily_wage_yen as yen_error,
        nullif(cast(cost_yen as double), 0) as spent
    from days
)

select
    employer_id,
    n_person_years,
    absence_effect,
    presenteeism_effect,
    absence_days_gained,
    absence_days_gained - normal_quantile(0.975) * absence_days_error as absence_days_gained_low,
    absence_days_gained + normal_quantile(0.975) * absence_days_error as absence_days_gained_high,
    presenteeism_days_gained,
    presenteeism_days_gained - normal_quantile(0.975) * presenteeism_days_error as presenteeism_days_gained_low,
    presenteeism_days_gained + normal_quantile(0.975) * presenteeism_days_error as presenteeism_days_gained_high,
    days_gained,
    days_gained - normal_quantile(0.975) * days_error as days_gained_low,
    days_gained + normal_quantile(0.975) * days_error as days_gained_high,
    n_with_wage,
    daily_wage_yen,
    yen_gained,
    yen_gained - normal_quantile(0.975) * yen_error as yen_gained_low,
    yen_gained + normal_quantile(0.975) * yen_error as yen_gained_high,
    n_programs,
    n_programs_without_cost,
    cost_yen,
    staff_hours,
    (yen_gained + normal_quantile(0.05) * yen_error) / spent as return_05,
    (yen_gained + normal_quantile(0.25) * yen_error) / spent as return_25,
    yen_gained / spent as return_50,
    (yen_gained + normal_quantile(0.75) * yen_error) / spent as return_75,
    (yen_gained + normal_quantile(0.95) * yen_error) / spent as return_95,
    normal_cdf((yen_gained - cost_yen) / nullif(yen_error, 0)) as probability_of_gain,
    status
from yen
