//! The workbook of forms of a built project: its sheets, rows in the order of the file, dashes with their reasons, and when it is written.

use std::io::{Cursor, Read as _};
use std::path::Path;

use fs_err as fs;

use crate::support::Project;

const FORMS: &str = "rules/forms.toml";

/// A part of a workbook.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// What stands between each `open` and the next `close`.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    let parts = text.split(open).skip(1);
    parts
        .map(|rest| rest.split(close).next().unwrap())
        .collect()
}

/// The cells of a sheet, row by row, as words or numbers; empty ones are empty.
fn rows(path: &Path, sheet: usize) -> Vec<Vec<String>> {
    let bytes = fs::read(path).unwrap();
    let words = part(&bytes, "xl/sharedStrings.xml");
    let words: Vec<String> = between(&words, "<si>", "</si>")
        .into_iter()
        .map(|item| {
            let text = item.split_once('>').unwrap().1;
            text.trim_end_matches("</t>").replace("&lt;", "<")
        })
        .collect();
    let cell = |cell: &str| match between(cell, "<v>", "</v>").first() {
        None => String::new(),
        Some(number) if !cell.contains("t=\"s\"") => (*number).to_owned(),
        Some(place) => words[place.parse::<usize>().unwrap()].clone(),
    };
    let xml = part(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
    let row = |row: &str| row.split("<c ").skip(1).map(cell).collect();
    between(&xml, "<row ", "</row>")
        .into_iter()
        .map(row)
        .collect()
}

/// The rows below the head of the table with this heading.
#[track_caller]
fn table<'r>(rows: &'r [Vec<String>], heading: &str) -> &'r [Vec<String>] {
    let start = rows
        .iter()
        .position(|row| row.first().is_some_and(|own| own == heading));
    let rest = &rows[start.expect(heading) + 2..];
    let n_columns = rows[start.unwrap() + 1].len();
    let end = rest.iter().position(|row| {
        let is_heading = row[1..].iter().all(String::is_empty);
        row.len() != n_columns || is_heading || row[0].starts_with('※')
    });
    let end = end.unwrap_or(rest.len());
    &rest[..end]
}

fn first_of(rows: &[Vec<String>]) -> Vec<&str> {
    rows.iter().map(|row| row[0].as_str()).collect()
}

#[test]
fn a_run_writes_the_forms_with_their_rows_in_order() {
    let project = Project::built();
    let path = project.path().join("reports/forms.xlsx");
    let names = part(&fs::read(&path).unwrap(), "xl/workbook.xml");
    let expected = [
        "保健事業評価",
        "健康投資効果シート",
        "データヘルス中間評価（健保）",
        "個別保健事業評価（国保）",
    ];
    assert_eq!(between(&names, "<sheet name=\"", "\""), expected);
    let investment = rows(&path, 2);
    let headings = [
        "健康投資施策の取組状況に関する指標",
        "従業員等の意識変容・行動変容に関する指標",
        "健康関連の最終的な目標指標",
    ];
    let starts: Vec<&str> = investment
        .iter()
        .filter_map(|row| row.first())
        .map(String::as_str)
        .collect();
    let place = |heading: &&str| starts.iter().position(|own| own == heading).unwrap();
    let places: Vec<usize> = headings.iter().map(place).collect();
    assert!(places.is_sorted(), "{places:?}");
    let habits = first_of(table(&investment, headings[1]));
    assert_eq!(habits.len(), 7);
    assert_eq!(
        habits[..2],
        ["健診を受けた人の割合", "運動習慣のある人の割合"]
    );
    let own = project.rows("select field from summary_program_value group by field");
    let fields = first_of(table(&investment, headings[0]));
    assert!(!own.is_empty() && fields.len() >= own.len(), "{fields:?}");
    let file = fs::read_to_string(project.path().join("fields.toml")).unwrap();
    let order = between(&file, "name_ja = \"", "\"");
    let place = |field: &&str| order.iter().position(|own| own == field).unwrap();
    let places: Vec<usize> = fields.iter().map(place).collect();
    assert!(places.is_sorted(), "{fields:?}");
}

#[test]
fn small_counts_and_hidden_effects_are_dashes_with_their_reasons() {
    let project = Project::built();
    let path = project.path().join("reports/forms.xlsx");
    let sheet = rows(&path, 4);
    let all = sheet.concat();
    let dashes: Vec<&String> = all.iter().filter(|cell| cell.starts_with("－※")).collect();
    assert!(dashes.len() > 3, "{all:?}");
    for dash in dashes {
        let reason = format!("{} ", dash.trim_start_matches('－'));
        assert!(
            all.iter().any(|cell| cell.starts_with(&reason)),
            "{dash} has no reason"
        );
    }
    for row in table(&sheet, "個別の保健事業：評価") {
        let (effect, verdict) = (&row[6], &row[7]);
        let is_told = !matches!(
            verdict.as_str(),
            "判定しない" | "効果と読めない" | "非公表" | "推定なし"
        );
        assert_eq!(effect.parse::<f64>().is_ok(), is_told, "{row:?}");
    }
    for row in table(&sheet, "個別の保健事業：計画") {
        if let Ok(persons) = row[5].parse::<u64>() {
            assert!(!(1..10).contains(&persons), "{row:?}");
        }
    }
}

#[test]
fn forms_are_written_again_when_their_file_changes_or_they_are_gone() {
    let project = Project::built();
    let path = project.path().join("reports/forms.xlsx");
    project.korabo(&["run"]).exits(0).hides(&["forms.xlsx"]);
    fs::remove_file(&path).unwrap();
    project.korabo(&["run"]).exits(0).says(&["forms.xlsx"]);
    let file = fs::read_to_string(project.path().join(FORMS)).unwrap();
    project.write(
        FORMS,
        file.replace("sheet = \"保健事業評価\"", "sheet = \"評価\""),
    );
    project.korabo(&["run"]).exits(0).says(&["forms.xlsx"]);
    let names = part(&fs::read(&path).unwrap(), "xl/workbook.xml");
    assert_eq!(between(&names, "<sheet name=\"", "\"")[0], "評価");
}

#[test]
fn a_named_page_has_its_forms_beside_it_and_a_project_without_the_file_has_none() {
    let project = Project::built();
    let report = ["report", "--kind", "board", "-o", "out/page.html"];
    project.korabo(&report).exits(0);
    assert!(project.path().join("out/page.forms.xlsx").is_file());
    fs::remove_dir_all(project.path().join("out")).unwrap();
    fs::remove_file(project.path().join(FORMS)).unwrap();
    project.korabo(&report).exits(0);
    assert!(project.path().join("out/page.html").is_file());
    assert!(!project.path().join("out/page.forms.xlsx").exists());
}

#[test]
fn check_names_the_nearest_column_that_forms_can_be_filled_from() {
    let project = Project::standard();
    let file = fs::read_to_string(project.path().join(FORMS)).unwrap();
    let wrong = file.replacen(
        "summary_program_value.cost_yen",
        "summary_program_value.cost",
        1,
    );
    assert_ne!(file, wrong);
    project.write(FORMS, wrong);
    let said = [
        "rules/forms.toml:",
        "did you mean `summary_program_value.cost_yen`?",
    ];
    project.korabo(&["check"]).exits(3).says(&said);
    project.write(FORMS, file);
    project.korabo(&["check"]).exits(0);
}
