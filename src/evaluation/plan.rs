//! One plan: `evaluations/NAME.toml`.

use super::error::EvaluationError;
use super::exposure::{DoseUnit, Exposed, Exposure};
use super::gate::Gate;
use crate::diagnostic::{SourceLocation, did_you_mean};
use crate::toml_reader::{Located, LocatedText, TomlItem, TomlTable};
use crate::vocabulary::{Vocabulary, is_name};

/// The folder of plans, in the project's folder.
pub const PLANS_FOLDER: &str = "evaluations";

/// What an evaluation asks, of whom, and what would count as an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationPlan {
    /// Its name: the file's stem.
    pub name: String,
    /// The beginning of the file.
    pub at: SourceLocation,
    /// The question in Japanese.
    pub question_ja: String,
    /// The question in English.
    pub question_en: String,
    /// What starts when a person becomes exposed.
    pub exposure: Exposure,
    /// Whose exposure counts.
    pub exposed: Exposed,
    /// The view `panel_POPULATION` of the persons and years that are looked at.
    pub population: Located<String>,
    /// SQL condition over its rows: which of them.
    pub filter: Option<LocatedText>,
    /// Whether indicators are looked at among those only who could improve when they were first seen.
    pub is_at_risk: bool,
    /// Indicators that decide, the first one most of all.
    pub primary: Vec<Located<String>>,
    /// Indicators that are looked at beside them.
    pub secondary: Vec<Located<String>>,
    /// Indicators that the program cannot change: an effect on them is a bias.
    pub negative_controls: Vec<Located<String>>,
    /// Smallest changes that matter, where they differ from those of the indicators.
    pub smallest_changes: Vec<(String, f64)>,
    /// What is to be reached.
    pub targets: Vec<Target>,
    /// What the comparison is adjusted for.
    pub covariates: Vec<Located<String>>,
    /// Numbers and yes/no columns in which the groups should be alike before exposure.
    pub balance: Vec<Located<String>>,
    /// The column of the places at which exposure was assigned.
    pub cluster: Located<String>,
    /// The comparison group: `not_yet_treated` or `never_treated`.
    pub comparison: &'static str,
    /// Adjustment for covariates: `reg`, `dr` or `ipw`.
    pub method: &'static str,
    /// How errors are made: `analytic`, `cr3` or `bootstrap`.
    pub inference: &'static str,
    /// First and last event time, like `-5..5`.
    pub window: Located<String>,
    /// The two numbers.
    window_ends: (i32, i32),
    /// A yes/no indicator of being seen at all, as at a checkup: an effect on it is attrition.
    attendance: Option<Located<String>>,
    /// Columns whose levels are estimated apart.
    pub subgroups: Vec<Located<String>>,
    /// Gates with thresholds of this plan's own.
    pub gates: Vec<Gate>,
    /// Why its gates hide nothing, where they do not.
    pub unblinded: Option<String>,
}

/// What an indicator is to reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The indicator.
    pub indicator: String,
    /// The fiscal year that is compared with.
    pub baseline_year: i16,
    /// The fiscal year by which it is to be reached.
    pub target_year: i16,
    /// The value, in the indicator's unit.
    pub target: f64,
}

const KEYS: [&str; 26] = [
    "question_ja",
    "question_en",
    "exposure",
    "field",
    "dose",
    "programs",
    "against",
    "exposed",
    "population",
    "where",
    "at_risk",
    "primary",
    "secondary",
    "negative_controls",
    "smallest_change",
    "targets",
    "covariates",
    "balance",
    "cluster",
    "comparison",
    "method",
    "inference",
    "window",
    "attendance",
    "subgroups",
    "gates",
];

/// A default, which stands nowhere in the file.
fn located(value: &str, table: &TomlTable<'_>) -> Located<String> {
    Located {
        value: value.to_owned(),
        at: table.location(),
    }
}

