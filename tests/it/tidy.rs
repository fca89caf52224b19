//! Rules that no compiler checks: who may import whom, which crate is used where, how files begin and how
//! long they are.

use std::path::PathBuf;

use fs_err as fs;

use crate::support::{files_below, root};

/// Modules from the bottom to the top. A module imports from itself and from lower lines only.
const LAYERS: [&[&str]; 15] = [
    &[
        "clock",
        "content_hash",
        "diagnostic",
        "output_file",
        "regular_file",
        "words",
    ],
    &[
        "event",
        "toml_reader",
        "transcoder",
        "schedule",
        "disclosure",
    ],
    &["vocabulary"],
    &["project_file"],
    &["config", "contract", "evaluation", "link", "tabular"],
    &["law", "mapping"],
    &["lake", "functions"],
    &["withdrawals"],
    &["backup", "ingest", "reference", "release_ledger", "session"],
    &["checks", "pseudonymize"],
    &["pipeline"],
    &["forget", "observe", "release", "serve"],
    &["report"],
    &["job", "site"],
    &["cli"],
];

/// Modules that import nothing of ours.
const ALONE: [&str; 1] = ["link"];

/// A crate or type and the only modules that name it.
const GATES: [(&str, &[&str]); 12] = [
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("rustyline", &["cli"]),
    ("indicatif", &["cli"]),
    ("console", &["cli"]),
    ("arrow_flight", &["serve"]),
    ("tonic", &["serve"]),
    ("croner", &["schedule"]),
    ("deltalake_core", &["lake"]),
    ("SessionContext", &["session", "functions", "mapping"]),
    ("rust_xlsxwriter", &["cli", "report"]),
    ("reqwest", &["observe"]),
];

/// Modules without DataFusion.
const NO_ENGINE: [&str; 2] = ["link", "schedule"];

const MAX_LINES: usize = 600;

struct Source {
    /// Relative to the crate's folder.
    path: PathBuf,
    /// Module below `src`: the folder or the file's stem.
    module: String,
    is_test: bool,
    text: String,
}

/// Every Rust file of the library.
fn sources() -> Vec<Source> {
    rust_files("src")
        .into_iter()
        .map(|(path, text)| {
            let below = path.strip_prefix("src").unwrap();
            let first = below.iter().next().unwrap().to_string_lossy().into_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            let is_test = below
                .iter()
                .any(|part| part == "tests" || part == "tests.rs");
            Source {
                path,
                module,
                is_test,
                text,
            }
        })
        .collect()
}

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    if !root().join(folder).is_dir() {
        return Vec::new();
    }
    let files = files_below(&root().join(folder)).into_iter();
    files
        .map(|file| PathBuf::from(folder).join(file))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            (
                file.clone(),
                fs::read_to_string(root().join(&file)).unwrap(),
            )
        })
        .collect()
}

