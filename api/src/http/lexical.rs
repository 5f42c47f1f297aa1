//! What is refused before anything parses it, in one pass over the bytes: no recursion, no allocation.
//!
//! The parser is recursive, and a stack overflow is no panic: it ends the process. It also takes about a microsecond a
//! token, so what a document may hold is what may be spent on one that will be refused.

use crate::kernel::error::{Text, text};

/// What a document may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Names, numbers, strings, comments and marks.
    pub tokens: usize,
    /// Open brackets of any kind.
    pub nesting: usize,
    /// Aliases.
    pub aliases: usize,
    /// Directives.
    pub directives: usize,
    /// Fragments that are spread, by name or in place.
    pub spreads: usize,
    /// Bytes in strings and comments, and commas, together.
    pub text_bytes: usize,
}

impl Limits {
    /// For documents that come with a request.
    pub const AD_HOC: Limits = Limits {
        bytes: 32 << 10,
        tokens: 1_500,
        nesting: 60,
        aliases: 100,
        directives: 100,
        spreads: 300,
        text_bytes: 8 << 10,
    };

    /// For documents that an operator registers: only what the parser could not bear.
    pub const REGISTERED: Limits = Limits {
        bytes: 1 << 20,
        tokens: 100_000,
        nesting: 60,
        aliases: 10_000,
        directives: 10_000,
        spreads: 3_000,
        text_bytes: 1 << 20,
    };
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It holds too much of something.
    TooMuch(Text),
    /// A string in it has no end, so that what follows could be read in two ways.
    Endless,
    /// It holds U+0000, which PostgreSQL does not store.
    Nul,
}

impl Refusal {
    /// What the caller hears.
    pub fn text(&self) -> Text {
        match self {
            Refusal::TooMuch(text) => text.clone(),
            Refusal::Endless => text("A string in the document has no end.", "查询中的字符串没有结束。"),
            Refusal::Nul => text(
                "A text holds a NUL character (U+0000).",
                "文本含有空字符（U+0000）。",
            ),
        }
    }
}

/// What was counted so far.
#[derive(Default)]
struct Counts {
    tokens: usize,
    open: usize,
    /// Of these, the round ones: between them a colon stands for no alias.
    arguments: usize,
    aliases: usize,
    directives: usize,
    spreads: usize,
    text_bytes: usize,
}

impl Counts {
    /// Numbers of limits are not told: they help only whoever looks for the edge.
    fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        let too = |en, zh| Err(Refusal::TooMuch(text(en, zh)));
        if self.open > limits.nesting {
            too("The document is nested too deep.", "查询嵌套过深。")
        } else if self.tokens > limits.tokens {
            too("The document is too long.", "查询文档过长。")
        } else if self.aliases > limits.aliases {
            too("The document holds too many aliases.", "查询中的别名过多。")
        } else if self.directives > limits.directives {
            too("The document holds too many directives.", "查询中的指令过多。")
        } else if self.spreads > limits.spreads {
            too("The document spreads too many fragments.", "查询展开的片段过多。")
        } else if self.text_bytes > limits.text_bytes {
            too(
                "The strings and comments of the document are too long: send values as variables.",
                "查询中的字符串和注释过长：请用变量传值。",
            )
        } else {
            Ok(())
        }
    }
}

/// Reads a document as the parser would read its tokens, and refuses what it should not parse.
///
/// # Errors
/// The first limit that it passes, a string without an end, or a NUL character however it is written.
pub fn check(document: &str, limits: &Limits) -> Result<(), Refusal> {
    if document.len() > limits.bytes {
        return Err(Refusal::TooMuch(text(
            "The document is too long.",
            "查询文档过长。",
        )));
    }
    if document.as_bytes().contains(&0) {
        return Err(Refusal::Nul);
    }
    let mut counts = Counts::default();
    let mut rest = document.as_bytes();
    while let [first, after @ ..] = rest {
        rest = token(*first, after, &mut counts)?;
        counts.check(limits)?;
    }
    Ok(())
}

/// Reads one token, of which the first byte was taken; what comes after it.
fn token<'a>(first: u8, after: &'a [u8], counts: &mut Counts) -> Result<&'a [u8], Refusal> {
    counts.tokens += 1;
    let mut rest = after;
    match first {
        // Blanks, commas and the byte order mark are no tokens.
        b' ' | b'\t' | b'\n' | b'\r' | 0x80.. => counts.tokens -= 1,
        b',' => {
            counts.tokens -= 1;
            counts.text_bytes += 1;
        }
        b'{' | b'[' => counts.open += 1,
        b'(' => {
            counts.open += 1;
            counts.arguments += 1;
        }
        b'}' | b']' => counts.open = counts.open.saturating_sub(1),
        b')' => {
            counts.open = counts.open.saturating_sub(1);
            counts.arguments = counts.arguments.saturating_sub(1);
        }
        b':' => counts.aliases += usize::from(counts.arguments == 0),
        b'@' => counts.directives += 1,
        b'.' => {
            if let Some(after) = after.strip_prefix(b"..") {
                counts.spreads += 1;
                rest = after;
            }
        }
        b'#' => rest = after_comment(after),
        b'"' => rest = after_string(after)?,
        b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => rest = after_name(after),
        _ => {}
    }
    if matches!(first, b'#' | b'"') {
        counts.text_bytes += after.len() - rest.len();
    }
    Ok(rest)
}

