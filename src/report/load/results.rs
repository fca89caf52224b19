//! Lake tables → [`Results`]: each table is read once, whatever the number of pages.

use super::effects::{effects, event_studies, judgements};
use super::group_levels::group_levels;
use super::money::{gains, guidance, habits, offers, spending};
use super::rows::{LoadError, ResultTables, Row};
use super::trends::trends;
use crate::disclosure::{DisclosureRules, Interval, release_behind, release_count};
use crate::report::page::{JudgedNumbers, LinkageRow, Provenance};
use crate::report::results::{Employer, PartVerdict, Place, Rating, Results};

pub(super) async fn results(
    tables: &ResultTables<'_>,
    provenance: Provenance,
    linkage: Vec<LinkageRow>,
    rules: DisclosureRules,
) -> Result<Results, LoadError> {
    let levels = trends(tables, rules).await?;
    Ok(Results {
        subject: None,
        vocabulary: tables.vocabulary.clone(),
        provenance,
        rules,
        effects: effects(tables, "effect_summary", rules).await?,
        judgements: judgements(tables).await?,
        event_studies: event_studies(tables, rules).await?,
        primaries: primaries(tables).await?,
        parts: parts(tables, rules).await?,
        trends: levels.trends,
        wholes: levels.wholes,
        place_trends: levels.places,
        ratings: ratings(tables).await?,
        spending: spending(tables, rules).await?,
        gains: gains(tables, rules).await?,
        offers: offers(tables, rules).await?,
        employers: employers(tables, rules).await?,
        levels: group_levels(tables, rules).await?,
        guidance: guidance(tables, rules).await?,
        habits: habits(tables, rules).await?,
        linkage,
        places: places(tables).await?,
    })
}

/// Indicators by which plans judge first.
async fn primaries(tables: &ResultTables<'_>) -> Result<Vec<String>, LoadError> {
    let rows = tables
        .rows("effect_verdicts", "select * from {table}")
        .await?;
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| row.flag("is_primary")) {
        found.push(row.text("indicator")?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Verdicts by municipality and by stage of its council.
async fn parts(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<PartVerdict>, LoadError> {
    let sql = "select * from {table} where \"by\" in ('municipality_code', 'council_stage') \
               order by evaluation, indicator, \"by\", level";
    let rows = tables.rows("evaluation_verdicts", sql).await?;
    let part = |row: &Row| {
        let n = row.known_count("n_treated")?;
        let range = row.number("conf_low")?.zip(row.number("conf_high")?);
        let numbers = row.number("estimate")?.zip(range);
        let numbers = numbers.map(|(estimate, (low, high))| JudgedNumbers {
            estimate,
            interval: Interval { low, high },
        });
        Ok(PartVerdict {
            evaluation: row.text("evaluation")?,
            indicator: row.text("indicator")?,
            by: row.text("by")?,
            level: row.text("level")?,
            verdict: row.text("verdict")?,
            numbers: release_behind(numbers, n, rules),
            n_treated: release_count(n.unwrap_or(0), rules),
        })
    };
    rows.iter().map(part).collect()
}

/// Ratings of indicators with a target; where several plans set one, the first by name counts.
async fn ratings(tables: &ResultTables<'_>) -> Result<Vec<Rating>, LoadError> {
    let sql = "select * from {table} order by evaluation, indicator, population";
    let rows = tables.rows("evaluation_ratings", sql).await?;
    let mut found: Vec<Rating> = Vec::new();
    for row in &rows {
        let (indicator, population) = (row.text("indicator")?, row.text("population")?);
        let is_known =
            |known: &Rating| known.indicator == indicator && known.population == population;
        let target = row.number("target")?.zip(row.integer("target_year")?);
        let (Some((target, target_year)), false) = (target, found.iter().any(is_known)) else {
            continue;
        };
        found.push(Rating {
            indicator,
            population,
            baseline_year: row.integer("baseline_year")?.unwrap_or(target_year),
            target_year,
            target,
            latest_year: row.integer("latest_year")?,
            rating: row.text("rating")?,
        });
    }
    Ok(found)
}

/// Municipalities in their latest year.
async fn places(tables: &ResultTables<'_>) -> Result<Vec<Place>, LoadError> {
    let sql = "select * from {table} \
               qualify row_number() over (partition by municipality_code order by fiscal_year desc) = 1 \
               order by municipality_code";
    let rows = tables.rows("clean_municipalities", sql).await?;
    let place = |row: &Row| {
        Ok(Place {
            code: row.text("municipality_code")?,
            name: row.text("name")?,
            area: row.text("area")?,
            has_council: row.flag("has_council"),
            stage: row.integer("council_stage")?,
            joint_projects: row.integer("joint_projects")?,
        })
    };
    rows.iter().map(place).collect()
}

/// Employers by number. Their counts stand alone: no total of them is shown.
async fn employers(
    tables: &ResultTables<'_>,
    rules: DisclosureRules,
) -> Result<Vec<Employer>, LoadError> {
    let sql = "select * from {table} order by employer_id";
    let rows = tables.rows("summary_employers", sql).await?;
    let employer = |row: &Row| {
        Ok(Employer {
            id: row.text("employer_id")?,
            year: row.integer("fiscal_year")?.unwrap_or(0),
            n_insured: release_count(row.count("n_insured")?, rules),
            size_band: row.text("size_band")?,
            industry: row.text("industry")?,
        })
    };
    rows.iter().map(employer).collect()
}
