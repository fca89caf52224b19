//! `korabo pseudonymize`: an insurer's own files, with names and numbers in them, become extracts that have none.

use std::path::Path;

use encoding_rs::SHIFT_JIS;
use fs_err as fs;

use crate::support::{Outcome, Project, files_below, rows_in};

/// 64 digits without a pattern.
const SECRET: &str = "9f1c27e4b85d0a3366e2c94d71fa08b5d3c6477e10ab92ef58340d6c1b7f25a9";

const MEMBERS: &str = "保険者番号,記号,番号,カナ氏名,氏名,生年月日,性別,続柄,資格取得日,資格喪失日,市区町村コード,住所\n\
    06130512,１２,３４５,ﾔﾏﾀﾞ ﾀﾛｳ,山田太郎,昭和44年10月28日,男,本人,H28.4.1,,131016,千代田区一番町1-2-3\n\
    06130512,12,346,ヤマダ　ハナコ,山田花子,1971/3/5,女,妻,2016-04-01,R6.5.9,13101,千代田区一番町1-2-3\n\
    06130512,12,347,スズキ,鈴木,昭和44年13月28日,男,本人,H28.4.1,,,\n\
    06130512,12,348,サトウ,佐藤,1980-01-01,ふめい,本人,H28.4.1,,,\n";

const CLAIMS: &str = "IR,1,13,1,1234567,,,202405,00,\r\nRE,1,1112,202404,山田太郎,1,3441028\r\nHO,06130512,12,345,2,500\r\n\
    SY,2500013,5060401,1,,,01\r\nGO,1,500,99\r\n\x1a";

fn project() -> Project {
    let project = Project::empty();
    project.korabo(&["init", "own"]).exits(0);
    let folder = project.path().join("own/from_holder");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("members.csv"), SHIFT_JIS.encode(MEMBERS).0).unwrap();
    fs::write(folder.join("RECEIPTC.UKE"), SHIFT_JIS.encode(CLAIMS).0).unwrap();
    // 傷病名マスター: change, kind, code, …, ICD-10 of 2003 and of 2013.
    let disease = "0,B,2500013,,,,,,,,,,,E14,,E14\r\n";
    fs::write(folder.join("b.txt"), SHIFT_JIS.encode(disease).0).unwrap();
    fs::write(folder.join("secret"), SECRET).unwrap();
    project
}

fn pseudonymize(project: &Project, more: &[&str]) -> Outcome {
    let arguments = [
        "pseudonymize",
        "from_holder",
        "--project",
        "own",
        "--secret-file",
        "own/from_holder/secret",
        "--key",
        "without-branch",
        "--diseases",
        "own/from_holder/b.txt",
    ];
    let mut arguments = arguments.to_vec();
    arguments[1] = "own/from_holder";
    arguments.extend(more);
    project.korabo(&arguments)
}

/// Every byte below a folder, unpacked as far as Parquet's texts go.
fn texts(folder: &Path) -> String {
    let mut all = String::new();
    for file in files_below(folder) {
        let bytes = fs::read(folder.join(&file)).unwrap();
        all += &String::from_utf8_lossy(&bytes);
        if file.extension().is_some_and(|suffix| suffix == "parquet") {
            let sql = format!("select * from '{}'", folder.join(&file).display());
            all += &serde_json::to_string(&rows_in(folder, &sql)).unwrap();
        }
    }
    all
}

#[test]
fn members_and_claims_of_a_holder_become_extracts_that_fit_each_other() {
    let project = project();
    pseudonymize(&project, &["-o", "own/extracts"])
        .exits(0)
        .says(&["members: 2 rows", "claims: 1 row", "left out 氏名, 住所"]);
    let folder = project.path().join("own/extracts");
    // Full width there, half width here; wareki there and here.
    let sql = "select m.sex, m.birth_year_month, cast(m.enrolled_from as varchar) as \"from\", m.municipality_code, c.points \
               from 'members.parquet' as m join 'claims.parquet' as c on m.person_key = c.person_key";
    let rows = rows_in(&folder, sql);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = serde_json::to_string(&rows[0]).unwrap();
    assert_eq!(
        row,
        r#"{"birth_year_month":196910,"from":"2016-04-01","municipality_code":"13101","points":500,"sex":1}"#
    );
    let sql = "select cast(enrolled_to as varchar) as last, count(*) over () as n, count(distinct household_key) over () as households \
               from 'members.parquet' where relationship = 2";
    let rows = rows_in(&folder, sql);
    assert_eq!(rows[0]["last"], "2024-05-08");
    // What cannot be read is listed with its place, without its value.
    let rejects = fs::read_to_string(folder.join("rejects.csv")).unwrap();
    assert!(
        rejects.contains("members.csv,,4,,person_key,,null"),
        "{rejects}"
    );
    assert!(
        rejects.contains("members.csv,,5,,person_key,,null"),
        "{rejects}"
    );
    let diagnoses = rows_in(
        &folder,
        "select icd10, is_main from 'claim_diagnoses.parquet'",
    );
    assert_eq!(diagnoses[0]["icd10"], "E14");
}

#[test]
fn nothing_of_a_person_or_the_secret_is_in_a_file_or_message() {
    let project = project();
    let written = pseudonymize(&project, &["-o", "own/extracts"]).exits(0);
    let all = texts(&project.path().join("own/extracts")) + &written.stdout + &written.stderr;
    for hidden in [
        "山田",
        "ヤマダ",
        "ﾔﾏﾀﾞ",
        "一番町",
        "1028",
        "ふめい",
        "佐藤",
        SECRET,
        &SECRET[..16],
    ] {
        assert!(!all.contains(hidden), "{hidden}");
    }
    assert!(all.contains("\"normalisation\": 1"), "{all}");
}

