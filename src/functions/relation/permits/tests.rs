//! Who runs, who waits and who fails, for every order of events that could end with none running.

use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};
use futures::FutureExt as _;

use super::*;

fn leaves<const N: usize>(state: &mut PermitState, statement: &str) -> [u64; N] {
    std::array::from_fn(|_| state.enter(statement, RelationKind::Leaf))
}

fn admitted(state: &mut PermitState, relations: &[u64]) -> Vec<u64> {
    let mut admitted = Vec::new();
    // As tasks do: a relation that is admitted lets the others ask again.
    loop {
        let queued = relations.iter().filter(|age| !admitted.contains(*age));
        let next = queued.copied().find(|&age| state.admit(age));
        match next {
            Some(age) => admitted.push(age),
            None => return admitted,
        }
    }
}

#[test]
fn as_many_run_as_there_are_threads_the_oldest_first() {
    let mut state = PermitState::new(2);
    let [first, second, third, fourth] = leaves(&mut state, "s");
    let all = [fourth, third, second, first];
    assert_eq!(admitted(&mut state, &all), [first, second]);
    state.leave(second);
    assert_eq!(admitted(&mut state, &[fourth, third]), [third]);
    // One that is stopped while it waits leaves no gap.
    state.leave(fourth);
    state.leave(first);
    state.leave(third);
    let [next] = leaves(&mut state, "s");
    assert!(state.admit(next));
}

#[test]
fn statements_take_turns() {
    let mut state = PermitState::new(2);
    let [first, second, third] = leaves(&mut state, "of many relations");
    let [other] = leaves(&mut state, "of one");
    let all = [first, second, third, other];
    assert_eq!(admitted(&mut state, &all), [first, other]);
}

#[test]
fn the_youngest_starts_again_and_the_oldest_goes_on() {
    let mut state = PermitState::new(3);
    let [first, second, third, fourth] = leaves(&mut state, "s");
    admitted(&mut state, &[first, second, third]);
    assert_eq!(state.refused(first), (Refusal::Wait, true));
    assert_eq!(state.refused(third), (Refusal::Wait, true));
    assert_eq!(state.refused(second), (Refusal::Wait, true));
    assert_eq!(state.refused(first), (Refusal::Wait, false));
    assert_eq!(state.refused(third), (Refusal::StartAgain, false));
    state.start_again(third);
    assert_eq!(state.refused(second), (Refusal::StartAgain, false));
    state.start_again(second);
    assert_eq!(state.refused(first), (Refusal::Fail, false));
    state.leave(first);
    // One at a time from now on, and what had to start again comes before what has not begun.
    assert_eq!(admitted(&mut state, &[fourth, third, second]), [second]);
}

#[test]
fn more_run_side_by_side_after_a_while_without_a_refusal() {
    let mut state = PermitState::new(2);
    let [first, second] = leaves(&mut state, "s");
    admitted(&mut state, &[first, second]);
    state.refused(first);
    assert_eq!(state.refused(second).0, Refusal::StartAgain);
    state.start_again(second);
    let (mut running, mut waiting) = (first, second);
    for _ in 0..8 {
        let [queued] = leaves(&mut state, "s");
        assert!(!state.admit(queued));
        state.estimating(running);
        state.leave(running);
        assert!(state.admit(waiting));
        (running, waiting) = (waiting, queued);
    }
    assert!(state.admit(waiting));
}

#[test]
fn none_waits_for_a_relation_that_waits_for_it() {
    let mut state = PermitState::new(1);
    let above = state.enter("s", RelationKind::Nested);
    let [below] = leaves(&mut state, "s");
    assert!(state.admit(above));
    assert!(state.admit(below));
    assert_eq!(state.refused(below), (Refusal::Fail, true));
    state.granted(below);
    assert_eq!(state.refused(above), (Refusal::Wait, true));
    assert_eq!(state.refused(below), (Refusal::Fail, true));
    state.leave(below);
    assert_eq!(state.refused(above), (Refusal::Fail, false));
    // What has nothing below it left, or has everything, ends.
    state.granted(above);
    let [other] = leaves(&mut state, "another");
    assert!(state.admit(other));
    assert_eq!(state.refused(other), (Refusal::Wait, true));
    state.estimating(above);
    assert_eq!(state.refused(other), (Refusal::Wait, false));
    state.leave(above);
    assert_eq!(state.refused(other), (Refusal::Fail, false));
}

#[test]
fn two_relations_that_read_from_others_do_not_wait_for_each_other() {
    let mut state = PermitState::new(1);
    let [first, second] = [0, 1].map(|_| state.enter("s", RelationKind::Nested));
    assert!(state.admit(first) && state.admit(second));
    assert_eq!(state.refused(first), (Refusal::Wait, true));
    assert_eq!(state.refused(second), (Refusal::Fail, true));
    state.leave(second);
    assert_eq!(state.refused(first), (Refusal::Fail, false));
}

fn reservation(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
    MemoryConsumer::new("relation").register(pool)
}

#[tokio::test]
async fn a_refused_request_waits_until_another_relation_has_ended() {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(100));
    let permits = Arc::new(Permits::new(2));
    let (first, second) = (reservation(&pool), reservation(&pool));
    let older = permits.enter("s", RelationKind::Leaf).await;
    let younger = permits.enter("s", RelationKind::Leaf).await;
    assert_eq!(older.grow(&first, 60).await.unwrap(), Growth::Granted);
    let mut growth = Box::pin(younger.grow(&second, 60));
    assert!(growth.as_mut().now_or_never().is_none());
    drop((first, older));
    assert_eq!(growth.await.unwrap(), Growth::Granted);
    younger.grow(&second, 101).await.unwrap_err();
}

#[tokio::test]
async fn what_is_dropped_leaves_its_place_to_others() {
    let permits = Arc::new(Permits::new(1));
    let holder = permits.enter("s", RelationKind::Leaf).await;
    let mut stopped = Box::pin(permits.enter("s", RelationKind::Leaf));
    assert!(stopped.as_mut().now_or_never().is_none());
    let mut next = Box::pin(permits.enter("s", RelationKind::Leaf));
    assert!(next.as_mut().now_or_never().is_none());
    drop(stopped);
    assert!(next.as_mut().now_or_never().is_none());
    drop(holder);
    assert!(next.now_or_never().is_some());
}
