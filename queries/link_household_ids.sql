-- One row per household: a subscriber and the dependents insured through them.
-- The household is how an effect on an employee can be looked for in the spouse.
-- identity: household_key -> household_id
-- key: household_key
-- materialize: table
-- sensitivity: person

select distinct household_key
from clean_members
