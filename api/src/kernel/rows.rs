//! Files of rows, read in constant memory: CSV (RFC 4180) and NDJSON (one object a line).
//!
//! A domain says which columns it knows by which names; others are passed over. A row that cannot be read is answered
//! like one that breaks a rule: it does not end the file. Blank rows are passed over.

use super::encoding::TextFile;
use super::error::{Error, Text, invalid, text};
use super::files::off_thread;
use super::record::{Cells, Csv, header, object};
use std::io::{BufRead, Read};

/// The longest row, in bytes.
const ROW_BYTES_MAX: usize = 64 << 10;
/// The most bytes of cells that are handed over at once.
const CHUNK_BYTES_MAX: usize = 4 << 20;

/// A column that a domain knows.
#[derive(Debug)]
pub struct Column {
    /// What the domain calls it.
    pub name: &'static str,
    /// What files call it, the Chinese name first; capitals and small letters are one.
    pub aliases: &'static [&'static str],
    /// A CSV file without it is refused.
    pub is_required: bool,
}

/// A column that every CSV file must have.
pub const fn required(name: &'static str, aliases: &'static [&'static str]) -> Column {
    Column {
        name,
        aliases,
        is_required: true,
    }
}

/// A column that a CSV file may leave out.
pub const fn optional(name: &'static str, aliases: &'static [&'static str]) -> Column {
    Column {
        name,
        aliases,
        is_required: false,
    }
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// 1 for the first row after the header (NDJSON: the first line); blank rows count. In Excel it stands one lower.
    pub number: i64,
    cells: Cells,
}

impl Row {
    /// The text in a column, trimmed; empty if the file leaves it out. A number of NDJSON is the text it was written as.
    pub fn cell(&self, column: &str) -> &str {
        let found = self.cells.iter().find(|(name, _)| *name == column);
        found.map_or("", |(_, cell)| cell)
    }
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// As in [`Row`].
    pub number: i64,
    /// The column at fault; empty for the row as a whole.
    pub column: &'static str,
    /// Some of the row as it is written.
    pub value: String,
    /// What is wrong with it.
    pub reason: Text,
}

/// A file of rows, open at one of them. Its disk is read off the async threads.
pub struct RowFile {
    file: TextFile,
    columns: &'static [Column],
    reader: Option<Box<Reader>>,
}

impl RowFile {
    /// Opens a file at its first row; INVALID says precisely which columns lack.
    pub async fn open(file: TextFile, columns: &'static [Column]) -> Result<RowFile, Error> {
        off_thread(move || {
            let reader = Some(Box::new(Reader::open(&file, columns)?));
            Ok(RowFile {
                file,
                columns,
                reader,
            })
        })
        .await
    }

    /// How many rows the whole file has, broken ones counted and blank ones not.
    pub async fn count(&self) -> Result<i64, Error> {
        let (file, columns) = (self.file.clone(), self.columns);
        off_thread(move || Reader::open(&file, columns)?.skip(i64::MAX)).await
    }

    /// Passes over rows that were answered before.
    pub async fn skip(&mut self, rows: i64) -> Result<(), Error> {
        self.read(move |reader| reader.skip(rows)).await.map(drop)
    }

    /// The next rows, at most so many; none at the end of the file.
    pub async fn next(&mut self, most: usize) -> Result<Vec<Result<Row, Broken>>, Error> {
        self.read(move |reader| reader.rows(most)).await
    }

    async fn read<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let mut reader = self
            .reader
            .take()
            .ok_or_else(|| anyhow::anyhow!("a file was let go while it was read"))?;
        let (reader, result) = off_thread(move || {
            let result = work(&mut reader);
            Ok((reader, result))
        })
        .await?;
        self.reader = Some(reader);
        result
    }
}

/// A line of the file.
enum Line {
    Whole,
    TooLong,
    End,
}

/// What stands in a line, or in several of a CSV file.
enum Record {
    Cells(Vec<String>),
    Object,
    Broken(Text),
    End,
}

struct Reader {
    text: Box<dyn BufRead + Send + Sync>,
    line: Vec<u8>,
    columns: &'static [Column],
    /// The column at each place of a CSV row; none for NDJSON.
    header: Option<Vec<Option<&'static str>>>,
    number: i64,
}

impl Reader {
    fn open(file: &TextFile, columns: &'static [Column]) -> Result<Reader, Error> {
        let mut text = file.open()?;
        let mut reader = Reader {
            header: (!begins_with_brace(&mut *text)?).then(Vec::new),
            line: Vec::new(),
            number: 0,
            text,
            columns,
        };
        if reader.header.is_some() {
            reader.header = Some(reader.read_header()?);
        }
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<Vec<Option<&'static str>>, Error> {
        loop {
            match self.csv_record()? {
                Record::Cells(cells) if is_blank(&cells) => {}
                Record::Cells(cells) => {
                    return header(self.columns, &cells).map_err(|text| invalid("", text));
                }
                Record::Broken(text) => return Err(invalid("", text)),
                Record::Object | Record::End => {
                    return Err(invalid("", text("The file has no header.", "文件没有表头。")));
                }
            }
        }
    }

    fn skip(&mut self, most: i64) -> Result<i64, Error> {
        let mut passed = 0;
        while passed < most {
            match self.record()? {
                Record::End => break,
                _ => passed += 1,
            }
        }
        Ok(passed)
    }

    fn rows(&mut self, most: usize) -> Result<Vec<Result<Row, Broken>>, Error> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < CHUNK_BYTES_MAX {
            let record = self.record()?;
            bytes += self.line.len();
            let read = match record {
                Record::End => break,
                Record::Cells(cells) => self.row(cells).map_err(|text| ("", text)),
                Record::Object => object(self.columns, &self.line),
                Record::Broken(text) => Err(("", text)),
            };
            let number = self.number;
            rows.push(match read {
                Ok(cells) => Ok(Row { number, cells }),
                Err((column, reason)) => Err(Broken {
                    number,
                    column,
                    value: String::from_utf8_lossy(&self.line).trim().to_owned(),
                    reason,
                }),
            });
        }
        Ok(rows)
    }

    /// The next record that is not blank.
    fn record(&mut self) -> Result<Record, Error> {
        loop {
            let record = if self.header.is_some() {
                self.csv_record()?
            } else {
                match self.read_line()? {
                    Line::End => Record::End,
                    Line::TooLong => Record::Broken(too_long()),
                    Line::Whole if self.line.trim_ascii().is_empty() => Record::Cells(Vec::new()),
                    Line::Whole => Record::Object,
                }
            };
            self.number += 1;
            match record {
                Record::Cells(cells) if is_blank(&cells) => {}
                other => return Ok(other),
            }
        }
    }

    fn csv_record(&mut self) -> Result<Record, Error> {
        let mut csv = Csv::default();
        let mut bytes = 0;
        loop {
            match self.read_line()? {
                Line::End if csv.is_quoted() => return Ok(Record::Broken(not_closed())),
                Line::End => return Ok(Record::End),
                Line::TooLong => return Ok(Record::Broken(too_long())),
                Line::Whole => bytes += self.line.len() + 1,
            }
            // The reading goes on behind this line: rows that a stray quotation mark took in are lost, later ones not.
            if bytes > ROW_BYTES_MAX {
                return Ok(Record::Broken(not_closed()));
            }
            if csv.take(&self.line) {
                return Ok(Record::Cells(csv.cells));
            }
        }
    }

    fn read_line(&mut self) -> Result<Line, Error> {
        self.line.clear();
        let most = u64::try_from(ROW_BYTES_MAX).unwrap_or(u64::MAX) + 1;
        let read = (&mut self.text).take(most).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(Line::End);
        }
        if self.line.pop_if(|byte| *byte == b'\n').is_some() {
            self.line.pop_if(|byte| *byte == b'\r');
        } else if read > ROW_BYTES_MAX {
            self.line.truncate(200);
            self.text.skip_until(b'\n')?;
            return Ok(Line::TooLong);
        }
        Ok(Line::Whole)
    }

    fn row(&self, cells: Vec<String>) -> Result<Cells, Text> {
        let header = self.header.as_deref().unwrap_or_default();
        let (found, wanted) = (cells.len(), header.len());
        let surplus = cells.iter().skip(wanted);
        if found < wanted || surplus.into_iter().any(|cell| !cell.is_empty()) {
            let en = format!("The row has {found} cells, the header {wanted}.");
            return Err(text(en, format!("该行有 {found} 个单元格，表头有 {wanted} 个。")));
        }
        let known = header.iter().zip(cells);
        Ok(known.filter_map(|(name, cell)| Some(((*name)?, cell))).collect())
    }
}

