//! What reaches the terminal and what the pager.

use std::time::Duration;

use super::*;

/// A pager that writes what it gets to a file.
fn pager(folder: &tempfile::TempDir) -> Pager {
    let file = folder.path().join("seen");
    Pager::new(&format!("tee {}", file.display())).unwrap()
}

fn seen(folder: &tempfile::TempDir) -> Option<String> {
    fs_err::read_to_string(folder.path().join("seen")).ok()
}

/// Writes the pieces and returns what reached the terminal.
async fn written(pager: &Pager, window: (usize, usize), pieces: &[&str]) -> String {
    let mut terminal = Vec::new();
    let mut output = PagedOutput::new(&mut terminal, pager.clone(), window, || {});
    for piece in pieces {
        output.write_all(piece.as_bytes()).unwrap();
        output.flush().unwrap();
    }
    drop(output);
    pager.closed().await;
    String::from_utf8(terminal).unwrap()
}

#[tokio::test]
async fn what_fits_the_window_goes_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let text = written(
        &pager(&folder),
        (4, 10),
        &["健診健診健\n", "b\n", "\u{1b}[1mc\u{1b}[0m"],
    )
    .await;
    assert_eq!(text, "健診健診健\nb\n\u{1b}[1mc\u{1b}[0m");
    assert_eq!(seen(&folder), None);
}

#[tokio::test]
async fn what_is_too_long_or_too_wide_goes_to_the_pager_whole() {
    for (window, pieces) in [
        ((3, 10), &["a\nb\n", "c\n", "d\n"][..]),
        ((30, 10), &["a\n", "健診健", "診健診\n"][..]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let terminal = written(&pager(&folder), window, pieces).await;
        assert_eq!(terminal, "");
        assert_eq!(seen(&folder).unwrap(), pieces.concat());
    }
}

#[tokio::test]
async fn missing_pager_is_done_without() {
    let pager = Pager::new("korabo-has-no-such-pager -S").unwrap();
    let text = written(&pager, (2, 10), &["a\nb\nc\n", "d\n"]).await;
    assert_eq!(text, "a\nb\nc\nd\n");
    assert!(Pager::new("  ").is_none());
}

#[tokio::test]
async fn leaving_the_pager_is_known_and_breaks_the_pipe() {
    let pager = Pager::new("true").unwrap();
    let mut output = PagedOutput::new(Vec::new(), pager.clone(), (1, 10), || {});
    let first = output.write_all(b"a\nb\n");
    tokio::time::timeout(Duration::from_secs(60), pager.left())
        .await
        .unwrap();
    let second = output.write_all(b"c\n");
    let kinds = [first, second].map(|result| result.err().map(|error| error.kind()));
    assert!(
        kinds.contains(&Some(io::ErrorKind::BrokenPipe)),
        "{kinds:?}"
    );
    pager.forget();
    let left = tokio::time::timeout(Duration::from_millis(50), pager.left());
    assert!(left.await.is_err());
}
