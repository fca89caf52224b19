//! Running the program: projects in temporary folders, captured output, rows of SQL, and two worlds that
//! are built once and shared by every test, also when each test is a process of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use serde_json::Value;
use tempfile::TempDir;

/// Rows of a query: column → value.
pub(crate) type Rows = Vec<serde_json::Map<String, Value>>;

/// The folder of this crate: the sample project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_korabo"))
}

/// The program, to be started in `folder` without the user's settings.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR");
    // The program speaks the language of the locale.
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    command
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// Fails the test unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails the test unless every text is in stderr.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "`{text}` is not in stderr:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Fails the test when one of the texts is in stdout or stderr.
    #[track_caller]
    pub(crate) fn hides<T: AsRef<str>>(self, texts: &[T]) -> Self {
        for text in texts {
            let text = text.as_ref();
            let is_shown = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(!is_shown, "a value is in the output");
        }
        self
    }

    /// A number of the summary line, which is the last line of stderr.
    #[track_caller]
    pub(crate) fn summary(&self, name: &str) -> f64 {
        let line = self.stderr.lines().last().unwrap();
        let words = line.split(' ').filter_map(|word| word.split_once('='));
        let found: Vec<&str> = words
            .filter(|(key, _)| *key == name)
            .map(|(_, n)| n)
            .collect();
        assert_eq!(found.len(), 1, "`{name}` in `{line}`");
        found[0].parse().unwrap()
    }
}

/// A project in a folder that is removed at the end.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// A folder with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The standard contracts and queries without extracts.
    pub(crate) fn standard() -> Self {
        let project = Self::empty();
        copy_with_few_plans(project.path());
        project
    }

    /// The standard project with the small world's extracts, nothing built.
    pub(crate) fn unbuilt() -> Self {
        let project = Self::standard();
        copy_folder(
            &small_world().join("sample_data"),
            &project.path().join("sample_data"),
        );
        project
    }

    /// A copy of the small world with every table built.
    pub(crate) fn built() -> Self {
        let project = Self::empty();
        copy_folder(small_world(), project.path());
        project
    }

    /// A copy of the sample project with every table built, or of the built project that the environment's
    /// variable `KORABO_BUILT_SAMPLE` names: building takes minutes.
    pub(crate) fn sample() -> Self {
        let project = Self::empty();
        match std::env::var_os("KORABO_BUILT_SAMPLE") {
            Some(folder) => copy_folder(Path::new(&folder), project.path()),
            None => copy_folder(sample_project(), project.path()),
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the project's folder.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program in the project's folder.
    pub(crate) fn korabo<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        run_in(self.path(), arguments)
    }

    /// Rows of a query over the project's tables.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Rows {
        rows_in(self.path(), sql)
    }

    /// The one value of a query.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> Value {
        let mut rows = self.rows(sql);
        assert_eq!(
            (rows.len(), rows.first().map_or(0, serde_json::Map::len)),
            (1, 1),
            "{sql}"
        );
        rows.remove(0).into_iter().next().unwrap().1
    }

    /// The one whole number of a query.
    #[track_caller]
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.value(sql).as_i64().unwrap()
    }

    /// The output of a query in `format`.
    #[track_caller]
    pub(crate) fn text(&self, format: &str, sql: &str) -> String {
        self.korabo(&["sql", "--format", format, "-c", sql])
            .exits(0)
            .stdout
    }

    /// Latest version of every table of the lake, read from its log.
    pub(crate) fn versions(&self) -> BTreeMap<String, u64> {
        versions_in(&self.path().join("lake"))
    }

    /// What a person would see of the project's results, without times.
    pub(crate) fn contents(&self, tables: &[&str]) -> BTreeMap<String, String> {
        let orders = [
            ("deliveries", DELIVERIES),
            (
                "panel_person_year",
                "select * from panel_person_year order by person_id, fiscal_year",
            ),
            (
                "evaluation_estimates_smoking",
                "select * from evaluation_estimates_smoking order by indicator, population, \"by\", level, estimator, event_time",
            ),
            (
                "effect_summary",
                "select * from effect_summary order by field, indicator, population, estimator",
            ),
        ];
        let wanted = orders.iter().filter(|(table, _)| tables.contains(table));
        let contents: BTreeMap<String, String> = wanted
            .map(|(table, sql)| ((*table).to_owned(), self.text("csv", sql)))
            .collect();
        assert_eq!(contents.len(), tables.len());
        contents
    }
}

