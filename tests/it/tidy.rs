//! The house rules, read from the source text. Each rule first finds the fault in a made-up file, so that it is known
//! to be able to fail, and then none in the workspace; what it says tells what to do instead.

use std::path::{Path, PathBuf};

/// A file of ours.
struct Source {
    /// From the root of the workspace, with `/`.
    path: String,
    text: String,
}

/// A fault: `path:line: what to do instead`.
type Faults = Vec<String>;

impl Source {
    fn made_up(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Numbered lines of code: without comments, and without the unit tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .map(|line| line.split("// ").next().unwrap_or(line));
        let code = lines.enumerate().map(|(index, line)| (index + 1, line));
        code.take_while(|(_, line)| line.trim() != "#[cfg(test)]")
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name())
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// The module of `api/src` that it belongs to.
    fn domain(&self) -> &str {
        let inside = self.path.strip_prefix("api/src/").unwrap_or_default();
        inside.split(['/', '.']).next().unwrap_or_default()
    }

    /// Lines of code that hold one of the words, with the advice.
    fn lines_with(&self, words: &[&str], advice: &str) -> Faults {
        let holds = |line: &str| words.iter().any(|word| has_word(line, word));
        let lines = self.code().filter(|(_, line)| holds(line));
        lines
            .map(|(number, line)| format!("{}:{number}: `{}`: {advice}", self.path, line.trim()))
            .collect()
    }
}

