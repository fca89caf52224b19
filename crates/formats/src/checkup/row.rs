//! A checkup document → values of columns, with what was left out.

use chrono::NaiveDate;

use super::document::{Document, Interpretation, Observation, Value};
use super::items::{Item, ItemTable, ItemType};
use super::judge::{Judgements, Subject, Thresholds, judge, ngsp_of_jds};
use crate::identity::Identity;
use crate::normalise;
use crate::reject::{Place, Rejects, Rule};

/// Columns of one reading: the second is taken from the same reading as the first where both were read.
const PAIR: [&str; 2] = ["sbp_mmhg", "dbp_mmhg"];

/// Columns that tell neither results from answers.
const NEUTRAL: [&str; 4] = [
    "metabolic_code",
    "guidance_level_code",
    "fasting_code",
    "not_measured_reason",
];

/// What became of a document's results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Values that were read.
    pub n_read: u32,
    /// Texts, which are never read.
    pub n_text: u32,
    /// Not done (`negationInd`).
    pub n_not_done: u32,
    /// Could not be measured (`nullFlavor`), or no value.
    pub n_null: u32,
    /// Below what can be measured (L).
    pub n_below: u32,
    /// Above what can be measured (H).
    pub n_above: u32,
    /// Numbers without the unit that their item has; read as if they had it.
    pub n_unitless: u32,
    /// Refused; each is in the rejects.
    pub n_refused: u32,
}

/// One checkup. Values are in the order of [`ItemTable::columns`].
#[derive(Clone, Debug, PartialEq)]
pub struct Checkup {
    /// Insurer, 8 digits.
    pub insurer_id: String,
    /// Day of the checkup.
    pub checkup_date: NaiveDate,
    /// Fiscal year of that day.
    pub fiscal_year: i32,
    /// Term of the programme: 1 until FY2012, then 2, 3 from FY2018, 4 from FY2024.
    pub term: i8,
    /// 1 results and answers, 2 results only, 3 answers only.
    pub record_kind: i8,
    /// Values by column.
    pub values: Vec<Option<f64>>,
    /// HbA1c was converted from JDS.
    pub is_jds_converted: bool,
    /// A date lies outside the era it was written with.
    pub era_crossed: bool,
    /// Judgements worked out from the values.
    pub judged: Judgements,
    /// Whether the file's metabolic judgement is that; `None` where one of them is missing.
    pub metabolic_agrees: Option<bool>,
    /// The same of the level of guidance.
    pub guidance_agrees: Option<bool>,
    /// What became of the results.
    pub counts: ItemCounts,
}

/// Reads the results of a checkup document by the table of items.
///
/// # Errors
/// The rule that it breaks as a whole: guidance, no day, no insurer, or no value at all. What is wrong with single results goes to
/// `rejects` with `place` and leaves the value out.
pub fn checkup_of(
    document: &Document,
    identity: &Identity,
    table: &ItemTable,
    rules: &Thresholds,
    (place, rejects): (&Place, &mut Rejects),
) -> Result<Checkup, Rule> {
    // 0 is a category that could not be read.
    if matches!(document.category, 0 | 20..=29) {
        return Err(Rule::NotThisDocument);
    }
    let checkup_date = document.service_day.ok_or(Rule::DateForm)?;
    let insurer_id = identity.insurer_number().ok_or(Rule::NoInsurer)?.to_owned();
    let fiscal_year = normalise::fiscal_year(checkup_date);
    let term = term_of(fiscal_year);
    let mut found = Found::new(table);
    for observation in &document.observations {
        if let Err(rule) = found.add(observation, table, term) {
            found.counts.n_refused += 1;
            let place = Place {
                byte: Some(observation.byte),
                // A code that the table does not know may be anything.
                record: table
                    .item(&observation.item)
                    .map(|_| observation.item.clone()),
                ..place.clone()
            };
            rejects.add(place, rule);
        }
    }
    let mut values = found.chosen(table);
    let is_jds_converted = convert_jds(&mut values, table);
    let record_kind = record_kind(&values, table).ok_or(Rule::Missing)?;
    let subject = subject(&values, table, term, identity, fiscal_year);
    let judged = judge(&subject, rules);
    let agrees = |column: &str, judged: Option<i8>| {
        let told = table.index(column).and_then(|index| values[index])?;
        Some(told == f64::from(judged?))
    };
    Ok(Checkup {
        insurer_id,
        checkup_date,
        fiscal_year,
        term,
        record_kind,
        is_jds_converted,
        era_crossed: document.era_crossed,
        judged,
        metabolic_agrees: agrees("metabolic_code", judged.metabolic),
        guidance_agrees: agrees("guidance_level_code", judged.guidance),
        counts: found.counts,
        values,
    })
}

