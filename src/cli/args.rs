//! Arguments as typed, by clap.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::access::{DefaultKind, ObjectKind};
use crate::domain::export::Format;

/// A terminal database explorer for Amazon RDS and Aurora PostgreSQL with IAM authentication.
#[derive(Debug, Parser)]
#[command(
    name = "pgiam",
    version,
    about = "Explore Amazon RDS and Aurora PostgreSQL with IAM sign-in, and learn why access is denied",
    long_about = "Explore Amazon RDS and Aurora PostgreSQL with IAM sign-in, and learn why access is denied.\n\n\
        Without a command, pgiam opens the connections screen.\n\n\
        TARGET is a profile's name, a postgres:// URL, a key=value string or service=NAME.",
    after_help = "Examples:\n  pgiam demo                       try everything on a local stand-in for RDS\n  \
        pgiam connect orders-prod        open the workspace\n  \
        pgiam doctor orders-prod         walk the nine stages and say what is wrong\n  \
        pgiam why orders-admin --role analyst -c 'select * from crm.customers'\n\n\
        Exit codes: 0 done and healthy, 1 done and something was refused or found, 2 wrong use,\n\
        3 could not reach or sign in, 4 anything else, 130 interrupted.",
    propagate_version = true,
    args_conflicts_with_subcommands = true
)]
pub struct Arguments {
    /// What to do; nothing opens the connections screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a local stand-in for RDS with sample data, and open it
    #[command(after_help = "Examples:\n  pgiam demo\n  pgiam demo --serve --json")]
    Demo(Demo),
    /// Open the workspace of a target
    #[command(after_help = "Examples:\n  pgiam connect orders-prod\n  \
        pgiam connect 'postgres://analyst@orders.c9xk2.eu-central-1.rds.amazonaws.com/orders'")]
    Connect(Connect),
    /// List, show and change saved profiles
    #[command(subcommand, visible_alias = "profiles")]
    Profile(Profile),
    /// Print a sign-in token, as `aws rds generate-db-auth-token` does
    #[command(after_help = "Examples:\n  pgiam token orders-prod\n  \
        pgiam token --host orders.c9xk2.eu-central-1.rds.amazonaws.com --port 5432 --user analyst\n\n\
        Nothing else goes to standard output. A token opens sessions for 15 minutes.")]
    Token(Token),
    /// Run a libpq program (psql, pg_dump, pgbench) with a fresh token
    #[command(
        after_help = "Examples:\n  pgiam exec orders-prod -- psql\n  pgiam exec orders-prod -- pg_dump -s -f schema.sql\n\n\
        The token goes into the program's environment as PGPASSWORD, never into its arguments."
    )]
    Exec(Exec),
    /// Run SQL and print the rows
    #[command(
        after_help = "Examples:\n  pgiam query orders-prod -c 'select * from sales.orders limit 5'\n  \
        pgiam query orders-prod -f report.sql --format csv > report.csv\n  \
        echo 'select 1' | pgiam query orders-prod --format jsonl\n  \
        pgiam query orders-prod -v day=2026-05-01 -c \"select * from sales.orders where placed >= :'day'\" \\\n    \
        --format csv --output orders.csv\n  \
        pgiam query orders-prod -c 'copy sales.orders from stdin (format csv)' < orders.csv\n\n\
        COPY … FROM STDIN reads standard input, COPY … TO STDOUT writes to the output, both unchanged."
    )]
    Query(Query),
    /// Walk the nine stages of a connection and say what is wrong
    #[command(
        after_help = "Examples:\n  pgiam doctor orders-prod\n  pgiam doctor --all --json\n\n\
        With --json, one object a line and target."
    )]
    Doctor(Doctor),
    /// Explain why a role is refused, and the smallest fix
    #[command(
        after_help = "Examples:\n  pgiam why orders-admin --role analyst -c 'select email from crm.customers'\n  \
        pgiam why orders-admin --role analyst --connect --json\n\n\
        The target is who looks: an owner or administrator sees and can rehearse more.\n\
        A rehearsal runs in a transaction that is always rolled back."
    )]
    Why(Why),
    /// Tell what a role can do, and who can do what to an object, by which paths
    #[command(
        after_help = "Examples:\n  pgiam access orders-prod --role analyst\n  \
        pgiam access orders-prod --object hr.payroll --privilege select\n  \
        pgiam access orders-prod --role analyst --object 'function sales.total(integer)'\n  \
        pgiam access orders-prod --compare analyst intern --schema sales\n  \
        pgiam access orders-prod --next table --creator deployer --schema sales --role analyst\n  \
        pgiam access orders-prod --if 'REVOKE readers FROM intern' --json\n\n\
        An object is written as in SQL; where a name could be several things, put its kind first:\n\
        'schema sales', 'database orders', 'role readers'. Every role may ask about every other.\n\
        Ends with 1 where the role cannot at once do what was asked, or where the compared roles differ."
    )]
    Access(Access),
    /// Print a shell's completion script
    #[command(after_help = "Example:\n  pgiam completions bash > /etc/bash_completion.d/pgiam")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  pgiam man > pgiam.1")]
    Man,
}

