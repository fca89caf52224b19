//! Templates: queries made for each entry of the project's vocabulary. `-- for_each: field` in `queries/panel_field.sql` makes `panel_activity`,
//! `panel_mind` and so on, one for each field of `fields.toml`, with the parameter `$field`. A file of the same name as such a query
//! takes its place. The view [`PANEL_INDICATORS`] adds to the panel what `indicators.toml` defines by SQL and keeps what needs a full year from
//! parts of one, [`INDICATOR_TERMS`] says between
//! which terms each indicator may be compared, and every query has the list of all indicators as `$indicators`.

use std::collections::BTreeSet;
use std::path::Path;

use datafusion::arrow::datatypes::Schema;

use super::error::PipelineError;
use super::header::ForEach;
use super::made_text::MadeText;
use super::query::{Query, is_word};
use crate::config::ParameterValue;
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::evaluation::Evaluations;
use crate::lake::storable_schema;
use crate::session::{self, ErrorPlace, Session, SessionError, split_place};
use crate::toml_reader::LocatedText;
use crate::vocabulary::{
    INDICATORS_FILE, Indicator, ProgramField, QUESTIONNAIRE_TERMS, Unit, Vocabulary,
    VocabularyError,
};

/// The panel with all indicators.
pub(super) const PANEL_INDICATORS: &str = "panel_indicators";
/// The table that indicators are defined over.
pub(super) const PANEL: &str = "panel_person_year";

/// Between which terms of the checkup questionnaire indicators may be compared.
const INDICATOR_TERMS: &str = "indicator_terms";

/// The parameter of all queries that lists the indicators.
const INDICATORS: &str = "indicators";

/// The parameter that says which share of a year is a full one.
const FULL_YEAR_SHARE: &str = "full_year_share";

/// What is known of full years only, up to the value.
const IN_FULL_YEARS: &str = "case when panel_person_year.enrolled_share >= $full_year_share then";

/// The part of a file's name that a field's code replaces.
const FIELD: &str = "field";

/// `queries` with those for each field in place of their template, and the panel with all indicators.
///
/// # Errors
/// When a template's name has no `field` in it.
pub(super) fn expand(
    queries: Vec<Query>,
    vocabulary: &Vocabulary,
) -> Result<Vec<Query>, PipelineError> {
    let is_template = |query: &Query| query.header.for_each == Some(ForEach::Field);
    let (templates, mut expanded): (Vec<Query>, Vec<Query>) =
        queries.into_iter().partition(is_template);
    let own: BTreeSet<String> = expanded.iter().map(|query| query.name.clone()).collect();
    for template in &templates {
        let parts: Vec<&str> = template.name.split('_').collect();
        if !parts.contains(&FIELD) {
            return Err(PipelineError::Header {
                at: template.location_of_key("for_each"),
                key: "for_each".to_owned(),
                expected: "in a file with `field` in its name, as in `panel_field.sql`",
            });
        }
        for field in &vocabulary.fields {
            let in_place = |part: &&str| {
                if *part == FIELD {
                    field.name.clone()
                } else {
                    (*part).to_owned()
                }
            };
            let name = parts.iter().map(in_place).collect::<Vec<_>>().join("_");
            if !own.contains(&name) {
                expanded.push(template.for_field(name, values_of(field)));
            }
        }
    }
    let has = |name: &str| expanded.iter().any(|query| query.name == name);
    if has(PANEL) && !has(PANEL_INDICATORS) {
        expanded.push(panel_indicators(vocabulary)?);
    }
    let has = |name: &str| expanded.iter().any(|query| query.name == name);
    if has(PANEL) && !has(INDICATOR_TERMS) && !vocabulary.indicators.is_empty() {
        expanded.push(indicator_terms(vocabulary)?);
    }
    give_indicators(&mut expanded, vocabulary);
    Ok(expanded)
}

/// Gives the list of all indicators to the queries that use it.
fn give_indicators(queries: &mut [Query], vocabulary: &Vocabulary) {
    let names = vocabulary.indicators.iter().map(|own| own.name.clone());
    let names: Vec<String> = names.collect();
    let uses = |query: &&mut Query| query.parameters.contains(INDICATORS);
    for query in queries.iter_mut().filter(uses) {
        if !names.is_empty() {
            let value = ParameterValue::Names(names.clone());
            query.values.push((INDICATORS.to_owned(), value));
        }
    }
}

