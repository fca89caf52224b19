//! What one effect says, in one plain sentence, with the naive number beside it. The rule that turns
//! an interval into a finding is here; charts and tables only show it.

use crate::disclosure::{EstimateNumbers, Interval, ReleasedEstimate, STATUS_WITHHELD};

use super::names::{LabelKind, Names, label};
use super::page::{EffectGroup, EffectRow, EventStudy};
use super::text::{Lang, magnitude, signed, unit_name};
use crate::vocabulary::{Better, Unit};

/// Estimators without a comparison that holds up against self-selection or trends.
const NAIVE: [&str; 2] = ["participants_vs_non", "before_after"];
/// Two-way fixed effects: shown for comparison, never quoted as the effect under staggered starts.
const FIXED_EFFECTS: &str = "twfe";

/// What the causal estimate lets a reader say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The interval lies on the good side of zero.
    Better,
    /// The interval lies on the bad side of zero.
    Worse,
    /// The interval excludes zero; the indicator has no good side.
    Changed,
    /// The interval contains zero.
    NoChange,
    /// The groups differed before the start: not to be believed.
    PreTrend,
    /// Too few people stand behind the estimate.
    Withheld,
    /// There is no estimate, or none with an interval.
    Unavailable,
}

impl Finding {
    /// All findings, most telling first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Better,
        Self::Worse,
        Self::Changed,
        Self::NoChange,
        Self::PreTrend,
        Self::Withheld,
        Self::Unavailable,
    ];

    /// The word on the badge.
    pub(crate) fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Better => lang.pick("改善", "Improved"),
            Self::Worse => lang.pick("悪化", "Worsened"),
            Self::Changed => lang.pick("変化あり", "Changed"),
            Self::NoChange => lang.pick("変化は検出されず", "No detectable change"),
            Self::PreTrend => lang.pick("効果と読めない", "Not credible"),
            Self::Withheld => lang.pick("非公表", "Withheld"),
            Self::Unavailable => lang.pick("推定なし", "No estimate"),
        }
    }

    /// The class that colours the badge.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::NoChange => "nochange",
            Self::PreTrend => "pretrend",
            Self::Withheld | Self::Unavailable => "missing",
        }
    }
}

/// Whether an estimator is one of the naive comparisons.
pub(crate) fn is_naive(estimator: &str) -> bool {
    NAIVE.contains(&estimator)
}

/// The row whose estimate is read as the effect: the first that is neither naive nor plain two-way
/// fixed effects.
pub(crate) fn causal_row(group: &EffectGroup) -> Option<&EffectRow> {
    group
        .rows
        .iter()
        .find(|row| !is_naive(&row.estimator) && row.estimator != FIXED_EFFECTS)
}

/// Reads the causal estimate of a group, with its event study if there is one.
pub(crate) fn finding(
    group: &EffectGroup,
    event_study: Option<&EventStudy>,
    names: Names<'_>,
) -> Finding {
    let Some(row) = causal_row(group) else {
        return Finding::Unavailable;
    };
    let estimate = row.estimate.value();
    let Some(numbers) = estimate.numbers else {
        let is_withheld = estimate.status == STATUS_WITHHELD;
        return if is_withheld {
            Finding::Withheld
        } else {
            Finding::Unavailable
        };
    };
    if estimate.status == "pre_trend" || event_study.is_some_and(has_pre_trend) {
        return Finding::PreTrend;
    }
    let Some(interval) = numbers.interval else {
        return Finding::Unavailable;
    };
    match (names.better(&group.indicator), side(interval)) {
        (_, Side::Zero) => Finding::NoChange,
        (Better::Neither, _) => Finding::Changed,
        (Better::Higher, Side::Above) | (Better::Lower, Side::Below) => Finding::Better,
        (Better::Higher, Side::Below) | (Better::Lower, Side::Above) => Finding::Worse,
    }
}

/// Whether the simultaneous band (or, without one, the pointwise interval) excludes zero at any
/// time before the start.
pub(crate) fn has_pre_trend(event_study: &EventStudy) -> bool {
    event_study
        .points
        .iter()
        .filter(|point| point.event_time < 0)
        .any(|point| {
            let numbers = point.estimate.value().numbers;
            numbers
                .and_then(|numbers| numbers.band.or(numbers.interval))
                .is_some_and(|range| side(range) != Side::Zero)
        })
}

