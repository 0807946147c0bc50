use std::io::Cursor;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, TimestampMicrosecondType,
};
use arrow_ipc::reader::{FileReader, StreamReader};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::Exporter;
use super::*;

fn column(name: &str, type_oid: u32, type_modifier: i32) -> Column {
    Column {
        name: name.into(),
        type_oid,
        type_name: String::new(),
        type_modifier,
        table_oid: 0,
        attribute: 0,
    }
}

fn columns() -> Vec<Column> {
    vec![
        column("id", 23, -1),
        column("price", 1700, ((12 << 16) | 2) + 4),
        column("exact", 1700, -1),
        column("share", 701, -1),
        column("born", 1082, -1),
        column("seen", 1184, -1),
        column("key", 2950, -1),
        column("bytes", 17, -1),
        column("doc", 3802, -1),
        column("tags", 1009, -1),
    ]
}

const ROW: [&str; 10] = [
    "-7",
    "-1234.50",
    "1.000000000000000000000000000000000000000000001",
    "Infinity",
    "0044-03-15 BC",
    "2026-07-01 02:00:00.25+02",
    "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "\\x00ff",
    "{\"a\": 1}",
    "{a,NULL}",
];

fn written(format: Format) -> Vec<u8> {
    let mut exporter = Exporter::begin(Vec::new(), format, &columns()).unwrap();
    exporter.row(ROW.map(Cell::Text)).unwrap();
    exporter.row([]).unwrap();
    exporter.end().unwrap()
}

fn check(batch: &RecordBatch) {
    assert_eq!(batch.num_rows(), 2);
    for (column, field) in batch.columns().iter().zip(batch.schema().fields()) {
        assert_eq!(column.null_count(), 1, "{}", field.name());
        assert!(column.is_null(1), "{}", field.name());
    }
    let columns = batch.columns();
    assert_eq!(columns[0].as_primitive::<Int32Type>().value(0), -7);
    let price = columns[1].as_primitive::<Decimal128Type>();
    assert_eq!(price.value_as_string(0), "-1234.50");
    assert_eq!(columns[2].as_string::<i32>().value(0), ROW[2]);
    assert!(
        columns[3]
            .as_primitive::<Float64Type>()
            .value(0)
            .is_infinite()
    );
    // Days from the Ides of March, 44 before Christ, to 1970.
    assert_eq!(columns[4].as_primitive::<Date32Type>().value(0), -735_160);
    let seen = columns[5].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(seen.value(0), 1_782_864_000_250_000);
    assert_eq!(seen.timezone(), Some("UTC"));
    let key: Vec<u8> = (0..16).collect();
    assert_eq!(columns[6].as_fixed_size_binary().value(0), key);
    assert_eq!(columns[7].as_binary::<i32>().value(0), [0, 255]);
    assert_eq!(columns[8].as_string::<i32>().value(0), ROW[8]);
    assert_eq!(columns[9].as_string::<i32>().value(0), ROW[9]);
    let schema = batch.schema();
    let extension = |name: &str| schema.field_with_name(name).unwrap().extension_type_name();
    assert_eq!(extension("key"), Some("arrow.uuid"));
    assert_eq!(extension("doc"), Some("arrow.json"));
}

fn read_parquet(bytes: Vec<u8>) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

#[test]
fn parquet_reads_back() {
    let batches = read_parquet(written(Format::Parquet));
    assert_eq!(batches.len(), 1);
    check(&batches[0]);
}

#[test]
fn arrow_files_and_streams_read_back() {
    let file = FileReader::try_new(Cursor::new(written(Format::Arrow)), None).unwrap();
    let batches: Vec<_> = file.map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    check(&batches[0]);
    let stream = StreamReader::try_new(Cursor::new(written(Format::ArrowStream)), None).unwrap();
    assert_eq!(stream.schema().fields().len(), columns().len());
    let batches: Vec<_> = stream.map(Result::unwrap).collect();
    check(&batches[0]);
}

#[test]
fn a_result_without_rows_keeps_its_columns() {
    for format in [Format::Parquet, Format::Arrow, Format::ArrowStream] {
        let exporter = Exporter::begin(Vec::new(), format, &columns()).unwrap();
        assert!(exporter.end().unwrap().len() > 100, "{format:?}");
    }
    let exporter = Exporter::begin(Vec::new(), Format::Parquet, &columns()).unwrap();
    let bytes = Bytes::from(exporter.end().unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    assert_eq!(reader.schema().fields().len(), columns().len());
    assert!(Exporter::begin(Vec::new(), Format::Parquet, &[]).is_err());
}

#[test]
fn a_value_without_place_is_named() {
    let columns = [column("until", 1114, -1)];
    let mut exporter = Exporter::begin(Vec::new(), Format::Parquet, &columns).unwrap();
    exporter.row([Cell::Text("2026-01-01 00:00:00")]).unwrap();
    let refused = exporter.row([Cell::Text("infinity")]).unwrap_err();
    let said = refused.to_string();
    assert!(
        said.starts_with("row 2, column \"until\": 'infinity' has no place"),
        "{said}"
    );
    assert!(said.ends_with("cast the column to text"), "{said}");
}

/// Takes what is written and notes how much came at once.
#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    pieces: usize,
}

impl io::Write for &mut Taken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pieces += 1;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rows go out while more arrive, and what is remembered of places in the file stays right.
#[test]
fn long_results_go_out_in_pieces() {
    let columns = [column("n", 23, -1), column("noise", 25, -1)];
    let rows = 150_000_u32;
    for format in [Format::Parquet, Format::Arrow] {
        let mut taken = Taken::default();
        let mut exporter = Exporter::begin(&mut taken, format, &columns).unwrap();
        let mut noise = 1_u64;
        for n in 0..rows {
            let mut text = String::new();
            for _ in 0..25 {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                text.push_str(&format!("{:016x}", noise ^ noise >> 29));
            }
            let number = n.to_string();
            exporter
                .row([Cell::Text(&number), Cell::Text(&text)])
                .unwrap();
        }
        let _ = exporter.end().unwrap();
        assert!(taken.pieces > 1, "{format:?}: {} pieces", taken.pieces);
        let batches: Vec<RecordBatch> = match format {
            Format::Parquet => {
                let bytes = Bytes::from(taken.bytes);
                let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
                assert!(reader.metadata().num_row_groups() > 1);
                reader.build().unwrap().map(Result::unwrap).collect()
            }
            _ => FileReader::try_new(Cursor::new(taken.bytes), None)
                .unwrap()
                .map(Result::unwrap)
                .collect(),
        };
        let mut expected = 0..;
        for batch in &batches {
            for n in batch.column(0).as_primitive::<Int32Type>().values() {
                assert_eq!(Some(*n), expected.next());
            }
        }
        assert_eq!(expected.next(), Some(i32::try_from(rows).unwrap()));
    }
}
