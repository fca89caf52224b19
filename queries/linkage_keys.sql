-- One row per table, holder and scope: the match rate of persons' keys, and the likely cause of what is not found.
-- The gate: panel_person_year is not built while an insurer, or the employers together, lie below $min_match_rate
-- (korabo.toml). scope is all deliveries, or the latest where there are several; holder * is all employers.
-- key: source, holder, scope
-- materialize: table
-- join: many_to_one linkage_causes on (cause)
-- test: no_rows select source from linkage_keys where match_rate < 0 or match_rate > 1
-- sensitivity: aggregate

with marked as (
    select
        *,
        delivery_id = max(delivery_id) over (partition by source, holder)
        and count(*) over (partition by source, holder) > 1 as is_latest
    from clean_key_matches
),

-- A row counts for its holder, again where it is of the latest delivery, and that of an employer for all employers.
scoped as (
    select
        marked.* exclude (holder),
        case scopes.holders when 'all' then '*' else marked.holder end as holder,
        scopes.scope
    from marked
    cross join (values ('each', 'all'), ('each', 'latest'), ('all', 'all')) as scopes (holders, scope)
    where
        (scopes.scope = 'all' or marked.is_latest)
        and (scopes.holders = 'each' or marked.source = 'employees')
),

totals as (
    select
        source,
        holder,
        scope,
        sum(n_keys) as n_keys,
        sum(n_linked) as n_linked,
        sum(n_as_written) as n_as_written,
        sum(n_by_width) as n_by_width,
        sum(n_by_case) as n_by_case,
        sum(n_by_separators) as n_by_separators,
        sum(n_padded) as n_padded,
        sum(n_shortened) as n_shortened,
        sum(n_other_length) as n_other_length
    from scoped
    group by source, holder, scope
),

rates as (
    select
        *,
        n_keys - n_linked as n_missing,
        cast(n_linked as double) / n_keys as match_rate,
        cast(n_as_written as double) / n_keys as match_rate_as_written,
        power(normal_quantile(0.999), 2) / n_keys as z2_n
    from totals
),

judged as (
    select
        *,
        -- Upper end of Wilson's interval: a rate that lies below the gate by more than chance in one case of a thousand.
        (match_rate + z2_n / 2 + sqrt(z2_n * match_rate * (1 - match_rate) + power(z2_n / 2, 2))) / (1 + z2_n)
            as match_rate_high,
        case
            when n_missing = 0 then null
            when 2 * n_padded >= n_missing then 'padding'
            when 2 * n_shortened >= n_missing then 'truncation'
            when 2 * n_other_length >= n_missing then 'other_shape'
            when match_rate < 0.05 then 'other_secret'
            else 'unknown_persons'
        end as cause
    from rates
)

select
    judged.source,
    judged.holder,
    judged.scope,
    judged.n_keys,
    judged.n_linked,
    judged.n_as_written,
    judged.n_by_width,
    judged.n_by_case,
    judged.n_by_separators,
    judged.n_padded,
    judged.n_shortened,
    judged.n_other_length,
    judged.match_rate,
    judged.match_rate_as_written,
    judged.match_rate_high,
    judged.cause,
    (judged.source <> 'employees' or judged.holder = '*') and judged.match_rate_high < $min_match_rate as is_below_gate,
    concat(
        judged.source,
        case judged.holder when '*' then ' of all employers' else concat(' of ', judged.holder) end,
        case judged.scope when 'latest' then ' in the latest delivery' else '' end,
        ': ', round(100 * judged.match_rate, 1), ' % of ', judged.n_keys, ' keys are found, the gate is at ',
        round(100 * $min_match_rate, 1), ' %',
        case when linkage_causes.cause is not null
            then concat('; likely cause: ', linkage_causes.meaning_en, '; linkage_forensics says what to do')
        end
    ) as reason
from judged
left join linkage_causes
    on judged.cause = linkage_causes.cause