fn too_long() -> Text {
    text("The row is longer than 64 KiB.", "该行超过 64 KiB。")
}

fn not_closed() -> Text {
    text(
        "A quotation mark is not closed: the rows behind it were taken for one.",
        "引号未闭合：其后的各行被当作同一行。",
    )
}

fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(String::is_empty)
}

fn begins_with_brace(text: &mut dyn BufRead) -> Result<bool, Error> {
    loop {
        let block = text.fill_buf()?;
        if block.is_empty() {
            return Ok(false);
        }
        let blanks = block.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if let Some(byte) = block.get(blanks) {
            return Ok(*byte == b'{');
        }
        text.consume(blanks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::files::tests::stored;

    static COLUMNS: [Column; 3] = [
        required("uscc", &["统一社会信用代码", "uscc"]),
        required("name", &["企业名称", "name"]),
        optional("employees", &["职工人数", "employees"]),
    ];

    async fn open(bytes: &[u8]) -> Result<(tempfile::TempDir, RowFile), String> {
        let (folder, file) = stored(&[bytes]).await;
        let file = RowFile::open(TextFile::new(file, encoding_rs::UTF_8), &COLUMNS).await;
        Ok((folder, file.map_err(|error| error.report())?))
    }

    /// Rows as `number:uscc|name|employees`, broken ones as `number!column:reason`.
    async fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let (_folder, mut file) = open(bytes).await?;
        let rows = file.next(100_000).await.unwrap();
        assert_eq!(file.count().await.unwrap(), i64::try_from(rows.len()).unwrap());
        let told = rows.into_iter().map(|row| match row {
            Ok(row) => {
                let cells = COLUMNS.iter().map(|column| row.cell(column.name));
                format!("{}:{}", row.number, cells.collect::<Vec<_>>().join("|"))
            }
            Err(broken) => format!("{}!{}:{}", broken.number, broken.column, broken.reason.en),
        });
        Ok(told.collect())
    }

    #[tokio::test]
    async fn rows_come_as_they_are_written() {
        let cells = "The row has 1 cells, the header 2.";
        let cases: &[(&[u8], &[&str])] = &[
            (b"uscc,name\n1,a\n", &["1:1|a|"]),
            ("\u{feff}USCC,Name\r\n1, 甲 ".as_bytes(), &["1:1|甲|"]),
            ("统一社会信用代码,企业名称\r\n1,毛田公司\r\n合计,\r\n".as_bytes(), &["1:1|毛田公司|", "2:合计||"]),
            ("企业名称,备注,uscc\n甲,x,1".as_bytes(), &["1:1|甲|"]),
            (b"uscc,name\n1,\"a,\n\"\"b\"\"\"\n2,c", &["1:1|a,\n\"b\"|", "2:2|c|"]),
            (b"uscc,name\n\n1,a,,\n,,,\n2,b", &["2:1|a|", "4:2|b|"]),
            (b"\nuscc,name", &[]),
            (
                b"uscc,name\n1\n2,b,c\n3,d",
                &[&format!("1!:{cells}"), "2!:The row has 3 cells, the header 2.", "3:3|d|"],
            ),
            (
                "\n{\"uscc\":\"1\",\"企业名称\":\"甲\\u4e59\",\"employees\":12.50}\n\n{\"uscc\":null,\"x\":[1]}".as_bytes(),
                &["2:1|甲乙|12.50", "4:||"],
            ),
            (
                b"{\"uscc\":\"1\"\n[1]\n{\"uscc\":{}}\n{\"name\":\"\\u0000\"}\n{\"uscc\":1,\"USCC\":2}\n{\"uscc\":123456789012345678901}",
                &[
                    "1!:The line is no JSON object.",
                    "2!:The line is no JSON object.",
                    "3!uscc:A text or a number is wanted.",
                    "4!name:The text holds a NUL.",
                    "5!uscc:The column stands there twice.",
                    "6:123456789012345678901||",
                ],
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(
                read(bytes).await.unwrap(),
                *expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_what_it_says_is_refused_as_a_whole() {
        for (bytes, expected) in [
            (&b" \n\n"[..], "The file has no header."),
            (b"name,x\n1,2\n", "Columns are missing in the header: uscc."),
            (b"x\n", "Columns are missing in the header: uscc, name."),
            (
                "uscc,name,企业名称".as_bytes(),
                "Columns stand twice in the header: name.",
            ),
        ] {
            assert_eq!(read(bytes).await.unwrap_err(), expected);
        }
    }

    #[tokio::test]
    async fn a_row_without_end_costs_no_memory_and_no_later_row() {
        let long = "x".repeat(3 * ROW_BYTES_MAX);
        let file = format!(
            "uscc,name\n1,{long}\n2,b\n3,\"{}4,d\n5,\"e\n",
            "open,1\n".repeat(20_000)
        );
        let told = read(file.as_bytes()).await.unwrap();

        assert_eq!(told[..2], ["1!:The row is longer than 64 KiB.", "2:2|b|"]);
        assert!(
            told[2].starts_with("3!:A quotation mark is not closed"),
            "{}",
            told[2]
        );
        assert_eq!(told[3], "4:open|1|");
        assert_eq!(told[told.len() - 2].split_once(':').unwrap().1, "4|d|");
        assert!(told[told.len() - 1].contains("not closed"));
    }

    #[tokio::test]
    async fn reading_goes_on_where_it_stopped() {
        let rows: String = (1..=2_500)
            .map(|number| format!("{number},\"a\nb\"\n\n"))
            .collect();
        let (_folder, mut file) = open(format!("uscc,name\n{rows}").as_bytes()).await.unwrap();

        file.skip(1_999).await.unwrap();
        let first = file.next(300).await.unwrap();
        let second = file.next(1_000).await.unwrap();
        let none = file.next(1_000).await.unwrap();

        assert_eq!((first.len(), second.len(), none.len()), (300, 201, 0));
        let row = first[0].as_ref().unwrap();
        assert_eq!((row.number, row.cell("uscc")), (3_999, "2000"));
        assert_eq!(second[200].as_ref().unwrap().cell("uscc"), "2500");
    }
}
