//! What a file is, by its bytes.

use crate::kernel::error::{Text, text};
use crate::kernel::keys::hex;
use aws_lc_rs::digest;
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};

/// How much of a file is looked at to know what it is.
const HEAD: usize = 8 << 10;
const BLOCK: usize = 4 << 10;
/// How UTF-8 may begin, and nothing else.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, such as CSV, JSON or NDJSON, in UTF-8.
    Utf8,
    /// The same in GB18030.
    Gb18030,
    /// A picture.
    Jpeg,
    /// A picture.
    Png,
    /// A picture.
    Webp,
    /// A picture of a phone.
    Heic,
    /// A document.
    Pdf,
    /// An Excel workbook.
    Xlsx,
    /// A Word document.
    Docx,
}

/// What senders call text.
const TEXTS: [&str; 9] = [
    "text/csv",
    "text/plain",
    "text/tab-separated-values",
    "application/csv",
    "application/json",
    "application/jsonl",
    "application/ndjson",
    "application/x-ndjson",
    // What Windows calls CSV where Excel is installed.
    "application/vnd.ms-excel",
];
/// What senders call a file of which they know nothing.
const ANYTHING: [&str; 4] = [
    "",
    "application/octet-stream",
    // What the draft of resumable uploads says of a piece.
    "application/partial-upload",
    // What curl says when nobody says anything.
    "application/x-www-form-urlencoded",
];

impl Kind {
    /// Its name.
    pub fn content_type(self) -> &'static str {
        match self {
            Kind::Utf8 => "text/plain; charset=utf-8",
            Kind::Gb18030 => "text/plain; charset=gb18030",
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Webp => "image/webp",
            Kind::Heic => "image/heic",
            Kind::Pdf => "application/pdf",
            Kind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Kind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }

    /// Refuses a sender who calls it what it is not.
    pub fn check_called(self, declared: &str) -> Result<(), Text> {
        let name = declared.split(';').next().unwrap_or_default();
        let name = name.trim().to_ascii_lowercase();
        let others: &[&str] = match self {
            Kind::Utf8 | Kind::Gb18030 => &TEXTS,
            Kind::Jpeg => &["image/jpg", "image/pjpeg"],
            Kind::Heic => &["image/heif"],
            Kind::Xlsx | Kind::Docx => &["application/zip", "application/x-zip-compressed"],
            Kind::Png | Kind::Webp | Kind::Pdf => &[],
        };
        let name = name.as_str();
        if name == self.content_type() || others.contains(&name) || ANYTHING.contains(&name) {
            return Ok(());
        }
        let found = self.content_type();
        let en = format!("The file is {found}, which is not what its Content-Type says.");
        Err(text(en, format!("文件是 {found}，与其 Content-Type 不符。")))
    }
}

/// The encoding of a file that is text, by the name of its kind.
pub fn encoding(content_type: &str) -> Result<&'static Encoding, Text> {
    let kinds = [(Kind::Utf8, UTF_8), (Kind::Gb18030, GB18030)];
    let mut found = kinds
        .iter()
        .filter(|(kind, _)| kind.content_type() == content_type);
    let (_, encoding) = found.next().ok_or_else(|| {
        let en = format!("The file is {content_type}: save it as CSV or NDJSON.");
        text(en, format!("文件是 {content_type}，请另存为 CSV 或 NDJSON。"))
    })?;
    Ok(encoding)
}

/// Files that are often sent by mistake, by their first bytes.
const MISTAKES: [(&[u8], &str, &str); 4] = [
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel or Word document (save it as XLSX, DOCX or CSV)",
        "旧版 Excel 或 Word 文档（请另存为 XLSX、DOCX 或 CSV）",
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
    (b"\x1f\x8b", "a gzip archive", "gzip 压缩包"),
];

fn not_taken(head: &[u8]) -> Text {
    let mistake = MISTAKES.iter().find(|(magic, ..)| head.starts_with(magic));
    let (en, zh) = mistake.map_or(
        ("none of those that are taken", "不受支持的类型"),
        |(_, en, zh)| (en, zh),
    );
    text(
        format!(
            "The file is {en}. Taken are text (CSV, JSON, NDJSON) in UTF-8 or GB18030, JPEG, PNG, WebP, HEIC, PDF, XLSX, \
             DOCX."
        ),
        format!(
            "文件是{zh}。可接受：UTF-8 或 GB18030 文本（CSV、JSON、NDJSON）、JPEG、PNG、WebP、HEIC、PDF、XLSX、DOCX。"
        ),
    )
}

