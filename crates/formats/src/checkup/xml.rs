//! Events of an XML document, bounded in size and depth.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::attributes::{Attribute, Attributes};
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::reject::Rule;

/// Largest document, in bytes. One of a person has some 50 to 100 kilobytes.
pub(super) const MAX_BYTES: u64 = 4 << 20;

/// Deepest nesting of elements. Documents of the format have some 15.
const MAX_DEPTH: usize = 64;

/// What comes next in a document.
pub(super) enum Step<'s> {
    /// An element begins; its name and attributes.
    Start(Element<'s>),
    /// The element that began last ends.
    End,
    /// Text within the element that began last.
    Text(Cow<'s, str>),
}

/// An element's local name and its attributes, unescaped.
pub(super) struct Element<'s> {
    /// One of [`NAMES`]; empty for all others.
    pub(super) name: &'static str,
    attributes: &'s [(&'s str, Cow<'s, str>)],
}

impl Element<'_> {
    /// An attribute by its local name; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(key, _)| local(key) == name);
        found.map_or("", |(_, value)| value.as_ref())
    }
}

/// Local names of the elements that are read.
const NAMES: [&str; 24] = [
    "ClinicalDocument",
    "act",
    "administrativeGenderCode",
    "associatedEntity",
    "birthTime",
    "code",
    "effectiveTime",
    "family",
    "given",
    "id",
    "interpretationCode",
    "low",
    "name",
    "observation",
    "patient",
    "patientRole",
    "receiver",
    "section",
    "sender",
    "serviceEvent",
    "serviceEventType",
    "totalRecordCount",
    "totalSubjectCount",
    "value",
];

/// Reads steps. Nothing of the document is copied but what has escapes in it.
pub(super) struct Steps<'d> {
    document: &'d str,
    reader: Reader<&'d [u8]>,
    attributes: Vec<(&'d str, Cow<'d, str>)>,
    depth: usize,
    has_root: bool,
}

/// Why a document cannot be read: the rule, and the byte.
pub(super) type XmlRefusal = (Rule, u64);

impl<'d> Steps<'d> {
    /// Refuses what is too large or not UTF-8.
    pub(super) fn new(document: &'d [u8]) -> Result<Self, XmlRefusal> {
        if document.len() as u64 > MAX_BYTES {
            return Err((Rule::TooLarge, MAX_BYTES));
        }
        let document = std::str::from_utf8(document)
            .map_err(|error| (Rule::Encoding, error.valid_up_to() as u64))?;
        let mut reader = Reader::from_str(document);
        let config = reader.config_mut();
        // `<a/>` then comes as a start and an end, like any other element.
        config.expand_empty_elements = true;
        config.trim_text(true);
        Ok(Self {
            document,
            reader,
            attributes: Vec::new(),
            depth: 0,
            has_root: false,
        })
    }

    /// The next step and the byte where it ends, or `None` at the end of a whole document.
    pub(super) fn next(&mut self) -> Result<Option<(Step<'_>, u64)>, XmlRefusal> {
        loop {
            let event = self.reader.read_event();
            let position = self.reader.buffer_position();
            let refuse = |rule| Err((rule, position));
            let document = self.document;
            let text = |part: &[u8]| {
                let text = part_of(document, part).ok_or((Rule::Encoding, position))?;
                Ok(Some((Step::Text(Cow::Borrowed(text)), position)))
            };
            return match event {
                Err(_) => refuse(Rule::Xml),
                // A document that was cut off ends without an error.
                Ok(Event::Eof) if self.depth > 0 || !self.has_root => refuse(Rule::Xml),
                Ok(Event::Eof) => Ok(None),
                // Its entities could unpack to any size.
                Ok(Event::DocType(_)) => refuse(Rule::Doctype),
                Ok(Event::Start(start)) => {
                    self.depth += 1;
                    self.has_root = true;
                    if self.depth > MAX_DEPTH {
                        return refuse(Rule::TooDeep);
                    }
                    match self.element(&start) {
                        Some(element) => Ok(Some((Step::Start(element), position))),
                        None => refuse(Rule::Xml),
                    }
                }
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    Ok(Some((Step::End, position)))
                }
                Ok(Event::Text(part)) => text(&part),
                Ok(Event::CData(part)) => text(&part),
                Ok(Event::GeneralRef(reference)) => match referred(&reference) {
                    Some(c) => Ok(Some((Step::Text(Cow::Owned(c.to_string())), position))),
                    None => refuse(Rule::Xml),
                },
                Ok(Event::Decl(declaration)) => match declaration.encoding() {
                    Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case(b"UTF-8") => {
                        refuse(Rule::Encoding)
                    }
                    _ => continue,
                },
                Ok(_) => continue,
            };
        }
    }

    /// Name and attributes of a start tag, or `None` where they are not well-formed.
    fn element(&mut self, start: &BytesStart<'_>) -> Option<Element<'_>> {
        /// More than any element has; each attribute is compared with all before it.
        const MAX_ATTRIBUTES: usize = 32;
        self.attributes.clear();
        let content = part_of(self.document, start)?;
        let mut attributes = Attributes::new(content, start.name().as_ref().len());
        for attribute in attributes.with_checks(false).take(MAX_ATTRIBUTES) {
            let Attribute { key, value } = attribute.ok()?;
            let key = part_of(self.document, key.as_ref())?;
            if self.attributes.iter().any(|(known, _)| *known == key) {
                return None;
            }
            let value = part_of(self.document, &value)?;
            let value = match value.contains('&') {
                true => quick_xml::escape::unescape(value).ok()?,
                false => Cow::Borrowed(value),
            };
            self.attributes.push((key, value));
        }
        let name = start.local_name();
        let mut names = NAMES.iter();
        let name = names.find(|known| known.as_bytes() == name.as_ref());
        Some(Element {
            name: name.copied().unwrap_or_default(),
            attributes: &self.attributes,
        })
    }
}

/// A part of a text that was handed out as bytes.
fn part_of<'d>(text: &'d str, part: &[u8]) -> Option<&'d str> {
    if part.is_empty() {
        return Some("");
    }
    // The reader hands out slices of the text itself: their address says which part they are.
    let from = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    text.get(from..from.checked_add(part.len())?)
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// The character of a reference: one by number, or one of the five that XML knows. There are no others without a document type.
fn referred(reference: &BytesRef<'_>) -> Option<char> {
    if let Some(c) = reference.resolve_char_ref().ok()? {
        return Some(c);
    }
    let name = reference.decode().ok()?;
    quick_xml::escape::resolve_predefined_entity(&name)?
        .chars()
        .next()
}