fn term_of(fiscal_year: i32) -> i8 {
    match fiscal_year {
        ..=2012 => 1,
        2013..=2017 => 2,
        2018..=2023 => 3,
        _ => 4,
    }
}

/// Values found for each column, with the order of their items.
pub(super) struct Found {
    candidates: Vec<Vec<(u8, f64)>>,
    pub(super) counts: ItemCounts,
}

impl Found {
    pub(super) fn new(table: &ItemTable) -> Self {
        Self {
            candidates: vec![Vec::new(); table.columns().len()],
            counts: ItemCounts::default(),
        }
    }

    pub(super) fn add(
        &mut self,
        observation: &Observation,
        table: &ItemTable,
        term: i8,
    ) -> Result<(), Rule> {
        let item = table.item(&observation.item).ok_or(Rule::UnknownItem)?;
        let Some(value) = self.value(observation, item, term)? else {
            return Ok(());
        };
        self.counts.n_read += 1;
        if let Some(column) = item.column {
            self.candidates[column].push((item.order, value));
        }
        Ok(())
    }

    /// A usable value; `None` where there is a reason for none.
    fn value(
        &mut self,
        observation: &Observation,
        item: &Item,
        term: i8,
    ) -> Result<Option<f64>, Rule> {
        let counts = &mut self.counts;
        match (&observation.value, item.kind) {
            (Value::NotDone, _) => counts.n_not_done += 1,
            (Value::Missing | Value::Null, _) => match observation.interpretation {
                Some(Interpretation::Low) => counts.n_below += 1,
                Some(Interpretation::High) => counts.n_above += 1,
                None => counts.n_null += 1,
            },
            (_, ItemType::Text) | (Value::Text, ItemType::Quantity) => counts.n_text += 1,
            (Value::Code(code), ItemType::Code) => return answer(code, item, term).map(Some),
            (Value::Quantity { number, unit }, ItemType::Quantity) => {
                if unit.is_empty() && !item.unit.is_empty() {
                    counts.n_unitless += 1;
                } else if !is_same_unit(unit, &item.unit) {
                    return Err(Rule::Unit);
                }
                let number = number.ok_or(Rule::Number)?;
                let (is_low, is_high) = (
                    item.low.is_some_and(|low| number < low),
                    item.high.is_some_and(|high| number > high),
                );
                match observation.interpretation {
                    // What stands for a value beyond the range is filled with nines or is the bound itself.
                    Some(Interpretation::Low) if is_low || is_high => counts.n_below += 1,
                    Some(Interpretation::High) if is_low || is_high => counts.n_above += 1,
                    _ if is_low || is_high => return Err(Rule::Range),
                    _ => return Ok(Some(number)),
                }
            }
            _ => return Err(Rule::Code),
        }
        Ok(None)
    }

    /// One value for each column: that of the item that comes first in order, and of its values the first in the file.
    pub(super) fn chosen(&self, table: &ItemTable) -> Vec<Option<f64>> {
        let mut chosen: Vec<Option<f64>> = self
            .candidates
            .iter()
            .map(|found| {
                let first = found.iter().min_by_key(|(order, _)| *order)?;
                Some(if first.0 == 0 {
                    found.iter().map(|(_, value)| value).sum()
                } else {
                    first.1
                })
            })
            .collect();
        if let [Some(one), Some(other)] = PAIR.map(|name| table.index(name)) {
            let at = |column: usize, order: u8| {
                self.candidates[column]
                    .iter()
                    .find(|found| found.0 == order)
                    .map(|found| found.1)
            };
            let mut orders: Vec<u8> = self.candidates[one].iter().map(|found| found.0).collect();
            orders.sort_unstable();
            let pair = orders
                .iter()
                .find_map(|order| Some((at(one, *order)?, at(other, *order)?)));
            if let Some((one_value, other_value)) = pair {
                (chosen[one], chosen[other]) = (Some(one_value), Some(other_value));
            }
        }
        chosen
    }
}