/// Lines without comments, numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(idx, line)| (idx + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `word` stands in `line` as a whole word.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        let goes_on = word.ends_with(is_part) && after.starts_with(is_part);
        !line[..at].ends_with(is_part) && !goes_on
    })
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Modules of ours that `text` names after `crate::`, with the line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line_number, line) in code(text) {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push((line_number, name));
        }
    }
    found
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn modules_import_only_from_lower_layers() {
    let mut problems = Vec::new();
    for source in sources() {
        let (path, module) = (source.path.display(), source.module.as_str());
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some(own) = rank(module) else {
            problems.push(format!("{path}:1: module `{module}` has no layer"));
            continue;
        };
        for (line, name) in imports(&source.text) {
            let is_allowed = match rank(&name) {
                _ if name == module => true,
                Some(other) => other < own && !ALONE.contains(&module),
                None => false,
            };
            if !is_allowed {
                problems.push(format!(
                    "{path}:{line}: `{module}` must not import `{name}`"
                ));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut problems = Vec::new();
    for source in sources() {
        let (path, module) = (source.path.display(), source.module.as_str());
        for (line_number, line) in code(&source.text) {
            for (word, modules) in GATES {
                let is_used = match word.starts_with(char::is_uppercase) {
                    true => names(line, word),
                    false => {
                        names(line, &format!("{word}::")) || names(line, &format!("use {word}"))
                    }
                };
                if is_used && !modules.contains(&module) {
                    problems.push(format!(
                        "{path}:{line_number}: `{word}` belongs to {modules:?}"
                    ));
                }
            }
            if NO_ENGINE.contains(&module) && !source.is_test && names(line, "datafusion") {
                problems.push(format!(
                    "{path}:{line_number}: `{module}` must not know the engine"
                ));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn only_the_printer_writes_to_the_terminal() {
    let printers = [
        "src/cli/printer.rs",
        "src/cli/sql/output.rs",
        "src/cli/sql/shell.rs",
        "src/cli/progress.rs",
    ];
    let mut problems = Vec::new();
    for source in sources().into_iter().filter(|source| !source.is_test) {
        let is_printer = printers
            .iter()
            .any(|printer| source.path.ends_with(printer));
        for (line_number, line) in code(&source.text) {
            let writes = ["println!", "print!", "io::stdout()", "io::stderr()"];
            if !is_printer && writes.iter().any(|word| line.contains(word)) {
                problems.push(format!(
                    "{}:{line_number}: writes to the terminal",
                    source.path.display()
                ));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    let mut problems = Vec::new();
    for (path, text) in ["src", "crates", "tests", "benches"]
        .into_iter()
        .flat_map(rust_files)
    {
        let path = path.display();
        if !text.starts_with("//! ") {
            problems.push(format!("{path}:1: does not begin with `//!`"));
        }
        let n_lines = text.lines().count();
        if n_lines > MAX_LINES {
            problems.push(format!("{path}: {n_lines} lines, more than {MAX_LINES}"));
        }
    }
    assert_none(&problems);
}

#[test]
fn nothing_is_left_half_done() {
    let words = ["FIXME", "XXX", "HACK"];
    let macros = ["todo", "dbg", "unimplemented"].map(|name| format!("{name}!("));
    let mut problems = Vec::new();
    let this = PathBuf::from("tests/it/tidy.rs");
    let files = ["src", "crates", "tests", "benches"]
        .into_iter()
        .flat_map(rust_files);
    for (path, text) in files.filter(|(path, _)| *path != this) {
        for (idx, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), idx + 1);
            if words.iter().any(|word| names(line, word)) || macros.iter().any(|m| line.contains(m))
            {
                problems.push(format!("{at}: is unfinished"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let folders = ["home", "Users", "work", "root", "mnt"].map(|name| format!("/{name}/"));
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for folder in [
        "src",
        "crates",
        "tests",
        "benches",
        "queries",
        "evaluations",
        "rules",
        "schemas",
        "docs",
        "examples",
    ] {
        if root().join(folder).is_dir() {
            let below = files_below(&root().join(folder)).into_iter();
            files.extend(below.map(|file| PathBuf::from(folder).join(file)));
        }
    }
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "GLOSSARY.md",
        "CHANGELOG.md",
        "korabo.toml",
        "Cargo.toml",
    ];
    files.extend(top.map(PathBuf::from));
    for path in files {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (idx, line) in text.lines().enumerate() {
            let starts = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/}*".contains(c))
                })
            };
            if folders.iter().any(starts) {
                problems.push(format!(
                    "{}:{}: a path of one machine",
                    path.display(),
                    idx + 1
                ));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn checks_see_what_they_should() {
    let text =
        "use crate::lake::Lake;\n// crate::cli\nlet x = crate::ingest::f(crate::session::g);\n";
    let found = imports(text);
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["lake", "ingest", "session"]);
    assert_eq!(found[2].0, 3);
    assert!(rank("cli") > rank("report") && rank("lake") < rank("ingest"));
    assert!(self::names("use clap::Args;", "clap::") && !self::names("unclap::x", "clap::"));
}
