//! The catalogue of metrics (指标). A figure is a sum of dated facts; no domain counts any other way.
//!
//! A metric comes from records where there is a register, and from returns (统计报表) where there is none; never from
//! both. Distinct counts and times are two metrics: 户 and 户次, 人 and 人次. A part of a metric is a value on one of its
//! axes, `OWNERSHIP:PRIVATE`; on two axes at a time it is `BY,TARGET:LEADERS,MIGRANT`, axes in alphabetical order.
//! A ratio is never stored: it is two figures of the same federation and the same days.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How a metric adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// What there is on a day: the sum of all facts up to it.
    Stock,
    /// What happened in a period: the sum of the facts within.
    Flow,
}

/// Where the facts of a metric come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A register: nobody types the number in.
    Records,
    /// What federations fill in.
    Returns,
}

/// What one of a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 家 (企业).
    Enterprise,
    /// 个 (工会).
    TradeUnion,
    /// 家 (单位).
    WorkUnit,
    /// 个 (小组).
    Group,
    /// 人.
    Person,
    /// 人次.
    PersonTime,
    /// 户.
    Household,
    /// 户次.
    HouseholdTime,
    /// 次.
    Time,
    /// 条、件.
    Item,
    /// 份、张、本、期.
    Piece,
    /// 天.
    Day,
    /// 元, kept in fen.
    Yuan,
}

impl Unit {
    /// Its name in Chinese.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Unit::Enterprise | Unit::WorkUnit => "家",
            Unit::TradeUnion | Unit::Group => "个",
            Unit::Person => "人",
            Unit::PersonTime => "人次",
            Unit::Household => "户",
            Unit::HouseholdTime => "户次",
            Unit::Time => "次",
            Unit::Item => "件",
            Unit::Piece => "份",
            Unit::Day => "天",
            Unit::Yuan => "元",
        }
    }
}

/// A metric of the catalogue, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId(&'static str);

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
    /// Where its facts come from.
    pub origin: Origin,
    /// The axes it can be split by.
    pub axes: &'static [&'static str],
    /// The systems of the unions that it serves.
    pub systems: &'static str,
}

/// A ratio of two metrics over the same federation and days.
#[derive(Debug)]
pub struct Ratio {
    /// Code of clients.
    pub code: &'static str,
    /// 中文名.
    pub name_zh: &'static str,
    /// English name.
    pub name_en: &'static str,
    /// What is counted.
    pub numerator: MetricId,
    /// Of what it is a share.
    pub denominator: MetricId,
    /// The axes that both can be split by: a share within a named scope (公有制, 非公有制).
    pub axes: &'static [&'static str],
    /// The systems of the unions that it serves.
    pub systems: &'static str,
}

type Text = &'static str;
type Axes = &'static [&'static str];

/// A metric, all but where its facts come from.
#[rustfmt::skip]
const fn entry(origin: Origin, code: Text, (name_zh, name_en): (Text, Text), (unit, nature): (Unit, Nature), (axes, systems): (Axes, Text)) -> Entry {
    Entry { id: MetricId(code), code, name_zh, name_en, unit, nature, origin, axes, systems }
}

macro_rules! catalogue {
    ($($origin:ident { $($code:literal $zh:literal $en:literal $unit:ident $nature:ident [$($axis:literal)*] $systems:literal)+ })+) => {
        /// The catalogue.
        pub static CATALOGUE: &[Entry] = &[$($(
            entry(Origin::$origin, $code, ($zh, $en), (Unit::$unit, Nature::$nature), (&[$($axis),*], $systems)),
        )+)+];
    };
}

