//! What intervals hold in samples from designs with few clusters, at fixed seeds.

use super::{Dice, OPTIONS, average, world};
use crate::Status;
use crate::group_time::{Aggregate, AttGtOptions};
use crate::inference::Inference;
use crate::panel::{Layout, NEVER};

const DRAWS: u64 = 1_000;

/// Share of intervals that hold the truth, and the statuses, of clusters some of which are exposed in the second of three periods.
fn coverage(n_clusters: usize, n_exposed: usize, inference: Inference) -> (f64, Vec<Status>) {
    let clusters: Vec<(i32, usize)> = (0..n_clusters)
        .map(|cluster| (if cluster < n_exposed { 1 } else { NEVER }, 5))
        .collect();
    let options = AttGtOptions {
        inference,
        ..OPTIONS
    };
    let (mut n_held, mut statuses) = (0, Vec::new());
    for draw in 0..DRAWS {
        let columns = world(&clusters, 3, &mut Dice::new(1_000 + draw));
        let found = average(&columns, Layout::Balanced, &options, Aggregate::Simple).unwrap();
        let found = found.overall.estimate;
        n_held += u64::from(found.conf_low <= 0.3 && 0.3 <= found.conf_high);
        if !statuses.contains(&found.status) {
            statuses.push(found.status);
        }
    }
    (n_held as f64 / DRAWS as f64, statuses)
}

#[test]
fn jackknife_intervals_hold_what_they_say() {
    for (n_clusters, n_exposed, status) in [
        (8, 4, Status::Conservative),
        (15, 7, Status::Ok),
        (40, 3, Status::Conservative),
    ] {
        let (held, statuses) = coverage(n_clusters, n_exposed, Inference::Cr3);
        // Two Monte Carlo errors of a share of 95 % in 1,000 draws are 1.4 points.
        assert_eq!(statuses, [status], "{n_exposed} of {n_clusters}: {held}");
        let most = if status == Status::Ok { 0.974 } else { 0.995 };
        assert!(
            (0.936..most).contains(&held),
            "{n_exposed} of {n_clusters}: {held}"
        );
        let (analytic, _) = coverage(n_clusters, n_exposed, Inference::Analytic);
        assert!(analytic < 0.936, "{n_exposed} of {n_clusters}: {analytic}");
    }
}

#[test]
fn bootstrap_intervals_are_better_than_analytic_ones() {
    for (n_clusters, n_exposed) in [(8, 4), (15, 7)] {
        let (held, statuses) =
            coverage(n_clusters, n_exposed, Inference::Bootstrap { n_draws: 199 });
        assert_eq!(statuses, [Status::FewClusters]);
        let (analytic, _) = coverage(n_clusters, n_exposed, Inference::Analytic);
        assert!(
            held > analytic,
            "{n_exposed} of {n_clusters}: {held}, {analytic}"
        );
    }
}
