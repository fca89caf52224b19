-- One row per indicator, population, level of a grouping, and fiscal year: what it is, as found and age–sex standardised.
-- value is the share or mean of all who have the indicator; standardised, its error and its interval are for the make-up of
-- indicator_standard_population, by direct standardisation over sex and five-year age bands, with errors by worksite, and
-- by household where no worksite is known (see the relation `levels`). The grouping is `by`, its level level_of; both are
-- missing for the whole population. national and tokyo are published figures standardised to the same make-up. They are
-- known for ages 40 to 74 and stand only in rows of exactly these ages: those of by = 'ages', or the whole ones of a
-- project from 40 to 74.
-- Rows of one indicator may be compared with each other only within one series: where a question changed in a way that
-- no mapping makes good, as drinking did in FY2024, the years before and after are different series (`terms` of
-- indicators.toml), and a difference between them is not a change of habits.
-- Cost, days, claims and what claims tell count in years enrolled in full, as in panel_indicators.
-- key: indicator, population, by, level_of, fiscal_year
-- materialize: table
-- join: many_to_one indicator_standard_population on (population, sex, age_band)
-- sensitivity: aggregate

with checkup_ages as (
    select age_band
    from (values ('40-44'), ('45-49'), ('50-54'), ('55-59'), ('60-64'), ('65-69'), ('70-74')) as bands (age_band)
),

standard_strata as (
    select
        standard.population,
        standard.sex,
        standard.age_band,
        standard.weight,
        checkup_ages.age_band is not null as is_checkup_age
    from indicator_standard_population as standard
    left join checkup_ages
        on standard.age_band = checkup_ages.age_band
    where standard.weight > 0
),

-- How many strata of each population have ages that figures are published for, and whether others have not.
published_strata as (
    select
        population,
        count(case when is_checkup_age then 1 end) as n_strata,
        bool_and(is_checkup_age) as is_all
    from standard_strata
    group by population
),

persons as (
    select
        panel_indicators.*,
        case when checkup_ages.age_band is not null then '40-74' end as ages
    from panel_indicators
    left join checkup_ages
        on panel_indicators.age_band = checkup_ages.age_band
    where panel_indicators.age between $min_age and $max_age
),

levels_of_populations as (
    select 'employees' as population, fit.*
    from levels(
        (
            select persons.*, coalesce(standard_strata.weight, 0) as standard_weight
            from persons
            left join standard_strata
                on standard_strata.population = 'employees'
                and persons.sex = standard_strata.sex
                and persons.age_band = standard_strata.age_band
            where persons.relationship = 1 and persons.cluster_worksite_id > 0
        ),
        outcomes => $indicators,
        time => fiscal_year,
        strata => [sex, age_band],
        standard => standard_weight,
        cluster => cluster_worksite_id,
        by => [ages, sex, size_band, municipality_code, council_stage]
    ) as fit
    union all
    select 'spouses' as population, fit.*
    from levels(
        (
            select persons.*, coalesce(standard_strata.weight, 0) as standard_weight
            from persons
            left join standard_strata
                on standard_strata.population = 'spouses'
                and persons.sex = standard_strata.sex
                and persons.age_band = standard_strata.age_band
            where persons.relationship = 2 and persons.cluster_worksite_id > 0
        ),
        outcomes => $indicators,
        time => fiscal_year,
        strata => [sex, age_band],
        standard => standard_weight,
        cluster => cluster_worksite_id,
        by => [ages, sex, size_band, municipality_code, council_stage]
    ) as fit
    union all
    select 'members' as population, fit.*
    from levels(
        (
            select persons.*, coalesce(standard_strata.weight, 0) as standard_weight
            from persons
            left join standard_strata
                on standard_strata.population = 'members'
                and persons.sex = standard_strata.sex
                and persons.age_band = standard_strata.age_band
            where persons.relationship is not null
        ),
        outcomes => $indicators,
        time => fiscal_year,
        strata => [sex, age_band],
        standard => standard_weight,
        cluster => cluster_worksite_id,
        by => [ages, sex, size_band, municipality_code, council_stage]
    ) as fit
),

-- Published figures where they are known for all of a population's strata of these ages.
published as (
    select
        standard_strata.population,
        reference.indicator,
        reference.fiscal_year,
        reference.region,
        sum(reference.value * standard_strata.weight) / sum(standard_strata.weight) as standardised
    from clean_reference_values as reference
    inner join standard_strata
        on reference.sex = standard_strata.sex
        and reference.age_band = standard_strata.age_band
    inner join published_strata
        on standard_strata.population = published_strata.population
    where standard_strata.is_checkup_age
    group by
        standard_strata.population, reference.indicator, reference.fiscal_year, reference.region, published_strata.n_strata
    having count(*) = published_strata.n_strata
),

described as (
    select
        found.outcome as indicator,
        found.population,
        found."by",
        found.level as level_of,
        cast(found.time as smallint) as fiscal_year,
        found.n_units as n_persons,
        found.n_clusters,
        found.value,
        found.standardised,
        found.std_error,
        found.conf_low,
        found.conf_high,
        found.standard_share,
        case when found.time <= 2017 then 2 when found.time <= 2023 then 3 else 4 end as term,
        found.status,
        found."by" = 'ages' or (found."by" is null and published_strata.is_all) as is_of_published_ages
    from levels_of_populations as found
    left join published_strata
        on found.population = published_strata.population
    where found.n_units > 0
)

select
    described.indicator,
    described.population,
    described."by",
    described.level_of,
    described.fiscal_year,
    described.n_persons,
    described.n_clusters,
    described.value,
    described.standardised,
    described.std_error,
    described.conf_low,
    described.conf_high,
    case when described.is_of_published_ages then national.standardised end as national,
    case when described.is_of_published_ages then tokyo.standardised end as tokyo,
    described.standard_share,
    indicator_terms.series,
    described.status
from described
left join indicator_terms
    on described.indicator = indicator_terms.indicator
    and described.term = indicator_terms.term
left join published as national
    on described.population = national.population
    and described.indicator = national.indicator
    and described.fiscal_year = national.fiscal_year
    and national.region = 'JP'
left join published as tokyo
    on described.population = tokyo.population
    and described.indicator = tokyo.indicator
    and described.fiscal_year = tokyo.fiscal_year
    and tokyo.region = 'TOKYO'