#[test]
fn extracts_of_a_holder_are_accepted_whole() {
    let project = project();
    pseudonymize(&project, &["-o", "own/extracts"]).exits(0);
    project
        .korabo(&[
            "ingest",
            "--project",
            "own",
            "members=own/extracts/members.parquet",
            "claims=own/extracts/claims.parquet",
            "claim_diagnoses=own/extracts/claim_diagnoses.parquet",
        ])
        .exits(0)
        .says(&["rejected_rows=0"]);
}

#[test]
fn a_missing_or_weak_secret_is_refused_before_anything_is_read() {
    let project = project();
    for weak in [
        "",
        "hunter2",
        &"ab".repeat(40),
        &"0123456789abcdef".repeat(4),
    ] {
        fs::write(project.path().join("own/from_holder/secret"), weak).unwrap();
        let refused = pseudonymize(&project, &["-o", "own/delivery"])
            .exits(2)
            .says(&["secret"]);
        assert!(
            weak.is_empty() || !refused.stderr.contains(weak),
            "{}",
            refused.stderr
        );
        assert!(!project.path().join("own/delivery").exists());
    }
}

#[test]
fn folders_that_are_not_empty_and_unknown_files_are_refused() {
    let project = project();
    pseudonymize(&project, &["-o", "own/delivery"]).exits(0);
    pseudonymize(&project, &["-o", "own/delivery"])
        .exits(2)
        .says(&["not empty"]);
    pseudonymize(&project, &["own/from_holder/b.txt", "-o", "own/more"])
        .exits(2)
        .says(&["b.txt", ".UKE"]);
    fs::write(
        project.path().join("own/from_holder/members.csv"),
        "保険者番号,番号,生年月日,性別,続柄\n",
    )
    .unwrap();
    pseudonymize(&project, &["-o", "own/again"])
        .exits(4)
        .says(&["members.csv", "enrolled_from", "資格取得日"]);
}

/// How the native files of a world become extracts.
fn native_arguments(project: &Project) -> Vec<String> {
    let folder = project.path().join("native");
    let below = |part: &str| -> Vec<String> {
        let files = files_below(&folder).into_iter();
        let files = files.map(|file| format!("native/{}", file.display()));
        files.filter(|file| file.starts_with(part)).collect()
    };
    let mut arguments: Vec<String> = [
        "pseudonymize",
        "--project",
        "own",
        "--secret-file",
        "secret",
        "--key",
        "by-name",
    ]
    .map(str::to_owned)
    .to_vec();
    for (option, part) in [
        ("", "native/insurer_"),
        ("--returned", "native/returned/"),
        ("--diseases", "native/masters/diseases"),
        ("--drugs", "native/masters/drugs"),
    ] {
        let files = below(part);
        assert!(!files.is_empty(), "{part}");
        for file in files {
            arguments.extend(
                [option.to_owned(), file]
                    .into_iter()
                    .filter(|own| !own.is_empty()),
            );
        }
    }
    arguments.extend(["-o".to_owned(), "own/extracts/insurer_all".to_owned()]);
    arguments
}

/// The sum over all files of a table below a folder.
fn total(project: &Project, folder: &str, table: &str, what: &str) -> f64 {
    let files = files_below(&project.path().join(folder)).into_iter();
    let is_of_table = |file: &std::path::PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy();
        name == table
            || name
                .strip_prefix(table)
                .is_some_and(|rest| rest.starts_with("_2"))
    };
    let totals = files.filter(is_of_table).map(|file| {
        let sql = format!("select {what} as n from '{folder}/{}'", file.display());
        crate::support::number(&rows_in(project.path(), &sql)[0]["n"])
    });
    totals.sum()
}

#[test]
fn a_world_of_native_files_becomes_the_tables_that_synth_writes() {
    let project = Project::empty();
    project.korabo(&["init", "own"]).exits(0);
    project.write("secret", SECRET);
    let world = [
        "synth",
        "--persons",
        "400",
        "--years",
        "2022..2024",
        "--seed",
        "7",
        "-o",
    ];
    project.korabo(&[&world[..], &["tables"]].concat()).exits(0);
    let as_native = [
        "native",
        "--as",
        "uke,checkup-xml",
        "--secret-file",
        "secret",
    ];
    project.korabo(&[&world[..], &as_native].concat()).exits(0);
    project.korabo(&native_arguments(&project)).exits(0);
    // Rows that the tables have twice, or that no contract takes, differ: the sums of what is paid do not by much.
    for (table, what) in [
        ("members", "count(*)"),
        ("claims", "sum(yen) / 1e3"),
        ("checkups", "count(sbp_mmhg)"),
    ] {
        let native = total(&project, "own/extracts/insurer_all", table, what);
        let tables = total(&project, "tables", table, what);
        assert!(
            (native / tables - 1.0).abs() < 0.02,
            "{table}: {native} of {tables}"
        );
    }
    // Employers' keys are of the same persons.
    let sql = "select count(*) filter (where m.person_key is not null) * 1.0 / count(*) as n \
               from (select distinct link_token from 'native/employers_01/employees.parquet' where link_token is not null) e \
               left join (select distinct person_key from 'own/extracts/insurer_all/members.parquet') m on e.link_token = m.person_key";
    let share = crate::support::number(&rows_in(project.path(), sql)[0]["n"]);
    assert!(share > 0.9, "{share}");
}
