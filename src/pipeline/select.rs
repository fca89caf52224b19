//! Which queries a command works on: names, globs, tags and states, with the steps of the graph around
//! them. Pure: values in, values out.

use std::collections::BTreeSet;

use super::dag::Dag;
use super::error::PipelineError;
use super::query::Query;
use crate::diagnostic::did_you_mean;

/// What `SELECT…` and `--exclude` ask for, parsed.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Any of these; everything when there is none.
    any: Vec<Intersection>,
    /// None of these.
    none: Vec<Intersection>,
}

/// What selectors need to know about the lake.
#[derive(Debug, Clone, Default)]
pub struct LakeState {
    /// Tables that a run would build.
    pub stale: BTreeSet<String>,
    /// Tables that failed or were not run in the last run.
    pub unfinished: BTreeSet<String>,
}

/// Terms between commas: all of them hold.
type Intersection = Vec<Term>;

/// One word of a selection, as in `2+tag:nightly+`.
#[derive(Debug, Clone)]
struct Term {
    /// As the user wrote it.
    text: String,
    criterion: Criterion,
    /// Steps towards what it needs.
    n_before: usize,
    /// Steps towards what needs it.
    n_after: usize,
}

/// What a query is picked by.
#[derive(Debug, Clone)]
enum Criterion {
    /// A name, or a pattern with `*` and `?`.
    Name(String),
    Tag(String),
    /// The plan that a query was made for.
    Evaluation(String),
    Stale,
    Unfinished,
}

const KINDS: [&str; 4] = ["tag", "evaluation", "state", "result"];

impl Selection {
    /// Parses selectors. A selector may hold several, separated by blanks.
    ///
    /// # Errors
    /// When a word is not a selector.
    pub fn parse(select: &[String], exclude: &[String]) -> Result<Self, PipelineError> {
        Ok(Self {
            any: intersections(select)?,
            none: intersections(exclude)?,
        })
    }

    /// Whether it selects every query.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.any.is_empty() && self.none.is_empty()
    }

    /// Whether it asks which tables are stale.
    #[must_use]
    pub fn asks_stale(&self) -> bool {
        self.asks(|criterion| matches!(criterion, Criterion::Stale))
    }

    /// Whether it asks what the last run left undone.
    #[must_use]
    pub fn asks_unfinished(&self) -> bool {
        self.asks(|criterion| matches!(criterion, Criterion::Unfinished))
    }

    fn asks(&self, is: impl Fn(&Criterion) -> bool) -> bool {
        let mut terms = self.any.iter().chain(&self.none).flatten();
        terms.any(|term| is(&term.criterion))
    }

    /// Names of the queries it selects.
    ///
    /// # Errors
    /// When it names a query or a tag that is not in `dag`.
    pub fn names(&self, dag: &Dag, state: &LakeState) -> Result<BTreeSet<String>, PipelineError> {
        let mut names = match self.any.as_slice() {
            [] => dag.queries().iter().map(|q| q.name.clone()).collect(),
            any => union(any, dag, state)?,
        };
        let excluded = union(&self.none, dag, state)?;
        names.retain(|name| !excluded.contains(name));
        Ok(names)
    }
}

/// `names` and every query that reads one of them, directly or not.
#[must_use]
pub fn with_dependents(dag: &Dag, names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = names.clone();
    // In running order, one pass reaches all that follow.
    for query in dag.queries() {
        if query.reads.iter().any(|table| found.contains(table)) {
            found.insert(query.name.clone());
        }
    }
    found
}

fn union(
    any: &[Intersection],
    dag: &Dag,
    state: &LakeState,
) -> Result<BTreeSet<String>, PipelineError> {
    let mut names = BTreeSet::new();
    for intersection in any {
        let mut common: Option<BTreeSet<String>> = None;
        for term in intersection {
            let found = term.names(dag, state)?;
            common = Some(match common {
                None => found,
                Some(common) => common.intersection(&found).cloned().collect(),
            });
        }
        names.extend(common.unwrap_or_default());
    }
    Ok(names)
}

fn intersections(selectors: &[String]) -> Result<Vec<Intersection>, PipelineError> {
    selectors
        .iter()
        .flat_map(|selector| selector.split_whitespace())
        .map(|selector| selector.split(',').map(Term::parse).collect())
        .collect()
}

impl Term {
    fn parse(text: &str) -> Result<Self, PipelineError> {
        let wrong = |problem: String| PipelineError::WrongSelector {
            selector: text.to_owned(),
            problem,
        };
        let (n_before, rest) = match text.split_once('+') {
            Some((n, rest)) => n_steps(n).map_or((0, text), |n| (n, rest)),
            None => (0, text),
        };
        let (n_after, rest) = match rest.rsplit_once('+') {
            Some((rest, n)) => match n_steps(n) {
                Some(n) => (n, rest),
                None => return Err(wrong(format!("`{n}` is not a number of steps"))),
            },
            None => (0, rest),
        };
        let criterion = Criterion::parse(rest).map_err(wrong)?;
        Ok(Self {
            text: text.to_owned(),
            criterion,
            n_before,
            n_after,
        })
    }

