//! Who signs in by token and who by password, and whether a token is good.
//!
//! RDS decides by rows of `pg_hba.conf` that ask for membership in `rds_iam`, directly or through
//! other roles, whatever their INHERIT and SET options. The front asks the real server the same.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, NoTls};

use super::journal::{Journal, Verdict};
use super::misbehave::{Iam, Wrongs};
use super::verify::{AccessKey, Instance, verify};
use crate::domain::time::Timestamp;

/// Whether a role belongs to `rds_iam`.
///
/// One grant does not count: the one by which the bootstrap superuser (OID 10) lets the master
/// administer `rds_iam`, which from PostgreSQL 16 on is the only way the master can grant it. On
/// community PostgreSQL that grant would make the master a member and cost it its password; AWS
/// does not say how RDS avoids that, only that its master keeps both.
const MEMBERSHIP: &str = "
WITH RECURSIVE belongs (role) AS (
    SELECT oid FROM pg_roles WHERE rolname = $1
    UNION
    SELECT edge.roleid
    FROM belongs
    JOIN pg_auth_members edge ON edge.member = belongs.role
    WHERE NOT (edge.roleid = 'rds_iam'::regrole AND edge.member = 'master'::regrole
               AND edge.admin_option AND edge.grantor = 10)
)
SELECT EXISTS (SELECT FROM belongs WHERE role = 'rds_iam'::regrole)";

/// How a role proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// A member of `rds_iam`: a token.
    Token,
    /// Everybody else, existing or not: a password, checked by the real server.
    Password,
}

/// Judges sign-ins.
pub(super) struct Gate {
    admin: Config,
    session: Mutex<Option<Client>>,
    pub(super) instance: Instance,
    pub(super) keys: Vec<AccessKey>,
}

impl Gate {
    /// A gate that asks the server reached by `admin` about roles.
    pub(super) fn new(admin: Config, instance: Instance, keys: Vec<AccessKey>) -> Self {
        Self {
            admin,
            session: Mutex::new(None),
            instance,
            keys,
        }
    }

    /// How `user` must prove itself. Asked anew each time: grants take effect at once.
    pub(super) async fn proof_of(&self, user: &str) -> io::Result<Proof> {
        let mut session = self.session.lock().await;
        if let Some(client) = session.take()
            && let Ok(proof) = ask(&client, user).await
        {
            *session = Some(client);
            return Ok(proof);
        }
        // There was no session yet, or the server was restarted since the last question.
        let client = self.open().await.map_err(io::Error::other)?;
        let proof = ask(&client, user).await.map_err(io::Error::other)?;
        *session = Some(client);
        Ok(proof)
    }

    async fn open(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.admin.connect(NoTls).await?;
        drop(tokio::spawn(async move {
            // An error ends the session, which the next question notices.
            let _ = connection.await;
        }));
        Ok(client)
    }

    /// The verdict on a token, also written to the journal.
    pub(super) fn judge(
        &self,
        token: &str,
        user: &str,
        wrongs: Wrongs,
        journal: &Journal,
    ) -> Verdict {
        let verdict = match wrongs.iam {
            Iam::Off => Verdict::Off,
            Iam::Throttled => Verdict::Throttled,
            Iam::Broken => Verdict::Broken,
            Iam::Working => {
                let now = clock(wrongs.clock_ahead);
                match verify(token, user, &self.instance, &self.keys, now) {
                    Ok(()) => Verdict::Accepted,
                    Err(rejection) => Verdict::Rejected(rejection),
                }
            }
        };
        journal.note(user, verdict.clone());
        verdict
    }
}

async fn ask(client: &Client, user: &str) -> Result<Proof, tokio_postgres::Error> {
    let row = client.query_one(MEMBERSHIP, &[&user]).await?;
    Ok(if row.try_get(0)? {
        Proof::Token
    } else {
        Proof::Password
    })
}

/// The instance's own clock, `ahead` seconds wrong.
fn clock(ahead: i64) -> Timestamp {
    let true_time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let seconds = i64::try_from(true_time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_seconds(seconds.saturating_add(ahead))
}
