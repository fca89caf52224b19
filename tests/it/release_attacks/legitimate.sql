-- family: legitimate
-- ask: persons by sex
select sex, count(*) as n {y} group by 1;
-- ask: persons by worksite
select worksite_id, count(*) as n {y} group by 1;
-- ask: persons without groups
select count(*) as n from panel_person_year where fiscal_year = 2020;
-- ask: distinct persons by year
select fiscal_year, count(distinct person_id) as persons from panel_person_year group by 1;
-- ask: rows and persons by year
select fiscal_year, count(*) as n, count(distinct person_id) as persons from panel_person_year group by 1;
-- ask: persons by age band and sex
select age_band, sex, count(*) as n {y} group by 1, 2;
-- ask: persons by age band and sex in order
select age_band, sex, count(*) as n {y} group by 1, 2 order by 1, 2;
-- ask: smokers by sex
select sex, count(*) filter (where current_smoker) as smokers, count(*) as n {y} group by 1;
-- ask: smokers by worksite
select worksite_id, count(*) filter (where current_smoker) as smokers, count(*) as n {y} group by 1;
-- ask: smokers by a case
select sex, sum(case when current_smoker then 1 else 0 end) as smokers {y} group by 1;
-- ask: smokers by a case without else
select sex, count(case when current_smoker then 1 end) as smokers {y} group by 1;
-- ask: share of smokers
select sex, avg(cast(current_smoker as int)) as share, count(*) as n {y} group by 1;
-- ask: share of smokers as a double
select fiscal_year, avg(cast(current_smoker as double)) as share, count(distinct person_id) as n from panel_person_year where current_smoker is not null group by 1;
-- ask: share of smokers by a case
select sex, avg(case when current_smoker then 1.0 else 0.0 end) as share {y} group by 1;
-- ask: share of smokers in per cent, rounded
-- post
select sex, round(100.0 * count(*) filter (where current_smoker) / count(*), 1) as percent {y} group by 1;
-- ask: mean weight
select sex, avg(weight_kg) as kg, count(weight_kg) as n {y} group by 1;
-- ask: mean and deviation of weight
select sex, avg(weight_kg) as kg, stddev(weight_kg) as sd, count(weight_kg) as n {y} group by 1;
-- ask: variances
select sex, var_pop(weight_kg) as a, var_samp(bmi) as b {y} group by 1;
-- ask: mean pressure by age band
select age_band, avg(sbp_mmhg) as sbp, avg(dbp_mmhg) as dbp {y} group by 1;
-- ask: mean pressure of smokers
select sex, avg(sbp_mmhg) filter (where current_smoker) as sbp {y} group by 1;
-- ask: mean pressure by a case
select sex, avg(case when current_smoker then sbp_mmhg end) as sbp {y} group by 1;
-- ask: costs by year
select fiscal_year, sum(yen_total) as yen, count(*) as n from panel_person_year where yen_total is not null group by 1;
-- ask: mean costs by sex
select sex, avg(yen_total) as yen from panel_person_year where fiscal_year = 2020 group by 1;
-- ask: costs per person
-- post
select fiscal_year, sum(yen_total) / count(distinct person_id) as yen from panel_person_year group by 1;
-- ask: correlation
select sex, corr(age, sbp_mmhg) as r {y} group by 1;
-- ask: covariance
select sex, covar_samp(age, sbp_mmhg) as c {y} group by 1;
-- ask: slope of a line
select sex, regr_slope(sbp_mmhg, age) as slope, regr_intercept(sbp_mmhg, age) as start {y} group by 1;
-- ask: slope, fit and number
select regr_slope(sbp_mmhg, age) as slope, regr_r2(sbp_mmhg, age) as r2, regr_count(sbp_mmhg, age) as n {y};
-- ask: several risks at once
select sex, avg(cast(risk_obesity as int)) as obesity, avg(cast(risk_blood_pressure as int)) as pressure, count(*) as n from panel_person_year where has_checkup group by 1;
-- ask: checkups taken
select fiscal_year, avg(cast(has_checkup as int)) as share, count(*) as n from panel_person_year group by 1;
-- ask: checkups by sex and year
select fiscal_year, sex, count(*) filter (where has_checkup) as taken, count(*) as n from panel_person_year group by 1, 2;
-- ask: a computed key
select case when age < 40 then 'young' else 'old' end as g, count(*) as n {y} group by 1;
-- ask: a key of arithmetic
select age / 10 * 10 as decade, count(*) as n {y} group by 1;
-- ask: a boolean key
select current_smoker, avg(weight_kg) as kg, count(*) as n {y} group by 1;
-- ask: a key that is null
select employment_type, count(*) as n from panel_person_year where fiscal_year = 2020 group by 1;
-- ask: having
select worksite_id, count(*) as n {y} group by 1 having count(*) >= 20;
-- ask: ordered and limited
select worksite_id, count(*) as n {y} group by 1 order by 2 desc, 1 limit 3;
-- ask: conditions of several kinds
select sex, count(*) as n from panel_person_year where age between 30 and 59 and fiscal_year in (2019, 2020) and insurer_id is not null and not coalesce(is_linked, false) is null group by 1;
-- ask: like
select sex, count(*) as n from panel_person_year where fiscal_year = 2020 and age_band like '4%' group by 1;
-- ask: a common table expression
with adults as (select person_id, sex, weight_kg from panel_person_year where fiscal_year = 2020 and age >= 40)
select sex, avg(weight_kg) as kg, count(*) as n from adults group by 1;
-- ask: a query below with new columns
select g, avg(bmi) as bmi from (select person_id, bmi, case when age >= 50 then 'from 50' else 'below 50' end as g from panel_person_year where fiscal_year = 2020) group by 1;
-- ask: per person first
select years, count(*) as n from (select person_id, count(*) as years from panel_person_year group by person_id) group by 1;
-- ask: per person first, the mean
select avg(yen) as yen, count(*) as n from (select person_id, sum(yen_total) as yen from panel_person_year where yen_total is not null group by person_id);
-- ask: per person first, ever smoked
select sex, avg(cast(ever as int)) as ever, count(*) as n from (select person_id, sex, bool_or(current_smoker) as ever from panel_person_year where current_smoker is not null group by person_id, sex) group by 1;
-- ask: per person distinct
select sex, count(*) as n from (select distinct person_id, sex from panel_person_year) group by 1;
-- ask: members by municipality
select municipality_code, count(distinct person_key) as n from members group by 1;
-- ask: clean members by sex
select sex, count(distinct person_key) as n from clean_members group by 1;
-- ask: claims by kind
select claim_kind, count(*) as n, count(distinct person_key) as persons, sum(yen) as yen from clean_claims group by 1;
-- ask: linked persons
select is_member, is_employee, count(*) as n from link_persons group by 1, 2;
-- ask: persons of two tables by the person
select l.is_employee, avg(p.weight_kg) as kg, count(*) as n from panel_person_year p join link_persons l on p.person_id = l.person_id where p.fiscal_year = 2020 group by 1;
-- ask: a year beside the year before
select a.sex, avg(a.weight_kg - b.weight_kg) as change, count(*) as n from panel_person_year a join panel_person_year b on a.person_id = b.person_id and b.fiscal_year = a.fiscal_year - 1 where a.fiscal_year = 2020 and a.weight_kg is not null and b.weight_kg is not null group by 1;
-- ask: a left join on the person
select p.sex, count(*) as n, count(q.person_id) as both_years from panel_person_year p left join (select person_id from panel_person_year where fiscal_year = 2021) q on p.person_id = q.person_id where p.fiscal_year = 2020 group by 1;
-- ask: persons of a municipality with its name
select m.municipality_code, count(*) as n from panel_person_year p join clean_municipalities m on p.municipality_code = m.municipality_code where p.fiscal_year = 2020 group by 1;
-- ask: persons with any claim in a list of persons
select sex, count(distinct person_key) as n from clean_members where person_key in (select person_key from clean_claims where is_inpatient) group by 1;
-- ask: diagnoses, by the persons of their claims
select substr(d.icd10, 1, 1) as chapter, count(distinct c.person_key) as n from claim_diagnoses d join claims c on d.insurer_id = c.insurer_id and d.claim_id = c.claim_id and d.billed_month = c.billed_month group by 1;
-- ask: drugs, by the persons of their claims
select d.drug_class, count(distinct c.person_key) as n from claim_drugs d join claims c on d.insurer_id = c.insurer_id and d.claim_id = c.claim_id and d.billed_month = c.billed_month group by 1;
-- ask: ratios of two groupings of the same rows
-- post
select sex, n, 1.0 * n / sum(n) over () as share from (select sex, count(*) as n {y} group by 1);
-- ask: ranks of groups
-- post
select worksite_id, n, rank() over (order by n desc) as place from (select worksite_id, count(*) as n {y} group by 1);
-- ask: absence
select sex, avg(absence_days) as days, avg(engagement) as engagement from panel_person_year where fiscal_year = 2020 group by 1;
-- ask: participation
select fiscal_year, count(*) filter (where participated) as n, count(*) as n_all from panel_activity group by 1;
-- ask: the logarithm of costs
select sex, avg(ln(yen_total + 1)) as log_yen from panel_person_year where fiscal_year = 2020 and yen_total >= 0 group by 1;
-- ask: products of two columns
select sex, avg(sbp_mmhg * dbp_mmhg) as product {y} group by 1;
-- ask: zeros for those without
select sex, avg(coalesce(absence_days, 0)) as days from panel_person_year where fiscal_year = 2020 group by 1;
-- ask: effects as they are kept
-- post
select indicator, estimator, estimate, status from evaluation_estimates_smoking order by 1, 2;
-- ask: an effect by relation
-- post
select estimate, std_error, n_treated, status from att((select person_id, fiscal_year, exercise_habit, cohort from panel_activity where relationship = 1 and cluster_worksite_id > 0), outcome => exercise_habit, unit => person_id, time => fiscal_year, cohort => cohort, unbalanced => 'pairs', min_e => 0, max_e => 1);
-- ask: a regression
-- post
select term, estimate, std_error, status from ols((select person_id, sbp_mmhg, age, sex {y}), 'sbp_mmhg ~ age + sex');
-- ask: a regression on a yes and no
-- post
select term, estimate, std_error from ols((select person_id, sbp_mmhg, cast(current_smoker as int) as smoker, age from panel_person_year), 'sbp_mmhg ~ smoker + age', vcov => 'cluster(person_id)');
-- ask: an event study
-- post
select * from event_study((select e.person_id, e.fiscal_year, e.exercise_habit, x.cohort from panel_employees e left join (select person_id, cohort from panel_exposure where field = 'activity') x on e.person_id = x.person_id), outcome => exercise_habit, unit => person_id, time => fiscal_year, cohort => cohort, unbalanced => 'pairs', min_e => -1, max_e => 2);
-- ask: the columns of a table
-- post
describe panel_person_year;
-- ask: the steps of a statement
-- post
explain select sex, count(*) as n {y} group by 1;
-- ask: the tables
-- post
select table_name from information_schema.tables;
-- ask: a case on two columns
select sex, sum(case when age >= 40 and current_smoker then 1 else 0 end) as n {y} group by 1;
-- ask: share of those who do not
select sex, avg(1 - cast(current_smoker as int)) as share {y} group by 1;
-- ask: two risks in WHERE
select sex, count(*) as n, avg(weight_kg) as kg {y} and (bmi >= 25 or sbp_mmhg >= 130) group by 1;
-- ask: a regression with fixed effects of years and persons
-- post
select term, estimate, std_error, status from ols((select person_id, fiscal_year, sbp_mmhg, bmi from panel_person_year), 'sbp_mmhg ~ bmi | person_id + fiscal_year', vcov => 'cluster(person_id)');
-- ask: worksites counted from their groups
-- post
select count(*) as n from (select worksite_id, count(*) as n {y} group by 1);
