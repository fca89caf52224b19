//! Attacks on `--release`: statements that try to get protected cells (numbers of few persons, their complements, one
//! person's value) out of the program, each with a decoder that says what an attacker would make of the answer. The
//! test's number is how many cells are recovered: none. So that refusing everything is no way to pass, the
//! statements of `legitimate.sql` must be answered, with the numbers that there are.
//!
//! The statements are in `release_attacks/*.sql`, read by `release_attacks/statements.rs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::arrow::util::display::array_value_to_string;
use fs_err as fs;
use korabo::session::{Session, SessionOptions};

use crate::serving::{Answer, Client, Serving, ask, token};
use crate::support::Project;

mod behind;
mod statements;

use statements::{Attack, Kind, Suite};

/// How long an answer may take in a program that was built without optimization, beside other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// A world, a server that protects, and one that does not and says what is true.
struct Attacker {
    project: Project,
    _servers: [Serving; 2],
    release: Client,
    plain: Client,
    decoder: Session,
    suite: Suite,
    truths: BTreeMap<String, Cells>,
    values: BTreeMap<String, String>,
}

/// Cells by their group, as text.
type Cells = BTreeMap<String, f64>;

/// What came of one attack.
#[derive(Default)]
struct Result {
    answered: usize,
    refused: usize,
    /// Cells that the decoder got out of what is shown.
    recovered: usize,
    /// Values that travel unseen.
    behind: usize,
    findings: Vec<String>,
}

/// What the program lets out for one statement.
enum Outcome {
    Answered(RecordBatch, String),
    Refused(String),
}

