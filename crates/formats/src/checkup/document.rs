//! One CDA document: its person, what it reports, and its results by item code.

use chrono::NaiveDate;
use zeroize::Zeroizing;

use super::xml::{Element, Step, Steps, XmlRefusal};
use crate::identity::{Identity, IdentityFields};
use crate::normalise::{self, DateFlag};
use crate::reject::Rule;

/// Most results of a document. The official table has 322 items.
const MAX_RESULTS: usize = 5_000;

/// Root of the object identifiers of the programme.
const OID: &str = "1.2.392.200119.6.";

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Code of its section.
    pub section: u32,
    /// Item code.
    pub item: String,
    /// Value.
    pub value: Value,
    /// What the file says of the value's size.
    pub interpretation: Option<Interpretation>,
    /// Byte offset of its end.
    pub byte: u64,
}

/// What the file says of the size of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpretation {
    /// L.
    Low,
    /// H.
    High,
}

/// A result's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number with its unit. `None` where what stands there is no number.
    Quantity {
        /// The number.
        number: Option<f64>,
        /// The unit; empty where none is given.
        unit: String,
    },
    /// A code.
    Code(String),
    /// Text, which was not read.
    Text,
    /// `nullFlavor`: could not be measured.
    Null,
    /// `negationInd`: was not done.
    NotDone,
    /// No value and no reason.
    Missing,
}

/// An act of guidance: an interview, support or evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Code of its section.
    pub section: u32,
    /// Its day.
    pub day: Option<NaiveDate>,
}

/// A document without its person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Category of report: 10 checkup, 21 to 25 stages of guidance, and others.
    pub category: u32,
    /// Programme: 10 特定健診, 30 事業者健診, and others.
    pub program: Option<u32>,
    /// Day of the checkup or of the stage of guidance.
    pub service_day: Option<NaiveDate>,
    /// First two digits of the number of the guidance ticket (利用券): its fiscal year.
    pub ticket_year: Option<u32>,
    /// A date lies outside the era it was written with.
    pub era_crossed: bool,
    /// Acts in the order of the file.
    pub acts: Vec<Act>,
    /// Results in the order of the file.
    pub observations: Vec<Observation>,
}

/// A document and the person it is about.
pub struct ReadDocument {
    /// The document.
    pub document: Document,
    /// The person.
    pub identity: Identity,
}

/// Identifying fields as written.
#[derive(Default)]
struct Person {
    insurer_number: Zeroizing<String>,
    symbol: Zeroizing<String>,
    number: Zeroizing<String>,
    branch: Zeroizing<String>,
    kana_name: Zeroizing<String>,
    birth_date: Zeroizing<String>,
    sex: Zeroizing<String>,
}

/// A result while it is read.
struct OpenObservation {
    item: String,
    value: Value,
    interpretation: Option<Interpretation>,
}

/// Names of elements from the root to here, and what was read.
#[derive(Default)]
struct Builder {
    path: Vec<&'static str>,
    document: Document,
    person: Person,
    section: u32,
    open: Vec<OpenObservation>,
    acts: Vec<Act>,
}

/// Reads a document. Its bytes hold identifying fields: the caller has to wipe them.
///
/// # Errors
/// The rule that it breaks, and the byte: not well-formed, too large or deep, not of the format.
pub fn read_document(source: &[u8]) -> Result<ReadDocument, (Rule, u64)> {
    let mut steps = Steps::new(source)?;
    let mut builder = Builder::default();
    while let Some((step, position)) = steps.next()? {
        builder.take(step, position)?;
    }
    let person = &builder.person;
    let identity = Identity::new(&IdentityFields {
        insurer_number: &person.insurer_number,
        symbol: &person.symbol,
        number: &person.number,
        branch: &person.branch,
        kana_name: &person.kana_name,
        birth_date: &person.birth_date,
        sex: &person.sex,
    });
    Ok(ReadDocument {
        document: builder.document,
        identity,
    })
}

impl Builder {
    fn take(&mut self, step: Step<'_>, position: u64) -> Result<(), XmlRefusal> {
        match step {
            Step::Start(element) => {
                if self.path.is_empty() && element.name != "ClinicalDocument" {
                    return Err((Rule::NotThisDocument, position));
                }
                self.start(&element);
                self.path.push(element.name);
            }
            Step::End => {
                let ended = self.path.pop();
                if ended == Some("observation") {
                    self.end_observation(position)?;
                } else if ended == Some("act") {
                    self.document.acts.extend(self.acts.pop());
                }
            }
            Step::Text(text) => {
                if self.is_below("patient")
                    && self.path.last().is_some_and(|last| *last != "patient")
                {
                    self.person.kana_name.push_str(&text);
                }
            }
        }
        Ok(())
    }

    /// Whether the path ends in `patient` and an element of its name.
    fn is_below(&self, parent: &str) -> bool {
        let mut path = self.path.iter().rev();
        let above = path.find(|name| !matches!(**name, "name" | "family" | "given"));
        above.is_some_and(|name| *name == parent)
    }

