//! Replies of the protocol: columns with a ticket, rows as messages, schemas as bytes.

use std::pin::Pin;

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::ProstMessageExt;
use arrow_flight::{
    FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, IpcMessage, SchemaAsIpc, Ticket,
};
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use datafusion::arrow::record_batch::RecordBatch;
use futures::{Stream, TryStreamExt as _, stream};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::error::data_status;

/// A stream of messages.
pub(super) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
/// The reply with rows.
pub(super) type Rows = Result<Response<Answers<FlightData>>, Status>;
/// The reply with columns and a ticket.
pub(super) type Info = Result<Response<FlightInfo>, Status>;

/// Columns, and a ticket for the rows.
pub(super) fn info(schema: &Schema, ticket: Vec<u8>, descriptor: FlightDescriptor) -> Info {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket));
    let info = FlightInfo::new().try_with_schema(schema);
    let info = info.map_err(|error| data_status(error.into()))?;
    Ok(Response::new(
        info.with_endpoint(endpoint).with_descriptor(descriptor),
    ))
}

/// The reply to a command whose ticket is the command itself.
pub(super) fn question(
    command: &impl ProstMessageExt,
    schema: &Schema,
    request: Request<FlightDescriptor>,
) -> Info {
    info(
        schema,
        command.as_any().encode_to_vec(),
        request.into_inner(),
    )
}

/// One batch as the reply with rows.
pub(super) fn rows(batch: RecordBatch) -> Rows {
    let encoder = FlightDataEncoderBuilder::new().with_schema(batch.schema());
    let messages = encoder.build(stream::iter([Ok(batch)]));
    Ok(Response::new(Box::pin(messages.map_err(Status::from))))
}

/// A schema as the bytes that prepared statements carry it in.
pub(super) fn schema_bytes(schema: &Schema) -> Result<prost::bytes::Bytes, Status> {
    let message = IpcMessage::try_from(SchemaAsIpc::new(schema, &IpcWriteOptions::default()));
    message
        .map(|message| message.0)
        .map_err(|error| data_status(error.into()))
}
