-- family: below a grouping
-- attack: rank in a window
-- truth: the largest
select k, sum(w) as v from (select person_id, worksite_id as k, weight_kg as w, row_number() over (partition by worksite_id order by weight_kg desc nulls last) as r {y}) where r = 1 group by 1;
-- attack: rank as a condition
-- truth: the largest
-- decode: select k, a - b as v from answer
select k, sum(w) as a, sum(w) filter (where r > 1) as b from (select person_id, worksite_id as k, weight_kg as w, row_number() over (partition by worksite_id order by weight_kg desc nulls last) as r {y}) group by 1;
-- attack: a window spreads one value
-- truth: the largest
select k, avg(w) as v from (select person_id, worksite_id as k, max(weight_kg) over (partition by worksite_id) as w {y}) group by 1;
-- attack: a window spreads one person
-- truth: one person's weight
select 1 as k, avg(w) as v from (select person_id, max(case when {who} then weight_kg end) over () as w {y});
-- attack: first_value as a window
-- truth: one person's weight
select 1 as k, avg(w) as v from (select person_id, first_value(weight_kg) over (order by case when {who} then 0 else 1 end) as w {y});
-- attack: lag
-- truth: the largest
-- decode: select k, a - b as v from answer
select k, sum(w) as a, sum(l) as b from (select person_id, worksite_id as k, weight_kg as w, lag(weight_kg) over (partition by worksite_id order by weight_kg) as l {y} and weight_kg is not null) group by 1;
-- attack: a window counts the group
-- truth: smokers
select k, avg(s) as v from (select person_id, worksite_id as k, count(*) filter (where current_smoker) over (partition by worksite_id) as s {y}) group by 1;
-- attack: a window's count as a key
-- truth: smokers
-- decode: select k, s as v from answer
select k, s, count(*) as n from (select person_id, worksite_id as k, sum(cast(current_smoker as int)) over (partition by worksite_id) as s {y}) group by 1, 2;
-- attack: a window's value as a key
-- truth: the largest
-- decode: select k, s as v from answer
select k, s, count(*) as n from (select person_id, worksite_id as k, max(weight_kg) over (partition by worksite_id) as s {y}) group by 1, 2;
-- attack: qualify
-- truth: the largest
-- wrong
select worksite_id as k, sum(weight_kg) as v from (select * {y} qualify row_number() over (partition by worksite_id order by weight_kg desc) = 1) group by 1;
-- attack: persons numbered in a window
-- truth: rows
-- decode: select w as k, v from answer
select r, avg(person_id) as w, avg(weight_kg) as v from (select *, row_number() over () as r {y}) group by 1;
-- attack: ntile
-- truth: the largest
select k, avg(weight_kg) as v from (select person_id, worksite_id as k, weight_kg, ntile(1000) over (partition by worksite_id order by weight_kg desc nulls last) as r {y}) where r = 1 group by 1;
-- attack: limit
-- truth: one person's weight
select 1 as k, sum(weight_kg) as v from (select * {y} order by case when {who} then 0 else 1 end limit 1);
-- attack: limit and the rest
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(w) as a, sum(case when g = 2 then w end) as b from (select person_id, weight_kg as w, 1 as g from (select * {y} order by case when {who} then 0 else 1 end limit 1) union all select person_id, weight_kg, 2 from (select * {y} order by case when {who} then 0 else 1 end offset 1));
-- attack: offset
-- truth: one person's weight
select 1 as k, avg(weight_kg) as v from (select person_id, weight_kg {y} order by case when {who} then 1 else 0 end offset 100000);
-- attack: limit of twenty, all the same
-- truth: the largest
select worksite_id as k, avg(weight_kg) as v from (select * {y} order by weight_kg desc limit 20) group by 1;
-- attack: distinct on
-- truth: the largest
select k, avg(w) as v from (select distinct on (worksite_id) person_id, worksite_id as k, weight_kg as w {y} order by worksite_id, weight_kg desc) group by 1;
-- attack: distinct of values
-- truth: the largest
select worksite_id as k, sum(weight_kg) as v from (select distinct worksite_id, weight_kg, person_id {y}) group by 1;
-- attack: rows doubled by a union
-- truth: few
-- decode: select k, v / 20 as v from answer
select worksite_id as k, count(*) as v from (select worksite_id, person_id {y} union all select worksite_id, person_id + 10000 {y} union all select worksite_id, person_id + 20000 {y} union all select worksite_id, person_id + 30000 {y} union all select worksite_id, person_id + 40000 {y} union all select worksite_id, person_id + 50000 {y} union all select worksite_id, person_id + 60000 {y} union all select worksite_id, person_id + 70000 {y} union all select worksite_id, person_id + 80000 {y} union all select worksite_id, person_id + 90000 {y}) group by 1;
-- attack: half doubled by a union
-- truth: few
-- decode: select k, v / 4 as v from answer
select worksite_id as k, count(distinct person_id) as v from (select worksite_id, person_id {y} union all select worksite_id, -person_id {y} union all select worksite_id, person_id + 100000 {y} union all select worksite_id, person_id + 200000 {y}) group by 1;
-- attack: other persons added by a union
-- truth: few
-- decode: select k, v - m as v from answer
select k, count(*) as v, max_n as m from (select worksite_id as k, person_id, 0 as max_n {y} union all select f.worksite_id, p.person_id, 0 from (select distinct worksite_id {y}) f cross join (select person_id {y}) p) group by 1, 3;
-- attack: persons forged by unnest
-- truth: few
-- decode: select k, v / 20 as v from answer
select worksite_id as k, count(*) as v from (select worksite_id, unnest(range(1, 21)) as person_id {y}) group by 1;
-- attack: persons forged by unnest of a list
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select worksite_id, weight_kg, unnest([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) as person_id {y}) group by 1;
-- attack: persons forged by a series
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select p.worksite_id, p.weight_kg, s.value as person_id from {t} p cross join generate_series(1, 20) s) group by 1;
-- attack: persons forged by row numbers
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select p.worksite_id, p.weight_kg, row_number() over () as person_id from {t} p cross join generate_series(1, 20) s) group by 1;
-- attack: persons forged by a random number
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select p.worksite_id, p.weight_kg, random() as person_id from {t} p cross join generate_series(1, 20) s) group by 1;
-- attack: persons forged by a uuid
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select p.worksite_id, p.weight_kg, uuid() as person_id from {t} p cross join generate_series(1, 20) s) group by 1;
-- attack: persons forged from another column
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select worksite_id, weight_kg, fiscal_year + age as person_id from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id > 0) group by 1;
-- attack: years as persons
-- truth: means of few
select worksite_id as k, avg(weight_kg) filter (where fiscal_year = 2020 and current_smoker is not null) as v from (select worksite_id, weight_kg, current_smoker, fiscal_year, person_id * 10000 + fiscal_year as person_id from panel_person_year where worksite_id > 0) group by 1;
-- attack: persons joined with persons
-- truth: means of few
select k, avg(w) as v from (select a.worksite_id as k, a.weight_kg as w, b.person_id from {t} a cross join {t} b) group by 1;
-- attack: persons joined with persons that count
-- truth: few
-- decode: select k, v / n as v from answer
select k, count(*) as v, count(distinct person_id) as n from (select a.worksite_id as k, b.person_id from {t} a cross join {t} b) group by 1;
-- attack: recursive persons
-- truth: means of few
with recursive r as (select worksite_id, weight_kg, person_id, 1 as i {y} union all select worksite_id, weight_kg, person_id + 10000, i + 1 from r where i < 12)
select worksite_id as k, avg(weight_kg) as v from r group by 1;
-- attack: values as persons
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select p.worksite_id, p.weight_kg, s.person_id from {t} p cross join (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11)) as s(person_id)) group by 1;
-- attack: a sample of rows
-- truth: rows
-- wrong
select person_id as k, avg(weight_kg) as v from {t} tablesample (1 rows) group by 1;
-- attack: random rows
-- truth: rows
select cast(random() * 1000000 as bigint) as g, avg(person_id) as k, avg(weight_kg) as v {y} group by 1;
-- attack: a volatile condition
-- truth: the largest
select worksite_id as k, avg(weight_kg) as v {y} and random() < 2 group by 1;
-- attack: a relation under a grouping
-- truth: smokers
select term as k, avg(estimate) as v from ols({t}, 'current_smoker ~ worksite_id') group by 1;
-- attack: an intersection
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select worksite_id, weight_kg, person_id {y} intersect select worksite_id, weight_kg, person_id {y}) group by 1;
-- attack: an exception
-- truth: one person's weight
select 1 as k, avg(weight_kg) as v from (select weight_kg, person_id {y} except select weight_kg, person_id {y} and not ({who}));
-- attack: a pivot by hand
-- truth: rows
-- decode: select {person} as k, v from answer
select sum(weight_kg) filter (where person_id = {person}) as v {y};
-- attack: a summary below
-- truth: the largest
-- wrong
select * from (summarize panel_person_year);
