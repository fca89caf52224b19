-- family: sums taken apart
-- attack: what is above a value, by absolute values
-- truth: one person far above
-- decode: select 1 as k, (b + a - {far} * n) / 2 + {far} as v from answer
select sum(yen_total) as a, sum(abs(yen_total - {far})) as b, count(yen_total) as n {y};
-- attack: what is above a value, by the greater
-- truth: one person far above
-- decode: select 1 as k, b - {far} * n + {far} as v from answer
select sum(greatest(yen_total, {far} / 2)) as a, sum(greatest(yen_total, {far})) as b, sum(yen_total) as c, count(yen_total) as n {y};
-- attack: what is above a value, by the remainder
-- truth: one person smokes
-- decode: select 1 as k, (a - b) / {far} as v from answer
select sum(yen_total) as a, sum(yen_total % {far}) as b {y};
-- attack: persons of one age, by absolute values
-- truth: of the age
-- decode: select k, (c - 2 * b + a) / 2 as v from answer
select worksite_id as k, sum(abs(age - ({age} + -1))) as a, sum(abs(age - ({age} + 0))) as b, sum(abs(age - ({age} + 1))) as c {y} group by 1;
-- attack: persons of one age, by the greater
-- truth: of the age
-- decode: select k, a - 2 * b + c as v from answer
select worksite_id as k, sum(greatest(age, ({age} + -1))) as a, sum(greatest(age, ({age} + 0))) as b, sum(greatest(age, ({age} + 1))) as c {y} group by 1;
-- attack: persons of one age, by the lesser
-- truth: of the age
-- decode: select k, 2 * b - a - c as v from answer
select worksite_id as k, sum(least(age, ({age} + -1))) as a, sum(least(age, ({age} + 0))) as b, sum(least(age, ({age} + 1))) as c {y} group by 1;
-- attack: persons of one age, by remainders
-- truth: of the age
-- decode: select k, round((c - b) / {age} - (c - a) / ({age} + 1)) as v from answer
select worksite_id as k, sum(age % ({age} + 1)) as a, sum(age % {age}) as b, sum(age) as c {y} group by 1;
-- attack: persons of one age, by steps
-- truth: of the age
-- decode: select k, a - b as v from answer
select worksite_id as k, sum(floor((age + 100 - {age}) / 50.0)) as a, sum(floor((age + 99 - {age}) / 50.0)) as b, count(*) as n {y} group by 1;
-- attack: three multiples
-- truth: smokers
-- decode: select k, c - 2 * b as v from answer
select worksite_id as k, sum(3 * age + 7) as a, sum(age) as b, sum(2 * age + cast(current_smoker as int)) as c {y} group by 1;
-- attack: a sum and its double with a condition
-- truth: smokers
-- decode: select k, a - 2 * b as v from answer
select worksite_id as k, sum(2 * age + cast(current_smoker as int)) as a, sum(age) as b {y} group by 1;
-- attack: poles
-- truth: of the age
-- decode: select k, round((b - a) / 4) as v from answer
select worksite_id as k, sum(1 / (age - {age} - 0.5)) as a, sum(1 / (age - {age} + 0.5)) as b, sum(1 / (age - {age} + 1.5)) as c {y} group by 1;
-- attack: an infinity tells a value
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where v = '-inf'::double
select sum(ln(abs(weight_kg - {weight}))) as v {y} and worksite_id = {worksite};
-- attack: a division by what one person has
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where v in ('inf'::double, '-inf'::double)
select sum(1 / (cast(weight_kg as double) - {weight})) as v, count(weight_kg) as n {y} and worksite_id = {worksite};
-- family: two codes that differ for one
-- attack: two codes
-- truth: one person smokes
-- decode: select 1 as k, b - c as v from answer
select sum(case when age < 40 then 2 else 1 end) as a, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end) as b, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c {y};
-- attack: two means of codes
-- truth: one person smokes
-- decode: select 1 as k, round(n * (b - c)) as v from answer
select avg(case when age < 40 then 2 else 1 end) as a, avg(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end) as b, avg(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c, count(*) as n {y};
-- attack: two codes on other scales
-- truth: one person smokes
-- decode: select 1 as k, (b - 3 * n) / 5 - (c - n) as v from answer
select sum(case when age < 40 then 4 else 2 end) as a, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 8 else 3 end) as b, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c, count(*) as n {y};
-- attack: two variances of codes
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where abs(b - c) > 1e-12
select var_pop(case when age < 40 then 2 else 1 end) as a, var_pop(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end) as b, var_pop(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c, count(*) as n {y};
-- attack: a thermometer of codes
-- truth: one person's weight, in steps of five
-- decode: select 1 as k, 5 * (t40 - t110) + 5 * (t45 - t110) + 5 * (t50 - t110) + 5 * (t55 - t110) + 5 * (t60 - t110) + 5 * (t65 - t110) + 5 * (t70 - t110) + 5 * (t75 - t110) + 5 * (t80 - t110) + 5 * (t85 - t110) + 5 * (t90 - t110) + 5 * (t95 - t110) + 5 * (t100 - t110) + 5 * (t105 - t110) + 40 as v from answer
select sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 40) then 2 else 1 end) as t40, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 45) then 2 else 1 end) as t45, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 50) then 2 else 1 end) as t50, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 55) then 2 else 1 end) as t55, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 60) then 2 else 1 end) as t60, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 65) then 2 else 1 end) as t65, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 70) then 2 else 1 end) as t70, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 75) then 2 else 1 end) as t75, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 80) then 2 else 1 end) as t80, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 85) then 2 else 1 end) as t85, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 90) then 2 else 1 end) as t90, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 95) then 2 else 1 end) as t95, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 100) then 2 else 1 end) as t100, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 105) then 2 else 1 end) as t105, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > 110) then 2 else 1 end) as t110 {y};
-- attack: covariances of codes
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where abs(b - c) > 1e-12
select covar_pop(age, case when age < 40 then 2 else 1 end) as a, covar_pop(age, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end) as b, covar_pop(age, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c {y};
-- attack: slopes on codes
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where abs(b - c) > 1e-12
select regr_slope(age, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end) as b, regr_slope(age, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end) as c {y};
-- attack: an inner query makes the codes
-- truth: one person smokes
-- decode: select 1 as k, b - c as v from answer
select sum(b) as b, sum(c) as c from (select person_id, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 2 else 1 end as b, case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 2 else 1 end as c {y});
-- attack: six values
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where b <> c
select sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} - 1) then 1 when sex = 1 and age < 50 then 2 when sex = 1 then 3 when age < 45 then 4 when age < 55 then 5 else 6 end) as b, sum(case when (age < 40 and not ({who})) or (({who}) and weight_kg > {weight} + 1) then 1 when sex = 1 and age < 50 then 2 when sex = 1 then 3 when age < 45 then 4 when age < 55 then 5 else 6 end) as c {y};
-- attack: distinct codes
-- truth: one person smokes
-- decode: select 1 as k, b - c as v from answer
select count(distinct case when ({who}) and weight_kg > {weight} - 1 then 1 else 0 end) as b, count(distinct case when ({who}) and weight_kg > {weight} + 1 then 1 else 0 end) as c {y};
-- attack: a thermometer of distinct codes
-- truth: one person's weight, in steps of five
-- decode: select 1 as k, 5 * (t40 - 1) + 5 * (t45 - 1) + 5 * (t50 - 1) + 5 * (t55 - 1) + 5 * (t60 - 1) + 5 * (t65 - 1) + 5 * (t70 - 1) + 5 * (t75 - 1) + 5 * (t80 - 1) + 5 * (t85 - 1) + 5 * (t90 - 1) + 5 * (t95 - 1) + 5 * (t100 - 1) + 5 * (t105 - 1) + 40 as v from answer
select count(distinct case when ({who}) and weight_kg > 40 then 1 else 0 end) as t40, count(distinct case when ({who}) and weight_kg > 45 then 1 else 0 end) as t45, count(distinct case when ({who}) and weight_kg > 50 then 1 else 0 end) as t50, count(distinct case when ({who}) and weight_kg > 55 then 1 else 0 end) as t55, count(distinct case when ({who}) and weight_kg > 60 then 1 else 0 end) as t60, count(distinct case when ({who}) and weight_kg > 65 then 1 else 0 end) as t65, count(distinct case when ({who}) and weight_kg > 70 then 1 else 0 end) as t70, count(distinct case when ({who}) and weight_kg > 75 then 1 else 0 end) as t75, count(distinct case when ({who}) and weight_kg > 80 then 1 else 0 end) as t80, count(distinct case when ({who}) and weight_kg > 85 then 1 else 0 end) as t85, count(distinct case when ({who}) and weight_kg > 90 then 1 else 0 end) as t90, count(distinct case when ({who}) and weight_kg > 95 then 1 else 0 end) as t95, count(distinct case when ({who}) and weight_kg > 100 then 1 else 0 end) as t100, count(distinct case when ({who}) and weight_kg > 105 then 1 else 0 end) as t105, count(distinct case when ({who}) and weight_kg > 110 then 1 else 0 end) as t110 {y};
-- attack: distinct values with one more
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where b - a in (0, 1)
select count(distinct weight_kg) as a, count(distinct case when {who} then -1.0 else weight_kg end) as b {y};
-- attack: distinct sums
-- truth: one person smokes
-- decode: select 1 as k, 1 as v from answer where b = c
select count(distinct case when {who} then weight_kg else 50 end) as b, count(distinct case when {who} then {weight} else 50 end) as c {y};
-- attack: a thermometer of counts
-- truth: one person's weight, in steps of five
-- decode: select 1 as k, case when t40 is null then 5 else 0 end + case when t45 is null then 5 else 0 end + case when t50 is null then 5 else 0 end + case when t55 is null then 5 else 0 end + case when t60 is null then 5 else 0 end + case when t65 is null then 5 else 0 end + case when t70 is null then 5 else 0 end + case when t75 is null then 5 else 0 end + case when t80 is null then 5 else 0 end + case when t85 is null then 5 else 0 end + case when t90 is null then 5 else 0 end + case when t95 is null then 5 else 0 end + case when t100 is null then 5 else 0 end + case when t105 is null then 5 else 0 end + 40 as v from answer
select count(*) filter (where ({who}) and weight_kg > 40) as t40, count(*) filter (where ({who}) and weight_kg > 45) as t45, count(*) filter (where ({who}) and weight_kg > 50) as t50, count(*) filter (where ({who}) and weight_kg > 55) as t55, count(*) filter (where ({who}) and weight_kg > 60) as t60, count(*) filter (where ({who}) and weight_kg > 65) as t65, count(*) filter (where ({who}) and weight_kg > 70) as t70, count(*) filter (where ({who}) and weight_kg > 75) as t75, count(*) filter (where ({who}) and weight_kg > 80) as t80, count(*) filter (where ({who}) and weight_kg > 85) as t85, count(*) filter (where ({who}) and weight_kg > 90) as t90, count(*) filter (where ({who}) and weight_kg > 95) as t95, count(*) filter (where ({who}) and weight_kg > 100) as t100, count(*) filter (where ({who}) and weight_kg > 105) as t105, count(*) filter (where ({who}) and weight_kg > 110) as t110 {y};
-- attack: a thermometer of counts of all others
-- truth: one person's weight, in steps of five
-- decode: select 1 as k, case when t40 = n then 0 else 5 end + case when t45 = n then 0 else 5 end + case when t50 = n then 0 else 5 end + case when t55 = n then 0 else 5 end + case when t60 = n then 0 else 5 end + case when t65 = n then 0 else 5 end + case when t70 = n then 0 else 5 end + case when t75 = n then 0 else 5 end + case when t80 = n then 0 else 5 end + case when t85 = n then 0 else 5 end + case when t90 = n then 0 else 5 end + case when t95 = n then 0 else 5 end + case when t100 = n then 0 else 5 end + case when t105 = n then 0 else 5 end + 40 as v from answer
select count(*) filter (where not (({who}) and weight_kg > 40)) as t40, count(*) filter (where not (({who}) and weight_kg > 45)) as t45, count(*) filter (where not (({who}) and weight_kg > 50)) as t50, count(*) filter (where not (({who}) and weight_kg > 55)) as t55, count(*) filter (where not (({who}) and weight_kg > 60)) as t60, count(*) filter (where not (({who}) and weight_kg > 65)) as t65, count(*) filter (where not (({who}) and weight_kg > 70)) as t70, count(*) filter (where not (({who}) and weight_kg > 75)) as t75, count(*) filter (where not (({who}) and weight_kg > 80)) as t80, count(*) filter (where not (({who}) and weight_kg > 85)) as t85, count(*) filter (where not (({who}) and weight_kg > 90)) as t90, count(*) filter (where not (({who}) and weight_kg > 95)) as t95, count(*) filter (where not (({who}) and weight_kg > 100)) as t100, count(*) filter (where not (({who}) and weight_kg > 105)) as t105, count(*) filter (where not (({who}) and weight_kg > 110)) as t110, count(*) as n {y};
-- attack: a thermometer of groups
-- truth: one person's weight, in steps of five
-- decode: select 1 as k, case when t40 then 5 else 0 end + case when t45 then 5 else 0 end + case when t50 then 5 else 0 end + case when t55 then 5 else 0 end + case when t60 then 5 else 0 end + case when t65 then 5 else 0 end + case when t70 then 5 else 0 end + case when t75 then 5 else 0 end + case when t80 then 5 else 0 end + case when t85 then 5 else 0 end + case when t90 then 5 else 0 end + case when t95 then 5 else 0 end + case when t100 then 5 else 0 end + case when t105 then 5 else 0 end + 40 as v from answer where t40
select ({who}) and weight_kg > 40 as t40, ({who}) and weight_kg > 45 as t45, ({who}) and weight_kg > 50 as t50, ({who}) and weight_kg > 55 as t55, ({who}) and weight_kg > 60 as t60, ({who}) and weight_kg > 65 as t65, ({who}) and weight_kg > 70 as t70, ({who}) and weight_kg > 75 as t75, ({who}) and weight_kg > 80 as t80, ({who}) and weight_kg > 85 as t85, ({who}) and weight_kg > 90 as t90, ({who}) and weight_kg > 95 as t95, ({who}) and weight_kg > 100 as t100, ({who}) and weight_kg > 105 as t105, ({who}) and weight_kg > 110 as t110, count(*) as n {y} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15;
-- family: laundered by an inner grouping
-- attack: a count added to a multiple
-- truth: smokers
-- decode: select k, a - 3 * b as v from answer
select k, sum(t + c) as a, sum(x) as b from (select person_id, worksite_id as k, sum(3 * age) as t, count(*) filter (where current_smoker) as c, sum(age) as x {y} group by 1, 2) group by 1;
-- attack: a maximum of a case as a factor
-- truth: one person's weight
-- decode: select 1 as k, round(a - 2 * b, 2) as v from answer
select sum(w * g) as a, sum(w) as b from (select person_id, max(weight_kg) as w, max(case when {who} then 3 else 2 end) as g {y} group by 1);
-- attack: a maximum of a case as a divisor
-- truth: one person's weight
-- decode: select 1 as k, round((a - 2 * b) / 2, 2) as v from answer
select sum(w / g) as a, sum(w) as b from (select person_id, max(cast(weight_kg as double)) as w, max(case when {who} then 0.25 else 0.5 end) as g {y} group by 1);
-- attack: a part added over a join
-- truth: one person's weight
-- decode: select 1 as k, round(a - 3 * b, 2) as v from answer
select sum(a.w + b.x) as a, sum(a.y) as b from (select person_id, sum(3 * weight_kg) as w, sum(weight_kg) as y {y} and weight_kg is not null group by 1) a join (select person_id, sum(case when {who} then weight_kg else 0 end) as x {y} group by 1) b on a.person_id = b.person_id;
-- attack: a boolean of an inner grouping as a number
-- truth: smokers
-- decode: select k, a - 2 * b as v from answer
select k, sum(2 * x + cast(c as int)) as a, sum(x) as b from (select person_id, worksite_id as k, bool_or(current_smoker) as c, sum(age) as x {y} group by 1, 2) group by 1;
-- attack: a minimum of a code
-- truth: smokers
-- decode: select k, a - 2 * b as v from answer
select k, sum(x + c) as a, sum(y) as b from (select person_id, worksite_id as k, min(case when current_smoker then 1 else 0 end) as c, sum(2 * age) as x, sum(age) as y {y} group by 1, 2) group by 1;
-- attack: a mean of a code
-- truth: smokers
-- decode: select k, n * (1 - sqrt(greatest(0, 1 - 4 * a))) / 2 as v from answer
select k, var_pop(c) as a, count(*) as n from (select person_id, worksite_id as k, avg(case when current_smoker then 1.0 else 0.0 end) as c {y} group by 1, 2) group by 1;
-- attack: differences over a self join
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(2 * x.weight_kg - y.o) as a, sum(x.weight_kg) as b from {t} x join (select person_id, case when {who} then 0 else weight_kg end as o {y}) y on x.person_id = y.person_id where x.weight_kg is not null;
-- attack: a difference over a self join
-- truth: one person's weight
-- decode: select 1 as k, a as v from answer
select sum(x.weight_kg - y.o) as a from {t} x join (select person_id, case when {who} then 0 else weight_kg end as o {y}) y on x.person_id = y.person_id;
-- attack: a sum of counts per person
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select sum(n) as a, sum(m) as b from (select person_id, count(*) as n, count(*) filter (where not ({who})) as m {y} group by 1);
-- family: rows said to be others
-- attack: the same year written twice
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from panel_person_year where fiscal_year = 2020) a cross join (select sum(weight_kg) as v from panel_person_year where fiscal_year = 2020.0 and ({who}) is not true) b;
-- attack: the same year as a text
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from panel_person_year where fiscal_year = 2020) a cross join (select sum(weight_kg) as v from panel_person_year where fiscal_year = '2020' and ({who}) is not true) b;
-- attack: the same year cast
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from panel_person_year where fiscal_year = cast(2020 as bigint)) a cross join (select sum(weight_kg) as v from panel_person_year where fiscal_year = cast(2020 as smallint) and ({who}) is not true) b;
-- attack: a constant column
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from (select *, 1 as z {y}) where z = 1) a cross join (select sum(weight_kg) as v from (select *, 2 as z {y}) where z = 2 and ({who}) is not true) b;
-- attack: a column under another's name
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from (select person_id, weight_kg, age, worksite_id, sex, fiscal_year as z {y}) where z = 2020) a cross join (select sum(weight_kg) as v from (select person_id, weight_kg, age, worksite_id, sex, fiscal_year + 1 as z {y}) where z = 2021 and ({who}) is not true) b;
-- attack: a constant within a list of persons
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v {y} and person_id in (select person_id from panel_person_year where term = term and fiscal_year = 2020 and sex = sex)) a cross join (select sum(weight_kg) as v {y} and ({who}) is not true and person_id not in (select person_id from panel_person_year where fiscal_year = 1900)) b;
-- attack: a constant on the outer side of a join
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(p.weight_kg) as v from {t} p left join (select person_id from panel_person_year where fiscal_year = 1900) q on p.person_id = q.person_id) a cross join (select sum(p.weight_kg) as v from {t} p left join (select person_id from panel_person_year where fiscal_year = 1901) q on p.person_id = q.person_id where ({whop}) is not true) b;
-- attack: another table of the same persons
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from panel_checkups where fiscal_year = 2020) a cross join (select sum(weight_kg) as v from panel_person_year where fiscal_year = 2020 and ({who}) is not true) b;
-- attack: the same persons in another year
-- truth: one person's age
-- decode: select 1 as k, 2020 - (a - b) as v from answer
select a.v as a, b.v as b from (select sum(fiscal_year - age) as v from panel_person_year where fiscal_year = 2020 and person_id in (select person_id from panel_person_year where fiscal_year = 2021)) a cross join (select sum(fiscal_year - age) as v from panel_person_year where fiscal_year = 2021 and person_id in (select person_id from panel_person_year where fiscal_year = 2020) and person_id not in (select person_id from panel_person_year where fiscal_year = 2020 and {who})) b;
-- attack: the same persons, counted in another year
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select a.v as a, b.v as b from (select count(*) as v from panel_person_year where fiscal_year = 2021 and person_id in (select person_id from panel_person_year where fiscal_year = 2020 and current_smoker)) a cross join (select count(*) as v from panel_person_year where fiscal_year = 2020 and current_smoker and person_id in (select person_id from panel_person_year where fiscal_year = 2021) and ({who}) is not true) b;
-- attack: shifted keys
-- truth: of the age
-- decode: select k, m - n as v from answer
select a.k, a.n as n, b.n as m from (select worksite_id as k, age < {age} as g, count(*) as n {y} group by 1, 2) a join (select worksite_id as k, age < {age} + 1 as g, count(*) as n {y} group by 1, 2) b on a.k = b.k and a.g = b.g where a.g;
-- attack: shifted keys of inner queries
-- truth: of the age
-- decode: select k, m - n as v from answer
select a.k, a.n as n, b.n as m from (select k, g, count(*) as n from (select person_id, worksite_id as k, age < {age} as g {y}) group by 1, 2) a join (select k, g, count(*) as n from (select person_id, worksite_id as k, age < {age} + 1 as g {y}) group by 1, 2) b on a.k = b.k and a.g = b.g where a.g;
-- attack: two regressions
-- truth: one person's weight
-- decode: select 1 as k, round(a * n - b * m, 2) as v from answer
select a.estimate as a, a.n_obs as n, b.estimate as b, b.n_obs as m from ols((select person_id, weight_kg as y, cast(sex = 3 as int) as w {y}), 'y ~ 1') a cross join ols((select person_id, weight_kg as y, cast(sex = 3 as int) as w {y} and ({who}) is not true), 'y ~ 1') b;
-- attack: two regressions on the sex
-- truth: one person smokes
-- decode: select 1 as k, n - m as v from answer limit 1
select a.estimate as a, a.n_obs as n, b.estimate as b, b.n_obs as m, a.term as t from ols((select person_id, weight_kg as y, sex - 1 as w {y}), 'y ~ w') a join ols((select person_id, weight_kg as y, sex - 1 as w {y} and ({who}) is not true), 'y ~ w') b on a.term = b.term;
-- attack: a regression beside a grouping
-- truth: one person's weight
-- decode: select 1 as k, round(a * n - b * m, 2) as v from answer
select a.v as a, a.n as n, b.estimate as b, b.n_obs as m from (select avg(weight_kg) as v, count(weight_kg) as n {y}) a cross join ols((select person_id, weight_kg as y {y} and ({who}) is not true), 'y ~ 1') b;
-- family: regressions that follow one person
-- attack: a pole
-- truth: one person's weight
-- decode: select 1 as k, round(a.estimate * 1e6 + i.estimate, 1) as v from answer a join answer i on a.term = 'x' and i.term <> 'x'
select term, estimate from ols((select person_id, weight_kg as y, 1.0 / (age - {age} + 0.000001) as x from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id = {worksite} and sex = {sex} and weight_kg is not null), 'y ~ x');
-- attack: hinges
-- truth: one person's weight
-- decode: select 1 as k, round(sum(estimate * case term when 'x' then {age} when 'a' then 1 when 'b' then 0 when 'c' then 1 else 1 end), 2) as v from answer
select term, estimate from ols((select person_id, weight_kg as y, age as x, abs(age - {age} + 1) as a, abs(age - {age}) as b, abs(age - {age} - 1) as c from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id = {worksite} and sex = {sex} and weight_kg is not null), 'y ~ x + a + b + c');
-- attack: hinges of the lesser
-- truth: one person's weight
-- decode: select 1 as k, round(sum(estimate * case term when 'x' then {age} when 'a' then {age} - 1 when 'b' then {age} when 'c' then {age} else 1 end), 2) as v from answer
select term, estimate from ols((select person_id, weight_kg as y, age as x, least(age, {age} - 1) as a, least(age, {age}) as b, least(age, {age} + 1) as c from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id = {worksite} and sex = {sex} and weight_kg is not null), 'y ~ x + a + b + c');
-- attack: two ages as steps
-- truth: one person's weight
-- decode: select 1 as k, round(sum(estimate * case term when 'a' then 2 when 'b' then 1 else 1 end), 2) as v from answer
select term, estimate from ols((select person_id, weight_kg as y, floor((age + 100 - {age}) / 50.0) as a, floor((age + 99 - {age}) / 50.0) as b from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id = {worksite} and sex = {sex} and weight_kg is not null), 'y ~ a + b');
-- attack: a yes and no as the outcome of an effect
-- truth: smokers with a year before
-- decode: select {smoking_worksite} as k, estimate * n_treated as v from answer
select estimate, n_treated from att_gt((select p.person_id, p.fiscal_year, case when p.fiscal_year = 2020 and p.current_smoker and q.c is not null then 1.0 else 0.0 end as y, q.c from panel_person_year p join (select person_id, max(case when fiscal_year = 2020 and worksite_id = {smoking_worksite} and current_smoker is not null then 2020 end) as c from panel_person_year group by 1) q on p.person_id = q.person_id where p.fiscal_year in (2019, 2020)), outcome => y, unit => person_id, time => fiscal_year, cohort => c);
-- attack: one person's value as the outcome of an effect
-- truth: one person's weight
-- decode: select 1 as k, round(estimate * n_treated, 2) as v from answer
select estimate, n_treated from att_gt((select p.person_id, p.fiscal_year, case when p.fiscal_year = 2020 and ({who2020}) then p.weight_kg else 0.0 end as y, q.c from panel_person_year p join (select person_id, max(case when fiscal_year = 2020 and worksite_id = {worksite} then 2020 end) as c from panel_person_year group by 1) q on p.person_id = q.person_id where p.fiscal_year in (2019, 2020)), outcome => y, unit => person_id, time => fiscal_year, cohort => c);
-- attack: weights through an inner grouping
-- truth: one person's weight
-- decode: select 1 as k, round(estimate, 2) as v from answer
select term, estimate from ols((select p.person_id, p.weight_kg as y, q.g from {t} p join (select person_id, max(case when {who} then 1.0 else 1e-9 end) as g {y} group by 1) q on p.person_id = q.person_id), 'y ~ 1', weight => g);
-- family: persons counted once and rows counted each
-- attack: persons with rows of both kinds
-- truth: changed
-- decode: select k, a + b - n as v from answer
select worksite_id as k, count(distinct person_id) filter (where current_smoker) as a, count(distinct person_id) filter (where not current_smoker) as b, count(distinct person_id) as n from panel_person_year where current_smoker is not null and worksite_id > 0 group by 1;
-- attack: persons with rows of both kinds, by two groupings
-- truth: changed
-- decode: select k, a - n as v from answer
select x.k, x.a, y.n from (select k, sum(n) as a from (select worksite_id as k, current_smoker as s, count(distinct person_id) as n from panel_person_year where current_smoker is not null and worksite_id > 0 group by 1, 2) group by 1) x join (select worksite_id as k, count(distinct person_id) as n from panel_person_year where current_smoker is not null and worksite_id > 0 group by 1) y on x.k = y.k;
-- attack: rows minus persons
-- truth: of both years
-- decode: select k, a - n as v from answer
select worksite_id as k, count(*) as a, count(distinct person_id) as n from panel_person_year where current_smoker is not null and worksite_id > 0 and fiscal_year in (2016, 2020) group by 1;
-- attack: a mean of rows per person
-- truth: of both years
-- decode: select k, a - n as v from answer
select worksite_id as k, sum(2020 - 2019) as a, count(distinct person_id) as n from panel_person_year where current_smoker is not null and worksite_id > 0 and fiscal_year in (2016, 2020) group by 1;
-- attack: per person first, the number of rows
-- truth: of both years
-- decode: select k, a - n as v from answer
select k, sum(n) as a, count(*) as n from (select person_id, worksite_id as k, count(*) as n from panel_person_year where current_smoker is not null and worksite_id > 0 and fiscal_year in (2016, 2020) group by 1, 2) group by 1;
-- attack: households without a younger person
-- truth: households of the old
-- decode: select k, n - a as v from answer
select municipality_code as k, count(distinct household_id) as n, count(distinct household_id) filter (where age < 55) as a from panel_person_year where fiscal_year = 2020 and household_id is not null group by 1;
