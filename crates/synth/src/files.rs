//! The files of a world: where each table of each holder is written, and how a batch's rows become the row
//! groups of all of them.

use std::path::Path;

use super::columns::Column;
use super::employer_tables::{
    N_NAMED, employees, employees_with_names, municipalities, participation, productivity,
    programs, reference_values, worksites,
};
use super::insurer_tables::{
    InsurerContext, checkups, claims, diagnoses, drugs, guidance, members,
};
use super::native::NativeFiles;
use super::native_format::{Native, NativeFormat};
use super::options::{SynthError, TableSet};
use super::periods::Periods;
use super::rows::{BatchRows, BillingRows, PeriodRows};
use super::truth::Truth;
use super::world::{INSURERS, World};
use super::writer::{Aim, EncodedGroup, Encoder, TableFile, create};

/// A table that is written batch by batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Members { insurer: usize },
    Checkups { insurer: usize, period: usize },
    Claims { insurer: usize, billing: usize },
    Diagnoses { insurer: usize, billing: usize },
    Drugs { insurer: usize, billing: usize },
    Guidance { insurer: usize, period: usize },
    Employees { group: usize },
    Participation { group: usize },
    Productivity { group: usize },
}

impl Source {
    fn table(self) -> &'static str {
        match self {
            Self::Members { .. } => "members",
            Self::Checkups { .. } => "checkups",
            Self::Claims { .. } => "claims",
            Self::Diagnoses { .. } => "claim_diagnoses",
            Self::Drugs { .. } => "claim_drugs",
            Self::Guidance { .. } => "guidance",
            Self::Employees { .. } => "employees",
            Self::Participation { .. } => "participation",
            Self::Productivity { .. } => "productivity",
        }
    }

    /// Whether native files take the table's place.
    fn is_native(self, native: &Native) -> bool {
        let archives = native.has(NativeFormat::CheckupXml);
        match self {
            Self::Members { .. } => true,
            Self::Checkups { .. } => archives || native.has(NativeFormat::CsvVendor),
            Self::Guidance { .. } => archives,
            Self::Claims { .. } | Self::Diagnoses { .. } | Self::Drugs { .. } => {
                native.has(NativeFormat::Uke)
            }
            Self::Employees { .. } | Self::Participation { .. } | Self::Productivity { .. } => {
                false
            }
        }
    }

    fn path(self, years: &str, periods: &Periods) -> String {
        let table = self.table();
        match self {
            Self::Members { insurer } => {
                format!("insurer_{}/{table}_{years}.parquet", INSURERS[insurer])
            }
            Self::Checkups { insurer, period } | Self::Guidance { insurer, period } => {
                format!(
                    "insurer_{}/{table}_{}.parquet",
                    INSURERS[insurer],
                    periods.names()[period]
                )
            }
            Self::Claims { insurer, billing }
            | Self::Diagnoses { insurer, billing }
            | Self::Drugs { insurer, billing } => {
                format!(
                    "insurer_{}/{table}_{}.parquet",
                    INSURERS[insurer],
                    periods.billing_names()[billing]
                )
            }
            Self::Employees { group }
            | Self::Participation { group }
            | Self::Productivity { group } => {
                format!("employers_{:02}/{table}.parquet", group + 1)
            }
        }
    }

    /// Takes the table's rows out of the batch and makes columns of them.
    fn columns(
        self,
        world: &World,
        contexts: &[InsurerContext; 2],
        batch: &BatchRows,
    ) -> Vec<Column> {
        let rows = |insurer: usize, period: usize| -> &PeriodRows {
            &batch.insurers[insurer].periods[period]
        };
        let billed = |insurer: usize, billing: usize| -> &BillingRows {
            &batch.insurers[insurer].billings[billing]
        };
        match self {
            Self::Members { insurer } => members(
                &contexts[insurer],
                world,
                batch.first_person,
                &batch.insurers[insurer].members,
            ),
            Self::Checkups { insurer, period } => {
                checkups(&contexts[insurer], &rows(insurer, period).checkups)
            }
            Self::Claims { insurer, billing } => {
                claims(&contexts[insurer], &billed(insurer, billing).claims)
            }
            Self::Diagnoses { insurer, billing } => {
                diagnoses(&contexts[insurer], &billed(insurer, billing).diagnoses)
            }
            Self::Drugs { insurer, billing } => {
                drugs(&contexts[insurer], &billed(insurer, billing).drugs)
            }
            Self::Guidance { insurer, period } => {
                guidance(&contexts[insurer], &rows(insurer, period).guidance)
            }
            Self::Employees { group } => employees(world, batch, &batch.groups[group].employees),
            Self::Participation { group } => {
                participation(world, batch, &batch.groups[group].participation)
            }
            Self::Productivity { group } => {
                productivity(world, batch, &batch.groups[group].productivity)
            }
        }
    }
}

/// How every batch is encoded; shared by all threads.
pub(crate) struct BatchEncoder {
    sources: Vec<(Source, Encoder)>,
}

/// The files that grow batch by batch, in the order of the encoder's sources.
pub(crate) struct OpenFiles<'a> {
    files: Vec<(&'static str, TableFile)>,
    pub(crate) native: Option<NativeFiles<'a>>,
}

