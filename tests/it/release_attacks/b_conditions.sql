-- family: one person is left out
-- attack: sum beside the sum without one by number
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer where k = {worksite}
select worksite_id as k, sum(weight_kg) as a, sum(weight_kg) filter (where person_id <> {person}) as b {y} group by 1;
-- attack: sum beside the sum without one by attributes
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where not ({who})) as b {y};
-- attack: sum beside the sum of a case
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(case when not ({who}) then weight_kg end) as b {y};
-- attack: sum of a case with zero
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(case when {who} then 0 else weight_kg end) as b {y};
-- attack: sum of a case with a constant
-- truth: one person's weight
-- decode: select 1 as k, a - b + 50 as v from answer
select sum(weight_kg) as a, sum(case when {who} then 50 else weight_kg end) as b {y};
-- attack: means and counts
-- truth: one person's weight
-- decode: select 1 as k, round(a * n - b * m, 1) as v from answer
select avg(weight_kg) as a, count(weight_kg) as n, avg(weight_kg) filter (where not ({who})) as b, count(weight_kg) filter (where not ({who})) as m {y};
-- attack: mean with the known number of others
-- truth: one person's weight
-- decode: select 1 as k, round(a * n - b * (n - 1), 1) as v from answer
select avg(weight_kg) as a, count(weight_kg) as n, avg(case when {who} then null else weight_kg end) as b {y};
-- attack: multiplied with a condition
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(weight_kg * cast(not ({who}) as int)) as b {y};
-- attack: divided by a condition
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(weight_kg / nullif(cast(not ({who}) as int), 0)) as b {y};
-- attack: nullif of a condition
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(nullif(weight_kg, case when {who} then weight_kg end)) as b {y};
-- attack: coalesce of two
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(coalesce(case when not ({who}) then weight_kg end, 0)) as b {y};
-- attack: subtracted in the aggregate
-- truth: one person's weight
select 1 as k, sum(weight_kg - case when not ({who}) then weight_kg else 0 end) as v {y};
-- attack: subtracted above the grouping
-- truth: one person's weight
select 1 as k, sum(weight_kg) - sum(weight_kg) filter (where not ({who})) as v {y};
-- attack: mean of the one plus a constant for the others
-- truth: one person's weight
-- decode: select 1 as k, v - (n - 1) * 50 as v from answer
select sum(case when {who} then weight_kg else 50 end) as v, count(*) as n {y};
-- attack: the others are zero
-- truth: one person's weight
select 1 as k, sum(case when {who} then weight_kg else 0 end) as v {y};
-- attack: the others are tiny
-- truth: one person's weight
-- decode: select 1 as k, round(v, 1) as v from answer
select sum(case when {who} then weight_kg else 1e-9 * age end) as v {y};
-- attack: the others are tiny by a factor
-- truth: one person's weight
-- decode: select 1 as k, round(v, 1) as v from answer
select sum(weight_kg * case when {who} then 1 else 1e-9 end) as v {y};
-- attack: the others are tiny by a power
-- truth: one person's weight
-- decode: select 1 as k, round(v, 1) as v from answer
select sum(weight_kg * power(1e-9, cast(not ({who}) as int))) as v {y};
-- attack: variance with and without
-- truth: one person's weight
-- decode: select 1 as k, round(sqrt(greatest(0, a * n + n * m * m - b * (n - 1) - (n - 1) * l * l)), 1) as v from answer
select var_pop(weight_kg) as a, avg(weight_kg) as m, count(weight_kg) as n, var_pop(weight_kg) filter (where not ({who})) as b, avg(weight_kg) filter (where not ({who})) as l {y};
-- attack: sum of squares
-- truth: one person's weight
-- decode: select 1 as k, sqrt(a - b) as v from answer
select sum(weight_kg * weight_kg) as a, sum(weight_kg * weight_kg) filter (where not ({who})) as b {y};
-- attack: the claims of one
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(yen_total) as a, sum(yen_total) filter (where not ({who})) as b {y};
-- attack: the claims of one, one group per half
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer where k = {worksite}
select worksite_id as k, sum(yen_total) as a, sum(yen_total) filter (where not ({who})) as b {y} group by 1;
-- attack: covariance with the indicator
-- truth: one person's weight
-- decode: select 1 as k, round(c * n + m, 1) as v from answer
select covar_pop(weight_kg, cast({who} as int)) as c, avg(weight_kg) as m, count(weight_kg) as n {y};
-- attack: slope on the indicator
-- truth: one person's weight
-- decode: select 1 as k, round(i + s, 1) as v from answer
select regr_slope(weight_kg, cast({who} as double)) as s, regr_intercept(weight_kg, cast({who} as double)) as i {y};
-- attack: mean where x is there
-- truth: one person's weight
select 1 as k, regr_avgy(weight_kg, case when {who} then 1.0 end) as v {y};
-- attack: covariance with where x is there
-- truth: one person's weight
-- decode: select 1 as k, round(a * n - b * (n - 1), 1) as v from answer
select regr_avgy(weight_kg, 1.0) as a, regr_avgy(weight_kg, case when not ({who}) then 1.0 end) as b, count(weight_kg) as n {y};
-- attack: does the one smoke, by counts
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select count(*) filter (where current_smoker) as a, count(*) filter (where current_smoker and not ({who})) as b {y};
-- attack: does the one smoke, by sums
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select sum(cast(current_smoker as int)) as a, sum(cast(current_smoker and not ({who}) as int)) as b {y};
-- attack: does the one smoke, with an or
-- truth: one person smokes
-- decode: select 1 as k, 1 - (b - a) as v from answer
select count(*) filter (where current_smoker or sex = 3) as a, count(*) filter (where current_smoker or sex = 3 or ({who})) as b {y};
-- attack: does the one smoke, with an or of a case
-- truth: one person smokes
-- decode: select 1 as k, 1 - (b - a) as v from answer
select count(case when current_smoker then 1 end) as a, count(case when current_smoker or ({who}) then 1 end) as b {y};
-- attack: three conditions that overlap in one
-- truth: one person smokes
-- decode: select 1 as k, a - b - c as v from answer
select count(*) filter (where current_smoker) as a, count(*) filter (where current_smoker and age < {age}) as b, count(*) filter (where current_smoker and (age > {age} or (age = {age} and not ({who})))) as c {y};
-- attack: four quarters
-- truth: one person's weight
-- decode: select 1 as k, round(a - b - c - d, 2) as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where age < {age}) as b, sum(weight_kg) filter (where age > {age}) as c, sum(weight_kg) filter (where age = {age} and not ({who})) as d {y};
-- attack: halves
-- truth: one person's weight
-- decode: select 1 as k, round(a - b - c, 2) as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where sex = 1 and not ({who})) as b, sum(weight_kg) filter (where sex = 2 and not ({who})) as c {y};
-- attack: above and below an age
-- truth: one person's weight
-- decode: select 1 as k, round(a - b - c, 2) as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where age <= {age} and not ({who})) as b, sum(weight_kg) filter (where age > {age}) as c {y};
-- attack: an inner query marks the one
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where not is_one) as b from (select person_id, weight_kg, {who} as is_one {y});
-- attack: an inner query empties the one
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(other) as b from (select person_id, weight_kg, case when not ({who}) then weight_kg end as other {y});
-- attack: an inner grouping marks the one
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(w) as a, sum(w) filter (where not is_one) as b from (select person_id, max(weight_kg) as w, bool_or({who}) as is_one {y} group by 1);
-- attack: an inner having leaves the one out
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(w) as a, sum(o) as b from (select person_id, max(weight_kg) as w, max(weight_kg) filter (where not ({who})) as o {y} group by 1);
-- attack: the key marks the one
-- truth: one person's weight
select 1 as k, avg(weight_kg) as v {y} group by {who};
-- attack: the key of the one and its neighbours
-- truth: one person's weight
-- decode: select 1 as k, t - v as v from answer
select sum(v) as v, sum(t) as t from (select {who} as k, sum(weight_kg) as v, sum(weight_kg) as t {y} group by 1);
-- attack: nullness of another column
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(w) as v, count(*) as n from (select person_id, worksite_id, case when not current_smoker then 1 end as w {y}) group by 1;
-- attack: nullness of a number
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, count(w) as v, count(weight_kg) as n from (select person_id, worksite_id, weight_kg, case when not current_smoker then weight_kg end as w {y} and weight_kg is not null) group by 1;
-- attack: mean of the complement with the mean of all
-- truth: smokers
-- decode: select k, round(n * (a - b) / (0.0001 + c - b)) as v from answer
select worksite_id as k, avg(age) as a, avg(age) filter (where not current_smoker) as b, avg(age) filter (where current_smoker) as c, count(*) as n {y} group by 1;
-- attack: sums of ones
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, sum(1) filter (where not current_smoker) as v, sum(1) as n {y} group by 1;
-- attack: sum of a constant with a condition
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, sum(sex / sex) filter (where not current_smoker) as v, count(*) as n {y} group by 1;
-- attack: three parts of which two are shown
-- truth: smokers
-- decode: select k, n - a - b as v from answer
select worksite_id as k, count(*) as n, count(*) filter (where not current_smoker and sex = 1) as a, count(*) filter (where not current_smoker and sex = 2) as b {y} group by 1;
-- attack: union of two conditions
-- truth: smokers
-- decode: select k, a - b as v from answer
select worksite_id as k, count(*) filter (where current_smoker or exercise_habit) as a, count(*) filter (where exercise_habit and not current_smoker) as b {y} group by 1;
-- attack: inclusion and exclusion
-- truth: smokers
-- decode: select k, a + c - b as v from answer
select worksite_id as k, count(*) filter (where current_smoker or sex = 1) as a, count(*) filter (where sex = 1) as b, count(*) filter (where sex = 1 and current_smoker) as c {y} group by 1;
-- attack: inclusion and exclusion without the parts
-- truth: smokers
-- decode: select k, a + b - n as v from answer
select worksite_id as k, count(*) filter (where current_smoker or sex = 1) as a, count(*) filter (where current_smoker or sex = 2) as b, count(*) as n {y} group by 1;
-- attack: sums with a shared part
-- truth: smokers
-- decode: select k, a + b - n as v from answer
select worksite_id as k, sum(cast(current_smoker or sex = 1 as int)) as a, sum(cast(current_smoker or sex = 2 as int)) as b, count(*) as n {y} group by 1;
-- attack: one age less
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(weight_kg) filter (where worksite_id = {worksite} and age <= {age}) as a, sum(weight_kg) filter (where worksite_id = {worksite} and (age < {age} or age = {age} and not ({who}))) as b {y};
-- attack: linear combination with the condition
-- truth: smokers
-- decode: select k, round(v / 1000) as v from answer
select worksite_id as k, sum(1000 * cast(current_smoker as int) + sex - 1) as v {y} group by 1;
