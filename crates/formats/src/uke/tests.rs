//! Claims of every kind as written by hand.

mod hostile;
mod round_trip;
mod rows;

use encoding_rs::SHIFT_JIS;

use super::*;
use crate::normalise::YearMonth;
use crate::{Identity, IdentityFields, Rejects, Rule, Token, Tokeniser};

const MEDICAL: &str = "IR,1,13,1,1234567,,架空医院,202405,00,03-0000-0000\r\n\
RE,1,1116,202404,架空　花子,2,19691028,,,,,,,A12,,,,,12345,202404,,,,,,,,,,,,,,,,,ｶｸｳ ﾊﾅｺ,\r\n\
HO,  138057,１２－３,０００４５６,3,1234,,2,1380,,,,,,\r\n\
SN,1,01,00138057,,,02,,\r\n\
SY,2500013,20200101,1,,,01,\r\n\
SY,0000999,20240401,1,8002,架空の病名,,\r\n\
SY,8833421,20240401,1,20578002,,,\r\n\
SI,11,1,111000110,,288,1\r\n\
IY,21,1,610000001,2,,\r\n\
IY,,1,620000002,1,10,28\r\n\
IY,,1,610000001,2,5,14\r\n\
CO,,1,810000001,患者の名前は架空花子です\r\n\
IY,23,1,660000003,1,30,1\r\n\
TO,40,1,700000001,1,86,1\r\n\
SI,60,1,160000001,,240,2\r\n\
SJ,01,架空花子の経過\r\n\
GO,1,1234,99\r\n\x1a";

const DPC: &str = "IR,1,13,1,7654321,,,202405,00,\r\n\
RE,1,1111,202404,,1,3441028,,20240401\r\n\
HO,06130512,1,22,10,54321,,20,12800\r\n\
BU,040080xx99x0xx,20240401,20240410,1,\r\n\
SB,8830417,,,J18.9,01,,\r\n\
SB,2500015,8002,,E119,11,,\r\n\
SB,8833421,,,ZZZ,02,,\r\n\
SY,5351003,20240401,1,,,,\r\n\
SI,90,1,190000001,,1500,1\r\n\
IY,21,1,610000001,2,10,5\r\n\
CD,20240401,21,1,1,610000001,2,,,3,\r\n\
CD,20240402,21,2,1,610000001,2,,,4,\r\n\
CD,20240402,33,3,1,640000004,2,,,1,\r\n\
CD,20240402,60,4,1,160000001,,,,1,\r\n";

const DENTAL: &str = "UK,1,13,3,1112223,,,202405,,00\r\n\
RE,1,3112,202404,,1,19800401\r\n\
HO,06130512,1,22,2,600,3,1920\r\n\
HS,20240401,1,1017,5234016,,,,,01,,,\r\n\
SS,11,1,301000110,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,267,1\r\n\
IY,21,1,610000001,1,11,3\r\n\
TO,40,1,700000001,1,,,,,,,,100,3\r\n";

const PHARMACY: &str = "YK,1,13,4,9998887,架空薬局,202405,00,\r\n\
RE,1,4112,202404,,2,19691028\r\n\
HO,06130512,1,22,2,777\r\n\
SH,1,1,,\r\n\
CZ,1,20240401,20240401,1,14\r\n\
CZ,1,20240401,20240420,2,14\r\n\
IY,1,610000001,1\r\n\
IY,1,620000002,1\r\n\
SH,2,5,,\r\n\
CZ,1,20240401,20240401,1,3\r\n\
IY,1,660000003,1\r\n\
SH,3,3,,\r\n\
CZ,1,20240401,20240401,1,10\r\n\
IY,1,114000004,1\r\n\
KI,1,,\r\n";

