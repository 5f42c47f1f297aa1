//! Failing to sign in slows down and shuts nobody out.

use crate::support::App;
use crate::support::app::SECRET;
use crate::support::tree::*;
use chrono::TimeDelta;
use serde_json::{Value, json};

const OFFICE: &str = "192.0.2.10";
const ELSEWHERE: &str = "198.51.100.7";

/// `in`, `wrong`, or the seconds to wait.
async fn log_in(app: &App, username: &str, password: &str) -> String {
    let input = json!({"input": {"username": username, "password": password}});
    let body = app.anonymous().gql(crate::support::accounts::LOGIN, input).await;
    match &body["errors"][0]["extensions"] {
        Value::Null if body["data"]["login"]["accessToken"].is_string() => "in".to_owned(),
        Value::Null => "wrong".to_owned(),
        late => late["retryAfter"].to_string(),
    }
}

both! {
    async fn each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        for _ in 0..10 {
            assert_eq!(log_in(&app, "office", "wrong").await, "wrong");
        }

        let mut waits = Vec::new();
        for _ in 0..10 {
            let wait = log_in(&app, "office", SECRET).await;
            app.advance(TimeDelta::seconds(wait.parse().unwrap()));
            waits.push(wait);
            assert_eq!(log_in(&app, "office", "wrong").await, "wrong");
        }
        let neighbour = log_in(&app, "nobody", "wrong").await;
        app.advance(TimeDelta::minutes(15));
        let owner = log_in(&app, "office", SECRET).await;
        let afterwards = log_in(&app, "office", "wrong").await;

        assert_eq!(waits, ["6", "12", "24", "48", "96", "192", "384", "768", "900", "900"]);
        assert_eq!([neighbour, owner, afterwards], ["wrong", "in", "wrong"]);
    }

    async fn whoever_guesses_from_elsewhere_does_not_keep_the_owner_out(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let (office, elsewhere) = (app.from(OFFICE), app.from(ELSEWHERE));
        assert_eq!(log_in(&office, "office", SECRET).await, "in");

        // So many that the account's own bucket is empty, from many addresses.
        for last in 1..=3 {
            let guesser = app.from(&format!("198.51.100.{last}"));
            for _ in 0..4 {
                log_in(&guesser, "office", "guess").await;
            }
        }

        let fresh = log_in(&elsewhere, "office", SECRET).await;
        assert!(fresh.parse::<u64>().is_ok_and(|seconds| seconds <= 6), "{fresh}");
        assert_eq!(log_in(&office, "office", SECRET).await, "in");
        // What did not count as a try makes nobody wait longer.
        app.advance(TimeDelta::minutes(1));
        assert_eq!(log_in(&elsewhere, "office", SECRET).await, "in");
    }

    async fn an_address_is_known_for_a_month(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let office = app.from(OFFICE);
        assert_eq!(log_in(&office, "office", SECRET).await, "in");
        let guess = async || {
            for last in 1..=10 {
                log_in(&app.from(&format!("198.51.100.{last}")), "office", "guess").await;
            }
        };

        app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
        guess().await;
        let last_second = log_in(&office, "office", "wrong").await;
        app.advance(TimeDelta::minutes(5));
        guess().await;
        let afterwards = log_in(&office, "office", SECRET).await;

        assert_eq!([last_second, afterwards], ["wrong", "6"]);
    }

    async fn one_address_fails_a_hundred_times_whatever_it_tries(app: App) {
        let office = app.from(OFFICE);
        for number in 0..100 {
            assert_eq!(log_in(&office, &format!("name{number}"), "").await, "wrong");
        }

        assert_eq!(log_in(&office, "one.more", "").await, "1");
        assert_eq!(log_in(&app.from(ELSEWHERE), "one.more", "").await, "wrong");
    }
}
