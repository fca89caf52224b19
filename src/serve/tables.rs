//! The tables a served statement sees: those of the lake at the versions they had when the statement arrived,
//! and the project's views over them.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tonic::Status;

use super::error::{answer_status, engine_status, lake_status};
use super::event::{Log, ServerEvent};
use super::{nesting, parameters};
use crate::diagnostic::did_you_mean;
use crate::lake::{Lake, LakeError};
use crate::pipeline::{self, Catalogue, Lineage, Meanings, Project};
use crate::session::inquiry::{Inquiry, StatementAnswer};
use crate::session::statements::split_statements;
use crate::session::{self, ParsedQuery, Session};
use crate::vocabulary::Lang;

/// Under which key of a column's metadata clients find what it means, in the server's language: that of Arrow Flight SQL.
const REMARKS: &str = "ARROW:FLIGHT:SQL:REMARKS";
/// The same in Japanese and in English.
const MEANING_JA: &str = "korabo.meaning_ja";
const MEANING_EN: &str = "korabo.meaning_en";

/// The lake and the project as they are now.
pub(super) struct ServedTables {
    lake: Lake,
    now: Mutex<Arc<Snapshot>>,
    /// Whether answers leave the secure area, so that the rules of disclosure hold.
    is_release: bool,
    /// The language of meanings.
    lang: Lang,
    /// The engine's own threads.
    engine: Handle,
    log: Log,
}

/// The lake and the project at one moment.
pub(super) struct Snapshot {
    lake: Lake,
    project: Arc<Project>,
    /// What all columns mean, from when it is first asked for.
    meanings: OnceCell<Meanings>,
}

impl ServedTables {
    pub(super) fn open(
        lake: Lake,
        project: Project,
        is_release: bool,
        lang: Lang,
        log: Log,
    ) -> Result<Self, LakeError> {
        let now = Snapshot::new(pinned(&lake)?, Arc::new(project));
        Ok(Self {
            lake,
            now: Mutex::new(Arc::new(now)),
            is_release,
            lang,
            engine: Handle::current(),
            log,
        })
    }

