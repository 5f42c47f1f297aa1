//! Whatever bytes come as a document: the guard, the parser behind it, the price and the validation end, and soon.
#![no_main]

use api::http::document::Documents;
use api::http::lexical::{self, Limits};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| match Documents::new(&api::schema::sdl()) {
    Ok(documents) => documents,
    Err(error) => panic!("{}", error.report()),
});

fuzz_target!(|text: &str| {
    let passes = lexical::check(text, &Limits::AD_HOC).is_ok();
    let read = DOCUMENTS.read(text);
    assert!(passes || read.is_err());
    if let Ok(document) = read {
        for operation in &document.operations {
            operation.plan.price(&async_graphql::Variables::default());
        }
    }
});
