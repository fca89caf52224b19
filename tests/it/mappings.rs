//! Files in a holder's own layout, from proposals to the lake.

use encoding_rs::SHIFT_JIS;
use fs_err as fs;

use crate::support::{Project, root, run_in};

/// 64 digits without a pattern.
const SECRET: &str = "9f1c27e4b85d0a3366e2c94d71fa08b5d3c6477e10ab92ef58340d6c1b7f25a9";

/// Twenty members as a small insurer lists them.
fn members() -> String {
    let mut text =
        "保険者番号,記号,番号,枝番,氏名,カナ氏名,生年月日,性別,続柄,資格取得日,資格喪失日,住所\n"
            .to_owned();
    for n in 0..20 {
        let (sex, kin) = if n % 2 == 0 {
            ("男", "本人")
        } else {
            ("女", "妻")
        };
        text += &format!(
            "06130512,１２,３{n:02},0{},山田　某,ﾔﾏﾀﾞ ﾎﾞｳ,昭和{}年10月28日,{sex},{kin},H28.4.1,,東京都千代田区一番町1-2\n",
            n % 2,
            40 + n
        );
    }
    text
}

/// Their checkups, in another layout: western dates, half width.
fn checkups() -> String {
    let mut text = "保険証記号,保険証番号,枝番,生年月日,性別,保険者番号,受診日,身長[cm],体重[kg],最高血圧,最低血圧,8.喫煙(R06),コメント\n".to_owned();
    for n in 0..20 {
        let sex = 1 + n % 2;
        let smokes = if n % 3 == 0 {
            "1:はい"
        } else {
            "3:いいえ"
        };
        let pressure = if n == 5 {
            "測定不能".to_owned()
        } else {
            format!("{}", 110 + n)
        };
        text += &format!(
            "12,3{n:02},{},{}/10/28,{sex},06130512,R6.5.{},1{}0.5,60,{pressure},70,{smokes},異常なし\n",
            n % 2,
            1965 + n,
            n + 1,
            6 + n % 2
        );
    }
    text
}

fn holder() -> Project {
    let project = Project::empty();
    project.write("holder/加入者.csv", SHIFT_JIS.encode(&members()).0);
    project.write("holder/健診_2024.csv", SHIFT_JIS.encode(&checkups()).0);
    project.write("secret", SECRET);
    project
}

#[test]
fn three_commands_lead_from_own_files_to_tables() {
    let project = holder();
    project
        .korabo(&["--lang", "en", "init", "mine", "--from", "holder"])
        .exits(0)
        .says(&[
            "mappings/members.toml",
            "mappings/checkups.toml",
            "コメント: left out",
        ]);
    let mapping = fs::read_to_string(project.path().join("mine/mappings/checkups.toml")).unwrap();
    assert!(mapping.contains("files = [\"健診_*.csv\"]"), "{mapping}");
    let arguments = [
        "pseudonymize",
        "holder",
        "--project",
        "mine",
        "--secret-file",
        "secret",
        "-o",
        "mine/extracts/insurer_1",
    ];
    project.korabo(&arguments).exits(0).says(&[
        "members: 20 rows",
        "checkups: 20 rows",
        "`測定不能`: 1",
    ]);
    let mine = project.path().join("mine");
    run_in(&mine, &["ingest"])
        .exits(0)
        .says(&["accepted=40 rejected_rows=0"]);
    let sql = "select count(*) as n, count(sbp_mmhg) as pressures, sum(case when q_smoking = 1 then 1 end) as smokers, min(term) as term \
               from checkups c join members m on c.person_key = m.person_key";
    let rows = run_in(&mine, &["sql", "--format", "csv", "-c", sql])
        .exits(0)
        .stdout;
    assert_eq!(rows, "n,pressures,smokers,term\n20,19,7,4\n");
}

