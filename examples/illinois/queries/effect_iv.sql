-- One row per outcome of the first year.
-- Table 4, IV: the effect on those who complete screening and HRA because they were offered them,
-- by two-stage least squares with the random assignment as the instrument (HC0, as published).
-- key: outcome
-- materialize: table
-- sensitivity: aggregate
with fits as (
    select 'Total spending (dollars/month) [admin]' as outcome,
        'spend_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'spend_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Drug spending [admin]' as outcome,
        'spend_drug_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'spend_drug_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Office spending [admin]' as outcome,
        'spend_office_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'spend_office_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Hospital spending [admin]' as outcome,
        'spend_hospital_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'spend_hospital_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Nonzero medical spending [admin]' as outcome,
        'nonzero_spend_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'nonzero_spend_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Job promotion [admin]' as outcome,
        'promotion_0616_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'promotion_0616_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Job terminated [admin]' as outcome,
        'terminated_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'terminated_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Sick leave (days/year) [admin]' as outcome,
        'sickleave_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'sickleave_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Management priority on health/safety [survey]' as outcome,
        'mgmtsafety_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'mgmtsafety_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Productivity index [survey/admin]' as outcome,
        'prod_index_yr1' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'prod_index_yr1' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'IL Marathon/10K/5K 2017 [admin]' as outcome,
        'marathon_2017' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'marathon_2017' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Campus gym visits (days/year) [admin]' as outcome,
        'gym_0816_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'gym_0816_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
    union all
    select 'Ever screened [survey]' as outcome,
        'everscreen_0717' as variable, *
    from ols(
        (select value, completed_hra, treat, weight from panel_outcomes
            where variable = 'everscreen_0717' and weight > 0),
        'value ~ 1 | completed_hra ~ treat', weight => weight, vcov => 'hc0')
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
