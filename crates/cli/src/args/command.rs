//! The commands, and the arguments of those that look at a workspace or run a flow.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use lockgate_flow::diagnostic::Code;
use lockgate_tenant::Fault;

use super::runs::{DoctorArgs, RunsArgs};
use super::server::{DevArgs, ServeArgs};
use super::test::TestArgs;
use crate::exit::EXIT_CODES;
use crate::telemetry::{LogFormat, Role};
use crate::terminal::ColorChoice;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Check, draw and run user flows: sign-ups, profile updates, anything that calls Auth0.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, styles = STYLES, after_help = format!("\
Examples:
  lockgate new my-flows                              begin a workspace
  lockgate check                                     find every mistake in it
  lockgate run hello --emulated --input name=Ada     run a flow, without an Auth0 account
  lockgate dev                                       serve its flows while you write them

{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Work in this folder instead of the current one
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Say only what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to use colours; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: ColorChoice,
    /// What to log to stderr: error, warn, info, debug, trace, or directives like `lockgate_auth0=debug`
    #[arg(
        long,
        value_name = "FILTER",
        env = "LOCKGATE_LOG",
        hide_env_values = true,
        global = true
    )]
    pub(crate) log: Option<String>,
    /// How to log; `auto`: text on a terminal and for commands that end by themselves, JSON for the log of a server
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        env = "LOCKGATE_LOG_FORMAT",
        hide_env_values = true,
        global = true
    )]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a workspace, or add a scenario to one
    #[command(after_help = "\
Examples:
  lockgate new my-flows && cd my-flows && lockgate run hello --emulated --input name=Ada
  lockgate new my-flows --scenario email-otp     begin with a scenario; `lockgate scenarios` lists them
  lockgate new --scenario paywall                add one to this workspace

What is there is never written over: a file in the way is shown as a diff, and nothing is written.")]
    New(NewArgs),
    /// List the scenarios: workspaces to start from
    #[command(after_help = "\
Examples:
  lockgate scenarios
  lockgate scenarios email-otp     what it does, what it needs, what it guards against")]
    Scenarios(ScenariosArgs),
    /// Run a flow and show its steps and its result
    #[command(after_help = "\
Examples:
  lockgate run sign-up --emulated --input email=ada@example.com --input password='correct horse 9'
  lockgate run sign-up --input-json @person.json --json | jq .output
  lockgate run webhook --request '{\"method\": \"POST\", \"ip\": \"192.0.2.1\"}'

Steps are shown on stderr while they run. The result is written to stdout: what the flow returned, else the body \
that it responded with.

Exit codes:
  0    it succeeded
  1    it failed, or its result could not be written
  2    it could not be started
  130  interrupted")]
    Run(RunArgs),
    /// Serve the workspace's flows over HTTP
    #[command(after_help = "\
Examples:
  lockgate serve
  lockgate serve --host 0.0.0.0 --port 443 --tls-cert cert.pem --tls-key key.pem
  LOCKGATE_ADMIN_TOKEN=… lockgate serve --admin-host 0.0.0.0 --trust-proxy 10.0.0.0/8