#[rustfmt::skip]
catalogue! {
    Records {
        "enterprises" "企业数" "Enterprises" Enterprise Stock ["OWNERSHIP"] "S14"
        "employees" "职工数" "Employees of enterprises" Person Stock ["OWNERSHIP"] "S14"
        "trade_unions" "工会数" "Trade unions" TradeUnion Stock ["FORM" "POSITION" "HOST" "WORKER_GROUP"] "S01 S02"
        "trade_unions_founded" "新建工会数" "Trade unions founded" TradeUnion Flow ["FORM" "POSITION" "HOST" "WORKER_GROUP"] "S05"
        "covered_enterprises" "工会覆盖企业数" "Enterprises covered by a trade union" Enterprise Stock [] "S04 S06"
        "members" "会员数" "Members of trade unions" Person Stock ["SEX" "MIGRANT" "EMPLOYMENT" "FORM" "HOST" "WORKER_GROUP"] "S15 S17"
        "members_enrolled" "累计入会人数" "People who joined a trade union and are alive" Person Stock ["SEX" "MIGRANT" "EMPLOYMENT" "FORM" "HOST" "WORKER_GROUP"] "S15"
        "members_recruited" "新发展会员" "Members recruited" Person Flow ["SEX" "MIGRANT" "EMPLOYMENT" "FORM" "HOST" "WORKER_GROUP"] "S15"
        "members_net_added" "净增会员" "Members, net growth" Person Flow ["SEX" "MIGRANT" "EMPLOYMENT" "FORM" "HOST" "WORKER_GROUP"] "S15"
        "visits" "走访次数" "Field visits" Time Flow ["PURPOSE"] "S14 S87"
        "findings" "发现问题数" "Findings of field visits" Item Flow ["SEVERITY"] "S87"
        "fees_collected" "税务代征经费" "Fees collected by the tax bureau" Yuan Flow [] "S78 S79"
        "preparatory_fund_collected" "其中建会筹备金" "Of which preparatory fund" Yuan Flow [] "S79"
    }
    Returns {
        "unions_with_certificate" "社团法人资格工会数" "Unions with a legal-person certificate" TradeUnion Stock [] "S08"
        "elections_held" "换届选举工会数" "Unions that held elections" TradeUnion Flow ["KIND"] "S09"
        "congress_delegates" "工代会代表数" "Delegates of the union congress" Person Flow [] "S10"
        "standardisation_pilots" "规范化建设试点" "Pilots of standardisation" Enterprise Flow ["OWNERSHIP"] "S11"
        "unions_to_be_assessed" "待验收工会数" "Unions to be inspected and graded" TradeUnion Flow ["KIND"] "S13"
        "liaison_groups" "联系包干小组" "Groups with a patch of their own" Group Stock [] "S23"
        "internal_goals" "机关工作目标" "Work goals of the office" Item Flow [] "S24"
        "cadres_appointed" "新配工会干部" "Union cadres appointed" Person Flow ["POST"] "S25"
        "cadres_in_degree_study" "学历教育干部" "Cadres in degree study" Person Stock ["DEGREE"] "S27"
        "cadres_sent_to_training" "选送培训干部" "Cadres sent to training" Person Flow ["ORGANISER"] "S27"
        "cadre_training" "干部培训人次" "Training of cadres" PersonTime Flow ["ORGANISER"] "S27"
        "wage_agreements_signed" "工资专项协议" "Wage agreements signed" Item Flow ["SCOPE"] "S29"
        "labour_contracts_guided" "指导签订劳动合同职工" "Workers guided to sign a labour contract" Person Flow [] "S30"
        "units_inspected" "检查用人单位" "Work units inspected" WorkUnit Flow ["TOPIC"] "S31"
        "units_in_good_order" "履约良好单位" "Work units found in good order" WorkUnit Flow ["TOPIC"] "S31"
        "tripartite_pilots" "三方协商试点" "Pilots of tripartite consultation" WorkUnit Flow ["KIND"] "S32"
        "tripartite_members" "三方会议成员单位" "Members of the tripartite conference" WorkUnit Stock [] "S32"
        "units_with_congress" "建立职代会单位" "Work units with a workers' congress" WorkUnit Stock ["OWNERSHIP"] "S34"
        "units_for_congress" "应建职代会单位" "Work units that should have a workers' congress" WorkUnit Stock ["OWNERSHIP"] "S34"
        "units_with_transparency" "厂务公开单位" "Work units with open factory affairs" WorkUnit Stock ["OWNERSHIP"] "S35"
        "units_for_transparency" "应推行厂务公开单位" "Work units that should have open factory affairs" WorkUnit Stock ["OWNERSHIP"] "S35"
        "opinions_collected" "征集立法意见" "Opinions on draft laws" Item Flow ["CHANNEL"] "S36"
        "wage_arrears_recovered" "追回拖欠工资" "Wage arrears recovered" Yuan Flow [] "S39"
        "consultations" "咨询人次" "Consultations given" PersonTime Flow ["CAMPAIGN"] "S40 S75"
        "publicity_materials" "宣传资料" "Printed matter handed out" Piece Flow ["CAMPAIGN" "CAMPAIGN,ITEM"] "S40 S75"
        "publicity_posters" "宣传画页" "Posters" Piece Flow ["CAMPAIGN"] "S75"
        "publicity_banners" "宣传横幅" "Banners" Piece Flow ["CAMPAIGN"] "S75"
        "publicity_slogans" "宣传标语" "Slogans" Piece Flow ["CAMPAIGN"] "S75"
        "publicity_blackboards" "黑板报期数" "Blackboard issues" Piece Flow ["CAMPAIGN"] "S75"
        "units_holding_activity" "开展主题活动单位" "Work units that held an activity" WorkUnit Flow ["ACTIVITY"] "S75"
        "hardship_files" "困难职工档案" "Files of households in hardship" Household Stock ["CATEGORY"] "S43"
        "aid_persons" "帮扶人数" "People helped" Person Flow ["PROGRAMME"] "S44 S49 S54"
        "aid_funds_raised" "筹集帮扶资金" "Aid funds raised" Yuan Flow ["SOURCE"] "S45"
        "aid_households" "帮扶困难职工户数" "Households helped" Household Flow ["PROGRAMME"] "S46 S47"
        "visited_households" "走访慰问户数" "Households visited" Household Flow ["TARGET" "BY,TARGET"] "S46"
        "household_visits" "走访慰问户次" "Visits to households" HouseholdTime Flow ["TARGET"] "S46"
        "relief_budget" "常年救济金安排" "Relief envelope of the year" Yuan Flow ["PROGRAMME"] "S47"
        "aid_disbursed" "发放帮扶资金" "Aid paid out" Yuan Flow ["PROGRAMME" "ITEM,PROGRAMME"] "S46 S47 S48 S54 S57"
        "donor_units" "捐助单位" "Work units that donated" WorkUnit Flow [] "S48"
        "donor_persons" "捐助个人" "People who donated" Person Flow [] "S48"
        "study_aid_students" "助学学生" "Students helped" Person Flow ["STAGE" "TARGET"] "S48"
        "goods_given" "发放物品" "Goods given" Piece Flow ["ITEM"] "S49"
        "goods_donated" "捐赠物品" "Goods donated" Piece Flow ["TARGET" "ITEM,TARGET"] "S54"
        "paired_households" "结对帮扶户" "Households in paired aid" Household Stock ["BY"] "S50"
        "paired_persons" "结对帮扶职工" "People in paired aid" Person Stock ["ACTIVITY"] "S50"
        "paired_aid_paid" "结对帮扶实付" "Paid in paired aid" Yuan Flow [] "S50"
        "paired_aid_standard" "结对帮扶标准额" "Due in paired aid by the standard" Yuan Flow [] "S50"
        "health_checks" "免费体检人数" "People given a free health check" Person Flow ["TARGET"] "S51"
        "health_check_rounds" "免费体检次数" "Rounds of free health checks" Time Flow [] "S51"
        "disaster_donations" "赈灾捐款" "Donations for disaster relief" Yuan Flow ["SOURCE"] "S53"
        "insurance_unions" "参保工会" "Unions in women workers' insurance" TradeUnion Flow ["PRODUCT"] "S56"
        "insured_women" "参保女职工" "Insured women workers" Person Flow ["PRODUCT" "PAYER,PRODUCT"] "S56"
        "labour_models" "劳动模范" "Labour models" Person Stock ["RANK"] "S57"
        "model_worker_visits" "慰问劳模人次" "Visits to labour models" PersonTime Flow [] "S57"
        "model_workers_visited" "慰问劳模人数" "Labour models visited" Person Flow ["BY"] "S57"
        "model_workers_subsidised" "补助低收入劳模" "Low-income labour models subsidised" Person Flow ["RANK"] "S57"
        "unit_awards_given" "表彰单位" "Awards given to units" WorkUnit Flow ["LEVEL"] "S58"
        "person_awards_given" "表彰个人" "Awards given to people" Person Flow ["LEVEL"] "S58"
        "unit_awards_received" "单位获奖" "Awards that units received" WorkUnit Flow ["AWARD" "AWARD,LEVEL"] "S58 S59"
        "person_awards_received" "个人获奖" "Awards that people received" Person Flow ["AWARD" "AWARD,LEVEL"] "S58 S59"
        "economic_benefit" "创新经济效益" "Economic benefit of innovation" Yuan Flow ["SOURCE"] "S62"
        "innovation_participants" "技术创新参与职工" "Workers taking part in innovation" Person Flow [] "S62"
        "proposals_collected" "征集合理化建议" "Rationalisation proposals collected" Item Flow ["CHANNEL"] "S63"
        "learning_organisations" "学习型组织" "Learning organisations named" WorkUnit Stock ["LEVEL"] "S65"
        "accidents_investigated" "参与事故调查" "Accidents investigated" Item Flow [] "S69"
        "safety_certificates" "安全生产合格证" "Safety certificates issued" Person Flow ["INDUSTRY"] "S70"
        "employment_facilities" "就业服务机构" "Job agencies, training and placement bases" WorkUnit Stock ["KIND"] "S71"
        "reemployment_trained" "再就业培训人数" "People trained for re-employment" Person Flow [] "S71"
        "reemployment_placed" "再就业安置人数" "People placed in work" Person Flow ["TARGET" "SECTOR"] "S71"
        "training_sessions" "培训班期数" "Training classes held" Time Flow ["TOPIC"] "S71"
        "trainees" "培训人次" "Trained, in person-times" PersonTime Flow ["TOPIC"] "S71"
        "job_postings" "用工信息" "Job postings" Item Flow [] "S72"
        "job_fair_employers" "招聘单位" "Employers at job fairs" WorkUnit Flow [] "S72"
        "job_fair_posts" "招聘岗位" "Posts at job fairs" Item Flow [] "S72"
        "job_fair_seekers" "求职人数" "Seekers at job fairs" Person Flow [] "S72"
        "event_delegations" "参赛单位" "Delegations at events" WorkUnit Flow ["KIND"] "S73"
        "event_participants" "参赛人数" "Participants of events" Person Flow ["EVENT"] "S73"
        "event_prizes" "比赛名次" "Prizes at events" Item Flow ["RANK"] "S73"
        "briefs_reported" "上报信息" "Briefs sent up" Piece Flow ["LEVEL"] "S76"
        "media_partners" "合作媒体" "Media taking part" WorkUnit Stock [] "S76"
        "media_stories" "媒体报道事迹" "Stories in the media" Item Flow [] "S76"
        "press_items" "发表稿件" "Press items published" Piece Flow ["LEVEL"] "S76"
        "fee_payers" "经费缴纳单位" "Fee-paying units" WorkUnit Stock ["CHANNEL"] "S79 S80"
        "fee_remitted" "上解经费" "Fees remitted to the superior" Yuan Flow [] "S81"
        "subsidies_granted" "拨付补助款" "Subsidies granted to unions" Yuan Flow ["PURPOSE"] "S82"
        "unions_subsidised" "受补助工会" "Unions subsidised" TradeUnion Flow [] "S82"
        "supervision_rounds" "督促检查次数" "Rounds of supervision" Time Flow ["TOPIC"] "S87"
        "enterprises_surveyed" "调研企业" "Enterprises surveyed" Enterprise Flow ["OWNERSHIP"] "S88"
        "survey_days" "调研天数" "Days of survey work" Day Flow [] "S88"
        "cadres_seconded" "抽调干部" "Cadres seconded" Person Flow ["TASK"] "S90"
        "townships_supported" "帮扶乡镇" "Townships supported" WorkUnit Flow ["TASK"] "S90"
        "resettled_households" "拆迁户" "Households resettled" Household Flow [] "S90"
        "key_enterprises_visited" "走访重点企业" "Key enterprises visited" Enterprise Flow [] "S92"
    }
}

