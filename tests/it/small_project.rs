//! A small project for tests of what runs tell, and a receiver for what they send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use fs_err as fs;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::support::Project;

const CONTRACT: &str = r#"
description = "Visits"
description_ja = "受診"
grain = "One row per person and day."
holder = "insurer"
key = ["person_key", "visited_on"]

[columns.person_key]
name_ja = "個人キー"
description = "Pseudonym"
type = "token"
privacy = "pseudonym"

[columns.visited_on]
name_ja = "日"
description = "Day"
type = "date"
privacy = "sensitive"

[columns.pressure]
name_ja = "血圧"
description = "Blood pressure"
type = "f64"
nullable = true
min = 50.0
max = 300.0
privacy = "sensitive"

[columns.kind]
name_ja = "種別"
description = "Kind"
type = "i8"
codes = { 1 = "in 入院", 2 = "out 外来" }
privacy = "sensitive"

[columns.note]
name_ja = "所見"
description = "Finding"
type = "string"
nullable = true
privacy = "sensitive"
"#;

const CLEAN: &str = "-- One row per visit.
-- key: person_key, visited_on
-- test(warn): accepted_values kind in (1)
select person_key, visited_on, round(pressure) as pressure, kind, note
from visits
";

const VIEW: &str = "-- One row per visit with a known pressure.
-- materialize: view
select person_key, visited_on, pressure, case when kind = 1 then 'in' else 'out' end as place
from clean_visits
where pressure is not null
";

pub(crate) const SUMMARY: &str = "-- One row per year.
-- key: year
-- sensitivity: aggregate
select fiscal_year(visited_on) as year, count(*) as n, avg(pressure) as mean_pressure
from link_visits
where place = 'out'
group by fiscal_year(visited_on)
order by year
";

/// A person's pseudonym made of one digit.
pub(crate) fn token(digit: char) -> String {
    std::iter::repeat_n(digit, 64).collect()
}

/// A small project that ingests a table, cleans it, and sums it up through a view; `config` is added to its file.
pub(crate) fn project(config: &str) -> Project {
    let project = Project::empty();
    let sources = "[sources.visits]\nfiles = [\"visits*.csv\"]\nmax_reject_share = 0.5";
    project.write(
        "korabo.toml",
        format!(
            "[project]\nname = \"a b\"\n\n[extracts]\npath = \"extracts\"\n\n{sources}\n\n{config}"
        ),
    );
    project.write("schemas/visits.toml", CONTRACT);
    project.write("queries/clean_visits.sql", CLEAN);
    project.write("queries/link_visits.sql", VIEW);
    project.write("queries/summary_visits.sql", SUMMARY);
    let rows = format!(
        "person_key,visited_on,pressure,kind,note\n{a},2023-04-01,121.4,2,\n{b},2023-05-01,133.6,2,\n{b},2023-06-01,,1,\n{b},2023-07-01,999,1,\n",
        a = token('a'),
        b = token('b'),
    );
    project.write("extracts/visits.csv", rows);
    project
}

/// Makes the last step fail while it runs.
pub(crate) fn break_summary(project: &Project) {
    let sql = SUMMARY.replace("count(*) as n", "count(cast(place as int)) as n");
    project.write("queries/summary_visits.sql", sql);
}

pub(crate) fn lines(project: &Project, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(project.path().join(file)).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    assert!(found.is_some(), "no text at {pointer} of {value}");
    found.unwrap()
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A receiver that answers every request with `status` and hands over head and body.
pub(crate) fn receiver(status: &'static str) -> (String, Receiver<(String, String)>) {
    let (address, requests) = listen(Ok, status);
    (format!("http://{address}/events"), requests)
}

/// The same over TLS: its address, its certificate, and what it is sent.
pub(crate) fn encrypted_receiver() -> (String, String, Receiver<(String, String)>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let encrypted = move |stream: TcpStream| -> std::io::Result<_> {
        let session = rustls::ServerConnection::new(Arc::clone(&config));
        let session = session.map_err(std::io::Error::other)?;
        Ok(rustls::StreamOwned::new(session, stream))
    };
    let (address, requests) = listen(encrypted, "200 OK");
    let url = format!("https://localhost:{}/events", address.port());
    (url, made.cert.pem(), requests)
}

/// Answers every request with `status` and passes it on.
fn listen<S: Read + Write>(
    open: impl Fn(TcpStream) -> std::io::Result<S> + Send + Sync + 'static,
    status: &'static str,
) -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = channel();
    let open = Arc::new(open);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (sender, open) = (sender.clone(), Arc::clone(&open));
            let stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut stream = open(stream).unwrap();
                while let Some(request) = read_request(&mut stream) {
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    if sender.send(request).is_err() || stream.write_all(answer.as_bytes()).is_err()
                    {
                        break;
                    }
                }
            });
        }
    });
    (address, requests)
}

fn read_request(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.trim().parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}