#[test]
fn sniffing_tells_what_headers_are_and_prints_a_mapping_that_is_valid() {
    let project = holder();
    project.korabo(&["init", "mine"]).exits(0);
    let file = project.write(
        "mine/own.csv",
        "ID,受診日,身長,体重,喫煙,未知の列\na,2024-05-09,160,64,毎日,x\nb,2024-05-10,1600,65,2,y\n",
    );
    let mine = project.path().join("mine");
    let sniffed = run_in(
        &mine,
        &[
            "--lang", "en", "ingest", "--sniff", "own.csv", "--table", "checkups",
        ],
    )
    .exits(0);
    let told = &sniffed.stderr;
    assert!(told.contains("受診日: checkup_date (certain)"), "{told}");
    assert!(
        told.contains(
            "身長: height_cm (likely); 1 of 2 values would be rejected, expected: from 100 to 250"
        ),
        "{told}"
    );
    assert!(told.contains("未知の列: left out"), "{told}");
    assert!(
        told.contains("no column of the file is `insurer_id`"),
        "{told}"
    );
    assert!(
        sniffed.stdout.contains("checkup_date = \"受診日\""),
        "{}",
        sniffed.stdout
    );
    assert!(
        sniffed.stdout.contains("say what `codes` are: 毎日"),
        "{}",
        sniffed.stdout
    );
    assert!(!file.with_file_name("mappings").exists());
    run_in(
        &mine,
        &[
            "ingest", "--sniff", "own.csv", "--table", "checkups", "--write",
        ],
    )
    .exits(0);
    run_in(&mine, &["check"])
        .exits(0)
        .says(&["1 mapping is valid"]);
    run_in(
        &mine,
        &["ingest", "--sniff", "own.csv", "--table", "checkup"],
    )
    .exits(2)
    .says(&["did you mean `checkups`?"]);
    project.write("mine/other.csv", "甲,乙\n1,2\n");
    run_in(&mine, &["ingest", "--sniff", "other.csv"])
        .exits(4)
        .says(&["no header", "rules/headers.toml"]);
}

/// A project with a mapping of productivity records, whose rows hold keys already.
fn employer() -> Project {
    let project = Project::empty();
    project.korabo(&["init", "mine"]).exits(0);
    let mapping = "table = \"productivity\"\nfiles = [\"勤怠_*.csv\"]\n[columns]\nemployer_key = { value = \"E1\" }\nemployee_key = \"社員キー\"\n\
                   fiscal_year = \"年度\"\nabsence_days = \"病欠日数\"\n";
    project.write("mine/mappings/attendance.toml", mapping);
    let key = "ab".repeat(32);
    let rows = format!(
        "社員キー,年度,病欠日数,部署\n{key},2023,３,営業\n{key},2024,1.5日,営業\n{key},2025,七日,営業\n"
    );
    project.write(
        "mine/extracts/from_hr/勤怠_2025.csv",
        SHIFT_JIS.encode(&rows).0,
    );
    project
}

#[test]
fn ingest_reads_mapped_files_and_again_when_their_mapping_changes() {
    let project = employer();
    let mine = project.path().join("mine");
    let delivery = ["ingest", "productivity=extracts/from_hr/勤怠_2025.csv"];
    run_in(&mine, &delivery)
        .exits(4)
        .says(&["absence_days", "first: 3"])
        .hides(&["七日"]);
    let mapping = fs::read_to_string(mine.join("mappings/attendance.toml")).unwrap();
    let translated = mapping.replace(
        "\"病欠日数\"",
        "{ from = \"病欠日数\", codes = { \"七日\" = \"7\" } }",
    );
    fs::write(mine.join("mappings/attendance.toml"), translated).unwrap();
    run_in(&mine, &delivery)
        .exits(0)
        .says(&["accepted=3 rejected_rows=0"]);
    let sql = "select sum(absence_days) as days from productivity";
    let days = run_in(&mine, &["sql", "--format", "csv", "-c", sql])
        .exits(0)
        .stdout;
    assert_eq!(days, "days\n11.5\n");
    // The same content is the same delivery.
    run_in(&mine, &delivery).exits(0).says(&["deliveries=0"]);
}

#[test]
fn ingest_refuses_what_identifies_and_says_what_a_holder_does() {
    let project = employer();
    let mine = project.path().join("mine");
    let rows = "社員キー,氏名,年度,病欠日数\n";
    project.write("mine/extracts/from_hr/勤怠_2024.csv", rows);
    let delivery = ["ingest", "productivity=extracts/from_hr/勤怠_2024.csv"];
    run_in(&mine, &delivery)
        .exits(4)
        .says(&["`氏名`", "pseudonymize"]);
    project.write("mine/plain.csv", "従業員,年度,日数\n1,2024,3\n");
    run_in(&mine, &["ingest", "productivity=plain.csv"])
        .exits(4)
        .says(&["--sniff"]);
}

