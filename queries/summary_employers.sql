-- One row per employer: how many insured it has in its latest year, and what it is compared with.
-- size_band and industry are those of the worksites where most of its insured work in that year. Insured persons of the ages of
-- the effects only, as in releases/levels.toml.
-- key: employer_id
-- materialize: table
-- sensitivity: person

with insured as (
    select
        panel_person_year.employer_id,
        panel_person_year.fiscal_year,
        panel_person_year.size_band,
        panel_person_year.industry_code as industry,
        max(panel_person_year.fiscal_year) over (partition by panel_person_year.employer_id) as latest_year
    from panel_person_year
    where
        panel_person_year.employer_id is not null
        and panel_person_year.relationship is not null
        and panel_person_year.age between $min_age and $max_age
),

descriptions as (
    select employer_id, fiscal_year, size_band, industry, count(*) as n_described
    from insured
    where fiscal_year = latest_year
    group by employer_id, fiscal_year, size_band, industry
),

ranked as (
    select
        *,
        sum(n_described) over (partition by employer_id) as n_insured,
        row_number() over (partition by employer_id order by n_described desc, size_band, industry) as place
    from descriptions
)

select employer_id, fiscal_year, n_insured, size_band, industry
from ranked
where place = 1
