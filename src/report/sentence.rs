//! What one effect says, in one plain sentence, with the naive number beside it. The rule that turns
//! an interval into a finding is here; charts and tables only show it.

use crate::disclosure::{EstimateNumbers, Interval, ReleasedEstimate, STATUS_WITHHELD};

use super::names::{LabelKind, Names, label};
use super::page::{EffectGroup, EffectRow, EventStudy, Judgement};
use super::text::{Lang, magnitude, range, signed, unit_name};
use crate::vocabulary::{Better, Unit};

/// Estimators without a comparison that holds up against self-selection or trends.
const NAIVE: [&str; 2] = ["participants_vs_non", "before_after"];
/// Two-way fixed effects: shown for comparison, never quoted as the effect under staggered starts.
const FIXED_EFFECTS: &str = "twfe";

/// What the causal estimate lets a reader say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The interval lies beyond the smallest change that matters, on the good side.
    Better,
    /// The interval lies on the good side of zero; whether the change is large enough to matter is open.
    SizeOpen,
    /// The interval lies on the bad side of zero.
    Worse,
    /// The interval excludes zero; the indicator has no good side.
    Changed,
    /// Whatever effect there is, it is too small to matter.
    NoRelevantEffect,
    /// The interval holds zero and effects that matter.
    CannotTell,
    /// A gate hides the estimate.
    NotJudged,
    /// The groups differed before the start: not to be believed.
    PreTrend,
    /// Too few people stand behind the estimate.
    Withheld,
    /// There is no estimate, or none with an interval.
    Unavailable,
}

impl Finding {
    /// All findings, most telling first.
    pub(crate) const ALL: [Self; 10] = [
        Self::Better,
        Self::SizeOpen,
        Self::Worse,
        Self::Changed,
        Self::NoRelevantEffect,
        Self::CannotTell,
        Self::NotJudged,
        Self::PreTrend,
        Self::Withheld,
        Self::Unavailable,
    ];

    /// What a verdict of a plan says.
    pub(crate) fn of_verdict(verdict: &str) -> Self {
        match verdict {
            "better" => Self::Better,
            "better_size_open" => Self::SizeOpen,
            "worse" => Self::Worse,
            "no_relevant_effect" => Self::NoRelevantEffect,
            "cannot_tell" => Self::CannotTell,
            "not_judged" => Self::NotJudged,
            _ => Self::Unavailable,
        }
    }

    /// The place among all findings, most telling first.
    pub(crate) fn rank(self) -> usize {
        let place = Self::ALL.iter().position(|own| *own == self);
        place.unwrap_or(Self::ALL.len())
    }

    /// The word on the badge.
    pub(crate) fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Better => lang.pick("意味のある改善", "Improved"),
            Self::SizeOpen => lang.pick("改善（大きさ未確定）", "Improved, size open"),
            Self::Worse => lang.pick("悪化", "Worsened"),
            Self::Changed => lang.pick("変化あり", "Changed"),
            Self::NoRelevantEffect => lang.pick("意味のある効果なし", "No relevant effect"),
            Self::CannotTell => lang.pick("判定できない", "Cannot tell"),
            Self::NotJudged => lang.pick("判定しない", "Not judged"),
            Self::PreTrend => lang.pick("効果と読めない", "Not credible"),
            Self::Withheld => lang.pick("非公表", "Withheld"),
            Self::Unavailable => lang.pick("推定なし", "No estimate"),
        }
    }

    /// A sign that is read without colour.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Better => "◎",
            Self::SizeOpen => "○",
            Self::Worse => "▼",
            Self::Changed => "◆",
            Self::NoRelevantEffect => "＝",
            Self::CannotTell => "？",
            Self::NotJudged | Self::PreTrend | Self::Withheld | Self::Unavailable => "－",
        }
    }

    /// The class that colours the badge.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Better | Self::SizeOpen => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::NoRelevantEffect => "nochange",
            Self::CannotTell => "open",
            Self::PreTrend | Self::NotJudged => "pretrend",
            Self::Withheld | Self::Unavailable => "missing",
        }
    }
}

