-- One row per region, indicator, fiscal year, sex and age band: published figures, as last delivered.
-- The report sets the project's own figures beside them.
-- key: region, indicator, fiscal_year, sex, age_band
-- materialize: view
-- sensitivity: aggregate

with ranked as (
    select
        region,
        indicator,
        fiscal_year,
        sex,
        age_band,
        value,
        unit,
        source,
        row_number() over (
            partition by region, indicator, fiscal_year, sex, age_band
            order by delivery_id desc, row_number desc
        ) as recency
    from reference_values
)

select
    region,
    indicator,
    fiscal_year,
    sex,
    age_band,
    value,
    unit,
    source
from ranked
where recency = 1
