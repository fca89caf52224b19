//! The statements of `release_attacks/*.sql`: text between lines that begin with `-- `.
//!
//! `-- family: …` and `-- attack: …` name what follows, `-- truth: NAME` says which protected cells it is after,
//! `-- decode: SQL` what an attacker computes from the rows (`answer`), with the group `k` and the recovered value `v`.
//! `-- oracle: a | b` stands for the two statements with `a` and `b` in place of `{}`, of which one is true;
//! they must not be told apart, with `-- errors` not by errors. `-- local` asks by command line, `-- shape` marks answers
//! without cells to decode, `-- wrong` allows an error of SQL,
//! `-- post` says that a legitimate answer is computed from protected numbers. `truths.sql` has the truths and, under
//! `-- values:`, constants that any statement names in braces.

use fs_err as fs;

use crate::support::root;

/// Every statement.
pub(super) struct Suite {
    pub(super) attacks: Vec<Attack>,
    pub(super) legitimate: Vec<Attack>,
    /// Name and SQL of protected cells.
    pub(super) truths: Vec<(String, String)>,
    /// Name and SQL of constants.
    pub(super) values: Vec<(String, String)>,
}

/// One statement.
#[derive(Clone)]
pub(super) struct Attack {
    pub(super) family: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) sql: String,
    pub(super) is_local: bool,
    pub(super) may_be_wrong: bool,
    pub(super) is_post_processed: bool,
    /// Whether its answer has no cells to decode: only what is carried unseen counts.
    pub(super) has_no_cells: bool,
    /// Whether guesses are told apart by errors alone: rows may differ as those of two statements do.
    pub(super) is_about_errors: bool,
}

/// How a protected value is read out of what comes.
#[derive(Clone)]
pub(super) enum Kind {
    Decode {
        truth: String,
        decode: Option<String>,
    },
    Oracle {
        guesses: Vec<String>,
    },
}

impl Attack {
    pub(super) fn title(&self) -> String {
        format!("{} / {}", self.family, self.name)
    }
}

/// What stands above a statement.
#[derive(Default)]
struct Heading {
    family: String,
    lines: Vec<(String, String)>,
    sql: String,
}

impl Heading {
    fn get(&self, key: &str) -> Option<String> {
        let found = self.lines.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    }
}

impl Suite {
    pub(super) fn read() -> Self {
        let mut suite = Self {
            attacks: Vec::new(),
            legitimate: Vec::new(),
            truths: Vec::new(),
            values: Vec::new(),
        };
        let folder = root().join("tests/it/release_attacks");
        let files = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
            .collect();
        files.sort();
        for file in files {
            let is_legitimate = file.ends_with("legitimate.sql");
            for heading in headings(&fs::read_to_string(&file).unwrap()) {
                suite.add(heading, is_legitimate);
            }
        }
        suite
    }

    fn add(&mut self, heading: Heading, is_legitimate: bool) {
        if let Some(name) = heading.get("values") {
            return self.values.push((name, heading.sql));
        }
        let Some(name) = heading.get("attack").or_else(|| heading.get("ask")) else {
            let name = heading.get("truth").unwrap();
            return self.truths.push((name, heading.sql));
        };
        let kind = match heading.get("oracle") {
            Some(guesses) => Kind::Oracle {
                guesses: guesses
                    .split(" | ")
                    .map(|guess| guess.trim().to_owned())
                    .collect(),
            },
            None => Kind::Decode {
                truth: heading.get("truth").unwrap_or_default(),
                decode: heading.get("decode"),
            },
        };
        let attack = Attack {
            name,
            kind,
            is_local: heading.get("local").is_some(),
            may_be_wrong: heading.get("wrong").is_some(),
            is_post_processed: heading.get("post").is_some(),
            has_no_cells: heading.get("shape").is_some(),
            is_about_errors: heading.get("errors").is_some(),
            family: heading.family,
            sql: heading.sql,
        };
        match is_legitimate {
            true => self.legitimate.push(attack),
            false => self.attacks.push(attack),
        }
    }
}

/// The statements of a file with the lines above them.
fn headings(text: &str) -> Vec<Heading> {
    let mut all = Vec::new();
    let mut current = Heading::default();
    for line in text.lines() {
        let Some(comment) = line.strip_prefix("-- ") else {
            current.sql.push_str(line);
            current.sql.push('\n');
            continue;
        };
        if !current.sql.trim().is_empty() {
            let family = current.family.clone();
            all.push(std::mem::replace(
                &mut current,
                Heading {
                    family,
                    ..Heading::default()
                },
            ));
        }
        current.sql.clear();
        let (key, value) = comment.split_once(':').unwrap_or((comment, ""));
        match key {
            "family" => value.trim().clone_into(&mut current.family),
            _ => current
                .lines
                .push((key.to_owned(), value.trim().to_owned())),
        }
    }
    all.push(current);
    for heading in &mut all {
        heading.sql = heading.sql.trim().trim_end_matches(';').to_owned();
    }
    all.retain(|heading| !heading.sql.is_empty());
    all
}
