-- Question: an event study found an effect of 0.155 in the first period after exposure. Does that stand when trends may differ after
-- exposure as much as they did before it?
-- Look at: breakdown, the multiple of the largest difference before exposure at which zero is among the effect's values, and the
-- intervals of multiples that seem possible. The first row is the interval if trends are parallel.
-- In R, with the estimates as `b` and their covariance matrix as `sigma`, in order of time:
--   HonestDiD::createSensitivityResults_relativeMagnitudes(b, sigma, numPrePeriods = 4, numPostPeriods = 1,
--     Mbarvec = c(0.5, 1, 2))
select
    bound,
    estimate,
    round(conf_low, 3) as conf_low,
    round(conf_high, 3) as conf_high,
    round(breakdown, 2) as breakdown,
    status
from honest_did(
    (
        select *
        from (values
            (-5, 0.01, 0.0009, 0.000571, 0.000381, 0.000268, 0.00026),
            (-4, -0.022, 0.000571, 0.000784, 0.000495, 0.000328, 0.000281),
            (-3, 0.015, 0.000381, 0.000495, 0.000676, 0.000424, 0.00032),
            (-2, -0.012, 0.000268, 0.000328, 0.000424, 0.000576, 0.000386),
            (0, 0.155, 0.00026, 0.000281, 0.00032, 0.000386, 0.001089)
        ) as estimates (event_time, estimate, c1, c2, c3, c4, c5)
    ),
    event_time => event_time,
    estimate => estimate,
    covariance => [c1, c2, c3, c4, c5],
    bounds => '0.5, 1, 2'
)