/// `pgiam demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Stay in the foreground without the interface and print how to reach the stand-in
    #[arg(long)]
    pub serve: bool,
    /// Print it as one JSON object
    #[arg(long, requires = "serve")]
    pub json: bool,
}

/// `pgiam connect`.
#[derive(Debug, Args)]
pub struct Connect {
    /// A profile, URL, key=value string or service=NAME
    pub target: String,
}

/// `pgiam profile`.
#[derive(Debug, Subcommand)]
pub enum Profile {
    /// List the profiles
    List {
        /// As one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show one profile
    Show {
        /// Its name
        name: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Add a profile
    #[command(
        after_help = "Example:\n  pgiam profile add orders-prod --host orders.c9xk2.eu-central-1.rds.amazonaws.com \\\n    \
        --database orders --user analyst --aws-profile work"
    )]
    Add {
        /// Its name
        name: String,
        /// Its fields
        #[command(flatten)]
        fields: Fields,
    },
    /// Change fields of a profile; without any, open the file in $EDITOR
    #[command(
        after_help = "Examples:\n  pgiam profile edit orders-prod --database billing\n  pgiam profile edit orders-prod --unset region"
    )]
    Edit {
        /// Its name
        name: String,
        /// A new name
        #[arg(long)]
        rename: Option<String>,
        /// Fields to take out: group, region, colour, options, aws-profile, role-arn, server-name, dial, route-command
        #[arg(long, value_name = "FIELD")]
        unset: Vec<String>,
        /// Its fields
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove a profile
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
    },
}

/// The fields of a profile.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// Heading it is listed under
    #[arg(long)]
    pub group: Option<String>,
    /// Endpoint: what is signed for, dialled and verified
    #[arg(long)]
    pub host: Option<String>,
    /// Port of the endpoint
    #[arg(long)]
    pub port: Option<u16>,
    /// Database
    #[arg(long)]
    pub database: Option<String>,
    /// Role to sign in as
    #[arg(long)]
    pub user: Option<String>,
    /// Region to sign for, where the endpoint does not name one
    #[arg(long)]
    pub region: Option<String>,
    /// Whether sessions are read-only
    #[arg(long, value_name = "BOOL")]
    pub read_only: Option<bool>,
    /// Colour of the frame: red, yellow, green, blue, magenta or cyan
    #[arg(long)]
    pub colour: Option<String>,
    /// What sessions begin with, as in PGOPTIONS: '-c search_path=sales'
    #[arg(long, allow_hyphen_values = true)]
    pub options: Option<String>,
    /// How to sign in: iam, password, command, secrets-manager or none
    #[arg(long, value_name = "METHOD")]
    pub sign_in: Option<String>,
    /// AWS profile whose credentials sign
    #[arg(long)]
    pub aws_profile: Option<String>,
    /// Role to assume with them
    #[arg(long)]
    pub role_arn: Option<String>,
    /// Command that prints the password
    #[arg(long)]
    pub command: Option<String>,
    /// Name or ARN of the secret that holds the password
    #[arg(long)]
    pub secret: Option<String>,
    /// disable, prefer, require, verify-ca or verify-full
    #[arg(long)]
    pub tls: Option<String>,
    /// Root certificates: rds, system or the path of a PEM file
    #[arg(long, value_name = "ROOTS")]
    pub root_certificates: Option<String>,
    /// Name the certificate must carry, where it is not the endpoint's
    #[arg(long)]
    pub server_name: Option<String>,
    /// Address to dial instead of the endpoint: host:port
    #[arg(long, value_name = "ADDRESS")]
    pub dial: Option<String>,
    /// Command that opens a tunnel to that address
    #[arg(long)]
    pub route_command: Option<String>,
}