/// Whether an estimator is two-way fixed effects.
pub(crate) fn is_fixed_effects(estimator: &str) -> bool {
    estimator == FIXED_EFFECTS
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

/// Reads the causal estimate of a group, with its event study and what its plan says if there are any.
pub(crate) fn finding(
    group: &EffectGroup,
    event_study: Option<&EventStudy>,
    judgement: Option<&Judgement>,
    names: Names<'_>,
) -> Finding {
    let Some(row) = causal_row(group) else {
        return Finding::Unavailable;
    };
    let estimate = row.estimate.value();
    let verdict = judgement.map(|judgement| judgement.verdict.as_str());
    let Some(numbers) = estimate.numbers else {
        return match (estimate.status.as_str(), verdict) {
            (STATUS_WITHHELD, _) => Finding::Withheld,
            (_, Some("not_judged")) => Finding::NotJudged,
            _ => Finding::Unavailable,
        };
    };
    if verdict == Some("not_judged") {
        return Finding::NotJudged;
    }
    if estimate.status == "pre_trend" || event_study.is_some_and(has_pre_trend) {
        return Finding::PreTrend;
    }
    let Some(interval) = numbers.interval else {
        return Finding::Unavailable;
    };
    match verdict {
        Some("better") => return Finding::Better,
        Some("better_size_open") => return Finding::SizeOpen,
        Some("worse") => return Finding::Worse,
        Some("no_relevant_effect") => return Finding::NoRelevantEffect,
        _ => {}
    }
    match (names.better(&group.indicator), side(interval)) {
        (Better::Neither, Side::Above | Side::Below) => Finding::Changed,
        // Where a plan judges several indicators together, its interval is wider than this one.
        _ if verdict.is_some() => Finding::CannotTell,
        (_, Side::Zero) => Finding::CannotTell,
        (Better::Higher, Side::Above) | (Better::Lower, Side::Below) => Finding::SizeOpen,
        _ => Finding::Worse,
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
pub(crate) fn sentence(
    group: &EffectGroup,
    finding: Finding,
    judgement: Option<&Judgement>,
    names: Names<'_>,
) -> String {
    let estimate = causal_row(group).map(|row| row.estimate.value());
    if let (Finding::NotJudged, Some(judgement)) = (finding, judgement) {
        return hidden(group, judgement, names);
    }
    let numbers = estimate.and_then(|estimate| estimate.numbers);
    let Some(numbers) = numbers.filter(|_| finding != Finding::Unavailable) else {
        return absence(group, estimate, finding, names);
    };
    let mut text = match names.lang {
        Lang::Ja => claim_ja(group, numbers, finding, names),
        Lang::En => claim_en(group, numbers, finding, names),
    };
    let detectable = judgement.and_then(|judgement| judgement.detectable);
    if let (Finding::CannotTell, Some(detectable)) = (finding, detectable) {
        text.push_str(&unseen(detectable, group, names));
    }
    if estimate.is_some_and(|estimate| is_approximate(&estimate.status)) {
        text.push_str(names.lang.pick(
            "事業所または人の数が少ないため、区間は目安である。",
            " Few worksites or people stand behind it: the interval is approximate.",
        ));
    }
    if let Some(naive) = naive_row(group).filter(|naive| is_told(numbers, naive)) {
        text.push_str(names.lang.pick("", " "));
        text.push_str(&naive_claim(group, numbers, &naive, finding, names));
    }
    text
}

/// Why a gate shows no number.
fn hidden(group: &EffectGroup, judgement: &Judgement, names: Names<'_>) -> String {
    let (ja, en) = &judgement.hidden_by;
    match names.lang {
        Lang::Ja => format!(
            "{}への効果は判定しない（{ja}）。数値は示さない。",
            subject_ja(group, names)
        ),
        Lang::En => format!(
            "{}: not judged, and no number is shown ({en}).",
            subject_en(group, names)
        ),
    }
}

/// How large an effect would have had to be.
fn unseen(detectable: f64, group: &EffectGroup, names: Names<'_>) -> String {
    let unit = names.unit(&group.indicator);
    let (size, name) = (magnitude(detectable, unit), unit_name(unit, names.lang));
    match names.lang {
        Lang::Ja => format!("{size}{name}より小さい効果は、この人数では見えない。"),
        Lang::En => format!(" An effect below {size}{name} would not have been seen."),
    }
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
pub(crate) struct Naive<'group> {
    pub(crate) estimator: &'group str,
    pub(crate) numbers: EstimateNumbers,
}

/// The naive estimate, where it points the other way than an effect that was found, both beyond chance.
pub(crate) fn opposite_naive(group: &EffectGroup, finding: Finding) -> Option<Naive<'_>> {
    let causal = causal_row(group)?.estimate.value().numbers?;
    naive_row(group).filter(|naive| finding != Finding::PreTrend && is_opposite(causal, naive))
}

fn is_opposite(causal: EstimateNumbers, naive: &Naive<'_>) -> bool {
    is_seen(causal) && is_seen(naive.numbers) && causal.estimate * naive.numbers.estimate < 0.0
}

/// Whether there is more than noise beside noise to speak of.
fn is_told(causal: EstimateNumbers, naive: &Naive<'_>) -> bool {
    is_seen(causal) || is_seen(naive.numbers)
}

/// Whether an estimate is beyond chance.
fn is_seen(numbers: EstimateNumbers) -> bool {
    let interval = numbers.interval;
    interval.is_some_and(|own| side(own) != Side::Zero)
}

fn naive_row(group: &EffectGroup) -> Option<Naive<'_>> {
    NAIVE.iter().find_map(|name| {
        let row = group.rows.iter().find(|row| row.estimator == *name)?;
        Some(Naive {
            estimator: row.estimator.as_str(),
            numbers: row.estimate.value().numbers?,
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
        Finding::NoRelevantEffect => {
            format!(
                "{subject}に意味のある大きさの効果はなかった（推定 {value}{name}、{interval}）。"
            )
        }
        Finding::CannotTell => {
            format!(
                "{subject}への効果があるともないとも言えない（推定 {value}{name}、{interval}）。"
            )
        }
        _ => {
            let size = magnitude(numbers.estimate, unit);
            let verb = verb_ja(numbers.estimate, unit);
            let open = match finding {
                Finding::SizeOpen => "意味のある大きさかどうかは、まだ言えない。",
                _ => "",
            };
            format!("{subject}が{size}{name}{verb}（{interval}）。{open}")
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
        Finding::NoRelevantEffect => {
            format!(
                "{subject}: whatever effect there is, it is too small to matter (estimate {value}{name}; {interval})."
            )
        }
        Finding::CannotTell => {
            format!(
                "{subject}: whether there is an effect cannot be told (estimate {value}{name}; {interval})."
            )
        }
        _ => {
            let size = magnitude(numbers.estimate, unit);
            let verb = if numbers.estimate > 0.0 {
                "rose"
            } else {
                "fell"
            };
            let open = match finding {
                Finding::SizeOpen => " Whether that is enough to matter is open.",
                _ => "",
            };
            format!("{subject} {verb} by {size}{name} ({interval}).{open}")
        }
    }
}

fn interval_text(interval: Interval, unit: &Unit, lang: Lang) -> String {
    let ends = range(interval.low, interval.high, unit, lang);
    match lang {
        Lang::Ja => format!("95%信頼区間 {ends}"),
        Lang::En => format!("95% CI {ends}"),
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

/// What the naive comparison shows, and how and why that differs from the effect.
fn naive_claim(
    group: &EffectGroup,
    causal: EstimateNumbers,
    naive: &Naive<'_>,
    finding: Finding,
    names: Names<'_>,
) -> String {
    let unit = names.unit(&group.indicator);
    let name = unit_name(unit, names.lang);
    let value = signed(naive.numbers.estimate, unit);
    let opening = match (names.lang, naive.estimator) {
        (Lang::Ja, "participants_vs_non") => "参加者と非参加者を比べるだけだと",
        (Lang::Ja, _) => "単純な前後比較では",
        (Lang::En, "participants_vs_non") => "Comparing participants with others would have shown",
        (Lang::En, _) => "A plain before–after comparison would have shown",
    };
    let tail = comparison(causal, naive, finding, names.lang);
    match names.lang {
        Lang::Ja => format!("{opening}{value}{name}と見え{tail}。"),
        Lang::En => format!("{opening} {value}{name}{tail}."),
    }
}

/// How the naive number departs from the causal one. Only what chance does not explain is called a difference: numbers that lie outside each
/// other's intervals, or one that points the other way than an effect that was found.
fn comparison(
    causal: EstimateNumbers,
    naive: &Naive<'_>,
    finding: Finding,
    lang: Lang,
) -> &'static str {
    if finding == Finding::PreTrend {
        return lang.pick(
            "るが、これも効果とは読めない",
            ", which is no effect either",
        );
    }
    let is_inside = causal
        .interval
        .is_some_and(|own| (own.low..=own.high).contains(&naive.numbers.estimate));
    if is_opposite(causal, naive) {
        return match naive.estimator {
            "participants_vs_non" => lang.pick(
                "、向きが逆になる。参加を選ぶ人がもともと違うためである",
                ", in the opposite direction: people who choose to take part differ to begin with",
            ),
            _ => lang.pick(
                "、向きが逆になる。施策がなくても値が動いていたためである",
                ", in the opposite direction: values moved without the program, too",
            ),
        };
    }
    if is_inside {
        return lang.pick(
            "、因果推定の区間の中にある",
            ", which lies within the interval of the effect",
        );
    }
    let holds_effect = |own: Interval| (own.low..=own.high).contains(&causal.estimate);
    if naive.numbers.interval.is_some_and(holds_effect) {
        return lang.pick(
            "るが、効果と偶然の範囲を超えて違うとは言えない",
            ", which chance does not tell apart from the effect",
        );
    }
    match naive.estimator {
        "participants_vs_non" => lang.pick(
            "るが、参加を選ぶ人がもともと違うためで、施策の効果ではない",
            ": people who choose to take part differ to begin with, and that is no effect of the program",
        ),
        _ => lang.pick(
            "るが、施策がなくても値が動いていたためで、施策の効果ではない",
            ": values moved without the program, too, and that is no effect of it",
        ),
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
