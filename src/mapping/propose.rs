//! A file of a holder → a mapping, with how sure each column is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array as _, RecordBatch};

use super::error::MappingError;
use super::found_table::{find_layout, groups, sample};
use super::header_rules::{HeaderForms, HeaderRules, Rank};
use super::identity::IdentityField;
use super::score::{DECORATED, NameFit, NamedColumn, ValueFit, value_fit};
use super::source_mapping::{ColumnSource, LongLayout, Origin, SourceMapping};
use super::tokens::texts;
use crate::contract::{ColumnContract, ColumnType, TableContract, identifying_word};
use crate::diagnostic::SourceLocation;
use crate::tabular::{TableFile, TableLayout};

/// How sure a proposed column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Nothing of a contract.
    None,
    /// A name that is only similar, or values of which many do not fit: in the mapping as a comment.
    Guess,
    /// A similar name whose values fit.
    Likely,
    /// A known name whose values fit.
    Certain,
}

impl Certainty {
    fn of(score: f64) -> Self {
        match score {
            0.9.. => Self::Certain,
            0.6.. => Self::Likely,
            0.4.. => Self::Guess,
            _ => Self::None,
        }
    }
}

/// What a header stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A column of the contract.
    Column(String),
    /// A field that identifies a person.
    Identity(IdentityField),
}

/// What is proposed for one header of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedColumn {
    /// The header.
    pub header: String,
    /// What it stands for; nothing for a column that is left out.
    pub targets: Vec<Target>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Whether the header is a known name of what it stands for, not only a similar one.
    pub is_known_name: bool,
    /// Sampled values that are no words for missing ones, and those of them that the contract accepts.
    pub n_values: u64,
    /// See `n_values`.
    pub n_accepted: u64,
    /// Words that mean no code.
    pub unknown_words: Vec<String>,
}

/// What is proposed for a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The file.
    pub file: PathBuf,
    /// The mapping, with columns that are certain or likely.
    pub mapping: SourceMapping,
    /// One for each header, in the order of the file.
    pub columns: Vec<ProposedColumn>,
    /// Columns that the contract requires and nothing says.
    pub missing: Vec<String>,
    /// Rows that were looked at.
    pub n_rows: usize,
    /// Whether the file identifies persons: `korabo pseudonymize` reads it.
    pub identifies: bool,
}

impl Proposal {
    /// Whether it may be used without being looked at: everything required is there, under names that are known.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let is_used = |column: &&ProposedColumn| column.certainty >= Certainty::Likely;
        let mut used = self.columns.iter().filter(is_used);
        self.missing.is_empty() && used.all(|column| column.is_known_name)
    }
}

/// Proposes a mapping for `path`, for the contract `table` or the one that fits best. `None` where no column of any contract is in it.
///
/// # Errors
/// When the file cannot be read.
pub fn propose(
    path: &Path,
    contracts: &[TableContract],
    rules: &HeaderRules,
    table: Option<&str>,
) -> Result<Option<Proposal>, MappingError> {
    let wanted = contracts
        .iter()
        .filter(|contract| table.is_none_or(|table| contract.name == table));
    let wanted: Vec<&TableContract> = wanted.collect();
    let file = TableFile::open(path, None)?;
    let layout = find_layout(&file, &wanted, rules)?;
    let sample = sample(&file, &layout)?;
    let fields = sample.schema_ref().fields().iter();
    let mut headers: Vec<HeaderForms> = fields.map(|field| rules.forms(field.name())).collect();
    for (header, group) in headers.iter_mut().zip(groups(&file, &layout)) {
        header.add_group(&group, rules);
    }
    let candidates = wanted.into_iter().map(|contract| {
        let sniffing = Sniffing {
            contract,
            columns: contract.columns.iter().map(NamedColumn::new).collect(),
            rules,
            sample: &sample,
            headers: &headers,
        };
        sniffing.assign()
    });
    let best = candidates.max_by(|a, b| a.total.total_cmp(&b.total));
    let Some(best) = best.filter(|best| best.total > 0.0) else {
        return Ok(None);
    };
    Ok(Some(best.into_proposal(path, layout, rules, &sample)))
}

/// One contract against the sample of a file.
struct Sniffing<'s> {
    contract: &'s TableContract,
    columns: Vec<NamedColumn<'s>>,
    rules: &'s HeaderRules,
    sample: &'s RecordBatch,
    headers: &'s [HeaderForms],
}

/// A header that may be a column.
struct Fit {
    place: usize,
    column: usize,
    name: NameFit,
    values: ValueFit,
    score: f64,
}

/// What the headers of a file are in one contract.
struct Assignment<'s> {
    contract: &'s TableContract,
    fits: Vec<Fit>,
    identity: BTreeMap<IdentityField, Vec<usize>>,
    long: Option<(usize, usize, BTreeMap<String, Vec<String>>)>,
    total: f64,
}

