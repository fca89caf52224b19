-- One row per outcome of the first year.
-- Table 4, OLS: participants minus non-participants within the treatment arm. Not causal: kept
-- beside effect_iv to show how far selection alone moves the answer.
-- key: outcome
-- materialize: table
-- sensitivity: aggregate
with fits as (
    select 'Total spending (dollars/month) [admin]' as outcome,
        'spend_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'spend_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Drug spending [admin]' as outcome,
        'spend_drug_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'spend_drug_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Office spending [admin]' as outcome,
        'spend_office_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'spend_office_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Hospital spending [admin]' as outcome,
        'spend_hospital_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'spend_hospital_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Nonzero medical spending [admin]' as outcome,
        'nonzero_spend_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'nonzero_spend_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Job promotion [admin]' as outcome,
        'promotion_0616_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'promotion_0616_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Job terminated [admin]' as outcome,
        'terminated_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'terminated_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Sick leave (days/year) [admin]' as outcome,
        'sickleave_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'sickleave_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Management priority on health/safety [survey]' as outcome,
        'mgmtsafety_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'mgmtsafety_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Productivity index [survey/admin]' as outcome,
        'prod_index_yr1' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'prod_index_yr1' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'IL Marathon/10K/5K 2017 [admin]' as outcome,
        'marathon_2017' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'marathon_2017' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Campus gym visits (days/year) [admin]' as outcome,
        'gym_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'gym_0816_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
    union all
    select 'Ever screened [survey]' as outcome,
        'everscreen_0717' as variable, *
    from ols(
        (select value, completed_hra, weight from panel_outcomes
            where variable = 'everscreen_0717' and treat = 1 and weight > 0),
        'value ~ completed_hra', weight => weight, vcov => 'hc1')
)

select
    fits.outcome,
    fits.variable,
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
where fits.term = 'completed_hra'
