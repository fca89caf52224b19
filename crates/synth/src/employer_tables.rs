//! Columns of the employers' tables, of the community's, and of the extract with names that must be
//! refused.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int8Array, Int64Array, StringArray};
use arrow::datatypes::DataType;

use super::calendar::{day_of, last_day};
use super::columns::{Column, Style, dates, decimals, few, keyed, whole};
use super::community::{municipality_columns, reference_columns};
use super::dirt::{INVENTED_NAMES, full_width};
use super::effects::FIELDS;
use super::insurer_tables::{named, workplace_key};
use super::municipalities::MUNICIPALITIES;
use super::random::{Draws, Stream, Token, TokenKind, token};
use super::rows::{BatchRows, EmployeeRow, ParticipationRow, ProductivityRow};
use super::scenarios::Participation;
use super::truth::{Quantity, Truth};
use super::world::{INDUSTRIES, Program, SCALES, World};

/// An employer's key.
pub(crate) fn employer_key(employer: u32) -> String {
    format!("E{:06}", employer + 1)
}

/// A worksite's key, unique within its employer.
pub(crate) fn worksite_key(world: &World, worksite: u32) -> String {
    format!("W{:02}", world.worksites[worksite as usize].number)
}

/// A program's key, unique within its employer.
fn program_key(field: usize) -> String {
    format!("{}-01", FIELDS[field])
}

/// The employer's own key of an employee.
fn employee_key(world: &World, first_person: u64, person: u32, employer: u32) -> Token {
    token(
        world.seed,
        TokenKind::Employee,
        first_person + u64::from(person),
        u64::from(employer),
    )
}

/// A worksite while it has one workplace key.
struct KeyedWorksite {
    site: u32,
    from: i32,
    to: Option<i32>,
}

/// Columns of `worksites` of one group of employers; a changed workplace key makes two rows.
pub(crate) fn worksites(world: &World, group: u32) -> Vec<Column> {
    let opened = day_of(2000, 4, 1);
    let mut rows: Vec<KeyedWorksite> = Vec::new();
    for (site, worksite) in (0..).zip(&world.worksites) {
        if worksite.employer % world.n_groups == group {
            let to = worksite.key_changes.map(|day| day - 1);
            rows.push(KeyedWorksite {
                site,
                from: opened,
                to,
            });
            rows.extend(worksite.key_changes.map(|from| KeyedWorksite {
                site,
                from,
                to: None,
            }));
        }
    }
    let site = |row: &KeyedWorksite| &world.worksites[row.site as usize];
    let employer = |row: &KeyedWorksite| &world.employers[site(row).employer as usize];
    let text = |value: &dyn Fn(&KeyedWorksite) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(value)))
    };
    let arrays: Vec<ArrayRef> = vec![
        text(&|row| employer_key(site(row).employer)),
        text(&|row| worksite_key(world, row.site)),
        text(&|row| workplace_key(world, row.site, row.from).as_ref().to_owned()),
        text(&|row| {
            MUNICIPALITIES[usize::from(site(row).municipality)]
                .code
                .to_owned()
        }),
        text(&|row| INDUSTRIES[usize::from(employer(row).industry)].0.to_owned()),
        Arc::new(Int8Array::from_iter_values(
            rows.iter().map(|row| site(row).size_band()),
        )),
        Arc::new(Date32Array::from_iter_values(
            rows.iter().map(|row| row.from),
        )),
        Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.to))),
    ];
    let names = [
        ("employer_key", false),
        ("worksite_key", false),
        ("workplace_key", true),
        ("municipality_code", false),
        ("industry_code", false),
        ("size_band", false),
        ("valid_from", false),
        ("valid_to", true),
    ];
    named(&names, arrays)
}

/// Staff hours that one session of one person takes, where hours follow from sessions.
pub(crate) const HOURS_PER_SESSION: f64 = 0.5;

/// Yen that one session of one person costs, where cost follows from sessions.
pub(crate) const YEN_PER_SESSION: f64 = 3_000.0;

