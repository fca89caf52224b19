-- One row per employee and fiscal year that evaluations of employees look at: every indicator.
-- Subscribers of working age whose worksite is known (positive cluster): of the others it is not known whether a program
-- was offered, and counting them as never exposed would put exposed people into the comparison group.
-- Causal estimates are adjusted for sex and the fiscal year of birth: older people change differently (checkup
-- values, cost), worksites differ in age and sex, and no program can change either. Within a comparison the year of
-- birth says the same as age before exposure, and it is constant. Worksite size and industry are not adjusted for: a
-- cohort is a few worksites, and most would have no comparable controls; effect_balance shows them.
-- The method is outcome regression, which models the comparison group only: in a small cohort, or one of men only, who
-- is exposed cannot be modelled, and 'dr' would leave its people out. effect_robustness shows 'dr' beside it.
-- council_stage is that of the first year: a stage that rises would split a person's years among levels, and put the years before
-- exposure into other levels than those after it.
-- Clusters are worksites, because programs are offered by worksite.
-- key: person_id, fiscal_year
-- materialize: view
-- sensitivity: person

select
    * replace (
        first_value(council_stage) ignore nulls over (partition by person_id order by fiscal_year) as council_stage
    ),
    fiscal_year - age as birth_fiscal_year
from panel_indicators
where
    relationship = 1
    and age between $min_age and $max_age
    and cluster_worksite_id > 0
