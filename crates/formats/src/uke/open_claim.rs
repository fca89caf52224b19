//! A claim while its records are read: what each kind of record adds to it.

use super::claim::{Beneficiary, Claim, ClaimFlags, ClaimKind, Diagnosis, Drug, Icd10, Payer};
use super::lines::{FieldProblem, Record};
use crate::identity::Identity;
use crate::normalise::{self, DateFlag, YearMonth};
use crate::reject::Rule;

/// Most diagnoses and lines of drugs in a claim. Claims of a month have hundreds.
const MAX_PARTS: usize = 20_000;

/// Modifier of suspected diagnoses.
const SUSPECTED: &[u8] = b"8002";

/// 診療識別 of oral drugs: the only ones whose count is one of days.
const ORAL: &[u8] = b"21";

/// A refusal: the field's position and the rule.
pub(super) type Refusal = (usize, Rule);

fn rule(at: usize) -> impl Fn(FieldProblem) -> Refusal {
    move |problem| match problem {
        FieldProblem::Missing => (at, Rule::Missing),
        FieldProblem::Number => (at, Rule::Number),
    }
}

/// What IR, UK or YK says of all claims after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    institution_id: String,
    billed_month: YearMonth,
    era_crossed: bool,
}

impl Head {
    /// Pharmacies have no field 5, so their month lies one field earlier.
    pub(super) fn read(record: &Record<'_>) -> Result<Self, Refusal> {
        let month_at = if record.kind() == b"YK" { 6 } else { 7 };
        let month =
            normalise::parse_month(&record.text(month_at)).map_err(|p| (month_at, p.into()))?;
        let prefecture = record.number(2, 99).map_err(rule(2))?;
        let schedule = record.number(3, 9).map_err(rule(3))?;
        let number = record.number(4, 9_999_999).map_err(rule(4))?;
        Ok(Self {
            institution_id: format!("{prefecture:02}{schedule}{number:07}"),
            billed_month: month.month,
            era_crossed: month.flag == DateFlag::EraCrossed,
        })
    }
}

/// Lines that share points and a count, which only the last of them has.
#[derive(Default)]
struct Group {
    is_oral: bool,
    has_lines: bool,
    drugs: Vec<u32>,
}

/// One prescription of a pharmacy (SH): its days are on the CZ records.
#[derive(Default)]
struct Prescription {
    is_by_days: bool,
    days: u32,
    drugs: Vec<u32>,
}

/// A claim that is being read.
pub(super) struct OpenClaim {
    claim: Claim,
    identity: Identity,
    has_insurer: bool,
    /// Points of KO, which count where public funds pay alone.
    public_points: Option<u32>,
    group: Group,
    prescription: Prescription,
    /// Drugs of CD records, which list all of a DPC claim.
    coded_drugs: Vec<Drug>,
    points_of_lines: u64,
    /// DPC classes of main diagnoses: 11 (main) before 01 (most resources).
    main_class: u32,
}

impl OpenClaim {
    /// Begins a claim at its RE record.
    pub(super) fn read(record: &Record<'_>, head: &Head, line: u64) -> Result<Self, Refusal> {
        let kind_code = record.code(2, 4).map_err(rule(2))?;
        let kind = match kind_code / 1_000 {
            1 => ClaimKind::Medical,
            3 => ClaimKind::Dental,
            4 => ClaimKind::Pharmacy,
            _ => return Err((2, Rule::ClaimKind)),
        };
        let payer = match kind_code / 100 % 10 {
            1 => Payer::Insurance,
            2 => Payer::PublicFunds,
            3 => Payer::Elderly,
            4 => Payer::Retired,
            _ => return Err((2, Rule::Code)),
        };
        let month =
            normalise::parse_month(&record.text(3)).map_err(|problem| (3, problem.into()))?;
        let birth = normalise::parse_day(&record.text(6));
        let crossed = birth.is_ok_and(|birth| birth.flag == DateFlag::EraCrossed);
        let kana_at = match kind {
            ClaimKind::Medical | ClaimKind::Dpc => 36,
            ClaimKind::Dental => 25,
            ClaimKind::Pharmacy => 41,
        };
        let mut identity = Identity::default();
        identity.set_person(
            &record.text(kana_at),
            birth.ok().map(|birth| birth.day),
            &record.text(5),
        );
        Ok(Self {
            claim: Claim {
                line,
                kind,
                payer,
                n_payers: u8::try_from(kind_code / 10 % 10).unwrap_or_default(),
                beneficiary: match payer {
                    Payer::PublicFunds => None,
                    _ => Beneficiary::from_digit(kind_code % 10),
                },
                institution_id: head.institution_id.clone(),
                insurer_id: String::new(),
                care_month: month.month,
                billed_month: head.billed_month,
                is_inpatient: kind != ClaimKind::Pharmacy && kind_code % 2 == 1,
                care_days: 0,
                points: 0,
                meal_yen: 0,
                diagnoses: Vec::new(),
                drugs: Vec::new(),
                flags: ClaimFlags {
                    era_crossed: crossed || head.era_crossed || month.flag == DateFlag::EraCrossed,
                    ..ClaimFlags::default()
                },
            },
            identity,
            has_insurer: false,
            public_points: None,
            group: Group::default(),
            prescription: Prescription::default(),
            coded_drugs: Vec::new(),
            points_of_lines: 0,
            main_class: 0,
        })
    }

