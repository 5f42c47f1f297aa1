//! The bytes of a text as UTF-8: from UTF-8 with or without a byte order mark, or GB18030, what Excel in China writes. Reads
//! in blocks; the file is never in memory. Whoever took the file in knows which of them it is, and that all of it is.

use super::error::{Error, invalid, text};
use super::files::{Reading, Stored};
use encoding_rs::{Decoder, Encoding, UTF_8};
use std::io::{BufRead, BufReader, ErrorKind, Read};

const BLOCK: usize = 64 << 10;
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A file that is text.
#[derive(Clone, Debug)]
pub struct TextFile {
    file: Stored,
    encoding: &'static Encoding,
}

fn read(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => invalid("", text("The file is not here any more.", "文件已不存在。")),
        _ => error.into(),
    }
}

impl TextFile {
    /// A file in an encoding.
    pub fn new(file: Stored, encoding: &'static Encoding) -> TextFile {
        TextFile { file, encoding }
    }

    /// Its text as UTF-8, from the beginning.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send + Sync>, Error> {
        let mut file = self.file.open(0).map_err(read)?;
        if self.encoding == UTF_8 {
            let mut head = Vec::new();
            let length = u64::try_from(MARK.len()).unwrap_or_default();
            (&mut file).take(length).read_to_end(&mut head).map_err(read)?;
            if head == MARK {
                head.clear();
            }
            return Ok(Box::new(
                std::io::Cursor::new(head).chain(BufReader::with_capacity(BLOCK, file)),
            ));
        }
        Ok(Box::new(Decoded {
            inner: BufReader::with_capacity(BLOCK, file),
            decoder: self.encoding.new_decoder_without_bom_handling(),
            text: vec![0; 2 * BLOCK],
            from: 0,
            to: 0,
            is_over: false,
        }))
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
    use encoding_rs::GB18030;

    async fn read_back(objects: &[&[u8]], encoding: &'static Encoding) -> String {
        let (_folder, file) = stored(objects).await;
        let read = off_thread(move || {
            let mut text = String::new();
            TextFile::new(file, encoding).open()?.read_to_string(&mut text)?;
            Ok(text)
        });
        read.await.unwrap_or_else(|error| panic!("{}", error.report()))
    }

    #[tokio::test]
    async fn text_is_read_without_its_mark() {
        let gb = GB18030.encode("名称,工\n\u{3400}会").0;
        for (objects, expected) in [
            (&["名称".as_bytes()][..], "名称"),
            (&["\u{feff}名称".as_bytes()], "名称"),
            (&[b"\xef", b"\xbb", b"\xbfname"], "name"),
            (&[b"\xe5", b"\xb7\xa5"], "工"),
            (&[b""], ""),
        ] {
            assert_eq!(read_back(objects, UTF_8).await, expected);
        }
        assert_eq!(read_back(&[&gb], GB18030).await, "名称,工\n\u{3400}会");
    }

    #[tokio::test]
    async fn characters_on_the_edges_of_blocks_survive() {
        for shift in 0..4 {
            let text = "x".repeat(shift) + &"工会\u{3400}走访\n".repeat(40_000);
            assert_eq!(read_back(&[text.as_bytes()], UTF_8).await, text);
            assert_eq!(read_back(&[&GB18030.encode(&text).0], GB18030).await, text);
        }
    }
}
