-- Question: with how many worksites would an effect of five percentage points be found that changes a habit of a fifth of the employees? The numbers
-- are given by hand: 40 employees per worksite, 2 % of the variance between worksites.
-- Look at: power: 0.8 and more is the custom. Doubling the employees of each worksite would help less than doubling worksites.
-- In R: for one row, 1 - pt(qt(0.975, df), df, 0.05 / se) + pt(-qt(0.975, df), df, 0.05 / se) with std_error and df below.
select
    worksites,
    round(design_effect, 2) as design_effect,
    round(std_error, 4) as std_error,
    df,
    round(power, 3) as power,
    status
from power(
    (select * from (values (10), (20), (40), (80)) as designs (worksites)),
    effect => 0.05,
    clusters_treated => worksites,
    clusters_control => worksites,
    cluster_size => 40,
    cv_cluster_size => 0.6,
    icc => 0.02,
    sd => 0.4,
    keep => [worksites]
)
