//! The demo's data: a small shop, roles that each miss something, and profiles that show it.
//!
//! The SQL is in `assets/standin`. Small tables are there when the stand-in is; the large one fills
//! in the background, so that nobody waits for two million rows before the first screen.

use std::path::Path;

use tokio_postgres::{Config, NoTls};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::cluster::{Cluster, ClusterError};
use crate::domain::profile::{Profile, Roots, Route, SignIn, Tls, TlsMode};

/// The database the demo is about.
pub const DATABASE: &str = "orders";

/// The user that owns it, and mends what the demo breaks.
pub const MASTER: &str = "master";

/// RDS's own database, which lets nobody in.
pub(super) const RESERVED_DATABASE: &str = "rdsadmin";

/// The endpoint tokens are signed for.
pub const HOST: &str = "orders-demo.c9akciq32xyz.eu-central-1.rds.amazonaws.com";

/// Another name of the same database that, as a global cluster's writer, does not tell its region.
pub const GLOBAL_HOST: &str = "orders-demo.global-c9akciq32xyz.global.rds.amazonaws.com";

/// The region the stand-in is in.
pub const REGION: &str = "eu-central-1";

/// The endpoint's port: signed for, never dialled.
pub const PORT: u16 = 5432;

/// Rows of `web.events` that are inserted at a time.
const SLICE: u32 = 50_000;

/// Makes roles, databases and the small tables; about half a second.
pub(super) fn furnish(cluster: &Cluster, master_password: &str) -> Result<(), ClusterError> {
    cluster.execute("postgres", include_str!("../../assets/standin/roles.sql"))?;
    let password = format!("ALTER ROLE {MASTER} PASSWORD '{master_password}'");
    cluster.execute("postgres", &password)?;
    let create = format!("CREATE DATABASE {RESERVED_DATABASE}");
    cluster.execute("postgres", &create)?;
    for database in [DATABASE, "finance"] {
        let create = format!("CREATE DATABASE {database} OWNER {MASTER}");
        cluster.execute("postgres", &create)?;
    }
    cluster.execute(DATABASE, include_str!("../../assets/standin/shop.sql"))?;
    cluster.execute("finance", include_str!("../../assets/standin/finance.sql"))?;
    cluster.execute(DATABASE, "ANALYZE")
}

/// Fills `web.events` with `rows` rows, slice by slice, and gathers statistics.
pub(super) async fn fill_events(server: Config, rows: u32) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = server.connect(NoTls).await?;
    let mut connection = std::pin::pin!(connection);
    let fill = async {
        let insert = client
            .prepare(include_str!("../../assets/standin/events.sql"))
            .await?;
        let mut first = 1;
        while first <= rows {
            let last = rows.min(first.saturating_add(SLICE - 1));
            let slice = [i64::from(first), i64::from(last)];
            let [from, to] = &slice;
            let _ = client.execute(&insert, &[from, to]).await?;
            first = last + 1;
        }
        client.batch_execute("ANALYZE web.events").await
    };
    tokio::select! {
        filled = fill => filled,
        ended = &mut connection => ended,
    }
}

/// The roles of the demo that somebody may try to sign in as.
pub const ROLES: [&str; 11] = [
    "analyst",
    "intern",
    "developer",
    "support",
    "auditor",
    "Ann O'Neil",
    "ana.lindqvist@example.com",
    "newcomer",
    "suspended",
    "nightly",
    MASTER,
];

/// The demo's profiles: each shows one thing that works or does not.
///
/// `dial` is the front's address, `root` the stand-in's authority.
pub(super) fn profiles(dial: &str, root: &Path) -> Vec<Profile> {
    let profile = |name: &str, user: &str| Profile {
        name: name.to_owned(),
        group: Some("demo".to_owned()),
        host: HOST.to_owned(),
        port: PORT,
        database: DATABASE.to_owned(),
        user: user.to_owned(),
        sign_in: SignIn::default(),
        tls: Tls {
            mode: TlsMode::VerifyFull,
            roots: Roots::File(root.display().to_string()),
            server_name: None,
        },
        route: Route {
            dial: Some(dial.to_owned()),
            command: None,
        },
        ..Profile::default()
    };
    vec![
        profile("demo-analyst", "analyst"),
        profile("demo-intern", "intern"),
        profile("demo-support", "support"),
        profile("demo-developer", "developer"),
        Profile {
            database: "finance".to_owned(),
            ..profile("demo-auditor", "auditor")
        },
        profile("demo-newcomer", "newcomer"),
        profile("demo-suspended", "suspended"),
        profile("demo-nightly", "nightly"),
        Profile {
            // This endpoint names no region, so the profile must, and names the wrong one.
            host: GLOBAL_HOST.to_owned(),
            region: Some("us-east-1".to_owned()),
            tls: Tls {
                server_name: Some(HOST.to_owned()),
                ..profile("", "").tls
            },
            ..profile("demo-wrong-region", "analyst")
        },
        profile("demo-ann", "Ann O'Neil"),
        profile("demo-ana", "ana.lindqvist@example.com"),
        Profile {
            sign_in: SignIn::Password,
            ..profile("demo-master", MASTER)
        },
    ]
}

/// The same profiles as the text of a `profiles.toml`.
pub(super) fn profiles_file(profiles: &[Profile]) -> String {
    let mut list = ArrayOfTables::new();
    for profile in profiles {
        let mut table = Table::new();
        let text = |text: &str| Some(value(text));
        let fields = [
            ("name", text(&profile.name)),
            ("group", profile.group.as_deref().and_then(text)),
            ("host", text(&profile.host)),
            ("port", Some(value(i64::from(profile.port)))),
            ("database", text(&profile.database)),
            ("user", text(&profile.user)),
            ("region", profile.region.as_deref().and_then(text)),
        ];
        for (key, item) in fields {
            if let Some(item) = item {
                let _ = table.insert(key, item);
            }
        }
        let sections = [
            ("sign_in", "method", Some(profile.sign_in.method())),
            ("tls", "mode", Some(profile.tls.mode.word())),
            ("tls", "root_certificates", Some(profile.tls.roots.word())),
            ("tls", "server_name", profile.tls.server_name.as_deref()),
            ("route", "dial", profile.route.dial.as_deref()),
        ];
        for (section, key, text) in sections {
            if let Some(text) = text {
                let section = table.entry(section).or_insert(Item::Table(Table::new()));
                if let Some(section) = section.as_table_mut() {
                    let _ = section.insert(key, value(text));
                }
            }
        }
        list.push(table);
    }
    let mut document = DocumentMut::new();
    let _ = document.insert("version", value(1));
    let _ = document.insert("profile", Item::ArrayOfTables(list));
    document.to_string()
}