impl Attacker {
    async fn start() -> Self {
        let project = Project::sample();
        let user = token(&project, "attacker");
        let servers = [
            Serving::start_with(&project, &["--release"]),
            Serving::start(&project),
        ];
        let release = servers[0].client(&user).await;
        let plain = servers[1].client(&user).await;
        let mut attacker = Self {
            project,
            _servers: servers,
            release,
            plain,
            decoder: Session::new(&SessionOptions::default()).unwrap(),
            suite: Suite::read(),
            truths: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        attacker.learn().await;
        attacker
    }

    /// What the attacks are compared with, and the constants that they name.
    async fn learn(&mut self) {
        for (name, sql) in self.suite.values.clone() {
            let sql = self.filled(&sql);
            let answer = ask(&mut self.plain, &sql).await;
            let answer =
                whole(&answer.unwrap_or_else(|error| unreachable!("values `{name}`: {error}")));
            assert_eq!(answer.num_rows(), 1, "values `{name}` are one row");
            for (field, column) in answer.schema().fields().iter().zip(answer.columns()) {
                let value = array_value_to_string(column, 0).unwrap();
                assert!(!value.is_empty(), "value `{}`", field.name());
                self.values.insert(field.name().clone(), value);
            }
        }
        for (name, sql) in self.suite.truths.clone() {
            let sql = self.filled(&sql);
            let answer = ask(&mut self.plain, &sql).await;
            let answer =
                whole(&answer.unwrap_or_else(|error| unreachable!("truth `{name}`: {error}")));
            let cells = cells(&answer).unwrap();
            assert!(!cells.is_empty(), "nothing is protected in `{name}`");
            self.truths.insert(name, cells);
        }
    }

    /// `sql` with the constants in it.
    fn filled(&self, sql: &str) -> String {
        let mut sql = sql.to_owned();
        for (name, value) in &self.values {
            sql = sql.replace(&format!("{{{name}}}"), value);
        }
        sql
    }

    async fn outcome(&mut self, attack: &Attack, sql: &str) -> Outcome {
        if attack.is_local {
            return self.local(sql);
        }
        match tokio::time::timeout(PATIENCE, ask(&mut self.release, sql)).await {
            Ok(Ok(answer)) => {
                let note = answer.schema.metadata().get("korabo.kept_back").cloned();
                Outcome::Answered(whole(&answer), note.unwrap_or_default())
            }
            Ok(Err(error)) => Outcome::Refused(error),
            Err(_) => Outcome::Refused(format!("no answer within {PATIENCE:?}")),
        }
    }

    /// The same from the command line, with what it writes to a file.
    fn local(&self, sql: &str) -> Outcome {
        let file = self.project.path().join("out").join("answer.arrow");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        drop(fs::remove_file(&file));
        let path = file.to_string_lossy();
        let arguments = ["sql", "--release", "-o", &path, "-c", sql];
        let run = self.project.korabo(&arguments);
        if run.code != Some(0) {
            return Outcome::Refused(format!("{:?} {}", run.code, run.stderr));
        }
        let reader = FileReader::try_new(File::open(&file).unwrap(), None).unwrap();
        let schema = reader.schema();
        let batches: Vec<RecordBatch> = reader
            .collect::<std::result::Result<_, ArrowError>>()
            .unwrap();
        let rows = concat_batches(&schema, &batches).unwrap();
        Outcome::Answered(rows, run.stderr)
    }

    async fn attempt(&mut self, attack: &Attack) -> Result {
        match &attack.kind {
            Kind::Decode { truth, decode } => self.decoded(attack, truth, decode.as_deref()).await,
            Kind::Oracle { guesses } => self.guessed(attack, guesses).await,
        }
    }

    /// Asks once and compares what the decoder makes of it.
    async fn decoded(&mut self, attack: &Attack, truth: &str, decode: Option<&str>) -> Result {
        let mut result = Result::default();
        let rows = match self.outcome(attack, &self.filled(&attack.sql)).await {
            Outcome::Answered(rows, _) => rows,
            Outcome::Refused(why) => {
                result.refused += 1;
                result.note_failure(attack, &why);
                return result;
            }
        };
        result.answered += 1;
        result.look_behind(attack, &rows);
        let decoded = match decode {
            Some(decode) => self.decode(rows, &self.filled(decode)).await,
            None if attack.has_no_cells => Ok(Cells::new()),
            None => cells(&rows),
        };
        let decoded = decoded.unwrap_or_else(|error| {
            let title = attack.title();
            result
                .findings
                .push(format!("{title}: its decoder fails: {error}"));
            Cells::new()
        });
        let truth = self
            .truths
            .get(truth)
            .unwrap_or_else(|| unreachable!("no truth `{truth}`"));
        let is_same = |found: f64, there: f64| (found - there).abs() <= 1e-4 * there.abs().max(1.0);
        let hits = truth.iter().filter(|(group, there)| {
            decoded
                .get(*group)
                .is_some_and(|found| is_same(*found, **there))
        });
        let n_hits = hits.count();
        if n_hits > 0 {
            result.recovered += n_hits;
            result.findings.push(format!(
                "{}: {n_hits} of {} cells",
                attack.title(),
                truth.len()
            ));
        }
        result
    }

    async fn decode(&self, rows: RecordBatch, sql: &str) -> std::result::Result<Cells, String> {
        let session = Session::new(&SessionOptions::default()).unwrap();
        let frame = self.decoder.frame(rows).unwrap();
        session.register_view("answer", frame).unwrap();
        let frame = session
            .plan(sql, &[])
            .await
            .map_err(|error| error.describe())?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        cells(&concat_batches(&schema, &batches).unwrap())
    }

    /// Asks once per guess, of which one is true: what comes must be the same.
    async fn guessed(&mut self, attack: &Attack, guesses: &[String]) -> Result {
        let mut result = Result::default();
        let mut seen = Vec::new();
        for guess in guesses {
            let guess = self.filled(guess);
            let sql = self.filled(&attack.sql.replace("{}", &guess));
            seen.push(match self.outcome(attack, &sql).await {
                Outcome::Answered(rows, note) => {
                    result.answered += 1;
                    result.look_behind(attack, &rows);
                    match attack.is_about_errors {
                        true => "answered".to_owned(),
                        // An explanation repeats the statement.
                        false => format!(
                            "{note} {}",
                            shown(&rows).replace(&format!(" = {guess}"), "")
                        ),
                    }
                }
                Outcome::Refused(why) => {
                    result.refused += 1;
                    result.note_failure(attack, &why);
                    without_digits(&why)
                }
            });
        }
        if seen.windows(2).any(|pair| pair[0] != pair[1]) {
            result.recovered += 1;
            let title = attack.title();
            result.findings.push(format!(
                "{title}: guesses are told apart:\n    {}",
                seen.join("\n    ")
            ));
        }
        result
    }
}

impl Result {
    /// Numbers that travel behind NULL are as good as shown.
    fn look_behind(&mut self, attack: &Attack, rows: &RecordBatch) {
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            let n_behind = behind::unseen(&column.to_data());
            if n_behind > 0 {
                self.behind += n_behind;
                let title = attack.title();
                self.findings.push(format!(
                    "{title}: {n_behind} values behind NULL in `{}`",
                    field.name()
                ));
            }
        }
    }

    /// A statement that is wrong attacks nothing.
    fn note_failure(&mut self, attack: &Attack, why: &str) {
        let is_wrong = [
            "SQL error",
            "no column `",
            "no table `",
            "did you mean",
            "Schema error",
        ];
        if is_wrong.iter().any(|text| why.contains(text)) && !attack.may_be_wrong {
            self.findings
                .push(format!("{} is not a statement: {why}", attack.title()));
        }
        if std::env::var_os("KORABO_SHOW_REFUSALS").is_some() {
            crate::support::skipped(&format!("{}: {why}", attack.title()));
        }
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.recovered += other.recovered;
        self.behind += other.behind;
        self.findings.extend(other.findings);
    }
}

/// All rows of an answer in one batch.
fn whole(answer: &Answer) -> RecordBatch {
    concat_batches(&answer.schema, &answer.batches).unwrap()
}

