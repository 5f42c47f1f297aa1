//! `serve --demo`: the country's divisions, a county with its enterprises, unions, visits and fees, and eight callers.
//!
//! The demo is a client like any other: what it records goes through the GraphQL API as the callers that it prints,
//! so it cannot show what the product cannot do. Every step may run again: a start that was cut short is finished by
//! the next one. Enterprises are those of a made-up register; nobody in it exists.

use crate::accounts::account::service::{self, NewAccount};
use crate::accounts::session::store;
use crate::http::engine::Engine;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op};
use crate::org::federation::import;
use crate::people::id_number::check_character;
use crate::policy::Role;
use crate::scalars::yuan;
use crate::schema;
use chrono::{Days, NaiveDate};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// The country's divisions (省、市、县、乡镇), compressed.
const DIVISIONS: &[u8] = include_bytes!("../data/divisions.csv.gz");
/// The enterprises of 湘乡市.
const ENTERPRISES: &str = include_str!("../data/demo_enterprises.csv");
/// 湘乡市.
const COUNTY: &str = "430381000000";

/// A caller of the demo.
struct Caller {
    username: &'static str,
    display_name: &'static str,
    role: &'static str,
    federation: &'static str,
}

/// A phone, an office and its superior's, finance, an auditor, a leader, and two machines.
const CALLERS: [Caller; 8] = [
    Caller {
        username: "demo.phone",
        display_name: "月山镇走访员",
        role: "CADRE",
        federation: "430381110000",
    },
    Caller {
        username: "demo.office",
        display_name: "湘乡市总工会办公室",
        role: "CADRE",
        federation: COUNTY,
    },
    Caller {
        username: "demo.city",
        display_name: "湘潭市总工会办公室",
        role: "CADRE",
        federation: "430300000000",
    },
    Caller {
        username: "demo.finance",
        display_name: "湘乡市总工会财务部",
        role: "FINANCE",
        federation: COUNTY,
    },
    Caller {
        username: "demo.auditor",
        display_name: "湘乡市总工会经审委",
        role: "AUDITOR",
        federation: COUNTY,
    },
    Caller {
        username: "demo.leader",
        display_name: "湖南省总工会领导",
        role: "LEADER",
        federation: "430000000000",
    },
    Caller {
        username: "demo.tax",
        display_name: "湘乡市税务局",
        role: "TAX_BUREAU",
        federation: COUNTY,
    },
    Caller {
        username: "demo.report",
        display_name: "湖南省总工会报表",
        role: "REPORTING",
        federation: "430000000000",
    },
];

/// People of the demo, and where.
const PEOPLE: [(&str, &str); 4] = [
    ("王小明", "430381110000"),
    ("李四", "430381110000"),
    ("欧阳志远", "430381001000"),
    ("阿卜杜拉·买买提", "430381001000"),
];

impl Caller {
    fn role(&self) -> Result<Role, Error> {
        Role::named(self.role).ok_or_else(|| anyhow::anyhow!("the demo has no role {}", self.role).into())
    }

    /// The same at every start, another in every installation, and written down nowhere.
    fn secret(&self, app: &App) -> String {
        app.keys
            .mac(format!("demo secret of {}", self.username).as_bytes())
            .chars()
            .take(20)
            .collect()
    }
}

/// The callers as JSON lines; refused where no demo was made.
pub async fn logins(app: &App) -> Result<Vec<String>, Error> {
    for caller in &CALLERS {
        if store::actor_named(app, caller.username).await.is_err() {
            return Err(
                anyhow::anyhow!("this database holds no demo: run `gonghui serve --demo` first").into(),
            );
        }
    }
    let line = |caller: &Caller| {
        let (name, secret) = if caller.role()?.is_for_machines() {
            ("clientId", "clientSecret")
        } else {
            ("username", "password")
        };
        let Caller {
            role,
            federation,
            username,
            ..
        } = caller;
        let secret_of_it = caller.secret(app);
        Ok(json!({"role": role, "federation": federation, name: username, secret: secret_of_it}).to_string())
    };
    CALLERS.iter().map(line).collect()
}

