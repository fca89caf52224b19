//! The tables a statement can see. Only those it names are opened, so a small question stays quick
//! however large the lake is.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use datafusion::prelude::DataFrame;

use super::place;
use crate::cli::args::GlobalArgs;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::config::{ParameterValue, ProjectConfig};
use crate::diagnostic::{FailureKind, did_you_mean, local_time};
use crate::lake::{Lake, LogStamp};
use crate::pipeline::{self, Materialize, Meanings, Project, Query};
use crate::regular_file::{self, NotRegular};
use crate::session::inquiry::{Inquiry, StatementAnswer};
use crate::session::{ReleaseRules, Session, SessionError, missing_table, split_place};
use crate::vocabulary::Lang;

/// The project's tables, opened when they are first named.
pub(super) struct Tables {
    session: Session,
    lake: Option<Lake>,
    config: Option<ProjectConfig>,
    /// The project's files, read when a name or a list needs them; `None` where they do not load: lake tables can still be asked.
    project: OnceLock<Option<Project>>,
    /// What of an answer may leave; `None` inside the secure area.
    release: Option<ReleaseRules>,
    /// The language of meanings.
    lang: Lang,
    opened: Mutex<HashMap<String, Opened>>,
}

/// A table or view that was opened.
#[derive(Debug, Clone)]
struct Opened {
    /// Counts what was opened.
    number: u64,
    /// The table's log at that time; `None` for a view, and where there was no table.
    stamp: Option<LogStamp>,
}

impl Tables {
    /// The tables of a project, or none where there is no project.
    pub(super) fn open(
        config: Option<ProjectConfig>,
        global: &GlobalArgs,
        is_release: bool,
    ) -> Result<Self, Failure> {
        let session = Session::new(&global.session_options())?;
        let lake = match &config {
            Some(config) if config.lake.is_dir() => Some(Lake::open(&config.lake)?),
            _ => None,
        };
        let project = OnceLock::new();
        let release = match (&config, is_release) {
            (_, false) => None,
            (Some(config), true) => {
                // What tables hold is written in the project's files.
                let loaded = Project::load(config.clone())?;
                let rules = loaded.release_rules();
                drop(project.set(Some(loaded)));
                Some(rules)
            }
            (None, true) => {
                let message = "--release needs a project, whose files say what its tables hold";
                return Err(Failure::new(FailureKind::Usage, message)
                    .hint("start it in the project's folder, or name that with --project"));
            }
        };
        Ok(Self {
            release,
            lang: Lang::from(global.lang),
            session,
            lake,
            config,
            project,
            opened: Mutex::default(),
        })
    }

    /// From here on tables are those of the time asked for.
    pub(super) async fn go_to(
        &mut self,
        as_of: &AsOfArgs,
        printer: &Printer,
    ) -> Result<(), Failure> {
        if !as_of.is_given() {
            return Ok(());
        }
        let Some(lake) = &self.lake else {
            return Err(
                Failure::new(FailureKind::Project, "--as-of needs a project with a lake")
                    .hint("--project names one"),
            );
        };
        self.lake = Some(as_of.lake(lake, printer).await?);
        Ok(())
    }

