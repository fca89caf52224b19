//! Claims → rows of the contracts `claims`, `claim_diagnoses` and `claim_drugs`.

use std::collections::{BTreeMap, HashMap};

use super::claim::{Claim, Diagnosis, Icd10};
use super::masters::Masters;
use crate::tokeniser::{Token, Tokeniser};

/// A row of `claims`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// Insurer, 8 digits.
    pub insurer_id: String,
    /// The same for every version of a claim.
    pub claim_id: String,
    /// Pseudonym of the patient.
    pub person_key: String,
    /// Month of care, YYYYMM.
    pub care_month: u32,
    /// Month of billing, YYYYMM.
    pub billed_month: u32,
    /// 1 medical, 2 DPC, 3 dental, 4 pharmacy.
    pub claim_kind: i8,
    /// Whether inpatient.
    pub is_inpatient: bool,
    /// Days of care, or prescriptions filled.
    pub care_days: i16,
    /// Points.
    pub points: i32,
    /// Yen: points times 10 and meals.
    pub yen: i32,
    /// Whether this version was invalidated.
    pub is_returned: bool,
}

/// A row of `claim_diagnoses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosisRow {
    /// ICD-10 without a dot.
    pub icd10: String,
    /// Suspected in every diagnosis of the claim that has this code.
    pub is_suspected: bool,
    /// Main disease in one of them.
    pub is_main: bool,
}

/// A row of `claim_drugs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrugRow {
    /// Therapeutic class, three digits.
    pub drug_class: String,
    /// Days supplied: of the drug of the class with most days, all its lines added; at most 366. 0 where nothing is taken by days.
    pub days_supplied: i16,
}

/// Rows of one claim. Diagnoses and drugs have its insurer, claim and month of billing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRows {
    /// The claim.
    pub claim: ClaimRow,
    /// Its diagnoses, by ICD-10.
    pub diagnoses: Vec<DiagnosisRow>,
    /// Its drugs, by class.
    pub drugs: Vec<DrugRow>,
}

/// Codes that no master knows, with the number of diagnoses or drugs that have them: left out of rows, not lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownCodes {
    /// Codes of diseases.
    pub diseases: BTreeMap<u32, u64>,
    /// Codes of drugs.
    pub drugs: BTreeMap<u32, u64>,
    /// Diagnoses without a code (0000999).
    pub n_uncoded: u64,
    /// Beyond [`UnknownCodes::KEPT`] different codes.
    pub n_more: u64,
}

impl UnknownCodes {
    /// How many different codes of each kind are counted apart.
    pub const KEPT: usize = 100_000;

    fn count(codes: &mut BTreeMap<u32, u64>, n_more: &mut u64, code: u32) {
        if codes.len() < Self::KEPT || codes.contains_key(&code) {
            *codes.entry(code).or_default() += 1;
        } else {
            *n_more += 1;
        }
    }
}

/// What a claim's id is made of, with the month of billing: how often it occurred so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Occurrence {
    token: Token,
    billed_month: u32,
    is_returned: bool,
}

/// Makes rows of claims. One maker for all files of a delivery: it numbers claims that would otherwise share an id. It remembers some 60
/// bytes for each claim.
pub struct RowMaker<'a> {
    tokeniser: &'a Tokeniser,
    masters: &'a Masters,
    occurrences: HashMap<Occurrence, u32>,
    unknown: UnknownCodes,
}

impl<'a> RowMaker<'a> {
    /// Takes what turns persons and codes into those of contracts.
    #[must_use]
    pub fn new(tokeniser: &'a Tokeniser, masters: &'a Masters) -> Self {
        Self {
            tokeniser,
            masters,
            occurrences: HashMap::new(),
            unknown: UnknownCodes::default(),
        }
    }

    /// The rows of a claim that was billed.
    pub fn billed(&mut self, claim: &Claim, person: Token) -> ClaimRows {
        self.rows(claim, person, false)
    }

    /// The rows of a claim out of a file of returned claims (返戻): this version is invalid.
    pub fn returned(&mut self, claim: &Claim, person: Token) -> ClaimRows {
        self.rows(claim, person, true)
    }

    /// Codes that the masters did not know so far.
    #[must_use]
    pub fn unknown(&self) -> &UnknownCodes {
        &self.unknown
    }

