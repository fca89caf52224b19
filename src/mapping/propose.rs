//! A file of a holder → a mapping, with how sure each column is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;

use super::assignment::{Assignment, Fit, GUESS, LIKELY, Sniffing};
use super::error::MappingError;
use super::found_table::{find_layout, groups, sample};
use super::header_rules::{HeaderForms, HeaderRules};
use super::identity::IdentityField;
use super::score::{DECORATED, NamedColumn};
use super::source_mapping::{ColumnSource, LongLayout, Origin, SourceMapping};
use crate::contract::{TableContract, identifying_word};
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
            LIKELY.. => Self::Likely,
            GUESS.. => Self::Guess,
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

impl Assignment<'_> {
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
            let mut own: Vec<&Fit> = own.filter(|fit| fit.score >= LIKELY).collect();
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
