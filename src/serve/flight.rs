//! The calls of Arrow Flight SQL. Each finds its user, calls `service` or `metadata`, and answers;
//! calls that would write are refused.

use std::sync::Arc;

use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionBeginSavepointResult, ActionBeginTransactionRequest,
    ActionBeginTransactionResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, CommandGetCatalogs,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables,
    CommandGetXdbcTypeInfo, CommandPreparedStatementQuery, CommandPreparedStatementUpdate,
    CommandStatementIngest, CommandStatementQuery, CommandStatementSubstraitPlan,
    CommandStatementUpdate, DoPutPreparedStatementResult, ProstMessageExt, SqlInfo,
    TicketStatementQuery,
};
use arrow_flight::{Action, FlightDescriptor, HandshakeRequest, HandshakeResponse, Ticket};
use futures::{TryStreamExt as _, stream};
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming};

use super::metadata;
use super::parameters;
use super::reply::{Answers, Info, Rows, info, question, rows, schema_bytes};
use super::service::{Credentials, Service};
use super::statement::User;
use super::tables::StatementRequest;

/// The protocol over what the calls share.
#[derive(Clone)]
pub(super) struct FlightSql {
    pub(super) service: Arc<Service>,
}

/// The user of a call that `authenticate` has accepted.
fn user<T>(request: &Request<T>) -> Result<Arc<User>, Status> {
    let user = request.extensions().get::<Arc<User>>();
    user.cloned()
        .ok_or_else(|| Status::unauthenticated("an access token is needed"))
}

fn refuse_writing() -> Status {
    Status::invalid_argument("statements that write are refused: the lake is read-only here")
}

