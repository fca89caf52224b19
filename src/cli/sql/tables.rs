//! The tables a statement can see: those of the project's catalogue at the moment that the statement is planned. Only those
//! it names are opened, so a small question stays quick however large the lake is.

use std::path::Path;
use std::sync::Arc;

use datafusion::prelude::DataFrame;

use super::place;
use crate::cli::args::GlobalArgs;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::config::{ParameterValue, ProjectConfig};
use crate::diagnostic::{FailureKind, did_you_mean, local_time};
use crate::job;
use crate::lake::Lake;
use crate::pipeline::{self, Catalogue, Meanings, Project};
use crate::regular_file::{self, NotRegular};
use crate::session::inquiry::{Inquiry, StatementAnswer};
use crate::session::{ReleaseRules, Session, SessionError, split_place};
use crate::vocabulary::Lang;

/// The project's tables, opened when they are named.
pub(super) struct PromptTables {
    session: Session,
    catalogue: Catalogue,
    /// What of an answer may leave; `None` inside the secure area.
    release: Option<ReleaseRules>,
    /// The language of meanings.
    lang: Lang,
}

impl PromptTables {
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
        let (catalogue, release) = match (config, is_release) {
            (config, false) => (Catalogue::of_config(config, lake), None),
            (Some(config), true) => {
                // What tables hold is written in the project's files.
                let project = Arc::new(Project::load(config)?);
                let rules = project.remembering_rules(lake.as_ref(), &job::person());
                let catalogue = Catalogue::of_project(project, lake);
                (catalogue.with_whole_views(true), Some(rules))
            }
            (None, true) => {
                let message = "--release needs a project, whose files say what its tables hold";
                return Err(Failure::new(FailureKind::Usage, message)
                    .hint("start it in the project's folder, or name that with --project"));
            }
        };
        Ok(Self {
            session,
            catalogue,
            release,
            lang: Lang::from(global.lang),
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
        let Some(lake) = self.catalogue.lake() else {
            return Err(
                Failure::new(FailureKind::Project, "--as-of needs a project with a lake")
                    .hint("--project names one"),
            );
        };
        let lake = as_of.lake(lake, printer).await?;
        self.catalogue = self.catalogue.over(Some(lake));
        Ok(())
    }

    /// A session with the tables as they are at one moment.
    fn opened(&self) -> Result<Session, SessionError> {
        self.catalogue.pinned().session(&self.session)
    }

    /// The engine, without tables.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn parameters(&self) -> Vec<(String, ParameterValue)> {
        let config = self.catalogue.config();
        config
            .map(ProjectConfig::parameter_values)
            .unwrap_or_default()
    }

    /// The project's folder.
    pub(super) fn folder(&self) -> Option<&Path> {
        let config = self.catalogue.config();
        config.map(|config| config.folder.as_path())
    }

    /// Whether the project wants statements kept without their literals.
    pub(super) fn redacts_history(&self) -> bool {
        let config = self.catalogue.config();
        config.is_some_and(|config| config.redact_history)
    }

    /// The tables and views, as rows.
    pub(super) fn list(&self) -> Result<DataFrame, Failure> {
        let names = self.names()?.into_iter();
        let rows = names.map(|name| {
            let kind = match self.catalogue.is_view(&name) {
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
        let session = self.opened()?;
        for table in self.names()? {
            // A view whose inputs are not built yet is left out.
            let Ok(schema) = session.table_schema(&table).await else {
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
        Ok(self.catalogue.names()?.into_iter().collect())
    }

    /// What `statement` asks.
    pub(super) fn inquiry(&self, statement: &str) -> Result<Inquiry, Failure> {
        match Inquiry::parse(statement) {
            Ok(inquiry) => Ok(inquiry),
            Err(error) => Err(self.failure_of(statement, error)?),
        }
    }

    /// What is to be shown for the `inquiry` of a statement: of what the tables hold where nothing leaves, else of what may.
    pub(super) async fn answer(
        &self,
        statement: &str,
        inquiry: Inquiry,
        parameters: &[(String, ParameterValue)],
    ) -> Result<StatementAnswer, Failure> {
        let planned = inquiry.planned(async |query| {
            let session = self.opened()?;
            session.plan_query(query, parameters).await
        });
        let inquiry = match planned.await {
            Ok(inquiry) => inquiry,
            Err(error) => return Err(self.failure_of(statement, error)?),
        };
        let meanings = match &inquiry {
            Inquiry::Describe(frame) => self.meanings(frame).await,
            Inquiry::Help(Some(topic)) => {
                if let Some(project) = self.catalogue.project()
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
        let Some(project) = self.catalogue.project() else {
            return Vec::new();
        };
        Meanings::texts_of_plan(project, &self.session, frame.logical_plan(), self.lang).await
    }

    /// Plans one query.
    pub(super) async fn plan(
        &self,
        statement: &str,
        parameters: &[(String, ParameterValue)],
    ) -> Result<DataFrame, SessionError> {
        self.opened()?.plan(statement, parameters).await
    }

    /// The engine's error as a failure that knows its place in the statement and the nearest table.
    fn failure_of(&self, statement: &str, error: SessionError) -> Result<Failure, Failure> {
        let error = match error.into_lake_error() {
            Ok(error) => return Ok(error.into()),
            Err(error) if error.is_of_view() => return Ok(error.into()),
            Err(error) => error,
        };
        let place = error.error_place();
        let text = error.message();
        let missing = error.missing_table();
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
        let Some(name) = missing.as_deref() else {
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
        let lake = self.catalogue.lake();
        if let Some(time) = lake.and_then(|lake| lake.time_before(name)) {
            let time = local_time(time);
            failure.message = format!("there was no table `{name}` yet at {time}");
        } else if self.catalogue.config().is_some() && self.catalogue.project().is_none() {
            failure = failure.hint("the project's files do not load: `korabo check`");
        } else if names.is_empty() {
            failure = failure.hint("the project has no tables yet: `korabo run`");
        }
        Ok(failure)
    }
}
