//! Members (会员) of grassroots unions, their way from union to union (转会), and their cards (会员证).
//!
//! - A membership (会籍) is somebody in one union from joining to leaving; who comes back, or goes to another union, has a
//!   new one. Somebody is a member of one union at a time (工会会员会籍管理办法 第三条: 一次入会、动态接转): the database holds it.
//! - What happened to a membership is only ever added to (`membership_change`), and no day goes back before the last.
//! - A member stands where the union stands, and moves with it.
//! - Who retains the membership (保留会籍: retired, out of work) still is a member; a transfer ends one membership and begins
//!   another on the same day, so it adds nothing to any federation above both unions.
//! - The figures of members are what these records say, on any day; nobody types them in.

pub mod membership;
pub mod transfer;
pub mod card;
