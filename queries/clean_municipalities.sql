-- One row per municipality and fiscal year, as last delivered.
-- Compares places with and without a community-workplace council.
-- key: municipality_code, fiscal_year
-- materialize: view
-- sensitivity: aggregate

with ranked as (
    select
        municipality_code,
        fiscal_year,
        name,
        area,
        has_council,
        council_stage,
        joint_projects,
        row_number() over (
            partition by municipality_code, fiscal_year
            order by delivery_id desc, row_number desc
        ) as recency
    from municipalities
)

select
    municipality_code,
    fiscal_year,
    name,
    area,
    has_council,
    council_stage,
    joint_projects
from ranked
where recency = 1
