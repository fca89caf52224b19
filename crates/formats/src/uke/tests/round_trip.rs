//! What is written is read back equal; whatever is read, nothing stops the reader.

use proptest::prelude::*;

use super::*;

const BENEFICIARIES: [Option<Beneficiary>; 6] = [
    None,
    Some(Beneficiary::Insured),
    Some(Beneficiary::Preschool),
    Some(Beneficiary::Family),
    Some(Beneficiary::SeniorGeneral),
    Some(Beneficiary::SeniorHighIncome),
];

/// Care days, points, yen of meals, number of the institution, month, index of the beneficiary.
type Numbers = (u32, u32, u32, u32, u32, usize);

fn any_claim() -> impl Strategy<Value = Claim> {
    let kind = prop::sample::select(vec![
        ClaimKind::Medical,
        ClaimKind::Dpc,
        ClaimKind::Dental,
        ClaimKind::Pharmacy,
    ]);
    let drugs = prop::collection::vec((600_000_000u32..699_999_999, 0u32..100), 0..8);
    let diagnoses = prop::collection::vec((0u32..9_999_999, any::<bool>()), 0..8);
    let numbers = (
        0u32..100,
        1u32..9_999_999,
        0u32..50_000,
        0u32..9_999_999,
        1u32..13,
        0usize..6,
    );
    (kind, drugs, diagnoses, numbers).prop_map(|(kind, drugs, diagnoses, numbers)| {
        let drugs = drugs.into_iter().map(|(code, days)| Drug { code, days });
        Claim {
            drugs: drugs.collect(),
            diagnoses: diagnoses_of(kind, &diagnoses),
            ..claim_of(kind, numbers)
        }
    })
}

fn diagnoses_of(kind: ClaimKind, codes: &[(u32, bool)]) -> Vec<Diagnosis> {
    let icd10 = (kind == ClaimKind::Dpc)
        .then(|| Icd10::new("E119"))
        .flatten();
    let of_code = |(at, (code, is_suspected)): (usize, &(u32, bool))| Diagnosis {
        icd10,
        ..diagnosis(*code, *is_suspected, at == 0)
    };
    match kind {
        ClaimKind::Pharmacy => Vec::new(),
        _ => codes.iter().enumerate().map(of_code).collect(),
    }
}

fn claim_of(
    kind: ClaimKind,
    (care_days, points, meal_yen, number, care, beneficiary): Numbers,
) -> Claim {
    let schedule = match kind {
        ClaimKind::Medical | ClaimKind::Dpc => 1,
        ClaimKind::Dental => 3,
        ClaimKind::Pharmacy => 4,
    };
    let beneficiary = BENEFICIARIES[beneficiary];
    let is_pharmacy = kind == ClaimKind::Pharmacy;
    let insurer_id = ["06130512", "00138057"][(care_days % 2) as usize];
    Claim {
        line: 0,
        kind,
        payer: if beneficiary.is_none() {
            Payer::PublicFunds
        } else {
            Payer::Insurance
        },
        n_payers: 1,
        beneficiary,
        institution_id: format!("13{schedule}{number:07}"),
        insurer_id: insurer_id.into(),
        care_month: month(2024, care),
        billed_month: month(2025, care),
        is_inpatient: !is_pharmacy && care_days % 3 == 0,
        care_days,
        points,
        meal_yen: if is_pharmacy { 0 } else { meal_yen },
        diagnoses: Vec::new(),
        drugs: Vec::new(),
        flags: ClaimFlags::default(),
    }
}

proptest! {
    #[test]
    fn written_claims_are_read_back_equal(claims in prop::collection::vec(any_claim(), 1..6)) {
        let mut writer = UkeWriter::new(Vec::new());
        let identities: Vec<_> = claims.iter().map(|claim| Identity::new(&IdentityFields {
            insurer_number: &claim.insurer_id,
            symbol: "あ12",
            number: "345",
            branch: "03",
            kana_name: if claim.kind == ClaimKind::Dpc { "" } else { "カクウ ジロウ" },
            birth_date: "19691028",
            sex: "1",
        })).collect();
        for (claim, identity) in claims.iter().zip(&identities) {
            writer.write(claim, identity).unwrap();
        }
        let read = read(&writer.finish().unwrap());
        prop_assert_eq!(rules(&read.rejects), []);
        prop_assert_eq!(read.summary.declared_points, Some(read.summary.points));
        prop_assert_eq!(read.claims.len(), claims.len());
        for ((read, claim), identity) in read.claims.iter().zip(&claims).zip(&identities) {
            let lineless = Claim { line: 0, ..read.claim.clone() };
            prop_assert_eq!(&lineless, claim);
            prop_assert!(read.identity == *identity);
        }
    }

    #[test]
    fn no_bytes_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes);
    }

    #[test]
    fn no_damage_stops_the_reader(at in 0usize..900, byte in any::<u8>(), cut in 0usize..900, which in 0usize..4) {
        let mut file = cp932([MEDICAL, DPC, DENTAL, PHARMACY][which]);
        let length = file.len();
        file[at % length] = byte;
        read(&file);
        read(&file[..cut % length]);
    }

    #[test]
    fn icd10_codes_are_stable(code in "[A-Za-z0-9.]{0,8}") {
        if let Some(icd10) = Icd10::new(&code) {
            prop_assert_eq!(Icd10::new(icd10.as_str()), Some(icd10));
            prop_assert!(icd10.as_str().len() >= 3);
        }
    }
}
