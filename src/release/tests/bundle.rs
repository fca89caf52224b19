//! What a bundle shows of clusters.

use super::preset;
use crate::release::bundle::{BundleRules, bundle};
use crate::release::small_table::{Column, SmallTable};

/// Clusters (name, persons, part, influence, share of the largest person) of one estimate with two event times.
fn parts(clusters: &[(&str, i64, f64, f64, f64)]) -> SmallTable {
    let rows = || {
        clusters
            .iter()
            .flat_map(|own| [(own, None), (own, Some(0))])
    };
    let text = |get: fn(&(&str, i64, f64, f64, f64)) -> String| {
        Column::Text(rows().map(|(own, _)| Some(get(own))).collect())
    };
    let number = |get: fn(&(&str, i64, f64, f64, f64)) -> f64| {
        Column::Number(rows().map(|(own, _)| Some(get(own))).collect())
    };
    let columns = [
        ("evaluation", text(|_| "walks".to_owned())),
        ("indicator", text(|_| "steps".to_owned())),
        ("cluster_id", text(|own| own.0.to_owned())),
        (
            "event_time",
            Column::Whole(rows().map(|(_, at)| at).collect()),
        ),
        (
            "n_units",
            Column::Whole(rows().map(|(own, _)| Some(own.1)).collect()),
        ),
        ("part", number(|own| own.2)),
        ("influence", number(|own| own.3)),
        ("largest_share", number(|own| own.4)),
    ];
    let mut table = SmallTable::default();
    for (name, column) in columns {
        table.names.push(name.to_owned());
        table.columns.push(column);
    }
    table
}

/// The lines of a file of the bundle of `clusters`, where `before` were shown before.
fn bundled(
    file: &'static str,
    clusters: &[(&str, i64, f64, f64, f64)],
    before: &[(&str, i64)],
) -> Vec<String> {
    let estimates = [("walks".to_owned(), "steps".to_owned())].into();
    let preset = preset("").unwrap();
    let before = |key: &str| {
        let mut before = before.iter();
        let found = before.find(|(name, _)| key == format!("walks|steps|{name}"));
        found.map(|(_, n)| *n)
    };
    let rules = BundleRules {
        preset: &preset,
        before: &before,
    };
    let made = bundle(&estimates, &[parts(clusters)], rules).unwrap();
    let text = String::from_utf8(made.files[file].clone()).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// Twelve small clusters, two large ones, and one large one of which one person has most.
const CLUSTERS: [(&str, i64, f64, f64, f64); 15] = [
    ("large", 123, 0.5, 0.2, 0.1),
    ("larger", 217, 0.25, -0.3, 0.1),
    ("one person's", 90, 0.125, 0.1, 0.7),
    ("a", 2, 0.01, 0.01, 0.5),
    ("b", 2, 0.01, -0.01, 0.5),
    ("c", 2, 0.01, 0.01, 0.5),
    ("d", 2, 0.01, -0.01, 0.5),
    ("e", 2, 0.01, 0.01, 0.5),
    ("f", 2, 0.01, -0.01, 0.5),
    ("g", 2, 0.01, 0.01, 0.5),
    ("h", 2, 0.01, -0.01, 0.5),
    ("i", 2, 0.01, 0.01, 0.5),
    ("j", 2, 0.01, -0.01, 0.5),
    ("k", 2, 0.01, 0.01, 0.5),
    ("l", 2, 0.01, -0.01, 0.5),
];

#[test]
fn a_bundle_shows_large_clusters_and_pools_the_others() {
    let shown = bundled("clusters.csv", &CLUSTERS, &[]);
    // Numbered by size, persons to ten.
    let expected = [
        "walks,steps,,1,220,0.25",
        "walks,steps,0,1,220,0.25",
        "walks,steps,,2,120,0.5",
        "walks,steps,0,2,120,0.5",
    ];
    assert_eq!(shown, expected);
    let pooled = bundled("pooled.csv", &CLUSTERS, &[]);
    // Thirteen clusters: 0.125 + 12 · 0.01, and 0.01 + 12 · 0.0001.
    let row = "13,110,0.245,0.0112";
    let expected = [
        format!("walks,steps,,,{row}"),
        format!("walks,steps,,0,{row}"),
        format!("walks,steps,0,,{row}"),
        format!("walks,steps,0,0,{row}"),
    ];
    assert_eq!(pooled, expected);
}

#[test]
fn a_cluster_that_changed_by_few_persons_is_shown_no_more() {
    let n_shown = |before: i64| {
        let shown = bundled("clusters.csv", &CLUSTERS, &[("large", before)]);
        shown.len() / 2
    };
    for before in [114, 122, 124, 132] {
        assert_eq!(n_shown(before), 1, "{before}");
    }
    for before in [113, 123, 133] {
        assert_eq!(n_shown(before), 2, "{before}");
    }
}

#[test]
fn few_clusters_are_not_pooled_by_themselves() {
    // Nine small ones take the smallest large one with them.
    let shown = bundled("clusters.csv", &CLUSTERS[..12], &[]);
    assert_eq!(shown.len(), 4);
    let shown = bundled("clusters.csv", &CLUSTERS[..11], &[]);
    assert_eq!(shown.len(), 2);
    // And where nothing is left, nothing is told.
    let few = &CLUSTERS[1..10];
    assert!(bundled("clusters.csv", few, &[]).is_empty());
    assert!(bundled("pooled.csv", few, &[]).is_empty());
    let left_out = bundled("left_out.csv", few, &[]);
    assert_eq!(left_out, ["walks,steps,few_clusters"]);
}
