//! `korabo report`: the HTML reports of the tables as they are.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::GlobalArgs;
use super::as_of::AsOfArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::diagnostic::FailureKind;
use crate::job::{self, ReportRequest};
use crate::pipeline;
use crate::report::{ReportKind, Subject};

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// For whom: the analyst's page, two pages for a board, a page for each employer, or the municipalities [default: analyst]
    #[arg(long, value_enum)]
    kind: Option<KindArg>,
    /// The page of one employer, by its employer_id
    #[arg(long, value_name = "ID", conflicts_with = "municipality")]
    employer: Option<String>,
    /// The page of one municipality, by its code
    #[arg(long, value_name = "CODE")]
    municipality: Option<String>,
    /// File to write, or folder for a page each [default: the project's]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// For whom a report is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// Every estimate with its diagnostics.
    Analyst,
    /// The board of an insurer.
    Board,
    /// Employers with at least 50 insured, a page each.
    Employer,
    /// Municipalities and their councils.
    Municipality,
}

impl ReportArgs {
    /// The pages that are asked for.
    fn asked(&self) -> Result<Vec<(ReportKind, Subject)>, Failure> {
        let wrong = |message: &str| Err(Failure::new(FailureKind::Usage, message));
        Ok(match (self.kind, &self.employer, &self.municipality) {
            (None | Some(KindArg::Employer), Some(id), _) => {
                vec![(ReportKind::Employer, Subject::One(id.clone()))]
            }
            (None | Some(KindArg::Municipality), _, Some(code)) => {
                vec![(ReportKind::Municipality, Subject::One(code.clone()))]
            }
            (_, Some(_), _) => return wrong("--employer goes with --kind employer"),
            (_, _, Some(_)) => return wrong("--municipality goes with --kind municipality"),
            (None | Some(KindArg::Analyst), ..) => vec![(ReportKind::Analyst, Subject::All)],
            (Some(KindArg::Board), ..) => vec![(ReportKind::Board, Subject::All)],
            (Some(KindArg::Employer), ..) => vec![(ReportKind::Employer, Subject::Each)],
            (Some(KindArg::Municipality), ..) => {
                let all = (ReportKind::Municipality, Subject::All);
                match self.output {
                    Some(_) => vec![all],
                    None => vec![all, (ReportKind::Municipality, Subject::Each)],
                }
            }
        })
    }
}

pub(super) async fn run(
    args: &ReportArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let asked = args.asked()?;
    let mut workspace = workspace::load(global)?;
    if args.as_of.is_given() && args.output.is_none() {
        let message = "--as-of needs -o: the project's report is of the present";
        return Err(Failure::new(FailureKind::Usage, message));
    }
    workspace.lake = args.as_of.lake(&workspace.lake, printer).await?;
    pipeline::require_whole(&workspace.project, &workspace.lake).await?;
    let session = workspace::session(global)?;
    let output = args
        .output
        .as_deref()
        .map(workspace::absolute)
        .transpose()?;
    for (kind, subject) in asked {
        let request = ReportRequest {
            kind,
            subject,
            output: output.clone(),
        };
        let lang = global.lang.into();
        let path = job::write_report(&workspace, &session, lang, &request).await?;
        printer.note(&format!("report: {}", path.display()));
    }
    Ok(0)
}
