-- Question: what does the chart of the change in weight over the waist show at 85 cm? (Invented men, those of rd.)
-- Look at: estimate with its interval for each bin, and fitted, the curve of the side. A jump that the eye does not see is a jump
-- that depends on the method.
-- In R, with the input below as `men`:
--   rdrobust::rdplot(men$weight_change, men$waist, c = 85, nbins = c(4, 4), ci = 95)
select
    side,
    bin,
    round(bin_low, 2) as bin_low,
    round(bin_high, 2) as bin_high,
    round(running, 2) as running,
    round(estimate, 3) as estimate,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(fitted, 3) as fitted,
    n_rows,
    status
from rd_bins(
    (
        select
            72 + value * 7919 % 261 / 10e0 as waist,
            case when value * 7919 % 261 >= 130 then -0.8e0 else 0e0 end
            + value * 7919 % 261 / 200e0 + value * 104729 % 997 / 500e0 - 1 as weight_change
        from generate_series(1, 1200)
    ),
    outcome => weight_change,
    running => waist,
    cutoff => 85,
    n_bins => 4
)
