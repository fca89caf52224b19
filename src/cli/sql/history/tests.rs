//! Where the history lies and what it forgets.

use super::*;

#[test]
fn each_project_has_its_own_file_outside_its_folder() {
    let state = Path::new("/state");
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = below(state, Some(one.path()));
    assert!(file.starts_with("/state/korabo"), "{file:?}");
    assert_eq!(file, below(state, Some(&one.path().join("."))));
    assert_ne!(file, below(state, Some(other.path())));
    assert_eq!(below(state, None), Path::new("/state/korabo/sql_history"));
    let name = file
        .parent()
        .unwrap()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(name.len(), NAME_DIGITS);
    assert!(name.chars().all(|c| c.is_ascii_hexdigit()));
}
