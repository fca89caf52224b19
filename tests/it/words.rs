//! What the program says in Japanese: every text of an error has a translation, and what programs read stays as it is.

use std::collections::BTreeSet;

use fs_err as fs;

use crate::support::{Outcome, Project, files_below, program, root};

/// Texts of errors that stay English, and why.
const ENGLISH: [(&str, &str); 5] = [
    ("{0}", "another error's text"),
    ("{message}", "another error's text"),
    (
        "cell {cell} has atom {atom}, but there are {n_atoms} atoms",
        "a bug: cells and atoms are made together",
    ),
    (
        "the atoms of cell {cell} are not strictly increasing",
        "a bug: atoms are sorted where they are made",
    ),
    (
        "the atoms have more than 2^40 persons",
        "more persons than there are",
    ),
];

/// Texts in `#[error("…")]` of a file, as written between the quotes, without what Rust escapes.
fn error_texts(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in text.match_indices("#[error(") {
        let rest = text[at + start.len()..].trim_start();
        let Some(rest) = rest.strip_prefix('"') else {
            continue;
        };
        let mut said = String::new();
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => match characters.next() {
                    Some('\n') => {
                        let rest = characters.as_str().trim_start();
                        characters = rest.chars();
                    }
                    Some(escaped) => said.push(escaped),
                    None => break,
                },
                other => said.push(other),
            }
        }
        found.push(said);
    }
    found
}

fn all_error_texts() -> BTreeSet<String> {
    let folders = [
        "src",
        "crates/estimators/src",
        "crates/formats/src",
        "crates/suppression/src",
        "crates/synth/src",
    ];
    let mut found = BTreeSet::new();
    for folder in folders {
        for file in files_below(&root().join(folder)) {
            if file.extension().is_some_and(|own| own == "rs") {
                let text = fs::read_to_string(root().join(folder).join(file)).unwrap();
                found.extend(error_texts(&text));
            }
        }
    }
    found
}

/// English texts of the phrasebook.
fn entries() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("messages/ja.toml")).unwrap();
    let sections: toml::Table = text.parse().unwrap();
    let tables = sections.values().filter_map(toml::Value::as_table);
    tables
        .flat_map(|table| table.keys())
        .map(|english| english.replace("!}", "}"))
        .collect()
}

#[test]
fn every_text_of_an_error_has_a_translation() {
    let (texts, entries) = (all_error_texts(), entries());
    assert!(texts.len() > 300, "{}", texts.len());
    let stays = |text: &str| ENGLISH.iter().any(|(english, _)| *english == text);
    let missing = texts
        .iter()
        .filter(|text| !entries.contains(*text) && !stays(text));
    let missing: Vec<_> = missing.cloned().collect();
    assert!(missing.is_empty(), "no entry for:\n{}", missing.join("\n"));
    for (english, _) in ENGLISH {
        assert!(texts.contains(english), "`{english}` is said nowhere");
        assert!(!entries.contains(english), "`{english}` has an entry");
    }
}

/// Runs the program in a folder, with a locale.
fn with_locale(project: &Project, variables: &[(&str, &str)], arguments: &[&str]) -> Outcome {
    let mut command = program(project.path());
    command.envs(variables.iter().copied()).args(arguments);
    command.output().unwrap().into()
}

