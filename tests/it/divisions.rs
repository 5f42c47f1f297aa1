//! Taking over lists of administrative divisions: the real one as it is shipped, newer ones, and files that are none.

use crate::support::App;
use crate::support::tree::*;
use api::kernel::error::Error;
use api::kernel::tree::Node;
use api::org::federation::import::{Imported, import};
use entity::org::federation::Level;
use flate2::read::GzDecoder;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const REAL: &[u8] = include_bytes!("../../api/data/divisions.csv.gz");

async fn take_over(app: &App, list: &str) -> Result<Imported, Error> {
    import(&app.operator(), list.as_bytes()).await
}

/// The list of every test's database without some lines, with others.
fn list(without: &[&str], with: &[&str]) -> String {
    let kept = LIST
        .lines()
        .filter(|line| !without.iter().any(|code| line.starts_with(code)));
    kept.chain(with.iter().copied()).collect::<Vec<_>>().join("\n")
}

fn nothing(rows: usize) -> Imported {
    Imported {
        rows,
        added: 0,
        renamed: 0,
        retired: 0,
        revived: 0,
    }
}

async fn count(app: &App, table: &str) -> i64 {
    let db = &app.process.db;
    let sql = format!("SELECT COUNT(*) AS total FROM {table}");
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    row.unwrap().try_get("", "total").unwrap()
}

const NAMED: &str =
    "query($code: DivisionCode) { federation(code: $code) { id name level retiredOn parent { name } } }";

async fn named(app: &App, code: &str) -> Value {
    let leader = app.person("LEADER", HUNAN).await;
    leader.data(NAMED, json!({"code": code})).await["federation"].take()
}

