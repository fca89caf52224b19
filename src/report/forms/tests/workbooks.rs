//! The bytes of the workbook: sheets, papers, what is in no cell.

use std::io::{Cursor, Read as _};

use super::*;
use crate::vocabulary::Unit;

/// A part of a workbook.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a workbook");
    let mut text = String::new();
    let mut file = archive.by_name(name).expect("a part");
    file.read_to_string(&mut text).expect("text");
    text
}

#[test]
fn the_workbook_has_the_sheets_in_order_on_a4_across() {
    let book = workbook(&shipped(), &results("better", 500)).expect("a workbook");
    let sheets = part(&book, "xl/workbook.xml");
    let names = sheets.split("<sheet name=\"").skip(1);
    let names: Vec<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
    let expected = [
        "保健事業評価",
        "健康投資効果シート",
        "データヘルス中間評価（健保）",
        "個別保健事業評価（国保）",
    ];
    assert_eq!(names, expected);
    for number in 1..=4 {
        let sheet = part(&book, &format!("xl/worksheets/sheet{number}.xml"));
        assert!(sheet.contains("paperSize=\"9\"") && sheet.contains("orientation=\"landscape\""));
        assert!(sheet.contains("fitToPage=\"1\"") && sheet.contains("fitToHeight=\"0\""));
    }
    let again = workbook(&shipped(), &results("better", 500)).expect("a workbook");
    assert_eq!(book, again);
}

#[test]
fn no_number_of_a_hidden_effect_is_in_the_workbook() {
    let numbers = |verdict: &str| {
        let book = workbook(&shipped(), &results(verdict, 500)).expect("a workbook");
        let sheets = (1..=4).map(|n| part(&book, &format!("xl/worksheets/sheet{n}.xml")));
        let sheets: String = sheets.collect();
        // Cells of texts hold their place in the list of texts.
        let values = sheets.split("<c ").filter(|cell| !cell.contains("t=\"s\""));
        let values = values.filter_map(|cell| cell.split("<v>").nth(1)?.split('<').next());
        let values = values.filter_map(|value| value.parse::<f64>().ok());
        (
            values.collect::<Vec<f64>>(),
            part(&book, "xl/sharedStrings.xml"),
        )
    };
    let (shown, _) = numbers("better");
    assert!(shown.contains(&2.2) && shown.contains(&1.2) && shown.contains(&113_620.0));
    let (shown, words) = numbers("not_judged");
    for hidden in [2.2, 1.2, 3.0, 3.1, 0.02173, 113_620.0] {
        assert!(!shown.contains(&hidden), "{hidden}");
    }
    assert!(words.contains("－※") && words.contains("陰性対照"));
}

#[test]
fn words_of_users_stay_words_and_too_long_ones_are_an_error() {
    let mut results = results("better", 500);
    let named = |results: &mut Results, words: &str| {
        let mut fields = results.vocabulary.fields.iter_mut();
        let field = fields.find(|own| own.name == "activity");
        words.clone_into(&mut field.expect("a field").name_ja);
    };
    let mut indicators = results.vocabulary.indicators.iter_mut();
    let indicator = indicators.find(|own| own.name == "exercise_habit");
    indicator.expect("an indicator").unit = Unit::Other("\"\\\u{7}歩".to_owned());
    named(&mut results, "=1+1<&\u{1}");
    let book = workbook(&shipped(), &results).expect("a workbook");
    let words = part(&book, "xl/sharedStrings.xml");
    assert!(words.contains("=1+1&lt;&amp;_x0001_"), "{words}");
    assert!(part(&book, "xl/styles.xml").contains("+#,##0.000&quot; 歩&quot;;"));
    for n in 1..=4 {
        let sheet = part(&book, &format!("xl/worksheets/sheet{n}.xml"));
        assert!(!sheet.contains("<f>") && !sheet.contains('\u{1}'));
    }
    named(&mut results, &"あ".repeat(40_000));
    let error = workbook(&shipped(), &results).expect_err("too long");
    assert!(error.to_string().contains("`保健事業評価`"), "{error}");
}
