-- One row per indicator and estimand: what 特定保健指導 changes within a year, at the waist from which it is offered.
-- offer: all from the cutoff on are targets and none below it (intention to treat). uptake: the effect on those who started
-- because of it, the offer's over the jump in the share that started. Robust to the bias of local polynomials; errors by
-- person. BMI below 25 only: from 25 on the waist does not decide. density: a p-value below 0.05 says that waists were
-- measured to one side of the cutoff, and then the rest says nothing.
-- key: estimand, indicator
-- materialize: table
-- sensitivity: aggregate

with near as (
    select *
    from panel_guidance_year
    where bmi < 25 and guidance_level is not null
),

offered as (
    select fit.*
    from rd(
        near,
        outcomes => [weight_change_kg, waist_change_cm, sbp_change_mmhg, hba1c_change_pct],
        running => waist_above,
        cutoff => 0,
        cluster => person_id
    ) as fit
    where fit.method = 'robust' and fit.part = 'effect'
),

taken_up as (
    select fit.*
    from rd(
        near,
        outcomes => [weight_change_kg, waist_change_cm, sbp_change_mmhg, hba1c_change_pct],
        running => waist_above,
        cutoff => 0,
        treated => has_started,
        cluster => person_id
    ) as fit
    where fit.method = 'robust'
)

select
    'offer' as estimand, outcome as indicator, estimate, std_error, p_value, conf_low, conf_high, bandwidth_left as bandwidth,
    n_effective_left as n_control, n_effective_right as n_treated, n_clusters, status
from offered
union all
select
    case part when 'effect' then 'uptake' else 'started' end as estimand, outcome as indicator, estimate, std_error, p_value,
    conf_low, conf_high, bandwidth_left as bandwidth, n_effective_left as n_control, n_effective_right as n_treated,
    n_clusters, status
from taken_up
