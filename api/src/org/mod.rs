//! The federation tree, the enterprises and the grassroots unions that hang from it.
//!
//! | 中文 | here |
//! |---|---|
//! | 总工会、工会联合会 | `Federation` |
//! | 企业、用人单位 | `Enterprise` |
//! | 基层工会 | `TradeUnion` |
//! | 覆盖 | `Coverage` |
//!
//! Invariants: a federation stands strictly below its parent's level, so the tree has no cycle and no county under a
//! county (工会法 第十一条). An enterprise is known once, by its unified social credit code (GB 32100-2015). At any
//! day at most one trade union covers an enterprise.

pub mod federation;
pub mod uscc;
pub mod enterprise;
pub mod trade_union;
pub mod moves;
