//! Checkups and guidance → CDA documents and archives, as checkup institutions write them.

use std::fmt::Write as _;
use std::io::{self, Seek, Write};

use quick_xml::escape::escape;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::guidance::Guidance;
use super::items::{ItemTable, ItemType};
use super::row::Checkup;
use crate::identity::Identity;

/// Why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Bytes cannot be written.
    #[error("cannot write the archive")]
    Write(#[from] io::Error),
    /// The zip cannot be made.
    #[error("cannot make the archive")]
    Zip(#[from] zip::result::ZipError),
}

/// Writes an archive: documents as they come, the header and the totals at the end.
pub struct ArchiveWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    root: String,
    sender: String,
    receiver: String,
    n_documents: u64,
}

impl<W: Write + Seek> ArchiveWriter<W> {
    /// Writes to `sink`. `root` is the archive's folder, such as `1311234567_06130512_202405010_1`.
    pub fn new(sink: W, root: &str, sender: &str, receiver: &str) -> Self {
        Self {
            zip: ZipWriter::new(sink),
            root: root.to_owned(),
            sender: sender.to_owned(),
            receiver: receiver.to_owned(),
            n_documents: 0,
        }
    }

    /// Adds a document of a person: `letter` is `h` for a checkup, `g` for guidance.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn add(&mut self, letter: char, document: &str) -> Result<(), PackError> {
        self.n_documents += 1;
        let name = format!("DATA/{letter}{}{:08}.xml", self.sender, self.n_documents);
        self.file(&name, document)
    }

    /// Writes header and totals and gives the sink back.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn finish(mut self, service_event_type: u32) -> Result<W, PackError> {
        let (sender, receiver, n) = (
            escape(&self.sender),
            escape(&self.receiver),
            self.n_documents,
        );
        let namespace =
            "xmlns=\"https://www.mhlw.go.jp/stf/seisakunitsuite/bunya/0000161103.html\"";
        let index = format!(
            "{DECLARATION}<index {namespace}><interactionType code=\"1\"/>\
             <sender><id root=\"{OID}.102\" extension=\"{sender}\"/></sender>\
             <receiver><id root=\"{OID}.103\" extension=\"{receiver}\"/></receiver>\
             <serviceEventType code=\"{service_event_type}\"/><totalRecordCount value=\"{n}\"/></index>"
        );
        let totals = format!(
            "{DECLARATION}<summary {namespace}><serviceEventType code=\"{service_event_type}\"/>\
             <totalSubjectCount value=\"{n}\"/></summary>"
        );
        self.file("ix08_V08.xml", &index)?;
        self.file("su08_V08.xml", &totals)?;
        Ok(self.zip.finish()?)
    }

    fn file(&mut self, name: &str, text: &str) -> Result<(), PackError> {
        self.zip.start_file(
            format!("{}/{name}", self.root),
            SimpleFileOptions::default(),
        )?;
        Ok(self.zip.write_all(text.as_bytes())?)
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const OID: &str = "1.2.392.200119.6";

/// The document of a checkup. Each value is written under the first item of its column; one converted from JDS under that of JDS only.
#[must_use]
pub fn write_checkup(checkup: &Checkup, identity: &Identity, table: &ItemTable) -> String {
    let converted = if checkup.is_jds_converted {
        table.index("hba1c_pct")
    } else {
        None
    };
    let values = checkup
        .values
        .iter()
        .enumerate()
        .filter(|(column, _)| Some(*column) != converted);
    let mut results = String::new();
    for (column, value) in values {
        observation(&mut results, table, column, *value);
    }
    let day = checkup.checkup_date.format("%Y%m%d").to_string();
    let section = section(1_010, &results);
    document(&DocumentParts {
        category: 10,
        day: &day,
        program: 10,
        ticket_year: None,
        identity,
        sections: &section,
    })
}

/// The document of a stage of guidance.
#[must_use]
pub fn write_guidance(guidance: &Guidance, identity: &Identity, table: &ItemTable) -> String {
    let mut results = String::new();
    for (column, value) in guidance.values.iter().enumerate() {
        observation(&mut results, table, column, *value);
    }
    let act = |day: Option<chrono::NaiveDate>| {
        let day = day.map(|day| format!("<effectiveTime value=\"{}\"/>", day.format("%Y%m%d")));
        format!(
            "<entry><act classCode=\"ACT\" moodCode=\"EVN\"><code code=\"1\"/>{}</act></entry>",
            day.unwrap_or_default()
        )
    };
    let mut sections = section(90_010, &results);
    if guidance.first_interview_date.is_some() {
        sections += &section(90_030, &act(guidance.first_interview_date));
    }
    sections += &section(90_040, &act(None).repeat(guidance.n_supports as usize));
    if guidance.evaluation_date.is_some() {
        sections += &section(90_060, &act(guidance.evaluation_date));
    }
    let day = guidance.evaluation_date.or(guidance.first_interview_date);
    let day = day
        .map(|day| day.format("%Y%m%d").to_string())
        .unwrap_or_default();
    document(&DocumentParts {
        category: guidance.category,
        day: &day,
        program: 10,
        ticket_year: guidance.is_year_of_ticket.then_some(guidance.fiscal_year),
        identity,
        sections: &sections,
    })
}

fn section(code: u32, content: &str) -> String {
    format!(
        "<component><section><code code=\"{code:05}\" codeSystem=\"{OID}.1010\"/><text/>{content}</section></component>"
    )
}

fn observation(results: &mut String, table: &ItemTable, column: usize, value: Option<f64>) {
    let (Some(value), Some(code)) = (value, table.first_code(column)) else {
        return;
    };
    let Some(item) = table.item(code) else {
        return;
    };
    let value = match item.kind {
        ItemType::Quantity => format!(
            "xsi:type=\"PQ\" value=\"{value}\" unit=\"{}\"",
            escape(&item.unit)
        ),
        ItemType::Code => format!("xsi:type=\"CD\" code=\"{value}\""),
        ItemType::Text => return,
    };
    // Writing to a string does not fail.
    let _ = write!(
        results,
        "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"{code}\" codeSystem=\"{OID}.1005\"/><value {value}/></observation></entry>"
    );
}

struct DocumentParts<'a> {
    category: u32,
    day: &'a str,
    program: u32,
    ticket_year: Option<i32>,
    identity: &'a Identity,
    sections: &'a str,
}

