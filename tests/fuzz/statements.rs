//! Statements as they are asked ad hoc: SQL, HELP, DESCRIBE, SUMMARIZE, EXPLAIN; also with what `--release` lets out; COPY
//! through the program itself.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use fs_err as fs;
use korabo::disclosure::DisclosureRules;
use korabo::session::{AnswerError, Inquiry, ReleaseError, ReleaseRules, TableRoles, causes};

use crate::mutate::{mutate_bytes, mutate_tokens};
use crate::random::Random;
use crate::seeds;
use crate::sql::Grammar;
use crate::tables::{Engine, MAX_ROWS, TABLES, refused};
use crate::target::{CANARY_TEXT, Input, Target, no_canary, went_through};

/// The target.
pub(crate) struct Statements {
    engine: Engine,
    grammar: Grammar,
    rules: ReleaseRules,
    seeds: Vec<String>,
    dictionary: Vec<String>,
}

impl Statements {
    pub(crate) fn new() -> Self {
        let engine = Engine::with_tables();
        let grammar = Grammar::new(engine.session.function_names());
        let mut seeds = seeds::statements_of_tests();
        seeds.extend(seeds::blocks("sql"));
        seeds.retain(|seed| !seed.contains('\n') || seed.len() < 2_000);
        let is_aggregate = |name: &&str| name.starts_with("summary");
        let names = || TABLES.iter().map(|(name, _)| *name);
        let own = |names: Vec<&str>| -> BTreeSet<String> {
            names.into_iter().map(str::to_owned).collect()
        };
        let rules = ReleaseRules {
            disclosure: DisclosureRules::GUIDELINE,
            person_tables: own(names().filter(|name| !is_aggregate(name)).collect()),
            aggregate_tables: own(names().filter(is_aggregate).collect()),
            person_columns: &["person_id"],
            roles: TableRoles::default(),
            household_columns: &["household_id"],
            memory: None,
        };
        fs::create_dir(engine.folder.path().join("out")).unwrap();
        fs::write(
            engine.folder.path().join("korabo.toml"),
            "[project]\nname = \"fuzz\"\n",
        )
        .unwrap();
        fs::create_dir(engine.folder.path().join("schemas")).unwrap();
        Self {
            engine,
            grammar,
            rules,
            dictionary: seeds::dictionary(&seeds),
            seeds,
        }
    }

    fn answer(&self, text: &str, is_release: bool) -> Result<(), String> {
        let session = &self.engine.session;
        let rules = is_release.then_some(&self.rules);
        let answered = self.engine.runtime.block_on(async {
            let work = async {
                let planned = Inquiry::parse(text)?
                    .planned(async |query| session.plan_query(query, &[]).await)
                    .await?;
                session.answer(planned, rules, &[]).await
            };
            tokio::time::timeout(std::time::Duration::from_secs(5), work).await
        });
        let shown = match answered {
            Err(_) => return Ok(()),
            Ok(Ok(shown)) => shown,
            Ok(Err(
                AnswerError::Engine(error) | AnswerError::Release(ReleaseError::Engine(error)),
            )) => return refused(&error),
            Ok(Err(error)) => return no_canary(&causes(&error).join("\n")),
        };
        no_canary(&shown.note.unwrap_or_default())?;
        let rows = self.engine.run(shown.frame)?;
        if let Some(rows) = rows.as_ref().filter(|_| !is_release && is_comparable(text)) {
            self.same_with_other_joins(text, rows)?;
        }
        match rows {
            Some(rows) if is_release => leaves(&rows).and_then(|()| went_through()),
            Some(_) => went_through(),
            None => Ok(()),
        }
    }

    /// Joins that sort find the same rows as joins that hash.
    fn same_with_other_joins(&self, text: &str, rows: &RecordBatch) -> Result<(), String> {
        let session = self.engine.session.with_spilling_joins();
        let Ok(frame) = self.engine.runtime.block_on(session.plan(text, &[])) else {
            return Err("it is planned with one kind of join only".to_owned());
        };
        match self.engine.run(frame)? {
            Some(other)
                if rows.num_rows() < MAX_ROWS && sorted_rows(rows) != sorted_rows(&other) =>
            {
                Err(format!(
                    "{} rows, with other joins {} or others",
                    rows.num_rows(),
                    other.num_rows()
                ))
            }
            _ => Ok(()),
        }
    }

