//! What proves who we are: a token signed on the spot, a password found somewhere, or nothing.

use super::{Asked, Companion, Walk, rfc3339};
use crate::adapters::password;
use crate::domain::failure::{Failure, Origin, Phase};
use crate::domain::profile::SignIn;
use crate::domain::stage::Stage;
use crate::domain::time::spoken;
use crate::domain::token::{Password, TOKEN_LIFETIME_SECONDS, Token};

/// What proves who we are.
pub(super) enum Proof {
    Token(Token),
    Password(Password),
    Nothing,
}

impl<C: Companion> Walk<'_, C> {
    /// Finds what the sign-in asks for.
    pub(super) async fn prove(&mut self) -> Result<Proof, Failure> {
        self.begin(Stage::Credentials);
        match &self.profile.sign_in {
            SignIn::Iam { .. } => {
                let supplied = self.connector.credentials(self.profile).await?;
                self.note("access_key", supplied.masked_key());
                self.note("source", supplied.source.clone());
                let mut summary = format!("{}, {}", supplied.masked_key(), supplied.source);
                if let Some(expires) = supplied.expires {
                    let left = expires.since(self.connector.now());
                    self.note("expires", rfc3339(expires));
                    summary = format!("{summary}, {} left", spoken(left));
                }
                self.done(summary);
                self.begin(Stage::Token);
                let token = self.connector.token(self.profile, &supplied)?;
                let region = self.profile.signing_region().unwrap_or_default();
                self.note(
                    "signed_for",
                    format!("{}:{}", self.profile.host, self.profile.port),
                );
                self.note("region", region.clone());
                self.note("service", self.profile.endpoint().service().to_owned());
                self.note("signed_at", rfc3339(token.signed_at()));
                self.note("token_length", token.expose().len().to_string());
                self.done(format!(
                    "{TOKEN_LIFETIME_SECONDS} s, signed for this endpoint in {region}"
                ));
                Ok(Proof::Token(token))
            }
            SignIn::None => {
                self.skip("no password is sent");
                self.begin(Stage::Token);
                self.skip("not an IAM sign-in");
                Ok(Proof::Nothing)
            }
            SignIn::Password | SignIn::SecretsManager { .. } | SignIn::Command { .. } => {
                let proof = self.password().await?;
                self.begin(Stage::Token);
                self.skip("not an IAM sign-in");
                Ok(proof)
            }
        }
    }

    async fn password(&mut self) -> Result<Proof, Failure> {
        let connector = self.connector;
        let found = match (
            connector.surroundings.look_up(self.profile)?,
            &self.profile.sign_in,
        ) {
            (Some(found), _) => found,
            (None, SignIn::Command { command }) => {
                password::from_command(command, self.profile, connector.patience.credentials)
                    .await?
            }
            (None, SignIn::SecretsManager { secret }) => {
                let supplied = connector.credentials(self.profile).await?;
                let keys = format!("{}, {}", supplied.masked_key(), supplied.source);
                self.note("aws_credentials", keys);
                connector.secret(self.profile, secret, &supplied).await?
            }
            (None, _) => {
                let prompt = format!("{} at {}", self.profile.user, self.profile.host);
                match self.companion.ask_password(prompt).await {
                    Asked::Typed(password) => password::Found {
                        password,
                        source: "typed".to_owned(),
                    },
                    Asked::GivenUp => return Err(no_password()),
                    Asked::Nobody => {
                        self.skip("no password is known");
                        return Ok(Proof::Nothing);
                    }
                }
            }
        };
        self.note("source", found.source.clone());
        self.done(format!("password from {}", found.source));
        Ok(Proof::Password(found.password))
    }
}

/// What is said where nobody knows one.
pub(super) fn no_password() -> Failure {
    Failure::new(
        Phase::Connecting(Stage::Credentials),
        Origin::Local,
        "no password is known",
    )
    .with_hint("set PGPASSWORD, add a line to ~/.pgpass, or type it when asked")
}

/// What the server took.
pub(super) fn accepted(proof: &Proof) -> String {
    match proof {
        Proof::Token(_) => "token accepted".to_owned(),
        Proof::Password(_) => "password accepted".to_owned(),
        Proof::Nothing => "accepted without a password".to_owned(),
    }
}
