//! Every list comes out of an index in its order, wherever the caller asks: its cost does not grow with what is there.

use crate::support::App;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use api::kernel::op::Op;
use api::kernel::scope::{Scope, Within};
use api::policy::Action;
use entity::assessments::{assessment, patch};
use entity::fees::{collection, waiting};
use entity::members::{member_transfer, membership};
use entity::org::{enterprise, trade_union};
use entity::people::person;
use entity::placed::Placed;
use entity::privacy::{export, subject_request};
use entity::returns::{figure_snapshot, statistical_return};
use entity::visits::visit;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    Statement, TransactionTrait,
};

/// How a page of a list is found.
async fn plan<E: Placed>(app: &App, scope: &Scope, sort: (E::Column, Order)) -> String {
    plan_of(app, E::within(scope), sort).await
}

/// Whether a page is found by sorting, or by reading all.
fn is_sorted(plan: &str) -> bool {
    let words = ["TEMP B-TREE", "SCAN", "Sort", "Seq Scan"];
    words.iter().any(|word| plan.contains(word))
}

/// How a page of some rows is found.
async fn plan_of<E: Placed>(app: &App, rows: Select<E>, (sort, order): (E::Column, Order)) -> String {
    let page = rows
        .order_by(sort, order.clone())
        .order_by(E::ID, order)
        .limit(51);
    let backend = app.process.db.backend();
    let statement = page.build(backend);
    let explain = match backend {
        DbBackend::Sqlite => "EXPLAIN QUERY PLAN",
        _ => "EXPLAIN",
    };
    let sql = format!("{explain} {}", statement.sql);
    let statement = Statement::from_sql_and_values(backend, sql, statement.values.unwrap());
    // In a table that is empty PostgreSQL would sort, and gather what it sorts in other ways.
    let tx = app.process.db.unhurried().begin().await.unwrap();
    if backend == DbBackend::Postgres {
        for way in ["sort", "seqscan", "bitmapscan"] {
            tx.execute_unprepared(&format!("SET LOCAL enable_{way} = off"))
                .await
                .unwrap();
        }
    }
    let rows = tx.query_all_raw(statement).await.unwrap();
    let line = |row: &sea_orm::QueryResult| {
        row.try_get::<String>("", row.column_names().last().unwrap())
            .unwrap()
    };
    rows.iter().map(|row| line(row) + "\n").collect()
}

/// The scope of somebody who may do everything at a federation.
fn scope(app: &App, action: Action, code: &str) -> Scope {
    let tree = app.process.tree();
    let node = tree.get(app.federation(code)).unwrap();
    let everything = Op::scope_within(&app.operator(), action, node);
    everything.unwrap_or_else(|error| panic!("{}", error.report()))
}

both! {
    async fn a_page_is_never_sorted(app: App) {
        macro_rules! lists {
            ($($entity:ident by $($sort:ident $order:ident),*;)*) => {$($(
                for code in [HUNAN, XIANGTAN, XIANGXIANG, YUESHAN] {
                    let scope = scope(&app, Action::ReadEnterprises, code);
                    let plan = plan::<$entity::Entity>(&app, &scope, ($entity::Column::$sort, Order::$order)).await;
                    let list = concat!(stringify!($entity), " by ", stringify!($sort));
                    assert!(!is_sorted(&plan), "{list} at {code}:\n{plan}");
                }
            )*)*};
        }
        lists! {
            enterprise by Name Asc, Name Desc, Employees Asc, Employees Desc;
            trade_union by Name Asc, FoundedOn Asc, FoundedOn Desc;
            visit by StartedAt Asc, StartedAt Desc;
            person by RegisteredAt Desc;
            collection by EnteredOn Desc;
            waiting by ReceivedAt Desc;
            export by RequestedAt Desc;
            subject_request by DueOn Asc;
            statistical_return by ClosesOn Desc;
            figure_snapshot by FrozenAt Desc;
            assessment by Year Desc;
            patch by ValidFrom Desc;
        }
    }

    async fn a_page_of_members_or_transfers_of_one_state_is_never_sorted(app: App) {
        for code in [HUNAN, XIANGTAN, XIANGXIANG, YUESHAN] {
            let scope = scope(&app, Action::ReadMembers, code);
            let members = membership::Entity::within(&scope).filter(membership::Column::State.eq(membership::State::Applied));
            let transfers = member_transfer::Entity::within(&scope).filter(member_transfer::Column::State.eq(member_transfer::TransferState::Waiting));
            let plans = [
                plan_of(&app, members.clone(), (membership::Column::BeganOn, Order::Asc)).await,
                plan_of(&app, members, (membership::Column::BeganOn, Order::Desc)).await,
                plan_of(&app, transfers, (member_transfer::Column::EscalatesOn, Order::Asc)).await,
            ];
            for plan in plans {
                assert!(!is_sorted(&plan), "{code}:\n{plan}");
            }
        }
    }
}
