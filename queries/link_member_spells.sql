-- One row per enrollment spell, under integer identities.
-- Who was insured where, by day. workplace_size_band and is_workplace_covered are known through the workplace symbol
-- alone (see link_workplaces); they are for judging linkage, not for assigning exposure.
-- key: spell_id
-- materialize: table
-- join: many_to_one link_person_ids on (person_key)
-- join: many_to_one link_household_ids on (household_key)
-- join: many_to_one link_workplaces on (workplace_key)
-- sensitivity: person

select
    -- Rises with the start of the spell, so that the later of two equal spells is the one with the larger number.
    row_number() over (
        order by link_person_ids.person_id, clean_members.enrolled_from, clean_members.insurer_id
    ) as spell_id,
    link_person_ids.person_id,
    link_household_ids.household_id,
    clean_members.insurer_id,
    clean_members.relationship,
    clean_members.sex,
    clean_members.birth_year_month,
    clean_members.municipality_code,
    link_workplaces.size_band as workplace_size_band,
    link_workplaces.is_covered as is_workplace_covered,
    clean_members.enrolled_from,
    clean_members.enrolled_to
from clean_members
inner join link_person_ids
    on clean_members.person_key = link_person_ids.person_key
inner join link_household_ids
    on clean_members.household_key = link_household_ids.household_key
left join link_workplaces
    on clean_members.workplace_key = link_workplaces.workplace_key
