//! Small tables, and workbooks that want too much.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array as _, AsArray as _};
use zip::write::SimpleFileOptions;

use super::{TableLayout, TextTable};

/// The header and rows of a table, `-` for what is missing.
fn read(path: &Path, layout: &TableLayout) -> Result<Vec<String>, String> {
    let mut table = TextTable::open(path, layout).map_err(|error| error.to_string())?;
    let names = table
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    let mut lines = vec![names.collect::<Vec<_>>().join("|")];
    while let Some(batch) = table.next_batch().map_err(|error| error.to_string())? {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| {
                let texts = column.as_string::<i32>();
                if texts.is_null(row) {
                    "-"
                } else {
                    texts.value(row)
                }
                .to_owned()
            });
            lines.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    Ok(lines)
}

/// A workbook with one sheet of these rows of XML.
fn workbook(folder: &Path, rows: &str) -> PathBuf {
    let path = folder.join("a.xlsx");
    let mut zip = zip::ZipWriter::new(fs_err::File::create(&path).unwrap());
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let package = "http://schemas.openxmlformats.org/package/2006";
    for (name, text) in [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{package}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{relation}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{relation}\"><sheets><sheet name=\"結果\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r1\" Type=\"{relation}/worksheet\" Target=\"worksheets/s.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/s.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn cell(place: &str, text: &str) -> String {
    format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

#[test]
fn cells_at_the_far_end_of_a_sheet_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let rows = format!(
        "<row r=\"2\">{}{}</row><row r=\"3\">{}</row><row r=\"1048576\">{}{}</row>",
        cell("A2", "受診日"),
        cell("C2", "身長"),
        cell("C3", "cm"),
        cell("A1048576", "2024-05-09"),
        cell("XFD1048576", "far away")
    );
    let path = workbook(folder.path(), &rows);
    let layout = |header_row, first_row, sheet: Option<&str>| TableLayout {
        header_row,
        first_row,
        sheet: sheet.map(str::to_owned),
    };
    let all = read(&path, &layout(2, 3, None));
    assert_eq!(
        all.unwrap(),
        ["受診日|column_2|身長", "-|-|cm", "2024-05-09|-|-"]
    );
    let without_units = read(&path, &layout(2, 4, Some("結果")));
    assert_eq!(
        without_units.unwrap(),
        ["受診日|column_2|身長", "2024-05-09|-|-"]
    );
    let other = read(&path, &layout(2, 3, Some("他"))).unwrap_err();
    assert!(other.contains("it has 結果"), "{other}");
    let none = read(&path, &layout(7, 8, None)).unwrap_err();
    assert!(none.contains("no header row"), "{none}");
}

#[test]
fn a_workbook_that_unpacks_to_more_than_a_gibibyte_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.xlsx");
    let mut zip = zip::ZipWriter::new(fs_err::File::create(&path).unwrap());
    zip.start_file("xl/sharedStrings.xml", SimpleFileOptions::default())
        .unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..1_025 {
        zip.write_all(&blanks).unwrap();
    }
    zip.finish().unwrap();
    let refused = read(&path, &TableLayout::default()).unwrap_err();
    assert!(refused.contains("1 GiB"), "{refused}");
}

#[test]
fn lines_before_and_after_the_header_are_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs_err::write(
        &path,
        "令和6年度\t結果\n日\t値\t\t値\n[年]\t[cm]\t\t\n1\t2\t3\t4\n",
    )
    .unwrap();
    let layout = TableLayout {
        first_row: 4,
        ..TableLayout::with_header_in(2)
    };
    assert_eq!(
        read(&path, &layout).unwrap(),
        ["日|値|column_3|値_2", "1|2|3|4"]
    );
}
