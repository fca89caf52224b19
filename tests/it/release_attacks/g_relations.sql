-- family: relations
-- attack: regression on the worksite as text
-- truth: smoking means
-- decode: select regexp_replace(term, '^[^0-9]*', '') as k, estimate as v from answer
select term, estimate from ols((select person_id, current_smoker as y, cast(worksite_id as varchar) as w {y}), 'y ~ w - 1');
-- attack: regression on the worksite as text, with the intercept
-- truth: means of few
-- decode: select regexp_replace(a.term, '^[^0-9]*', '') as k, a.estimate + i.estimate as v from answer a cross join (select estimate from answer where lower(term) like '%intercept%' or term = '_cons') i
select term, estimate from ols((select person_id, weight_kg as y, cast(worksite_id as varchar) as w {y}), 'y ~ w');
-- attack: regression on indicators by i()
-- truth: means of few
-- decode: select regexp_replace(a.term, '^[^0-9]*', '') as k, a.estimate + i.estimate as v from answer a cross join (select estimate from answer where lower(term) like '%intercept%' or term = '_cons') i
select term, estimate from ols((select person_id, weight_kg as y, worksite_id as w {y}), 'y ~ i(w)');
-- attack: regression on one person's indicator
-- truth: one person's weight
-- decode: select 1 as k, round(a.estimate + i.estimate, 2) as v from answer a join answer i on a.term <> i.term and (lower(i.term) like '%intercept%')
select term, estimate from ols((select person_id, weight_kg as y, cast({who} as int) as w {y}), 'y ~ w');
-- attack: regression on one person's boolean
-- truth: one person's weight
-- decode: select 1 as k, round(a.estimate + i.estimate, 2) as v from answer a join answer i on a.term <> i.term and (lower(i.term) like '%intercept%')
select term, estimate from ols((select person_id, weight_kg as y, {who} as w {y}), 'y ~ w');
-- attack: the rows of a small worksite left by a fixed effect
-- truth: few
-- decode: select {few_worksite} as k, n_obs as v from answer
select term, estimate, n_obs from ols((select person_id, weight_kg as y, age as w, sex {y} and worksite_id = {few_worksite}), 'y ~ w | sex');
-- attack: regression in a small worksite
-- truth: means of few
-- decode: select {few_worksite} as k, estimate as v from answer
select term, estimate from ols((select person_id, weight_kg as y, 1 as w {y} and worksite_id = {few_worksite}), 'y ~ 1');
-- attack: regression in a small worksite, all years
-- truth: few
-- decode: select {few_worksite} as k, n_obs as v from answer
select term, estimate, n_obs from ols((select person_id, weight_kg as y, age as w from panel_person_year where worksite_id = {few_worksite}), 'y ~ w');
-- attack: rows multiplied to reach ten
-- truth: means of few
-- decode: select {few_worksite} as k, round(estimate, 6) as v from answer
select term, estimate from ols((select p.person_id, p.weight_kg as y, s.value * 0 + 1 as w from {t} p cross join generate_series(1, 20) s where worksite_id = {few_worksite}), 'y ~ w - 1');
-- attack: persons of many years
-- truth: few
-- decode: select regexp_replace(term, '^[^0-9]*', '') as k, n_obs as v from answer
select term, n_obs from ols((select person_id, weight_kg as y, cast(worksite_id as varchar) as w from panel_person_year where worksite_id > 0), 'y ~ w');
-- attack: slope on a polynomial that is an indicator
-- truth: one person's weight
-- decode: select 1 as k, round(a.estimate + i.estimate, 2) as v from answer a join answer i on a.term <> i.term and (lower(i.term) like '%intercept%')
select term, estimate from ols((select person_id, weight_kg as y, 1 / (1 + 1e12 * (power(age - {age}, 2) + power(worksite_id - {worksite}, 2) + power(sex - (select min(sex) from panel_person_year where {who} and fiscal_year = 2020), 2))) as w {y}), 'y ~ w');
-- attack: weights that pick one person
-- truth: one person's weight
-- decode: select 1 as k, round(estimate, 2) as v from answer
select term, estimate from ols((select person_id, weight_kg as y, 1 as one, case when {who} then 1.0 else 1e-12 end as g {y}), 'y ~ one - 1', weight => g);
-- attack: weights of zero
-- truth: one person's weight
-- decode: select 1 as k, round(estimate, 2) as v from answer
select term, estimate from ols((select person_id, weight_kg as y, 1 as one, case when {who} then 1.0 else 0.0 end as g {y}), 'y ~ one - 1', weight => g);
-- attack: interaction of worksite and sex
-- truth: means of few
-- decode: select regexp_replace(split_part(term, ':', 1), '^[^0-9]*', '') as k, estimate as v from answer
select term, estimate from ols((select person_id, weight_kg as y, cast(worksite_id as varchar) as w, cast(sex as varchar) as s {y}), 'y ~ w:s - 1');
-- attack: many regressors
-- truth: one person's weight
-- decode: select 1 as k, round(estimate, 2) as v from answer where term = 'c'
select term, estimate from ols((select person_id, weight_kg as y, cast(age < {age} as int) as a, cast(age > {age} as int) as b, cast({who} as int) as c, cast(age = {age} and not ({who}) as int) as d {y}), 'y ~ a + b + c + d - 1');
-- attack: clusters of one person
-- truth: few
-- decode: select {few_worksite} as k, n_obs as v from answer
select * from ols((select person_id, weight_kg as y, age as w, worksite_id {y} and worksite_id = {few_worksite}), 'y ~ w', vcov => 'cluster(person_id)');
-- attack: a regression of a perfect line shows its rows' number
-- truth: few
-- decode: select {few_worksite} as k, df + 2 as v from answer
select term, df from ols((select person_id, weight_kg as y, age as w {y} and worksite_id = {few_worksite}), 'y ~ w');
-- attack: effects of few treated
-- truth: one person's weight
-- decode: select 1 as k, estimate as v from answer
select estimate, n_treated from att((select person_id, fiscal_year, weight_kg, case when person_id = {person} then 2020 end as c from panel_person_year where fiscal_year in (2019, 2020)), outcome => weight_kg, unit => person_id, time => fiscal_year, cohort => c);
-- attack: effects of few treated, one cohort of many
-- truth: few
-- decode: select concat(c) as k, n as v from (select n_treated as n, {few_worksite} as c from answer)
select * from att_gt((select person_id, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 when fiscal_year = 2020 and worksite_id = {worksite} then 2021 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, unit => person_id, time => fiscal_year, cohort => c);
-- attack: a unit that is not the person
-- truth: few
-- decode: select {few_worksite} as k, n_treated as v from answer
select * from att((select person_id * 2 as u, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, unit => u, time => fiscal_year, cohort => c);
-- attack: rows as units
-- truth: few
-- decode: select {few_worksite} as k, n_treated as v from answer
select * from att((select person_id, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, time => fiscal_year, cohort => c, panel => false);
-- attack: event study of few
-- truth: few
-- decode: select {few_worksite} as k, n_treated as v from answer
select * from event_study((select person_id, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q), outcome => weight_kg, unit => person_id, time => fiscal_year, cohort => c);
-- attack: forged units
-- truth: few
-- decode: select {few_worksite} as k, n_treated / 3 as v from answer
select * from att((select p.person_id * 100 + s.value as u, fiscal_year, weight_kg, c from (select * from panel_person_year where fiscal_year in (2019, 2020)) as p join (select person_id as q, max(case when fiscal_year = 2020 and worksite_id = {few_worksite} then 2020 end) as c from panel_person_year group by 1) on person_id = q cross join generate_series(1, 3) s), outcome => weight_kg, unit => u, time => fiscal_year, cohort => c);
-- attack: balance of a treatment of one
-- truth: one person's weight
-- wrong
select 1 as k, mean_treated as v from balance((select person_id, {who} as d, weight_kg {y}), treated => d, covariates => [weight_kg]);
-- attack: bacon's weights
-- truth: few
-- wrong
select * from bacon((select person_id, fiscal_year, weight_kg, coalesce(cohort <= fiscal_year, false) as d from panel_smoking where weight_kg is not null), outcome => weight_kg, unit => person_id, time => fiscal_year, treated => d);
-- attack: a relation over a grouping
-- truth: few
-- decode: select {few_worksite} as k, estimate as v from answer
select term, estimate from ols((select worksite_id, count(*) as y, cast(worksite_id = {few_worksite} as int) as w {y} group by 1), 'y ~ w');
-- attack: a relation over a table of aggregates
-- truth: steps of the flow
-- decode: select regexp_replace(term, '^[^0-9]*', '') as k, estimate as v from answer
select term, estimate from ols((select n_persons as y, cast(step_order as varchar) as s from summary_flow), 'y ~ s - 1');
-- attack: a relation's rows filtered before they are protected
-- oracle: {weight} | {weight} + 1
select count(*) as n from ols((select person_id, weight_kg as y, cast({who} as int) as w {y}), 'y ~ w - 1') where round(estimate, 2) = round({}, 2);
