//! Views of a plan's people around their exposure: what they were before it, and how they changed.

use super::literal::quoted;
use crate::evaluation::EvaluationPlan;

/// What people were in their first year before exposure, one row per person and column of the plan's `balance`.
pub(super) fn balance(plan: &EvaluationPlan) -> String {
    let names: Vec<&str> = plan.balance.iter().map(|own| own.value.as_str()).collect();
    let labels: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let levels: Vec<String> = names
        .iter()
        .map(|name| format!("cast({name} as double)"))
        .collect();
    format!(
        "-- One row per person of evaluation {name} and covariate: what the person was in the first year there, before any exposure.\n\
         -- key: person_id, covariate\n-- materialize: view\n-- sensitivity: person\n\n\
         with baseline as (\n    select *\n    from panel_evaluation_{name}\n    where cohort is null or fiscal_year < cohort\n    \
         qualify row_number() over (partition by person_id order by fiscal_year) = 1\n)\n\n\
         select\n    person_id,\n    cohort is not null as is_exposed,\n    cluster_id,\n    sex,\n    age / 5 as age_step,\n    \
         unnest(make_array({labels})) as covariate,\n    unnest(make_array({levels})) as baseline_level\nfrom baseline\n",
        name = plan.name,
        labels = labels.join(", "),
        levels = levels.join(", "),
    )
}

/// Each person's change of the primary indicators from the three years before exposure to the three from it on; for those never exposed
/// once for each year in which exposure began for others.
pub(super) fn changes(plan: &EvaluationPlan) -> String {
    let names: Vec<&str> = plan.primary.iter().map(|own| own.value.as_str()).collect();
    let of = |get: &dyn Fn(&str) -> String| {
        let all: Vec<String> = names.iter().map(|name| get(name)).collect();
        all.join(",\n")
    };
    let plain = of(&|name| format!("        cast({name} as double) as {name}"));
    let of_people = of(&|name| format!("        cast(people.{name} as double) as {name}"));
    let differences = of(&|name| {
        format!(
            "    avg(case when event_time >= 0 then {name} end) - avg(case when event_time < 0 then {name} end) as {name}"
        )
    });
    let kept = kept(plan);
    let kept_of =
        |get: &dyn Fn(&str) -> String| kept.iter().map(|name| get(name)).collect::<String>();
    let (plain, of_people, differences) = (
        plain + &kept_of(&|name| format!(",\n        {name}")),
        of_people + &kept_of(&|name| format!(",\n        people.{name}")),
        differences + &kept_of(&|name| format!(",\n    min({name}) as {name}")),
    );
    let name = &plan.name;
    let first = names.first().copied().unwrap_or_default();
    format!(
        "-- One row per person and year of exposure of evaluation {name}: how each primary indicator changed around it.\n\
         -- From the three years before to the three from then on. Of the never exposed there is a row for each year in which exposure\n\
         -- began for others: what they are compared with.\n\
         -- key: person_id, cohort\n-- materialize: view\n-- sensitivity: person\n\n\
         with cohorts as (\n    select distinct cohort\n    from panel_evaluation_{name}\n    where cohort is not null\n),\n\n\
         answers as (\n    select\n        person_id,\n        cluster_id,\n        cohort,\n        true as is_exposed,\n        \
         fiscal_year - cohort as event_time,\n{plain}\n    from panel_evaluation_{name}\n    where cohort is not null\n    \
         union all\n    select\n        people.person_id,\n        people.cluster_id,\n        cohorts.cohort,\n        \
         false as is_exposed,\n        people.fiscal_year - cohorts.cohort as event_time,\n{of_people}\n    \
         from panel_evaluation_{name} as people\n    cross join cohorts\n    where people.cohort is null\n)\n\n\
         select\n    person_id,\n    cluster_id,\n    cohort,\n    is_exposed,\n    \
         count(case when event_time between -3 and -1 then {first} end) > 0 as is_seen_before,\n    \
         count(case when event_time between 0 and 2 then 1 end) > 0 as is_there_after,\n{differences}\nfrom answers\n\
         where event_time between -3 and 2\ngroup by person_id, cluster_id, cohort, is_exposed\n"
    )
}

