-- Question: what must a new program's design reckon with: how do outcomes vary between worksites, between persons, and from year to year?
-- Look at: icc, the share of the variance between worksites: with many persons per worksite it decides what a design can see. The two
-- autocorrelations say how much of a worksite's, and of a person's, own part stays from one year to another.
-- In R, with the input below as `panel`: for one year, icc is that of ICC::ICCbare(cluster_worksite_id, bmi, panel).
select
    outcome,
    round(sd, 3) as sd,
    round(icc, 4) as icc,
    round(cluster_size, 1) as cluster_size,
    round(cv_cluster_size, 2) as cv_cluster_size,
    round(cluster_autocorrelation, 2) as cluster_autocorrelation,
    round(individual_autocorrelation, 2) as individual_autocorrelation,
    n_obs,
    n_clusters,
    n_periods,
    status
from variance_components(
    (
        select person_id, fiscal_year, cluster_worksite_id, exercise_habit, bmi, sbp_mmhg
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year <= 2017
    ),
    outcomes => [exercise_habit, bmi, sbp_mmhg],
    cluster => cluster_worksite_id,
    unit => person_id,
    time => fiscal_year
)
