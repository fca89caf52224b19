-- One row per field, indicator and population: what may be said of the effect, for those who read effect_summary.
-- evaluation_verdicts of the same plans, for everybody. hidden_ja and hidden_en name the gates that hide the estimate.
-- key: field, indicator, population
-- materialize: table
-- sensitivity: person

with hiding as (
    select
        diagnostics.evaluation,
        diagnostics.indicator,
        string_agg(gates.name_ja, '、' order by gates.gate) as hidden_ja,
        string_agg(gates.name_en, ', ' order by gates.gate) as hidden_en
    from evaluation_diagnostics as diagnostics
    inner join evaluation_gates as gates
        on diagnostics.evaluation = gates.evaluation
        and diagnostics.gate = gates.gate
    where diagnostics.result = 'blind'
    group by diagnostics.evaluation, diagnostics.indicator
)

select
    plans.field,
    verdicts.indicator,
    verdicts.population,
    verdicts.verdict,
    verdicts.smallest_change,
    verdicts.detectable,
    hiding.hidden_ja,
    hiding.hidden_en,
    verdicts.is_locked,
    verdicts.deviations,
    verdicts.is_primary
from evaluation_verdicts as verdicts
inner join evaluation_plans as plans
    on verdicts.evaluation = plans.evaluation
left join hiding
    on verdicts.evaluation = hiding.evaluation
    and verdicts.indicator = hiding.indicator
where
    plans.exposure = 'field'
    and plans.exposed <> 'participated'
    and plans.is_whole_population
    and verdicts."by" is null
qualify
    row_number() over (
        partition by plans.field, verdicts.indicator, verdicts.population
        order by verdicts.evaluation
    ) = 1
