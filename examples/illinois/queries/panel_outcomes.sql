-- One row per measured variable and employee who has a value for it.
-- Each variable is paired here, once, with the weight the paper gives it; every effect reads this
-- table. Files cannot be linked: a row number identifies a person only within one file.
-- key: variable, row_number
-- materialize: table
-- sensitivity: person
with measured as (
    select 'male' as variable, row_number, treat, completed_hra,
        male as value, 1.0 as weight
    from clean_participation
    union all
    select 'age50' as variable, row_number, treat, completed_hra,
        age50 as value, 1.0 as weight
    from clean_participation
    union all
    select 'age37_49' as variable, row_number, treat, completed_hra,
        age37_49 as value, 1.0 as weight
    from clean_participation
    union all
    select 'white' as variable, row_number, treat, completed_hra,
        white as value, 1.0 as weight
    from clean_participation
    union all
    select 'salary_q1' as variable, row_number, treat, completed_hra,
        salary_q1 as value, 1.0 as weight
    from clean_participation
    union all
    select 'salary_q2' as variable, row_number, treat, completed_hra,
        salary_q2 as value, 1.0 as weight
    from clean_participation
    union all
    select 'salary_q3' as variable, row_number, treat, completed_hra,
        salary_q3 as value, 1.0 as weight
    from clean_participation
    union all
    select 'faculty' as variable, row_number, treat, completed_hra,
        faculty as value, 1.0 as weight
    from clean_participation
    union all
    select 'academic_professional' as variable, row_number, treat, completed_hra,
        academic_professional as value, 1.0 as weight
    from clean_participation
    union all
    select 'everscreen_0716' as variable, row_number, treat, completed_hra,
        everscreen_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'everscreen_0717' as variable, row_number, treat, completed_hra,
        everscreen_0717 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'everscreen_0718' as variable, row_number, treat, completed_hra,
        everscreen_0718 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'active_0716' as variable, row_number, treat, completed_hra,
        active_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'active_try_0716' as variable, row_number, treat, completed_hra,
        active_try_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'cursmk_0716' as variable, row_number, treat, completed_hra,
        cursmk_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'othersmk_0716' as variable, row_number, treat, completed_hra,
        othersmk_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'formsmk_0716' as variable, row_number, treat, completed_hra,
        formsmk_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'drink_0716' as variable, row_number, treat, completed_hra,
        drink_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'drinkhvy_0716' as variable, row_number, treat, completed_hra,
        drinkhvy_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'chronic_0716' as variable, row_number, treat, completed_hra,
        chronic_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'health1_0716' as variable, row_number, treat, completed_hra,
        health1_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'health2_0716' as variable, row_number, treat, completed_hra,
        health2_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'problems_0716' as variable, row_number, treat, completed_hra,
        problems_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'energy_0716' as variable, row_number, treat, completed_hra,
        energy_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'ehealth_0716' as variable, row_number, treat, completed_hra,
        ehealth_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'overweight_0716' as variable, row_number, treat, completed_hra,
        overweight_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'badhealth_0716' as variable, row_number, treat, completed_hra,
        badhealth_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'sedentary_0716' as variable, row_number, treat, completed_hra,
        sedentary_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'druguse_0716' as variable, row_number, treat, completed_hra,
        druguse_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'physician_0716' as variable, row_number, treat, completed_hra,
        physician_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'hospital_0716' as variable, row_number, treat, completed_hra,
        hospital_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'sickdays_0716' as variable, row_number, treat, completed_hra,
        sickdays_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'hrsworked50_0716' as variable, row_number, treat, completed_hra,
        hrsworked50_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'jobsatisf1_0716' as variable, row_number, treat, completed_hra,
        jobsatisf1_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'jobsatisf2_0716' as variable, row_number, treat, completed_hra,
        jobsatisf2_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'mgmtsafety_0716' as variable, row_number, treat, completed_hra,
        mgmtsafety_0716 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'mgmtsafety_0717' as variable, row_number, treat, completed_hra,
        mgmtsafety_0717 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'mgmtsafety_0718' as variable, row_number, treat, completed_hra,
        mgmtsafety_0718 as value, 1.0 as weight
    from clean_online_surveys
    union all
    select 'nonzero_spend_0715_0716' as variable, row_number, treat, completed_hra,
        nonzero_spend_0715_0716 as value, 1.0 as weight
    from clean_claims
    union all
    select 'nonzero_spend_0816_0119' as variable, row_number, treat, completed_hra,
        nonzero_spend_0816_0119 as value, 1.0 as weight
    from clean_claims
    union all
    select 'nonzero_spend_0816_0717' as variable, row_number, treat, completed_hra,
        nonzero_spend_0816_0717 as value, 1.0 as weight
    from clean_claims
    union all
    select 'spend_hospital_0715_0716' as variable, row_number, treat, completed_hra,
        spend_hospital_0715_0716 as value, covg_0715_0716 as weight
    from clean_claims
    union all
    select 'spend_hospital_0816_0119' as variable, row_number, treat, completed_hra,
        spend_hospital_0816_0119 as value, covg_0816_0119 as weight
    from clean_claims
    union all
    select 'spend_hospital_0816_0717' as variable, row_number, treat, completed_hra,
        spend_hospital_0816_0717 as value, covg_0816_0717 as weight
    from clean_claims
    union all
    select 'spend_office_0715_0716' as variable, row_number, treat, completed_hra,
        spend_office_0715_0716 as value, covg_0715_0716 as weight
    from clean_claims
    union all
    select 'spend_office_0816_0119' as variable, row_number, treat, completed_hra,
        spend_office_0816_0119 as value, covg_0816_0119 as weight
    from clean_claims
    union all
    select 'spend_office_0816_0717' as variable, row_number, treat, completed_hra,
        spend_office_0816_0717 as value, covg_0816_0717 as weight
    from clean_claims
    union all
    select 'spend_drug_0715_0716' as variable, row_number, treat, completed_hra,
        spend_drug_0715_0716 as value, covg_0715_0716 as weight
    from clean_claims
    union all
    select 'spend_drug_0816_0119' as variable, row_number, treat, completed_hra,
        spend_drug_0816_0119 as value, covg_0816_0119 as weight
    from clean_claims
    union all
    select 'spend_drug_0816_0717' as variable, row_number, treat, completed_hra,
        spend_drug_0816_0717 as value, covg_0816_0717 as weight
    from clean_claims
    union all
    select 'spend_0715_0716' as variable, row_number, treat, completed_hra,
        spend_0715_0716 as value, covg_0715_0716 as weight
    from clean_claims
    union all
    select 'spend_0816_0119' as variable, row_number, treat, completed_hra,
        spend_0816_0119 as value, covg_0816_0119 as weight
    from clean_claims
    union all
    select 'spend_0816_0717' as variable, row_number, treat, completed_hra,
        spend_0816_0717 as value, covg_0816_0717 as weight
    from clean_claims
    union all
    select 'sickleave_0815_0716' as variable, row_number, treat, completed_hra,
        sickleave_0815_0716 as value, sickdays_eligible_0815_0716 as weight
    from clean_firm_admin
    union all
    select 'sickleave_0816_0717' as variable, row_number, treat, completed_hra,
        sickleave_0816_0717 as value, sickdays_eligible_0816_0717 as weight
    from clean_firm_admin
    union all
    select 'sickleave_0816_0119' as variable, row_number, treat, completed_hra,
        sickleave_0816_0119 as value, sickdays_eligible_0816_0119 as weight
    from clean_firm_admin
    union all
    select 'gym_0815_0716' as variable, row_number, treat, completed_hra,
        gym_0815_0716 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'gym_0816_0717' as variable, row_number, treat, completed_hra,
        gym_0816_0717 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'gym_0816_0119' as variable, row_number, treat, completed_hra,
        gym_0816_0119 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'promotion_0616_0717' as variable, row_number, treat, completed_hra,
        promotion_0616_0717 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'promotion_0616_0119' as variable, row_number, treat, completed_hra,
        promotion_0616_0119 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'terminated_0717' as variable, row_number, treat, completed_hra,
        terminated_0717 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'terminated_0119' as variable, row_number, treat, completed_hra,
        terminated_0119 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'prod_index_yr0' as variable, row_number, treat, completed_hra,
        prod_index_yr0 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'prod_index_yr1' as variable, row_number, treat, completed_hra,
        prod_index_yr1 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'prod_index_yr2' as variable, row_number, treat, completed_hra,
        prod_index_yr2 as value, 1.0 as weight
    from clean_firm_admin
    union all
    select 'marathon_2014_2016' as variable, row_number, treat, completed_hra,
        marathon_2014_2016 as value, 1.0 as weight
    from clean_marathon
    union all
    select 'marathon_2017' as variable, row_number, treat, completed_hra,
        marathon_2017 as value, 1.0 as weight
    from clean_marathon
    union all
    select 'marathon_2018' as variable, row_number, treat, completed_hra,
        marathon_2018 as value, 1.0 as weight
    from clean_marathon
)

select
    variable,
    row_number,
    treat,
    completed_hra,
    cast(value as double) as value,
    cast(weight as double) as weight
from measured
where value is not null
order by variable, row_number
