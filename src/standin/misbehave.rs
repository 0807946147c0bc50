//! Faults on request: what goes wrong on a real instance, made to go wrong here.
//!
//! Set a fault, look at what the client makes of it, and [`Faults::behave`] again. A change takes
//! effect at once, also on sessions that are open.

use std::time::Duration;

use tokio::sync::watch;

/// The state of the service that judges tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Iam {
    /// Judges.
    #[default]
    Working,
    /// IAM authentication is not enabled on the instance.
    Off,
    /// More than 200 new connections a second (RDS guide, "IAM database authentication").
    Throttled,
    /// The helper beside the server is out of memory or gone.
    Broken,
}

/// The state of the way to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Road {
    /// Bytes pass.
    #[default]
    Open,
    /// Nothing passes and nobody says so: connections are accepted and never answered, and open
    /// sessions freeze.
    Silent,
    /// The instance is stopped: connections are refused, open sessions end without a word.
    Stopped,
}

/// How the server presents itself in TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Presents {
    /// A certificate for its endpoint, from the stand-in's authority.
    #[default]
    Itself,
    /// The answer that it does not speak TLS.
    NoTls,
    /// A certificate from an authority nobody knows.
    AStranger,
    /// A certificate for another endpoint.
    AnotherName,
    /// A certificate that has expired.
    AnExpiredOne,
}

/// Time lost on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delays {
    /// Before TLS is answered.
    pub tls: Duration,
    /// Before a token is judged or a password passed on.
    pub sign_in: Duration,
    /// Before each piece of what the server says.
    pub answers: Duration,
}

/// Everything that is wrong just now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wrongs {
    /// Seconds by which the server's clock is ahead of the true time; negative if behind.
    pub clock_ahead: i64,
    /// The token service.
    pub iam: Iam,
    /// The network.
    pub road: Road,
    /// TLS.
    pub presents: Presents,
    /// Slowness.
    pub delays: Delays,
    /// Each session is cut after so many more bytes from the server, most likely inside a message.
    pub cut_after: Option<usize>,
}

/// The handle by which faults are set, from any thread.
#[derive(Debug)]
pub struct Faults(watch::Sender<Wrongs>);

impl Faults {
    /// Nothing is wrong yet.
    pub(super) fn none() -> Self {
        Self(watch::Sender::new(Wrongs::default()))
    }

    /// Changes what is wrong: `faults.set(|wrong| wrong.iam = Iam::Off)`.
    pub fn set(&self, change: impl FnOnce(&mut Wrongs)) {
        self.0.send_modify(change);
    }

    /// Puts everything right.
    pub fn behave(&self) {
        self.set(|wrongs| *wrongs = Wrongs::default());
    }

    /// What a piece of the front looks at.
    pub(super) fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

/// The front's view of the faults.
#[derive(Debug, Clone)]
pub(super) struct Watch(watch::Receiver<Wrongs>);

impl Watch {
    /// What is wrong now.
    pub(super) fn now(&self) -> Wrongs {
        *self.0.borrow()
    }

    /// What is wrong now, if that changed since the last question.
    pub(super) fn news(&mut self) -> Option<Wrongs> {
        // An error means that the handle is gone, and with it the stand-in.
        let changed = self.0.has_changed().unwrap_or(false);
        changed.then(|| *self.0.borrow_and_update())
    }

    /// Waits until the road is in a state that pleases; for ever if the handle is gone.
    pub(super) async fn until(&mut self, pleases: fn(Road) -> bool) {
        if self
            .0
            .wait_for(|wrongs| pleases(wrongs.road))
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    /// Waits while the road is silent.
    pub(super) async fn until_audible(&mut self) {
        self.until(|road| road != Road::Silent).await;
    }
}
