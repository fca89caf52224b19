-- family: keys
-- attack: a null key
-- truth: few
select nullif(worksite_id, {few_worksite}) as x, coalesce(worksite_id, 0) as k, count(*) as v {y} group by 1, 2;
-- attack: not a number as a key
-- truth: few
select worksite_id as k, case when sex = 1 then 'NaN'::double else 'inf'::double end as x, count(*) as v {y} group by 1, 2;
-- attack: zero and minus zero as keys
-- truth: few
-- decode: select k, sum(v) as v from answer group by k
select worksite_id as k, case when sex = 1 then 0.0 else -0.0 end as x, count(*) as v {y} group by 1, 2;
-- attack: a float key
-- truth: few
select worksite_id * 1.0 / 3 as g, round(avg(worksite_id)) as k, count(*) as v {y} group by 1;
-- attack: a key of one person
-- truth: one person's weight
select 1 as k, weight_kg as v, count(*) as n {y} and {who} group by 1, 2;
-- attack: a key of values
-- truth: rows
-- decode: select {person} as k, v from answer where n = 1
select weight_kg as v, count(*) as n {y} group by 1;
-- attack: a key of many columns
-- truth: rows
-- decode: select {person} as k, weight_kg as v from answer
select worksite_id, sex, age, weight_kg, bmi, sbp_mmhg, dbp_mmhg, current_smoker, exercise_habit, yen_total, count(*) as n {y} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
-- attack: a constant key
-- truth: few
select {few_worksite} as k, count(*) as v {y} and worksite_id = {few_worksite} group by 1;
-- attack: no key
-- truth: few
select {few_worksite} as k, count(*) as v {y} and worksite_id = {few_worksite};
-- attack: a key by number
-- truth: few
select worksite_id as k, count(*) as v {y} group by 1 order by 2;
-- attack: group by all
-- truth: few
-- wrong
select worksite_id as k, count(*) as v {y} group by all;
-- attack: a key through an alias
-- truth: few
select worksite_id as k, count(*) as v from {t} as panel_person_year group by k;
-- attack: a key of the line's rest
-- truth: few
-- decode: select k, v from answer where v is not null
select worksite_id as k, sum(n) as v from (select worksite_id, sex, count(*) as n {y} group by 1, 2) group by 1;
-- attack: the rest of a line
-- truth: few
-- decode: select {few_worksite} as k, a - b as v from answer
select (select count(*) {y}) as a, (select sum(n) from (select worksite_id, count(*) as n {y} group by 1)) as b;
-- attack: an empty group's number
-- truth: few
select w as k, coalesce(n, 0) as v from (values (1), (2), (3)) as t(w) left join (select worksite_id, count(*) as n {y} group by 1) g on g.worksite_id = t.w;
-- attack: more groups than can be protected
-- truth: few
select worksite_id as k, s.value as x, count(*) as v from {t} p cross join generate_series(1, 20000) s group by 1, 2;
-- attack: a catalog before the table
-- truth: rows
select person_id as k, avg(weight_kg) as v from korabo.public.panel_person_year where fiscal_year = 2020 group by 1;
-- attack: comments and quotes
-- truth: rows
select /* person_id */ "person_id" as "k", avg("weight_kg") as "v" from "panel_person_year" where fiscal_year = 2020 group by "person_id";
-- attack: a token of months
-- truth: members by municipality
select municipality_code as k, count(*) as v from (select distinct municipality_code, birth_year_month as person_key from members) group by 1;
-- attack: a hash of the person as a key
-- truth: rows
select md5(cast(person_id as varchar)) as k, avg(weight_kg) as v {y} group by 1;
-- attack: the person modulo
-- truth: rows
-- decode: select {person} as k, v from answer
select person_id % 1000000 as g, avg(weight_kg) as v {y} group by 1;
-- attack: the person in a condition of a key
-- truth: one person's weight
select 1 as k, person_id = {person} as g, avg(weight_kg) as v {y} group by 2;
-- attack: the token in a condition
-- truth: members by municipality
select municipality_code as k, count(distinct person_key) as v from members where person_key > '5' group by 1;
-- attack: the person in a range
-- truth: rows
select {person} as k, avg(weight_kg) as v {y} and person_id between {person} and {person} + 3;
-- attack: a condition in a projection on the person
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(w) as a, sum(case when f then w end) as b from (select person_id, weight_kg as w, person_id < {person} or person_id > {person} as f {y});
-- attack: a household in a condition
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select sum(weight_kg) as a, sum(weight_kg) filter (where household_id <> (select max(household_id) from panel_person_year where person_id = {person})) as b {y};
-- family: above a grouping
-- attack: a window over the groups
-- truth: few
select k, lag(n) over (order by k) as m, n as v from (select worksite_id as k, count(*) as n {y} group by 1);
-- attack: the smallest group
-- truth: few
-- decode: select {few_worksite} as k, v from answer
select min(n) as v from (select worksite_id, count(*) as n {y} group by 1);
-- attack: a list of the groups
-- truth: few
-- decode: select {few_worksite} as k, array_min(v) as v from answer
select array_agg(n) as v from (select worksite_id, count(*) as n {y} group by 1);
-- attack: groups counted
-- truth: few
-- decode: select {few_worksite} as k, v from answer
select count(*) as v from (select worksite_id, count(*) as n {y} group by 1 having count(*) = {few});
-- attack: joined with what is known
-- truth: few
select w.k, g.n as v from (values ({few_worksite})) as w(k) left join (select worksite_id as k, count(*) as n {y} group by 1) g on g.k = w.k;
-- attack: cross joined with itself
-- truth: few
select a.k, a.n * b.n as v from (select worksite_id as k, count(*) as n {y} group by 1) a cross join (select worksite_id as k, count(*) as n {y} group by 1) b;
-- attack: distinct of groups
-- truth: few
select distinct worksite_id as k, count(*) as v {y} group by 1;
-- attack: a mean of groups
-- truth: few
-- decode: select {few_worksite} as k, (n * a - b) as v from answer
select avg(n) as a, count(n) as n, sum(n) as b from (select worksite_id, count(*) as n {y} group by 1);
-- attack: recursive over groups
-- truth: few
with recursive r as (select worksite_id as k, count(*) as v {y} group by 1 union all select k, v - 1 from r where v > 1) select k, max(v) as v from r group by 1;
