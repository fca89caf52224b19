//! No files that import each other in a circle: to read one file, one need not read the others first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fs_err as fs;

use crate::support::{files_below, root};

/// A module's path from its crate's root; the root is empty.
type Module = Vec<String>;

/// Circles that are meant, each by its files; ARCHITECTURE.md has the reasons.
const MEANT: [&[&str]; 0] = [];

/// The module of a file below `src`; none for tests.
fn module(file: &Path) -> Option<Module> {
    let path = file.with_extension("");
    let mut module: Module = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if module.iter().any(|part| part == "tests") || module == ["main"] {
        return None;
    }
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    Some(module)
}

/// The code of a file: without comments and its own tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths_of(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((lead, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut paths, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in body.char_indices().chain([(body.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = body[start..at].trim();
                start = at + 1;
                if !branch.is_empty() {
                    let below = paths_of(branch).into_iter();
                    paths.extend(below.map(|path| format!("{}{path}", lead.trim())));
                }
            }
            _ => {}
        }
    }
    paths
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Paths that begin with `lead::` outside of `use`.
fn paths_in_code(code: &str, lead: &str) -> Vec<String> {
    let begins = format!("{lead}::");
    let found = code.match_indices(&begins).filter(|(at, _)| {
        let before = code[..*at].chars().next_back();
        !before.is_some_and(|c| is_word(c) || c == ':' || c == '$')
    });
    let found = found.map(|(at, _)| {
        let end = code[at..].find(|c: char| !is_word(c) && c != ':');
        code[at..end.map_or(code.len(), |end| at + end)].to_owned()
    });
    found.collect()
}

/// The module that a path written in `from` names: the longest beginning that is one.
fn resolve(path: &str, from: &[String], modules: &BTreeMap<Module, String>) -> Option<Module> {
    let mut parts: Vec<&str> = path.split("::").map(str::trim).collect();
    let mut full: Module = match parts[0] {
        "crate" => Module::new(),
        "self" | "super" => from.to_vec(),
        child => {
            let below = [from, &[child.to_owned()]].concat();
            modules.contains_key(&below).then(|| from.to_vec())?
        }
    };
    while let Some(first @ ("crate" | "self" | "super")) = parts.first().copied() {
        if first == "super" {
            full.pop();
        }
        parts.remove(0);
    }
    full.extend(parts.into_iter().map(str::to_owned));
    (0..=full.len())
        .rev()
        .map(|len| full[..len].to_vec())
        .find(|beginning| modules.contains_key(beginning))
}

/// Modules that `from` names.
fn imports(from: &Module, code: &str, modules: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let (mut paths, mut rest) = (Vec::new(), String::new());
    for statement in code.split_inclusive(';') {
        let start = ["use ", "pub use "].iter().find_map(|word| {
            let at = statement.rfind(&format!("\n{word}")).map(|at| at + 1);
            let at = at.or_else(|| statement.starts_with(word).then_some(0));
            at.map(|at| (at, at + word.len()))
        });
        let restricted = || {
            let at = statement.rfind("pub(")?;
            let (_, after) = statement[at..].split_once(") use ")?;
            Some((at, statement.len() - after.len()))
        };
        match start.or_else(restricted) {
            Some((at, tree)) => {
                rest.push_str(&statement[..at]);
                paths.extend(paths_of(statement[tree..].trim_end_matches(';')));
            }
            None => rest.push_str(statement),
        }
    }
    for lead in ["crate", "super", "self"] {
        paths.extend(paths_in_code(&rest, lead));
    }
    let children = modules
        .keys()
        .filter(|module| module.len() == from.len() + 1 && module.starts_with(from));
    for child in children {
        paths.extend(paths_in_code(&rest, child.last().unwrap()));
    }
    let named = paths.iter().filter_map(|path| resolve(path, from, modules));
    named.filter(|module| module != from).collect()
}

/// All that can be reached from `start`.
fn reached(start: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(module) = open.pop() {
        for next in &imports[module] {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// Groups of modules each of which reaches all others of its group.
fn circles(modules: &BTreeMap<Module, String>) -> Vec<Vec<String>> {
    let imports: BTreeMap<Module, BTreeSet<Module>> = modules
        .iter()
        .map(|(module, code)| (module.clone(), imports(module, code, modules)))
        .collect();
    let reach: BTreeMap<&Module, BTreeSet<Module>> = imports
        .keys()
        .map(|module| (module, reached(module, &imports)))
        .collect();
    let groups: BTreeSet<Vec<String>> = reach
        .iter()
        .filter(|(module, reached)| reached.contains(**module))
        .map(|(module, reached)| {
            let group = reached
                .iter()
                .filter(|other| reach[other].contains(*module));
            group.map(|module| module.join("::")).collect()
        })
        .collect();
    groups.into_iter().collect()
}

fn modules_below(folder: &Path) -> BTreeMap<Module, String> {
    let files = files_below(folder).into_iter();
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| {
            let text = fs::read_to_string(folder.join(&file)).unwrap();
            Some((module(&file)?, code(&text)))
        })
        .collect()
}

#[test]
fn files_import_each_other_in_no_circle() {
    let mut folders = vec![root().join("src")];
    let crates = fs::read_dir(root().join("crates")).unwrap();
    folders.extend(crates.map(|one| one.unwrap().path().join("src")));
    let mut found = Vec::new();
    for folder in folders {
        found.extend(circles(&modules_below(&folder)));
    }
    found.retain(|circle| {
        !MEANT.contains(
            &circle
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        )
    });
    let lines: Vec<String> = found.iter().map(|circle| circle.join(", ")).collect();
    assert!(lines.is_empty(), "circles:\n{}", lines.join("\n"));
}

#[test]
fn circles_are_seen() {
    let files = [
        ("", "pub mod a;\nmod b;\nmod c;"),
        (
            "a",
            "use std::fmt;\npub(crate) use crate::{b::{self, B}, c::C as D};\n",
        ),
        ("b", "fn f() { super::c::g::<u8>() }"),
        ("c", "mod d;\nfn g() { d::h() }"),
        ("c::d", "// use super::g;\nfn h() { crate::e() }"),
    ];
    let mut modules: BTreeMap<Module, String> = files
        .iter()
        .map(|(name, text)| {
            let parts = name.split("::").filter(|part| !part.is_empty());
            (parts.map(str::to_owned).collect(), code(text))
        })
        .collect();
    assert_eq!(circles(&modules), Vec::<Vec<String>>::new());
    modules.insert(
        vec!["c".to_owned(), "d".to_owned()],
        "use super::super::a;".to_owned(),
    );
    assert_eq!(circles(&modules), [["a", "b", "c", "c::d"]]);
}