#[rustfmt::skip]
const fn ratio(code: Text, (name_zh, name_en): (Text, Text), (numerator, denominator): (Text, Text), (axes, systems): (Axes, Text)) -> Ratio {
    Ratio { code, name_zh, name_en, numerator: MetricId(numerator), denominator: MetricId(denominator), axes, systems }
}

/// The ratios.
#[rustfmt::skip]
pub static RATIOS: &[Ratio] = &[
    ratio("coverage_rate", ("工会覆盖率", "Share of enterprises that a trade union covers"), ("covered_enterprises", "enterprises"), (&[], "S06")),
    ratio("joining_rate", ("职工入会率", "Members as a share of the employees of enterprises"), ("members", "employees"), (&[], "S15")),
    ratio("retention_rate", ("会员巩固率", "Share of those who joined a trade union that still are members"), ("members", "members_enrolled"), (&["SEX", "MIGRANT", "EMPLOYMENT", "FORM", "HOST", "WORKER_GROUP"], "S15")),
    ratio("transparency_rate", ("厂务公开推行率", "Share of work units with open factory affairs"), ("units_with_transparency", "units_for_transparency"), (&["OWNERSHIP"], "S35")),
    ratio("congress_rate", ("职代会建制率", "Share of work units with a workers' congress"), ("units_with_congress", "units_for_congress"), (&["OWNERSHIP"], "S34")),
    ratio("good_order_rate", ("履约良好率", "Share of inspected work units in good order"), ("units_in_good_order", "units_inspected"), (&["TOPIC"], "S31")),
    ratio("placement_rate", ("再就业安置率", "Share of the trained who were placed in work"), ("reemployment_placed", "reemployment_trained"), (&[], "S71")),
    ratio("preparatory_share", ("建会筹备金占比", "Share of the preparatory fund in the fees collected"), ("preparatory_fund_collected", "fees_collected"), (&[], "S79")),
];

