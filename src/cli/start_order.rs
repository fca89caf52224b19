//! `korabo power NAME --design`: which worksites start when, drawn within given staff hours, and written as a plan of its own. How it is drawn is
//! in `korabo_estimators::start_order`; what it could see is worked out by the same queries as for the roll-out of the data.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::prelude::DataFrame;
use korabo_estimators::start_order::{self, Place, Steps};

use super::estimate::texts;
use super::failure::Failure;
use super::lock;
use super::powers::{register_powers, verdicts};
use super::printer::Printer;
use super::sql::{self, Format, Output};
use crate::diagnostic::{FailureKind, counted};
use crate::evaluation::{EvaluationPlan, PLANS_FOLDER};
use crate::pipeline::StartOrderQueries;
use crate::regular_file;
use crate::session::{Session, SessionError, check_expression};
use crate::toml_reader::TomlDocument;

/// Arguments of `power` for a start order.
#[derive(Debug, Args)]
pub(super) struct DesignArgs {
    /// Propose which worksites start when, and write it as the plan evaluations/NAME_rollout.toml
    #[arg(long, requires = "hours_per_year")]
    design: bool,
    /// Which worksites may start: an SQL condition over evaluation_candidates_NAME, like "size_band >= 2"
    #[arg(long, value_name = "SQL", requires = "design")]
    worksites: Option<String>,
    /// Staff hours that a fiscal year has for the worksites that start in it
    #[arg(long, value_name = "HOURS", requires = "design", value_parser = parse_hours)]
    hours_per_year: Option<f64>,
    /// Staff hours that a worksite takes [default: mean of the programs of the plan's field]
    #[arg(long, value_name = "HOURS", requires = "design", value_parser = parse_hours)]
    hours_per_worksite: Option<f64>,
    /// Fiscal years in which worksites start
    #[arg(long, value_name = "YEARS", requires = "design", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=30))]
    years: u8,
    /// The first of these years [default: the one after the latest of the data]
    #[arg(long, value_name = "YEAR", requires = "design", value_parser = clap::value_parser!(i64).range(1..=9999))]
    first_year: Option<i64>,
    /// Seed of the draw: the same seed draws the same order
    #[arg(long, value_name = "N", requires = "design", default_value_t = 1)]
    seed: u64,
}

fn parse_hours(text: &str) -> Result<f64, String> {
    let hours = text.parse::<f64>().ok();
    hours
        .filter(|hours| hours.is_finite() && *hours > 0.0)
        .ok_or_else(|| "write hours above 0, like 1200 or 37.5".to_owned())
}

impl DesignArgs {
    pub(super) fn is_asked(&self) -> bool {
        self.design
    }
}

/// The clusters of plans that a start order can be of.
const WORKSITES: &str = "cluster_worksite_id";

/// Refuses plans whose clusters are no worksites, and an order that was written before.
pub(super) fn check(plan: &EvaluationPlan, folder: &Path) -> Result<(), Failure> {
    if plan.cluster.value != WORKSITES {
        let message = format!(
            "a start order is of worksites; the clusters of `{}` are `{}`",
            plan.name, plan.cluster.value
        );
        return Err(Failure::new(FailureKind::Project, message).hint(format!(
            "a plan with `cluster = \"{WORKSITES}\"` can have one"
        )));
    }
    let files = ["toml", "csv", "lock"].map(|suffix| file_of(plan, suffix));
    let there: Vec<String> = files
        .iter()
        .filter(|file| folder.join(file).exists())
        .map(|file| file.display().to_string())
        .collect();
    let Some(first) = there.first() else {
        return Ok(());
    };
    let message = format!("`{first}` is there already; a start order is drawn once");
    let hint = format!("to have another one drawn, delete {}", there.join(", "));
    Err(Failure::new(FailureKind::Usage, message).hint(hint))
}

/// A file of the plan's start order, below the project's folder.
fn file_of(plan: &EvaluationPlan, suffix: &str) -> PathBuf {
    Path::new(PLANS_FOLDER).join(format!("{}_rollout.{suffix}", plan.name))
}

/// What is asked for, and of which persons and years.
pub(super) struct StartOrder<'a> {
    pub(super) args: &'a DesignArgs,
    pub(super) plan: &'a EvaluationPlan,
    /// The project's.
    pub(super) folder: &'a Path,
    /// Has the plan's panel, and none of its estimates.
    pub(super) session: &'a Session,
}

/// How many worksites the staff hours of a year are enough for.
struct Capacity {
    hours_per_year: f64,
    hours_per_worksite: f64,
    n_worksites: usize,
}

/// The worksites that may start.
struct Candidates {
    worksite_ids: Vec<i64>,
    places: Vec<Place>,
}

