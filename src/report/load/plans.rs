//! What plans ask, what they found and what their gates say, through `disclosure`.

use super::rows::{LoadError, ResultTables, Row};
use crate::disclosure::{DisclosureRules, Interval, release_behind};
use crate::report::page::{Answer, GateResult, JudgedNumbers, Plan};

/// Plans by name, each with its answers; none where there are no plans.
pub(super) async fn plans(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Plan>, LoadError> {
    let sql = "select verdicts.*, plans.question_ja, plans.question_en, plans.deviations as not_as_fixed \
               from {table} as verdicts \
               left join evaluation_plans as plans on verdicts.evaluation = plans.evaluation \
               where verdicts.\"by\" is null \
               order by verdicts.evaluation, verdicts.is_primary desc, verdicts.indicator";
    let rows = tables.rows("evaluation_verdicts", sql).await?;
    let gates = gates(tables).await?;
    let mut plans: Vec<Plan> = Vec::new();
    for row in &rows {
        let name = row.text("evaluation")?;
        let answer = answer(row, &name, &gates, rules)?;
        match plans.last_mut().filter(|last| last.name == name) {
            Some(plan) => plan.answers.push(answer),
            None => plans.push(Plan {
                name,
                question: (row.text("question_ja")?, row.text("question_en")?),
                is_locked: row.flag("is_locked"),
                deviations: row.text("not_as_fixed")?,
                answers: vec![answer],
            }),
        }
    }
    Ok(plans)
}

fn answer(
    row: &Row,
    plan: &str,
    gates: &[MeasuredGate],
    rules: DisclosureRules,
) -> Result<Answer, LoadError> {
    let (indicator, n) = (row.text("indicator")?, row.known_count("n_treated")?);
    let range = row.number("conf_low")?.zip(row.number("conf_high")?);
    let numbers = row.number("estimate")?.zip(range);
    let numbers = numbers.map(|(estimate, (low, high))| JudgedNumbers {
        estimate,
        interval: Interval { low, high },
    });
    let own = gates.iter();
    let own = own.filter(|gate| gate.plan == plan && gate.indicator == indicator);
    let gates = own.map(|own| GateResult {
        gate: own.gate.clone(),
        title: own.title.clone(),
        result: own.result.clone(),
        statistic: release_behind(own.statistic, n, rules),
    });
    Ok(Answer {
        gates: gates.collect(),
        population: row.text("population")?,
        is_primary: row.flag("is_primary"),
        verdict: row.text("verdict")?,
        numbers: release_behind(numbers, n, rules),
        indicator,
    })
}

/// A gate of an estimate, as measured.
struct MeasuredGate {
    plan: String,
    indicator: String,
    gate: String,
    title: (String, String),
    result: String,
    statistic: Option<f64>,
}

/// Gates that can hide an estimate come first.
async fn gates(tables: &ResultTables<'_>) -> Result<Vec<MeasuredGate>, LoadError> {
    let sql = "select diagnostics.*, gates.name_ja, gates.name_en \
               from {table} as diagnostics \
               left join evaluation_gates as gates \
               on diagnostics.evaluation = gates.evaluation and diagnostics.gate = gates.gate \
               order by diagnostics.blind_at is null, diagnostics.gate";
    let rows = tables.rows("evaluation_diagnostics", sql).await?;
    let gate = |row: &Row| {
        Ok(MeasuredGate {
            plan: row.text("evaluation")?,
            indicator: row.text("indicator")?,
            gate: row.text("gate")?,
            title: (row.text("name_ja")?, row.text("name_en")?),
            result: row.text("result")?,
            statistic: row.number("statistic")?,
        })
    };
    rows.iter().map(gate).collect()
}
