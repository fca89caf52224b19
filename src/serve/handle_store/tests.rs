//! Who finds what, and for how long.

use super::*;

#[test]
fn only_the_owner_finds_changes_and_forgets() {
    let held = HandleStore::new(8, Duration::from_secs(60));
    let now = Instant::now();
    let handle = held.keep("hanako", 1, now).unwrap();
    assert_eq!(held.find("taro", &handle, now), None);
    assert!(!held.replace("taro", &handle, 2));
    held.forget("taro", &handle);
    assert_eq!(held.find("hanako", &handle, now), Some(1));
    assert!(held.replace("hanako", &handle, 3));
    assert_eq!(held.find("hanako", &handle, now), Some(3));
    held.forget("hanako", &handle);
    assert_eq!(held.find("hanako", &handle, now), None);
    assert_eq!(held.find("hanako", b"short", now), None);
}

#[test]
fn what_is_not_used_ends_and_too_many_push_out_the_least_used() {
    let held = HandleStore::new(2, Duration::from_secs(60));
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let first = held.keep("hanako", 1, at(0)).unwrap();
    let second = held.keep("hanako", 2, at(1)).unwrap();
    let others = held.keep("taro", 9, at(1)).unwrap();
    assert_eq!(held.find("hanako", &first, at(2)), Some(1));
    let third = held.keep("hanako", 3, at(3)).unwrap();
    assert_eq!(held.find("hanako", &second, at(3)), None);
    assert_eq!(held.find("taro", &others, at(3)), Some(9));
    assert_eq!(held.find("hanako", &first, at(61)), Some(1));
    assert_eq!(held.find("hanako", &third, at(63)), None);
}
