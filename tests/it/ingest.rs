//! `ingest`: what is refused and with which message, text files in both encodings, corrections, history. The
//! project here ingests one table and has no queries, so that every test is quick.

use fs_err as fs;

use crate::support::{Outcome, Project, copy_contracts};

const CONFIG: &str = r#"
[project]
name = "one table"

[extracts]
path = "extracts"

[sources.municipalities]
files = ["*.csv", "*.parquet"]
replace = ["replace/*.csv"]
withdraw = ["withdraw/*.csv"]
"#;

const HEADER: &str =
    "municipality_code,fiscal_year,name,area,has_council,council_stage,joint_projects\n";

/// Values that no message may show.
const VALUES: [&str; 4] = ["13101", "Chiyoda", "chuo-area", "2023"];

fn project() -> Project {
    let project = Project::empty();
    project.write("korabo.toml", CONFIG);
    copy_contracts(project.path());
    fs::create_dir(project.path().join("extracts")).unwrap();
    project
}

/// Two good rows.
fn rows() -> String {
    format!("{HEADER}13101,2023,Chiyoda,chuo-area,true,3,2\n13102,2023,Chuo,chuo-area,false,,0\n")
}

fn all(project: &Project) -> String {
    project.text(
        "csv",
        "select municipality_code, fiscal_year, name, area, has_council, council_stage, joint_projects \
         from municipalities order by 1, 2",
    )
}

/// Ingest refuses the whole of `content`; nothing is committed and no value is shown.
#[track_caller]
fn refuses(file: &str, content: impl AsRef<[u8]>, texts: &[&str]) -> Outcome {
    let project = project();
    project.write(&format!("extracts/{file}"), content);
    let outcome = project
        .korabo(&["ingest"])
        .exits(4)
        .says(&[file])
        .says(texts)
        .hides(&VALUES);
    assert!(project.versions().is_empty(), "{:?}", project.versions());
    assert_eq!(project.count("select count(*) as n from municipalities"), 0);
    assert_eq!(project.count("select count(*) as n from deliveries"), 0);
    outcome
}

#[test]
fn good_rows_are_taken_in_and_counted() {
    let project = project();
    project.write("extracts/a.csv", rows());
    project
        .korabo(&["ingest"])
        .exits(0)
        .says(&["deliveries=1 rows_in=2 accepted=2 rejected_rows=0"]);
    assert_eq!(all(&project), rows());
}

#[test]
fn identifying_column_is_refused() {
    for column in ["氏名", "name_kana", "電話番号", "email", "My Number"] {
        let header = HEADER.replace("area", &format!("area,{column}"));
        let content = format!("{header}13101,2023,Chiyoda,chuo-area,SECRET-VALUE,true,3,2\n");
        refuses(
            "a.csv",
            content,
            &["municipalities", "identifying column", column],
        )
        .hides(&["SECRET-VALUE"]);
    }
}

#[test]
fn unknown_column_is_refused_with_the_nearest_name() {
    let content = rows().replace("council_stage", "council_stages");
    refuses(
        "a.csv",
        content,
        &[
            "unknown column `council_stages`",
            "did you mean `council_stage`?",
        ],
    );
}

#[test]
fn missing_column_is_refused() {
    let content = format!(
        "{}13101,2023,Chiyoda,true,3,2\n",
        HEADER.replace("area,", "")
    );
    refuses("a.csv", content, &["no column `area`"]);
}

#[test]
fn wrong_physical_type_is_refused() {
    let project = project();
    let sql = "select '13101' as municipality_code, date '2023-04-01' as fiscal_year, \
               'Chiyoda' as name, 'chuo-area' as area, true as has_council, \
               cast(3 as smallint) as council_stage, cast(2 as smallint) as joint_projects";
    project
        .korabo(&["sql", "-o", "extracts/typed.parquet", "-c", sql])
        .exits(0);
    project
        .korabo(&["ingest"])
        .exits(4)
        .says(&["typed.parquet", "column `fiscal_year` must be"])
        .hides(&["13101", "Chiyoda"]);
    assert!(project.versions().is_empty());
}

