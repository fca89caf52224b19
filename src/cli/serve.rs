//! `korabo serve`: the lake's tables for notebooks and SQL tools, through Arrow Flight SQL; `korabo serve
//! token` says who may ask.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::args::GlobalArgs;
use super::failure::Failure;
use super::printer::Printer;
use super::watch::Signal;
use super::workspace;
use crate::config::{ProjectConfig, ServeConfig, TlsFiles};
use crate::diagnostic::FailureKind;
use crate::job::Workspace;
use crate::serve::{self, ExistingUser, Log, ServeError, ServedProject, Server, ServerEvent};
use crate::session;

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ServeArgs {
    #[command(subcommand)]
    action: Option<ServeAction>,
    /// Address and port; port 0 takes a free one [default: `listen` in [serve], else 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// File of users and hashes of their tokens [default: `tokens` in [serve], else tokens.toml]
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Certificate (PEM), needed where other machines can reach the address
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Send only what may leave the secure area: grouped results without small cells [default: `release` in [serve]]
    #[arg(long)]
    release: bool,
}

/// What else `serve` does.
#[derive(Debug, Subcommand)]
enum ServeAction {
    /// Make a token for a user and print it, once; its hash goes into the tokens file
    Token {
        /// The user
        name: String,
        /// Make another token for a user who has one
        #[arg(long, conflicts_with = "remove")]
        replace: bool,
        /// Revoke the user's token
        #[arg(long)]
        remove: bool,
        /// File of users and hashes of their tokens [default: `tokens` in [serve], else tokens.toml]
        #[arg(long, value_name = "FILE")]
        tokens: Option<PathBuf>,
    },
}

pub(super) async fn run(
    args: &ServeArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let config = workspace::config(global)?;
    if let Some(ServeAction::Token {
        name,
        replace,
        remove,
        tokens,
    }) = &args.action
    {
        let file = match tokens {
            Some(file) => workspace::absolute(file)?,
            None => settings(&config).tokens,
        };
        if *remove {
            serve::remove_token(&file, name)?;
            printer.note(&format!("the token of `{name}` is revoked"));
            return Ok(0);
        }
        let existing = match replace {
            true => ExistingUser::Replace,
            false => ExistingUser::Keep,
        };
        let token = serve::make_token(&file, name, existing)?;
        printer.data(format!("{token}\n").as_bytes())?;
        printer.note("this token is shown once; give it only to its user");
        return Ok(0);
    }
    let settings = with_arguments(settings(&config), args)?;
    listen(config, &settings, args, global, printer, signal).await
}

/// What the project file says, or what holds where it says nothing.
fn settings(config: &ProjectConfig) -> ServeConfig {
    let default = || ServeConfig::default_of(&config.folder);
    config.serve.clone().unwrap_or_else(default)
}

/// Arguments before the project file.
fn with_arguments(mut settings: ServeConfig, args: &ServeArgs) -> Result<ServeConfig, Failure> {
    if let Some(address) = args.listen {
        settings.listen = address;
    }
    if let Some(file) = &args.tokens {
        settings.tokens = workspace::absolute(file)?;
    }
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        settings.tls = Some(TlsFiles {
            certificate: workspace::absolute(certificate)?,
            key: workspace::absolute(key)?,
        });
    }
    settings.is_release |= args.release;
    Ok(settings)
}

async fn listen(
    config: ProjectConfig,
    settings: &ServeConfig,
    args: &ServeArgs,
    global: &GlobalArgs,
    printer: &Printer,
    signal: &mut Signal,
) -> Result<u8, Failure> {
    let Workspace { project, lake, .. } = Workspace::of_config(config)?;
    let served = ServedProject {
        lake,
        project: Arc::unwrap_or_clone(project),
        session: workspace::session(global)?,
        memory_limit: global.memory_limit.or_else(session::default_memory_limit),
        lang: global.lang.into(),
    };
    let log: Log = {
        let printer = printer.clone();
        Arc::new(move |event: &ServerEvent| printer.note(&event.to_string()))
    };
    let server = Server::bind(served, settings, log).map_err(|error| {
        let is_asked_for = args.listen.is_some();
        let is_open = matches!(error, ServeError::NotEncrypted { .. });
        let mut failure = Failure::from(error);
        if is_open && is_asked_for {
            failure.kind = FailureKind::Usage;
        }
        failure
    })?;
    let scheme = match server.is_encrypted() {
        true => "grpc+tls",
        false => "grpc",
    };
    printer.note(&format!("listening on {scheme}://{}", server.address()));
    if settings.is_release {
        printer.note("only what may leave the secure area is sent");
    }
    let stopped = server.run(signal).await?;
    match stopped {
        Ok(reason) => Err(reason.into()),
        Err(error) => {
            Err(Failure::new(FailureKind::Internal, "cannot listen for signals").because(&error))
        }
    }
}
