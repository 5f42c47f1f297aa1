//! The whole tree in memory: an immutable snapshot with interval numbering.
//!
//! Nodes stand in pre-order, so a subtree is a range of positions, a child is the node after its parent and a sibling
//! is where the last subtree ended. "Is X below me", ancestors, children and counts cost no SQL. The database stays
//! the truth: every write transaction compares the version.

use super::error::Error;
use super::sql::Sql;
use chrono::NaiveDate;
use entity::id::FederationId;
use entity::org::federation::{self, Kind, Level};
use entity::placed::Place;
use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult, QueryOrder, QuerySelect,
    Statement, StreamTrait,
};
use std::collections::HashMap;
use std::time::Duration;

/// Levels of the tree.
pub const LEVELS: usize = 4;
/// Characters that a path has for each federation on it.
pub const KEY: usize = 4;

/// A federation as the tree knows it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its id.
    pub id: FederationId,
    /// Its superior.
    pub parent_id: Option<FederationId>,
    /// Rank.
    pub level: Level,
    /// What it is built on.
    pub kind: Kind,
    /// Division code.
    pub code: Option<Box<str>>,
    /// Name of the division, or full name of a federation of another kind.
    pub name: Box<str>,
    /// Stands for no real division.
    pub is_stand_in: bool,
    /// The last list did not have it any more since.
    pub retired_on: Option<NaiveDate>,
    /// Keys from the top down to it.
    pub path: Box<str>,
    /// Its county, or itself above the county.
    pub county_id: FederationId,
    /// Position just behind its subtree.
    end: usize,
    /// How many nodes of each level stand before it.
    before: [u32; LEVELS],
}

impl Node {
    /// Whether a row or node with this path is the node itself or below it.
    pub fn holds(&self, path: &str) -> bool {
        path.starts_with(&*self.path)
    }

    /// Whether everything below it shares its county.
    pub fn is_in_one_county(&self) -> bool {
        self.level >= Level::County
    }
}

/// The snapshot.
#[derive(Debug, Default)]
pub struct Tree {
    /// The version in the database that it shows.
    pub version: i64,
    nodes: Vec<Node>,
    by_id: HashMap<FederationId, usize>,
    by_code: HashMap<(Box<str>, Level), usize>,
    by_key: HashMap<Box<str>, usize>,
    former: HashMap<FederationId, Vec<Former>>,
    totals: [u32; LEVELS],
}

fn rank(level: Level) -> usize {
    match level {
        Level::Province => 0,
        Level::City => 1,
        Level::County => 2,
        Level::Township => 3,
    }
}

/// Where a federation stood before a day.
#[derive(Clone, Debug)]
pub struct Former {
    /// The first day on which it stood elsewhere.
    pub until: NaiveDate,
    /// Where it stood.
    pub place: Place,
}

#[derive(FromQueryResult)]
struct FormerRow {
    subject_id: FederationId,
    until: NaiveDate,
    path: String,
    county_id: FederationId,
}

/// The last key of a path: the federation's own.
pub fn key_of(path: &str) -> &str {
    path.get(path.len().saturating_sub(KEY)..).unwrap_or_default()
}

#[derive(FromQueryResult)]
struct Version {
    version: i64,
}

impl Tree {
    /// The version in force in the database.
    pub async fn version(db: &impl ConnectionTrait) -> Result<i64, Error> {
        let sql = "SELECT version FROM tree_state";
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = Version::find_by_statement(statement).one(db).await?;
        row.map(|row| row.version)
            .ok_or_else(|| anyhow::anyhow!("the tree has no version").into())
    }

    /// The same, and limits what each further statement of a transaction may take. PostgreSQL does it on one trip.
    pub(super) async fn version_within(
        transaction: &DatabaseTransaction,
        limit: Option<Duration>,
    ) -> Result<i64, Error> {
        let backend = ConnectionTrait::get_database_backend(transaction);
        let (DbBackend::Postgres, Some(limit)) = (backend, limit) else {
            return Self::version(transaction).await;
        };
        let mut sql = Sql::new("SELECT version FROM tree_state, set_config('statement_timeout', ");
        sql.bind(limit.as_millis().to_string()).push(", true)");
        let version = Version::find_by_statement(sql.on(backend));
        let version = version.one(transaction).await?;
        version
            .map(|row| row.version)
            .ok_or_else(|| anyhow::anyhow!("the tree has no version").into())
    }

