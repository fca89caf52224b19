-- One row per insurer, kind of claim and months since care: by which factor a care month's yen grow in the next month.
-- The chain ladder. Yen of a month of care known after j months, C(c, j), grow to those known after j + 1 by
-- factor = Σ_c C(c, j + 1) / Σ_c C(c, j), over the months of care that were seen that long: those j + 1 months or more
-- before the insurer's last billed month. completion is the share known after j months of what will be known in the end,
-- the product of 1 / factor from j on. What comes more than 36 months after care counts as coming then.
-- The last two columns are Mack's: the variance of a month's relative error is process_term / its completed yen +
-- estimation_term. Mack (1993), ASTIN Bulletin 23:213, theorem 3. The variance of a factor that was seen in one month only,
-- as the last one is, is extrapolated from the two before it, as he proposes.
-- key: insurer_id, claim_kind, lag_months
-- materialize: table
-- sensitivity: aggregate

with months as (
    select
        insurer_id,
        claim_kind,
        care_month / 100 * 12 + care_month % 100 as care_index,
        billed_month / 100 * 12 + billed_month % 100 as billed_index,
        yen
    from clean_claim_months
),

last_billed as (
    select insurer_id, max(billed_index) as billed_index
    from months
    group by insurer_id
),

increments as (
    select
        insurer_id,
        claim_kind,
        care_index,
        least(billed_index - care_index, 36) as lag_months,
        sum(yen) as yen
    from months
    group by insurer_id, claim_kind, care_index, least(billed_index - care_index, 36)
),

care_months as (
    select
        increments.insurer_id,
        increments.claim_kind,
        increments.care_index,
        unnest(
            generate_series(0, least(last_billed.billed_index - increments.care_index, 36))
        ) as lag_months
    from (select distinct insurer_id, claim_kind, care_index from increments) as increments
    inner join last_billed
        on increments.insurer_id = last_billed.insurer_id
),

known as (
    select
        care_months.insurer_id,
        care_months.claim_kind,
        care_months.care_index,
        care_months.lag_months,
        cast(
            sum(coalesce(increments.yen, 0)) over (
                partition by care_months.insurer_id, care_months.claim_kind, care_months.care_index
                order by care_months.lag_months
            ) as double
        ) as yen
    from care_months
    left join increments
        on care_months.insurer_id = increments.insurer_id
        and care_months.claim_kind = increments.claim_kind
        and care_months.care_index = increments.care_index
        and care_months.lag_months = increments.lag_months
),

-- Months of care with what became of them a month later.
links as (
    select
        insurer_id,
        claim_kind,
        lag_months,
        yen,
        lead(yen) over (partition by insurer_id, claim_kind, care_index order by lag_months) as next_yen
    from known
),

factors as (
    select
        insurer_id,
        claim_kind,
        lag_months,
        count(*) as n_months,
        sum(yen) as yen,
        -- Nothing known yet and nothing coming is no growth; something out of nothing has no factor.
        case when sum(yen) > 0 then sum(next_yen) / sum(yen) when sum(next_yen) = 0 then 1.0 end as factor
    from links
    where next_yen is not null
    group by insurer_id, claim_kind, lag_months
),

variances as (
    select
        factors.insurer_id,
        factors.claim_kind,
        factors.lag_months,
        case
            when count(*) > 1
                then sum(links.yen * power(links.next_yen / links.yen - factors.factor, 2)) / (count(*) - 1)
        end as variance
    from factors
    inner join links
        on factors.insurer_id = links.insurer_id
        and factors.claim_kind = links.claim_kind
        and factors.lag_months = links.lag_months
    where links.next_yen is not null and links.yen > 0
    group by factors.insurer_id, factors.claim_kind, factors.lag_months
),

-- min(σ⁴ of the last / σ² of the one before, either of them).
extrapolated as (
    select
        factors.insurer_id,
        factors.claim_kind,
        factors.lag_months,
        factors.n_months,
        factors.yen,
        factors.factor,
        case
            when variances.variance is not null then variances.variance
            when factors.yen = 0 then null
            when lag(variances.variance, 2) over by_lag > 0
                then least(
                    power(lag(variances.variance, 1) over by_lag, 2) / lag(variances.variance, 2) over by_lag,
                    lag(variances.variance, 1) over by_lag,
                    lag(variances.variance, 2) over by_lag
                )
            else least(lag(variances.variance, 1) over by_lag, lag(variances.variance, 2) over by_lag)
        end as variance
    from factors
    left join variances
        on factors.insurer_id = variances.insurer_id
        and factors.claim_kind = variances.claim_kind
        and factors.lag_months = variances.lag_months
    window by_lag as (
        partition by factors.insurer_id, factors.claim_kind
        order by factors.lag_months
    )
),

completions as (
    select
        insurer_id,
        claim_kind,
        lag_months,
        n_months,
        yen,
        factor,
        variance,
        case
            when count(factor) over from_here = count(*) over from_here
                then exp(- sum(ln(factor)) over from_here)
            else 0.0
        end as completion
    from extrapolated
    window from_here as (
        partition by insurer_id, claim_kind
        order by lag_months desc
        rows between unbounded preceding and current row
    )
)

select
    insurer_id,
    claim_kind,
    cast(lag_months as smallint) as lag_months,
    n_months,
    yen,
    factor,
    variance,
    completion,
    case
        when count(variance) over from_here = count(*) over from_here
            then greatest(sum(variance / (factor * factor * completion)) over from_here, 0.0)
    end as process_term,
    case
        when count(variance) over from_here = count(*) over from_here
            then greatest(sum(variance / (factor * factor * yen)) over from_here, 0.0)
    end as estimation_term
-- The engine may take such sums by leaving rows out of larger ones, and end a little below zero.
from completions
window from_here as (
    partition by insurer_id, claim_kind
    order by lag_months desc
    rows between unbounded preceding and current row
)
