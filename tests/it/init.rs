//! `korabo init`: a project of one's own.

use fs_err as fs;

use crate::support::{Project, run_in};

#[test]
fn a_new_project_is_named_like_its_folder_and_passes_check() {
    for name in ["健保 \"A\" \\ 2026", "plain"] {
        let around = Project::empty();
        around.korabo(&["init", name]).exits(0);
        let folder = around.path().join(name);
        run_in(&folder, &["check"]).exits(0);
        let config = fs::read_to_string(folder.join("korabo.toml")).unwrap();
        let table: toml::Table = config.parse().unwrap();
        assert_eq!(table["project"]["name"].as_str(), Some(name));
        assert!(!config.contains("sample_data"), "{config}");
        let files = [
            "fields.toml",
            "indicators.toml",
            "columns.toml",
            "reference.toml",
            "queries/panel_field.sql",
            "queries/evaluation_verdicts_name.sql",
            "evaluations/activity.toml",
            "rules/gates.toml",
            "rules/ratings.toml",
        ];
        for file in files {
            assert!(folder.join(file).is_file(), "{file}");
        }
        around.korabo(&["init", name]).exits(2).says(&["already"]);
    }
}

#[test]
fn without_a_folder_the_present_one_becomes_a_project() {
    let around = Project::empty();
    let folder = around.path().join("健保A");
    fs::create_dir(&folder).unwrap();
    run_in(&folder, &["init"]).exits(0);
    let config = fs::read_to_string(folder.join("korabo.toml")).unwrap();
    assert!(config.contains("name = \"健保A\""), "{config}");
    run_in(&folder, &["init"]).exits(2).says(&["already"]);
    around
        .korabo(&["init", "new", "--from", "nowhere"])
        .exits(2)
        .says(&["`nowhere` is no folder"]);
    assert!(!around.path().join("new").exists());
}
