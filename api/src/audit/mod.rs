//! Reading the audit trail (审计日志). Writing it is the kernel's: every commit is an entry, and so is every attempt that
//! was refused for want of permission.
//!
//! - An entry says who (账号), when, from where, by which operation, what happened to which record, what was before and
//!   after, the reason that was given, and whether it was done or refused. It holds no personal data in clear.
//! - It is append-only: numbered, chained by hashes and anchored by signatures (`kernel/{sequencer,anchor}.rs`);
//!   `gonghui verify` names the first break. Nothing removes it: the six months of 网络安全法 第二十一条 are the least.
//! - Read by the audit administrator (审计管理员) and the auditor (经审) of the federation or above.

pub mod types;
pub mod rules;
pub(crate) mod store;
