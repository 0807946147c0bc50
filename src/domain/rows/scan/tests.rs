use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::export::Format;
use crate::domain::rows::condition::{Condition, Test};
use crate::domain::rows::order::{self, Direction};
use crate::domain::rows::pattern::{Pattern, Reading};
use crate::domain::rows::store::{Place, Shelved};
use crate::domain::rows::view::RowView;
use crate::domain::rows::{ResultSet, RowBatch, RowBatchBuilder, SharedShelf, Shelf};
use crate::domain::run::Column;

type Row<'a> = Vec<Option<&'a str>>;

fn columns(types: &[u32]) -> Arc<[Column]> {
    let described = types
        .iter()
        .enumerate()
        .map(|(number, type_oid)| Column::computed(format!("c{number}"), *type_oid, ""));
    described.collect()
}

/// Rows of columns of those types, a few in a batch.
fn rows(types: &[u32], rows: &[Row<'_>]) -> Snapshot {
    let mut result = ResultSet::new(columns(types));
    for some in rows.chunks(3) {
        let mut builder = RowBatchBuilder::new(types.len());
        for row in some {
            builder.push_row(row.iter().copied());
        }
        result.push(Arc::new(builder.take()));
    }
    result.snapshot()
}

fn run(job: &Job, rows: &Snapshot) -> Answer {
    job.run(rows, &mut |_| Going::On).unwrap()
}

fn view(lens: Lens, rows: &Snapshot) -> Vec<u32> {
    match run(&Job::Lens(lens), rows) {
        Answer::Lens(view) => view.rows().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn key(column: usize, direction: Direction) -> SortKey {
    SortKey { column, direction }
}

const INT: u32 = 23;
const TEXT: u32 = 25;

#[test]
fn rows_are_ordered_by_type_with_nulls_last() {
    let rows = rows(
        &[INT, TEXT],
        &[
            vec![Some("10"), Some("b")],
            vec![None, Some("a")],
            vec![Some("9"), None],
            vec![Some("-1"), Some("b")],
        ],
    );
    let by = |keys| {
        view(
            Lens {
                keys,
                ..Lens::default()
            },
            &rows,
        )
    };
    assert_eq!(by(vec![key(0, Direction::Ascending)]), [3, 2, 0, 1]);
    assert_eq!(by(vec![key(0, Direction::Descending)]), [0, 2, 3, 1]);
    assert_eq!(
        by(vec![
            key(1, Direction::Ascending),
            key(0, Direction::Descending)
        ]),
        [1, 0, 3, 2]
    );
}

#[test]
fn rows_are_chosen_then_ordered() {
    let rows = rows(
        &[INT, TEXT],
        &[
            vec![Some("5"), Some("keep 1")],
            vec![Some("4"), Some("drop")],
            vec![Some("3"), Some("keep 2")],
            vec![Some("9"), Some("keep 3")],
            vec![None, Some("keep 4")],
        ],
    );
    let condition = |column, typed| Condition {
        column,
        test: Test::read(typed).unwrap(),
    };
    let conditions = vec![condition(Some(1), "keep"), condition(Some(0), "< 9")];
    let lens = Lens {
        conditions,
        keys: vec![key(0, Direction::Ascending)],
    };
    assert_eq!(view(lens, &rows), [2, 0]);
    let lens = Lens {
        conditions: vec![condition(None, "4")],
        keys: Vec::new(),
    };
    assert_eq!(view(lens, &rows), [1, 4]);
}

#[test]
fn work_stops_when_nobody_waits() {
    let rows = rows(&[INT], &[vec![Some("1")], vec![Some("2")]]);
    let lens = Lens {
        keys: vec![key(0, Direction::Ascending)],
        ..Lens::default()
    };
    let outcome = Job::Lens(lens).run(&rows, &mut |_| Going::Stop);
    assert_eq!(outcome, Err(Ended::Stopped));
}

#[test]
fn a_search_begins_at_the_cursor_and_goes_round() {
    let texts = ["hit", "no", "hit", "no", "no", "no", "hit", "hit"];
    let all: Vec<Row<'_>> = texts
        .iter()
        .map(|text| vec![Some(*text), Some("hit")])
        .collect();
    let rows = rows(&[TEXT, TEXT], &all);
    let find = |view| Find {
        pattern: Pattern::read("hit", Reading::Plain).unwrap(),
        columns: vec![0],
        rows: 0..8,
        from: 3,
        view,
    };
    let found = |job: Find| {
        let mut found = Vec::new();
        let mut last = Progress::default();
        let _ = Job::Find(job)
            .run(&rows, &mut |report| {
                found.extend(report.found);
                last = report.progress;
                Going::On
            })
            .unwrap();
        (found, last.percent())
    };
    assert_eq!(found(find(None)), (vec![6, 7, 0, 2], 100));
    let shown = Some(RowView::new(vec![7, 2, 3], 8));
    assert_eq!(found(find(shown)).0, [7, 2]);
}

#[test]
fn a_column_is_described() {
    let rows = rows(
        &[INT],
        &[
            vec![Some("1")],
            vec![Some("2")],
            vec![None],
            vec![Some("2")],
            vec![Some("9")],
        ],
    );
    let job = Job::Describe(Describe {
        column: 0,
        view: None,
    });
    let Answer::Described(summary) = run(&job, &rows) else {
        panic!("not described");
    };
    assert_eq!((summary.rows, summary.nulls), (5, 1));
    assert_eq!(summary.distinct, Distinct::Exactly(3));
    assert_eq!(
        (summary.min.as_deref(), summary.max.as_deref(), summary.mean),
        (Some("1"), Some("9"), Some(3.5))
    );
    assert_eq!(summary.frequent[0].text, "2");
    let counted: usize = summary.histogram.iter().map(|bar| bar.count).sum();
    assert_eq!(counted, 4);
}

#[test]
fn points_and_bars_are_gathered() {
    let rows = rows(
        &[TEXT, INT],
        &[
            vec![Some("a"), Some("1")],
            vec![Some("b"), Some("5")],
            vec![Some("a"), Some("3")],
            vec![None, None],
        ],
    );
    let plot = |x, figure| {
        let job = Job::Plot(Plot {
            x,
            y: 1,
            view: Some(RowView::new(vec![2, 1, 0, 3], 4)),
            figure,
        });
        match run(&job, &rows) {
            Answer::Points(points) => points,
            other => panic!("{other:?}"),
        }
    };
    let line = plot(None, Figure::Line);
    assert_eq!(line.points, [(1.0, 3.0), (2.0, 5.0), (3.0, 1.0)]);
    assert_eq!((line.left_out, line.every), (1, 1));
    let bars = plot(Some(0), Figure::Bars);
    assert_eq!(bars.bars, [("b".to_owned(), 5.0), ("a".to_owned(), 4.0)]);
}

fn copied(
    form: Form,
    spots: std::ops::Range<usize>,
    columns: &[usize],
    limit: usize,
) -> Result<String, Ended> {
    let rows = rows(
        &[INT, TEXT],
        &[
            vec![Some("1"), Some("it's")],
            vec![Some("-2"), None],
            vec![Some("3"), Some("two\nlines")],
        ],
    );
    let job = Job::Copy(Copy {
        lines: Lines {
            spots,
            view: Some(RowView::new(vec![2, 1, 0], 3)),
        },
        columns: columns.to_vec(),
        form,
        relation: "t".into(),
        limit,
    });
    match job.run(&rows, &mut |_| Going::On)? {
        Answer::Copied(copied) => Ok(copied.text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_are_copied_as_they_show() {
    let all = usize::MAX;
    assert_eq!(copied(Form::Plain, 0..1, &[1], all).unwrap(), "two\nlines");
    assert_eq!(
        copied(Form::Plain, 0..3, &[1, 0], all).unwrap(),
        "\"two\nlines\"\t3\n\t-2\nit's\t1"
    );
    assert_eq!(copied(Form::InList, 0..3, &[0], all).unwrap(), "(3, -2, 1)");
    assert_eq!(
        copied(Form::InList, 1..3, &[0, 1], all).unwrap(),
        "((-2, NULL), (1, 'it''s'))"
    );
    assert_eq!(
        copied(Form::File(Format::Csv), 1..3, &[0, 1], all).unwrap(),
        "c0,c1\n-2,\n1,it's\n"
    );
    assert!(
        copied(Form::File(Format::Insert), 2..3, &[0, 1], all)
            .unwrap()
            .starts_with("INSERT INTO t (c0, c1) VALUES (1, 'it''s');")
    );
}

#[test]
fn too_much_for_a_clipboard_is_refused() {
    let Err(Ended::Failed(failure)) = copied(Form::Plain, 0..3, &[0, 1], 5) else {
        panic!("it was not refused");
    };
    assert_eq!(failure.hint.as_deref(), Some("save it to a file"));
}

proptest! {
    /// Long texts alike in their beginnings, few and many, in both directions.
    #[test]
    fn any_texts_are_ordered_like_one_by_one(
        texts in proptest::collection::vec(
            proptest::option::of("(https://example.com/)?[ab]{0,12}"), 0..60),
        down in any::<bool>(),
    ) {
        let all: Vec<Row<'_>> = texts.iter().map(|text| vec![text.as_deref()]).collect();
        let rows = rows(&[TEXT], &all);
        let direction = if down { Direction::Descending } else { Direction::Ascending };
        let lens = Lens { keys: vec![key(0, direction)], ..Lens::default() };
        let mut expected: Vec<u32> = (0..).take(texts.len()).collect();
        expected.sort_by(|a, b| {
            match (&texts[*a as usize], &texts[*b as usize]) {
                (Some(a), Some(b)) if down => order::compare(Kind::Text, b, a),
                (Some(a), Some(b)) => order::compare(Kind::Text, a, b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            }
        });
        prop_assert_eq!(view(lens, &rows), expected);
    }
}

/// Counts how often it is read.
#[derive(Debug)]
struct Counting {
    batches: Vec<RowBatch>,
    reads: std::sync::atomic::AtomicUsize,
}

impl Shelf for Counting {
    fn read(&self, place: Place) -> Result<RowBatch, Failure> {
        let _ = self
            .reads
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(self.batches[usize::try_from(place.offset).unwrap()].clone())
    }

    fn bytes(&self, _offset: u64, _length: usize) -> Result<Vec<u8>, Failure> {
        Err(Failure::local("whole batches only"))
    }
}

/// Ten stretches of ten rows, all of them on a shelf.
fn shelved() -> (Snapshot, Arc<Counting>) {
    let padding = "x".repeat(50_000);
    let mut result = ResultSet::new(columns(&[INT, TEXT]));
    let mut batches = Vec::new();
    for first in (0..100).step_by(10) {
        let mut builder = RowBatchBuilder::new(2);
        for n in first..first + 10 {
            builder.push_row([Some(n.to_string().as_str()), Some(padding.as_str())]);
        }
        batches.push(builder.take());
        result.push(Arc::new(batches.last().unwrap().clone()));
    }
    let shelf = Arc::new(Counting {
        batches,
        reads: 0.into(),
    });
    for one in result.leave(usize::MAX, 0..0) {
        let place = Place {
            offset: one.segment as u64,
            bytes: 0,
        };
        let gone = Shelved {
            segment: one.segment,
            place,
        };
        result.left(gone, &SharedShelf(Arc::clone(&shelf) as _));
    }
    (result.snapshot(), shelf)
}

/// In windows of seven rows, each window reads a stretch once, however the rows lie.
#[test]
fn rows_in_another_order_are_read_in_the_order_they_lie() {
    let (rows, shelf) = shelved();
    // 0, 10, 20 … 90, 1, 11 …: a stretch of its own for each neighbour.
    let order: Vec<u32> = (0..100).map(|spot| spot % 10 * 10 + spot / 10).collect();
    let job = Job::Copy(Copy {
        lines: Lines {
            spots: 0..100,
            view: Some(RowView::new(order.clone(), 100)),
        },
        columns: vec![0],
        form: Form::Plain,
        relation: "t".into(),
        limit: 1 << 20,
    });
    let Answer::Copied(copied) = job.run(&rows, &mut |_| Going::On).unwrap() else {
        panic!("another answer");
    };
    let expected: Vec<String> = order.iter().map(u32::to_string).collect();
    assert_eq!(copied.text, expected.join("\n"));
    let two = Job::Copy(Copy {
        lines: Lines {
            spots: 3..5,
            view: Some(RowView::new(vec![55, 7, 55, 51, 59], 100)),
        },
        columns: vec![0],
        form: Form::Plain,
        relation: "t".into(),
        limit: 1 << 20,
    });
    let before = shelf.reads.load(std::sync::atomic::Ordering::Relaxed);
    let Answer::Copied(copied) = two.run(&rows, &mut |_| Going::On).unwrap() else {
        panic!("another answer");
    };
    assert_eq!(copied.text, "51\n59");
    let after = shelf.reads.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(after - before, 1, "both rows lie in one stretch");
    assert_eq!(job.run(&rows, &mut |_| Going::Stop), Err(Ended::Stopped));
}

/// The sort itself, which reads nothing, is asked too.
#[test]
fn a_sort_stops_between_its_parts() {
    let texts: Vec<String> = (0..40).map(|n| (n * 7 % 40).to_string()).collect();
    let cells: Vec<Vec<Option<&str>>> =
        texts.iter().map(|text| vec![Some(text.as_str())]).collect();
    let rows = rows(&[INT], &cells);
    let asked = |stop_at: usize| {
        let mut asked = 0;
        let lens = Lens {
            keys: vec![key(0, Direction::Ascending)],
            ..Lens::default()
        };
        let outcome = Job::Lens(lens).run(&rows, &mut |_| {
            asked += 1;
            if asked == stop_at {
                Going::Stop
            } else {
                Going::On
            }
        });
        (asked, outcome)
    };
    let (all, sorted) = asked(usize::MAX);
    let Ok(Answer::Lens(view)) = sorted else {
        panic!("{sorted:?}");
    };
    let order: Vec<&str> = view
        .rows()
        .iter()
        .map(|row| texts[*row as usize].as_str())
        .collect();
    let expected: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(order, expected);
    assert!(all > 10, "asked {all} times");
    for stop_at in 2..all {
        assert!(matches!(asked(stop_at), (at, Err(Ended::Stopped)) if at == stop_at));
    }
}
