-- One row per employer, worksite and start of validity, with the days for which this description is used.
-- Every day needs exactly one description of a worksite, or employees would be lost or doubled where validities
-- leave gaps or overlap: a description is used until the next begins, the first one also for the time before it.
-- key: employer_key, worksite_key, valid_from
-- materialize: table
-- sensitivity: person

with raw_worksites as (
    select
        employer_key,
        worksite_key,
        normalize_key(workplace_key) as workplace_key,
        municipality_code,
        industry_code,
        size_band,
        valid_from,
        valid_to,
        delivery_id,
        row_number
    from worksites
),

ranked as (
    select
        employer_key,
        worksite_key,
        workplace_key,
        municipality_code,
        industry_code,
        size_band,
        valid_from,
        valid_to,
        row_number() over (
            partition by employer_key, worksite_key, valid_from
            order by delivery_id desc, row_number desc
        ) as recency
    from raw_worksites
),

current_rows as (
    select
        employer_key,
        worksite_key,
        workplace_key,
        municipality_code,
        industry_code,
        size_band,
        valid_from,
        valid_to,
        lag(valid_from) over (partition by employer_key, worksite_key order by valid_from) as previous_from,
        lead(valid_from) over (partition by employer_key, worksite_key order by valid_from) as next_from
    from ranked
    where recency = 1
)

select
    employer_key,
    worksite_key,
    workplace_key,
    municipality_code,
    industry_code,
    size_band,
    valid_from,
    valid_to,
    case when previous_from is null then date '1900-01-01' else valid_from end as used_from,
    coalesce(next_from - 1, date '2999-12-31') as used_to
from current_rows
