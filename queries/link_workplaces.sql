-- One row per workplace symbol of the insurers: what the employers' side says about the worksites behind it.
-- The symbol alone tells size and coverage of a member's workplace even where no token links the person, so that the
-- linked can be compared with the unlinked. Several worksites may share a symbol: then only the employer is sure.
-- key: workplace_key
-- materialize: table
-- join: many_to_one link_worksite_ids on (employer_key, worksite_key)
-- sensitivity: person

with covered_worksites as (
    select distinct worksite_id
    from link_programs
)

select
    clean_worksites.workplace_key,
    count(distinct link_worksite_ids.worksite_id) as n_worksites,
    max(clean_worksites.size_band) as size_band,
    bool_or(covered_worksites.worksite_id is not null) as is_covered
from clean_worksites
inner join link_worksite_ids
    on clean_worksites.employer_key = link_worksite_ids.employer_key
    and clean_worksites.worksite_key = link_worksite_ids.worksite_key
left join covered_worksites
    on link_worksite_ids.worksite_id = covered_worksites.worksite_id
where clean_worksites.workplace_key is not null
group by clean_worksites.workplace_key
