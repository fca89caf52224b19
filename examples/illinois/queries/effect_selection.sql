-- One row per baseline variable.
-- Table 2: within the treatment arm, how did later participants differ before the program began?
-- This is what makes a comparison of participants with non-participants wrong.
-- key: outcome
-- materialize: table
-- sensitivity: aggregate
with fits as (
    select 'Total spending (dollars/month) [admin]' as outcome,
        'spend_0715_0716' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'spend_0715_0716' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Nonzero medical spending [admin]' as outcome,
        'nonzero_spend_0715_0716' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'nonzero_spend_0715_0716' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Productivity index [survey/admin]' as outcome,
        'prod_index_yr0' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'prod_index_yr0' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Sick leave (days/year) [admin]' as outcome,
        'sickleave_0815_0716' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'sickleave_0815_0716' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Worked 50+ hours/week [survey]' as outcome,
        'hrsworked50_0716' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'hrsworked50_0716' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Salary Q1 (bottom quartile) [admin]' as outcome,
        'salary_q1' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'salary_q1' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'IL Marathon/10K/5K (2014--2016) [admin]' as outcome,
        'marathon_2014_2016' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'marathon_2014_2016' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Campus gym visits (days/year) [admin]' as outcome,
        'gym_0815_0716' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'gym_0815_0716' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
),

means as (
    select
        variable,
        sum(value * weight) / sum(weight) as mean
    from panel_outcomes
    where weight > 0 and treat = 1
    group by variable
)

select
    fits.outcome,
    fits.variable,
    means.mean as treatment_mean,
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
where fits.term = 'completed_hra'
