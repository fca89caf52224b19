//! Names of columns that identify people. An extract that has one is refused whole, before a single
//! value is read: a pseudonymised extract has no use for them, and what never enters cannot leak.

use unicode_normalization::UnicodeNormalization;

/// Words that identify when they are a whole part of a name, or several parts in a row: `phone`,
/// `home_phone`, `birth_date`. Parts are separated by anything but letters and digits, or by a change
/// from lower to upper case.
pub const IDENTIFYING_WORDS: &[&str] = &[
    "name",
    "names",
    "fullname",
    "full_name",
    "firstname",
    "lastname",
    "surname",
    "kana",
    "kanji",
    "shimei",
    "address",
    "addr",
    "jusho",
    "zip",
    "zipcode",
    "postcode",
    "postal_code",
    "phone",
    "telephone",
    "tel",
    "mobile",
    "fax",
    "email",
    "mail",
    "e_mail",
    "birthday",
    "birthdate",
    "birth_date",
    "birth_day",
    "date_of_birth",
    "dob",
    "my_number",
    "mynumber",
    "individual_number",
    "insured_symbol",
    "insured_number",
    "insurance_card_number",
    "card_number",
    "passport",
    "license_number",
    "bank_account",
    "account_number",
    "photo",
    "face_image",
    "ip_address",
    "記号",
    "番号",
    "カナ",
    "フリガナ",
    "ふりがな",
    "姓",
    "名",
    "名前",
    "枝番",
];

/// Japanese words that identify wherever they stand in a name: `カナ氏名`, `自宅住所`.
pub const IDENTIFYING_PARTS: &[&str] = &[
    "氏名",
    "名前",
    "カナ氏名",
    "住所",
    "郵便番号",
    "電話",
    "携帯",
    "メール",
    "生年月日",
    "誕生日",
    "個人番号",
    "マイナンバー",
    "被保険者番号",
    "被保険者証",
    "保険証番号",
    "保険証記号",
    "記号番号",
    "口座番号",
    "顔写真",
];

/// The identifying word in a column's name, after Unicode NFKC and lower-casing, if there is one.
#[must_use]
pub fn identifying_word(column: &str) -> Option<&'static str> {
    let normal: String = column.nfkc().collect();
    let lower = normal.to_lowercase();
    if let Some(word) = IDENTIFYING_PARTS.iter().find(|word| lower.contains(**word)) {
        return Some(word);
    }
    // Both splits are tried: `FullName` has two parts, `FULLNAME` one.
    [with_case_breaks(&normal), lower]
        .iter()
        .find_map(|name| word_in_parts(name))
}

fn word_in_parts(name: &str) -> Option<&'static str> {
    let parts: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let joined = format!("_{}_", parts.join("_"));
    IDENTIFYING_WORDS
        .iter()
        .find(|word| joined.contains(&format!("_{word}_")))
        .copied()
}

/// `homePhone` → `home_phone`.
fn with_case_breaks(name: &str) -> String {
    let mut broken = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.chars() {
        if after_lower && c.is_uppercase() {
            broken.push('_');
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        broken.extend(c.to_lowercase());
    }
    broken
}
