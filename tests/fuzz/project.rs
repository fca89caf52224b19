//! The project file, mutated and from scratch.

use std::path::Path;

use chrono::{TimeZone as _, Utc};
use fs_err as fs;
use korabo::config::{ConfigError, ProjectConfig};
use korabo::contract::TableContract;
use korabo::session::causes;

use crate::mutate::{mutate_bytes, mutate_tokens};
use crate::random::Random;
use crate::seeds;
use crate::target::{Input, Target, place_within, went_through};
use crate::toml_text::{reprinted, value};

/// The target.
pub(crate) struct ProjectFile {
    seeds: Vec<String>,
    dictionary: Vec<String>,
    words: Vec<String>,
    contracts: Vec<TableContract>,
}

impl ProjectFile {
    pub(crate) fn new() -> Self {
        let read = |file: &str| fs::read_to_string(seeds::root().join(file)).unwrap();
        let own = read("korabo.toml");
        // What stands behind `#` in the project file is an example of a setting.
        let uncommented = own.replace("\n# ", "\n").replace("\n#\n", "\n");
        let mut seeds = vec![own, uncommented, read("examples/illinois/korabo.toml")];
        seeds.extend(seeds::blocks("toml"));
        let dictionary = seeds::dictionary(&seeds);
        let is_name = |word: &&String| word.starts_with(|c: char| c.is_ascii_lowercase());
        let mut words: Vec<String> = dictionary.iter().filter(is_name).cloned().collect();
        words.sort();
        words.dedup();
        let contracts = korabo::contract::load_dir(&seeds::root().join("schemas")).unwrap();
        Self {
            dictionary,
            words,
            contracts,
            seeds,
        }
    }

    /// Sections and keys that exist, with values of any kind.
    fn made_up(&self, random: &mut Random) -> String {
        let mut text = String::new();
        for _ in 0..random.between(1, 5) {
            let section = random.word(&[
                "project",
                "lake",
                "extracts",
                "sources.members",
                "sources",
                "parameters",
                "disclosure",
                "report",
                "sql",
                "serve",
                "serve.tls",
                "serve.limits",
                "[checks]",
                "schedule.nightly",
                "schedule",
                "maintain",
                "openlineage",
                "metrics",
                "notify",
                "otel",
            ]);
            text.push_str(&format!("[{section}]\n"));
            for _ in 0..random.below(5) {
                text.push_str(&format!(
                    "{} = {}\n",
                    random.pick(&self.words),
                    value(random, 0)
                ));
            }
        }
        text
    }
}

impl Target for ProjectFile {
    fn input(&mut self, random: &mut Random) -> Input {
        let seed = random.next();
        let text = match random.below(10) {
            0..=5 => mutate_tokens(random.pick(&self.seeds).as_str(), &self.dictionary, random),
            6 | 7 => self.made_up(random),
            _ => {
                let mut bytes = random.pick(&self.seeds).clone().into_bytes();
                let other = random.pick(&self.seeds).clone().into_bytes();
                mutate_bytes(&mut bytes, &other, random);
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Input {
            seed,
            about: "korabo.toml".to_owned(),
            body: text.into_bytes(),
        }
    }

    fn check(&mut self, input: &Input) -> Result<(), String> {
        let text = input.text();
        let parse = |text: &str| ProjectConfig::parse(Path::new("/project"), text);
        let config = match parse(&text) {
            Ok(config) => config,
            Err(error) => {
                let said = causes(&error).join("\n");
                if matches!(error, ConfigError::Toml(_)) && !said.contains("korabo.toml:") {
                    return Err(format!("no place in the file: {said}"));
                }
                return place_within(&said, "korabo.toml", &text);
            }
        };
        let printed = reprinted(&text).ok_or("a project file that is no TOML was taken")?;
        match parse(&printed) {
            Ok(again) if sorted(&again) == sorted(&config) => {}
            Ok(_) => {
                return Err(format!(
                    "printed again, it means something else:\n{printed}"
                ));
            }
            Err(error) => {
                return Err(format!(
                    "printed again, it is refused: {}\n{printed}",
                    causes(&error).join("\n")
                ));
            }
        }
        for schedule in &config.schedules {
            let start = Utc.with_ymd_and_hms(2026, 3, 28, 23, 59, 59).unwrap();
            let mut time = start;
            for _ in 0..3 {
                match schedule.times.next_after(time) {
                    Some(next) if next <= time => {
                        return Err(format!("`{}` is due at {next} after {time}", schedule.name));
                    }
                    Some(next) => time = next,
                    None => break,
                }
                if schedule.starts_at(time) < time {
                    return Err(format!("`{}` starts before it is due", schedule.name));
                }
            }
        }
        match korabo::checks::catalogue(&self.contracts, &config.checks) {
            Ok(_) => went_through(),
            Err(error) => place_within(&causes(&error).join("\n"), "korabo.toml", &text),
        }
    }
}

/// The configuration as text: lists that follow the order of the file sorted, and without places, which printing moves.
fn sorted(config: &ProjectConfig) -> String {
    let mut config = config.clone();
    config.schedules.sort_by(|a, b| a.name.cmp(&b.name));
    let of_checks = config.checks.iter_mut().map(|check| &mut check.at);
    let of_sources = config.sources.values_mut().flat_map(|source| {
        let of_basis = source.basis.as_mut().map(|basis| &mut basis.at);
        std::iter::once(&mut source.at).chain(of_basis)
    });
    for at in of_checks.chain(of_sources) {
        (at.line, at.column) = (0, 0);
    }
    format!("{config:?}")
}
