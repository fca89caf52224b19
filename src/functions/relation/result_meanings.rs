//! What the columns of results mean, for every relation. A column is listed once for all relations in which it means the same.

use super::cutoff_meanings::CUTOFF_COLUMNS;
use super::result_column::{ResultColumn, column};
use super::sensitivity_columns::SENSITIVITY_COLUMNS;
use super::table_meanings::TABLE_COLUMNS;

/// The columns that relation `relation` can return, in the order in which it returns them.
pub fn result_columns(relation: &str) -> impl Iterator<Item = &'static ResultColumn> {
    all_columns().filter(move |column| column.relations.contains(&relation))
}

fn all_columns() -> impl Iterator<Item = &'static ResultColumn> {
    RESULT_COLUMNS
        .iter()
        .chain(SENSITIVITY_COLUMNS)
        .chain(TABLE_COLUMNS)
        .chain(CUTOFF_COLUMNS)
}

/// What column `name` of relation `relation` holds.
pub(crate) fn result_column(relation: &str, name: &str) -> Option<&'static ResultColumn> {
    result_columns(relation).find(|column| column.name == name)
}

/// Relations over a panel, which take lists of outcomes and levels.
const PANEL: &[&str] = &[
    "att_gt",
    "att",
    "event_study",
    "effects",
    "event_study_vcov",
    "did_imputation",
    "two_stage",
    "sun_abraham",
    "att_gt_diagnostics",
    "did_imputation_diagnostics",
    "sun_abraham_diagnostics",
    "leave_one_out",
    "cluster_parts",
    "honest_did",
    "pretrend_power",
    "difference",
];
/// Relations that estimate effects.
const EFFECTS: &[&str] = &[
    "att_gt",
    "att",
    "event_study",
    "effects",
    "did_imputation",
    "two_stage",
    "sun_abraham",
];
/// Relations that return errors and intervals.
const ESTIMATES: &[&str] = &[
    "att_gt",
    "att",
    "event_study",
    "effects",
    "did_imputation",
    "two_stage",
    "sun_abraham",
    "ols",
];
/// Relations with a randomisation test.
const TESTED: &[&str] = &[
    "att_gt",
    "att",
    "event_study",
    "did_imputation",
    "two_stage",
    "sun_abraham",
];
const DIAGNOSTICS: &[&str] = &[
    "att_gt_diagnostics",
    "did_imputation_diagnostics",
    "sun_abraham_diagnostics",
    "ols_diagnostics",
];
/// All with a status of estimates.
const ESTIMATED: &[&str] = &[
    "att_gt",
    "att",
    "event_study",
    "effects",
    "did_imputation",
    "two_stage",
    "sun_abraham",
    "ols",
    "bacon",
    "balance",
];