/// Pairs of which the first is never more than the second: a report that says otherwise is warned about.
pub const NEVER_MORE: &[(MetricId, MetricId)] = &[
    (MetricId("paired_aid_paid"), MetricId("paired_aid_standard")),
    (MetricId("units_with_congress"), MetricId("units_for_congress")),
    (
        MetricId("units_with_transparency"),
        MetricId("units_for_transparency"),
    ),
    (MetricId("units_in_good_order"), MetricId("units_inspected")),
    (MetricId("reemployment_placed"), MetricId("reemployment_trained")),
    (MetricId("model_workers_visited"), MetricId("model_worker_visits")),
];

static BY_CODE: LazyLock<HashMap<&'static str, &'static Entry>> =
    LazyLock::new(|| CATALOGUE.iter().map(|entry| (entry.code, entry)).collect());

impl MetricId {
    /// 企业数.
    pub const ENTERPRISES: MetricId = MetricId("enterprises");
    /// 职工数.
    pub const EMPLOYEES: MetricId = MetricId("employees");
    /// 工会数.
    pub const TRADE_UNIONS: MetricId = MetricId("trade_unions");
    /// 新建工会数.
    pub const TRADE_UNIONS_FOUNDED: MetricId = MetricId("trade_unions_founded");
    /// 工会覆盖企业数.
    pub const COVERED_ENTERPRISES: MetricId = MetricId("covered_enterprises");
    /// 会员数.
    pub const MEMBERS: MetricId = MetricId("members");
    /// 累计入会人数.
    pub const MEMBERS_ENROLLED: MetricId = MetricId("members_enrolled");
    /// 新发展会员.
    pub const MEMBERS_RECRUITED: MetricId = MetricId("members_recruited");
    /// 净增会员.
    pub const MEMBERS_NET_ADDED: MetricId = MetricId("members_net_added");
    /// 走访次数.
    pub const VISITS: MetricId = MetricId("visits");
    /// 发现问题数.
    pub const FINDINGS: MetricId = MetricId("findings");
    /// 税务代征经费.
    pub const FEES_COLLECTED: MetricId = MetricId("fees_collected");
    /// 其中建会筹备金.
    pub const PREPARATORY_FUND_COLLECTED: MetricId = MetricId("preparatory_fund_collected");

