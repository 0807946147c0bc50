use std::sync::Mutex;

use super::*;
use proptest::prelude::*;

/// The first column's description serves for all.
fn columns() -> Arc<[Column]> {
    Arc::from([Column::computed("n", 23, "int4")])
}

fn numbers(range: Range<usize>) -> Arc<RowBatch> {
    let mut builder = RowBatchBuilder::new(1);
    for n in range {
        builder.push_row([Some(n.to_string().as_str())]);
    }
    Arc::new(builder.take())
}

/// A shelf in memory.
#[derive(Debug, Default)]
struct Board(Mutex<Vec<u8>>);

impl Board {
    fn put(&self, batch: &RowBatch) -> Place {
        let mut kept = self.0.lock().unwrap();
        let place = Place {
            offset: kept.len() as u64,
            bytes: batch.written_bytes(),
        };
        batch.write_to(&mut *kept).unwrap();
        place
    }
}

impl Shelf for Board {
    fn read(&self, place: Place) -> Result<RowBatch, Failure> {
        let bytes = self.bytes(place.offset, usize::try_from(place.bytes).unwrap())?;
        RowBatch::read_from(&mut bytes.as_slice(), place.bytes)
            .map_err(|_| Failure::local("nothing there"))
    }

    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, Failure> {
        let kept = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let bytes = kept.get(start..start + length).map(<[u8]>::to_vec);
        bytes.ok_or_else(|| Failure::local("nothing there"))
    }
}

/// A result of `rows` numbers in segments of 40,000.
fn result(rows: usize) -> ResultSet {
    let mut result = ResultSet::new(columns());
    for start in (0..rows).step_by(40_000) {
        result.push(numbers(start..(start + 40_000).min(rows)));
    }
    result
}

fn move_out(result: &mut ResultSet, board: &Arc<Board>, bytes: usize, near: Range<usize>) -> usize {
    let leaving = result.leave(bytes, near);
    let shelf = SharedShelf(Arc::clone(board) as _);
    for Leaving { segment, batch } in &leaving {
        let place = board.put(batch);
        let segment = *segment;
        result.left(Shelved { segment, place }, &shelf);
    }
    leaving.len()
}

fn text(result: &ResultSet, row: usize) -> Option<String> {
    result.cell(row, 0).and_then(Cell::text).map(str::to_owned)
}

#[test]
fn a_row_is_found_across_segments() {
    let result = result(200_001);
    for row in [0, 1, 39_999, 40_000, 40_001, 123_456, 200_000] {
        assert_eq!(text(&result, row), Some(row.to_string()));
    }
    assert_eq!(result.cell(200_001, 0), None);
    assert_eq!(result.presence(200_001), Presence::Outside);
}

#[test]
fn rows_that_trickle_in_do_not_become_as_many_segments() {
    let mut result = ResultSet::new(columns());
    for n in 0..50_000 {
        result.push(numbers(n..n + 1));
    }
    assert!(result.segments.len() < 30, "{}", result.segments.len());
    let memory: usize = result
        .segments
        .iter()
        .filter_map(|segment| segment.home.batch())
        .map(|batch| batch.memory_bytes())
        .sum();
    assert_eq!(memory, result.resident_bytes());
    for row in [0, 1, 1023, 1024, 49_999] {
        assert_eq!(text(&result, row), Some(row.to_string()));
    }
}

#[test]
fn the_oldest_rows_leave_and_those_on_the_screen_stay() {
    let board = Arc::new(Board::default());
    let mut result = result(400_000);
    let before = result.resident_bytes();
    // The first two of ten segments are around the screen.
    assert_eq!(move_out(&mut result, &board, before / 2, 0..50), 5);
    assert!(result.resident_bytes() <= before / 2);
    assert_eq!(result.presence(10), Presence::Here);
    assert_eq!(result.presence(100_000), Presence::Away);
    assert_eq!(result.cell(100_000, 0), None);
    assert_eq!(text(&result, 399_999), Some("399999".to_owned()));
}

#[test]
fn rows_come_back_when_they_are_wanted_and_go_again() {
    let board = Arc::new(Board::default());
    let mut result = result(400_000);
    assert_eq!(move_out(&mut result, &board, usize::MAX, 0..50), 8);
    let lean = result.resident_bytes();
    let wanted = result.wanted(200_000..200_050);
    assert_eq!(wanted.len(), 3, "one segment on either side comes along");
    assert!(
        result.wanted(200_000..200_050).is_empty(),
        "and is asked for once"
    );
    for Shelved { segment, place } in wanted {
        result.returned(segment, board.read(place).ok().map(Arc::new));
    }
    assert_eq!(text(&result, 200_000), Some("200000".to_owned()));
    assert_eq!(result.drop_copies(usize::MAX, 200_000..200_050), 0);
    assert!(result.drop_copies(usize::MAX, 0..50) > 0);
    assert_eq!(result.presence(200_000), Presence::Away);
    assert_eq!(result.resident_bytes(), lean);
}