    /// HO: insurer, card, days, points and meals.
    pub(super) fn insurer(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        let meals_at = match self.claim.kind {
            ClaimKind::Medical | ClaimKind::Dpc => Some(8),
            ClaimKind::Dental => Some(7),
            ClaimKind::Pharmacy => None,
        };
        let raw = record.text(1);
        let insurer = normalise::insurer_number(&raw).ok_or((1, Rule::Number))?;
        self.claim.flags.insurer_check_fails = !normalise::insurer_number_checks(&insurer);
        self.identity
            .set_card(&insurer, &record.text(2), &record.text(3));
        self.claim.insurer_id = insurer;
        self.claim.care_days = record.number(4, 99).map_err(rule(4))?;
        self.claim.points = record.number(5, 99_999_999).map_err(rule(5))?;
        self.claim.meal_yen = match meals_at.map(|at| (at, record.number(at, 99_999_999))) {
            None | Some((_, Err(FieldProblem::Missing))) => 0,
            Some((_, Ok(yen))) => yen,
            Some((at, Err(problem))) => return Err(rule(at)(problem)),
        };
        self.has_insurer = true;
        Ok(())
    }

    /// KO: points where public funds pay alone.
    pub(super) fn public_funds(&mut self, record: &Record<'_>) {
        if self.public_points.is_none() {
            self.public_points = record.number(5, 99_999_999).ok();
        }
    }

    /// SN: the branch number of the card, from the record of the insurer (負担者種別 1).
    pub(super) fn eligibility(&mut self, record: &Record<'_>) {
        if record.number(1, 9) == Ok(1) && !record.field(6).is_empty() {
            self.identity.set_branch(&record.text(6));
        }
    }

    /// BU: the claim is a DPC claim. Where the name in kana lies in those is not known for certain, so it is given up.
    pub(super) fn diagnosis_group(&mut self) {
        self.claim.kind = ClaimKind::Dpc;
        self.identity.forget_name();
    }

    /// SY (fields 1, 4, 6) or HS (fields 4, 5, 9): code, modifiers, main.
    pub(super) fn diagnosis(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        let (code_at, modifiers_at, main_at) = match record.kind() {
            b"HS" => (4, 5, 9),
            _ => (1, 4, 6),
        };
        let diagnosis = Diagnosis {
            code: record.code(code_at, 7).map_err(rule(code_at))?,
            icd10: None,
            is_suspected: is_suspected(record, modifiers_at)?,
            is_main: record.number(main_at, 99) == Ok(1),
        };
        self.add_diagnosis(diagnosis)
    }

    /// SB of DPC claims: code, modifiers, name, ICD-10, class. A diagnosis whose ICD-10 is no code is kept by its own code.
    pub(super) fn coded_diagnosis(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        let class = record.number(5, 99).unwrap_or_default();
        let icd10 = std::str::from_utf8(record.field(4))
            .ok()
            .and_then(Icd10::new);
        let is_main = matches!(class, 1 | 11);
        if is_main && class > self.main_class {
            self.main_class = class;
            for other in &mut self.claim.diagnoses {
                other.is_main = false;
            }
        }
        self.add_diagnosis(Diagnosis {
            code: record.code(1, 7).map_err(rule(1))?,
            icd10,
            is_suspected: is_suspected(record, 2)?,
            is_main: is_main && class == self.main_class,
        })?;
        if icd10.is_none() && !record.field(4).is_empty() {
            return Err((4, Rule::Icd10));
        }
        Ok(())
    }

    fn add_diagnosis(&mut self, diagnosis: Diagnosis) -> Result<(), Refusal> {
        self.bound(self.claim.diagnoses.len())?;
        self.claim.diagnoses.push(diagnosis);
        Ok(())
    }

