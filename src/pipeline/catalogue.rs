//! Which tables there are and what each of them is: those of the lake, the project's views over them, and empty ones for what
//! was not delivered or recorded yet. Sessions open what their statements name, each name once.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};
use tokio::runtime::Handle;

use super::header::Materialize;
use super::parts;
use super::project::Project;
use super::query::Query;
use super::query_files::query_named;
use super::statement::statement;
use crate::config::ProjectConfig;
use crate::diagnostic::did_you_mean;
use crate::lake::{Lake, LakeError, LakeTable};
use crate::session::{self, Session, SessionError, empty_table, lake_table, view, whole_view};

/// The tables and views of a project and its lake. Clones share the project's files once they are read.
#[derive(Debug, Clone)]
pub struct Catalogue {
    config: Option<ProjectConfig>,
    /// The project's files, read when a name or a list needs them; `None` where they do not load: lake tables can still be asked.
    project: Arc<OnceLock<Option<Arc<Project>>>>,
    lake: Option<Lake>,
    /// Whether statements see a view as one table, whatever it selects.
    are_views_whole: bool,
    /// Where tables are opened; `None` is where they are asked for.
    runtime: Option<Handle>,
}

impl Catalogue {
    /// The tables of a project, whose files are read when that is needed, and of a lake. Without either there are none.
    #[must_use]
    pub fn of_config(config: Option<ProjectConfig>, lake: Option<Lake>) -> Self {
        Self {
            config,
            project: Arc::default(),
            lake,
            are_views_whole: false,
            runtime: None,
        }
    }

    /// The tables of a project and of its lake; without a lake all of them are empty.
    #[must_use]
    pub fn of_project(project: Arc<Project>, lake: Option<Lake>) -> Self {
        Self {
            config: Some(project.config.clone()),
            project: Arc::new(OnceLock::from(Some(project))),
            ..Self::of_config(None, lake)
        }
    }

    /// The same with views that statements see as one table each, as the rules of release want them.
    #[must_use]
    pub fn with_whole_views(self, are_views_whole: bool) -> Self {
        Self {
            are_views_whole,
            ..self
        }
    }

    /// The same, which opens tables on the threads of `runtime`: what the lake keeps open outlives the threads of a statement.
    #[must_use]
    pub fn opening_on(self, runtime: Handle) -> Self {
        Self {
            runtime: Some(runtime),
            ..self
        }
    }

    /// The same over another lake.
    #[must_use]
    pub fn over(&self, lake: Option<Lake>) -> Self {
        Self {
            lake,
            ..self.clone()
        }
    }

    /// The same with every table as it is at one moment: see [`Lake::pinned`].
    #[must_use]
    pub fn pinned(&self) -> Self {
        self.over(self.lake.as_ref().map(Lake::pinned))
    }

    /// The project's configuration, where there is a project.
    #[must_use]
    pub fn config(&self) -> Option<&ProjectConfig> {
        self.config.as_ref()
    }

    /// The lake, where there is one.
    #[must_use]
    pub fn lake(&self) -> Option<&Lake> {
        self.lake.as_ref()
    }

    /// The project, where its files load.
    #[must_use]
    pub fn project(&self) -> Option<&Arc<Project>> {
        let load = || Project::load(self.config.clone()?).ok().map(Arc::new);
        self.project.get_or_init(load).as_ref()
    }

    /// Names of all tables and views. Tables that were not delivered or recorded yet are not among them.
    ///
    /// # Errors
    /// When the lake cannot be listed.
    pub fn names(&self) -> Result<BTreeSet<String>, LakeError> {
        let tables = self.lake.as_ref().map(Lake::table_names).transpose()?;
        let views = self.views().map(|query| query.name.clone());
        Ok(tables.into_iter().flatten().chain(views).collect())
    }

    /// Whether `name` is a view.
    #[must_use]
    pub fn is_view(&self, name: &str) -> bool {
        self.views().any(|query| query.name == name)
    }

    fn views(&self) -> impl Iterator<Item = &Query> {
        let projects = self.project().into_iter();
        projects.flat_map(|project| project.dag.queries().iter().filter(|query| is_view(query)))
    }

    /// The view `name`. Its own file is enough to know it, where the others were not read yet.
    fn view(&self, name: &str) -> Option<Query> {
        let query = match self.project.get() {
            Some(Some(project)) => project.dag.query(name).cloned()?,
            _ => query_named(&self.config.as_ref()?.folder, name).ok()??,
        };
        is_view(&query).then_some(query)
    }

    /// A session of `engine` with these tables, each as it is when it is first named.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn session(&self, engine: &Session) -> Result<Session, SessionError> {
        engine.over(Arc::new(SessionTables {
            catalogue: self.clone(),
            engine: engine.clone(),
            tables: Arc::default(),
        }))
    }
}

fn is_view(query: &Query) -> bool {
    query.header.materialize == Materialize::View
}

/// Tables and views by name; `None` for what cannot be opened.
type OpenedTables = HashMap<String, Option<Arc<dyn TableProvider>>>;

/// What the statements of one session have opened. Clones share it.
#[derive(Clone)]
struct SessionTables {
    catalogue: Catalogue,
    /// Plans the views, over these tables.
    engine: Session,
    tables: Arc<Mutex<OpenedTables>>,
}

