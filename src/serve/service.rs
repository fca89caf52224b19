//! What the protocol's calls share: the user, planning within limits, what is kept between calls.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::memory_pool::MemoryReservation;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use super::answer::{Answer, sent_schema, too_large, too_long};
use super::error::{data_status, engine_status};
use super::event::{Log, ServerEvent};
use super::handle_store::{HandleStore, StatementHandle};
use super::memory::Watch;
use super::parameters;
use super::statement::{RunningStatement, User};
use super::tables::{ServedTables, Snapshot, StatementRequest, prepare};
use super::threads::Threads;
use super::users::Users;
use crate::config::ServeLimits;
use crate::session::Session;
use crate::session::inquiry::{Inquiry, StatementAnswer};

/// Planned statements that a user may leave unread, and for how long.
const MOST_PLANNED: usize = 64;
const PLANNED_LIFETIME: Duration = Duration::from_secs(600);
/// Prepared statements of a user, and how long one that is not used is kept.
const MOST_PREPARED: usize = 128;
const PREPARED_LIFETIME: Duration = Duration::from_secs(3_600);

/// Calls about tables that run at once for one user; more wait.
const MOST_INSPECTIONS: usize = 2;

/// Everything a call needs.
pub(super) struct Service {
    pub(super) tables: ServedTables,
    session: Session,
    /// Threads of each statement: as many as the engine has.
    n_threads: usize,
    /// What all statements hold.
    watch: Arc<Watch>,
    users: Users,
    limits: ServeLimits,
    /// Users who have called, with what is left of their limits.
    known: Mutex<HashMap<String, Arc<User>>>,
    /// Statements that wait until their rows are requested.
    planned: HandleStore<PlannedStatement>,
    prepared: HandleStore<StatementRequest>,
    n_statements: AtomicU64,
    log: Log,
}

/// A statement that waits, and the memory that its plan takes of its user's share.
#[derive(Clone)]
struct PlannedStatement {
    shown: StatementAnswer,
    _reserved: Arc<MemoryReservation>,
}

/// What a client gets for a statement: a name for its rows, and their columns.
pub(super) struct AnnouncedStatement {
    pub(super) handle: StatementHandle,
    pub(super) schema: SchemaRef,
}

/// A prepared statement: its name, its columns and the types of its parameters.
pub(super) struct PreparedStatement {
    pub(super) handle: StatementHandle,
    pub(super) schema: SchemaRef,
    pub(super) parameters: Schema,
}

impl Service {
    pub(super) fn new(
        tables: ServedTables,
        session: Session,
        watch: Arc<Watch>,
        users: Users,
        limits: ServeLimits,
        log: Log,
    ) -> Self {
        Self {
            tables,
            session,
            n_threads: Handle::current().metrics().num_workers(),
            watch,
            users,
            limits,
            known: Mutex::default(),
            planned: HandleStore::new(MOST_PLANNED, PLANNED_LIFETIME),
            prepared: HandleStore::new(MOST_PREPARED, PREPARED_LIFETIME),
            n_statements: AtomicU64::new(0),
            log,
        }
    }

    /// Accepts a call that carries a token, and attaches its user to it.
    pub(super) fn authenticate(&self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let refused = |address: Option<SocketAddr>| {
            (self.log)(&ServerEvent::Refused { address });
            Status::unauthenticated(
                "an access token is needed: `authorization: Bearer TOKEN`, or the user's name with the token as password",
            )
        };
        let Some(given) = Credentials::read(request.metadata()) else {
            return Err(refused(request.remote_addr()));
        };
        let owner = self.users.owner_of(&given.token).map_err(|error| {
            let message = format!("no user is admitted: {error}");
            (self.log)(&ServerEvent::Unusable { message });
            Status::unavailable("no user is admitted at present; the server's log says why")
        })?;
        let is_right = |owner: &String| given.name.as_ref().is_none_or(|name| name == owner);
        let Some(owner) = owner.filter(is_right) else {
            return Err(refused(request.remote_addr()));
        };
        request.extensions_mut().insert(self.user(&owner)?);
        Ok(request)
    }