#[test]
fn too_many_wrong_rows_refuse_the_delivery_with_counts_by_rule() {
    let mut content = rows();
    content.push_str("13103,2023,Minato,south,true,7,x\n1310,2023,Shinjuku,west,yes,1,1\n");
    refuses(
        "a.csv",
        content,
        &[
            "2 rows of 4 rows break the contract",
            // All that is wrong with a row, each with what would be right.
            "`council_stage` breaks rule `code`: 1 row (first: 3); expected: ",
            "`municipality_code` breaks rule `digits`: 1 row (first: 4); expected: exactly 5 digits",
            "breaks rule `type`: 1 row (first: 3); expected: ",
            "breaks rule `type`: 1 row (first: 4); expected: true, false, 1 or 0",
            "max_reject_share",
        ],
    )
    .hides(&["Minato", "Shinjuku"]);
}

#[test]
fn few_wrong_rows_are_kept_beside_the_good_ones() {
    let project = project();
    let good = (0..40).map(|n| format!("{},2023,Ward,area,false,,0\n", 13100 + n));
    let wrong = "13999,2023,Ward,area,true,9,1\n";
    project.write(
        "extracts/a.csv",
        format!("{HEADER}{}{wrong}", good.collect::<String>()),
    );
    project
        .korabo(&["ingest"])
        .exits(0)
        .says(&["rows_in=41 accepted=40 rejected_rows=1"]);
    let reject = "select row_number, \"column\", rule from rejects_municipalities";
    assert_eq!(
        project.text("csv", reject),
        "row_number,column,rule\n41,council_stage,code\n"
    );
}

#[test]
fn good_deliveries_are_taken_in_beside_a_refused_one() {
    let project = project();
    project.write("extracts/a.csv", rows().replace("area", "氏名"));
    project.write("extracts/b.csv", rows());
    project
        .korabo(&["ingest"])
        .exits(4)
        .says(&["1 delivery was refused", "`a.csv`"]);
    assert_eq!(all(&project), rows());
    assert_eq!(
        project.text("csv", "select file from deliveries"),
        "file\nb.csv\n"
    );
}

#[test]
fn missing_extract_exits_4_and_names_the_pattern() {
    project().korabo(&["ingest"]).exits(4).says(&[
        "no extract for `municipalities`",
        "*.csv",
        "optional = true",
    ]);
    project()
        .korabo(&["ingest", "municipalities=nowhere.csv"])
        .exits(4)
        .says(&["nowhere.csv"]);
}

#[test]
fn delivery_for_an_unknown_table_is_a_usage_error() {
    let project = project();
    project.write("a.csv", rows());
    project
        .korabo(&["ingest", "municipality=a.csv"])
        .exits(2)
        .says(&[
            "no contract for table `municipality`",
            "did you mean `municipalities`?",
        ]);
    project
        .korabo(&["ingest", "municipalities"])
        .exits(2)
        .says(&["is not TABLE=PATH"]);
}

#[test]
fn utf8_cp932_and_parquet_deliver_the_same_rows() {
    let before = format!("{HEADER}13101,2023,");
    let after = ",chuo-area,true,3,2\n";
    let utf8 = [before.as_bytes(), "千代田区".as_bytes(), after.as_bytes()].concat();
    let with_mark = [b"\xef\xbb\xbf".as_slice(), &utf8].concat();
    // 千 代 田 区 in CP932.
    let name = [0x90, 0xe7, 0x91, 0xe3, 0x93, 0x63, 0x8b, 0xe6];
    let cp932 = [
        before.as_bytes(),
        &name,
        after.replace('\n', "\r\n").as_bytes(),
    ]
    .concat();
    let expected = String::from_utf8(utf8.clone()).unwrap();
    for (kind, content) in [
        ("UTF-8", utf8),
        ("UTF-8 with mark", with_mark),
        ("CP932", cp932),
    ] {
        let project = project();
        project.write("extracts/a.csv", content);
        project.korabo(&["ingest"]).exits(0);
        assert_eq!(all(&project), expected, "{kind}");
    }
    let project = project();
    let sql = "select '13101' as municipality_code, cast(2023 as smallint) as fiscal_year, \
               '千代田区' as name, 'chuo-area' as area, true as has_council, \
               cast(3 as bigint) as council_stage, cast(2 as smallint) as joint_projects";
    project
        .korabo(&["sql", "-o", "extracts/a.parquet", "-c", sql])
        .exits(0);
    project.korabo(&["ingest"]).exits(0);
    assert_eq!(all(&project), expected, "Parquet");
}

