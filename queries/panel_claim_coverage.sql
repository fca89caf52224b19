-- One row per insurer and fiscal year for which the insurer delivered claims.
-- A year counts as delivered with any of its months; n_months tells how complete it is. n_immature_months counts the
-- months of which less is known by now than the gate `run_out` wants, all kinds of claims together
-- (panel_claim_completion). n_diagnoses and n_drugs are what was delivered with the claims.
-- key: insurer_id, fiscal_year
-- materialize: table
-- sensitivity: aggregate

with months as (
    select
        insurer_id,
        fiscal_year,
        care_month,
        sum(n_claims) as n_claims,
        -- Of a month of which nothing is known of what will come, the part that is known is zero.
        bool_and(status = 'unknown')
        or (
            bool_and(completion > 0)
            and sum(yen) >= $run_out_warn_at * sum(completed_yen)
        ) as is_mature
    from panel_claim_completion
    group by insurer_id, fiscal_year, care_month
),

years as (
    select
        insurer_id,
        fiscal_year,
        count(*) as n_months,
        sum(n_claims) as n_claims,
        count(case when not is_mature then 1 end) as n_immature_months
    from months
    group by insurer_id, fiscal_year
),

-- Most claims are billed in the month after care: a year's codes are those billed from May to the next April.
codes as (
    select
        insurer_id,
        month_fiscal_year(
            case when billed_month % 100 = 1 then billed_month - 89 else billed_month - 1 end
        ) as fiscal_year,
        sum(n_diagnoses) as n_diagnoses,
        sum(n_drugs) as n_drugs
    from clean_code_coverage
    group by
        insurer_id,
        month_fiscal_year(case when billed_month % 100 = 1 then billed_month - 89 else billed_month - 1 end)
)

select
    years.insurer_id,
    years.fiscal_year,
    years.n_months,
    years.n_claims,
    years.n_immature_months,
    coalesce(codes.n_diagnoses, 0) as n_diagnoses,
    coalesce(codes.n_drugs, 0) as n_drugs
from years
left join codes
    on years.insurer_id = codes.insurer_id
    and years.fiscal_year = codes.fiscal_year
