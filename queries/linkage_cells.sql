-- One row per insurer, fiscal year, size band, sex, age band and exposure: subscribers, and how many an employer knows.
-- The cells behind the insurers' side of linkage_quality: whether a low match rate is one of a year, of small firms, of an
-- age. Size and exposure come from the workplace symbol, so that they are known for those who are not found.
-- key: insurer_id, fiscal_year, size_band, sex, age_band, exposure
-- materialize: table
-- join: many_to_one link_persons on (person_id)
-- test: no_rows select insurer_id from linkage_cells where n_linked > n_persons
-- sensitivity: aggregate

with size_bands as (
    select size_band, label
    from (values (1, '1-9'), (2, '10-49'), (3, '50-299'), (4, '300-999'), (5, '1000+')) as bands (size_band, label)
),

subscribers as (
    select
        link_member_years.insurer_id,
        link_member_years.fiscal_year,
        link_member_years.workplace_size_band,
        link_member_years.is_workplace_covered,
        link_persons.sex,
        -- Age at the end of the fiscal year.
        least((
            link_member_years.fiscal_year + 1 - link_persons.birth_year_month / 100
            - case when link_persons.birth_year_month % 100 > 3 then 1 else 0 end
        ) / 5, 17) * 5 as age_from,
        link_persons.is_employee
    from link_member_years
    inner join link_persons
        on link_member_years.person_id = link_persons.person_id
    where link_member_years.relationship = 1
),

cells as (
    select
        insurer_id,
        fiscal_year,
        workplace_size_band,
        is_workplace_covered,
        sex,
        age_from,
        count(*) as n_persons,
        count(*) filter (where is_employee) as n_linked
    from subscribers
    group by insurer_id, fiscal_year, workplace_size_band, is_workplace_covered, sex, age_from
)

select
    cells.insurer_id,
    cells.fiscal_year,
    coalesce(size_bands.label, 'unknown') as size_band,
    cells.sex,
    case when cells.age_from >= 85 then '85+' else concat(cells.age_from, '-', cells.age_from + 4) end as age_band,
    case
        when cells.is_workplace_covered then 'covered'
        when cells.is_workplace_covered is null then 'unknown'
        else 'not_covered'
    end as exposure,
    cells.n_persons,
    cells.n_linked
from cells
left join size_bands
    on cells.workplace_size_band = size_bands.size_band
