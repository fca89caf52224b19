-- Question: a nutrition program is judged by late dinners first, then by three other outcomes. Which effects stay significant when that many are looked at?
-- Look at: p_adjusted beside p_value. The primary outcome is one test; the others count only when it is significant.
-- In R, with the rows below as `e`: p.adjust(e$p_value[!e$is_primary], "holm"), and nowhere below the p-value of the primary outcome.
select
    outcome,
    is_primary,
    round(p_value, 4) as p_value,
    round(p_adjusted, 4) as p_adjusted,
    n_tests,
    status
from adjust_p(
    (
        select outcome, outcome = 'late_dinner' as is_primary, p_value as p
        from att(
            (select * from panel_nutrition where relationship = 1 and cluster_worksite_id > 0),
            outcomes => [late_dinner, skips_breakfast, exercise_habit, bmi],
            unit => person_id,
            time => fiscal_year,
            cohort => cohort,
            cluster => cluster_worksite_id,
            unbalanced => 'pairs',
            aggregate => 'simple'
        )
        where "at" is null
    ),
    p_value => p,
    primary => is_primary,
    keep => [outcome, is_primary]
)
order by is_primary desc, p_value