impl<'s> Sniffing<'s> {
    fn assign(&self) -> Assignment<'s> {
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
        let score = name.score * (0.4 + 0.6 * values.share());
        (score >= 0.4).then_some(Fit {
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
        let likely = self.fits.iter().filter(|fit| fit.score >= 0.6);
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
    fn missing(&self, rules: &HeaderRules) -> Vec<String> {
        let derived: Vec<&str> = rules
            .derived_of(self.contract)
            .map(|(name, _)| name)
            .collect();
        let has_identity = self.can_identify();
        let is_missing = |(at, column): &(usize, &ColumnContract)| {
            let is_found = self
                .fits
                .iter()
                .any(|fit| fit.column == *at && fit.score >= 0.6);
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
    fn can_identify(&self) -> bool {
        [
            IdentityField::Number,
            IdentityField::KanaName,
            IdentityField::EmployeeNumber,
            IdentityField::PersonId,
        ]
        .iter()
        .any(|field| self.identity.contains_key(field))
    }

    fn into_proposal(
        self,
        path: &Path,
        layout: TableLayout,
        rules: &HeaderRules,
        sample: &RecordBatch,
    ) -> Proposal {
        let headers: Vec<&str> = sample
            .schema_ref()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let has_persons = self
            .contract
            .columns
            .iter()
            .any(|own| rules.tokens.contains_key(&own.name));
        let identifies = headers
            .iter()
            .any(|header| identifying_word(header).is_some())
            || has_persons && self.can_identify();
        let identity = match identifies && has_persons {
            true => self.identity.clone(),
            false => BTreeMap::new(),
        };
        let columns = headers
            .iter()
            .enumerate()
            .map(|(place, header)| self.proposed(place, header, &identity));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Proposal {
            file: path.to_path_buf(),
            columns: columns.collect(),
            missing: self.missing(rules),
            n_rows: sample.num_rows(),
            identifies,
            mapping: self.mapping(&name, path, layout, (&headers, &identity)),
        }
    }

    fn proposed(
        &self,
        place: usize,
        header: &str,
        identity: &BTreeMap<IdentityField, Vec<usize>>,
    ) -> ProposedColumn {
        let own = self.fits.iter().find(|fit| fit.place == place);
        let mut targets: Vec<Target> = own
            .map(|fit| Target::Column(self.contract.columns[fit.column].name.clone()))
            .into_iter()
            .collect();
        let fields = identity
            .iter()
            .filter(|(_, places)| places.contains(&place));
        targets.extend(fields.map(|(field, _)| Target::Identity(*field)));
        let is_identity = targets.iter().any(|own| matches!(own, Target::Identity(_)));
        ProposedColumn {
            header: header.to_owned(),
            certainty: match own {
                Some(fit) => Certainty::of(fit.score),
                None if is_identity => Certainty::Certain,
                None => Certainty::None,
            },
            targets,
            is_known_name: own.is_none_or(|fit| fit.name.score >= DECORATED),
            n_values: own.map_or(0, |fit| fit.values.n_values),
            n_accepted: own.map_or(0, |fit| fit.values.n_accepted),
            unknown_words: own.map_or_else(Vec::new, |fit| fit.values.unknown_words.clone()),
        }
    }

    fn mapping(
        &self,
        name: &str,
        path: &Path,
        layout: TableLayout,
        (headers, identity): (&[&str], &BTreeMap<IdentityField, Vec<usize>>),
    ) -> SourceMapping {
        let at = SourceLocation {
            file: path.to_path_buf(),
            line: layout.header_row,
            column: 1,
        };
        let named = |places: &[usize]| {
            let names = places.iter().map(|place| headers[*place].to_owned());
            ColumnSource::of_headers(names.collect(), at.clone())
        };
        let mut columns: BTreeMap<String, ColumnSource> = BTreeMap::new();
        for (number, column) in self.contract.columns.iter().enumerate() {
            let own = self.fits.iter().filter(|fit| fit.column == number);
            let mut own: Vec<&Fit> = own.filter(|fit| fit.score >= 0.6).collect();
            own.sort_by_key(|fit| fit.name.rank);
            let Some(first) = own.first() else { continue };
            let places: Vec<usize> = own.iter().map(|fit| fit.place).collect();
            let source = ColumnSource {
                days: if first.name.is_day_after { -1 } else { 0 },
                ..named(&places)
            };
            columns.insert(column.name.clone(), source);
        }
        if let Some((_, _, items)) = &self.long {
            for (column, names) in items {
                let source = ColumnSource {
                    origin: Origin::Items(names.clone()),
                    ..named(&[])
                };
                columns.insert(column.clone(), source);
            }
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        SourceMapping {
            name: name.to_owned(),
            shown: path.to_path_buf(),
            table: self.contract.name.clone(),
            files: vec![glob::Pattern::escape(&file)],
            layout,
            missing: Vec::new(),
            identity: identity
                .iter()
                .map(|(field, places)| (*field, named(places)))
                .collect(),
            columns,
            long: self.long.as_ref().map(|(item, value, _)| LongLayout {
                item: headers[*item].to_owned(),
                value: headers[*value].to_owned(),
            }),
            sha256: String::new(),
        }
    }
}
