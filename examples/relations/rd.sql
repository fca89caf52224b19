-- Question: does a waist of 85 cm, from which men are offered health guidance, change their weight a year later?
-- Look at: the robust row: its interval allows for the bias of the straight lines. n_effective says how many rows within the
-- bandwidth it rests on. Before it, rd_density: was the waist measured down to 84.9? And rd_bins, the chart.
-- In R, with the input below as `men`:
--   rdrobust::rdrobust(men$weight_next, men$waist_cm, c = 85, covs = men$weight_kg, cluster = men$person_id, all = TRUE)
select
    method,
    round(estimate, 3) as estimate,
    round(std_error, 3) as std_error,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(bandwidth_left, 2) as bandwidth,
    n_effective_left,
    n_effective_right,
    n_missing,
    status
from rd(
    (
        select
            person_id,
            sex,
            waist_cm,
            weight_kg,
            lead(weight_kg) over (partition by person_id order by fiscal_year) as weight_next
        from panel_person_year
        where sex = 1 and waist_cm is not null
    ),
    outcome => weight_next,
    running => waist_cm,
    cutoff => 85,
    covariates => [weight_kg],
    cluster => person_id
)
