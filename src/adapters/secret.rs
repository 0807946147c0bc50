//! A password kept in AWS Secrets Manager, as RDS keeps the one of a master user it manages.
//!
//! Sources: AWS Secrets Manager guide, "JSON structure of AWS Secrets Manager database credential
//! secrets"; RDS guide, "Password management with Amazon RDS and AWS Secrets Manager".

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use serde_json::Value;
use tokio::time::timeout;

use super::credentials::Supplied;
use super::password::{Found, failure};
use super::{https, refusal};
use crate::domain::failure::Failure;
use crate::domain::profile::secret_region;
use crate::domain::stage::Stage;
use crate::domain::token::Password;

/// Reads the newest version of a secret; `region` is where it is looked for unless its ARN says so.
///
/// # Errors
/// A failure of the credentials stage where AWS refuses or does not answer, or where what is kept
/// there is no password.
pub async fn fetch(
    secret: &str,
    region: Option<&str>,
    supplied: &Supplied,
    patience: Duration,
) -> Result<Found, Failure> {
    let Some(region) = secret_region(secret).or(region) else {
        return Err(
            failure("there is no region to look for the secret in".to_owned())
                .with_hint("name the secret by its ARN, or set region to the region it is kept in"),
        );
    };
    let asked = async {
        let configuration = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(supplied.keys.clone())
            .http_client(https::client())
            .load()
            .await;
        Client::new(&configuration)
            .get_secret_value()
            .secret_id(secret)
            .send()
            .await
    };
    let kept = timeout(patience, asked)
        .await
        .map_err(|_| refusal::unanswered(Stage::Credentials, "Secrets Manager"))?
        .map_err(|error| refusal::from_secrets(secret, region, &error))?;
    let Some(text) = kept.secret_string() else {
        return Err(
            failure(format!("the secret {secret} holds bytes, not text"))
                .with_hint("a password is kept as text, or as \"password\" in JSON"),
        );
    };
    let Kept { password, user } = read(text).ok_or_else(|| {
        failure(format!("the secret {secret} holds JSON without a password"))
            .with_hint("its key must be \"password\", as in the secrets that RDS makes")
    })?;
    let whose = user.map_or_else(String::new, |user| format!(" of user {user}"));
    Ok(Found {
        password,
        source: format!("secret {}{whose}", kept.name().unwrap_or(secret)),
    })
}

/// What stands in a secret.
struct Kept {
    password: Password,
    user: Option<String>,
}

/// A JSON object holds it under a key; any other text is the password itself.
fn read(text: &str) -> Option<Kept> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Some(Kept {
            password: Password::new(text.to_owned()),
            user: None,
        });
    };
    let field = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Kept {
        password: Password::new(field("password")?),
        user: field("username"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(String, Option<String>)> {
        read(text).map(|kept| (kept.password.expose().to_owned(), kept.user))
    }

    #[test]
    fn a_password_is_a_field_or_the_whole() {
        assert_eq!(
            found(r#"{"username":"dba","password":"p w","port":5432}"#),
            Some(("p w".into(), Some("dba".into())))
        );
        assert_eq!(found("plain"), Some(("plain".into(), None)));
        assert_eq!(found("12345"), Some(("12345".into(), None)));
        assert_eq!(found(r#"{"user":"dba"}"#), None);
    }
}
