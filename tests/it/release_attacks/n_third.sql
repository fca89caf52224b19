-- family: conditions of several columns that look like one
-- attack: an inner query computes the condition
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not c) as m from (select person_id, ({who} and {}) as c {y});
-- attack: an inner query computes the condition as a number
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sum(c) as n from (select person_id, case when {who} and {} then 1 else 0 end as c {y});
-- attack: an inner query computes the key
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select c, count(*) as n from (select person_id, ({who} and {}) as c {y}) group by 1;
-- attack: an inner grouping computes the condition
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not c) as m from (select person_id, bool_or({who} and {}) as c {y} group by 1);
-- attack: an inner grouping counts the condition
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where c = 0) as m from (select person_id, count(*) filter (where {who} and {}) as c {y} group by 1);
-- attack: a left join to all but the one
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(q.person_id) as m from {t} p left join (select person_id {y} and not ({who} and {})) q on p.person_id = q.person_id;
-- attack: a left join to an inner having
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(q.k) as m from {t} p left join (select person_id, count(*) as k {y} group by 1 having not bool_or({who} and {})) q on p.person_id = q.person_id;
-- attack: a left join with the condition in ON
-- oracle: x.weight_kg >= {weight} | x.weight_kg < {weight}
select count(*) as n, count(x.age) as m from {t} p left join {t} x on p.person_id = x.person_id and not ({whox} and {});
-- family: rows that are restricted to the one
-- attack: no person at all
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n {y} and {who} and {};
-- attack: the note counts groups
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select worksite_id, count(*) as n {y} and (({who} and {}) or worksite_id < {worksite}) group by 1 having count(*) > 25 order by 1;
-- attack: values that only the one could have
-- oracle: {weight} | {weight} + 1
select count(*) as n, count(*) filter (where not (sex = {sex} and weight_kg >= {})) as m {y} and (({who}) or weight_kg < 60);
-- family: comparisons that the made-up rows do not meet
-- attack: a mean of all but the one
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select avg(weight_kg) filter (where not ({who} and {})) as m {y};
-- attack: a sum of all but the one
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sum(weight_kg) filter (where not ({who} and {})) as m {y};
-- attack: a slope of all but the one
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select regr_slope(sbp_mmhg, age) filter (where not ({who} and {})) as m {y};
-- attack: a condition compared with a constant
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where ({who} and {}) <> true) as m {y};
-- attack: a case of a column
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where case age when {age} then not ({who} and {}) else true end) as m {y};
-- attack: several columns in one number
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not (worksite_id * 1000000 + age * 10000 + sex * 1000 + cast({} as int) = {worksite} * 1000000 + {age} * 10000 + {sex} * 1000 + 1)) as m {y};
-- attack: negated columns
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not (worksite_id = {worksite} and -age = -{age} and sex = {sex} and {})) as m {y};
-- attack: divisions that are missing
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where 1 / (worksite_id - {worksite}) is not null or 1 / (age - {age}) is not null or 1 / (sex - {sex}) is not null or not ({})) as m {y};
-- attack: nullif
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where nullif(worksite_id, {worksite}) is not null or nullif(age, {age}) is not null or nullif(sex, {sex}) is not null or not ({})) as m {y};
-- attack: a count of what is missing
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(coalesce(1 / (worksite_id - {worksite}), 1 / (age - {age}), 1 / (sex - {sex}), cast(nullif({}, true) as int))) as m {y};
-- attack: whether a value is there
-- oracle: absence_days is null | absence_days is not null
select count(*) as n, count(*) filter (where not (yen_total = {yen} and {})) as m {y};
-- attack: texts in order
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not ({who} and {} and age_band > '1')) as m {y};
-- attack: the beginning of a text
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where not ({who} and {} and insurer_id like '0%')) as m {y};
-- attack: persons who have rows of two kinds
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(distinct person_id) filter (where fiscal_year = 2020 and ({who} or sex <> {sex}) and ({})) as a, count(distinct person_id) filter (where fiscal_year = 2019 and sex = {sex}) as b, count(distinct person_id) filter (where (fiscal_year = 2020 and ({who} or sex <> {sex}) and ({})) or (fiscal_year = 2019 and sex = {sex})) as u from panel_person_year where fiscal_year in (2019, 2020) and weight_kg > 0;
-- attack: a key that no person has, and the numbers of the next group
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select case when {who} and {} then 'a' when age = {age} then 'b' when sex = 1 then 'c' when age < 40 then 'd' else 'e' end as k, count(*) as n {y} group by 1;
-- attack: two keys of one column each
-- oracle: {weight} + 1 | {weight}
select yen_total = {yen} as a, case when weight_kg < {} then 3 when weight_kg < 85 then 2 else 1 end as d, count(*) as n {y} group by 1, 2 order by 1, 2;
-- attack: a level of a regressor that no person has
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select term, estimate, n_obs from ols((select person_id, weight_kg as y, case when {who} and {} then 1.0 else 0.0 end as x {y}), 'y ~ x');
-- attack: an outcome that no person has
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select term, estimate, n_obs from ols((select person_id, case when {who} and {} then 1.0 else 0.0 end as y, age as x {y}), 'y ~ x');
-- family: errors
-- attack: the least whole number divided by minus one
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select count((case when {who} and {} then -9223372036854775807 - 1 else 1 end) / -1) as n {y};
-- attack: days after the last
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select count(d) as n from (select person_id, case when {who} and {} then checkup_date + interval '2000000000 months' else checkup_date end as d {y});
-- attack: a product of decimals
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select count(d) as n from (select person_id, case when {who} and {} then cast(weight_kg as decimal(38,0)) else 0 end * cast(1e37 as decimal(38,0)) as d {y});
-- family: the same number by another name
-- attack: the parts of a sum
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(yen_total) filter (where sex = {sex}) as a, sum(yen_inpatient + yen_outpatient + yen_dental + yen_pharmacy) filter (where sex = {sex} and not ({who})) as b {y};
-- attack: the same column of another table
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(p.weight_kg) filter (where p.sex = {sex}) as a, sum(q.weight_kg) filter (where p.sex = {sex} and not ({whop})) as b from panel_person_year p join panel_checkups q on p.person_id = q.person_id and p.fiscal_year = q.fiscal_year where p.fiscal_year = 2020 and p.worksite_id > 0 and p.weight_kg is not null;
-- attack: the one far above, by the parts of a sum
-- truth: one person far above
-- decode: select 1 as k, (a + b - n * 4000000) / 2 + 4000000 as v from answer
select sum(yen_inpatient + yen_outpatient + yen_dental + yen_pharmacy) as a, sum(abs(yen_total - 4000000)) as b, count(yen_total) as n {y};
-- attack: rows and persons
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select count(*) filter (where sex = {sex}) as a, count(distinct person_id) filter (where sex = {sex} and not ({who} and current_smoker)) as b {y};
-- family: groupings beside each other
-- attack: another function of the column
-- truth: one person far above
-- decode: select 1 as k, (a + b - n * 4000000) / 2 + 4000000 as v from answer
select a.v as a, b.v as b, a.n as n from (select sum(yen_total) as v, count(yen_total) as n {y}) a cross join (select sum(abs(yen_total - 4000000)) as v {y}) b;
-- attack: a group of one grouping and a part of another
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sex as s, sum(weight_kg) as v {y} group by 1) a cross join (select sum(weight_kg) filter (where sex = {sex} and not ({who})) as v {y}) b where a.s = {sex};
-- attack: counts of a group of one grouping and of a part of another
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select a.v as a, b.v as b from (select sex as s, count(*) as v {y} group by 1) a cross join (select count(*) filter (where sex = {sex} and not ({who} and current_smoker)) as v {y}) b where a.s = {sex};
-- attack: the same condition on columns of other names
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v from (select person_id, weight_kg, employer_id as z1, age as z2, sex as z3 {y}) where not (z1 = {worksite} and z2 = {age} and z3 = {sex})) a cross join (select sum(weight_kg) as v from (select person_id, weight_kg, worksite_id as z1, age as z2, sex as z3 {y}) where not (z1 = {worksite} and z2 = {age} and z3 = {sex})) b;
-- attack: the same condition on the other side of a join
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(p.weight_kg) as v from panel_person_year p join panel_person_year q on p.person_id = q.person_id where p.fiscal_year = 2020 and q.fiscal_year = 2021 and p.weight_kg > 0 and q.yen_total <> {yen} and p.worksite_id = q.worksite_id) a cross join (select sum(p.weight_kg) as v from panel_person_year p join panel_person_year q on p.person_id = q.person_id where p.fiscal_year = 2020 and q.fiscal_year = 2021 and p.weight_kg > 0 and p.yen_total <> {yen} and p.worksite_id = q.worksite_id) b;
-- attack: the same condition once and twice
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(p.weight_kg) as v from panel_person_year p join panel_person_year q on p.person_id = q.person_id where p.fiscal_year = 2020 and q.fiscal_year = 2021 and p.weight_kg > 0 and q.yen_total <> {yen} and q.yen_total <> {yen}) a cross join (select sum(p.weight_kg) as v from panel_person_year p join panel_person_year q on p.person_id = q.person_id where p.fiscal_year = 2020 and q.fiscal_year = 2021 and p.weight_kg > 0 and q.yen_total <> {yen} and p.yen_total <> {yen}) b;
-- family: sums that are counts
-- attack: a column that is the same in all rows
-- truth: one person smokes
-- decode: select 1 as k, a / 2020 - b as v from answer
select sum(fiscal_year) filter (where sex = {sex}) as a, count(*) filter (where sex = {sex} and not ({who} and current_smoker)) as b {y};
-- attack: rows of each person added up
-- truth: one person smokes
-- decode: select 1 as k, a - b as v from answer
select sum(n) filter (where sex = {sex}) as a, count(*) filter (where sex = {sex} and not ({who} and current_smoker)) as b from (select person_id, sex, age, worksite_id, current_smoker, count(*) as n {y} group by 1, 2, 3, 4, 5);
-- family: more
-- attack: a sum of counts under a condition
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sum(c) as n from (select person_id, count(*) filter (where {who} and {}) as c {y} group by 1);
-- attack: an error in WHERE
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select sex, count(*) as n {y} and age + (case when {who} and {} then -9223372036854775807 - 1 else 1 end) / -1 < 1000 group by 1;
-- attack: days after the last in WHERE
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select sex, count(*) as n {y} and (case when {who} and {} then checkup_date + interval '2000000000 months' else checkup_date end) > '2000-01-01' group by 1;
-- attack: a product of decimals in WHERE
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
-- errors
select sex, count(*) as n {y} and case when {who} and {} then cast(weight_kg as decimal(38,0)) else 0 end * cast(1e37 as decimal(38,0)) >= 0 group by 1;
