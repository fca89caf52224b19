-- values: the rows that most statements ask about
select
  'from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id > 0' as y,
  '(select * from panel_person_year where fiscal_year = 2020 and current_smoker is not null and worksite_id > 0)' as t;
-- values: one person of a large worksite, whom worksite, age and sex tell from all others
select person_id as person, concat('worksite_id = ', worksite_id, ' and age = ', age, ' and sex = ', sex) as who,
  weight_kg as weight, cast(yen_total as bigint) as yen, worksite_id as worksite, age, sex,
  concat('p.worksite_id = ', worksite_id, ' and p.age = ', age, ' and p.sex = ', sex) as whop,
  concat('x.worksite_id = ', worksite_id, ' and x.age = ', age, ' and x.sex = ', sex) as whox,
  concat('p.worksite_id = ', worksite_id, ' and p.age = ', age, ' and p.sex = ', sex, ' and p.fiscal_year = 2020') as who2020
from panel_person_year
join (select worksite_id as w, age as a, sex as s, count(*) as n_like from panel_person_year
      where fiscal_year = 2020 group by 1, 2, 3)
  on worksite_id = w and age = a and sex = s
join (select worksite_id as w2, count(distinct person_id) as n_all {y} group by 1) on worksite_id = w2
where fiscal_year = 2020 and current_smoker and worksite_id > 0 and weight_kg is not null and yen_total > 1000
  and n_like = 1 and n_all >= 25
order by n_all desc, person_id limit 1;
-- values: a worksite of few
select worksite_id as few_worksite, count(distinct person_id) as few
{y} group by 1 having count(distinct person_id) between 3 and 6 order by 2, 1 limit 1;
-- values: an amount that one person is above
select cast(max(yen_total) as bigint) + 1000 as far {y} and yen_total < (select max(yen_total) {y});
-- values: a worksite where few smoke
select worksite_id as smoking_worksite {y}
group by 1 having count(*) >= 20 and count(*) filter (where current_smoker) between 3 and 9 order by count(*) desc, 1 limit 1;
-- truth: one person far above
select 1 as k, max(yen_total) as v {y};
-- truth: of the age
select worksite_id as k, count(*) filter (where age = {age}) as v {y}
group by 1 having count(*) >= 20 and count(*) filter (where age = {age}) between 1 and 9;
-- truth: one person's weight, in steps of five
select 1 as k, ceil(cast({weight} as double) / 5) * 5 as v;
-- truth: smokers with a year before
select worksite_id as k, count(*) filter (where current_smoker) as v {y} and worksite_id = {smoking_worksite}
  and person_id in (select person_id from panel_person_year where fiscal_year = 2019) group by 1;
-- truth: few
select worksite_id as k, count(distinct person_id) as v {y}
group by 1 having count(distinct person_id) between 1 and 9;
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v {y}
group by 1 having count(*) >= 10 and count(*) filter (where current_smoker) between 1 and 9;
-- truth: smoking means
select worksite_id as k, avg(cast(current_smoker as int)) as v {y}
group by 1 having count(*) >= 10 and count(*) filter (where current_smoker) between 1 and 9;
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v {y}
group by 1 having count(distinct person_id) between 1 and 9;
-- truth: the largest
select worksite_id as k, max(weight_kg) as v {y} group by 1;
-- truth: the smallest
select worksite_id as k, min(weight_kg) as v {y} group by 1;
-- truth: the middle
select worksite_id as k, median(weight_kg) as v {y} group by 1;
-- truth: the largest claims
select worksite_id as k, max(yen_total) as v {y} group by 1;
-- truth: one person's weight
select 1 as k, {weight} as v;
-- truth: one person's claims
select 1 as k, {yen} as v;
-- truth: one person's age
select 1 as k, {age} as v;
-- truth: one person smokes
select 1 as k, 1 as v;
-- truth: rows
select person_id as k, weight_kg as v from panel_person_year where fiscal_year = 2020 and weight_kg is not null;
-- truth: rows of years
select concat(person_id, '-', fiscal_year) as k, weight_kg as v from panel_person_year where weight_kg is not null;
-- truth: lines of diagnoses of few persons
select concat(substr(icd10, 1, 3), d.insurer_id, d.billed_month / 100, is_main, is_suspected) as k, count(*) as v
from claim_diagnoses d join claims c on c.insurer_id = d.insurer_id and c.claim_id = d.claim_id
  and c.billed_month = d.billed_month
