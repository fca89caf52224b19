//! `korabo backup` and `korabo restore`.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::backup::{Backup, BackupError};
use crate::config::PROJECT_FILE;
use crate::diagnostic::{counted, thousands};
use crate::pipeline;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Folder of the backup, best on another disk; created if it does not exist
    folder: PathBuf,
    /// Afterwards forget all but the latest N snapshots
    #[arg(long, value_name = "N", conflicts_with_all = ["list", "verify"])]
    keep: Option<std::num::NonZeroUsize>,
    /// Print the snapshots; save nothing
    #[arg(long, conflicts_with = "verify")]
    list: bool,
    /// Read every file of every snapshot and compare it with what was saved; save nothing
    #[arg(long)]
    verify: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Folder of the backup
    folder: PathBuf,
    /// Folder to restore into: empty, or created
    target: PathBuf,
    /// Which snapshot [default: the latest]
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
}

pub(super) async fn run(
    args: &BackupArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let backup = Backup::at(&workspace::absolute(&args.folder)?);
    if args.list || args.verify {
        return look(args, &backup, printer);
    }
    let workspace = workspace::load(global)?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let config = &workspace.project.config;
    let saved = backup.save(&workspace.lake, config, Utc::now()).await?;
    printer.data(format!("{}\n", saved.id).as_bytes())?;
    printer.note(&format!(
        "{}, {}, {} kB; new: {}, {} kB",
        counted(saved.n_tables, "table", "tables"),
        counted(saved.n_files, "file", "files"),
        thousands(saved.bytes.div_ceil(1_000)),
        counted(saved.n_new_files, "file", "files"),
        thousands(saved.new_bytes.div_ceil(1_000)),
    ));
    if let Some(keep) = args.keep {
        let n_gone = backup.forget(keep.get())? as u64;
        printer.note(&counted(
            n_gone,
            "snapshot forgotten",
            "snapshots forgotten",
        ));
    }
    Ok(0)
}

/// Lists or checks the snapshots.
fn look(args: &BackupArgs, backup: &Backup, printer: &Printer) -> Result<u8, Failure> {
    let mut text = String::new();
    let names = backup.snapshots()?;
    for name in &names {
        let (id, snapshot) = backup.snapshot(Some(name))?;
        if args.verify {
            backup.verify(&id, &snapshot)?;
        }
        let _ = writeln!(
            text,
            "{id:<20} {:>4} tables {:>7} files {:>14} kB",
            snapshot.tables.len(),
            thousands(snapshot.files().count() as u64),
            thousands(snapshot.bytes().div_ceil(1_000)),
        );
    }
    printer.data(text.as_bytes())?;
    if args.verify {
        let snapshots = counted(names.len() as u64, "snapshot is", "snapshots are");
        printer.note(&format!("{snapshots} whole"));
    }
    Ok(0)
}

pub(super) async fn restore(args: &RestoreArgs, printer: &Printer) -> Result<u8, Failure> {
    let backup = Backup::at(&workspace::absolute(&args.folder)?);
    let target = workspace::absolute(&args.target)?;
    let restored = backup.restore(args.snapshot.as_deref(), &target).await?;
    printer.note(&format!(
        "snapshot {}: {}, {} in {}",
        restored.id,
        counted(restored.n_tables, "table", "tables"),
        counted(restored.n_files, "file", "files"),
        target.display(),
    ));
    if restored.is_lake_elsewhere {
        printer.note(&format!(
            "the lake is in {}: change `path` under [lake] of {PROJECT_FILE}, which names its old place",
            restored.lake.display()
        ));
    }
    Ok(0)
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let kind = error.kind();
        let error = match error {
            BackupError::Lake(error) => return error.into(),
            error => error,
        };
        let mut failure = Self::new(kind, error.to_string());
        if let Some(source) = std::error::Error::source(&error) {
            failure = failure.because(source);
        }
        match error {
            BackupError::Damaged { .. } => {
                failure.hint("take another snapshot (`korabo backup DIR --list` names them) and a new backup elsewhere")
            }
            BackupError::NotAsWritten { .. } => {
                failure.hint("`korabo doctor --verify` names all damaged files; the existing snapshots are left as they are")
            }
            BackupError::SavedDamaged { .. } => {
                failure.hint("take an earlier snapshot (`korabo backup DIR --list` names them)")
            }
            BackupError::NotEmpty { .. } => failure.hint("name an empty folder, or one that does not exist"),
            _ => failure,
        }
    }
}
