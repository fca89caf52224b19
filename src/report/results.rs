//! What the pages for boards, employers and municipalities are made of, as plain data in no language, read once for all pages. Every number
//! about people is a [`Releasable`]. What a page shows of it is in `board`, `employer` and `municipality`.

use std::collections::BTreeMap;

use super::page::{EffectGroup, EventStudy, JudgedNumbers, Judgement, LinkageRow, Provenance};
use crate::disclosure::{Count, DisclosureRules, Interval, Level, Releasable, Share};
use crate::vocabulary::Vocabulary;

/// Everything that pages of the results show. Empty lists leave their section out.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Whom the project is about.
    pub subject: Option<String>,
    /// What the project calls its fields and indicators.
    pub vocabulary: Vocabulary,
    /// What made the numbers.
    pub provenance: Provenance,
    /// The rules every released value obeyed.
    pub rules: DisclosureRules,
    /// Effects, the first of a field is its main indicator.
    pub effects: Vec<EffectGroup>,
    /// What the plans say of them.
    pub judgements: Vec<Judgement>,
    /// Effects by time since first exposure.
    pub event_studies: Vec<EventStudy>,
    /// Indicators by which plans judge first, in the order of the vocabulary.
    pub primaries: Vec<String>,
    /// What plans say of effects in subgroups.
    pub parts: Vec<PartVerdict>,
    /// Levels by year, standardised.
    pub trends: Vec<Trend>,
    /// The same of all ages that are evaluated, with which places are compared.
    pub wholes: Vec<Trend>,
    /// The same of municipalities.
    pub place_trends: Vec<PlaceTrend>,
    /// How far indicators with a target have come.
    pub ratings: Vec<Rating>,
    /// What programs cost, by field.
    pub spending: Vec<Spending>,
    /// Days and yen that health management gains.
    pub gains: Vec<Gain>,
    /// Programs offered, by employer, field and year.
    pub offers: Vec<Offer>,
    /// Employers, with what they are compared with.
    pub employers: Vec<Employer>,
    /// Levels as counted, by grouping.
    pub levels: GroupLevels,
    /// Who reaches the goal of health guidance, by year.
    pub guidance: Vec<GuidanceYear>,
    /// Points of the insurers' assessment.
    pub habits: Vec<HabitYear>,
    /// How well persons were linked.
    pub linkage: Vec<LinkageRow>,
    /// Municipalities and their councils, in their latest year.
    pub places: Vec<Place>,
}

/// What a plan says of an effect in one level of a grouping.
#[derive(Debug, Clone, PartialEq)]
pub struct PartVerdict {
    /// The plan.
    pub evaluation: String,
    /// Indicator name.
    pub indicator: String,
    /// `municipality_code` or `council_stage`.
    pub by: String,
    /// The level's value.
    pub level: String,
    /// One of the six verdicts.
    pub verdict: String,
    /// Estimate and interval; `None` where withheld, hidden or missing.
    pub numbers: Releasable<Option<JudgedNumbers>>,
    /// Exposed persons.
    pub n_treated: Releasable<Count>,
}

/// One indicator of the insured of 40 to 74 (or of a project's whole population), year by year.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Indicator name.
    pub indicator: String,
    /// Years in order.
    pub points: Vec<TrendPoint>,
}

/// One year of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// Fiscal year.
    pub year: i64,
    /// Years of one series may be compared.
    pub series: i64,
    /// The level.
    pub level: Releasable<Level<StandardisedLevel>>,
    /// Published figure of Japan.
    pub national: Option<f64>,
    /// Published figure of Tokyo.
    pub tokyo: Option<f64>,
}

/// A standardised level with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardisedLevel {
    /// The level.
    pub value: f64,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
}

/// One indicator of one municipality, year by year.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceTrend {
    /// Municipality code.
    pub code: String,
    /// The indicator.
    pub trend: Trend,
}

/// How an indicator with a target has moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// Indicator name.
    pub indicator: String,
    /// Population.
    pub population: String,
    /// Year the change is measured from.
    pub baseline_year: i64,
    /// Year of the target.
    pub target_year: i64,
    /// Target.
    pub target: f64,
    /// Latest year.
    pub latest_year: Option<i64>,
    /// The word of the scale.
    pub rating: String,
}