/// Cost and staff hours of a program.
fn resources(world: &World, truth: &Truth, program: &Program) -> (i64, f64) {
    let planned = (program.cost_yen, f64::from(program.staff_hours));
    match (world.setting.participation, program.worksite) {
        (Participation::Everyone, Some(site)) => {
            let sessions = truth.quantity(Quantity::Sessions, site.cast_signed()).sum();
            let yen = (sessions * YEN_PER_SESSION).round() as i64;
            (yen, sessions * HOURS_PER_SESSION)
        }
        _ => planned,
    }
}

/// Columns of `programs` of one group of employers; where everyone takes part, cost and hours follow
/// from the sessions that were held.
pub(crate) fn programs(world: &World, group: u32, truth: &Truth) -> Vec<Column> {
    let mut rows: Vec<_> = world
        .programs
        .iter()
        .filter(|program| program.employer % world.n_groups == group)
        .collect();
    rows.sort_by_key(|program| (program.employer, program.field, program.worksite));
    let horizon = last_day(*world.years.end());
    let known_end = |end: i32| (end <= horizon).then_some(end);
    let site = |site: Option<u32>| site.map(|site| worksite_key(world, site));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|p| employer_key(p.employer)),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|p| program_key(p.field)),
        )),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|p| FIELDS[p.field]),
        )),
        Arc::new(StringArray::from_iter(
            rows.iter().map(|p| site(p.worksite)),
        )),
        Arc::new(Date32Array::from_iter_values(
            rows.iter().map(|p| p.cover.start),
        )),
        Arc::new(Date32Array::from_iter(
            rows.iter().map(|p| known_end(p.cover.end)),
        )),
        Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|p| resources(world, truth, p).0),
        )),
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|p| resources(world, truth, p).1),
        )),
    ];
    let names = [
        ("employer_key", false),
        ("program_key", false),
        ("field", false),
        ("worksite_key", true),
        ("start_date", false),
        ("end_date", true),
        ("cost_yen", true),
        ("staff_hours", true),
    ];
    named(&names, arrays)
}

/// Employers' keys, one per row.
fn employer_keys(employers: impl Iterator<Item = u32>) -> Column {
    keyed("employer_key", employers.map(Some), employer_key, false)
}

/// Employees' keys, one per row; rows hold the person's position in the batch and the employer.
fn employee_keys(
    world: &World,
    batch: &BatchRows,
    rows: impl Iterator<Item = (u32, u32)>,
) -> Column {
    let key = |(person, employer)| employee_key(world, batch.first_person, person, employer);
    keyed("employee_key", rows.map(Some), key, false)
}

/// Columns of `employees`.
pub(crate) fn employees(world: &World, batch: &BatchRows, rows: &[EmployeeRow]) -> Vec<Column> {
    let employer = |row: &EmployeeRow| world.worksites[row.worksite as usize].employer;
    let link = |row: &EmployeeRow| {
        let is_full_width = world.employers[employer(row) as usize].is_full_width;
        row.is_linked.then_some((row.person, is_full_width))
    };
    let link_text = |(person, is_full_width): (u32, bool)| {
        let key = batch.person_keys[person as usize].as_ref();
        if is_full_width {
            full_width(key)
        } else {
            key.to_owned()
        }
    };
    let narrow = Style::Narrow;
    let kinds = rows
        .iter()
        .map(|row| Some(if row.is_regular { 1 } else { 2 }));
    let sites = rows
        .iter()
        .map(|row| Some(world.worksites[row.worksite as usize].number));
    vec![
        employer_keys(rows.iter().map(employer)),
        employee_keys(
            world,
            batch,
            rows.iter().map(|row| (row.person, employer(row))),
        ),
        keyed("link_token", rows.iter().map(link), link_text, true),
        keyed(
            "worksite_key",
            sites,
            |number| format!("W{number:02}"),
            false,
        ),
        whole("employment_type", narrow, &DataType::Int8, kinds, false),
        dates(
            "employed_from",
            narrow,
            rows.iter().map(|row| Some(row.from)),
            false,
        ),
        dates("employed_to", narrow, rows.iter().map(|row| row.to), true),
    ]
}

