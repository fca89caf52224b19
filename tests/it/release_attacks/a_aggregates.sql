-- family: aggregates of yes and no
-- attack: count with a condition
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v, count(*) as n {y} group by 1;
-- attack: count of a case
-- truth: smokers
select worksite_id as k, count(case when current_smoker then 1 end) as v, count(*) as n {y} group by 1;
-- attack: sum of a case
-- truth: smokers
select worksite_id as k, sum(case when current_smoker then 1 else 0 end) as v, count(*) as n {y} group by 1;
-- attack: sum of a cast
-- truth: smokers
select worksite_id as k, sum(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: mean of a cast
-- truth: smokers
-- decode: select k, v * n as v from answer
select worksite_id as k, avg(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: the complement is counted
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(*) filter (where not current_smoker) as v, count(*) as n {y} group by 1;
-- attack: variance of the population
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v))) / 2 as v from answer
select worksite_id as k, var_pop(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: variance of the sample
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * (n - 1) / n))) / 2 as v from answer
select worksite_id as k, var_samp(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: variance by its short name
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * (n - 1) / n))) / 2 as v from answer
select worksite_id as k, var(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: standard deviation
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * v * (n - 1) / n))) / 2 as v from answer
select worksite_id as k, stddev(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: standard deviation of the population
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * v))) / 2 as v from answer
select worksite_id as k, stddev_pop(cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: covariance with itself
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v))) / 2 as v from answer
select worksite_id as k, covar_pop(cast(current_smoker as int), cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: covariance of the sample with itself
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * (n - 1) / n))) / 2 as v from answer
select worksite_id as k, covar_samp(cast(current_smoker as int), cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: mean of x of a regression
-- truth: smokers
-- decode: select k, n * v as v from answer
select worksite_id as k, regr_avgx(1.0, cast(current_smoker as double)) as v, count(*) as n {y} group by 1;
-- attack: mean of x beside another number
-- truth: smokers
-- decode: select k, n * v as v from answer
select worksite_id as k, regr_avgx(age, cast(current_smoker as double)) as v, count(*) as n {y} group by 1;
-- attack: mean of y of a regression
-- truth: smokers
-- decode: select k, n * v as v from answer
select worksite_id as k, regr_avgy(cast(current_smoker as double), age) as v, count(*) as n {y} group by 1;
-- attack: squares of x
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v / n))) / 2 as v from answer
select worksite_id as k, regr_sxx(age, cast(current_smoker as double)) as v, count(*) as n {y} group by 1;
-- attack: squares of y
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v / n))) / 2 as v from answer
select worksite_id as k, regr_syy(cast(current_smoker as double), age) as v, count(*) as n {y} group by 1;
-- attack: products of x and y
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v / n))) / 2 as v from answer
select worksite_id as k, regr_sxy(cast(current_smoker as double), cast(current_smoker as double)) as v, count(*) as n {y} group by 1;
-- attack: persons of a regression
-- truth: smokers
select worksite_id as k, regr_count(case when current_smoker then 1.0 end, 1.0) as v, count(*) as n {y} group by 1;
-- attack: persons of a regression that are not
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, regr_count(case when not current_smoker then 1.0 end, 1.0) as v, count(*) as n {y} group by 1;
-- attack: slope on a yes and no with the mean of it
-- truth: smokers
-- decode: select k, n * my / s as v from answer
select worksite_id as k, regr_slope(cast(current_smoker as double), cast(current_smoker as double)) as s, regr_avgy(cast(current_smoker as double), cast(current_smoker as double)) as my, count(*) as n {y} group by 1;
-- attack: intercept of a constant shift
-- truth: smokers
-- decode: select k, n * (i + s * 0.0) as v from answer
select worksite_id as k, regr_intercept(cast(current_smoker as double), age) as i, regr_slope(cast(current_smoker as double), age) as s, count(*) as n {y} group by 1;
-- attack: line through the mean
-- truth: smokers
-- decode: select k, n * (i + s * m) as v from answer
select worksite_id as k, regr_intercept(cast(current_smoker as double), age) as i, regr_slope(cast(current_smoker as double), age) as s, avg(age) as m, count(*) as n {y} group by 1;
-- attack: slope of age on smoking, and covariance
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * c / s))) / 2 as v from answer
select worksite_id as k, regr_slope(age, cast(current_smoker as double)) as s, covar_pop(age, cast(current_smoker as double)) as c, count(*) as n {y} group by 1;
-- attack: correlation, covariance and deviation
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * power(c / (r * s), 2)))) / 2 as v from answer
select worksite_id as k, corr(age, cast(current_smoker as double)) as r, covar_pop(age, cast(current_smoker as double)) as c, stddev_pop(age) as s, count(*) as n {y} group by 1;
-- attack: coefficient of determination
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * c * c / (r * s)))) / 2 as v from answer
select worksite_id as k, regr_r2(age, cast(current_smoker as double)) as r, covar_pop(age, cast(current_smoker as double)) as c, var_pop(age) as s, count(*) as n {y} group by 1;
-- attack: code 1 and 2, mean
-- truth: smokers
-- decode: select k, n * (v - 1) as v from answer
select worksite_id as k, avg(case when current_smoker then 2 else 1 end) as v, count(*) as n {y} group by 1;
-- attack: code 1 and 2, sum
-- truth: smokers
-- decode: select k, v - n as v from answer
select worksite_id as k, sum(1 + cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: code 5 and 7
-- truth: smokers
-- decode: select k, (v - 5 * n) / 2 as v from answer
select worksite_id as k, sum(case when current_smoker then 7 else 5 end) as v, count(*) as n {y} group by 1;
-- attack: code of a product
-- truth: smokers
-- decode: select k, v / 3 - n as v from answer
select worksite_id as k, sum(3 * (cast(current_smoker as int) + 1)) as v, count(*) as n {y} group by 1;
-- attack: deviation of a code
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v * v / 4))) / 2 as v from answer
select worksite_id as k, stddev_pop(case when current_smoker then 7 else 5 end) as v, count(*) as n {y} group by 1;
-- attack: three values, one of them of few
-- truth: smokers
-- decode: select k, (v - 100 * n + a) / 1 as v from answer
select worksite_id as k, sum(100 + cast(current_smoker as int) - sex) as v, sum(sex) as a, count(*) as n {y} group by 1;
-- attack: difference of two sums of numbers
-- truth: smokers
-- decode: select k, a - b as v from answer
select worksite_id as k, sum(age + cast(current_smoker as int)) as a, sum(age) as b {y} group by 1;
-- attack: difference of two means
-- truth: smokers
-- decode: select k, round(n * (a - b)) as v from answer
select worksite_id as k, avg(age + cast(current_smoker as int)) as a, avg(age) as b, count(*) as n {y} group by 1;
-- attack: the boolean times a number beside it
-- truth: smokers
-- decode: select k, a - b as v from answer
select worksite_id as k, sum(sex * 10 + cast(current_smoker as int)) as a, sum(sex * 10) as b {y} group by 1;
-- attack: distinct persons of a condition
-- truth: smokers
select worksite_id as k, count(distinct case when current_smoker then person_id end) as v, count(*) as n {y} group by 1;
-- attack: distinct persons of the complement
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(distinct case when not current_smoker then person_id end) as v, count(distinct person_id) as n {y} group by 1;
-- attack: persons counted approximately
-- truth: smokers
select worksite_id as k, approx_distinct(case when current_smoker then person_id end) as v, count(*) as n {y} group by 1;
-- attack: complement counted approximately
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, approx_distinct(case when not current_smoker then person_id end) as v, count(*) as n {y} group by 1;
-- attack: distinct weights of the complement
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(distinct case when not current_smoker then weight_kg end) as v, count(distinct weight_kg) as n {y} group by 1;
-- attack: nulls made of a condition
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(nullif(current_smoker, true)) as v, count(*) as n {y} group by 1;
-- attack: coalesce of a condition
-- truth: smokers
-- decode: select k, v - n as v from answer
select worksite_id as k, sum(coalesce(nullif(cast(current_smoker as int), 0) + 1, 1)) as v, count(*) as n {y} group by 1;
-- attack: a text of the condition is as long as it is
-- truth: smokers
-- decode: select k, 5 * n - v as v from answer
select worksite_id as k, sum(length(cast(current_smoker as varchar))) as v, count(*) as n {y} group by 1;
-- attack: the mean of those who do not
-- truth: smoking means
-- decode: select k, 1 - v as v from answer
select worksite_id as k, avg(case when current_smoker then 0 else 1 end) as v {y} group by 1;
-- attack: bit aggregates
-- truth: the largest
select worksite_id as k, bit_or(cast(weight_kg as int)) as v {y} group by 1;
-- attack: exclusive or gives the parity
-- truth: smokers
-- decode: select k, v + 0 as v from answer
select worksite_id as k, bit_xor(cast(current_smoker as int)) as v {y} group by 1;
-- attack: and of all
-- truth: smokers
select worksite_id as k, bit_and(cast(current_smoker as int)) as v {y} group by 1;
-- attack: bool_or
-- truth: smokers
select worksite_id as k, bool_or(current_smoker) as v {y} group by 1;
-- attack: bool_and
-- truth: smokers
select worksite_id as k, bool_and(current_smoker) as v {y} group by 1;
-- attack: sum of distinct values
-- truth: the largest
select worksite_id as k, sum(distinct weight_kg) as v {y} group by 1;
-- attack: mean of distinct values
-- truth: the largest
select worksite_id as k, avg(distinct weight_kg) as v {y} group by 1;
-- family: single values
-- attack: max
-- truth: the largest
select worksite_id as k, max(weight_kg) as v {y} group by 1;
-- attack: min
-- truth: the smallest
select worksite_id as k, min(weight_kg) as v {y} group by 1;
-- attack: median
-- truth: the middle
select worksite_id as k, median(weight_kg) as v {y} group by 1;
-- attack: approximate median
-- truth: the middle
select worksite_id as k, approx_median(weight_kg) as v {y} group by 1;
-- attack: percentile
-- truth: the largest
select worksite_id as k, percentile_cont(weight_kg, 1.0) as v {y} group by 1;
-- attack: percentile within a group
-- truth: the largest
select worksite_id as k, percentile_cont(1.0) within group (order by weight_kg) as v {y} group by 1;
-- attack: quantile
-- truth: the largest
select worksite_id as k, quantile_cont(weight_kg, 1.0) as v {y} group by 1;
-- attack: approximate percentile
-- truth: the largest
select worksite_id as k, approx_percentile_cont(1.0) within group (order by weight_kg) as v {y} group by 1;
-- attack: approximate percentile with a weight
-- truth: the largest
select worksite_id as k, approx_percentile_cont_with_weight(1, 1.0) within group (order by weight_kg) as v {y} group by 1;
-- attack: first value
-- truth: the largest
select worksite_id as k, first_value(weight_kg order by weight_kg desc) as v {y} group by 1;
-- attack: last value
-- truth: the largest
select worksite_id as k, last_value(weight_kg order by weight_kg) as v {y} group by 1;
-- attack: nth value
-- truth: the smallest
select worksite_id as k, nth_value(weight_kg, 1 order by weight_kg) as v {y} group by 1;
-- attack: any value
-- truth: rows
select person_id as k, any_value(weight_kg) as v {y} group by 1;
-- attack: a list
-- truth: the largest
-- decode: select k, array_max(v) as v from answer
select worksite_id as k, array_agg(weight_kg) as v {y} group by 1;
-- attack: a list in order
-- truth: the smallest
-- decode: select k, v[1] as v from answer
select worksite_id as k, array_agg(weight_kg order by weight_kg) as v {y} group by 1;
-- attack: a text of all
-- truth: the smallest
-- decode: select k, cast(split_part(v, ',', 1) as double) as v from answer
select worksite_id as k, string_agg(cast(weight_kg as varchar), ',' order by weight_kg) as v {y} group by 1;
-- attack: the largest by a high power
-- truth: the largest
-- decode: select k, power(v, 1.0 / 120) as v from answer
select worksite_id as k, sum(power(cast(weight_kg as double), 120)) as v {y} group by 1;
-- attack: the largest by an exponential
-- truth: the largest
-- decode: select k, ln(v) / 8 as v from answer
select worksite_id as k, sum(exp(8 * weight_kg)) as v {y} group by 1;
-- attack: the smallest by a negative power
-- truth: the smallest
-- decode: select k, power(v, -1.0 / 150) as v from answer
select worksite_id as k, sum(power(cast(weight_kg as double), -150)) as v {y} group by 1;
-- attack: the largest by the mean of a power
-- truth: the largest claims
-- decode: select k, power(v * n, 1.0 / 30) as v from answer
select worksite_id as k, avg(power(cast(yen_total as double), 30)) as v, count(*) as n {y} group by 1;
-- attack: the largest by the deviation of a power
-- truth: the largest claims
-- decode: select k, power(v * n / sqrt(n - 1), 1.0 / 30) as v from answer
select worksite_id as k, stddev_pop(power(cast(yen_total as double), 30)) as v, count(*) as n {y} group by 1;
-- attack: a power by multiplication
-- truth: the largest
-- decode: select k, power(v, 1.0 / 128) as v from answer
select k, sum(w7 * w7) as v from (select k, person_id, w6 * w6 as w7 from (select k, person_id, w5 * w5 as w6 from (select k, person_id, w4 * w4 as w5 from (select k, person_id, w3 * w3 as w4 from (select k, person_id, w2 * w2 as w3 from (select k, person_id, w * w as w2 from (select worksite_id as k, person_id, cast(weight_kg as double) as w {y})))))))
group by k;
-- attack: powers of sums
-- truth: smokers
-- decode: select k, round(v / 1e9) as v from answer
select worksite_id as k, sum(power(1e9, cast(current_smoker as int))) as v {y} group by 1;
