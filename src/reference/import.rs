//! Published numbers → reference values: shares from counts by answer, means as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::{REFERENCE_FILE, ReferenceError};
use super::mapping::{Figure, Mapping, Measure, Region, TableKind};
use super::published::{PublishedNumber, PublishedTable};
use crate::diagnostic::did_you_mean;

/// What was made of some files.
#[derive(Debug, Default)]
pub struct Import {
    /// By region, indicator, year, sex and age.
    pub values: Vec<ReferenceValue>,
    /// Figures that are left out because what they need is withheld.
    pub n_withheld: u64,
    /// The files read, with the figures that came from each.
    pub files: Vec<(PathBuf, u64)>,
}

/// A row of the contract `reference_values`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceValue {
    /// Region's code.
    pub region: String,
    /// Indicator.
    pub indicator: String,
    /// Fiscal year.
    pub fiscal_year: i16,
    /// 1 men, 2 women.
    pub sex: i8,
    /// As `40-44`, or `all`.
    pub age_band: String,
    /// Share or mean.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Where it was published.
    pub source: String,
}

impl Import {
    /// The values as the text of an extract.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = "region,indicator,fiscal_year,sex,age_band,value,unit,source\n".to_owned();
        for own in &self.values {
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{}",
                quoted(&own.region),
                own.indicator,
                own.fiscal_year,
                own.sex,
                own.age_band,
                own.value,
                quoted(&own.unit),
                quoted(&own.source)
            );
        }
        text
    }
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// What a value is about.
type Key = (String, String, i16, i8, String);

/// Imports the files at `paths`; of folders, those below them whose names fit an entry.
///
/// # Errors
/// With file, row and column of what does not fit the mapping, and when two files give the same figure.
pub fn import(paths: &[PathBuf], mapping: &Mapping) -> Result<Import, ReferenceError> {
    let files = files_of(paths, mapping)?;
    let mut import = Import::default();
    let mut found: BTreeMap<Key, (ReferenceValue, PathBuf)> = BTreeMap::new();
    for (path, kind) in files {
        let table = PublishedTable::read(&path)?;
        let numbers = table.numbers(kind)?;
        let mut n_values = 0;
        for figure in &kind.indicators {
            let context = Context {
                path: &path,
                kind,
                figure,
            };
            for (value, is_known) in context.values(&numbers)? {
                if !is_known {
                    import.n_withheld += 1;
                    continue;
                }
                n_values += 1;
                let key = key_of(&value);
                if let Some((_, first)) = found.insert(key, (value.clone(), path.clone())) {
                    return Err(ReferenceError::Twice {
                        key: named(&value),
                        first,
                        second: path,
                    });
                }
            }
        }
        import.files.push((path, n_values));
    }
    import.values = found.into_values().map(|(value, _)| value).collect();
    Ok(import)
}

fn key_of(value: &ReferenceValue) -> Key {
    (
        value.region.clone(),
        value.indicator.clone(),
        value.fiscal_year,
        value.sex,
        value.age_band.clone(),
    )
}

fn named(value: &ReferenceValue) -> String {
    let sex = if value.sex == 1 { "men" } else { "women" };
    format!(
        "`{}` of {}, FY{}, {sex}, ages {}",
        value.indicator, value.region, value.fiscal_year, value.age_band
    )
}

/// The files to read, each once and in the order of their names, with their kinds.
fn files_of<'m>(
    paths: &[PathBuf],
    mapping: &'m Mapping,
) -> Result<Vec<(PathBuf, &'m TableKind)>, ReferenceError> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut files: BTreeMap<PathBuf, &TableKind> = BTreeMap::new();
    for path in paths {
        if !path.is_dir() {
            let kind = mapping
                .kind_of(&name(path))
                .ok_or_else(|| ReferenceError::NoEntry { path: path.clone() })?;
            files.insert(path.clone(), kind);
            continue;
        }
        let unreadable = |source| ReferenceError::Unreadable {
            path: path.clone(),
            source,
        };
        for entry in fs_err::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if let (true, Some(kind)) = (file.is_file(), mapping.kind_of(&name(&file))) {
                files.insert(file, kind);
            }
        }
    }
    match files.is_empty() {
        true => Err(ReferenceError::NoFile),
        false => Ok(files.into_iter().collect()),
    }
}

/// One figure of one file.
struct Context<'a> {
    path: &'a Path,
    kind: &'a TableKind,
    figure: &'a Figure,
}

/// The numbers of one region, year, sex and age.
#[derive(Default)]
struct Sums<'a> {
    /// Of the answers of the figure, or the mean.
    part: f64,
    all: f64,
    is_withheld: bool,
    answers: BTreeMap<Option<&'a str>, &'a PublishedNumber>,
}

