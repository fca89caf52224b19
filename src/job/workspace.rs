//! The project a job works on, with its lake.

use std::sync::Arc;

use super::error::JobError;
use crate::config::ProjectConfig;
use crate::evaluation::Evaluations;
use crate::lake::Lake;
use crate::pipeline::{Catalogue, Project};
use crate::release::Releases;
use crate::report::forms::Forms;

/// A loaded project with its lake.
#[derive(Clone)]
pub struct Workspace {
    /// The project.
    pub project: Arc<Project>,
    /// What of it may leave.
    pub releases: Arc<Releases>,
    /// Its forms, if it has any.
    pub forms: Option<Arc<Forms>>,
    /// Its lake, or the lake as of a time.
    pub lake: Lake,
}

impl Workspace {
    /// Loads the project of `config`.
    ///
    /// # Errors
    /// When the lake cannot be opened, or contracts, fields, indicators, queries, releases or forms are wrong.
    pub fn of_config(config: ProjectConfig) -> Result<Self, JobError> {
        Self::with_plans(config, |_| ())
    }

    /// The same with evaluation plans that `change` has changed.
    ///
    /// # Errors
    /// As [`Workspace::of_config`].
    pub fn with_plans(
        config: ProjectConfig,
        change: impl FnOnce(&mut Evaluations),
    ) -> Result<Self, JobError> {
        let lake = Lake::open(&config.lake)?.checking_contents();
        let project = Arc::new(Project::load_with(config, change)?);
        let config = &project.config;
        let releases = Arc::new(Releases::load(&config.folder, &config.release)?);
        let forms = Forms::load(&config.folder, &project.vocabulary)?;
        Ok(Self {
            project,
            releases,
            forms: forms.map(Arc::new),
            lake,
        })
    }

    /// The tables of the project and its lake.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::of_project(Arc::clone(&self.project), Some(self.lake.clone()))
    }
}
