//! Every example in README.md, README.ja.md and docs is run on the sample project. The rule:
//!
//! - A fenced block `sql` is run by `korabo sql -f`, whole; a block that is an example of `examples/relations` word for word is run by `examples.rs`.
//! - A fenced block `sh` is a script and is run by a shell (`set -e`) in a copy of the built sample project, which the blocks of one file share.
//!   In a block `text` lines `$ korabo …` are commands too.
//! - Every statement and command must end with exit code 0.
//! - A block that cannot be run has, on the line before it, `<!-- not run: REASON -->`. A reason is required, and a mark on a block that would
//!   run anyway (`text` without commands, `toml`, …) is an error.
//! - A block `python` needs a mark that says what runs it. Other languages are `text`, `toml`, `json` and `r`; a block without a language is
//!   an error.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fs_err as fs;

use crate::readme::commands;
use crate::support::{
    Outcome, Project, copy_folder, files_below, program, root, run_in, sample_project,
};

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Line of the opening fence, from 1.
    line: usize,
    language: String,
    /// Without the indentation of the fence.
    text: String,
    /// The reason why it is not run.
    mark: Option<String>,
}

const MARK: &str = "<!-- not run:";

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    let mut before = "";
    for (idx, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(language)) => {
                let mark = before
                    .trim()
                    .strip_prefix(MARK)
                    .and_then(|rest| rest.strip_suffix("-->"));
                let block = Block {
                    line: idx + 1,
                    language: language.trim().to_owned(),
                    text: String::new(),
                    mark: mark.map(|reason| reason.trim().to_owned()),
                };
                open = Some((block, indent));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(block, _)| block)),
            (Some((block, indent)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or(bare));
                block.text.push('\n');
            }
            (None, None) => {}
        }
        before = line;
    }
    blocks
}

fn documents() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("README.md"), PathBuf::from("README.ja.md")];
    let docs = files_below(&root().join("docs")).into_iter();
    files.extend(docs.map(|file| Path::new("docs").join(file)));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files
}

/// What a block asks to be run.
#[derive(Debug, PartialEq, Eq)]
enum Example {
    Statements(String),
    Commands(Vec<String>),
    Nothing,
}

/// What is to be run of a block, or what is wrong with it.
fn example(block: &Block) -> Result<Example, String> {
    let example = match block.language.as_str() {
        "sql" => Example::Statements(block.text.clone()),
        "sh" => Example::Commands(vec![block.text.clone()]),
        "text" => {
            let commands = commands(&format!("```text\n{}```\n", block.text));
            match commands.is_empty() {
                true => Example::Nothing,
                false => Example::Commands(commands),
            }
        }
        "python" if block.mark.is_none() => return Err("a program without a mark".to_owned()),
        "python" => Example::Statements(String::new()),
        "toml" | "json" | "r" => Example::Nothing,
        other => return Err(format!("a block of language `{other}`")),
    };
    match (&block.mark, example) {
        (None, example) => Ok(example),
        (Some(reason), _) if reason.is_empty() => Err("a mark without a reason".to_owned()),
        (Some(_), Example::Nothing) => Err("a mark on a block that is not run anyway".to_owned()),
        (Some(_), _) => Ok(Example::Nothing),
    }
}

fn shell(folder: &Path, command: &str) -> Outcome {
    // `korabo` is the program under test, wherever it stands in the line.
    let line = format!("set -e\nkorabo() {{ \"$KORABO\" \"$@\"; }}\n{command}");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &line])
        .env("KORABO", program(folder).get_program());
    shell.current_dir(folder).stdin(Stdio::null());
    shell.output().unwrap().into()
}

