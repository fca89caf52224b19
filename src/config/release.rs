//! `[release]`: under which preset tables leave, and where they go.

use std::path::{Path, PathBuf};

use crate::toml_reader::{TomlError, TomlTable};

/// How a project releases tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseConfig {
    /// The preset of `rules/release.toml`.
    pub preset: String,
    /// Counts are rounded to multiples of this, where the preset asks for less.
    pub round_to: Option<u64>,
    /// Whether statements with `--release` are remembered, and decided upon together with what was told before.
    pub remembers: bool,
    /// How many answers may tell a user of persons of whom no user was told before; `None` for any number.
    pub answers_per_user: Option<usize>,
    /// Whether a table leaves only once two persons released it.
    pub needs_two: bool,
    /// Folder of released tables.
    pub folder: PathBuf,
    /// Folder of what stands behind them, for review inside the secure area.
    pub review: PathBuf,
}

/// Reads the section; what it does not say is as in the national guideline.
pub(super) fn read(root: &TomlTable<'_>, project: &Path) -> Result<ReleaseConfig, TomlError> {
    let mut config = ReleaseConfig {
        preset: "ndb".to_owned(),
        round_to: None,
        remembers: true,
        answers_per_user: None,
        needs_two: false,
        folder: project.join("released"),
        review: project.join("review"),
    };
    let Some(table) = root.table("release")? else {
        return Ok(config);
    };
    table.check_keys(&[
        "preset",
        "round_to",
        "path",
        "remember_statements",
        "answers_per_user",
        "two_persons",
    ])?;
    if let Some(needs_two) = table.optional("two_persons")? {
        config.needs_two = needs_two;
    }
    if let Some(preset) = table.optional("preset")? {
        config.preset = preset;
    }
    if let Some(path) = table.optional::<String>("path")? {
        config.folder = project.join(path);
    }
    if let Some(remembers) = table.optional("remember_statements")? {
        config.remembers = remembers;
    }
    config.answers_per_user = table.optional("answers_per_user")?;
    if config.answers_per_user.is_some() && !config.remembers {
        let item = table.require("answers_per_user")?;
        return Err(item.wrong("left out where statements are not remembered"));
    }
    config.round_to = table.optional("round_to")?;
    if config.round_to == Some(0) {
        return Err(table.require("round_to")?.wrong("1 or more"));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_reader::TomlDocument;

    fn config(text: &str) -> Result<ReleaseConfig, String> {
        let document = TomlDocument::parse(Path::new("korabo.toml"), text);
        let document = document.map_err(|error| error.to_string())?;
        read(&document.root(), Path::new("/p")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_project_names_a_preset_and_may_round_more() {
        let given =
            config("[release]\npreset = \"kaigo\"\nround_to = 5\npath = \"out\"\n").unwrap();
        assert_eq!(given.preset, "kaigo");
        assert_eq!(given.round_to, Some(5));
        assert_eq!(given.folder, Path::new("/p/out"));
        let standard = config("").unwrap();
        assert_eq!(standard.preset, "ndb");
        assert_eq!(standard.folder, Path::new("/p/released"));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (line, expected) in [
            ("round_to = 0", "1 or more"),
            ("preset = 3", "a string"),
            ("presets = \"ndb\"", "preset"),
            ("answers_per_user = -1", "answers_per_user"),
        ] {
            let error = config(&format!("[release]\n{line}\n")).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
            assert!(error.contains("korabo.toml:2"), "{line}: {error}");
        }
    }
}
