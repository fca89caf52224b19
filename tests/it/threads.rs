//! The same digits whatever the machine: any number of threads, little memory.

use crate::support::Project;

const EFFECTS: [&str; 3] = [
    "panel_person_year",
    "evaluation_estimates_smoking",
    "effect_summary",
];

#[test]
fn one_thread_and_two_give_the_same_digits() {
    let one = Project::unbuilt();
    one.korabo(&["run", "--threads", "1"]).exits(0);
    let two = Project::unbuilt();
    two.korabo(&["run", "--threads", "2"]).exits(0);
    let (one, two) = (one.contents(&EFFECTS), two.contents(&EFFECTS));
    for (table, text) in &one {
        assert!(text.lines().count() > 10);
        let differing = text.lines().zip(two[table].lines()).find(|(a, b)| a != b);
        assert_eq!(differing, None, "{table}");
        assert!(*text == two[table], "{table}");
    }
}

#[test]
fn small_memory_is_enough_for_a_small_world_and_changes_no_digit() {
    let project = Project::unbuilt();
    project.korabo(&["run", "--memory-limit", "200M"]).exits(0);
    let expected = Project::built().contents(&EFFECTS);
    assert!(project.contents(&EFFECTS) == expected);
}