    fn user(&self, name: &str) -> Result<Arc<User>, Status> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = known.get(name) {
            return Ok(Arc::clone(user));
        }
        let memory = self.session.share_of_memory(self.limits.memory);
        let user = Arc::new(User {
            name: name.to_owned(),
            statements: Arc::new(Semaphore::new(self.limits.statements)),
            inspections: Arc::new(Semaphore::new(MOST_INSPECTIONS)),
            memory: memory.map_err(|error| engine_status(&error))?,
            limits: self.limits,
        });
        known.insert(name.to_owned(), Arc::clone(&user));
        Ok(user)
    }

    /// Plans a statement and keeps it for its owner until its rows are requested.
    pub(super) async fn announce(
        self: &Arc<Self>,
        user: &Arc<User>,
        request: StatementRequest,
    ) -> Result<AnnouncedStatement, Status> {
        let (service, name) = (Arc::clone(self), user.name.clone());
        let (planned, schema) = self
            .planning(user, move |session, snapshot| async move {
                let (tables, inquiry) = (&service.tables, request.inquiry()?);
                let shown = tables
                    .answer(&session, &snapshot, &name, inquiry, &request.values)
                    .await?;
                let reserved = session.reserve_plan(&shown.frame).map_err(data_status)?;
                let plan = shown.frame.clone().create_physical_plan().await;
                let schema = plan.map_err(data_status)?.schema();
                let schema = sent_schema(&schema, shown.note.as_deref());
                let planned = PlannedStatement {
                    shown,
                    _reserved: Arc::new(reserved),
                };
                Ok((planned, schema))
            })
            .await?;
        let handle = self.planned.keep(&user.name, planned, Instant::now())?;
        Ok(AnnouncedStatement { handle, schema })
    }

    /// The rows of an announced statement. The text is the same for handles of others and unknown ones.
    pub(super) async fn answer(&self, user: &Arc<User>, handle: &[u8]) -> Result<Answer, Status> {
        let planned = self.planned.find(&user.name, handle, Instant::now());
        let planned = planned.ok_or_else(|| {
            Status::not_found("no such statement, or it has expired; send it again")
        })?;
        let running = self.begin(user).await?;
        let sent = Arc::clone(&running.n_rows);
        let threads = Threads::start(self.n_threads, running, &self.watch).await?;
        Ok(Answer::start(threads, planned.shown, user.limits, sent))
    }

    /// Plans a statement, its parameters open, and keeps its text.
    pub(super) async fn prepare(
        self: &Arc<Self>,
        user: &Arc<User>,
        request: StatementRequest,
    ) -> Result<PreparedStatement, Status> {
        let (service, text) = (Arc::clone(self), request.clone());
        let name = user.name.clone();
        let (schema, parameters) = self
            .planning(user, move |session, snapshot| async move {
                let tables = &service.tables;
                let frame = match text.inquiry()? {
                    Inquiry::Rows(query) => prepare(&session, &snapshot, query).await?,
                    inquiry => {
                        tables
                            .answer(&session, &snapshot, &name, inquiry, &[])
                            .await?
                            .frame
                    }
                };
                let parameters = parameters::schema(frame.logical_plan()).map_err(data_status)?;
                Ok((sent_schema(frame.schema().as_arrow(), None), parameters))
            })
            .await?;
        let handle = self.prepared.keep(&user.name, request, Instant::now())?;
        Ok(PreparedStatement {
            handle,
            schema,
            parameters,
        })
    }

    /// The prepared statement of that name with the values bound last.
    pub(super) fn prepared(&self, user: &User, handle: &[u8]) -> Result<StatementRequest, Status> {
        let found = self.prepared.find(&user.name, handle, Instant::now());
        found.ok_or_else(|| {
            Status::not_found("no such prepared statement, or it has expired; prepare it again")
        })
    }

    /// Puts other values into a prepared statement.
    pub(super) fn rebind(&self, user: &User, handle: &[u8], request: StatementRequest) {
        self.prepared.replace(&user.name, handle, request);
    }

    pub(super) fn close_prepared(&self, user: &User, handle: &[u8]) {
        self.prepared.forget(&user.name, handle);
    }

    async fn begin(&self, user: &Arc<User>) -> Result<RunningStatement, Status> {
        let number = self.n_statements.fetch_add(1, Ordering::Relaxed) + 1;
        RunningStatement::begin(user, number, &self.log).await
    }

    /// Plans in a session and on threads of the statement's own, within the user's limits.
    async fn planning<T, F>(
        self: &Arc<Self>,
        user: &Arc<User>,
        work: impl FnOnce(Session, Arc<Snapshot>) -> F + Send + 'static,
    ) -> Result<T, Status>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let running = self.begin(user).await?;
        let mut threads = Threads::start(self.n_threads, running, &self.watch).await?;
        let planned = self.within_limits(user, &mut threads, work).await;
        if let Some(running) = threads.occupied() {
            match &planned {
                Ok(_) => running.mark_planned(),
                Err(status) => running.ends(status),
            }
        }
        if planned.is_ok() {
            // Its place is needed again at once.
            threads.end().await;
        }
        planned
    }

    /// Reads about tables, without a place among the user's statements. Of one user's such calls only a few run at once; more
    /// wait.
    pub(super) async fn inspecting<T, F>(
        self: &Arc<Self>,
        user: &Arc<User>,
        work: impl FnOnce(Session, Arc<Snapshot>) -> F + Send + 'static,
    ) -> Result<T, Status>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let turn = Arc::clone(&user.inspections).acquire_owned().await;
        let mut threads = Threads::start(self.n_threads, turn, &self.watch).await?;
        self.within_limits(user, &mut threads, work).await
    }

    async fn within_limits<T, F, H>(
        self: &Arc<Self>,
        user: &Arc<User>,
        threads: &mut Threads<H>,
        work: impl FnOnce(Session, Arc<Snapshot>) -> F + Send + 'static,
    ) -> Result<T, Status>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
        H: Send + 'static,
    {
        let session = self.session.without_files(&user.memory);
        let session = session.map_err(|error| engine_status(&error))?;
        let service = Arc::clone(self);
        let task = threads.spawn(async move {
            let snapshot = service.tables.snapshot()?;
            let session = service.tables.session(&session, &snapshot)?;
            work(session, snapshot).await
        });
        let limit = user.limits.time;
        let planned = tokio::select! {
            planned = tokio::time::timeout(limit, task.join()) => planned,
            Ok(()) = &mut threads.too_large => return Err(too_large()),
        };
        match planned {
            Err(_) => Err(too_long(limit)),
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Status::internal(
                "the statement failed through a bug in korabo",
            )),
        }
    }
}

/// What a call says about its user.
pub(super) struct Credentials {
    /// With a user's name and password only.
    name: Option<String>,
    pub(super) token: String,
}

impl Credentials {
    pub(super) fn read(metadata: &MetadataMap) -> Option<Self> {
        let header = metadata.get("authorization")?.to_str().ok()?;
        let (scheme, value) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self {
                name: None,
                token: value.trim().to_owned(),
            });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(value.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, token) = decoded.split_once(':')?;
        Some(Self {
            name: Some(name.to_owned()),
            token: token.to_owned(),
        })
    }
}