const DELIVERIES: &str = "select delivery_id, table_name, file, mode, sha256, size_bytes, n_rows_in, \
                          n_accepted, n_rejected, n_removed from deliveries order by delivery_id";

/// A project of standard queries over tables given by hand, built.
pub(crate) fn project_by_hand(standard: &[&str], by_hand: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    let config = "[project]\nname = \"by hand\"\n\n[parameters]\nworking_days = 240\nlink_precision = 0.95\n";
    project.write("korabo.toml", config);
    project.write("schemas/.keep", "");
    let gates = fs::read(root().join("rules/gates.toml")).unwrap();
    project.write("rules/gates.toml", gates);
    for name in standard {
        let file = format!("queries/{name}.sql");
        project.write(&file, fs::read(root().join(&file)).unwrap());
    }
    for (name, sql) in by_hand {
        let header = "-- Rows by hand.\n-- materialize: table\n-- sensitivity: person\n\n";
        project.write(&format!("queries/{name}.sql"), format!("{header}{sql}\n"));
    }
    project.korabo(&["run"]).exits(0);
    project
}

/// Runs the program in `folder`.
pub(crate) fn run_in<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Outcome {
    program(folder).args(arguments).output().unwrap().into()
}

/// Runs the program in `folder` with `input` on its standard input.
pub(crate) fn run_with_input<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: &[S],
    input: &str,
) -> Outcome {
    let mut command = program(folder);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap().into()
}

/// Rows of a query over the tables of the project in `folder`.
#[track_caller]
pub(crate) fn rows_in(folder: &Path, sql: &str) -> Rows {
    let outcome = run_in(folder, &["sql", "--format", "json", "-c", sql]).exits(0);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// Latest version of every table of a lake, read from its log.
pub(crate) fn versions_in(lake: &Path) -> BTreeMap<String, u64> {
    let mut versions = BTreeMap::new();
    for table in fs::read_dir(lake)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let log = table.join("_delta_log");
        if !log.is_dir() {
            continue;
        }
        let files = fs::read_dir(log)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let commits = files.filter(|file| file.extension().is_some_and(|e| e == "json"));
        let numbers = commits.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned());
        let latest = numbers.filter_map(|number| number.parse().ok()).max();
        let name = table.file_name().unwrap().to_string_lossy().into_owned();
        versions.insert(name, latest.unwrap());
    }
    versions
}

/// Every file below `folder`, relative to it, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    files.sort();
    files
}

/// Copies a folder with everything below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files_below(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&file), target).unwrap();
    }
}

/// The plans of projects that are not about the sample: each costs seconds in every run.
const FEW_PLANS: [&str; 5] = ["activity", "mind", "nutrition_spouses", "rest", "smoking"];

/// The standard library with a few of its plans.
fn copy_with_few_plans(to: &Path) {
    copy_standard(to);
    for file in files_below(&to.join("evaluations")) {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        if !FEW_PLANS.contains(&stem) {
            fs::remove_file(to.join("evaluations").join(&file)).unwrap();
        }
    }
}

fn copy_standard(to: &Path) {
    fs::create_dir_all(to).unwrap();
    // Tests that share a world ask it nearly the same.
    let config = fs::read_to_string(root().join("korabo.toml")).unwrap();
    let forgetful = config.replace("[release]\n", "[release]\nremember_statements = false\n");
    assert_ne!(config, forgetful);
    fs::write(to.join("korabo.toml"), forgetful).unwrap();
    fs::copy(root().join("columns.toml"), to.join("columns.toml")).unwrap();
    for folder in ["queries", "evaluations", "releases", "rules"] {
        copy_folder(&root().join(folder), &to.join(folder));
    }
    // Nearly all cells of a small world are small, and take long to protect.
    release_by(to, &[&[], &["sex"], &["insurer"]]);
    copy_contracts(to);
}

