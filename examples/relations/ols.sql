-- Question: how do yearly costs of care differ by age and sex within a year and an industry? (A description, not an effect.)
-- Look at: df is the number of worksites less one, because errors are clustered by worksite; female is yes/no and counts
-- as 1 and 0.
-- In R, with the input below as `panel`:
--   fixest::feols(yen_total ~ poly(age, 2) + female | fiscal_year + industry_code, panel, cluster = ~ cluster_worksite_id)
select
    term,
    round(estimate, 1) as estimate,
    round(std_error, 1) as std_error,
    round(conf_low, 1) as conf_low,
    round(conf_high, 1) as conf_high,
    n_obs,
    df,
    status
from ols(
    (
        select yen_total, age, sex = 2 as female, fiscal_year, industry_code, cluster_worksite_id
        from panel_person_year
        where relationship = 1
    ),
    'yen_total ~ poly(age, 2) + female | fiscal_year + industry_code',
    vcov => 'cluster(cluster_worksite_id)'
)
