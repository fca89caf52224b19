//! Evaluation plans as queries. For each plan there are views of what it says: `panel_cohorts_NAME` and `panel_evaluation_NAME` (exposure, persons and years),
//! `evaluation_plan_NAME`, `evaluation_indicators_NAME` and `evaluation_gates_NAME`; and `evaluation_spread_NAME`, how much its indicators vary.
//! Files with `-- for_each: evaluation` estimate and judge over them: in `queries/evaluation_verdicts_name.sql` the word `name` stands for the
//! plan's, in the file's name and in those of the views and tables that its text reads.

mod changes;
mod exposures;
mod literal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::literal::{or_null, quoted};
use super::error::PipelineError;
use super::header::ForEach;
use super::made_text::MadeText;
use super::query::{EVALUATION, Query, is_word};
use crate::config::ParameterValue;
use crate::diagnostic::did_you_mean;
use crate::evaluation::{
    EvaluationError, EvaluationPlan, Evaluations, Exposure, Gate, Lock, PLANS_FOLDER, RATINGS_FILE,
    RatingScale,
};
use crate::toml_reader::LocatedText;
use crate::vocabulary::{Better, Vocabulary};

/// The word in names that a plan's name replaces.
const NAME: &str = "name";

/// A template that uses this parameter makes nothing for plans without subgroups.
const COMPARED_SUBGROUPS: &str = "compared_subgroups";

/// `queries` with those of each plan in place of their templates.
///
/// # Errors
/// When a template's name does not end in `_name`, or a plan names a population or an indicator that is not there.
pub(super) fn expand(
    queries: Vec<Query>,
    evaluations: &Evaluations,
    vocabulary: &Vocabulary,
) -> Result<Vec<Query>, PipelineError> {
    let is_template = |query: &Query| query.header.for_each == Some(ForEach::Evaluation);
    let (templates, mut expanded): (Vec<Query>, Vec<Query>) =
        queries.into_iter().partition(is_template);
    for template in &templates {
        if !template.name.ends_with("_name") {
            return Err(PipelineError::Header {
                at: template.location_of_key("for_each"),
                key: "for_each".to_owned(),
                expected: "in a file whose name ends in `_name`, as in `evaluation_verdicts_name.sql`",
            });
        }
    }
    let own: BTreeSet<String> = expanded.iter().map(|query| query.name.clone()).collect();
    for (plan, lock) in &evaluations.plans {
        check_population(plan, &own)?;
        let views = views(plan, lock.as_ref(), vocabulary)?;
        let names: BTreeSet<String> = views
            .iter()
            .map(|view| with_word(&view.name, &plan.name, NAME))
            .chain(templates.iter().map(|template| template.name.clone()))
            .collect();
        for template in &templates {
            let name = with_word(&template.name, NAME, &plan.name);
            let is_of_other_plans =
                plan.subgroups.is_empty() && template.parameters.contains(COMPARED_SUBGROUPS);
            if !own.contains(&name) && !is_of_other_plans {
                expanded.push(for_plan(template, &name, (plan, vocabulary), &names)?);
            }
        }
        expanded.extend(views.into_iter().filter(|view| !own.contains(&view.name)));
    }
    if let Some(scale) = &evaluations.scale {
        expanded.push(scale_view(scale)?);
    }
    give_thresholds(&mut expanded, &evaluations.gates);
    Ok(expanded)
}

/// Gives the thresholds of gates (`$run_out_warn_at`) to the queries that use them: those of `rules/gates.toml`, which hold whatever
/// single plans say.
fn give_thresholds(queries: &mut [Query], gates: &[Gate]) {
    for gate in gates {
        for (key, threshold) in [("warn_at", gate.warn_at), ("blind_at", gate.blind_at)] {
            let Some(threshold) = threshold else { continue };
            let name = format!("{}_{key}", gate.name);
            let uses = |query: &&mut Query| query.parameters.contains(&name);
            for query in queries.iter_mut().filter(uses) {
                let value = ParameterValue::Number(threshold);
                query.values.push((name.clone(), value));
            }
        }
    }
}