/// Which kind begins so; none for text, and for what is not taken.
fn magic(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"PK\x03\x04") {
        return office(head);
    }
    let kinds: [(infer::Matcher, Kind); 5] = [
        (infer::image::is_jpeg, Kind::Jpeg),
        (infer::image::is_png, Kind::Png),
        (
            |head| head.starts_with(b"RIFF") && infer::image::is_webp(head),
            Kind::Webp,
        ),
        (infer::image::is_heif, Kind::Heic),
        (infer::archive::is_pdf, Kind::Pdf),
    ];
    let found = kinds.iter().find(|(is_it, _)| is_it(head));
    found.map(|(_, kind)| *kind)
}

/// Which office document a ZIP archive is, by the names of its first files; every program writes them in an order of
/// its own.
fn office(head: &[u8]) -> Option<Kind> {
    let names = head
        .windows(30 + 5)
        .filter(|window| window.starts_with(b"PK\x03\x04"));
    let mut names = names.filter_map(|window| window.get(30..));
    names.find_map(|name| match name {
        name if name.starts_with(b"xl/") => Some(Kind::Xlsx),
        name if name.starts_with(b"word/") => Some(Kind::Docx),
        _ => None,
    })
}

/// Whether a text is one that a browser or a shell would run.
fn is_active(head: &[u8]) -> bool {
    let head = head.strip_prefix(MARK).unwrap_or(head);
    head.starts_with(b"#!") || head.trim_ascii_start().starts_with(b"<")
}

/// Finds out whether bytes are text, as they come. Of control characters a text has only those that part its cells and
/// lines; in neither encoding is such a byte a part of another character.
struct Texts {
    utf8: Option<Decoder>,
    gb18030: Option<Decoder>,
}

impl Texts {
    fn take(&mut self, bytes: &[u8], is_last: bool) {
        let is_control = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
        let has_control = bytes.iter().any(is_control);
        for decoder in [&mut self.utf8, &mut self.gb18030] {
            if decoder
                .as_mut()
                .is_some_and(|decoder| has_control || !decodes(decoder, bytes, is_last))
            {
                *decoder = None;
            }
        }
    }

    fn kind(&self, head: &[u8]) -> Option<Kind> {
        match self {
            Texts { utf8: Some(_), .. } => Some(Kind::Utf8),
            Texts { gb18030: Some(_), .. } if !head.starts_with(MARK) => Some(Kind::Gb18030),
            _ => None,
        }
    }
}

fn decodes(decoder: &mut Decoder, mut bytes: &[u8], is_last: bool) -> bool {
    let mut output = [0; BLOCK];
    loop {
        let (result, taken, _) = decoder.decode_to_utf8_without_replacement(bytes, &mut output, is_last);
        bytes = bytes.get(taken..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return true,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return false,
        }
    }
}

/// Looks at a file as it comes.
pub struct Look {
    hash: digest::Context,
    head: Vec<u8>,
    found: Option<Kind>,
    texts: Texts,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            hash: digest::Context::new(&digest::SHA256),
            head: Vec::new(),
            found: None,
            texts: Texts {
                utf8: Some(UTF_8.new_decoder_without_bom_handling()),
                gb18030: Some(GB18030.new_decoder_without_bom_handling()),
            },
        }
    }
}

