//! `few_clusters` is the status where theory promises less than 94 % for a 95 % interval.

use super::golden::close;
use super::regression_cases::{data, fit, noise, with_vcov};
use crate::Status;
use crate::inference::few_clusters::{Interval, Side};

fn side(sizes: &[u64]) -> Side {
    let mut side = Side::EMPTY;
    sizes.iter().for_each(|&n| side.add_cluster(n));
    side
}

/// Coverages from `scipy.stats.t`: 94.003 % with 41 effective clusters, 93.98 % with 40; of 40 clusters 20 effective ones cover
/// 93.96 %.
#[test]
fn the_promise_is_94_percent() {
    assert!(!Interval::Normal.is_unreliable(41.0));
    assert!(Interval::Normal.is_unreliable(40.0));
    assert!(!Interval::Student(15).is_unreliable(15.0));
    assert!(Interval::Student(9).is_unreliable(9.0));
    assert!(Interval::Student(40).is_unreliable(20.0));
    assert!(!Interval::Student(40).is_unreliable(21.0));
    assert!(!Interval::Student(2000).is_unreliable(41.0));
    for hopeless in [f64::NAN, 0.0, 1.0] {
        assert!(Interval::Normal.is_unreliable(hopeless));
        assert!(Interval::Student(2000).is_unreliable(hopeless));
    }
}

#[test]
fn sides_count_by_the_sizes_of_their_clusters() {
    let equal = |n_clusters| side(&vec![10; n_clusters]);
    assert!(!Interval::Normal.has_few(equal(21), equal(21)));
    assert!(Interval::Normal.has_few(equal(20), equal(20)));
    // Many on the other side do not help.
    assert!(Interval::Normal.has_few(equal(20), equal(2000)));
    assert!(!Interval::Normal.has_few(equal(50), equal(2000)));
    assert!(Interval::Normal.has_few(equal(2000), equal(20)));
    // One of 200 clusters with most of the persons.
    let mut sizes = vec![10; 200];
    assert!(!Interval::Normal.has_few(side(&sizes), equal(200)));
    sizes[7] = 4000;
    assert!(Interval::Normal.has_few(side(&sizes), equal(200)));
    // A side in one cluster is not saved by the many persons that make its share of the variance small.
    assert!(Interval::Normal.has_few(side(&[1_000_000]), side(&vec![1; 200])));
    assert!(Interval::Normal.has_few(Side::EMPTY, equal(100)));
}

/// Σ over clusters of the squared deviations of a column that nothing else explains, by hand.
#[test]
fn a_coefficient_rests_on_the_clusters_in_which_its_column_varies() {
    let n = 40 * 20;
    let cluster = |row: usize| row / 20;
    let column = |of: &dyn Fn(usize) -> f64| (0..n).map(of).collect::<Vec<f64>>();
    let e = noise(n, 7);
    let exposed = |row: usize| f64::from(u8::from(cluster(row) < 3));
    let half = |row: usize| f64::from(u8::from(cluster(row) % 2 == 0));
    let data = data(&[
        ("y", column(&|row| e[row] + exposed(row))),
        ("exposed", column(&exposed)),
        ("half", column(&half)),
        ("x", noise(n, 8)),
        ("site", column(&|row| cluster(row) as f64)),
    ]);
    let options = with_vcov("cluster(site)");
    let result = fit("y ~ exposed", &data, &options);
    let (inside, outside) = (20.0 * 0.925_f64.powi(2), 20.0 * 0.075_f64.powi(2));
    let all = 3.0 * inside + 37.0 * outside;
    let expected = all * all / (3.0 * inside * inside + 37.0 * outside * outside);
    let row = result
        .rows
        .iter()
        .find(|row| row.term == "exposed")
        .unwrap();
    assert!(close(row.effective_clusters, expected, 1e-10));
    assert_eq!(row.status, Status::FewClusters);
    // The mean of the 37 unexposed clusters rests on them alone.
    let row = result
        .rows
        .iter()
        .find(|row| row.term == "(Intercept)")
        .unwrap();
    assert!(close(row.effective_clusters, 37.0, 1e-10));
    assert_eq!(row.status, Status::Ok);
    let result = fit("y ~ half + x", &data, &options);
    let row = result.rows.iter().find(|row| row.term == "half").unwrap();
    assert!(row.effective_clusters > 39.0 && row.status == Status::Ok);
    let without = fit("y ~ exposed", &data, &with_vcov("hc1"));
    assert!(without.rows[0].effective_clusters.is_nan());
    assert_eq!(without.rows[1].status, Status::Ok);
}