/// Every column but those of relations over tables of estimates, at a cutoff, or that start from estimates with a covariance, so that those
/// of one relation stand in its order.
const RESULT_COLUMNS: &[ResultColumn] = &[
    column(
        "test",
        &["difference"],
        "検定の種類（difference は1つの差、joint はすべての差の同時検定）",
        "difference for one difference, joint for the test of all together",
    ),
    column(
        "outcome",
        PANEL,
        "アウトカム（評価する指標の列名）",
        "Outcome estimated, by its column's name",
    ),
    column(
        "by",
        PANEL,
        "層別に使った列。欠測は全体",
        "Column by whose levels the rows are split; missing for the whole input",
    ),
    column(
        "level",
        PANEL,
        "層別に使った列の水準。欠測は全体",
        "Level of that column; missing for the whole input",
    ),
    column(
        "stratum",
        &["balance"],
        "層",
        "Stratum within which the groups are compared",
    ),
    column(
        "comparison",
        &["bacon"],
        "比較の種類",
        "Kind of comparison within the two-way estimate",
    ),
    column("covariate", &["balance"], "共変量", "Covariate compared"),
    column(
        "level",
        &["balance"],
        "共変量の水準（文字の列のみ）",
        "Level of a covariate that is text; missing for numbers",
    ),
    column(
        "left_out",
        &["leave_one_out"],
        "除いたクラスター",
        "Cluster whose rows are left out",
    ),
    column(
        "cluster_id",
        &["cluster_parts"],
        "クラスター",
        "Cluster; without clusters the unit",
    ),
    column(
        "aggregate",
        &["att", "leave_one_out", "cluster_parts"],
        "集約の方法",
        "How group-time effects are averaged: simple, group, dynamic or calendar",
    ),
    column(
        "at",
        &["att", "leave_one_out", "cluster_parts"],
        "コホート・経過年数・時点。欠測は全体",
        "Cohort, event time or period of the row; missing for the overall effect",
    ),
    column("estimator", &["effects"], "推定法", "Estimator of the row"),
    column(
        "cohort",
        &["att_gt"],
        "コホート（最初に曝露した時点）",
        "Cohort: period of first exposure",
    ),
    column("time", &["att_gt"], "時点", "Period of the effect"),
    column(
        "cohort",
        &["bacon"],
        "曝露した側のコホート",
        "Cohort on the exposed side of the comparison",
    ),
    column(
        "control_cohort",
        &["bacon"],
        "比較側のコホート。欠測は未曝露",
        "Cohort on the control side; missing for the never exposed",
    ),
    column(
        "event_time",
        &[
            "att_gt",
            "event_study",
            "effects",
            "did_imputation",
            "two_stage",
            "sun_abraham",
        ],
        "経過年数（時点−コホート）。欠測は全体",
        "Periods since first exposure; missing for an overall effect",
    ),
    column(
        "diagnostic",
        DIAGNOSTICS,
        "診断の名前",
        "Name of the diagnostic",
    ),
    column("term", &["ols"], "回帰の項", "Term of the regression"),
    column(
        "term",
        DIAGNOSTICS,
        "診断の対象（比較・項・共変量）。空は全体",
        "What the diagnostic is about: a comparison, term or covariate; empty for the whole",
    ),
    column(
        "mean_treated",
        &["balance"],
        "曝露群の平均（割合）",
        "Mean of the exposed; share for a level",
    ),
    column(
        "mean_control",
        &["balance"],
        "比較群の平均（割合）",
        "Mean of the controls; share for a level",
    ),
    column(
        "sd_treated",
        &["balance"],
        "曝露群の標準偏差",
        "Standard deviation of the exposed",
    ),
    column(
        "sd_control",
        &["balance"],
        "比較群の標準偏差",
        "Standard deviation of the controls",
    ),
    column(
        "difference",
        &["balance"],
        "平均の差（曝露群−比較群）",
        "Difference of the means, exposed less controls",
    ),
    column(
        "smd",
        &["balance"],
        "標準化差（標準偏差を単位とする平均の差）",
        "Standardised mean difference, in standard deviations",
    ),
    column(
        "variance_ratio",
        &["balance"],
        "分散比（曝露群／比較群）",
        "Variance of the exposed over that of the controls",
    ),
    column(
        "ks",
        &["balance"],
        "コルモゴロフ・スミルノフ統計量（0〜1）",
        "Kolmogorov-Smirnov distance of the distributions, 0 to 1",
    ),
    column(
        "estimate",
        ESTIMATES,
        "推定値（アウトカムの単位）",
        "Estimate, in the unit of the outcome",
    ),
    column(
        "estimate",
        &["bacon"],
        "推定値（アウトカムの単位）",
        "Two-by-two estimate of the comparison, in the unit of the outcome",
    ),
    column(
        "weight",
        &["bacon"],
        "二元配置推定値に占める重み",
        "Weight of the comparison in the two-way estimate",
    ),
    column("std_error", ESTIMATES, "標準誤差", "Standard error"),
    column(
        "statistic",
        ESTIMATES,
        "検定統計量（推定値÷標準誤差）",
        "Estimate divided by its standard error",
    ),
    column(
        "statistic",
        DIAGNOSTICS,
        "診断の値",
        "Value of the diagnostic: a number, count or test statistic",
    ),
    column("df1", DIAGNOSTICS, "第1自由度", "First degrees of freedom"),
    column("df2", DIAGNOSTICS, "第2自由度", "Second degrees of freedom"),
    column("p_value", ESTIMATES, "p値（両側）", "Two-sided p-value"),
    column("p_value", DIAGNOSTICS, "検定のp値", "p-value of the test"),
    column(
        "conf_low",
        ESTIMATES,
        "信頼区間の下限（行ごと）",
        "Lower end of the row's own confidence interval",
    ),
    column(
        "conf_high",
        ESTIMATES,
        "信頼区間の上限（行ごと）",
        "Upper end of the row's own confidence interval",
    ),
    column(
        "band_low",
        ESTIMATES,
        "同時信頼帯の下限（全行）",
        "Lower end of the simultaneous confidence band over all rows",
    ),
    column(
        "band_high",
        ESTIMATES,
        "同時信頼帯の上限（全行）",
        "Upper end of the simultaneous confidence band over all rows",
    ),
    column(
        "n_treated",
        &[
            "att_gt",
            "att",
            "event_study",
            "effects",
            "did_imputation",
            "two_stage",
            "sun_abraham",
            "bacon",
        ],
        "曝露群の数（単位）",
        "Exposed units compared",
    ),
    column(
        "n_treated",
        &["balance"],
        "曝露群の行数",
        "Rows of the exposed",
    ),
    column(
        "n_control",
        &[
            "att_gt",
            "att",
            "event_study",
            "effects",
            "did_imputation",
            "two_stage",
            "sun_abraham",
            "bacon",
        ],
        "比較群の数（単位）",
        "Control units compared",
    ),
    column(
        "n_control",
        &["balance"],
        "比較群の行数",
        "Rows of the controls",
    ),
    column(
        "n_units",
        &[
            "att_gt",
            "att",
            "event_study",
            "effects",
            "did_imputation",
            "two_stage",
            "sun_abraham",
            "bacon",
        ],
        "分析対象の数（単位）",
        "Units in the sample used",
    ),
    column(
        "n_clusters",
        EFFECTS,
        "分析対象のクラスター数",
        "Clusters in the sample used",
    ),
    column(
        "n_missing",
        &["balance"],
        "欠測の行数",
        "Rows left out for a missing value",
    ),
    column("n_obs", &["ols"], "使った行数", "Rows used"),
    column("df", &["ols"], "自由度", "Degrees of freedom of t"),
    column(
        "estimate",
        &["leave_one_out"],
        "そのクラスターを除いた推定値（アウトカムの単位）",
        "Estimate from the rows of the other clusters, in the unit of the outcome",
    ),
    column(
        "change",
        &["leave_one_out"],
        "全体の推定値との差（除いた推定値−全体の推定値）",
        "How much it is larger than the estimate from all rows",
    ),
    column(
        "std_error",
        &["leave_one_out"],
        "そのクラスターを除いた推定値の標準誤差",
        "Standard error of the estimate from the other clusters",
    ),
    column(
        "n_left_out",
        &["leave_one_out"],
        "除いたクラスターの単位の数",
        "Units of the cluster that is left out",
    ),
    column(
        "part",
        &["cluster_parts"],
        "推定値のうちこのクラスターの分。合計が推定値になる",
        "Share of the units times the estimate, and the influence: over all clusters the estimate",
    ),
    column(
        "influence",
        &["cluster_parts"],
        "誤差への寄与。合計は0、二乗和が分散",
        "What the cluster contributes to the error: over all clusters zero, squared the variance",
    ),
    column(
        "largest_share",
        &["cluster_parts"],
        "クラスター内の寄与の大きさのうち最大の1単位の割合",
        "Share of the unit with most in the sizes of the influences of the cluster's units",
    ),
    column(
        "n_units",
        &["cluster_parts"],
        "クラスターの単位の数",
        "Units of the cluster that take part",
    ),
    column(
        "p_value_wild",
        &["ols"],
        "ワイルドクラスターブートストラップのp値（wild を指定したとき）",
        "p-value of the wild cluster bootstrap, with wild",
    ),
    column(
        "conf_low_wild",
        &["ols"],
        "ワイルドクラスターブートストラップの信頼区間の下限（wild を指定したとき）",
        "Lower end of the interval of the wild cluster bootstrap, with wild",
    ),
    column(
        "conf_high_wild",
        &["ols"],
        "ワイルドクラスターブートストラップの信頼区間の上限（wild を指定したとき）",
        "Upper end of the interval of the wild cluster bootstrap, with wild",
    ),
    column(
        "status",
        &["leave_one_out", "cluster_parts"],
        "計算の状態（ok または注意）",
        "ok, or why there is no number",
    ),
    column(
        "status",
        ESTIMATED,
        "推定の状態（ok、または推定できない理由・注意）",
        "ok, why there is no number, or why to read it with care",
    ),
    column(
        "p_value_permutation",
        TESTED,
        "並べ替え検定のp値（permutations を指定したとき）",
        "p-value of the randomisation test, with permutations",
    ),
    column(
        "status",
        DIAGNOSTICS,
        "診断の状態（ok または注意）",
        "ok, or what to be careful about",
    ),
    column(
        "detail",
        DIAGNOSTICS,
        "診断の補足",
        "The diagnostic in words",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::registry::{RELATIONS, find};
    use super::super::result::P_VALUE_PERMUTATION;
    use super::*;

    #[test]
    fn a_column_of_a_relation_has_one_meaning_in_both_languages() {
        let mut seen = BTreeSet::new();
        for column in all_columns() {
            assert!(!column.ja.is_ascii() && !column.ja.is_empty(), "{column:?}");
            assert!(column.en.is_ascii() && !column.en.is_empty(), "{column:?}");
            for relation in column.relations {
                assert!(find(relation).is_some(), "no relation `{relation}`");
                let is_first = seen.insert((relation, column.name));
                assert!(is_first, "`{relation}.{}` twice", column.name);
            }
        }
        for relation in RELATIONS {
            // The column of a randomisation test comes after all others, and only where it is asked for.
            let always = |column: &&ResultColumn| column.name != P_VALUE_PERMUTATION;
            let last = result_columns(relation.name).filter(always).last().unwrap();
            let expected = match relation.name.ends_with("_diagnostics") {
                true => "detail",
                false => "status",
            };
            assert_eq!(last.name, expected, "{}", relation.name);
        }
    }
}
