//! The signal listener without a query.

use super::*;

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
