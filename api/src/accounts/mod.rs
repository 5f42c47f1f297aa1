//! Accounts (账号): who may sign in, how they prove it, by which sessions they act, and their grants (授权) on nodes of
//! the tree.
//!
//! | 中文 | here |
//! |---|---|
//! | 账号 | `account`: a person or a machine client, with a home in the tree |
//! | 身份鉴别 | `proof`: a secret, a second factor, and how often that may fail |
//! | 客户端凭据 | `client`: secrets and public keys of machines |
//! | 统一身份认证 | `provider`: signing in by an identity provider |
//! | 口令、邀请码 | `password`: invitations, changes, resets |
//! | 动态口令 | `otp`: the second factor (RFC 6238) and its recovery codes |
//! | 会话 | `session`: signed in, going on, ended |
//! | 授权、临时提权 | `grant`: roles with dates, elevations by the hour |
//!
//! Invariants (GB/T 22239-2019, 8.1.4.1 and 8.1.4.2): an account without a grant does nothing. Whether session and
//! grants still stand is read with every request, so ending one takes effect at once. The three administrators
//! (三员分立) exclude one another and every other role; nobody administrates themselves or those who stand level with
//! them. No administrator ever learns a password, and to take an account over takes two of them: one resets the
//! password, another the second factor.

pub mod account;
pub mod client;
pub mod provider;
pub mod proof;
pub mod password;
pub mod otp;
pub mod session;
pub mod grant;
pub mod graphql;
pub mod code;
pub mod token;
