//! The prompt driven by a script of lines instead of a terminal.

use std::collections::VecDeque;

use super::*;

struct Script {
    lines: VecDeque<Line>,
    prompts: Vec<String>,
    history: Vec<String>,
}

impl Script {
    fn new(lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| match *line {
            "^C" => Line::Interrupted,
            "^D" => Line::End,
            text => Line::Text(text.to_owned()),
        });
        Self {
            lines: lines.collect(),
            prompts: Vec::new(),
            history: Vec::new(),
        }
    }
}

impl LineSource for Script {
    fn read_line(&mut self, prompt: &str) -> Result<Line, ReplError> {
        self.prompts.push(prompt.to_owned());
        Ok(self.lines.pop_front().unwrap_or(Line::End))
    }

    fn remember(&mut self, entry: &str) -> Result<(), ReplError> {
        self.history.push(entry.to_owned());
        Ok(())
    }
}

fn run(script: &mut Script) -> Vec<ReplInput> {
    let mut inputs = Vec::new();
    let mut execute = |input| {
        inputs.push(input);
        ControlFlow::Continue(())
    };
    drive(script, &mut execute).unwrap();
    inputs
}

fn statement(text: &str) -> ReplInput {
    ReplInput::Statement(text.to_owned())
}

#[test]
fn lines_are_collected_until_the_semicolon() {
    let mut script = Script::new(&["select 'a;", "b'", "  from t; select", "2;", "^D"]);
    assert_eq!(
        run(&mut script),
        [
            statement("select 'a;\nb'\n  from t"),
            statement("select\n2")
        ]
    );
    assert_eq!(
        script.prompts,
        [PROMPT, CONTINUATION, CONTINUATION, CONTINUATION, PROMPT]
    );
    assert_eq!(script.history, ["select 'a;\nb'\n  from t;", "select\n2;"]);
}

#[test]
fn an_open_comment_goes_on_and_a_finished_one_is_forgotten() {
    let mut script = Script::new(&["-- note;", "select 1; /* a;", "b; */ select 2;", "", "^D"]);
    assert_eq!(
        run(&mut script),
        [statement("select 1"), statement("/* a;\nb; */ select 2")]
    );
    assert_eq!(
        script.prompts,
        [PROMPT, PROMPT, CONTINUATION, PROMPT, PROMPT]
    );
}

#[test]
fn ctrl_c_discards_what_was_typed() {
    let mut script = Script::new(&["select 'open", "^C", "select 2;", "^C", "^D"]);
    assert_eq!(run(&mut script), [statement("select 2")]);
    assert_eq!(
        script.prompts,
        [PROMPT, CONTINUATION, PROMPT, PROMPT, PROMPT]
    );
}

#[test]
fn backslash_commands_are_recognised_before_a_statement_only() {
    let mut script = Script::new(&[
        "\\d",
        " \\dt ",
        "\\d  panel_person_year;",
        "\\timing",
        "\\?",
        "\\x on",
        "\\q now",
        "select",
        "\\d;",
        "^D",
    ]);
    let expected = [
        ReplInput::DescribeTables,
        ReplInput::DescribeTables,
        ReplInput::Describe("panel_person_year".to_owned()),
        ReplInput::ToggleTiming,
        ReplInput::Help,
        ReplInput::UnknownCommand("\\x on".to_owned()),
        ReplInput::UnknownCommand("\\q now".to_owned()),
        statement("select\n\\d"),
    ];
    assert_eq!(run(&mut script), expected);
}

#[test]
fn every_way_out_leaves_the_rest_unread() {
    for way_out in ["\\q", "exit", "QUIT;", "^D"] {
        let mut script = Script::new(&[way_out, "select 1;"]);
        assert_eq!(run(&mut script), []);
        assert_eq!(script.lines.len(), 1, "{way_out}");
    }
}

#[test]
fn a_break_stops_between_the_statements_of_a_line() {
    let mut script = Script::new(&["select 1; select 2;", "select 3;"]);
    let mut inputs = Vec::new();
    let mut execute = |input| {
        inputs.push(input);
        ControlFlow::Break(())
    };
    drive(&mut script, &mut execute).unwrap();
    assert_eq!(inputs, [statement("select 1")]);
}

#[test]
fn tab_completes_names_whatever_their_case() {
    let words = [
        "SELECT",
        "panel_person_year",
        "programs",
        "健診",
        "panel_person_year",
    ];
    let completer = WordCompleter::new(words.map(String::from).to_vec());
    #[track_caller]
    fn check(completer: &WordCompleter, line: &str, start: usize, expected: &[&str]) {
        let (found_start, found) = completer.candidates(line, line.len());
        assert_eq!(found, expected);
        assert_eq!(found_start, start);
    }
    check(&completer, "sel", 0, &["select"]);
    check(&completer, "SEL", 0, &["SELECT"]);
    check(
        &completer,
        "select * from (P",
        15,
        &["panel_person_year", "programs"],
    );
    check(&completer, "select 健", 7, &["健診"]);
    check(&completer, "\\ti", 0, &["\\timing"]);
    check(&completer, "select ", 7, &[]);
}
