//! Codes of the second factor (RFC 6238): six digits of HMAC-SHA-1, one each half minute.

use crate::kernel::error::Error;
use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Recovery codes of an account.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a secret: as many as SHA-1 gives (RFC 4226 §4).
const SECRET: usize = 20;
/// Seconds of a step.
const STEP: u64 = 30;
/// Steps to either side that a device's clock may be off.
const SKEW: u16 = 1;

/// A secret out of randomness, in base32.
pub fn secret(random: [u8; 32]) -> String {
    let bytes: Vec<u8> = random.into_iter().take(SECRET).collect();
    Secret::new(bytes.into()).to_base32()
}

fn codes(secret: &str, username: &str) -> Result<Totp, Error> {
    let secret = Secret::try_from_base32(secret).map_err(anyhow::Error::from)?;
    let codes = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP)
        .with_secret(secret)
        .with_issuer(Some("Gonghui"))
        .with_account_name(username)
        .build();
    Ok(codes.map_err(anyhow::Error::from)?)
}

/// All that an authenticator takes as a URI, for a QR code.
pub fn uri(secret: &str, username: &str) -> Result<String, Error> {
    let uri = codes(secret, username)?.to_url();
    Ok(uri.map_err(anyhow::Error::from)?)
}

/// The step of a code, if it is good at an instant and later than the last one that was used.
pub fn step(secret: &str, code: &str, last: i64, instant: DateTime<Utc>) -> Option<i64> {
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = u64::try_from(instant.timestamp()).ok().filter(|_| is_code)?;
    let step = codes(secret, "").ok()?.check(code, seconds)?;
    i64::try_from(step).ok().filter(|step| *step > last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B: 12345678901234567890.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // Appendix B has eight digits; six are their end.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(RFC, code, 0, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_half_a_minute_to_either_side() {
        let code = "005924";
        let right = 1_234_567_890 / 30;
        for (seconds, last, found) in [
            (1_234_567_890, 0, Some(right)),
            (1_234_567_890 - 30, 0, Some(right)),
            (1_234_567_890 + 30, 0, Some(right)),
            (1_234_567_890 - 60, 0, None),
            (1_234_567_890 + 60, 0, None),
            (1_234_567_890, right - 1, Some(right)),
            (1_234_567_890, right, None),
            (1_234_567_890, right + 1, None),
        ] {
            assert_eq!(step(RFC, code, last, at(seconds)), found, "{seconds} {last}");
        }
        for none in ["", "00592", "0059240", "00592a", "００５９２４", "-05924"] {
            assert_eq!(step(RFC, none, 0, at(1_234_567_890)), None, "{none}");
        }
    }

    #[test]
    fn an_authenticator_reads_the_uri() {
        let uri = uri(RFC, "office@xiangxiang")
            .map_err(|error| error.report())
            .unwrap();
        assert_eq!(
            uri,
            format!("otpauth://totp/Gonghui:office%40xiangxiang?secret={RFC}&issuer=Gonghui")
        );
        assert_eq!(secret([7; 32]), "A4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYH");
    }
}
