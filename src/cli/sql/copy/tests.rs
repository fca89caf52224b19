//! What `COPY` means, and where it may write.

use super::*;
use crate::session::ParsedQuery;

fn output(statement: &str, writable: &Writable) -> Result<Output, Failure> {
    let copy = ParsedQuery::parse(statement).unwrap().take_copy();
    writable.output(&copy.expect("it is a COPY"))
}

#[test]
fn suffix_or_stored_as_says_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let writable = Writable::new(&[folder.path().to_path_buf()], vec![]).unwrap();
    let path = folder.path().join("x.parquet");
    let statement = format!("copy (\n  SELECT a FROM t) TO '{}'", path.display());
    let written = output(&statement, &writable).unwrap();
    assert_eq!(written.format, Some(Format::Parquet));
    assert_eq!(written.path.unwrap().file_name(), path.file_name());
    let statement = format!("COPY members TO '{}' STORED AS csv", path.display());
    assert_eq!(
        output(&statement, &writable).unwrap().format,
        Some(Format::Csv)
    );
}

#[test]
fn nothing_is_written_outside_the_folder_or_into_lake_and_extracts() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    fs_err::create_dir(&lake).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.csv");
    let target = outside.path().join("there.csv");
    fs_err::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let writable = Writable::new(&[folder.path().to_path_buf()], vec![lake.clone()]).unwrap();
    for path in [
        outside.path().join("x.csv"),
        folder.path().join("lake/../../x.csv"),
        lake.join("x.csv"),
        folder.path().join("none/x.csv"),
        link,
    ] {
        let statement = format!("COPY (SELECT 1 AS a) TO '{}'", path.display());
        let failure = output(&statement, &writable).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Project, "{}", path.display());
    }
    let nowhere = Writable::default();
    let statement = format!(
        "COPY (SELECT 1 AS a) TO '{}/x.csv'",
        folder.path().display()
    );
    assert!(output(&statement, &nowhere).is_err());
}

#[test]
fn options_that_would_be_ignored_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let writable = Writable::new(&[folder.path().to_path_buf()], vec![]).unwrap();
    let path = folder.path().join("x.csv");
    for tail in [
        "PARTITIONED BY (a)",
        "STORED AS nothing",
        "OPTIONS ('format.delimiter' ';')",
    ] {
        let statement = format!("COPY (SELECT 1 AS a) TO '{}' {tail}", path.display());
        assert!(output(&statement, &writable).is_err(), "{tail}");
    }
}
