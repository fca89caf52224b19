//! What the columns of relations at a cutoff mean.

use super::result_column::{ResultColumn, column};

const CUTOFF: &[&str] = &["rd", "rd_density"];

/// The columns of `rd`, `rd_density` and `rd_bins`; those of one relation stand in its order.
pub(super) const CUTOFF_COLUMNS: &[ResultColumn] = &[
    column(
        "outcome",
        &["rd"],
        "アウトカム（評価する指標の列名）",
        "Outcome estimated, by its column's name",
    ),
    column(
        "by",
        &["rd"],
        "層別に使った列。欠測は全体",
        "Column by whose levels the rows are split; missing for the whole input",
    ),
    column(
        "level",
        &["rd"],
        "層別に使った列の水準。欠測は全体",
        "Level of that column; missing for the whole input",
    ),
    column(
        "part",
        &["rd"],
        "何の推定か（effect＝効果、first_stage＝処置の跳び）",
        "What is estimated: effect, or first_stage, the jump of the treatment",
    ),
    column(
        "method",
        &["rd"],
        "推定の方法（従来・偏り補正・頑健）",
        "conventional, bias_corrected or robust",
    ),
    column(
        "side",
        &["rd_bins"],
        "カットオフの左右（left・right）",
        "Side of the cutoff: left or right",
    ),
    column(
        "bin",
        &["rd_bins"],
        "区間の番号（カットオフから外へ1から）",
        "Number of the bin on its side, outwards from 1",
    ),
    column(
        "bin_low",
        &["rd_bins"],
        "区間の始まり（割当変数の単位）",
        "Where the bin begins, in the unit of the running variable",
    ),
    column(
        "bin_high",
        &["rd_bins"],
        "区間の終わり（割当変数の単位）",
        "Where the bin ends, in the unit of the running variable",
    ),
    column(
        "running",
        &["rd_bins"],
        "区間内の割当変数の平均",
        "Mean of the running variable in the bin",
    ),
    column(
        "estimate",
        &["rd"],
        "推定値（アウトカムの単位。first_stage では処置の単位）",
        "Estimate, in the unit of the outcome; of the treatment for first_stage",
    ),
    column(
        "estimate",
        &["rd_bins"],
        "区間内のアウトカムの平均",
        "Mean of the outcome in the bin",
    ),
    column(
        "density_left",
        &["rd_density"],
        "カットオフ左側の密度（割当変数1単位あたり）",
        "Density left of the cutoff, per unit of the running variable",
    ),
    column(
        "density_right",
        &["rd_density"],
        "カットオフ右側の密度（割当変数1単位あたり）",
        "Density right of the cutoff, per unit of the running variable",
    ),
    column(
        "difference",
        &["rd_density"],
        "密度の差（右−左）",
        "Difference of the densities, right less left",
    ),
    column(
        "std_error",
        &["rd", "rd_density", "rd_bins"],
        "標準誤差",
        "Standard error",
    ),
    column(
        "statistic",
        CUTOFF,
        "検定統計量（推定値÷標準誤差）",
        "Estimate divided by its standard error",
    ),
    column("p_value", CUTOFF, "p値（両側）", "Two-sided p-value"),
    column(
        "conf_low",
        &["rd", "rd_density", "rd_bins"],
        "信頼区間の下限",
        "Lower end of the confidence interval",
    ),
    column(
        "conf_high",
        &["rd", "rd_density", "rd_bins"],
        "信頼区間の上限",
        "Upper end of the confidence interval",
    ),
    column(
        "fitted",
        &["rd_bins"],
        "その側の多項式の値（区間の平均で）",
        "Polynomial of the side at the mean of the running variable",
    ),
    column(
        "bandwidth_left",
        CUTOFF,
        "左側のバンド幅（割当変数の単位）",
        "Bandwidth left of the cutoff, in the unit of the running variable",
    ),
    column(
        "bandwidth_right",
        CUTOFF,
        "右側のバンド幅（割当変数の単位）",
        "Bandwidth right of the cutoff, in the unit of the running variable",
    ),
    column(
        "bias_bandwidth_left",
        &["rd"],
        "偏りの推定に使う左側のバンド幅",
        "Bandwidth of the bias left of the cutoff",
    ),
    column(
        "bias_bandwidth_right",
        &["rd"],
        "偏りの推定に使う右側のバンド幅",
        "Bandwidth of the bias right of the cutoff",
    ),
    column("n_left", CUTOFF, "左側の行数", "Rows left of the cutoff"),
    column("n_right", CUTOFF, "右側の行数", "Rows right of the cutoff"),
    column(
        "n_effective_left",
        CUTOFF,
        "左側のバンド幅内の行数",
        "Rows within the bandwidth left of the cutoff",
    ),
    column(
        "n_effective_right",
        CUTOFF,
        "右側のバンド幅内の行数",
        "Rows within the bandwidth right of the cutoff",
    ),
    column(
        "n_values_left",
        CUTOFF,
        "左側の割当変数の異なる値の数",
        "Distinct values of the running variable left of the cutoff",
    ),
    column(
        "n_values_right",
        CUTOFF,
        "右側の割当変数の異なる値の数",
        "Distinct values of the running variable right of the cutoff",
    ),
    column(
        "n_clusters",
        &["rd"],
        "クラスターの数（クラスターなしは0）",
        "Clusters; 0 without clusters",
    ),
    column("n_rows", &["rd_bins"], "区間内の行数", "Rows in the bin"),
    column(
        "n_missing",
        CUTOFF,
        "欠測または重み0で除いた行数",
        "Rows left out: a value is missing, or the weight is zero",
    ),
    column(
        "n_donut",
        &["rd"],
        "カットオフに近すぎるとして除いた行数",
        "Complete rows left out because they are nearer to the cutoff than donut",
    ),
    column(
        "status",
        &["rd", "rd_density", "rd_bins"],
        "推定の状態（ok、または推定できない理由・注意）",
        "ok, why there is no number, or why to read it with care",
    ),
];
