//! Rows of claims → claims as institutions bill them.

use korabo_formats::Identity;
use korabo_formats::normalise::YearMonth;
use korabo_formats::uke::{
    Beneficiary, Claim, ClaimFlags, ClaimKind, Diagnosis, Drug, Icd10, Payer,
};

use super::cards::Cards;
use super::masters::Masters;
use crate::calendar::day_of;
use crate::rows::{BillingRows, ClaimRow, DiagnosisRow, DrugRow};
use crate::world::INSURERS;

/// Institutions that one person's claims come from: more than the claims of a month, since a second claim of one institution, month and
/// kind would be another version of the first.
const OWN_INSTITUTIONS: u64 = 16;

/// Groups of institutions.
const GROUPS: u64 = 600;

/// A claim, whose it is, and whether a file of returned claims has it too.
pub(crate) struct NativeClaim {
    pub(crate) claim: Claim,
    pub(crate) identity: Identity,
    pub(crate) is_returned: bool,
}

/// What a delivery holds for one version of a claim.
struct Version<'a> {
    row: &'a ClaimRow,
    institution: String,
    diagnoses: &'a [DiagnosisRow],
    drugs: &'a [DrugRow],
}

/// Takes the claims of a delivery, one after the other, by month of billing and institution.
pub(crate) fn for_each_claim<E>(
    (cards, insurer): (&Cards<'_>, usize),
    first_person: u64,
    rows: &BillingRows,
    masters: &mut Masters,
    mut take: impl FnMut(&NativeClaim) -> Result<(), E>,
) -> Result<(), E> {
    let mut versions = versions(first_person, rows);
    versions.sort_by(|one, other| {
        let months = one.row.billed_month.cmp(&other.row.billed_month);
        months.then_with(|| one.institution.cmp(&other.institution))
    });
    for version in versions {
        let month = version.row.care_month;
        let Some(card) = cards.on(version.row.person, day_of(month / 100, month % 100, 15)) else {
            continue;
        };
        let Some(claim) = claim(INSURERS[insurer], &version, masters) else {
            continue;
        };
        let beneficiary = match card.person.is_subscriber {
            true => Beneficiary::Insured,
            false => Beneficiary::Family,
        };
        take(&NativeClaim {
            claim: Claim {
                beneficiary: Some(beneficiary),
                ..claim
            },
            identity: card.identity(),
            is_returned: version.row.is_returned,
        })?;
    }
    Ok(())
}

/// Claims with their parts, which lie in the same order. A claim that a table has twice is one: doubles come from exports, which make two
/// rows of one record, so only the first is kept.
fn versions(first_person: u64, rows: &BillingRows) -> Vec<Version<'_>> {
    let mut versions: Vec<Version<'_>> = Vec::with_capacity(rows.claims.len());
    let (mut diagnoses, mut drugs) = (rows.diagnoses.as_slice(), rows.drugs.as_slice());
    let mut last = None;
    for row in &rows.claims {
        let key = (row.claim, row.billed_month);
        if last == Some(key) {
            continue;
        }
        last = Some(key);
        let (own_diagnoses, others) =
            split(diagnoses, |part| (part.claim, part.billed_month) == key);
        let (own_drugs, other_drugs) = split(drugs, |part| (part.claim, part.billed_month) == key);
        (diagnoses, drugs) = (others, other_drugs);
        versions.push(Version {
            row,
            institution: institution(first_person + u64::from(row.person), row),
            diagnoses: own_diagnoses,
            drugs: own_drugs,
        });
    }
    versions
}

/// The first rows that are own, and the others.
fn split<T>(rows: &[T], is_own: impl Fn(&T) -> bool) -> (&[T], &[T]) {
    let n_own = rows.iter().take_while(|row| is_own(row)).count();
    rows.split_at(n_own)
}

fn claim(insurer: &str, version: &Version<'_>, masters: &mut Masters) -> Option<Claim> {
    let row = version.row;
    let kind = match row.kind {
        1 => ClaimKind::Medical,
        2 => ClaimKind::Dpc,
        3 => ClaimKind::Dental,
        _ => ClaimKind::Pharmacy,
    };
    let diagnosis = |row: &DiagnosisRow| Diagnosis {
        code: masters.disease(row.icd10),
        icd10: Icd10::new(row.icd10).filter(|_| kind == ClaimKind::Dpc),
        is_suspected: row.is_suspected,
        is_main: row.is_main,
    };
    let diagnoses = version.diagnoses.iter().map(diagnosis).collect();
    let drug = |row: &DrugRow| Drug {
        code: masters.drug(row.drug_class),
        days: u32::from(row.days_supplied.unsigned_abs()),
    };
    let drugs = version.drugs.iter().map(drug).collect();
    Some(Claim {
        line: 0,
        kind,
        payer: Payer::Insurance,
        n_payers: 1,
        beneficiary: None,
        institution_id: version.institution.clone(),
        insurer_id: insurer.to_owned(),
        care_month: month(row.care_month)?,
        billed_month: month(row.billed_month)?,
        is_inpatient: row.is_inpatient,
        care_days: u32::from(row.care_days.unsigned_abs()),
        points: row.points.unsigned_abs(),
        meal_yen: (row.yen - 10 * row.points).unsigned_abs(),
        diagnoses,
        drugs,
        flags: ClaimFlags::default(),
    })
}

/// The institution of a claim: 10 digits, of Tokyo (13), by kind and person.
pub(super) fn institution(person: u64, row: &ClaimRow) -> String {
    let schedule = match row.kind {
        3 => 3,
        4 => 4,
        _ => 1,
    };
    let number = person % GROUPS * OWN_INSTITUTIONS + row.claim % OWN_INSTITUTIONS;
    format!("13{schedule}{:07}", 9_900_000 + number)
}

fn month(yyyymm: i32) -> Option<YearMonth> {
    YearMonth::new(yyyymm / 100, (yyyymm % 100).unsigned_abs())
}
