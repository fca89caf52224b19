//! Columns of the employers' tables, of the community's, and of the extract with names that must be
//! refused.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int8Array, Int64Array, StringArray,
};
use datafusion::arrow::datatypes::DataType;

use super::calendar::{day_of, last_day};
use super::columns::{Column, Style, dates, decimals, strings, whole};
use super::community::{MUNICIPALITIES, municipality_columns, reference_columns};
use super::dirt::{INVENTED_NAMES, full_width};
use super::effects::FIELDS;
use super::insurer_tables::{named, workplace_key};
use super::random::{Draws, Stream, TokenKind, token};
use super::rows::{ChunkRows, EmployeeRow, ParticipationRow, ProductivityRow};
use super::world::{INDUSTRIES, SCALES, World};

/// An employer's key.
fn employer_key(employer: u32) -> String {
    format!("E{:06}", employer + 1)
}

/// A worksite's key, unique within its employer.
fn worksite_key(world: &World, worksite: u32) -> String {
    format!("W{:02}", world.worksites[worksite as usize].number)
}

/// A program's key, unique within its employer.
fn program_key(field: usize) -> String {
    format!("{}-01", FIELDS[field])
}

/// The employer's own key of an employee.
fn employee_key(world: &World, first_person: u64, person: u32, employer: u32) -> String {
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
        text(&|row| workplace_key(world, row.site, row.from)),
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

/// Columns of `programs` of one group of employers.
pub(crate) fn programs(world: &World, group: u32) -> Vec<Column> {
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
            rows.iter().map(|p| p.cost_yen),
        )),
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|p| f64::from(p.staff_hours)),
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

/// Columns of `employees`.
pub(crate) fn employees(world: &World, chunk: &ChunkRows, rows: &[EmployeeRow]) -> Vec<Column> {
    let employer = |row: &EmployeeRow| world.worksites[row.worksite as usize].employer;
    let link = |row: &EmployeeRow| {
        let key = &chunk.person_keys[row.person as usize];
        let is_full_width = world.employers[employer(row) as usize].is_full_width;
        row.is_linked.then(|| {
            if is_full_width {
                full_width(key)
            } else {
                key.clone()
            }
        })
    };
    let own = |row: &EmployeeRow| {
        Some(employee_key(
            world,
            chunk.first_person,
            row.person,
            employer(row),
        ))
    };
    let narrow = Style::Narrow;
    let kinds = rows
        .iter()
        .map(|row| Some(if row.is_regular { 1 } else { 2 }));
    let site = |row: &EmployeeRow| Some(worksite_key(world, row.worksite));
    vec![
        strings(
            "employer_key",
            rows.iter().map(|row| Some(employer_key(employer(row)))),
            false,
        ),
        strings("employee_key", rows.iter().map(own), false),
        strings("link_token", rows.iter().map(link), true),
        strings("worksite_key", rows.iter().map(site), false),
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
    chunk: &ChunkRows,
    rows: &[ParticipationRow],
) -> Vec<Column> {
    let own = |row: &ParticipationRow| {
        Some(employee_key(
            world,
            chunk.first_person,
            row.person,
            row.employer,
        ))
    };
    let narrow = Style::Narrow;
    let sessions = rows.iter().map(|row| Some(i32::from(row.sessions)));
    vec![
        strings(
            "employer_key",
            rows.iter().map(|row| Some(employer_key(row.employer))),
            false,
        ),
        strings(
            "program_key",
            rows.iter().map(|row| Some(program_key(row.field))),
            false,
        ),
        strings("employee_key", rows.iter().map(own), false),
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
    chunk: &ChunkRows,
    rows: &[ProductivityRow],
) -> Vec<Column> {
    let own = |row: &ProductivityRow| {
        Some(employee_key(
            world,
            chunk.first_person,
            row.person,
            row.employer,
        ))
    };
    let narrow = Style::Narrow;
    let years = rows.iter().map(|row| Some(i32::from(row.fiscal_year)));
    let scale = |row: &ProductivityRow| row.scale.map(|scale| SCALES[usize::from(scale)].0);
    vec![
        strings(
            "employer_key",
            rows.iter().map(|row| Some(employer_key(row.employer))),
            false,
        ),
        strings("employee_key", rows.iter().map(own), false),
        whole("fiscal_year", narrow, &DataType::Int16, years, false),
        decimals(
            "absence_days",
            10.0,
            rows.iter().map(|row| row.absence),
            true,
        ),
        strings("presenteeism_scale", rows.iter().map(scale), true),
        decimals(
            "presenteeism_score",
            10.0,
            rows.iter().map(|row| row.score),
            true,
        ),
        decimals(
            "engagement",
            10.0,
            rows.iter().map(|row| row.engagement),
            true,
        ),
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
    let far = u64::MAX / 2;
    let key = |kind: TokenKind, row: u32| token(world.seed, kind, far + u64::from(row), 0);
    let narrow = Style::Narrow;
    let sites: Vec<u32> = rows
        .iter()
        .map(|_| world.draw_worksite(&mut draws))
        .collect();
    let employer = |site: &u32| employer_key(world.worksites[*site as usize].employer);
    let from = day_of(2015, 4, 1);
    let name = |row: &u32| Some(INVENTED_NAMES[*row as usize % INVENTED_NAMES.len()]);
    vec![
        strings(
            "employer_key",
            sites.iter().map(|site| Some(employer(site))),
            false,
        ),
        strings(
            "employee_key",
            rows.iter().map(|row| Some(key(TokenKind::Employee, *row))),
            false,
        ),
        strings(
            "link_token",
            rows.iter().map(|row| Some(key(TokenKind::Person, *row))),
            true,
        ),
        strings(
            "worksite_key",
            sites.iter().map(|site| Some(worksite_key(world, *site))),
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
        strings("氏名", rows.iter().map(name), false),
    ]
}
