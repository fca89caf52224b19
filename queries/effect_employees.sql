-- One row per employee and fiscal year in the analyses of employees: outcomes, cohorts and the naive regressors.
-- Subscribers of working age whose worksite is known (positive cluster): of the others nobody knows whether a program
-- was offered, and counting them as never exposed would put exposed people into the comparison group.
-- Per field: treated_* (exposed so far), post_* (after against before, three years each way, exposed persons only),
-- joined_* (participants against others, exposed person-years only); missing = not in that comparison.
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
    case when cohort_nutrition <= fiscal_year then 1.0 else 0.0 end as treated_nutrition,
    case
        when fiscal_year between cohort_nutrition and cohort_nutrition + 3 then 1.0
        when fiscal_year between cohort_nutrition - 3 and cohort_nutrition - 1 then 0.0
    end as post_nutrition,
    case
        when cohort_nutrition <= fiscal_year and participated_nutrition then 1.0
        when cohort_nutrition <= fiscal_year then 0.0
    end as joined_nutrition,
    cohort_activity,
    case when cohort_activity <= fiscal_year then 1.0 else 0.0 end as treated_activity,
    case
        when fiscal_year between cohort_activity and cohort_activity + 3 then 1.0
        when fiscal_year between cohort_activity - 3 and cohort_activity - 1 then 0.0
    end as post_activity,
    case
        when cohort_activity <= fiscal_year and participated_activity then 1.0
        when cohort_activity <= fiscal_year then 0.0
    end as joined_activity,
    cohort_mind,
    case when cohort_mind <= fiscal_year then 1.0 else 0.0 end as treated_mind,
    case
        when fiscal_year between cohort_mind and cohort_mind + 3 then 1.0
        when fiscal_year between cohort_mind - 3 and cohort_mind - 1 then 0.0
    end as post_mind,
    case
        when cohort_mind <= fiscal_year and participated_mind then 1.0
        when cohort_mind <= fiscal_year then 0.0
    end as joined_mind,
    cohort_rest,
    case when cohort_rest <= fiscal_year then 1.0 else 0.0 end as treated_rest,
    case
        when fiscal_year between cohort_rest and cohort_rest + 3 then 1.0
        when fiscal_year between cohort_rest - 3 and cohort_rest - 1 then 0.0
    end as post_rest,
    case
        when cohort_rest <= fiscal_year and participated_rest then 1.0
        when cohort_rest <= fiscal_year then 0.0
    end as joined_rest,
    cohort_oral,
    case when cohort_oral <= fiscal_year then 1.0 else 0.0 end as treated_oral,
    case
        when fiscal_year between cohort_oral and cohort_oral + 3 then 1.0
        when fiscal_year between cohort_oral - 3 and cohort_oral - 1 then 0.0
    end as post_oral,
    case
        when cohort_oral <= fiscal_year and participated_oral then 1.0
        when cohort_oral <= fiscal_year then 0.0
    end as joined_oral,
    cohort_frailty,
    case when cohort_frailty <= fiscal_year then 1.0 else 0.0 end as treated_frailty,
    case
        when fiscal_year between cohort_frailty and cohort_frailty + 3 then 1.0
        when fiscal_year between cohort_frailty - 3 and cohort_frailty - 1 then 0.0
    end as post_frailty,
    case
        when cohort_frailty <= fiscal_year and participated_frailty then 1.0
        when cohort_frailty <= fiscal_year then 0.0
    end as joined_frailty,
    cohort_smoking,
    case when cohort_smoking <= fiscal_year then 1.0 else 0.0 end as treated_smoking,
    case
        when fiscal_year between cohort_smoking and cohort_smoking + 3 then 1.0
        when fiscal_year between cohort_smoking - 3 and cohort_smoking - 1 then 0.0
    end as post_smoking,
    case
        when cohort_smoking <= fiscal_year and participated_smoking then 1.0
        when cohort_smoking <= fiscal_year then 0.0
    end as joined_smoking,
    cohort_alcohol,
    case when cohort_alcohol <= fiscal_year then 1.0 else 0.0 end as treated_alcohol,
    case
        when fiscal_year between cohort_alcohol and cohort_alcohol + 3 then 1.0
        when fiscal_year between cohort_alcohol - 3 and cohort_alcohol - 1 then 0.0
    end as post_alcohol,
    case
        when cohort_alcohol <= fiscal_year and participated_alcohol then 1.0
        when cohort_alcohol <= fiscal_year then 0.0
    end as joined_alcohol,
    cohort_system,
    case when cohort_system <= fiscal_year then 1.0 else 0.0 end as treated_system,
    case
        when fiscal_year between cohort_system and cohort_system + 3 then 1.0
        when fiscal_year between cohort_system - 3 and cohort_system - 1 then 0.0
    end as post_system,
    case
        when cohort_system <= fiscal_year and participated_system then 1.0
        when cohort_system <= fiscal_year then 0.0
    end as joined_system
from panel_person_year
where
    relationship = 1
    and age between $min_age and $max_age
    and cluster_worksite_id > 0
