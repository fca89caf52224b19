//! The Python example of `docs/serve.md` runs, with the driver that notebooks use. The packages are
//! installed once, below the target folder; without Python or packages nothing is tested.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde_json::Value;

use crate::serving::{Serving, certificate, token};
use crate::support::{Project, root, skipped};

const PACKAGES: [&str; 2] = ["adbc_driver_flightsql", "pyarrow"];

/// A Python with the packages, or why there is none.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("korabo-python");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.file().lock().unwrap();
    let python = folder.join("venv/bin/python");
    if folder.join("done").exists() {
        return Ok(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder.join("venv")))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(Command::new(&python).args(install).args(PACKAGES))?;
    fs::write(folder.join("done"), "").unwrap();
    Ok(python)
}

/// Runs a script against a server and returns what it printed.
#[track_caller]
fn run(python: &Path, script: &[&str], settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(python);
    command.args(script).current_dir(root());
    let output = command.envs(settings.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("Warning"), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What Python prints of lists and texts, as JSON.
fn json(printed: &str) -> Value {
    let text = printed.replace('\'', "\"").replace("None", "null");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_python_example_reads_what_korabo_sql_reads() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => return skipped(&format!("no Python with the driver: {why}")),
    };
    let project = Project::built();
    let token = token(&project, "hanako");
    let effects = project.rows(
        "SELECT indicator, estimate, std_error, status FROM effect_summary
         WHERE estimator = 'callaway_santanna' ORDER BY field, indicator, population LIMIT 5",
    );
    let n_rows = project.count("SELECT count(*) FROM panel_person_year");
    let expected = serde_json::to_value(&effects).unwrap();
    assert_eq!(effects.len(), 5);

    let serving = Serving::start(&project);
    let example = ["docs/serve/example.py"];
    let settings = [
        ("KORABO_ADDRESS", serving.address()),
        ("KORABO_TOKEN", token.as_str()),
    ];
    let printed = run(&python, &example, &settings);
    let (found, counted) = printed.trim().split_once('\n').unwrap();
    assert_eq!(json(found), expected);
    assert_eq!(counted, n_rows.to_string());

    let authority = certificate(project.path());
    let authority = project.write("authority.crt", authority);
    let tls = ["--certificate", "server.crt", "--key", "server.key"];
    let encrypted = Serving::start_with(&project, &tls);
    let address = encrypted.address().replace("127.0.0.1", "localhost");
    let authority = authority.to_string_lossy();
    let settings = [
        ("KORABO_ADDRESS", address.as_str()),
        ("KORABO_TOKEN", token.as_str()),
        ("KORABO_AUTHORITY", authority.as_ref()),
    ];
    assert_eq!(run(&python, &example, &settings), printed);

    // User and password, the list of tables, and a readable error.
    let script = "import os, adbc_driver_flightsql.dbapi as f\n\
                  c = f.connect(os.environ['A'], db_kwargs={'username': 'hanako', 'password': os.environ['T']}, autocommit=True)\n\
                  schemas = c.adbc_get_objects(depth='tables').read_all().to_pylist()[0]['catalog_db_schemas']\n\
                  print(len(schemas[0]['db_schema_tables']))\n\
                  print(c.adbc_get_table_schema('runs').names[0])\n\
                  try:\n    c.cursor().execute('SELECT * FROM rnus')\n\
                  except f.Error as e:\n    print(e)\n\
                  c.close()";
    let settings = [("A", serving.address()), ("T", token.as_str())];
    let printed = run(&python, &["-c", script], &settings);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].parse::<usize>().unwrap() > 40);
    assert_eq!(lines[1], "run_id");
    assert!(lines[2].contains("did you mean `runs`?"), "{printed}");
}
