//! Metabolic syndrome and level of guidance, worked out from values, to be compared with what the file says.
//!
//! Both count risks. A risk is yes, no, or unknown where a value is missing; a judgement is made where it comes out the same whatever
//! the unknown ones are, and is 4 (判定不能) else.

use super::items::ItemError;
use crate::identity::Sex;

/// Values of the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "names say the quantity and its unit; meanings are in data/thresholds.csv and the docs"
)]
pub struct Thresholds {
    pub waist_male_cm: f64,
    pub waist_female_cm: f64,
    pub visceral_fat_cm2: f64,
    pub bmi: f64,
    pub sbp_mmhg: f64,
    pub dbp_mmhg: f64,
    pub triglycerides_mgdl: f64,
    pub casual_triglycerides_mgdl: f64,
    pub hdl_mgdl: f64,
    pub metabolic_glucose_mgdl: f64,
    pub metabolic_hba1c_pct: f64,
    pub guidance_glucose_mgdl: f64,
    pub guidance_hba1c_pct: f64,
}

impl Thresholds {
    /// The values that come with the program.
    ///
    /// # Errors
    /// [`ItemError`] where the file that was built in is broken.
    pub fn built_in() -> Result<Self, ItemError> {
        Self::parse(include_str!("../../data/thresholds.csv"), "thresholds.csv")
    }

    /// Reads `name,value` lines. Every value has to be there once.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn parse(text: &str, file: &str) -> Result<Self, ItemError> {
        let value = |name: &str| {
            let lines = text.lines().enumerate();
            let mut found = lines.filter_map(|(index, line)| {
                Some((index, line.strip_prefix(name)?.strip_prefix(',')?))
            });
            let refuse = |index: usize, problem| ItemError {
                file: file.to_owned(),
                line: index + 1,
                problem,
            };
            let Some((index, number)) = found.next() else {
                return Err(refuse(
                    text.lines().count(),
                    "a value is missing: see the file that comes with the program",
                ));
            };
            let number = number
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| refuse(index, "a value is a number"))
        };
        Ok(Self {
            waist_male_cm: value("waist_male_cm")?,
            waist_female_cm: value("waist_female_cm")?,
            visceral_fat_cm2: value("visceral_fat_cm2")?,
            bmi: value("bmi")?,
            sbp_mmhg: value("sbp_mmhg")?,
            dbp_mmhg: value("dbp_mmhg")?,
            triglycerides_mgdl: value("triglycerides_mgdl")?,
            casual_triglycerides_mgdl: value("casual_triglycerides_mgdl")?,
            hdl_mgdl: value("hdl_mgdl")?,
            metabolic_glucose_mgdl: value("metabolic_glucose_mgdl")?,
            metabolic_hba1c_pct: value("metabolic_hba1c_pct")?,
            guidance_glucose_mgdl: value("guidance_glucose_mgdl")?,
            guidance_hba1c_pct: value("guidance_hba1c_pct")?,
        })
    }
}

/// What is judged. Drugs are the answers after the insurer's re-confirmation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "names are those of the contract's columns")]
pub struct Subject {
    pub sex: Option<Sex>,
    /// At the end of the fiscal year.
    pub age: Option<i32>,
    pub waist_cm: Option<f64>,
    pub visceral_fat_cm2: Option<f64>,
    pub bmi: Option<f64>,
    pub sbp_mmhg: Option<f64>,
    pub dbp_mmhg: Option<f64>,
    pub triglycerides_mgdl: Option<f64>,
    /// Blood was taken less than ten hours after a meal, in a term that tells both kinds of triglycerides apart.
    pub is_casual: bool,
    pub hdl_mgdl: Option<f64>,
    pub fasting_glucose_mgdl: Option<f64>,
    pub casual_glucose_mgdl: Option<f64>,
    pub hba1c_pct: Option<f64>,
    pub bp_drug: Option<bool>,
    pub glucose_drug: Option<bool>,
    pub lipid_drug: Option<bool>,
    pub smokes: Option<bool>,
}

/// Judgements. `None` where the rule does not apply: guidance is for those of 40 to 74 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgements {
    /// 1 syndrome, 2 pre-syndrome, 3 none, 4 undecidable.
    pub metabolic: Option<i8>,
    /// 1 intensive, 2 motivational, 3 none, 4 undecidable.
    pub guidance: Option<i8>,
}

/// Judges by the rules of both.
#[must_use]
pub fn judge(subject: &Subject, rules: &Thresholds) -> Judgements {
    Judgements {
        metabolic: Some(metabolic(subject, rules)),
        guidance: guidance(subject, rules),
    }
}

/// HbA1c by NGSP of a value by JDS: 1.02 times it plus 0.25, to one decimal, half up.
#[must_use]
pub fn ngsp_of_jds(jds: f64) -> f64 {
    // In hundredths the product is exact; 5.1 times 1.02 in floating point is not.
    let hundredths = (jds * 100.0).round();
    ((hundredths * 102.0 + 2_500.0 + 500.0) / 1_000.0).floor() / 10.0
}

/// Yes, no or unknown.
type Risk = Option<bool>;

fn at_least(value: Option<f64>, threshold: f64) -> Risk {
    value.map(|value| value >= threshold)
}

fn below(value: Option<f64>, threshold: f64) -> Risk {
    value.map(|value| value < threshold)
}

