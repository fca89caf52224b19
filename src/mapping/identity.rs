//! Fields that identify a person, and the tokens that stand in their place.

use crate::diagnostic::did_you_mean;
use crate::toml_reader::{TomlError, TomlItem};

/// A field that identifies a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityField {
    /// 保険者番号.
    InsurerNumber,
    /// 記号.
    Symbol,
    /// 番号.
    Number,
    /// 枝番.
    Branch,
    /// Name in kana.
    KanaName,
    /// Day of birth.
    BirthDate,
    /// Sex.
    Sex,
    /// The number of an employee within the employer.
    EmployeeNumber,
    /// An identifier that a data holder has given to the person already.
    PersonId,
    /// An identifier that a data holder has given to the household already.
    HouseholdId,
}

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The person, by the key of the project.
    Person,
    /// Insurer, symbol and number.
    Household,
    /// Insurer and symbol.
    Workplace,
    /// Employer and number of the employee.
    Employee,
}

impl IdentityField {
    /// The fields by their names in mappings.
    pub const NAMES: [(&'static str, Self); 10] = [
        ("insurer_number", Self::InsurerNumber),
        ("symbol", Self::Symbol),
        ("number", Self::Number),
        ("branch", Self::Branch),
        ("kana_name", Self::KanaName),
        ("birth_date", Self::BirthDate),
        ("sex", Self::Sex),
        ("employee_number", Self::EmployeeNumber),
        ("person_id", Self::PersonId),
        ("household_id", Self::HouseholdId),
    ];

    /// Its name in mappings.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut names = Self::NAMES.iter();
        names
            .find(|(_, own)| *own == self)
            .map_or("", |(name, _)| name)
    }

    /// The field that a key of a file names.
    pub(super) fn of(item: &TomlItem<'_>) -> Result<Self, TomlError> {
        let key = item.last_key();
        let found = Self::NAMES.iter().find(|(name, _)| *name == key);
        found.map(|(_, field)| *field).ok_or_else(|| {
            let names = Self::NAMES.iter().map(|(name, _)| *name);
            TomlError::UnknownKey {
                at: item.key_location(),
                key: key.to_owned(),
                table: "[identity]".to_owned(),
                hint: did_you_mean(key, names),
            }
        })
    }
}

impl TokenKind {
    /// The kinds by their words.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("person", Self::Person),
        ("household", Self::Household),
        ("workplace", Self::Workplace),
        ("employee", Self::Employee),
    ];
}
