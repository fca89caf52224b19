//! An evaluation as one statement that can be run by hand.

use std::fmt::Write as _;

use super::project::Project;
use super::query::Query;
use crate::config::ParameterValue;

/// The estimates of evaluation `name` as one statement that can be run by hand: what its views and tables are made by, one
/// after the other, with the plan's values in place of parameters. `None` where there is no such evaluation.
#[must_use]
pub fn statement(project: &Project, name: &str) -> Option<String> {
    let made = format!("evaluation_estimates_{name}");
    project.dag.query(&made)?;
    let mut needed = vec![made.clone()];
    let suffix = format!("_{name}");
    // Backwards, so that a query comes after all that read it.
    for query in project.dag.queries().iter().rev() {
        if needed.contains(&query.name) {
            // Tables of the evaluation carry its name; all others stay names of tables.
            let own = query.reads.iter().filter(|table| table.ends_with(&suffix));
            needed.extend(own.cloned());
        }
    }
    let queries = project.dag.queries().iter();
    let queries = queries.filter(|query| needed.contains(&query.name));
    let mut text = String::new();
    for (place, query) in queries.clone().enumerate() {
        let opening = if place == 0 { "with" } else { "," };
        let _ = write!(
            text,
            "{opening}\n{} as (\n{}\n)",
            query.name,
            written_out(project, query)
        );
    }
    let _ = write!(text, "\n\nselect * from {made};\n");
    Some(text)
}

/// The text of a query without its header, with the values of its parameters in their places.
fn written_out(project: &Project, query: &Query) -> String {
    let is_header = |line: &&str| line.starts_with("--") || line.trim().is_empty();
    let lines: Vec<&str> = query.text.lines().skip_while(is_header).collect();
    let mut text = lines.join("\n");
    let mut parameters = project.parameters_of(query);
    // The longest name first: `$by` is also the beginning of others.
    parameters.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in parameters {
        let value = match value {
            ParameterValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        };
        text = text.replace(&format!("${name}"), &value);
    }
    text.trim_end().to_owned()
}
