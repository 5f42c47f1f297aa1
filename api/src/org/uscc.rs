//! The unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, of which department (1), category (1),
//! region (6, GB/T 2260), organisation code (9) and a check character.
//!
//! # Why the organisation code's own check digit (GB 11714) is not judged
//! The check character already covers all 17 others and finds every single mistyped one. Refusing a code that a
//! registrar did issue would keep a payer off the register for nothing.

use super::federation::rules::half_width;
use crate::kernel::error::{Text, text};

/// The characters, each worth its position; no I, O, S, V, Z (GB 32100-2015 §4).
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Powers of 3 modulo 31 (GB 32100-2015, annex A).
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// First two digits of the region: the provinces of GB/T 2260, and 10 for bodies of the whole country. The other four
/// are not looked up: codes keep the region in which they were issued, and many of those are abolished by now.
const PROVINCES: [&str; 35] = [
    "10", "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81",
    "82",
];

/// Puts right what typing and copying do to a code: blanks around it, small letters, full-width characters.
pub fn normalise(raw: &str) -> String {
    let plain: String = raw.chars().map(half_width).collect();
    plain.trim().to_ascii_uppercase()
}

/// Checks a normalised code: length, alphabet, region and check character.
pub fn check(code: &str) -> Result<(), Text> {
    if code.chars().count() != 18 {
        return Err(text(
            "A unified social credit code has 18 characters.",
            "统一社会信用代码应为 18 位。",
        ));
    }
    let worth = |byte: u8| ALPHABET.iter().position(|known| *known == byte);
    let values: Option<Vec<usize>> = code.bytes().map(worth).collect();
    let values = values.ok_or_else(|| {
        text(
            "A unified social credit code has only digits and capital letters, without I, O, S, V, Z.",
            "统一社会信用代码只能使用数字和大写字母，且不含 I、O、S、V、Z。",
        )
    })?;
    let region = code.get(2..8).unwrap_or_default();
    let is_known = region
        .get(..2)
        .is_some_and(|province| PROVINCES.contains(&province));
    if !is_known || !region.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(text(
            "Characters 3 to 8 of a unified social credit code name a region of GB/T 2260.",
            "统一社会信用代码第 3 至 8 位应为行政区划代码。",
        ));
    }
    let sum: usize = values
        .iter()
        .zip(WEIGHTS)
        .map(|(value, weight)| value * weight)
        .sum();
    if values.last() == Some(&((31 - sum % 31) % 31)) {
        Ok(())
    } else {
        Err(text(
            "The check character of the unified social credit code does not fit.",
            "统一社会信用代码校验位不正确。",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_with_a_fitting_check_character_are_good() {
        for code in [
            "91350100M000100Y43",
            "914403001922038216",
            "81620000MC0000004Q",
            "81310101MC1234566C",
            "81110108MB7H2K9E6H",
        ] {
            assert_eq!(check(code), Ok(()), "{code}");
        }
    }

    #[test]
    fn any_single_wrong_character_is_found() {
        let code = "91350100M000100Y43";
        for position in 0..code.len() {
            for other in ALPHABET {
                let mut bytes = code.as_bytes().to_vec();
                if bytes[position] == *other {
                    continue;
                }
                bytes[position] = *other;
                assert!(check(std::str::from_utf8(&bytes).unwrap()).is_err());
            }
        }
    }

    #[test]
    fn what_is_no_code_is_refused_with_its_reason() {
        for (code, part) in [
            ("", "18 characters"),
            ("91350100M000100Y4", "18 characters"),
            ("91350100M000100Y433", "18 characters"),
            ("91350100M000100y43", "capital"),
            ("9135O100M000100Y43", "capital"),
            ("９1350100M000100Y43", "capital"),
            ("91990100M000100Y43", "GB/T 2260"),
            ("9135010AM000100Y43", "GB/T 2260"),
            ("91350100M000100Y44", "check character"),
        ] {
            let reason = check(code).unwrap_err();
            assert!(reason.en.contains(part), "{code}: {}", reason.en);
        }
    }

    #[test]
    fn typing_and_copying_are_put_right() {
        for raw in [
            "91350100M000100Y43",
            " 91350100m000100y43 ",
            "９１３５０１００Ｍ０００１００ｙ４３",
            "\u{3000}91350100M000100Y43\t",
        ] {
            assert_eq!(normalise(raw), "91350100M000100Y43");
        }
    }
}