/// What the parameter of a field's queries stands for.
fn values_of(field: &ProgramField) -> Vec<(String, ParameterValue)> {
    let name = ParameterValue::Text(field.name.clone());
    vec![("field".to_owned(), name)]
}

fn panel_indicators(vocabulary: &Vocabulary) -> Result<Query, PipelineError> {
    let mut made = MadeText::plain(&format!(
        "-- One row per person and fiscal year: {PANEL} with the indicators that {INDICATORS_FILE} defines by SQL.\n\
         -- What needs a full year is missing where less than ${FULL_YEAR_SHARE} of the year was insured: a part of a year would look\n\
         -- cheap and healthy.\n\
         -- key: person_id, fiscal_year\n-- materialize: view\n-- sensitivity: person\n\n\
         select\n    {PANEL}.*"
    ));
    let mut replaced = Vec::new();
    for indicator in &vocabulary.indicators {
        let name = &indicator.name;
        if indicator.needs_full_year && indicator.sql.is_none() {
            replaced.push(format!(
                "        {IN_FULL_YEARS} {PANEL}.{name} end as {name}"
            ));
        }
    }
    if !replaced.is_empty() {
        made.push(&format!(" replace (\n{}\n    )", replaced.join(",\n")));
    }
    for indicator in &vocabulary.indicators {
        if let Some(sql) = &indicator.sql {
            check_expression(indicator, "sql", sql)?;
            made.push(",\n    ");
            if indicator.needs_full_year {
                made.push(&format!("{IN_FULL_YEARS} "));
            }
            made.push_expression(sql);
            let end = if indicator.needs_full_year {
                " end"
            } else {
                ""
            };
            made.push(&format!("{end} as {}", indicator.name));
        }
        if let Some(sql) = &indicator.at_risk {
            check_expression(indicator, "at_risk", sql)?;
        }
    }
    made.push(&format!("\nfrom {PANEL}\n"));
    Query::made(PANEL_INDICATORS, Path::new(INDICATORS_FILE), made)
}

/// One row per indicator and term: in which series its answers are.
fn indicator_terms(vocabulary: &Vocabulary) -> Result<Query, PipelineError> {
    let mut rows = Vec::new();
    for indicator in &vocabulary.indicators {
        for term in QUESTIONNAIRE_TERMS {
            let series = indicator.series_of(term);
            let is_share = indicator.unit == Unit::Share;
            rows.push(format!(
                "    ('{}', {term}, {series}, {is_share})",
                indicator.name
            ));
        }
    }
    let text = format!(
        "-- One row per indicator and term of the checkup questionnaire: which terms' answers may be compared.\n\
         -- Those of one series may, by the first term of which it is named; `terms` in {INDICATORS_FILE} decides. is_share: its unit\n\
         -- there is `share`.\n\
         -- key: indicator, term\n-- materialize: view\n-- sensitivity: aggregate\n\n\
         select\n    indicator,\n    cast(term as smallint) as term,\n    cast(series as smallint) as series,\n    is_share\nfrom (values\n{}\n) as terms \
         (indicator, term, series, is_share)\n",
        rows.join(",\n")
    );
    Query::made(
        INDICATOR_TERMS,
        Path::new(INDICATORS_FILE),
        MadeText::plain(&text),
    )
}

fn check_expression(
    indicator: &Indicator,
    key: &'static str,
    sql: &LocatedText,
) -> Result<(), VocabularyError> {
    session::check_expression(&sql.value)
        .map_err(|error| wrong_sql(indicator, key, (sql, 0), &error))
}

/// The error of an expression, at its place in the expression, which began behind `n_lines_before` of the text that the engine saw.
fn wrong_sql(
    indicator: &Indicator,
    key: &'static str,
    (sql, n_lines_before): (&LocatedText, usize),
    error: &SessionError,
) -> VocabularyError {
    let message = match error.argument_error() {
        Some(argument) => format!("`{}`: {}", argument.relation, argument.problem),
        None => error.message(),
    };
    let message = split_place(&message).map_or(message.as_str(), |(message, _)| message);
    VocabularyError::Sql {
        at: place_in(sql, n_lines_before, error).unwrap_or_else(|| sql.at.clone()),
        key,
        name: indicator.name.clone(),
        message: message.to_owned(),
    }
}

