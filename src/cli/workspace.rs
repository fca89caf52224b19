//! The project a command works on: found, loaded and checked.

use std::path::{Path, PathBuf};

use super::args::GlobalArgs;
use super::failure::Failure;
use crate::config::{ConfigError, ProjectConfig};
use crate::diagnostic::FailureKind;
use crate::job::Workspace;
use crate::session::Session;

/// Loads the project that the arguments mean.
pub(super) fn load(global: &GlobalArgs) -> Result<Workspace, Failure> {
    Ok(Workspace::of_config(config(global)?)?)
}

/// Loads it with the extracts of another folder, if one is given.
pub(super) fn with_extracts(
    global: &GlobalArgs,
    extracts: Option<&Path>,
) -> Result<Workspace, Failure> {
    let mut config = config(global)?;
    if let Some(extracts) = extracts {
        config.extracts = absolute(extracts)?;
    }
    Ok(Workspace::of_config(config)?)
}

/// A session without tables.
pub(super) fn session(global: &GlobalArgs) -> Result<Session, Failure> {
    Ok(Session::new(&global.session_options())?)
}

/// The configuration of the project that the arguments mean.
pub(super) fn config(global: &GlobalArgs) -> Result<ProjectConfig, Failure> {
    Ok(ProjectConfig::load(&folder(global)?)?)
}

/// The folder of the project that the arguments mean.
pub(super) fn folder(global: &GlobalArgs) -> Result<PathBuf, Failure> {
    match &global.project {
        Some(folder) => absolute(folder),
        None => Ok(ProjectConfig::folder_above(&current_folder()?)?.to_path_buf()),
    }
}

/// The configuration of the project, or `None` where there is none and none was asked for.
pub(super) fn optional_config(global: &GlobalArgs) -> Result<Option<ProjectConfig>, Failure> {
    if global.project.is_some() {
        return config(global).map(Some);
    }
    match ProjectConfig::find(&current_folder()?) {
        Ok(config) => Ok(Some(config)),
        Err(ConfigError::NoProject { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The folder the program was started in.
pub(super) fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::new(FailureKind::Usage, "the current folder does not exist").because(&error)
    })
}

/// `path` seen from the folder the program was started in.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(current_folder()?.join(path))
}
