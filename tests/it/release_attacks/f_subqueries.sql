-- family: subqueries and joins that gate
-- attack: a scalar subquery as a key
-- truth: one person's weight
-- decode: select 1 as k, w as v from answer
select (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) as w, count(*) as n {y} group by 1;
-- attack: a list of rows as a key
-- truth: rows
-- decode: select split_part(x, '=', 1) as k, cast(split_part(x, '=', 2) as double) as v from (select unnest(string_to_array(r, ',')) as x from answer)
select (select string_agg(concat(person_id, '=', weight_kg), ',') {y}) as r, count(*) as n {y} group by 1;
-- attack: a list of rows as a correlated key
-- truth: the largest
-- decode: select k, m as v from answer
select worksite_id as k, (select max(q.weight_kg) from {t} q where q.worksite_id = p.worksite_id) as m, count(*) as n from {t} p group by 1, 2;
-- attack: a scalar subquery in a condition
-- truth: one person's weight
-- decode: select 1 as k, min(age) as v from answer where n > 0
select weight_kg - (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) as age, count(*) as n {y} group by 1;
-- attack: a scalar subquery in an aggregate
-- truth: one person's weight
-- decode: select 1 as k, v as v from answer
select avg((select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020)) as v {y};
-- attack: a scalar subquery times a number
-- truth: one person's weight
-- decode: select 1 as k, round(a / b, 2) as v from answer
select sum(age * (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020)) as a, sum(age) as b {y};
-- attack: a scalar subquery beside the grouping
-- truth: one person's weight
select 1 as k, count(*) as n, (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) as v {y};
-- attack: a scalar subquery alone
-- truth: one person's weight
select 1 as k, (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) as v;
-- attack: a scalar subquery in the order
-- oracle: {weight} | {weight} + 1
select sex, count(*) as n {y} group by 1 order by case when (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) = {} then sex else -sex end limit 1;
-- attack: a scalar subquery in having
-- oracle: {weight} | {weight} + 1
select sex, count(*) as n {y} group by 1 having (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) = {};
-- attack: exists
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) as n {y} and exists (select 1 from panel_person_year q where q.person_id = {person} and q.fiscal_year = 2020 and q.{}) group by 1;
-- attack: not exists
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) as n {y} and not exists (select 1 from panel_person_year q where q.person_id = {person} and q.fiscal_year = 2020 and q.{}) group by 1;
-- attack: correlated exists
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) as n from {t} p where exists (select 1 from panel_person_year q where q.sex = p.sex and q.person_id = {person} and q.fiscal_year = 2020 and q.{}) group by 1;
-- attack: exists by attributes
-- oracle: weight_kg = {weight} | weight_kg <> {weight}
select sex, count(*) as n {y} and exists (select 1 from panel_person_year where {who} and fiscal_year = 2020 and {}) group by 1;
-- attack: exists with a number of rows
-- oracle: = {few} | = 1 + {few}
select sex, count(*) as n {y} and exists (select 1 {y} and worksite_id = {few_worksite} having count(*) {}) group by 1;
-- attack: in
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) as n {y} and sex in (select sex from panel_person_year where {who} and fiscal_year = 2020 and {}) group by 1;
-- attack: not in
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) as n {y} and sex not in (select sex from panel_person_year where {who} and fiscal_year = 2020 and {}) group by 1;
-- attack: in with persons of a household
-- truth: one person's weight
select 1 as k, avg(weight_kg) as v {y} and person_id in (select person_id from panel_person_year where {who});
-- attack: persons without one
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(weight_kg) as a, sum(case when person_id in (select person_id from panel_person_year where not ({who})) then weight_kg end) as b {y};
-- attack: any
-- oracle: {weight} | {weight} + 1
select sex, count(*) as n {y} and {} = any (select weight_kg from panel_person_year where {who} and fiscal_year = 2020) group by 1;
-- attack: all
-- oracle: {weight} | {weight} + 1
select sex, count(*) as n {y} and {} = all (select weight_kg from panel_person_year where {who} and fiscal_year = 2020) group by 1;
-- attack: comparing with a subquery
-- oracle: {weight} | {weight} + 1
select sex, count(*) as n {y} and {} <= (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) group by 1;
-- attack: cross join with one person
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n from {t} p cross join (select person_id as x from panel_person_year where {who} and fiscal_year = 2020 and {}) q group by 1;
-- attack: inner join on a constant with one person
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n from {t} p join (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q on p.fiscal_year = q.y group by 1;
-- attack: left join with one person
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(q.y) as n from {t} p left join (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q on p.fiscal_year = q.y group by 1;
-- attack: right join with one person
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n from (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q right join {t} p on p.fiscal_year = q.y where q.y is not null group by 1;
-- attack: full join with one person
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n, count(q.y) as m from {t} p full join (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q on p.fiscal_year = q.y group by 1;
-- attack: join on an inequality
-- oracle: q.weight_kg = {weight} | q.weight_kg = {weight} + 1
select p.sex, count(*) as n from {t} p join panel_person_year q on q.person_id = {person} and q.fiscal_year = 2020 and q.fiscal_year = 2020 and p.age >= 0 and {} group by 1;
-- attack: self join brings one person's value to all
-- truth: one person's weight
select 1 as k, avg(q.weight_kg) as v from {t} p join (select * from panel_person_year where {who}) q on p.fiscal_year = q.fiscal_year;
-- attack: self join on the worksite
-- truth: the largest
select p.worksite_id as k, avg(q.m) as v from {t} p join (select worksite_id, max(weight_kg) as m {y} group by 1) q on p.worksite_id = q.worksite_id group by 1;
-- attack: self join on the worksite, counts
-- truth: smokers
select p.worksite_id as k, avg(q.s) as v from {t} p join (select worksite_id, count(*) filter (where current_smoker) as s {y} group by 1) q on p.worksite_id = q.worksite_id group by 1;
-- attack: self join on the sex
-- truth: few
-- decode: select k, v / 1 as v from answer
select q.worksite_id as k, avg(q.n) as v from {t} p join (select min(sex) as sex, worksite_id, count(*) as n {y} group by 2) q on p.sex >= q.sex group by 1;
-- attack: self join on the age
-- truth: means of few
select q.worksite_id as k, avg(q.w) as v from {t} p join (select worksite_id, avg(weight_kg) as w, 1 as one {y} group by 1) q on p.sex >= q.one group by 1;
-- attack: grouped by the other side
-- truth: few
-- decode: select k, v as v from answer
select q.worksite_id as k, count(distinct q.person_id) as v, count(distinct p.person_id) as n from {t} p join {t} q on p.fiscal_year = q.fiscal_year group by 1;
-- attack: using
-- truth: means of few
select b.worksite_id as k, avg(b.weight_kg) as v from {t} a join {t} b using (fiscal_year) group by 1;
-- attack: natural join
-- truth: means of few
select worksite_id as k, avg(w) as v from (select fiscal_year, person_id {y}) natural join (select fiscal_year, worksite_id, weight_kg as w {y}) group by 1;
-- attack: semi join
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n from {t} p left semi join (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q on p.fiscal_year = q.y group by 1;
-- attack: anti join
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select p.sex, count(*) as n from {t} p left anti join (select 2020 as y from panel_person_year where {who} and fiscal_year = 2020 and {}) q on p.fiscal_year = q.y group by 1;
-- attack: anti join on the person
-- truth: one person's weight
-- decode: select 1 as k, a - b as v from answer
select sum(p.weight_kg) as a, sum(q.weight_kg) as b from {t} p left join (select person_id, weight_kg {y} and not ({who})) q on p.person_id = q.person_id;
-- attack: lateral
-- truth: one person's weight
select 1 as k, avg(q.w) as v from {t} p, lateral (select max(weight_kg) as w from panel_person_year where {who} and fiscal_year = p.fiscal_year) q;
-- attack: lateral counts
-- truth: smokers
select p.worksite_id as k, avg(q.s) as v from {t} p, lateral (select count(*) as s from {t} r where r.worksite_id = p.worksite_id and r.current_smoker) q group by 1;
-- attack: household of one
-- truth: one person's weight
select 1 as k, avg(q.weight_kg) as v from {t} p join {t} q on p.household_id = q.household_id where p.person_id = {person};
-- attack: a common table expression
-- truth: one person's weight
with one as (select weight_kg as w, fiscal_year from panel_person_year where {who} and fiscal_year = 2020)
select 1 as k, avg(one.w) as v from {t} p join one on one.fiscal_year = p.fiscal_year;
-- attack: in a case
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select sex, count(*) filter (where exists (select 1 from panel_person_year where {who} and fiscal_year = 2020 and {})) as n {y} group by 1;
-- attack: in a key
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
select exists (select 1 from panel_person_year where {who} and fiscal_year = 2020 and {}) as e, count(*) as n {y} group by 1;
-- attack: a subquery over protected groups as a key of persons
-- truth: few
-- decode: select k, n as v from answer
select worksite_id as k, n, count(*) as m from (select p.worksite_id, p.person_id, q.n from {t} p cross join (select worksite_id as w, count(*) as n {y} group by 1) q where p.sex >= 0 and q.w = p.worksite_id) group by 1, 2;
-- attack: a worksite joined by its number
-- truth: few
select l.worksite_id as k, count(*) as v from link_worksites l join (select worksite_id, min(age) as person_id {y} group by 1) p on p.worksite_id = l.worksite_id group by 1;
-- attack: a join that cannot fail makes one group
-- truth: few
select a.worksite_id as k, count(distinct b.person_id) as n, count(distinct a.person_id) as v from {t} a join {t} b on a.sex = b.sex group by 1;
-- attack: join by the person, groups of the other year
-- truth: few
select a.worksite_id as k, count(distinct a.person_id) as v from {t} a left join panel_person_year b on a.person_id = b.person_id and b.fiscal_year = 2019 group by 1;
-- family: two groupings in one statement
-- attack: total minus the shown groups
-- truth: few
-- decode: select k, v from answer where v is not null
select f.worksite_id as k, t.n - s.n as v from (select count(*) as n {y}) t cross join (select sum(n) as n from (select worksite_id, count(*) as n {y} group by 1)) s cross join (select {few_worksite} as worksite_id) f;
-- attack: total minus the complement, as scalars
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer
select a.v as a, b.v as b from (select sum(weight_kg) as v {y}) a cross join (select sum(weight_kg) as v {y} and not ({who})) b;
-- attack: total and complement, by union
-- truth: one person's weight
-- decode: select 1 as k, round(max(v) - min(v), 2) as v from answer
select sum(weight_kg) as v {y} union all select sum(weight_kg) as v {y} and not ({who});
-- attack: total and complement, by a difference
-- truth: one person's weight
select 1 as k, a.v - b.v as v from (select 1 as k, sum(weight_kg) as v {y}) a join (select 1 as k, sum(weight_kg) as v {y} and not ({who})) b on a.k = b.k;
-- attack: groups and groups without one
-- truth: one person's weight
-- decode: select 1 as k, round(a - b, 2) as v from answer where k = {worksite}
select a.k, a.v as a, b.v as b from (select worksite_id as k, sum(weight_kg) as v {y} group by 1) a join (select worksite_id as k, sum(weight_kg) as v {y} and not ({who}) group by 1) b on a.k = b.k;
-- attack: counts of groups with and without a condition
-- truth: smokers
-- decode: select k, n - m as v from answer
select a.k, a.n, b.n as m from (select worksite_id as k, count(*) as n {y} group by 1) a join (select worksite_id as k, count(*) as n {y} and not current_smoker group by 1) b on a.k = b.k;
-- attack: intersect of two groupings
-- truth: smokers
-- decode: select k, n - m as v from answer
with a as (select worksite_id as k, count(*) as n {y} group by 1), b as (select worksite_id as k, count(*) as m {y} and not current_smoker group by 1)
select a.k, a.n, b.m from a left join b on a.k = b.k;
-- attack: rollup
-- truth: few
-- decode: select k, v from answer
select worksite_id as k, count(*) as v {y} group by rollup (worksite_id);
-- attack: cube
-- truth: few
select worksite_id as k, count(*) as v {y} group by cube (worksite_id, sex);
-- attack: grouping sets
-- truth: few
select worksite_id as k, count(*) as v {y} group by grouping sets ((worksite_id), ());
-- attack: coarse groups from the fine
-- truth: few
-- decode: select {few_worksite} as k, sum(case when g = 'all' then n else -n end) as v from answer
select 'all' as g, count(*) as n {y} union all select cast(worksite_id as varchar), count(*) {y} group by 1;
-- attack: a second grouping with shifted bands
-- truth: one person smokes
-- decode: select 1 as k, a.n - b.n as v from answer a join answer b on a.g = 1 and b.g = 2
select 1 as g, count(*) as n {y} and current_smoker union all select 2, count(*) {y} and current_smoker and not ({who});