    /// Reads the tree. The version is read first: a change in between is seen as a newer version at the next look.
    pub async fn load(db: &(impl ConnectionTrait + StreamTrait)) -> Result<Tree, Error> {
        let version = Self::version(db).await?;
        #[expect(clippy::disallowed_methods, reason = "the snapshot serves every scope")]
        let mut stream = federation::Entity::find()
            .select_only()
            .columns([
                federation::Column::Id,
                federation::Column::ParentId,
                federation::Column::Level,
                federation::Column::Kind,
                federation::Column::Code,
                federation::Column::Name,
                federation::Column::IsStandIn,
                federation::Column::RetiredOn,
                federation::Column::Path,
                federation::Column::CountyId,
            ])
            .order_by_asc(federation::Column::Code)
            .order_by_asc(federation::Column::Id)
            .stream(db)
            .await?;
        // Row by row: as a whole the driver's rows would take ten times the memory of the tree.
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        // It holds a connection, and there may be but one.
        drop(stream);
        let mut tree = Self::grow(version, rows);
        let sql = "SELECT subject_id, until, path, county_id FROM former_place \
                   WHERE subject_id = federation_id ORDER BY until";
        let statement = Statement::from_string(ConnectionTrait::get_database_backend(db), sql);
        for row in FormerRow::find_by_statement(statement).all(db).await? {
            let federation_id = row.subject_id;
            tree.former.entry(federation_id).or_default().push(Former {
                until: row.until,
                place: Place {
                    federation_id,
                    path: row.path,
                    county_id: row.county_id,
                },
            });
        }
        Ok(tree)
    }

    /// Puts rows, sorted as siblings should stand, into pre-order.
    pub fn grow(version: i64, rows: Vec<federation::Model>) -> Tree {
        let mut children: HashMap<Option<FederationId>, Vec<federation::Model>> = HashMap::new();
        let mut tree = Tree {
            version,
            ..Tree::default()
        };
        tree.nodes.reserve(rows.len());
        for row in rows {
            children.entry(row.parent_id).or_default().push(row);
        }
        // The way down from a top node, each with the siblings still to come; not recursive, so depth is no limit.
        let mut open: Vec<(Option<usize>, std::vec::IntoIter<federation::Model>)> =
            vec![(None, children.remove(&None).unwrap_or_default().into_iter())];
        while let Some((parent, siblings)) = open.last_mut() {
            match siblings.next() {
                Some(row) => {
                    let position = tree.nodes.len();
                    let below = children.remove(&Some(row.id)).unwrap_or_default();
                    tree.add(row);
                    open.push((Some(position), below.into_iter()));
                }
                None => {
                    let end = tree.nodes.len();
                    if let Some(node) = parent.and_then(|position| tree.nodes.get_mut(position)) {
                        node.end = end;
                    }
                    open.pop();
                }
            }
        }
        tree
    }

    fn add(&mut self, row: federation::Model) {
        let position = self.nodes.len();
        self.by_id.insert(row.id, position);
        self.by_key.insert(key_of(&row.path).into(), position);
        let code = row.code.map(String::into_boxed_str);
        if let Some(code) = &code {
            self.by_code.insert((code.clone(), row.level), position);
        }
        let before = self.totals;
        if let Some(total) = self.totals.get_mut(rank(row.level)) {
            *total += 1;
        }
        self.nodes.push(Node {
            id: row.id,
            parent_id: row.parent_id,
            level: row.level,
            kind: row.kind,
            code,
            name: row.name.into_boxed_str(),
            is_stand_in: row.is_stand_in,
            retired_on: row.retired_on,
            path: row.path.into_boxed_str(),
            county_id: row.county_id,
            end: position + 1,
            before,
        });
    }

    /// How many federations there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All of them, in pre-order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// By id.
    pub fn get(&self, id: FederationId) -> Option<&Node> {
        self.nodes.get(*self.by_id.get(&id)?)
    }

    /// By code and level; without a level the highest that has the code.
    pub fn by_code(&self, code: &str, level: Option<Level>) -> Option<&Node> {
        let levels = [Level::Province, Level::City, Level::County, Level::Township];
        let code: Box<str> = code.into();
        levels
            .into_iter()
            .filter(|candidate| level.is_none_or(|level| level == *candidate))
            .find_map(|level| {
                let position = *self.by_code.get(&(code.clone(), level))?;
                self.nodes.get(position)
            })
    }

