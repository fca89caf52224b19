//! What designs of an evaluation could see, and whether one is worth an evaluation.

use super::estimate::texts;
use super::failure::Failure;
use crate::session::Session;

/// Works out what the designs of a plan could see, once; returns the table that has it.
pub(super) async fn register_powers(session: &Session, name: &str) -> Result<String, Failure> {
    let table = format!("evaluation_power_{name}");
    let planned = session.plan(&format!("select * from {table}"), &[]).await?;
    session.register_rows(&table, planned).await?;
    Ok(table)
}

/// For each primary indicator, whether `design` is worth an evaluation.
pub(super) async fn verdicts(
    session: &Session,
    table: &str,
    design: &str,
) -> Result<Vec<String>, Failure> {
    let rows = texts(session, &question(table, design)).await?;
    Ok(rows.iter().map(|row| verdict(row)).collect())
}

/// For each indicator: what `design` sees, and the smallest design of two groups that sees the smallest change that matters.
fn question(table: &str, design: &str) -> String {
    format!(
        "with needed as (select indicator, min(n_clusters) as n from {table} where design = 'halves' and power >= 0.8 group by indicator) \
         select own.indicator, round(own.power, 2), round(own.detectable, 4), own.smallest_change, needed.n, own.status, \
         own.power >= 0.8 from {table} as own left join needed on own.indicator = needed.indicator \
         where own.design = '{design}' order by own.indicator"
    )
}

fn verdict(row: &[String]) -> String {
    let [
        indicator,
        power,
        detectable,
        change,
        needed,
        status,
        is_enough,
    ] = row
    else {
        return String::new();
    };
    if change.is_empty() {
        return format!(
            "{indicator}: no smallest change that matters is set, so that nothing can be said of power"
        );
    }
    if power.is_empty() {
        return format!("{indicator}: this roll-out compares nothing ({status})");
    }
    if is_enough == "true" {
        return format!(
            "{indicator}: evaluate. A change of {change} is found with a probability of {power}, one of {detectable} with 0.8"
        );
    }
    let needed = match needed.as_str() {
        "" => "more than 1,500 worksites".to_owned(),
        n => format!("{n} worksites, half of which start,"),
    };
    format!(
        "{indicator}: do not evaluate for a change of {change}, which is found with a probability of {power}; {needed} would be needed. \
         A change of {detectable} is found with 0.8"
    )
}