fn document(parts: &DocumentParts<'_>) -> String {
    let DocumentParts {
        category,
        day,
        program,
        sections,
        ..
    } = parts;
    let person = parts.identity.fields();
    let id = |root: u32, value: &str| match value {
        "" => String::new(),
        value => format!(
            "<id extension=\"{}\" root=\"{OID}.{root}\"/>",
            escape(value)
        ),
    };
    let card = [
        id(101, person.insurer_number),
        id(204, person.symbol),
        id(205, person.number),
        id(211, person.branch),
    ]
    .concat();
    let ticket = parts.ticket_year.map(|year| {
        let number = format!("{:02}100000001", year % 100);
        format!(
            "<participant typeCode=\"HLD\"><functionCode code=\"2\"/><associatedEntity classCode=\"IDENT\">{}</associatedEntity></participant>",
            id(210, &number)
        )
    });
    format!(
        "{DECLARATION}<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/><id nullFlavor=\"NI\"/>\
         <code code=\"{category}\" codeSystem=\"{OID}.1001\"/><effectiveTime value=\"{day}\"/>\
         <recordTarget><patientRole>{card}<patient><name>{}</name>\
         <administrativeGenderCode code=\"{}\" codeSystem=\"{OID}.1104\"/><birthTime value=\"{}\"/></patient></patientRole></recordTarget>\
         {}<documentationOf><serviceEvent><code code=\"{program:03}\" codeSystem=\"{OID}.1002\"/>\
         <effectiveTime value=\"{day}\"/></serviceEvent></documentationOf>\
         <component><structuredBody>{sections}</structuredBody></component></ClinicalDocument>",
        escape(person.kana_name),
        person.sex,
        person.birth_date,
        ticket.unwrap_or_default(),
    )
}
