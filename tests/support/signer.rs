//! Tokens for the stand-in's tests, right or wrong as their parts are: the program's own signer,
//! called with plain values. The stand-in checks them with code of its own.

use aws_credential_types::Credentials;
use pgiam::adapters::sign::{SignedFor, sign as sign_token};
use pgiam::domain::time::Timestamp;
use pgiam::standin::verify::AccessKey;

/// A token signed with `key`, `at` so many seconds after 1970.
pub(crate) fn sign(key: &AccessKey, target: SignedFor<'_>, at: i64) -> String {
    let session_token = key.session_token.clone();
    let keys = Credentials::new(&key.id, &key.secret, session_token, None, "tests");
    let token = sign_token(target, &keys, Timestamp::from_seconds(at)).unwrap();
    token.expose().to_owned()
}