#[test]
fn every_example_of_the_documents_runs_or_says_why_not() {
    let shown = files_below(&root().join("examples/relations")).into_iter();
    let run_elsewhere: Vec<String> = shown
        .map(|file| fs::read_to_string(root().join("examples/relations").join(file)).unwrap())
        .collect();
    let (mut problems, mut done, mut n_run) = (Vec::new(), Vec::new(), 0);
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let mut project: Option<Project> = None;
        for block in blocks(&text) {
            let at = format!("{}:{}", document.display(), block.line);
            let example = match example(&block) {
                Ok(example) => example,
                Err(problem) => {
                    problems.push(format!("{at}: {problem}"));
                    continue;
                }
            };
            let outcomes: Vec<(String, Outcome)> = match example {
                Example::Nothing => continue,
                Example::Statements(sql) if run_elsewhere.contains(&sql) => continue,
                Example::Statements(sql) => {
                    vec![(sql.clone(), run_in(sample_project(), &["sql", "-c", &sql]))]
                }
                Example::Commands(commands) => {
                    let new: Vec<String> = commands
                        .into_iter()
                        .filter(|command| !done.contains(command))
                        .collect();
                    let project = project.get_or_insert_with(copy_of_the_sample);
                    new.into_iter()
                        .map(|command| {
                            let outcome = shell(project.path(), &command);
                            done.push(command.clone());
                            (command, outcome)
                        })
                        .collect()
                }
            };
            for (what, outcome) in outcomes {
                n_run += 1;
                if outcome.code != Some(0) {
                    problems.push(format!("{at}: {what}\n{}", outcome.stderr));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(n_run >= 15, "{n_run} examples");
}

/// The code of a document, without comments and reasons, which are in the reader's language.
fn code_of(text: &str) -> Vec<String> {
    let without = |line: &str| {
        let start = line
            .find(" # ")
            .or_else(|| line.find("#").filter(|at| *at == 0));
        line[..start.unwrap_or(line.len())].trim_end().to_owned()
    };
    let code = blocks(text)
        .into_iter()
        .filter(|block| block.language != "text");
    code.map(|block| {
        let lines = block.text.lines();
        let lines = lines.filter(|line| !line.starts_with("reason = "));
        lines.map(without).collect::<Vec<_>>().join("\n")
    })
    .collect()
}

#[test]
fn documents_in_two_languages_name_each_other_and_have_the_same_examples() {
    let mut n_sisters = 0;
    for japanese in documents() {
        let name = japanese.file_name().unwrap().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".ja.md") else {
            continue;
        };
        n_sisters += 1;
        let english = japanese.with_file_name(format!("{stem}.md"));
        let read = |file: &Path| fs::read_to_string(root().join(file)).unwrap();
        let (japanese, english) = (read(&japanese), read(&english));
        let link = format!("[English]({stem}.md)");
        assert!(japanese.contains(&link), "{name} has no {link}");
        let link = format!("[日本語]({stem}.ja.md)");
        assert!(english.contains(&link), "{stem}.md has no {link}");
        if stem != "README" {
            let (there, here) = (code_of(&english), code_of(&japanese));
            assert_eq!(here, there, "examples of {name}");
        }
    }
    assert!(n_sisters > 9, "{n_sisters}");
}

fn copy_of_the_sample() -> Project {
    let project = Project::empty();
    copy_folder(sample_project(), project.path());
    copy_folder(&root().join("examples"), &project.path().join("examples"));
    project
}

#[test]
fn blocks_are_found_with_their_marks() {
    let text = "a\n```sql\nselect 1\n```\n\n<!-- not run: why -->\n   ```sh\n   korabo x\n     y\n   ```\n\
                <!-- not run: -->\n```toml\n```\n";
    let found = blocks(text);
    let expected = [
        (2, "sql", "select 1\n", None),
        (7, "sh", "korabo x\n  y\n", Some("why")),
        (12, "toml", "", Some("")),
    ];
    assert_eq!(found.len(), 3);
    for (block, (line, language, text, mark)) in found.iter().zip(expected) {
        assert_eq!(
            (block.line, block.language.as_str(), block.text.as_str()),
            (line, language, text)
        );
        assert_eq!(block.mark.as_deref(), mark);
    }
}

#[test]
fn unmarked_blocks_are_run_and_wrong_marks_are_found() {
    let of = |language: &str, text: &str, mark: Option<&str>| {
        example(&Block {
            line: 1,
            language: language.to_owned(),
            text: text.to_owned(),
            mark: mark.map(str::to_owned),
        })
    };
    assert_eq!(
        of("sql", "x\n", None),
        Ok(Example::Statements("x\n".to_owned()))
    );
    let script = "# c\nkorabo a  # b\n\nls\n";
    assert_eq!(
        of("sh", script, None),
        Ok(Example::Commands(vec![script.to_owned()]))
    );
    let commands = vec!["korabo a".to_owned()];
    assert_eq!(
        of("text", "$ korabo a\nb\n", None),
        Ok(Example::Commands(commands))
    );
    assert_eq!(of("text", "b\n", None), Ok(Example::Nothing));
    assert_eq!(of("sh", "rm x\n", Some("why")), Ok(Example::Nothing));
    for (language, mark) in [
        ("", None),
        ("bash", None),
        ("sql", Some("")),
        ("toml", Some("why")),
    ] {
        assert!(of(language, "x\n", mark).is_err(), "{language} {mark:?}");
    }
}

/// The steps of docs/contracts.md, "A table of your own", fit together.
#[test]
fn a_table_of_your_own_is_made_as_the_document_says() {
    let text = fs::read_to_string(root().join("docs/contracts.md")).unwrap();
    let steps = text.split("## A table of your own").nth(1).unwrap();
    let blocks = blocks(steps);
    assert_eq!(blocks.len(), 3);
    let (contract, source, query) = (&blocks[0], &blocks[1], &blocks[2]);
    let project = Project::standard();
    project.write("schemas/step_counts.toml", &contract.text);
    let config = fs::read_to_string(project.path().join("korabo.toml")).unwrap();
    project.write("korabo.toml", format!("{config}\n{}", source.text));
    project.write("queries/clean_step_counts.sql", &query.text);
    project.korabo(&["check"]).exits(0);
    let listed = project
        .korabo(&["checks", "--list", "step_counts"])
        .exits(0)
        .stdout;
    assert!(
        listed.contains("step_counts.steps_per_day.range"),
        "{listed}"
    );
}

/// Names in the third column of the table of clauses are tests.
#[test]
fn clauses_of_disclosure_control_name_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/disclosure.md")).unwrap();
    let (_, clauses) = page.split_once("## Clause, check, test").unwrap();
    let (clauses, _) = clauses.split_once("\n## ").unwrap();
    let mut sources = String::new();
    for folder in ["src", "tests", "crates"] {
        for file in files_below(&root().join(folder)) {
            if file.extension().is_some_and(|suffix| suffix == "rs") {
                sources += &fs::read_to_string(root().join(folder).join(file)).unwrap();
            }
        }
    }
    let rows = clauses.lines().filter(|line| line.starts_with("| "));
    let mut n_tests = 0;
    for row in rows.skip(1) {
        let tests = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(sources.contains(&format!("fn {test}(")), "{test}");
            n_tests += 1;
        }
    }
    assert!(n_tests >= 15, "{n_tests}");
}
