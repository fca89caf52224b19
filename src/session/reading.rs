//! How far a running plan is: what share of its tables is read, and what it computes once they are.

use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use crate::functions::{self, ESTIMATING};

/// How far a plan is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Rows read from tables and files.
    pub n_rows: u64,
    /// Thousandths of tables and files that are read, where their size is known.
    pub permille: Option<u64>,
    /// What is computed when everything is read.
    pub stage: Option<String>,
}

/// Reads the metrics of a running plan; costs microseconds.
#[must_use]
pub fn reading(plan: &dyn ExecutionPlan) -> Reading {
    let mut leaves = Leaves::default();
    leaves.add(plan);
    let is_known = leaves.n_unknown == 0 && leaves.whole > 0;
    let permille = is_known.then(|| thousandths(leaves.done, leaves.whole));
    let stage = estimating(plan).or_else(|| match permille {
        Some(1000) => computing(plan),
        _ => None,
    });
    Reading {
        n_rows: leaves.n_rows,
        permille,
        stage,
    }
}

/// The steps that read: each weighs as much as its files, or its rows.
#[derive(Debug, Default)]
struct Leaves {
    n_rows: u64,
    done: u64,
    whole: u64,
    n_unknown: usize,
}

impl Leaves {
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        let children = plan.children();
        if !children.is_empty() {
            children.iter().for_each(|child| self.add(child.as_ref()));
            return;
        }
        let metrics = plan.metrics().unwrap_or_default();
        let n_rows = metrics.output_rows().unwrap_or(0) as u64;
        self.n_rows += n_rows;
        let expected = StatisticsContext::new()
            .compute(plan, &StatisticsArgs::new())
            .ok()
            .and_then(|statistics| statistics.num_rows.get_value().map(|&n| n as u64));
        let n_bytes = files_of(plan);
        match (expected, n_bytes) {
            (Some(expected), n_bytes) => {
                let weight = n_bytes.unwrap_or(expected);
                self.whole += weight;
                self.done += part(weight, n_rows, expected);
            }
            // Not every kind of file counts what is read.
            (None, Some(n_bytes)) => match metrics.sum_by_name("bytes_scanned") {
                Some(read) => {
                    self.whole += n_bytes;
                    self.done += part(n_bytes, read.as_usize() as u64, n_bytes);
                }
                None => self.n_unknown += 1,
            },
            (None, None) => self.n_unknown += 1,
        }
    }
}

/// Bytes of the files a step reads; `None` for other steps.
fn files_of(plan: &dyn ExecutionPlan) -> Option<u64> {
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    let files = scan.data_source().downcast_ref::<FileScanConfig>()?;
    let groups = files.file_groups.iter();
    let pieces = groups.flat_map(|group| group.iter());
    Some(
        pieces
            .map(|file| match &file.range {
                Some(range) => range.end.abs_diff(range.start),
                None => file.object_meta.size,
            })
            .sum(),
    )
}

/// `weight` × `done` / `whole`, at most `weight`.
fn part(weight: u64, done: u64, whole: u64) -> u64 {
    if whole == 0 {
        return weight;
    }
    let part = u128::from(weight) * u128::from(done.min(whole)) / u128::from(whole);
    u64::try_from(part).unwrap_or(weight)
}

fn thousandths(done: u64, whole: u64) -> u64 {
    part(1000, done, whole)
}

/// The relation that computes its estimates now.
fn estimating(plan: &dyn ExecutionPlan) -> Option<String> {
    if let Some(name) = functions::relation_of(plan) {
        let metrics = plan.metrics().unwrap_or_default();
        let flag = metrics.sum_by_name(ESTIMATING);
        let is_estimating = flag.is_some_and(|flag| flag.as_usize() > 0);
        if is_estimating && metrics.output_rows().unwrap_or(0) == 0 {
            return Some(format!("{name} estimates"));
        }
    }
    plan.children()
        .into_iter()
        .find_map(|child| estimating(child.as_ref()))
}

/// The lowest step that has yielded no row yet although everything is read.
fn computing(plan: &dyn ExecutionPlan) -> Option<String> {
    let children = plan.children();
    let below = children
        .into_iter()
        .find_map(|child| computing(child.as_ref()));
    let gave_nothing = || {
        plan.metrics()
            .is_some_and(|found| found.output_rows().unwrap_or(0) == 0)
    };
    below.or_else(|| {
        let stage = match plan.name() {
            "SortExec" => "sorting",
            "AggregateExec" => "aggregating",
            "HashJoinExec" | "SortMergeJoinExec" | "NestedLoopJoinExec" => "joining",
            "WindowAggExec" | "BoundedWindowAggExec" => "computing windows",
            _ => return None,
        };
        gave_nothing().then(|| stage.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    use datafusion::dataframe::DataFrameWriteOptions;
    use datafusion::physical_plan::collect;

    use super::*;
    use crate::session::{Session, SessionOptions};

    #[test]
    fn parts_of_large_numbers_do_not_overflow() {
        assert_eq!(part(u64::MAX, u64::MAX / 2, u64::MAX), u64::MAX / 2);
        assert_eq!(part(10, 7, 0), 10);
        assert_eq!(part(10, 9, 3), 10);
        assert_eq!(thousandths(1, 3), 333);
    }

    fn session() -> Session {
        let threads = NonZeroUsize::new(1);
        let options = SessionOptions {
            threads,
            ..SessionOptions::default()
        };
        Session::new(&options).unwrap()
    }

    /// How far the plan of `sql` is before its run and after it.
    async fn before_and_after(sql: &str) -> [Reading; 2] {
        let frame = session().plan(sql, &[]).await.unwrap();
        let context = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.unwrap();
        let before = reading(plan.as_ref());
        collect(Arc::clone(&plan), context).await.unwrap();
        [before, reading(plan.as_ref())]
    }

    #[tokio::test]
    async fn files_are_read_from_nothing_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let rows = "select value as a, value % 7 as b from generate_series(1, 5000)";
        let frame = session().plan(rows, &[]).await.unwrap();
        let options = DataFrameWriteOptions::new();
        let file = path.display().to_string();
        frame.write_parquet(&file, options, None).await.unwrap();
        let sql = format!("select b, count(*) from '{}' group by b", path.display());
        let [before, after] = before_and_after(&sql).await;
        assert_eq!((before.n_rows, before.permille), (0, Some(0)));
        assert_eq!((after.n_rows, after.permille), (5000, Some(1000)));
        assert_eq!(after.stage, None);
    }

    #[tokio::test]
    async fn files_of_unknown_length_have_no_share() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs_err::write(&path, "a,b\n1,2\n3,4\n").unwrap();
        let sql = format!("select b, count(*) from '{}' group by b", path.display());
        let [before, after] = before_and_after(&sql).await;
        assert_eq!((before.n_rows, before.permille), (0, None));
        assert_eq!((after.n_rows, after.permille), (2, None));
    }
}
