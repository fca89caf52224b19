-- family: the person's number by another name
-- attack: the largest number of one person
-- truth: one person's weight
-- decode: select 1 as k, a + c / (b - 1e7) as v from answer
select avg(w) as a, covar_pop(w, 1 / (m - ({person} + 0.000001)) + 1e7) as c, avg(1 / (m - ({person} + 0.000001)) + 1e7) as b from (select person_id, max(person_id) as m, max(weight_kg) as w {y} group by 1);
-- attack: all but one number
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(w) as a, sum(w) filter (where m <> {person}) as b from (select person_id, max(person_id) as m, max(weight_kg) as w {y} group by 1);
-- attack: the first sign of a token
-- truth: few
select substr(m, 1, 3) as k, count(*) as v from (select person_key, max(person_key) as m from clean_members group by 1) group by 1;
-- family: several columns packed by an inner grouping
-- attack: a number
-- oracle: {weight} | {weight} + 1
select count(*) as n, count(*) filter (where m >= {worksite} * 1000000 + {age} * 10000 + {sex} * 1000 + {} and m < {worksite} * 1000000 + {age} * 10000 + {sex} * 1000 + 999) as c from (select person_id, max(worksite_id * 1000000 + age * 10000 + sex * 1000 + weight_kg) as m {y} group by 1);
-- attack: all but a number
-- oracle: {weight} | {weight} + 1
select count(*) as n, count(*) filter (where not (m >= {worksite} * 1000000 + {age} * 10000 + {sex} * 1000 + {} and m < {worksite} * 1000000 + {age} * 10000 + {sex} * 1000 + 999)) as c from (select person_id, max(worksite_id * 1000000 + age * 10000 + sex * 1000 + weight_kg) as m {y} group by 1);
-- attack: a text
-- oracle: {weight} | {weight} + 1
select count(*) as n, count(*) filter (where m like concat('{worksite}/{age}/{sex}/', cast({} as varchar), '%')) as c from (select person_id, max(concat(worksite_id, '/', age, '/', sex, '/', weight_kg)) as m {y} group by 1);
-- attack: a sum of columns
-- oracle: {weight} | {weight} + 1
select count(*) as n, count(*) filter (where m > 500 + {}) as c from (select person_id, max(worksite_id + age + sex + weight_kg) as m {y} group by 1);
-- family: rows chosen for one column to tell
-- attack: a condition on the value
-- oracle: {weight} - 1 | {weight} + 1
select count(*) as n, count(*) filter (where weight_kg >= {}) as m {y} and (({who}) or weight_kg < 60);
-- attack: a condition that the chosen one fails
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) filter (where weight_kg < 60) as m {y} and (({who} and {}) or weight_kg < 60);
-- attack: two conditions with a gap
-- oracle: {weight} - 1 | {weight} + 1
select count(*) as n, count(*) filter (where weight_kg >= 50) as a, count(*) filter (where weight_kg between 50 and {}) as b {y} and (({who}) or weight_kg < 60);
-- attack: different worksites
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(distinct worksite_id) as n {y} and (({who} and {}) or worksite_id in (319, 327, 334));
-- attack: groups
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select worksite_id, count(*) as n {y} and (({who} and {}) or worksite_id in (319, 327, 334)) group by 1 order by 1;
-- attack: groups of two keys
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select worksite_id, sex, count(*) as n {y} and (({who} and {}) or worksite_id in (319, 327, 334)) group by 1, 2 order by 1, 2;
-- attack: a key of the value
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select weight_kg >= 65 as k, count(*) as n {y} and (({who} and {}) or weight_kg < 60) group by 1;
-- attack: a mean that is the same for all others
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select avg(sex) as m {y} and (({who} and {}) or (sex = 2 and worksite_id < 100));
-- attack: a spread that is zero for all others
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select stddev(worksite_id) as m {y} and (({who} and {}) or worksite_id = 319);
-- attack: persons among persons
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n from link_persons where person_id in (select person_id from panel_person_year where {who} and fiscal_year = 2020 and {});
-- attack: persons not among persons
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(*) filter (where is_employee) as m from link_persons where person_id not in (select person_id from panel_person_year where {who} and fiscal_year = 2020 and {}) or not is_employee;
-- attack: a left join to persons among persons
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, count(q.person_id) as m from {t} p left join (select person_id from link_persons where person_id in (select person_id from panel_person_year where {who} and fiscal_year = 2020 and {})) q on p.person_id = q.person_id;
-- family: poles and steps
-- attack: a pole at an age
-- truth: of the age
-- decode: select k, round(v / -1000000) as v from answer
select worksite_id as k, count(*) as n, sum(1 / (age - ({age} + 0.000001))) as v {y} group by 1;
-- attack: a pole at an age, raised
-- truth: of the age
-- decode: select k, round((v - n * 1e9) / -1000000) as v from answer
select worksite_id as k, count(*) as n, sum(1 / (age - ({age} + 0.000001)) + 1e9) as v {y} group by 1;
-- attack: a pole in an inner query
-- truth: of the age
-- decode: select k, round(v / -1000000) as v from answer
select k, sum(x) as v, count(*) as n from (select person_id, worksite_id as k, 1 / (age - ({age} + 0.000001)) as x {y}) group by 1;
-- attack: a pole in an inner grouping
-- truth: of the age
-- decode: select k, round(v / -1000000) as v from answer
select k, sum(x) as v, count(*) as n from (select person_id, worksite_id as k, sum(1 / (age - ({age} + 0.000001))) as x {y} group by 1, 2) group by 1;
-- attack: whole numbers divided
-- truth: weights of few of an age
-- decode: select k, n * (c + a * w) - m as v from answer
select worksite_id as k, count(*) as n, covar_pop(age / {age}, weight_kg) as c, avg(age / {age}) as a, avg(weight_kg) as w, sum(weight_kg) filter (where age >= {age} + 1) as m {y} group by 1;
-- attack: whole numbers divided, counted
-- truth: of the age
-- decode: select k, s - m as v from answer
select worksite_id as k, sum(age / {age}) as s, count(*) filter (where age >= {age} + 1) as m, count(*) as n {y} and age < 2 * {age} group by 1;
-- attack: rounded
-- truth: of the age
-- decode: select k, s - m as v from answer
select worksite_id as k, sum(floor((age + 100 - {age}) / 100.0)) as s, count(*) filter (where age >= {age} + 1) as m, count(*) as n {y} group by 1;
-- attack: numbers that wrap around
-- truth: of the age
-- decode: select k, round((s * 196241958230952676 - n * a) / 18446744073709551616) - m as v from answer
select worksite_id as k, count(*) as n, avg(age * 196241958230952676) as a, sum(age) as s, count(*) filter (where age >= 48) as m {y} group by 1;
-- family: columns counted by their values
-- attack: different amounts
-- truth: few with hospital stays
-- decode: select k, c - 1 as v from answer
select worksite_id as k, count(*) as n, count(distinct yen_inpatient) as c {y} group by 1;
-- attack: men twice
-- truth: few women who smoke
-- decode: select k, n - s as v from (select k, ms - (2 * n - s) as v, n, s from answer)
select worksite_id as k, count(*) as n, sum(sex) as s, count(*) filter (where sex = 1 or current_smoker) as ms {y} group by 1;
-- attack: men twice, and what is left
-- truth: few women who smoke
-- decode: select k, ms - (2 * n - s) as v from answer
select worksite_id as k, count(*) as n, sum(sex) as s, count(*) filter (where sex = 1 or current_smoker) as ms {y} group by 1;
-- attack: the sum of a code
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select count(*) as n, sum(sex) as s, count(*) filter (where sex = {sex} and not ({who} and {})) as m {y};
-- attack: the year where a condition holds
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sum(case when sex = {sex} then fiscal_year else 0 end) as s, count(*) filter (where sex = {sex} and not ({who} and {})) as m {y};
-- attack: an inner count
-- truth: few women who smoke
-- decode: select k, m - men as v from answer
select k, sum(c) as s, count(*) filter (where sex = 1) as men, count(*) filter (where c = 1 or sex = 1) as m, count(*) as n from (select person_id, worksite_id as k, sex, count(*) filter (where current_smoker) as c {y} group by 1, 2, 3) group by 1;
-- attack: a sum over a mean
-- truth: few without absence days
-- decode: select k, n - round(s / a) as v from answer
select worksite_id as k, count(*) as n, sum(absence_days) as s, avg(absence_days) as a {y} group by 1;
-- attack: a sum over a mean of different multiples
-- truth: few without absence days
-- decode: select k, n - round(s / a * 2) as v from answer
select worksite_id as k, count(*) as n, sum(absence_days) as s, avg(absence_days * 2) as a {y} group by 1;
-- attack: two variances
-- truth: few without absence days
-- decode: select k, n - round(1 / (1 - p / s)) as v from answer
select worksite_id as k, count(*) as n, var_samp(absence_days) as s, var_pop(absence_days) as p {y} group by 1;
-- attack: a sum of squares and a variance
-- truth: few without absence days
-- decode: select k, n - round(q / p) as v from answer
select worksite_id as k, count(*) as n, regr_sxx(absence_days, absence_days) as q, var_pop(absence_days) as p {y} group by 1;
-- attack: a sum over a mean of an outer side
-- truth: smokers
-- decode: select k, n - round(s / a) as v from answer
select p.worksite_id as k, count(*) as n, sum(q.age) as s, avg(q.age) as a from {t} p left join (select person_id, age from panel_person_year where fiscal_year = 2020 and not current_smoker) q on p.person_id = q.person_id group by 1;
-- attack: a division that is missing
-- truth: of the age
-- decode: select k, n - s as v from answer
select worksite_id as k, count(*) as n, sum(0 / (age - {age}) + 1) as s {y} group by 1;
-- attack: a cast that is missing
-- truth: of the age
-- decode: select k, n - round(s / a) - m as v from answer
select worksite_id as k, count(*) as n, sum(cast(age + (127 - {age}) as tinyint)) as s, avg(cast(age + (127 - {age}) as tinyint)) as a, count(*) filter (where age > {age} + 1) as m {y} group by 1;
-- attack: codes alike to a float
-- truth: smokers
-- decode: select k, v - n * 9007199254740992 as v from answer
select worksite_id as k, count(*) as n, sum(case when current_smoker then 9007199254740993 else 9007199254740992 end) as v {y} group by 1;
-- attack: codes nearly alike
-- truth: of the age
-- decode: select k, round((b - a) * 1e10) as v from answer
select worksite_id as k, sum(case when age < {age} then 1.0000000001 else 1 end) as a, sum(case when age <= {age} then 1.0000000001 else 1 end) as b {y} group by 1;
-- attack: decimals
-- truth: smokers
-- decode: select k, round((v - n) * 1e10) as v from answer
select worksite_id as k, count(*) as n, sum(case when current_smoker then cast('1.0000000001' as decimal(38, 20)) else cast('1' as decimal(38, 20)) end) as v {y} group by 1;
-- attack: what one has most of, raised
-- truth: the largest claims
-- decode: select k, b - n * 1e9 as v from answer
select worksite_id as k, sum(yen_total + 1000000000) as b, count(yen_total) as n {y} group by 1;
-- attack: rows less persons under a condition
-- truth: few with stays in both years
-- decode: select k, a - b as v from answer
select age_band as k, count(*) filter (where yen_inpatient > 0) as a, count(distinct person_id) filter (where yen_inpatient > 0) as b from panel_person_year where fiscal_year in (2019, 2020) and worksite_id > 0 group by 1;
-- attack: amounts and their remainder
-- truth: a smoker more
-- decode: select 1 as k, (a - b) / 4000000 as v from answer
select sum(yen_inpatient + yen_outpatient + yen_dental + yen_pharmacy) as a, sum(yen_total % 4000000) as b {y};
-- family: columns that add up
-- attack: the parts of a total
-- truth: costs of few with hospital stays
-- decode: select k, t - o - d - p as v from answer
select worksite_id as k, sum(yen_total) as t, sum(yen_inpatient) as i, sum(yen_outpatient) as o, sum(yen_dental) as d, sum(yen_pharmacy) as p {y} group by 1;
-- attack: the other parts of a total
-- truth: costs of few with hospital stays
-- decode: select k, t - o - d - p as v from answer
select worksite_id as k, sum(yen_total) as t, sum(yen_outpatient) as o, sum(yen_dental) as d, sum(yen_pharmacy) as p {y} group by 1;
-- attack: the other parts of a total as means
-- truth: costs of few with hospital stays
-- decode: select k, n * (t - o - d - p) as v from answer
select worksite_id as k, count(*) as n, avg(yen_total) as t, avg(yen_outpatient) as o, avg(yen_dental) as d, avg(yen_pharmacy) as p {y} group by 1;
-- attack: the rest of a total in one number
-- truth: costs of few with hospital stays
select worksite_id as k, sum(yen_total - yen_outpatient - yen_dental - yen_pharmacy) as v {y} group by 1;
-- attack: the parts of all but one
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(p.yen_total) as a, sum(q.yen_inpatient + q.yen_outpatient + q.yen_dental + q.yen_pharmacy) as b from {t} p left join (select * from panel_person_year where fiscal_year = 2020 and not ({who})) q on p.person_id = q.person_id;
-- attack: inner sums of all but one
-- truth: one person's claims
-- decode: select 1 as k, a - b - c - d - e as v from answer
select sum(a) as a, sum(b) as b, sum(c) as c, sum(d) as d, sum(e) as e from (select person_id, sum(yen_total) as a, sum(yen_inpatient) filter (where not ({who})) as b, sum(yen_outpatient) filter (where not ({who})) as c, sum(yen_dental) filter (where not ({who})) as d, sum(yen_pharmacy) filter (where not ({who})) as e {y} group by 1);
-- family: two groupings that are not of the same rows
-- attack: the sides of an outer join
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select a.v as a, b.v as b from (select sum(p.weight_kg) as v from {t} p left join (select person_id, weight_kg from panel_person_year where fiscal_year = 2020 and not ({who})) q on p.person_id = q.person_id) a cross join (select sum(q.weight_kg) as v from {t} p left join (select person_id, weight_kg from panel_person_year where fiscal_year = 2020 and not ({who})) q on p.person_id = q.person_id) b;
-- attack: a filter below and above an outer join
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select a.v as a, b.v as b from (select sum(p.weight_kg) as v from {t} p left join (select * from panel_person_year where yen_total <> {yen}) q on p.person_id = q.person_id and p.fiscal_year = q.fiscal_year where p.fiscal_year = 2020) a cross join (select sum(p.weight_kg) as v from {t} p left join panel_person_year q on p.person_id = q.person_id and p.fiscal_year = q.fiscal_year where p.fiscal_year = 2020 and q.yen_total <> {yen}) b;
-- attack: persons once and twice
-- truth: few of both years
-- decode: select k, a - b as v from answer
select a.k as k, a.n as a, b.n as b from (select k, count(*) as n from (select worksite_id as k, person_id from panel_person_year where fiscal_year in (2016, 2020)) group by 1) a join (select k, count(*) as n from (select distinct worksite_id as k, person_id from panel_person_year where fiscal_year in (2016, 2020)) group by 1) b on a.k = b.k;
-- attack: a second key that says the same
-- truth: few
-- decode: select {few_worksite} as k, n as v from answer
select sum(case when x.w is null then x.n else -x.n end) as n from (select cast(null as int) as w, count(*) as n {y} and worksite_id in (319, 327, 334, {few_worksite}) union all select worksite_id, count(*) as n {y} and worksite_id in (319, 327, 334, {few_worksite}) group by employer_id, worksite_id) x;
-- family: errors of types that the engine adapts
-- attack: a text in the place of a day
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sex, count(*) as n {y} and checkup_date > case when {who} and {} then 'x' else '2000-01-01' end group by 1 order by 1;
-- attack: a text in the place of a number
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sex, count(*) as n {y} and age < case when {who} and {} then 'x' else '99' end group by 1 order by 1;
-- attack: between texts
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sex, count(*) as n {y} and age between 0 and case when {who} and {} then 'x' else '99' end group by 1 order by 1;
-- attack: nullif with a text
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sex, count(nullif(checkup_date, case when {who} and {} then 'x' else '2000-01-01' end)) as n {y} group by 1 order by 1;
-- attack: a decimal too long for a mean
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select sex, avg(case when {who} and {} then cast(9e27 as decimal(38, 10)) else cast(0 as decimal(38, 10)) end) as n {y} group by 1 order by 1;
-- family: regressions that follow few
-- attack: a fixed effect of two
-- truth: one person's weight
-- decode: select 1 as k, estimate as v from answer
-- shape
select estimate, df from ols((select person_id, weight_kg, age, case when worksite_id = {worksite} and age in ({age}, 57) then -1 else yen_total * 1000 + age end as f {y}), 'weight_kg ~ age | f', ssc => 'fixef_k=none');
-- attack: a fixed effect by a guess
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select term, n_obs, df, status from ols((select person_id, weight_kg, age, case when {who} and {} then 1 else 2 end as f {y}), 'weight_kg ~ age | f', vcov => 'hc1');
-- attack: a cluster by a guess
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select term, n_obs, df, status from ols((select person_id, weight_kg, age, case when {who} and {} then 1 else worksite_id end as f {y}), 'weight_kg ~ age', vcov => 'cluster(f)');
-- attack: rows by a guess
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select term, status from ols((select person_id, weight_kg, worksite_id {y} and (({who} and {}) or worksite_id in (319, 327))), 'weight_kg ~ factor(worksite_id)');
-- attack: a cohort by a guess
-- oracle: weight_kg >= {weight} | weight_kg < {weight}
select status from att_gt((select person_id, fiscal_year, exercise_habit, case when {who} and {} then 2018 end as c from panel_person_year), outcome => exercise_habit, unit => person_id, time => fiscal_year, cohort => c, unbalanced => 'pairs');
-- attack: the largest cubed
-- truth: the largest claims
-- decode: select {worksite} as k, power(estimate * n_obs, 1.0 / 3) as v from answer
select estimate, n_obs from ols((select person_id, yen_total {y} and worksite_id = {worksite}), 'yen_total^3 ~ 1');
-- attack: a total here and its parts there
-- truth: costs of few with hospital stays
-- decode: select k, t - o as v from answer
select a.k as k, a.t as t, b.o as o from (select worksite_id as k, sum(yen_total) as t {y} group by 1) a join (select worksite_id as k, sum(yen_outpatient) + sum(yen_dental) + sum(yen_pharmacy) as o {y} group by 1) b on a.k = b.k;
-- attack: a total of one and parts of all but one
-- truth: one person's claims
-- decode: select 1 as k, a - b as v from answer
select sum(p.yen_total) as a, sum(q.yen_total) as b from {t} p left join (select * from panel_person_year where fiscal_year = 2020 and not ({who})) q on p.person_id = q.person_id;
