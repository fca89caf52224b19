//! What `HELP` says of a table: what one row is, its key, and what its columns mean.

use std::collections::BTreeSet;

use datafusion::prelude::DataFrame;

use super::lineage::Lineage;
use super::meanings::Meanings;
use super::project::Project;
use crate::session::{HELP_COLUMNS, Session, SessionError};
use crate::vocabulary::Lang;

/// The answer to `HELP` on table or view `name`; `None` where the project has no such table, or a relation or function has its name.
/// The queries that make the table are planned.
///
/// # Errors
/// When the engine refuses the rows.
pub async fn table_help(
    project: &Project,
    session: &Session,
    name: &str,
    lang: Lang,
) -> Result<Option<DataFrame>, SessionError> {
    let name = name.to_lowercase();
    if session.help_on(&name)?.is_some() {
        return Ok(None);
    }
    let (text, key) = match (project.contract(&name), project.dag.query(&name)) {
        (Some(contract), _) => {
            let text = lang.pick(&contract.description_ja, &contract.description);
            (text.to_owned(), contract.key.as_slice())
        }
        (None, Some(query)) => (query.prose().join("\n"), query.header.key.as_slice()),
        (None, None) if project.own_tables().contains_key(&name) => (String::new(), [].as_slice()),
        (None, None) => return Ok(None),
    };
    let tables = BTreeSet::from([name.clone()]);
    // A project whose queries do not plan has help without columns.
    let lineage = Lineage::of_tables(project, session, &tables).await;
    let meanings = Meanings::of(project, &lineage.unwrap_or_default());
    let row = |part: &str, name: &str, text: &str| [part, name, "", text].map(str::to_owned);
    let mut rows = vec![row("meaning", "", &text)];
    if !key.is_empty() {
        rows.push(row("key", "", &key.join(", ")));
    }
    let columns = meanings.table(&name).iter().map(|(column, meaning)| {
        let text = meaning.as_ref().map_or("", |meaning| meaning.in_lang(lang));
        row("column", column, text)
    });
    rows.extend(columns);
    session.text_rows(HELP_COLUMNS, rows).map(Some)
}