/// How many worksites start in each year.
struct Calendar {
    first_year: i64,
    n_starting: Vec<usize>,
    n_waiting: usize,
}

impl StartOrder<'_> {
    /// Draws the order, works out what it could see, writes both files, and shows the order.
    pub(super) async fn propose(&self, format: Format, printer: &Printer) -> Result<(), Failure> {
        let candidates = self.candidates().await?;
        let capacity = self.capacity().await?;
        let first_year = self.first_year().await?;
        let n_steps = NonZeroUsize::new(usize::from(self.args.years)).unwrap_or(NonZeroUsize::MIN);
        let steps = Steps {
            n: n_steps,
            most: capacity.n_worksites,
            seed: self.args.seed,
        };
        let drawn = start_order::draw(&candidates.places, steps);
        let calendar = Calendar::of(first_year, n_steps, &drawn);
        self.register(&candidates, &drawn, first_year).await?;
        let verdicts = self.verdicts(&calendar).await?;
        let mut notes = calendar.notes(&capacity);
        notes.push(self.balance(&candidates, &drawn));
        let csv = self.folder.join(file_of(self.plan, "csv"));
        let output = Output::in_file(csv, Format::Csv);
        sql::print(self.rows().await?, &output, printer).await?;
        self.write_plan(&notes)?;
        sql::print(self.rows().await?, &Output::of(format), printer).await?;
        for note in notes.iter().chain(&verdicts) {
            printer.note(note);
        }
        printer.note(&format!(
            "written: {}, {}; `korabo lock {}_rollout` fixes the plan",
            file_of(self.plan, "toml").display(),
            file_of(self.plan, "csv").display(),
            self.plan.name
        ));
        Ok(())
    }

    fn queries(&self) -> StartOrderQueries<'_> {
        StartOrderQueries { plan: self.plan }
    }

    /// The one value of a query; empty where it is missing.
    async fn value(&self, sql: &str) -> Result<String, Failure> {
        let rows = texts(self.session, sql).await?;
        Ok(rows.into_iter().flatten().next().unwrap_or_default())
    }

    /// The worksites that may start, which from here on are the rows of evaluation_candidates_NAME.
    async fn candidates(&self) -> Result<Candidates, Failure> {
        let table = self.queries().candidates_table();
        let all = format!("select * from {table}");
        let planned = self.session.plan(&all, &[]).await?;
        self.session.register_rows(&table, planned).await?;
        if let Some(condition) = &self.args.worksites {
            let chosen = self.choose(&table, condition).await;
            chosen.map_err(|error| wrong_condition(error, &table))?;
        }
        let mut candidates = Candidates {
            worksite_ids: Vec::new(),
            places: Vec::new(),
        };
        for row in texts(self.session, &self.queries().candidates()).await? {
            let [worksite_id, n_persons, level] = row.as_slice() else {
                continue;
            };
            if let (Ok(worksite_id), Ok(size)) = (worksite_id.parse::<i64>(), n_persons.parse()) {
                candidates.worksite_ids.push(worksite_id);
                let level = level.parse::<f64>().ok();
                candidates.places.push(Place { size, level });
            }
        }
        match (candidates.places.is_empty(), &self.args.worksites) {
            (false, _) => Ok(candidates),
            (true, Some(_)) => {
                let message = format!("no worksite of `{table}` is as `--worksites` asks");
                Err(Failure::new(FailureKind::Usage, message).hint(lists(&table)))
            }
            (true, None) => {
                let message = format!(
                    "no worksite of `{}` can be told when to start: at each of them persons were exposed already",
                    self.plan.name
                );
                Err(Failure::new(FailureKind::Estimator, message))
            }
        }
    }

    /// Leaves those of the candidates for which `condition` holds.
    async fn choose(&self, table: &str, condition: &str) -> Result<(), SessionError> {
        check_expression(condition)?;
        let sql = self.queries().chosen(condition);
        let planned = self.session.plan(&sql, &[]).await?;
        self.session.register_rows(table, planned).await
    }

    async fn capacity(&self) -> Result<Capacity, Failure> {
        // Without --design there is no such argument; with it the program's arguments ask for one.
        let hours_per_year = self.args.hours_per_year.unwrap_or_default();
        let hours_per_worksite = match self.args.hours_per_worksite {
            Some(hours) => hours,
            None => self.usual_hours().await?,
        };
        // What is a whole number of worksites stays one in spite of rounding.
        let n_worksites = (hours_per_year / hours_per_worksite + 1e-9).floor();
        if n_worksites < 1.0 {
            let message = format!(
                "{} hours per fiscal year are not enough for one worksite, which takes {}",
                shown(hours_per_year),
                shown(hours_per_worksite)
            );
            return Err(Failure::new(FailureKind::Usage, message).hint(
                "give more with --hours-per-year, or say with --hours-per-worksite what one takes",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 or more; what is beyond the largest number is as good as that"
        )]
        let n_worksites = n_worksites as u64;
        Ok(Capacity {
            hours_per_year,
            hours_per_worksite,
            n_worksites: usize::try_from(n_worksites).unwrap_or(usize::MAX),
        })
    }

    /// What a worksite took in the programs of the plan's field.
    async fn usual_hours(&self) -> Result<f64, Failure> {
        let hours = self.value(&self.queries().usual_hours()).await?;
        let hours = hours.parse::<f64>().ok();
        let hours = hours.filter(|hours| hours.is_finite() && *hours > 0.0);
        hours.ok_or_else(|| {
            let message = format!(
                "it is not known how many staff hours a worksite takes: `link_program_resources` has none of `{}`",
                self.plan.field()
            );
            Failure::new(FailureKind::Usage, message).hint("say it with --hours-per-worksite")
        })
    }

    async fn first_year(&self) -> Result<i64, Failure> {
        let latest = self.value(&self.queries().latest_year()).await?;
        let latest = latest.parse::<i64>().unwrap_or_default();
        match self.args.first_year {
            None => Ok(latest + 1),
            Some(year) if year > latest => Ok(year),
            Some(year) => {
                let message =
                    format!("no worksite can start in {year}: the data reach up to {latest}");
                let hint = "--first-year is a fiscal year after the latest of the data";
                Err(Failure::new(FailureKind::Usage, message).hint(hint))
            }
        }
    }

    /// Makes the order known to the session, as the rows of evaluation_start_order_NAME.
    async fn register(
        &self,
        candidates: &Candidates,
        drawn: &[Option<usize>],
        first_year: i64,
    ) -> Result<(), Failure> {
        let years: Vec<Option<i64>> = drawn
            .iter()
            .map(|step| step.map(|step| year_of(first_year, step)))
            .collect();
        let columns: [(&str, ArrayRef); 2] = [
            (
                "worksite_id",
                Arc::new(Int64Array::from(candidates.worksite_ids.clone())),
            ),
            ("start_year", Arc::new(Int64Array::from(years))),
        ];
        let batch = RecordBatch::try_from_iter(columns).map_err(DataFusionError::from);
        let frame = self.session.frame(batch.map_err(SessionError::from)?)?;
        let table = self.queries().order_table();
        Ok(self.session.register_rows(&table, frame).await?)
    }

    /// The order, row by row.
    async fn rows(&self) -> Result<DataFrame, Failure> {
        Ok(self.session.plan(&self.queries().rows(), &[]).await?)
    }

    /// What the order could see: the queries of the plan, with this calendar among the designs and worksites as large as the candidates.
    async fn verdicts(&self, calendar: &Calendar) -> Result<Vec<String>, Failure> {
        let queries = self.queries();
        let (n_waiting, n_worksites) = (calendar.n_waiting, calendar.n_worksites());
        let proposed = queries.designs(&calendar.text(), n_waiting, n_worksites);
        for (table, sql) in [
            (queries.components_table(), queries.sized_components()),
            (queries.designs_table(), proposed),
        ] {
            let planned = self.session.plan(&sql, &[]).await?;
            self.session.register_rows(&table, planned).await?;
        }
        let table = register_powers(self.session, &self.plan.name).await?;
        verdicts(self.session, &table, "proposed").await
    }

    /// How alike the steps are.
    fn balance(&self, candidates: &Candidates, drawn: &[Option<usize>]) -> String {
        let places = candidates.places.iter();
        let levels: Vec<Option<f64>> = places.clone().map(|place| place.level).collect();
        let sizes: Vec<Option<f64>> = places.map(|place| Some(number(place.size))).collect();
        let difference = |values: &[Option<f64>]| {
            let difference = start_order::largest_difference(values, drawn);
            difference.map_or("none".to_owned(), |difference| format!("{difference:.2}"))
        };
        let first = self.plan.primary.first();
        format!(
            "largest difference between steps, in standard deviations of worksites: {} in the level of {}, {} in size",
            difference(&levels),
            first.map_or("", |own| own.value.as_str()),
            difference(&sizes)
        )
    }

    /// Writes the plan of the order: the plan as it is, in comments how the order was drawn.
    fn write_plan(&self, notes: &[String]) -> Result<(), Failure> {
        let name = &self.plan.name;
        let from = Path::new(PLANS_FOLDER).join(format!("{name}.toml"));
        let text = regular_file::read_to_string(&self.folder.join(&from)).map_err(|error| {
            let message = format!("cannot read `{}`", from.display());
            Failure::new(FailureKind::Project, message).because(&error)
        })?;
        let document = TomlDocument::parse(&from, &text)
            .map_err(|error| Failure::new(FailureKind::Project, error.to_string()))?;
        let comparison = document.root().get("comparison");
        let comparison = comparison.map(|item| item.key_location().line);
        let mut lines: Vec<String> = self.comments(notes);
        lines.push(String::new());
        lines.push("comparison = \"not_yet_treated\"".to_owned());
        let own = text.lines().enumerate();
        let own = own.filter(|(idx, _)| Some(idx + 1) != comparison);
        lines.extend(own.map(|(_, line)| line.to_owned()));
        let path = self.folder.join(file_of(self.plan, "toml"));
        lock::write(&path, &(lines.join("\n") + "\n")).map_err(|error| {
            Failure::new(FailureKind::Resources, "the plan is not written").because(&error)
        })
    }

    fn comments(&self, notes: &[String]) -> Vec<String> {
        let name = &self.plan.name;
        let mut lines = vec![
            format!(
                "The plan `{name}` for a stepped start, proposed by `korabo power {name} --design` (korabo {}).",
                env!("CARGO_PKG_VERSION")
            ),
            format!(
                "Which worksite starts when: {}; one without `start_year` waits.",
                file_of(self.plan, "csv").display()
            ),
            format!(
                "Drawn at random with seed {}, among worksites of like size and level.",
                self.args.seed
            ),
        ];
        if let Some(condition) = &self.args.worksites {
            let words: Vec<&str> = condition.split_whitespace().collect();
            let condition: String = words.join(" ");
            let condition: String = condition.chars().filter(|c| !c.is_control()).collect();
            lines.push(format!("Of the worksites with: {condition}"));
        }
        lines.extend(notes.iter().cloned());
        lines.iter().map(|line| format!("# {line}")).collect()
    }
}

