//! Claims → UKE, as institutions write it: CP932, CRLF, totals and an end mark.

use std::io::{self, Write};

use encoding_rs::SHIFT_JIS;

use super::claim::{Beneficiary, Claim, ClaimKind, Diagnosis, Drug, Payer};
use crate::identity::{Identity, IdentityFields};

/// Why a claim cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Bytes cannot be written.
    #[error("cannot write claims")]
    Write(#[from] io::Error),
    /// A field has a character that CP932 does not know.
    #[error("a {field} has a character that CP932 has no code for")]
    Encoding {
        /// The field.
        field: &'static str,
    },
    /// The format has no place for something.
    #[error("claims of this kind have no place for {what}")]
    NoPlace {
        /// What.
        what: &'static str,
    },
}

/// Writes claims of one or more institutions.
pub struct UkeWriter<W> {
    sink: W,
    head: Option<(String, u32)>,
    n_claims: u32,
    points: u64,
}

impl<W: Write> UkeWriter<W> {
    /// Writes to `sink`.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            head: None,
            n_claims: 0,
            points: 0,
        }
    }

    /// Writes a claim, after the record of its institution where that changes.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&mut self, claim: &Claim, identity: &Identity) -> Result<(), WriteError> {
        let head = (claim.institution_id.clone(), claim.billed_month.number());
        if self.head.as_ref() != Some(&head) {
            self.write_head(claim)?;
            self.head = Some(head);
        }
        self.n_claims += 1;
        self.points += u64::from(claim.points);
        let fields = identity.fields();
        self.write_common(claim, &fields)?;
        self.write_diagnoses(claim)?;
        self.write_lines(claim)
    }

    /// Writes totals and end mark and gives the sink back.
    ///
    /// # Errors
    /// [`WriteError::Write`].
    pub fn finish(mut self) -> Result<W, WriteError> {
        let (n_claims, points) = (self.n_claims, self.points);
        self.record(&format!("GO,{n_claims},{points},99"))?;
        self.sink.write_all(b"\x1a")?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn write_head(&mut self, claim: &Claim) -> Result<(), WriteError> {
        let id = &claim.institution_id;
        let (Some(prefecture), Some(schedule), Some(number)) =
            (id.get(..2), id.get(2..3), id.get(3..))
        else {
            return Err(WriteError::NoPlace {
                what: "an institution without 10 digits",
            });
        };
        let month = claim.billed_month.number();
        let record = match claim.kind {
            ClaimKind::Medical | ClaimKind::Dpc => {
                format!("IR,1,{prefecture},{schedule},{number},,,{month},00,")
            }
            ClaimKind::Dental => format!("UK,1,{prefecture},{schedule},{number},,,{month},,00"),
            ClaimKind::Pharmacy => format!("YK,1,{prefecture},{schedule},{number},,{month},00,"),
        };
        self.record(&record)
    }

    fn write_common(
        &mut self,
        claim: &Claim,
        person: &IdentityFields<'_>,
    ) -> Result<(), WriteError> {
        let kana_at = match claim.kind {
            ClaimKind::Medical => 36,
            ClaimKind::Dental => 25,
            ClaimKind::Pharmacy => 41,
            ClaimKind::Dpc => 36,
        };
        let mut re = vec![String::new(); kana_at + 1];
        re[0] = "RE".into();
        re[1] = self.n_claims.to_string();
        re[2] = kind_code(claim);
        re[3] = claim.care_month.number().to_string();
        re[5] = person.sex.into();
        re[6] = person.birth_date.into();
        re[kana_at] = person.kana_name.into();
        self.encoded(&re.join(","), "name")?;
        let meals = match claim.kind {
            ClaimKind::Medical | ClaimKind::Dpc => format!(",,,{}", claim.meal_yen),
            ClaimKind::Dental => format!(",,{}", claim.meal_yen),
            ClaimKind::Pharmacy if claim.meal_yen > 0 => {
                return Err(WriteError::NoPlace { what: "meals" });
            }
            ClaimKind::Pharmacy => String::new(),
        };
        // 国保 numbers have six digits, padded with blanks.
        let insurer = match claim.insurer_id.strip_prefix("00") {
            Some(six) => format!("  {six}"),
            None => claim.insurer_id.clone(),
        };
        let (symbol, number) = (wide(person.symbol), wide(person.number));
        let (days, points) = (claim.care_days, claim.points);
        self.encoded(
            &format!("HO,{insurer},{symbol},{number},{days},{points}{meals}"),
            "symbol or number",
        )?;
        if !person.branch.is_empty() {
            self.record(&format!("SN,1,01,{insurer},,,{},,", person.branch))?;
        }
        Ok(())
    }

    fn write_diagnoses(&mut self, claim: &Claim) -> Result<(), WriteError> {
        if claim.kind == ClaimKind::Pharmacy && !claim.diagnoses.is_empty() {
            return Err(WriteError::NoPlace { what: "diagnoses" });
        }
        if claim.kind == ClaimKind::Dpc {
            let month = claim.care_month.number();
            self.record(&format!("BU,0000000000000x,{month}01,,1,"))?;
        }
        for Diagnosis {
            code,
            icd10,
            is_suspected,
            is_main,
        } in &claim.diagnoses
        {
            let modifier = if *is_suspected { "8002" } else { "" };
            let main = if *is_main { "01" } else { "" };
            let start = claim.care_month.number();
            let record = match (claim.kind, icd10) {
                (ClaimKind::Dpc, Some(icd10)) => {
                    let class = if *is_main { "01" } else { "02" };
                    format!("SB,{code:07},{modifier},,{},{class},,", icd10.as_str())
                }
                (_, Some(_)) => return Err(WriteError::NoPlace { what: "ICD-10" }),
                (ClaimKind::Dental, None) => {
                    format!("HS,{start}01,1,,{code:07},{modifier},,,,{main},,,")
                }
                (_, None) => format!("SY,{code:07},{start}01,1,{modifier},,{main},"),
            };
            self.record(&record)?;
        }
        Ok(())
    }

    /// Drugs, each a group of its own without points, and one line with all points.
    fn write_lines(&mut self, claim: &Claim) -> Result<(), WriteError> {
        for Drug { code, days } in &claim.drugs {
            let (class, count) = if *days > 0 { ("21", *days) } else { ("23", 1) };
            match claim.kind {
                ClaimKind::Medical | ClaimKind::Dental => {
                    self.record(&format!("IY,{class},1,{code:09},1,0,{count}"))?;
                }
                ClaimKind::Dpc => {
                    let month = claim.care_month.number();
                    self.record(&format!("CD,{month}01,{class},1,1,{code:09},1,,,{count},"))?;
                }
                ClaimKind::Pharmacy => {
                    let form = if *days > 0 { "1" } else { "5" };
                    self.record(&format!("SH,1,{form},,"))?;
                    self.record(&format!("CZ,1,,,1,{count}"))?;
                    self.record(&format!("IY,1,{code:09},1"))?;
                }
            }
        }
        match claim.kind {
            ClaimKind::Medical => self.record(&format!("SI,80,1,199999999,,{},1", claim.points)),
            ClaimKind::Dental => {
                let additions = ",".repeat(70);
                self.record(&format!(
                    "SS,80,1,399999999,,{additions},{},1",
                    claim.points
                ))
            }
            ClaimKind::Dpc | ClaimKind::Pharmacy => Ok(()),
        }
    }

    fn encoded(&mut self, record: &str, field: &'static str) -> Result<(), WriteError> {
        let (bytes, _, has_unknown) = SHIFT_JIS.encode(record);
        if has_unknown {
            return Err(WriteError::Encoding { field });
        }
        self.sink.write_all(&bytes)?;
        Ok(self.sink.write_all(b"\r\n")?)
    }

    fn record(&mut self, record: &str) -> Result<(), WriteError> {
        self.sink.write_all(record.as_bytes())?;
        Ok(self.sink.write_all(b"\r\n")?)
    }
}

/// レセプト種別.
fn kind_code(claim: &Claim) -> String {
    let schedule = match claim.kind {
        ClaimKind::Medical | ClaimKind::Dpc => 1,
        ClaimKind::Dental => 3,
        ClaimKind::Pharmacy => 4,
    };
    let payer = match claim.payer {
        Payer::Insurance => 1,
        Payer::PublicFunds => 2,
        Payer::Elderly => 3,
        Payer::Retired => 4,
    };
    let inpatient = match claim.beneficiary {
        None | Some(Beneficiary::Insured) => 1,
        Some(Beneficiary::Preschool) => 3,
        Some(Beneficiary::Family) => 5,
        Some(Beneficiary::SeniorGeneral) => 7,
        Some(Beneficiary::SeniorHighIncome) => 9,
    };
    let last = if claim.is_inpatient {
        inpatient
    } else {
        (inpatient + 1) % 10
    };
    format!("{schedule}{payer}{}{last}", claim.n_payers)
}

/// Full-width digits, as most institutions write symbols and numbers.
fn wide(key: &str) -> String {
    let wide = |c: char| match c {
        '0'..='9' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        other => other,
    };
    key.chars().map(wide).collect()
}
