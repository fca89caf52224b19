-- Question: no estimate before exposure is significant. How steep a difference in trends would have passed unseen all the same, and how
-- far off would the effect be?
-- Look at: bias_if_passed beside the effect (0.155): the mean error of estimates that pass the test when trends differ by a slope that the
-- test sees half of the time, and four times in five.
-- In R, with the estimates as `b` and their covariance matrix as `sigma`, in order of time:
--   pretrends::slope_for_power(sigma, 0.5, tVec = c(-5:-2, 0), referencePeriod = -1)
--   pretrends::pretrends(b, sigma, tVec = c(-5:-2, 0), referencePeriod = -1, deltatrue = slope * (c(-5:-2, 0) + 1))
select
    round(power, 3) as power,
    round(slope, 5) as slope,
    event_time,
    round(bias, 5) as bias,
    round(bias_if_passed, 5) as bias_if_passed,
    round(bayes_factor, 3) as bayes_factor,
    round(likelihood_ratio, 3) as likelihood_ratio,
    round(false_alarm, 3) as false_alarm,
    status
from pretrend_power(
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
    powers => '0.5, 0.8'
)
