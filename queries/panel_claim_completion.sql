-- One row per insurer, kind of claim and month of care: how much of the month's cost is known by now (run-out).
-- Claims come in late, so that the latest months look cheap. completion is the share that is known after the months that
-- went by until the insurer's last billed month (panel_claim_development); completed_yen is what will be known in the
-- end, and the errors are Mack's, for cost that is completed rather than left out. is_mature: as much is known as the
-- gate `run_out` wants (rules/gates.toml); immature months make the insurer's year unknown in the panel. Where an
-- insurer's claims all come with one and the same lag, as when billing months were not kept, completion is unknown and
-- the status says so.
-- key: insurer_id, claim_kind, care_month
-- materialize: table
-- join: many_to_one panel_claim_development on (insurer_id, claim_kind, lag_months)
-- sensitivity: aggregate

with months as (
    select
        insurer_id,
        claim_kind,
        care_month,
        max(care_month / 100 * 12 + care_month % 100) as care_index,
        sum(n_claims) as n_claims,
        cast(sum(yen) as double) as yen
    from clean_claim_months
    group by insurer_id, claim_kind, care_month
),

insurers as (
    select
        insurer_id,
        max(billed_month / 100 * 12 + billed_month % 100) as billed_index,
        count(distinct billed_month / 100 * 12 + billed_month % 100 - care_month / 100 * 12 - care_month % 100)
            as n_lags
    from clean_claim_months
    group by insurer_id
),

developed as (
    select
        months.insurer_id,
        months.claim_kind,
        months.care_month,
        month_fiscal_year(months.care_month) as fiscal_year,
        cast(insurers.billed_index - months.care_index as smallint) as lag_months,
        months.n_claims,
        months.yen,
        insurers.n_lags
    from months
    inner join insurers
        on months.insurer_id = insurers.insurer_id
),

completed as (
    select
        developed.insurer_id,
        developed.claim_kind,
        developed.care_month,
        developed.fiscal_year,
        developed.lag_months,
        developed.n_claims,
        developed.yen,
        developed.n_lags > 1 as is_known,
        -- After the last factor nothing more comes.
        case when developed.n_lags > 1 then coalesce(development.completion, 1.0) end as completion,
        case when development.lag_months is null then 0.0 else development.process_term end as process_term,
        case when development.lag_months is null then 0.0 else development.estimation_term end as estimation_term
    from developed
    left join panel_claim_development as development
        on developed.insurer_id = development.insurer_id
        and developed.claim_kind = development.claim_kind
        and developed.lag_months = development.lag_months
),

errors as (
    select
        *,
        case when completion > 0 then yen / completion end as completed_yen,
        case
            when completion > 0 and yen > 0 then sqrt(process_term / (yen / completion) + estimation_term)
        end as relative_error
    from completed
)

select
    insurer_id,
    claim_kind,
    care_month,
    fiscal_year,
    lag_months,
    n_claims,
    yen,
    completion,
    completion * relative_error as completion_std_error,
    completed_yen,
    completed_yen * relative_error as completed_std_error,
    completion >= $run_out_warn_at as is_mature,
    case when not is_known then 'unknown' when completion >= $run_out_warn_at then 'ok' else 'immature' end as status
from errors
