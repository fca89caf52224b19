//! The clock and the signal listener without a query.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn clock_rings_after_its_time_and_not_before() {
    let started = Instant::now();
    time_is_up(Some(Duration::from_millis(60))).await;
    assert!(started.elapsed() >= Duration::from_millis(60));
    let never = tokio::time::timeout(Duration::from_millis(60), time_is_up(None));
    assert!(never.await.is_err());
}

#[tokio::test]
async fn what_was_pressed_before_a_statement_does_not_stop_it() {
    let (sender, counts) = watch::channel(0);
    let mut interrupts = Interrupts { counts };
    sender.send_modify(|count| *count += 1);
    interrupts.forget();
    assert!(!interrupts.within(Duration::from_millis(50)).await);
    sender.send_modify(|count| *count += 1);
    assert!(interrupts.within(Duration::from_secs(5)).await);
}
