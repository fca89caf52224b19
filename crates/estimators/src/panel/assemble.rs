//! Putting rows into the canonical order of a [`Panel`], and the checks that need that order.

use rayon::prelude::*;

use crate::error::EstimatorError;
use crate::panel::codes::{
    MISSING_CODE, NEVER, count_distinct, distinct_i32, period_lookup, rank_i64, renumber_and_name,
};
use crate::panel::columns::{
    PanelColumns, Places, Rows, check_clusters_of_never, check_lengths, check_missing_alike,
    complete_rows,
};
use crate::panel::covariate_table::Covariates;
use crate::panel::table::{CohortUnits, Layout, OutcomeTable, Panel, PanelOptions};

impl Panel {
    /// Checks the rows and puts them into canonical order.
    ///
    /// Rows with a missing or non-finite outcome, weight, cluster or covariate are dropped and counted; everything else that does not
    /// fit is refused: a unit twice in a period, a cohort or cluster varying within a unit, a negative weight.
    ///
    /// # Errors
    /// [`EstimatorError`] with counts; never a value of a row.
    pub fn try_new(columns: &PanelColumns, options: PanelOptions) -> Result<Self, EstimatorError> {
        Ok(Self::with_outcomes(columns, &[], options)?.0)
    }

    /// The panel, and further outcomes laid out as its own is: for estimates from one panel, whose rows are put in order once.
    ///
    /// # Errors
    /// As [`Panel::try_new`], and where a further outcome is missing in other rows than that of `columns`.
    pub fn with_outcomes(
        columns: &PanelColumns,
        others: &[Vec<f64>],
        options: PanelOptions,
    ) -> Result<(Self, Vec<OutcomeTable>), EstimatorError> {
        check_lengths(columns)?;
        check_missing_alike(&columns.outcome, others)?;
        check_clusters_of_never(columns)?;
        let rows = complete_rows(columns)?;
        let n_rows_in = columns.unit.len() as u64;
        let n_missing_rows = n_rows_in - rows.len(columns.unit.len()) as u64;
        if n_rows_in == n_missing_rows {
            return Err(EstimatorError::NoRows {
                n_rows: n_rows_in,
                n_missing: n_missing_rows,
            });
        }
        let periods = distinct_i32(|add| rows.for_each(|row| add(columns.time[row])));
        // Rows carry the index of their period as `u16`.
        if periods.len() > usize::from(u16::MAX) {
            return Err(EstimatorError::TooMany {
                what: "periods",
                found: periods.len() as u64,
                limit: u64::from(u16::MAX),
            });
        }
        let (mut panel, tables) = if options.layout == Layout::CrossSections {
            cross_sections(columns, others, &rows, periods)?
        } else {
            units_by_periods(columns, others, &rows, periods, options.layout)?
        };
        panel.n_rows_in = n_rows_in;
        panel.n_missing_rows = n_missing_rows;
        Ok((panel, tables))
    }
}

/// The distinct cohorts, never treated last, and the index of one of them.
struct CohortCodes {
    labels: Vec<i32>,
}

impl CohortCodes {
    fn of(columns: &PanelColumns, rows: &Rows) -> Self {
        let labels = distinct_i32(|add| {
            rows.for_each(|row| {
                if columns.cohort[row] != NEVER {
                    add(columns.cohort[row]);
                }
            });
        });
        Self { labels }
    }

    /// The never treated come after all others.
    fn index(&self, cohort: i32) -> usize {
        // `NEVER` is the largest `i32` and lands behind every label.
        self.labels.partition_point(|&known| known < cohort)
    }

    fn ranges(&self, sizes: &[usize]) -> Vec<CohortUnits> {
        let mut start = 0;
        let labels = self.labels.iter().map(|&label| Some(label)).chain([None]);
        labels
            .zip(sizes)
            .map(|(label, &size)| {
                let units = start..start + size;
                start += size;
                CohortUnits { label, units }
            })
            .collect()
    }
}

