//! Progress and rankings as clients see them.

use super::rules::{Completion, Standing, percent, standing};
use super::store::{Circle, Contest, Rankings};
use crate::figures::rules::{Asked as Days, Ranked, metrics, ranked};
use crate::figures::types::Qualifier;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::ledger::{Amount, Figures, Period, Wanted};
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::metrics::Unit;
use crate::org::federation::types::{Federation, FederationLevel};
use crate::policy::Action;
use crate::scalars::{Date, Decimal, MetricCode};
use crate::targets::pace;
use crate::targets::pace::types::PaceRule;
use crate::targets::target::rules::{Goal, dimension, in_force, written};
use crate::targets::target::store::AmendmentsOf;
use async_graphql::futures_util::future::try_join_all;
use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{Datelike, NaiveDate};
use entity::id::FederationId;
use entity::targets::target;

/// How a target does beside what is due.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Standing")]
pub enum TargetPace {
    /// 落后于进度: less than what is due.
    Behind,
    /// 达到进度: what is due, not yet all of it. Both percents are the same as they are shown, with two decimals.
    OnPace,
    /// 超过进度: more than what is due, not yet all of it.
    OverPace,
    /// 完成: exactly all of it.
    Fulfilled,
    /// 超额完成: more than all of it.
    OverFulfilled,
}

/// Among whom a federation is ranked.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum RankAmong {
    /// 同级同属: all directly below the same superior.
    Siblings,
    /// 全省同级: all of its level below the same top of the tree.
    Level,
}

/// By what federations are ranked.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum RankingBy {
    /// By the figure.
    #[default]
    Value,
    /// 完成率: by what was reached of the year's target, as amended.
    Completion,
}

/// What was reached of a target by a day.
pub struct TargetProgress {
    federation_id: FederationId,
    goal: Goal,
    day: NaiveDate,
    reached: Amount,
    opening: Option<i64>,
    original: i64,
    amended: i64,
    rule: Option<PaceRule>,
}

/// How far a target that the caller sees is reached.
pub async fn progress_of(
    op: &Op,
    (target, goal): (&target::Model, Goal),
    day: Option<NaiveDate>,
) -> Result<TargetProgress, Error> {
    let id = target.federation_id;
    op.authorize(Action::ReadFigures, id, "id")?;
    let day = goal.day_within(day.unwrap_or(op.today()));
    let amendments = op.load::<AmendmentsOf>(target.id).await?;
    let rule = pace::store::in_force(op, id, (goal.year, goal.metric.code())).await?;
    let wanted = [Some(goal.reached(id, day)), goal.opening(id)];
    let sums = try_join_all(
        wanted
            .into_iter()
            .flatten()
            .map(|wanted| op.load::<Figures>(wanted)),
    )
    .await?;
    let mut amounts = sums.iter().map(|sums| goal.amount(sums));
    Ok(TargetProgress {
        federation_id: id,
        day,
        reached: amounts.next().unwrap_or_default(),
        opening: amounts.next().map(Amount::total),
        original: target.amount,
        amended: in_force(target.amount, &amendments, day),
        rule: rule.map(PaceRule::read).transpose()?,
        goal,
    })
}

impl TargetProgress {
    fn share_due(&self) -> pace::rules::Share {
        let points = self.rule.as_ref().map_or(&[][..], |rule| &rule.points);
        pace::rules::due(points, self.goal.year, self.day)
    }

    fn written(&self, amount: i64) -> Decimal {
        Decimal(written(amount, self.goal.metric.entry().unit))
    }

    fn circle(&self, op: &Op, among: RankAmong) -> Option<Circle> {
        let (id, tree) = (self.federation_id, op.tree());
        let node = tree.get(id)?;
        Some(match (among, node.parent_id) {
            (RankAmong::Siblings, Some(superior)) => Circle::Below(superior),
            _ => Circle::OfLevel(tree.ancestors_of(id).last().unwrap_or(id), node.level),
        })
    }
}

/// How far a target is reached by the end of a day (完成情况).
#[Object]
impl TargetProgress {
    /// The day.
    async fn as_of(&self) -> Date {
        Date(self.day)
    }

