-- One row per outcome, trait and subgroup.
-- Does the offer work better for some? The effect on those without a trait, on those with it, and the difference between both, which is what
-- the question is about: one significant effect beside one that is not says nothing.
-- Rows of weight zero (never covered, never eligible) are left out by the regression itself.
-- key: outcome, trait, subgroup
-- materialize: table
-- sensitivity: aggregate
with interactions as (
    select 'spend_0816_0717' as outcome, 'male' as trait, *
    from ols(
        (select * from clean_claims),
        'spend_0816_0717 ~ treat * male', weight => covg_0816_0717, vcov => 'hc1')
    union all
    select 'spend_0816_0717' as outcome, 'age50' as trait, *
    from ols(
        (select * from clean_claims),
        'spend_0816_0717 ~ treat * age50', weight => covg_0816_0717, vcov => 'hc1')
    union all
    select 'sickleave_0816_0717' as outcome, 'male' as trait, *
    from ols(
        (select * from clean_firm_admin),
        'sickleave_0816_0717 ~ treat * male', weight => sickdays_eligible_0816_0717, vcov => 'hc1')
    union all
    select 'sickleave_0816_0717' as outcome, 'age50' as trait, *
    from ols(
        (select * from clean_firm_admin),
        'sickleave_0816_0717 ~ treat * age50', weight => sickdays_eligible_0816_0717, vcov => 'hc1')
    union all
    select 'gym_0816_0717' as outcome, 'male' as trait, *
    from ols((select * from clean_firm_admin), 'gym_0816_0717 ~ treat * male', vcov => 'hc1')
    union all
    select 'gym_0816_0717' as outcome, 'age50' as trait, *
    from ols((select * from clean_firm_admin), 'gym_0816_0717 ~ treat * age50', vcov => 'hc1')
),

-- The same regression seen from the others: its coefficient of `treat` is the effect on those with the trait.
from_the_others as (
    select 'spend_0816_0717' as outcome, 'male' as trait, *
    from ols(
        (select *, 1 - male as others from clean_claims),
        'spend_0816_0717 ~ treat * others', weight => covg_0816_0717, vcov => 'hc1')
    union all
    select 'spend_0816_0717' as outcome, 'age50' as trait, *
    from ols(
        (select *, 1 - age50 as others from clean_claims),
        'spend_0816_0717 ~ treat * others', weight => covg_0816_0717, vcov => 'hc1')
    union all
    select 'sickleave_0816_0717' as outcome, 'male' as trait, *
    from ols(
        (select *, 1 - male as others from clean_firm_admin),
        'sickleave_0816_0717 ~ treat * others', weight => sickdays_eligible_0816_0717, vcov => 'hc1')
    union all
    select 'sickleave_0816_0717' as outcome, 'age50' as trait, *
    from ols(
        (select *, 1 - age50 as others from clean_firm_admin),
        'sickleave_0816_0717 ~ treat * others', weight => sickdays_eligible_0816_0717, vcov => 'hc1')
    union all
    select 'gym_0816_0717' as outcome, 'male' as trait, *
    from ols(
        (select *, 1 - male as others from clean_firm_admin),
        'gym_0816_0717 ~ treat * others', vcov => 'hc1')
    union all
    select 'gym_0816_0717' as outcome, 'age50' as trait, *
    from ols(
        (select *, 1 - age50 as others from clean_firm_admin),
        'gym_0816_0717 ~ treat * others', vcov => 'hc1')
),

rows as (
    select *, 'without' as subgroup from interactions where term = 'treat'
    union all
    select *, 'with' as subgroup from from_the_others where term = 'treat'
    union all
    select *, 'difference' as subgroup from interactions where term like 'treat:%'
)

select
    outcome,
    trait,
    subgroup,
    estimate,
    std_error,
    p_value,
    conf_low,
    conf_high,
    n_obs,
    status
from rows
