//! `korabo doctor` says what would keep a run from working; `korabo man` writes the manual.

use fs_err as fs;

use crate::serving::{certificate, configure, expired_certificate, token};
use crate::support::{Project, program};

/// The line about something, without its advice.
fn line<'a>(text: &'a str, what: &str) -> &'a str {
    let found = text.lines().find(|line| line[5..].starts_with(what));
    found.unwrap()
}

#[test]
fn a_built_project_is_fit() {
    let project = Project::built();
    let found = project.korabo(&["doctor"]).exits(0);
    for what in ["project", "extracts", "lake", "tables", "last run"] {
        assert!(line(&found.stdout, what).starts_with("ok "), "{what}");
    }
    assert!(line(&found.stdout, "tables").contains("all up to date"));
    assert!(line(&found.stdout, "last run").contains("number 1"));
    assert_eq!(found.stderr, "");
}

#[test]
fn what_is_missing_is_named_with_what_to_do_and_the_runs_exit_code() {
    let project = Project::unbuilt();
    let found = project.korabo(&["doctor"]).exits(0);
    assert!(line(&found.stdout, "tables").starts_with("warn"));
    assert!(line(&found.stdout, "last run").contains("none yet"));

    fs::remove_dir_all(project.path().join("sample_data")).unwrap();
    let found = project.korabo(&["doctor"]).exits(4);
    let extracts = line(&found.stdout, "extracts");
    assert!(extracts.starts_with("FAIL") && extracts.contains("no file for checkups, "));
    assert!(
        found
            .stdout
            .contains("→ put them there, or mark the sources `optional = true`")
    );
    // The other findings are there nevertheless.
    assert!(line(&found.stdout, "project").starts_with("ok "));

    project.write("queries/effect_broken.sql", "not sql at all");
    let found = project.korabo(&["doctor"]).exits(3);
    assert!(line(&found.stdout, "project").contains("effect_broken.sql"));
}

#[test]
fn a_run_at_work_and_limits_beyond_the_machine_are_warned_of() {
    let project = Project::built();
    let lock = fs::OpenOptions::new()
        .write(true)
        .open(project.path().join("lake/.lock"))
        .unwrap();
    lock.file().lock().unwrap();
    let limits = ["doctor", "--memory-limit", "900T", "--threads", "5000"];
    let found = project.korabo(&limits).exits(0);
    assert!(line(&found.stdout, "lake").contains("a run is in progress"));
    assert!(line(&found.stdout, "memory").starts_with("warn"));
    assert!(line(&found.stdout, "program").starts_with("warn"));
}

#[test]
fn without_a_project_the_machine_is_still_looked_at() {
    let project = Project::empty();
    let found = project
        .korabo(&["doctor", "--temp-dir", "nowhere"])
        .exits(3);
    assert!(line(&found.stdout, "program").starts_with("ok "));
    assert!(line(&found.stdout, "temporary folder").contains("nowhere cannot be used"));
    assert!(line(&found.stdout, "project").starts_with("FAIL"));
    assert!(found.stdout.contains("korabo init"));
}

#[test]
fn what_would_keep_the_server_from_starting_is_named() {
    let project = Project::built();
    assert!(
        !project
            .korabo(&["doctor"])
            .exits(0)
            .stdout
            .contains("serve")
    );
    configure(
        &project,
        "certificate = \"server.crt\"\nkey = \"server.key\"",
    );
    let found = project.korabo(&["doctor"]).exits(3);
    let serve = line(&found.stdout, "serve");
    assert!(serve.starts_with("FAIL") && serve.contains("cannot use the tokens file"));
    assert!(found.stdout.contains("→ `korabo serve token NAME`"));
    token(&project, "hanako");
    let found = project.korabo(&["doctor"]).exits(3);
    assert!(line(&found.stdout, "serve").contains("cannot use the certificate's key"));
    certificate(project.path());
    let found = project.korabo(&["doctor"]).exits(0);
    let serve = line(&found.stdout, "serve");
    assert!(
        serve.starts_with("ok ") && serve.contains("1 user on 127.0.0.1:50051, certificate until")
    );
    expired_certificate(project.path());
    let found = project.korabo(&["doctor"]).exits(0);
    assert!(line(&found.stdout, "serve").starts_with("warn"));
    assert!(found.stdout.contains("→ the certificate has expired"));
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let project = Project::empty();
    project.korabo(&["man", "pages"]).exits(0);
    let page = |name: &str| {
        let path = project.path().join("pages").join(name);
        fs::read_to_string(path).unwrap()
    };
    let help = program(project.path()).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // Long descriptions go on further right.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let mut n_commands = 0;
    for command in commands {
        assert!(
            page(&format!("korabo-{command}.1")).starts_with(".ie"),
            "{command}"
        );
        n_commands += 1;
    }
    assert!(n_commands >= 12, "{n_commands}");
    assert!(page("korabo.1").contains("Exit codes"));
}