    fn names(&self, dag: &Dag, state: &LakeState) -> Result<BTreeSet<String>, PipelineError> {
        let found = self.criterion.names(dag, state, &self.text)?;
        let mut names = needed(dag, &found, self.n_before);
        names.extend(dependents(dag, &found, self.n_after));
        Ok(names)
    }
}

/// Steps beside a `+`; without a number, all.
fn n_steps(text: &str) -> Option<usize> {
    match text {
        "" => Some(usize::MAX),
        _ => text.parse().ok(),
    }
}

impl Criterion {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((kind, value)) = text.split_once(':') else {
            return match text {
                "" => Err("a name is missing".to_owned()),
                name => Ok(Self::Name(name.to_owned())),
            };
        };
        let unknown = |known: &'static str| {
            let hint = did_you_mean(value, [known]);
            Err(format!("`{kind}:` knows only `{known}`{hint}"))
        };
        match kind {
            "tag" if value.is_empty() => Err("a tag is missing".to_owned()),
            "tag" => Ok(Self::Tag(value.to_owned())),
            "evaluation" if value.is_empty() => Err("the name of a plan is missing".to_owned()),
            "evaluation" => Ok(Self::Evaluation(value.to_owned())),
            "state" if value == "stale" => Ok(Self::Stale),
            "state" => unknown("stale"),
            "result" if value == "error" => Ok(Self::Unfinished),
            "result" => unknown("error"),
            _ => {
                let hint = did_you_mean(kind, KINDS);
                let known = "a selector is a name, `tag:NAME`, `evaluation:NAME`, `state:stale` or `result:error`";
                Err(format!("`{kind}:` is unknown{hint} ({known})"))
            }
        }
    }

    fn names(
        &self,
        dag: &Dag,
        state: &LakeState,
        text: &str,
    ) -> Result<BTreeSet<String>, PipelineError> {
        let queries = || dag.queries().iter();
        let named = |is: &dyn Fn(&Query) -> bool| -> BTreeSet<String> {
            queries()
                .filter(|query| is(query))
                .map(|query| query.name.clone())
                .collect()
        };
        match self {
            Self::Name(pattern) => {
                let found = named(&|query| matches(pattern, &query.name));
                if !found.is_empty() {
                    return Ok(found);
                }
                let plain = pattern.replace(['*', '?'], "");
                let names = queries().map(|query| query.name.as_str());
                Err(PipelineError::UnknownSelector {
                    selector: text.to_owned(),
                    hint: did_you_mean(&plain, names),
                })
            }
            Self::Tag(tag) => {
                let found = named(&|query| query.header.tags.contains(tag));
                if !found.is_empty() {
                    return Ok(found);
                }
                let tags = queries().flat_map(|query| &query.header.tags);
                Err(PipelineError::UnknownTag {
                    tag: tag.clone(),
                    hint: did_you_mean(tag, tags.map(String::as_str)),
                })
            }
            Self::Evaluation(name) => {
                let found = named(&|query| query.evaluation() == Some(name));
                if !found.is_empty() {
                    return Ok(found);
                }
                let names = queries().filter_map(Query::evaluation);
                Err(PipelineError::UnknownEvaluation {
                    name: name.clone(),
                    hint: did_you_mean(name, names),
                })
            }
            Self::Stale => Ok(named(&|query| state.stale.contains(&query.name))),
            Self::Unfinished => Ok(named(&|query| state.unfinished.contains(&query.name))),
        }
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any text and `?` for any one character.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p + 1, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            p += 1;
            n += 1;
        // The last star takes one more character; the stars before it need no second attempt.
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            p = after;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// `names` and what they need, at most `n_steps` away.
fn needed(dag: &Dag, names: &BTreeSet<String>, n_steps: usize) -> BTreeSet<String> {
    spread(names, n_steps, |reached| {
        let queries = reached.iter().filter_map(|name| dag.query(name));
        let tables = queries.flat_map(|query| &query.reads);
        tables.filter(|t| dag.query(t).is_some()).cloned().collect()
    })
}

/// `names` and what needs them, at most `n_steps` away.
fn dependents(dag: &Dag, names: &BTreeSet<String>, n_steps: usize) -> BTreeSet<String> {
    spread(names, n_steps, |reached| {
        let queries = dag.queries().iter();
        queries
            .filter(|query| !query.reads.is_disjoint(reached))
            .map(|query| query.name.clone())
            .collect()
    })
}

/// What `step` reaches from `names` in at most `n_steps` steps, `names` included.
fn spread(
    names: &BTreeSet<String>,
    n_steps: usize,
    step: impl Fn(&BTreeSet<String>) -> BTreeSet<String>,
) -> BTreeSet<String> {
    let mut found = names.clone();
    let mut reached = names.clone();
    for _ in 0..n_steps {
        let next = step(&reached);
        reached = next.difference(&found).cloned().collect();
        if reached.is_empty() {
            break;
        }
        found.extend(reached.iter().cloned());
    }
    found
}
