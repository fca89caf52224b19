//! Commands in documents: lines `$ korabo …`. `documents` runs them.

/// Lines `$ korabo …` of the fenced blocks, continuation lines joined.
pub(crate) fn commands(text: &str) -> Vec<String> {
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
fn only_lines_in_blocks_with_a_prompt_count_as_commands() {
    let text = "```console\n$ korabo sql -c \"select 1\n  as a\"\n a\n$ ls\n$ korabo status \\\n  -q\n```\n\
                $ korabo nothing\n```sh\nkorabo nothing\n```\n";
    let expected = [
        "korabo sql -c \"select 1\n  as a\"",
        "korabo status \\\n  -q",
    ];
    assert_eq!(commands(text), expected);
}