    /// What the catalogue says about it.
    pub fn entry(self) -> &'static Entry {
        let found = BY_CODE.get(self.0).copied();
        found.unwrap_or(&NONE)
    }

    /// Its code.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// The metric of a code.
    pub fn coded(code: &str) -> Option<MetricId> {
        BY_CODE.get(code).map(|entry| entry.id)
    }
}

/// Stands for a code that no metric has; a test says that no constant is one.
#[rustfmt::skip]
static NONE: Entry = entry(Origin::Records, "", ("", ""), (Unit::Item, Nature::Flow), (&[], ""));

impl Ratio {
    /// The ratio of a code.
    pub fn coded(code: &str) -> Option<&'static Ratio> {
        RATIOS.iter().find(|ratio| ratio.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_stands_in_the_catalogue_once_and_is_found_by_its_code() {
        assert_eq!(BY_CODE.len(), CATALOGUE.len());
        for entry in CATALOGUE {
            assert_eq!(MetricId::coded(entry.code), Some(entry.id));
            assert!(
                entry
                    .code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            for axis in entry.axes {
                let mut names: Vec<_> = axis.split(',').collect();
                names.sort();
                assert_eq!(names.join(","), *axis, "axes in alphabetical order");
            }
        }
    }

    #[test]
    fn what_the_code_names_is_in_the_catalogue() {
        let named = [
            MetricId::ENTERPRISES,
            MetricId::EMPLOYEES,
            MetricId::TRADE_UNIONS,
            MetricId::TRADE_UNIONS_FOUNDED,
            MetricId::COVERED_ENTERPRISES,
            MetricId::MEMBERS,
            MetricId::MEMBERS_ENROLLED,
            MetricId::MEMBERS_RECRUITED,
            MetricId::MEMBERS_NET_ADDED,
            MetricId::VISITS,
            MetricId::FINDINGS,
            MetricId::FEES_COLLECTED,
            MetricId::PREPARATORY_FUND_COLLECTED,
        ];
        let pairs = NEVER_MORE.iter().flat_map(|(less, more)| [*less, *more]);
        let ratios = RATIOS
            .iter()
            .flat_map(|ratio| [ratio.numerator, ratio.denominator]);
        for metric in named.into_iter().chain(pairs).chain(ratios) {
            assert_eq!(metric.entry().code, metric.code());
        }
    }

    #[test]
    fn both_figures_of_a_ratio_are_counted_alike() {
        for ratio in RATIOS {
            let (above, below) = (ratio.numerator.entry(), ratio.denominator.entry());
            assert_eq!(above.nature, below.nature, "{}", ratio.code);
            for axis in ratio.axes {
                assert!(
                    above.axes.contains(axis) && below.axes.contains(axis),
                    "{}",
                    ratio.code
                );
            }
        }
    }
}
