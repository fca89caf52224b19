-- One row per person and fiscal year of the checkup for which an insurer reports 特定保健指導.
-- With two insurers in one year the stricter level, the earlier interview, and a completion with either count.
-- key: person_id, fiscal_year
-- materialize: table
-- join: many_to_one link_person_ids on (person_key)
-- sensitivity: person

select
    link_person_ids.person_id,
    clean_guidance.fiscal_year,
    min(clean_guidance.level_code) as level_code,
    min(clean_guidance.first_interview_date) as first_interview_date,
    bool_or(clean_guidance.is_completed) as is_completed
from link_person_ids
inner join clean_guidance
    on link_person_ids.person_key = clean_guidance.person_key
group by link_person_ids.person_id, clean_guidance.fiscal_year
