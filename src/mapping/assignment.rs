//! Which headers of a file are which columns of one contract.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array as _, RecordBatch};

use super::header_rules::{HeaderForms, HeaderRules, Rank};
use super::identity::IdentityField;
use super::score::{DECORATED, NameFit, NamedColumn, ValueFit, value_fit};
use super::tokens::texts;
use crate::contract::{ColumnContract, ColumnType, TableContract};

/// From this score on a header is likely to be a column.
pub(super) const LIKELY: f64 = 0.6;
/// From this score on it may be one.
pub(super) const GUESS: f64 = 0.4;
/// What a name counts of which no value fits.
const NAME_ALONE: f64 = 0.4;

/// One contract against the sample of a file.
pub(super) struct Sniffing<'s> {
    pub(super) contract: &'s TableContract,
    pub(super) columns: Vec<NamedColumn<'s>>,
    pub(super) rules: &'s HeaderRules,
    pub(super) sample: &'s RecordBatch,
    pub(super) headers: &'s [HeaderForms],
}

/// A header that may be a column.
pub(super) struct Fit {
    pub(super) place: usize,
    pub(super) column: usize,
    pub(super) name: NameFit,
    pub(super) values: ValueFit,
    pub(super) score: f64,
}

/// What the headers of a file are in one contract.
pub(super) struct Assignment<'s> {
    pub(super) contract: &'s TableContract,
    pub(super) fits: Vec<Fit>,
    pub(super) identity: BTreeMap<IdentityField, Vec<usize>>,
    pub(super) long: Option<(usize, usize, BTreeMap<String, Vec<String>>)>,
    pub(super) total: f64,
}

impl<'s> Sniffing<'s> {
    /// The headers that are columns, and how well the contract fits.
    pub(super) fn assign(&self) -> Assignment<'s> {
        let mut fits = Vec::new();
        for place in 0..self.sample.num_columns() {
            for at in 0..self.columns.len() {
                fits.extend(self.fit(place, at));
            }
        }
        fits.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then(a.name.rank.cmp(&b.name.rank))
        });
        let fits = chosen(fits);
        let identity = self.identity();
        let long = self.long();
        let mut assignment = Assignment {
            contract: self.contract,
            fits,
            identity,
            long,
            total: 0.0,
        };
        assignment.total = assignment.weight(self.rules);
        assignment
    }

    fn values(&self, place: usize) -> impl Iterator<Item = &'s str> {
        let column = texts(self.sample)[place];
        (0..column.len())
            .filter(|row| !column.is_null(*row))
            .map(|row| column.value(row))
    }

    fn fit(&self, place: usize, at: usize) -> Option<Fit> {
        let column = &self.columns[at];
        let name = column.fit(&self.headers[place], self.rules)?;
        let days = if name.is_day_after { -1 } else { 0 };
        let of = (column.column, self.contract, self.rules);
        let values = value_fit(self.values(place), of, days);
        let score = name.score * (NAME_ALONE + (1.0 - NAME_ALONE) * values.share());
        (score >= GUESS).then_some(Fit {
            place,
            column: at,
            name,
            values,
            score,
        })
    }

    /// Fields that identify, by their names alone: of each header those that it names best.
    fn identity(&self) -> BTreeMap<IdentityField, Vec<usize>> {
        let mut found: BTreeMap<IdentityField, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, header) in self.headers.iter().enumerate() {
            let fields = self.rules.identity.iter();
            let ranked =
                fields.filter_map(|(field, names)| Some((*field, header.own_rank(names)?)));
            let ranked: Vec<(IdentityField, Rank)> = ranked.collect();
            let best = ranked.iter().map(|(_, rank)| rank.form).min();
            for (field, rank) in ranked {
                if Some(rank.form) == best {
                    found.entry(field).or_default().push((rank.place, place));
                }
            }
        }
        // Who has a number or name of his own needs no identifier of a holder.
        let own = [
            IdentityField::Number,
            IdentityField::KanaName,
            IdentityField::EmployeeNumber,
        ];
        if own.iter().any(|field| found.contains_key(field)) {
            found.remove(&IdentityField::PersonId);
            found.remove(&IdentityField::HouseholdId);
        }
        let sorted = |mut places: Vec<(usize, usize)>| {
            places.sort_unstable();
            places.into_iter().map(|(_, place)| place).collect()
        };
        found
            .into_iter()
            .map(|(field, places)| (field, sorted(places)))
            .collect()
    }

    /// Whether each row holds one item: where the item and its value are, and which items are which columns.
    fn long(&self) -> Option<(usize, usize, BTreeMap<String, Vec<String>>)> {
        let places = || 0..self.sample.num_columns();
        let ranked =
            |names: &[String], place: usize| self.headers[place].rank(names).map(|rank| rank.place);
        let value = places()
            .filter_map(|place| Some((ranked(&self.rules.long_value, place)?, place)))
            .min()?
            .1;
        let items = places().filter(|place| ranked(&self.rules.long_item, *place).is_some());
        let candidates = items.filter(|place| *place != value).map(|place| {
            let columns = self.items(place);
            (place, columns)
        });
        let (item, columns) = candidates.max_by_key(|(_, columns)| columns.len())?;
        (columns.len() >= 2).then_some((item, value, columns))
    }

    /// The items below a header that are columns of the contract.
    fn items(&self, place: usize) -> BTreeMap<String, Vec<String>> {
        let mut items: Vec<&str> = self.values(place).collect();
        items.sort_unstable();
        items.dedup();
        let mut columns: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for item in items {
            let forms = self.rules.forms(item);
            let measured = self.columns.iter().filter(|own| own.column.nullable);
            let fits = measured.filter_map(|column| {
                let fit = column.known_fit(&forms, self.rules)?;
                Some((column.column, fit))
            });
            let best = fits.max_by(|a, b| a.1.score.total_cmp(&b.1.score));
            if let Some((column, fit)) = best {
                let own = columns.entry(column.name.clone()).or_default();
                own.push((fit.rank, item.to_owned()));
            }
        }
        let sorted = |mut items: Vec<(usize, String)>| {
            items.sort();
            items.into_iter().map(|(_, item)| item).collect()
        };
        columns
            .into_iter()
            .map(|(column, items)| (column, sorted(items)))
            .collect()
    }
}

