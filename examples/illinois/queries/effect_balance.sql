-- One row per baseline variable.
-- Tables 1a and 1b: did random assignment make the arms alike before the program?
-- Unweighted, as published.
-- key: paper_table, outcome
-- materialize: table
-- sensitivity: aggregate
with fits as (
    select 'table_1a' as paper_table, 'Male' as outcome,
        'male' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'male'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Age 50+' as outcome,
        'age50' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'age50'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Age 37--49' as outcome,
        'age37_49' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'age37_49'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'White' as outcome,
        'white' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'white'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Salary Q1 (bottom quartile)' as outcome,
        'salary_q1' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'salary_q1'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Salary Q2' as outcome,
        'salary_q2' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'salary_q2'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Salary Q3' as outcome,
        'salary_q3' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'salary_q3'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Faculty' as outcome,
        'faculty' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'faculty'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Academic staff' as outcome,
        'academic_professional' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'academic_professional'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Ever screened' as outcome,
        'everscreen_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'everscreen_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Physically active' as outcome,
        'active_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'active_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Trying to be active' as outcome,
        'active_try_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'active_try_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Current smoker (cigarettes)' as outcome,
        'cursmk_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'cursmk_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Current smoker (other)' as outcome,
        'othersmk_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'othersmk_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Former smoker' as outcome,
        'formsmk_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'formsmk_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Drinker' as outcome,
        'drink_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'drink_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Heavy drinker' as outcome,
        'drinkhvy_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'drinkhvy_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Chronic condition' as outcome,
        'chronic_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'chronic_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Excellent or v. good health' as outcome,
        'health1_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'health1_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Not poor health' as outcome,
        'health2_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'health2_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Physical problems' as outcome,
        'problems_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'problems_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Lots of energy' as outcome,
        'energy_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'energy_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Bad emotional health' as outcome,
        'ehealth_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'ehealth_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Overweight' as outcome,
        'overweight_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'overweight_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'High BP/cholesterol/glucose' as outcome,
        'badhealth_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'badhealth_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Sedentary' as outcome,
        'sedentary_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'sedentary_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Pharmaceutical drug utilization' as outcome,
        'druguse_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'druguse_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Physician/ER utilization' as outcome,
        'physician_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'physician_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Hospital utilization' as outcome,
        'hospital_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'hospital_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Any sick days in past year' as outcome,
        'sickdays_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'sickdays_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Worked 50+ hours/week' as outcome,
        'hrsworked50_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'hrsworked50_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Very satisfied with job' as outcome,
        'jobsatisf1_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'jobsatisf1_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Very or somewhat satisfied with job' as outcome,
        'jobsatisf2_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'jobsatisf2_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1a' as paper_table, 'Management priority on health/safety' as outcome,
        'mgmtsafety_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'mgmtsafety_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Total spending (dollars/month)' as outcome,
        'spend_0715_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'spend_0715_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Office spending' as outcome,
        'spend_office_0715_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'spend_office_0715_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Hospital spending' as outcome,
        'spend_hospital_0715_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'spend_hospital_0715_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Drug spending' as outcome,
        'spend_drug_0715_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'spend_drug_0715_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Nonzero medical spending' as outcome,
        'nonzero_spend_0715_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'nonzero_spend_0715_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Sick leave (days/year)' as outcome,
        'sickleave_0815_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'sickleave_0815_0716'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'IL Marathon/10K/5K (2014--2016)' as outcome,
        'marathon_2014_2016' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'marathon_2014_2016'),
        'value ~ treat', vcov => 'hc1')
    union all
    select 'table_1b' as paper_table, 'Campus gym visits (days/year)' as outcome,
        'gym_0815_0716' as variable, *
    from ols(
        (select value, treat from panel_outcomes
            where variable = 'gym_0815_0716'),
        'value ~ treat', vcov => 'hc1')
),

means as (
    select
        variable,
        avg(value) filter (where treat = 0) as control_mean,
        avg(value) filter (where treat = 1) as treatment_mean
    from panel_outcomes
    group by variable
)

select
    fits.paper_table,
    fits.outcome,
    fits.variable,
    means.control_mean,
    means.treatment_mean,
    fits.estimate,
    fits.std_error,
    fits.statistic,
    fits.p_value,
    fits.conf_low,
    fits.conf_high,
    fits.band_low,
    fits.band_high,
    fits.n_obs,
    fits.df,
    fits.status
from fits
inner join means on fits.variable = means.variable
where fits.term = 'treat'
