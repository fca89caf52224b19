//! `korabo release`: the tables that may leave, and whether what left is what was certified.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::{FailureKind, counted, did_you_mean};
use crate::job::{Workspace, person};
use crate::pipeline;
use crate::release::{self, RELEASES_FOLDER, ReleaseOutcome, ReleaseResult, Releases, VerifyError};

/// Arguments of `release`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ReleaseArgs {
    #[command(subcommand)]
    command: Option<ReleaseCommand>,
    /// Definitions, releases/NAME.toml [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Write beside each table of estimates what is needed to compute them again without the lake
    #[arg(long)]
    bundle: bool,
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    /// Derive a released table again and compare it with its certificate
    Verify {
        /// The released file, or its certificate
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(super) async fn run(
    args: &ReleaseArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let workspace = workspace::load(global)?;
    let releases = &workspace.releases;
    if let Some(ReleaseCommand::Verify { file }) = &args.command {
        return verify(file, &workspace, releases, global, printer).await;
    }
    let names = names(&args.names, releases)?;
    let session = workspace::session(global)?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let _lock = workspace.lake.lock()?;
    let (project, lake) = (&workspace.project, &workspace.lake);
    let asked = (names.as_slice(), args.bundle);
    let released = release::release(project, lake, &session, releases, asked, &person()).await?;
    if args.bundle && !released.iter().any(ReleaseResult::is_bundle) {
        let message = "none of these releases is of estimates, so there is nothing to bundle";
        return Err(Failure::new(FailureKind::Usage, message)
            .hint("`korabo release estimates --bundle`: a statement over evaluation_estimates"));
    }
    for released in &released {
        printer.note(&note(released));
    }
    Ok(0)
}

/// The definitions that were asked for, or all.
fn names(asked: &[String], releases: &Releases) -> Result<Vec<String>, Failure> {
    let known = || releases.definitions.iter().map(|own| own.name.clone());
    if known().next().is_none() {
        let message = "the project has no definitions of releases";
        return Err(Failure::new(FailureKind::Project, message).hint(format!(
            "write {RELEASES_FOLDER}/NAME.toml; `korabo init` makes a project with some"
        )));
    }
    for name in asked {
        if releases.definition(name).is_none() {
            let names: Vec<String> = known().collect();
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            let message = format!("no release is called `{name}`{hint}");
            return Err(Failure::new(FailureKind::Project, message).hint(format!(
                "releases are files {RELEASES_FOLDER}/NAME.toml of the project: {}",
                names.join(", ")
            )));
        }
    }
    Ok(match asked.is_empty() {
        true => known().collect(),
        false => asked.to_vec(),
    })
}

/// One line on what became of a release.
fn note(released: &ReleaseResult) -> String {
    let certificate = &released.certificate;
    let withheld: usize = certificate.withheld.values().sum();
    let withheld = match released.is_bundle() {
        true => format!("{withheld} clusters pooled"),
        false => format!("{withheld} with numbers withheld"),
    };
    let what = match released.outcome {
        ReleaseOutcome::New => "released",
        ReleaseOutcome::AsBefore => "as released before:",
        ReleaseOutcome::Requested => "waits for a second person to release it:",
    };
    format!(
        "{what} {}: {}, {withheld}, release {} ({})",
        released.name,
        counted(certificate.n_rows as u64, "row", "rows"),
        certificate.release_id,
        released.file.display(),
    )
}

async fn verify(
    file: &std::path::Path,
    workspace: &Workspace,
    releases: &Releases,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let path = workspace::absolute(file)?;
    let session = workspace::session(global)?;
    let (project, lake) = (&workspace.project, &workspace.lake);
    let verified = release::verify(project, lake, &session, releases, &path).await;
    let certificate = verified.map_err(VerifyFailure)?;
    printer.note(&format!(
        "{}: release {} of `{}`, {}, preset {}; derived again from the lake as it was then, the same to the last byte",
        file.display(),
        certificate.release_id,
        certificate.name,
        certificate.released_at,
        certificate.rules.preset,
    ));
    Ok(0)
}

/// An error of `verify`, on its way to a failure.
struct VerifyFailure(VerifyError);

impl From<VerifyFailure> for Failure {
    fn from(VerifyFailure(error): VerifyFailure) -> Self {
        let kind = match &error {
            VerifyError::Unreadable { .. } | VerifyError::NoCertificate { .. } => {
                FailureKind::Extract
            }
            _ => FailureKind::Disclosure,
        };
        Self::new(kind, error.to_string()).because(&error)
    }
}