/// One batch, encoded: a row group (or none) per file.
pub(crate) struct EncodedBatch {
    groups: Vec<Option<EncodedGroup>>,
    pub(crate) truth: Truth,
    /// The rows, where native files are made of them.
    rows: Option<BatchRows>,
}

/// Rows of a table and the size of the file they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenFile {
    pub(crate) table: &'static str,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Creates all files that grow batch by batch.
pub(crate) fn open<'a>(
    out: &Path,
    world: &World,
    periods: &Periods,
    tables: TableSet,
    aim: Aim,
) -> Result<(BatchEncoder, OpenFiles<'a>), SynthError> {
    // Columns of no rows, for the schemas.
    let empty = BatchRows::new(world, periods, 0);
    let contexts = InsurerContext::all(&empty);
    let years = format!("{}-{}", world.years.start(), world.years.end());
    let mut encoder = BatchEncoder {
        sources: Vec::new(),
    };
    let mut open = OpenFiles {
        files: Vec::new(),
        native: None,
    };
    for source in sources(world, periods, tables) {
        let path = out.join(source.path(&years, periods));
        let columns = source.columns(world, &contexts, &empty);
        let (file, file_encoder) = create(&path, &columns, aim)?;
        encoder.sources.push((source, file_encoder));
        open.files.push((source.table(), file));
    }
    Ok((encoder, open))
}

fn sources(world: &World, periods: &Periods, tables: TableSet) -> Vec<Source> {
    let mut sources = Vec::new();
    for insurer in 0..INSURERS.len() {
        sources.push(Source::Members { insurer });
        for period in 0..periods.len() {
            sources.push(Source::Checkups { insurer, period });
            if tables == TableSet::All {
                sources.push(Source::Guidance { insurer, period });
            }
        }
        if tables == TableSet::All {
            for billing in 0..periods.n_billings() {
                sources.push(Source::Claims { insurer, billing });
                sources.push(Source::Diagnoses { insurer, billing });
                sources.push(Source::Drugs { insurer, billing });
            }
        }
    }
    if tables == TableSet::All {
        for group in 0..world.n_groups as usize {
            sources.push(Source::Employees { group });
            sources.push(Source::Participation { group });
            sources.push(Source::Productivity { group });
        }
    }
    if let Some(native) = &world.native {
        sources.retain(|source| !source.is_native(native));
    }
    sources
}

impl BatchEncoder {
    /// Encodes a batch's rows for every file.
    pub(crate) fn encode(
        &self,
        world: &World,
        batch: BatchRows,
    ) -> Result<EncodedBatch, SynthError> {
        let contexts = InsurerContext::all(&batch);
        let mut groups = Vec::with_capacity(self.sources.len());
        for (source, encoder) in &self.sources {
            groups.push(encoder.encode(&source.columns(world, &contexts, &batch))?);
        }
        let truth = batch.truth.clone();
        Ok(EncodedBatch {
            groups,
            truth,
            rows: world.native.is_some().then_some(batch),
        })
    }
}

impl OpenFiles<'_> {
    /// Appends a batch to every file.
    pub(crate) fn append(&mut self, batch: EncodedBatch) -> Result<(), SynthError> {
        for ((_, file), group) in self.files.iter_mut().zip(batch.groups) {
            if let Some(group) = group {
                file.append(group)?;
            }
        }
        if let (Some(files), Some(rows)) = (&mut self.native, &batch.rows) {
            files.append(rows)?;
        }
        Ok(())
    }

    /// Closes all files.
    pub(crate) fn finish(self) -> Result<Vec<WrittenFile>, SynthError> {
        self.files
            .into_iter()
            .map(|(table, file)| {
                let rows = file.n_rows;
                Ok(WrittenFile {
                    table,
                    rows,
                    bytes: file.finish()?,
                })
            })
            .collect()
    }
}

/// Writes the tables that do not depend on persons; names what the refused extract holds.
pub(crate) fn write_static(
    out: &Path,
    world: &World,
    truth: &mut Truth,
    aim: Aim,
) -> Result<Vec<WrittenFile>, SynthError> {
    let mut written = Vec::new();
    let mut write = |path: String, table, columns: &[Column]| -> Result<(), SynthError> {
        let (mut file, encoder) = create(&out.join(path), columns, aim)?;
        if let Some(group) = encoder.encode(columns)? {
            file.append(group)?;
        }
        let rows = file.n_rows;
        written.push(WrittenFile {
            table,
            rows,
            bytes: file.finish()?,
        });
        Ok(())
    };
    for group in 0..world.n_groups {
        let folder = format!("employers_{:02}", group + 1);
        write(
            format!("{folder}/worksites.parquet"),
            "worksites",
            &worksites(world, group),
        )?;
        write(
            format!("{folder}/programs.parquet"),
            "programs",
            &programs(world, group, truth),
        )?;
    }
    write(
        "community/municipalities.parquet".into(),
        "municipalities",
        &municipalities(world),
    )?;
    write(
        "community/reference_values.parquet".into(),
        "reference_values",
        &reference_values(),
    )?;
    let refused = "refused/employees_with_names.parquet";
    write(
        refused.into(),
        "employees_with_names",
        &employees_with_names(world),
    )?;
    truth.add_defects("identifying_column", "employees", u64::from(N_NAMED));
    Ok(written)
}