/// Column `v` by column `k`; an answer without them, and rows without a number, tell nothing.
fn cells(rows: &RecordBatch) -> std::result::Result<Cells, String> {
    let Some((group, value)) = rows.column_by_name("k").zip(rows.column_by_name("v")) else {
        return Err("there are no columns `k` and `v`".to_owned());
    };
    let value = as_number(value)?;
    let value = value.as_primitive::<Float64Type>();
    let there = (0..rows.num_rows()).filter(|&row| value.is_valid(row));
    let cell = |row| (array_value_to_string(group, row).unwrap(), value.value(row));
    Ok(there.map(cell).collect())
}

fn as_number(array: &ArrayRef) -> std::result::Result<ArrayRef, String> {
    let array = match array.data_type() {
        DataType::Boolean => cast(array, &DataType::Int64).unwrap(),
        _ => ArrayRef::clone(array),
    };
    cast(&array, &DataType::Float64).map_err(|error| error.to_string())
}

/// Rows in order, as text.
fn shown(rows: &RecordBatch) -> String {
    let line = |row| {
        let cells = rows
            .columns()
            .iter()
            .map(|column| array_value_to_string(column, row).unwrap());
        cells.collect::<Vec<_>>().join(",")
    };
    let mut lines: Vec<String> = (0..rows.num_rows()).map(line).collect();
    lines.sort();
    lines.join(";")
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_protected_cell_is_recovered() {
    let mut attacker = Attacker::start().await;
    let mut families: BTreeMap<String, Result> = BTreeMap::new();
    let wanted = std::env::var("KORABO_ATTACKS").unwrap_or_default();
    for attack in attacker.suite.attacks.clone() {
        if !attack.title().contains(&wanted) {
            continue;
        }
        let result = attacker.attempt(&attack).await;
        families
            .entry(attack.family.clone())
            .or_default()
            .add(result);
    }
    let mut total = Result::default();
    let mut table = String::new();
    for (family, result) in families {
        let Result {
            answered,
            refused,
            recovered,
            behind,
            ..
        } = &result;
        table += &format!(
            "{family}: {answered} answered, {refused} refused, {recovered} recovered, {behind} behind NULL\n"
        );
        total.add(result);
    }
    let n_asked = total.answered + total.refused;
    table += &format!(
        "{n_asked} statements: {} answered, {} refused",
        total.answered, total.refused
    );
    crate::support::skipped(&table);
    assert!(
        total.recovered == 0 && total.findings.is_empty(),
        "{} cells recovered\n{}\n{table}",
        total.recovered,
        total.findings.join("\n"),
    );
    assert!(n_asked >= 300, "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_leave_is_answered_with_the_numbers_that_there_are() {
    let mut attacker = Attacker::start().await;
    let mut problems = Vec::new();
    let legitimate = attacker.suite.legitimate.clone();
    assert!(legitimate.len() >= 60);
    for statement in &legitimate {
        let sql = attacker.filled(&statement.sql);
        let title = statement.title();
        let protected = match attacker.outcome(statement, &sql).await {
            Outcome::Answered(rows, _) => rows,
            Outcome::Refused(why) => {
                problems.push(format!("{title}: {why}"));
                continue;
            }
        };
        let plain = whole(&ask(&mut attacker.plain, &sql).await.unwrap());
        let n_numbers: usize = protected
            .columns()
            .iter()
            .map(|c| c.len() - c.null_count())
            .sum();
        if n_numbers == 0 {
            problems.push(format!("{title}: nothing is shown"));
        }
        let n_strange = n_strange(&protected, &plain);
        if !statement.is_post_processed && n_strange > 0 {
            problems.push(format!(
                "{title}: {n_strange} rows are not as they are without --release"
            ));
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {}:\n{}",
        problems.len(),
        legitimate.len(),
        problems.join("\n")
    );
}

/// How many rows of an answer are no rows of the plain one, where NULL stands for anything.
fn n_strange(protected: &RecordBatch, plain: &RecordBatch) -> usize {
    let texts = |rows: &RecordBatch| -> Vec<Vec<String>> {
        let cell = |column: &ArrayRef, row| match column.is_null(row) {
            true => "NULL".to_owned(),
            false => {
                let text = array_value_to_string(column, row).unwrap();
                text.parse::<f64>()
                    .map_or(text, |number| format!("{number:.9e}"))
            }
        };
        let line = |row| {
            rows.columns()
                .iter()
                .map(|column| cell(column, row))
                .collect()
        };
        (0..rows.num_rows()).map(line).collect()
    };
    let plain = texts(plain);
    let is_there = |row: &Vec<String>| {
        plain.iter().any(|other| {
            row.iter()
                .zip(other)
                .all(|(found, there)| found == "NULL" || is_close(found, there))
        })
    };
    texts(protected).iter().filter(|row| !is_there(row)).count()
}

/// Sums of floats depend on the order of rows in their last digits.
fn is_close(found: &str, there: &str) -> bool {
    match (found.parse::<f64>(), there.parse::<f64>()) {
        (Ok(found), Ok(there)) => (found - there).abs() <= 1e-7 * there.abs().max(1e-12),
        _ => found == there,
    }
}
