-- Question: in which worksites do employees exercise most, when small worksites have the most extreme shares by chance alone?
-- Look at: pooled beside estimate: a small worksite keeps little of its distance to the mean. p_best is the probability of being among the five best, and
-- funnel_high_998 the share beyond which chance is no explanation.
-- In R: ebci::ebci(estimate ~ 1, data, se = std_error, weights = 1 / std_error^2, alpha = 0.05) has the column pooled and the interval.
select
    worksite,
    n,
    round(estimate, 3) as estimate,
    round(shrinkage, 2) as shrinkage,
    round(pooled, 3) as pooled,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(mean_rank, 1) as mean_rank,
    round(p_best, 2) as p_best,
    round(funnel_high_998, 3) as funnel_high_998,
    n_pooled,
    status
from pool(
    (
        select
            cluster_worksite_id as worksite,
            count(*) as n,
            avg(cast(exercise_habit as double)) as b,
            stddev(cast(exercise_habit as double)) / sqrt(count(*)) as se
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0 and fiscal_year = 2017 and exercise_habit is not null
        group by cluster_worksite_id
        having count(*) >= 10 and stddev(cast(exercise_habit as double)) > 0
    ),
    estimate => b,
    std_error => se,
    best => 5,
    keep => [worksite, n]
)
order by mean_rank
limit 8
