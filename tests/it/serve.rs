//! `korabo serve`: the same answers as `korabo sql`, for those with a token, and nothing but answers.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use arrow_flight::FlightInfo;
use arrow_flight::sql::{
    CommandGetDbSchemas, CommandGetImportedKeys, CommandGetPrimaryKeys, CommandGetTables,
    CommandGetXdbcTypeInfo, CommandStatementIngest, SqlInfo,
};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::convert::try_schema_from_ipc_buffer;
use datafusion::arrow::ipc::reader::FileReader;
use fs_err as fs;

use crate::serving::{Client, Serving, ask, certificate, configure, fetch, token};
use crate::support::Project;

/// Answers of several types, with NULLs, dictionaries, nested columns, and none at all.
const QUESTIONS: [&str; 6] = [
    "SELECT * FROM panel_person_year ORDER BY person_id, fiscal_year",
    "SELECT DISTINCT person_key, sex FROM members ORDER BY person_key, sex LIMIT 500",
    "SELECT * FROM panel_person_year WHERE false",
    "SELECT arrow_cast(field, 'Dictionary(Int32, Utf8)') AS field, count(*) AS n, round(avg(estimate), 6) AS mean,
            array_agg(estimator ORDER BY estimator) AS estimators
     FROM effect_summary GROUP BY 1 ORDER BY 1",
    "SELECT DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 12:34:56.789' AS moment, 1.25::decimal(9, 2) AS yen,
            NULL AS nothing, NULL::bigint AS number, '年度' AS text, true AS yes, X'00ff' AS bytes",
    "DESCRIBE panel_person_year",
];

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_korabo_sql_and_have_the_announced_columns() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    for question in QUESTIONS {
        let answer = ask(&mut client, question).await.unwrap();
        let file = project.path().join("answer.arrow");
        let file = file.to_string_lossy();
        project
            .korabo(&["sql", "-o", &file, "-c", question])
            .exits(0);
        let reader = FileReader::try_new(File::open(file.as_ref()).unwrap(), None).unwrap();
        let expected: Vec<RecordBatch> = reader.collect::<Result<_, ArrowError>>().unwrap();
        let n_rows: usize = expected.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(answer.n_rows(), n_rows, "{question}");
        if n_rows == 0 {
            continue;
        }
        let whole =
            |batches: &[RecordBatch]| concat_batches(&batches[0].schema(), batches).unwrap();
        let (found, expected) = (whole(&answer.batches), whole(&expected));
        for (field, column) in found.schema().fields().iter().zip(found.columns()) {
            let other = expected.column_by_name(field.name()).unwrap();
            let other = datafusion::arrow::compute::cast(other, field.data_type()).unwrap();
            assert_eq!(column, &other, "{} of {question}", field.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_korabo_sql_knows_besides_sql_works_too() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let relations = ask(&mut client, "SHOW RELATIONS;").await.unwrap();
    assert!(relations.texts("name").contains(&"att_gt".to_owned()));
    assert!(ask(&mut client, "HELP att_gt").await.unwrap().n_rows() > 3);
    let columns = ask(&mut client, "DESCRIBE deliveries").await.unwrap();
    assert!(
        columns
            .texts("column_name")
            .contains(&"n_rejected".to_owned())
    );
    let tables = ask(&mut client, "SHOW TABLES").await.unwrap();
    let names = tables.texts("table_name");
    assert!(names.contains(&"panel_employees".to_owned()) && names.contains(&"runs".to_owned()));
    let att = "SELECT count(*) FROM att((SELECT person_id, fiscal_year, exercise_habit, cohort
                   FROM panel_activity WHERE relationship = 1), outcome => exercise_habit, unit => person_id,
                   time => fiscal_year, cohort => cohort, unbalanced => 'pairs', min_e => 0, max_e => 1)";
    assert_eq!(ask(&mut client, att).await.unwrap().count(), 1);
    let qualified = "SELECT count(*) FROM \"korabo\".\"public\".\"runs\"";
    assert_eq!(ask(&mut client, qualified).await.unwrap().count(), 1);
    for (wrong, expected) in [
        (
            "SELECT * FROM panel_person_yaer",
            "did you mean `panel_person_year`?",
        ),
        (
            "SELECT ficsal_year FROM panel_person_year",
            "did you mean `fiscal_year`?",
        ),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("", "one statement at a time"),
        ("SELECT $nothing", "parameter `$nothing` has no value"),
        ("HELP att_tg", "did you mean"),
        ("EXPLAIN VERBOSE SELECT * FROM runs", "the server's files"),
        (
            "EXPLAIN ANALYZE VERBOSE SELECT * FROM runs",
            "the server's files",
        ),
        (
            "SELECT * FROM att(panel_person_year, unti => person_id)",
            "usage: ",
        ),
    ] {
        let error = ask(&mut client, wrong).await.unwrap_err();
        assert!(error.contains(expected), "{wrong}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_release_only_what_may_leave_is_sent() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let mut serving = Serving::start_with(&project, &["--release"]);
    serving.waits_for("only what may leave the secure area is sent");
    let mut client = serving.client(&hanako).await;
    let groups = "SELECT municipality_code AS town, count(DISTINCT person_id) AS persons
        FROM panel_person_year WHERE sex = 2 GROUP BY 1, fiscal_year ORDER BY 1, 2";
    let answer = ask(&mut client, groups).await.unwrap();
    let arguments = ["sql", "--release", "--format", "csv", "-c", groups];
    let expected = project.korabo(&arguments).exits(0).stdout;
    let expected: Vec<&str> = expected.lines().skip(1).collect();
    let found: Vec<String> = answer
        .texts("town")
        .into_iter()
        .zip(answer.numbers("persons"))
        .map(|(town, persons)| format!("{town},{persons}"))
        .collect();
    assert_eq!(found, expected);
    assert!(answer.schema.metadata()["korabo.kept_back"].contains("groups are left out"));
    for (refused, says) in [
        (
            "SELECT * FROM panel_person_year",
            "only grouped results are released",
        ),
        ("SUMMARIZE panel_person_year", "single persons' values"),
        (
            "EXPLAIN ANALYZE SELECT count(*) FROM members",
            "how many rows",
        ),
        (
            "SELECT max(yen_total) FROM panel_person_year",
            "one person's value",
        ),
    ] {
        let error = ask(&mut client, refused).await.unwrap_err();
        assert!(error.contains(says), "{refused}: {error}");
    }
    let plan = ask(&mut client, "EXPLAIN SELECT count(*) FROM members").await;
    assert_eq!(plan.unwrap().schema.fields().len(), 1, "no estimates");
    let rows = "SELECT person_key FROM members WHERE sex = ?".to_owned();
    let mut prepared = client.prepare(rows, None).await.unwrap();
    let sex: ArrayRef = Arc::new(Int64Array::from(vec![2]));
    let values = RecordBatch::try_from_iter([("sex", sex)]).unwrap();
    prepared.set_parameters(values).unwrap();
    let error = prepared.execute().await.unwrap_err().to_string();
    assert!(
        error.contains("only grouped results are released"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_is_admitted_without_a_token() {
    let project = Project::built();
    project
        .korabo(&["serve", "--listen", "127.0.0.1:0"])
        .exits(3)
        .says(&["korabo serve token NAME"]);
    let (hanako, taro) = (token(&project, "hanako"), token(&project, "taro"));
    let mut serving = Serving::start(&project);
    let mut stranger = serving.stranger().await;
    let error = ask(&mut stranger, "SELECT 1").await.unwrap_err();
    assert!(error.contains("an access token is needed"), "{error}");
    let calls: [Result<FlightInfo, _>; 3] = [
        stranger.get_catalogs().await,
        stranger
            .get_sql_info(vec![SqlInfo::FlightSqlServerName])
            .await,
        stranger.get_table_types().await,
    ];
    assert!(calls.iter().all(Result::is_err));
    assert!(stranger.prepare("SELECT 1".to_owned(), None).await.is_err());
    assert!(
        stranger
            .execute_update("SELECT 1".to_owned(), None)
            .await
            .is_err()
    );
    for wrong in [
        hanako.to_uppercase(),
        format!("{hanako}0"),
        "korabo_".to_owned(),
        "x".to_owned(),
    ] {
        let error = ask(&mut serving.client(&wrong).await, "SELECT 1")
            .await
            .unwrap_err();
        assert!(error.contains("an access token is needed"), "{error}");
    }
    serving.waits_for("refused a call without a valid access token from 127.0.0.1:");

    // Name and token, as drivers send user and password.
    assert!(stranger.handshake("taro", &hanako).await.is_err());
    assert!(stranger.handshake("hanako", "hanako").await.is_err());
    stranger.handshake("hanako", &hanako).await.unwrap();
    ask(&mut stranger, "SELECT 1").await.unwrap();

    // A token that is taken away holds no longer, without a restart.
    ask(&mut serving.client(&taro).await, "SELECT 1")
        .await
        .unwrap();
    project
        .korabo(&["serve", "token", "taro", "--remove"])
        .exits(0);
    assert!(
        ask(&mut serving.client(&taro).await, "SELECT 1")
            .await
            .is_err()
    );
    project
        .korabo(&["serve", "token", "hanako"])
        .exits(2)
        .says(&["--replace"]);
    let again = project
        .korabo(&["serve", "token", "hanako", "--replace"])
        .exits(0);
    assert!(ask(&mut stranger, "SELECT 1").await.is_err());
    ask(&mut serving.client(again.stdout.trim()).await, "SELECT 1")
        .await
        .unwrap();
    for secret in [hanako.as_str(), &taro, again.stdout.trim()] {
        assert!(serving.said().iter().all(|line| !line.contains(secret)));
    }
}

#[test]
fn files_with_secrets_that_others_can_read_are_refused() {
    let project = Project::built();
    token(&project, "hanako");
    let tokens = project.path().join("tokens.toml");
    fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = project
        .korabo(&["serve", "--listen", "127.0.0.1:0"])
        .exits(3);
    refused.says(&["can be read by others (mode 644)", "hint: chmod 600 "]);
    fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
    certificate(project.path());
    let key = project.path().join("server.key");
    fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let tls = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--certificate",
        "server.crt",
        "--key",
        "server.key",
    ];
    project
        .korabo(&tls)
        .exits(3)
        .says(&["the certificate's key", "mode 644"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_are_talked_to_encrypted_only() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let open = project.korabo(&["serve", "--listen", "0.0.0.0:0"]).exits(2);
    open.says(&[
        "can be reached from other machines, and there is no certificate",
        "SSH",
    ]);
    configure(&project, "listen = \"0.0.0.0:0\"");
    project
        .korabo(&["serve"])
        .exits(3)
        .says(&["there is no certificate"]);

    let authority = certificate(project.path());
    let files = [
        "--certificate",
        "server.crt",
        "--key",
        "server.key",
        "--listen",
        "0.0.0.0:0",
    ];
    let serving = Serving::start_with(&project, &files[..4]);
    assert!(serving.address().starts_with("grpc+tls://"));
    let mut client = serving.encrypted(&authority, &hanako).await.unwrap();
    assert_eq!(
        ask(&mut client, "SELECT count(*) FROM runs")
            .await
            .unwrap()
            .count(),
        1
    );
    let stranger = certificate(&project.path().join("lake"));
    assert!(serving.encrypted(&stranger, &hanako).await.is_err());
    let mut wrong = serving.encrypted(&authority, "korabo_0").await.unwrap();
    assert!(ask(&mut wrong, "SELECT 1").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_only_read() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let before = project.versions();
    for writing in [
        "DROP TABLE runs",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO runs SELECT * FROM runs",
        "DELETE FROM runs",
        "UPDATE runs SET status = 'ok'",
        "COPY runs TO 'out.csv'",
        "EXPLAIN ANALYZE COPY runs TO 'out.csv'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION 'korabo.toml'",
        "SET datafusion.execution.batch_size = 1",
        "BEGIN",
    ] {
        let error = ask(&mut client, writing).await.unwrap_err();
        assert!(
            ["refused", "not supported", "Unsupported"]
                .iter()
                .any(|word| error.contains(word)),
            "{writing}: {error}"
        );
        assert!(
            client.prepare(writing.to_owned(), None).await.is_err(),
            "{writing}"
        );
    }
    let error = client
        .execute_update("DELETE FROM runs".to_owned(), None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    let command = CommandStatementIngest {
        table: "runs".to_owned(),
        ..CommandStatementIngest::default()
    };
    let column = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let rows = futures::stream::iter([Ok(batch)]);
    let error = client.execute_ingest(command, rows).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    assert!(client.begin_transaction().await.is_err());
    assert_eq!(project.versions(), before);
    assert!(!project.path().join("out.csv").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_server_are_not_read() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let secret = project.write("secret.csv", "a\ncanary-8246\n");
    project
        .korabo(&["sql", "-c", "SELECT * FROM 'secret.csv'"])
        .exits(0);
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let parquet = project.path().join("lake/runs");
    for file in [
        secret.to_string_lossy().as_ref(),
        "secret.csv",
        "./secret.csv",
        &format!("file://{}", secret.display()),
        "/etc/passwd.csv",
        "/etc/passwd",
        &format!("{}/", parquet.display()),
        "http://127.0.0.1:1/x.csv",
        "s3://bucket/x.parquet",
    ] {
        for question in [
            format!("SELECT * FROM '{file}'"),
            format!("SELECT * FROM \"{file}\""),
            format!("SUMMARIZE '{file}'"),
            format!("DESCRIBE '{file}'"),
            format!("EXPLAIN SELECT * FROM '{file}'"),
            format!("SELECT * FROM bacon((SELECT * FROM '{file}'), outcome => a)"),
        ] {
            let error = ask(&mut client, &question).await.unwrap_err();
            assert!(!error.contains("canary-8246"), "{error}");
            assert!(
                client.prepare(question.clone(), None).await.is_err(),
                "{question}"
            );
        }
    }
    let error = ask(&mut client, "SELECT * FROM 'secret.csv'")
        .await
        .unwrap_err();
    assert!(error.contains("files are not read by name here"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_and_prepared_statements_are_their_owners() {
    let project = Project::built();
    let (hanako, taro) = (token(&project, "hanako"), token(&project, "taro"));
    let serving = Serving::start(&project);
    let (mut hanako, mut taro) = (serving.client(&hanako).await, serving.client(&taro).await);
    let info = hanako.execute("SELECT 1".to_owned(), None).await.unwrap();
    let stolen = fetch(&mut taro, &info).await.unwrap_err();
    assert!(stolen.contains("no such statement"), "{stolen}");
    // It may be read more than once by who owns it.
    assert_eq!(fetch(&mut hanako, &info).await.unwrap().count(), 1);
    assert_eq!(fetch(&mut hanako, &info).await.unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_take_values() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let all = project.count("SELECT count(*) FROM panel_person_year WHERE fiscal_year = 2020");
    let question = "SELECT count(*) AS n FROM panel_person_year WHERE fiscal_year = ? AND '?' <> ?";
    let mut prepared = client.prepare(question.to_owned(), None).await.unwrap();
    let names: Vec<String> = {
        let fields = prepared.parameter_schema().unwrap().fields();
        fields
            .iter()
            .map(|field| format!("{} {}", field.name(), field.data_type()))
            .collect()
    };
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].starts_with("$1 Int") && names[1] == "$2 Utf8",
        "{names:?}"
    );
    assert_eq!(prepared.dataset_schema().unwrap().field(0).name(), "n");
    assert!(
        prepared
            .execute()
            .await
            .unwrap_err()
            .to_string()
            .contains("has no value")
    );
    for (year, expected) in [(2020, all), (1900, 0)] {
        let columns = [
            ("1", Arc::new(Int64Array::from(vec![year])) as ArrayRef),
            ("2", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
        ];
        let values = RecordBatch::try_from_iter(columns).unwrap();
        prepared.set_parameters(values).unwrap();
        let info = prepared.execute().await.unwrap();
        assert_eq!(fetch(&mut client, &info).await.unwrap().count(), expected);
    }
    prepared.close().await.unwrap();
    // Parameters of the project have their values.
    let mut summary = client
        .prepare("SUMMARIZE runs".to_owned(), None)
        .await
        .unwrap();
    assert_eq!(
        summary.dataset_schema().unwrap().field(0).name(),
        "column_name"
    );
    let info = summary.execute().await.unwrap();
    assert!(fetch(&mut client, &info).await.unwrap().n_rows() > 3);
}

/// Rows of a question about the server.
async fn listed(
    client: &mut Client,
    info: Result<FlightInfo, arrow_flight::error::FlightError>,
) -> crate::serving::Answer {
    fetch(client, &info.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_columns_and_types_are_listed() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let info = client.get_catalogs().await;
    assert_eq!(
        listed(&mut client, info).await.texts("catalog_name"),
        ["korabo"]
    );
    let info = client.get_db_schemas(CommandGetDbSchemas::default()).await;
    assert_eq!(
        listed(&mut client, info).await.texts("db_schema_name"),
        ["public"]
    );
    let info = client.get_table_types().await;
    assert_eq!(
        listed(&mut client, info).await.texts("table_type"),
        ["TABLE", "VIEW"]
    );

    let asked = CommandGetTables {
        table_name_filter_pattern: Some("panel_employ%".to_owned()),
        include_schema: true,
        ..CommandGetTables::default()
    };
    let info = client.get_tables(asked).await;
    let tables = listed(&mut client, info).await;
    assert_eq!(tables.texts("table_name"), ["panel_employees"]);
    assert_eq!(tables.texts("table_type"), ["VIEW"]);
    let bytes = tables.batches[0].column_by_name("table_schema").unwrap();
    let bytes = datafusion::arrow::array::AsArray::as_binary::<i32>(bytes).value(0);
    let columns: Schema = try_schema_from_ipc_buffer(bytes).unwrap();
    let shown = ask(&mut client, "SELECT * FROM panel_employees LIMIT 0")
        .await
        .unwrap();
    assert_eq!(columns.fields().len(), shown.schema.fields().len());
    let age = columns.field_with_name("age").unwrap().metadata();
    assert_eq!(age["korabo.meaning_ja"], "年齢（年度末時点、歳）");
    assert_eq!(age["ARROW:FLIGHT:SQL:REMARKS"], age["korabo.meaning_ja"]);
    assert!(age["korabo.meaning_en"].starts_with("Age in years at the end of the fiscal year"));
    let all = CommandGetTables {
        include_schema: true,
        ..CommandGetTables::default()
    };
    let info = client.get_tables(all).await;
    assert!(listed(&mut client, info).await.n_rows() > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_types_and_abilities_are_listed() {
    let project = Project::built();
    let hanako = token(&project, "hanako");
    let serving = Serving::start(&project);
    let mut client = serving.client(&hanako).await;
    let asked = CommandGetPrimaryKeys {
        table: "panel_person_year".to_owned(),
        ..CommandGetPrimaryKeys::default()
    };
    let info = client.get_primary_keys(asked).await;
    assert_eq!(
        listed(&mut client, info).await.texts("column_name"),
        ["person_id", "fiscal_year"]
    );
    let asked = CommandGetImportedKeys {
        table: "runs".to_owned(),
        ..CommandGetImportedKeys::default()
    };
    let info = client.get_imported_keys(asked).await;
    assert_eq!(listed(&mut client, info).await.n_rows(), 0);
    let info = client
        .get_sql_info(vec![SqlInfo::FlightSqlServerReadOnly])
        .await;
    assert_eq!(listed(&mut client, info).await.n_rows(), 1);
    let info = client.get_sql_info(Vec::new()).await;
    assert!(listed(&mut client, info).await.n_rows() > 10);
    let info = client
        .get_xdbc_type_info(CommandGetXdbcTypeInfo::default())
        .await;
    assert!(
        listed(&mut client, info)
            .await
            .texts("type_name")
            .contains(&"BIGINT".to_owned())
    );
}
