//! Lists as CSV in CP932 with Japanese headers: members as an insurer exports them, checkups as a vendor sends them.

use std::fmt::Write as _;

use super::cards::{Card, Cards};
use crate::calendar::yyyymmdd;
use crate::checkup::{COLUMNS, Storage};
use crate::columns::{Style, cell};
use crate::dirt::{full_width, impossible_date};
use crate::insurer_tables::style_of;
use crate::municipalities::MUNICIPALITIES;
use crate::rows::{CheckupRow, MemberRow};

/// Header of a list of members.
pub(super) const MEMBERS: &str =
    "保険者番号,記号,番号,枝番,カナ氏名,生年月日,性別,続柄,市区町村コード,資格取得日,資格喪失日";

/// What a vendor calls who was examined and when.
const EXAMINED: &str = "保険者番号,記号,番号,枝番,カナ氏名,生年月日,性別,受診日";

/// What a vendor calls the columns of [`COLUMNS`], in their order.
const VALUES: [&str; COLUMNS.len()] = [
    "特定健診の期",
    "記録の種類",
    "身長",
    "体重",
    "BMI",
    "腹囲",
    "収縮期血圧",
    "拡張期血圧",
    "採血時間（食後）",
    "中性脂肪",
    "HDLコレステロール",
    "LDLコレステロール",
    "AST（GOT）",
    "ALT（GPT）",
    "γ-GT（γ-GTP）",
    "空腹時血糖",
    "随時血糖",
    "HbA1c（NGSP）",
    "尿糖",
    "尿蛋白",
    "血清クレアチニン",
    "血色素量",
    "メタボリックシンドローム判定",
    "保健指導レベル",
    "服薬1（血圧）",
    "服薬2（血糖）",
    "服薬3（脂質）",
    "既往歴1（脳血管）",
    "既往歴2（心血管）",
    "既往歴3（腎不全・人工透析）",
    "貧血",
    "喫煙",
    "20歳からの体重変化",
    "30分以上の運動習慣",
    "歩行又は身体活動",
    "歩行速度",
    "咀嚼",
    "1年間の体重変化",
    "食べる速さ",
    "就寝前の夕食",
    "間食・甘い飲み物",
    "夕食後の間食",
    "朝食の欠食",
    "飲酒頻度",
    "飲酒量",
    "睡眠による休養",
    "生活習慣の改善意思",
    "保健指導の希望",
    "特定保健指導の受診歴",
];

/// Header of a vendor's list of checkups.
pub(super) fn checkup_header() -> String {
    format!("{EXAMINED},{}", VALUES.join(","))
}

/// The lines of members of one insurer. The insurer of the wide style writes full-width digits and dates by era.
pub(super) fn members(cards: &Cards<'_>, insurer: usize, rows: &[MemberRow]) -> String {
    let mut lines = String::new();
    for row in rows {
        let relationship =
            ["本人", "配偶者", "子", "その他"][usize::from(row.relationship.unsigned_abs()) - 1];
        let municipality = row
            .municipality
            .map_or("", |place| MUNICIPALITIES[usize::from(place)].code);
        let date = |day: i32| written_date(insurer, yyyymmdd(day));
        let (from, without) = (date(row.from), row.to.map(|last| date(last + 1)));
        // Writing to a string does not fail.
        let _ = write!(
            lines,
            "{},{relationship},{municipality},{from},{}\r\n",
            person(insurer, &cards.of(row)),
            without.unwrap_or_default()
        );
    }
    lines
}

/// The line of a checkup as its vendor sends it: the values as they were measured or damaged.
pub(super) fn checkup(insurer: usize, card: &Card<'_>, row: &CheckupRow) -> String {
    let date = yyyymmdd(row.date);
    let date = if row.has_impossible_date {
        impossible_date(date)
    } else {
        date
    };
    let mut line = format!("{},{}", person(insurer, card), slashed(date));
    for ((_, storage), value) in COLUMNS.iter().zip(row.cells) {
        line.push(',');
        if let Some(value) = scaled(*storage, value) {
            let _ = write!(line, "{value}");
        }
    }
    line.push_str("\r\n");
    line
}

/// A stored cell in the unit of its column.
pub(super) fn scaled(storage: Storage, value: i16) -> Option<f64> {
    let scale = match storage {
        Storage::Tenths => 10.0,
        Storage::Hundredths => 100.0,
        Storage::Code | Storage::Answer | Storage::Short | Storage::Long => 1.0,
    };
    cell(value).map(|value| f64::from(value) / scale)
}

fn person(insurer: usize, card: &Card<'_>) -> String {
    let person = card.person;
    let (number, branch) = (person.number.to_string(), format!("{:02}", person.branch));
    let birth = written_date(insurer, yyyymmdd(person.birth_day));
    let sex = if person.sex == 1 { "男" } else { "女" };
    let [symbol, number, branch] = match style_of(insurer) {
        Style::Narrow => [card.symbol.clone(), number, branch],
        Style::Wide => [
            full_width(&card.symbol),
            full_width(&number),
            full_width(&branch),
        ],
    };
    format!(
        "{},{symbol},{number},{branch},{},{birth},{sex}",
        card.insurer_number, person.kana_name
    )
}

fn written_date(insurer: usize, yyyymmdd: i32) -> String {
    match style_of(insurer) {
        Style::Narrow => slashed(yyyymmdd),
        Style::Wide => by_era(yyyymmdd),
    }
}

fn slashed(yyyymmdd: i32) -> String {
    format!(
        "{:04}/{:02}/{:02}",
        yyyymmdd / 10_000,
        yyyymmdd / 100 % 100,
        yyyymmdd % 100
    )
}

/// A day by its era, such as `S44.10.28`. No person of a world is born before 昭和.
fn by_era(yyyymmdd: i32) -> String {
    let (letter, base) = match yyyymmdd {
        20_190_501.. => ('R', 2018),
        19_890_108.. => ('H', 1988),
        _ => ('S', 1925),
    };
    format!(
        "{letter}{:02}.{:02}.{:02}",
        yyyymmdd / 10_000 - base,
        yyyymmdd / 100 % 100,
        yyyymmdd % 100
    )
}
