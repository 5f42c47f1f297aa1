//! Which text a file is, and its bytes as UTF-8: UTF-8 with or without a byte order mark, or GB18030, what Excel in
//! China writes. Reads in blocks; the file is never in memory.
//!
//! # Why the whole file is looked at
//! A list may hold only digits for its first thousands of lines. Recognised by its beginning it would end halfway;
//! looked at as a whole (a second for the largest file) it is refused before its first row or read to its end.

use super::error::{Error, Text, invalid, text};
use super::files::{Reading, Stored};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};
use std::io::{BufRead, BufReader, ErrorKind, Read};

const BLOCK: usize = 64 << 10;
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A file that was found to be text.
#[derive(Clone, Debug)]
pub struct TextFile {
    file: Stored,
    encoding: &'static Encoding,
    has_mark: bool,
}

/// Files that are often sent by mistake, by their first bytes.
const MISTAKES: [(&[u8], &str, &str); 8] = [
    (
        b"PK\x03\x04",
        "a ZIP archive or an Excel workbook (save it as CSV)",
        "ZIP 压缩包或 Excel 工作簿（请另存为 CSV）",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel or Word document (save it as CSV)",
        "旧版 Excel 或 Word 文档（请另存为 CSV）",
    ),
    (
        b"\xff\xfe",
        "text in UTF-16 (save it as CSV UTF-8)",
        "UTF-16 文本（请另存为 CSV UTF-8）",
    ),
    (
        b"\xfe\xff",
        "text in UTF-16 (save it as CSV UTF-8)",
        "UTF-16 文本（请另存为 CSV UTF-8）",
    ),
    (b"\x89PNG", "a PNG picture", "PNG 图片"),
    (b"\xff\xd8\xff", "a JPEG picture", "JPEG 图片"),
    (b"%PDF", "a PDF document", "PDF 文档"),
    (b"\x1f\x8b", "a gzip archive", "gzip 压缩包"),
];

fn refused(text: Text) -> Error {
    invalid("", text)
}

fn read(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => refused(text("The file is not here any more.", "文件已不存在。")),
        _ => error.into(),
    }
}

impl TextFile {
    /// Finds out which text a file is; a precise INVALID if it is none.
    pub fn recognise(file: Stored) -> Result<TextFile, Error> {
        let mut head = Vec::new();
        file.open(0)?.take(8).read_to_end(&mut head).map_err(read)?;
        if head.is_empty() {
            return Err(refused(text("The file is empty.", "文件为空。")));
        }
        if let Some((_, en, zh)) = MISTAKES.iter().find(|(magic, ..)| head.starts_with(magic)) {
            let en = format!("The file is {en}; CSV or NDJSON is wanted.");
            return Err(refused(text(en, format!("文件是{zh}，应为 CSV 或 NDJSON。"))));
        }
        let has_mark = head.starts_with(&MARK);
        let Err(line) = look_through(&file, UTF_8)? else {
            return Ok(TextFile {
                file,
                encoding: UTF_8,
                has_mark,
            });
        };
        if !has_mark && look_through(&file, GB18030)?.is_ok() {
            return Ok(TextFile {
                file,
                encoding: GB18030,
                has_mark,
            });
        }
        let en = format!("The file is neither UTF-8 nor GB18030 text: line {line} cannot be read.");
        let zh = format!("文件既不是 UTF-8 也不是 GB18030 文本：第 {line} 行无法读取。");
        Err(refused(text(en, zh)))
    }

    /// Its text as UTF-8, from the beginning.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send + Sync>, Error> {
        if self.encoding == UTF_8 {
            let length = u64::try_from(MARK.len()).unwrap_or_default();
            let file = self.file.open(if self.has_mark { length } else { 0 })?;
            return Ok(Box::new(BufReader::with_capacity(BLOCK, file)));
        }
        Ok(Box::new(Decoded {
            inner: BufReader::with_capacity(BLOCK, self.file.open(0)?),
            decoder: self.encoding.new_decoder_without_bom_handling(),
            text: vec![0; 2 * BLOCK],
            from: 0,
            to: 0,
            is_over: false,
        }))
    }
}

