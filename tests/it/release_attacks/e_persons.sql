-- family: persons by name and lineage
-- attack: a worksite named like the person
-- truth: smokers
select k, count(*) as v from (select worksite_id as k, age as person_id, current_smoker {y}) where current_smoker group by 1;
-- attack: the person column is renamed away and another takes its place
-- truth: few
select worksite_id as k, count(*) as v from (select person_id as p, person_id * 0 + fiscal_year as person_id, worksite_id {y}) group by 1;
-- attack: a token next to the person
-- truth: members by municipality
select municipality_code as k, count(*) as v from (select municipality_code, person_key as p, concat(person_key, enrolled_from) as person_key from members) group by 1;
-- attack: delivered rows as persons
-- truth: members by municipality
select municipality_code as k, count(distinct person_key) as v from members group by 1;
-- attack: grouped by a computed person
-- truth: rows
-- decode: select k / 2 as k, v from answer
select person_id * 2 as k, avg(weight_kg) as v from (select p.person_id, p.weight_kg from {t} p cross join generate_series(1, 20) s) group by 1;
-- attack: grouped by a renamed person
-- truth: rows
select p as k, avg(weight_kg) as v from (select person_id as p, weight_kg, person_id + s.value as person_id from {t} q cross join generate_series(1, 20) s) group by 1;
-- attack: grouped by the person in quotes
-- truth: rows
select "person_id" as k, avg("weight_kg") as v {y} group by "person_id";
-- attack: capital letters
-- truth: rows
-- wrong
select "Person_ID" as k, avg(weight_kg) as v from (select person_id as "Person_ID", weight_kg {y}) group by 1;
-- attack: a name with a dot
-- truth: rows
select "a.person_id" as k, avg(weight_kg) as v from (select person_id as "a.person_id", weight_kg, person_id {y}) group by 1;
-- attack: the household instead of the person
-- truth: rows
-- decode: select 1 as k, v from answer where n = 1
select household_id as k, avg(weight_kg) as v, count(*) as n {y} group by 1;
-- attack: the household renamed
-- truth: rows
select h as k, avg(weight_kg) as v from (select household_id as h, person_id, weight_kg {y}) group by 1;
-- attack: a property that is a person
-- truth: rows
select weight_kg as g, avg(person_id) as k, avg(weight_kg) as v {y} group by 1;
-- attack: the person in an aggregate
-- truth: rows
-- decode: select k, w as v from answer
select worksite_id, sum(person_id) as k, sum(weight_kg) as w {y} group by 1;
-- attack: a person's number as a mean
-- truth: rows
select avg(person_id) as k, avg(weight_kg) as v {y} group by worksite_id, age, sex;
-- attack: persons counted by employee key
-- truth: few
select worksite_id as k, count(*) as v from (select worksite_id, person_id as employee_key {y}) group by 1;
-- attack: two person columns
-- truth: means of few
select worksite_id as k, avg(weight_kg) as v from (select worksite_id, weight_kg, age as person_key, fiscal_year as employee_key, person_id {y}) group by 1;
-- attack: the person is a null
-- truth: few
select worksite_id as k, count(*) as v from (select worksite_id, nullif(person_id, person_id) as person_id {y}) group by 1;
-- attack: the person is a constant
-- truth: few
select worksite_id as k, count(*) as v from (select worksite_id, 1 as person_id {y}) group by 1;
-- attack: no person column, only the household
-- truth: few
select worksite_id as k, count(*) as v from (select worksite_id, household_id {y}) group by 1;
-- attack: no person column at all
-- truth: few
select worksite_id as k, count(*) as v from (select worksite_id {y}) group by 1;
-- attack: a join multiplies a person's rows
-- truth: few
-- decode: select k, v / 12 as v from answer
select p.worksite_id as k, count(*) as v from {t} p cross join generate_series(1, 12) s group by 1;
-- attack: worksites joined, with their own numbers as persons
-- truth: few
select w.worksite_id as k, count(*) as v from (select worksite_id, used_from as person_id from link_worksites) w join {t} p on w.worksite_id = p.worksite_id group by 1;
-- attack: an aggregate table joined
-- truth: few
select p.worksite_id as k, count(*) as v from {t} p cross join summary_flow f group by 1;
-- attack: an aggregate table's protected numbers as a key
-- truth: steps of the flow
-- decode: select step_order as k, n_persons as v from answer
select f.step_order, f.n_persons, count(*) as n from {t} p cross join summary_flow f group by 1, 2;
-- attack: an aggregate table's protected numbers in a mean
-- truth: steps of the flow
select f.step_order as k, avg(f.n_persons) as v from {t} p cross join summary_flow f group by 1;
-- attack: counts of an aggregate table
-- truth: steps of the flow
select step_order as k, n_persons as v from summary_flow;
-- attack: counts of an aggregate table, grouped
-- truth: steps of the flow
select step_order as k, sum(n_persons) as v from summary_flow group by 1;
-- attack: counts of an aggregate table, under another name
-- truth: steps of the flow
select step_order as k, n as v from (select step_order, n_persons as n from summary_flow);
-- family: claims
-- attack: lines of diagnoses counted as persons
-- truth: lines of diagnoses of few persons
select concat(substr(icd10, 1, 3), insurer_id, billed_month / 100, is_main, is_suspected) as k, count(*) as v from claim_diagnoses group by 1;
-- attack: claims counted as persons
-- truth: lines of diagnoses of few persons
-- decode: select k, n as v from answer
select concat(substr(icd10, 1, 3), insurer_id, billed_month / 100, is_main, is_suspected) as k, count(distinct claim_id) as c, count(*) as n from claim_diagnoses group by 1;
-- attack: claims forged as persons
-- truth: lines of diagnoses of few persons
select concat(substr(icd10, 1, 3), insurer_id, billed_month / 100, is_main, is_suspected) as k, count(*) as v from (select *, claim_id as person_id from claim_diagnoses) group by 1;
-- attack: lines of drugs
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', insurer_id, '-', billed_month / 100) as k, count(*) as v from claim_drugs group by 1;
-- attack: lines of drugs, claims as persons
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', insurer_id, '-', billed_month / 100) as k, count(distinct claim_id) as v from claim_drugs group by 1;
-- attack: means of drugs
-- truth: lines of drugs of few persons
-- decode: select k, a / b as v from answer
select concat(drug_class, '-', days_supplied, '-', insurer_id, '-', billed_month / 100) as k, sum(days_supplied) as a, avg(days_supplied) as b from claim_drugs group by 1;
-- attack: claims joined on the insurer alone
-- truth: lines of diagnoses of few persons
select concat(substr(icd10, 1, 3), d.insurer_id, d.billed_month / 100, is_main, is_suspected) as k, count(distinct d.claim_id) as v, count(distinct c.person_key) as n from claim_diagnoses d join claims c on c.insurer_id = d.insurer_id and c.billed_month = d.billed_month group by 1;
-- attack: claims joined as they should be
-- truth: lines of diagnoses of few persons
select concat(substr(icd10, 1, 3), d.insurer_id, d.billed_month / 100, is_main, is_suspected) as k, count(*) as v from claim_diagnoses d join claims c on c.insurer_id = d.insurer_id and c.claim_id = d.claim_id and c.billed_month = d.billed_month group by 1;
-- attack: drugs joined as they should be
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', d.insurer_id, '-', d.billed_month / 100) as k, count(*) as v from claim_drugs d join claims c on c.insurer_id = d.insurer_id and c.claim_id = d.claim_id and c.billed_month = d.billed_month group by 1;
-- attack: two tables of records joined by the claim
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', d.insurer_id, '-', d.billed_month / 100) as k, count(*) as v from claim_drugs d join claim_diagnoses c on c.insurer_id = d.insurer_id and c.claim_id = d.claim_id and c.billed_month = d.billed_month group by 1;
-- attack: a record joined to a person by a worksite
-- truth: lines of drugs of few persons
select concat(drug_class, '-', days_supplied, '-', d.insurer_id, '-', d.billed_month / 100) as k, count(*) as v from claim_drugs d join panel_person_year c on c.insurer_id = d.insurer_id group by 1;
-- attack: a claim as a group
-- truth: the largest claims
select claim_id as k, sum(yen) as v from claims group by 1;
-- attack: a claim as a group, with its mean
-- truth: rows
select claim_id as k, count(*) as n, avg(points) as v from clean_claims group by 1;
