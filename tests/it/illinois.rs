//! The example project on the real trial it was written for: 374 printed figures of the paper. The data are
//! not part of the repository: `KORABO_REFERENCE_DATA` names the folder that holds `data/illinois`.

use std::path::PathBuf;

use crate::support::{Project, copy_folder, number, root, skipped};

#[test]
fn published_figures_come_out_to_the_printed_digit() {
    let Some(data) = std::env::var_os("KORABO_REFERENCE_DATA") else {
        skipped("KORABO_REFERENCE_DATA is not set");
        return;
    };
    let data = PathBuf::from(data).join("data/illinois");
    let project = Project::empty();
    copy_folder(&root().join("examples/illinois"), project.path());
    let extracts = data.to_string_lossy().into_owned();
    project.korabo(&["run", "--extracts", &extracts]).exits(0);
    let targets = data.join("targets.csv");
    let sql = format!(
        "select t.\"table\" || ', ' || t.outcome || ', ' || t.\"column\" || ', ' || t.statistic as figure, \
         t.published, t.digits_value, s.value \
         from '{}' as t left join summary_targets as s on s.paper_table = t.\"table\" \
         and s.outcome = t.outcome and s.paper_column = t.\"column\" and s.statistic = t.statistic",
        targets.display()
    );
    let rows = project.rows(&sql);
    assert_eq!(rows.len(), 374);
    let mut wrong = Vec::new();
    for row in &rows {
        let (published, exact) = (number(&row["published"]), number(&row["digits_value"]));
        let value = number(&row["value"]);
        let is_printed = (value - published).abs() <= half_unit(published);
        let is_exact = (value - exact).abs() <= 1e-6 * exact.abs().max(1.0);
        if !(is_printed && is_exact) {
            wrong.push(format!(
                "{}: published {published}, exact {exact}, found {value}",
                row["figure"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} figures differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Half a unit of the last digit of `published`.
fn half_unit(published: f64) -> f64 {
    let text = published.to_string();
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    0.5 * 10_f64.powi(-i32::try_from(decimals).unwrap()) + 1e-9
}
