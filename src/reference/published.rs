//! One published table: its file as text, and its numbers with what they are about.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, StringArray};
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;

use super::error::ReferenceError;
use super::mapping::{Layout, TableKind, Year};
use super::number::{age_band, number, sex, sex_and_age};
use crate::diagnostic::did_you_mean;
use crate::regular_file;
use crate::transcoder::{TextEncoding, Transcoder};

/// A table as text.
pub(super) struct PublishedTable {
    path: PathBuf,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One number of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PublishedNumber {
    pub(super) region: Option<String>,
    pub(super) item: String,
    pub(super) answer: Option<String>,
    pub(super) fiscal_year: i16,
    pub(super) sex: i8,
    pub(super) age_band: String,
    /// `None` where it is withheld.
    pub(super) number: Option<f64>,
    /// Where it stands: row, and column by its heading.
    pub(super) place: (usize, String),
}

impl PublishedTable {
    /// Reads a delimited file with headings, in UTF-8 or CP932.
    pub(super) fn read(path: &Path) -> Result<Self, ReferenceError> {
        let text = text_of(path)?;
        let not_a_table = |error: ArrowError| ReferenceError::File {
            path: path.to_path_buf(),
            message: format!("it is no table of delimited text: {error}"),
        };
        let format = Format::default().with_header(true);
        let (header, _) = format
            .infer_schema(Cursor::new(&text), Some(0))
            .map_err(not_a_table)?;
        let headings = header.fields().iter();
        let headings: Vec<String> = headings.map(|own| own.name().trim().to_owned()).collect();
        let fields =
            (0..headings.len()).map(|place| Field::new(place.to_string(), DataType::Utf8, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let reader = ReaderBuilder::new(schema).with_header(true);
        let reader = reader.build(Cursor::new(&text)).map_err(not_a_table)?;
        let mut rows = Vec::new();
        for batch in reader {
            let batch = batch.map_err(not_a_table)?;
            let columns = batch
                .columns()
                .iter()
                .map(|column| column.as_string::<i32>());
            let columns: Vec<_> = columns.collect();
            rows.extend((0..batch.num_rows()).map(|row| {
                let cell = |column: &&StringArray| match column.is_null(row) {
                    true => String::new(),
                    false => column.value(row).trim().to_owned(),
                };
                columns.iter().map(cell).collect::<Vec<String>>()
            }));
        }
        Ok(Self {
            path: path.to_path_buf(),
            headings,
            rows,
        })
    }

    /// Its numbers, as `kind` says where they stand.
    pub(super) fn numbers(&self, kind: &TableKind) -> Result<Vec<PublishedNumber>, ReferenceError> {
        let region = self.optional_column(kind.region.as_deref())?;
        let item = self.optional_column(kind.item.as_deref())?;
        let answer = self.optional_column(kind.answer.as_deref())?;
        let year = match &kind.year {
            Year::Column(name) => Some(self.column(name)?),
            Year::All(_) => None,
        };
        let values = self.values(&kind.layout)?;
        let file = self.path.file_name().unwrap_or_default();
        let file = file.to_string_lossy();
        let mut numbers = Vec::new();
        // A name that stands for a block of rows is written in its first row.
        let mut last: BTreeMap<usize, String> = BTreeMap::new();
        for row in 0..self.rows.len() {
            let mut filled = |column: Option<usize>| {
                let column = column?;
                let own = &self.rows[row][column];
                if !own.is_empty() {
                    last.insert(column, own.clone());
                }
                last.get(&column).cloned()
            };
            let (region, item) = (filled(region), filled(item));
            let fiscal_year = match (&kind.year, year) {
                (Year::All(year), _) => *year,
                (Year::Column(_), column) => self.year(row, column.unwrap_or_default())?,
            };
            for value in &values {
                let (sex, age_band) = self.stratum(row, value)?;
                numbers.push(PublishedNumber {
                    region: region.clone(),
                    item: item.clone().unwrap_or_else(|| file.clone().into_owned()),
                    answer: answer.map(|column| self.rows[row][column].clone()),
                    fiscal_year,
                    sex,
                    age_band,
                    number: self.number(row, value.column)?,
                    place: (row + 2, self.headings[value.column].clone()),
                });
            }
        }
        Ok(numbers)
    }

    /// The columns of numbers.
    fn values(&self, layout: &Layout) -> Result<Vec<ValueColumn>, ReferenceError> {
        let Layout::Long { sex, age, value } = layout else {
            let headings = self.headings.iter().enumerate();
            let columns = headings.filter_map(|(column, heading)| {
                Some(ValueColumn {
                    column,
                    stratum: Stratum::Known(sex_and_age(heading)?),
                })
            });
            let columns: Vec<ValueColumn> = columns.collect();
            if columns.is_empty() {
                return Err(ReferenceError::File {
                    path: self.path.clone(),
                    message: "no heading names a sex and an age, as `男40～44歳` does".to_owned(),
                });
            }
            return Ok(columns);
        };
        Ok(vec![ValueColumn {
            column: self.column(value)?,
            stratum: Stratum::Columns(self.column(sex)?, self.column(age)?),
        }])
    }

    fn stratum(&self, row: usize, value: &ValueColumn) -> Result<(i8, String), ReferenceError> {
        match &value.stratum {
            Stratum::Known(known) => Ok(known.clone()),
            Stratum::Columns(sex_column, age_column) => {
                let cell = |column: usize| self.rows[row][column].as_str();
                let sex = sex(cell(*sex_column))
                    .ok_or_else(|| self.wrong(row, *sex_column, "a sex, as 男, 女, M or F"))?;
                let age = age_band(cell(*age_column)).ok_or_else(|| {
                    self.wrong(
                        row,
                        *age_column,
                        "an age band, as 40-44, 40～44歳, all or 計",
                    )
                })?;
                Ok((sex, age))
            }
        }
    }

    fn year(&self, row: usize, column: usize) -> Result<i16, ReferenceError> {
        let year = number(&self.rows[row][column]).ok().flatten();
        let whole = year.filter(|year| year.fract() == 0.0 && (1900.0..2200.0).contains(year));
        #[expect(clippy::cast_possible_truncation, reason = "between 1900 and 2200")]
        let year = whole.map(|year| year as i16);
        year.ok_or_else(|| self.wrong(row, column, "a fiscal year"))
    }

    fn number(&self, row: usize, column: usize) -> Result<Option<f64>, ReferenceError> {
        number(&self.rows[row][column]).map_err(|()| self.wrong(row, column, "a number"))
    }

    fn optional_column(&self, name: Option<&str>) -> Result<Option<usize>, ReferenceError> {
        name.map(|name| self.column(name)).transpose()
    }

    fn column(&self, name: &str) -> Result<usize, ReferenceError> {
        let place = self.headings.iter().position(|heading| heading == name);
        place.ok_or_else(|| {
            let hint = did_you_mean(name, self.headings.iter().map(String::as_str));
            ReferenceError::File {
                path: self.path.clone(),
                message: format!("it has no column `{name}`{hint}"),
            }
        })
    }

    fn wrong(&self, row: usize, column: usize, expected: &str) -> ReferenceError {
        ReferenceError::Cell {
            path: self.path.clone(),
            row: row + 2,
            column: self.headings[column].clone(),
            message: format!("`{}` is not {expected}", self.rows[row][column]),
        }
    }
}

/// A column of numbers, and where their sex and age stand.
struct ValueColumn {
    column: usize,
    stratum: Stratum,
}

enum Stratum {
    Known((i8, String)),
    Columns(usize, usize),
}

/// The text of a file, as UTF-8.
fn text_of(path: &Path) -> Result<Vec<u8>, ReferenceError> {
    let unreadable = |source| ReferenceError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let bytes = regular_file::read(path).map_err(unreadable)?;
    let encoding = TextEncoding::of(Cursor::new(&bytes)).map_err(unreadable)?;
    let mut decoded = Transcoder::new(Cursor::new(&bytes), encoding);
    let mut text = Vec::with_capacity(bytes.len());
    loop {
        decoded.fill().map_err(|error| ReferenceError::File {
            path: path.to_path_buf(),
            message: error.to_string(),
        })?;
        let pending = decoded.pending();
        let n_pending = pending.len();
        text.extend_from_slice(pending);
        decoded.consume(n_pending);
        if decoded.has_ended() {
            return Ok(text);
        }
    }
}
