-- One row per person and fiscal year with productivity figures from an employer.
-- With two employers in one year absences add up, while presenteeism, engagement and wages per day are averaged. Each scale of
-- presenteeism has a column of its own, in its own points: they measure different things and are never pooled.
-- key: person_id, fiscal_year
-- materialize: table
-- join: many_to_one link_employees on (employer_key, employee_key)
-- sensitivity: person

select
    link_employees.person_id,
    clean_productivity.fiscal_year,
    sum(clean_productivity.absence_days) as absence_days,
    avg(clean_productivity.presenteeism_loss) as presenteeism_loss,
    avg(
        case when clean_productivity.presenteeism_scale = 'WHO-HPQ' then clean_productivity.presenteeism_score end
    ) as presenteeism_hpq,
    avg(
        case when clean_productivity.presenteeism_scale = 'WFUN' then clean_productivity.presenteeism_score end
    ) as presenteeism_wfun,
    avg(
        case when clean_productivity.presenteeism_scale = 'WLQ' then clean_productivity.presenteeism_score end
    ) as presenteeism_wlq,
    avg(
        case when clean_productivity.presenteeism_scale = 'QQ' then clean_productivity.presenteeism_score end
    ) as presenteeism_qq,
    avg(clean_productivity.engagement) as engagement,
    avg(clean_productivity.daily_wage_yen) as daily_wage_yen
from link_employees
inner join clean_productivity
    on link_employees.employer_key = clean_productivity.employer_key
    and link_employees.employee_key = clean_productivity.employee_key
where link_employees.person_id is not null
group by link_employees.person_id, clean_productivity.fiscal_year
