//! The commands that README.md shows run on the sample project and succeed.

use std::process::Stdio;

use fs_err as fs;

use crate::support::{Outcome, Project, copy_folder, program, root, sample_project};

/// Commands that need other folders or write to the project, tested elsewhere.
const ELSEWHERE: [&str; 3] = ["run", "synth", "init"];

/// Lines `$ korabo …` of the fenced blocks, continuation lines joined.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let (mut is_block, mut is_open) = (false, false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
            is_open = false;
        } else if is_block {
            let command = line
                .strip_prefix("$ ")
                .filter(|rest| rest.starts_with("korabo "));
            match (command, commands.last_mut()) {
                (Some(command), _) => commands.push(command.to_owned()),
                (None, Some(last)) if is_open => last.push_str(&format!("\n{line}")),
                _ => continue,
            }
            let last = commands.last().unwrap();
            is_open = last.ends_with('\\') || ends_inside_quotes(last);
        }
    }
    commands
}

/// Whether a shell would read on after `command`.
fn ends_inside_quotes(command: &str) -> bool {
    let mut open = None;
    for c in command.chars().filter(|c| matches!(c, '"' | '\'')) {
        open = match open {
            None => Some(c),
            Some(mark) if mark == c => None,
            Some(mark) => Some(mark),
        };
    }
    open.is_some()
}

#[test]
fn commands_of_the_readme_succeed() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let commands = commands(&text);
    let is_elsewhere = |command: &String| {
        command
            .split_whitespace()
            .nth(1)
            .is_some_and(|word| ELSEWHERE.contains(&word))
    };
    let here: Vec<String> = commands
        .into_iter()
        .filter(|command| !is_elsewhere(command))
        .collect();
    assert!(!here.is_empty(), "README.md shows no command");
    let project = Project::empty();
    copy_folder(sample_project(), project.path());
    copy_folder(&root().join("examples"), &project.path().join("examples"));
    let example = program(project.path());
    for command in here {
        let line = command.replacen("korabo ", "\"$KORABO\" ", 1);
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &line])
            .env("KORABO", example.get_program());
        shell.current_dir(project.path()).stdin(Stdio::null());
        let outcome = Outcome::from(shell.output().unwrap());
        assert_eq!(
            outcome.code,
            Some(0),
            "$ {command}\n{}{}",
            outcome.stdout,
            outcome.stderr
        );
    }
}

#[test]
fn only_lines_in_blocks_with_a_prompt_count_as_commands() {
    let text = "```console\n$ korabo sql -c \"select 1\n  as a\"\n a\n$ ls\n$ korabo status \\\n  -q\n```\n\
                $ korabo nothing\n```sh\nkorabo nothing\n```\n";
    let expected = [
        "korabo sql -c \"select 1\n  as a\"",
        "korabo status \\\n  -q",
    ];
    assert_eq!(commands(text), expected);
}