/// Lets the project release levels by these groupings only.
fn release_by(project: &Path, groupings: &[&[&str]]) {
    let levels = project.join("releases/levels.toml");
    let text = fs::read_to_string(&levels).unwrap();
    let (before, _) = text.split_once("groupings = [").unwrap();
    fs::write(&levels, format!("{before}groupings = {groupings:?}\n")).unwrap();
}

/// Contracts, and the fields and indicators that they name.
pub(crate) fn copy_contracts(to: &Path) {
    copy_folder(&root().join("schemas"), &to.join("schemas"));
    for file in ["fields.toml", "indicators.toml"] {
        fs::copy(root().join(file), to.join(file)).unwrap();
    }
}

/// The small world, built; not to be changed. Use [`Project::built`] for a copy.
pub(crate) fn small_world() -> &'static Path {
    static WORLD: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    WORLD.get_or_init(|| {
        shared("small", |folder| {
            copy_with_few_plans(folder);
            let synth = [
                "synth",
                "-o",
                "sample_data",
                "--persons",
                "600",
                "--seed",
                "7",
            ];
            run_in(folder, &synth).exits(0);
            run_in(folder, &["run"]).exits(0);
        })
    })
}

/// The sample project of this crate, built; not to be changed.
pub(crate) fn sample_project() -> &'static Path {
    static WORLD: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    WORLD.get_or_init(|| {
        shared("sample", |folder| {
            copy_standard(folder);
            copy_folder(&root().join("sample_data"), &folder.join("sample_data"));
            release_by(folder, &[&[], &["sex"], &["insurer"], &["municipality"]]);
            run_in(folder, &["run"]).exits(0);
        })
    })
}

/// A folder made once for one build of the program and one state of the project's files.
fn shared(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("korabo-worlds");
    fs::create_dir_all(&parent).unwrap();
    let lock = File::create(parent.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let folder = parent.join(format!("{name}-{:016x}", state()));
    let done = folder.join(".done");
    if !done.exists() {
        for old in fs::read_dir(&parent)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            let is_of_name = old.file_name().unwrap().to_string_lossy().starts_with(name);
            if old.is_dir() && is_of_name {
                fs::remove_dir_all(old).unwrap();
            }
        }
        make(&folder);
        fs::write(done, "").unwrap();
    }
    folder
}

/// A number that changes with the program and with the files of the sample project.
fn state() -> u64 {
    let mut hasher = DefaultHasher::new();
    let built = fs::metadata(binary()).unwrap();
    (built.len(), built.modified().unwrap()).hash(&mut hasher);
    let parts = [
        "korabo.toml",
        "fields.toml",
        "indicators.toml",
        "columns.toml",
        "schemas",
        "queries",
        "evaluations",
        "rules",
        "sample_data",
    ];
    for part in parts {
        let path = root().join(part);
        let files = match path.is_dir() {
            true => files_below(&path)
                .into_iter()
                .map(|file| path.join(file))
                .collect(),
            false => vec![path],
        };
        for file in files.iter().filter(|file| file.is_file()) {
            (file, fs::read(file).unwrap()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Says that a test did not test anything, and why.
pub(crate) fn skipped(why: &str) {
    let mut err = std::io::stderr();
    std::io::Write::write_all(&mut err, format!("skipped: {why}\n").as_bytes()).unwrap();
}

/// `value` as a number; NULL is NaN.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Fails the test unless `found` is `expected`, but for rounding.
#[track_caller]
pub(crate) fn assert_near(found: &Value, expected: f64) {
    let found = number(found);
    let distance = (found - expected).abs();
    assert!(
        distance < 1e-9 * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

/// Sends a signal, by its name without `SIG`.
pub(crate) fn send(child: &Child, signal: &str) {
    let kill = format!("kill -{signal} {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits until `path` exists; `false` when the program ended first.
pub(crate) fn wait_for(child: &mut Child, path: &Path) -> bool {
    let started = Instant::now();
    while !path.exists() {
        if child.try_wait().unwrap().is_some() {
            return path.exists();
        }
        assert!(
            started.elapsed() < Duration::from_secs(600),
            "{} never came",
            path.display()
        );
        thread::sleep(Duration::from_millis(2));
    }
    child.try_wait().unwrap().is_none()
}
