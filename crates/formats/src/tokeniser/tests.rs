//! Which persons share tokens, and which secrets are refused.

use super::*;

const SECRET: &[u8] = b"4f1c9a0be27d83563de8a1f0942b7c65";

fn tokens(fields: &IdentityFields<'_>) -> PersonTokens {
    Tokeniser::new(SECRET)
        .unwrap()
        .person(&Identity::new(fields))
}

const CLAIM: IdentityFields<'_> = IdentityFields {
    insurer_number: "  138057",
    symbol: "１２－３",
    number: "０００４５６",
    branch: "1",
    kana_name: "ｷｷﾝ ﾊﾅｺ",
    birth_date: "3441028",
    sex: "2",
};

#[test]
fn one_person_has_one_token_whatever_the_file() {
    let checkup = IdentityFields {
        insurer_number: "00138057",
        symbol: "123",
        number: "456",
        branch: "01",
        kana_name: "キキン　ハナコ",
        birth_date: "19691028",
        sex: "２",
    };
    assert!(tokens(&CLAIM) == tokens(&checkup));
    assert!(tokens(&CLAIM).insured.is_some());
}

#[test]
fn every_field_tells_persons_apart() {
    for other in [
        IdentityFields {
            insurer_number: "06130512",
            ..CLAIM
        },
        IdentityFields {
            symbol: "124",
            ..CLAIM
        },
        IdentityFields {
            number: "457",
            ..CLAIM
        },
        IdentityFields {
            branch: "2",
            ..CLAIM
        },
        IdentityFields {
            birth_date: "3441029",
            ..CLAIM
        },
        IdentityFields { sex: "1", ..CLAIM },
    ] {
        assert!(tokens(&other).insured != tokens(&CLAIM).insured);
        assert!(tokens(&other).insured.is_some());
    }
    let twin = tokens(&IdentityFields {
        branch: "2",
        ..CLAIM
    });
    assert!(twin.without_branch == tokens(&CLAIM).without_branch);
    // The border between two fields counts.
    let moved = tokens(&IdentityFields {
        symbol: "1234",
        number: "56",
        ..CLAIM
    });
    assert!(moved.household != tokens(&CLAIM).household);
}

#[test]
fn a_token_needs_its_fields() {
    let nameless = tokens(&IdentityFields {
        kana_name: "",
        branch: "",
        ..CLAIM
    });
    assert!(nameless.by_name.is_none() && nameless.insured.is_none());
    assert!(nameless.without_branch.is_some() && nameless.household.is_some());
    let unborn = tokens(&IdentityFields {
        birth_date: "99999999",
        ..CLAIM
    });
    assert!(unborn.insured.is_none() && unborn.by_name.is_none() && unborn.household.is_some());
    let without_symbol = tokens(&IdentityFields {
        symbol: "",
        ..CLAIM
    });
    assert!(without_symbol.workplace.is_none() && without_symbol.insured.is_some());
}

#[test]
fn purposes_and_secrets_never_mix() {
    let one = Tokeniser::new(SECRET).unwrap();
    let other = Tokeniser::new(b"4f1c9a0be27d83563de8a1f0942b7c66").unwrap();
    assert!(one.token("a", &["b"]) != one.token("b", &["a"]));
    assert!(one.token("a", &["b", ""]) != one.token("a", &["b"]));
    assert!(one.token("a", &["b"]) != other.token("a", &["b"]));
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.fingerprint().len(), 16);
    // A line break after the secret in its file does not matter.
    let line = Tokeniser::new(&[SECRET, b"\r\n"].concat()).unwrap();
    assert_eq!(one.fingerprint(), line.fingerprint());
}

#[test]
fn a_token_is_hmac_sha_256_of_the_documented_message() {
    // Made with Python's hmac and struct modules from the message as documented.
    let token = Tokeniser::new(SECRET)
        .unwrap()
        .token("household", &["00138057", "123", "456"]);
    assert_eq!(
        token.hex(),
        "9bd9dcb4ea9116144bcdb0edfefb131fca6e8c6d921aae3c1075775c5ea4630b"
    );
}

#[test]
fn weak_secrets_are_refused() {
    let refusal = |secret: &[u8]| Tokeniser::new(secret).err();
    assert_eq!(refusal(b" \n"), Some(SecretError::Missing));
    assert_eq!(refusal(&SECRET[1..]), Some(SecretError::TooShort));
    assert_eq!(refusal(&[0x41; 64]), Some(SecretError::Repetitive));
    assert_eq!(
        refusal(b"passwordpasswordpasswordpassword"),
        Some(SecretError::Repetitive)
    );
    assert_eq!(
        refusal(b"4f1c9a0be27d83564f1c9a0be27d8356"),
        Some(SecretError::Repetitive)
    );
    let ascending: Vec<u8> = (b'0'..b'0' + 40).collect();
    assert_eq!(refusal(&ascending), Some(SecretError::Repetitive));
    assert_eq!(refusal(SECRET), None);
}

#[test]
fn ages_are_those_of_the_end_of_the_fiscal_year() {
    let age = |birth_date| {
        Identity::new(&IdentityFields {
            birth_date,
            ..CLAIM
        })
        .age_at_end_of(2024)
    };
    assert_eq!(age("19600401"), Some(65));
    assert_eq!(age("19600402"), Some(64));
    assert_eq!(age("19591231"), Some(65));
    assert_eq!(age("unknown"), None);
}

#[test]
fn the_keyed_state_is_wiped_when_dropped() {
    // An HMAC is two states of its hash and holds nothing else.
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<Sha256>();
}
