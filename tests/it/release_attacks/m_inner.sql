-- family: one person is singled out in an inner query
-- attack: the guess is an inner column
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where not f) as a, count(*) as n from (select *, coalesce({who} and {}, false) as f {y});
-- attack: the guess is a column of a chain
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
with a as (select *, {who} as w {y}), b as (select *, w and {} as f from a), c as (select person_id, current_smoker, f as g from b)
select count(*) filter (where current_smoker) as a, count(*) filter (where current_smoker or g) as b from c;
-- attack: the guess is a number of an inner query
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where f = 0) as a, count(*) as n from (select person_id, case when {who} and {} then 1 else 0 end as f {y});
-- attack: the guess is summed from an inner query
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select sum(f) as a, count(*) as n from (select person_id, case when {who} and {} then 0 else 1 end as f {y});
-- attack: the guess is an inner key
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select f, count(*) as n from (select person_id, case when {who} and {} then 1 else 0 end as f {y}) group by 1;
-- attack: the guess is made of two inner columns
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where not (w and f)) as a, count(*) as n from (select person_id, {who} as w, coalesce({}, false) as f {y});
-- attack: the guess holds for any row of a person
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where not f) as a, count(*) as n from (select person_id, bool_or(coalesce({who} and {}, false)) as f {y} group by 1);
-- attack: the guess is counted per person
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where n_rows = 0) as a, count(*) as n from (select person_id, count(*) filter (where {who} and {}) as n_rows {y} group by 1);
-- attack: the guess is a key counted per person
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select n_rows, count(*) as n from (select person_id, count(*) filter (where {who} and {}) as n_rows {y} group by 1) group by 1;
-- attack: the guess is a key of persons
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select f, count(*) as n from (select person_id, coalesce({who} and {}, false) as f {y} group by 1, 2) group by 1;
-- attack: the guess is a key of distinct rows
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select f, count(*) as n from (select distinct person_id, coalesce({who} and {}, false) as f {y}) group by 1;
-- attack: the guess is on the other side of a join
-- oracle: weight_kg > {weight} - 1 | weight_kg > {weight} + 1
select count(*) filter (where not q.f) as a, count(*) as n from {t} p join (select person_id, coalesce({who} and {}, false) as f {y}) q on p.person_id = q.person_id;
-- attack: the guess is spread over a join
-- oracle: q.weight_kg > {weight} - 1 | q.weight_kg > {weight} + 1
select count(*) filter (where not ({whop} and {})) as a, count(*) as n from {t} p join {t} q on p.person_id = q.person_id;
