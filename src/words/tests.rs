//! Texts that are found in the phrasebook, and those that are not.

use super::*;

fn phrasebook(text: &str) -> Phrasebook {
    Phrasebook::read(text).unwrap()
}

#[test]
fn what_a_text_quotes_stays_as_it_is() {
    let words = phrasebook(
        r#"
        [a]
        "no table `{name}`{hint}" = "表 `{name}` がありません{hint!}"
        "; did you mean `{}`?" = "。`{0}` のことですか"
        "the lake" = "レイク"
        "#,
    );
    assert_eq!(words.say("no table `x`"), "表 `x` がありません");
    assert_eq!(
        words.say("no table `the lake`; did you mean `lake`?"),
        "表 `the lake` がありません。`lake` のことですか"
    );
    assert_eq!(words.say("the lake"), "レイク");
    assert_eq!(words.say("the lakes"), "the lakes");
    // What follows the name is no hint.
    assert_eq!(words.known("no table `x`here"), None);
}

#[test]
fn of_texts_that_fit_the_one_with_most_letters_wins() {
    let words = phrasebook(
        r#"
        [a]
        "{at}: {message}" = "{at}: {message!}"
        "{at}: no query `{name}`" = "{at}: 「{name}」はない"
        "no query `{name}`" = "SQL {name} はない"
        "#,
    );
    assert_eq!(
        words.say("a.sql:1:2: no query `b`"),
        "a.sql:1:2: 「b」はない"
    );
    assert_eq!(words.say("x: y: no query `b`"), "x: y: 「b」はない");
    assert_eq!(words.say("x\nno query `b`"), "x\nSQL b はない");
    assert_eq!(words.say("  no query `b`\n\nx"), "  SQL b はない\n\nx");
}

#[test]
fn holes_are_numbered_formatted_and_of_kinds() {
    let words = phrasebook(
        r#"
        [a]
        "{} of {:>3} rows" = "{1} 行の {0}"
        "mode {mode:03o}" = "モード {mode}"
        "{n} rows" = "{n} 行"
        "{cell} failed" = "{cell} 失敗"
        "a {{b}} {c}" = "{{甲}} {c}"
        "#,
    );
    assert_eq!(words.say("2 of  10 rows"), " 10 行の 2");
    assert_eq!(words.say("mode 644"), "モード 644");
    assert_eq!(words.say("1,234 rows"), "1,234 行");
    assert_eq!(words.say("many rows"), "many rows");
    assert_eq!(
        words.say("link_persons     failed"),
        "link_persons     失敗"
    );
    assert_eq!(words.say("all of it failed"), "all of it failed");
    assert_eq!(words.say("a {b} x"), "{甲} x");
}

#[test]
fn wrong_catalogues_are_refused_with_the_entry() {
    for (text, expected) in [
        ("[a]\n\"x {b}\" = \"{c}\"", "`x {b}` has no `{c}`"),
        ("[a]\n\"{b}\" = \"{b}\"", "`{b}` says nothing"),
        ("[a]\n\"x\" = 1", "`x` has no text"),
        ("[a]\n\"x\" = \"y\"\n[b]\n\"x\" = \"y\"", "`x` stands twice"),
        (
            "[a]\n\"x{b}\" = \"\"\n[b]\n\"x{b}\" = \"\"",
            "`x{b}` stands twice",
        ),
        ("a = \"x\"", "[a] is no section"),
    ] {
        assert_eq!(Phrasebook::read(text).unwrap_err(), expected);
    }
}

/// Every entry is found by what it says, with anything in its holes: no other entry takes its place.
#[test]
fn every_entry_of_the_catalogue_finds_its_own_translation() {
    let words = phrasebook(JAPANESE);
    let mut wrong = Vec::new();
    for translation in &words.with_holes {
        let value = |hole: &str, _: bool| match hole {
            "n" => "12".to_owned(),
            "hint" | "near" | "nearest" | "places" => String::new(),
            hole => format!("«{hole}»"),
        };
        let english = translation.from.fill(&value);
        let japanese = translation.to.fill(&value);
        let said = words.known(&english);
        if said.as_ref() != Some(&japanese) {
            wrong.push(format!("{english}\n  {japanese}\n  {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_is_in_japanese() {
    let words = phrasebook(JAPANESE);
    assert!(words.with_holes.len() + words.whole.len() > 700);
    let is_japanese = |text: &str| text.chars().any(|c| c as u32 > 0x3000);
    let whole = words
        .whole
        .iter()
        .map(|(english, japanese)| (english.clone(), japanese.clone()));
    let with_holes = words
        .with_holes
        .iter()
        .map(|known| (known.from.fixed(), known.to.fixed()));
    for (english, japanese) in whole.chain(with_holes) {
        let has_words = japanese.chars().filter(|c| c.is_ascii_alphabetic()).count() > 3;
        assert!(
            is_japanese(&japanese) || !has_words || japanese == english,
            "{english}: {japanese}"
        );
    }
}
