//! A session of pgiam's own on a cluster of a test.

use pgiam::adapters::connect::{Alone, Connector};
use pgiam::adapters::password::Surroundings;
use pgiam::adapters::session::Session;
use pgiam::domain::profile::{Profile, SignIn, Tls, TlsMode};
use pgiam::domain::token::Password;
use pgiam::standin::Cluster;

/// Signs in as the cluster's superuser.
pub(crate) async fn superuser(cluster: &Cluster, database: &str) -> Session {
    let url = cluster.superuser_url(database);
    let (user, rest) = url
        .trim_start_matches("postgres://")
        .split_once(':')
        .unwrap();
    let (password, _) = rest.split_once('@').unwrap();
    sign_in(cluster, database, user, password).await
}

/// Signs in as a role with a password.
pub(crate) async fn sign_in(
    cluster: &Cluster,
    database: &str,
    user: &str,
    password: &str,
) -> Session {
    let profile = Profile {
        name: "test".into(),
        host: "127.0.0.1".into(),
        port: cluster.port(),
        database: database.into(),
        user: user.into(),
        sign_in: SignIn::Password,
        tls: Tls {
            mode: TlsMode::Disable,
            ..Tls::default()
        },
        ..Profile::default()
    };
    let mut connector = Connector::default();
    connector.surroundings = Surroundings {
        password: Some(Password::new(password.into())),
        file: None,
    };
    connector
        .connect(&profile, &Alone)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}
