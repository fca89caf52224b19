//! The fixed wording of the page in both languages. A text that is missing in one of them does not
//! compile.

use super::text::Words;

pub(super) const JA: Words = Words {
    title: "健康経営・保健事業の効果測定報告書",
    generated: "作成",
    contents: "目次",
    summary: "要約",
    summary_lead: "取組の分野ごとに、対象となった人の変化を、対象になっていない人の同じ時期の変化と比べた。\
                   各欄の図は、同じデータを比較群なしで読んだ場合の数字を、因果推定と並べたものである。",
    effects: "効果の推定",
    effects_lead: "太字が因果推定（まだ対象になっていない人を比較群とする差の差法）。\
                   左の二つの列は、参加の選択や時代の変化を取り除いていない数字で、比べるために示す。",
    event_studies: "開始前後の推移",
    event_lead: "取組の開始を0年目とし、比較群との差の推移を示す。\
                 開始前（白丸）が0から離れていれば、開始後の差を効果と読むことはできない。",
    flow: "対象者の流れ",
    flow_lead: "抽出データから分析まで、何人が残り、何人が外れたか。",
    linkage: "データの連結",
    linkage_lead: "保険者の加入者が事業主の従業員と連結できた割合。割合に偏りがあれば、結果は連結できた人だけのものになる。",
    deliveries: "受領データ",
    deliveries_lead: "受け取った行は、必ず受け入れるか、理由を付けて除くかのどちらかになる。",
    rejects: "除いた行とその理由",
    rejects_lead: "一つの行が複数の規則に反することがあるため、合計は除いた行数と一致しない。",
    notes: "読み方と公表の規則",
    nothing: "示せる結果はまだない。",
    excluded: "除外",
    persons: "人",
    indicator: "指標",
    population: "対象",
    comparison: "図",
    estimate: "推定値",
    interval: "95%信頼区間",
    band: "同時信頼帯",
    event_time: "開始からの年",
    n_treated: "対象者",
    n_control: "比較対象者",
    status: "状態",
    table: "表",
    holder: "提供者",
    files: "ファイル",
    rows_in: "受領行",
    rows_accepted: "受入",
    rows_rejected: "除外",
    column: "列",
    rule: "規則",
    rows: "行",
    level: "区分",
    linked: "連結",
    match_rate: "連結率",
    numbers: "数値を見る",
    version: "版",
    run: "実行",
    whole_row: "（行全体）",
    legend_point: "推定値",
    legend_interval: "95%信頼区間",
    legend_band: "同時信頼帯",
    legend_pre: "開始前",
    note_causal: "因果推定は、取組の対象となった人（参加したかどうかを問わない）全体への平均の効果で、\
                  Callaway–Sant’Anna の差の差法による。参加者だけへの効果ではない。",
    note_naive: "単純な前後比較は世の中全体の変化や加齢を、参加者と非参加者の比較は意欲の高い人ほど参加することを、\
                 効果に含めてしまう。",
    note_pre_trend: "開始前の推定の同時信頼帯が0を含まないとき、比較の前提が崩れていると判断し、効果とは読まない。",
    note_many: "多くの指標を同時に調べている。効果がまったくなくても、20件に1件ほどは偶然「変化あり」と出る。",
    note_adjusted: "因果推定は性別と生まれた年度で調整し、誤差は事業所ごとのまとまりを考えて計算している。\
                    事業所規模や業種は調整していない。",
    estimator: "推定法",
    balance: "両群の違い",
    balance_lead: "対象になる前（各人の最初の年）の比較。標準化差は平均の差を標準偏差で割ったもので、\
                   大きさが0.1を超える行を太字で示す。調整した項目の違いは推定で取り除いてある。",
    covariate: "共変量",
    mean_treated: "対象者",
    mean_control: "比較対象者",
    smd: "標準化差",
    is_adjusted: "調整",
    adjusted: "調整済み",
    robustness: "ほかの推定法",
    robustness_lead: "同じもの（曝露後の人年すべての平均の効果）を別の方法で推定した値。要約の推定値は0～5年目の単純平均なので、\
                      因果推定の値も要約とは少し違う。共変量で調整しているのは初めの二つだけである。",
};