fn place_in(
    sql: &LocatedText,
    n_lines_before: usize,
    error: &SessionError,
) -> Option<SourceLocation> {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let name = match error.error_place()? {
        ErrorPlace::Span {
            start: (line, column),
            ..
        } => {
            let line = number(line).checked_sub(n_lines_before)?;
            return (line > 0).then(|| sql.location(line, number(column)));
        }
        ErrorPlace::End => return Some(sql.location(usize::MAX, usize::MAX)),
        ErrorPlace::Table(name)
        | ErrorPlace::Column(name)
        | ErrorPlace::Function(name)
        | ErrorPlace::Parameter(name) => name,
    };
    let name = name.trim_start_matches('$');
    let mut places = sql.value.match_indices(name).map(|(at, _)| at);
    let at = places.find(|at| !name.is_empty() && is_word(&sql.value, *at, name.len()))?;
    let within = SourceLocation::of_offset(&sql.at.file, &sql.value, at);
    Some(sql.location(within.line, within.column))
}

/// Checks what indicators are defined by, before their view is planned; `panel` has the columns of the panel, which
/// `session` knows.
///
/// # Errors
/// With the place of an entry whose SQL cannot be planned, or whose column the panel has already or does not have.
pub(super) async fn check_indicators(
    session: &Session,
    vocabulary: &Vocabulary,
    panel: &Schema,
    parameters: &[(String, ParameterValue)],
) -> Result<(), VocabularyError> {
    for indicator in &vocabulary.indicators {
        let is_column = panel.index_of(&indicator.name).is_ok();
        let Some(sql) = &indicator.sql else {
            if !is_column {
                return Err(no_column(&indicator.at, &indicator.name, panel));
            }
            continue;
        };
        if is_column {
            return Err(VocabularyError::IsColumn {
                at: indicator.at.clone(),
                name: indicator.name.clone(),
            });
        }
        let select = format!(
            "select {PANEL}.*, (\n{}\n) as {} from {PANEL}",
            sql.value, indicator.name
        );
        let planned = session.plan(&select, parameters).await;
        let frame = planned.map_err(|error| wrong_sql(indicator, "sql", (sql, 1), &error))?;
        storable_schema(PANEL_INDICATORS, frame.schema().as_arrow()).map_err(|error| {
            VocabularyError::Sql {
                at: sql.at.clone(),
                key: "sql",
                name: indicator.name.clone(),
                message: error.to_string(),
            }
        })?;
    }
    Ok(())
}

/// Checks the indicators of plans and conditions against the panel with all indicators, whose columns are `panel`.
///
/// # Errors
/// With the place of an indicator that is not a column, or of a condition that cannot be planned.
pub(super) async fn check_uses(
    session: &Session,
    vocabulary: &Vocabulary,
    evaluations: &Evaluations,
    panel: &Schema,
    parameters: &[(String, ParameterValue)],
) -> Result<(), VocabularyError> {
    for (plan, _) in &evaluations.plans {
        for (indicator, _) in plan.indicators() {
            if panel.index_of(&indicator.value).is_err() {
                return Err(no_column(&indicator.at, &indicator.value, panel));
            }
        }
    }
    for indicator in &vocabulary.indicators {
        if let Some(sql) = &indicator.at_risk {
            let select = format!("select 1 from {PANEL_INDICATORS} where (\n{}\n)", sql.value);
            let planned = session.plan(&select, parameters).await;
            planned.map_err(|error| wrong_sql(indicator, "at_risk", (sql, 1), &error))?;
        }
    }
    Ok(())
}

fn no_column(at: &SourceLocation, name: &str, panel: &Schema) -> VocabularyError {
    let names = panel.fields().iter().map(|field| field.name().as_str());
    VocabularyError::NoColumn {
        at: at.clone(),
        name: name.to_owned(),
        hint: did_you_mean(name, names),
    }
}