#[test]
fn help_is_in_the_language_asked_for() {
    let folder = Project::empty();
    let japanese = [
        "使い方: korabo run [オプション]",
        "新しい抽出データを取り込み",
        "[既定: すべて]",
    ];
    let ja = ("LANG", "ja_JP.UTF-8");
    for (variables, arguments, is_japanese) in [
        (vec![], vec!["--lang", "ja", "run", "--help"], true),
        (vec![], vec!["run", "--lang=ja", "--help"], true),
        (vec![ja], vec!["run", "--help"], true),
        (
            vec![("LC_ALL", "ja_JP.UTF-8"), ("LANG", "C")],
            vec!["run", "--help"],
            true,
        ),
        (vec![ja], vec!["--lang", "en", "run", "--help"], false),
        (vec![("LC_ALL", "C"), ja], vec!["run", "--help"], false),
        (vec![("LANG", "en_US.UTF-8")], vec!["run", "--help"], false),
    ] {
        let help = with_locale(&folder, &variables, &arguments).exits(0).stdout;
        for text in japanese {
            assert_eq!(
                help.contains(text),
                is_japanese,
                "{variables:?} {arguments:?}: `{text}` in\n{help}"
            );
        }
        assert_eq!(
            help.contains("Usage: korabo run [OPTIONS]"),
            !is_japanese,
            "{help}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_in_japanese() {
    let folder = Project::empty();
    let ja = |arguments: &[&str]| with_locale(&folder, &[("LANG", "ja_JP.UTF-8")], arguments);
    ja(&["run"]).exits(3).says(&[
        "エラー: `",
        "とその上位のフォルダに `korabo.toml` がありません\n",
        "ヒント: 新しいプロジェクトは `korabo init DIR`、",
    ]);
    ja(&["run", "--foo"]).exits(2).says(&[
        "エラー: 引数 '--foo' はありません\n",
        "ヒント: '--foo' を値として渡すには",
        "使い方: korabo run [オプション]",
        "詳しくは '--help' を参照してください。",
    ]);
    ja(&["history", "-n", "x"])
        .exits(2)
        .says(&["に値 'x' は使えません: 数字ではない文字があります"]);
    ja(&["sql", "-c", "select * from nope"])
        .exits(3)
        .says(&["エラー: 1 行 15 列: 表 `nope` がありません\n"]);
    ja(&["sql", "-c", "select\n  nope from (select 1 as note)"])
        .exits(3)
        .says(&["エラー: 2 行 3 列: 列 `nope` がありません。`note` のことですか\n"]);
    folder.write(
        "korabo.toml",
        "[project]\nname = \"x\"\n[lake]\npth = \"y\"\n",
    );
    ja(&["check"]).exits(3).says(&[
        "エラー: プロジェクトファイルに誤りがあります\n",
        "  原因: korabo.toml:4:1: [lake] にキー `pth` は使えません。`path` のことですか\n",
    ]);
}

#[test]
fn a_wrong_contract_is_named_in_japanese_with_its_place() {
    let project = Project::standard();
    let contract = project.path().join("schemas/members.toml");
    let text = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, text.replacen("grain = ", "grian = ", 1)).unwrap();
    let said = project.korabo(&["--lang", "ja", "check"]).exits(3);
    assert!(
        said.stderr.contains("schemas/members.toml:"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .contains("ファイル にキー `grian` は使えません。`grain` のことですか"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let project = Project::standard();
    let ja = |arguments: &[&str]| with_locale(&project, &[("LANG", "ja_JP.UTF-8")], arguments);
    let failed = ja(&["run", "--log-format", "json"]).exits(4).stderr;
    for line in failed.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["message"].as_str().unwrap().is_ascii(), "{line}");
    }
    let usage = ja(&["run", "--foo", "--log-format", "json"])
        .exits(2)
        .stderr;
    assert!(
        usage.contains("\"message\":\"unexpected argument '--foo' found\""),
        "{usage}"
    );
    let failed = ja(&["run"])
        .exits(4)
        .says(&["エラー: `", "抽出データがありません"]);
    assert!(failed.summary("ok") == 0.0, "{}", failed.stderr);
    let csv = ja(&[
        "sql",
        "--format",
        "csv",
        "-c",
        "select 'no row is left' as \"the lake\"",
    ])
    .exits(0);
    assert_eq!(csv.stdout, "the lake\nno row is left\n");
}

#[test]
fn help_of_the_prompt_is_in_japanese() {
    let folder = Project::empty();
    let ask = |lang: &str, statement: &str| {
        let arguments = ["--lang", lang, "sql", "--format", "csv", "-c", statement];
        folder.korabo(&arguments).exits(0).stdout
    };
    for (statement, japanese, english) in [
        ("HELP", "群・時点別効果（Callaway", "Group-time average"),
        (
            "HELP att_gt",
            "入力の列: 最初に曝露した時点。NULL = 未曝露",
            "a column of the input: period of first exposure",
        ),
        ("HELP att_gt", "標準誤差", "Standard error"),
        (
            "SHOW RELATIONS",
            "群・時点別効果（Callaway",
            "Group-time average",
        ),
    ] {
        let (ja, en) = (ask("ja", statement), ask("en", statement));
        assert!(ja.contains(japanese) && !ja.contains(english), "{ja}");
        assert!(en.contains(english), "{en}");
        assert_eq!(ja.lines().next(), en.lines().next(), "the same columns");
        assert_eq!(ja.lines().count(), en.lines().count(), "the same rows");
    }
}
