//! Query files: headers and SQL, through what `check` does; a file that passes also runs, with the columns it was planned with.

use std::path::Path;

use datafusion::prelude::DataFrame;
use fs_err as fs;
use korabo::config::ProjectConfig;
use korabo::diagnostic::FailureKind;
use korabo::pipeline::{PipelineError, Project, Query};
use korabo::session::causes;

use crate::mutate::{mutate_bytes, mutate_tokens, tokens};
use crate::random::Random;
use crate::seeds;
use crate::sql::Grammar;
use crate::tables::{COLUMNS, Engine, session};
use crate::target::{Input, Target, no_canary, place_within, went_through};

const CONTRACT: &str = r#"
description = "t"
description_ja = "t"
grain = "g"
holder = "insurer"
key = ["person_id", "fiscal_year"]
"#;

const CLEAN: &str = "-- One row per person and year.\n-- key: person_id, fiscal_year\n-- sensitivity: person\n\nselect * from raw_visits\n";

/// Names the mutated query may have.
const NAMES: [&str; 6] = [
    "clean_visits",
    "link_visits",
    "panel_person_year",
    "effect_visits",
    "summary_visits",
    "linkage_quality",
];

/// The target.
pub(crate) struct Queries {
    engine: Engine,
    grammar: Grammar,
    seeds: Vec<String>,
    dictionary: Vec<String>,
}

impl Queries {
    pub(crate) fn new() -> Self {
        let engine = Engine::empty();
        let folder = engine.folder.path();
        fs::create_dir(folder.join("schemas")).unwrap();
        let mut contract = CONTRACT.to_owned();
        for name in COLUMNS {
            let kind = match name {
                "pressure" | "weight" => "f64",
                "note" => "string",
                "visited_on" => "date",
                "is_smoker" => "bool",
                "kind" => "i8",
                _ => "i64",
            };
            contract.push_str(&format!(
                "[columns.{name}]\nname_ja = \"n\"\ndescription = \"d\"\ntype = \"{kind}\"\nprivacy = \"open\"\nnullable = true\n"
            ));
        }
        fs::write(folder.join("schemas/raw_visits.toml"), contract).unwrap();
        fs::write(
            folder.join("korabo.toml"),
            "[project]\nname = \"fuzz\"\n[parameters]\nfirst_fiscal_year = 2016\nmin_age = 20\n",
        )
        .unwrap();
        let mut seeds = seeds::texts("queries", ".sql");
        seeds.extend(seeds::texts("examples/illinois/queries", ".sql"));
        let grammar = Grammar::new(engine.session.function_names());
        Self {
            engine,
            grammar,
            dictionary: seeds::dictionary(&seeds),
            seeds,
        }
    }

    /// A header and a query over the project's own tables.
    fn made_up(&self, name: &str, random: &mut Random) -> String {
        let mut text = random
            .word(&[
                "-- One row per person.\n",
                "-- 一行一人。\n",
                "--\n",
                "",
                "\n\n-- One row\n",
            ])
            .to_owned();
        if random.is_tame() {
            text = "-- One row per person.\n".to_owned();
            text.push_str(random.word(&[
                "",
                "-- key: person_id\n",
                "-- sensitivity: person\n-- tags: a, b\n",
                "-- materialize: view\n",
                "-- test: not_null k\n",
                "-- test: row_count_change 20%\n",
            ]));
        }
        let n_lines = if random.is_tame() { 0 } else { random.below(5) };
        for _ in 0..n_lines {
            let line = header_line(random);
            text.push_str(&match random.chance(12) {
                true => mutate_tokens(&line, &[], random),
                false => line,
            });
        }
        let input = if name.starts_with("clean") {
            "raw_visits"
        } else {
            "clean_other"
        };
        let mut query = self.grammar.query(random, 1);
        for (table, _) in crate::tables::TABLES {
            query = tokens(&query)
                .into_iter()
                .map(|token| {
                    if token == table {
                        input.to_owned()
                    } else {
                        token
                    }
                })
                .collect();
        }
        if random.mischief(25) {
            query.push_str(random.word(&[
                " where age > $min_age",
                " limit $first_fiscal_year",
                ";",
                "; select 1",
                " -- $min_age",
                " where age = $nothing",
            ]));
        }
        format!("{text}{query}\n")
    }

