//! What the names in result tables are called in the report. Fields and indicators are the project's; the rest is here. Names that are
//! not known are shown as they are.

use super::text::Lang;
use crate::vocabulary::{Better, Unit, Vocabulary};

/// What a project calls its fields and indicators, in one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'page> {
    vocabulary: &'page Vocabulary,
    pub(super) lang: Lang,
}

impl<'page> Names<'page> {
    pub(crate) fn new(vocabulary: &'page Vocabulary, lang: Lang) -> Self {
        Self { vocabulary, lang }
    }

    /// A program field.
    pub(crate) fn field(self, name: &str) -> String {
        let found = self.vocabulary.field(name);
        let found = found.map(|field| self.lang.pick(&field.name_ja, &field.name_en));
        found.unwrap_or(name).to_owned()
    }

    /// Unit of an indicator; [`Unit::Bare`] when it is not known.
    pub(crate) fn unit(self, name: &str) -> &'page Unit {
        let found = self.vocabulary.indicator(name);
        found.map_or(&Unit::Bare, |indicator| &indicator.unit)
    }

    /// The good direction of an indicator; neither when it is not known.
    pub(crate) fn better(self, name: &str) -> Better {
        let found = self.vocabulary.indicator(name);
        found.map_or(Better::Neither, |indicator| indicator.better)
    }

    /// An indicator as a heading.
    pub(crate) fn indicator_heading(self, name: &str) -> String {
        match self.vocabulary.indicator(name) {
            None => name.to_owned(),
            Some(found) => capitalised(self.lang.pick(&found.name_ja, &found.name_en)),
        }
    }

    /// An indicator as the subject of a sentence.
    pub(crate) fn indicator_subject(self, name: &str) -> String {
        let Some(found) = self.vocabulary.indicator(name) else {
            return name.to_owned();
        };
        let words = self.lang.pick(&found.name_ja, &found.name_en);
        match (&found.unit, self.lang) {
            (Unit::Share, Lang::Ja) => format!("{words}の割合"),
            (Unit::Share, Lang::En) => format!("the share who {words}"),
            _ => words.to_owned(),
        }
    }

    /// A covariate; an indicator that serves as one keeps its own wording.
    pub(crate) fn covariate(self, name: &str) -> String {
        let found = find(COVARIATES, name, self.lang);
        found.unwrap_or_else(|| self.indicator_heading(name))
    }
}

/// The readable name of `kind`, or the name itself when it is not listed.
#[must_use]
pub fn label(kind: LabelKind, name: &str, lang: Lang) -> String {
    let list = match kind {
        LabelKind::Population => POPULATIONS,
        LabelKind::PopulationInSentence => POPULATIONS_IN_SENTENCE,
        LabelKind::Estimator => ESTIMATORS,
        LabelKind::Status => STATUSES,
        LabelKind::Table => TABLES,
        LabelKind::Dimension => DIMENSIONS,
        LabelKind::Side => SIDES,
        LabelKind::FlowStep => FLOW_STEPS,
    };
    find(list, name, lang).unwrap_or_else(|| name.to_owned())
}

/// The readable name of a level of a linkage dimension or of a covariate.
#[must_use]
pub fn level_label(dimension: &str, level: &str, lang: Lang) -> String {
    let list = match dimension {
        "sex" => SEXES,
        "industry_code" => INDUSTRIES,
        "size_band" => SIZE_BANDS,
        "exposure" => EXPOSURES,
        "overall" => OVERALL,
        _ => &[],
    };
    let found = find(list, level, lang).or_else(|| find(ANY_LEVEL, level, lang));
    found.unwrap_or_else(|| level.to_owned())
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// A population, as a heading.
    Population,
    /// A population, as the start of a sentence.
    PopulationInSentence,
    /// An estimator.
    Estimator,
    /// A status of an estimate.
    Status,
    /// A raw table.
    Table,
    /// A dimension of linkage quality.
    Dimension,
    /// Whose persons were looked for in linkage.
    Side,
    /// A step or group of the flow of persons.
    FlowStep,
}

struct Name {
    name: &'static str,
    ja: &'static str,
    en: &'static str,
}

