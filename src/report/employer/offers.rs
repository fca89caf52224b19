//! What the employer offered, by field, and how many took part.

use maud::{Markup, html};

use super::own::Own;
use crate::report::results::Offer;
use crate::report::text::{Lang, count, fiscal_year, list, magnitude, percent, yen};
use crate::vocabulary::Unit;

/// The programs of one field over the years.
pub(super) struct OfferedField<'page> {
    pub(super) field: &'page str,
    first_year: i64,
    latest: &'page Offer,
    all: Vec<&'page Offer>,
}

/// Fields with programs, in the order of the vocabulary.
pub(super) fn offered_fields<'page>(own: &Own<'page>) -> Vec<OfferedField<'page>> {
    let known = own
        .results
        .vocabulary
        .fields
        .iter()
        .map(|field| field.name.as_str());
    let found = known.filter_map(|field| {
        let of_field = own.offers.iter().copied();
        let all: Vec<&Offer> = of_field.filter(|offer| offer.field == field).collect();
        let latest = all.iter().copied().max_by_key(|offer| offer.year)?;
        Some(OfferedField {
            field,
            first_year: all.iter().map(|offer| offer.year).min()?,
            latest,
            all,
        })
    });
    found.collect()
}

/// The table, or that nothing is known.
pub(super) fn table(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    let fields = offered_fields(own);
    if fields.is_empty() {
        return html! { p { (lang.pick(
            "取り組みのデータは届いていません。実施しているものがあれば、加入する健康保険組合などを通じてお知らせください。",
            "We know of no programs. If there are any, please tell us through your insurer.",
        )) } };
    }
    html! {
        table.stack {
            thead { tr {
                th { (lang.pick("分野", "Field")) }
                th { (lang.pick("実施した年度", "Years")) }
                th.num { (lang.pick("対象になった人", "Offered")) }
                th.num { (lang.pick("そのうち参加した人", "Took part")) }
                th.num { (lang.pick("参加の割合", "Share")) }
                th.num { (lang.pick("全事業主では", "All employers")) }
                th.num { (lang.pick("かけた時間", "Hours")) }
                th.num { (lang.pick("費用", "Cost")) }
            } }
            tbody { @for field in &fields { (row(own, field)) } }
        }
        p.sub { (lang.pick(
            "対象・参加は最後に実施した年度の人数、時間と費用は全期間の合計。",
            "Persons are those of the last year with a program; hours and cost are of all years.",
        )) }
    }
}

fn row(own: &Own<'_>, offered: &OfferedField<'_>) -> Markup {
    let lang = own.lang();
    let share = offered.latest.reached.value();
    let shown = |share: Option<f64>| share.map_or("－".to_owned(), percent);
    let took: Vec<_> = offered
        .all
        .iter()
        .filter_map(|offer| *offer.took.value())
        .collect();
    let sum = |of: Vec<Option<f64>>| {
        let known: Vec<f64> = of.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>())
    };
    let hours = sum(took.iter().map(|took| took.hours).collect());
    let cost = sum(took.iter().map(|took| took.cost).collect());
    let hours = hours.map_or("－".to_owned(), |hours| match lang {
        Lang::Ja => format!("{}時間", magnitude(hours, &Unit::Yen)),
        Lang::En => format!("{} h", magnitude(hours, &Unit::Yen)),
    });
    let rules = own.results.rules;
    html! {
        tr {
            th scope="row" { (own.names.field(offered.field)) }
            td data-label=(lang.pick("実施した年度", "Years")) { (years(offered, lang)) }
            td.num.n data-label=(lang.pick("対象になった人", "Offered")) { (count(share.whole, rules)) }
            td.num.n data-label=(lang.pick("参加した人", "Took part")) { (count(share.part, rules)) }
            td.num.own data-label=(lang.pick("参加の割合", "Share")) { (shown(share.share)) }
            td.num data-label=(lang.pick("全事業主では", "All employers")) { (shown(overall(own, offered.field))) }
            td.num data-label=(lang.pick("かけた時間", "Hours")) { (hours) }
            td.num data-label=(lang.pick("費用", "Cost")) { (cost.map_or("－".to_owned(), |cost| yen(cost, lang))) }
        }
    }
}

fn years(offered: &OfferedField<'_>, lang: Lang) -> String {
    let (first, last) = (offered.first_year, offered.latest.year);
    if first == last {
        return fiscal_year(first, lang);
    }
    match lang {
        Lang::Ja => format!("{first}～{}", fiscal_year(last, lang)),
        Lang::En => format!("FY{first}–{last}"),
    }
}

/// The share that takes part among all who were offered a program of the field.
pub(super) fn overall(own: &Own<'_>, field: &str) -> Option<f64> {
    let spending = own
        .results
        .spending
        .iter()
        .find(|spending| spending.field == field)?;
    spending.reached.value().share
}

impl OfferedField<'_> {
    /// The share that takes part.
    pub(super) fn share(&self) -> Option<f64> {
        self.latest.reached.value().share
    }
}

/// What was offered, in a sentence.
pub(super) fn in_short(own: &Own<'_>) -> String {
    let lang = own.lang();
    let fields = offered_fields(own);
    let names: Vec<String> = fields
        .iter()
        .map(|field| own.names.field(field.field))
        .collect();
    let (n, words) = (names.len(), list(&names, lang));
    let shares: Vec<f64> = fields.iter().filter_map(OfferedField::share).collect();
    let low = shares.iter().copied().reduce(f64::min);
    let high = shares.iter().copied().reduce(f64::max);
    let share = low.zip(high).map(|(low, high)| match (low < high, lang) {
        (true, Lang::Ja) => format!(
            "対象になった人のうち参加したのは、分野により{}～{}です。",
            percent(low),
            percent(high)
        ),
        (true, Lang::En) => format!(
            " Between {} and {} of those offered took part, depending on the field.",
            percent(low),
            percent(high)
        ),
        (false, Lang::Ja) => format!("対象になった人のうち{}が参加しました。", percent(low)),
        (false, Lang::En) => format!(" {} of those offered took part.", percent(low)),
    });
    let share = share.unwrap_or_default();
    match (n, lang) {
        (0, Lang::Ja) => "取り組みのデータは届いていません。".to_owned(),
        (0, Lang::En) => "We know of no programs.".to_owned(),
        (_, Lang::Ja) => format!("{words}の{n}分野に取り組みました。{share}"),
        (_, Lang::En) => format!("You offered programs in {n} fields: {words}.{share}"),
    }
}
