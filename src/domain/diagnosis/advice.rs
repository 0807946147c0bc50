//! Ways out of refusals that are no want of a privilege: one sentence of what to do next.

use crate::domain::failure::Failure;
use crate::domain::link::{LinkFacts, Recovery};
use crate::domain::profile::Guard;

/// What to do about a statement's failure, where the server gives no hint and there is a plain way
/// (SQLSTATE values: PostgreSQL documentation, "PostgreSQL Error Codes").
#[must_use]
pub fn advice(failure: &Failure, facts: &LinkFacts) -> Option<String> {
    let advice = match failure.sqlstate.as_deref()? {
        "25006" if facts.recovery == Recovery::Standby => {
            "this server is a standby and takes no writes: connect to the writer's endpoint"
        }
        "25006" if facts.guard == Guard::ReadOnly => {
            "this profile is read-only, so the server refuses every write in its sessions; to write, \
             connect with a profile that is not marked read_only, or take the mark off this one and \
             reconnect"
        }
        "25006" => {
            "the transaction is read-only: roll it back and begin one with BEGIN READ WRITE; if every \
             transaction is, look at SHOW default_transaction_read_only"
        }
        "25P02" => "roll the transaction back; nothing of it can be committed any more",
        // The server words all three alike but for the reason (PostgreSQL source, `postgres.c`,
        // `ProcessInterrupts`).
        "57014" if failure.message.contains("statement timeout") => {
            "statement_timeout ended it: [timeouts] in settings.toml or [profile.timeouts] sets \
             another, or SET statement_timeout for this session"
        }
        "57014" if failure.message.contains("lock timeout") => LOCKED,
        "55P03" => LOCKED,
        "25P03" => {
            "the transaction waited longer than idle_in_transaction_session_timeout and was rolled \
             back; reconnect and run its statements again"
        }
        "40001" | "40P01" => "roll back and run the whole transaction again",
        _ => return None,
    };
    Some(advice.to_owned())
}

const LOCKED: &str = "another session holds the lock: SELECT pg_blocking_pids(pid), query FROM \
                      pg_stat_activity shows who; lock_timeout says how long to wait";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::{Origin, Phase};
    use crate::domain::link::ServerVersion;

    #[test]
    fn a_refused_write_says_what_makes_the_session_read_only() {
        let mut facts = LinkFacts {
            version: ServerVersion::default(),
            user: String::new(),
            database: String::new(),
            tls: None,
            backend_pid: 1,
            recovery: Recovery::Primary,
            guard: Guard::ReadOnly,
        };
        let failure = Failure {
            sqlstate: Some("25006".into()),
            ..Failure::new(Phase::Statement, Origin::Server, "cannot execute INSERT")
        };
        assert!(advice(&failure, &facts).unwrap().contains("profile"));
        facts.recovery = Recovery::Standby;
        assert!(advice(&failure, &facts).unwrap().contains("writer"));
        facts.recovery = Recovery::Primary;
        facts.guard = Guard::ReadWrite;
        assert!(advice(&failure, &facts).unwrap().contains("READ WRITE"));
    }
}
