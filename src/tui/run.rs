//! The loop: input first, one draw, no tick unless the model names a time.

use std::io;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::input;
use super::terminal::Guard;
use super::theme::Theme;
use super::view::view;
use super::worker::{Arrival, Worker};
use crate::app::{Effect, Message, Model, update};
use crate::domain::failure::Failure;
use crate::domain::profile::Profile;
use crate::domain::run::RunEvent;

/// What the screen opens with.
#[derive(Debug, Clone)]
pub enum Start {
    /// The connections screen.
    Connections,
    /// A connection to this profile at once.
    Connect(Box<Profile>),
}

/// How often a spinner or a running time moves.
const FRAME: Duration = Duration::from_millis(100);

/// How often the screen is drawn while nothing but rows arrives that show: drawing holds them up. Of
/// rows behind the last line only the number shows, which moves as a running time does.
const ROWS_FRAME: Duration = Duration::from_millis(16);

/// Messages judged before the next draw, at most: a flood of rows must not starve the keys.
const MESSAGES_A_FRAME: usize = 64;

/// Whether TLS was made ready, which waits until the first frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    ToPrepare,
    Prepared,
}

/// Whether the screen has to be drawn before the loop waits again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    /// It has.
    Due,
    /// Only rows arrived: it may wait until the next frame of theirs.
    MayWait,
}

const fn is_rows(message: &Message) -> bool {
    matches!(
        message,
        Message::Ran {
            event: RunEvent::Rows(_),
            ..
        } | Message::Spilled { .. }
    )
}

/// What ends the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The person left.
    Left,
    /// The terminal went away, or a signal asked us to go.
    Called,
}

/// Runs the interface until the person leaves, a signal comes or the terminal goes away.
pub async fn run(
    start: Start,
    mut worker: Worker,
    arrivals: mpsc::Receiver<Arrival>,
) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::local(format!("the terminal cannot be used: {error}"))
            .with_hint("pgiam's screens need a terminal; `pgiam --help` lists commands that do not")
    };
    let mut guard = Guard::take().map_err(failed)?;
    let mut model = Model {
        now: worker.now(),
        ..Model::default()
    };
    let size = guard.screen.size().map_err(failed)?;
    let mut state = Loop {
        theme: Theme::from_environment().on(worker.ground()),
        arrivals,
        deadline: None,
    };
    let resized = Message::Resized {
        columns: size.width,
        rows: size.height,
    };
    let mut effects = update(&mut model, resized);
    effects.extend(worker.prepare(&mut model));
    if let Start::Connect(profile) = start {
        effects.extend(crate::app::update::begin(&mut model, *profile));
    }
    let outcome = state
        .turn(&mut guard, &mut model, &mut worker, effects)
        .await;
    worker.close().await;
    outcome.map(drop).map_err(failed)
}

struct Loop {
    theme: Theme,
    arrivals: mpsc::Receiver<Arrival>,
    deadline: Option<Instant>,
}

impl Loop {
    async fn turn(
        &mut self,
        guard: &mut Guard,
        model: &mut Model,
        worker: &mut Worker,
        effects: Vec<Effect>,
    ) -> io::Result<Ending> {
        let mut events = EventStream::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        if let Some(ending) = grant(guard, worker, effects)? {
            return Ok(ending);
        }
        let mut tls = Tls::ToPrepare;
        let mut screen = Screen::Due;
        let mut drawn = Instant::now();
        let mut patience = ROWS_FRAME;
        loop {
            if screen == Screen::Due || drawn.elapsed() >= patience {
                let _ = guard.screen.draw(|frame| view(model, self.theme, frame))?;
                drawn = Instant::now();
                patience = if model.rows_arrive_unseen() {
                    FRAME
                } else {
                    ROWS_FRAME
                };
                self.deadline = model.next_frame(FRAME).map(|wait| drawn + wait);
                if std::mem::replace(&mut tls, Tls::Prepared) == Tls::ToPrepare {
                    worker.prepare_tls(&model.connections.profiles);
                }
            } else {
                self.deadline = Some(drawn + patience);
            }
            let mut messages = Vec::new();
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(Ok(event)) => messages.extend(input::message(event)),
                    // A terminal that hung up reads as an error or as an end.
                    Some(Err(_)) | None => return Ok(called(guard, model, worker)),
                },
                _ = terminate.recv() => return Ok(called(guard, model, worker)),
                _ = interrupt.recv() => return Ok(called(guard, model, worker)),
                _ = hang_up.recv() => return Ok(called(guard, model, worker)),
                arrival = self.arrivals.recv() => {
                    if let Some(arrival) = arrival {
                        take(guard, arrival, &mut messages)?;
                    }
                }
                () = wake(self.deadline) => {}
            }
            while messages.len() < MESSAGES_A_FRAME {
                let Ok(arrival) = self.arrivals.try_recv() else {
                    break;
                };
                take(guard, arrival, &mut messages)?;
            }
            if messages
                .iter()
                .any(|message| matches!(message, Message::Resized { .. }))
            {
                guard.redraw()?;
            }
            screen = if !messages.is_empty() && messages.iter().all(is_rows) {
                Screen::MayWait
            } else {
                Screen::Due
            };
            messages.insert(0, Message::Ticked { now: worker.now() });
            for message in messages {
                let effects = update(model, message);
                if let Some(ending) = grant(guard, worker, effects)? {
                    return Ok(ending);
                }
            }
        }
    }
}

fn take(guard: &mut Guard, arrival: Arrival, messages: &mut Vec<Message>) -> io::Result<()> {
    match arrival {
        Arrival::Message(message) => messages.push(message),
        Arrival::Secret(secret) => {
            guard.copy(secret.expose())?;
            messages.push(Message::Told(format!(
                "copied a token of {} bytes; it opens sessions for 15 minutes",
                secret.expose().len()
            )));
        }
    }
    Ok(())
}

/// Leaves without a question: what was typed is saved first.
fn called(guard: &mut Guard, model: &mut Model, worker: &mut Worker) -> Ending {
    let effects = crate::app::update::leave(model);
    let _ = grant(guard, worker, effects);
    Ending::Called
}

async fn wake(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Grants effects: the terminal's own here, all others by the worker.
fn grant(
    guard: &mut Guard,
    worker: &mut Worker,
    effects: Vec<Effect>,
) -> io::Result<Option<Ending>> {
    for effect in effects {
        match effect {
            Effect::Quit => return Ok(Some(Ending::Left)),
            Effect::Suspend => guard.suspend()?,
            Effect::Copy { text } => guard.copy(&text)?,
            other => worker.grant(other),
        }
    }
    Ok(None)
}
