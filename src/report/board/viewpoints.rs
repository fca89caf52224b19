//! Structure, process, output and outcome of health programs (保健事業評価), from what the results know of each.

use maud::{Markup, html};

use super::measures::verdict;
use crate::disclosure::Count;
use crate::report::names::Names;
use crate::report::reading::{EffectReading, FieldReadings};
use crate::report::results::{Results, Spending};
use crate::report::sentence::Finding;
use crate::report::text::{
    Lang, count, fiscal_year, grouped, list, percent, range, unit_name, yen,
};
use crate::vocabulary::Unit;

/// Indicators of coverage: the share that had a checkup, and of those due for guidance, that began and finished it.
const COVERAGE: [&str; 3] = ["has_checkup", "guidance_started", "guidance_finished"];

/// The four, each with what is known.
pub(super) fn viewpoints(
    results: &Results,
    fields: &[FieldReadings<'_>],
    names: Names<'_>,
) -> Markup {
    let lang = names.lang;
    let rows = [
        (
            lang.pick("ストラクチャー（体制）", "Structure"),
            structure(results, lang),
        ),
        (
            lang.pick("プロセス（過程）", "Process"),
            process(results, fields, lang),
        ),
        (
            lang.pick("アウトプット（実施量）", "Output"),
            output(results, names),
        ),
        (
            lang.pick("アウトカム（成果）", "Outcome"),
            outcome(results, fields, names),
        ),
    ];
    html! {
        dl.viewpoints {
            @for (name, lines) in rows {
                @if !lines.is_empty() {
                    dt { (name) }
                    dd { ul { @for line in lines { li { (line) } } } }
                }
            }
        }
    }
}

fn said(text: String) -> Markup {
    html! { (text) }
}

fn structure(results: &Results, lang: Lang) -> Vec<Markup> {
    let mut lines = Vec::new();
    let latest = results.offers.iter().map(|offer| offer.year).max();
    if let Some(year) = latest {
        let of_year = results.offers.iter().filter(|offer| offer.year == year);
        let mut employers: Vec<&str> = of_year.map(|offer| offer.employer.as_str()).collect();
        employers.sort_unstable();
        employers.dedup();
        let n = employers.len();
        let year = fiscal_year(year, lang);
        lines.push(said(match lang {
            Lang::Ja => format!("施策を提供した事業主 {n}（{year}）"),
            Lang::En => format!("{n} employers offered programs in {year}"),
        }));
    }
    if !results.spending.is_empty() {
        lines.push(said(programs(&results.spending, lang)));
    }
    if !results.places.is_empty() {
        let n = results.places.len();
        let with = results
            .places
            .iter()
            .filter(|place| place.has_council)
            .count();
        lines.push(said(match lang {
            Lang::Ja => format!("地域・職域連携推進協議会のある区市町村 {with}／{n}"),
            Lang::En => format!("{with} of {n} municipalities have a community-workplace council"),
        }));
    }
    lines
}

/// How many programs there were, and what they took where it was delivered.
fn programs(spending: &[Spending], lang: Lang) -> String {
    let n: u64 = spending.iter().map(|own| own.n_programs).sum();
    let without: u64 = spending.iter().map(|own| own.n_without_cost).sum();
    let money = || spending.iter().filter_map(|own| *own.money.value());
    let cost: f64 = money().filter_map(|money| money.cost).sum();
    let hours: f64 = money().filter_map(|money| money.hours).sum();
    let (cost, hours) = (yen(cost, lang), hours_text(hours));
    let left_out = match (without, lang) {
        (0, _) => String::new(),
        (_, Lang::Ja) => format!("（費用の届かない{}施策を除く）", grouped(without)),
        (_, Lang::En) => format!(
            " (without {} programs whose cost was not delivered)",
            grouped(without)
        ),
    };
    match lang {
        Lang::Ja => format!(
            "施策 {}、費用 {cost}{left_out}、従事 {hours}時間",
            grouped(n)
        ),
        Lang::En => format!(
            "{} programs, {cost}{left_out}, {hours} staff hours",
            grouped(n)
        ),
    }
}

fn hours_text(hours: f64) -> String {
    crate::report::text::magnitude(hours, &Unit::Yen)
}

fn process(results: &Results, fields: &[FieldReadings<'_>], lang: Lang) -> Vec<Markup> {
    let mut lines = Vec::new();
    let all = || fields.iter().flat_map(|field| &field.readings);
    let n = all().count();
    if n > 0 {
        let is_locked =
            |reading: &&EffectReading<'_>| reading.judgement.is_some_and(|own| own.is_locked);
        let locked = all().filter(is_locked).count();
        lines.push(said(match lang {
            Lang::Ja => {
                format!("効果の判定{n}件のうち、結果を見る前に計画を固定したもの {locked}件")
            }
            Lang::En => format!(
                "{locked} of {n} verdicts follow plans that were fixed before results were seen"
            ),
        }));
    }
    let overall = results.linkage.iter().find(|row| {
        matches!(row.dimension.as_str(), "all" | "overall")
            && matches!(row.side.as_str(), "" | "insurer")
    });
    if let Some(share) = overall.and_then(|row| row.matched.value().share) {
        lines.push(said(match lang {
            Lang::Ja => format!("加入者が事業主のデータと突合できた割合 {}", percent(share)),
            Lang::En => format!(
                "{} of the insured could be linked to an employer’s data",
                percent(share)
            ),
        }));
    }
    lines
}

fn output(results: &Results, names: Names<'_>) -> Vec<Markup> {
    let lang = names.lang;
    let mut lines = Vec::new();
    let all = results.levels.group("all", "all");
    for indicator in COVERAGE {
        let Some(years) = all.and_then(|all| all.indicators.get(indicator)) else {
            continue;
        };
        let known = years.iter().rev();
        let known = known
            .filter_map(|year| Some((year.year, year.level.value().numbers?)))
            .next();
        let Some((year, share)) = known else { continue };
        let (year, name) = (fiscal_year(year, lang), names.indicator_heading(indicator));
        lines.push(said(match lang {
            Lang::Ja => format!("{name} {}（{year}）", percent(share)),
            Lang::En => format!("{name}: {} ({year})", percent(share)),
        }));
    }
    let reached = |own: &Spending| {
        let share = own.reached.value();
        let n = count(share.whole, results.rules);
        let part = share.share.map(percent);
        let name = names.field(&own.field);
        match (lang, part) {
            (Lang::Ja, Some(part)) => format!("{name} {n}人（参加 {part}）"),
            (Lang::En, Some(part)) => format!("{name} {n} ({part} took part)"),
            (Lang::Ja, None) => format!("{name} {n}人"),
            (Lang::En, None) => format!("{name} {n}"),
        }
    };
    let is_shown = |own: &&Spending| own.reached.value().whole != Count::Shown(0);
    let reached: Vec<String> = results
        .spending
        .iter()
        .filter(is_shown)
        .map(reached)
        .collect();
    if !reached.is_empty() {
        let lead = lang.pick(
            "施策の対象になった人：",
            "Persons first offered a program: ",
        );
        lines.push(said(format!("{lead}{}", list(&reached, lang))));
    }
    lines
}

fn outcome(results: &Results, fields: &[FieldReadings<'_>], names: Names<'_>) -> Vec<Markup> {
    let lang = names.lang;
    let mut lines = Vec::new();
    let all: Vec<Finding> = fields
        .iter()
        .flat_map(|field| &field.readings)
        .map(|reading| reading.finding)
        .collect();
    let of = |kind: Finding| all.iter().filter(|own| **own == kind).count();
    if !all.is_empty() {
        lines.push(html! {
            (lang.pick("効果の判定（副次の指標を含む）：", "Verdicts, secondary indicators included: "))
            @for kind in Finding::ALL {
                @if of(kind) > 0 { span.tally { (verdict(kind, lang)) " " (of(kind)) } " " }
            }
        });
    }
    lines.extend(ratings(results, names));
    lines.extend(guidance(results, lang));
    lines.extend(points(results, lang));
    lines
}

fn ratings(results: &Results, names: Names<'_>) -> Option<Markup> {
    let lang = names.lang;
    let known = results.ratings.iter().filter(|own| own.is_of_levels());
    let rated = known.map(|own| {
        let name = names.indicator_heading(&own.indicator);
        format!("{name} {}", own.rating)
    });
    let rated: Vec<String> = rated.collect();
    let lead = lang.pick("目標に対する評定：", "Ratings against targets: ");
    (!rated.is_empty()).then(|| said(format!("{lead}{}", list(&rated, lang))))
}

/// Who reaches the goal of guidance, beside how many would by luck.
fn guidance(results: &Results, lang: Lang) -> Option<Markup> {
    let all = results.guidance.iter().find(|own| own.year.is_none())?;
    let goal = (*all.reached.value())?;
    let (reached, expected) = (percent(goal.reached), percent(goal.expected));
    let gain = goal.gain?;
    let ends = range(gain.range.low, gain.range.high, &Unit::Share, lang);
    let points = unit_name(&Unit::Share, lang);
    let is_more = gain.range.low > 0.0;
    Some(said(match (lang, is_more) {
        (Lang::Ja, true) => format!(
            "特定保健指導の終了者のうち目標（2cm・2kg）に届いたのは{reached}。指導がなくても{expected}が届いたとみられ、差は{ends}{points}"
        ),
        (Lang::Ja, false) => format!(
            "特定保健指導の終了者のうち目標（2cm・2kg）に届いたのは{reached}。指導がなくても{expected}が届いたとみられ、差があるとは言えない（{ends}{points}）"
        ),
        (Lang::En, true) => format!(
            "{reached} of those who finished health guidance reached its goal; {expected} would have without it: {ends}{points} more"
        ),
        (Lang::En, false) => format!(
            "{reached} of those who finished health guidance reached its goal; {expected} would have without it: no clear difference \
             ({ends}{points})"
        ),
    }))
}

/// Points of the insurers' assessment in the latest year.
fn points(results: &Results, lang: Lang) -> Option<Markup> {
    let year = results.habits.iter().map(|own| own.year).max()?;
    let known = results.habits.iter().filter(|own| own.year == year);
    let known: Vec<i64> = known.filter_map(|own| *own.points.value()).collect();
    let (n, sum) = (known.len(), known.iter().sum::<i64>());
    let year = fiscal_year(year, lang);
    (n > 0).then(|| {
        said(match lang {
            Lang::Ja => format!("総合評価指標（生活習慣{n}項目）の点 {sum}点以上（{year}）"),
            Lang::En => {
                format!("At least {sum} points of the insurers’ assessment for {n} habits ({year})")
            }
        })
    })
}
