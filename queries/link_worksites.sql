-- One row per worksite and description, with the days for which the description is used.
-- Size and industry change over time; every day of a worksite has exactly one description (see clean_worksites).
-- key: worksite_id, used_from
-- materialize: table
-- join: many_to_one link_worksite_ids on (employer_key, worksite_key)
-- join: many_to_one link_employer_ids on (employer_key)
-- sensitivity: person

select
    cast(link_worksite_ids.worksite_id as int) as worksite_id,
    cast(link_employer_ids.employer_id as int) as employer_id,
    clean_worksites.municipality_code,
    clean_worksites.industry_code,
    clean_worksites.size_band,
    clean_worksites.used_from,
    clean_worksites.used_to
from clean_worksites
inner join link_worksite_ids
    on clean_worksites.employer_key = link_worksite_ids.employer_key
    and clean_worksites.worksite_key = link_worksite_ids.worksite_key
inner join link_employer_ids
    on clean_worksites.employer_key = link_employer_ids.employer_key
