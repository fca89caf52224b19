//! What is withheld, in tables that can be checked by hand, and that the order of the input does not matter.

#![expect(clippy::unwrap_used, reason = "tests")]

use korabo_suppression::{
    Cell, CellStatus, Decision, Problem, ProblemError, ProtectionRules, Reason, protect,
};

const RULES: ProtectionRules = ProtectionRules {
    min_count: 5,
    width: 3,
    rounding: None,
    zeros_are_sensitive: false,
    whole_below: 200,
};

fn cell(atoms: &[u32], status: CellStatus, priority: u32) -> Cell {
    let key = atoms
        .iter()
        .fold(7, |key: u64, atom| key * 31 + u64::from(*atom));
    Cell {
        atoms: atoms.to_vec(),
        status,
        priority,
        key,
    }
}

/// A total of three parts.
fn one_row(counts: [u64; 3]) -> Problem {
    let mut cells = vec![cell(&[0, 1, 2], CellStatus::Candidate, 0)];
    cells.extend((0..3).map(|atom| cell(&[atom], CellStatus::Candidate, 1)));
    Problem {
        atoms: counts.to_vec(),
        cells,
    }
}

fn decisions(problem: &Problem) -> Vec<Decision> {
    protect(problem, &RULES).unwrap().cells
}

#[test]
fn a_small_cell_takes_the_smallest_other_with_it() {
    use Decision::{Published, Withheld};
    let expected = [
        Published,
        Withheld(Reason::Small),
        Withheld(Reason::Secondary),
        Published,
    ];
    assert_eq!(decisions(&one_row([3, 12, 50])), expected);
    assert_eq!(decisions(&one_row([13, 12, 50])), [Published; 4]);
}

#[test]
fn zeros_are_shown_unless_they_are_sensitive() {
    let problem = one_row([0, 12, 50]);
    assert_eq!(decisions(&problem), [Decision::Published; 4]);
    let rules = ProtectionRules {
        zeros_are_sensitive: true,
        ..RULES
    };
    let answer = protect(&problem, &rules).unwrap();
    assert_eq!(answer.cells[1], Decision::Withheld(Reason::Small));
    assert!(answer.cells[2..].contains(&Decision::Withheld(Reason::Secondary)));
}

#[test]
fn a_total_that_grew_by_one_person_is_not_said_again() {
    let cells = vec![
        cell(&[0], CellStatus::Left, 0),
        cell(&[0, 1], CellStatus::Candidate, 0),
    ];
    let answer = protect(
        &Problem {
            atoms: vec![50, 1],
            cells,
        },
        &RULES,
    )
    .unwrap();
    assert_eq!(
        answer.cells,
        [
            Decision::Published,
            Decision::Withheld(Reason::EarlierRelease)
        ]
    );
    assert!(answer.already_disclosed.is_empty());
}

#[test]
fn what_left_too_early_is_reported() {
    let cells = vec![
        cell(&[0], CellStatus::Left, 0),
        cell(&[0, 1], CellStatus::Left, 0),
    ];
    let answer = protect(
        &Problem {
            atoms: vec![50, 1],
            cells,
        },
        &RULES,
    )
    .unwrap();
    assert_eq!(answer.already_disclosed.len(), 1);
    assert_eq!(answer.already_disclosed[0].atoms, [1]);
    assert!(answer.protected.is_empty());
}

#[test]
fn nobody_is_given_up_because_a_walk_misses_his_partner() {
    // One person was hidden among others, of whom all but the last were known already.
    let n_known = 30;
    let partner = 2 * n_known + 1;
    let mut everybody = vec![0];
    let mut cells = Vec::new();
    for known in 1..=n_known {
        everybody.push(known);
        let other = n_known + known;
        cells.push(cell(&[known, other], CellStatus::Left, 1));
        cells.push(cell(&[other], CellStatus::Left, 2));
    }
    everybody.push(partner);
    cells.push(cell(&everybody, CellStatus::Left, 0));
    cells.push(cell(&[partner], CellStatus::Candidate, 2));
    let mut atoms = vec![20; partner as usize + 1];
    atoms[0] = 1;
    for whole_below in [0, 200] {
        let rules = ProtectionRules {
            whole_below,
            ..RULES
        };
        let problem = Problem {
            atoms: atoms.clone(),
            cells: cells.clone(),
        };
        let answer = protect(&problem, &rules).unwrap();
        let last = answer.cells.last();
        assert!(
            matches!(last, Some(Decision::Withheld(_))),
            "whole_below {whole_below}: {last:?}"
        );
        assert!(answer.already_disclosed.is_empty());
    }
}

#[test]
fn a_group_that_follows_from_three_cells_is_protected() {
    // All − the two parts that are known leaves 2 persons who are no cell.
    let cells = vec![
        cell(&[0, 1, 2], CellStatus::Candidate, 0),
        cell(&[0], CellStatus::Candidate, 1),
        cell(&[1], CellStatus::Candidate, 1),
    ];
    let answer = protect(
        &Problem {
            atoms: vec![20, 30, 2],
            cells,
        },
        &RULES,
    )
    .unwrap();
    assert_eq!(answer.cells[1], Decision::Withheld(Reason::Secondary));
}

#[test]
fn the_pattern_follows_the_cells() {
    let mut problem = Problem {
        atoms: vec![2, 12, 9, 11, 30, 7, 6, 8, 4],
        cells: Vec::new(),
    };
    let all: Vec<u32> = (0..9).collect();
    problem.cells.push(cell(&all, CellStatus::Candidate, 0));
    for line in 0..3 {
        let row: Vec<u32> = (0..3).map(|place| 3 * line + place).collect();
        let column: Vec<u32> = (0..3).map(|place| 3 * place + line).collect();
        problem.cells.push(cell(&row, CellStatus::Candidate, 1));
        problem.cells.push(cell(&column, CellStatus::Candidate, 1));
    }
    problem
        .cells
        .extend((0..9).map(|atom| cell(&[atom], CellStatus::Candidate, 2)));
    let expected = decisions(&problem);
    assert!(expected.contains(&Decision::Withheld(Reason::Secondary)));
    for step in [2, 4, 5, 7] {
        let place = |atom: u32| (atom * step + 1) % 9;
        let mut moved = Problem {
            atoms: vec![0; 9],
            cells: Vec::new(),
        };
        if (0..9)
            .map(place)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            < 9
        {
            continue;
        }
        for (atom, count) in (0..).zip(&problem.atoms) {
            moved.atoms[place(atom) as usize] = *count;
        }
        for other in problem.cells.iter().rev() {
            let mut atoms: Vec<u32> = other.atoms.iter().map(|atom| place(*atom)).collect();
            atoms.sort_unstable();
            moved.cells.push(Cell {
                atoms,
                ..other.clone()
            });
        }
        let mut found = decisions(&moved);
        found.reverse();
        assert_eq!(found, expected, "step {step}");
    }
}

#[test]
fn refuses_cells_that_make_no_sense() {
    let mut problem = one_row([1, 2, 3]);
    problem.cells[2].atoms = vec![9];
    let error = protect(&problem, &RULES)
        .map(|answer| answer.cells)
        .unwrap_err();
    assert_eq!(
        error,
        ProblemError::NoSuchAtom {
            cell: 2,
            atom: 9,
            n_atoms: 3
        }
    );
    problem.cells[2].atoms = vec![1, 1];
    let error = protect(&problem, &RULES)
        .map(|answer| answer.cells)
        .unwrap_err();
    assert_eq!(error, ProblemError::Unsorted { cell: 2 });
}
