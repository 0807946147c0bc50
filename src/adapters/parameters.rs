//! Parameters of the server that a session begins with: the read-only guard and time-outs.

use crate::domain::endpoint::EndpointKind;
use crate::domain::profile::{Guard, Profile};
use crate::domain::timeouts::Timeouts;

/// Whose time-outs a session has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    /// The server's own: sessions that read catalogs and explain.
    #[default]
    Server,
    /// The profile's, and where it says none, these: sessions that run what a person typed.
    Person(Timeouts),
}

/// RDS Proxy refuses a start-up packet with options (Amazon RDS guide, "RDS Proxy limitations for RDS
/// for PostgreSQL"); there they are set as the session begins.
pub(super) fn refuses_options(profile: &Profile) -> bool {
    profile.endpoint().kind == EndpointKind::Proxy
}

/// The profile's options and the parameters as options of the start-up packet: `RESET` brings these
/// values back. The later of two counts, so that no option loosens the read-only guard.
pub(super) fn options(profile: &Profile, limits: Limits) -> String {
    let parameters = parameters(profile, limits)
        .into_iter()
        .map(|(name, value)| format!("-c {name}={value}"));
    let options = profile.options.clone().into_iter().chain(parameters);
    options.collect::<Vec<_>>().join(" ")
}

/// The parameters as statements.
pub(super) fn statements(profile: &Profile, limits: Limits) -> String {
    let statements = parameters(profile, limits)
        .into_iter()
        .map(|(name, value)| format!("SET {name} = {value};"));
    statements.collect::<Vec<_>>().join("\n")
}

fn parameters(profile: &Profile, limits: Limits) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    if profile.guard == Guard::ReadOnly {
        parameters.push(("default_transaction_read_only", "on".to_owned()));
    }
    if let Limits::Person(settings) = limits {
        for parameter in profile.timeouts.or(settings).parameters() {
            parameters.push((parameter.name, parameter.milliseconds.to_string()));
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timeouts::parse;

    #[test]
    fn a_guard_and_time_outs_become_options_or_statements() {
        let profile = Profile {
            guard: Guard::ReadOnly,
            ..Profile::default()
        };
        let limits = Limits::Person(Timeouts {
            statement: parse("30s"),
            ..Timeouts::default()
        });
        assert_eq!(
            options(&profile, limits),
            "-c default_transaction_read_only=on -c statement_timeout=30000"
        );
        assert_eq!(
            statements(&profile, Limits::Server),
            "SET default_transaction_read_only = on;"
        );
        let own = Profile {
            options: Some("-c search_path=sales".into()),
            ..profile.clone()
        };
        assert_eq!(
            options(&own, Limits::Server),
            "-c search_path=sales -c default_transaction_read_only=on"
        );
        assert!(!refuses_options(&profile));
        let proxy = Profile {
            host: "p.proxy-c9xk2.eu-central-1.rds.amazonaws.com".into(),
            ..profile
        };
        assert!(refuses_options(&proxy));
    }
}
