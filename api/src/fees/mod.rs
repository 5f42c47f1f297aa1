//! Union fees (工会经费): what employers pay, and on which way it comes.
//!
//! | 中文 | here |
//! |---|---|
//! | 税务代征明细 | `Collection` |
//! | 待处理明细 | `WaitingCollection` |
//! | 工会经费 | `CollectionItem::UnionFee` |
//! | 工会筹备金 | `CollectionItem::PreparatoryFund` |
//!
//! An employer with a trade union pays 2 % of all wages to it, and the tax bureau collects it on behalf of the unions
//! (工会法 第四十三条). Where no union is yet, the same money is the preparatory fund (中国工会章程 第三十七条).

pub mod collection;