pub(super) const EN: Words = Words {
    title: "Effects of health-management programs",
    generated: "Generated",
    contents: "Contents",
    summary: "Summary",
    summary_lead: "For each program field: the change among people who were offered a program, against the change \
                   over the same years among people who were not. Each chart sets the causal estimate beside what \
                   the same data seem to say without a comparison group.",
    effects: "Estimated effects",
    effects_lead: "Bold: the causal estimate (difference in differences against people not yet offered a program). \
                   The first two columns still contain self-selection and general trends; they are shown for \
                   comparison.",
    event_studies: "Before and after the start",
    event_lead: "Difference from the comparison group by year since the start (year 0). If the years before the \
                 start (hollow points) lie away from zero, the difference after it cannot be read as an effect.",
    flow: "Flow of persons",
    flow_lead: "How many persons remained, and how many were left out, from the extracts to the analysis.",
    linkage: "Linkage",
    linkage_lead: "Share of the insurers’ members who could be linked to an employee. Where the rates differ, the \
                   results speak for those who could be linked.",
    deliveries: "Data received",
    deliveries_lead: "Every row received is either accepted or rejected with a reason.",
    rejects: "Rejected rows and why",
    rejects_lead: "A row can break several rules, so these do not add up to the number of rejected rows.",
    notes: "How to read this, and what is not shown",
    nothing: "There is nothing to show yet.",
    excluded: "Left out",
    persons: "",
    indicator: "Indicator",
    population: "Population",
    comparison: "Chart",
    estimate: "Estimate",
    interval: "95% CI",
    band: "Simultaneous band",
    event_time: "Years since start",
    n_treated: "Exposed",
    n_control: "Comparison",
    status: "Status",
    table: "Table",
    holder: "Holder",
    files: "Files",
    rows_in: "Rows in",
    rows_accepted: "Accepted",
    rows_rejected: "Rejected",
    column: "Column",
    rule: "Rule",
    rows: "Rows",
    level: "Group",
    linked: "Linked",
    match_rate: "Match rate",
    numbers: "Show the numbers",
    version: "version",
    run: "Run",
    whole_row: "(whole row)",
    legend_point: "Estimate",
    legend_interval: "95% interval",
    legend_band: "Simultaneous band",
    legend_pre: "Before the start",
    note_causal: "The causal estimate is the average effect on everyone who was offered a program, whether or not \
                  they took part (Callaway–Sant’Anna difference in differences). It is not the effect on participants.",
    note_naive: "A before–after comparison counts general trends and ageing as effect; comparing participants with \
                 others counts the motivation of those who chose to take part.",
    note_pre_trend: "When the simultaneous band excludes zero before the start, the comparison’s assumption has \
                     failed and the estimate is not read as an effect.",
    note_many: "Many indicators are examined at once: even without any effect about one in twenty would show a \
                change by chance.",
    note_adjusted: "Causal estimates are adjusted for sex and fiscal year of birth; their errors allow for people of \
                    one worksite moving together. Worksite size and industry are not adjusted for.",
    estimator: "Estimator",
    balance: "How alike the groups were",
    balance_lead: "Before any exposure, in each person’s first year. The standardised difference is the difference of \
                   means in standard deviations; rows above 0.1 in size are bold. Differences in what is adjusted \
                   for are taken out of the estimates.",
    covariate: "Covariate",
    mean_treated: "Exposed",
    mean_control: "Comparison",
    smd: "Standardised difference",
    is_adjusted: "Adjusted",
    adjusted: "yes",
    robustness: "Other estimators",
    robustness_lead: "The same quantity (the mean effect over all exposed person-years) estimated in other ways. The \
                      summary shows the plain mean of years 0 to 5, so the causal estimate differs a little here. \
                      Only the first two are adjusted for covariates.",
};
