-- One row per outcome and follow-up period.
-- Table 3, no controls: the effect of being offered the program (intention to treat).
-- Spending is weighted by months of coverage and sick leave by eligible days; weight zero is out.
-- key: outcome, period
-- materialize: table
-- sensitivity: aggregate
with fits as (
    select 'Total spending (dollars/month) [admin]' as outcome, 'First year' as period,
        'spend_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Total spending (dollars/month) [admin]' as outcome, 'Longer-run' as period,
        'spend_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Drug spending [admin]' as outcome, 'First year' as period,
        'spend_drug_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_drug_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Drug spending [admin]' as outcome, 'Longer-run' as period,
        'spend_drug_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_drug_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Office spending [admin]' as outcome, 'First year' as period,
        'spend_office_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_office_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Office spending [admin]' as outcome, 'Longer-run' as period,
        'spend_office_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_office_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Hospital spending [admin]' as outcome, 'First year' as period,
        'spend_hospital_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_hospital_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Hospital spending [admin]' as outcome, 'Longer-run' as period,
        'spend_hospital_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'spend_hospital_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Nonzero medical spending [admin]' as outcome, 'First year' as period,
        'nonzero_spend_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'nonzero_spend_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Nonzero medical spending [admin]' as outcome, 'Longer-run' as period,
        'nonzero_spend_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'nonzero_spend_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Job promotion [admin]' as outcome, 'First year' as period,
        'promotion_0616_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'promotion_0616_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Job promotion [admin]' as outcome, 'Longer-run' as period,
        'promotion_0616_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'promotion_0616_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Job terminated [admin]' as outcome, 'First year' as period,
        'terminated_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'terminated_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Job terminated [admin]' as outcome, 'Longer-run' as period,
        'terminated_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'terminated_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Sick leave (days/year) [admin]' as outcome, 'First year' as period,
        'sickleave_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'sickleave_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Sick leave (days/year) [admin]' as outcome, 'Longer-run' as period,
        'sickleave_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'sickleave_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Management priority on health/safety [survey]' as outcome, 'First year' as period,
        'mgmtsafety_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'mgmtsafety_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Management priority on health/safety [survey]' as outcome, 'Longer-run' as period,
        'mgmtsafety_0718' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'mgmtsafety_0718' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Productivity index [survey/admin]' as outcome, 'First year' as period,
        'prod_index_yr1' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'prod_index_yr1' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Productivity index [survey/admin]' as outcome, 'Longer-run' as period,
        'prod_index_yr2' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'prod_index_yr2' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'IL Marathon/10K/5K [admin]' as outcome, 'First year' as period,
        'marathon_2017' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'marathon_2017' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'IL Marathon/10K/5K [admin]' as outcome, 'Longer-run' as period,
        'marathon_2018' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'marathon_2018' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Campus gym visits (days/year) [admin]' as outcome, 'First year' as period,
        'gym_0816_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'gym_0816_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Campus gym visits (days/year) [admin]' as outcome, 'Longer-run' as period,
        'gym_0816_0119' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'gym_0816_0119' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Ever screened [survey]' as outcome, 'First year' as period,
        'everscreen_0717' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'everscreen_0717' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
    union all
    select 'Ever screened [survey]' as outcome, 'Longer-run' as period,
        'everscreen_0718' as variable, *
    from ols(
        (select value, treat, weight from panel_outcomes
            where variable = 'everscreen_0718' and weight > 0),
        'value ~ treat', weight => weight, vcov => 'hc1')
),

means as (
    select
        variable,
        sum(value * weight) / sum(weight) as mean
    from panel_outcomes
    where weight > 0
    group by variable
)

select
    fits.outcome,
    fits.period,
    fits.variable,
    means.mean,
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
