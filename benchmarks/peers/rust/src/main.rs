// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

//! The benchmark's peer on reqwest and tokio: a task a connection, on one thread.

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderValue, ACCEPT, AUTHORIZATION};
use reqwest::{Certificate, Client};
use serde::Deserialize;
use serde_json::{json, Map, Value};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Deserialize)]
struct Cluster {
    #[serde(rename = "NAME")]
    name: String,
    #[serde(rename = "REGION_NAME")]
    region_name: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Named {
    key: String,
    name: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Prefix {
    key: String,
    prefix: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Version {
    id: i64,
    version: i64,
    stage: Option<String>,
    model_deployment: Named,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Model {
    id: i64,
    name: String,
    model_prefix: Prefix,
    model_versions: Vec<Version>,
}

struct Command {
    url: String,
    ca_file: Option<String>,
    work: String,
    connections: usize,
    seconds: f64,
    exchanges: usize,
}

fn read_command() -> Result<Command, Failure> {
    let mut c = Command {
        url: String::new(),
        ca_file: None,
        work: "exchange".into(),
        connections: 1,
        seconds: 1.0,
        exchanges: 0,
    };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--url" => c.url = value,
            "--ca" => c.ca_file = Some(value),
            "--work" => c.work = value,
            "--connections" => c.connections = value.parse()?,
            "--seconds" => c.seconds = value.parse()?,
            "--exchanges" => c.exchanges = value.parse()?,
            _ => return Err(format!("there is no option {name}").into()),
        }
    }
    Ok(c)
}

fn make_client(c: &Command) -> Result<Client, Failure> {
    let mut fields = HeaderMap::new();
    fields.insert(ACCEPT, HeaderValue::from_static("application/json"));
    fields.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", "a".repeat(300)))?);
    let mut builder = Client::builder()
        .user_agent("benchmark/1.0")
        .default_headers(fields)
        .timeout(Duration::from_secs(30))
        .tcp_nodelay(true)
        .http1_only()
        .pool_max_idle_per_host(c.connections)
        .no_proxy();
    if let Some(file) = &c.ca_file {
        builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(file)?)?);
    }
    Ok(builder.build()?)
}

async fn get(client: &Client, url: &str) -> Result<impl AsRef<[u8]>, Failure> {
    Ok(client.get(url).send().await?.error_for_status()?.bytes().await?)
}

async fn exchange(client: &Client, url: &str) -> Result<usize, Failure> {
    let found: Cluster = serde_json::from_slice(get(client, url).await?.as_ref())?;
    if found.region_name != "benchmark" || !found.name.starts_with("eyJ") {
        return Err("a wrong answer".into());
    }
    Ok(0)
}

async fn list(client: &Client, url: &str) -> Result<usize, Failure> {
    let models: Vec<Model> = serde_json::from_slice(get(client, url).await?.as_ref())?;
    Ok(models.len())
}

/// How much each connection does: so many, or as many as begin before a time.
#[derive(Clone, Copy)]
enum Quota {
    Each(usize),
    Until(Instant),
}

impl Quota {
    fn goes_on(&self, done: usize) -> bool {
        match self {
            Quota::Each(n) => done < *n,
            Quota::Until(end) => Instant::now() < *end,
        }
    }
}

/// How many calls there were, and how many models the last of them listed.
async fn repeat(client: &Client, c: &Command, much: Quota) -> Result<(usize, usize), Failure> {
    let listing = c.work == "listing";
    let path = if listing { "modelhost/models/" } else { "central/clusterdefinition/" };
    let url = format!("{}/console/api/{}", c.url, path);
    let mut tasks = Vec::new();
    for _ in 0..c.connections {
        let (client, url) = (client.clone(), url.clone());
        tasks.push(tokio::spawn(async move {
            let (mut done, mut models) = (0, 0);
            while much.goes_on(done) {
                models = if listing { list(&client, &url).await? } else { exchange(&client, &url).await? };
                done += 1;
            }
            Ok::<_, Failure>((done, models))
        }));
    }
    let mut all = (0, 0);
    for task in tasks {
        let (done, models) = task.await??;
        all = (all.0 + done, models);
    }
    Ok(all)
}

