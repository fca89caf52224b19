//! The page for one employer, in words that need no statistics: where its people stand, what was offered, what such programs do at
//! all employers together, days, and the next step. An estimate of one employer alone is never shown.

mod advice;
mod days;
mod offers;
mod own;
mod own_levels;
mod pooled;

use maud::{Markup, html};

use super::names::{Names, level_label};
use super::paper::{self, Sheet, hidden_note, section};
use super::reading::readings;
use super::results::Results;
use super::text::{Lang, count, fiscal_year, list};
use own::Own;

/// The page of the employer `id`; empty where it is not known.
pub(super) fn render(results: &Results, id: &str, names: Names<'_>) -> String {
    let lang = names.lang;
    let Some(employer) = results.employer(id) else {
        return String::new();
    };
    let fields = readings(
        &results.effects,
        &results.event_studies,
        &results.judgements,
        names,
    );
    let offers = results.offers.iter();
    let own = Own {
        results,
        employer,
        offers: offers.filter(|offer| offer.employer == id).collect(),
        fields: &fields,
        names,
    };
    let subject = subject(id, results, lang);
    let sheet = Sheet {
        audience: lang.pick("事業主のみなさまへ", "For the employer"),
        title: lang.pick(
            "従業員の健康と取り組みの報告",
            "Your people’s health, and what programs do",
        ),
        subject: &subject,
        facts: facts(&own),
        lang,
    };
    paper::document(&sheet, results, &body(&own))
}

fn subject(id: &str, results: &Results, lang: Lang) -> String {
    let project = results.subject.as_deref().unwrap_or_default();
    match lang {
        Lang::Ja => format!("事業主 {id}（{project}）"),
        Lang::En => format!("Employer {id} ({project})"),
    }
}

fn facts(own: &Own<'_>) -> Vec<(&'static str, String)> {
    let lang = own.lang();
    let n = count(*own.employer.n_insured.value(), own.results.rules);
    let year = fiscal_year(own.employer.year, lang);
    let n = match lang {
        Lang::Ja => format!("{n}人（{year}）"),
        Lang::En => format!("{n} ({year})"),
    };
    let mut facts = vec![(lang.pick("健康保険の加入者", "Insured people"), n)];
    let mut described = |name, by: &str, level: &str| {
        if !level.is_empty() {
            facts.push((name, level_label(by, level, lang)));
        }
    };
    let employer = own.employer;
    described(
        lang.pick("事業所の規模", "Worksite size"),
        "size_band",
        &employer.size_band,
    );
    described(
        lang.pick("業種", "Industry"),
        "industry_code",
        &employer.industry,
    );
    facts
}

fn body(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    html! {
        (section("summary", lang.pick("まとめ", "In short"), &summary(own)))
        (section(
            "levels",
            lang.pick("従業員の健康の状態", "How your people are"),
            &own_levels::table(own),
        ))
        (section(
            "offers",
            lang.pick("取り組みと参加", "What was offered, and who took part"),
            &offers::table(own),
        ))
        (section(
            "effects",
            lang.pick("取り組みで何が変わるか（全事業所をまとめた結果）", "What such programs change (all employers together)"),
            &pooled::sentences(own),
        ))
        (section(
            "days",
            lang.pick("休んだ日と、体調がすぐれないまま働いた分", "Days of absence, and of work while unwell"),
            &days::days(own),
        ))
        (section("next", lang.pick("次の一歩", "Next step"), &advice::advice(own)))
        (section("notes", lang.pick("注", "Notes"), &notes(own)))
    }
}

/// Three sentences.
fn summary(own: &Own<'_>) -> Markup {
    html! {
        div.say {
            p { (own_levels::in_short(own)) }
            p { (offers::in_short(own)) }
            p { (pooled::in_short(own)) }
        }
    }
}

fn notes(own: &Own<'_>) -> Markup {
    let lang = own.lang();
    let mut lines = vec![
        lang.pick(
            "▲▼は、同じ規模の事業所全体との差が偶然では説明しにくいもの（複数の指標を見ることを考慮した95%の検定）。＝は差があるとは言えないもの。\
             数値の指標には付けない。",
            "▲ and ▼: the difference from worksites of the same size is hard to explain by chance (tests of 95%, for all indicators \
             together). ＝: no clear difference. Indicators that are no shares have no sign.",
        )
        .to_owned(),
        lang.pick(
            "東京都・全国は40～74歳の公表値（最新の公表年、性・年齢を調整）で、年齢の構成が違うため目安である。ほかの列は調整していない。",
            "Tokyo and Japan are published figures of ages 40 to 74, of the latest year published, standardised, and only a rough guide; the other columns are as counted.",
        )
        .to_owned(),
        lang.pick(
            "効果は、施策の対象となった人の変化から、対象になっていない人の同じ時期の変化を引いた差（差の差法）。確からしい範囲は95%信頼区間。\
             一つの事業主だけの効果は、人数が少なく偶然と区別できないため推定しない。",
            "Effects are differences in differences against people not offered a program; the likely range is the 95% confidence \
             interval. Effects of one employer alone are not estimated: they could not be told from chance.",
        )
        .to_owned(),
    ];
    lines.extend(pooled::hidden_reasons(own));
    lines.push(hidden_note(own.results, lang));
    html! { ul.notes { @for line in lines { li { (line) } } } }
}

/// The list of employers that have a page.
pub(super) fn index(results: &Results, ids: &[&str], names: Names<'_>) -> String {
    let lang = names.lang;
    let sheet = Sheet {
        audience: lang.pick("事業主のみなさまへ", "For employers"),
        title: lang.pick("事業主ごとの報告", "Reports by employer"),
        subject: results.subject.as_deref().unwrap_or("korabo"),
        facts: vec![(lang.pick("事業主", "Employers"), ids.len().to_string())],
        lang,
    };
    let row = |id: &&str| {
        let employer = results.employer(id);
        let n = employer.map(|own| count(*own.n_insured.value(), results.rules));
        html! {
            tr {
                th scope="row" { a href={(id) ".html"} { (lang.pick("事業主", "Employer")) " " (id) } }
                td.num { (n.unwrap_or_default()) }
                td { (offered(results, id, names)) }
            }
        }
    };
    let body = html! {
        table {
            thead { tr {
                th { (lang.pick("事業主", "Employer")) }
                th.num { (lang.pick("加入者", "Insured")) }
                th { (lang.pick("最新年度に実施した分野", "Fields in the latest year")) }
            } }
            tbody { @for id in ids { (row(id)) } }
        }
    };
    paper::document(&sheet, results, &body)
}

fn offered(results: &Results, id: &str, names: Names<'_>) -> String {
    let all = results.offers.iter().filter(|offer| offer.employer == id);
    let latest = all.clone().map(|offer| offer.year).max();
    let latest = all.filter(|offer| Some(offer.year) == latest);
    let fields: Vec<String> = latest.map(|offer| names.field(&offer.field)).collect();
    list(&fields, names.lang)
}