/// Each header goes to one column, the surest first. A column takes a further header where both are known names of it.
fn chosen(fits: Vec<Fit>) -> Vec<Fit> {
    let mut chosen: Vec<Fit> = Vec::new();
    for fit in fits {
        let is_taken = chosen.iter().any(|own| own.place == fit.place);
        let rivals = chosen.iter().filter(|own| own.column == fit.column);
        let may_join = |own: &Fit| {
            own.name.score >= DECORATED
                && fit.name.score >= DECORATED
                && own.name.is_day_after == fit.name.is_day_after
                && fit.values.share() >= 0.5
        };
        if !is_taken && rivals.into_iter().all(may_join) {
            chosen.push(fit);
        }
    }
    chosen
}

impl Assignment<'_> {
    /// How well the contract fits: its columns by certainty, required ones twice, less those that are missing.
    fn weight(&self, rules: &HeaderRules) -> f64 {
        let likely = self.fits.iter().filter(|fit| fit.score >= LIKELY);
        let columns = likely.map(|fit| {
            let weight = if self.contract.columns[fit.column].nullable {
                1.0
            } else {
                2.0
            };
            weight * fit.score
        });
        let found: f64 = columns.sum();
        #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
        let items = self.long.as_ref().map_or(0, |(_, _, items)| items.len()) as f64;
        let missing = self.missing(rules).len();
        #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
        let missing = missing as f64;
        match found + items > 0.0 {
            true => (found + items - missing).max(0.01),
            false => 0.0,
        }
    }

    /// Columns that the contract requires and that neither the file nor a token or a rule gives.
    pub(super) fn missing(&self, rules: &HeaderRules) -> Vec<String> {
        let derived: Vec<&str> = rules
            .derived_of(self.contract)
            .map(|(name, _)| name)
            .collect();
        let has_identity = self.can_identify();
        let is_missing = |(at, column): &(usize, &ColumnContract)| {
            let is_found = self
                .fits
                .iter()
                .any(|fit| fit.column == *at && fit.score >= LIKELY);
            let is_token = column.data_type == ColumnType::Token
                && has_identity
                && rules.tokens.contains_key(&column.name);
            let is_derived = derived.contains(&column.name.as_str());
            !column.nullable && !is_found && !is_token && !is_derived
        };
        let columns = self.contract.columns.iter().enumerate();
        let missing = columns.filter(is_missing);
        missing.map(|(_, column)| column.name.clone()).collect()
    }

    /// Whether a person has a number or a name, of which tokens can be made.
    pub(super) fn can_identify(&self) -> bool {
        [
            IdentityField::Number,
            IdentityField::KanaName,
            IdentityField::EmployeeNumber,
            IdentityField::PersonId,
        ]
        .iter()
        .any(|field| self.identity.contains_key(field))
    }
}
