//! The catalogue of metrics on one screen. A figure is a sum of dated facts; no domain counts any other way.

/// How a metric adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// What there is on a day: the sum of all facts up to it.
    Stock,
    /// What happened in a period: the sum of the facts within.
    Flow,
}

/// What one of a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 家.
    Enterprise,
    /// 个 (工会).
    TradeUnion,
    /// 人.
    Person,
    /// 次.
    Time,
    /// 条.
    Item,
    /// 元, kept in fen.
    Yuan,
}

/// A metric of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricId {
    /// 企业数.
    Enterprises,
    /// 职工数.
    Employees,
    /// 工会数.
    TradeUnions,
    /// 覆盖企业数.
    CoveredEnterprises,
    /// 走访次数.
    Visits,
    /// 发现问题数.
    Findings,
    /// 代征经费.
    FeesCollected,
    /// 其中建会筹备金.
    PreparatoryFundCollected,
}

/// What the catalogue says about a metric.
#[derive(Debug)]
pub struct Entry {
    /// Which.
    pub id: MetricId,
    /// Code of clients and ledger.
    pub code: &'static str,
    /// 中文名.
    pub name_zh: &'static str,
    /// English name.
    pub name_en: &'static str,
    /// What one of it is.
    pub unit: Unit,
    /// How it adds up.
    pub nature: Nature,
    /// The axes it can be split by.
    pub axes: &'static [&'static str],
    /// The systems of the unions that it serves.
    pub systems: &'static str,
}

/// The catalogue.
#[rustfmt::skip]
pub const CATALOGUE: [Entry; 8] = [
    Entry { id: MetricId::Enterprises, code: "enterprises", name_zh: "企业数", name_en: "Enterprises", unit: Unit::Enterprise, nature: Nature::Stock, axes: &["OWNERSHIP"], systems: "S14" },
    Entry { id: MetricId::Employees, code: "employees", name_zh: "职工数", name_en: "Employees of enterprises", unit: Unit::Person, nature: Nature::Stock, axes: &["OWNERSHIP"], systems: "S14" },
    Entry { id: MetricId::TradeUnions, code: "trade_unions", name_zh: "工会数", name_en: "Trade unions", unit: Unit::TradeUnion, nature: Nature::Stock, axes: &["FORM"], systems: "S01 S02" },
    Entry { id: MetricId::CoveredEnterprises, code: "covered_enterprises", name_zh: "工会覆盖企业数", name_en: "Enterprises covered by a trade union", unit: Unit::Enterprise, nature: Nature::Stock, axes: &[], systems: "S04 S06" },
    Entry { id: MetricId::Visits, code: "visits", name_zh: "走访次数", name_en: "Field visits", unit: Unit::Time, nature: Nature::Flow, axes: &["PURPOSE"], systems: "S14 S87" },
    Entry { id: MetricId::Findings, code: "findings", name_zh: "发现问题数", name_en: "Findings of field visits", unit: Unit::Item, nature: Nature::Flow, axes: &["SEVERITY"], systems: "S87" },
    Entry { id: MetricId::FeesCollected, code: "fees_collected", name_zh: "税务代征经费", name_en: "Fees collected by the tax bureau", unit: Unit::Yuan, nature: Nature::Flow, axes: &[], systems: "S78 S79" },
    Entry { id: MetricId::PreparatoryFundCollected, code: "preparatory_fund_collected", name_zh: "其中建会筹备金", name_en: "Of which preparatory fund", unit: Unit::Yuan, nature: Nature::Flow, axes: &[], systems: "S79" },
];

impl MetricId {
    /// What the catalogue says about it.
    pub fn entry(self) -> &'static Entry {
        let found = CATALOGUE.iter().find(|entry| entry.id == self);
        found.unwrap_or(const { &CATALOGUE[0] })
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// The metric of a code.
    pub fn coded(code: &str) -> Option<MetricId> {
        CATALOGUE
            .iter()
            .find(|entry| entry.code == code)
            .map(|entry| entry.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_in_the_catalogue_once_and_is_found_by_its_code() {
        for entry in &CATALOGUE {
            assert_eq!(MetricId::coded(entry.code), Some(entry.id));
            assert_eq!(entry.id.entry().code, entry.code);
        }
    }
}