/// What programs of a field cost and took.
#[derive(Debug, Clone, PartialEq)]
pub struct Spending {
    /// Program field.
    pub field: String,
    /// Its primary indicator.
    pub indicator: String,
    /// Programs.
    pub n_programs: u64,
    /// Of these, programs whose cost was not delivered.
    pub n_without_cost: u64,
    /// Persons offered a program, and of these participants.
    pub reached: Releasable<Share>,
    /// Money; `None` where withheld or unknown.
    pub money: Releasable<Option<Money>>,
}

/// Yen of a field's programs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Money {
    /// All programs together.
    pub cost: Option<f64>,
    /// Staff hours.
    pub hours: Option<f64>,
    /// Per person offered.
    pub per_exposed: Option<f64>,
    /// Per change of one person or unit.
    pub per_change: Option<f64>,
    /// The range that goes with the effect's interval.
    pub per_change_range: Option<Interval>,
}

/// Days and yen that health management gains for one employer, or for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// The employer; `None` for all together.
    pub employer: Option<String>,
    /// Person-years.
    pub n_person_years: Releasable<Count>,
    /// `ok`, or why the days are missing.
    pub status: String,
    /// Working days.
    pub days: Releasable<Option<GainedDays>>,
    /// Yen.
    pub yen: Releasable<Option<GainedYen>>,
}

/// Working days gained, with the range of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainedDays {
    /// Person-years that they are of.
    pub person_years: f64,
    /// Less absence.
    pub absence: Option<ValueWithRange>,
    /// Less presenteeism.
    pub presenteeism: Option<ValueWithRange>,
    /// Both.
    pub both: Option<ValueWithRange>,
}

/// Yen gained and spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainedYen {
    /// Gained.
    pub gained: ValueWithRange,
    /// Spent; `None` where not delivered.
    pub cost: Option<f64>,
    /// Probability that more is gained than spent.
    pub probability: Option<f64>,
}

/// A number with its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueWithRange {
    /// The number.
    pub value: f64,
    /// Its range.
    pub range: Interval,
}

/// An employer.
#[derive(Debug, Clone, PartialEq)]
pub struct Employer {
    /// Its number.
    pub id: String,
    /// Its latest year.
    pub year: i64,
    /// Insured in that year.
    pub n_insured: Releasable<Count>,
    /// Size band of the worksites where most of its insured work; empty where not known.
    pub size_band: String,
    /// Industry of these; empty where not known.
    pub industry: String,
}

/// Programs of one field that an employer offered in a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The employer.
    pub employer: String,
    /// Program field.
    pub field: String,
    /// Fiscal year.
    pub year: i64,
    /// Programs that ran.
    pub n_programs: u64,
    /// Who took part among those offered.
    pub reached: Releasable<Share>,
    /// Hours and yen of programs that began in the year.
    pub took: Releasable<Option<ProgramCosts>>,
}

/// What programs took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProgramCosts {
    /// Staff hours.
    pub hours: Option<f64>,
    /// Yen.
    pub cost: Option<f64>,
}

/// One year of the goal of health guidance.
#[derive(Debug, Clone, PartialEq)]
pub struct GuidanceYear {
    /// Fiscal year; `None` for all.
    pub year: Option<i64>,
    /// Who finished.
    pub n_finished: Releasable<Count>,
    /// Shares; `None` where withheld.
    pub reached: Releasable<Option<GuidanceGoal>>,
}

/// Who reaches the goal, beside how many would by luck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuidanceGoal {
    /// Share that reaches it.
    pub reached: f64,
    /// Share that would.
    pub expected: f64,
    /// The difference with its interval.
    pub gain: Option<ValueWithRange>,
}

/// Points of one habit in one year.
#[derive(Debug, Clone, PartialEq)]
pub struct HabitYear {
    /// `exercise`, `diet` …
    pub habit: String,
    /// Indicator name.
    pub indicator: String,
    /// Fiscal year.
    pub year: i64,
    /// Points; `None` where withheld or not known.
    pub points: Releasable<Option<i64>>,
}

/// A municipality and its council.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// 5-digit code.
    pub code: String,
    /// Its name, as delivered.
    pub name: String,
    /// Secondary medical area.
    pub area: String,
    /// Whether it has a council.
    pub has_council: bool,
    /// 1 to 4; `None` without one.
    pub stage: Option<i64>,
    /// Joint projects in the year.
    pub joint_projects: Option<i64>,
}

/// Levels as counted: by grouping, level and indicator, year by year.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupLevels {
    /// By grouping, then level.
    pub groups: BTreeMap<String, BTreeMap<String, GroupLevel>>,
}

