//! The rows of one batch of persons before they become columns: plain data, one struct per table.
//! Who makes them: `person_years`, `claims`, `employer_rows`. Who writes them: `insurer_tables` and
//! `employer_tables`.

use super::checkup::Cells;
use super::identity::NativePerson;
use super::periods::Periods;
use super::random::Token;
use super::truth::Truth;
use super::world::World;

/// A row of `members`.
pub(crate) struct MemberRow {
    /// Position among the batch's persons.
    pub(crate) person: u32,
    /// Position of the household's subscriber.
    pub(crate) subscriber: u32,
    pub(crate) relationship: i8,
    pub(crate) sex: i8,
    pub(crate) birth_year_month: i32,
    pub(crate) municipality: Option<u8>,
    pub(crate) worksite: u32,
    pub(crate) from: i32,
    pub(crate) to: Option<i32>,
}

/// A row of `checkups`.
pub(crate) struct CheckupRow {
    pub(crate) person: u32,
    pub(crate) fiscal_year: i16,
    pub(crate) date: i32,
    /// The written date does not exist in the calendar.
    pub(crate) has_impossible_date: bool,
    pub(crate) cells: Cells,
}

/// A row of `claims`.
#[derive(Clone)]
pub(crate) struct ClaimRow {
    pub(crate) person: u32,
    pub(crate) claim: u64,
    pub(crate) care_month: i32,
    pub(crate) billed_month: i32,
    pub(crate) kind: i8,
    pub(crate) is_inpatient: bool,
    pub(crate) care_days: i16,
    pub(crate) points: i32,
    pub(crate) yen: i32,
    pub(crate) is_returned: bool,
}

/// A row of `claim_diagnoses`.
pub(crate) struct DiagnosisRow {
    pub(crate) claim: u64,
    pub(crate) billed_month: i32,
    pub(crate) icd10: &'static str,
    pub(crate) is_suspected: bool,
    pub(crate) is_main: bool,
}

/// A row of `claim_drugs`.
pub(crate) struct DrugRow {
    pub(crate) claim: u64,
    pub(crate) billed_month: i32,
    pub(crate) drug_class: &'static str,
    pub(crate) days_supplied: i16,
}

/// A row of `guidance`.
pub(crate) struct GuidanceRow {
    pub(crate) person: u32,
    pub(crate) fiscal_year: i16,
    pub(crate) level: i8,
    pub(crate) first_interview: Option<i32>,
    pub(crate) is_completed: bool,
}

/// A row of `employees`.
pub(crate) struct EmployeeRow {
    pub(crate) person: u32,
    pub(crate) worksite: u32,
    pub(crate) is_linked: bool,
    pub(crate) is_regular: bool,
    pub(crate) from: i32,
    pub(crate) to: Option<i32>,
}

/// A row of `participation`.
pub(crate) struct ParticipationRow {
    pub(crate) person: u32,
    pub(crate) employer: u32,
    pub(crate) field: usize,
    pub(crate) first: i32,
    pub(crate) sessions: i16,
}

/// A row of `productivity`; scores in tenths.
pub(crate) struct ProductivityRow {
    pub(crate) person: u32,
    pub(crate) employer: u32,
    pub(crate) fiscal_year: i16,
    pub(crate) absence: Option<i32>,
    pub(crate) scale: Option<u8>,
    pub(crate) score: Option<i32>,
    pub(crate) engagement: Option<i32>,
}

/// Tables of one insurer that are delivered period by period.
#[derive(Default)]
pub(crate) struct PeriodRows {
    pub(crate) checkups: Vec<CheckupRow>,
    pub(crate) guidance: Vec<GuidanceRow>,
}

/// Tables of one insurer that are delivered by billed month.
#[derive(Default)]
pub(crate) struct BillingRows {
    pub(crate) claims: Vec<ClaimRow>,
    pub(crate) diagnoses: Vec<DiagnosisRow>,
    pub(crate) drugs: Vec<DrugRow>,
}

/// What one insurer delivers.
pub(crate) struct InsurerRows {
    pub(crate) members: Vec<MemberRow>,
    pub(crate) periods: Vec<PeriodRows>,
    pub(crate) billings: Vec<BillingRows>,
}

/// What one group of employers delivers.
#[derive(Default)]
pub(crate) struct EmployerRows {
    pub(crate) employees: Vec<EmployeeRow>,
    pub(crate) participation: Vec<ParticipationRow>,
    pub(crate) productivity: Vec<ProductivityRow>,
}

/// All rows of one batch.
pub(crate) struct BatchRows {
    /// Running number of the batch's first person in the world.
    pub(crate) first_person: u64,
    /// Person keys.
    pub(crate) person_keys: Vec<Token>,
    /// What identifies the persons, where insurers hold native files.
    pub(crate) natives: Vec<NativePerson>,
    pub(crate) insurers: [InsurerRows; 2],
    pub(crate) groups: Vec<EmployerRows>,
    pub(crate) truth: Truth,
}

impl BatchRows {
    /// No rows yet.
    pub(crate) fn new(world: &World, periods: &Periods, first_person: u64) -> Self {
        let insurer = || InsurerRows {
            members: Vec::new(),
            periods: (0..periods.len()).map(|_| PeriodRows::default()).collect(),
            billings: (0..periods.n_billings())
                .map(|_| BillingRows::default())
                .collect(),
        };
        Self {
            first_person,
            person_keys: Vec::new(),
            natives: Vec::new(),
            insurers: [insurer(), insurer()],
            groups: (0..world.n_groups)
                .map(|_| EmployerRows::default())
                .collect(),
            truth: Truth::new(world.setting.effects.len()),
        }
    }

    /// Position in the batch of a person's running number.
    pub(crate) fn position(&self, index: u64) -> u32 {
        u32::try_from(index - self.first_person).expect("a batch holds fewer than 2^32 persons")
    }
}
