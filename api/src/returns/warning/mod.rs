//! What does not fit together in a return (逻辑校验). Warned of, never forbidden: unions do report more parts than a whole.
//! Only what is certain: 500 余 may be any more than 500, 近 30 may be anything.

pub mod types;
pub mod rules;