/// One row with the words of ratings and what decides between them.
fn scale_view(scale: &RatingScale) -> Result<Query, PipelineError> {
    let words = scale.words.iter();
    let words: Vec<String> = words
        .map(|(outcome, word)| format!("    {} as {outcome}", quoted(word)))
        .collect();
    let text = format!(
        "-- One row: the words of ratings, and what decides between them.\n\
         -- materialize: view\n-- sensitivity: aggregate\n\n\
         select\n    cast({:?} as double) as level,\n    cast({:?} as double) as relative_change,\n{}\n",
        scale.level,
        scale.relative_change,
        words.join(",\n"),
    );
    Query::made(
        "evaluation_scale",
        Path::new(RATINGS_FILE),
        MadeText::plain(&text),
    )
}

/// `name` with its last word replaced, where that is `from`.
fn with_word(name: &str, from: &str, to: &str) -> String {
    match name.strip_suffix(from) {
        Some(stem) => format!("{stem}{to}"),
        None => name.to_owned(),
    }
}

fn check_population(plan: &EvaluationPlan, own: &BTreeSet<String>) -> Result<(), PipelineError> {
    let view = population_view(plan);
    if own.contains(&view) {
        return Ok(());
    }
    let known = own.iter().filter_map(|name| name.strip_prefix("panel_"));
    Err(EvaluationError::Unknown {
        at: plan.population.at.clone(),
        kind: "population (a query `panel_POPULATION`) called",
        hint: did_you_mean(&plan.population.value, known),
        name: plan.population.value.clone(),
    }
    .into())
}

fn population_view(plan: &EvaluationPlan) -> String {
    format!("panel_{}", plan.population.value)
}

/// The query that `template` makes for `plan`: `names` in its text are those of the plan.
fn for_plan(
    template: &Query,
    name: &str,
    (plan, vocabulary): (&EvaluationPlan, &Vocabulary),
    names: &BTreeSet<String>,
) -> Result<Query, PipelineError> {
    let mut text = template.text.clone();
    for own in names {
        let mut places: Vec<usize> = text.match_indices(own.as_str()).map(|(at, _)| at).collect();
        places.retain(|at| is_word(&text, *at, own.len()));
        for at in places.into_iter().rev() {
            text.replace_range(at..at + own.len(), &with_word(own, NAME, &plan.name));
        }
    }
    let mut query = Query::made(name, &template.file, MadeText::plain(&text))?;
    query.header.for_each = None;
    query.values = values(plan, vocabulary);
    Ok(query)
}