/// The sentence for a group: what changed, and what the naive comparison would have claimed.
pub(crate) fn sentence(group: &EffectGroup, finding: Finding, names: Names<'_>) -> String {
    let estimate = causal_row(group).map(|row| row.estimate.value());
    let numbers = estimate.and_then(|estimate| estimate.numbers);
    let Some(numbers) = numbers.filter(|_| finding != Finding::Unavailable) else {
        return absence(group, estimate, finding, names);
    };
    let mut text = match names.lang {
        Lang::Ja => claim_ja(group, numbers, finding, names),
        Lang::En => claim_en(group, numbers, finding, names),
    };
    if estimate.is_some_and(|estimate| is_approximate(&estimate.status)) {
        text.push_str(names.lang.pick(
            "事業所または人の数が少ないため、区間は目安である。",
            " Few worksites or people stand behind it: the interval is approximate.",
        ));
    }
    if let Some(naive) = naive_row(group) {
        text.push_str(names.lang.pick("", " "));
        text.push_str(&naive_claim(group, numbers, &naive, finding, names));
    }
    text
}

/// Statuses under which an estimator gives an interval that is not to be relied on.
fn is_approximate(status: &str) -> bool {
    matches!(status, "few_clusters" | "too_few")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Zero,
    Above,
}

fn side(range: Interval) -> Side {
    if range.low > 0.0 {
        Side::Above
    } else if range.high < 0.0 {
        Side::Below
    } else {
        Side::Zero
    }
}

/// A naive estimate that may be quoted.
struct Naive<'group> {
    estimator: &'group str,
    estimate: f64,
}

fn naive_row(group: &EffectGroup) -> Option<Naive<'_>> {
    NAIVE.iter().find_map(|name| {
        let row = group.rows.iter().find(|row| row.estimator == *name)?;
        let estimate = row.estimate.value().numbers?.estimate;
        Some(Naive {
            estimator: row.estimator.as_str(),
            estimate,
        })
    })
}

fn subject_ja(group: &EffectGroup, names: Names<'_>) -> String {
    format!(
        "{}の施策の対象となった{}では、{}",
        names.field(&group.field),
        label(LabelKind::PopulationInSentence, &group.population, Lang::Ja),
        names.indicator_subject(&group.indicator),
    )
}

fn subject_en(group: &EffectGroup, names: Names<'_>) -> String {
    format!(
        "{}: among {}, {}",
        names.field(&group.field),
        label(LabelKind::PopulationInSentence, &group.population, Lang::En),
        names.indicator_subject(&group.indicator),
    )
}

fn claim_ja(
    group: &EffectGroup,
    numbers: EstimateNumbers,
    finding: Finding,
    names: Names<'_>,
) -> String {
    let unit = names.unit(&group.indicator);
    let subject = subject_ja(group, names);
    let name = unit_name(unit, Lang::Ja);
    let value = signed(numbers.estimate, unit);
    let interval = numbers
        .interval
        .map(|interval| interval_text(interval, unit, Lang::Ja));
    let interval = interval.unwrap_or_default();
    match finding {
        Finding::PreTrend => format!(
            "{subject}は施策の開始前から比較群と違う動きをしていた。\
             推定値（{value}{name}、{interval}）を効果と読むことはできない。"
        ),
        Finding::NoChange => {
            format!("{subject}に変化は検出されなかった（推定 {value}{name}、{interval}）。")
        }
        _ => {
            let size = magnitude(numbers.estimate, unit);
            let verb = verb_ja(numbers.estimate, unit);
            format!("{subject}が{size}{name}{verb}（{interval}）。")
        }
    }
}

fn claim_en(
    group: &EffectGroup,
    numbers: EstimateNumbers,
    finding: Finding,
    names: Names<'_>,
) -> String {
    let unit = names.unit(&group.indicator);
    let subject = subject_en(group, names);
    let name = unit_name(unit, Lang::En);
    let value = signed(numbers.estimate, unit);
    let interval = numbers
        .interval
        .map(|interval| interval_text(interval, unit, Lang::En));
    let interval = interval.unwrap_or_default();
    match finding {
        Finding::PreTrend => format!(
            "{subject} already moved differently from the comparison group before the start. \
             The estimate ({value}{name}; {interval}) cannot be read as an effect."
        ),
        Finding::NoChange => {
            format!("{subject} did not detectably change (estimate {value}{name}; {interval}).")
        }
        _ => {
            let size = magnitude(numbers.estimate, unit);
            let verb = if numbers.estimate > 0.0 {
                "rose"
            } else {
                "fell"
            };
            format!("{subject} {verb} by {size}{name} ({interval}).")
        }
    }
}

