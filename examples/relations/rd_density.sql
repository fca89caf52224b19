-- Question: are waists measured to just below 85 cm, where health guidance begins? (Invented men: a third of those between 85.0 and
-- 85.9 cm were written down as one centimetre less.)
-- Look at: p_value. A small one says that the density jumps: who lies just below is not who would lie there, and rd compares
-- others than it seems to. A large one is no proof.
-- In R, with the input below as `men`:
--   summary(rddensity::rddensity(men$waist, c = 85))
select
    round(density_left, 4) as density_left,
    round(density_right, 4) as density_right,
    round(difference, 4) as difference,
    round(std_error, 4) as std_error,
    round(p_value, 3) as p_value,
    round(bandwidth_left, 2) as bandwidth_left,
    round(bandwidth_right, 2) as bandwidth_right,
    n_effective_left,
    n_effective_right,
    status
from rd_density(
    (
        select
            case when value % 3 = 0 and value * 7919 % 261 between 130 and 139 then 71 else 72 end
            + value * 7919 % 261 / 10e0 as waist
        from generate_series(1, 1200)
    ),
    running => waist,
    cutoff => 85
)
