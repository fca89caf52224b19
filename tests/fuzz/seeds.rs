//! Inputs to begin with: the repository's own contracts, project files, queries and the SQL of its documents and tests.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::mutate::tokens;

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` that end in `suffix`, sorted.
pub(crate) fn files(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Contents of [`files`].
pub(crate) fn texts(folder: &str, suffix: &str) -> Vec<String> {
    let files = files(folder, suffix);
    files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// Blocks of the documents that are marked as `language`.
pub(crate) fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for document in texts("docs", ".md") {
        let mut rest = document.as_str();
        while let Some(start) = rest.find(&format!("```{language}\n")) {
            rest = &rest[start + 4 + language.len()..];
            let end = rest.find("```").unwrap_or(rest.len());
            blocks.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    blocks
}

/// Statements of the tests of SQL: what stands below `query` and `statement` up to the result.
pub(crate) fn statements_of_tests() -> Vec<String> {
    let mut statements = Vec::new();
    for text in texts("tests/slt", ".slt") {
        for paragraph in text.split("\n\n") {
            let mut lines = paragraph.lines().skip_while(|line| line.starts_with('#'));
            let first = lines.next().unwrap_or_default();
            if !first.starts_with("query") && !first.starts_with("statement") {
                continue;
            }
            let lines: Vec<&str> = lines.take_while(|line| *line != "----").collect();
            statements.push(lines.join("\n"));
        }
    }
    statements
}

/// The tokens of all `texts`, each as often as it stands there, without blanks.
pub(crate) fn dictionary(texts: &[String]) -> Vec<String> {
    let mut words: Vec<String> = texts.iter().flat_map(|text| tokens(text)).collect();
    words.retain(|word| !word.trim().is_empty() && word.len() < 60);
    words
}
