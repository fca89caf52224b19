-- One row per group of baseline variables.
-- Do the variables of a group together tell the arms apart? F tests that all coefficients of a regression of the assignment on them
-- are zero; chance alone gives p-values below 0.05 in one of twenty groups.
-- key: variables
-- materialize: table
-- sensitivity: aggregate
with tests as (
    select 'demographics and salary' as variables, *
    from ols_diagnostics(
        (select * from clean_participation),
        'treat ~ male + age50 + age37_49 + white + salary_q1 + salary_q2 + salary_q3 + faculty
            + academic_professional',
        vcov => 'hc1',
        joint => 'male, age50, age37_49, white, salary_q1, salary_q2, salary_q3, faculty,
            academic_professional')
    union all
    select 'baseline survey' as variables, *
    from ols_diagnostics(
        (select * from clean_online_surveys),
        'treat ~ everscreen_0716 + active_0716 + active_try_0716 + cursmk_0716 + othersmk_0716
            + formsmk_0716 + drink_0716 + drinkhvy_0716 + chronic_0716 + health1_0716
            + health2_0716 + problems_0716 + energy_0716 + ehealth_0716 + overweight_0716
            + badhealth_0716 + sedentary_0716 + druguse_0716 + physician_0716 + hospital_0716
            + sickdays_0716 + hrsworked50_0716 + jobsatisf1_0716 + jobsatisf2_0716
            + mgmtsafety_0716',
        vcov => 'hc1',
        joint => '*_0716')
    union all
    select 'claims before the trial' as variables, *
    from ols_diagnostics(
        (select * from clean_claims),
        'treat ~ spend_office_0715_0716 + spend_hospital_0715_0716 + spend_drug_0715_0716
            + nonzero_spend_0715_0716',
        weight => covg_0715_0716,
        vcov => 'hc1',
        joint => '*_0715_0716')
    union all
    select 'employer records before the trial' as variables, *
    from ols_diagnostics(
        (select * from clean_firm_admin),
        'treat ~ sickleave_0815_0716 + gym_0815_0716 + prod_index_yr0',
        vcov => 'hc1',
        joint => 'sickleave_0815_0716, gym_0815_0716, prod_index_yr0')
)

select
    tests.variables,
    tests.statistic,
    tests.df1,
    tests.df2,
    tests.p_value,
    cast(rows.statistic as bigint) as n_obs,
    tests.status
from tests
inner join tests as rows on tests.variables = rows.variables and rows.diagnostic = 'n_obs'
where tests.diagnostic = 'joint_test'
