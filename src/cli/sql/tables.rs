//! The tables a statement can see. Only those it names are opened, so a small question stays quick
//! however large the lake is.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use datafusion::prelude::DataFrame;

use super::inquiry::Inquiry;
use super::place;
use crate::cli::args::GlobalArgs;
use crate::cli::as_of::{AsOfArgs, shown};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::config::{ParameterValue, ProjectConfig};
use crate::diagnostic::{FailureKind, did_you_mean};
use crate::lake::{Lake, LogStamp};
use crate::pipeline::{self, Materialize, Project, Query};
use crate::session::{ReleaseRules, Session, SessionError, missing_table, split_place};

/// The project's tables, opened when they are first named.
pub(super) struct Tables {
    session: Session,
    lake: Option<Lake>,
    project: Option<Project>,
    /// Whether the project's files do not load: its lake tables can still be asked, its views not.
    is_broken: bool,
    parameters: Vec<(String, ParameterValue)>,
    folder: Option<PathBuf>,
    redacts_history: bool,
    /// What of an answer may leave; `None` inside the secure area.
    release: Option<ReleaseRules>,
    known: Mutex<BTreeSet<String>>,
    /// The log of each table as it was when the table was opened.
    opened: Mutex<HashMap<String, LogStamp>>,
}

impl Tables {
    /// The tables of a project, or none where there is no project.
    pub(super) fn open(
        config: Option<ProjectConfig>,
        global: &GlobalArgs,
        is_release: bool,
    ) -> Result<Self, Failure> {
        let session = Session::new(&global.session_options())?;
        let (mut lake, mut project, mut parameters) = (None, None, Vec::new());
        let mut is_broken = false;
        let folder = config.as_ref().map(|config| config.folder.clone());
        let redacts_history = config.as_ref().is_some_and(|config| config.redact_history);
        if let Some(config) = config {
            parameters = config.parameters.clone().into_iter().collect();
            if config.lake.is_dir() {
                lake = Some(Lake::open(&config.lake)?);
            }
            match Project::load(config) {
                Ok(loaded) => project = Some(loaded),
                // What its tables hold is written in those files.
                Err(error) if is_release => return Err(error.into()),
                Err(_) => is_broken = true,
            }
        }
        let release = match (&project, is_release) {
            (_, false) => None,
            (Some(project), true) => Some(project.release_rules()),
            (None, true) => {
                let message = "--release needs a project, whose files say what its tables hold";
                return Err(Failure::new(FailureKind::Usage, message)
                    .hint("start it in the project's folder, or name that with --project"));
            }
        };
        Ok(Self {
            release,
            session,
            lake,
            project,
            is_broken,
            parameters,
            folder,
            redacts_history,
            known: Mutex::default(),
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
        (lake.has_table_now(name) && !is_then).then(|| shown(time))
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn parameters(&self) -> Vec<(String, ParameterValue)> {
        self.parameters.clone()
    }

    /// The project's folder.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether the project wants statements kept without their literals.
    pub(super) fn redacts_history(&self) -> bool {
        self.redacts_history
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
            .project
            .iter()
            .flat_map(|project| project.dag.queries());
        queries.filter(|query| query.header.materialize == Materialize::View)
    }

    /// Plans one statement for an answer, with what is to be said beside it. Where only what may leave is
    /// asked for, the rules are applied here.
    pub(super) async fn answer(
        &self,
        statement: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<(DataFrame, Option<String>), Failure> {
        let Some(rules) = &self.release else {
            return Ok((self.plan(statement, parameters).await?, None));
        };
        match Inquiry::parse(statement) {
            None => {
                let frame = self.plan_sql(statement, parameters).await?;
                let (frame, kept_back) = self.session.release(frame, rules).await?;
                Ok((frame, kept_back.describe(rules.disclosure.min_count)))
            }
            Some(Inquiry::Explain {
                query,
                is_run: false,
            }) => {
                let frame = self.plan_sql(&query, parameters).await?;
                Ok((self.session.explain_logical(frame)?, None))
            }
            Some(Inquiry::Explain { is_run: true, .. }) => {
                let message = "EXPLAIN ANALYZE shows how many rows meet a condition";
                Err(Failure::new(FailureKind::Disclosure, message)
                    .hint("EXPLAIN shows the statement's plan"))
            }
            Some(Inquiry::Summarize(_)) => {
                let message = "SUMMARIZE shows single persons' values";
                Err(Failure::new(FailureKind::Disclosure, message)
                    .hint("count or average them: SELECT …, count(*), avg(…) … GROUP BY …"))
            }
            Some(_) => Ok((self.plan(statement, parameters).await?, None)),
        }
    }

    /// Plans one statement after opening the tables it names. A summary is computed here: its query runs
    /// once, and the rows are the turned result.
    pub(super) async fn plan(
        &self,
        statement: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, Failure> {
        match Inquiry::parse(statement) {
            None => self.plan_sql(statement, parameters).await,
            Some(Inquiry::Relations) => Ok(self.session.relations()?),
            Some(Inquiry::Help(None)) => Ok(self.session.help_topics()?),
            Some(Inquiry::Help(Some(topic))) => self.help_on(&topic),
            Some(Inquiry::Describe(query)) => {
                let frame = self.plan_sql(&query, parameters).await?;
                Ok(self.session.describe_columns(&frame)?)
            }
            Some(Inquiry::Explain { query, is_run }) => {
                let frame = self.plan_sql(&query, parameters).await?;
                Ok(match is_run {
                    false => self.session.explain(frame).await?,
                    true => self.session.explain_run(frame).await?,
                })
            }
            Some(Inquiry::Summarize(query)) => {
                let frame = self.plan_sql(&query, parameters).await?;
                Ok(self.session.summarize(frame).await?)
            }
        }
    }

    fn help_on(&self, topic: &str) -> Result<DataFrame, Failure> {
        self.session.help_on(topic)?.ok_or_else(|| {
            let names = self.session.function_names();
            let near = did_you_mean(&topic.to_lowercase(), names.iter().map(String::as_str));
            let message = format!("no relation or function `{topic}`{near}");
            Failure::new(FailureKind::Project, message)
                .hint("`SHOW RELATIONS` lists the relations, `HELP` what there is besides")
        })
    }

    async fn plan_sql(
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
            failure.message = format!("no file `{name}` to read");
            return Ok(failure.hint("a file in quotes ends in .csv, .json or .parquet"));
        }
        let names = self.names()?;
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        failure.message = format!("no table `{name}`{hint}");
        if let Some(time) = self.not_there_yet(name) {
            failure.message = format!("there was no table `{name}` yet at {time}");
        } else if self.is_broken {
            failure = failure.hint("the project's files do not load: `korabo check`");
        } else if names.is_empty() {
            failure = failure.hint("the project has no tables yet: `korabo run`");
        }
        Ok(failure)
    }

    /// Opens table or view `name` with everything a view needs; unknown names are left to the planner.
    pub(super) async fn open_table(&self, name: &str) -> Result<(), Failure> {
        let is_new = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(name.to_owned())
        };
        if let Some(query) = self.views().find(|query| query.name == name) {
            if is_new {
                let (query, parameters) = (query.clone(), self.parameters());
                for input in &query.reads {
                    Box::pin(self.open_table(input)).await?;
                }
                let frame = self
                    .session
                    .plan(&query.text, &used(&query, &parameters))
                    .await?;
                self.session.register_view(name, frame)?;
            }
            return Ok(());
        }
        let stamp = self.lake.as_ref().and_then(|lake| lake.log_stamp(name));
        let is_open = {
            let opened = self.opened.lock();
            let opened = opened.unwrap_or_else(PoisonError::into_inner);
            stamp.is_some() && opened.get(name) == stamp.as_ref()
        };
        if is_open {
            return Ok(());
        }
        if let Some(lake) = &self.lake
            && let Some(table) = lake.table(name).await?
        {
            self.session.register_table(table)?;
            let opened = self.opened.lock();
            let mut opened = opened.unwrap_or_else(PoisonError::into_inner);
            opened.extend(stamp.map(|stamp| (name.to_owned(), stamp)));
        } else if let Some(project) = &self.project
            && self.not_there_yet(name).is_none()
        {
            pipeline::register_undelivered(project, &self.session, name)?;
        }
        Ok(())
    }
}

fn used(query: &Query, parameters: &[(String, ParameterValue)]) -> Vec<(String, ParameterValue)> {
    let is_used = |name: &str| query.parameters.contains(name);
    parameters
        .iter()
        .filter(|(name, _)| is_used(name))
        .cloned()
        .collect()
}