fn find(list: &[Name], name: &str, lang: Lang) -> Option<String> {
    let found = list.iter().find(|entry| entry.name == name)?;
    Some(lang.pick(found.ja, found.en).to_owned())
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

const fn name(name: &'static str, ja: &'static str, en: &'static str) -> Name {
    Name { name, ja, en }
}

const POPULATIONS: &[Name] = &[
    name("employees", "従業員", "Employees"),
    name("spouses", "従業員の配偶者", "Spouses of employees"),
];

const POPULATIONS_IN_SENTENCE: &[Name] = &[
    name(
        "employees",
        "従業員",
        "employees who were offered a program",
    ),
    name(
        "spouses",
        "従業員の配偶者",
        "spouses of employees who were offered a program",
    ),
];

const ESTIMATORS: &[Name] = &[
    name("before_after", "単純な前後比較", "Before–after"),
    name(
        "participants_vs_non",
        "参加者と非参加者の比較",
        "Participants vs others",
    ),
    name("twfe", "二方向固定効果", "Two-way fixed effects"),
    name(
        "callaway_santanna",
        "因果推定（比較群あり）",
        "Causal estimate",
    ),
    name("doubly_robust", "二重頑健推定", "Doubly robust"),
    name("unadjusted", "共変量の調整なし", "Unadjusted"),
    name("did_imputation", "代入法", "Imputation"),
    name("sun_abraham", "Sun–Abraham 法", "Sun–Abraham"),
];

const STATUSES: &[Name] = &[
    name("ok", "問題なし", "OK"),
    name("withheld", "少人数のため非公表", "withheld: too few people"),
    name("no_controls", "比較できる人がいない", "no comparison group"),
    name("no_control", "比較できる人がいない", "no comparison group"),
    name("no_treated", "対象者がいない", "no exposed persons"),
    name(
        "singular",
        "比較群のデータでは共変量を調整できない",
        "the comparison group does not determine the covariate adjustment",
    ),
    name(
        "no_overlap",
        "共変量の似た比較対象がいない",
        "no comparison persons with similar covariates",
    ),
    name(
        "trimmed",
        "共変量の似た対象者がいない比較対象を除いた",
        "comparison persons without similar exposed persons left out",
    ),
    name(
        "not_identified",
        "データからは識別できない",
        "not identified by the data",
    ),
    name("no_rows", "データがない", "no data"),
    name("too_few", "人数不足", "too few people"),
    name(
        "few_clusters",
        "事業所が少なく区間は目安",
        "few worksites; interval approximate",
    ),
    name(
        "conservative",
        "区間は必要より広め",
        "interval wider than it need be",
    ),
    name(
        "pre_trend",
        "開始前から差がある",
        "differed before the start",
    ),
    name(
        "blinded",
        "判定しないため示さない",
        "not judged, and not shown",
    ),
    name(
        "no_post_period",
        "開始後の期間がない",
        "no period after the start",
    ),
    name("base_period", "基準時点", "base period"),
    name(
        "collinear",
        "ほかの列から決まり計算できない",
        "determined by other columns; not computable",
    ),
    name(
        "absorbed",
        "固定効果から決まり計算できない",
        "determined by the fixed effects; not computable",
    ),
    name(
        "constant",
        "全行で同じ値のため計算できない",
        "the same in all rows; not computable",
    ),
    name(
        "weak_instruments",
        "操作変数が弱く区間は信頼できない",
        "weak instruments; interval not reliable",
    ),
    name("no_variance", "標準誤差を計算できない", "no standard error"),
];

const TABLES: &[Name] = &[
    name("members", "加入者", "Members"),
    name("checkups", "健診", "Checkups"),
    name("claims", "レセプト", "Claims"),
    name("claim_diagnoses", "レセプト傷病", "Claim diagnoses"),
    name("claim_drugs", "レセプト医薬品", "Claim drugs"),
    name("guidance", "特定保健指導", "Health guidance"),
    name("worksites", "事業所", "Worksites"),
    name("employees", "従業員", "Employees"),
    name("programs", "施策", "Programs"),
    name("participation", "参加記録", "Participation"),
    name("productivity", "生産性", "Productivity"),
    name("municipalities", "区市町村", "Municipalities"),
    name("reference_values", "参照値", "Reference values"),
];

const DIMENSIONS: &[Name] = &[
    name("overall", "全体", "Overall"),
    name("all", "全体", "Overall"),
    name("insurer_id", "保険者", "Insurer"),
    name("insurer", "保険者", "Insurer"),
    name("size_band", "事業所規模", "Worksite size"),
    name("sex", "性別", "Sex"),
    name("age_band", "年齢階級", "Age band"),
    name("age", "年齢階級", "Age band"),
    name("fiscal_year", "年度", "Fiscal year"),
    name("year", "年度", "Fiscal year"),
    name("exposure", "施策の対象", "Exposure"),
    name("exposed", "施策の対象", "Exposure"),
];

const FLOW_STEPS: &[Name] = &[
    name("extract", "抽出データの加入者", "Members in the extracts"),
    name("persons", "抽出データの全員", "All persons in the extracts"),
    name("members", "保険者の加入者", "Members of an insurer"),
    name("enrolled", "期間中に加入", "Enrolled in the period"),
    name("adults", "対象年齢", "In the age range"),
    name("age_range", "対象年齢", "In the age range"),
    name("subscribers", "被保険者（本人）", "Subscribers"),
    name("linked", "従業員と突合", "Linked to an employee"),
    name("with_checkup", "健診結果あり", "With a checkup"),
    name("panel", "パネルに収載", "In the panel"),
    name(
        "analysed",
        "健診結果が2年度以上",
        "With two checkups or more",
    ),
    name("analysis", "分析対象", "Analysed"),
    name(
        "effect_employees",
        "効果の推定：従業員",
        "Effects: employees",
    ),
    name("effect_spouses", "効果の推定：配偶者", "Effects: spouses"),
    name("exposed", "いずれかの施策の対象", "Offered a program"),
    name(
        "never_exposed",
        "対象になったことがない",
        "Never offered a program",
    ),
];

const SIDES: &[Name] = &[
    name(
        "insurer",
        "保険者の加入者から見て",
        "Insurers’ members found among employees",
    ),
    name(
        "employer",
        "事業主の従業員から見て",
        "Employers’ employees found among members",
    ),
];

const SEXES: &[Name] = &[
    name("1", "男性", "Men"),
    name("2", "女性", "Women"),
    name("male", "男性", "Men"),
    name("female", "女性", "Women"),
];

const SIZE_BANDS: &[Name] = &[
    name("1", "1–9人", "1–9 employees"),
    name("2", "10–49人", "10–49 employees"),
    name("3", "50–299人", "50–299 employees"),
    name("4", "300–999人", "300–999 employees"),
    name("5", "1,000人以上", "1,000 or more"),
    name("1-9", "1–9人", "1–9 employees"),
    name("10-49", "10–49人", "10–49 employees"),
    name("50-299", "50–299人", "50–299 employees"),
    name("300-999", "300–999人", "300–999 employees"),
    name("1000+", "1,000人以上", "1,000 or more"),
];

const COVARIATES: &[Name] = &[
    name("female", "女性", "Women"),
    name("sex", "性別", "Sex"),
    name("age", "年齢", "Age"),
    name("size_band", "事業所規模", "Worksite size"),
    name("industry_code", "業種", "Industry"),
];

/// Divisions of the Japan Standard Industrial Classification.
const INDUSTRIES: &[Name] = &[
    name("A", "農業・林業", "agriculture and forestry"),
    name("B", "漁業", "fisheries"),
    name("C", "鉱業・採石業", "mining and quarrying"),
    name("D", "建設業", "construction"),
    name("E", "製造業", "manufacturing"),
    name("F", "電気・ガス・水道業", "electricity, gas and water"),
    name("G", "情報通信業", "information and communications"),
    name("H", "運輸業・郵便業", "transport and postal services"),
    name("I", "卸売業・小売業", "wholesale and retail trade"),
    name("J", "金融業・保険業", "finance and insurance"),
    name("K", "不動産業・物品賃貸業", "real estate and leasing"),
    name(
        "L",
        "学術研究・専門技術サービス業",
        "research and professional services",
    ),
    name("M", "宿泊業・飲食サービス業", "accommodation and food"),
    name(
        "N",
        "生活関連サービス業・娯楽業",
        "personal services and amusement",
    ),
    name("O", "教育・学習支援業", "education"),
    name("P", "医療・福祉", "medical care and welfare"),
    name("Q", "複合サービス事業", "compound services"),
    name("R", "その他のサービス業", "other services"),
    name("S", "公務", "government"),
    name("T", "分類不能の産業", "unclassifiable"),
];

const EXPOSURES: &[Name] = &[
    name("exposed", "対象になった", "Offered a program"),
    name("true", "対象になった", "Offered a program"),
    name("covered", "施策のある事業所", "Worksites with a program"),
    name("not_covered", "施策のない事業所", "Worksites without"),
    name("never_exposed", "なったことがない", "Never offered"),
    name("never", "なったことがない", "Never offered"),
    name("false", "なったことがない", "Never offered"),
];

const OVERALL: &[Name] = &[name("", "全体", "All")];

const ANY_LEVEL: &[Name] = &[
    name("all", "全体", "All"),
    name("unknown", "不明", "Unknown"),
];
