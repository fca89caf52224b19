//! `--bundle`: what a third party needs to compute released estimates again without the lake. Sums over clusters that are large enough
//! and that no person dominates, and of all others together their sums and products: estimate, error, interval and
//! breakdown value follow, whatever the estimator adjusted for.

use std::collections::{BTreeMap, BTreeSet};

use super::preset::Preset;
use super::small_table::{Column, SmallTable};
use crate::disclosure::within_error;

/// Clusters and persons of which nothing is shown but what they come to together: at least as many.
const LEAST_POOLED: usize = 10;
/// Persons that a cluster needs in any case.
const LEAST_PERSONS: u64 = 10;
/// Parts are as exact as a quarter of this part of the standard error.
const EXACTNESS: f64 = 0.004;
/// What many clusters come to together is more exact: rounding must not make a matrix of covariances that is none.
const POOLED_EXACTNESS: f64 = 0.000_004;
/// The text of the file that computes estimates again.
const RECOMPUTE: &str = include_str!("recompute.sql");
/// What the folder's files are.
const READ_ME: &str = include_str!("bundle_read_me.md");

/// The files of a bundle beside its certificate.
pub(super) const BUNDLE_FILES: [&str; 5] = [
    "README.md",
    "clusters.csv",
    "left_out.csv",
    "pooled.csv",
    "recompute.sql",
];

/// The part of one cluster in one estimate.
#[derive(Debug, Clone, Copy)]
struct Part {
    part: f64,
    influence: f64,
    largest_share: f64,
}

/// A cluster of one estimate's event study.
#[derive(Debug, Clone)]
struct Cluster {
    name: String,
    n_persons: u64,
    /// By event time; `None` is the overall effect.
    parts: BTreeMap<Option<i64>, Part>,
}

/// One planned estimate: evaluation and indicator.
pub(super) type EstimateKey = (String, String);

/// What is to be remembered of a cluster that is shown: its key and its persons.
pub(super) type ShownCounts = Vec<(String, Vec<i64>)>;

/// The files of a bundle by name, what has to be remembered, and how many rows and pooled clusters they have.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub(super) files: BTreeMap<&'static str, Vec<u8>>,
    pub(super) counts: ShownCounts,
    pub(super) n_rows: usize,
    pub(super) withheld: BTreeMap<String, usize>,
}

/// The rules that clusters pass.
#[derive(Clone, Copy)]
pub(super) struct BundleRules<'a> {
    pub(super) preset: &'a Preset,
    /// Persons of a cluster when it was last shown, by its key.
    pub(super) before: &'a dyn Fn(&str) -> Option<i64>,
}

