//! What starts when a person becomes exposed, and whose exposure counts.

use super::error::EvaluationError;
use crate::diagnostic::did_you_mean;
use crate::toml_reader::{Located, LocatedText, TomlTable};
use crate::vocabulary::Vocabulary;

/// What starts when a person becomes exposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exposure {
    /// Programs of one field, whatever else there is.
    Field(String),
    /// Programs of one field in the years in which those of the field `system` had started already.
    FieldGivenSystem(String),
    /// Programs of one field, by how much of them there was for a person.
    Dose(String, DoseUnit),
    /// Programs of any field for which a condition holds.
    Programs(ChosenPrograms),
    /// Two or more fields within twelve months.
    Bundle,
}

/// What a dose is counted in. All are means over the persons exposed to a program: what one of them took up would be a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoseUnit {
    /// Sessions taken part in per exposed person.
    Sessions,
    /// Staff hours per exposed person.
    StaffHours,
    /// Thousands of yen per exposed person.
    ThousandYen,
}

/// Programs by SQL conditions over the rows of `clean_programs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenPrograms {
    /// Which are evaluated.
    pub programs: LocatedText,
    /// Which they are compared with; `None` where persons without a program are the comparison.
    pub against: Option<LocatedText>,
}

/// Whose exposure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposed {
    /// The person was offered a program, taken or not.
    Offered,
    /// The person took part: a choice, so that the comparison is of those who chose otherwise.
    Participated,
    /// The subscriber of the person's household was offered a program.
    Household,
}

impl Exposure {
    /// The word for it in plans and tables.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::FieldGivenSystem(_) => "field_given_system",
            Self::Dose(..) => "dose",
            Self::Programs(_) => "programs",
            Self::Bundle => "bundle",
        }
    }

    pub(super) fn read(
        table: &TomlTable<'_>,
        vocabulary: &Vocabulary,
    ) -> Result<Self, EvaluationError> {
        let words = ["field", "field_given_system", "dose", "programs", "bundle"];
        let given = table.get("exposure");
        let given = given.map(|item| item.one_of(&words.map(|word| (word, word))));
        let word = given.transpose()?.unwrap_or("field");
        check_keys(table, word)?;
        Ok(match word {
            "bundle" => Self::Bundle,
            "programs" => Self::Programs(ChosenPrograms {
                programs: table.required("programs")?,
                against: table.optional("against")?,
            }),
            "dose" => {
                let units = DoseUnit::ALL.map(|unit| (unit.word(), unit));
                let unit = table.require("dose")?.one_of(&units)?;
                Self::Dose(field(table, vocabulary)?, unit)
            }
            "field_given_system" => Self::FieldGivenSystem(field(table, vocabulary)?),
            _ => Self::Field(field(table, vocabulary)?),
        })
    }

    /// Refuses whose exposure is not known for this kind of exposure.
    pub(super) fn check_exposed(
        &self,
        exposed: Exposed,
        table: &TomlTable<'_>,
    ) -> Result<(), EvaluationError> {
        let is_known = match self {
            Self::Dose(..) => exposed == Exposed::Offered,
            Self::Programs(_) => exposed != Exposed::Household,
            _ => true,
        };
        if is_known {
            return Ok(());
        }
        Err(EvaluationError::Contradiction {
            at: table.require("exposed")?.location(),
            message: format!(
                "`exposure = \"{}\"` is known of persons to whom programs were offered{}, not `{}`",
                self.word(),
                match self {
                    Self::Programs(_) => " or who took part",
                    _ => "",
                },
                exposed.word(),
            ),
        })
    }
}

impl DoseUnit {
    const ALL: [Self; 3] = [Self::Sessions, Self::StaffHours, Self::ThousandYen];

    /// The word for it in plans.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::StaffHours => "staff_hours",
            Self::ThousandYen => "thousand_yen",
        }
    }
}

impl Exposed {
    const ALL: [Self; 3] = [Self::Offered, Self::Participated, Self::Household];

    pub(super) fn read(table: &TomlTable<'_>) -> Result<Self, EvaluationError> {
        let words = Self::ALL.map(|exposed| (exposed.word(), exposed));
        let given = table.get("exposed").map(|item| item.one_of(&words));
        Ok(given.transpose()?.unwrap_or(Self::Offered))
    }

    /// The word for it in plans and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Participated => "participated",
            Self::Household => "household",
        }
    }
}

/// Refuses keys that belong to other exposures: they would be without effect.
fn check_keys(table: &TomlTable<'_>, word: &str) -> Result<(), EvaluationError> {
    let refused = [
        ("field", ["bundle", "programs"].contains(&word)),
        ("dose", word != "dose"),
        ("programs", word != "programs"),
        ("against", word != "programs"),
    ];
    for (key, is_refused) in refused {
        let Some(item) = table.get(key).filter(|_| is_refused) else {
            continue;
        };
        let message = match word {
            "bundle" if key == "field" => "a bundle is of all fields: leave out `field`".to_owned(),
            "programs" if key == "field" => {
                "`programs` says which programs: write `field = '…'` there, and leave out `field`"
                    .to_owned()
            }
            _ => format!(
                "`{key}` does not go with `exposure = \"{word}\"`: leave it out, or write `exposure = \"{}\"`",
                if key == "dose" { "dose" } else { "programs" }
            ),
        };
        return Err(EvaluationError::Contradiction {
            at: item.key_location(),
            message,
        });
    }
    Ok(())
}

fn field(table: &TomlTable<'_>, vocabulary: &Vocabulary) -> Result<String, EvaluationError> {
    let field: Located<String> = table.required("field")?;
    if vocabulary.field(&field.value).is_some() {
        return Ok(field.value);
    }
    let known = vocabulary.fields.iter().map(|own| own.name.as_str());
    Err(EvaluationError::Unknown {
        hint: did_you_mean(&field.value, known),
        at: field.at,
        kind: "field",
        name: field.value,
    })
}
