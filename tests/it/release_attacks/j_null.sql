-- family: behind NULL
-- attack: a mean and a count
-- truth: smokers
select worksite_id as k, count(*) as n, avg(cast(current_smoker as int)) as m, count(*) filter (where current_smoker) as v {y} group by 1;
-- attack: the same in a file
-- truth: smokers
-- local
select worksite_id as k, count(*) as n, avg(cast(current_smoker as int)) as m, count(*) filter (where current_smoker) as v {y} group by 1;
-- attack: sums of decimals
-- truth: smokers
select worksite_id as k, count(*) as n, sum(cast(cast(current_smoker as int) as decimal(9, 2))) as v {y} group by 1;
-- attack: a mean of decimals
-- truth: smoking means
select worksite_id as k, avg(cast(cast(current_smoker as int) as decimal(9, 2))) as v {y} group by 1;
-- attack: small integers
-- truth: smokers
select worksite_id as k, cast(count(*) filter (where current_smoker) as tinyint) as v {y} group by 1;
-- attack: texts as keys
-- truth: few
select cast(worksite_id as varchar) as k, count(*) as v {y} group by 1;
-- attack: long texts as keys
-- truth: few
select concat('the worksite with the number ', worksite_id) as k, count(*) as v {y} group by 1;
-- attack: long texts as views
-- truth: few
select arrow_cast(concat('the worksite with the number ', worksite_id), 'Utf8View') as k, count(*) as v {y} group by 1;
-- attack: dictionaries as keys
-- truth: few
select arrow_cast(concat('the worksite with the number ', worksite_id), 'Dictionary(Int32, Utf8)') as k, count(*) as v {y} group by 1;
-- attack: large texts as keys
-- truth: few
select arrow_cast(concat('the worksite with the number ', worksite_id), 'LargeUtf8') as k, count(*) as v {y} group by 1;
-- attack: bytes as keys
-- truth: few
select arrow_cast(concat('the worksite with the number ', worksite_id), 'Binary') as k, count(*) as v {y} group by 1;
-- attack: lists as keys
-- truth: few
select [worksite_id, worksite_id] as k, count(*) as v {y} group by 1;
-- attack: structures as keys
-- truth: few
select struct(worksite_id, sex) as k, count(*) as v {y} group by 1;
-- attack: named structures as keys
-- truth: few
select named_struct('a', worksite_id) as k, count(*) as v {y} group by 1;
-- attack: dates as keys
-- truth: few
select cast(date '2000-01-01' + worksite_id as date) as k, count(*) as v {y} group by 1;
-- attack: timestamps as keys
-- truth: few
select cast(date '2000-01-01' + worksite_id as timestamp) as k, count(*) as v {y} group by 1;
-- attack: booleans as keys
-- truth: few
select worksite_id = {few_worksite} as k, count(*) as v {y} group by 1;
-- attack: a dictionary in a file
-- truth: few
-- local
select arrow_cast(concat('the worksite with the number ', worksite_id), 'Dictionary(Int32, Utf8)') as k, count(*) as v {y} group by 1;
-- attack: a view in a file
-- truth: few
-- local
select arrow_cast(concat('the worksite with the number ', worksite_id), 'Utf8View') as k, count(*) as v {y} group by 1;
-- attack: computed from what is hidden
-- truth: smokers
select k, s + 0 as v from (select worksite_id as k, count(*) filter (where current_smoker) as s {y} group by 1);
-- attack: as text
-- truth: smokers
-- decode: select k, cast(v as double) as v from answer
select k, cast(s as varchar) as v from (select worksite_id as k, count(*) filter (where current_smoker) as s {y} group by 1);
-- attack: coalesced
-- truth: smokers
select k, coalesce(s, 0) as v from (select worksite_id as k, count(*) filter (where current_smoker) as s {y} group by 1);
-- attack: gathered in a list
-- truth: smokers
-- decode: select 1 as k, 0 as v from answer
select array_agg(s) as s from (select worksite_id as k, count(*) filter (where current_smoker) as s {y} group by 1);
-- attack: a structure of what is hidden
-- truth: smokers
-- decode: select 1 as k, 0 as v from answer
select struct(k, s) as s from (select worksite_id as k, count(*) filter (where current_smoker) as s {y} group by 1);
-- attack: withheld effects
-- truth: few
-- decode: select cast(n_treated as varchar) as k, estimate as v from answer
select * from att((select person_id, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, unit => person_id, time => fiscal_year, cohort => c);
-- attack: withheld effects in a file
-- truth: few
-- local
-- decode: select cast(n_treated as varchar) as k, estimate as v from answer
select * from att_gt((select person_id, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, unit => person_id, time => fiscal_year, cohort => c);
-- attack: withheld coefficients
-- truth: few
-- decode: select term as k, estimate as v from answer
select * from ols((select person_id, weight_kg, age {y} and worksite_id = {few_worksite}), 'weight_kg ~ age');
-- attack: withheld effects of a table
-- truth: few
-- decode: select indicator as k, estimate as v from answer
select * from evaluation_estimates_smoking;
-- attack: withheld effects of the summary
-- truth: few
-- decode: select estimator as k, estimate as v from answer
select * from effect_summary;
-- attack: ordered
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v {y} group by 1 order by v, k;
-- attack: ordered and cut
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v {y} group by 1 order by v desc nulls first, k limit 5;
-- attack: limited
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v {y} group by 1 limit 5;
-- attack: united
-- truth: smokers
select worksite_id as k, count(*) filter (where current_smoker) as v {y} group by 1 union all select worksite_id, count(*) filter (where current_smoker) {y} group by 1;