/// Whether a whole file is text of an encoding; else the first line that is not. A NUL is in no text.
fn look_through(file: &Stored, encoding: &'static Encoding) -> Result<Result<(), u64>, Error> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut input = BufReader::with_capacity(BLOCK, file.open(0)?);
    let mut output = vec![0; 4 * BLOCK];
    let mut line = 1;
    loop {
        let block = input.fill_buf()?;
        let is_last = block.is_empty();
        if block.contains(&0) {
            let en = "The file holds NUL bytes: it is no text.";
            return Err(refused(text(en, "文件含有 NUL 字节，不是文本。")));
        }
        let (result, taken, _) = decoder.decode_to_utf8_without_replacement(block, &mut output, is_last);
        let lines = block.iter().take(taken).filter(|byte| **byte == b'\n').count();
        line += u64::try_from(lines).unwrap_or_default();
        match result {
            DecoderResult::Malformed(..) => return Ok(Err(line)),
            DecoderResult::InputEmpty if is_last => return Ok(Ok(())),
            DecoderResult::InputEmpty | DecoderResult::OutputFull => input.consume(taken),
        }
    }
}

/// A file of another encoding, read as UTF-8.
struct Decoded {
    inner: BufReader<Reading>,
    decoder: Decoder,
    text: Vec<u8>,
    from: usize,
    to: usize,
    is_over: bool,
}

impl BufRead for Decoded {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.from == self.to && !self.is_over {
            let block = self.inner.fill_buf()?;
            let is_last = block.is_empty();
            let (result, taken, written, _) = self.decoder.decode_to_utf8(block, &mut self.text, is_last);
            self.inner.consume(taken);
            (self.from, self.to) = (0, written);
            self.is_over = is_last && result == encoding_rs::CoderResult::InputEmpty;
        }
        Ok(self.text.get(self.from..self.to).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.from = self.to.min(self.from + amount);
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.fill_buf()?.read(buffer)?;
        self.consume(taken);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::files::off_thread;
    use crate::kernel::files::tests::stored;

    async fn read_back(bytes: &[u8]) -> Result<String, String> {
        let (_folder, file) = stored(&[bytes]).await;
        let read = off_thread(move || {
            let mut text = String::new();
            TextFile::recognise(file)?.open()?.read_to_string(&mut text)?;
            Ok(text)
        });
        read.await.map_err(|error| error.report())
    }

    #[tokio::test]
    async fn text_is_recognised_and_anything_else_is_named() {
        let gb = GB18030.encode("名称,工\n\u{3400}会").0;
        for (bytes, expected) in [
            ("名称".as_bytes(), Ok("名称")),
            ("\u{feff}名称".as_bytes(), Ok("名称")),
            (&*gb, Ok("名称,工\n\u{3400}会")),
            (b"", Err("is empty")),
            (b"\x89PNG\r\n\x1a\n", Err("PNG")),
            (b"PK\x03\x04xl/", Err("Excel")),
            (b"\xff\xfea\0", Err("UTF-16")),
            (b"a,b\n1,\0", Err("NUL")),
            (b"a,b\n1,\xff\n", Err("line 2")),
            (b"\xef\xbb\xbfa,b\n\xb9\xa4,1\n", Err("line 2")),
            // A character cut off by the end of the file.
            (b"a\nb\n\xe5", Err("line 3")),
        ] {
            match (read_back(bytes).await, expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (found, expected) => panic!("{found:?} is not {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn characters_on_the_edges_of_blocks_survive() {
        for shift in 0..4 {
            let text = "x".repeat(shift) + &"工会\u{3400}走访\n".repeat(40_000);
            assert_eq!(read_back(text.as_bytes()).await.unwrap(), text);
            assert_eq!(read_back(&GB18030.encode(&text).0).await.unwrap(), text);
        }
    }
}
