-- Question: what does the chart of men's blood pressure over their waist show at 85 cm?
-- Look at: estimate with its interval for each bin, and fitted, the curve of the side. A jump that the eye does not see is a jump
-- that depends on the method.
-- In R, with the input below as `men`:
--   rdrobust::rdplot(men$sbp_mmhg, men$waist_cm, c = 85, nbins = c(4, 4), ci = 95)
select
    side,
    bin,
    round(bin_low, 1) as bin_low,
    round(bin_high, 1) as bin_high,
    round(running, 1) as running,
    round(estimate, 1) as estimate,
    round(conf_low, 1) as conf_low,
    round(conf_high, 1) as conf_high,
    round(fitted, 1) as fitted,
    n_rows,
    status
from rd_bins(
    (
        select waist_cm, sbp_mmhg
        from panel_person_year
        where sex = 1 and waist_cm between 75 and 95
    ),
    outcome => sbp_mmhg,
    running => waist_cm,
    cutoff => 85,
    n_bins => 4
)
