//! Identifying fields of invented persons. A name in kana belongs to one household, and each person of it has another given name, so that
//! no two persons share name, day of birth and sex.

use korabo_formats::{Identity, IdentityFields};

use crate::calendar::{day_of, yyyymmdd};
use crate::household::{Household, Person, Relationship};
use crate::world::World;

/// Kana that normalisation leaves as they are.
const KANA: [char; 44] = [
    'ア', 'イ', 'ウ', 'エ', 'オ', 'カ', 'キ', 'ク', 'ケ', 'コ', 'サ', 'シ', 'ス', 'セ', 'ソ', 'タ',
    'チ', 'ツ', 'テ', 'ト', 'ナ', 'ニ', 'ヌ', 'ネ', 'ノ', 'ハ', 'ヒ', 'フ', 'ヘ', 'ホ', 'マ', 'ミ',
    'ム', 'メ', 'モ', 'ヤ', 'ユ', 'ヨ', 'ラ', 'リ', 'ル', 'レ', 'ロ', 'ワ',
];

/// Kana of a family name. With fewer, families of large worlds would share names.
const FAMILY_KANA: u32 = 5;

/// Given names, of three kana like all of them: more than a household has persons.
const GIVEN: [&str; 16] = [
    "アオイ",
    "ヒカル",
    "カオル",
    "マコト",
    "ミチル",
    "ナツキ",
    "ハルカ",
    "チアキ",
    "ミツル",
    "イツキ",
    "ミサキ",
    "トモエ",
    "シノブ",
    "ツカサ",
    "ヒロミ",
    "アユム",
];

/// One invented person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NativePerson {
    /// Family and given name, with a full-width blank between them.
    pub(crate) kana_name: String,
    /// Days since 1970.
    pub(crate) birth_day: i32,
    /// 1 male, 2 female.
    pub(crate) sex: i8,
    pub(crate) is_subscriber: bool,
    /// 番号 of the household's card.
    pub(crate) number: u64,
    /// 枝番: 0 the subscriber.
    pub(crate) branch: u64,
}

impl NativePerson {
    /// Invents what identifies a person.
    pub(crate) fn new(world: &World, household: &Household, person: &Person) -> Self {
        let subscriber = household.persons[0].index;
        let position = person.index - subscriber;
        let is_child = person.relationship == Relationship::Child;
        // Children are enrolled from the day of their birth.
        let birth_day = if is_child {
            person.from
        } else {
            let day = 1 + (person.index * 11 + 7) % 28;
            day_of(person.birth_year, person.birth_month, day as i32)
        };
        let given = (subscriber + position) % GIVEN.len() as u64;
        Self {
            kana_name: format!(
                "{}\u{3000}{}",
                family(world.seed, subscriber),
                GIVEN[given as usize]
            ),
            birth_day,
            sex: person.sex,
            is_subscriber: position == 0,
            number: subscriber + 1,
            branch: position,
        }
    }

    /// The identity on a card of an insurer.
    pub(crate) fn identity(&self, insurer_number: &str, symbol: &str) -> Identity {
        Identity::new(&IdentityFields {
            insurer_number,
            symbol,
            number: &self.number.to_string(),
            branch: &format!("{:02}", self.branch),
            kana_name: &self.kana_name,
            birth_date: &yyyymmdd(self.birth_day).to_string(),
            sex: &self.sex.to_string(),
        })
    }
}

/// 記号 of the cards of a worksite, before or after the insurer gave it another.
pub(crate) fn symbol(worksite: u32, is_new: bool) -> String {
    (1_001 + 2 * worksite + u32::from(is_new)).to_string()
}

/// The family name of a household: its number in kana, after a step that has no common factor with the number of names.
fn family(seed: u64, household: u64) -> String {
    const STEP: u64 = 40_503;
    let n_kana = KANA.len() as u64;
    let mut left =
        (household % n_kana.pow(FAMILY_KANA) * STEP + seed % 1_000_003) % n_kana.pow(FAMILY_KANA);
    let mut name = String::new();
    for _ in 0..FAMILY_KANA {
        name.push(KANA[(left % n_kana) as usize]);
        left /= n_kana;
    }
    name
}
