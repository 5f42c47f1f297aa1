//! Decisions about proofs.

use crate::kernel::bucket::Rate;
use crate::kernel::delay::Growth;
use crate::kernel::error::{Error, invalid, text};
use chrono::TimeDelta;

/// How long an address is known from which somebody signed in.
pub const ADDRESS_KNOWN: TimeDelta = TimeDelta::days(30);
/// The longest password or client secret, in characters: hashing takes longer the longer it is.
pub const SECRET_MAX: usize = 128;

/// How the waits grow of whoever fails at one account from one address.
pub const PAIR_FAILURES: Growth = Growth {
    free: 10,
    first: TimeDelta::seconds(6),
    longest: TimeDelta::minutes(15),
    forgiven_after: TimeDelta::hours(1),
};
/// How the waits grow of whoever knows the first factor and tries codes of the second, wherever from.
pub const CODE_FAILURES: Growth = Growth {
    free: 10,
    first: TimeDelta::seconds(30),
    longest: TimeDelta::minutes(15),
    forgiven_after: TimeDelta::hours(24),
};
/// How often signing in may fail for one account from addresses that it does not know.
pub const ACCOUNT_ATTEMPTS: Rate = Rate {
    capacity: 10,
    refill: 10,
    every_seconds: 60,
};
/// How often signing in may fail from one address: a whole office may stand behind one.
pub const ADDRESS_ATTEMPTS: Rate = Rate {
    capacity: 100,
    refill: 1,
    every_seconds: 1,
};

/// Whether somebody could have such a name.
pub fn may_be_name(username: &str) -> bool {
    username.len() <= 64 && !username.contains('\0')
}

/// The one answer to a wrong name and to a wrong password: it tells nobody which accounts exist.
pub fn wrong_credentials() -> Error {
    invalid(
        "password",
        text("Wrong user name or password.", "用户名或密码错误。"),
    )
}

/// The one answer to whatever a machine client brings that does not fit.
pub fn wrong_client() -> Error {
    invalid("client", text("Wrong client credentials.", "客户端凭据错误。"))
}

/// The password was right, and the account has a second factor.
pub fn factor_missing() -> Error {
    let en = "Give `otp` too: the six digits of your authenticator, or a recovery code.";
    invalid("otp", text(en, "请同时提供 otp：动态口令的六位数字或恢复码。"))
}

/// The code is none, or was used.
pub fn factor_wrong() -> Error {
    invalid(
        "otp",
        text(
            "The code is wrong or was used already: wait for the next one.",
            "动态口令错误或已使用，请等待下一个。",
        ),
    )
}