    /// What there is of a stock on the day; what has happened of a flow since 1 January.
    async fn actual(&self) -> Decimal {
        self.written(self.reached.total())
    }

    /// How exact `actual` is: 500 余 of 500 is FULFILLED, and AT_LEAST.
    async fn qualifier(&self) -> Qualifier {
        self.reached.qualifier().into()
    }

    /// What there was of a stock at the end of the year before, from where its way begins; null for a flow.
    async fn opening(&self) -> Option<Decimal> {
        self.opening.map(|opening| self.written(opening))
    }

    /// The target as it was issued.
    async fn original(&self) -> Decimal {
        self.written(self.original)
    }

    /// The target as amended by the day.
    async fn amended(&self) -> Decimal {
        self.written(self.amended)
    }

    /// What was reached of the target as issued, in percent with two decimals, half up; null for a target of nothing.
    async fn percent_of_original(&self) -> Option<Decimal> {
        percent(self.reached.total(), self.original).map(Decimal)
    }

    /// What was reached of the target as amended, in percent with two decimals, half up; null for a target of nothing.
    async fn percent_of_amended(&self) -> Option<Decimal> {
        percent(self.reached.total(), self.amended).map(Decimal)
    }

    /// What is due by the end of the day (应完成进度), in percent with two decimals, half up: of a flow's target as amended, and
    /// of a stock's way from `opening` to it.
    async fn percent_due(&self) -> Option<Decimal> {
        let due = self.share_due();
        percent(due.parts, due.of).map(Decimal)
    }

    /// The superior's rule that says what is due; null where it grows with the days of the year (时间过半、任务过半).
    async fn pace_rule(&self) -> Option<&PaceRule> {
        self.rule.as_ref()
    }

    /// How it does, against the target as amended.
    async fn pace(&self) -> TargetPace {
        let way = (self.opening.unwrap_or_default(), self.amended);
        standing(self.reached.total(), way, self.share_due()).into()
    }

    /// Where the federation stands by what was reached of the target as amended, among those who have such a target; null
    /// for a target of nothing.
    async fn rank(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Among whom.")] among: RankAmong,
    ) -> Option<Result<Rank, Error>> {
        let op = Op::of(context);
        let contest = Contest {
            goal: self.goal.clone(),
            day: self.day,
            circle: self.circle(op, among)?,
        };
        let ranking = match op.load::<Rankings>(contest).await {
            Ok(ranking) => ranking,
            Err(error) => return Some(Err(error)),
        };
        let own = ranking.iter().find(|one| one.who.0 == self.federation_id)?;
        Some(Ok(Rank {
            position: own.position,
            of: ranking.len(),
            is_tied: own.is_tied,
        }))
    }
}

/// A position (名次). It says nothing about who stands at the others.
#[derive(SimpleObject)]
pub struct Rank {
    /// From 1; those who are level share it: 1, 2, 2, 4.
    pub position: usize,
    /// Among how many.
    pub of: usize,
    /// Whether others share it.
    pub is_tied: bool,
}

/// A position with the figure, and with its percent where the ranking is by that.
struct Place {
    ranked: Ranked<(FederationId, Amount)>,
    percent: Option<String>,
}

/// A federation in a ranking.
pub struct RankedFederation {
    node: Node,
    unit: Unit,
    place: Place,
}

/// A federation with its position (名次).
#[Object]
impl RankedFederation {
    /// Which.
    async fn federation(&self) -> Federation {
        Federation(self.node.clone())
    }

    /// From 1; those who are level share it: 1, 2, 2, 4.
    async fn position(&self) -> usize {
        self.place.ranked.position
    }

    /// Whether others share it.
    async fn is_tied(&self) -> bool {
        self.place.ranked.is_tied
    }

    /// The figure.
    async fn value(&self) -> Decimal {
        Decimal(written(self.place.ranked.who.1.total(), self.unit))
    }

    /// How exact it is.
    async fn qualifier(&self) -> Qualifier {
        self.place.ranked.who.1.qualifier().into()
    }

