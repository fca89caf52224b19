-- One row per worksite of an evaluation that can still be told when to start: it has persons in the latest year, and none was exposed yet.
-- `korabo power NAME --design` draws among these. n_persons is of the latest year, baseline_level the mean of the first primary
-- indicator over the latest three. size_band, industry_code and municipality_code are those of the worksite's latest description.
-- for_each: evaluation
-- key: worksite_id
-- materialize: view
-- join: many_to_one link_worksite_ids on (worksite_id)
-- sensitivity: person

with latest as (
    select max(fiscal_year) as latest_year
    from panel_evaluation_name
),

not_started as (
    select
        cluster_id as worksite_id,
        count(case when fiscal_year = latest_year then 1 end) as n_persons,
        avg(case when fiscal_year > latest_year - 3 then cast($primary[1] as double) end) as baseline_level
    from panel_evaluation_name
    cross join latest
    group by cluster_id
    having count(cohort) = 0 and count(case when fiscal_year = latest_year then 1 end) > 0
),

descriptions as (
    select worksite_id, size_band, industry_code, municipality_code
    from link_worksites
    qualify row_number() over (partition by worksite_id order by used_from desc) = 1
)

select
    cast(not_started.worksite_id as bigint) as worksite_id,
    link_worksite_ids.employer_key,
    link_worksite_ids.worksite_key,
    not_started.n_persons,
    not_started.baseline_level,
    descriptions.size_band,
    descriptions.industry_code,
    descriptions.municipality_code
from not_started
inner join link_worksite_ids
    on not_started.worksite_id = link_worksite_ids.worksite_id
left join descriptions
    on not_started.worksite_id = descriptions.worksite_id
