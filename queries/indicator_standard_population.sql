-- One row per population, sex and age band: the make-up that levels are standardised to.
-- Levels of two years or places can be compared when both are worked out for people of the same ages and sexes. Here each
-- population is held to its own make-up over all years together: employees are compared with employees, and hardly anyone
-- stands for an age of which there are few. A new year moves it a little; to keep it as it is, name a year below. An official
-- one, as the model population of 2015 (平成27年モデル人口), takes the place of this query: only proportions count. Who has
-- no row here counts in crude levels only.
-- key: population, sex, age_band
-- materialize: table
-- sensitivity: aggregate

with populations as (
    select 'employees' as population, sex, age_band, age
    from panel_person_year
    where relationship = 1 and cluster_worksite_id > 0
    union all
    select 'spouses' as population, sex, age_band, age
    from panel_person_year
    where relationship = 2 and cluster_worksite_id > 0
    union all
    select 'members' as population, sex, age_band, age
    from panel_person_year
    where relationship is not null
)

select
    population,
    sex,
    age_band,
    cast(count(*) as double) as weight
from populations
where age between $min_age and $max_age
group by population, sex, age_band