#[test]
fn what_cannot_be_read_back_is_told_and_not_asked_for_again() {
    let board = Arc::new(Board::default());
    let mut result = result(400_000);
    let _ = move_out(&mut result, &board, usize::MAX, 0..50);
    for Shelved { segment, .. } in result.wanted(200_000..200_050) {
        result.returned(segment, Some(numbers(0..1)));
    }
    assert_eq!(result.presence(200_000), Presence::Unreadable);
    assert!(result.wanted(200_000..200_050).is_empty());
}

#[test]
fn a_shelf_that_is_full_leaves_rows_in_memory() {
    let mut result = result(400_000);
    let before = result.resident_bytes();
    let leaving = result.leave(usize::MAX, 0..50);
    assert!(result.resident_bytes() < before);
    for Leaving { segment, .. } in leaving {
        result.stayed(segment);
    }
    assert_eq!(result.resident_bytes(), before);
    assert_eq!(text(&result, 200_000), Some("200000".to_owned()));
    assert!(!result.leave(usize::MAX, 0..50).is_empty());
}

#[test]
fn of_a_very_long_value_the_beginning_stays() {
    let mut builder = RowBatchBuilder::new(1);
    builder.push_row([Some("é".repeat(LARGE).as_str())]);
    let mut result = ResultSet::new(columns());
    result.push(Arc::new(builder.take()));
    let board = Arc::new(Board::default());
    assert_eq!(
        move_out(&mut result, &board, 1, 0..50),
        1,
        "though it is on the screen"
    );
    assert!(result.resident_bytes() < 2 * part::BEGINNING);
    assert_eq!(text(&result, 0), Some("é".repeat(part::BEGINNING / 2)));
    assert!(result.wanted(0..1).is_empty());
    let whole = result.snapshot().batch_of(0).unwrap().unwrap();
    assert_eq!(whole.batch.text_bytes(), 2 * LARGE);
}

#[test]
fn a_snapshot_reads_every_row_wherever_it_is_and_whatever_happens_later() {
    let board = Arc::new(Board::default());
    let mut result = result(200_000);
    let bytes = result.resident_bytes() / 2;
    let _ = move_out(&mut result, &board, bytes, 0..50);
    let snapshot = result.snapshot();
    let _ = move_out(&mut result, &board, usize::MAX, 0..0);
    result.push(numbers(200_000..200_010));
    let mut row = 0;
    for stretch in snapshot.batches() {
        let stretch = stretch.unwrap();
        assert_eq!(stretch.first, row);
        for cell in stretch.batch.cells() {
            assert_eq!(cell.text(), Some(row.to_string().as_str()));
            row += 1;
        }
    }
    assert_eq!(row, 200_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_sizes_of_batches_are_found_again(sizes in proptest::collection::vec(1_usize..3000, 1..60), row in 0_usize..90_000) {
        let mut result = ResultSet::new(columns());
        for size in sizes {
            result.push(numbers(result.rows()..result.rows() + size));
        }
        let expected = (row < result.rows()).then(|| row.to_string());
        prop_assert_eq!(text(&result, row), expected);
        let last = result.rows() - 1;
        prop_assert_eq!(text(&result, last), Some(last.to_string()));
    }
}

#[test]
fn a_long_value_is_read_in_parts_wherever_it_is() {
    let mut builder = RowBatchBuilder::new(2);
    let long = "añb".repeat(3 << 20);
    builder.push_row([Some("1"), Some(long.as_str())]);
    builder.push_row([None, Some("short")]);
    let mut result = ResultSet::new(columns());
    result.push(Arc::new(builder.take()));
    let here = result.snapshot();
    let board = Arc::new(Board::default());
    assert_eq!(move_out(&mut result, &board, 1, 0..1), 1);
    assert!(result.resident_bytes() < 1 << 20);
    assert_eq!(result.value_bytes(0, 1), Some(long.len()));
    assert_eq!(result.value_bytes(1, 1), Some(5));
    assert_eq!(result.value_bytes(1, 0), None);
    for rows in [here, result.snapshot()] {
        let mut read = String::new();
        while read.len() < long.len() {
            let part = rows.part((0, 1), read.len(), 1 << 20).unwrap().unwrap();
            assert_eq!((part.from, part.whole), (read.len(), long.len()));
            assert!(!part.text.is_empty() && part.text.len() <= 1 << 20);
            read.push_str(&part.text);
        }
        assert!(read == long);
        // Within a character.
        let part = rows.part((0, 1), 2, 10).unwrap().unwrap();
        assert!(part.from == 1 || part.from == 3, "{}", part.from);
        assert_eq!(rows.part((1, 1), 0, 99).unwrap().unwrap().text, "short");
        assert_eq!(rows.part((1, 0), 0, 99), Ok(None));
        assert_eq!(rows.part((2, 0), 0, 99), Ok(None));
    }
}