impl Calendar {
    fn of(first_year: i64, n_steps: NonZeroUsize, drawn: &[Option<usize>]) -> Self {
        let n_of = |step: Option<usize>| drawn.iter().filter(|own| **own == step).count();
        Self {
            first_year,
            n_starting: (0..n_steps.get()).map(|step| n_of(Some(step))).collect(),
            n_waiting: n_of(None),
        }
    }

    fn n_worksites(&self) -> usize {
        self.n_starting.iter().sum::<usize>() + self.n_waiting
    }

    /// As relations read it: one year before the first step, then the steps.
    fn text(&self) -> String {
        let n_starting = self.n_starting.iter().map(ToString::to_string);
        let periods: Vec<String> = std::iter::once("0".to_owned()).chain(n_starting).collect();
        periods.join(", ")
    }

    /// What starts when, with what it takes, and what is left to compare with.
    fn notes(&self, capacity: &Capacity) -> Vec<String> {
        let worksites = |n: usize| counted(n as u64, "worksite", "worksites");
        let mut notes = vec![format!(
            "{} hours per fiscal year are enough for {}, at {} hours each",
            shown(capacity.hours_per_year),
            worksites(capacity.n_worksites),
            shown(capacity.hours_per_worksite)
        )];
        for (step, n) in self.n_starting.iter().enumerate() {
            let hours = number(*n as u64) * capacity.hours_per_worksite;
            let year = year_of(self.first_year, step);
            notes.push(format!("{year}: {}, {} hours", worksites(*n), shown(hours)));
        }
        let last_year = year_of(self.first_year, self.n_starting.len() - 1);
        notes.push(match self.n_waiting {
            0 => format!(
                "every worksite has started by {last_year}: from that year on nothing is left to compare with"
            ),
            n => format!(
                "not started by {last_year}: {}, beyond what the hours are enough for; they stay the comparison",
                worksites(n)
            ),
        });
        notes
    }
}

/// The year of a step, from 0.
fn year_of(first_year: i64, step: usize) -> i64 {
    first_year.saturating_add(i64::try_from(step).unwrap_or(i64::MAX))
}

/// A number of persons or worksites, to reckon with.
fn number(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Hours with one decimal, where it says something.
fn shown(hours: f64) -> String {
    let text = format!("{hours:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn lists(table: &str) -> String {
    format!("`korabo sql -c \"SELECT * FROM {table}\"` lists the worksites and their columns")
}

/// The failure of a condition; what the machine is to blame for stays as it is.
fn wrong_condition(error: SessionError, table: &str) -> Failure {
    let message = error.message();
    let failure = Failure::from(error);
    if failure.kind != FailureKind::Project {
        return failure;
    }
    let text = "`--worksites` is no SQL condition by which worksites can be chosen";
    Failure {
        causes: message.lines().map(str::to_owned).collect(),
        ..Failure::new(FailureKind::Project, text).hint(lists(table))
    }
}