/// Whether a line holds a text that does not go on from, or into, a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let begins_in_name = is_name(word.chars().next()) && is_name(line[..at].chars().next_back());
        let ends_in_name =
            is_name(word.chars().next_back()) && is_name(line[at + word.len()..].chars().next());
        !begins_in_name && !ends_in_name
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            collect(&path, sources);
        } else if ["rs", "sql"].contains(&ending) {
            let inside = path.strip_prefix(root()).unwrap();
            let names: Vec<_> = inside.iter().map(|name| name.to_str().unwrap()).collect();
            sources.push(Source {
                path: names.join("/"),
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

fn workspace() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["api/src", "entity/src", "migration/src", "tests/it"] {
        collect(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 50, "the sources are found");
    sources
}

/// A rule finds the fault in each made-up file, and none in ours.
fn holds(rule: impl Fn(&Source) -> Faults, broken: &[(&str, &str)]) {
    for (path, text) in broken {
        let found = rule(&Source::made_up(path, text));
        assert!(
            !found.is_empty(),
            "the rule finds nothing wrong with {path}: {text}"
        );
    }
    let faults: Faults = workspace().iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn reads_start_from_a_scope() {
    let rule = |source: &Source| {
        if source.name().ends_with(".sql") && !source.text.contains("{scope}") {
            return vec![format!(
                "{}: take the scope as the parameter `{{scope}}`",
                source.path
            )];
        }
        if !source.is_in(&["api/src/"]) || source.is_in(&["api/src/kernel/", "api/src/accounts/store.rs"]) {
            return Faults::new();
        }
        let words = [
            "Entity::find",
            "Entity::find_by_id",
            "Entity::load",
            ".find_related",
            ".find_linked",
            "find_also_related",
            "find_with_related",
            ".load_one",
            ".load_many",
            ".load_many_to_many",
        ];
        source.lines_with(
            &words,
            "begin the read with `Entity::within(&scope)`, so that nobody sees what is not theirs",
        )
    };
    let broken = [
        (
            "api/src/fees/store.rs",
            "let rows = visit::Entity::load().all(db).await?;",
        ),
        (
            "api/src/fees/store.rs",
            "let rows = fee.find_related(visit::Entity);",
        ),
        ("api/src/fees/graphql.rs", "visit::Entity::find_by_id(id)"),
        ("api/src/reports/totals.sql", "SELECT * FROM visit"),
    ];
    holds(rule, &broken);
}

#[test]
fn only_the_kernel_commits() {
    let rule = |source: &Source| {
        let may = !source.is_in(&["api/src/"]) || source.is_in(&["api/src/kernel/", "api/src/start.rs"]);
        if may {
            return Faults::new();
        }
        let words = [
            ".commit()",
            ".begin()",
            "begin_with_options",
            "begin_with_config",
            "TransactionTrait",
        ];
        source.lines_with(
            &words,
            "write with `op.write(…)` and end with `tx.commit(event, value)`, so that every change is told",
        )
    };
    let broken = [
        ("api/src/fees/store.rs", "tx.commit().await?;"),
        ("api/src/worker.rs", "let db = app.db.begin().await?;"),
    ];
    holds(rule, &broken);
}

#[test]
fn only_the_policy_names_a_role() {
    let rule = |source: &Source| {
        if !source.is_in(&["api/src/"]) || source.path == "api/src/policy.rs" {
            return Faults::new();
        }
        // `Role::Leader` is a role; `Role::ALL` and `Role::named` are not.
        let names_one = |line: &str| {
            line.match_indices("Role::").any(|(at, word)| {
                let is_ours = !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
                let mut after = line[at + word.len()..].chars();
                is_ours
                    && after.next().is_some_and(char::is_uppercase)
                    && after.next().is_some_and(char::is_lowercase)
            })
        };
        let advice = "ask for the exact `Action`; which role may do it is said in policy.rs alone";
        let lines = source
            .code()
            .filter(|(_, line)| names_one(line) || has_word(line, "Role::*"));
        lines
            .map(|(number, line)| format!("{}:{number}: `{}`: {advice}", source.path, line.trim()))
            .collect()
    };
    let broken = [
        ("api/src/fees/service.rs", "if grant.role == Role::Leader {"),
        ("api/src/cli.rs", "use crate::policy::Role::*;"),
    ];
    holds(rule, &broken);
}

#[test]
fn graphql_stays_at_the_edge() {
    let rule = |source: &Source| {
        let names = [
            "graphql.rs",
            "types.rs",
            "node.rs",
            "schema.rs",
            "scalars.rs",
            "policy.rs",
        ];
        let kernel = ["error.rs", "page.rs", "loader.rs", "op.rs", "gid.rs", "feed.rs"];
        let is_kernel = source.is_in(&["api/src/kernel/"]);
        let may = source.is_in(&["api/src/http/"])
            || !is_kernel && source.is_one_of(&names)
            || is_kernel && source.is_one_of(&kernel);
        if may || !source.is_in(&["api/src/", "entity/", "migration/"]) {
            return Faults::new();
        }
        source.lines_with(
            &["async_graphql"],
            "keep GraphQL in graphql.rs and types.rs; here speak models and plain values",
        )
    };
    let broken = [
        ("api/src/fees/service.rs", "use async_graphql::ID;"),
        ("api/src/kernel/tx.rs", "use async_graphql::ID;"),
        ("entity/src/fees/fee.rs", "#[derive(async_graphql::SimpleObject)]"),
    ];
    holds(rule, &broken);
}

#[test]
fn queries_stay_in_the_stores() {
    let rule = |source: &Source| {
        // verify is about the tables themselves, main.rs names sea_orm only to keep its log quiet.
        let may = source.is_in(&[
            "api/src/kernel/",
            "api/src/start.rs",
            "api/src/verify/",
            "api/src/main.rs",
        ]) || source.is_one_of(&["store.rs", "import.rs", "jobs.rs"]);
        if may || !source.is_in(&["api/src/"]) {
            return Faults::new();
        }
        let faults = source.lines_with(
            &["sea_orm", "Sql::new", "sqlx"],
            "put the query into store.rs and call it from here",
        );
        // The database's word for an enum value is no query.
        faults
            .into_iter()
            .filter(|fault| !fault.contains("`use sea_orm::ActiveEnum;`"))
            .collect()
    };
    let broken = [
        ("api/src/fees/service.rs", "use sea_orm::QueryFilter;"),
        ("api/src/fees/graphql.rs", "let sql = Sql::new(\"SELECT 1\");"),
        ("api/src/http/router.rs", "use sea_orm::ConnectionTrait;"),
    ];
    holds(rule, &broken);
}

#[test]
fn rules_are_pure() {
    let rule = |source: &Source| {
        if source.name() != "rules.rs" {
            return Faults::new();
        }
        let words = [
            "async", "await", "Op", "Db", "Tx", "App", "now(", "today()", "op.id()", "sea_orm",
        ];
        source.lines_with(
            &words,
            "a rule is a pure function: take the day, the row or the number as an argument",
        )
    };
    let broken = [
        ("api/src/fees/rules.rs", "pub async fn split() {}"),
        ("api/src/fees/rules.rs", "use crate::kernel::op::Op;"),
        ("api/src/fees/rules.rs", "let day = Utc::now();"),
        ("api/src/fees/rules.rs", "fn split(db: &Db) {}"),
    ];
    holds(rule, &broken);
}

/// The blocks of a `lib.rs`, from the top: names of modules under a comment of one line.
fn blocks(lib: &str) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for line in lib.lines() {
        if line.starts_with("// ") {
            blocks.push(Vec::new());
        }
        let module = line
            .strip_prefix("pub mod ")
            .and_then(|rest| rest.strip_suffix(';'));
        if let (Some(module), Some(block)) = (module, blocks.last_mut()) {
            block.push(module.to_owned());
        }
    }
    blocks
}

/// Modules of ours that a line of code names.
fn named(line: &str) -> Vec<&str> {
    let starts = line
        .match_indices("crate::")
        .map(|(at, word)| &line[at + word.len()..]);
    let names = starts.flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split(',').map(|part| part.trim()).collect(),
        None => vec![rest],
    });
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    names
        .filter_map(|name| name.split(|character| !is_name(character)).next())
        .collect()
}

fn direction(blocks: &[Vec<String>], source: &Source) -> Faults {
    let files = ["service.rs", "rules.rs", "store.rs", "import.rs", "jobs.rs"];
    let block_of = |module: &str| {
        blocks
            .iter()
            .position(|block| block.iter().any(|name| name == module))
    };
    let (Some(own), true) = (block_of(source.domain()), source.is_one_of(&files)) else {
        return Faults::new();
    };
    let mut faults = Faults::new();
    for (number, line) in source.code() {
        for name in named(line).into_iter().filter(|name| *name != source.domain()) {
            let advice = match block_of(name) {
                Some(other) if other > own => {
                    "it stands in a block below: turn the call round, or pass the value in"
                }
                Some(other) if other == own => {
                    "peers hold each other's ids and do not call each other: let a block below join them"
                }
                _ => continue,
            };
            faults.push(format!("{}:{number}: imports `{name}`: {advice}", source.path));
        }
    }
    faults
}

#[test]
fn domains_look_only_up() {
    let made_up = blocks(
        "// Ground\npub mod kernel;\n\n// Work\npub mod fees;\npub mod visits;\n\n// Outside\npub mod http;\n",
    );
    for (expected, text) in [
        (
            0,
            "use crate::kernel::op::Op;\nuse crate::fees::split;\nuse entity::visits::visit;",
        ),
        (1, "use crate::visits::service;"),
        (1, "    crate::http::router();"),
        (2, "use crate::{kernel, visits, http::router};"),
    ] {
        let found = direction(&made_up, &Source::made_up("api/src/fees/split/service.rs", text));
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }
    let lib = std::fs::read_to_string(root().join("api/src/lib.rs")).unwrap();
    let blocks = blocks(&lib);
    assert!(blocks.len() >= 3, "lib.rs has its blocks");
    holds(|source| direction(&blocks, source), &[]);
}

#[test]
fn nothing_panics_on_input() {
    let rule = |source: &Source| {
        if source.is_in(&["tests/"]) {
            return Faults::new();
        }
        let lines: Vec<(usize, &str)> = source.code().collect();
        let words = [
            ".unwrap()",
            ".expect(",
            "panic!",
            "todo!",
            "unimplemented!",
            "unreachable!",
        ];
        let is_reasoned = |index: usize| {
            let above = index.checked_sub(1).and_then(|above| lines.get(above));
            above.is_some_and(|(_, line)| line.contains("expect(clippy::expect_used, reason"))
        };
        let broken = lines.iter().enumerate().filter(|(index, (_, line))| {
            words.iter().any(|word| has_word(line, word)) && !is_reasoned(*index)
        });
        let advice =
            "return an `Error`; what cannot happen is `anyhow!`, and becomes INTERNAL for one request only";
        broken
            .map(|(_, (number, line))| format!("{}:{number}: `{}`: {advice}", source.path, line.trim()))
            .collect()
    };
    let broken = [
        ("api/src/fees/service.rs", "let fee = fees.first().unwrap();"),
        (
            "api/src/fees/service.rs",
            "let fee = fees.first()\n    .expect(\"a fee\");",
        ),
        ("entity/src/fees/fee.rs", "panic!(\"no fee\")"),
    ];
    holds(rule, &broken);
}

#[test]
fn files_are_short() {
    let rule = |source: &Source| {
        let lines = source.text.lines().count();
        if lines <= 500 {
            return Faults::new();
        }
        vec![format!(
            "{}: {lines} lines; make it a folder of files that each say one thing (at most 500)",
            source.path
        )]
    };
    holds(rule, &[("api/src/fees/service.rs", "\n".repeat(501).as_str())]);
}

#[test]
fn a_nullable_field_fails_alone() {
    let rule = |source: &Source| {
        if !source.is_one_of(&["graphql.rs", "types.rs"]) {
            return Faults::new();
        }
        let mut faults = source.lines_with(
            &["Result<Option"],
            "return `Option<Result<T, Error>>`: async-graphql 7.0.19 makes the other one null its parent (F0)",
        );
        faults.extend(source.lines_with(
            &["async_graphql::Result", "async_graphql::FieldResult"],
            "return `Result<_, kernel::error::Error>`: the other one ships any error's text to the client",
        ));
        faults
    };
    let broken = [
        (
            "api/src/fees/graphql.rs",
            "async fn fee(&self) -> Result<Option<Fee>, Error> {",
        ),
        (
            "api/src/fees/types.rs",
            "async fn fee(&self) -> async_graphql::Result<Fee> {",
        ),
    ];
    holds(rule, &broken);
}

#[test]
fn every_folder_has_a_front_page() {
    let rule = |source: &Source| {
        let is_front = source.name() == "mod.rs" || source.name() == "lib.rs" || source.name() == "main.rs";
        if !is_front || source.text.starts_with("//!") {
            return Faults::new();
        }
        vec![format!(
            "{}: begin with `//!`: what this is, its words in Chinese and English, what always holds",
            source.path
        )]
    };
    holds(rule, &[("api/src/fees/mod.rs", "pub mod service;\n//! Fees.")]);
}

#[test]
fn every_file_says_what_it_is() {
    let rule = |source: &Source| {
        if source.text.starts_with("//!") {
            return Faults::new();
        }
        vec![format!(
            "{}: begin with `//!` and one sentence that says what the file is",
            source.path
        )]
    };
    holds(rule, &[("api/src/fees/store.rs", "use entity::id::FeeId;")]);
}
