//! A small project with insured persons, employees and visits, one of whom is to be withdrawn.

use crate::support::Project;

/// The columns of a contract, from `name type extra`.
fn contract(description: &str, key: &[&str], columns: &[&str]) -> String {
    let mut text = format!(
        "description = \"{description}\"\ndescription_ja = \"表\"\ngrain = \"One row.\"\nholder = \"insurer\"\nkey = {key:?}\n"
    );
    for column in columns {
        let (name, rest) = column.split_once(' ').unwrap();
        let (data_type, extra) = rest.split_once(' ').unwrap_or((rest, ""));
        text.push_str(&format!(
            "\n[columns.{name}]\nname_ja = \"列\"\ndescription = \"Column\"\ntype = \"{data_type}\"\nprivacy = \"pseudonym\"\n{extra}\n"
        ));
    }
    text
}

/// A token of one pair of digits.
pub(crate) fn token(pair: &str) -> String {
    pair.repeat(32)
}

/// The person who is withdrawn, the key at the employer that is theirs alone, and their household, which has no other person.
pub(crate) const GONE: [&str; 3] = ["f3", "e3", "c3"];
/// A key at the employer that stands beside the person's token and another's.
pub(crate) const IN_CONFLICT: &str = "e5";

const QUERIES: [(&str, &str); 8] = [
    (
        "clean_members",
        "-- key: person_key\nselect normalize_key(person_key) as person_key, household_key, insurer_id, age from members",
    ),
    (
        "clean_employees",
        "select normalize_key(employee_key) as employee_key, normalize_key(link_token) as link_token from employees",
    ),
    (
        "clean_absences",
        "-- key: employee_key\nselect normalize_key(employee_key) as employee_key, days from absences",
    ),
    (
        "link_person_ids",
        "-- identity: person_key -> person_id\n-- key: person_key\nselect distinct person_key from clean_members",
    ),
    (
        "link_household_ids",
        "-- identity: household_key -> household_id\n-- key: household_key\nselect distinct household_key from clean_members",
    ),
    (
        "panel_members",
        "-- key: person_id\n-- partition_by: insurer_id\nselect person_id, household_id, insurer_id, age from clean_members join link_person_ids using (person_key) join link_household_ids using (household_key)",
    ),
    (
        "panel_absences",
        "select person_id, days from clean_absences join clean_employees using (employee_key) join link_person_ids on person_key = link_token",
    ),
    (
        "summary_insurers",
        "-- sensitivity: aggregate\nselect insurer_id, count(*) as n from panel_members group by insurer_id",
    ),
];

pub(crate) fn project() -> Project {
    let project = Project::empty();
    let tables = ["members", "employees", "absences", "visits", "findings"];
    let sources = tables.map(|table| {
        format!(
            "[sources.{table}]\nfiles = [\"{table}*.csv\"]\nwithdraw = [\"without_{table}*.csv\"]\nmax_reject_share = 0.7\n"
        )
    });
    let config = "[project]\nname = \"a\"\n\n[extracts]\npath = \"extracts\"\n";
    project.write("korabo.toml", format!("{config}\n{}", sources.join("\n")));
    let members = [
        "person_key token",
        "household_key token person = false",
        "insurer_id string",
        "age i16 min = 0.0",
    ];
    project.write(
        "schemas/members.toml",
        contract("Members", &["person_key"], &members),
    );
    let employees = [
        "employee_key token",
        "link_token token nullable = true",
        "spell i8",
    ];
    project.write(
        "schemas/employees.toml",
        contract("Employees", &["employee_key", "spell"], &employees),
    );
    let absences = ["employee_key token", "days f64"];
    project.write(
        "schemas/absences.toml",
        contract("Absences", &["employee_key"], &absences),
    );
    let visits = ["visit_id string", "person_key token"];
    project.write(
        "schemas/visits.toml",
        contract("Visits", &["visit_id"], &visits),
    );
    let findings = contract(
        "Findings",
        &["visit_id", "code"],
        &["visit_id string", "code i8"],
    );
    let reference = "[[references]]\ncolumns = [\"visit_id\"]\ntable = \"visits\"\ntable_columns = [\"visit_id\"]\n\n[columns";
    project.write(
        "schemas/findings.toml",
        findings.replacen("[columns", reference, 1),
    );
    for (name, sql) in QUERIES {
        project.write(
            &format!("queries/{name}.sql"),
            format!("-- One row.\n{sql}\n"),
        );
    }
    deliver(&project);
    project
}

/// Two deliveries, each with a run.
fn deliver(project: &Project) {
    let member = |person: &str, household: &str, age: i32| {
        format!("{},{},1,{age}\n", token(person), token(household))
    };
    let header = "person_key,household_key,insurer_id,age\n";
    let first = [
        member("a1", "c1", 40),
        member("a2", "c1", 41),
        member("a4", "c4", 42),
    ];
    project.write(
        "extracts/members_1.csv",
        format!("{header}{}", first.concat()),
    );
    let employees = [
        ("e1", "a1", 1),
        ("e3", "f3", 1),
        ("e3", "", 2),
        ("e4", "a4", 1),
        ("e5", "f3", 1),
        ("e5", "a2", 2),
    ];
    let rows =
        employees.map(|(own, link, spell)| format!("{},{},{spell}\n", token(own), token(link)));
    project.write(
        "extracts/employees.csv",
        format!("employee_key,link_token,spell\n{}", rows.concat()),
    );
    let rows = ["e1", "e3", "e4", "e5"].map(|own| format!("{},3\n", token(own)));
    project.write(
        "extracts/absences.csv",
        format!("employee_key,days\n{}", rows.concat()),
    );
    let visits = [("v1", "a1"), ("v3", "f3"), ("v4", "a4")];
    let visits = visits.map(|(visit, person)| format!("{visit},{}\n", token(person)));
    project.write(
        "extracts/visits.csv",
        format!("visit_id,person_key\n{}", visits.concat()),
    );
    project.write(
        "extracts/findings.csv",
        "visit_id,code\nv1,1\nv3,1\nv3,2\nv4,1\nv3,x\n",
    );
    project.korabo(&["run"]).exits(0);
    // The person gets the highest number, and has a row that is rejected, in another spelling.
    let second = [
        member("f3", "c3", 50),
        member("f3", "c3", -1).to_uppercase(),
        member("a7", "c4", -1),
    ];
    project.write(
        "extracts/members_2.csv",
        format!("{header}{}", second.concat()),
    );
    project.korabo(&["run"]).exits(0);
    project.write("tokens.csv", format!("person_key\n{}\n", token("f3")));
}
