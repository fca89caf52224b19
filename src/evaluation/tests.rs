//! Plans, gates and locks as files: defaults, what is refused and where, what has changed since a plan was fixed.

use std::collections::BTreeMap;

use fs_err as fs;
use tempfile::TempDir;

use super::{Evaluations, Exposed, Exposure, Lock};
use crate::vocabulary::Vocabulary;

const FIELDS: &str = "[rest]\nname_ja = \"休養\"\nname_en = \"Rest\"\n";

const GATES: &str = "\
[pre_trend]
name_ja = \"a\"
name_en = \"b\"
beyond = \"above\"
blind_at = 1.0
reason = \"c\"

[clusters]
name_ja = \"a\"
name_en = \"b\"
beyond = \"below\"
warn_at = 10.0
blind_at = 3.0
reason = \"c\"
";

const PLAN: &str = "\
question_ja = \"問い\"
question_en = \"Question\"
exposure = \"field\"
field = \"rest\"
population = \"employees\"
primary = [\"sleep_rest\"]
";

fn folder(plans: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("fields.toml"), FIELDS).unwrap();
    fs::create_dir_all(folder.path().join("rules")).unwrap();
    fs::create_dir_all(folder.path().join("evaluations")).unwrap();
    fs::write(folder.path().join("rules/gates.toml"), GATES).unwrap();
    for (name, text) in plans {
        fs::write(folder.path().join("evaluations").join(name), text).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> Result<Evaluations, String> {
    let vocabulary = Vocabulary::load(folder.path()).unwrap();
    Evaluations::load(folder.path(), &vocabulary).map_err(|error| error.to_string())
}

fn of(plan: &str) -> Result<Evaluations, String> {
    load(&folder(&[("sleep.toml", plan)]))
}

#[test]
fn a_plan_has_defaults() {
    let found = of(PLAN).unwrap();
    let (plan, lock) = found.plan("sleep").unwrap();
    assert_eq!(plan.exposure, Exposure::Field("rest".to_owned()));
    assert_eq!(
        (plan.exposed, plan.comparison),
        (Exposed::Offered, "not_yet_treated")
    );
    assert_eq!((plan.first_event(), plan.last_event()), (-5, 5));
    let covariates: Vec<&str> = plan
        .covariates
        .iter()
        .map(|own| own.value.as_str())
        .collect();
    assert_eq!(covariates, ["sex", "birth_fiscal_year"]);
    assert_eq!(plan.gates.len(), 2);
    assert!(lock.is_none() && found.plan("other").is_none());
}

#[test]
fn a_gate_is_changed_with_a_reason() {
    let changed = format!("{PLAN}[gates.clusters]\nblind_at = 2\nreason = \"a pilot\"\n");
    let found = of(&changed).unwrap();
    let gate = &found.plan("sleep").unwrap().0.gates[1];
    assert_eq!((gate.warn_at, gate.blind_at), (Some(10.0), Some(2.0)));
    assert_eq!(gate.reason, "a pilot");
}

#[test]
fn keys_go_with_their_exposure() {
    let with = |from: &str, to: &str| PLAN.replace(from, to);
    let cases = [
        (
            with("\"field\"\nfield", "\"programs\"\nfield"),
            "evaluations/sleep.toml:4:1: `programs` says which programs: write `field = '…'` there, and leave out `field`",
        ),
        (
            with("\"field\"\nfield = \"rest\"", "\"programs\""),
            "evaluations/sleep.toml:1:1: the file has no key `programs`",
        ),
        (
            format!("{PLAN}against = \"true\"\n"),
            "evaluations/sleep.toml:7:1: `against` does not go with `exposure = \"field\"`: leave it out, or write `exposure = \"programs\"`",
        ),
        (
            with("\"field\"\nfield", "\"dose\"\ndose = \"hours\"\nfield"),
            "evaluations/sleep.toml:4:8: `dose` cannot be `hours` (one of: sessions, staff_hours, thousand_yen)",
        ),
        (
            with(
                "\"field\"\nfield",
                "\"dose\"\ndose = \"sessions\"\nexposed = \"participated\"\nfield",
            ),
            "evaluations/sleep.toml:5:11: `exposure = \"dose\"` is known of persons to whom programs were offered, not `participated`",
        ),
    ];
    for (plan, expected) in cases {
        assert_eq!(of(&plan).err().as_deref(), Some(expected));
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let with = |from: &str, to: &str| PLAN.replace(from, to);
    let and = |more: &str| format!("{PLAN}{more}\n");
    let cases = [
        (
            with("\"rest\"", "\"resting\""),
            "evaluations/sleep.toml:4:9: there is no field `resting`; did you mean `rest`?",
        ),
        (
            with("primary", "primery"),
            "evaluations/sleep.toml:6:1: unknown key `primery` in the file; did you mean `primary`?",
        ),
        (
            with("[\"sleep_rest\"]", "[]"),
            "evaluations/sleep.toml:6:11: `primary` needs an indicator: name the one that decides",
        ),
        (
            and("secondary = [\"bmi\", \"sleep_rest\"]"),
            "evaluations/sleep.toml:7:21: `sleep_rest` is listed twice in this plan",
        ),
        (
            with("\"sleep_rest\"", "\"a) from x --\""),
            "evaluations/sleep.toml:6:12: `a) from x --` cannot be a name: lower-case letters, digits and `_`, a letter first",
        ),
        (
            and("cluster = \"a.b\""),
            "evaluations/sleep.toml:7:11: `a.b` cannot be a name: lower-case letters, digits and `_`, a letter first",
        ),
        (
            and("exposed = \"offer\""),
            "evaluations/sleep.toml:7:11: `exposed` cannot be `offer`; did you mean `offered`? (one of: offered, participated, household)",
        ),
        (
            with("\"field\"\nfield", "\"bundle\"\nfield"),
            "evaluations/sleep.toml:4:1: a bundle is of all fields: leave out `field`",
        ),
        (
            and("window = \"0..5\""),
            "evaluations/sleep.toml:7:10: `window` must be first and last year since exposure, like `-5..5`, found the string `0..5`",
        ),
        (
            and("[smallest_change]\nsleep_rest = 0"),
            "evaluations/sleep.toml:8:14: `smallest_change.sleep_rest` must be a number above 0, found 0",
        ),
        (
            and("[smallest_change]\nsleep_rets = 1"),
            "evaluations/sleep.toml:8:1: there is no indicator of this plan called `sleep_rets`; did you mean `sleep_rest`?",
        ),
        (
            and("[targets.sleep_rest]\nbaseline_year = 2024\ntarget_year = 2024\ntarget = 0.8"),
            "evaluations/sleep.toml:9:15: `target_year` must be after `baseline_year`",
        ),
        (
            and("[gates.pretrend]\nreason = \"a\""),
            "evaluations/sleep.toml:7:8: there is no gate `pretrend`; did you mean `pre_trend`?",
        ),
        (
            and("[gates.clusters]\nblind_at = 2"),
            "evaluations/sleep.toml:7:8: [gates.clusters] has no key `reason`",
        ),
    ];
    for (plan, expected) in cases {
        assert_eq!(of(&plan).err().as_deref(), Some(expected));
    }
    let named = load(&folder(&[("Sleep Plan.toml", PLAN)])).unwrap_err();
    assert!(
        named.starts_with("`evaluations/Sleep Plan.toml`: the name of a plan"),
        "{named}"
    );
}

fn lock_of(settings: BTreeMap<String, String>) -> Lock {
    Lock {
        locked_at: "2026-11-30T09:00:00Z".to_owned(),
        korabo_version: "0.1.0".to_owned(),
        lake_versions: BTreeMap::from([("panel_person_year".to_owned(), 3)]),
        settings,
    }
}

#[test]
fn a_lock_reads_back_and_tells_what_has_changed() {
    let filter = "where = '''\nname = \"x\\\\y\" --\ttab\n'''";
    let plan = format!("{PLAN}{filter}\n");
    let folder = folder(&[("sleep.toml", &plan)]);
    let settings = load(&folder).unwrap().plans[0].0.settings(&[]);
    let lock = lock_of(settings.clone());
    let path = folder.path().join(Lock::path("sleep"));
    fs::write(&path, lock.text("sleep")).unwrap();
    let read = load(&folder).unwrap().plans[0].1.clone();
    assert_eq!(read.as_ref(), Some(&lock));
    assert!(lock.deviations(&settings).is_empty());

    let changed = plan.replace("[\"sleep_rest\"]", "[\"bmi\"]")
        + "[gates.clusters]\nblind_at = 2\nreason = \"a\"\n";
    fs::write(folder.path().join("evaluations/sleep.toml"), changed).unwrap();
    let now = load(&folder).unwrap().plans[0]
        .0
        .settings(&[("bmi".to_owned(), 0.5)]);
    let deviations: Vec<String> = lock
        .deviations(&now)
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "gates.clusters.blind_at: 3 → 2",
        "primary: sleep_rest → bmi",
        "smallest_change.bmi: nothing → 0.5",
    ];
    assert_eq!(deviations, expected);
}

#[test]
fn a_lock_that_was_edited_is_refused() {
    let folder = folder(&[("sleep.toml", PLAN)]);
    let settings = load(&folder).unwrap().plans[0].0.settings(&[]);
    let text = lock_of(settings).text("sleep");
    let path = folder.path().join(Lock::path("sleep"));
    for (from, to) in [
        ("\"sleep_rest\"", "\"bmi\""),
        ("09:00", "10:00"),
        ("= 3\n", "= 4\n"),
    ] {
        assert!(text.contains(from));
        fs::write(&path, text.replace(from, to)).unwrap();
        let error = load(&folder).err().unwrap_or_default();
        assert!(
            error.contains("changed after they were fixed"),
            "{from}: {error}"
        );
    }
}

#[test]
fn unblinding_makes_gates_warn() {
    let mut found = of(PLAN).unwrap();
    let plan = found.plan_mut("sleep").unwrap();
    plan.unblind("asked by the board");
    let thresholds: Vec<_> = plan
        .gates
        .iter()
        .map(|gate| (gate.warn_at, gate.blind_at))
        .collect();
    assert_eq!(thresholds, [(Some(1.0), None), (Some(10.0), None)]);
}