/// Columns of `participation`.
pub(crate) fn participation(
    world: &World,
    batch: &BatchRows,
    rows: &[ParticipationRow],
) -> Vec<Column> {
    let narrow = Style::Narrow;
    let sessions = rows.iter().map(|row| Some(i32::from(row.sessions)));
    let fields = rows.iter().map(|row| Some(row.field));
    vec![
        employer_keys(rows.iter().map(|row| row.employer)),
        keyed("program_key", fields, program_key, false),
        employee_keys(
            world,
            batch,
            rows.iter().map(|row| (row.person, row.employer)),
        ),
        dates(
            "first_date",
            narrow,
            rows.iter().map(|row| Some(row.first)),
            false,
        ),
        whole("sessions", narrow, &DataType::Int16, sessions, false),
    ]
}

/// Columns of `productivity`.
pub(crate) fn productivity(
    world: &World,
    batch: &BatchRows,
    rows: &[ProductivityRow],
) -> Vec<Column> {
    let narrow = Style::Narrow;
    let years = rows.iter().map(|row| Some(i32::from(row.fiscal_year)));
    let tenths = |name: &str, value: fn(&ProductivityRow) -> Option<i32>| {
        decimals(name, 10.0, rows.iter().map(value), true)
    };
    let scales = rows.iter().map(|row| row.scale);
    let scale_name = |scale: u8| SCALES[usize::from(scale)].0;
    vec![
        employer_keys(rows.iter().map(|row| row.employer)),
        employee_keys(
            world,
            batch,
            rows.iter().map(|row| (row.person, row.employer)),
        ),
        whole("fiscal_year", narrow, &DataType::Int16, years, false),
        tenths("absence_days", |row| row.absence),
        keyed("presenteeism_scale", scales, scale_name, true),
        tenths("presenteeism_score", |row| row.score),
        tenths("engagement", |row| row.engagement),
    ]
}

/// Columns of `municipalities`.
pub(crate) fn municipalities(world: &World) -> Vec<Column> {
    let names = [
        ("municipality_code", false),
        ("fiscal_year", false),
        ("name", false),
        ("area", false),
        ("has_council", false),
        ("council_stage", true),
        ("joint_projects", false),
    ];
    named(&names, municipality_columns(world))
}

/// Columns of `reference_values`.
pub(crate) fn reference_values() -> Vec<Column> {
    let names = [
        ("region", false),
        ("indicator", false),
        ("fiscal_year", false),
        ("sex", false),
        ("age_band", false),
        ("value", false),
        ("unit", false),
        ("source", false),
    ];
    named(&names, reference_columns())
}

/// Rows of the extract with names.
pub(crate) const N_NAMED: u32 = 40;

/// An extract of `employees` with an additional column of names: it must be refused whole.
pub(crate) fn employees_with_names(world: &World) -> Vec<Column> {
    let mut draws = Draws::new(world.seed, Stream::Dirt, 0);
    let rows: Vec<u32> = (0..N_NAMED).collect();
    // Beyond the numbers of all persons, so that no key is one of theirs.
    let far = u64::MAX / 2;
    let key = |name, kind: TokenKind, nullable| {
        let token = |row: u32| token(world.seed, kind, far + u64::from(row), 0);
        keyed(name, rows.iter().copied().map(Some), token, nullable)
    };
    let narrow = Style::Narrow;
    let sites: Vec<u32> = rows
        .iter()
        .map(|_| world.draw_worksite(&mut draws))
        .collect();
    let employer = |site: &u32| world.worksites[*site as usize].employer;
    let from = day_of(2015, 4, 1);
    let name = |row: &u32| INVENTED_NAMES[*row as usize % INVENTED_NAMES.len()];
    vec![
        employer_keys(sites.iter().map(employer)),
        key("employee_key", TokenKind::Employee, false),
        key("link_token", TokenKind::Person, true),
        keyed(
            "worksite_key",
            sites.iter().copied().map(Some),
            |site| worksite_key(world, site),
            false,
        ),
        whole(
            "employment_type",
            narrow,
            &DataType::Int8,
            rows.iter().map(|_| Some(1)),
            false,
        ),
        dates(
            "employed_from",
            narrow,
            rows.iter().map(|_| Some(from)),
            false,
        ),
        dates("employed_to", narrow, rows.iter().map(|_| None), true),
        few("氏名", rows.iter().map(name)),
    ]
}
