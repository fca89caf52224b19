//! What identifies a person in a native file, kept apart from everything else.

use chrono::{Datelike as _, NaiveDate};
use zeroize::{Zeroize, Zeroizing};

use crate::normalise::{self, YearMonth};

/// Sex as files code it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Code 1.
    Male,
    /// Code 2.
    Female,
}

impl Sex {
    /// The sex of code `1` or `2`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code.trim() {
            "1" => Some(Self::Male),
            "2" => Some(Self::Female),
            _ => None,
        }
    }

    /// 1 or 2.
    #[must_use]
    pub fn code(self) -> i8 {
        match self {
            Self::Male => 1,
            Self::Female => 2,
        }
    }
}

/// Identifying fields as a file writes them; what [`Identity::new`] takes.
#[derive(Clone, Copy, Default)]
pub struct IdentityFields<'a> {
    /// Insurer number (保険者番号).
    pub insurer_number: &'a str,
    /// Symbol of the card (記号).
    pub symbol: &'a str,
    /// Number of the card (番号).
    pub number: &'a str,
    /// Branch number (枝番).
    pub branch: &'a str,
    /// Name in kana.
    pub kana_name: &'a str,
    /// Day of birth, in any form of [`normalise::parse_day`].
    pub birth_date: &'a str,
    /// Sex, code 1 or 2.
    pub sex: &'a str,
}

/// Identifying fields of one person, normalised. Missing and unreadable fields are empty.
///
/// It has no `Debug`, `Display` or serialisation, so that no value can get into a message, and is wiped when dropped.
///
/// ```compile_fail
/// fn show(identity: korabo_formats::Identity) -> String {
///     format!("{identity:?}")
/// }
/// ```
///
/// ```compile_fail
/// fn show(identity: korabo_formats::Identity) -> String {
///     identity.to_string()
/// }
/// ```
#[derive(Default, PartialEq, Eq)]
pub struct Identity {
    insurer_number: Zeroizing<String>,
    symbol: Zeroizing<String>,
    number: Zeroizing<String>,
    branch: Zeroizing<String>,
    kana_name: Zeroizing<String>,
    /// YYYYMMDD.
    birth_date: Zeroizing<String>,
    sex: Option<Sex>,
}

impl Identity {
    /// Normalises identifying fields.
    #[must_use]
    pub fn new(fields: &IdentityFields<'_>) -> Self {
        let mut identity = Self::default();
        let insurer = normalise::insurer_number(fields.insurer_number);
        identity.set_card(&insurer.unwrap_or_default(), fields.symbol, fields.number);
        identity.set_branch(fields.branch);
        let birth = normalise::parse_day(fields.birth_date).ok();
        identity.set_person(fields.kana_name, birth.map(|birth| birth.day), fields.sex);
        identity
    }

    /// Sets the insurer, whose number has been normalised, and the card as written.
    pub(crate) fn set_card(&mut self, insurer_number: &str, symbol: &str, number: &str) {
        self.insurer_number = Zeroizing::new(insurer_number.to_owned());
        self.symbol = Zeroizing::new(normalise::symbol(symbol).unwrap_or_default());
        self.number = Zeroizing::new(normalise::number(number).unwrap_or_default());
    }

    /// Sets the branch number as written.
    pub(crate) fn set_branch(&mut self, branch: &str) {
        self.branch = Zeroizing::new(normalise::branch_number(branch).unwrap_or_default());
    }

    /// Sets name and sex as written, and the day of birth.
    pub(crate) fn set_person(&mut self, kana_name: &str, birth: Option<NaiveDate>, sex: &str) {
        self.kana_name = Zeroizing::new(normalise::kana_name(kana_name));
        // Years have four digits: others are not read.
        let number = |day: NaiveDate| day.year() * 10_000 + (day.month() * 100 + day.day()) as i32;
        let birth = birth.map(|day| number(day).to_string());
        self.birth_date = Zeroizing::new(birth.unwrap_or_default());
        self.sex = Sex::from_code(sex).or_else(|| Sex::from_code(&normalise::text(sex)));
    }

    /// Gives the name up.
    pub(crate) fn forget_name(&mut self) {
        self.kana_name = Zeroizing::default();
    }

    /// The insurer number, which is open: it names an organisation.
    #[must_use]
    pub fn insurer_number(&self) -> Option<&str> {
        (!self.insurer_number.is_empty()).then(|| self.insurer_number.as_str())
    }

    /// Sex, which contracts of members hold.
    #[must_use]
    pub fn sex(&self) -> Option<Sex> {
        self.sex
    }

    /// Year and month of birth, which contracts of members hold. The day stays here.
    #[must_use]
    pub fn birth_month(&self) -> Option<YearMonth> {
        YearMonth::of(self.birth()?)
    }

    /// Age at the end of a fiscal year, as rules of checkups count it: who is born on 1 April comes of age on 31 March, the day before.
    #[must_use]
    pub fn age_at_end_of(&self, fiscal_year: i32) -> Option<i32> {
        let birth = self.birth()?;
        let has_come = (birth.month(), birth.day()) <= (4, 1);
        Some(fiscal_year + i32::from(has_come) - birth.year())
    }

    fn birth(&self) -> Option<NaiveDate> {
        let number: u32 = self.birth_date.parse().ok()?;
        let year = i32::try_from(number / 10_000).ok()?;
        NaiveDate::from_ymd_opt(year, number / 100 % 100, number % 100)
    }

    /// The fields for a [`Tokeniser`](crate::Tokeniser) or a writer.
    pub(crate) fn fields(&self) -> IdentityFields<'_> {
        IdentityFields {
            insurer_number: &self.insurer_number,
            symbol: &self.symbol,
            number: &self.number,
            branch: &self.branch,
            kana_name: &self.kana_name,
            birth_date: &self.birth_date,
            sex: match self.sex {
                Some(Sex::Male) => "1",
                Some(Sex::Female) => "2",
                None => "",
            },
        }
    }
}

impl Zeroize for Identity {
    fn zeroize(&mut self) {
        let texts = [
            &mut self.insurer_number,
            &mut self.symbol,
            &mut self.number,
            &mut self.branch,
            &mut self.kana_name,
            &mut self.birth_date,
        ];
        for text in texts {
            text.zeroize();
        }
        self.sex = None;
    }
}