    /// The superiors, nearest first.
    pub fn ancestors<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        std::iter::successors(Some(node), |node| self.get(node.parent_id?)).skip(1)
    }

    /// The federations that a path names, from the top down. Keys are for ever: a path of former days names them too.
    pub fn on_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Node> {
        let keys = path
            .as_bytes()
            .chunks(KEY)
            .filter_map(|key| std::str::from_utf8(key).ok());
        keys.filter_map(|key| self.nodes.get(*self.by_key.get(key)?))
    }

    /// Where a federation stood on a day.
    pub fn place_on(&self, node: &Node, day: NaiveDate) -> Place {
        let former = self.former(node.id).iter().find(|former| former.until > day);
        former.map_or_else(|| Place::from(node), |former| former.place.clone())
    }

    /// Where a federation stood before it came to where it is, oldest first.
    pub fn former(&self, id: FederationId) -> &[Former] {
        self.former.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The superiors of a federation by id, nearest first; none of one that the tree does not know.
    pub fn ancestors_of(&self, id: FederationId) -> impl Iterator<Item = FederationId> {
        self.get(id)
            .into_iter()
            .flat_map(|node| self.ancestors(node))
            .map(|node| node.id)
    }

    /// The nodes below, in pre-order.
    pub fn below(&self, node: &Node) -> &[Node] {
        let start = self
            .by_id
            .get(&node.id)
            .map_or(usize::MAX, |position| position + 1);
        self.nodes.get(start..node.end).unwrap_or_default()
    }

    /// The nodes directly below, in order of code; those without one last.
    pub fn children<'a>(&'a self, node: &Node) -> impl Iterator<Item = &'a Node> {
        let first = self.by_id.get(&node.id).map(|position| position + 1);
        let end = node.end;
        std::iter::successors(first, move |position| {
            self.nodes.get(*position).map(|node| node.end)
        })
        .take_while(move |position| *position < end)
        .filter_map(|position| self.nodes.get(position))
    }

    /// The federations directly below, the retired ones too: where a division only stands in for a real one (市辖区), those
    /// below it in its place.
    pub fn children_through_stand_ins(&self, node: &Node) -> Vec<&Node> {
        let children = self.children(node).flat_map(|child| {
            if child.is_stand_in {
                self.children_through_stand_ins(child)
            } else {
                vec![child]
            }
        });
        children.collect()
    }

    /// The nodes without a superior.
    pub fn tops(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(0), |position| self.nodes.get(*position).map(|node| node.end))
            .take_while(|position| *position < self.nodes.len())
            .filter_map(|position| self.nodes.get(position))
    }

    /// How many nodes of a level stand below a node.
    pub fn count_below(&self, node: &Node, level: Level) -> u32 {
        let column = rank(level);
        let at_end = self.nodes.get(node.end).map_or(&self.totals, |next| &next.before);
        let own = u32::from(node.level == level);
        let count = |before: &[u32; LEVELS]| before.get(column).copied().unwrap_or_default();
        count(at_end) - count(&node.before) - own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(number: u128, parent: Option<u128>, level: Level) -> federation::Model {
        federation::Model {
            id: FederationId(Uuid::from_u128(number)),
            parent_id: parent.map(|parent| FederationId(Uuid::from_u128(parent))),
            level,
            kind: Kind::Territorial,
            code: Some(format!("{number:012}")),
            name: number.to_string(),
            is_stand_in: false,
            retired_on: None,
            path: number.to_string(),
            county_id: FederationId(Uuid::from_u128(number)),
        }
    }

    #[test]
    fn a_subtree_is_a_range_and_counts_come_from_its_ends() {
        let tree = Tree::grow(
            1,
            vec![
                row(1, None, Level::Province),
                row(2, None, Level::Province),
                row(11, Some(1), Level::City),
                row(12, Some(1), Level::City),
                row(111, Some(11), Level::County),
                row(121, Some(12), Level::County),
                row(122, Some(12), Level::County),
                row(1211, Some(121), Level::Township),
            ],
        );
        let names = |nodes: Vec<&Node>| nodes.iter().map(|node| node.name.to_string()).collect::<Vec<_>>();
        let one = tree.by_code("000000000001", None).unwrap();
        let twelve = tree.by_code("000000000012", None).unwrap();
        let last = tree.by_code("000000001211", None).unwrap();
        assert_eq!(names(tree.tops().collect()), ["1", "2"]);
        assert_eq!(names(tree.children(one).collect()), ["11", "12"]);
        assert_eq!(names(tree.below(twelve).iter().collect()), ["121", "1211", "122"]);
        assert_eq!(names(tree.ancestors(last).collect()), ["121", "12", "1"]);
        assert_eq!(tree.count_below(one, Level::County), 3);
        assert_eq!(tree.count_below(twelve, Level::County), 2);
        assert_eq!(tree.count_below(last, Level::Township), 0);
    }

    #[test]
    fn who_is_directly_below_a_stand_in_is_directly_below_its_superior() {
        let stand_in = federation::Model {
            is_stand_in: true,
            ..row(11, Some(1), Level::City)
        };
        let retired = federation::Model {
            retired_on: NaiveDate::from_ymd_opt(2026, 1, 1),
            ..row(111, Some(11), Level::County)
        };
        let tree = Tree::grow(
            1,
            vec![
                row(1, None, Level::Province),
                stand_in,
                row(12, Some(1), Level::City),
                retired,
                row(112, Some(11), Level::County),
                row(121, Some(12), Level::County),
            ],
        );
        let names = |code: &str| -> Vec<String> {
            let node = tree.by_code(code, None).unwrap();
            let children = tree.children_through_stand_ins(node).into_iter();
            children.map(|node| node.name.to_string()).collect()
        };
        assert_eq!(names("000000000001"), ["111", "112", "12"]);
        assert_eq!(names("000000000011"), ["111", "112"]);
        assert_eq!(names("000000000121"), [""; 0]);
    }
}
