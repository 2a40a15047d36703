//! Two installations in network namespaces of their own, with a real link between them that is cut, loses one
//! way, delays, reorders and doubles packets, while a side is killed (Art. 3, 20, 23). Where the machine does
//! not allow namespaces, the test says so and is done; other clocks are tried in the simulation of `regions`.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kernel::actor::Role;
use kernel::db::Limits;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::actor;
use kernel::time::Utc;
use regions::service::{incidents, trust};
use yikatong::command::Place;

use crate::crash;
use crate::support::Folder;

const PORT: u16 = 8500;

fn run(words: &str) -> Result<(), String> {
    let mut words = words.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    let done = command.args(words).stdin(Stdio::null()).output();
    let done = done.map_err(|error| error.to_string())?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
    }
}

/// A bridge here, and two namespaces with a cable each to it.
struct Net {
    number: u8,
}

impl Net {
    fn new() -> Result<Self, String> {
        let net = Self { number: (std::process::id() % 250) as u8 };
        let bridge = net.bridge();
        run(&format!("ip link add {bridge} type bridge"))?;
        run(&format!("ip addr add 10.231.{}.254/24 dev {bridge}", net.number))?;
        run(&format!("ip link set {bridge} up"))?;
        for side in [1, 2] {
            let (name, cable) = (net.name(side), net.cable(side));
            run(&format!("ip netns add {name}"))?;
            run(&format!("ip link add {cable} type veth peer name eth0 netns {name}"))?;
            run(&format!("ip link set {cable} master {bridge} up"))?;
            net.inside(side, &format!("ip addr add {}/24 dev eth0", net.address(side)))?;
            net.inside(side, "ip link set lo up")?;
            net.inside(side, "ip link set eth0 up")?;
        }
        Ok(net)
    }

    fn bridge(&self) -> String {
        format!("yktbr{}", self.number)
    }

    fn name(&self, side: u8) -> String {
        format!("ykt-{}-{side}", std::process::id())
    }

    fn cable(&self, side: u8) -> String {
        format!("ykt{}v{side}", self.number)
    }

    fn address(&self, side: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 231, self.number, side)
    }

    fn inside(&self, side: u8, words: &str) -> Result<(), String> {
        run(&format!("ip netns exec {} {words}", self.name(side)))
    }

    /// What a side says to the other goes to nobody, and what it hears arrives: one way is lost.
    fn lose(&self, side: u8) {
        let other = self.address(3 - side);
        let nobody =
            format!("ip neigh replace {other} lladdr 02:00:00:00:00:99 dev eth0 nud permanent");
        self.inside(side, &nobody).expect("a neighbour can be set");
    }

    /// The way is whole again.
    fn find(&self, side: u8) {
        let other = self.address(3 - side);
        self.inside(side, &format!("ip neigh del {other} dev eth0")).expect("and forgotten");
    }

    /// The weather on what a side sends; the kernel may not have it.
    fn weather(&self, side: u8, netem: &str) -> bool {
        let _ = self.inside(side, "tc qdisc del dev eth0 root");
        match netem {
            "" => true,
            netem => {
                match self.inside(side, &format!("tc qdisc add dev eth0 root netem {netem}")) {
                    Ok(()) => true,
                    Err(why) => {
                        eprintln!("skipped: {netem}: this kernel has no netem ({why})");
                        false
                    }
                }
            }
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for side in [1, 2] {
            let _ = run(&format!("ip netns del {}", self.name(side)));
            let _ = run(&format!("ip link del {}", self.cable(side)));
        }
        let _ = run(&format!("ip link del {}", self.bridge()));
    }
}

struct Side {
    place: Place,
    app: App,
    process: Child,
    told: usize,
}

fn start(net: &Net, side: u8, place: &Place) -> Child {
    let address = SocketAddr::from((net.address(side), PORT));
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &net.name(side), env!("CARGO_BIN_EXE_yikatong"), "serve"]);
    command.arg(format!("--listen={address}")).arg("--data").arg(&place.data);
    command.arg(format!("--issuer={}", yikatong::demo::ISSUER));
    command.arg(format!("--region={}", place.region));
    for name in ["DATA", "DATABASE_URL", "LISTEN", "REGION", "ISSUER"] {
        command.env_remove(format!("YIKATONG_{name}"));
    }
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = quiet.spawn().expect("it starts");
    let began = Instant::now();
    while TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(120), "it does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    process
}

