//! What `COPY` means, and where it may write.

use super::*;

fn copied(statement: &str, writable: &Writable) -> Copy {
    Copy::parse(statement, writable)
        .unwrap()
        .expect("it is a COPY")
}

#[test]
fn query_keeps_its_place_and_the_suffix_says_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let writable = Writable::new(&[folder.path().to_path_buf()], vec![]).unwrap();
    let path = folder.path().join("x.parquet");
    let statement = format!("copy (\n  SELECT a FROM t) TO '{}'", path.display());
    let copy = copied(&statement, &writable);
    assert_eq!(copy.query, "      \n  SELECT a FROM t");
    assert_eq!(copy.output.format, Some(Format::Parquet));
    assert_eq!(copy.output.path.unwrap().file_name(), path.file_name());
    let statement = format!("COPY members TO '{}' STORED AS csv", path.display());
    let copy = copied(&statement, &writable);
    assert_eq!(copy.query, "SELECT * FROM members");
    assert_eq!(copy.output.format, Some(Format::Csv));
    assert!(Copy::parse("SELECT 1", &writable).unwrap().is_none());
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
        let failure = Copy::parse(&statement, &writable).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Project, "{}", path.display());
    }
    let nowhere = Writable::default();
    let statement = format!(
        "COPY (SELECT 1 AS a) TO '{}/x.csv'",
        folder.path().display()
    );
    assert!(Copy::parse(&statement, &nowhere).is_err());
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
        assert!(Copy::parse(&statement, &writable).is_err(), "{tail}");
    }
}
