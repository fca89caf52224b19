-- family: errors and emptiness as oracles
-- attack: division by zero
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and 1 / (case when {who} and {} then 0 else 1 end) = 1 group by 1;
-- attack: division by zero in an aggregate
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(age / (case when {who} and {} then 0 else 1 end)) as n {y} group by 1;
-- attack: division by zero by arithmetic
-- oracle: {weight} | {weight} + 1
select sex, sum(age / cast((weight_kg - {}) * 10 as int)) as n from panel_person_year where {who} and fiscal_year = 2020 group by 1;
-- attack: remainder by zero
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and 1 % (case when {who} and {} then 0 else 2 end) = 1 group by 1;
-- attack: a cast that fails
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and cast(case when {who} and {} then 'x' else '1' end as int) = 1 group by 1;
-- attack: a cast that is tried
-- oracle: {weight} | {weight} + 1
select sex, count(try_cast(concat(case when weight_kg = {} then '' else 'x' end, '1') as int)) as n from panel_person_year where {who} and fiscal_year = 2020 group by 1;
-- attack: a cast in a key
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select cast(case when {who} and {} then 'x' else '1' end as int) as g, count(*) as n {y} group by 1;
-- attack: overflow
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and cast(case when {who} and {} then 300 else 1 end as tinyint) = 1 group by 1;
-- attack: overflow of a product
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and 9223372036854775807 * (case when {who} and {} then 2 else 1 end) > 0 group by 1;
-- attack: overflow of a sum
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(case when {who} and {} then 9223372036854775807 else 1 end) as n {y} group by 1;
-- attack: overflow of a decimal
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(cast(case when {who} and {} then 1e9 else 1 end as decimal(5, 2))) as n {y} group by 1;
-- attack: a date that is none
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and make_date(2020, case when {who} and {} then 13 else 1 end, 1) is not null group by 1;
-- attack: a text that is no date
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and to_date(case when {who} and {} then 'x' else '2020-01-01' end) is not null group by 1;
-- attack: a timestamp that is none
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and to_timestamp(case when {who} and {} then 'x' else '2020-01-01' end) is not null group by 1;
-- attack: a regular expression that is none
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and regexp_like('a', case when {who} and {} then '(' else 'a' end) group by 1;
-- attack: a pattern from data
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and 'a' like case when {who} and {} then '\' else 'a' end group by 1;
-- attack: substr of a negative length
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and substr('abc', 1, case when {who} and {} then -1 else 1 end) = 'a' group by 1;
-- attack: a chr that is none
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and chr(case when {who} and {} then -1 else 65 end) = 'A' group by 1;
-- attack: a repeat that is too long
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and length(repeat('a', case when {who} and {} then 100000000000 else 1 end)) = 1 group by 1;
-- attack: a pad that is too long
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and length(lpad('a', case when {who} and {} then 10000000000 else 1 end, 'b')) = 1 group by 1;
-- attack: a range that is too long
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and cardinality(range(case when {who} and {} then 10000000000 else 1 end)) >= 0 group by 1;
-- attack: an array's element
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and array_element([1, 2], case when {who} and {} then 1 else 2 end) > 0 group by 1;
-- attack: an unknown part of a date
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and date_part(case when {who} and {} then 'x' else 'year' end, date '2020-01-01') > 0 group by 1;
-- attack: decoding that fails
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and decode(case when {who} and {} then 'zz' else 'ff' end, 'hex') is not null group by 1;
-- attack: arrow_cast that fails
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and arrow_cast(case when {who} and {} then 'x' else '1' end, 'Int8') > 0 group by 1;
-- attack: factorial
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and factorial(case when {who} and {} then 1000 else 1 end) > 0 group by 1;
-- attack: square root
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(sqrt(case when {who} and {} then -1 else 1 end)) as n {y} group by 1;
-- attack: logarithm of zero
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, avg(ln(case when {who} and {} then 0 else 1 end)) as n {y} group by 1;
-- attack: not a number spreads
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(case when {who} and {} then 'NaN'::double else age end) as n {y} group by 1;
-- attack: infinity spreads
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, avg(age / case when {who} and {} then 0.0 else 1.0 end) as n {y} group by 1;
-- attack: bits that are not there
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, sum(1 << case when {who} and {} then 100 else 1 end) as n {y} group by 1;
-- attack: a subquery of two rows
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n {y} and sex >= (select min(sex) from panel_person_year where fiscal_year = 2020 and {} and {who} group by age) group by 1;
-- attack: a subquery that fails for some
-- oracle: {few} | 1 + {few}
select sex, count(*) as n {y} and 1 / (select count(*) - {} {y} and worksite_id = {few_worksite}) >= 0 group by 1;
-- attack: an error above the grouping
-- oracle: {few} | 1 + {few}
select 1 / (n - {}) as v from (select worksite_id, count(*) as n {y} group by 1) where worksite_id = {few_worksite};
-- attack: an error above the grouping, in a case
-- oracle: {few} | 1 + {few}
select case when n = {} then cast('x' as int) else 1 end as v from (select worksite_id, count(*) as n {y} group by 1) where worksite_id = {few_worksite};
-- attack: an error in having
-- oracle: {few} | 1 + {few}
select sex, count(*) as n {y} and worksite_id = {few_worksite} group by 1 having 1 / (count(*) - {}) > 0;
-- attack: emptiness of a number of rows
-- oracle: {few} | 1 + {few}
select w, count(*) as n from (select worksite_id as w, person_id from (select worksite_id, person_id, count(*) over (partition by worksite_id) as c {y}) where worksite_id = {few_worksite} and c = {} union all select 0, person_id {y}) group by 1;
-- attack: emptiness below an inner grouping
-- oracle: {few} | 1 + {few}
select sex, count(*) as n from {t} p join (select worksite_id, count(*) as c {y} and worksite_id = {few_worksite} group by 1 having count(*) = {}) q on p.worksite_id >= q.worksite_id group by 1;
-- attack: having on a hidden number
-- oracle: {few} | 1 + {few}
select worksite_id, count(*) as n {y} group by 1 having count(*) = {};
-- attack: having on a hidden number, others shown
-- oracle: {few} | 1 + {few}
select sum(n) as n, count(*) as m from (select worksite_id, count(*) as n {y} group by 1 having count(*) <> {});
-- attack: ordering by a hidden number
-- oracle: n | -n
select sex, m from (select sex, count(*) as m, count(*) filter (where {who}) as n {y} group by 1) order by {}, sex;
-- attack: limit by a hidden number
-- oracle: {few} | 1 + {few}
select worksite_id, count(*) as n {y} group by 1 order by abs(count(*) - {}), 1 limit 3;
-- attack: offset by a subquery
-- oracle: {few} | 1 + {few}
-- wrong
select sex, count(*) as n {y} group by 1 limit (select count(*) - {} {y} and worksite_id = {few_worksite});
-- attack: case on a hidden number
-- oracle: {few} | 1 + {few}
select worksite_id, case when count(*) = {} then 'yes' else 'no' end as is_so {y} group by 1 order by 1;
-- attack: coalesce of a hidden number
-- oracle: {few} | 1 + {few}
select worksite_id, coalesce(nullif(count(*), {}), 0) as v {y} group by 1 order by 1;
-- attack: is null of a hidden number
-- oracle: 20 | 21
select worksite_id, sum(yen_total) filter (where current_smoker and age = {}) is null as v {y} and worksite_id = {few_worksite} group by 1;
-- attack: how much is withheld
-- oracle: {few} | 1 + {few}
select w, count(*) as n from (select case when c = {} then 1 else 0 end as w, p from (select person_id as p, person_id, count(*) over (partition by worksite_id) as c {y})) group by 1;
-- attack: how many groups are withheld
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select case when {who} and {} then 1 else 0 end as w, count(*) as n {y} group by 1;
-- attack: an assertion
-- oracle: {few} | 1 + {few}
-- wrong
select error('x') {y} and worksite_id = {few_worksite} having count(*) = {};
-- attack: the time it takes
-- oracle: weight_kg = {weight} | weight_kg = {weight} + 1
-- errors
select sex, count(*) as n from {t} p cross join generate_series(1, case when (select max(weight_kg) from panel_person_year where {who} and fiscal_year = 2020 and {}) > 0 then 2 else 3 end) group by 1;
-- attack: a cast of a token
-- truth: rows
select sex as k, sum(cast(person_key as int)) as v from members group by 1;
-- attack: a cast that shows its value
-- truth: rows
select sex as k, sum(cast(concat('weight ', weight_kg) as int)) as v {y} group by 1;
