//! A claim as it is decoded: codes, dates and numbers, without a person.

use crate::normalise::YearMonth;

/// Kind of claim, with the codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimKind {
    /// 医科.
    Medical = 1,
    /// 診断群分類 (DPC), inpatient.
    Dpc = 2,
    /// 歯科.
    Dental = 3,
    /// 調剤.
    Pharmacy = 4,
}

impl ClaimKind {
    /// The code in the contract `claims`.
    #[must_use]
    pub fn code(self) -> i8 {
        self as i8
    }
}

/// Who pays: second digit of レセプト種別.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// 1: health insurance, alone or with public funds.
    Insurance,
    /// 2: public funds alone.
    PublicFunds,
    /// 3: 後期高齢者, from 75 years (unverified).
    Elderly,
    /// 4: 退職者 (unverified).
    Retired,
}

/// Whom the claim is for: fourth digit of レセプト種別, which also tells inpatient (odd) from outpatient care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beneficiary {
    /// 1, 2: the insured person.
    Insured,
    /// 3, 4: a child before school age.
    Preschool,
    /// 5, 6: family.
    Family,
    /// 7, 8: 70 to 74 years, general.
    SeniorGeneral,
    /// 9, 0: 70 to 74 years, high income.
    SeniorHighIncome,
}

impl Beneficiary {
    pub(super) fn from_digit(digit: u32) -> Option<Self> {
        match digit {
            1 | 2 => Some(Self::Insured),
            3 | 4 => Some(Self::Preschool),
            5 | 6 => Some(Self::Family),
            7 | 8 => Some(Self::SeniorGeneral),
            9 | 0 => Some(Self::SeniorHighIncome),
            _ => None,
        }
    }
}

/// An ICD-10 code of three to five characters without a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Icd10 {
    bytes: [u8; 5],
    length: u8,
}

impl Icd10 {
    /// Reads `E11`, `E119`, `E11.9` or `S6260`, in any case: a letter, two digits and up to two more letters or digits.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let mut bytes = [0; 5];
        let mut length = 0;
        for byte in code.trim().bytes().filter(|byte| *byte != b'.') {
            let is_right = match length {
                0 => byte.is_ascii_alphabetic(),
                1 | 2 => byte.is_ascii_digit(),
                3 | 4 => byte.is_ascii_alphanumeric(),
                _ => false,
            };
            if !is_right {
                return None;
            }
            bytes[length] = byte.to_ascii_uppercase();
            length += 1;
        }
        (length >= 3).then_some(Self {
            bytes,
            length: u8::try_from(length).ok()?,
        })
    }

    /// The code, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// A diagnosis of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Code of the master of diseases (7 digits).
    pub code: u32,
    /// ICD-10 as the claim says it; DPC claims do, others leave it to the master.
    pub icd10: Option<Icd10>,
    /// Modifier 8002 (疑い): suspected only.
    pub is_suspected: bool,
    /// Main disease of the claim.
    pub is_main: bool,
}

impl Diagnosis {
    /// A diagnosis without a code (未コード化傷病名): only its name, which is not read, says what it is.
    pub const UNCODED: u32 = 999;
}

/// A drug of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drug {
    /// Code of the master of drugs (9 digits).
    pub code: u32,
    /// Days supplied; 0 for what is not taken by days (external, as needed, injected).
    pub days: u32,
}

/// What to read with care in a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimFlags {
    /// A date or month lies outside the era it was written with.
    pub era_crossed: bool,
    /// The insurer number fails its check digit.
    pub insurer_check_fails: bool,
    /// Points of lines do not add up to the total. Told for claims of insurance alone that list all lines with their points.
    pub points_differ: bool,
    /// A group of lines has no points.
    pub has_open_group: bool,
}

/// One version of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Line of its RE record.
    pub line: u64,
    /// Kind.
    pub kind: ClaimKind,
    /// Who pays.
    pub payer: Payer,
    /// Number of payers, insurance and public funds.
    pub n_payers: u8,
    /// Whom it is for; `None` where public funds pay alone.
    pub beneficiary: Option<Beneficiary>,
    /// Institution: prefecture (2 digits), fee schedule (1) and number (7).
    pub institution_id: String,
    /// Insurer, 8 digits.
    pub insurer_id: String,
    /// Month of care.
    pub care_month: YearMonth,
    /// Month of billing.
    pub billed_month: YearMonth,
    /// Whether for inpatient care.
    pub is_inpatient: bool,
    /// Days of care; prescriptions filled on pharmacy claims.
    pub care_days: u32,
    /// Points claimed; one is 10 yen.
    pub points: u32,
    /// Meals in yen.
    pub meal_yen: u32,
    /// Diagnoses in the order of the file.
    pub diagnoses: Vec<Diagnosis>,
    /// Drugs in the order of the file.
    pub drugs: Vec<Drug>,
    /// What to read with care.
    pub flags: ClaimFlags,
}