/// What is known of one level of a grouping.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupLevel {
    /// By indicator, years in order.
    pub indicators: BTreeMap<String, Vec<YearLevel>>,
}

/// One year of one indicator.
#[derive(Debug, Clone, PartialEq)]
pub struct YearLevel {
    /// Fiscal year.
    pub year: i64,
    /// The share or mean.
    pub level: Releasable<Level<f64>>,
}

impl Rating {
    /// Whether levels are known that it rates: where the population has none, there is a target only.
    #[must_use]
    pub fn is_of_levels(&self) -> bool {
        self.latest_year.is_some()
    }
}

impl GroupLevels {
    /// The levels of a grouping.
    #[must_use]
    pub fn of(&self, by: &str) -> Option<&BTreeMap<String, GroupLevel>> {
        self.groups.get(by)
    }

    /// One level of a grouping.
    #[must_use]
    pub fn group(&self, by: &str, level: &str) -> Option<&GroupLevel> {
        self.groups.get(by)?.get(level)
    }

    /// The latest year that anything is known of.
    #[must_use]
    pub fn latest_year(&self) -> Option<i64> {
        self.group("all", "all")?.latest_year()
    }

    /// The first year that anything is known of.
    #[must_use]
    pub fn first_year(&self) -> Option<i64> {
        let all = self.group("all", "all")?;
        all.indicators
            .values()
            .flatten()
            .map(|level| level.year)
            .min()
    }
}

impl GroupLevel {
    /// The latest year that anything is known of.
    #[must_use]
    pub fn latest_year(&self) -> Option<i64> {
        self.indicators
            .values()
            .flatten()
            .map(|level| level.year)
            .max()
    }

    /// An indicator in a year.
    #[must_use]
    pub fn in_year(&self, indicator: &str, year: i64) -> Option<&Level<f64>> {
        let years = self.indicators.get(indicator)?;
        let found = years.iter().find(|level| level.year == year)?;
        Some(found.level.value())
    }

    /// How many insured there are in a year: those with the indicator that most have.
    #[must_use]
    pub fn insured(&self, year: i64) -> Count {
        let of_year = |years: &Vec<YearLevel>| {
            let found = years.iter().find(|level| level.year == year)?;
            found.level.value().n.shown()
        };
        let most = self.indicators.values().filter_map(of_year).max();
        most.map_or(Count::Withheld, Count::Shown)
    }
}

impl Results {
    /// Whether programs were delivered, so that there can be effects.
    #[must_use]
    pub fn has_programs(&self) -> bool {
        let is_counted = |group: &EffectGroup| {
            let mut rows = group.rows.iter().map(|row| row.estimate.value());
            rows.any(|estimate| {
                estimate.numbers.is_some()
                    || estimate.n_treated.is_some_and(|n| n != Count::Shown(0))
            })
        };
        !self.offers.is_empty() || !self.spending.is_empty() || self.effects.iter().any(is_counted)
    }

    /// Whether there is anything that a board can be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.effects.is_empty() && self.trends.is_empty() && self.levels.groups.is_empty()
    }

    /// One employer.
    #[must_use]
    pub fn employer(&self, id: &str) -> Option<&Employer> {
        self.employers.iter().find(|employer| employer.id == id)
    }

    /// The trend of an indicator.
    #[must_use]
    pub fn trend(&self, indicator: &str) -> Option<&Trend> {
        self.trends
            .iter()
            .find(|trend| trend.indicator == indicator)
    }

    /// The indicators that pages show first: those with a target, those that plans judge by, then those with published
    /// figures; in each group as the vocabulary has them.
    #[must_use]
    pub fn main_indicators(&self) -> Vec<&str> {
        let all = self
            .vocabulary
            .indicators
            .iter()
            .map(|own| own.name.as_str());
        let all: Vec<&str> = all.collect();
        let has_target =
            |name: &&&str| self.ratings.iter().any(|rating| rating.indicator == **name);
        let is_primary = |name: &&&str| self.primaries.iter().any(|primary| primary == **name);
        let is_published = |name: &&&str| {
            self.trend(name)
                .is_some_and(|trend| trend.points.iter().any(|point| point.national.is_some()))
        };
        let mut found: Vec<&str> = all.iter().filter(has_target).copied().collect();
        for name in all
            .iter()
            .filter(is_primary)
            .chain(all.iter().filter(is_published))
        {
            if !found.contains(name) {
                found.push(name);
            }
        }
        found
    }
}
