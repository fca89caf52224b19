-- One row per employee and fiscal year in the analyses of employees: outcomes, cohorts and participation.
-- Subscribers of working age whose worksite is known (positive cluster): of the others nobody knows whether a program
-- was offered, and counting them as never exposed would put exposed people into the comparison group.
-- Causal estimates are adjusted for sex and the fiscal year of birth: whoever is older changes differently (checkup
-- values, cost), worksites differ in age and sex, and no program can change either. Within a comparison the year of
-- birth says the same as age before exposure, and it is constant. Worksite size and industry are not adjusted for: a
-- cohort is a few worksites, and most would have nobody of their kind to be compared with; effect_balance shows them.
-- The method is outcome regression, which models the comparison group only: in a small cohort, or one of men only, who
-- is exposed cannot be modelled, and 'dr' would leave its people out. effect_robustness shows 'dr' beside it.
-- Clusters are worksites, because programs are offered by worksite.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

select
    person_id,
    fiscal_year,
    cluster_worksite_id,
    sex,
    age,
    fiscal_year - age as birth_fiscal_year,
    size_band,
    industry_code,
    exercise_habit,
    walking_1h,
    walk_fast,
    bmi,
    weight_kg,
    skips_breakfast,
    late_dinner,
    sleep_rest,
    chews_anything,
    dental_visit,
    current_smoker,
    heavy_drinking,
    drinks_daily,
    presenteeism_loss,
    absence_days,
    -- A year enrolled in part would look cheap: cost counts in full years only.
    case when enrolled_share >= 0.99 then yen_total end as yen_total,
    cohort_nutrition,
    participated_nutrition,
    cohort_activity,
    participated_activity,
    cohort_mind,
    participated_mind,
    cohort_rest,
    participated_rest,
    cohort_oral,
    participated_oral,
    cohort_frailty,
    participated_frailty,
    cohort_smoking,
    participated_smoking,
    cohort_alcohol,
    participated_alcohol,
    cohort_system,
    participated_system
from panel_person_year
where
    relationship = 1
    and age between $min_age and $max_age
    and cluster_worksite_id > 0
