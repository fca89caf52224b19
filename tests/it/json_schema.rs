//! What `korabo schema` prints is what the files may say.

use serde_json::Value;

use crate::support::Project;

/// Keys with the table that they stand in, wherever a schema has them; `x` stands for a name of the user's.
fn keys(schema: &Value, table: &str, found: &mut Vec<(String, String)>) {
    if !schema.is_object() {
        return;
    }
    let below = |key: &str| match table {
        "" => key.to_owned(),
        _ => format!("{table}.{key}"),
    };
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.push((table.to_owned(), key.clone()));
        keys(inner, &below(key), found);
    }
    let named = schema["patternProperties"]
        .as_object()
        .into_iter()
        .flatten();
    for inner in named
        .map(|(_, inner)| inner)
        .chain([&schema["additionalProperties"]])
    {
        keys(inner, &below("x"), found);
    }
}

#[test]
fn no_schema_names_a_key_that_is_not_read() {
    let project = Project::standard();
    let files = [
        ("korabo", "korabo.toml"),
        ("fields", "fields.toml"),
        ("indicators", "indicators.toml"),
        ("columns", "columns.toml"),
        ("contract", "schemas/guidance.toml"),
        ("evaluation", "evaluations/activity.toml"),
        ("gates", "rules/gates.toml"),
        ("ratings", "rules/ratings.toml"),
        ("release", "releases/verdicts.toml"),
        ("release-rules", "rules/release.toml"),
        ("forms", "rules/forms.toml"),
        ("headers", "rules/headers.toml"),
    ];
    for (name, file) in files {
        let printed = project.korabo(&["schema", name]).exits(0).stdout;
        let schema: Value = serde_json::from_str(&printed).unwrap();
        let mut found = Vec::new();
        keys(&schema, "", &mut found);
        assert!(found.len() >= 2, "{name}: {found:?}");
        let before = fs_err::read(project.path().join(file)).unwrap();
        for (table, key) in found {
            let text = match table.as_str() {
                "" => format!("{key} = 0\n"),
                _ => format!("[{table}]\n{key} = 0\n"),
            };
            project.write(file, text);
            let outcome = project.korabo(&["check"]).exits(3);
            assert!(
                !outcome.stderr.contains("unknown key"),
                "{name}: {}",
                outcome.stderr
            );
        }
        let wrong = match name {
            "fields" | "indicators" | "columns" | "gates" | "release-rules" | "forms" => {
                "[x]\nunheard_of = 0\n"
            }
            _ => "unheard_of = 0\n",
        };
        project.write(file, wrong);
        project.korabo(&["check"]).exits(3).says(&["unknown key"]);
        project.write(file, before);
    }
}

/// Tables of a plan are read behind its other keys: a whole plan stands before them.
#[test]
fn tables_of_a_plan_accept_the_keys_of_the_schema_and_no_others() {
    let project = Project::standard();
    let printed = project.korabo(&["schema", "evaluation"]).exits(0).stdout;
    let schema: Value = serde_json::from_str(&printed).unwrap();
    let file = "evaluations/activity.toml";
    let plan = fs_err::read_to_string(project.path().join(file)).unwrap();
    for (table, entry) in [("targets", "walking_1h"), ("gates", "pre_trend")] {
        let properties = &schema["properties"][table]["additionalProperties"]["properties"];
        let keys: Vec<&String> = properties.as_object().unwrap().keys().collect();
        assert!(keys.len() >= 3, "{keys:?}");
        let check = |key: &str| {
            project.write(file, format!("{plan}\n[{table}.{entry}]\n{key} = [0]\n"));
            project.korabo(&["check"]).exits(3).stderr
        };
        for key in keys {
            let said = check(key);
            assert!(!said.contains("unknown key"), "{table}.{key}: {said}");
        }
        assert!(check("unheard_of").contains("unknown key `unheard_of`"));
    }
}