group by 1 having count(*) >= 10 and count(distinct person_key) < 10;
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', d.insurer_id, '-', d.billed_month / 100) as k, count(*) as v
from claim_drugs d join claims c on c.insurer_id = d.insurer_id and c.claim_id = d.claim_id
  and c.billed_month = d.billed_month
group by 1 having count(*) >= 10 and count(distinct person_key) < 10;
-- truth: members by municipality
select municipality_code as k, count(distinct person_key) as v from members
group by 1 having count(distinct person_key) between 1 and 9;
-- truth: steps of the flow
select step_order as k, n_persons as v from summary_flow;
-- truth: changed
select k, count(*) as v from (select worksite_id as k, person_id from panel_person_year
  where current_smoker is not null and worksite_id > 0 group by 1, 2 having bool_or(current_smoker) and bool_or(not current_smoker))
group by 1 having count(*) between 1 and 9 and k in (select worksite_id from panel_person_year
  where current_smoker is not null group by 1 having count(distinct person_id) >= 20);
-- truth: of both years
select k, count(*) as v from (select worksite_id as k, person_id from panel_person_year
  where current_smoker is not null and worksite_id > 0 and fiscal_year in (2016, 2020) group by 1, 2 having count(*) = 2)
group by 1 having count(*) between 1 and 9 and k in (select worksite_id from panel_person_year
  where current_smoker is not null and fiscal_year in (2016, 2020) group by 1 having count(distinct person_id) >= 20);
-- truth: households of the old
select k, count(*) as v from (select municipality_code as k, household_id, count(distinct person_id) as n from panel_person_year
  where fiscal_year = 2020 and household_id is not null group by 1, 2 having min(age) >= 55)
group by 1 having sum(n) between 1 and 9 and k in (select municipality_code from panel_person_year
  where fiscal_year = 2020 group by 1 having count(distinct person_id) >= 40);
-- truth: few with hospital stays
select worksite_id as k, count(*) filter (where yen_inpatient > 0) as v {y}
group by 1 having count(*) >= 10 and count(*) filter (where yen_inpatient > 0) between 1 and 9;
-- truth: costs of few with hospital stays
select worksite_id as k, sum(yen_inpatient) as v {y}
group by 1 having count(*) >= 10 and count(*) filter (where yen_inpatient > 0) between 1 and 9;
-- truth: few without absence days
select worksite_id as k, count(*) - count(absence_days) as v {y}
group by 1 having count(*) >= 10 and count(*) - count(absence_days) between 1 and 9;
-- truth: few women who smoke
select worksite_id as k, count(*) filter (where sex = 2 and current_smoker) as v {y}
group by 1 having count(*) >= 10 and count(*) filter (where sex = 2 and current_smoker) between 1 and 9;
-- truth: weights of few of an age
select worksite_id as k, sum(weight_kg) filter (where age = {age}) as v {y}
group by 1 having count(*) >= 20 and count(*) filter (where age = {age} and weight_kg is not null) between 1 and 9;
-- truth: few with stays in both years
select age_band as k, count(*) filter (where yen_inpatient > 0) - count(distinct person_id) filter (where yen_inpatient > 0) as v
from panel_person_year where fiscal_year in (2019, 2020) and worksite_id > 0
group by 1 having count(*) filter (where yen_inpatient > 0) - count(distinct person_id) filter (where yen_inpatient > 0) between 1 and 9;
-- truth: a smoker more
select 1 as k, 1 as v;
-- truth: few of both years
select worksite_id as k, count(*) - count(distinct person_id) as v from panel_person_year where fiscal_year in (2016, 2020)
group by 1 having count(*) - count(distinct person_id) between 1 and 9;