both! {
    async fn the_real_list_becomes_the_country_and_a_second_run_changes_nothing(app: App) {
        let here = app.federation(XIANGXIANG);

        let imported = import(&app.operator(), GzDecoder::new(REAL)).await.unwrap();
        let again = import(&app.operator(), GzDecoder::new(REAL)).await.unwrap();

        assert_eq!(imported, Imported { added: 44_703 - 52, ..nothing(44_703) });
        assert_eq!(again, nothing(44_703));
        let tree = app.process.tree();
        assert_eq!(tree.len(), 44_703);
        let total = |level| tree.nodes().iter().filter(|node| node.level == level).count();
        assert_eq!([Level::Province, Level::City, Level::County, Level::Township].map(total), [31, 342, 2_978, 41_352]);
        assert_eq!(tree.tops().count(), 31);
        let at_two_levels = ["441900000000", "442000000000", "460400000000", "350527000000"];
        for code in at_two_levels {
            let levels = [Level::City, Level::County, Level::Township];
            assert_eq!(levels.iter().filter(|level| tree.by_code(code, Some(**level)).is_some()).count(), 2, "{code}");
        }
        // What was there keeps its identity, and a whole city's towns hang under its county of the same code.
        assert_eq!(app.federation(XIANGXIANG), here);
        let dongguan = tree.by_code(DONGGUAN, Some(Level::County)).unwrap();
        assert_eq!(tree.count_below(dongguan, Level::Township), 36);
        let above = |node: &Node| tree.ancestors(node).map(|above| above.level).collect::<Vec<_>>();
        let all = [Level::County, Level::City, Level::Province];
        assert!(tree.nodes().iter().all(|node| above(node) == all[3 - above(node).len()..]));
        let stand_ins = tree.nodes().iter().filter(|node| node.is_stand_in);
        assert!(stand_ins.clone().all(|node| node.level == Level::City));
        assert_eq!(stand_ins.count(), 9);
    }

    async fn the_same_list_again_changes_nothing_and_says_nothing(app: App) {
        let (events, version) = (count(&app, "event").await, app.process.tree().version);

        let again = take_over(&app, LIST).await.unwrap();

        assert_eq!(again, nothing(52));
        assert_eq!(count(&app, "event").await, events);
        assert_eq!(app.process.tree().version, version);
    }

    async fn a_newer_list_adds_renames_retires_and_revives_without_breaking_history(app: App) {
        let (renamed, retired) = (named(&app, WANGCHUNMEN).await, named(&app, XINXIANGLU).await);

        let newer = list(
            &[WANGCHUNMEN, XINXIANGLU],
            &["430381001000,TOWNSHIP,望春街道", "430381300000,TOWNSHIP,新设镇"],
        );
        let changed = take_over(&app, &newer).await.unwrap();
        let after = [
            named(&app, WANGCHUNMEN).await,
            named(&app, XINXIANGLU).await,
            named(&app, "430381300000").await,
        ];
        let back = take_over(&app, LIST).await.unwrap();

        assert_eq!(changed, Imported { added: 1, renamed: 1, retired: 1, ..nothing(52) });
        assert_eq!(after[0]["name"], "望春街道总工会");
        assert_eq!(after[0]["id"], renamed["id"]);
        assert_eq!(after[1]["retiredOn"], "2026-06-20");
        assert_eq!(after[1]["id"], retired["id"]);
        assert_eq!(after[2]["parent"]["name"], "湘乡市总工会");
        assert_eq!(back, Imported { renamed: 1, retired: 1, revived: 1, ..nothing(52) });
        assert_eq!(named(&app, WANGCHUNMEN).await, renamed);
        assert_eq!(named(&app, XINXIANGLU).await, retired);
        assert_eq!(named(&app, "430381300000").await["retiredOn"], "2026-06-20");
    }

    async fn what_was_founded_by_hand_no_list_retires(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let query = "mutation($input: FoundFederation!) { foundFederation(input: $input) { federation { id } userErrors { code field } } }";
        let park = json!({"parentId": app.gid(XIANGXIANG), "level": "TOWNSHIP", "kind": "PARK", "name": "经开区工会"});
        let id = cadre.done(query, park).await["federation"]["id"].clone();

        let again = take_over(&app, LIST).await.unwrap();

        assert_eq!(again, nothing(52));
        let query = "query($id: ID) { federation(id: $id) { retiredOn } }";
        assert_eq!(cadre.data(query, json!({"id": id})).await["federation"], json!({"retiredOn": null}));
    }

    async fn a_file_that_is_no_list_is_refused_with_its_line_and_nothing_is_written(app: App) {
        let (rows, events) = (count(&app, "federation").await, count(&app, "event").await);
        let header = "code,level,name";
        for (list, expected) in [
            ("".to_owned(), "Not a CSV list"),
            ("name,level,code\n湖南省,PROVINCE,430000000000".to_owned(), "Not a CSV list"),
            (format!("{header}\n430000000000,PROVINCE"), "line 2: Not a CSV list"),
            (format!("{header}\n430000000000,STATE,湖南省"), "line 2.level: The level is"),
            (format!("{header}\n430000000000,PROVINCE,湖南省\n4303,CITY,湘潭市"), "line 3.code: A division code has 12"),
            (format!("{header}\n430000000000,PROVINCE, "), "line 2.name: A division has a name"),
            (list(&[], &["430381001000,TOWNSHIP,望春门街道"]), "line 54.code: The list has this level and code twice"),
            (list(&[], &["990000000000,CITY,无省市"]), "line 54.code: The list has no division above"),
            (list(&[], &["430381001001,TOWNSHIP,某社区"]), "line 54.code: The code has digits below"),
            (format!("{header}\n\u{0}\u{1}PK\u{3}\u{4}"), "line 2: Not a CSV list"),
        ] {
            let Err(refused) = take_over(&app, &list).await else { panic!("taken over: {list}") };
            assert!(refused.report().starts_with(expected), "{}: {expected}", refused.report());
        }
        let Err(refused) = import(&app.operator(), &b"code,level,name\n430000000000,PROVINCE,\xba\xfe\xc4\xcf"[..]).await else {
            panic!("bytes that are no UTF-8 are taken over")
        };
        assert!(refused.report().starts_with("line 2"), "{}", refused.report());
        assert_eq!(count(&app, "federation").await, rows);
        assert_eq!(count(&app, "event").await, events);
    }
}
