-- Question: had every second worksite been drawn for a program in 2017, and nothing been done there, how different would four outcomes look?
-- Look at: p_adjusted beside p_value: with four outcomes a small p-value of one is nothing special. n_permutations says how many draws of
-- worksites were gone through.
-- In R, with the input below as `persons`: multtest::mt.maxT is the same for units drawn one by one, without clusters.
select
    outcome,
    is_primary,
    round(estimate, 3) as estimate,
    round(std_error, 3) as std_error,
    round(p_value, 3) as p_value,
    round(p_adjusted, 3) as p_adjusted,
    n_tests,
    n_units,
    n_clusters,
    n_permutations,
    status
from westfall_young(
    (
        select cluster_worksite_id, cluster_worksite_id % 2 = 0 as drawn, bmi, sbp_mmhg, exercise_habit, yen_total
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year = 2017
    ),
    outcomes => [exercise_habit, bmi, sbp_mmhg, yen_total],
    primary => [exercise_habit],
    treated => drawn,
    cluster => cluster_worksite_id,
    permutations => 1999
)
