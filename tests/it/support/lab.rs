//! A schema in which things go wrong on purpose: slow, failing, panicking and endless fields, run by the same service.

use super::App;
use api::config::Transport;
use api::kernel::error::{Error, invalid, text};
use api::kernel::loader::Batch;
use api::kernel::op::Op;
use api::kernel::page::Page;
use async_graphql::connection::{Connection, Edge};
use async_graphql::futures_util::Stream;
use async_graphql::{Context, Interface, Object, Schema, SimpleObject, Subscription};
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// What can be read.
pub struct Query;
/// What can be done.
pub struct Mutation;
/// What can be followed.
pub struct Live;

/// How often `touch` ran in this process.
pub static TOUCHED: AtomicI32 = AtomicI32::new(0);

/// An object with fields of every fate.
#[derive(Clone, Copy)]
pub struct Item(i32);

/// Something with a number.
#[derive(Interface)]
#[graphql(
    field(name = "number", ty = "i32"),
    field(name = "siblings", ty = "Vec<Item>", arg(name = "ids", ty = "Vec<i32>"))
)]
pub enum Numbered {
    /// An item.
    Item(Item),
}

/// A leaf.
#[derive(SimpleObject)]
pub struct Leaf {
    number: i32,
}

fn failure() -> Error {
    invalid("number", text("It fails.", "失败。"))
}

/// Waits a while without a loader.
async fn after(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// A loader that never ends.
struct Endless;

impl Batch for Endless {
    type Key = i32;
    type Value = i32;

    async fn load(_op: Op, _keys: Vec<i32>) -> Result<Vec<i32>, Error> {
        std::future::pending().await
    }
}

/// A loader that panics.
struct Broken;

impl Batch for Broken {
    type Key = i32;
    type Value = i32;

    async fn load(_op: Op, keys: Vec<i32>) -> Result<Vec<i32>, Error> {
        panic!("{keys:?}")
    }
}

#[Object]
impl Item {
    async fn number(&self) -> i32 {
        self.0
    }

    async fn slow(&self) -> i32 {
        after(30 - 10 * u64::from(self.0.unsigned_abs()).min(3)).await;
        self.0
    }

    /// Fails on odd items.
    async fn shaky(&self) -> Option<Result<i32, Error>> {
        Some(if self.0 % 2 == 1 {
            Err(failure())
        } else {
            Ok(self.0)
        })
    }

    /// Fails on odd items, and cannot be null.
    async fn firm(&self) -> Result<i32, Error> {
        if self.0 % 2 == 1 {
            Err(failure())
        } else {
            Ok(self.0)
        }
    }

    async fn inner(&self) -> Item {
        *self
    }

    async fn inner_or_null(&self) -> Option<Item> {
        Some(*self)
    }

    async fn siblings(&self, ids: Vec<i32>) -> Vec<Item> {
        ids.into_iter().map(Item).collect()
    }

    async fn page(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
    ) -> Connection<i32, Item> {
        let _ = (after, last);
        page(first)
    }
}

fn page(first: Option<i32>) -> Connection<i32, Item> {
    let mut page = Connection::new(false, false);
    page.edges
        .extend((0..first.unwrap_or(20)).map(|number| Edge::new(number, Item(number))));
    page
}

#[Object]
impl Query {
    async fn fast(&self) -> i32 {
        1
    }

    async fn slow(&self) -> i32 {
        after(30).await;
        3
    }

    async fn mid(&self) -> i32 {
        after(10).await;
        2
    }

    async fn echo(&self, number: i32) -> i32 {
        number
    }

    async fn text(&self, text: String) -> String {
        text
    }

    async fn item(&self, #[graphql(default)] number: i32) -> Item {
        Item(number)
    }

    async fn item_or_null(&self, #[graphql(default)] number: i32) -> Option<Item> {
        Some(Item(number))
    }

    async fn items(&self, #[graphql(default = 3)] n: i32) -> Vec<Item> {
        (0..n).map(Item).collect()
    }

    async fn maybe_items(&self, #[graphql(default = 3)] n: i32) -> Vec<Option<Item>> {
        (0..n).map(|number| Some(Item(number))).collect()
    }

    async fn numbered(&self) -> Numbered {
        Numbered::Item(Item(0))
    }

    async fn page(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
    ) -> Connection<i32, Item> {
        let _ = (after, last);
        page(first)
    }

    async fn leaves(&self, n: i32) -> Vec<Leaf> {
        (0..n).map(|number| Leaf { number }).collect()
    }

    async fn fails(&self) -> Option<Result<i32, Error>> {
        Some(Err(failure()))
    }

    async fn fails_hard(&self) -> Result<i32, Error> {
        Err(failure())
    }

    /// An error that holds what nobody outside may see.
    async fn leaks(&self) -> Option<async_graphql::Result<i32>> {
        Some(
            "postgres://owner:secret@db/gonghui"
                .parse::<i32>()
                .map_err(|_| std::io::Error::other("postgres://owner:secret@db/gonghui").into()),
        )
    }

    #[allow(unreachable_code, reason = "that is what it is for")]
    async fn panics(&self) -> Option<i32> {
        panic!("secret of the panic");
        Some(1)
    }

    async fn panics_in_loader(&self, context: &Context<'_>) -> Option<Result<i32, Error>> {
        Some(Op::of(context).load::<Broken>(1).await)
    }

    async fn endless(&self, context: &Context<'_>) -> Option<Result<i32, Error>> {
        Some(Op::of(context).load::<Endless>(1).await)
    }

    async fn endless_page(&self, context: &Context<'_>, first: Option<i32>) -> Option<Result<i32, Error>> {
        let page = match Page::new(first, None, None, None) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        let found = Op::of(context).load::<Endless>(1).await;
        Some(found.map_err(|error| page.late(error)))
    }

    async fn endless_without_loader(&self) -> Option<i32> {
        std::future::pending().await
    }
}

#[Object]
impl Mutation {
    async fn touch(&self) -> i32 {
        TOUCHED.fetch_add(1, Ordering::SeqCst)
    }
}

#[Subscription]
impl Live {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(0..to)
    }

    async fn panics_after(&self, good: i32) -> impl Stream<Item = i32> {
        stream::iter(0..).inspect(move |number| assert!(*number < good, "secret of the panic"))
    }

    async fn refuses(&self) -> Result<stream::Empty<i32>, Error> {
        Err(Error::Forbidden)
    }
}

impl App {
    /// The service running the lab's schema.
    pub fn lab(&self) -> App {
        self.lab_reached(Transport::default())
    }

    /// The service running the lab's schema, with other settings.
    pub fn lab_reached(&self, transport: Transport) -> App {
        self.with(transport, Schema::build(Query, Mutation, Live).finish())
    }
}