    fn parent(&self) -> &'static str {
        self.path.last().copied().unwrap_or_default()
    }

    fn start(&mut self, element: &Element<'_>) {
        let of = |name| element.attribute(name);
        match (self.parent(), element.name) {
            ("ClinicalDocument", "code") => self.document.category = small(of("code")).unwrap_or(0),
            ("patientRole", "id") => self.card(of("root"), of("extension")),
            ("patient", "administrativeGenderCode") => {
                self.person.sex = Zeroizing::new(of("code").into())
            }
            ("patient", "birthTime") => self.person.birth_date = Zeroizing::new(of("value").into()),
            ("associatedEntity", "id") => self.ticket(of("root"), of("extension")),
            ("serviceEvent", "code") => self.document.program = small(of("code")),
            ("serviceEvent", "effectiveTime") => self.service_day(of("value")),
            ("effectiveTime", "low") if self.is_in_service() => self.service_day(of("value")),
            ("section", "code") => self.section = small(of("code")).unwrap_or(0),
            (_, "act") => self.acts.push(Act {
                section: self.section,
                day: None,
            }),
            ("act", "effectiveTime") => self.act_day(of("value")),
            (_, "observation") => self.open.push(OpenObservation {
                item: String::new(),
                value: if matches!(of("negationInd"), "true" | "1") {
                    Value::NotDone
                } else {
                    Value::Missing
                },
                interpretation: None,
            }),
            ("observation", name) => self.observation(name, element),
            _ => {}
        }
    }

    /// Fields of the card, told by the last part of their object identifier.
    fn card(&mut self, root: &str, extension: &str) {
        let field = match root.strip_prefix(OID) {
            Some("101") => &mut self.person.insurer_number,
            Some("204") => &mut self.person.symbol,
            Some("205") => &mut self.person.number,
            Some("211") => &mut self.person.branch,
            _ => return,
        };
        *field = Zeroizing::new(extension.to_owned());
    }

    /// Of the number of a guidance ticket only its year is kept.
    fn ticket(&mut self, root: &str, extension: &str) {
        let is_guidance = root
            .strip_prefix(OID)
            .is_some_and(|rest| rest == "210" || rest.starts_with("210."));
        if is_guidance {
            self.document.ticket_year =
                normalise::digits(extension).and_then(|digits| small(digits.get(..2)?));
        }
    }

    fn is_in_service(&self) -> bool {
        let above = self.path.iter().rev().nth(1);
        above.is_some_and(|name| *name == "serviceEvent") && self.document.service_day.is_none()
    }

    fn service_day(&mut self, value: &str) {
        if let Ok(dated) = normalise::parse_day(value) {
            self.document.service_day = Some(dated.day);
            self.document.era_crossed |= dated.flag == DateFlag::EraCrossed;
        }
    }

    fn act_day(&mut self, value: &str) {
        if let (Some(act), Ok(dated)) = (self.acts.last_mut(), normalise::parse_day(value)) {
            act.day = Some(dated.day);
            self.document.era_crossed |= dated.flag == DateFlag::EraCrossed;
        }
    }

    /// A child of the innermost observation. The reference range has values of its own, which lie deeper.
    fn observation(&mut self, name: &str, element: &Element<'_>) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        match name {
            "code" => open.item = element.attribute("code").trim().to_owned(),
            // Only the first value, and none of what was not done.
            "value" if open.value == Value::Missing => open.value = value(element),
            "interpretationCode" => {
                open.interpretation = match element.attribute("code") {
                    "L" => Some(Interpretation::Low),
                    "H" => Some(Interpretation::High),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    fn end_observation(&mut self, byte: u64) -> Result<(), XmlRefusal> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // A series of tests has an observation without an item of its own.
        if open.item.is_empty() {
            return Ok(());
        }
        if self.document.observations.len() >= MAX_RESULTS {
            return Err((Rule::TooMany, byte));
        }
        self.document.observations.push(Observation {
            section: self.section,
            item: open.item,
            value: open.value,
            interpretation: open.interpretation,
            byte,
        });
        Ok(())
    }
}

fn value(element: &Element<'_>) -> Value {
    let of = |name| element.attribute(name);
    if !of("nullFlavor").is_empty() {
        return Value::Null;
    }
    let kind = of("type").rsplit(':').next().unwrap_or_default();
    match kind {
        "CD" | "CO" | "CE" | "CV" | "" if !of("code").is_empty() => {
            Value::Code(normalise::text(of("code")))
        }
        "ST" | "ED" => Value::Text,
        _ if of("value").is_empty() => Value::Missing,
        _ => Value::Quantity {
            number: number(of("value")),
            unit: of("unit").trim().to_owned(),
        },
    }
}

/// A decimal number of up to nine digits before and six after the point.
fn number(text: &str) -> Option<f64> {
    let text = normalise::text(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    // `parse` alone would take exponents, infinities and any number of digits.
    let digits = |text: &str, most| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    (digits(whole, 9) && digits(part, 6)).then(|| text.parse().ok())?
}

fn small(text: &str) -> Option<u32> {
    normalise::digits(text)
        .filter(|digits| digits.len() <= 6)?
        .parse()
        .ok()
}
