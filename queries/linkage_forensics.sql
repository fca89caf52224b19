-- One row per table, holder, scope and finding about keys: how many keys it is about, what it means and what to do.
-- Read this when a match rate is low, or before holders agree on keys: it names width, padding, truncation, other secrets.
-- key: source, holder, scope, cause
-- materialize: view
-- join: many_to_one linkage_causes on (cause)
-- sensitivity: aggregate

with spellings as (
    select
        source,
        holder,
        scope,
        n_keys,
        unnest(make_array('width', 'case', 'separators', 'padding', 'truncation', 'other_shape')) as cause,
        unnest(make_array(n_by_width, n_by_case, n_by_separators, n_padded, n_shortened, n_other_length)) as n_affected
    from linkage_keys
),

findings as (
    select source, holder, scope, cause, n_keys, n_affected
    from spellings
    union all
    select source, holder, scope, cause, n_keys, n_keys - n_linked as n_affected
    from linkage_keys
    where cause in ('other_secret', 'unknown_persons')
    union all
    select source, holder, 'all' as scope, cause, n_keys, n_affected
    from linkage_identities
)

select
    findings.source,
    findings.holder,
    findings.scope,
    findings.cause,
    findings.n_keys,
    findings.n_affected,
    cast(findings.n_affected as double) / findings.n_keys as share,
    linkage_causes.meaning_en,
    linkage_causes.advice_en,
    linkage_causes.meaning_ja,
    linkage_causes.advice_ja
from findings
inner join linkage_causes
    on findings.cause = linkage_causes.cause
where findings.n_affected > 0
