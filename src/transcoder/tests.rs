//! Which encoding a text has, and what it says.

use super::*;

fn decoded(bytes: &[u8]) -> Result<String, String> {
    let encoding = TextEncoding::of(bytes).unwrap();
    let mut text = Transcoder::new(bytes, encoding);
    let mut out = Vec::new();
    loop {
        text.fill().map_err(|error| error.to_string())?;
        if text.pending().is_empty() {
            return Ok(String::from_utf8(out).unwrap());
        }
        out.extend_from_slice(text.pending());
        text.consume(text.pending().len());
    }
}

fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, has_unmappable) = SHIFT_JIS.encode(text);
    assert!(!has_unmappable, "{text}");
    bytes.into_owned()
}

#[test]
fn the_bytes_decide() {
    for text in ["", "a,b\n", "健診,①髙\r\nｶﾅ,～\n"] {
        assert_eq!(decoded(text.as_bytes()), Ok(text.to_owned()));
        assert_eq!(decoded(&cp932(text)), Ok(text.to_owned()));
        let marked = [BYTE_ORDER_MARK, text.as_bytes()].concat();
        assert_eq!(decoded(&marked), Ok(text.to_owned()));
    }
}

#[test]
fn what_comes_late_decides_too() {
    let ascii = "a,b\n".repeat(CHUNK_BYTES);
    let text = format!("{ascii}健診\n");
    assert_eq!(
        TextEncoding::of(text.as_bytes()).unwrap(),
        TextEncoding::Utf8
    );
    assert_eq!(
        TextEncoding::of(&cp932(&text)[..]).unwrap(),
        TextEncoding::Cp932
    );
    assert_eq!(decoded(&cp932(&text)), Ok(text));
}

#[test]
fn text_that_is_certainly_utf8_is_not_read_to_its_end() {
    let text = "健診".repeat(CHUNK_BYTES);
    let mut bytes = text.as_bytes();
    assert_eq!(TextEncoding::of(&mut bytes).unwrap(), TextEncoding::Utf8);
    assert!(bytes.len() > CHUNK_BYTES, "{}", bytes.len());
}

#[test]
fn characters_across_chunks_are_whole() {
    for shift in 0..4 {
        let text = format!("{}{}", "a".repeat(shift), "健".repeat(CHUNK_BYTES));
        assert!(decoded(text.as_bytes()).as_ref() == Ok(&text), "{shift}");
        assert!(decoded(&cp932(&text)).as_ref() == Ok(&text), "{shift}");
    }
}

#[test]
fn what_is_neither_is_named_with_byte_and_line() {
    let expected = "it is neither UTF-8 nor CP932: byte 7 in line 2 fits neither";
    assert_eq!(decoded(b"a,b\n1,\xff\n"), Err(expected.to_owned()));
    // A character that the file's end cuts in two.
    let cut = "it is neither UTF-8 nor CP932: byte 5 in line 2 fits neither";
    assert_eq!(decoded(b"a,b\n\x8c"), Err(cut.to_owned()));
}
