-- family: digits packed together
-- attack: tiny ages
-- truth: one person's age
-- decode: select 1 as k, round((v - n + 1) * 1e9) as v from answer
select sum(case when {who} then 1e-9 * age else 1 end) as v, count(*) as n {y};
-- attack: thousands and ones
-- truth: smokers
-- decode: select k, floor(v / 1e6) as v from answer
select worksite_id as k, sum(case when current_smoker then 1e6 else 0 end + age) as v {y} group by 1;
-- attack: two counts in one
-- truth: smokers
-- decode: select k, cast(v as bigint) % 1000 as v from answer
select worksite_id as k, sum(1000 * sex + cast(current_smoker as int)) as v {y} group by 1;
-- attack: decimal digits
-- truth: smokers
-- decode: select k, round((v - floor(v)) * 1e4) as v from answer
select worksite_id as k, sum(sex + cast(current_smoker as int) * 0.0001) as v {y} group by 1;
-- attack: a rounding shows the condition
-- truth: smokers
-- decode: select k, a - b as v from answer
select worksite_id as k, sum(round(age + 0.4 + 0.2 * cast(current_smoker as int))) as a, sum(round(age + 0.4)) as b {y} group by 1;
-- attack: rational indicator
-- truth: smokers
-- decode: select k, round(v) as v from answer
select worksite_id as k, sum(1 / (1 + 1e9 * (cast(current_smoker as int) - 1) * (cast(current_smoker as int) - 1))) as v {y} group by 1;
-- attack: rational indicator of one age
-- truth: one person's weight
-- decode: select 1 as k, round(v, 1) as v from answer
select sum(weight_kg / (1 + 1e12 * (power(age - {age}, 2) + power(worksite_id - {worksite}, 2)))) as v {y};
-- attack: polynomial indicator
-- truth: smokers
-- decode: select k, v as v from answer
select worksite_id as k, sum(1 - power(cast(current_smoker as int) - 1, 2)) as v {y} group by 1;
-- attack: gaussian of one person
-- truth: one person's weight
-- decode: select 1 as k, round(v, 1) as v from answer
select sum(weight_kg * exp(-1000.0 * (power(age - {age}, 2) + power(worksite_id - {worksite}, 2)))) as v {y};
-- attack: absolute value as an indicator
-- truth: smokers
-- decode: select k, v as v from answer
select worksite_id as k, sum(1 - abs(cast(current_smoker as int) - 1)) as v {y} group by 1;
-- attack: sign of a number
-- truth: smokers
-- decode: select k, n - v as v from answer
select worksite_id as k, sum(signum(1 - cast(current_smoker as int))) as v, count(*) as n {y} group by 1;
-- attack: greatest and least
-- truth: smokers
-- decode: select k, v - n as v from answer
select worksite_id as k, sum(greatest(1, 2 * cast(current_smoker as int))) as v, count(*) as n {y} group by 1;
-- attack: remainder
-- truth: smokers
-- decode: select k, v as v from answer
select worksite_id as k, sum((cast(current_smoker as int) + 2) % 2) as v {y} group by 1;
-- attack: bits
-- truth: smokers
-- decode: select k, v / 65536 as v from answer
select worksite_id as k, sum(cast(current_smoker as int) << 16) as v {y} group by 1;
-- attack: bits beside a sex
-- truth: smokers
-- decode: select k, cast(v as bigint) >> 20 as v from answer
select worksite_id as k, sum((cast(current_smoker as bigint) << 20) | cast(sex as bigint)) as v {y} group by 1;
-- attack: powers of two per person
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where floor(v / power(2, 40)) = 1
select sum(case when {who} then power(2, 40) * cast(current_smoker as int) else cast(current_smoker as int) end) as v {y};
-- attack: the product of all as a sum of logarithms
-- truth: smokers
-- decode: select k, round(v / ln(1e6)) as v from answer
select worksite_id as k, sum(ln(case when current_smoker then 1e6 else 1.0 end)) as v {y} group by 1;
-- attack: logarithms beside numbers
-- truth: smokers
-- decode: select k, floor(v / 1000) as v from answer
select worksite_id as k, sum(ln(age) + 1000 * cast(current_smoker as int)) as v {y} group by 1;
-- attack: a ratio of two columns with a condition
-- truth: smokers
-- decode: select k, a - b as v from answer
select worksite_id as k, sum(age / age + cast(current_smoker as int)) as a, sum(age / age) as b {y} group by 1;
-- attack: the condition times the number
-- truth: one person's weight
select 1 as k, sum(weight_kg * cast({who} as int)) as v {y};
-- attack: the inner query packs
-- truth: smokers
-- decode: select k, floor(v / 1e6) as v from answer
select worksite_id as k, sum(x) as v from (select person_id, worksite_id, 1e6 * cast(current_smoker as int) + age as x {y}) group by 1;
-- attack: an inner grouping packs
-- truth: smokers
-- decode: select k, floor(v / 1e6) as v from answer
select w as k, sum(x) as v from (select person_id, worksite_id as w, sum(age + case when current_smoker then 1e6 else 0 end) as x {y} group by 1, 2) group by 1;
-- attack: an inner grouping counts, the outer sums
-- truth: smokers
select w as k, sum(x) as v from (select person_id, worksite_id as w, count(*) filter (where current_smoker) as x {y} group by 1, 2) group by 1;
-- attack: an inner grouping counts, the outer takes the variance
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * v))) / 2 as v from answer
select w as k, var_pop(x) as v, count(*) as n from (select person_id, worksite_id as w, count(*) filter (where current_smoker) as x {y} group by 1, 2) group by 1;
-- attack: precision of large numbers
-- truth: smokers
-- decode: select k, (v - n * 1e12) as v from answer
select worksite_id as k, sum(cast(1e12 as bigint) + cast(current_smoker as bigint)) as v, count(*) as n {y} group by 1;
-- attack: dates as digits
-- truth: smokers
-- decode: select k, round(v - n * 18000) as v from answer
select worksite_id as k, sum(cast(date '2019-04-14' as int) + cast(current_smoker as int)) as v, count(*) as n {y} group by 1;
-- attack: an extract of a made date
-- truth: smokers
-- decode: select k, v - n as v from answer
select worksite_id as k, sum(date_part('day', make_date(2020, 1, 1 + cast(current_smoker as int)))) as v, count(*) as n {y} group by 1;
-- attack: positions in a text
-- truth: smokers
-- decode: select k, v as v from answer
select worksite_id as k, sum(strpos(cast(current_smoker as varchar), 'true')) as v {y} group by 1;
-- attack: a code from ascii
-- truth: smokers
-- decode: select k, (v - 102 * n) / 14 as v from answer
select worksite_id as k, sum(ascii(cast(current_smoker as varchar))) as v, count(*) as n {y} group by 1;
-- attack: a list of two
-- truth: smokers
-- decode: select k, v as v from answer
select worksite_id as k, sum([0, 1][1 + cast(current_smoker as int)]) as v {y} group by 1;
-- attack: length of a list
-- truth: smokers
-- decode: select k, v - n as v from answer
select worksite_id as k, sum(array_length(array_resize([1], 1 + cast(current_smoker as int), 0))) as v, count(*) as n {y} group by 1;
-- attack: a dominant person
-- truth: one person's claims
-- decode: select 1 as k, round(v / 1e12) as v from answer
select sum(case when {who} then yen_total * 1e12 else yen_total end) as v {y};
-- attack: weights by attributes
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(yen_total * case when {who} then 2 else 1 end) as a, sum(yen_total) as b {y};
-- attack: weights by a linear function
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(yen_total * (1 + cast({who} as int))) as a, sum(yen_total) as b {y};
-- attack: five values of which one is of few
-- truth: smokers
-- decode: select k, round((v - a) * 10) as v from answer
select worksite_id as k, avg(case when current_smoker then 10.0 when age < 30 then 1 when age < 40 then 2 else 3 end) * count(*) / 10 as v, avg(case when current_smoker then 9.0 when age < 30 then 1 when age < 40 then 2 else 3 end) * count(*) / 10 as a {y} group by 1;