/// Every row a unit of its own, in the order (cohort, period, unit, outcome, weight, covariates, cluster).
fn cross_sections(
    columns: &PanelColumns,
    others: &[Vec<f64>],
    rows: &Rows,
    periods: Vec<i32>,
) -> Result<(Panel, Vec<OutcomeTable>), EstimatorError> {
    let codes = CohortCodes::of(columns, rows);
    // One more for the never treated, which have a range even where there are none.
    let mut sizes = vec![0; codes.labels.len() + 1];
    rows.for_each(|row| sizes[codes.index(columns.cohort[row])] += 1);
    let weight = |row: usize| columns.weight.as_ref().map_or(1.0, |w| w[row]);
    let cluster = |row: usize| columns.cluster.as_ref().map_or(0, |codes| codes[row]);
    let mut order: Vec<usize> = rows.indices().collect();
    // By everything a row holds: rows that tie in all of it are interchangeable, so that the input order cannot matter.
    order.sort_unstable_by(|&a, &b| {
        codes
            .index(columns.cohort[a])
            .cmp(&codes.index(columns.cohort[b]))
            .then(columns.time[a].cmp(&columns.time[b]))
            .then(columns.unit[a].cmp(&columns.unit[b]))
            .then(columns.outcome[a].total_cmp(&columns.outcome[b]))
            .then(weight(a).total_cmp(&weight(b)))
            .then_with(|| compare_covariates(columns, a, b))
            .then_with(|| cluster(a).cmp(&cluster(b)))
    });
    let order = Rows::Some(order.into_iter().map(|row| row as u32).collect());
    let n_units = order.len(0);
    let index_of = period_lookup(&periods);
    let mut clusters: Option<Vec<u32>> = columns
        .cluster
        .as_ref()
        .map(|c| order.indices().map(|row| c[row]).collect());
    // Only now, in canonical order: the numbers then follow from the data, not from the order of the input.
    let cluster_codes = clusters.as_deref_mut().map(renumber_and_name);
    let row_periods: Vec<u16> = order
        .indices()
        .map(|row| index_of(columns.time[row]) as u16)
        .collect();
    let places = Places {
        rows: &order,
        units: &(0..n_units as u32).collect::<Vec<_>>(),
        // One table without periods: rows of one unit in two periods are not linked.
        periods: &vec![0; n_units],
        n_units,
        n_periods: 1,
    };
    let covariates = Covariates::try_new(&columns.covariates, &places)?;
    let in_order = |column: &[f64]| order.indices().map(|row| column[row]).collect();
    let tables = others.iter().map(|other| OutcomeTable(in_order(other)));
    let tables = tables.collect();
    let panel = Panel {
        layout: Layout::CrossSections,
        cohorts: codes.ranges(&sizes),
        n_units,
        values: in_order(&columns.outcome),
        weights: columns
            .weight
            .as_ref()
            .map(|w| order.indices().map(|row| w[row]).collect()),
        row_periods,
        clusters,
        cluster_codes: cluster_codes.unwrap_or_default(),
        covariates,
        // Set by the caller, which knows the rows that were left out.
        n_rows_in: 0,
        n_missing_rows: 0,
        periods,
    };
    Ok((panel, tables))
}

