//! `croft`: the command line of a box. One file a command; each talks to the box through `croft-client` and says what came back.

mod commands;
mod passphrase;
mod say;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use croft_client::{Client, ClientError, Door, Token};
use miette::{IntoDiagnostic, Report, miette};

use crate::{commands::*, say::Say};

/// Home of the box on the appliance.
const APPLIANCE_HOME: &str = "/var/lib/croft";

/// Looks after a Croft box.
///
/// On the box itself, as root, it needs no password. From elsewhere it wants --box and an app password.
#[derive(Parser)]
#[command(name = "croft", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    way: WayArgs,
    /// Print JSON, as the API gives it.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct WayArgs {
    /// Home of a box that runs on this machine.
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "origin")]
    home: Option<PathBuf>,
    /// Address of a box: https://mybox.local
    #[arg(long = "box", global = true, value_name = "HTTPS-ADDRESS", env = "CROFT_BOX", requires = "token")]
    origin: Option<String>,
    /// An app password with the scopes that the command needs.
    #[arg(long, global = true, env = "CROFT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The household's certificate, where this system does not know it.
    #[arg(long, global = true, value_name = "FILE", env = "CROFT_CA")]
    ca: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// The box at a glance.
    Status,
    /// Read and change the settings.
    #[command(subcommand)]
    Settings(settings::Settings),
    /// The people of the household.
    #[command(subcommand)]
    Person(person::Person),
    /// The trees of files.
    #[command(subcommand)]
    Space(space::Space),
    /// Network drives for Windows, macOS and Linux, off until they are switched on.
    #[command(subcommand)]
    Share(share::Share),
    /// The network, and the box's address in it.
    #[command(subcommand)]
    Network(network::Network),
    /// Who is told when something is not well, by mail and by webhooks.
    #[command(subcommand)]
    Notify(notify::Notify),
    /// The time zone, and who is asked for the time.
    #[command(subcommand)]
    Time(time::Time),
    /// The disks of the box.
    #[command(subcommand)]
    Disk(disk::Disk),
    /// The disks that hold everything together, and how safe it lies there.
    #[command(subcommand)]
    Pool(pool::Pool),
    /// Apps of others, and the catalogues that they come from.
    #[command(subcommand)]
    App(app::App),
    /// App passwords, for clients that are not a browser.
    #[command(subcommand)]
    Token(token::Token),
    /// Links, which open a file or folder to whoever has their address.
    #[command(subcommand)]
    Link(link::Link),
    /// What the roles of the box said lately.
    Logs(logs::Logs),
    /// Everything that is not as it should be, with what to do.
    Health,
    /// Who did what.
    Activity(activity::Activity),
    /// Restart the box or shut it down.
    #[command(subcommand)]
    Power(power::Power),
    /// What stands on the box's own screen: address, fingerprint, pairing code.
    Console(console::Console),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> miette::Result<()> {
    let cli = Cli::parse();
    let say = Say::new(cli.json);
    let door = door(cli.way)?;
    run(cli.command, door, &say).await.map_err(report)
}

async fn run(command: Command, door: Door, say: &Say) -> Result<(), CommandError> {
    // Made where it is needed: the console waits for a box that does not answer yet; every other command says that it does not.
    let client = || Client::new(door.clone());
    match command {
        Command::Status => status::run(&client()?, say).await,
        Command::Settings(command) => settings::run(command, &client()?, say).await,
        Command::Person(command) => person::run(command, &client()?, say).await,
        Command::Space(command) => space::run(command, &client()?, say).await,
        Command::Share(command) => share::run(command, &client()?, say).await,
        Command::Disk(command) => disk::run(command, &client()?, say).await,
        Command::Pool(command) => pool::run(command, &client()?, say).await,
        Command::App(command) => app::run(command, client, say).await,
        Command::Network(command) => network::run(command, &client()?, say).await,
        Command::Notify(command) => notify::run(command, &client()?, say).await,
        Command::Time(command) => time::run(command, &client()?, say).await,
        Command::Token(command) => token::run(command, &client()?, say).await,
        Command::Link(command) => link::run(command, &client()?, say).await,
        Command::Logs(command) => logs::run(command, &client()?, say).await,
        Command::Health => health::run(&client()?, say).await,
        Command::Activity(command) => activity::run(command, &client()?, say).await,
        Command::Power(command) => power::run(&command, &client()?, say).await,
        Command::Console(command) => console::run(&command, door, say).await,
    }
}

fn door(way: WayArgs) -> miette::Result<Door> {
    match (way.origin, way.home) {
        (Some(origin), _) => {
            let token = way.token.ok_or_else(|| miette!("--box wants an app password: give it by --token or in CROFT_TOKEN"))?;
            Ok(Door::Address { origin, token: Token::new(token), authority: way.ca })
        }
        (None, Some(home)) => Ok(Door::Home(std::path::absolute(home).into_diagnostic()?)),
        (None, None) => Ok(Door::Home(APPLIANCE_HOME.into())),
    }
}

/// The error as a person reads it: the sentence, then what to do.
fn report(error: impl Into<CommandError>) -> Report {
    match error.into() {
        CommandError::Client(ClientError::Refused(problem)) => {
            let sentence = problem.detail.clone();
            match problem.hint {
                Some(hint) => miette!(help = hint, code = problem.code, "{sentence}"),
                None => miette!(code = problem.code, "{sentence}"),
            }
        }
        CommandError::Client(error) => Report::from_err(error),
        CommandError::Wrong(sentence) => miette!("{sentence}"),
    }
}
