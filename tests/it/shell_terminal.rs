//! The prompt on a terminal of its own, which `script` makes: signals, pager, progress.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::small_project::{project, token};
use crate::support::{Project, program};

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program on a terminal of 12 rows and 60 columns.
struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    fn open(folder: &Path, arguments: &str, pager: &str) -> Self {
        let binary = program(folder).get_program().to_owned();
        let command = format!(
            "stty rows 12 cols 60; echo $$ > pid; exec '{}' {arguments}",
            binary.display()
        );
        let mut script = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .current_dir(folder)
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .env("KORABO_PAGER", pager)
            .env("XDG_STATE_HOME", folder.join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = script.stdin.take().unwrap();
        let mut output = script.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0_u8; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..n]);
                written.lock().unwrap().push_str(&text);
            }
        });
        Self {
            script,
            keyboard,
            screen,
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until `text` is shown and forgets the screen up to it.
    #[track_caller]
    fn shows(&mut self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let mut screen = self.screen.lock().unwrap();
            if let Some(at) = screen.find(text) {
                return screen.drain(..at + text.len()).collect();
            }
            assert!(started.elapsed() < PATIENCE, "`{text}` is not in\n{screen}");
            drop(screen);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ends(mut self) -> Option<i32> {
        drop(self.keyboard);
        self.script.wait().unwrap().code()
    }
}

fn signal(folder: &Path, name: &str) {
    let pid = fs::read_to_string(folder.join("pid")).unwrap();
    let status = Command::new("kill").args([name, pid.trim()]).status();
    assert!(status.unwrap().success());
}

/// Takes longer than any user waits.
const ENDLESS: &str = "select count(*) from range(1, 2000000000) a, range(1, 2000000000) b where a.value % 7 = b.value % 5";
/// Joins of few rows with very many pairs, of which none is left: by a condition, and by a key.
const ENDLESS_JOINS: [&str; 2] = [
    "select count(*) from range(0, 1000000) a join range(0, 1000000) b on a.value * b.value = -1",
    "select count(*) from (select value, value % 2 as k from range(0, 1000000)) a \
     join (select value, value % 2 as k from range(0, 1000000)) b on a.k = b.k and a.value + b.value < 0",
];

#[test]
fn sigterm_ends_a_prompt_that_waits() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "");
    terminal.shows("korabo> ");
    signal(folder.path(), "-TERM");
    terminal.shows("stopped by SIGTERM");
    assert_eq!(terminal.ends(), Some(143));
}

#[test]
fn sigterm_ends_a_statement_and_leaves_no_file() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "");
    terminal.shows("korabo> ");
    terminal.types("\\o n.csv\r");
    terminal.shows("results go to");
    terminal.types(&format!("{ENDLESS};\r"));
    terminal.shows("rows read");
    signal(folder.path(), "-TERM");
    terminal.shows("stopped by SIGTERM");
    assert_eq!(terminal.ends(), Some(143));
    let names = fs::read_dir(folder.path()).unwrap().flatten();
    let left: Vec<_> = names.map(|entry| entry.file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("n.csv")),
        "{left:?}"
    );
}

#[test]
fn ctrl_c_stops_the_query_and_not_the_prompt() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "");
    terminal.shows("korabo> ");
    for statement in [ENDLESS].into_iter().chain(ENDLESS_JOINS) {
        terminal.types(&format!("{statement};\r"));
        terminal.shows("rows read · 2s");
        terminal.types("\u{3}");
        terminal.shows("query stopped by Ctrl-C");
        terminal.shows("korabo> ");
        terminal.types("select 41 + 1 as n;\r");
        terminal.shows("42");
    }
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn lines_of_an_unfinished_statement_are_marked_and_can_all_be_changed() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "");
    terminal.shows("korabo> ");
    terminal.types("select 4 +\r");
    terminal.shows("   ...> ; ends the statement");
    // Back to the first line and its end, then down again.
    terminal.types("\u{1b}[A\u{5} 30 +\u{1b}[B\u{5}/* x\r");
    terminal.shows("   ...> /* of line 2 is still open");
    terminal.types("y */ 8 as n;\r");
    terminal.shows("42");
    terminal.shows("korabo> ");
    // What was typed at once is run at once, and is one entry of the history.
    terminal.types("\u{1b}[200~select 40 +\n  2\n  as pasted;\u{1b}[201~\r");
    terminal.shows("42");
    terminal.shows("korabo> ");
    terminal.types("\u{1b}[A\r");
    terminal.shows("pasted");
    terminal.shows("42");
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn long_results_go_through_the_pager_and_short_ones_do_not() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "tee -a seen");
    terminal.shows("korabo> ");
    terminal.types("select value as short from generate_series(1, 3);\r");
    terminal.shows("3 rows");
    terminal.types("select value as 長い from generate_series(1, 500);\r");
    terminal.shows("500 rows");
    terminal.shows("korabo> ");
    terminal.types(".pager off\r");
    terminal.shows("pager off");
    terminal.types("select value as unseen from generate_series(1, 600);\r");
    terminal.shows("600 rows");
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
    let seen = fs::read_to_string(folder.path().join("seen")).unwrap();
    assert!(seen.contains("長い") && seen.contains("500 rows"), "{seen}");
    assert!(
        !seen.contains("short") && !seen.contains("unseen"),
        "{seen}"
    );
}

#[test]
fn who_leaves_the_pager_stops_the_query() {
    let folder = Project::empty();
    let mut terminal = Terminal::open(folder.path(), "sql", "head -n 5");
    terminal.shows("korabo> ");
    terminal.types("select value from range(1, 2000000000000);\r");
    terminal.shows("     2");
    terminal.shows("korabo> ");
    terminal.types("select 41 + 1 as n;\r");
    terminal.shows("42");
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn files_run_at_the_prompt_have_their_lines_in_errors() {
    let folder = Project::empty();
    folder.write(
        "q.sql",
        "select 1 as one;\n\nselect nope from (select 2 as b);\nselect 3 as three;\n",
    );
    let mut terminal = Terminal::open(folder.path(), "sql", "");
    terminal.shows("korabo> ");
    terminal.types("\\i q.sql\r");
    terminal.shows("q.sql:3:8: no column `nope`");
    terminal.shows("^^^^");
    terminal.types("\\df date_tr*\r");
    let shown = terminal.shows("date_trunc");
    assert!(!shown.contains("three"), "{shown}");
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_run_is_seen_by_the_next_question_through_views_too() {
    let project = project("");
    project.korabo(&["run"]).exits(0);
    let mut terminal = Terminal::open(project.path(), "sql --format csv", "");
    terminal.shows("korabo> ");
    // The view's own input is asked first, so that it is opened anew before the view is.
    let question =
        "select count(*) as seen from clean_visits; select count(*) as kept from link_visits;\r";
    terminal.types(question);
    terminal.shows("kept\r\n2");
    let row = format!(
        "person_key,visited_on,pressure,kind,note\n{},2023-08-01,130,2,\n",
        token('c')
    );
    project.write("extracts/visits_later.csv", row);
    project.korabo(&["run"]).exits(0);
    terminal.types(question);
    terminal.shows("kept\r\n3");
    terminal.types("\\q\r");
    assert_eq!(terminal.ends(), Some(0));
}