/// `pgiam token`.
#[derive(Debug, Args)]
pub struct Token {
    /// A profile or URL
    #[arg(conflicts_with_all = ["host", "port", "user"])]
    pub target: Option<String>,
    /// Endpoint to sign for
    #[arg(long, visible_alias = "hostname", required_unless_present = "target")]
    pub host: Option<String>,
    /// Port to sign for
    #[arg(long)]
    pub port: Option<u16>,
    /// Database user to sign for
    #[arg(long, visible_alias = "username", required_unless_present = "target")]
    pub user: Option<String>,
    /// Region to sign for; the endpoint's name says it for most
    #[arg(long)]
    pub region: Option<String>,
    /// AWS profile whose credentials sign
    #[arg(long, visible_alias = "profile")]
    pub aws_profile: Option<String>,
    /// Role to assume with them
    #[arg(long)]
    pub role_arn: Option<String>,
}

/// `pgiam exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// A profile, URL, key=value string or service=NAME
    pub target: String,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<String>,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RowFormat {
    /// Aligned columns
    Table,
    /// Comma-separated values
    Csv,
    /// Tab-separated values
    Tsv,
    /// One JSON array a result
    Json,
    /// One JSON object a row
    Jsonl,
    /// A Markdown table
    Markdown,
    /// INSERT statements
    Insert,
    /// A Parquet file (if built with it)
    Parquet,
    /// An Arrow IPC file (if built with it)
    Arrow,
    /// An Arrow IPC stream (if built with it)
    ArrowStream,
}

impl RowFormat {
    /// The format itself.
    #[must_use]
    pub const fn format(self) -> Format {
        match self {
            Self::Table => Format::Table,
            Self::Csv => Format::Csv,
            Self::Tsv => Format::Tsv,
            Self::Json => Format::Json,
            Self::Jsonl => Format::JsonLines,
            Self::Markdown => Format::Markdown,
            Self::Insert => Format::Insert,
            Self::Parquet => Format::Parquet,
            Self::Arrow => Format::Arrow,
            Self::ArrowStream => Format::ArrowStream,
        }
    }
}

/// Where SQL comes from.
#[derive(Debug, Args)]
#[group(multiple = true)]
pub struct Script {
    /// SQL to run; may be given several times
    // SQL may begin with a comment.
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SQL",
        allow_hyphen_values = true
    )]
    pub commands: Vec<String>,
    /// File of SQL to run; - is standard input
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE",
        conflicts_with = "commands"
    )]
    pub file: Option<PathBuf>,
}

impl Script {
    /// Whether the SQL comes from standard input.
    #[must_use]
    pub fn reads_input(&self) -> bool {
        let named = |file: &PathBuf| file.as_os_str() != "-";
        self.commands.is_empty() && !self.file.as_ref().is_some_and(named)
    }
}

