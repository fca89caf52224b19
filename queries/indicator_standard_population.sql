-- One row per sex and five-year age band: the population that levels are standardised to.
-- Levels of two years or places can be compared when both are worked out for people of the same make-up. Here it is the
-- model population of 2015 (平成27年モデル人口) that Japan's age-adjusted rates use since 2022, in thousands; it has no
-- sexes, so that men and women count alike. The numbers are from memory and unverified; their sum is the official one,
-- 125,319. Put another population here to standardise to that: only proportions count, and an age band that is left out
-- does not enter indicator_levels. The pooled members of all years, for example:
--     select sex, age / 5 * 5 as age_from, age_band, count(*) as weight from panel_person_year group by 1, 2, 3
-- key: sex, age_band
-- materialize: view
-- sensitivity: aggregate

with model_population as (
    select age_from, age_band, weight
    from (values
        (0, '0-4', 5026),
        (5, '5-9', 5369),
        (10, '10-14', 5711),
        (15, '15-19', 6053),
        (20, '20-24', 6396),
        (25, '25-29', 6738),
        (30, '30-34', 7081),
        (35, '35-39', 7423),
        (40, '40-44', 7766),
        (45, '45-49', 8108),
        (50, '50-54', 8451),
        (55, '55-59', 8793),
        (60, '60-64', 9135),
        (65, '65-69', 9246),
        (70, '70-74', 7892),
        (75, '75-79', 6306),
        (80, '80-84', 4720),
        (85, '85+', 3134 + 1548 + 423)
    ) as bands (age_from, age_band, weight)
)

select
    cast(sexes.sex as smallint) as sex,
    cast(model_population.age_from as smallint) as age_from,
    model_population.age_band,
    cast(model_population.weight as double) as weight
from (values (1), (2)) as sexes (sex)
cross join model_population