    /// SI, IY, TO and SS of medical, DPC and dental claims.
    pub(super) fn line(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        let (points_at, count_at) = match (self.claim.kind, record.kind()) {
            (ClaimKind::Dental, b"TO") => (12, 13),
            (_, b"SS") => (76, 77),
            _ => (5, 6),
        };
        let class = record.field(1);
        if !class.is_empty() {
            // The group before should have had its points on its last line.
            if self.group.has_lines {
                self.close_group(0);
                self.claim.flags.has_open_group = true;
            }
            self.group.is_oral = class == ORAL;
        }
        self.group.has_lines = true;
        if record.kind() == b"IY" {
            self.bound(self.group.drugs.len() + self.claim.drugs.len())?;
            let code = record.code(3, 9).map_err(rule(3))?;
            self.group.drugs.push(code);
        }
        if !record.field(points_at).is_empty() {
            let points = record
                .number(points_at, 9_999_999)
                .map_err(rule(points_at))?;
            let count = record.number(count_at, 999).unwrap_or(1);
            let sum = u64::from(points) * u64::from(count);
            self.points_of_lines = self.points_of_lines.saturating_add(sum);
            self.close_group(count);
        }
        Ok(())
    }

    /// The class goes on to the next group; the count is the last line's.
    fn close_group(&mut self, count: u32) {
        let days = if self.group.is_oral { count } else { 0 };
        let drugs = self.group.drugs.drain(..).map(|code| Drug { code, days });
        self.claim.drugs.extend(drugs);
        self.group.has_lines = false;
    }

    /// CD of DPC claims: what was given on a day, with its count.
    pub(super) fn coded_act(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        const DRUGS: std::ops::Range<u32> = 600_000_000..700_000_000;
        let code = record.code(5, 9).map_err(rule(5))?;
        if DRUGS.contains(&code) {
            self.bound(self.coded_drugs.len())?;
            let is_oral = record.field(2) == ORAL;
            let days = if is_oral {
                record.number(9, 999).unwrap_or(1)
            } else {
                0
            };
            self.coded_drugs.push(Drug { code, days });
        }
        Ok(())
    }

    /// SH: a new prescription. Forms 1 (内服), 6 (浸煎) and 7 (湯) are dispensed by days.
    pub(super) fn prescription(&mut self, record: &Record<'_>) {
        self.close_prescription();
        self.prescription.is_by_days = matches!(record.field(2), b"1" | b"6" | b"7");
    }

    /// CZ: quantity dispensed, in days where the form is dispensed by days.
    pub(super) fn dispensing(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        match record.number(5, 999) {
            Ok(days) => self.prescription.days = self.prescription.days.saturating_add(days),
            Err(FieldProblem::Missing) => {}
            Err(problem) => return Err(rule(5)(problem)),
        }
        Ok(())
    }

    /// IY of pharmacies: the drug is field 2.
    pub(super) fn dispensed_drug(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        self.bound(self.prescription.drugs.len() + self.claim.drugs.len())?;
        let code = record.code(2, 9).map_err(rule(2))?;
        self.prescription.drugs.push(code);
        Ok(())
    }

    fn close_prescription(&mut self) {
        let closed = std::mem::take(&mut self.prescription);
        let days = if closed.is_by_days { closed.days } else { 0 };
        let drugs = closed.drugs.into_iter().map(|code| Drug { code, days });
        self.claim.drugs.extend(drugs);
    }

    /// Kind, which tells how lines are to be read.
    pub(super) fn kind(&self) -> ClaimKind {
        self.claim.kind
    }

    /// Line of the RE record.
    pub(super) fn line_number(&self) -> u64 {
        self.claim.line
    }

    /// Points for the control total of the file.
    pub(super) fn points(&self) -> u64 {
        let points = if self.has_insurer {
            self.claim.points
        } else {
            self.public_points.unwrap_or(0)
        };
        u64::from(points)
    }

    /// Ends the claim.
    pub(super) fn finish(mut self) -> Result<(Claim, Identity), Refusal> {
        if !self.has_insurer {
            return Err((0, Rule::NoInsurer));
        }
        self.close_prescription();
        if self.group.has_lines {
            self.close_group(0);
            self.claim.flags.has_open_group = true;
        }
        // CD records list all drugs, also those of other records.
        if !self.coded_drugs.is_empty() {
            self.claim.drugs = std::mem::take(&mut self.coded_drugs);
        }
        let lists_points = matches!(self.claim.kind, ClaimKind::Medical | ClaimKind::Dental);
        let is_comparable = lists_points && self.claim.n_payers == 1 && self.points_of_lines > 0;
        self.claim.flags.points_differ =
            is_comparable && self.points_of_lines != u64::from(self.claim.points);
        Ok((self.claim, self.identity))
    }

    fn bound(&self, parts: usize) -> Result<(), Refusal> {
        if parts >= MAX_PARTS {
            return Err((0, Rule::ClaimTooLarge));
        }
        Ok(())
    }
}

/// Whether modifiers, written one after the other in four digits each, have that of suspected diagnoses.
fn is_suspected(record: &Record<'_>, at: usize) -> Result<bool, Refusal> {
    let modifiers = record.field(at);
    if !modifiers.len().is_multiple_of(4) || !modifiers.iter().all(u8::is_ascii_digit) {
        return Err((at, Rule::Modifier));
    }
    Ok(modifiers.chunks(4).any(|modifier| modifier == SUSPECTED))
}
