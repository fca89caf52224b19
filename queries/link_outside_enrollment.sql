-- One row per person and fiscal year whose checkup day lies outside every enrollment of the person.
-- Such checkups are late deliveries, wrong dates or wrong links: they are kept in the panel and counted here.
-- key: person_id, fiscal_year
-- materialize: table
-- sensitivity: person

select
    link_checkups.person_id,
    link_checkups.fiscal_year,
    link_checkups.insurer_id,
    link_checkups.checkup_date,
    link_checkups.n_records
from link_member_spells
right anti join link_checkups
    on link_member_spells.person_id = link_checkups.person_id
    and link_member_spells.enrolled_from <= link_checkups.checkup_date
    and coalesce(link_member_spells.enrolled_to, date '2999-12-31') >= link_checkups.checkup_date
