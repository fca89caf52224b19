//! Carets stand below the place, whatever is before it.

use super::*;

#[test]
fn wide_characters_and_tabs_before_the_place_are_counted_in_cells() {
    let line = "\tselect 氏名, nope from t";
    let at = line.find("nope").unwrap();
    let [text, carets] = excerpt(line, at..at + 4, 80);
    assert_eq!(text, "    select 氏名, nope from t");
    assert_eq!(carets, format!("{}^^^^", " ".repeat(17)));
    let line = "select 氏名";
    let at = line.find('氏').unwrap();
    assert_eq!(excerpt(line, at..line.len(), 80)[1], "       ^^^^");
}

#[test]
fn end_of_the_statement_has_one_caret() {
    assert_eq!(excerpt("select 1 +", 10..10, 80)[1], "          ^");
    assert_eq!(excerpt("", 0..0, 80), ["".to_owned(), "^".to_owned()]);
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let line = format!(
        "select {} nope {} from t",
        "健診, ".repeat(60),
        "x, ".repeat(90)
    );
    let at = line.find("nope").unwrap();
    for max_width in [8, 20, 40, 59, 60, 80] {
        let [text, carets] = excerpt(&line, at..at + 4, max_width);
        assert!(width(&text) <= max_width, "{max_width}: {text}");
        assert!(width(&carets) <= max_width, "{max_width}: {carets}");
        let left = width(&carets) - 4;
        let under: String = text.chars().collect();
        let place = under.find("nope").unwrap();
        assert_eq!(width(&under[..place]), left, "{max_width}");
        assert!(text.starts_with('…') && text.ends_with('…'), "{text}");
    }
    let whole = "x".repeat(100);
    let [text, carets] = excerpt(&whole, 0..100, 30);
    assert_eq!((width(&text), carets.len()), (30, 30));
}