    fn rows(&mut self, claim: &Claim, person: Token, is_returned: bool) -> ClaimRows {
        let saturated = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        let yen = u64::from(claim.points) * 10 + u64::from(claim.meal_yen);
        ClaimRows {
            claim: ClaimRow {
                insurer_id: claim.insurer_id.clone(),
                claim_id: self.claim_id(claim, person, is_returned),
                person_key: person.hex(),
                care_month: claim.care_month.number(),
                billed_month: claim.billed_month.number(),
                claim_kind: claim.kind.code(),
                is_inpatient: claim.is_inpatient,
                care_days: i16::try_from(claim.care_days).unwrap_or(i16::MAX),
                points: saturated(claim.points.into()),
                yen: saturated(yen),
                is_returned,
            },
            diagnoses: self.diagnoses(&claim.diagnoses),
            drugs: self.drugs(claim),
        }
    }

    /// A claim is one of an institution for a person and month of care, by kind and inpatient or not. When it comes back after a return,
    /// it has another month of billing and the same id. Where there are several of one month of billing, they are numbered.
    fn claim_id(&mut self, claim: &Claim, person: Token, is_returned: bool) -> String {
        let care_month = claim.care_month.number().to_string();
        // DPC and medical claims of one stay may take each other's place.
        let kind = match claim.kind.code() {
            2 => "1".to_owned(),
            other => other.to_string(),
        };
        let is_inpatient = if claim.is_inpatient { "1" } else { "2" };
        let person = person.hex();
        let fields = [
            claim.insurer_id.as_str(),
            claim.institution_id.as_str(),
            care_month.as_str(),
            kind.as_str(),
            is_inpatient,
            person.as_str(),
        ];
        let token = self.tokeniser.token("claim", &fields);
        let billed_month = claim.billed_month.number();
        // A returned version has the month of the billed one, and must get the same id.
        let key = Occurrence {
            token,
            billed_month,
            is_returned,
        };
        let times = self.occurrences.entry(key).or_default();
        *times += 1;
        let id = &token.hex()[..32];
        match *times {
            1 => id.to_owned(),
            number => format!("{id}-{number}"),
        }
    }

    fn diagnoses(&mut self, diagnoses: &[Diagnosis]) -> Vec<DiagnosisRow> {
        let mut by_icd10: BTreeMap<Icd10, (bool, bool)> = BTreeMap::new();
        for diagnosis in diagnoses {
            let icd10 = diagnosis
                .icd10
                .or_else(|| self.masters.icd10(diagnosis.code));
            let Some(icd10) = icd10 else {
                if diagnosis.code == Diagnosis::UNCODED {
                    self.unknown.n_uncoded += 1;
                } else {
                    let unknown = &mut self.unknown;
                    UnknownCodes::count(&mut unknown.diseases, &mut unknown.n_more, diagnosis.code);
                }
                continue;
            };
            let (is_suspected, is_main) = by_icd10.entry(icd10).or_insert((true, false));
            *is_suspected &= diagnosis.is_suspected;
            *is_main |= diagnosis.is_main;
        }
        let row = |(icd10, (is_suspected, is_main)): (Icd10, _)| DiagnosisRow {
            icd10: icd10.as_str().to_owned(),
            is_suspected,
            is_main,
        };
        by_icd10.into_iter().map(row).collect()
    }

    fn drugs(&mut self, claim: &Claim) -> Vec<DrugRow> {
        const MOST_DAYS: u32 = 366;
        let mut by_drug: BTreeMap<u32, u32> = BTreeMap::new();
        for drug in &claim.drugs {
            let days = by_drug.entry(drug.code).or_default();
            *days = days.saturating_add(drug.days).min(MOST_DAYS);
        }
        let mut by_class: BTreeMap<u16, u32> = BTreeMap::new();
        for (code, days) in by_drug {
            let Some(class) = self.masters.drug_class(code) else {
                let unknown = &mut self.unknown;
                UnknownCodes::count(&mut unknown.drugs, &mut unknown.n_more, code);
                continue;
            };
            let most = by_class.entry(class).or_default();
            *most = days.max(*most);
        }
        let row = |(class, days): (u16, u32)| DrugRow {
            drug_class: format!("{class:03}"),
            days_supplied: i16::try_from(days).unwrap_or(i16::MAX),
        };
        by_class.into_iter().map(row).collect()
    }
}
