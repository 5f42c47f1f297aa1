//! Codes that people read and type: invitations and recovery codes. 80 bits, so a plain hash of one tells nothing.

use crate::kernel::keys::sha256;

/// Letters and digits that nobody takes for one another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code.
const LENGTH: usize = 16;

/// A code out of randomness: four groups of four.
pub fn write(random: [u8; 32]) -> String {
    let mut code = String::with_capacity(LENGTH + 3);
    for (index, byte) in random.iter().take(LENGTH).enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte % 32)).copied();
        code.push(char::from(letter.unwrap_or_default()));
    }
    code
}

/// The code as it is meant, if it can be one: however it was grouped, and in small letters too.
fn meant(text: &str) -> Option<String> {
    let is_mark = |character: &char| character.is_whitespace() || *character == '-';
    let code: String = text.chars().filter(|character| !is_mark(character)).collect();
    let code = code.to_ascii_uppercase();
    let is_code = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
    is_code.then_some(code)
}

/// What is kept of a code; none for a text that cannot be one.
pub fn hash(text: &str) -> Option<String> {
    meant(text).map(|code| sha256(code.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = write([7; 32]);
        assert_eq!(code, "HHHH-HHHH-HHHH-HHHH");
        for (typed, is_known) in [
            ("HHHH-HHHH-HHHH-HHHH", true),
            ("hhhhhhhhhhhhhhhh", true),
            (" HHHH HHHH HHHH HHHH ", true),
            ("HHHH-HHHH-HHHH-HHHJ", false),
        ] {
            assert_eq!(hash(typed) == hash(&code), is_known, "{typed}");
        }
        for none in [
            "",
            "123456",
            "HHHH-HHHH-HHHH-HHH1",
            "HHHH-HHHH-HHHH-HHHH-HHHH",
            "工会工会工会工会工会工",
        ] {
            assert_eq!(hash(none), None, "{none}");
        }
    }
}
