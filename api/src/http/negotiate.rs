//! Which form an answer takes (`Accept`), and whether a body can be read (`Content-Type`).

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: what every client has understood for ten years.
    Json,
    /// `application/graphql-response+json`: status codes mean something.
    GraphqlResponse,
    /// `text/event-stream`: an operation as events.
    EventStream,
}

impl Media {
    /// As a header.
    pub fn content_type(self) -> &'static str {
        match self {
            Media::Json => "application/json; charset=utf-8",
            Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Media::EventStream => "text/event-stream; charset=utf-8",
        }
    }
}

fn media(range: &str) -> Option<Media> {
    match range {
        "application/graphql-response+json" => Some(Media::GraphqlResponse),
        "application/json" | "application/*" | "*/*" => Some(Media::Json),
        "text/event-stream" => Some(Media::EventStream),
        _ => None,
    }
}

/// Thousandths; what is no quality is 1.
fn quality(parameters: &str) -> u32 {
    let values = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    });
    let thousandths = |value: &str| {
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        let fraction = format!("{fraction:0<3}");
        let digits = format!("{whole}{}", fraction.get(..3)?);
        digits.parse::<u32>().ok().filter(|quality| *quality <= 1_000)
    };
    values.map(thousandths).next().flatten().unwrap_or(1_000)
}

/// The form that the caller likes best, the first of several; none if we have none of what it takes.
pub fn accepted(headers: &HeaderMap) -> Option<Media> {
    let mut best: Option<(u32, Media)> = None;
    let mut is_said = false;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
            let name = name.trim().to_ascii_lowercase();
            is_said |= !name.is_empty();
            let quality = quality(parameters);
            if let Some(media) = media(&name)
                && quality > best.map_or(0, |(best, _)| best)
            {
                best = Some((quality, media));
            }
        }
    }
    if is_said {
        best.map(|(_, media)| media)
    } else {
        Some(Media::Json)
    }
}

/// What a body is said to be, and the parameters of that.
pub fn content_type(headers: &HeaderMap) -> (&str, &str) {
    let said = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let said = said.unwrap_or_default();
    let (kind, parameters) = said.split_once(';').unwrap_or((said, ""));
    (kind.trim(), parameters)
}

/// Whether the headers say that a body is JSON in UTF-8, as it is.
pub fn is_json(headers: &HeaderMap) -> bool {
    let plain = headers
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let (kind, parameters) = content_type(headers);
    let in_utf8 = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .all(|(name, value)| {
            let value = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
        });
    plain && in_utf8 && kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_best_liked_form_is_taken() {
        for (accept, expected) in [
            ("", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("application/*", Some(Media::Json)),
            ("application/json", Some(Media::Json)),
            ("Application/JSON; charset=utf-8", Some(Media::Json)),
            ("application/graphql-response+json", Some(Media::GraphqlResponse)),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json;q=0.9, application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(Media::Json),
            ),
            (
                "application/graphql-response+json;q=0, */*;q=0.1",
                Some(Media::Json),
            ),
            ("text/event-stream", Some(Media::EventStream)),
            ("text/html, */*;q=0.8", Some(Media::Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=0.0009", None),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        for (kind, coding, expected) in [
            ("application/json", "", true),
            ("Application/JSON; charset=UTF-8", "", true),
            ("application/json; charset=\"utf-8\"", "identity", true),
            ("application/json; charset=gb18030", "", false),
            ("application/json", "gzip", false),
            ("application/graphql", "", false),
            ("text/plain", "", false),
            ("", "", false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CONTENT_TYPE, kind), (CONTENT_ENCODING, coding)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_json(&headers), expected, "{kind} {coding}");
        }
    }
}