/// Fills the database, as far as it is not filled already.
pub async fn fill(app: &Arc<App>) -> Result<(), Error> {
    let op = Op::new(app, Actor::System);
    import::import(&op, GzDecoder::new(DIVISIONS)).await?;
    for caller in &CALLERS {
        add(app, caller).await?;
    }
    let today = op.today();
    let demo = Demo {
        engine: Engine::new(Arc::clone(app), Arc::default(), schema::build())?,
        today,
    };
    if demo.is_filled().await? {
        return Ok(());
    }
    let enterprises = demo.enterprises().await?;
    demo.trade_unions(&enterprises).await?;
    demo.people().await?;
    demo.visits(&enterprises).await?;
    demo.collections(&enterprises).await?;
    crate::worker::settle(app).await.map(drop)
}

async fn add(app: &Arc<App>, caller: &Caller) -> Result<(), Error> {
    let tree = app.tree();
    let node = tree.by_code(caller.federation, None);
    let node = node.ok_or_else(|| anyhow::anyhow!("the list has no division {}", caller.federation))?;
    let new = NewAccount {
        username: caller.username.to_owned(),
        display_name: caller.display_name.to_owned(),
        secret: caller.secret(app),
        role: caller.role()?,
        federation_id: node.id,
    };
    match service::add(&Op::new(app, Actor::System), new).await {
        Ok(_) | Err(Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

struct Demo {
    engine: Engine,
    today: NaiveDate,
}

/// A row of the register.
struct Enterprise {
    id: String,
    uscc: String,
    name: String,
    township: String,
    federation_id: String,
    ownership: String,
    employees: i64,
}

/// An id that is the same at every start.
fn id_of(what: &str, number: usize) -> Uuid {
    let digest = crate::kernel::keys::sha256(format!("{what} {number}").as_bytes());
    Uuid::parse_str(digest.get(..32).unwrap_or_default()).unwrap_or_default()
}

impl Demo {
    /// Runs one document as a caller.
    async fn run(&self, username: &str, document: &str, variables: Value) -> Result<Value, Error> {
        let actor = store::actor_named(&self.engine.app, username).await?;
        let data = self.engine.ask(actor, document, variables).await?;
        let payloads = data.as_object().into_iter().flat_map(|data| data.values());
        let mut errors = payloads
            .filter_map(|payload| payload.get("userErrors")?.as_array())
            .flatten();
        // A CONFLICT means that an earlier start, cut short, has done this already.
        match errors.find(|error| error.get("code").is_some_and(|code| code != "CONFLICT")) {
            None => Ok(data),
            Some(refused) => Err(anyhow::anyhow!("the demo's request was refused: {refused}").into()),
        }
    }

    /// Collections are the last thing that is recorded.
    async fn is_filled(&self) -> Result<bool, Error> {
        let document = "query($code: DivisionCode!, $from: Date!) { federation(code: $code) { figures(metrics: \
                        [\"fees_collected\"], from: $from) { value } } }";
        let from = self.ago(400);
        let found = self
            .run("demo.finance", document, json!({"code": COUNTY, "from": from}))
            .await?;
        Ok(found
            .pointer("/federation/figures/0/value")
            .is_some_and(|value| value != "0.00"))
    }

    fn ago(&self, days: u64) -> NaiveDate {
        self.today.checked_sub_days(Days::new(days)).unwrap_or(self.today)
    }

    async fn enterprises(&self) -> Result<Vec<Enterprise>, Error> {
        let tree = self.engine.app.tree();
        let mut enterprises = Vec::new();
        for (number, row) in csv::Reader::from_reader(ENTERPRISES.as_bytes())
            .into_records()
            .enumerate()
        {
            let row = row.map_err(anyhow::Error::from)?;
            let cell = |column: usize| row.get(column).unwrap_or_default().to_owned();
            let township = cell(2);
            let node = tree.by_code(&township, None);
            let node = node.ok_or_else(|| anyhow::anyhow!("the list has no division {township}"))?;
            let federation_id = node.id.gid().to_string();
            let input = json!({
                "federationId": federation_id, "uscc": cell(0), "name": cell(1), "ownership": cell(3).to_uppercase(),
                "industry": cell(4), "employees": cell(5).parse::<i32>().unwrap_or_default(),
                "registeredOn": self.ago(900 - 4 * u64::try_from(number).unwrap_or_default().min(200)),
                "location": {"latitude": format!("27.{:04}", 7000 + number * 7), "longitude": format!("112.{:04}", 4000 + number * 11)},
            });
            let register = "mutation($input: RegisterEnterprise!) { registerEnterprise(input: $input) { \
                            userErrors { code message } } }";
            self.run("demo.office", register, json!({"input": input})).await?;
            let found = "query($uscc: Uscc!) { enterprise(uscc: $uscc) { id } }";
            let found = self.run("demo.office", found, json!({"uscc": cell(0)})).await?;
            let id = found
                .pointer("/enterprise/id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            enterprises.push(Enterprise {
                id,
                uscc: cell(0),
                name: cell(1),
                township,
                federation_id,
                ownership: cell(3).to_uppercase(),
                employees: cell(5).parse().unwrap_or_default(),
            });
        }
        Ok(enterprises)
    }

    /// Every larger enterprise has its own union, every third smaller one is reached by the joint union of its town.
    async fn trade_unions(&self, enterprises: &[Enterprise]) -> Result<(), Error> {
        for (number, enterprise) in enterprises.iter().enumerate() {
            let is_large = enterprise.employees >= 200;
            if !is_large && number % 3 != 0 {
                continue;
            }
            let host = match enterprise.ownership.as_str() {
                "STATE" => "STATE_OWNED",
                other => other,
            };
            let (name, form, host_kind) = if is_large {
                (format!("{}工会委员会", enterprise.name), "SINGLE", host)
            } else {
                (
                    format!("{}联合工会委员会", self.town(&enterprise.township)),
                    "JOINT",
                    "MIXED",
                )
            };
            let input = json!({
                "federationId": enterprise.federation_id, "name": name, "form": form, "position": "TERRITORIAL",
                "hostKind": host_kind, "workerGroup": "GENERAL", "foundedOn": self.ago(300),
            });
            let id = self.found(&enterprise.township, &name, input).await?;
            let cover = "mutation($input: CoverEnterprise!) { coverEnterprise(input: $input) { userErrors { code message } } }";
            let days = 290 - u64::try_from(number).unwrap_or_default().min(200);
            let input = json!({"tradeUnionId": id, "enterpriseId": enterprise.id, "from": self.ago(days)});
            self.run("demo.office", cover, json!({"input": input})).await?;
        }
        Ok(())
    }

    /// The union of a name at a township: founded now, or by an earlier start.
    async fn found(&self, township: &str, name: &str, input: Value) -> Result<Value, Error> {
        let found = "mutation($input: FoundTradeUnion!) { foundTradeUnion(input: $input) { tradeUnion { id } \
                     userErrors { code message } } }";
        let founded = self.run("demo.office", found, json!({"input": input})).await?;
        if let Some(id) = founded.pointer("/foundTradeUnion/tradeUnion/id") {
            return Ok(id.clone());
        }
        let known = "query($code: DivisionCode!) { federation(code: $code) { tradeUnions(first: 100) { nodes { id name } } } }";
        let known = self.run("demo.office", known, json!({"code": township})).await?;
        let nodes = known
            .pointer("/federation/tradeUnions/nodes")
            .and_then(Value::as_array);
        let same = nodes
            .into_iter()
            .flatten()
            .find(|node| node.get("name").is_some_and(|known| known == name));
        Ok(same.and_then(|node| node.get("id")).cloned().unwrap_or_default())
    }

    /// A few people who cannot be anybody: they were born in the 1880s. The office looks at one of them.
    async fn people(&self) -> Result<(), Error> {
        let register = "mutation($input: RegisterPerson!) { registerPerson(input: $input) { person { id } userErrors { code message } } }";
        let reveal =
            "mutation($input: RevealPerson!) { revealPerson(input: $input) { userErrors { code message } } }";
        let tree = self.engine.app.tree();
        for (number, (name, township)) in PEOPLE.iter().enumerate() {
            let node = tree.by_code(township, None);
            let node = node.ok_or_else(|| anyhow::anyhow!("the list has no division {township}"))?;
            let first = format!("43038118{:02}0301{:03}", 81 + number, 10 + number);
            let check = check_character(&first).unwrap_or_default();
            let input = json!({
                "federationId": node.id.gid().to_string(), "name": name, "idType": "RESIDENT_ID",
                "idNumber": format!("{first}{check}"), "phone": format!("1380000{number:04}"),
                "basis": {"purpose": "MEMBERSHIP", "basis": "CONSENT", "noticeVersion": "demo-1", "from": self.ago(200)},
            });
            let done = self.run("demo.office", register, json!({"input": input})).await?;
            let id = done.pointer("/registerPerson/person/id").filter(|_| number == 0);
            if let Some(id) = id {
                let input = json!({"id": id, "fields": ["PHONE"], "purpose": "MEMBERSHIP", "reason": "通知本人领取会员证（演示）"});
                self.run("demo.office", reveal, json!({"input": input})).await?;
            }
        }
        Ok(())
    }

    fn town(&self, code: &str) -> String {
        let tree = self.engine.app.tree();
        tree.by_code(code, None)
            .map(|node| node.name.to_string())
            .unwrap_or_default()
    }

    async fn visits(&self, enterprises: &[Enterprise]) -> Result<(), Error> {
        let record =
            "mutation($input: RecordVisit!) { recordVisit(input: $input) { userErrors { code message } } }";
        let purposes = ["CANVASS", "LABOUR_CONTRACT", "SAFETY", "SUPERVISION"];
        for (number, (enterprise, purpose)) in enterprises.iter().zip(purposes.iter().cycle()).enumerate() {
            if number % 2 == 1 {
                continue;
            }
            let day = self.ago(u64::try_from(number).unwrap_or_default() + 1);
            let findings = match *purpose {
                "SAFETY" => {
                    json!([{"severity": "MINOR", "description": "灭火器已过检验期", "dueOn": self.today}])
                }
                _ => json!([]),
            };
            let is_own = enterprise.township == "430381110000";
            let input = json!({
                "id": id_of("demo visit", number), "enterpriseId": enterprise.id, "purpose": purpose,
                "startedAt": format!("{day}T09:30:00+08:00"), "endedAt": format!("{day}T10:15:00+08:00"),
                "notes": "了解职工人数、劳动合同签订和工会组建意向。", "findings": findings,
            });
            let caller = if is_own { "demo.phone" } else { "demo.office" };
            self.run(caller, record, json!({"input": input})).await?;
        }
        Ok(())
    }

    /// A quarter's fees of every enterprise, in one delivery.
    async fn collections(&self, enterprises: &[Enterprise]) -> Result<(), Error> {
        let line = |(number, enterprise): (usize, &Enterprise)| {
            let wages = enterprise.employees * 1_800_000;
            let due = yuan(wages / 50);
            json!({
                "voucherId": id_of("demo voucher", number).simple().to_string(), "lineNo": 1,
                "taxRegistrationNo": format!("{:020}", 4_303_810_000_000 + number), "uscc": enterprise.uscc,
                "payerName": enterprise.name, "itemCode": "399001010", "periodFrom": self.ago(120),
                "periodTo": self.ago(31), "wages": yuan(wages), "rate": "0.02", "payable": due, "relief": "0.00",
                "paid": "0.00", "due": due, "enteredOn": self.ago(20), "treasuryCode": "1803810000",
                "taxOffice": "14303810000", "township": enterprise.township,
            })
        };
        let lines: Vec<Value> = enterprises.iter().enumerate().map(line).collect();
        let submit = "mutation($input: SubmitCollections!) { submitCollections(input: $input) { results { status } } }";
        self.run("demo.tax", submit, json!({"input": {"lines": lines}}))
            .await?;
        Ok(())
    }
}
