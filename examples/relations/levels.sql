-- Question: how many employees exercise, in each year, as they are and as they would if ages and sexes were those of all years together?
-- Look at: value and standardised side by side: where they part, the make-up of the employees changed, not only their habits. Two years
-- differ when the interval of one is far from the level of the other; a year with standard_share below 1 stands for fewer ages.
-- In R, with the input below as `panel`: with(panel, tapply(exercise_habit, fiscal_year, mean)) is value; standardised is that of
-- survey::svystandardize over interaction(sex, age_band).
select
    time as fiscal_year,
    round(value, 4) as value,
    round(standardised, 4) as standardised,
    round(std_error, 4) as std_error,
    round(conf_low, 4) as conf_low,
    round(conf_high, 4) as conf_high,
    round(standard_share, 3) as standard_share,
    n_units,
    n_clusters,
    status
from levels(
    (
        select panel.fiscal_year, panel.sex, panel.age_band, panel.cluster_worksite_id, panel.exercise_habit, standard.weight
        from panel_person_year as panel
        inner join indicator_standard_population as standard
            on standard.population = 'employees' and panel.sex = standard.sex and panel.age_band = standard.age_band
        where panel.relationship = 1 and panel.cluster_worksite_id > 0 and panel.age between 20 and 64
    ),
    outcome => exercise_habit,
    time => fiscal_year,
    strata => [sex, age_band],
    standard => weight,
    cluster => cluster_worksite_id
)
order by time
