-- One row per field, indicator and population: the effect, and what it would be if links are wrong or missing.
-- False links: of links of precision p, 1 - p show another person's outcome, alike in exposed and not exposed, so that the
-- estimate is p times the effect (Neter, Maynes and Ramanathan 1965; Scheuren and Winkler 1993). precision is $link_precision
-- (korabo.toml), precision_low counts every person whose key several employees of an employer share as a false link.
-- Missing links: the effect on everybody employed is recall x effect + (1 - recall) x effect on those not found. It is 0 when
-- theirs is needed_elsewhere; a share cannot change by more than 1, which bounds it (Manski 1990).
-- key: field, indicator, population
-- materialize: table
-- sensitivity: aggregate

with shared as (
    select sum(n_affected) as n_persons
    from linkage_identities
    where source = 'employees' and cause = 'shared_key'
),

links as (
    select
        max(match_rate) filter (where dimension = 'all') as recall,
        max(match_rate) filter (where level = 'covered') as recall_exposed,
        max(match_rate) filter (where level = 'not_covered') as recall_other,
        max(n_linked) filter (where dimension = 'all') as n_linked
    from linkage_quality
    where side = 'employer' and dimension in ('all', 'exposure')
),

quality as (
    select
        links.recall,
        links.recall_exposed - links.recall_other as recall_difference,
        $link_precision as link_precision,
        least($link_precision, 1 - coalesce(shared.n_persons, 0) / cast(nullif(links.n_linked, 0) as double)) as precision_low
    from links
    cross join shared
),

shares as (
    select distinct indicator
    from indicator_terms
    where is_share
)

select
    effect_summary.field,
    effect_summary.indicator,
    effect_summary.population,
    effect_summary.estimate,
    effect_summary.std_error,
    effect_summary.conf_low,
    effect_summary.conf_high,
    effect_summary.status,
    quality.link_precision,
    quality.precision_low,
    effect_summary.estimate / quality.link_precision as corrected,
    effect_summary.std_error / quality.link_precision as corrected_std_error,
    least(effect_summary.conf_low / quality.link_precision, effect_summary.conf_low / quality.precision_low) as corrected_low,
    greatest(effect_summary.conf_high / quality.link_precision, effect_summary.conf_high / quality.precision_low) as corrected_high,
    quality.recall,
    quality.recall_difference,
    - effect_summary.estimate / quality.link_precision * quality.recall / nullif(1 - quality.recall, 0) as needed_elsewhere,
    case when shares.indicator is not null
        then effect_summary.estimate / quality.link_precision * quality.recall - (1 - quality.recall)
    end as bound_low,
    case when shares.indicator is not null
        then effect_summary.estimate / quality.link_precision * quality.recall + (1 - quality.recall)
    end as bound_high
from effect_summary
cross join quality
left join shares
    on effect_summary.indicator = shares.indicator
where effect_summary.estimator = 'callaway_santanna'