/// What parameters of templates stand for.
fn values(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> Vec<(String, ParameterValue)> {
    let names =
        |list: Vec<&str>| ParameterValue::Names(list.into_iter().map(ToOwned::to_owned).collect());
    let indicators = plan.indicators().map(|(own, _)| own.value.as_str());
    let outcomes: Vec<&str> = indicators.chain(plan.attendance()).collect();
    let primary = plan.primary.iter().map(|own| own.value.as_str());
    let by = plan.subgroups.iter().map(|own| own.value.as_str());
    let covariates = plan.covariates.iter().map(|own| own.value.as_str());
    // Programs are compared with others that began in the same year.
    let covariates = covariates.chain(plan.against().map(|_| exposures::START_YEAR));
    let deciding = match plan.dose() {
        Some(_) => "per_unit",
        None => "callaway_santanna",
    };
    let word = |text: &str| ParameterValue::Word(text.to_owned());
    let first = plan.primary.first();
    let first = first.and_then(|own| vocabulary.indicator(&own.value));
    let best = match first.map(|own| own.better) {
        Some(Better::Lower) => "lowest",
        _ => "highest",
    };
    [
        (EVALUATION, ParameterValue::Text(plan.name.clone())),
        ("outcomes", names(outcomes)),
        ("primary", names(primary.collect())),
        ("covariates", names(covariates.collect())),
        ("subgroups", names(by.clone().collect())),
        (COMPARED_SUBGROUPS, names(by.collect())),
        ("comparison", word(plan.comparison)),
        ("method", word(plan.method)),
        ("inference", word(plan.inference)),
        ("window", word(&plan.window.value)),
        ("best", word(best)),
        ("deciding", ParameterValue::Text(deciding.to_owned())),
        ("first_event", ParameterValue::Written(plan.first_event())),
        ("last_event", ParameterValue::Written(plan.last_event())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The views of what a plan says.
fn views(
    plan: &EvaluationPlan,
    lock: Option<&Lock>,
    vocabulary: &Vocabulary,
) -> Result<Vec<Query>, PipelineError> {
    let file = Path::new(PLANS_FOLDER).join(format!("{}.toml", plan.name));
    let made = |stem: &str, text: MadeText| {
        let mut query = Query::made(&format!("{stem}_{}", plan.name), &file, text)?;
        let name = ParameterValue::Text(plan.name.clone());
        query.values = vec![(EVALUATION.to_owned(), name)];
        Ok::<_, PipelineError>(query)
    };
    let mut views = vec![
        made("panel_cohorts", exposures::cohorts(plan))?,
        made("panel_evaluation", rows(plan, vocabulary))?,
        made("panel_balance", MadeText::plain(&changes::balance(plan)))?,
        made("panel_changes", MadeText::plain(&changes::changes(plan)))?,
        made(
            "panel_other_starts",
            MadeText::plain(&exposures::other_starts(plan)),
        )?,
        made(
            "evaluation_plan",
            MadeText::plain(&plan_row(plan, lock, vocabulary)),
        )?,
        made(
            "evaluation_indicators",
            MadeText::plain(&indicator_rows(plan, vocabulary)),
        )?,
        made("evaluation_gates", MadeText::plain(&gate_rows(plan)))?,
        made(
            "evaluation_spread",
            MadeText::plain(&spread(plan, vocabulary)),
        )?,
        made("evaluation_dose", MadeText::plain(&changes::dose(plan)))?,
    ];
    if let Exposure::Programs(chosen) = &plan.exposure {
        views.push(made("panel_programs", exposures::programs(plan, chosen))?);
    }
    if let Some(unit) = plan.dose() {
        let doses = exposures::doses(plan, unit);
        views.push(made("panel_doses", MadeText::plain(&doses))?);
    }
    Ok(views)
}

/// Persons and years of the population with the exposure that the plan is about.
fn rows(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> MadeText {
    let mut made = MadeText::plain(&format!(
        "-- One row per person and fiscal year that evaluation {name} looks at: exposure, cluster and the columns that the plan names.\n\
         -- A table, because everything that is estimated and measured reads it.\n\
         -- key: person_id, fiscal_year\n-- materialize: table\n-- sensitivity: person\n\n\
         with people as (\n    select\n        {population}.*",
        name = plan.name,
        population = population_view(plan),
    ));
    for (name, sql) in at_risk(plan, vocabulary) {
        made.push(",\n        first_value(");
        made.push_expression(sql);
        made.push(&format!(
            ") ignore nulls over (partition by person_id order by fiscal_year) as at_risk_{name}"
        ));
    }
    made.push(&format!("\n    from {}", population_view(plan)));
    if let Some(filter) = &plan.filter {
        made.push("\n    where ");
        made.push_expression(filter);
    }
    made.push("\n)\n\nselect");
    for name in columns(plan) {
        let column = match name {
            // Years since the programs began.
            "fiscal_year" if plan.against().is_some() => {
                "cast(people.fiscal_year - exposures.first_year as smallint) as fiscal_year"
                    .to_owned()
            }
            name => column(name, plan, vocabulary),
        };
        made.push(&format!("\n    {column},"));
    }
    if plan.against().is_some() {
        made.push(&format!("\n    exposures.{},", exposures::START_YEAR));
    }
    if plan.dose().is_some() {
        made.push("\n    case when exposures.cohort is null then 0.0 else doses.dose end as dose,");
    }
    made.push(&format!(
        "\n    people.{cluster} as cluster_id,\n    exposures.cohort,\n    {participated} as participated\nfrom people\n{joins}",
        cluster = plan.cluster.value,
        participated = exposures::participated(plan),
        joins = exposures::joins(plan),
    ));
    made
}

/// The columns of the population that the evaluation reads, each once.
fn columns(plan: &EvaluationPlan) -> Vec<&str> {
    let mut columns = vec!["person_id", "fiscal_year", "term", "sex", "age"];
    let others = [&plan.covariates, &plan.subgroups, &plan.balance];
    let others = others.into_iter().flatten().map(|own| own.value.as_str());
    let indicators = plan.indicators().map(|(own, _)| own.value.as_str());
    for name in others.chain(indicators).chain(plan.attendance()) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

/// Who could improve, by indicator, where the plan looks at those only.
fn at_risk<'v>(
    plan: &EvaluationPlan,
    vocabulary: &'v Vocabulary,
) -> Vec<(&'v str, &'v LocatedText)> {
    let asked = plan.indicators().filter(|_| plan.is_at_risk);
    let asked = asked.filter_map(|(own, _)| vocabulary.indicator(&own.value));
    asked
        .filter_map(|own| Some((own.name.as_str(), own.at_risk.as_ref()?)))
        .collect()
}

/// A column of the people; of an indicator only what may be compared, of those whom the plan looks at.
fn column(name: &str, plan: &EvaluationPlan, vocabulary: &Vocabulary) -> String {
    let mut conditions: Vec<String> = Vec::new();
    let is_indicator = plan.indicators().any(|(own, _)| own.value == name);
    if let Some(terms) = terms_of(name, vocabulary).filter(|_| is_indicator) {
        conditions.push(format!("people.term in ({terms})"));
    }
    if at_risk(plan, vocabulary)
        .iter()
        .any(|(own, _)| *own == name)
    {
        conditions.push(format!("people.at_risk_{name}"));
    }
    match conditions.as_slice() {
        [] => format!("people.{name}"),
        all => format!(
            "case when {} then people.{name} end as {name}",
            all.join(" and ")
        ),
    }
}

/// What the plan is about, whether it is fixed, and what is not as planned.
fn plan_row(plan: &EvaluationPlan, lock: Option<&Lock>, vocabulary: &Vocabulary) -> String {
    let mut deviations: Option<Vec<String>> = lock.map(|lock| {
        let all = lock.deviations(&settings(plan, vocabulary)).into_iter();
        all.map(|own| own.to_string()).collect()
    });
    if let Some(reason) = &plan.unblinded {
        let own = deviations.get_or_insert_default();
        own.retain(|deviation| !deviation.starts_with("gates."));
        own.push(format!("gates do not hide: {reason}"));
    }
    let optional = |text: Option<String>| {
        text.map_or("cast(null as varchar)".to_owned(), |text| quoted(&text))
    };
    format!(
        "-- One row: what evaluation {name} asks, and whether it was fixed beforehand.\n\
         -- key: evaluation\n-- materialize: view\n-- sensitivity: aggregate\n-- part_of: evaluation_plans\n\n\
         select\n    {quoted_name} as evaluation,\n    {ja} as question_ja,\n    {en} as question_en,\n    {exposure} as exposure,\n    \
         {field} as field,\n    {exposed} as exposed,\n    {population} as population,\n    {is_standard} as is_whole_population,\n    \
         {has_other_starts} as has_other_starts,\n    {is_locked} as is_locked,\n    {locked_at} as locked_at,\n    {deviations} as deviations\n",
        name = plan.name,
        quoted_name = quoted(&plan.name),
        ja = quoted(&plan.question_ja),
        en = quoted(&plan.question_en),
        exposure = quoted(plan.exposure.word()),
        field = quoted(plan.field()),
        exposed = quoted(plan.exposed.word()),
        population = quoted(&plan.population.value),
        is_standard = plan.filter.is_none() && !plan.is_at_risk,
        has_other_starts = exposures::has_other_starts(plan),
        is_locked = lock.is_some(),
        locked_at = optional(lock.map(|lock| lock.locked_at.clone())),
        deviations = optional(
            deviations
                .filter(|all| !all.is_empty())
                .map(|all| all.join("; "))
        ),
    )
}

/// The smallest change that matters of each indicator that has one: the plan's, else that of `indicators.toml`.
fn smallest_changes(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> Vec<(String, f64)> {
    let change_of = |name: &str| {
        let own = plan.smallest_changes.iter().find(|(own, _)| own == name);
        let general = || vocabulary.indicator(name)?.smallest_change;
        own.map(|(_, change)| *change).or_else(general)
    };
    let indicators = plan.indicators().map(|(own, _)| &own.value);
    indicators
        .filter_map(|name| Some((name.clone(), change_of(name)?)))
        .collect()
}

fn indicator_rows(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> String {
    let changes = smallest_changes(plan, vocabulary);
    let indicators = plan
        .indicators()
        .map(|(own, role)| (own.value.as_str(), role));
    let all = indicators.chain(plan.attendance().map(|name| (name, "attendance")));
    let mut rows = Vec::new();
    for (name, role) in all {
        let direction = match vocabulary.indicator(name).map(|own| own.better) {
            Some(Better::Higher) => "1",
            Some(Better::Lower) => "-1",
            _ => "null",
        };
        let change = changes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, change)| *change);
        let target = plan.targets.iter().find(|own| own.indicator == name);
        let is_from_claims = vocabulary
            .indicator(name)
            .is_some_and(|own| own.is_from_claims);
        rows.push(format!(
            "({}, {}, {}, {direction}, {}, {}, {}, {}, {is_from_claims})",
            rows.len() + 1,
            quoted(name),
            quoted(role),
            or_null(change),
            or_null(target.map(|own| own.baseline_year)),
            or_null(target.map(|own| own.target_year)),
            or_null(target.map(|own| own.target)),
        ));
    }
    format!(
        "-- One row per indicator of evaluation {name}: its role, which direction is better, and what is to be reached.\n\
         -- key: evaluation, indicator\n-- materialize: view\n-- sensitivity: aggregate\n-- part_of: evaluation_indicators\n\n\
         select\n    {quoted_name} as evaluation,\n    cast(place as bigint) as place,\n    indicator,\n    role,\n    \
         cast(direction as bigint) as direction,\n    cast(smallest_change as double) as smallest_change,\n    \
         cast(baseline_year as smallint) as baseline_year,\n    cast(target_year as smallint) as target_year,\n    \
         cast(target as double) as target,\n    is_from_claims\nfrom (\n    values\n    {rows}\n) as listed (place, indicator, role, direction, \
         smallest_change, baseline_year, target_year, target, is_from_claims)\n",
        name = plan.name,
        quoted_name = quoted(&plan.name),
        rows = rows.join(",\n    "),
    )
}

fn gate_rows(plan: &EvaluationPlan) -> String {
    let row = |gate: &Gate| {
        format!(
            "({}, {}, {}, {}, {}, {}, {})",
            quoted(&gate.name),
            quoted(&gate.name_ja),
            quoted(&gate.name_en),
            gate.is_below,
            or_null(gate.warn_at),
            or_null(gate.blind_at),
            quoted(&gate.reason)
        )
    };
    let mut rows: Vec<String> = plan.gates.iter().map(row).collect();
    if rows.is_empty() {
        rows.push("('', '', '', false, null, null, '')".to_owned());
    }
    format!(
        "-- One row per gate that the estimates of evaluation {name} pass, with the thresholds that hold there.\n\
         -- key: evaluation, gate\n-- materialize: view\n-- sensitivity: aggregate\n-- part_of: evaluation_gates\n\n\
         select\n    {quoted_name} as evaluation,\n    gate,\n    name_ja,\n    name_en,\n    is_below,\n    cast(warn_at as double) as warn_at,\n    \
         cast(blind_at as double) as blind_at,\n    reason\nfrom (\n    values\n    {rows}\n) as listed (gate, name_ja, name_en, is_below, warn_at, \
         blind_at, reason)\n\
         where gate <> ''\n",
        name = plan.name,
        quoted_name = quoted(&plan.name),
        rows = rows.join(",\n    "),
    )
}

/// How much the indicators vary, and how much of the years was asked another version of the question.
fn spread(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> String {
    let names: Vec<&str> = plan
        .indicators()
        .map(|(own, _)| own.value.as_str())
        .chain(plan.attendance())
        .collect();
    let of = |get: &dyn Fn(&str) -> String| {
        let all: Vec<String> = names.iter().map(|name| get(name)).collect();
        all.join(", ")
    };
    let other_terms = |name: &str| match terms_of(name, vocabulary) {
        Some(terms) => format!("avg(cast(term not in ({terms}) as double))"),
        None => "cast(null as double)".to_owned(),
    };
    format!(
        "-- One row per indicator of evaluation {name}: the standard deviation between person-years, and how many there are.\n\
         -- key: indicator\n-- materialize: view\n-- sensitivity: person\n\n\
         select\n    unnest(make_array({labels})) as indicator,\n    unnest(make_array({spreads})) as standard_deviation,\n    \
         unnest(make_array({other_terms})) as other_terms,\n    unnest(make_array({counts})) as n_person_years\nfrom panel_evaluation_{name}\n",
        name = plan.name,
        labels = of(&quoted),
        spreads = of(&|name| format!("stddev(cast({name} as double))")),
        other_terms = of(&other_terms),
        counts = of(&|name| format!("count({name})")),
    )
}

/// The terms within which the answers of an indicator may be compared, as an SQL list; `None` where all of them may.
fn terms_of(name: &str, vocabulary: &Vocabulary) -> Option<String> {
    let terms = &vocabulary.indicator(name)?.terms;
    let listed: Vec<String> = terms.iter().map(ToString::to_string).collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

/// What a plan says now, as locks remember it.
#[must_use]
pub fn settings(plan: &EvaluationPlan, vocabulary: &Vocabulary) -> BTreeMap<String, String> {
    plan.settings(&smallest_changes(plan, vocabulary))
}
