//! Results larger than memory, through the worker, with a real server and real files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unused_results
)]

mod support;

use std::path::Path;
use std::time::Duration;

use pgiam::adapters::connect::Connector;
use pgiam::adapters::storage::directories::Directories;
use pgiam::app::key::{Key, KeyCode};
use pgiam::app::model::file_form::FileUse;
use pgiam::app::model::query::{Outcome, Sent, Standing};
use pgiam::app::model::{Model, Pane};
use pgiam::app::update::begin;
use pgiam::app::{Effect, Message, update};
use pgiam::domain::export::Format;
use pgiam::domain::failure::Origin;
use pgiam::domain::rows::Cell;
use pgiam::domain::rows::store::Presence;
use pgiam::domain::target::{Surroundings, parse};
use pgiam::tui::worker::{Arrival, Worker};
use tokio::sync::mpsc::Receiver;

/// The interface without a terminal.
struct Interface {
    model: Model,
    worker: Worker,
    arrivals: Receiver<Arrival>,
}

impl Interface {
    /// Connected to the shared cluster, with these settings.
    async fn start(home: &Path, settings: &str) -> Self {
        std::fs::write(home.join("settings.toml"), settings).unwrap();
        let url = support::cluster().superuser_url("postgres");
        let target = parse(&url, &Surroundings::default()).unwrap();
        let mut connector = Connector::default();
        connector.surroundings.password = target.password;
        let directories = Directories {
            config: home.to_owned(),
            state: home.to_owned(),
        };
        let (worker, arrivals) = Worker::new(connector, directories);
        let mut interface = Self {
            model: Model::default(),
            worker,
            arrivals,
        };
        let resized = Message::Resized {
            columns: 120,
            rows: 35,
        };
        interface.take(resized);
        let effects = interface.worker.prepare(&mut interface.model);
        interface.grant(effects);
        let effects = begin(&mut interface.model, target.profile);
        interface.grant(effects);
        interface.until(|model| model.link.up().is_some()).await;
        interface
    }

    fn grant(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.worker.grant(effect);
        }
    }

    fn take(&mut self, message: Message) {
        let effects = update(&mut self.model, message);
        self.grant(effects);
    }

    async fn until(&mut self, done: impl Fn(&Model) -> bool) {
        while !done(&self.model) {
            let arrival = tokio::time::timeout(Duration::from_mins(2), self.arrivals.recv()).await;
            if let Arrival::Message(message) = arrival.expect("it never happened").unwrap() {
                self.take(message);
            }
        }
    }

    fn begin(&mut self, sql: &str) -> pgiam::app::Ticket {
        let ticket = self.model.next_ticket();
        let sent = Sent {
            text: sql.to_owned(),
            offset: None,
        };
        self.model.query.begin(ticket, vec![sent], self.model.now);
        self.model.memory.refused = None;
        ticket
    }

    async fn run(&mut self, sql: &str) {
        let ticket = self.begin(sql);
        let statements = vec![sql.to_owned()];
        self.grant(vec![Effect::Run { ticket, statements }]);
        self.until(|model| !model.query.is_running() && model.memory.under_way == 0)
            .await;
    }

    fn outcome(&self) -> &Outcome {
        self.model.query.shown().unwrap().0
    }

    fn cell(&self, row: usize) -> Option<String> {
        let result = self.outcome().result.as_ref().unwrap();
        result.cell(row, 0).and_then(Cell::text).map(str::to_owned)
    }

    fn press(&mut self, code: KeyCode) {
        self.take(Message::Key(Key::plain(code)));
    }
}

const ROWS: &str = "select g, repeat('x', 90) from generate_series(1, 200000) g";