    /// What `check` does, with the file in the project's folder.
    fn check_project(&self, name: &str, text: &str) -> Result<DataFrame, PipelineError> {
        let folder = self.engine.folder.path();
        drop(fs::remove_dir_all(folder.join("queries")));
        fs::create_dir(folder.join("queries")).unwrap();
        fs::write(folder.join("queries/clean_other.sql"), CLEAN).unwrap();
        fs::write(folder.join(format!("queries/{name}.sql")), text).unwrap();
        let config = ProjectConfig::load(folder).unwrap();
        let project = Project::load(config)?;
        let session = session();
        let planned = self.engine.runtime.block_on(async {
            project.check_queries(&session).await?;
            let query = project.dag.query(name).expect("the query was loaded");
            Ok::<_, PipelineError>(
                session
                    .plan(&query.text, &project.parameters_of(query))
                    .await?,
            )
        })?;
        drop(project.release_rules());
        Ok(planned)
    }
}

fn header_line(random: &mut Random) -> String {
    let line = random.word(&[
        "key: person_id, fiscal_year",
        "key: k",
        "key: nothing",
        "key:",
        "not_null: x0",
        "partition_by: fiscal_year",
        "materialize: view",
        "materialize: table",
        "materialize: x",
        "sensitivity: aggregate",
        "sensitivity: person",
        "join: many_to_one clean_other on (person_id)",
        "join: one_to_one raw_visits on (x)",
        "join: many_to_one on ()",
        "identity: person_id, note -> id",
        "identity: -> id",
        "tags: a, b-c",
        "tags: ,",
        "test: unique person_id",
        "test: not_null x0, x1",
        "test: accepted_values kind in (1, -2, 'a', true)",
        "test: accepted_values kind in ()",
        "test: relationships person_id in clean_other.person_id",
        "test: relationships a in b",
        "test: row_count_change 20%",
        "test: row_count_change nan%",
        "test: freshness visited_on 60 days",
        "test: freshness kind 3 months",
        "test(warn): no_rows select * from clean_other where age > 20",
        "test: no_rows select",
        "test(x): unique a",
        "test: no_rows select $min_age; select 2",
        "keys: a",
        "note: prose",
        "健診: あ",
        "test: freshness fiscal_year 99999999999999999999 days",
        "test: row_count_change 1e308%",
    ]);
    format!("-- {line}\n")
}

impl Target for Queries {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        let name = NAMES[usize::try_from(seed % NAMES.len() as u64).unwrap()];
        random.be_tame(60);
        let text = match random.below(20) {
            0..=9 => self.made_up(name, random),
            10..=12 => mutate_tokens(&self.made_up(name, random), &self.dictionary, random),
            13..=17 => mutate_tokens(random.pick(&self.seeds).as_str(), &self.dictionary, random),
            _ => {
                let mut bytes = random.pick(&self.seeds).clone().into_bytes();
                let other = random.pick(&self.seeds).clone().into_bytes();
                mutate_bytes(&mut bytes, &other, random);
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Input {
            seed,
            about: format!("queries/{name}.sql"),
            body: text.into_bytes(),
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let text = input.text();
        let file = input.about.as_str();
        let query = match Query::parse(Path::new(file), &text) {
            Ok(query) => query,
            Err(error) => return judged(&error, file, &text),
        };
        drop(query.prose());
        for word in query
            .reads
            .iter()
            .chain(&query.parameters)
            .chain(&query.header.key)
        {
            place_within(&query.location_of(word).to_string(), file, &text)?;
        }
        match self.check_project(&query.name, &text) {
            Ok(frame) => self.engine.run(frame).and_then(|_| went_through()),
            Err(error) => judged(&error, file, &text),
        }
    }
}

fn judged(error: &PipelineError, file: &str, text: &str) -> Result<(), String> {
    let mut said = causes(error).join("\n");
    if let PipelineError::Plan { place, .. } = error {
        said = format!("{place}: {said}");
    }
    no_canary(&said)?;
    place_within(&said, file, text)?;
    match error.kind() {
        FailureKind::Internal => Err(format!("it is called a bug: {said}")),
        _ => Ok(()),
    }
}