/// The order of two rows by their covariates.
fn compare_covariates(columns: &PanelColumns, a: usize, b: usize) -> std::cmp::Ordering {
    columns
        .covariates
        .iter()
        .map(|covariate| {
            covariate
                .values
                .number(a)
                .total_cmp(&covariate.values.number(b))
        })
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// A dense unit × period table; holes are NaN.
fn units_by_periods(
    columns: &PanelColumns,
    others: &[Vec<f64>],
    rows: &Rows,
    periods: Vec<i32>,
    layout: Layout,
) -> Result<(Panel, Vec<OutcomeTable>), EstimatorError> {
    // Ids are ranked, not hashed: the places of units follow from their ids, so that the order of rows changes nothing.
    let ((ranks, n_units), codes) = rayon::join(
        || match rows {
            Rows::All(_) => rank_i64(&columns.unit),
            Rows::Some(_) => {
                let units: Vec<i64> = rows.indices().map(|row| columns.unit[row]).collect();
                rank_i64(&units)
            }
        },
        || CohortCodes::of(columns, rows),
    );
    let index_of = period_lookup(&periods);
    let (positions, row_periods) = rayon::join(
        || unit_positions(columns, rows, &ranks, n_units, &codes),
        || {
            let mut row_periods = Vec::with_capacity(ranks.len());
            rows.for_each(|row| row_periods.push(index_of(columns.time[row]) as u16));
            row_periods
        },
    );
    let (positions, sizes) = positions?;
    let mut units = ranks;
    for unit in &mut units {
        *unit = positions[*unit as usize];
    }
    let places = Places {
        rows,
        units: &units,
        periods: &row_periods,
        n_units,
        n_periods: periods.len(),
    };
    let ((values, clusters), (weights, covariates)) = rayon::join(
        || {
            let clusters = columns.cluster.as_ref();
            let clusters = clusters.map(|column| unit_clusters(column, &places));
            (places.lay_out(&columns.outcome), clusters)
        },
        || {
            let weights = columns.weight.as_ref().map(|w| places.lay_out(w));
            (weights, Covariates::try_new(&columns.covariates, &places))
        },
    );
    // Complete rows hold numbers only, so that two of them in one place show as a number too few: no set of keys is needed.
    let n_seen = values.iter().filter(|value| !value.is_nan()).count();
    if n_seen < units.len() {
        return Err(EstimatorError::DuplicateRows {
            n_duplicates: (units.len() - n_seen) as u64,
        });
    }
    let tables = others
        .par_iter()
        .map(|other| OutcomeTable(places.lay_out(other)));
    let tables = tables.collect();
    let mut clusters = clusters.transpose()?;
    let cluster_codes = clusters.as_deref_mut().map(renumber_and_name);
    let panel = Panel {
        layout,
        cohorts: codes.ranges(&sizes),
        n_units,
        values,
        weights,
        row_periods: Vec::new(),
        clusters,
        cluster_codes: cluster_codes.unwrap_or_default(),
        covariates: covariates?,
        n_rows_in: 0,
        n_missing_rows: 0,
        periods,
    };
    Ok((panel, tables))
}

/// Stands for a cohort not seen yet; outside the range of periods.
const UNSEEN: i64 = i64::MIN;

/// The place of each unit (by rank of its id) in the order (cohort, id), and the units per cohort.
fn unit_positions(
    columns: &PanelColumns,
    rows: &Rows,
    ranks: &[u32],
    n_units: usize,
    codes: &CohortCodes,
) -> Result<(Vec<u32>, Vec<usize>), EstimatorError> {
    // The labels themselves are compared per row; their index is looked up per unit.
    let mut cohort_of: Vec<i64> = vec![UNSEEN; n_units];
    let mut varies = Vec::new();
    // `ranks` leaves out incomplete rows, so that it is counted apart from the rows.
    let mut next = 0;
    rows.for_each(|row| {
        let rank = ranks[next];
        next += 1;
        let cohort = i64::from(columns.cohort[row]);
        let known = &mut cohort_of[rank as usize];
        if *known == UNSEEN {
            *known = cohort;
        } else if *known != cohort {
            varies.push(rank);
        }
    });
    if !varies.is_empty() {
        return Err(EstimatorError::CohortVaries {
            n_units: count_distinct(varies),
        });
    }
    // Every unit has a row, so that none is `UNSEEN` any more and the label is an `i32` again.
    let index = |cohort: i64| codes.index(cohort as i32);
    let mut sizes = vec![0_usize; codes.labels.len() + 1];
    for &cohort in &cohort_of {
        sizes[index(cohort)] += 1;
    }
    // A counting sort: ids are in order already, and cohorts are few.
    let mut next_place: Vec<u32> = sizes
        .iter()
        .scan(0, |start, &size| {
            let own = *start;
            *start += size as u32;
            Some(own)
        })
        .collect();
    let positions = cohort_of
        .iter()
        .map(|&cohort| {
            let place = &mut next_place[index(cohort)];
            *place += 1;
            *place - 1
        })
        .collect();
    Ok((positions, sizes))
}

/// The cluster of each unit, by place.
fn unit_clusters(column: &[u32], places: &Places<'_>) -> Result<Vec<u32>, EstimatorError> {
    // Complete rows have a cluster, so that the code of a missing one is free to mean "not seen yet".
    let mut clusters = vec![MISSING_CODE; places.n_units];
    let mut varies = Vec::new();
    let mut next = 0;
    places.rows.for_each(|row| {
        let place = places.units[next];
        next += 1;
        let known = &mut clusters[place as usize];
        if *known == MISSING_CODE {
            *known = column[row];
        } else if *known != column[row] {
            varies.push(place);
        }
    });
    if !varies.is_empty() {
        return Err(EstimatorError::ClusterVaries {
            n_units: count_distinct(varies),
        });
    }
    Ok(clusters)
}
