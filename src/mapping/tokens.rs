//! Identifying fields of a row → tokens in their place.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use korabo_formats::{
    Identity, IdentityFields, KnownPersons, PersonTokens, Token, Tokeniser, normalise,
};

use super::header::plain;
use super::header_rules::HeaderRules;
use super::identity::{IdentityField, TokenKind};
use super::person_key::PersonKey;

/// Makes tokens of persons.
#[derive(Clone, Copy)]
pub struct TokenMaker<'a> {
    /// Holds the secret.
    pub tokeniser: &'a Tokeniser,
    /// By what persons are told apart.
    pub key: PersonKey,
    /// Persons who were seen whole: they are remembered, and complete those of whom a field is missing.
    pub known: &'a Mutex<KnownPersons>,
}

impl TokenMaker<'_> {
    /// The tokens of a person, by all that is known of the card; and the one by which persons are told apart.
    #[must_use]
    pub fn person(&self, identity: &Identity) -> (PersonTokens, Option<Token>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.tokeniser.person(identity);
        known.add(&own);
        let tokens = known.complete(own);
        (tokens, self.key.token(&tokens))
    }
}

/// Where an identifying field is.
#[derive(Debug, Clone)]
pub(super) enum FieldPlace {
    /// Columns of the file; the first with a value counts.
    Columns(Vec<usize>),
    /// The same for all rows.
    Value(String),
}

/// Reads the identifying fields of rows.
#[derive(Debug)]
pub(super) struct IdentityReader {
    places: BTreeMap<IdentityField, FieldPlace>,
    sex_codes: BTreeMap<String, String>,
}

/// The tokens of one row.
pub(super) struct RowTokens {
    person: Option<Token>,
    household: Option<Token>,
    all: PersonTokens,
    /// The insurer's number, eight digits.
    pub(super) insurer: Option<String>,
    employee_number: String,
}

impl IdentityReader {
    pub(super) fn new(places: BTreeMap<IdentityField, FieldPlace>, rules: &HeaderRules) -> Self {
        Self {
            places,
            sex_codes: rules.column("sex").words.clone(),
        }
    }

    /// Columns of the file that are read.
    pub(super) fn columns(&self) -> Vec<usize> {
        let places = self.places.values().map(|place| match place {
            FieldPlace::Columns(columns) => columns.clone(),
            FieldPlace::Value(_) => Vec::new(),
        });
        places.flatten().collect()
    }

    /// The tokens of `row`.
    pub(super) fn tokens(
        &self,
        texts: &[&StringArray],
        row: usize,
        maker: TokenMaker<'_>,
    ) -> RowTokens {
        let field = |field: IdentityField| match self.places.get(&field) {
            None => "",
            Some(FieldPlace::Value(value)) => value,
            Some(FieldPlace::Columns(columns)) => {
                let values = columns.iter().map(|column| value(texts[*column], row));
                let mut values = values.filter(|value| !value.trim().is_empty());
                values.next().unwrap_or_default()
            }
        };
        let sex = field(IdentityField::Sex);
        let sex = self.sex_codes.get(&plain(sex)).map_or(sex, String::as_str);
        let identity = Identity::new(&IdentityFields {
            insurer_number: field(IdentityField::InsurerNumber),
            symbol: field(IdentityField::Symbol),
            number: field(IdentityField::Number),
            branch: field(IdentityField::Branch),
            kana_name: field(IdentityField::KanaName),
            birth_date: field(IdentityField::BirthDate),
            sex,
        });
        let (all, person) = maker.person(&identity);
        // An identifier of the holder's, where the mapping names one, stands for what it identifies.
        let by_id = |own: IdentityField| {
            let id = normalise::text(field(own));
            let is_named = self.places.contains_key(&own);
            is_named.then(|| {
                (!id.is_empty()).then(|| maker.tokeniser.token(own.name(), &[id.as_str()]))
            })
        };
        RowTokens {
            person: by_id(IdentityField::PersonId).unwrap_or(person),
            household: by_id(IdentityField::HouseholdId).unwrap_or(all.household),
            all,
            insurer: identity.insurer_number().map(str::to_owned),
            employee_number: normalise::text(field(IdentityField::EmployeeNumber)),
        }
    }
}

impl RowTokens {
    /// The token of a kind; `None` where a field that it needs is missing.
    pub(super) fn of(
        &self,
        kind: TokenKind,
        employer: Option<&str>,
        maker: TokenMaker<'_>,
    ) -> Option<String> {
        let token = match kind {
            TokenKind::Person => self.person,
            TokenKind::Household => self.household,
            TokenKind::Workplace => self.all.workplace,
            TokenKind::Employee => {
                let employer = employer.filter(|employer| !employer.is_empty())?;
                let fields = [employer, self.employee_number.as_str()];
                (!self.employee_number.is_empty())
                    .then(|| maker.tokeniser.token("employee", &fields))
            }
        };
        token.map(|token| token.hex())
    }
}

fn value(texts: &StringArray, row: usize) -> &str {
    if texts.is_null(row) {
        ""
    } else {
        texts.value(row)
    }
}

/// The columns of a batch, all text.
pub(super) fn texts(batch: &RecordBatch) -> Vec<&StringArray> {
    batch
        .columns()
        .iter()
        .map(|column| column.as_string::<i32>())
        .collect()
}