    /// When table `name` is there now, but was not at the time tables are read at: that time.
    fn not_there_yet(&self, name: &str) -> Option<String> {
        let lake = self.lake.as_ref()?;
        let time = lake.time()?;
        let is_then = lake
            .table_names()
            .is_ok_and(|names| names.iter().any(|then| then == name));
        (lake.has_table_now(name) && !is_then).then(|| local_time(time))
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn parameters(&self) -> Vec<(String, ParameterValue)> {
        let given = self.config.iter().flat_map(|config| &config.parameters);
        given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The project's folder.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.config.as_ref().map(|config| config.folder.as_path())
    }

    /// Whether the project wants statements kept without their literals.
    pub(super) fn redacts_history(&self) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| config.redact_history)
    }

    fn project(&self) -> Option<&Project> {
        let load = || Project::load(self.config.clone()?).ok();
        self.project.get_or_init(load).as_ref()
    }

    /// The tables and views, as rows.
    pub(super) fn list(&self) -> Result<DataFrame, Failure> {
        let views: BTreeSet<&str> = self.views().map(|query| query.name.as_str()).collect();
        let names = self.names()?.into_iter();
        let rows = names.map(|name| {
            let kind = match views.contains(name.as_str()) {
                true => "view",
                false => "table",
            };
            [name, kind.to_owned()]
        });
        Ok(self.session.text_rows(["table_name", "kind"], rows)?)
    }

    /// The columns of every table that can be opened, as rows.
    pub(super) async fn all_columns(&self) -> Result<DataFrame, Failure> {
        let mut rows = Vec::new();
        for table in self.names()? {
            // A view whose inputs are not built yet is left out.
            if self.open_table(&table).await.is_err() {
                continue;
            }
            let Ok(schema) = self.session.table_schema(&table).await else {
                continue;
            };
            rows.extend(schema.fields().iter().map(|field| {
                [
                    table.clone(),
                    field.name().clone(),
                    field.data_type().to_string(),
                ]
            }));
        }
        Ok(self
            .session
            .text_rows(["table_name", "column_name", "data_type"], rows)?)
    }

    /// Names of all tables and views.
    pub(super) fn names(&self) -> Result<Vec<String>, Failure> {
        let mut names = match &self.lake {
            Some(lake) => lake.table_names()?,
            None => Vec::new(),
        };
        names.extend(self.views().map(|query| query.name.clone()));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn views(&self) -> impl Iterator<Item = &Query> {
        let queries = self
            .project()
            .into_iter()
            .flat_map(|project| project.dag.queries());
        queries.filter(|query| query.header.materialize == Materialize::View)
    }

    /// The view `name`. Its own file is enough to know it, where the others were not read yet.
    fn view(&self, name: &str) -> Option<Query> {
        let query = match self.project.get() {
            Some(Some(project)) => project.dag.query(name).cloned()?,
            _ => pipeline::query_named(self.folder()?, name).ok()??,
        };
        (query.header.materialize == Materialize::View).then_some(query)
    }

    /// What is to be shown for one statement: of what the tables hold where nothing leaves, else of what may.
    pub(super) async fn answer(
        &self,
        statement: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<StatementAnswer, Failure> {
        let inquiry = Inquiry::parse(statement);
        let inquiry = inquiry
            .planned(async |query| self.plan(&query, parameters).await)
            .await?;
        let meanings = match &inquiry {
            Inquiry::Describe(frame) => self.meanings(frame).await,
            Inquiry::Help(Some(topic)) => {
                if let Some(project) = self.project()
                    && let Some(frame) =
                        pipeline::table_help(project, &self.session, topic, self.lang).await?
                {
                    return Ok(StatementAnswer { frame, note: None });
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        let rules = self.release.as_ref();
        Ok(self.session.answer(inquiry, rules, &meanings).await?)
    }

    /// What each column of a planned query means, as far as it is known: queries of the project are planned to find out.
    pub(super) async fn meanings(&self, frame: &DataFrame) -> Vec<Option<String>> {
        let Some(project) = self.project() else {
            return Vec::new();
        };
        let found = Meanings::of_plan(project, &self.session, frame.logical_plan()).await;
        let found = found.unwrap_or_default().into_iter();
        found
            .map(|meaning| Some(meaning?.in_lang(self.lang).to_owned()))
            .collect()
    }

    /// Plans one query after opening the tables it names.
    pub(super) async fn plan(
        &self,
        statement: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, Failure> {
        let named = pipeline::named_tables(statement);
        if let Some(named) = named {
            for name in named {
                self.open_table(&name).await?;
            }
        } else {
            for name in self.names()? {
                // A view whose inputs are not built yet is left out of the list.
                let opened = self.open_table(&name).await;
                drop(opened);
            }
        }
        match self.session.plan(statement, parameters).await {
            Ok(frame) => Ok(frame),
            Err(error) => Err(self.failure_of(statement, error)?),
        }
    }

    /// The engine's error as a failure that knows its place in the statement and the nearest table.
    fn failure_of(&self, statement: &str, error: SessionError) -> Result<Failure, Failure> {
        let place = error.error_place();
        let text = error.message();
        let mut failure = Failure::from(error);
        failure.mark = place
            .as_ref()
            .and_then(|place| place::find(statement, place));
        if failure.mark.is_some() {
            let line = text.lines().next().unwrap_or_default();
            let bare = split_place(line).map_or(line, |(message, _)| message);
            failure.message = bare.to_owned();
        }
        let is_file = |mark: &std::ops::Range<usize>| statement[mark.clone()].starts_with('\'');
        let Some(name) = missing_table(&text) else {
            return Ok(failure);
        };
        failure.causes.clear();
        if failure.mark.as_ref().is_some_and(is_file) {
            if let Err(error) = regular_file::open(Path::new(name))
                && error.get_ref().is_some_and(|what| what.is::<NotRegular>())
            {
                failure.message = format!("cannot read `{name}`: {error}");
                return Ok(failure);
            }
            failure.message = format!("no file `{name}` to read");
            return Ok(failure.hint("a file in quotes ends in .csv, .json or .parquet"));
        }
        let names = self.names()?;
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        failure.message = format!("no table `{name}`{hint}");
        if let Some(time) = self.not_there_yet(name) {
            failure.message = format!("there was no table `{name}` yet at {time}");
        } else if self.config.is_some() && self.project().is_none() {
            failure = failure.hint("the project's files do not load: `korabo check`");
        } else if names.is_empty() {
            failure = failure.hint("the project has no tables yet: `korabo run`");
        }
        Ok(failure)
    }

    /// Opens table or view `name` with everything a view needs, anew where the lake has changed; unknown names are left to the
    /// planner. Returns a number that is greater than those of everything opened before.
    pub(super) async fn open_table(&self, name: &str) -> Result<u64, Failure> {
        let known = self.opened().get(name).cloned();
        if let Some(query) = self.view(name) {
            let mut newest = 0;
            for input in &query.reads {
                newest = newest.max(Box::pin(self.open_table(input)).await?);
            }
            // A view holds its tables as they were when it was planned.
            if let Some(known) = known.filter(|known| known.number >= newest) {
                return Ok(known.number);
            }
            let config = self.config.as_ref();
            let parameters = config.map(|config| query.parameters_in(config));
            let parameters = parameters.unwrap_or_default();
            let frame = self.session.plan(&query.text, &parameters).await?;
            match self.release {
                Some(_) => self.session.register_whole_view(name, frame)?,
                None => self.session.register_view(name, frame)?,
            }
            return Ok(self.is_open(name, None));
        }
        let stamp = self.lake.as_ref().and_then(|lake| lake.log_stamp(name));
        if let Some(known) = known.filter(|known| known.stamp == stamp) {
            return Ok(known.number);
        }
        if let Some(lake) = &self.lake
            && let Some(table) = lake.table(name).await?
        {
            self.session.register_table(table)?;
        } else if self.not_there_yet(name).is_none()
            && let Some(project) = self.project()
        {
            pipeline::register_undelivered(project, &self.session, name)?;
        }
        Ok(self.is_open(name, stamp))
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<String, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self, name: &str, stamp: Option<LogStamp>) -> u64 {
        let mut opened = self.opened();
        let number = 1 + opened.values().map(|known| known.number).max().unwrap_or(0);
        opened.insert(name.to_owned(), Opened { number, stamp });
        number
    }
}