#[test]
fn wrong_mappings_stop_check_and_ingest_with_their_place() {
    let project = employer();
    let mine = project.path().join("mine");
    project.write(
        "mine/mappings/attendance.toml",
        "table = \"productivity\"\nfiles = [\"*.csv\"]\n[columns]\nabsence = \"病欠\"\n",
    );
    for command in [&["check"][..], &["ingest"][..]] {
        run_in(&mine, command).exits(3).says(&[
            "mappings/attendance.toml:4:1",
            "did you mean `absence_days`?",
        ]);
    }
}

#[test]
fn what_looks_like_names_is_not_written() {
    let project = Project::empty();
    project.korabo(&["init", "mine"]).exits(0);
    let mapping = "table = \"worksites\"\nfiles = [\"事業所.csv\"]\n[columns]\nemployer_key = { value = \"E1\" }\nworksite_key = \"担当\"\nmunicipality_code = \"市区町村\"\n\
                   industry_code = \"業種\"\nsize_band = { value = \"2\" }\nvalid_from = { value = \"2020-04-01\" }\n";
    project.write("mine/mappings/sites.toml", mapping);
    let row = |name: &str| format!("{name},13101,E\n");
    project.write(
        "holder/事業所.csv",
        format!(
            "担当,市区町村,業種\n{}{}",
            row("山田 太郎"),
            row("佐藤 花子")
        ),
    );
    project.write("secret", SECRET);
    let arguments = [
        "pseudonymize",
        "holder",
        "--project",
        "mine",
        "--secret-file",
        "secret",
        "-o",
        "out",
    ];
    project
        .korabo(&arguments)
        .exits(4)
        .says(&["`worksite_key`", "names"])
        .hides(&["山田", "花子"]);
    let left = fs::read_dir(project.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().starts_with("out"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Keys of one's own pass.
    project.write(
        "holder/事業所.csv",
        format!("担当,市区町村,業種\n{}{}", row("S 1"), row("S 2")),
    );
    project
        .korabo(&arguments)
        .exits(0)
        .says(&["worksites: 2 rows"]);
}

#[test]
fn a_workbook_is_read_like_a_text_file() {
    let project = Project::empty();
    project.korabo(&["init", "mine"]).exits(0);
    let file = root().join("tests/layouts/11_worksites.xlsx");
    let sniffed = run_in(
        &project.path().join("mine"),
        &["--lang", "en", "ingest", "--sniff", file.to_str().unwrap()],
    );
    sniffed.exits(0).says(&["`worksites`", "certain"]);
}

#[test]
fn tokens_of_other_secrets_are_refused_before_anything_is_read() {
    let project = holder();
    project
        .korabo(&["init", "mine", "--from", "holder"])
        .exits(0);
    let write = |secret: &str, to: &str, more: &[&str]| {
        project.write("secret", secret);
        let arguments = [
            "pseudonymize",
            "holder",
            "--project",
            "mine",
            "--secret-file",
            "secret",
            "-o",
            to,
        ];
        project.korabo(&[&arguments[..], more].concat()).exits(0)
    };
    let told = write(SECRET, "mine/extracts/insurer_1", &[]).stderr;
    assert!(
        told.contains("members: 1 or more persons share birth_year_month, sex"),
        "{told}"
    );
    let receipt =
        fs::read_to_string(project.path().join("mine/extracts/insurer_1/receipt.json")).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["group_sizes"][0]["smallest"], 1);
    assert_eq!(receipt["group_sizes"][0]["groups"], 20);
    assert_eq!(receipt["group_sizes"][0]["persons_in_small_groups"], 20);
    write(
        &SECRET.chars().rev().collect::<String>(),
        "mine/extracts/insurer_2",
        &[],
    );
    let mine = project.path().join("mine");
    run_in(&mine, &["ingest"]).exits(4).says(&[
        "insurer_1/receipt.json",
        "insurer_2/receipt.json",
        "other secrets",
        "pseudonymize",
    ]);
    fs::remove_dir_all(mine.join("extracts/insurer_2")).unwrap();
    write(
        SECRET,
        "mine/extracts/insurer_3",
        &["--key", "without-branch"],
    );
    run_in(&mine, &["ingest"])
        .exits(4)
        .says(&["other keys of persons (insured and without_branch)"]);
    fs::remove_dir_all(mine.join("extracts/insurer_3")).unwrap();
    run_in(&mine, &["ingest"]).exits(0);
}
