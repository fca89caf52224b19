-- Question: employees at worksites with an exercise program may answer the questionnaire more, or less, often than others. How far apart are the
-- exposed and the others at least, and at most, among those who would answer either way? (A description here: worksites were not drawn.)
-- Look at: seen_treated and seen_control: the further apart, the wider the bounds. strata makes them narrower. Answering is an
-- outcome of its own: see the page.
-- In R no package has these errors; in Stata, without clusters: leebounds y exposed, select(answers) tight(sex)
select
    strata,
    round(lower, 4) as lower,
    round(upper, 4) as upper,
    round(conf_low, 4) as conf_low,
    round(conf_high, 4) as conf_high,
    round(trimming_share, 3) as trimming_share,
    round(seen_treated, 3) as seen_treated,
    round(seen_control, 3) as seen_control,
    n_units,
    n_clusters,
    status
from lee_bounds(
    (
        select exercise_habit, cohort is not null as exposed, cluster_worksite_id
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year = 2021
    ),
    outcome => exercise_habit,
    treated => exposed,
    cluster => cluster_worksite_id
)
cross join (select 'none' as strata)
union all
select
    'sex and age',
    round(lower, 4),
    round(upper, 4),
    round(conf_low, 4),
    round(conf_high, 4),
    round(trimming_share, 3),
    round(seen_treated, 3),
    round(seen_control, 3),
    n_units,
    n_clusters,
    status
from lee_bounds(
    (
        select exercise_habit, cohort is not null as exposed, cluster_worksite_id, sex, age >= 45 as is_older
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year = 2021
    ),
    outcome => exercise_habit,
    treated => exposed,
    cluster => cluster_worksite_id,
    strata => [sex, is_older]
)
order by strata