impl fmt::Debug for SessionTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("catalogue", &self.catalogue)
            .finish_non_exhaustive()
    }
}

impl SessionTables {
    fn tables(&self) -> MutexGuard<'_, OpenedTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some((plan, by)) = session::evaluation_asked_for(name) {
            return self.evaluation(plan, by).await;
        }
        if let Some(query) = self.catalogue.view(name) {
            let planned = self.plan(&query).await;
            return planned.map(Some).map_err(SessionError::in_view);
        }
        if let Some(table) = self.lake_table(name).await? {
            return Ok(Some(lake_table(table)));
        }
        let mut lakes = self.catalogue.lake.iter();
        if lakes.any(|lake| lake.time_before(name).is_some()) {
            return Ok(None);
        }
        let project = self.catalogue.project();
        let given = project.and_then(|project| project.given_schema(name));
        given.map(empty_table).transpose()
    }

    /// The estimates of an evaluation plan with subgroups `by`, or its own. Statements under the rules of release do not see them: what
    /// they show is made from persons.
    async fn evaluation(
        &self,
        name: &str,
        by: Vec<String>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(config) = self.catalogue.config.clone() else {
            return Ok(None);
        };
        if self.catalogue.are_views_whole {
            let message = "`evaluation` is not for statements under the rules of release; ask `evaluation_estimates`";
            return Err(DataFusionError::Plan(message.to_owned()));
        }
        let project = Project::load_with(config, |evaluations| {
            if let Some(plan) = evaluations.plan_mut(name).filter(|_| !by.is_empty()) {
                plan.set_subgroups(&by);
            }
        });
        let project = project.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let Some(statement) = statement(&project, name) else {
            let plans = project.evaluations.plans.iter();
            let hint = did_you_mean(name, plans.map(|(plan, _)| plan.name.as_str()));
            let message = format!("no evaluation plan is called `{name}`{hint}");
            return Err(DataFusionError::Plan(message));
        };
        let catalogue = Catalogue::of_project(Arc::new(project), self.catalogue.lake.clone());
        let session = catalogue.session(&self.engine);
        let session = session.map_err(SessionError::in_view)?;
        let planned = session.plan(&statement, &[]).await;
        planned
            .map(|frame| Some(view(frame)))
            .map_err(SessionError::in_view)
    }

    async fn plan(&self, query: &Query) -> Result<Arc<dyn TableProvider>, SessionError> {
        let session = self.engine.over(Arc::new(self.clone()))?;
        let config = self.catalogue.config.as_ref();
        let parameters = config.map(|config| query.parameters_in(config));
        let parameters = parameters.unwrap_or_default();
        let present = self.present_parts(query).await?;
        let text = match present.is_empty() {
            true => query.text.clone(),
            false => parts::rows_of(&present),
        };
        let frame = session.plan(&text, &parameters).await?;
        Ok(match self.catalogue.are_views_whole {
            true => whole_view(frame),
            false => view(frame),
        })
    }

    /// The tables that a view of parts has rows of by now. A part that no run has built yet, like that of a new plan, has none.
    async fn present_parts(&self, query: &Query) -> Result<Vec<String>, SessionError> {
        let mut present = Vec::new();
        for part in query.parts.iter().filter(|_| self.catalogue.lake.is_some()) {
            let is_made = self.tables().get(part).is_some_and(Option::is_some);
            if is_made || self.catalogue.is_view(part) || self.lake_table(part).await?.is_some() {
                present.push(part.clone());
            }
        }
        Ok(present)
    }

    async fn lake_table(&self, name: &str) -> Result<Option<LakeTable>> {
        let Some(lake) = &self.catalogue.lake else {
            return Ok(None);
        };
        let opened = match &self.catalogue.runtime {
            None => lake.table(name).await,
            Some(runtime) => {
                let (lake, name) = (lake.clone(), name.to_owned());
                let opened = runtime.spawn(async move { lake.table(&name).await }).await;
                opened.map_err(|error| DataFusionError::External(Box::new(error)))?
            }
        };
        opened.map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

#[async_trait]
impl SchemaProvider for SessionTables {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.catalogue.names().unwrap_or_default();
        let tables = self.tables();
        names.retain(|name| !matches!(tables.get(name), Some(None)));
        names.into_iter().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let known = self.tables().get(name).cloned().flatten();
        if known.is_some() {
            return Ok(known);
        }
        let opened = self.open(name).await;
        let table = opened.as_ref().ok().cloned().flatten();
        self.tables().insert(name.to_owned(), table);
        opened
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.tables().insert(name, Some(table)).flatten())
    }

    /// The table is opened anew when it is named again.
    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.tables().remove(name).flatten())
    }

    fn table_exist(&self, name: &str) -> bool {
        let is_opened = matches!(self.tables().get(name), Some(Some(_)));
        let is_in_lake = |lake: &Lake| lake.has_table(name);
        is_opened
            || self.catalogue.lake.as_ref().is_some_and(is_in_lake)
            || self.catalogue.view(name).is_some()
    }
}

#[cfg(test)]
mod tests;