impl Side {
    async fn new(net: &Net, side: u8, region: &str, folder: &Path) -> Self {
        let data = folder.join(region);
        let place = Place { data, database_url: None, region: region.to_owned() };
        let process = start(net, side, &place);
        let (db, keys) = (place.open(&Limits::default()), place.keys());
        let (db, keys) = (db.expect("its database"), keys.expect("its keys"));
        let app = yikatong::serve::tool_platform(db, keys, &place).await.expect("a platform");
        let now = Utc::now().seconds();
        let own = trust::Own {
            name: format!("地区 {region}"),
            endpoint: format!("http://{}:{PORT}", net.address(side)),
            contact: "12333".to_owned(),
            serial: 1,
            valid_from: now - 60,
            valid_until: now + 86_400,
            key: 1,
        };
        let text = serde_json::to_string(&own).expect("plain data");
        std::fs::write(place.data.join("region.json"), text).expect("written");
        Self { place, app, process, told: 0 }
    }

    async fn tell(&mut self, times: usize) {
        for _ in 0..times {
            self.told += 1;
            let title = format!("{} 第 {} 件", self.place.region, self.told);
            let officer = actor(Role::MunicipalOfficer);
            incidents::tell(&self.app, &officer, &title, "情况").await.expect("recorded here");
        }
    }

    async fn number(&self, sql: &'static str) -> i64 {
        let read = self.app.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?));
        read.await.expect("a number")
    }

    async fn waiting(&self) -> i64 {
        self.number(
            "SELECT COUNT(*) FROM region_outbox WHERE result = '' AND kind = 'incident.told'",
        )
        .await
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn all_arrive(here: &Side, there: &Side, what: &str) {
    let began = Instant::now();
    while here.waiting().await + there.waiting().await > 0 {
        assert!(began.elapsed() < Duration::from_secs(90), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_namespaces_with_a_real_link_lose_nothing_whatever_it_does() {
    let net = match Net::new() {
        Ok(net) => net,
        Err(why) => {
            eprintln!("skipped: no network namespaces here: {why}");
            return;
        }
    };
    let folder = Folder::new("namespaces");
    let mut here = Side::new(&net, 1, "500000", folder.path()).await;
    let mut there = Side::new(&net, 2, "510000", folder.path()).await;
    crate::recognition::believe(&here.app, &there.app).await;
    crate::recognition::believe(&there.app, &here.app).await;
    here.tell(1).await;
    there.tell(1).await;
    all_arrive(&here, &there, "the first ones").await;

    // A partition: the cable is out.
    net.inside(1, "ip link set eth0 down").expect("down");
    here.tell(8).await;
    there.tell(8).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((here.waiting().await, there.waiting().await), (8, 8));
    net.inside(1, "ip link set eth0 up").expect("up");

    // One way only: what this side says is lost.
    all_arrive(&here, &there, "after the partition").await;
    net.lose(2);
    here.tell(2).await;
    there.tell(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((here.waiting().await, there.waiting().await), (2, 2), "nothing is delivered");
    net.find(2);
    // Late, lost, doubled, overtaken; and a side dies in it.
    let bad = "delay 40ms 30ms loss 5% duplicate 10% reorder 25%";
    net.weather(1, bad);
    net.weather(2, bad);
    here.tell(4).await;
    there.kill();
    there.tell(2).await;
    there.process = start(&net, 2, &there.place);
    net.weather(1, "");
    net.weather(2, "");
    all_arrive(&here, &there, "all of it").await;

    for (side, other) in [(&here, &there), (&there, &here)] {
        let incidents = side.number("SELECT COUNT(*) FROM region_incident").await;
        assert_eq!(incidents as usize, side.told + other.told, "each once");
        let came = side.number("SELECT COUNT(*) FROM region_inbox").await;
        let kept = "SELECT COUNT(*) FROM journal_entry WHERE act = 'region.received'";
        assert_eq!(side.number(kept).await, came, "each is journalled once");
        assert_eq!(side.number("SELECT COUNT(*) FROM region_alarm").await, 0, "no attack");
        crash::journal_holds(&side.place, 0);
    }
}