fn cp932(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

fn options() -> ReadOptions {
    ReadOptions {
        file: "RECEIPTC.UKE".into(),
        encoding: Encoding::Cp932,
    }
}

struct Read_ {
    claims: Vec<ReadClaim>,
    rejects: Rejects,
    summary: ReadSummary,
}

fn read(bytes: &[u8]) -> Read_ {
    let mut reader = ClaimReader::new(bytes, options());
    let mut claims = Vec::new();
    while let Some(claim) = reader.next_claim().unwrap() {
        claims.push(claim);
    }
    Read_ {
        claims,
        rejects: reader.rejects().clone(),
        summary: reader.summary().clone(),
    }
}

#[track_caller]
fn one(text: &str) -> (Claim, Read_) {
    let read = read(&cp932(text));
    assert_eq!(read.claims.len(), 1, "{:?}", read.rejects);
    (read.claims[0].claim.clone(), read)
}

fn rules(rejects: &Rejects) -> Vec<(Rule, u64)> {
    rejects
        .counts()
        .iter()
        .map(|(rule, n)| (*rule, *n))
        .collect()
}

fn month(year: i32, month: u32) -> YearMonth {
    YearMonth::new(year, month).unwrap()
}

fn tokeniser() -> Tokeniser {
    Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c65").unwrap()
}

fn person() -> Token {
    tokeniser().token("test", &["person"])
}

fn diagnosis(code: u32, is_suspected: bool, is_main: bool) -> Diagnosis {
    Diagnosis {
        code,
        icd10: None,
        is_suspected,
        is_main,
    }
}

#[test]
fn a_medical_claim_is_read() {
    let (claim, read) = one(MEDICAL);
    assert_eq!(
        claim,
        Claim {
            line: 2,
            kind: ClaimKind::Medical,
            payer: Payer::Insurance,
            n_payers: 1,
            beneficiary: Some(Beneficiary::Family),
            institution_id: "1311234567".into(),
            insurer_id: "00138057".into(),
            care_month: month(2024, 4),
            billed_month: month(2024, 5),
            is_inpatient: false,
            care_days: 3,
            points: 1234,
            meal_yen: 1380,
            diagnoses: vec![
                diagnosis(2_500_013, false, true),
                diagnosis(999, true, false),
                diagnosis(8_833_421, true, false)
            ],
            // A group shares the count of its last line; only oral drugs (21) have days.
            drugs: vec![
                Drug {
                    code: 610_000_001,
                    days: 28
                },
                Drug {
                    code: 620_000_002,
                    days: 28
                },
                Drug {
                    code: 610_000_001,
                    days: 14
                },
                Drug {
                    code: 660_000_003,
                    days: 0
                },
            ],
            flags: ClaimFlags::default(),
        }
    );
    let expected = Identity::new(&IdentityFields {
        insurer_number: "00138057",
        symbol: "123",
        number: "456",
        branch: "02",
        kana_name: "カクウハナコ",
        birth_date: "19691028",
        sex: "2",
    });
    assert!(read.claims[0].identity == expected);
    assert_eq!(rules(&read.rejects), []);
    let ReadSummary {
        n_claims,
        n_unused,
        points,
        declared_points,
        is_complete,
        ..
    } = read.summary;
    assert_eq!(
        (n_claims, n_unused, points, declared_points, is_complete),
        (1, 2, 1234, Some(1234), true)
    );
}

#[test]
fn points_that_do_not_add_up_are_flagged() {
    let (claim, _) = one(&MEDICAL.replace("SI,60,1,160000001,,240,2", "SI,60,1,160000001,,240,3"));
    assert!(claim.flags.points_differ);
    let (claim, _) = one(&MEDICAL.replace("IY,23,1,660000003,1,30,1", "IY,23,1,660000003,1,,"));
    assert!(claim.flags.has_open_group);
}

#[test]
fn a_dpc_claim_has_its_icd10_and_daily_acts() {
    let (claim, read) = one(DPC);
    assert_eq!(
        (
            claim.kind,
            claim.is_inpatient,
            claim.care_days,
            claim.meal_yen
        ),
        (ClaimKind::Dpc, true, 10, 12_800)
    );
    let with = |code, icd10, is_suspected, is_main| Diagnosis {
        code,
        icd10: Icd10::new(icd10),
        is_suspected,
        is_main,
    };
    assert_eq!(
        claim.diagnoses,
        [
            with(8_830_417, "J189", false, false),
            with(2_500_015, "E119", true, true),
            with(8_833_421, "", false, false),
            diagnosis(5_351_003, false, false),
        ]
    );
    let drugs = [(610_000_001, 3), (610_000_001, 4), (640_000_004, 0)];
    assert_eq!(claim.drugs, drugs.map(|(code, days)| Drug { code, days }));
    assert_eq!(rules(&read.rejects), [(Rule::Icd10, 1)]);
}

#[test]
fn a_dental_claim_is_read() {
    let (claim, _) = one(DENTAL);
    assert_eq!(
        (claim.kind, claim.points, claim.meal_yen),
        (ClaimKind::Dental, 600, 1_920)
    );
    assert_eq!(claim.diagnoses, [diagnosis(5_234_016, false, true)]);
    assert_eq!(
        claim.drugs,
        [Drug {
            code: 610_000_001,
            days: 3
        }]
    );
    assert_eq!(claim.flags, ClaimFlags::default());
}

#[test]
fn a_pharmacy_claim_has_days_of_oral_drugs_only() {
    let (claim, read) = one(PHARMACY);
    assert_eq!(
        (claim.kind, claim.care_days, claim.billed_month),
        (ClaimKind::Pharmacy, 2, month(2024, 5))
    );
    let drugs = [
        (610_000_001, 28),
        (620_000_002, 28),
        (660_000_003, 0),
        (114_000_004, 0),
    ];
    assert_eq!(claim.drugs, drugs.map(|(code, days)| Drug { code, days }));
    assert_eq!(
        (rules(&read.rejects), claim.institution_id.as_str()),
        (vec![], "1349998887")
    );
}

#[test]
fn dates_by_era_are_read_and_impossible_ones_flagged() {
    let era = MEDICAL
        .replace("202405,00", "50605,00")
        .replace("1116,202404", "1116,50604")
        .replace("19691028", "3441028");
    let (claim, read) = one(&era);
    assert_eq!(
        (
            claim.care_month,
            claim.billed_month,
            claim.flags.era_crossed
        ),
        (month(2024, 4), month(2024, 5), false)
    );
    assert_eq!(read.claims[0].identity.birth_month(), Some(month(1969, 10)));
    let (claim, read) = one(&MEDICAL.replace("19691028", "5010203"));
    assert!(claim.flags.era_crossed);
    assert_eq!(read.claims[0].identity.birth_month(), Some(month(2019, 2)));
    let (claim, _) = one(&MEDICAL.replace("202405,00", "43605,00"));
    assert_eq!(
        (claim.billed_month, claim.flags.era_crossed),
        (month(2024, 5), true)
    );
}

#[test]
fn kinds_of_claims_tell_payer_and_beneficiary() {
    for (code, payer, n_payers, beneficiary, is_inpatient) in [
        (
            "1111",
            Payer::Insurance,
            1,
            Some(Beneficiary::Insured),
            true,
        ),
        (
            "1124",
            Payer::Insurance,
            2,
            Some(Beneficiary::Preschool),
            false,
        ),
        (
            "1138",
            Payer::Insurance,
            3,
            Some(Beneficiary::SeniorGeneral),
            false,
        ),
        (
            "1110",
            Payer::Insurance,
            1,
            Some(Beneficiary::SeniorHighIncome),
            false,
        ),
        (
            "1319",
            Payer::Elderly,
            1,
            Some(Beneficiary::SeniorHighIncome),
            true,
        ),
        ("1212", Payer::PublicFunds, 1, None, false),
    ] {
        let (claim, _) = one(&MEDICAL.replace(",1116,", &format!(",{code},")));
        assert_eq!(
            (
                claim.payer,
                claim.n_payers,
                claim.beneficiary,
                claim.is_inpatient
            ),
            (payer, n_payers, beneficiary, is_inpatient)
        );
    }
}