/// Yes where one is, no where none is, unknown else.
fn any<const N: usize>(risks: [Risk; N]) -> Risk {
    if risks.contains(&Some(true)) {
        return Some(true);
    }
    (!risks.contains(&None)).then_some(false)
}

/// The visceral fat area takes the waist's place.
fn is_large(subject: &Subject, rules: &Thresholds) -> Risk {
    if subject.visceral_fat_cm2.is_some() {
        return at_least(subject.visceral_fat_cm2, rules.visceral_fat_cm2);
    }
    let threshold = match subject.sex? {
        Sex::Male => rules.waist_male_cm,
        Sex::Female => rules.waist_female_cm,
    };
    at_least(subject.waist_cm, threshold)
}

fn pressure(subject: &Subject, rules: &Thresholds) -> Risk {
    any([
        at_least(subject.sbp_mmhg, rules.sbp_mmhg),
        at_least(subject.dbp_mmhg, rules.dbp_mmhg),
    ])
}

/// Fewest and most risks.
fn count<const N: usize>(risks: [Risk; N]) -> (usize, usize) {
    let yes = risks.iter().filter(|risk| **risk == Some(true)).count();
    let unknown = risks.iter().filter(|risk| risk.is_none()).count();
    (yes, yes + unknown)
}

/// The code that all possible cases agree on.
fn agreed(cases: impl IntoIterator<Item = i8>) -> i8 {
    let mut cases = cases.into_iter();
    let first = cases.next().unwrap_or(4);
    if cases.all(|case| case == first) {
        first
    } else {
        4
    }
}

fn both(risk: Risk) -> &'static [bool] {
    match risk {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[true, false],
    }
}

fn metabolic(subject: &Subject, rules: &Thresholds) -> i8 {
    // Whether 150 or 175 holds for casual triglycerides here is not known; between them the risk is not either.
    let triglycerides = match subject.triglycerides_mgdl {
        Some(value)
            if subject.is_casual
                && (rules.triglycerides_mgdl..rules.casual_triglycerides_mgdl).contains(&value) =>
        {
            None
        }
        value => at_least(value, rules.triglycerides_mgdl),
    };
    let glucose = match subject.fasting_glucose_mgdl.or(subject.casual_glucose_mgdl) {
        Some(glucose) => Some(glucose >= rules.metabolic_glucose_mgdl),
        None => at_least(subject.hba1c_pct, rules.metabolic_hba1c_pct),
    };
    let (fewest, most) = count([
        any([pressure(subject, rules), subject.bp_drug]),
        any([
            triglycerides,
            below(subject.hdl_mgdl, rules.hdl_mgdl),
            subject.lipid_drug,
        ]),
        any([glucose, subject.glucose_drug]),
    ]);
    let level = |is_large: bool, risks: usize| match (is_large, risks) {
        (false, _) | (true, 0) => 3,
        (true, 1) => 2,
        (true, _) => 1,
    };
    let cases = both(is_large(subject, rules)).iter();
    agreed(cases.flat_map(|is_large| (fewest..=most).map(|risks| level(*is_large, risks))))
}

fn guidance(subject: &Subject, rules: &Thresholds) -> Option<i8> {
    let age = subject.age.filter(|age| (40..=74).contains(age))?;
    let medicated = any([subject.bp_drug, subject.glucose_drug, subject.lipid_drug]);
    let triglycerides = if subject.is_casual {
        rules.casual_triglycerides_mgdl
    } else {
        rules.triglycerides_mgdl
    };
    let glucose = match (subject.fasting_glucose_mgdl, subject.hba1c_pct) {
        (Some(glucose), _) => Some(glucose >= rules.guidance_glucose_mgdl),
        (None, Some(hba1c)) => Some(hba1c >= rules.guidance_hba1c_pct),
        // Casual glucose counts where nothing else is known.
        (None, None) => at_least(subject.casual_glucose_mgdl, rules.guidance_glucose_mgdl),
    };
    let lipid = any([
        at_least(subject.triglycerides_mgdl, triglycerides),
        below(subject.hdl_mgdl, rules.hdl_mgdl),
    ]);
    let (fewest, most) = count([pressure(subject, rules), lipid, glucose]);
    let level = |is_large: bool, is_heavy: bool, risks: usize, smokes: bool| {
        // Smoking counts beside another risk only.
        let risks = risks + usize::from(smokes && risks > 0);
        let level = match (is_large, is_heavy, risks) {
            (_, _, 0) | (false, false, _) => 3,
            (true, _, 1) | (false, true, 1 | 2) => 2,
            _ => 1,
        };
        // From 65 years on, intensive support becomes motivational.
        if age >= 65 { level.max(2) } else { level }
    };
    let mut cases = Vec::with_capacity(64);
    for is_medicated in both(medicated) {
        // Who takes a drug gets no guidance, whatever the values are.
        if *is_medicated {
            cases.push(3);
            continue;
        }
        for is_large in both(is_large(subject, rules)) {
            for is_heavy in both(at_least(subject.bmi, rules.bmi)) {
                for smokes in both(subject.smokes) {
                    cases.extend(
                        (fewest..=most).map(|risks| level(*is_large, *is_heavy, risks, *smokes)),
                    );
                }
            }
        }
    }
    Some(agreed(cases))
}