/// User and system time of this process, in seconds: getrusage is coarse, the clock exact, so the sum is the clock's.
fn cpu_time() -> (f64, f64) {
    // SAFETY: all-zero structures are valid ones, and both calls only write into them.
    let (used, all) = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        let mut all: libc::timespec = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut all);
        (used, all)
    };
    let system = used.ru_stime.tv_sec as f64 + used.ru_stime.tv_usec as f64 / 1e6;
    (all.tv_sec as f64 + all.tv_nsec as f64 / 1e9 - system, system)
}

struct Stopwatch {
    began: Instant,
    used: (f64, f64),
}

impl Stopwatch {
    fn start() -> Self {
        Stopwatch { used: cpu_time(), began: Instant::now() }
    }

    fn stop(&self, exchanges: usize) -> Map<String, Value> {
        let seconds = self.began.elapsed().as_secs_f64();
        let used = cpu_time();
        let figures = json!({
            "exchanges": exchanges, "seconds": seconds,
            "cpu_user": used.0 - self.used.0, "cpu_system": used.1 - self.used.1,
        });
        figures.as_object().unwrap().clone()
    }
}

async fn measure(c: &Command) -> Result<Map<String, Value>, Failure> {
    let client = make_client(c)?;
    let counted = c.exchanges != 0;
    let warm = match (c.work.as_str(), counted) {
        ("listing", _) => Quota::Each(1),
        (_, true) => Quota::Each(10),
        _ => Quota::Until(Instant::now() + Duration::from_secs_f64(c.seconds / 4.0)),
    };
    repeat(&client, c, warm).await?;

    let watch = Stopwatch::start();
    let much = if counted {
        Quota::Each(c.exchanges.div_ceil(c.connections))
    } else {
        Quota::Until(watch.began + Duration::from_secs_f64(c.seconds))
    };
    let (done, models) = repeat(&client, c, much).await?;
    let mut figures = watch.stop(done);
    if models != 0 {
        figures.insert("models".into(), models.into());
    }
    Ok(figures)
}

fn open_sockets() -> Result<usize, Failure> {
    let mut count = 0;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        // That of the folder itself is gone when it is looked at.
        if let Ok(target) = std::fs::read_link(entry?.path()) {
            count += usize::from(target.to_string_lossy().starts_with("socket:"));
        }
    }
    Ok(count)
}

fn resident() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = text.split(' ').nth(1).ok_or("statm is short")?.parse()?;
    // SAFETY: sysconf only tells a number.
    Ok(pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64)
}

/// Thousands of connections need as many descriptors.
fn raise_descriptor_limit() {
    // SAFETY: both calls only use the structure that they are given.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// What a connection occupies between two exchanges.
async fn memory(c: &Command) -> Result<Map<String, Value>, Failure> {
    let (sockets, before) = (open_sockets()?, resident()?);
    let client = make_client(c)?;
    let watch = Stopwatch::start();
    let (mut done, mut rounds) = (0, 0);
    // A pool opens fewer than it may, if the first are free again before the last are there.
    while rounds < 3 || open_sockets()? - sockets != c.connections {
        if rounds == 50 {
            return Err(format!("{} of {} connections are open", open_sockets()? - sockets, c.connections).into());
        }
        done += repeat(&client, c, Quota::Each(1)).await?.0;
        rounds += 1;
    }
    let mut figures = watch.stop(done);
    figures.insert("resident_each".into(), ((resident()? - before) / c.connections as f64).into());
    Ok(figures)
}

async fn run(c: Command) -> Result<(), Failure> {
    let figures = match c.work.as_str() {
        "exchange" | "listing" => measure(&c).await?,
        "memory" => memory(&c).await?,
        _ => return Err(format!("there is no work {}", c.work).into()),
    };
    let mut line = json!({
        "name": "rust reqwest",
        "versions": {"reqwest": env!("PEER_REQWEST"), "tokio": env!("PEER_TOKIO"), "rustc": env!("PEER_RUSTC")},
        "work": c.work, "tls": c.url.starts_with("https"), "connections": c.connections,
    });
    line.as_object_mut().unwrap().extend(figures);
    println!("{line}");
    Ok(())
}

fn main() {
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = read_command().and_then(|c| runtime?.block_on(run(c)));
    if let Err(failure) = result {
        eprintln!("rust reqwest: {failure}");
        std::process::exit(1);
    }
}