fn interval_text(interval: Interval, unit: &Unit, lang: Lang) -> String {
    let (low, high) = (signed(interval.low, unit), signed(interval.high, unit));
    match lang {
        Lang::Ja => format!("95%信頼区間 {low}～{high}"),
        Lang::En => format!("95% CI {low} to {high}"),
    }
}

fn verb_ja(estimate: f64, unit: &Unit) -> &'static str {
    let is_level = matches!(
        unit,
        Unit::MillimetreOfMercury
            | Unit::MilligramPerDecilitre
            | Unit::Percent
            | Unit::KilogramPerSquareMetre
            | Unit::Score
            | Unit::SmallScore
            | Unit::Bare
    );
    match (is_level, estimate > 0.0) {
        (true, true) => "上がった",
        (true, false) => "下がった",
        (false, true) => "増えた",
        (false, false) => "減った",
    }
}

fn naive_claim(
    group: &EffectGroup,
    causal: EstimateNumbers,
    naive: &Naive<'_>,
    finding: Finding,
    names: Names<'_>,
) -> String {
    let unit = names.unit(&group.indicator);
    let name = unit_name(unit, names.lang);
    let value = signed(naive.estimate, unit);
    let opening = match (names.lang, naive.estimator) {
        (Lang::Ja, "participants_vs_non") => "参加者と非参加者を比べるだけだと",
        (Lang::Ja, _) => "単純な前後比較では",
        (Lang::En, "participants_vs_non") => "Comparing participants with others would have shown",
        (Lang::En, _) => "A plain before–after comparison would have shown",
    };
    let tail = comparison(causal.estimate, naive.estimate, unit, finding, names);
    match names.lang {
        Lang::Ja => format!("{opening}{value}{name}と見え{tail}。"),
        Lang::En => format!("{opening} {value}{name}{tail}."),
    }
}

/// How the naive number departs from the causal one, seen in the direction the causal estimate
/// points (or the naive one, when no change was found).
fn comparison(causal: f64, naive: f64, unit: &Unit, finding: Finding, names: Names<'_>) -> String {
    if finding == Finding::PreTrend {
        return names
            .lang
            .pick(
                "るが、これも効果とは読めない",
                ", which is no effect either",
            )
            .to_owned();
    }
    let difference = naive - causal;
    let size = magnitude(difference, unit);
    let name = unit_name(unit, names.lang);
    if size.chars().all(|digit| matches!(digit, '0' | '.')) {
        return names
            .lang
            .pick("、因果推定とほぼ同じである", ", about the same")
            .to_owned();
    }
    if finding != Finding::NoChange && causal * naive < 0.0 {
        return names
            .lang
            .pick("、向きが逆になる", ", in the opposite direction")
            .to_owned();
    }
    let reference = if finding == Finding::NoChange {
        naive
    } else {
        causal
    };
    match (difference * reference > 0.0, names.lang) {
        (true, Lang::Ja) => format!("、{size}{name}過大になる"),
        (false, Lang::Ja) => format!("、{size}{name}過小になる"),
        (true, Lang::En) => format!(", {size}{name} too much"),
        (false, Lang::En) => format!(", {size}{name} too little"),
    }
}

fn absence(
    group: &EffectGroup,
    estimate: Option<&ReleasedEstimate>,
    finding: Finding,
    names: Names<'_>,
) -> String {
    let subject = match names.lang {
        Lang::Ja => subject_ja(group, names),
        Lang::En => subject_en(group, names),
    };
    if finding == Finding::Withheld {
        return match names.lang {
            Lang::Ja => format!("{subject}の推定に使える人数が少なく、公表しない。"),
            Lang::En => format!("{subject} is not shown because it rests on too few people."),
        };
    }
    let status = estimate.filter(|estimate| estimate.status != "ok");
    let reason = status.map_or_else(
        || {
            names
                .lang
                .pick("推定値または区間がない", "no estimate or no interval")
                .to_owned()
        },
        |estimate| label(LabelKind::Status, &estimate.status, names.lang),
    );
    match names.lang {
        Lang::Ja => format!("{subject}への効果は推定できなかった（{reason}）。"),
        Lang::En => format!("{subject}: the effect could not be estimated ({reason})."),
    }
}
