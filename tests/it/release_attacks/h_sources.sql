-- family: files and other sources
-- attack: an extract by its path
-- truth: members by municipality
-- local
select municipality_code as k, count(*) as v from 'sample_data/insurer_01139997/members_2016-2024.parquet' group by 1;
-- attack: a file of the lake by its path
-- truth: the largest
-- local
-- wrong
select worksite_id as k, avg(weight_kg) as v from 'lake/panel_person_year' group by 1;
-- attack: the lake's files by a pattern
-- truth: rows
-- local
-- wrong
select worksite_id as k, avg(weight_kg) as v from 'lake/panel_person_year/fiscal_year=2020/' group by 1;
-- attack: rejects
-- truth: rows
-- local
-- wrong
select row_number as k, count(*) as v from rejects_members group by 1;
-- attack: a file under the name of a table
-- truth: rows
-- local
select sex as k, count(*) as v from 'lake/clean_members/*.parquet' as panel_person_year group by 1;
-- attack: an external table
-- truth: rows
-- shape
-- local
-- wrong
create external table x stored as parquet location 'lake/clean_members/';
-- attack: reading with a function
-- truth: rows
-- local
-- wrong
select count(*) as v from read_parquet('lake/clean_members/*.parquet');
-- attack: configuration in a folder
-- truth: rows
-- shape
-- local
-- wrong
select * from 'korabo.toml';
-- attack: copy of rows
-- truth: rows
-- local
copy (select person_id as k, weight_kg as v from panel_person_year) to 'out/x.csv';
-- attack: several statements
-- truth: rows
-- local
-- wrong
select 1; select person_id as k, weight_kg as v from panel_person_year;
-- attack: changing the options
-- truth: rows
-- shape
-- local
-- wrong
set korabo.release = false;
-- attack: a view of rows
-- truth: rows
-- wrong
create view panel as select person_id as k, weight_kg as v from panel_person_year;
-- attack: prepared under another name
-- truth: rows
-- wrong
prepare p as select person_id as k, weight_kg as v from panel_person_year;
-- attack: rows
-- truth: rows
select person_id as k, weight_kg as v from panel_person_year where fiscal_year = 2020;
-- attack: distinct rows
-- truth: rows
select distinct person_id as k, weight_kg as v from panel_person_year where fiscal_year = 2020;
-- attack: rows ordered
-- truth: rows
select person_id as k, weight_kg as v from panel_person_year where fiscal_year = 2020 order by 1 limit 5;
-- attack: rows of a raw table
-- truth: rows
select person_key as k, birth_year_month as v from members;
-- attack: rows of a view
-- truth: rows
select person_key as k, yen as v from clean_claims;
-- attack: deliveries
-- truth: rows
select delivery_id as k, n_rejected as v from deliveries;
-- attack: runs
-- truth: rows
-- shape
select * from runs;
-- attack: results of checks
-- truth: rows
-- shape
-- wrong
select * from check_results;
-- attack: results of data tests
-- truth: rows
-- shape
-- wrong
select * from test_results;
-- attack: sizes of tables
-- truth: rows
-- shape
select * from information_schema.tables;
-- attack: views' texts
-- truth: rows
-- shape
select * from information_schema.views;
-- attack: columns and persons
-- truth: few
select c.column_name as k, count(*) as v from information_schema.columns c cross join (select person_id {y} and worksite_id = {few_worksite}) p group by 1;
-- attack: settings joined with persons
-- truth: few
-- wrong
select c.name as k, count(*) as v from information_schema.df_settings c cross join (select person_id as p {y} and worksite_id = {few_worksite}) p group by 1;
-- attack: explain with numbers
-- truth: few
-- shape
explain select count(*) {y} and worksite_id = {few_worksite};
-- attack: explain analyze
-- truth: few
-- shape
explain analyze select count(*) {y} and worksite_id = {few_worksite};
-- attack: explain verbose
-- truth: few
-- shape
-- local
explain verbose select count(*) {y} and worksite_id = {few_worksite};
-- attack: explain as json
-- truth: few
-- shape
-- local
explain format pgjson select count(*) {y} and worksite_id = {few_worksite};
-- attack: summarize
-- truth: the largest
-- shape
summarize panel_person_year;
-- attack: summarize a query
-- truth: the largest
-- shape
summarize select worksite_id, weight_kg {y};
-- attack: summarize groups
-- truth: few
-- shape
summarize select worksite_id, count(*) as n {y} group by 1;
-- attack: describe
-- truth: few
-- shape
describe select worksite_id, count(*) as n {y} group by 1;
-- attack: explain a fold of a scalar subquery
-- oracle: {weight} | {weight} + 1
explain select count(*) {y} and (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020) = {} and false;
-- attack: estimated rows
-- oracle: {few_worksite} | 0
explain select person_id from panel_person_year where worksite_id = {};
-- attack: linkage quality
-- truth: rows
-- shape
select * from linkage_quality;
-- attack: coverage of claims
-- truth: rows
-- shape
select * from panel_claim_coverage;
-- attack: balance of an evaluation
-- truth: rows
-- shape
select * from effect_balance;
-- attack: worksites' rows
-- truth: rows
-- shape
select * from worksites;
-- attack: worksites counted one by one
-- truth: rows
select worksite_key as k, count(*) as v from worksites group by 1;