/// A word among the ones that a key accepts, the first one where it is not given.
fn one_word(
    table: &TomlTable<'_>,
    key: &str,
    words: &[&'static str],
) -> Result<&'static str, EvaluationError> {
    let words: Vec<(&str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
    let given = table.get(key).map(|item| item.one_of(&words)).transpose()?;
    Ok(given.unwrap_or(words[0].1))
}

impl EvaluationPlan {
    /// Reads the plan called `name` from the table of its file.
    pub(super) fn read(
        name: &str,
        table: &TomlTable<'_>,
        vocabulary: &Vocabulary,
        gates: &[Gate],
    ) -> Result<Self, EvaluationError> {
        table.check_keys(&KEYS)?;
        let list = |key| -> Result<Vec<Located<String>>, EvaluationError> {
            Ok(table.optional(key)?.unwrap_or_default())
        };
        let window = table.optional("window")?;
        let window = window.unwrap_or_else(|| located("-5..5", table));
        let plan = Self {
            name: name.to_owned(),
            at: table.location(),
            question_ja: table.required("question_ja")?,
            question_en: table.required("question_en")?,
            exposure: Exposure::read(table, vocabulary)?,
            exposed: Exposed::read(table)?,
            population: table.required("population")?,
            filter: table.optional("where")?,
            is_at_risk: table.optional("at_risk")?.unwrap_or(false),
            primary: table.required("primary")?,
            secondary: list("secondary")?,
            negative_controls: list("negative_controls")?,
            smallest_changes: smallest_changes(table)?,
            targets: targets(table)?,
            covariates: table.optional("covariates")?.unwrap_or_else(|| {
                let default = ["sex", "birth_fiscal_year"];
                default.map(|name| located(name, table)).to_vec()
            }),
            balance: balance(table)?,
            cluster: table
                .optional("cluster")?
                .unwrap_or_else(|| located("cluster_worksite_id", table)),
            comparison: one_word(table, "comparison", &["not_yet_treated", "never_treated"])?,
            method: one_word(table, "method", &["reg", "dr", "ipw"])?,
            inference: one_word(table, "inference", &["analytic", "cr3", "bootstrap"])?,
            window_ends: window_ends(table, &window)?,
            window,
            attendance: table.optional("attendance")?,
            subgroups: list("subgroups")?,
            gates: own_gates(table, gates)?,
            unblinded: None,
        };
        plan.check_names()?;
        plan.check_indicators(table)?;
        plan.exposure.check_exposed(plan.exposed, table)?;
        Ok(plan)
    }

    /// The indicators of the plan, each with its role: `primary`, `secondary` or `control`.
    pub fn indicators(&self) -> impl Iterator<Item = (&Located<String>, &'static str)> {
        let roles = [
            (&self.primary, "primary"),
            (&self.secondary, "secondary"),
            (&self.negative_controls, "control"),
        ];
        let pairs = roles.into_iter();
        pairs.flat_map(|(list, role)| list.iter().map(move |own| (own, role)))
    }

    /// The indicator of being seen at all.
    pub fn attendance(&self) -> Option<&str> {
        self.attendance.as_ref().map(|own| own.value.as_str())
    }

    /// The first event time.
    #[must_use]
    pub fn first_event(&self) -> i32 {
        self.window_ends.0
    }

    /// The last event time.
    #[must_use]
    pub fn last_event(&self) -> i32 {
        self.window_ends.1
    }

    /// The programs that the evaluated ones are compared with, where there are any.
    #[must_use]
    pub fn against(&self) -> Option<&LocatedText> {
        match &self.exposure {
            Exposure::Programs(chosen) => chosen.against.as_ref(),
            _ => None,
        }
    }

    /// What a dose is counted in, where the exposure is one.
    #[must_use]
    pub fn dose(&self) -> Option<DoseUnit> {
        match self.exposure {
            Exposure::Dose(_, unit) => Some(unit),
            _ => None,
        }
    }

    /// What result tables call the exposure: its field, or `bundle` or `programs`.
    #[must_use]
    pub fn field(&self) -> &str {
        match &self.exposure {
            Exposure::Field(field)
            | Exposure::FieldGivenSystem(field)
            | Exposure::Dose(field, _) => field,
            Exposure::Programs(_) => "programs",
            Exposure::Bundle => "bundle",
        }
    }

    /// The same with other subgroups.
    pub fn set_subgroups(&mut self, columns: &[String]) {
        let at = &self.at;
        let located = columns.iter().map(|column| Located {
            value: column.clone(),
            at: at.clone(),
        });
        self.subgroups = located.collect();
    }

    /// The same with gates that warn where they would hide, for `reason`.
    pub fn unblind(&mut self, reason: &str) {
        for gate in &mut self.gates {
            let blind_at = gate.blind_at.take();
            gate.warn_at = gate.warn_at.or(blind_at);
        }
        self.unblinded = Some(reason.to_owned());
    }

    /// Refuses what cannot be the name of a column or of a query: names become part of SQL.
    fn check_names(&self) -> Result<(), EvaluationError> {
        let indicators = self.indicators().map(|(own, _)| own);
        let all = indicators
            .chain(&self.subgroups)
            .chain(&self.covariates)
            .chain(&self.balance)
            .chain(&self.attendance)
            .chain([&self.cluster, &self.population]);
        for own in all {
            if !is_name(&own.value) {
                return Err(EvaluationError::Contradiction {
                    at: own.at.clone(),
                    message: format!(
                        "`{}` cannot be a name: lower-case letters, digits and `_`, a letter first",
                        own.value
                    ),
                });
            }
        }
        Ok(())
    }

    fn check_indicators(&self, table: &TomlTable<'_>) -> Result<(), EvaluationError> {
        if self.primary.is_empty() {
            return Err(EvaluationError::Contradiction {
                at: table.require("primary")?.location(),
                message: "`primary` needs an indicator: name the one that decides".to_owned(),
            });
        }
        let mut seen: Vec<&str> = Vec::new();
        for (indicator, _) in self.indicators() {
            if seen.contains(&indicator.value.as_str()) {
                return Err(EvaluationError::Contradiction {
                    at: indicator.at.clone(),
                    message: format!("`{}` is listed twice in this plan", indicator.value),
                });
            }
            seen.push(&indicator.value);
        }
        for key in ["smallest_change", "targets"] {
            for item in table.table(key)?.iter().flat_map(TomlTable::items) {
                if !seen.contains(&item.last_key()) {
                    return Err(EvaluationError::Unknown {
                        at: item.key_location(),
                        kind: "indicator of this plan called",
                        name: item.last_key().to_owned(),
                        hint: did_you_mean(item.last_key(), seen.iter().copied()),
                    });
                }
            }
        }
        Ok(())
    }
}

fn balance(table: &TomlTable<'_>) -> Result<Vec<Located<String>>, EvaluationError> {
    let default = ["bmi", "current_smoker", "yen_total", "size_band"];
    let given: Option<Vec<Located<String>>> = table.optional("balance")?;
    match (given, table.get("balance")) {
        (Some(list), Some(item)) if list.is_empty() => {
            Err(item.wrong("a list with a column").into())
        }
        (Some(list), _) => Ok(list),
        (None, _) => Ok(default.map(|name| located(name, table)).to_vec()),
    }
}

/// The two ends of a window like `-5..5`, one before exposure and one not.
fn window_ends(
    table: &TomlTable<'_>,
    window: &Located<String>,
) -> Result<(i32, i32), EvaluationError> {
    let ends = window.value.split_once("..").and_then(|(first, last)| {
        let number = |text: &str| text.trim().parse::<i32>().ok();
        Some((number(first)?, number(last)?))
    });
    let wrong = || match table.get("window") {
        Some(item) => item
            .wrong("first and last year since exposure, like `-5..5`")
            .into(),
        None => EvaluationError::Contradiction {
            at: window.at.clone(),
            message: "`window` is wrong".to_owned(),
        },
    };
    ends.filter(|(first, last)| *first < 0 && *last >= 0)
        .ok_or_else(wrong)
}

fn smallest_changes(table: &TomlTable<'_>) -> Result<Vec<(String, f64)>, EvaluationError> {
    let mut found = Vec::new();
    for item in table
        .table("smallest_change")?
        .iter()
        .flat_map(TomlTable::items)
    {
        let change = item.number()?;
        if change <= 0.0 {
            return Err(item.wrong("a number above 0").into());
        }
        found.push((item.last_key().to_owned(), change));
    }
    Ok(found)
}

fn targets(table: &TomlTable<'_>) -> Result<Vec<Target>, EvaluationError> {
    let read = |item: &TomlItem<'_>| {
        let own = item.table()?;
        own.check_keys(&["baseline_year", "target_year", "target"])?;
        let target = Target {
            indicator: item.last_key().to_owned(),
            baseline_year: own.required("baseline_year")?,
            target_year: own.required("target_year")?,
            target: own.required("target")?,
        };
        if target.target_year <= target.baseline_year {
            return Err(EvaluationError::Contradiction {
                at: own.require("target_year")?.location(),
                message: "`target_year` must be after `baseline_year`".to_owned(),
            });
        }
        Ok(target)
    };
    let targets = table.table("targets")?;
    let items = targets.iter().flat_map(TomlTable::items);
    items.map(|item| read(&item)).collect()
}

/// All gates, those that the plan changes as the plan says.
fn own_gates(table: &TomlTable<'_>, gates: &[Gate]) -> Result<Vec<Gate>, EvaluationError> {
    let mut own = gates.to_vec();
    for item in table.table("gates")?.iter().flat_map(TomlTable::items) {
        let names = gates.iter().map(|gate| gate.name.as_str());
        let Some(gate) = own.iter_mut().find(|gate| gate.name == item.last_key()) else {
            return Err(EvaluationError::Unknown {
                at: item.key_location(),
                kind: "gate",
                name: item.last_key().to_owned(),
                hint: did_you_mean(item.last_key(), names),
            });
        };
        *gate = gate.changed_by(&item.table()?)?;
    }
    Ok(own)
}
