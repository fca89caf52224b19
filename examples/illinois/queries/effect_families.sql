-- One row per family and outcome.
-- With several outcomes one of them is soon significant. The adjusted p-value counts how often the largest statistic of the family, drawn
-- anew within the strata of the trial, is as large (Westfall and Young). Employees were drawn one by one, so that each is a cluster.
-- Differences of means, unweighted, of those who were covered or eligible at all.
-- key: family, outcome
-- materialize: table
-- sensitivity: aggregate
with tests as (
    select 'spending, first year' as family, *
    from westfall_young(
        (select * from clean_claims where covg_0816_0717 > 0),
        outcomes => [spend_office_0816_0717, spend_hospital_0816_0717, spend_drug_0816_0717,
            nonzero_spend_0816_0717],
        treated => treat, cluster => row_number, strata => [stratum], permutations => 4999)
    union all
    select 'work and exercise, first year' as family, *
    from westfall_young(
        (select * from clean_firm_admin where sickdays_eligible_0816_0717 > 0),
        outcomes => [sickleave_0816_0717, gym_0816_0717, promotion_0616_0717, terminated_0717,
            prod_index_yr1],
        treated => treat, cluster => row_number, permutations => 4999)
)

select
    family,
    outcome,
    estimate,
    std_error,
    p_value,
    p_adjusted,
    n_units,
    n_permutations,
    status
from tests