When it is ready and stdout is no terminal, it prints one line of JSON: {\"url\":…,\"admin_url\":…}
SIGHUP reads the workspace, `.env` and the certificate again; with a mistake in them, what is served stays as it is.
SIGTERM and Ctrl-C stop it: it accepts nothing more and waits for the runs that are going on. A second one ends it \
at once. Runs of flows with `durable: false` are lost then; all others go on at the next start.

Exit codes:
  0    it was stopped; what had not come to its end goes on at the next start
  1    it was stopped, and runs that are not kept were cut off
  2    it could not be started")]
    Serve(ServeArgs),
    /// Serve the workspace while you write it: every saved change counts at once
    #[command(after_help = "\
Example:
  lockgate dev --port 3000

Connections whose variables are not set call an emulated Auth0 tenant; its users live as long as this command. Flows \
with mistakes answer 503; all others are served.")]
    Dev(DevArgs),
    /// Look at runs that were kept, and deal with them: list, show, follow, cancel, resume, replay, export, prune
    #[command(after_help = "\
Examples:
  lockgate runs                                       the newest
  lockgate runs list --status failed,in_doubt
  lockgate runs show last
  lockgate runs replay last                           against the flow as it is now

They are kept in the store of the workspace. Reading works beside a `lockgate serve`; what changes a run is asked of it.")]
    Runs(RunsArgs),
    /// Look whether everything is as a server needs it: store, connections, clock, environment
    #[command(after_help = "\
Examples:
  lockgate doctor
  lockgate doctor --json | jq '.checks[] | select(.status != \"ok\")'

Works while a `lockgate serve` runs. Exit code 1: something has to be mended.")]
    Doctor(DoctorArgs),
    /// Find every mistake in the workspace's flows
    #[command(after_help = "\
Examples:
  lockgate check
  lockgate check flows/sign-up.yaml --format json
  lockgate check --format github --deny-warnings      in a GitHub workflow")]
    Check(CheckArgs),
    /// Run the tests of flows: offline, each with an emulated tenant of its own, on virtual time
    #[command(after_help = "\
Examples:
  lockgate test
  lockgate test sign-up --filter taken
  lockgate test --update                              write the snapshots as they are now
  lockgate test sign-up --step user --input email=ada@example.com --input password='correct horse 9'
  lockgate test --format json | jq '.cases[] | select(.status == \"failed\")'
  lockgate test --coverage --min-coverage 90          each flow's steps and branches
  lockgate test --coverage-svg coverage --junit tests.xml
  lockgate test --watch sign-up                       again at each change
  lockgate test --record last -o flows/sign-up.test.yaml

Tests stand beside their flows: flows/sign-up.test.yaml.

Exit codes:
  0    all passed
  1    a case failed, or coverage is too low
  2    a test file or a flow is not valid
  130  interrupted")]
    Test(TestArgs),
    /// Say more about a finding
    #[command(after_help = "\
Example:
  lockgate explain LG0303")]
    Explain(ExplainArgs),
    /// Draw a flow
    #[command(after_help = "\
Examples:
  lockgate graph sign-up --format text                as it looks, in the terminal
  lockgate graph sign-up --format svg -o sign-up.svg
  lockgate graph sign-up                              Mermaid, for Markdown")]
    Graph(GraphArgs),
    /// List the actions that a step can call, or describe one
    #[command(after_help = "\
Examples:
  lockgate actions
  lockgate actions auth0.create_user")]
    Actions(ActionsArgs),
    /// Print the JSON Schema of flow files or of lockgate.yaml, for editors
    #[command(after_help = "\
Example:
  lockgate schema flow > flow.schema.json")]
    Schema(SchemaArgs),
    /// List the workspace's connections, or check that they work
    #[command(after_help = "\
Examples:
  lockgate connections
  lockgate connections check auth0")]
    Connections(ConnectionsArgs),
    /// Print the least OAuth scopes that the workspace's flows need
    #[command(after_help = "\
Example:
  lockgate scopes                                     ready to paste into the application's permissions")]
    Scopes(ScopesArgs),
    /// Run an emulated Auth0 tenant on this machine
    #[command(after_help = "\
Examples:
  lockgate tenant --port 8080
  lockgate tenant --seed users.json --fault 429:every=3,retry-after=1 --fault delay=200ms:p=0.1

When it is ready it prints one line of JSON: {\"url\":…,\"client_id\":…,\"client_secret\":…}\nIt runs until Ctrl-C.

Faults are KIND or KIND:OPTION,OPTION…
  kinds    a status (400 to 599), delay=200ms, truncate, html, html=503, reset, lost-answer
  options  once, count=N, every=N, after=N, p=0.5, method=POST, path=/api/v2/*, retry-after=SECONDS")]
    Tenant(TenantArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  lockgate completions bash > ~/.local/share/bash-completion/completions/lockgate")]
    Completions(CompletionsArgs),
}

impl Command {
    /// What it is to whoever watches it.
    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Serve(_) => Role::Service,
            Self::Dev(_) => Role::Development,
            Self::Run(_) => Role::Run,
            Self::Test(_) => Role::Tests,
            Self::New(_)
            | Self::Scenarios(_)
            | Self::Check(_)
            | Self::Explain(_)
            | Self::Graph(_)
            | Self::Actions(_)
            | Self::Schema(_)
            | Self::Connections(_)
            | Self::Scopes(_)
            | Self::Tenant(_)
            | Self::Runs(_)
            | Self::Doctor(_)
            | Self::Completions(_) => Role::Tool,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make; what stands in it is left alone. With `--scenario`: this workspace, where none is given
    #[arg(required_unless_present = "scenario")]
    pub(crate) folder: Option<PathBuf>,
    /// Begin with this scenario, or add it; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<String>,
    /// Ask for nothing: variables without a value stay gaps, which `lockgate check` lists
    #[arg(long, requires = "scenario")]
    pub(crate) no_input: bool,
    /// Show what would be written
    #[arg(long, requires = "scenario")]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScenariosArgs {
    /// The scenario to explain; all in a list where none is given
    pub(crate) name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub(crate) struct RunArgs {
    /// The flow's name, or the path of its file
    pub(crate) flow: String,
    /// A field of the input; `NAME=@FILE` reads the file, `NAME=@@TEXT` is a text that begins with `@`
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// The input as a JSON object: the text itself, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON")]
    pub(crate) input_json: Option<String>,
    /// What `request` is in the flow, as a JSON object with method, path, query, headers, ip; or `@FILE`, or `-`
    #[arg(long, value_name = "JSON")]
    pub(crate) request: Option<String>,
    /// Call an emulated tenant on this machine in the place of every Auth0 connection
    #[arg(long)]
    pub(crate) emulated: bool,
    /// Write one JSON object to stdout: status, output, response, steps, error
    #[arg(long)]
    pub(crate) json: bool,
    /// Show each step's input and result, secrets masked
    #[arg(long)]
    pub(crate) trace: bool,
    /// Do not keep the run in the store of the workspace: an interrupted one is lost
    #[arg(long)]
    pub(crate) no_keep: bool,
    /// Where the run is kept; without it, `store.path` in lockgate.yaml
    #[arg(long, value_name = "PATH", env = "LOCKGATE_STORE")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files and folders; the whole workspace where none is given
    pub(crate) paths: Vec<PathBuf>,
    /// How to show findings; `github`: as annotations of a workflow
    #[arg(long, default_value = "text")]
    pub(crate) format: FindingFormat,
    /// Exit with 2 for warnings, too
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    Text,
    Json,
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The finding's code; all codes are listed where none is given
    #[arg(value_parser = parse_code)]
    pub(crate) code: Option<Code>,
    /// List as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// The flow's name, or the path of its file
    pub(crate) flow: String,
    /// What to draw
    #[arg(long, default_value = "mermaid")]
    pub(crate) format: GraphFormat,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    Mermaid,
    Dot,
    Svg,
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct ActionsArgs {
    /// The action to describe
    pub(crate) name: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which files
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    Flow,
    Workspace,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConnectionsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ConnectionsCommand>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Fetch a token and compare its scopes with what the flows need
    #[command(after_help = "\
Examples:
  lockgate connections check
  lockgate connections check --emulated

Exit code 1: a token could not be fetched, or a scope is missing.")]
    Check(ConnectionsCheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConnectionsCheckArgs {
    /// The connection; all of them where none is given
    pub(crate) name: Option<String>,
    /// Check an emulated tenant in the place of every Auth0 connection
    #[arg(long)]
    pub(crate) emulated: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScopesArgs {
    /// With the steps that need them, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Users to begin with: a JSON file with a list of users, as the Management API takes or gives them
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Something that goes wrong (see below); may be given several times
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

fn parse_code(text: &str) -> Result<Code, String> {
    text.parse()
        .map_err(|()| "there is no such code; `lockgate explain` lists them".to_owned())
}

/// Reads the command line; help, version and mistakes are written, and their exit code comes back.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let mut command = Cli::command();
    // Help is written before `--color` is known to be one.
    if let Some(color) = asked_color(std::env::args_os()) {
        command = command.color(match color {
            ColorChoice::Auto => clap::ColorChoice::Auto,
            ColorChoice::Always => clap::ColorChoice::Always,
            ColorChoice::Never => clap::ColorChoice::Never,
        });
    }
    command
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| {
            // Nobody can be told that help cannot be written; a reader that has gone away is no error.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })
}

/// What is not UTF-8 is no colour; clap says so of the argument itself.
fn asked_color(arguments: impl Iterator<Item = OsString>) -> Option<ColorChoice> {
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let value = arguments.find_map(|argument| match argument.strip_prefix("--color") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix('=').map(|value| Some(value.to_owned())),
        None => None,
    })?;
    ColorChoice::from_str(&value.or_else(|| arguments.next())?, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_utf_8_is_a_usage_error() {
        use std::os::unix::ffi::OsStringExt as _;
        let arguments = || {
            [b"lockgate".as_slice(), b"run", b"caf\xe9", b"--color", b"never"]
                .into_iter()
                .map(|text| OsString::from_vec(text.to_vec()))
        };
        assert_eq!(asked_color(arguments()), Some(ColorChoice::Never));
        let error = Cli::command().try_get_matches_from(arguments()).unwrap_err();
        assert_eq!(
            (error.kind(), error.exit_code()),
            (clap::error::ErrorKind::InvalidUtf8, 2)
        );
    }

    #[test]
    fn every_commands_help_has_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example"), "{path}");
            assert!(help.contains("lockgate "), "{path}");
            for command in command.get_subcommands() {
                visit(command, &path);
            }
        }
        visit(&Cli::command(), "");
    }

    #[test]
    fn a_server_has_room_for_a_run() {
        for count in ["0", "-1", "many"] {
            let count = format!("--max-runs={count}");
            let error = Cli::try_parse_from(["lockgate", "serve", &count]).unwrap_err();
            assert!(
                error.to_string().contains("write a whole number from 1 on"),
                "{error}"
            );
        }
    }
}
