//! Everything that is not a regular file is refused, at once and by what it is.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{NotRegular, open, read_to_string};

/// What opening `path` says; fails when it waits.
#[track_caller]
fn refused(path: &Path) -> NotRegular {
    let (sender, receiver) = channel();
    let path = path.to_path_buf();
    std::thread::spawn(move || sender.send(open(&path).map(drop)));
    let opened = receiver
        .recv_timeout(Duration::from_secs(10))
        .expect("it does not wait");
    let error = opened.expect_err("it is refused");
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    *cause.unwrap_or_else(|| panic!("another error: {error}"))
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    mknodat(CWD, path("pipe.csv"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _listener = UnixListener::bind(path("socket.csv")).unwrap();
    fs_err::create_dir(path("folder.csv")).unwrap();
    symlink("/dev/zero", path("zero.csv")).unwrap();
    symlink(path("pipe.csv"), path("link.csv")).unwrap();
    symlink("/proc/self/environ", path("environ.csv")).unwrap();
    for (name, what) in [
        ("pipe.csv", NotRegular::Pipe),
        ("link.csv", NotRegular::Pipe),
        ("socket.csv", NotRegular::Socket),
        ("folder.csv", NotRegular::Folder),
        ("zero.csv", NotRegular::Device),
        ("environ.csv", NotRegular::System),
    ] {
        assert_eq!(refused(&path(name)), what, "{name}");
    }
}

#[test]
fn a_regular_file_is_read_also_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    fs_err::write(&file, "a,b\n").unwrap();
    symlink(&file, folder.path().join("b.csv")).unwrap();
    assert_eq!(
        read_to_string(&folder.path().join("b.csv")).unwrap(),
        "a,b\n"
    );
    let missing = open(&folder.path().join("c.csv")).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
}
