-- Question: from a waist of 85 cm on, men are offered health guidance. Does it change their weight within a year? (Invented men.)
-- Look at: the robust row, whose interval allows for the bias of the straight lines, and n_effective, the rows within the
-- bandwidth. Before it, rd_density: was the waist measured down to 84.9? And rd_bins, the chart.
-- In R, with the input below as `men`:
--   rdrobust::rdrobust(men$weight_change, men$waist, c = 85, covs = men$age, all = TRUE)
select
    method,
    round(estimate, 3) as estimate,
    round(std_error, 3) as std_error,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(bandwidth_left, 2) as bandwidth,
    n_effective_left,
    n_effective_right,
    status
from rd(
    (
        select
            72 + value * 7919 % 261 / 10e0 as waist,
            40 + value * 31 % 25 as age,
            case when value * 7919 % 261 >= 130 then -0.8e0 else 0e0 end
            + value * 7919 % 261 / 200e0 + value * 104729 % 997 / 500e0 - 1 as weight_change
        from generate_series(1, 1200)
    ),
    outcome => weight_change,
    running => waist,
    cutoff => 85,
    covariates => [age]
)