impl Look {
    /// Looks at the next bytes; refuses as soon as they can be of no kind that is taken.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Text> {
        self.hash.update(bytes);
        if self.found.is_some() {
            return Ok(());
        }
        if self.head.len() < HEAD {
            let room = HEAD - self.head.len();
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            self.found = magic(&self.head);
        }
        self.texts.take(bytes, false);
        if self.head.len() == HEAD {
            self.check().map(drop)
        } else {
            Ok(())
        }
    }

    /// What it is, as far as it has come.
    fn check(&self) -> Result<Kind, Text> {
        let text = self.texts.kind(&self.head).filter(|_| !is_active(&self.head));
        self.found.or(text).ok_or_else(|| not_taken(&self.head))
    }

    /// What the whole file is, and its SHA-256, hex.
    pub fn end(mut self) -> Result<(Kind, String), Text> {
        self.texts.take(b"", true);
        let kind = self.check()?;
        Ok((kind, hex(self.hash.finish().as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_at(bytes: &[u8], chunk: usize) -> Option<Kind> {
        let mut look = Look::default();
        let all = bytes.chunks(chunk).try_for_each(|chunk| look.take(chunk));
        all.and_then(|()| look.end()).ok().map(|(kind, _)| kind)
    }

    fn zip(names: &[&str]) -> Vec<u8> {
        let entry = |name: &&str| [b"PK\x03\x04", &[0; 26][..], name.as_bytes(), &[7; 300]].concat();
        names.iter().flat_map(entry).collect()
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let long = "工会".repeat(10_000);
        let gb18030 = |text: &str| GB18030.encode(text).0.into_owned();
        let late = [long.as_bytes(), b"\0"].concat();
        let cases: Vec<(Vec<u8>, Option<Kind>)> = vec![
            (b"a,b\n1,2\n".to_vec(), Some(Kind::Utf8)),
            ("\u{feff}名称".into(), Some(Kind::Utf8)),
            (b"{\"a\": 1}\n".to_vec(), Some(Kind::Utf8)),
            (b"BM,MZ,WEBP\n".to_vec(), Some(Kind::Utf8)),
            (long.clone().into(), Some(Kind::Utf8)),
            (gb18030(&long), Some(Kind::Gb18030)),
            (gb18030("名称,\u{3400}"), Some(Kind::Gb18030)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), Some(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), Some(Kind::Png)),
            (b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), Some(Kind::Webp)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), Some(Kind::Heic)),
            (b"%PDF-1.7\n\0".to_vec(), Some(Kind::Pdf)),
            (
                zip(&[
                    "[Content_Types].xml",
                    "_rels/.rels",
                    "docProps/app.xml",
                    "xl/workbook.xml",
                ]),
                Some(Kind::Xlsx),
            ),
            (zip(&["word/document.xml"]), Some(Kind::Docx)),
            (zip(&["a.exe"]), None),
            (b"MZ\x90\0\x03\0".to_vec(), None),
            (b"\x7fELF\x02\x01\x01\0".to_vec(), None),
            (b"GIF89a\0\0".to_vec(), None),
            (b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), None),
            (b"#!/bin/sh\nrm -rf ~\n".to_vec(), None),
            (b"\xef\xbb\xbf#!/bin/sh\n".to_vec(), None),
            (b" \n<!DOCTYPE html><script>".to_vec(), None),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), None),
            (b"\xff\xfea\0".to_vec(), None),
            (b"a,b\n1,\xff\n".to_vec(), None),
            (b"\xef\xbb\xbfa,b\n\xb9\xa4,1\n".to_vec(), None),
            // Cut off within a character.
            ("名称".as_bytes()[..5].to_vec(), None),
            (late, None),
            (b"a\tb\r\n1\t2\r\n".to_vec(), Some(Kind::Utf8)),
            // Short, and of no kind that is known by its beginning.
            (b"\x7fELF\x01".to_vec(), None),
            (b"\x01\x02\x03".to_vec(), None),
            (b"a,\x1b[2Jb\n".to_vec(), None),
            (b"a,b\n\x1a".to_vec(), None),
            (b"a\x7f".to_vec(), None),
            (gb18030("名称\u{1}"), None),
            (b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), None),
        ];
        for (bytes, expected) in cases {
            for chunk in [1, 7, 1 << 20] {
                assert_eq!(
                    look_at(&bytes, chunk),
                    expected,
                    "{}",
                    String::from_utf8_lossy(&bytes[..bytes.len().min(40)])
                );
            }
        }
    }

    #[test]
    fn what_is_sent_by_mistake_is_named() {
        for (bytes, named) in [
            (&b"\xff\xfea\0"[..], "UTF-16"),
            (b"\xd0\xcf\x11\xe0\xa1", "old Excel"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"GIF89a\0", "none of those"),
        ] {
            let mut look = Look::default();
            let refused = look.take(bytes).and_then(|()| look.end()).unwrap_err();
            assert!(refused.en.contains(named), "{}", refused.en);
        }
    }

    #[test]
    fn only_text_has_an_encoding() {
        assert_eq!(encoding("text/plain; charset=gb18030"), Ok(GB18030));
        assert!(encoding("image/png").unwrap_err().en.contains("image/png"));
    }

    #[test]
    fn what_is_not_taken_is_refused_before_its_end() {
        let mut look = Look::default();

        assert!(look.take(&[0; HEAD - 1]).is_ok());
        assert!(look.take(b"x").is_err());
    }

    #[test]
    fn a_sender_may_know_less_than_the_bytes_say_but_nothing_else() {
        for (kind, declared, holds) in [
            (Kind::Utf8, "", true),
            (Kind::Pdf, "application/octet-stream", true),
            (Kind::Gb18030, "Text/CSV; charset=utf-8", true),
            (Kind::Utf8, "application/vnd.ms-excel", true),
            (Kind::Utf8, "text/html", false),
            (Kind::Utf8, "image/png", false),
            (Kind::Png, "image/png", true),
            (Kind::Jpeg, "image/jpg", true),
            (Kind::Pdf, "image/png", false),
            (Kind::Xlsx, "application/zip", true),
            (Kind::Docx, "text/plain", false),
        ] {
            assert_eq!(kind.check_called(declared).is_ok(), holds, "{kind:?} {declared}");
        }
    }
}
