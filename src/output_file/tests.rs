//! Output files: whole or absent, and what was there before stays on failure.

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_appears_only_when_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("結果.csv");
    let mut output = OutputFile::create(&path).unwrap();
    output.write_all(b"a\n1\n").unwrap();
    assert_eq!(
        names(folder.path()),
        [format!("結果.csv.tmp-{}", std::process::id())]
    );
    output.finish().unwrap();
    assert_eq!(names(folder.path()), ["結果.csv"]);
    assert_eq!(fs::read(&path).unwrap(), b"a\n1\n");
}

#[test]
fn an_unfinished_file_leaves_the_old_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "old").unwrap();
    let mut output = OutputFile::create(&path).unwrap();
    output.write_all(b"new").unwrap();
    drop(output);
    assert_eq!(names(folder.path()), ["a.csv"]);
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_leftover_of_a_killed_process_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let leftover = folder
        .path()
        .join(format!("a.csv.tmp-{}", std::process::id()));
    fs::write(&leftover, "longer than the new content").unwrap();
    let mut output = OutputFile::create(&path).unwrap();
    output.write_all(b"new").unwrap();
    output.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(folder.path()), ["a.csv"]);
}

#[test]
fn folders_and_missing_folders_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let error = OutputFile::create(folder.path()).unwrap_err();
    assert!(matches!(error, OutputError::NotAFile { .. }), "{error:?}");
    let error = OutputFile::create(&folder.path().join("no/a.csv")).unwrap_err();
    let missing = folder.path().join("no");
    assert!(matches!(&error, OutputError::NoFolder { folder, .. } if *folder == missing));
    let error = OutputFile::create(Path::new("")).unwrap_err();
    assert!(matches!(error, OutputError::NotAFile { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_modes_kept_and_devices_not_replaced() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("real.csv");
    let link = folder.path().join("link.csv");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&path, &link).unwrap();
    let mut output = OutputFile::create(&link).unwrap();
    output.write_all(b"new").unwrap();
    output.finish().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let mut output = OutputFile::create(Path::new("/dev/null")).unwrap();
    output.write_all(b"x").unwrap();
    output.finish().unwrap();
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}
