//! A running `korabo serve`, its users and clients.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arrow_flight::FlightInfo;
use arrow_flight::sql::client::FlightSqlServiceClient;
use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use futures::TryStreamExt as _;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::support::{Project, program, send};

/// A client of the crate that the protocol's makers keep.
pub(crate) type Client = FlightSqlServiceClient<Channel>;

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of a project; killed when dropped.
pub(crate) struct Serving {
    child: Child,
    /// `grpc://127.0.0.1:…` as it said itself.
    address: String,
    said: Arc<Mutex<Vec<String>>>,
    /// Ends with the server's stderr.
    reader: Option<JoinHandle<()>>,
}

impl Serving {
    /// Starts the server on a free port and waits until it listens.
    pub(crate) fn start(project: &Project) -> Self {
        Self::start_with(project, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(project: &Project, arguments: &[&str]) -> Self {
        let mut command = program(project.path());
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                lines.lock().unwrap().push(line.unwrap());
            }
        });
        let mut serving = Self {
            child,
            address: String::new(),
            said,
            reader: Some(reader),
        };
        let line = serving.waits_for("listening on ");
        serving.address = line.split_once("listening on ").unwrap().1.to_owned();
        serving
    }

    /// `127.0.0.1:…`.
    pub(crate) fn host_and_port(&self) -> &str {
        self.address.split_once("://").unwrap().1
    }

    /// `grpc://127.0.0.1:…`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Everything on stderr so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// The first line with `text`, once it is there.
    #[track_caller]
    pub(crate) fn waits_for(&mut self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let is_over = self.child.try_wait().unwrap().is_some();
            if is_over {
                self.read_on();
            }
            if let Some(line) = self.said().into_iter().find(|line| line.contains(text)) {
                return line;
            }
            let is_late = started.elapsed() > PATIENCE;
            assert!(
                !is_over && !is_late,
                "`{text}` was not said: {:?}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Reads what an ended server said last.
    fn read_on(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }

    /// The most memory that was resident at any time, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches("kB").trim();
        kib.parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        send(&self.child, name);
    }

    /// The exit code, once there is one.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let code = self.child.wait().unwrap().code();
        self.read_on();
        code
    }

    /// A client with a token.
    pub(crate) async fn client(&self, token: &str) -> Client {
        let mut client = self.stranger().await;
        client.set_token(token.to_owned());
        client
    }

    /// A client without a token.
    pub(crate) async fn stranger(&self) -> Client {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.host_and_port())).unwrap();
        Client::new(endpoint.connect().await.unwrap())
    }

    /// A client that trusts an authority.
    pub(crate) async fn encrypted(&self, authority: &str, token: &str) -> Result<Client, String> {
        let port = self.host_and_port().rsplit_once(':').unwrap().1;
        // Another test may have named it already.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority));
        let endpoint = Endpoint::from_shared(format!("https://localhost:{port}"));
        let endpoint = endpoint.unwrap().tls_config(tls).unwrap();
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let mut client = Client::new(channel);
        client.set_token(token.to_owned());
        Ok(client)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a token for a user of the project.
pub(crate) fn token(project: &Project, name: &str) -> String {
    let made = project.korabo(&["serve", "token", name]).exits(0);
    made.stdout.trim().to_owned()
}

/// Adds a section `[serve]` to the project file.
pub(crate) fn configure(project: &Project, section: &str) {
    let file = project.path().join("korabo.toml");
    let text = fs_err::read_to_string(&file).unwrap();
    project.write("korabo.toml", format!("{text}\n[serve]\n{section}\n"));
}

/// Columns as announced and rows as sent, or what the server said instead.
pub(crate) async fn ask(client: &mut Client, sql: &str) -> Result<Answer, String> {
    let info = client.execute(sql.to_owned(), None).await;
    fetch(client, &info.map_err(|error| error.to_string())?).await
}

/// What the server sends for an announcement.
pub(crate) async fn fetch(client: &mut Client, info: &FlightInfo) -> Result<Answer, String> {
    let announced = info.clone().try_decode_schema().unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let stream = client
        .do_get(ticket)
        .await
        .map_err(|error| error.to_string())?;
    let batches: Vec<RecordBatch> = stream
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    for batch in &batches {
        assert_eq!(batch.schema().as_ref(), &announced);
    }
    Ok(Answer {
        schema: Arc::new(announced),
        batches,
    })
}

/// What a statement gave.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

impl Answer {
    pub(crate) fn n_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The one whole number.
    #[track_caller]
    pub(crate) fn count(&self) -> i64 {
        assert_eq!((self.n_rows(), self.schema.fields().len()), (1, 1));
        let batch = self.batches.iter().find(|batch| batch.num_rows() == 1);
        batch
            .unwrap()
            .column(0)
            .as_primitive::<Int64Type>()
            .value(0)
    }

    /// The whole numbers of a column.
    pub(crate) fn numbers(&self, column: &str) -> Vec<i64> {
        let columns = self
            .batches
            .iter()
            .map(|batch| batch.column_by_name(column).unwrap());
        let numbers = columns.flat_map(|column| column.as_primitive::<Int64Type>().values());
        numbers.copied().collect()
    }

    /// The texts of a column.
    pub(crate) fn texts(&self, column: &str) -> Vec<String> {
        let columns = self
            .batches
            .iter()
            .map(|batch| batch.column_by_name(column).unwrap());
        let texts = columns.flat_map(|column| column.as_string::<i32>().iter());
        texts
            .map(|text| text.unwrap_or("NULL").to_owned())
            .collect()
    }
}

/// Writes certificate and key for this machine, of an authority made for the purpose, whose PEM it returns.
pub(crate) fn certificate(folder: &Path) -> String {
    certificate_until(folder, 2999)
}

/// The same with a certificate that has ended.
pub(crate) fn expired_certificate(folder: &Path) -> String {
    certificate_until(folder, 2020)
}

fn certificate_until(folder: &Path, year: i32) -> String {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use std::os::unix::fs::PermissionsExt as _;
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(names).unwrap();
    own.not_after = date_time_ymd(year, 1, 1);
    let own = own.signed_by(&key, &issuer).unwrap();
    fs_err::write(folder.join("server.crt"), own.pem()).unwrap();
    let file = folder.join("server.key");
    fs_err::write(&file, key.serialize_pem()).unwrap();
    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    authority_certificate.pem()
}
