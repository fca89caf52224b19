//! What the report says, as plain data in no language. Every count of people and every estimate is
//! a [`Releasable`]; wording is in `text`, names are in `names`, drawing is in `html`.

use crate::disclosure::{
    BalanceNumbers, Count, DisclosureRules, FlowCounts, Interval, Releasable, ReleasedEstimate,
    Share,
};
use crate::vocabulary::Vocabulary;

/// Everything one report shows. Empty lists leave their section out.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Title as the project gives it; `None` uses the standard title.
    pub title: Option<String>,
    /// Whom the report is about: an insurer, a municipality, an employer, a project.
    pub subject: Option<String>,
    /// What the project calls its fields and indicators.
    pub vocabulary: Vocabulary,
    /// What made the numbers.
    pub provenance: Provenance,
    /// The rules every released value obeyed; named in the notes.
    pub rules: DisclosureRules,
    /// What plans ask, with their answers and gates.
    pub plans: Vec<Plan>,
    /// What came in.
    pub deliveries: Vec<DeliveryRow>,
    /// What was turned away, and why.
    pub rejects: Vec<RejectRow>,
    /// How well persons were linked, and for whom not.
    pub linkage: Vec<LinkageRow>,
    /// From the extract to the analysis, in order.
    pub flow: Vec<FlowStep>,
    /// How the last step of the flow divides (exposed and never exposed).
    pub flow_groups: Vec<FlowGroup>,
    /// Persons whom the effects are about, by population.
    pub flow_effects: Vec<FlowGroup>,
    /// Effects, in the order in which to show them; the first of a field is its main indicator.
    pub effects: Vec<EffectGroup>,
    /// What the plans say of them.
    pub judgements: Vec<Judgement>,
    /// Effects by time since first exposure.
    pub event_studies: Vec<EventStudy>,
    /// How alike exposed and never exposed persons were, by field and population.
    pub balance: Vec<Balance>,
    /// The main effects by other estimators with the same estimand.
    pub robustness: Vec<EffectGroup>,
}

/// What made the numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Provenance {
    /// The run's identifier in the lake table `runs`.
    pub run_id: String,
    /// Version of korabo.
    pub korabo_version: String,
    /// When the report was made, as it is to be printed.
    pub generated_at: String,
    /// The lake tables read, with their versions.
    pub lake_versions: Vec<TableVersion>,
}

/// A lake table at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableVersion {
    /// Table name.
    pub table: String,
    /// Delta version.
    pub version: u64,
}

/// The deliveries of one holder for one table.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    /// Table name.
    pub table: String,
    /// Data holder.
    pub holder: String,
    /// Number of files.
    pub n_files: u64,
    /// Rows in the files.
    pub rows_in: Releasable<Count>,
    /// Rows accepted.
    pub rows_accepted: Releasable<Count>,
    /// Rows rejected.
    pub rows_rejected: Releasable<Count>,
}

/// Rows rejected by one rule; a row that breaks two rules is in two of these.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectRow {
    /// Table name.
    pub table: String,
    /// Column name; empty for rules on whole rows.
    pub column: String,
    /// The rule as the contract names it.
    pub rule: String,
    /// Rows that broke it.
    pub n_rows: Releasable<Count>,
}

/// The match rate of one level of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkageRow {
    /// Whose persons were looked for: `insurer`, `employer`; empty where there is only one side.
    pub side: String,
    /// `all`, `insurer`, `size_band`, `sex`, `age_band`, `fiscal_year`, `exposure`, or any
    /// name of the project's own.
    pub dimension: String,
    /// The level's value, as stored.
    pub level: String,
    /// Persons linked among all persons.
    pub matched: Releasable<Share>,
}

/// One box of the flow of persons.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowStep {
    /// Key of the step (see `names`), or text to show as it is.
    pub step: String,
    /// Persons left, and lost since the step before.
    pub counts: Releasable<FlowCounts>,
}

