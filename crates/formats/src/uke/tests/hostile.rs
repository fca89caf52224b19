//! Malformed and hostile files.

use std::io::Read;

use super::*;

#[test]
fn what_is_malformed_is_refused_with_its_place() {
    for (from, to, rule, n_claims) in [
        ("RE,1,1116", "RE,1,6116", Rule::ClaimKind, 0),
        ("RE,1,1116", "RE,1,1716", Rule::Code, 0),
        ("RE,1,1116", "RE,1,111", Rule::Number, 0),
        ("1116,202404", "1116,202413", Rule::DateForm, 0),
        ("1116,202404", "1116,", Rule::Missing, 0),
        ("202405,00", "今月,00", Rule::DateForm, 0),
        ("3,1234,,2", "3,,,2", Rule::Missing, 0),
        ("3,1234,,2", "3,-1234,,2", Rule::Number, 0),
        ("3,1234,,2", "3,99999999999999999999,,2", Rule::Number, 0),
        ("HO,  138057", "HO,架空花子", Rule::Number, 0),
        ("SY,2500013", "SY,250013", Rule::Number, 1),
        ("20578002", "205780", Rule::Modifier, 1),
        ("IY,21,1,610000001", "IY,21,1,61000001", Rule::Number, 1),
        ("SI,60", "架空花子,60", Rule::UnknownRecord, 1),
        (
            "IR,1,13,1,1234567",
            "XX,1,13,1,1234567",
            Rule::NoInstitution,
            0,
        ),
        ("RE,1,1116", "XX,1,1116", Rule::NoClaim, 0),
        ("HO,  138057", "KO,12345678", Rule::NoInsurer, 0),
        (
            "GO,1,1234,99\r\n\u{1a}",
            "\u{1a}\r\nRE,1\r\n",
            Rule::AfterEnd,
            1,
        ),
    ] {
        let read = read(&cp932(&MEDICAL.replace(from, to)));
        assert!(
            read.rejects.counts().contains_key(&rule),
            "{from} → {to}: {:?}",
            read.rejects.counts()
        );
        assert_eq!(read.claims.len(), n_claims, "{from} → {to}");
        for reject in read.rejects.first() {
            let message = reject.to_string();
            assert!(message.starts_with("`RECEIPTC.UKE`, line "), "{message}");
            for value in [
                "架空",
                "138057",
                "カクウ",
                "ｶｸｳ",
                "19691028",
                "０００４５６",
            ] {
                assert!(!message.contains(value), "{message}");
            }
        }
    }
    let read = read(&cp932(&MEDICAL.replace("3,1234,,2", "3,12x4,,2")));
    let message = read.rejects.first()[0].to_string();
    assert_eq!(
        message,
        "`RECEIPTC.UKE`, line 3, HO, field 5: not a number in the range that the field allows"
    );
}

#[test]
fn a_refused_claim_takes_no_other_with_it() {
    let second = MEDICAL
        .lines()
        .filter(|line| !line.starts_with("IR"))
        .collect::<Vec<_>>()
        .join("\r\n");
    let first = MEDICAL
        .replace("3,1234,,2", "3,x,,2")
        .replace("GO,1,1234,99\r\n\u{1a}", "");
    let read = read(&cp932(&format!("{first}{second}")));
    assert_eq!((read.claims.len(), read.summary.n_refused), (1, 1));
    assert_eq!(rules(&read.rejects), [(Rule::Number, 1)]);
    assert_eq!(read.claims[0].claim.diagnoses.len(), 3);
}

#[test]
fn utf_8_is_read_by_its_mark() {
    let (claim, _) = one(MEDICAL);
    let marked = [b"\xef\xbb\xbf".as_slice(), MEDICAL.as_bytes()].concat();
    let read = read(&marked);
    assert_eq!(read.claims[0].claim, claim);
    assert!(read.claims[0].identity.fields().kana_name == "カクウハナコ");
}

/// Bytes without end, of one kind.
struct Flood(u64, u8);

impl Read for Flood {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer
            .len()
            .min(usize::try_from(self.0).unwrap_or(usize::MAX));
        buffer[..n].fill(self.1);
        self.0 -= n as u64;
        Ok(n)
    }
}

#[test]
fn a_gigabyte_in_one_line_is_passed_over() {
    let head = cp932(MEDICAL.split("SJ,").next().unwrap());
    let tail = b"\r\nSY,8840107,20240401,1,,,,\r\n".as_slice();
    let file = head
        .as_slice()
        .chain(b"SJ,01,".as_slice())
        .chain(Flood(1 << 30, b'x'))
        .chain(tail);
    let mut reader = ClaimReader::new(std::io::BufReader::with_capacity(1 << 16, file), options());
    let claim = reader.next_claim().unwrap().unwrap().claim;
    assert_eq!(claim.diagnoses.len(), 4);
    assert_eq!(rules(reader.rejects()), [(Rule::LineTooLong, 1)]);
    let place = &reader.rejects().first()[0].place;
    assert_eq!((place.line, &place.record), (Some(16), &None));
}

#[test]
fn a_claim_of_endless_records_is_left_out() {
    let endless = MEDICAL.replace(
        "SY,2500013,20200101,1,,,01,\r\n",
        &"SY,2500013,20200101,1,,,01,\r\n".repeat(20_001),
    );
    let read = read(&cp932(&endless));
    assert_eq!(
        (read.claims.len(), rules(&read.rejects)),
        (0, vec![(Rule::ClaimTooLarge, 1)])
    );
    let commas = read_lines(&",".repeat(60_000));
    assert_eq!(rules(&commas.rejects), [(Rule::UnknownRecord, 1)]);
}

fn read_lines(text: &str) -> Read_ {
    read(text.as_bytes())
}