impl Context<'_> {
    /// The values of all regions, and whether each is known.
    fn values(
        &self,
        numbers: &[PublishedNumber],
    ) -> Result<Vec<(ReferenceValue, bool)>, ReferenceError> {
        let is_in_time = |own: &&PublishedNumber| {
            let (first, last) = (self.figure.first_fiscal_year, self.figure.last_fiscal_year);
            first.is_none_or(|first| own.fiscal_year >= first)
                && last.is_none_or(|last| own.fiscal_year <= last)
        };
        let is_item = |own: &&PublishedNumber| {
            let items = &self.figure.items;
            items.iter().any(|pattern| pattern.matches(&own.item))
        };
        let own: Vec<&PublishedNumber> =
            numbers.iter().filter(is_item).filter(is_in_time).collect();
        if own.is_empty() {
            return Ok(Vec::new());
        }
        self.check_answers(&own)?;
        let mut values = Vec::new();
        for region in &self.kind.regions {
            values.extend(self.values_of(region, &own)?);
        }
        Ok(values)
    }

    /// Refuses an answer that the table does not know: a share without it would be wrong and look right.
    fn check_answers(&self, own: &[&PublishedNumber]) -> Result<(), ReferenceError> {
        let known: BTreeSet<&str> = own.iter().filter_map(|own| own.answer.as_deref()).collect();
        let unknown = |answer: &&String| !known.contains(answer.as_str());
        match self.figure.answers.iter().find(unknown) {
            None => Ok(()),
            Some(answer) => Err(ReferenceError::File {
                path: self.path.to_path_buf(),
                message: format!(
                    "`{}` counts the answer `{answer}`, which is not among those of its item: {}",
                    self.figure.indicator,
                    known.into_iter().collect::<Vec<_>>().join(", ")
                ),
            }),
        }
    }

    fn values_of(
        &self,
        region: &Region,
        own: &[&PublishedNumber],
    ) -> Result<Vec<(ReferenceValue, bool)>, ReferenceError> {
        let is_here = |own: &&&PublishedNumber| match &region.name {
            Some(name) => own.region.as_ref() == Some(name),
            None => true,
        };
        let here: Vec<&&PublishedNumber> = own.iter().filter(is_here).collect();
        if here.is_empty() {
            let names = own.iter().filter_map(|own| own.region.as_deref());
            let name = region.name.as_deref().unwrap_or_default();
            return Err(ReferenceError::File {
                path: self.path.to_path_buf(),
                message: format!("it has no region `{name}`{}", did_you_mean(name, names)),
            });
        }
        // Persons of several rows, as of all prefectures, are added up; a withheld one counts as zero among them.
        let is_sum = region.name.is_none() && self.kind.region.is_some();
        let mut sums: BTreeMap<(i16, i8, &str), Sums<'_>> = BTreeMap::new();
        for own in here {
            let key = (own.fiscal_year, own.sex, own.age_band.as_str());
            self.add(sums.entry(key).or_default(), own, is_sum)?;
        }
        let value = |((fiscal_year, sex, age_band), sums): ((i16, i8, &str), Sums<'_>)| {
            let value = match self.kind.measure {
                Measure::Counts => sums.part / sums.all,
                Measure::Means => sums.part,
            };
            let is_known = !sums.is_withheld && value.is_finite();
            let value = ReferenceValue {
                region: region.code.clone(),
                indicator: self.figure.indicator.clone(),
                fiscal_year,
                sex,
                age_band: age_band.to_owned(),
                value,
                unit: self.figure.unit.clone(),
                source: self.kind.source.clone(),
            };
            (value, is_known)
        };
        Ok(sums.into_iter().map(value).collect())
    }

    fn add<'a>(
        &self,
        sums: &mut Sums<'a>,
        own: &'a PublishedNumber,
        is_sum: bool,
    ) -> Result<(), ReferenceError> {
        let answer = own.answer.as_deref();
        let is_mean = self.kind.measure == Measure::Means;
        let before = sums.answers.insert(answer, own);
        if let (Some(before), true) = (before, is_mean || !is_sum) {
            let (row, column) = own.place.clone();
            return Err(ReferenceError::Cell {
                path: self.path.to_path_buf(),
                row,
                column,
                message: format!(
                    "the same figure stands in row {} too; say in {REFERENCE_FILE} what tells them apart",
                    before.place.0
                ),
            });
        }
        let Some(number) = own.number else {
            sums.is_withheld |= !is_sum;
            return Ok(());
        };
        sums.all += number;
        let is_counted =
            answer.is_some_and(|answer| self.figure.answers.iter().any(|own| own == answer));
        if is_mean || is_counted {
            sums.part += number;
        }
        Ok(())
    }
}
