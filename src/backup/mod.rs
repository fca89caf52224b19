//! Copies of a project's lake and files that survive the loss of both: snapshots in one folder, each a list of files with
//! their SHA-256, over a store in which every content lies once. A snapshot is what the lake showed at one moment, also
//! while a run publishes; the next one adds only what is new, since data files never change.

mod error;
mod folder;
mod project_files;
mod restore;
mod save;
mod snapshot;
mod store;

pub use error::BackupError;
pub use folder::Backup;
pub use project_files::copy_project;
pub use restore::RestoreSummary;
pub use save::SaveSummary;
pub use snapshot::{SavedFile, Snapshot};
