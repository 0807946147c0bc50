//! What a session is opened with: its parameters, and the question what the server is.

use tokio_postgres::SimpleQueryMessage;

use crate::adapters::parameters::{self, Limits};
use crate::domain::link::{LinkFacts, Recovery, ServerVersion};
use crate::domain::profile::Profile;

/// A database without an encoding holds bytes; the server refuses to send those that are no UTF-8 to a
/// client that asked for UTF-8, as the driver does (PostgreSQL source, `mbutils.c`, `pg_server_to_any`).
const AS_IT_CAME: &str = "SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) \
     WHERE pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'";

/// The first statements of a session.
pub(super) fn script(profile: &Profile, limits: Limits) -> String {
    let mut script = if parameters::refuses_options(profile) {
        parameters::statements(profile, limits)
    } else {
        String::new()
    };
    script.push_str(
        "SELECT current_setting('server_version_num'), current_setting('server_version'), session_user, \
         pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid();\n",
    );
    script.push_str(AS_IT_CAME);
    script
}

/// What the answer to [`script`] says.
pub(super) fn facts(
    messages: &[SimpleQueryMessage],
    profile: &Profile,
    tls: Option<&'static str>,
) -> LinkFacts {
    let row = messages.iter().find_map(|message| {
        if let SimpleQueryMessage::Row(row) = message {
            Some(row)
        } else {
            None
        }
    });
    let text = |at: usize| {
        row.and_then(|row| row.try_get(at).ok().flatten())
            .unwrap_or_default()
            .to_owned()
    };
    LinkFacts {
        version: ServerVersion {
            number: text(0).parse().unwrap_or(0),
            text: text(1),
        },
        user: text(2),
        database: text(3),
        tls: tls.map(str::to_owned),
        backend_pid: text(5).parse().unwrap_or(0),
        recovery: if text(4) == "t" {
            Recovery::Standby
        } else {
            Recovery::Primary
        },
        guard: profile.guard,
    }
}
