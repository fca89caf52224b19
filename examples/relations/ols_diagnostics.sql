-- Question: what did the regression of ols.sql do with rows and columns, and how much does it explain?
-- Look at: n_rows_in less the rows left out is n_obs; n_clusters and df are behind the errors; a row dropped_column would
-- name a column without a coefficient and say why. With instruments there are rows on their strength.
-- In R, with `fit` from fixest::feols (see ols.sql):
--   c(nobs(fit), fixest::degrees_freedom(fit, "k"), fixest::degrees_freedom(fit, "t"))
--   fixest::fitstat(fit, ~ r2 + ar2 + wr2 + rmse)
select
    diagnostic,
    term,
    round(statistic, 4) as statistic,
    status,
    detail
from ols_diagnostics(
    (
        select yen_total, age, sex = 2 as female, fiscal_year, industry_code, cluster_worksite_id
        from panel_person_year
        where relationship = 1
    ),
    'yen_total ~ poly(age, 2) + female | fiscal_year + industry_code',
    vcov => 'cluster(cluster_worksite_id)'
)
