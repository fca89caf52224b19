//! The prompt driven by a script of lines instead of a terminal.

use std::collections::VecDeque;

use super::*;

struct Typing {
    lines: VecDeque<Line>,
    prompts: Vec<String>,
    offered: Vec<String>,
    history: Vec<String>,
}

impl Typing {
    fn new(lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| match *line {
            "^C" => Line::Interrupted,
            "^D" => Line::End,
            text => Line::Text(text.to_owned()),
        });
        Self {
            lines: lines.collect(),
            prompts: Vec::new(),
            offered: Vec::new(),
            history: Vec::new(),
        }
    }
}

impl LineSource for Typing {
    fn read_line(&mut self, prompt: &str, offered: &str) -> Result<Line, ReplError> {
        self.prompts.push(prompt.to_owned());
        self.offered.push(offered.to_owned());
        Ok(self.lines.pop_front().unwrap_or(Line::End))
    }

    fn remember(&mut self, entry: &str) -> Result<(), ReplError> {
        self.history.push(entry.to_owned());
        Ok(())
    }
}

fn run(script: &mut Typing) -> Vec<ReplInput> {
    let mut inputs = Vec::new();
    let mut execute = |input, _| {
        inputs.push(input);
        Next::Continue
    };
    drive(script, &mut execute).unwrap();
    inputs
}

fn statement(text: &str) -> ReplInput {
    ReplInput::Statement(text.to_owned())
}

#[test]
fn lines_are_collected_until_the_semicolon() {
    let mut script = Typing::new(&["select 'a;", "b'", "  from t; select", "2;", "^D"]);
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
    let mut script = Typing::new(&["-- note;", "select 1; /* a;", "b; */ select 2;", "", "^D"]);
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
    let mut script = Typing::new(&["select 'open", "^C", "select 2;", "^C", "^D"]);
    assert_eq!(run(&mut script), [statement("select 2")]);
    assert_eq!(
        script.prompts,
        [PROMPT, CONTINUATION, PROMPT, PROMPT, PROMPT]
    );
}

#[test]
fn commands_are_recognised_before_a_statement_only() {
    let mut script = Typing::new(&["\\d", " .timer on ", "\\nope", "select", "\\d;", "^D"]);
    let found = run(&mut script);
    let wrong = &found[2];
    assert!(
        matches!(wrong, ReplInput::Wrong(text) if text.starts_with("no command `\\nope`")),
        "{wrong:?}"
    );
    assert_eq!(found[0], ReplInput::Command(Command::Tables));
    assert_eq!(found[1], ReplInput::Command(Command::Timing(Some(true))));
    assert_eq!(found[3..], [statement("select\n\\d")]);
}

#[test]
fn statements_typed_at_once_are_one_entry_of_the_history() {
    let mut script = Typing::new(&["select 1;\nselect\n2;", ".timer", "^D"]);
    assert_eq!(
        run(&mut script)[..2],
        [statement("select 1"), statement("select\n2")]
    );
    assert_eq!(script.history, ["select 1;\nselect\n2;", ".timer"]);
}

#[test]
fn an_edited_statement_is_offered_once() {
    let mut script = Typing::new(&["\\e", "select 2;", "^D"]);
    let mut execute = |input, _| match input {
        ReplInput::Command(Command::Edit) => Next::Offer("select 2;".to_owned()),
        _ => Next::Continue,
    };
    drive(&mut script, &mut execute).unwrap();
    assert_eq!(script.offered, ["", "select 2;", ""]);
}

#[test]
fn scripts_may_hold_commands_and_leave_out_the_last_semicolon() {
    let mut inputs = Vec::new();
    let text = "\\timing\nselect 1; select\n2\n\n";
    let mut execute = |input, _| {
        inputs.push(input);
        Next::Continue
    };
    run_script(text, &mut execute).unwrap();
    let timing = ReplInput::Command(Command::Timing(None));
    assert_eq!(
        inputs,
        [timing, statement("select 1"), statement("select\n2")]
    );
}

#[test]
fn every_way_out_leaves_the_rest_unread() {
    for way_out in ["\\q", "exit", "QUIT;", "^D"] {
        let mut script = Typing::new(&[way_out, "select 1;"]);
        assert_eq!(run(&mut script), []);
        assert_eq!(script.lines.len(), 1, "{way_out}");
    }
}

#[test]
fn a_break_stops_between_the_statements_of_a_line() {
    let mut script = Typing::new(&["select 1; select 2;", "select 3;"]);
    let mut inputs = Vec::new();
    let mut execute = |input, _| {
        inputs.push(input);
        Next::Stop
    };
    drive(&mut script, &mut execute).unwrap();
    assert_eq!(inputs, [statement("select 1")]);
}

#[test]
fn statements_of_a_script_know_their_line() {
    let text = "-- one\n\\timing\n\nselect 1; select\n2;\n/* a;\n*/ select 3;\n\nselect 4";
    let mut lines = Vec::new();
    let mut execute = |input, line| {
        lines.push((input, line));
        Next::Continue
    };
    run_script(text, &mut execute).unwrap();
    let lines: Vec<usize> = lines.into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines, [2, 4, 4, 6, 9]);
}
