//! `korabo pseudonymize`: an insurer's own files → extracts without identifiers.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use korabo_formats::Tokeniser;
use zeroize::Zeroizing;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::workspace;
use crate::contract;
use crate::diagnostic::{FailureKind, counted};
use crate::mapping::{Mappings, PersonKey};
use crate::pseudonymize::{
    GroupRules, GroupSizes, PseudonymizeError, PseudonymizeRequest, pseudonymize,
};

/// The variable with the secret, where no file is named.
const SECRET: &str = "KORABO_SECRET";

/// Arguments of `pseudonymize`.
#[derive(Debug, Args)]
pub(super) struct PseudonymizeArgs {
    /// Files and folders: tables as .csv, .tsv, .txt or .xlsx, claims as .UKE, checkup archives as .zip or a folder with DATA
    #[arg(value_name = "PATH", required = true)]
    inputs: Vec<PathBuf>,
    /// A new folder for the extracts
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// File with the project's secret [default: the variable KORABO_SECRET]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// By what persons are told apart; the same in all files of a project
    #[arg(long, value_enum, default_value_t = KeyArg::Insured)]
    key: KeyArg,
    /// Claims that were returned (返戻); may be repeated
    #[arg(long, value_name = "FILE")]
    returned: Vec<PathBuf>,
    /// Master of diseases (傷病名マスター); may be repeated, later files win
    #[arg(long, value_name = "FILE")]
    diseases: Vec<PathBuf>,
    /// Master of drugs (医薬品マスター); may be repeated, later files win
    #[arg(long, value_name = "FILE")]
    drugs: Vec<PathBuf>,
}

/// By what persons are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeyArg {
    /// Insurer, symbol, number, branch number, date of birth and sex.
    Insured,
    /// The same without the branch number; twins of one sex are one person.
    WithoutBranch,
    /// Name in kana, date of birth and sex.
    ByName,
}

impl From<KeyArg> for PersonKey {
    fn from(key: KeyArg) -> Self {
        match key {
            KeyArg::Insured => Self::Insured,
            KeyArg::WithoutBranch => Self::WithoutBranch,
            KeyArg::ByName => Self::ByName,
        }
    }
}

pub(super) fn run(
    args: &PseudonymizeArgs,
    global: &GlobalArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    let config = workspace::config(global)?;
    let contracts = contract::load_dir(&config.folder.join("schemas"))?;
    let mappings = Mappings::load(&config.folder, &contracts)?;
    let request = PseudonymizeRequest {
        inputs: args.inputs.clone(),
        returned: args.returned.clone(),
        diseases: args.diseases.clone(),
        drugs: args.drugs.clone(),
        output: workspace::absolute(&args.output)?,
        key: args.key.into(),
        contracts,
        mappings,
        group_rules: GroupRules::load(&config.folder).map_err(failure)?,
        tokeniser: tokeniser(args)?,
    };
    let delivery = pseudonymize(&request).map_err(failure)?;
    let receipt = &delivery.receipt;
    for (table, n) in &receipt.rows {
        printer.note(&format!("{table}: {}", counted(*n, "row", "rows")));
    }
    for (rule, n) in &receipt.rejected {
        printer.note(&format!(
            "refused by `{rule}`: {n} ({})",
            delivery.rejects.display()
        ));
    }
    for (file, columns) in &receipt.columns_left_out {
        if !columns.is_empty() {
            printer.note(&format!("{file}: left out {}", columns.join(", ")));
        }
    }
    tell_groups(&receipt.group_sizes, printer);
    for (word, n) in &receipt.missing {
        printer.note(&format!("no value but `{word}`: {n}"));
    }
    for file in &receipt.incomplete {
        printer.note(&format!(
            "{file}: not complete by its own count or end mark; ask for it again"
        ));
    }
    if receipt.unknown_codes > 0 {
        printer.note(&format!(
            "{} without a code that a master knows: give newer masters with --diseases and --drugs",
            counted(
                receipt.unknown_codes,
                "diagnosis or drug",
                "diagnoses and drugs"
            )
        ));
    }
    printer.note(&format!(
        "extracts in {}, made with secret {} and normalisation {}",
        request.output.display(),
        receipt.secret_fingerprint,
        receipt.normalisation,
    ));
    Ok(0)
}

/// How few persons share what others may know of them.
fn tell_groups(sizes: &[GroupSizes], printer: &Printer) {
    for own in sizes {
        let columns = own.columns.join(", ");
        printer.note(&format!(
            "{}: {} or more persons share {columns}",
            own.table, own.smallest
        ));
        if own.persons_in_small_groups > 0 {
            printer.warning(&format!(
                "{}: {} share {columns} with fewer than {} others; give receivers no more columns than they need",
                own.table,
                counted(own.persons_in_small_groups, "person", "persons"),
                own.small_below - 1,
            ));
        }
    }
}

/// The bytes of a file, or of the variable of the environment; wiped when dropped, and never printed.
pub(super) fn secret(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let secret = match file {
        Some(file) => fs_err::read(file).map_err(|error| {
            Failure::new(FailureKind::Usage, "cannot read the file of the secret").because(&error)
        })?,
        None => std::env::var_os(SECRET)
            .map(std::ffi::OsString::into_encoded_bytes)
            .unwrap_or_default(),
    };
    Ok(Zeroizing::new(secret))
}

/// The maker of tokens.
fn tokeniser(args: &PseudonymizeArgs) -> Result<Tokeniser, Failure> {
    let secret = secret(args.secret_file.as_deref())?;
    Tokeniser::new(&secret).map_err(|error| {
        failure(error.into()).hint(format!(
            "--secret-file names a file, or {SECRET} holds it; all holders of a project need the same"
        ))
    })
}

fn failure(error: PseudonymizeError) -> Failure {
    Failure::new(error.kind(), error.to_string()).because(&error)
}