/// `pgiam query`.
#[derive(Debug, Args)]
pub struct Query {
    /// A profile, URL, key=value string or service=NAME
    pub target: String,
    /// Where SQL comes from
    #[command(flatten)]
    pub script: Script,
    /// How rows are printed
    #[arg(long, value_enum, default_value = "table")]
    pub format: RowFormat,
    /// Set a variable of the SQL: :name, :'name' as a literal, :"name" as a name
    #[arg(short = 'v', long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
    /// Write to a file instead of standard output; it appears when it is complete
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `NAME=VALUE`; the characters of a name are psql's.
fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it needs the form NAME=VALUE")?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(known)
    {
        return Err("a name has letters, digits and underscores".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// `pgiam doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Profiles, URLs, key=value strings or service=NAME
    #[arg(required_unless_present = "all")]
    pub targets: Vec<String>,
    /// Every saved profile
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,
    /// One JSON object a line and target
    #[arg(long)]
    pub json: bool,
}

/// `pgiam why`.
#[derive(Debug, Args)]
pub struct Why {
    /// Who looks: a profile, URL, key=value string or service=NAME
    pub target: String,
    /// The role that is refused
    #[arg(long, allow_hyphen_values = true)]
    pub role: String,
    /// The statement, from -c, -f or standard input
    #[command(flatten)]
    pub script: Script,
    /// Ask about signing in to the target's database
    #[arg(long, conflicts_with_all = ["commands", "file"])]
    pub connect: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// Only read catalogs: do not try the statement in a transaction that is rolled back
    #[arg(long)]
    pub no_rehearse: bool,
}

/// Kinds of objects to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Databases
    Database,
    /// Schemas
    Schema,
    /// Tables: plain, partitioned, foreign
    Table,
    /// Views and materialised views
    View,
    /// Sequences
    Sequence,
    /// Columns with rights of their own
    Column,
    /// Functions, procedures, aggregates
    Function,
    /// Types and domains
    Type,
    /// Languages
    Language,
    /// Foreign-data wrappers and servers
    Foreign,
    /// Tablespaces
    Tablespace,
    /// Large objects
    LargeObject,
    /// Configuration parameters
    Parameter,
}

impl KindName {
    /// The kinds it stands for.
    #[must_use]
    pub fn kinds(self) -> Vec<ObjectKind> {
        match self {
            Self::Database => vec![ObjectKind::Database],
            Self::Schema => vec![ObjectKind::Schema],
            Self::Table => vec![
                ObjectKind::Table,
                ObjectKind::PartitionedTable,
                ObjectKind::ForeignTable,
            ],
            Self::View => vec![ObjectKind::View, ObjectKind::MaterializedView],
            Self::Sequence => vec![ObjectKind::Sequence],
            Self::Column => vec![ObjectKind::Column],
            Self::Function => vec![
                ObjectKind::Function,
                ObjectKind::Procedure,
                ObjectKind::Aggregate,
            ],
            Self::Type => vec![ObjectKind::Type, ObjectKind::Domain],
            Self::Language => vec![ObjectKind::Language],
            Self::Foreign => vec![ObjectKind::ForeignDataWrapper, ObjectKind::ForeignServer],
            Self::Tablespace => vec![ObjectKind::Tablespace],
            Self::LargeObject => vec![ObjectKind::LargeObject],
            Self::Parameter => vec![ObjectKind::Parameter],
        }
    }
}

/// Kinds of objects that default privileges exist for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NextName {
    /// A table or view
    Table,
    /// A sequence
    Sequence,
    /// A function or procedure
    Function,
    /// A type or domain
    Type,
    /// A schema
    Schema,
}

impl NextName {
    /// The kind it stands for.
    #[must_use]
    pub const fn kind(self) -> DefaultKind {
        match self {
            Self::Table => DefaultKind::Tables,
            Self::Sequence => DefaultKind::Sequences,
            Self::Function => DefaultKind::Functions,
            Self::Type => DefaultKind::Types,
            Self::Schema => DefaultKind::Schemas,
        }
    }
}

/// `pgiam access`.
#[derive(Debug, Args)]
pub struct Access {
    /// Who looks: a profile, URL, key=value string or service=NAME
    pub target: String,
    /// What can this role do
    #[arg(long)]
    pub role: Option<String>,
    /// Who can do what to this object
    #[arg(long)]
    pub object: Option<String>,
    /// How do these two roles differ
    #[arg(long, num_args = 2, value_names = ["ROLE", "ROLE"], conflicts_with_all = ["role", "object"])]
    pub compare: Vec<String>,
    /// Will the next object of this kind that --creator makes be usable by --role
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        requires_all = ["creator", "role"],
        conflicts_with_all = ["object", "compare", "what_if"]
    )]
    pub next: Option<NextName>,
    /// Who makes the next object; --schema says where
    #[arg(long, value_name = "ROLE", requires = "next")]
    pub creator: Option<String>,
    /// What would this GRANT or REVOKE change; nothing is run
    #[arg(long = "if", value_name = "STATEMENT", conflicts_with = "compare")]
    pub what_if: Vec<String>,
    /// Only what is in this schema
    #[arg(long)]
    pub schema: Option<String>,
    /// Only these kinds of objects
    #[arg(long, value_enum, value_name = "KIND")]
    pub kind: Vec<KindName>,
    /// Only this privilege
    #[arg(long)]
    pub privilege: Option<String>,
    /// Most objects or roles to tell; 0 is all. 200 for people, all with --json and --csv
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// As comma-separated values, a row for each role, object and privilege
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}
