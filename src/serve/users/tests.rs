//! Tokens are made, recognised and taken away; files that others can read are refused.

use super::*;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    (folder, file)
}

fn mode(file: &Path) -> u32 {
    fs_err::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_token_is_recognised_and_only_its_hash_is_written() {
    let (_folder, file) = folder();
    let hanako = make_token(&file, "hanako", ExistingUser::Keep).unwrap();
    let taro = make_token(&file, "taro.2", ExistingUser::Keep).unwrap();
    let text = fs_err::read_to_string(&file).unwrap();
    for token in [&hanako, &taro] {
        assert!(token.starts_with(PREFIX) && token.len() == PREFIX.len() + 64);
        assert!(
            !text.contains(token.trim_start_matches(PREFIX)),
            "the token is in the file"
        );
    }
    assert_eq!(mode(&file), 0o600);
    let users = Users::open(&file).unwrap();
    assert_eq!(users.count(), 2);
    assert_eq!(users.owner_of(&hanako).unwrap().as_deref(), Some("hanako"));
    assert_eq!(users.owner_of(&taro).unwrap().as_deref(), Some("taro.2"));
    for wrong in ["", PREFIX, &hanako[..70], &format!("{hanako} "), "hanako"] {
        assert_eq!(users.owner_of(wrong).unwrap(), None);
    }
}

#[test]
fn a_changed_file_holds_at_once() {
    let (_folder, file) = folder();
    let old = make_token(&file, "hanako", ExistingUser::Keep).unwrap();
    make_token(&file, "taro", ExistingUser::Keep).unwrap();
    let users = Users::open(&file).unwrap();
    assert!(matches!(
        make_token(&file, "hanako", ExistingUser::Keep),
        Err(ServeError::UserExists { .. })
    ));
    let new = make_token(&file, "hanako", ExistingUser::Replace).unwrap();
    assert_eq!(users.owner_of(&old).unwrap(), None);
    assert_eq!(users.owner_of(&new).unwrap().as_deref(), Some("hanako"));
    remove_token(&file, "hanako").unwrap();
    assert_eq!(users.owner_of(&new).unwrap(), None);
    let error = remove_token(&file, "taroo").unwrap_err();
    assert!(error.to_string().contains("did you mean `taro`?"));
    fs_err::remove_file(&file).unwrap();
    assert!(users.owner_of(&new).is_err());
}

#[test]
fn a_file_that_others_can_read_admits_no_user() {
    let (_folder, file) = folder();
    let token = make_token(&file, "hanako", ExistingUser::Keep).unwrap();
    let users = Users::open(&file).unwrap();
    for open in [0o640, 0o604, 0o644] {
        let permissions = std::fs::Permissions::from_mode(open);
        fs_err::set_permissions(&file, permissions).unwrap();
        let error = Users::open(&file).unwrap_err();
        assert!(matches!(error, ServeError::NotPrivate { mode, .. } if mode == open));
        assert!(error.hint().unwrap().starts_with("chmod 600 "));
        assert!(make_token(&file, "taro", ExistingUser::Keep).is_err());
    }
    assert!(users.owner_of(&token).is_err());
}

#[test]
fn what_the_file_may_hold() {
    let (_folder, file) = folder();
    let check = |text: &str| {
        let mut options = fs_err::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(&file)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        match Users::open(&file) {
            Ok(users) => Ok(users.count()),
            Err(error) => Err(match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
        }
    };
    let hash = "ab".repeat(32);
    assert_eq!(check(&format!("[tokens]\na = \"sha256:{hash}\"\n")), Ok(1));
    for (text, expected) in [
        ("", "lists no user"),
        ("[tokens]\n", "lists no user"),
        ("[tokens]\na = \"secret\"\n", "64 hexadecimal digits"),
        ("[tokens]\na = \"sha256:12\"\n", "64 hexadecimal digits"),
        (
            "[tokens]\n\"a b\" = \"sha256:12\"\n",
            "cannot be a user's name",
        ),
        ("[users]\n", "users"),
    ] {
        let error = check(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