/// What a reader of the files adds up.
#[derive(Debug, Default)]
struct Tables {
    /// evaluation, indicator, event time, cluster, persons, part.
    clusters: Vec<(EstimateKey, Option<i64>, i64, u64, f64)>,
    /// evaluation, indicator, event time, the other one, clusters, persons, part, covariance.
    pooled: Vec<(EstimateKey, Option<i64>, Option<i64>, ClusterTotals)>,
    /// Estimates of which nothing is shown, with the reason.
    left_out: Vec<(EstimateKey, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
struct ClusterTotals {
    n_clusters: usize,
    n_persons: u64,
    part: f64,
    covariance: f64,
}

/// Estimates of which numbers left: the primary ones of all, not of subgroups. `None` where `released` is no table of estimates.
pub(super) fn shown_estimates(released: &SmallTable) -> Option<BTreeSet<EstimateKey>> {
    let columns = [
        "evaluation",
        "indicator",
        "estimator",
        "by",
        "event_time",
        "estimate",
    ];
    let columns = columns.map(|name| released.column(name));
    let [
        Some(evaluation),
        Some(indicator),
        Some(estimator),
        Some(by),
        Some(event_time),
        Some(estimate),
    ] = columns
    else {
        return None;
    };
    let is_primary = |row: usize| match released.column("is_primary") {
        Some(Column::Flag(flags)) => flags[row] == Some(true),
        _ => false,
    };
    let rows = (0..released.n_rows()).filter(|&row| {
        is_primary(row)
            && estimator.text(row).as_deref() == Some("callaway_santanna")
            && by.is_missing(row)
            && event_time.is_missing(row)
            && !estimate.is_missing(row)
    });
    let key = |row: usize| Some((evaluation.text(row)?, indicator.text(row)?));
    Some(rows.filter_map(key).collect())
}

/// The bundle of `estimates` from the rows of `evaluation_clusters_…`.
pub(super) fn bundle(
    estimates: &BTreeSet<EstimateKey>,
    rows: &[SmallTable],
    rules: BundleRules<'_>,
) -> Result<Bundle, datafusion::arrow::error::ArrowError> {
    let mut clusters: BTreeMap<EstimateKey, Vec<Cluster>> = BTreeMap::new();
    for table in rows {
        for (key, own) in clusters_of(table) {
            if estimates.contains(&key) {
                clusters.entry(key).or_default().extend(own);
            }
        }
    }
    let mut made = Bundle::default();
    let mut tables = Tables::default();
    for (key, own) in clusters {
        add_estimate(&mut tables, &mut made, &key, own, rules);
    }
    made.n_rows = tables.clusters.len() + tables.pooled.len();
    let mut script = RECOMPUTE.to_owned();
    let pooled = tables.pooled.iter();
    let keys: BTreeSet<&EstimateKey> = pooled.map(|(key, ..)| key).collect();
    for (evaluation, indicator) in keys {
        script.push_str(&breakdown(evaluation, indicator));
    }
    made.files
        .insert("clusters.csv", clusters_table(&tables).csv()?);
    made.files
        .insert("pooled.csv", pooled_table(&tables).csv()?);
    made.files
        .insert("left_out.csv", left_out_table(&tables).csv()?);
    made.files.insert("recompute.sql", script.into_bytes());
    made.files.insert("README.md", READ_ME.as_bytes().to_vec());
    Ok(made)
}

/// The clusters of each estimate of a table of parts; what has no numbers is left out.
fn clusters_of(table: &SmallTable) -> BTreeMap<EstimateKey, Vec<Cluster>> {
    let text = |name: &str, row: usize| table.column(name).and_then(|column| column.text(row));
    let whole = |name: &str, row: usize| match table.column(name) {
        Some(Column::Whole(values)) => values[row],
        _ => None,
    };
    let number = |name: &str, row: usize| match table.column(name) {
        Some(Column::Number(values)) => values[row].filter(|value| value.is_finite()),
        _ => None,
    };
    let mut found: BTreeMap<(EstimateKey, String), Cluster> = BTreeMap::new();
    for row in 0..table.n_rows() {
        let part = || {
            Some(Part {
                part: number("part", row)?,
                influence: number("influence", row)?,
                largest_share: number("largest_share", row)?,
            })
        };
        let names = (
            text("evaluation", row),
            text("indicator", row),
            text("cluster_id", row),
        );
        let (Some(evaluation), Some(indicator), Some(name)) = names else {
            continue;
        };
        let n_persons = whole("n_units", row).and_then(|n| u64::try_from(n).ok());
        let (Some(part), Some(n_persons)) = (part(), n_persons) else {
            continue;
        };
        let cluster = found
            .entry(((evaluation, indicator), name.clone()))
            .or_insert_with(|| Cluster {
                name,
                n_persons,
                parts: BTreeMap::new(),
            });
        // Some event times may rest on fewer persons; the least number counts.
        cluster.n_persons = cluster.n_persons.min(n_persons);
        cluster.parts.insert(whole("event_time", row), part);
    }
    let mut clusters: BTreeMap<EstimateKey, Vec<Cluster>> = BTreeMap::new();
    for ((key, _), cluster) in found {
        clusters.entry(key).or_default().push(cluster);
    }
    clusters
}

/// Adds the rows of one estimate.
fn add_estimate(
    tables: &mut Tables,
    made: &mut Bundle,
    key: &EstimateKey,
    clusters: Vec<Cluster>,
    rules: BundleRules<'_>,
) {
    let remembered = |cluster: &Cluster| format!("{}|{}|{}", key.0, key.1, cluster.name);
    let (mut shown, mut pooled): (Vec<Cluster>, Vec<Cluster>) =
        clusters.into_iter().partition(|cluster| {
            let before = (rules.before)(&remembered(cluster));
            may_be_shown(cluster, before, rules.preset)
        });
    // The smallest join the others until these are enough.
    shown.sort_by(|a, b| (b.n_persons, &a.name).cmp(&(a.n_persons, &b.name)));
    let are_enough = |pooled: &[Cluster]| {
        let n: u64 = pooled.iter().map(|cluster| cluster.n_persons).sum();
        pooled.len() >= LEAST_POOLED && n >= rules.preset.min_count
    };
    while !pooled.is_empty() && !are_enough(&pooled) {
        match shown.pop() {
            Some(cluster) => pooled.push(cluster),
            None => {
                tables.left_out.push((key.clone(), "few_clusters"));
                return;
            }
        }
    }
    if pooled.is_empty() && shown.len() < 2 {
        tables.left_out.push((key.clone(), "few_clusters"));
        return;
    }
    *made.withheld.entry("pooled".to_owned()).or_insert(0) += pooled.len();
    let event_times: BTreeSet<Option<i64>> = shown
        .iter()
        .chain(&pooled)
        .flat_map(|cluster| cluster.parts.keys().copied())
        .collect();
    let errors: BTreeMap<Option<i64>, f64> = event_times
        .iter()
        .map(|at| (*at, std_error(shown.iter().chain(&pooled), *at)))
        .collect();
    for (number, cluster) in shown.iter().enumerate() {
        made.counts
            .push((remembered(cluster), vec![cluster.n_persons as i64]));
        for (at, part) in &cluster.parts {
            let part = within_error(part.part, errors[at] * EXACTNESS);
            let n = rounded(cluster.n_persons, rules.preset);
            let number = number as i64 + 1;
            tables.clusters.push((key.clone(), *at, number, n, part));
        }
    }
    let n_persons = pooled.iter().map(|cluster| cluster.n_persons).sum();
    for at in &event_times {
        for with in &event_times {
            let of = |cluster: &Cluster| Some((*cluster.parts.get(at)?, *cluster.parts.get(with)?));
            let pairs = pooled.iter().filter_map(of);
            let covariance: f64 = pairs.clone().map(|(a, b)| a.influence * b.influence).sum();
            let part: f64 = pairs.map(|(a, _)| a.part).sum();
            let row = ClusterTotals {
                n_clusters: pooled.len(),
                n_persons: rounded(n_persons, rules.preset),
                part: within_error(part, errors[at] * EXACTNESS),
                covariance: within_error(covariance, errors[at] * errors[with] * POOLED_EXACTNESS),
            };
            tables.pooled.push((key.clone(), *at, *with, row));
        }
    }
}

/// Whether numbers of a cluster may be shown by themselves: it is large enough, no person has most of any number, and it is
/// not the same as when it was last shown but for a few persons.
fn may_be_shown(cluster: &Cluster, before: Option<i64>, preset: &Preset) -> bool {
    let floor = preset.floors.get("worksite").copied().unwrap_or(0);
    let floor = floor.max(preset.min_count).max(LEAST_PERSONS);
    let mut parts = cluster.parts.values();
    let differs_by_few = before.is_some_and(|before| {
        let difference = (cluster.n_persons as i64).abs_diff(before);
        difference > 0 && difference < preset.min_count
    });
    cluster.n_persons >= floor
        && parts.all(|part| part.largest_share <= preset.max_share)
        && !differs_by_few
}

fn std_error<'c>(clusters: impl Iterator<Item = &'c Cluster>, at: Option<i64>) -> f64 {
    let influences = clusters.filter_map(|cluster| cluster.parts.get(&at));
    let variance: f64 = influences.map(|part| part.influence.powi(2)).sum();
    variance.sqrt()
}

/// A count as it leaves: beside parts, counts as they are would tell one person more from one less.
fn rounded(n: u64, preset: &Preset) -> u64 {
    let tens = (preset.round(n) + 5) / 10;
    tens * 10
}

fn keys<'r>(keys: impl Iterator<Item = &'r EstimateKey> + Clone) -> [(&'static str, Column); 2] {
    let evaluations = keys.clone().map(|key| Some(key.0.clone()));
    let indicators = keys.map(|key| Some(key.1.clone()));
    [
        ("evaluation", Column::Text(evaluations.collect())),
        ("indicator", Column::Text(indicators.collect())),
    ]
}

fn table_of(columns: impl IntoIterator<Item = (&'static str, Column)>) -> SmallTable {
    let mut table = SmallTable::default();
    for (name, column) in columns {
        table.names.push(name.to_owned());
        table.columns.push(column);
    }
    table
}

fn clusters_table(tables: &Tables) -> SmallTable {
    let rows = || tables.clusters.iter();
    let own = [
        (
            "event_time",
            Column::Whole(rows().map(|row| row.1).collect()),
        ),
        (
            "cluster_number",
            Column::Whole(rows().map(|row| Some(row.2)).collect()),
        ),
        (
            "n_persons",
            Column::Whole(rows().map(|row| Some(row.3 as i64)).collect()),
        ),
        (
            "part",
            Column::Number(rows().map(|row| Some(row.4)).collect()),
        ),
    ];
    table_of(keys(rows().map(|row| &row.0)).into_iter().chain(own))
}

fn pooled_table(tables: &Tables) -> SmallTable {
    let rows = || tables.pooled.iter();
    let whole = |get: fn(&ClusterTotals) -> i64| {
        Column::Whole(rows().map(|row| Some(get(&row.3))).collect())
    };
    let number = |get: fn(&ClusterTotals) -> f64| {
        Column::Number(rows().map(|row| Some(get(&row.3))).collect())
    };
    let own = [
        (
            "event_time",
            Column::Whole(rows().map(|row| row.1).collect()),
        ),
        (
            "with_event_time",
            Column::Whole(rows().map(|row| row.2).collect()),
        ),
        ("n_clusters", whole(|row| row.n_clusters as i64)),
        ("n_persons", whole(|row| row.n_persons as i64)),
        ("part", number(|row| row.part)),
        ("covariance", number(|row| row.covariance)),
    ];
    table_of(keys(rows().map(|row| &row.0)).into_iter().chain(own))
}

fn left_out_table(tables: &Tables) -> SmallTable {
    let rows = || tables.left_out.iter();
    let reasons = rows().map(|row| Some(row.1.to_owned())).collect();
    let own = [("reason", Column::Text(reasons))];
    table_of(keys(rows().map(|row| &row.0)).into_iter().chain(own))
}

/// The statement that finds the breakdown value of one estimate.
fn breakdown(evaluation: &str, indicator: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let (evaluation, indicator) = (quoted(evaluation), quoted(indicator));
    include_str!("breakdown.sql")
        .replace("'{evaluation}'", &evaluation)
        .replace("'{indicator}'", &indicator)
}
