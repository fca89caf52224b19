//! What forms are: sheets of blocks, a block's rows and columns, and what a column is filled from. Names of results are those of the
//! file; what they stand for is in `field_rows`, `indicator_rows` and `facts`.

/// The forms of a project, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Forms {
    pub(super) forms: Vec<Form>,
    pub(super) fingerprint: String,
}

impl Forms {
    /// What the file is known by.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// One form: a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub(super) sheet: String,
    pub(super) title: String,
    /// Where the layout was seen.
    pub(super) source: String,
    /// Whether the order of blocks and columns was seen nowhere.
    pub(super) is_unverified: bool,
    pub(super) notes: Vec<String>,
    pub(super) blocks: Vec<Block>,
}

/// A table of a form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) heading: String,
    pub(super) content: Content,
}

/// Rows and columns of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// A row for each program field.
    Fields(Vec<Column<FieldFill>>),
    /// A row for each of these indicators; `None`: those that reports show first.
    Indicators(Option<Vec<String>>, Vec<Column<IndicatorFill>>),
    /// A row for each of these facts, with its wording.
    Facts(Vec<(Fact, String)>, Vec<Column<FactFill>>),
}

/// A column of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column<F> {
    pub(super) heading: String,
    /// `None`: filled in by hand.
    pub(super) fill: Option<F>,
    pub(super) year: FormYear,
    /// Characters of half width.
    pub(super) width: f64,
    pub(super) is_unverified: bool,
}

/// The year of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormYear {
    /// So many years before the latest of the results.
    Before(i64),
    /// A fiscal year.
    Of(i64),
    /// The year from which an indicator's target is reckoned.
    Baseline,
}

/// What a name in the file stands for.
pub(super) trait Filling: Copy {
    /// Whether it has a value for each year.
    fn has_years(self) -> bool;
}

/// What is known of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndicatorFill {
    Name,
    Unit,
    Standardised,
    StandardisedPersons,
    National,
    Tokyo,
    Released,
    ReleasedPersons,
    BaselineYear,
    TargetYear,
    Target,
    LatestYear,
    Rating,
    Points,
    Cost,
}

impl Filling for IndicatorFill {
    fn has_years(self) -> bool {
        matches!(
            self,
            Self::Standardised
                | Self::StandardisedPersons
                | Self::National
                | Self::Tokyo
                | Self::Released
                | Self::ReleasedPersons
                | Self::Points
        )
    }
}

pub(super) const INDICATOR_FILLS: [(&str, IndicatorFill); 15] = [
    ("indicators.name", IndicatorFill::Name),
    ("indicators.unit", IndicatorFill::Unit),
    ("indicator_levels.standardised", IndicatorFill::Standardised),
    (
        "indicator_levels.n_persons",
        IndicatorFill::StandardisedPersons,
    ),
    ("indicator_levels.national", IndicatorFill::National),
    ("indicator_levels.tokyo", IndicatorFill::Tokyo),
    ("released_levels.value", IndicatorFill::Released),
    ("released_levels.n_persons", IndicatorFill::ReleasedPersons),
    (
        "evaluation_ratings.baseline_year",
        IndicatorFill::BaselineYear,
    ),
    ("evaluation_ratings.target_year", IndicatorFill::TargetYear),
    ("evaluation_ratings.target", IndicatorFill::Target),
    ("evaluation_ratings.latest_year", IndicatorFill::LatestYear),
    ("evaluation_ratings.rating", IndicatorFill::Rating),
    ("summary_habit_points.points", IndicatorFill::Points),
    ("summary_program_value.cost_yen", IndicatorFill::Cost),
];

/// What is known of a program field, with its main indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldFill {
    Name,
    Population,
    Estimate,
    Low,
    High,
    Treated,
    Verdict,
    Reason,
    Plan,
    Detectable,
    Programs,
    ProgramsWithoutCost,
    Exposed,
    Participants,
    Participation,
    Cost,
    Hours,
    CostPerExposed,
    CostPerChange,
    /// Of the main indicator.
    Main(IndicatorFill),
}

impl Filling for FieldFill {
    fn has_years(self) -> bool {
        matches!(self, Self::Main(fill) if fill.has_years())
    }
}

