-- Question: how different were the employees later offered an exercise program from those never offered one, before the first offer?
-- Look at: smd, the difference in standard deviations; text columns have one row per level. What differs here is a candidate
-- for covariates => [...] in att_gt.
-- In R, with the input below as `people` (exposed as 0 and 1, industry_code as factor):
--   cobalt::bal.tab(exposed ~ age + sex + exercise_habit + industry_code, people, stats = c("m", "v", "ks"),
--                   binary = "std", continuous = "std", s.d.denom = "pooled", disp = "means")
select
    covariate,
    level,
    round(mean_treated, 3) as mean_treated,
    round(mean_control, 3) as mean_control,
    round(smd, 3) as smd,
    round(variance_ratio, 3) as variance_ratio,
    round(ks, 3) as ks,
    n_treated,
    n_control,
    n_missing,
    status
from balance(
    (
        select cohort is not null as exposed, age, sex, exercise_habit, industry_code
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year = 2017
    ),
    treated => exposed,
    covariates => [age, sex, exercise_habit, industry_code]
)
