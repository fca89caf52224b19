//! Which relations wait and which run, without time or tasks.

use std::collections::BTreeMap;

/// Whether a relation reads from other relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationKind {
    /// No relation below it.
    Leaf,
    /// It waits for relations below it.
    Nested,
}

/// What follows from a refusal of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another relation can still end.
    Wait,
    /// An older one needs the memory.
    StartAgain,
    /// No other relation could free memory.
    Fail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Without a permit; holds nothing.
    Queued,
    /// Gathers rows.
    Gathering,
    /// Gathers rows and was refused memory for them.
    Refused,
    /// Needs nothing more.
    Estimating,
}

#[derive(Debug)]
struct Relation {
    statement: String,
    kind: RelationKind,
    stage: Stage,
}

impl Relation {
    fn has_permit(&self) -> bool {
        self.kind == RelationKind::Leaf && self.stage != Stage::Queued
    }
}

/// This many relations in a row must end without a refusal before one more may run beside them.
const ENDS_BEFORE_MORE: usize = 8;

#[derive(Debug)]
pub(super) struct PermitState {
    n_threads: usize,
    /// Permits at present: fewer than threads after relations had to start again.
    n_permits: usize,
    n_ends: usize,
    next_age: u64,
    /// By age, the oldest first.
    relations: BTreeMap<u64, Relation>,
}

impl PermitState {
    pub(super) fn new(n_threads: usize) -> Self {
        let n_threads = n_threads.max(1);
        Self {
            n_threads,
            n_permits: n_threads,
            n_ends: 0,
            next_age: 0,
            relations: BTreeMap::new(),
        }
    }

    pub(super) fn enter(&mut self, statement: &str, kind: RelationKind) -> u64 {
        let age = self.next_age;
        self.next_age += 1;
        let relation = Relation {
            statement: statement.to_owned(),
            kind,
            stage: Stage::Queued,
        };
        self.relations.insert(age, relation);
        age
    }

    /// Whether the relation may run now.
    pub(super) fn admit(&mut self, age: u64) -> bool {
        let is_free = match self.relations.get(&age) {
            Some(relation) if relation.kind == RelationKind::Leaf => {
                self.n_with_permit() < self.n_permits && self.next_queued() == Some(age)
            }
            _ => true,
        };
        if is_free {
            self.enter_stage(age, Stage::Gathering);
        }
        is_free
    }

    pub(super) fn granted(&mut self, age: u64) {
        self.enter_stage(age, Stage::Gathering);
    }

    pub(super) fn estimating(&mut self, age: u64) {
        self.enter_stage(age, Stage::Estimating);
    }

    /// What a refusal of memory means for the relation, and whether others do not know of it yet.
    pub(super) fn refused(&mut self, age: u64) -> (Refusal, bool) {
        let is_news = self.relations[&age].stage != Stage::Refused;
        self.enter_stage(age, Stage::Refused);
        (self.after_refusal(age), is_news)
    }

    fn after_refusal(&self, age: u64) -> Refusal {
        let mut others = self.relations.iter().filter(|(other, _)| **other != age);
        if others.any(|(_, other)| self.can_end(other)) {
            return Refusal::Wait;
        }
        let refused = |kind: RelationKind| {
            let relations = self.relations.iter();
            relations
                .filter(move |(_, other)| other.stage == Stage::Refused && other.kind == kind)
                .map(|(&age, _)| age)
        };
        match self.relations[&age].kind {
            RelationKind::Leaf => match refused(RelationKind::Leaf).count() {
                1 => Refusal::Fail,
                _ if refused(RelationKind::Leaf).max() == Some(age) => Refusal::StartAgain,
                _ => Refusal::Wait,
            },
            RelationKind::Nested if refused(RelationKind::Leaf).next().is_some() => Refusal::Wait,
            RelationKind::Nested if refused(RelationKind::Nested).max() == Some(age) => {
                Refusal::Fail
            }
            RelationKind::Nested => Refusal::Wait,
        }
    }

    /// Whether the relation ends without memory that it was refused, and without a permit for another one.
    fn can_end(&self, relation: &Relation) -> bool {
        match (relation.stage, relation.kind) {
            (Stage::Estimating, _) | (Stage::Gathering, RelationKind::Leaf) => true,
            // What it reads from has ended.
            (Stage::Gathering, RelationKind::Nested) => {
                let mut relations = self.relations.values();
                !relations.any(|other| {
                    other.kind == RelationKind::Leaf && other.statement == relation.statement
                })
            }
            (Stage::Queued | Stage::Refused, _) => false,
        }
    }

    pub(super) fn can_start_again(&self, age: u64) -> bool {
        let is_other =
            |(other, relation): (&u64, &Relation)| *other != age && relation.has_permit();
        self.relations[&age].kind == RelationKind::Leaf && self.relations.iter().any(is_other)
    }

    pub(super) fn start_again(&mut self, age: u64) {
        self.enter_stage(age, Stage::Queued);
        self.n_permits = self.n_with_permit().clamp(1, self.n_permits);
        self.n_ends = 0;
    }

    pub(super) fn leave(&mut self, age: u64) {
        let left = self.relations.remove(&age);
        if self.relations.is_empty() {
            self.n_permits = self.n_threads;
        } else if left.is_some_and(|left| left.stage == Stage::Estimating) {
            self.n_ends += 1;
            if self.n_ends >= ENDS_BEFORE_MORE {
                self.n_ends = 0;
                self.n_permits = self.n_threads.min(self.n_permits + 1);
            }
        }
    }

    fn enter_stage(&mut self, age: u64, stage: Stage) {
        if let Some(relation) = self.relations.get_mut(&age) {
            relation.stage = stage;
        }
    }

    fn n_with_permit(&self) -> usize {
        let relations = self.relations.values();
        relations.filter(|relation| relation.has_permit()).count()
    }

    /// The oldest of the statement that has the fewest permits.
    fn next_queued(&self) -> Option<u64> {
        let n_of = |statement: &str| {
            let relations = self.relations.values();
            let of_it =
                relations.filter(|other| other.has_permit() && other.statement == statement);
            of_it.count()
        };
        let queued = self.relations.iter().filter(|(_, relation)| {
            relation.kind == RelationKind::Leaf && relation.stage == Stage::Queued
        });
        let next = queued.min_by_key(|(age, relation)| (n_of(&relation.statement), **age));
        next.map(|(&age, _)| age)
    }
}