/// Columns that rows of changes keep for a dose: itself, and what its slope is adjusted for. They are constant per person.
fn kept(plan: &EvaluationPlan) -> Vec<&str> {
    match plan.dose() {
        None => Vec::new(),
        Some(_) => {
            let covariates = plan.covariates.iter().map(|own| own.value.as_str());
            covariates.chain(["dose"]).collect()
        }
    }
}

/// The columns of estimates, with the type of those that a slope does not have.
const ESTIMATES: [(&str, &str); 18] = [
    ("outcome", "varchar"),
    ("by", "varchar"),
    ("level", "varchar"),
    ("estimator", "varchar"),
    ("event_time", "bigint"),
    ("estimate", "double"),
    ("std_error", "double"),
    ("statistic", "double"),
    ("p_value", "double"),
    ("conf_low", "double"),
    ("conf_high", "double"),
    ("band_low", "double"),
    ("band_high", "double"),
    ("n_treated", "bigint"),
    ("n_control", "bigint"),
    ("n_units", "bigint"),
    ("n_clusters", "bigint"),
    ("status", "varchar"),
];

/// The effect per unit of dose: the slope of changes on the dose within years of exposure, those never exposed at a dose of 0. That the
/// slope is an effect needs more than parallel trends: who had a higher dose would have gained from a lower one what others gained
/// (Callaway, Goodman-Bacon and Sant'Anna 2024, "Difference-in-differences with a continuous treatment", strong parallel trends).
pub(super) fn dose(plan: &EvaluationPlan) -> String {
    let header = format!(
        "-- One row per primary indicator of evaluation {}: the effect per unit of dose; none where the exposure is no dose.\n\
         -- The slope of changes on the dose within years of exposure (panel_changes), the never exposed at a dose of 0.\n\
         -- key: outcome\n-- materialize: view\n-- sensitivity: person\n\n",
        plan.name
    );
    let nothing = || {
        let columns = ESTIMATES
            .map(|(name, data_type)| format!("    cast(null as {data_type}) as {}", column(name)));
        format!("select\n{}\nwhere false\n", columns.join(",\n"))
    };
    let slopes: Vec<String> = match plan.dose() {
        None => vec![nothing()],
        Some(_) => plan
            .primary
            .iter()
            .map(|own| slope(plan, &own.value))
            .collect(),
    };
    header + &slopes.join("union all\n")
}

fn slope(plan: &EvaluationPlan, indicator: &str) -> String {
    let value = |name: &str| match name {
        "outcome" => quoted(indicator),
        "by" | "level" => "cast(null as varchar)".to_owned(),
        "estimator" => "'per_unit'".to_owned(),
        "event_time" => "cast(null as bigint)".to_owned(),
        "band_low" => "fit.conf_low".to_owned(),
        "band_high" => "fit.conf_high".to_owned(),
        name if name.starts_with("n_") => format!("counts.{name}"),
        name => format!("fit.{name}"),
    };
    let columns = ESTIMATES.map(|(name, _)| format!("    {} as {}", value(name), column(name)));
    let covariates: String = plan
        .covariates
        .iter()
        .map(|own| format!(" + {}", own.value))
        .collect();
    format!(
        "select\n{columns}\nfrom ols(\n    (select * from panel_changes_{name} where {indicator} is not null and dose is not null),\n    \
         '{indicator} ~ dose{covariates} | cohort',\n    vcov => 'cluster(cluster_id)'\n) as fit\ncross join (\n    \
         select\n        count(distinct case when is_exposed then person_id end) as n_treated,\n        \
         count(distinct case when not is_exposed then person_id end) as n_control,\n        count(distinct person_id) as n_units,\n        \
         count(distinct cluster_id) as n_clusters\n    from panel_changes_{name}\n    \
         where {indicator} is not null and dose is not null\n) as counts\nwhere fit.term = 'dose'\n",
        columns = columns.join(",\n"),
        name = plan.name,
    )
}

/// The name of a column as SQL: `by` is a word of its grammar.
fn column(name: &str) -> String {
    match name {
        "by" => "\"by\"".to_owned(),
        name => name.to_owned(),
    }
}