fn refuse_transactions() -> Status {
    Status::unimplemented("there are no transactions: every statement sees the lake at one moment")
}

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Answers<HandshakeResponse>>, Status> {
        user(&request)?;
        let token = Credentials::read(request.metadata()).map(|given| given.token);
        let bearer = format!("Bearer {}", token.unwrap_or_default());
        let response = HandshakeResponse::default();
        let answers: Answers<HandshakeResponse> = Box::pin(stream::iter([Ok(response)]));
        let mut response = Response::new(answers);
        let bearer = bearer
            .parse()
            .map_err(|_| Status::unauthenticated("an access token is needed"))?;
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    // Statements.

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        if query.transaction_id.is_some() {
            return Err(refuse_transactions());
        }
        let user = user(&request)?;
        let announced = self
            .service
            .announce(&user, StatementRequest::parse(&query.query)?)
            .await?;
        let ticket = TicketStatementQuery {
            statement_handle: announced.handle.to_vec().into(),
        };
        info(
            &announced.schema,
            ticket.as_any().encode_to_vec(),
            request.into_inner(),
        )
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let user = user(&request)?;
        let prepared = self
            .service
            .prepared(&user, &query.prepared_statement_handle)?;
        let announced = self.service.announce(&user, prepared).await?;
        let ticket = TicketStatementQuery {
            statement_handle: announced.handle.to_vec().into(),
        };
        info(
            &announced.schema,
            ticket.as_any().encode_to_vec(),
            request.into_inner(),
        )
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Rows {
        let answer = self
            .service
            .answer(&user(&request)?, &ticket.statement_handle)
            .await?;
        Ok(Response::new(Box::pin(answer)))
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Rows {
        let user = user(&request)?;
        let prepared = self
            .service
            .prepared(&user, &query.prepared_statement_handle)?;
        let announced = self.service.announce(&user, prepared).await?;
        let answer = self.service.answer(&user, &announced.handle).await?;
        Ok(Response::new(Box::pin(answer)))
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        if query.transaction_id.is_some() {
            return Err(refuse_transactions());
        }
        let user = user(&request)?;
        let prepared = self
            .service
            .prepare(&user, StatementRequest::parse(&query.query)?)
            .await?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: prepared.handle.to_vec().into(),
            dataset_schema: schema_bytes(&prepared.schema)?,
            parameter_schema: schema_bytes(&prepared.parameters)?,
        })
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let user = user(&request)?;
        let handle = query.prepared_statement_handle;
        let mut prepared = self.service.prepared(&user, &handle)?;
        let messages = request.into_inner().map_err(FlightError::from);
        let batches = FlightRecordBatchStream::new_from_flight_data(messages);
        prepared.values = parameters::values(batches).await?;
        self.service.rebind(&user, &handle, prepared);
        Ok(DoPutPreparedStatementResult {
            prepared_statement_handle: Some(handle),
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        query: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        let user = user(&request)?;
        self.service
            .close_prepared(&user, &query.prepared_statement_handle);
        Ok(())
    }

    // What there is.

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::catalogs()?.schema(), request)
    }

    async fn do_get_catalogs(&self, _: CommandGetCatalogs, _: Request<Ticket>) -> Rows {
        rows(metadata::catalogs()?)
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &query.clone().into_builder().schema(), request)
    }

    async fn do_get_schemas(&self, query: CommandGetDbSchemas, _: Request<Ticket>) -> Rows {
        rows(metadata::schemas(query)?)
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &query.clone().into_builder().schema(), request)
    }

    async fn do_get_tables(&self, query: CommandGetTables, request: Request<Ticket>) -> Rows {
        let user = user(&request)?;
        let listed = self
            .service
            .inspecting(&user, move |session, snapshot| async move {
                metadata::tables(&session, &snapshot, query).await
            });
        rows(listed.await?)
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::table_types()?.schema(), request)
    }

    async fn do_get_table_types(&self, _: CommandGetTableTypes, _: Request<Ticket>) -> Rows {
        rows(metadata::table_types()?)
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::sql_info()?.schema(), request)
    }

    async fn do_get_sql_info(&self, query: CommandGetSqlInfo, _: Request<Ticket>) -> Rows {
        rows(
            query
                .into_builder(metadata::sql_info()?)
                .build()
                .map_err(Status::from)?,
        )
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::type_info()?.schema(), request)
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        _: Request<Ticket>,
    ) -> Rows {
        rows(
            query
                .into_builder(metadata::type_info()?)
                .build()
                .map_err(Status::from)?,
        )
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::primary_keys_schema(), request)
    }

    async fn do_get_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<Ticket>,
    ) -> Rows {
        let user = user(&request)?;
        let looked = self
            .service
            .inspecting(&user, move |_, snapshot| async move {
                metadata::primary_keys(&snapshot, &query)
            });
        rows(looked.await?)
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::foreign_keys().schema(), request)
    }

    async fn do_get_exported_keys(&self, _: CommandGetExportedKeys, _: Request<Ticket>) -> Rows {
        rows(metadata::foreign_keys())
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::foreign_keys().schema(), request)
    }

    async fn do_get_imported_keys(&self, _: CommandGetImportedKeys, _: Request<Ticket>) -> Rows {
        rows(metadata::foreign_keys())
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        question(&query, &metadata::foreign_keys().schema(), request)
    }

    async fn do_get_cross_reference(
        &self,
        _: CommandGetCrossReference,
        _: Request<Ticket>,
    ) -> Rows {
        rows(metadata::foreign_keys())
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}

    // What is refused.

    async fn get_flight_info_substrait_plan(
        &self,
        _: CommandStatementSubstraitPlan,
        _: Request<FlightDescriptor>,
    ) -> Info {
        Err(Status::unimplemented(
            "plans in Substrait are not taken; send SQL",
        ))
    }

    async fn do_put_statement_update(
        &self,
        _: CommandStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(refuse_writing())
    }

    async fn do_put_prepared_statement_update(
        &self,
        _: CommandPreparedStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(refuse_writing())
    }

    async fn do_put_statement_ingest(
        &self,
        _: CommandStatementIngest,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(refuse_writing())
    }

    async fn do_put_substrait_plan(
        &self,
        _: CommandStatementSubstraitPlan,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(refuse_writing())
    }

    async fn do_action_begin_transaction(
        &self,
        _: ActionBeginTransactionRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        Err(refuse_transactions())
    }

    async fn do_action_begin_savepoint(
        &self,
        _: ActionBeginSavepointRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginSavepointResult, Status> {
        Err(refuse_transactions())
    }

    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        // Clients ask for actions of later protocol versions and go on when there is none.
        let action = &request.get_ref().r#type;
        Err(Status::unimplemented(format!("no action `{action}`")))
    }
}