    /// What that is of the year's target as amended, in percent with two decimals, half up; null in a ranking by VALUE.
    async fn percent(&self) -> Option<Decimal> {
        self.place.percent.clone().map(Decimal)
    }
}

/// A question for a ranking.
pub struct Asked {
    /// Of what.
    pub metric: MetricCode,
    /// Of which part of it.
    pub dimension: Option<String>,
    /// Of which federations.
    pub level: FederationLevel,
    /// Day of a stock, last day of a flow.
    pub as_of: Option<Date>,
    /// First day and last day of a flow.
    pub between: (Option<Date>, Option<Date>),
    /// By what.
    pub by: RankingBy,
}

/// Ranks the federations of a level below one.
pub async fn ranking_of(op: &Op, at: &Node, asked: Asked) -> Result<Vec<RankedFederation>, Error> {
    op.authorize(Action::ReadFigures, at.id, "id")?;
    let metric = metrics(&[&asked.metric.0])?.pop();
    let metric = metric.ok_or_else(|| anyhow::anyhow!("a metric that was not refused is there"))?;
    let unit = metric.entry().unit;
    let part = dimension(metric.entry(), asked.dimension.as_deref());
    let part = part.map_err(|why| invalid("dimension", why))?;
    let [as_of, from, to] = [asked.as_of, asked.between.0, asked.between.1].map(|day| day.map(|day| day.0));
    let days = Days {
        as_of,
        from,
        to,
        named: None,
    };
    let period = days.period(metric.entry().nature, op.today())?;
    let goal = Goal {
        metric,
        dimension: part,
        year: period.to.year(),
    };
    let places = match asked.by {
        RankingBy::Value => by_value(op, at, (&goal, asked.level, period)).await?,
        RankingBy::Completion if from.is_some() => {
            let whole = text(
                "Completion is of the whole year so far.",
                "完成率按全年累计计算。",
            );
            return Err(invalid("from", whole));
        }
        RankingBy::Completion => {
            op.authorize(Action::ReadTargets, at.id, "id")?;
            let circle = Circle::OfLevel(at.id, asked.level.into());
            let day = period.to;
            by_completion(op, Contest { goal, day, circle }).await?
        }
    };
    let tree = op.tree();
    let below = places.into_iter().filter(|place| place.ranked.who.0 != at.id);
    let seen = below.filter_map(|place| {
        let node = tree.get(place.ranked.who.0)?.clone();
        Some(RankedFederation { node, unit, place })
    });
    Ok(seen.collect())
}

/// By what was reached of a target, exactly.
async fn by_completion(op: &Op, contest: Contest) -> Result<Vec<Place>, Error> {
    let ranking = op.load::<Rankings>(contest).await?;
    let place = |one: &Ranked<(FederationId, Completion)>| {
        let (id, done) = one.who;
        Place {
            ranked: Ranked {
                who: (id, done.reached),
                position: one.position,
                is_tied: one.is_tied,
            },
            percent: percent(done.reached.total(), done.target),
        }
    };
    Ok(ranking.iter().map(place).collect())
}

/// By a figure. What is no living federation of its own stands there only if it has a number.
async fn by_value(
    op: &Op,
    at: &Node,
    (goal, level, period): (&Goal, FederationLevel, Period),
) -> Result<Vec<Place>, Error> {
    let (tree, level) = (op.tree(), level.into());
    let below: Vec<&Node> = tree.below(at).iter().filter(|node| node.level == level).collect();
    let wanted = |node: &&Node| Wanted {
        period,
        ..goal.reached(node.id, period.to)
    };
    let sums = try_join_all(below.iter().map(|node| op.load::<Figures>(wanted(node)))).await?;
    let figures = below.into_iter().zip(sums).filter_map(|(node, sums)| {
        let figure = goal.amount(&sums);
        let is_living = node.retired_on.is_none() && !node.is_stand_in;
        (is_living || figure.total() != 0).then_some((node.id, figure))
    });
    let ranking = ranked(figures.collect(), |one, other| {
        one.1.total().cmp(&other.1.total())
    });
    let place = |ranked| Place {
        ranked,
        percent: None,
    };
    Ok(ranking.into_iter().map(place).collect())
}