/// An answer that the term's questionnaire offers.
fn answer(code: &str, item: &Item, term: i8) -> Result<f64, Rule> {
    let digits = normalise::digits(code)
        .filter(|digits| digits.len() <= 4)
        .ok_or(Rule::Code)?;
    let number: u32 = digits.parse().map_err(|_| Rule::Code)?;
    let offered = usize::try_from(term - 2)
        .ok()
        .and_then(|index| item.answers.get(index).copied().flatten());
    match offered {
        Some(0) => Err(Rule::CodeForTerm),
        Some(last) if !(1..=last).contains(&number) => {
            let is_of_another = item
                .answers
                .iter()
                .flatten()
                .any(|last| (1..=*last).contains(&number));
            Err(if is_of_another {
                Rule::CodeForTerm
            } else {
                Rule::Code
            })
        }
        _ => Ok(f64::from(number)),
    }
}

/// Units differ in case and spelling between senders.
fn is_same_unit(unit: &str, expected: &str) -> bool {
    let plain = |unit: &str| {
        let unit = normalise::text(unit)
            .to_lowercase()
            .replace(['[', ']', '{', '}', ' '], "");
        match unit.as_str() {
            "mmhg" | "mm/hg" => "mmhg".to_owned(),
            "iu/l" => "u/l".to_owned(),
            "万/mm3" | "万/μl" | "10^4/mm3" | "10*4/ul" => "10*4/mm3".to_owned(),
            "㎏" => "kg".to_owned(),
            "ml/min/1.73m^2" | "ml/min/1.73m2" => "ml/min/1.73m2".to_owned(),
            other => other.to_owned(),
        }
    };
    unit == expected || plain(unit) == plain(expected)
}

/// HbA1c by NGSP out of that by JDS, where there is none.
fn convert_jds(values: &mut [Option<f64>], table: &ItemTable) -> bool {
    let (Some(jds), Some(ngsp)) = (table.index("hba1c_jds_pct"), table.index("hba1c_pct")) else {
        return false;
    };
    match (values[jds], values[ngsp]) {
        (Some(value), None) => {
            values[ngsp] = Some(ngsp_of_jds(value));
            true
        }
        _ => false,
    }
}

fn record_kind(values: &[Option<f64>], table: &ItemTable) -> Option<i8> {
    let known = table
        .columns()
        .iter()
        .zip(values)
        .filter(|(_, value)| value.is_some());
    let (mut has_results, mut has_answers) = (false, false);
    for (column, _) in known {
        let name = column.name.as_str();
        let is_neutral = NEUTRAL.contains(&name) || name.starts_with("reconfirmed_");
        has_answers |= name.starts_with("q_");
        has_results |= !is_neutral && !name.starts_with("q_");
    }
    match (has_results, has_answers) {
        (true, true) => Some(1),
        (true, false) => Some(2),
        (false, true) => Some(3),
        (false, false) => None,
    }
}

fn subject(
    values: &[Option<f64>],
    table: &ItemTable,
    term: i8,
    identity: &Identity,
    fiscal_year: i32,
) -> Subject {
    let of = |column: &str| table.index(column).and_then(|index| values[index]);
    let yes = |column: &str| of(column).map(|answer| answer == 1.0);
    // The insurer's re-confirmation (1 or 2) says that a drug is taken, whatever the answer was.
    let drug =
        |answer: &str, reconfirmed: &str| of(reconfirmed).map(|_| true).or_else(|| yes(answer));
    Subject {
        sex: identity.sex(),
        age: identity.age_at_end_of(fiscal_year),
        waist_cm: of("waist_cm"),
        visceral_fat_cm2: of("visceral_fat_cm2"),
        bmi: of("bmi"),
        sbp_mmhg: of("sbp_mmhg"),
        dbp_mmhg: of("dbp_mmhg"),
        triglycerides_mgdl: of("triglycerides_mgdl"),
        is_casual: term >= 4 && of("fasting_code").is_some_and(|code| code != 2.0),
        hdl_mgdl: of("hdl_mgdl"),
        fasting_glucose_mgdl: of("fasting_glucose_mgdl"),
        casual_glucose_mgdl: of("casual_glucose_mgdl"),
        hba1c_pct: of("hba1c_pct"),
        bp_drug: drug("q_bp_drug", "reconfirmed_bp_drug"),
        glucose_drug: drug("q_glucose_drug", "reconfirmed_glucose_drug"),
        lipid_drug: drug("q_lipid_drug", "reconfirmed_lipid_drug"),
        smokes: yes("q_smoking"),
    }
}
