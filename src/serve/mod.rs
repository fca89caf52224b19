//! The lake's tables for other programs: Arrow Flight SQL, which ADBC and JDBC drivers speak. Every call
//! carries a token; statements only read, within limits per user. What a statement means is `session`'s.

mod answer;
mod error;
mod event;
mod flight;
mod handle_store;
mod memory;
mod metadata;
mod nesting;
mod parameters;
mod reply;
mod service;
mod statement;
mod tables;
mod threads;
mod tls;
mod users;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use tokio::sync::oneshot;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::ServerTlsConfig;
use tonic::transport::server::TcpIncoming;

pub use error::ServeError;
pub use event::{Log, ServerEvent};
pub use tls::certificate_ends;
pub use users::{ExistingUser, Users, make_token, remove_token};

use crate::clock::time_is_up;
use crate::config::ServeConfig;
use crate::lake::Lake;
use crate::pipeline::Project;
use crate::session::{Session, THREAD_STACK};
use crate::vocabulary::Lang;
use flight::FlightSql;
use memory::Watch;
use service::Service;
use tables::ServedTables;

/// How long running statements may continue when the server is to stop.
const GRACE: Duration = Duration::from_secs(5);
/// Connections are probed, and closed when they do not answer.
const ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Calls that one connection may have open.
const MOST_CALLS: u32 = 256;
/// Threads that talk to clients; statements run on the engine's.
const CLIENT_THREADS: usize = 2;

/// What is served.
pub struct ServedProject {
    /// The tables.
    pub lake: Lake,
    /// The views over them, and parameters.
    pub project: Project,
    /// Engine and limits; each statement gets a session of its own from it.
    pub session: Session,
    /// Bytes that all statements may hold together, reserved or not.
    pub memory_limit: Option<u64>,
    /// Language of what columns mean.
    pub lang: Lang,
}

/// A server that listens but does not answer yet.
pub struct Server {
    address: SocketAddr,
    listener: TcpListener,
    tls: Option<ServerTlsConfig>,
    service: Arc<Service>,
}

impl Server {
    /// Reads users and certificate and takes the address. To be called in the engine's runtime.
    ///
    /// # Errors
    /// When others could read along, a file cannot be used, or the address is taken.
    pub fn bind(served: ServedProject, config: &ServeConfig, log: Log) -> Result<Self, ServeError> {
        let address = config.listen;
        if config.tls.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::NotEncrypted { address });
        }
        let users = Users::open(&config.tokens)?;
        let tls = config.tls.as_ref().map(tls::read).transpose()?;
        let tables = ServedTables::open(
            served.lake,
            served.project,
            config.is_release,
            served.lang,
            Arc::clone(&log),
        )?;
        let limit = served
            .memory_limit
            .and_then(|limit| usize::try_from(limit).ok());
        let watch = Watch::start(limit.unwrap_or(usize::MAX));
        let watch = watch.map_err(|error| ServeError::Transport(error.into()))?;
        let service = Service::new(tables, served.session, watch, users, config.limits, log);
        let taken = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(taken)?;
        listener.set_nonblocking(true).map_err(taken)?;
        Ok(Self {
            address: listener.local_addr().map_err(taken)?,
            listener,
            tls,
            service: Arc::new(service),
        })
    }

    /// Where it listens; with the port it was given where any was requested.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Answers until `stop` ends; then running statements have a few seconds left. Clients are talked to on
    /// threads of their own: the engine's may be busy with one step for a long time.
    ///
    /// # Errors
    /// When the server ends by itself.
    pub async fn run<T>(self, stop: impl Future<Output = T>) -> Result<T, ServeError> {
        let (ask_to_stop, asked) = oneshot::channel::<()>();
        let (sender, mut ended) = oneshot::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            // Plans are also dropped here.
            runtime.thread_stack_size(THREAD_STACK);
            let runtime = runtime.worker_threads(CLIENT_THREADS).enable_all().build();
            let result = match runtime {
                Ok(runtime) => runtime.block_on(self.answer(asked)),
                Err(error) => Err(ServeError::Transport(error.into())),
            };
            // The receiver is gone when the grace is over.
            drop(sender.send(result));
        });
        let reason = tokio::select! {
            result = &mut ended => {
                let lost = || ServeError::Transport("its thread is gone".into());
                let result = result.map_err(|_| lost())?;
                return Err(result.err().unwrap_or_else(lost));
            }
            reason = stop => reason,
        };
        drop(ask_to_stop);
        tokio::select! {
            _ = ended => {}
            () = time_is_up(Some(GRACE)) => {}
        }
        Ok(reason)
    }

    async fn answer(self, asked_to_stop: oneshot::Receiver<()>) -> Result<(), ServeError> {
        let transport = |error: tonic::transport::Error| ServeError::Transport(error.into());
        let listener = tokio::net::TcpListener::from_std(self.listener);
        let listener = listener.map_err(|error| ServeError::Transport(error.into()))?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let flight = FlightSql {
            service: Arc::clone(&self.service),
        };
        let service = self.service;
        let authenticated =
            InterceptedService::new(FlightServiceServer::new(flight), move |request| {
                service.authenticate(request)
            });
        let mut server = tonic::transport::Server::builder()
            .max_concurrent_streams(Some(MOST_CALLS))
            .http2_keepalive_interval(Some(ALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(ALIVE_TIMEOUT));
        if let Some(tls) = self.tls {
            server = server.tls_config(tls).map_err(transport)?;
        }
        let stopped = async move { drop(asked_to_stop.await) };
        server
            .add_service(authenticated)
            .serve_with_incoming_shutdown(incoming, stopped)
            .await
            .map_err(transport)
    }
}
