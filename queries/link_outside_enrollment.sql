-- One row per person and fiscal year whose checkup day lies outside every enrollment of the person.
-- Such checkups are late deliveries, wrong dates or wrong links: they are kept in the panel and counted here.
-- key: person_id, fiscal_year
-- materialize: table
-- join: many_to_one link_checkups on (person_id, fiscal_year)
-- sensitivity: person

with covered_checkups as (
    select distinct
        link_checkups.person_id,
        link_checkups.fiscal_year
    from link_checkups
    inner join link_member_spells
        on link_checkups.person_id = link_member_spells.person_id
        and link_checkups.checkup_date >= link_member_spells.enrolled_from
        and link_checkups.checkup_date <= coalesce(link_member_spells.enrolled_to, date '2999-12-31')
)

select
    link_checkups.person_id,
    link_checkups.fiscal_year,
    link_checkups.insurer_id,
    link_checkups.checkup_date,
    link_checkups.n_records
from link_checkups
left join covered_checkups
    on link_checkups.person_id = covered_checkups.person_id
    and link_checkups.fiscal_year = covered_checkups.fiscal_year
where covered_checkups.person_id is null