/// One part of the last step of the flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowGroup {
    /// Key of the group (`exposed`, `never_exposed`), or text to show as it is.
    pub group: String,
    /// Persons in it.
    pub n: Releasable<Count>,
}

/// One outcome of one field in one population, by every estimator.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectGroup {
    /// Program field.
    pub field: String,
    /// Indicator name: a column of the panel.
    pub indicator: String,
    /// `employees`, `spouses`, or a name of the project's own.
    pub population: String,
    /// One row per estimator.
    pub rows: Vec<EffectRow>,
}

/// An evaluation plan with what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its file's name without the ending.
    pub name: String,
    /// What it asks, in Japanese and English.
    pub question: (String, String),
    /// Whether it was fixed beforehand.
    pub is_locked: bool,
    /// What is not as it was fixed; empty where nothing is.
    pub deviations: String,
    /// One for each indicator, primary ones first.
    pub answers: Vec<Answer>,
}

/// What a plan says by one indicator, of everybody in its population.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Indicator name.
    pub indicator: String,
    /// Population.
    pub population: String,
    /// Whether the plan judges by it first.
    pub is_primary: bool,
    /// One of the six verdicts.
    pub verdict: String,
    /// Estimate with the interval that the verdict goes by; `None` where withheld, hidden or missing.
    pub numbers: Releasable<Option<JudgedNumbers>>,
    /// The gates that it was measured by.
    pub gates: Vec<GateResult>,
}

/// An estimate with the interval that a verdict goes by, in the indicator's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgedNumbers {
    /// Estimate.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
}

/// What a gate says of an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateResult {
    /// Its name in `rules/gates.toml`.
    pub gate: String,
    /// What it is called in Japanese and English.
    pub title: (String, String),
    /// `pass`, `warn`, `blind` or `not_applicable`.
    pub result: String,
    /// What was measured; `None` where withheld or not applicable.
    pub statistic: Releasable<Option<f64>>,
}

/// What a plan says of one effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Program field.
    pub field: String,
    /// Indicator name.
    pub indicator: String,
    /// Population.
    pub population: String,
    /// One of the six verdicts, as `evaluation_verdicts` has them.
    pub verdict: String,
    /// The gates that hide the estimate, in Japanese and English; empty where none does.
    pub hidden_by: (String, String),
    /// The smallest effect that would have been seen with a probability of 80 %, in the indicator's unit.
    pub detectable: Option<f64>,
    /// Whether the plan was fixed beforehand.
    pub is_locked: bool,
}

/// One estimate with the name of its estimator.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectRow {
    /// `before_after`, `participants_vs_non`, `twfe`, `callaway_santanna`, or another name.
    pub estimator: String,
    /// The estimate in the indicator's own unit (shares from 0 to 1).
    pub estimate: Releasable<ReleasedEstimate>,
}

/// The effect on one outcome by time since first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct EventStudy {
    /// Program field.
    pub field: String,
    /// Indicator name.
    pub indicator: String,
    /// Population.
    pub population: String,
    /// One point per event time.
    pub points: Vec<EventPoint>,
}

/// One event time.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPoint {
    /// Periods since first exposure; negative before.
    pub event_time: i64,
    /// The estimate in the indicator's own unit.
    pub estimate: Releasable<ReleasedEstimate>,
}

/// How alike the exposed and the never exposed of one field were before any exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Program field.
    pub field: String,
    /// Population.
    pub population: String,
    /// One row per covariate and level.
    pub rows: Vec<CovariateRow>,
}

/// One covariate or one level of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CovariateRow {
    /// Covariate.
    pub covariate: String,
    /// Readable level of a covariate; empty for numbers and yes/no.
    pub level: String,
    /// Whether the effects are adjusted for it.
    pub is_adjusted: bool,
    /// Whether the means are shares of persons.
    pub is_share: bool,
    /// Means and standardised difference; `None` where withheld or where there are none.
    pub numbers: Releasable<Option<BalanceNumbers>>,
}
