//! The access keys of one run, made anew each time and worth nothing to AWS.

use std::io;

use super::chance;
use super::policy::Policy;
use super::verify::{AccessKey, Instance};

/// Length of a temporary key's session token. AWS's are around a kilobyte and "can be larger".
const SESSION_TOKEN_BYTES: usize = 1600;

/// The access keys of one run; all may connect as every role, but for `confined`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Long-lived; what the demo uses.
    pub lasting: AccessKey,
    /// Temporary, with a long session token.
    pub temporary: AccessKey,
    /// Long-lived, of somebody whose policy names another database.
    pub confined: AccessKey,
}

impl Keys {
    /// Makes keys for the owner of `instance`.
    pub(super) fn make(instance: &Instance) -> io::Result<Self> {
        let anywhere = instance.arn("*");
        let elsewhere = anywhere.replace(&instance.resource_id, "db-ANOTHERONE");
        let account = &instance.account;
        let key = |kind: &str, name: &str, resource: &str| -> io::Result<AccessKey> {
            Ok(AccessKey {
                id: format!("{kind}DEMO{}", chance::word(12)?.to_ascii_uppercase()),
                secret: chance::word(40)?,
                session_token: None,
                principal: format!("arn:aws:iam::{account}:user/{name}"),
                policy: Policy::allowing(resource),
            })
        };
        Ok(Self {
            lasting: key("AKIA", "demo", &anywhere)?,
            temporary: AccessKey {
                session_token: Some(format!("{}/+==", chance::word(SESSION_TOKEN_BYTES)?)),
                ..key("ASIA", "demo-temporary", &anywhere)?
            },
            confined: key("AKIA", "demo-confined", &elsewhere)?,
        })
    }

    /// All of them, for whoever checks tokens.
    pub(super) fn all(&self) -> Vec<AccessKey> {
        vec![
            self.lasting.clone(),
            self.temporary.clone(),
            self.confined.clone(),
        ]
    }
}