#[tokio::test(flavor = "multi_thread")]
async fn rows_beyond_the_budget_leave_memory_and_come_back() {
    let home = tempfile::tempdir().unwrap();
    let spilled = tempfile::tempdir().unwrap();
    let settings = format!("[rows]\nmemory_mib = 4\nfolder = {:?}\n", spilled.path());
    let mut interface = Interface::start(home.path(), &settings).await;
    interface.run(ROWS).await;
    assert!(matches!(interface.outcome().standing, Standing::Done(_)));
    let result = interface.outcome().result.as_ref().unwrap();
    assert_eq!(result.rows(), 200_000);
    assert!(result.resident_bytes() <= 4 << 20);
    assert_eq!(
        interface.cell(0).as_deref(),
        Some("1"),
        "it is on the screen"
    );
    let away = |model: &Model, row| {
        let result = model.query.shown().unwrap().0.result.as_ref().unwrap();
        result.presence(row) == Presence::Away
    };
    assert!(away(&interface.model, 100_000));
    assert_eq!(std::fs::read_dir(spilled.path()).unwrap().count(), 0);

    interface.model.focus = Pane::Result;
    for key in ":100001".chars() {
        interface.press(KeyCode::Char(key));
    }
    interface.press(KeyCode::Enter);
    interface.until(|model| !away(model, 100_000)).await;
    assert_eq!(interface.cell(100_000).as_deref(), Some("100001"));
    interface.press(KeyCode::Char('G'));
    interface.until(|model| !away(model, 199_999)).await;
    assert_eq!(interface.cell(199_999).as_deref(), Some("200000"));
    let result = interface.outcome().result.as_ref().unwrap();
    assert!(result.resident_bytes() <= 4 << 20);
    let mut expected = 0;
    for stretch in result.snapshot().batches() {
        let stretch = stretch.unwrap();
        for row in 0..stretch.batch.rows() {
            expected += 1;
            let text = expected.to_string();
            assert_eq!(stretch.batch.cell(row, 0), Some(Cell::Text(&text)));
        }
    }
    assert_eq!(expected, 200_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_rows_cannot_go_the_query_is_stopped_and_what_arrived_stays() {
    for (settings, reason) in [
        (
            "[rows]\nmemory_mib = 4\nfolder = \"/nonexistent\"\n",
            "/nonexistent",
        ),
        ("[rows]\nmemory_mib = 4\nspill = false\n", "4 MiB of memory"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut interface = Interface::start(home.path(), settings).await;
        interface.run(&ROWS.replace("200000", "20000000")).await;
        let failure = interface
            .outcome()
            .failure()
            .expect("it was stopped")
            .clone();
        assert!(failure.message.contains(reason), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("settings.toml"));
        let rows = interface.outcome().rows();
        assert!(rows > 10_000 && rows < 2_000_000, "{rows} rows stay");
        assert_eq!(interface.cell(rows - 1), Some(rows.to_string()));
        interface.run("select 1").await;
        let standing = &interface.outcome().standing;
        assert!(matches!(standing, Standing::Done(_)), "{standing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_run_and_copies_go_through_files() {
    let home = tempfile::tempdir().unwrap();
    let mut interface = Interface::start(home.path(), "").await;
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let steps = [
        ("create temp table t (n int, word text)", None),
        (
            "select g as n, null as nothing from generate_series(1, 3) g",
            Some((FileUse::Rows(Format::Csv), path("rows.csv"))),
        ),
        (
            "copy t (n, word) from stdin (format csv, header)",
            Some((FileUse::Load, path("rows.csv"))),
        ),
        ("copy t to stdout", Some((FileUse::Store, path("t.tsv")))),
        (
            "select 1 / 0",
            Some((FileUse::Rows(Format::Csv), path("none.csv"))),
        ),
        (
            "select 1",
            Some((FileUse::Rows(Format::Csv), path("t.tsv"))),
        ),
    ];
    for (sql, file) in steps {
        let Some((purpose, path)) = file else {
            interface.run(sql).await;
            continue;
        };
        let ticket = interface.begin(sql);
        let statements = vec![sql.to_owned()];
        interface.grant(vec![Effect::RunWithFile {
            ticket,
            statements,
            purpose,
            path,
        }]);
        interface.until(|model| !model.query.is_running()).await;
    }
    let refused = interface.outcome().failure().expect("the file is there");
    assert_eq!(refused.origin, Origin::Local);
    assert!(refused.message.contains("t.tsv"));
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("rows.csv"), "n,nothing\n1,\n2,\n3,\n");
    assert_eq!(read("t.tsv"), "1\t\\N\n2\t\\N\n3\t\\N\n");
    assert!(!Path::new(&path("none.csv")).exists());
    let left = std::fs::read_dir(home.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with(".tmp")),
        "{left:?}"
    );
}
