//! The history of the database: one file a change, in SQL that SQLite and PostgreSQL both read.
//!
//! `{C}` stands for byte order (`COLLATE "C"` on PostgreSQL; SQLite compares bytes anyhow), so that both databases
//! sort and page alike. `{WITHOUT_ROWID}` keeps a table of SQLite in the order of its key.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod m20261122_000001_kernel;
mod m20261122_000002_org;
mod m20261122_000003_accounts;
mod m20261122_000004_jobs;
mod m20261122_000005_fees;
mod m20261122_000006_visits;
mod m20261122_000007_uploads;
mod m20261122_000008_documents;
mod m20261122_000009_audit;
mod m20261122_000010_accounts;
mod m20261122_000011_people;
mod m20261122_000012_privacy;
mod m20261122_000013_machines;
mod m20261122_000014_lists;
mod m20261123_000017_returns;
mod m20261123_000015_targets;
mod m20261123_000016_assessments;
mod m20261123_000018_staff_goals;
mod m20261201_000019_axes;
mod m20261201_000023_attachments;
mod m20261201_000024_snapshot_names;
mod m20261201_000025_steering;
mod m20261201_000026_void_visits;
mod m20261201_000020_membership;

/// Brings a database to the newest shape, or back.
#[derive(Debug)]
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_kernel::Migration),
            Box::new(m20261122_000002_org::Migration),
            Box::new(m20261122_000003_accounts::Migration),
            Box::new(m20261122_000004_jobs::Migration),
            Box::new(m20261122_000005_fees::Migration),
            Box::new(m20261122_000006_visits::Migration),
            Box::new(m20261122_000007_uploads::Migration),
            Box::new(m20261122_000008_documents::Migration),
            Box::new(m20261122_000009_audit::Migration),
            Box::new(m20261122_000010_accounts::Migration),
            Box::new(m20261122_000011_people::Migration),
            Box::new(m20261122_000012_privacy::Migration),
            Box::new(m20261122_000013_machines::Migration),
            Box::new(m20261122_000014_lists::Migration),
            Box::new(m20261123_000017_returns::Migration),
            Box::new(m20261123_000015_targets::Migration),
            Box::new(m20261123_000016_assessments::Migration),
            Box::new(m20261123_000018_staff_goals::Migration),
            Box::new(m20261201_000019_axes::Migration),
            Box::new(m20261201_000023_attachments::Migration),
            Box::new(m20261201_000024_snapshot_names::Migration),
            Box::new(m20261201_000025_steering::Migration),
            Box::new(m20261201_000026_void_visits::Migration),
            Box::new(m20261201_000020_membership::Migration),
        ]
    }
}

/// Runs a script of statements, each ended by a semicolon at the end of its line.
async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let (collation, keyed) = match connection.get_database_backend() {
        DbBackend::Postgres => ("COLLATE \"C\"", ""),
        _ => ("", " WITHOUT ROWID"),
    };
    for statement in script
        .replace("{C}", collation)
        .replace("{WITHOUT_ROWID}", keyed)
        .split(";\n")
        .filter(|text| !text.trim().is_empty())
    {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// A migration that is two scripts.
macro_rules! scripts {
    ($up:expr, $down:expr) => {
        /// This change.
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub(crate) struct Migration;

        #[sea_orm_migration::async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                $crate::run(manager, $up).await
            }

            async fn down(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                $crate::run(manager, $down).await
            }
        }
    };
}
use scripts;