    /// `COPY` is the program's.
    fn copy(&self, text: &str, is_release: bool) -> Result<(), String> {
        let folder = self.engine.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_korabo"));
        command
            .args([
                "sql",
                "--timeout",
                "5",
                "--threads",
                "2",
                "--memory-limit",
                "512M",
                "--project",
            ])
            .arg(folder);
        command.arg(format!("--allow-write={}", folder.join("out").display()));
        if is_release {
            command.arg("--release");
        }
        // A file that may not be written stays in a folder of the test.
        command
            .args(["-c", text])
            .current_dir(folder)
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        no_canary(&said)?;
        match output.status.code() {
            Some(0) => went_through(),
            Some(1..=9) => Ok(()),
            code => Err(format!("it ends with {code:?}: {said}")),
        }
    }
}

/// Whether a statement has joins and one answer: no part of its rows in any order, nothing random.
fn is_comparable(text: &str) -> bool {
    let text = text.to_lowercase();
    let varies = [
        "limit",
        "offset",
        "rand",
        "uuid",
        "over",
        "first",
        "last",
        "nth",
        "agg",
        "approx",
        "now",
        "current",
        "distinct on",
        "explain",
        "median",
        "recursive",
        "summarize",
        "describe",
        "fetch",
        "top",
        "sample",
        "_v",
        "version",
    ];
    text.contains(" join ") && !varies.iter().any(|word| text.contains(word))
}

/// The cells that are no fractions, row by row, sorted.
fn sorted_rows(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default();
    let is_exact =
        |column: &&ArrayRef| !column.data_type().is_floating() && !column.data_type().is_nested();
    let columns: Vec<ArrayFormatter<'_>> = rows
        .columns()
        .iter()
        .filter(is_exact)
        .filter_map(|column| ArrayFormatter::try_new(column, &options).ok())
        .collect();
    let text = |row: usize| -> String {
        let cells = columns
            .iter()
            .map(|column| column.value(row).try_to_string().unwrap_or_default());
        cells.collect::<Vec<_>>().join("|")
    };
    let mut texts: Vec<String> = (0..rows.num_rows()).map(text).collect();
    texts.sort();
    texts
}

/// Whether rows that left hold no person's value.
fn leaves(rows: &RecordBatch) -> Result<(), String> {
    let options = FormatOptions::default();
    for column in rows.columns() {
        let Ok(cells) = ArrayFormatter::try_new(column, &options) else {
            continue;
        };
        for row in 0..rows.num_rows() {
            let Ok(cell) = cells.value(row).try_to_string() else {
                continue;
            };
            if cell.contains(CANARY_TEXT) {
                return Err("a person's value leaves through release".to_owned());
            }
        }
    }
    Ok(())
}

impl Target for Statements {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        random.be_tame(65);
        let text = match random.below(20) {
            0..=8 => self.grammar.statement(random),
            9..=11 => mutate_tokens(&self.grammar.statement(random), &self.dictionary, random),
            12..=16 => mutate_tokens(random.pick(&self.seeds).as_str(), &self.dictionary, random),
            17 | 18 => {
                let mut bytes = random.pick(&self.seeds).clone().into_bytes();
                let other = random.pick(&self.seeds).clone().into_bytes();
                mutate_bytes(&mut bytes, &other, random);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => {
                let to = random.word(&[
                    "'out/a.csv'",
                    "'out/b.parquet'",
                    "'out/c.arrow'",
                    "'out/d.ndjson'",
                    "'out/e.xlsx'",
                    "'out'",
                    "'../x.csv'",
                    "'/dev/full'",
                    "'out/f.csv' stored as parquet",
                ]);
                let what = if random.chance(30) {
                    random.pick(&TABLES).0.to_owned()
                } else {
                    format!("({})", self.grammar.query(random, 1))
                };
                format!("copy {what} to {to}").replace('\0', "")
            }
        };
        let about = if seed.is_multiple_of(3) {
            "with --release"
        } else {
            "without --release"
        };
        Input {
            seed,
            about: about.to_owned(),
            body: text.into_bytes(),
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let text = input.text();
        let is_release = input.seed.is_multiple_of(3);
        match text.starts_with("copy ") && !text.contains('\0') {
            true => self.copy(&text, is_release),
            false => self.answer(&text, is_release),
        }
    }
}