    /// The lake as it is now. The project's files are read again when a table has another version.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Status> {
        let lake = pinned(&self.lake).map_err(|error| lake_status(&error))?;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = now.lake.is_same_moment(&lake);
        if !is_same.map_err(|error| lake_status(&error))? {
            let project = self.project_again(&now.project);
            *now = Arc::new(Snapshot::new(lake, project));
        }
        Ok(Arc::clone(&now))
    }

    /// The project as its files are now; as it was, where they do not load.
    fn project_again(&self, old: &Arc<Project>) -> Arc<Project> {
        match Project::load(old.config.clone()) {
            Ok(project) => Arc::new(project),
            Err(error) => {
                let message =
                    format!("the project's files do not load, views stay as they were: {error}");
                (self.log)(&ServerEvent::Unusable { message });
                Arc::clone(old)
            }
        }
    }

    /// A session of `engine` with the tables of `snapshot`.
    pub(super) fn session(&self, engine: &Session, snapshot: &Snapshot) -> Result<Session, Status> {
        // What the lake keeps open outlives the statement and its threads.
        let catalogue = snapshot.catalogue().opening_on(self.engine.clone());
        let session = catalogue.with_whole_views(self.is_release).session(engine);
        session.map_err(|error| engine_status(&error))
    }

    /// The answer to one statement of `user`, its numbered parameters bound to `values`, in `session`, which has the tables of `snapshot`.
    pub(super) async fn answer(
        &self,
        session: &Session,
        snapshot: &Snapshot,
        user: &str,
        inquiry: Inquiry,
        values: &[ScalarValue],
    ) -> Result<StatementAnswer, Status> {
        let inquiry = inquiry
            .planned(async |query| {
                let frame = prepare(session, snapshot, query).await?;
                bind(frame, snapshot, values)
            })
            .await?;
        let project = &snapshot.project;
        let meanings = match &inquiry {
            Inquiry::Describe(frame) => {
                Meanings::texts_of_plan(project, session, frame.logical_plan(), self.lang).await
            }
            Inquiry::Help(Some(topic)) => {
                let help = pipeline::table_help(project, session, topic, self.lang).await;
                if let Some(frame) = help.map_err(|error| engine_status(&error))? {
                    return Ok(StatementAnswer { frame, note: None });
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        let rules = self
            .is_release
            .then(|| project.remembering_rules(Some(&self.lake), user));
        let answered = session.answer(inquiry, rules.as_ref(), &meanings).await;
        answered.map_err(|error| answer_status(&error))
    }

    /// The columns of a table or view, when it can be opened, with what they mean in their metadata.
    pub(super) async fn columns(
        &self,
        session: &Session,
        snapshot: &Snapshot,
        name: &str,
    ) -> Option<SchemaRef> {
        let schema = session.table_schema(name).await.ok()?;
        let meanings = snapshot.meanings(session).await;
        let fields = schema.fields().iter().map(|field| {
            let Some(meaning) = meanings.column(name, field.name()) else {
                return Arc::clone(field);
            };
            let mut metadata = field.metadata().clone();
            metadata.extend([
                (REMARKS.to_owned(), meaning.in_lang(self.lang).to_owned()),
                (MEANING_JA.to_owned(), meaning.ja.clone()),
                (MEANING_EN.to_owned(), meaning.en.clone()),
            ]);
            Arc::new(field.as_ref().clone().with_metadata(metadata))
        });
        let metadata = schema.metadata().clone();
        Some(Arc::new(Schema::new_with_metadata(
            fields.collect::<Vec<FieldRef>>(),
            metadata,
        )))
    }
}

/// The lake at the versions of now.
fn pinned(lake: &Lake) -> Result<Lake, LakeError> {
    let pinned = lake.pinned();
    pinned.table_names()?;
    Ok(pinned)
}

/// Plans a query and leaves its parameters open.
pub(super) async fn prepare(
    session: &Session,
    snapshot: &Snapshot,
    query: ParsedQuery,
) -> Result<DataFrame, Status> {
    let planned = session.prepare(query).await;
    let frame = planned.map_err(|error| match (error.missing_table(), error.lake_error()) {
        (Some(name), _) => no_table(&name, snapshot),
        (None, Some(error)) => lake_status(error),
        (None, None) => engine_status(&error),
    })?;
    match frame.logical_plan() {
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => Err(Status::invalid_argument(
            "the engine's own plan names the server's files; EXPLAIN and EXPLAIN ANALYZE without VERBOSE or \
             FORMAT work",
        )),
        _ => Ok(frame),
    }
}

impl Snapshot {
    fn new(lake: Lake, project: Arc<Project>) -> Self {
        Self {
            lake,
            project,
            meanings: OnceCell::new(),
        }
    }

    /// What the columns of all tables mean; of raw tables only, where the project's queries do not plan.
    async fn meanings(&self, session: &Session) -> &Meanings {
        let found = async {
            let lineage = Lineage::of(&self.project, session).await;
            Meanings::of(&self.project, &lineage.unwrap_or_default())
        };
        self.meanings.get_or_init(|| found).await
    }

    /// Its tables and views.
    pub(super) fn catalogue(&self) -> Catalogue {
        Catalogue::of_project(Arc::clone(&self.project), Some(self.lake.clone()))
    }

    /// The columns that the query of table `name` names as its key.
    pub(super) fn key_of(&self, name: &str) -> Vec<String> {
        let query = self.project.dag.query(name);
        query
            .map(|query| query.header.key.clone())
            .unwrap_or_default()
    }
}

/// A statement as a client sent it, and the values of its numbered parameters.
#[derive(Debug, Clone)]
pub(super) struct StatementRequest {
    pub(super) statement: String,
    pub(super) values: Vec<ScalarValue>,
}

impl StatementRequest {
    /// One statement as a client sent it; `?` are numbered.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        nesting::check(text)?;
        let mut statements = split_statements(text).into_iter();
        let (Some((_, statement)), None) = (statements.next(), statements.next()) else {
            return Err(Status::invalid_argument("send one statement at a time"));
        };
        Ok(Self {
            statement: parameters::numbered(&statement),
            values: Vec::new(),
        })
    }

    /// What it asks. Parsed where there is stack for it: not on the threads that serve calls.
    pub(super) fn inquiry(&self) -> Result<Inquiry, Status> {
        Inquiry::parse(&self.statement).map_err(|error| engine_status(&error))
    }
}

/// Gives every parameter its value: numbered ones those of the client, named ones those of the project.
fn bind(
    frame: DataFrame,
    snapshot: &Snapshot,
    values: &[ScalarValue],
) -> Result<DataFrame, Status> {
    let names = frame.logical_plan().get_parameter_names();
    let names = names.map_err(|error| engine_status(&error.into()))?;
    if names.is_empty() && values.is_empty() {
        return Ok(frame);
    }
    let mut bound = Vec::with_capacity(names.len());
    for name in &names {
        let name = name.trim_start_matches('$');
        let value = match name.parse::<usize>() {
            Ok(number) => number
                .checked_sub(1)
                .and_then(|idx| values.get(idx))
                .cloned(),
            Err(_) => {
                let found = snapshot.project.config.parameters.get(name);
                found.and_then(session::scalar)
            }
        };
        let Some(value) = value else {
            let message = format!("parameter `${name}` has no value; bind one");
            return Err(Status::invalid_argument(message));
        };
        bound.push((name.to_owned(), value));
    }
    if let Some(number) = (1..=values.len()).find(|number| !names.contains(&format!("${number}"))) {
        let message = format!(
            "{} values for a statement without `${number}`",
            values.len()
        );
        return Err(Status::invalid_argument(message));
    }
    let frame = frame.with_param_values(ParamValues::from(bound));
    frame.map_err(|error| engine_status(&error.into()))
}

fn no_table(name: &str, snapshot: &Snapshot) -> Status {
    let names = snapshot.catalogue().names().unwrap_or_default();
    let mut message = format!("no table `{name}`");
    message.push_str(&did_you_mean(name, names.iter().map(String::as_str)));
    if name.contains(['/', '.', ':']) {
        message.push_str("; files are not read by name here, only the lake's tables");
    } else if names.is_empty() {
        message.push_str("; the project has no tables yet: `korabo run`");
    }
    Status::invalid_argument(message)
}