#[test]
fn same_file_twice_changes_nothing() {
    let project = project();
    project.write("extracts/a.csv", rows());
    project.korabo(&["ingest"]).exits(0);
    let before = project.versions();
    project.write("extracts/copy.csv", rows());
    project
        .korabo(&["ingest"])
        .exits(0)
        .says(&["deliveries=0 rows_in=0"]);
    project
        .korabo(&["ingest", "municipalities=extracts/copy.csv"])
        .exits(0);
    assert_eq!(project.versions(), before);
}

#[test]
fn later_delivery_adds_rows_and_known_keys_are_rejected() {
    let project = project();
    let first: String = (0..30)
        .map(|n| format!("{},2023,Ward,area,false,,0\n", 13100 + n))
        .collect();
    project.write("extracts/a.csv", format!("{HEADER}{first}"));
    project.korabo(&["ingest"]).exits(0);
    let second = first.replace(",2023,", ",2024,");
    project.write(
        "extracts/b.csv",
        format!("{HEADER}{second}13100,2023,Other,area,true,1,1\n"),
    );
    project
        .korabo(&["ingest"])
        .exits(0)
        .says(&["rows_in=31 accepted=30 rejected_rows=1"]);
    assert_eq!(
        project.count("select count(*) as n from municipalities"),
        60
    );
    let rule = project.value("select rule from rejects_municipalities");
    assert_eq!(rule, "duplicate_key");
    let kept = project.value(
        "select name from municipalities where municipality_code = '13100' and fiscal_year = 2023",
    );
    assert_eq!(kept, "Ward", "the first delivery of a key stays");
}

#[test]
fn corrections_replace_and_withdraw_rows_by_key() {
    let project = project();
    project.write("extracts/a.csv", rows());
    project.korabo(&["ingest"]).exits(0);
    let version = project.versions()["municipalities"];
    let files = parquet_files(&project);
    project.write(
        "extracts/replace/fix.csv",
        format!("{HEADER}13102,2023,Chuo Ward,chuo-area,true,1,5\n"),
    );
    project.korabo(&["ingest"]).exits(0);
    let replaced = rows().replace(
        "13102,2023,Chuo,chuo-area,false,,0",
        "13102,2023,Chuo Ward,chuo-area,true,1,5",
    );
    assert_eq!(all(&project), replaced);
    project.write(
        "extracts/withdraw/gone.csv",
        "municipality_code,fiscal_year\n13101,2023\n",
    );
    project.korabo(&["ingest"]).exits(0);
    assert_eq!(
        all(&project),
        format!("{HEADER}13102,2023,Chuo Ward,chuo-area,true,1,5\n")
    );
    let receipts = "select mode, n_rows_in, n_accepted, n_rejected, n_removed from deliveries \
                    order by delivery_id";
    assert_eq!(
        project.text("csv", receipts),
        "mode,n_rows_in,n_accepted,n_rejected,n_removed\n\
         append,2,2,0,0\nreplace,1,1,0,1\nwithdraw,1,1,0,1\n"
    );
    assert_eq!(project.versions()["municipalities"], version + 2);
    assert!(
        files.iter().all(|file| file.exists()),
        "older versions stay readable"
    );
    let old = format!(
        "select name from '{}' where municipality_code = '13102'",
        files[0].display()
    );
    assert_eq!(project.value(&old), "Chuo");
}

fn parquet_files(project: &Project) -> Vec<std::path::PathBuf> {
    let table = project.path().join("lake/municipalities");
    let files = crate::support::files_below(&table)
        .into_iter()
        .map(|file| table.join(file));
    let files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|e| e == "parquet"))
        .collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn unreadable_extract_is_refused() {
    let text = ["not a parquet file", "at all"].join("\n");
    let project = project();
    project.write("extracts/broken.parquet", text);
    project
        .korabo(&["ingest"])
        .exits(4)
        .says(&["broken.parquet"]);
    assert!(project.versions().is_empty());
}
