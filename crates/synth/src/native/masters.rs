//! Codes of diseases and drugs, and masters that know them: the real masters are not ours to pass on, so codes are made of what they stand
//! for. No real master has them.

use std::collections::BTreeSet;

/// Codes that claims of a world use.
#[derive(Default)]
pub(crate) struct Masters {
    diseases: BTreeSet<&'static str>,
    drugs: BTreeSet<&'static str>,
}

impl Masters {
    /// The code of a disease, 7 digits, which the master will have.
    pub(crate) fn disease(&mut self, icd10: &'static str) -> u32 {
        self.diseases.insert(icd10);
        disease_code(icd10)
    }

    /// The code of a drug, 9 digits, which the master will have.
    pub(crate) fn drug(&mut self, class: &'static str) -> u32 {
        self.drugs.insert(class);
        drug_code(class)
    }

    /// The master of diseases (傷病名マスター).
    pub(crate) fn disease_file(&self) -> String {
        let row = |icd10: &&str| {
            let mut fields = vec![String::new(); 30];
            fields[0] = "0".to_owned();
            fields[1] = quoted("B");
            fields[2] = disease_code(icd10).to_string();
            fields[5] = quoted(&format!("見本病{icd10}"));
            fields[13] = quoted(icd10);
            fields[15] = quoted(icd10);
            fields.join(",") + "\r\n"
        };
        self.diseases.iter().map(row).collect()
    }

    /// The master of drugs (医薬品マスター).
    pub(crate) fn drug_file(&self) -> String {
        let row = |class: &&str| {
            let mut fields = vec![String::new(); 35];
            fields[0] = "0".to_owned();
            fields[1] = quoted("Y");
            fields[2] = drug_code(class).to_string();
            fields[4] = quoted(&format!("見本薬{class}錠"));
            fields[31] = quoted(&format!("{class}9001F1020"));
            fields.join(",") + "\r\n"
        };
        self.drugs.iter().map(row).collect()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A letter, two digits and a fourth character or none as a number above all codes in use.
fn disease_code(icd10: &str) -> u32 {
    let digit = |at: usize| {
        icd10
            .as_bytes()
            .get(at)
            .map(|byte| u32::from(byte.wrapping_sub(b'0')))
    };
    let letter = icd10
        .bytes()
        .next()
        .map_or(0, |byte| u32::from(byte.wrapping_sub(b'A')));
    let category = (letter * 10 + digit(1).unwrap_or(0)) * 10 + digit(2).unwrap_or(0);
    9_900_000 + category * 11 + digit(3).map_or(0, |fourth| fourth + 1)
}

fn drug_code(class: &str) -> u32 {
    let class: u32 = class.parse().unwrap_or(0);
    699_000_000 + class * 1_000 + 1
}
