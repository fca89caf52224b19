//! Seeds for fuzzing: `cargo run --release -p korabo-formats --example fuzz_seeds -- FOLDER` writes a folder for each target.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "an example stops where it fails"
)]

use std::io::Cursor;
use std::path::Path;

use korabo_formats::checkup::ArchiveWriter;

const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><code code="10"/><recordTarget><patientRole><id extension="06130512" root="1.2.392.200119.6.101"/><id extension="１&amp;" root="1.2.392.200119.6.204"/><id extension="2" root="1.2.392.200119.6.205"/><id extension="00" root="1.2.392.200119.6.211"/><patient><name>カクウ ハナコ</name><administrativeGenderCode code="2"/><birthTime value="19691028"/></patient></patientRole></recordTarget><participant><associatedEntity><id root="1.2.392.200119.6.210" extension="24100000001"/></associatedEntity></participant><documentationOf><serviceEvent><code code="010"/><effectiveTime><low value="20240611"/></effectiveTime></serviceEvent></documentationOf><component><structuredBody><component><section><code code="01010"/><text/><entry><observation classCode="OBS"><code code="9N006000000000001"/><value xsi:type="PQ" value="62.5" unit="kg"/><interpretationCode code="H"/></observation></entry><entry><observation negationInd="true"><code code="9N736000000000011"/><value xsi:type="CD" code="1"/></observation></entry><entry><act><code code="1"/><effectiveTime value="R6.6.11"/></act></entry></section></component></structuredBody></component></ClinicalDocument>"#;

const MEDICAL: &str = "IR,1,13,1,1234567,,,202405,00,\r\nRE,1,1112,202404,,2,3441028,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\u{ff76}\u{ff9e}\u{ff78}\u{ff73},\r\nHO,06130512,\u{ff11}\u{ff12},345,2,408,,,460\r\nSN,1,01,06130512,,,01,,\r\nKO,1,2,3,4,5\r\nSY,2500013,20240401,1,8002,,01\r\nSI,11,1,111000110,,288,1\r\nIY,21,1,610000001,1,,\r\nIY,,1,610000002,1,30,4\r\nTO,40,1,710000001,1,,0,0\r\nCO,,1,810000001,x\r\nGO,1,408,99\r\n\u{1a}";
const PHARMACY: &str = "YK,1,13,4,1234567,,202405,00,\r\nRE,1,4112,202404,,1,19691028\r\nHO,  138057,1,2,1,300\r\nSH,1,1,,\r\nCZ,1,,,1,28\r\nIY,1,610000001,1\r\nGO,1,300,99\r\n";
const DENTAL: &str = "UK,1,13,3,1234567,,,202405,,00\r\nRE,1,3112,43104,,1,19691028\r\nHO,06130512,1,2,1,300,,460\r\nHS,20240401,1,,4010002,,,,,01,,,\r\nSS,80,1,399999999\r\n";
const DPC: &str = "IR,1,13,1,1234567,,,202405,00,\r\nRE,1,1111,202404,,2,19691028\r\nHO,06130512,1,2,5,40800,,,460\r\nBU,0000000000000x,20240401,,1,\r\nSB,2500013,8002,,E119,01,,\r\nCD,20240401,21,1,1,610000001,1,,,7,\r\n";
const MASTER: &str = "0,\"B\",2500013,2500014,,\"x\",,,,,,,,\"E11\",,\"E119\"\r\n";
const ITEMS: &str = "code,type,unit,column,order,low,high,codes_2,codes_3,codes_4,source\n9N006000000000001,PQ,kg,weight_kg,1,20,250,,,,x\n9N736000000000011,CD,,q_smoking,1,,,2,2,3,x\n";

fn main() {
    let folder = std::env::args().nth(1).expect("a folder follows");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(name), bytes).unwrap();
    };
    write("document", "checkup", DOCUMENT.as_bytes());
    write(
        "document",
        "guidance",
        DOCUMENT.replace("code=\"10\"", "code=\"22\"").as_bytes(),
    );
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new()), "root", "1319900001", "06130512");
    writer.add('h', DOCUMENT).unwrap();
    let zip = writer.finish(1).unwrap().into_inner();
    write("archive", "zip", &[b"\x01", zip.as_slice()].concat());
    write("archive", "document", format!("\u{0}{DOCUMENT}").as_bytes());
    for (name, text) in [
        ("medical", MEDICAL),
        ("pharmacy", PHARMACY),
        ("dental", DENTAL),
        ("dpc", DPC),
    ] {
        write(
            "uke",
            &format!("{name}_utf8"),
            format!("\u{1}{text}").as_bytes(),
        );
        let bytes = encoding_rs::SHIFT_JIS.encode(text).0;
        write(
            "uke",
            &format!("{name}_cp932"),
            &[b"\0", bytes.as_ref()].concat(),
        );
    }
    let drug = format!("0,\"Y\",610000001{}\"2149001F1020\"\r\n", ",".repeat(29));
    write("masters", "both", format!("{MASTER}{drug}").as_bytes());
    write("masters", "items", ITEMS.as_bytes());
    let texts = [
        "昭和44年10月28日",
        "S44.10.28",
        "3441028",
        "1969-10-28T00:00:00+0900",
        "平成三十一年四月",
        "令和元年5月1日",
        "43101",
        "０６１３０５１２",
        "ｶﾞｸｳ ﾊﾟﾅｺ",
        "カ゛",
        "０００１２－３",
        "㋿",
    ];
    for (at, text) in texts.iter().enumerate() {
        write("normalise", &at.to_string(), text.as_bytes());
    }
}
