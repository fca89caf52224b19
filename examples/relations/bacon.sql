-- Question: how much of a two-way fixed-effects estimate of the program's effect on costs comes from comparisons that use
-- people already exposed as their controls?
-- Look at: the weight of later_vs_earlier. Those comparisons are no effects when effects change over time; the more they weigh
-- and the further they lie from the others, the less the overall row is worth.
-- In R, with the input below as `panel` (exposed as 0 and 1):
--   pairs <- bacondecomp::bacon(yen_total ~ exposed, panel, id_var = "person_id", time_var = "fiscal_year")
--   aggregate(cbind(weight, product = weight * estimate) ~ type, pairs, sum)
select
    comparison,
    count(*) as n_comparisons,
    round(sum(weight), 4) as weight,
    round(sum(weight * estimate) / sum(weight), 1) as estimate
from bacon(
    (
        select person_id, fiscal_year, yen_total, coalesce(fiscal_year >= cohort, false) as exposed
        from panel_activity
        where relationship = 1 and cluster_worksite_id > 0
        qualify count(yen_total) over (partition by person_id) = 9
    ),
    outcome => yen_total,
    unit => person_id,
    time => fiscal_year,
    treated => exposed
)
group by comparison
order by comparison
