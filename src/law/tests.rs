//! Sources with and without a legal basis.

use std::path::Path;

use super::{LegalBases, require_bases};
use crate::config::ProjectConfig;
use crate::contract;

/// What is said of a project with these sections, or nothing.
fn said(sections: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = ProjectConfig::parse(root, sections).unwrap();
    let contracts = contract::load_dir(&root.join("schemas")).unwrap();
    match require_bases(&config, &contracts) {
        Ok(()) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_flow_that_no_basis_covers_is_refused() {
    let project = "[project]\nname = \"x\"\nreceiver = \"健保A\"\n";
    let source = |table: &str, rest: &str| {
        format!("{project}[sources.{table}]\nfiles = [\"*.csv\"]\n{rest}\n")
    };
    let right = "basis = \"joint_use\"\nreceivers = [\"B社\", \"健保A\"]";
    for (sections, wanted) in [
        (source("members", right), ""),
        (
            source("members", ""),
            "korabo.toml:4:10: the source `members` names no legal basis: add `basis`, one of anonymised, consent",
        ),
        (
            source("members", "receivers = [\"健保A\"]"),
            "names no legal basis",
        ),
        (
            source("members", "basis = \"joint_used\"\nreceivers = [\"健保A\"]"),
            "korabo.toml:6:9: no legal basis `joint_used` in `rules/law.toml`; did you mean `joint_use`?",
        ),
        (
            source(
                "members",
                "basis = \"employer_checkups\"\nreceivers = [\"健保A\"]",
            ),
            "covers no data that come from the insurer",
        ),
        (
            source(
                "employees",
                "basis = \"employer_checkups\"\nreceivers = [\"健保A\"]",
            ),
            "",
        ),
        (
            source("members", "basis = \"joint_use\""),
            "none of the `receivers` of `members`",
        ),
        (
            source("members", "basis = \"joint_use\"\nreceivers = [\"健保A \"]"),
            "none of the `receivers`",
        ),
        // Published figures are no person's.
        (source("reference_values", ""), ""),
    ] {
        let told = said(&sections);
        assert!(
            told.contains(wanted) && told.is_empty() == wanted.is_empty(),
            "{sections}: {told}"
        );
    }
    let silent = "[project]\nname = \"x\"\n[sources.members]\nfiles = []\n";
    assert_eq!(
        said(silent),
        "",
        "a project that names nothing is not judged"
    );
    let half = format!("{silent}{right}\n");
    assert!(
        said(&half).contains("names no `receiver`"),
        "{}",
        said(&half)
    );
}

#[test]
fn bases_say_clause_needs_and_whether_they_were_verified() {
    let parse = |text: &str| LegalBases::parse(Path::new("rules/law.toml"), text);
    let whole = "[x]\nname_ja = \"甲\"\nclause = \"a\"\nneeds = \"b\"\nholders = [\"insurer\"]\nverified = false\n";
    assert!(parse(whole).is_ok());
    for key in ["name_ja", "clause", "needs", "holders", "verified"] {
        let lines: Vec<&str> = whole
            .lines()
            .filter(|line| !line.starts_with(key))
            .collect();
        assert!(parse(&lines.join("\n")).is_err(), "{key}");
    }
    let error = parse(&whole.replace("insurer", "insurers"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("did you mean `insurer`?"), "{error}");
}