fn after_name(rest: &[u8]) -> &[u8] {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = rest.iter().position(|byte| !goes_on(byte));
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

fn after_comment(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

/// What comes after a string whose first quote was read.
fn after_string(mut rest: &[u8]) -> Result<&[u8], Refusal> {
    if let Some(mut rest) = rest.strip_prefix(br#""""#) {
        loop {
            rest = match rest {
                [b'\\', b'"', b'"', b'"', after @ ..] => after,
                [b'"', b'"', b'"', after @ ..] => return Ok(after),
                [_, after @ ..] => after,
                [] => return Err(Refusal::Endless),
            };
        }
    }
    loop {
        rest = match rest {
            [b'\\', b'u', b'0', b'0', b'0', b'0', ..] => return Err(Refusal::Nul),
            [b'\\', b'u', b'{', after @ ..] => after_code_point(after)?,
            [b'\\', _, after @ ..] => after,
            [b'"', after @ ..] => return Ok(after),
            [] | [b'\n' | b'\r', ..] => return Err(Refusal::Endless),
            [_, after @ ..] => after,
        };
    }
}

/// `\u{0}` is U+0000 as well.
fn after_code_point(mut rest: &[u8]) -> Result<&[u8], Refusal> {
    while let [b'0', after @ ..] = rest {
        rest = after;
        if let [b'}', ..] = rest {
            return Err(Refusal::Nul);
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(document: &str) -> &'static str {
        match check(document, &Limits::AD_HOC) {
            Ok(()) => "",
            Err(Refusal::TooMuch(_)) => "too much",
            Err(Refusal::Endless) => "endless",
            Err(Refusal::Nul) => "nul",
        }
    }

    #[test]
    fn documents_that_the_parser_could_not_bear_are_refused() {
        let Limits {
            nesting,
            spreads,
            bytes,
            tokens,
            aliases,
            directives,
            text_bytes,
        } = Limits::AD_HOC;
        let deep = "[".repeat(nesting);
        for (document, expected) in [
            (String::new(), ""),
            ("{ a(b: [[1]]) { c } }".to_owned(), ""),
            (deep.clone(), ""),
            (format!("{deep}["), "too much"),
            ("{([".repeat(40), "too much"),
            ("[#]\n".repeat(5_000), "too much"),
            ("[#]\r".repeat(5_000), "too much"),
            ("[\"]\"".repeat(5_000), "too much"),
            ("[\"\\\"]\"".repeat(5_000), "too much"),
            ("[\"\"\"]\"\"\"".repeat(5_000), "too much"),
            ("[\"\"\"\\\"\"\"]\"\"\"".repeat(3_000), "too much"),
            ("[\"\"]\"\"".repeat(300), ""),
            (format!("}}}}{deep}["), "too much"),
            (format!("{{ a(b: \"{}\") }}", deep.repeat(2)), ""),
            (format!("{{ a(b: \"\"\"{}\"\"\") }}", deep.repeat(2)), ""),
            (format!("{{ a }} # {}", deep.repeat(2)), ""),
            (format!("{{ a(b: [\"\"\" \" {deep}{deep}"), "endless"),
            ("{ a(b: \"no end) }".to_owned(), "endless"),
            ("{ a(b: \"no\nend\") }".to_owned(), "endless"),
            ("{ a(b: \"\"\"no end\"\") }".to_owned(), "endless"),
            ("...a ".repeat(spreads), ""),
            ("...a ".repeat(spreads + 1), "too much"),
            ("a:".repeat(aliases), ""),
            ("a:".repeat(aliases + 1), "too much"),
            (format!("{{ a({}) }}", "b:1 ".repeat(aliases * 2)), ""),
            ("@a ".repeat(directives), ""),
            ("@a ".repeat(directives + 1), "too much"),
            ("a ".repeat(tokens), ""),
            ("a ".repeat(tokens + 1), "too much"),
            ("-1.5e3 ".repeat(tokens), "too much"),
            ("#\n".repeat(tokens + 1), "too much"),
            (format!("\"{}\"", "a".repeat(text_bytes - 1)), ""),
            (format!("\"{}\"", "a".repeat(text_bytes)), "too much"),
            (format!("#{}", "a".repeat(text_bytes + 1)), "too much"),
            (",".repeat(text_bytes), ""),
            (",".repeat(text_bytes + 1), "too much"),
            (" ".repeat(bytes), ""),
            (" ".repeat(bytes + 1), "too much"),
            ("\u{feff}{ a }".to_owned(), ""),
        ] {
            assert_eq!(outcome(&document), expected, "{document:.60}");
        }
    }

    #[test]
    fn nul_characters_are_refused_however_they_are_written() {
        for (document, expected) in [
            ("{ a(b: \"\0\") }", "nul"),
            ("{ a } # \0", "nul"),
            ("{ a(b: \"x\\u0000\") }", "nul"),
            ("{ a(b: \"x\\u{0}\") }", "nul"),
            ("{ a(b: \"x\\u{0000000}\") }", "nul"),
            ("{ a(b: \"x\\u{00041}\") }", ""),
            ("{ a(b: \"\\\\\\u0000\") }", "nul"),
            ("{ a(b: \"\\\\u0000\") }", ""),
            ("{ a(b: \"\"\"\\u0000\"\"\") }", ""),
            ("{ a(b: \"\\u0001\") }", ""),
        ] {
            assert_eq!(outcome(document), expected, "{document}");
        }
    }
}