const FIELD_FILLS: [(&str, FieldFill); 19] = [
    ("fields.name", FieldFill::Name),
    ("effect_summary.population", FieldFill::Population),
    ("effect_summary.estimate", FieldFill::Estimate),
    ("effect_summary.conf_low", FieldFill::Low),
    ("effect_summary.conf_high", FieldFill::High),
    ("effect_summary.n_treated", FieldFill::Treated),
    ("effect_verdicts.verdict", FieldFill::Verdict),
    ("effect_verdicts.hidden_ja", FieldFill::Reason),
    ("effect_verdicts.is_locked", FieldFill::Plan),
    ("effect_verdicts.detectable", FieldFill::Detectable),
    ("summary_program_value.n_programs", FieldFill::Programs),
    (
        "summary_program_value.n_programs_without_cost",
        FieldFill::ProgramsWithoutCost,
    ),
    ("summary_program_value.n_exposed", FieldFill::Exposed),
    (
        "summary_program_value.n_participants",
        FieldFill::Participants,
    ),
    (
        "summary_program_value.participation",
        FieldFill::Participation,
    ),
    ("summary_program_value.cost_yen", FieldFill::Cost),
    ("summary_program_value.staff_hours", FieldFill::Hours),
    (
        "summary_program_value.cost_per_exposed",
        FieldFill::CostPerExposed,
    ),
    (
        "summary_program_value.cost_per_change",
        FieldFill::CostPerChange,
    ),
];

/// What columns of a block of fields may be filled from: what is known of the field, then of its main indicator.
pub(super) fn field_fills() -> Vec<(&'static str, FieldFill)> {
    let is_own = |name: &str| FIELD_FILLS.iter().any(|(own, _)| *own == name);
    let of_main = INDICATOR_FILLS.iter().filter(|(name, _)| !is_own(name));
    let of_main = of_main.map(|(name, fill)| (*name, FieldFill::Main(*fill)));
    FIELD_FILLS.into_iter().chain(of_main).collect()
}

/// One number about everything together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    EmployersOffering,
    Programs,
    ProgramsWithoutCost,
    Cost,
    Hours,
    Municipalities,
    Councils,
    Insured,
    Verdicts,
    LockedVerdicts,
    Linked,
    GuidanceReached,
    GuidanceExpected,
    GuidanceGain,
    HabitPoints,
}

/// Facts by name, with the table that they come from.
pub(super) const FACTS: [(&str, Fact, &str); 15] = [
    (
        "employers_offering",
        Fact::EmployersOffering,
        "summary_offers",
    ),
    ("programs", Fact::Programs, "summary_program_value"),
    (
        "programs_without_cost",
        Fact::ProgramsWithoutCost,
        "summary_program_value",
    ),
    ("cost_yen", Fact::Cost, "summary_program_value"),
    ("staff_hours", Fact::Hours, "summary_program_value"),
    (
        "municipalities",
        Fact::Municipalities,
        "clean_municipalities",
    ),
    ("councils", Fact::Councils, "clean_municipalities"),
    ("insured", Fact::Insured, "released_levels"),
    ("verdicts", Fact::Verdicts, "effect_verdicts"),
    ("locked_verdicts", Fact::LockedVerdicts, "effect_verdicts"),
    ("linked", Fact::Linked, "linkage_quality"),
    (
        "guidance_reached",
        Fact::GuidanceReached,
        "effect_guidance_goal",
    ),
    (
        "guidance_expected",
        Fact::GuidanceExpected,
        "effect_guidance_goal",
    ),
    ("guidance_gain", Fact::GuidanceGain, "effect_guidance_goal"),
    ("habit_points", Fact::HabitPoints, "summary_habit_points"),
];

/// What is shown of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactFill {
    Name,
    Value,
    Year,
    Table,
}

impl Filling for FactFill {
    fn has_years(self) -> bool {
        false
    }
}

pub(super) const FACT_FILLS: [(&str, FactFill); 4] = [
    ("fact.name", FactFill::Name),
    ("fact.value", FactFill::Value),
    ("fact.year", FactFill::Year),
    ("fact.table", FactFill::Table),
];
