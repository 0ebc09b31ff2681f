// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

//! The benchmark's peer on reqwest and tokio: a task a connection, on one thread.

use std::error::Error;
use std::fmt::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hdrhistogram::Histogram;
use reqwest::header::{HeaderMap, HeaderValue, ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Body, Certificate, Client};
use reqwest_eventsource::{retry, Event, EventSource};
use serde::Deserialize;
use serde_json::{json, Map, Value};
use tokio::io::unix::AsyncFd;
use tokio::io::Interest;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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
    bytes: usize,
    rate: f64,
}

fn read_command() -> Result<Command, Failure> {
    let mut c = Command {
        url: String::new(),
        ca_file: None,
        work: "exchange".into(),
        connections: 1,
        seconds: 1.0,
        exchanges: 0,
        bytes: 1000,
        rate: 1000.0,
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
            "--bytes" => c.bytes = value.parse()?,
            "--rate" => c.rate = value.parse()?,
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

fn rows_of(bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut text = String::from("carat,cut,colour,clarity,depth,table,x,y,z\n");
    let mut i = 0;
    while text.len() < bytes {
        writeln!(text, "0.{},Ideal,E,SI2,6{}.5,55,3.{},3.98,2.43", 20 + i % 79, i % 7, 100 + i * 31 % 899)?;
        i += 1;
    }
    text.truncate(bytes);
    Ok(text.into_bytes())
}

/// The body is shared, and not copied for each call.
async fn predict(client: &Client, url: &str, body: Body, answer_size: usize) -> Result<usize, Failure> {
    let request = client.post(url).header(ACCEPT, "*/*").header(CONTENT_TYPE, "text/csv").body(body);
    let answer = request.send().await?.error_for_status()?.bytes().await?;
    if answer.len() != answer_size || !answer.starts_with(b"prediction\n") {
        return Err("a wrong answer".into());
    }
    Ok(0)
}

/// The work of each connection: a number of exchanges, or those that begin before a time.
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

/// The call that is repeated.
#[derive(Clone)]
enum Call {
    Exchange(String),
    List(String),
    Predict(String, bytes::Bytes),
}

impl Call {
    fn of(c: &Command) -> Result<Self, Failure> {
        Ok(match c.work.as_str() {
            "listing" => Call::List(format!("{}/console/api/modelhost/models/", c.url)),
            "predict" => {
                Call::Predict(format!("{}/models/lean/answer-{}/", c.url, c.bytes / 4), rows_of(c.bytes)?.into())
            }
            _ => Call::Exchange(format!("{}/console/api/central/clusterdefinition/", c.url)),
        })
    }

    /// How many models were listed.
    async fn make(&self, client: &Client) -> Result<usize, Failure> {
        match self {
            Call::Exchange(url) => exchange(client, url).await,
            Call::List(url) => list(client, url).await,
            Call::Predict(url, body) => predict(client, url, body.clone().into(), body.len() / 4).await,
        }
    }
}

/// How many calls there were, and how many models the last of them listed.
async fn repeat(client: &Client, c: &Command, much: Quota) -> Result<(usize, usize), Failure> {
    let call = Call::of(c)?;
    let mut tasks = Vec::new();
    for _ in 0..c.connections {
        let (client, call) = (client.clone(), call.clone());
        tasks.push(tokio::spawn(async move {
            let (mut done, mut models) = (0, 0);
            while much.goes_on(done) {
                models = call.make(&client).await?;
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
    if c.work == "predict" {
        figures.insert("bytes".into(), (c.bytes + c.bytes / 4).into());
    }
    Ok(figures)
}

/// tokio's own timers know milliseconds.
struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    fn new() -> Result<Self, Failure> {
        // SAFETY: the descriptor has no other owner.
        let file = unsafe {
            let descriptor = libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC);
            if descriptor < 0 {
                return Err(std::io::Error::last_os_error().into());
            }
            OwnedFd::from_raw_fd(descriptor)
        };
        // SAFETY: an OwnedFd is open, and the same descriptor, for as long as it lives.
        Ok(Alarm(unsafe { AsyncFd::register_with_interest(file, Interest::READABLE)? }))
    }

    async fn sleep(&self, span: Duration) -> Result<(), Failure> {
        let descriptor = self.0.as_raw_fd();
        // SAFETY: an all-zero structure is a valid one, and the call only reads it.
        let set = unsafe {
            let mut spec: libc::itimerspec = std::mem::zeroed();
            spec.it_value.tv_sec = span.as_secs() as libc::time_t;
            spec.it_value.tv_nsec = span.subsec_nanos().into();
            libc::timerfd_settime(descriptor, 0, &spec, std::ptr::null_mut())
        };
        if set != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        loop {
            let mut ready = self.0.readable().await?;
            let mut ticks = [0u8; 8];
            // SAFETY: it writes into the array at most.
            let n = unsafe { libc::read(descriptor, ticks.as_mut_ptr().cast(), ticks.len()) };
            ready.clear_ready();
            if n == 8 {
                return Ok(());
            }
        }
    }
}

/// As `arrivals::ahead` of the C++ peers: nearer calls are polled between turns of the event loop.
const AHEAD: Duration = Duration::from_micros(50);

/// Calls that arrive at a fixed rate, independently of earlier ones: a task each, over so many connections (reqwest's
/// pool has no limit).
async fn load(c: &Command) -> Result<Map<String, Value>, Failure> {
    let sockets = open_sockets()?;
    let (client, call, alarm) = (make_client(c)?, Call::of(c)?, Alarm::new()?);
    repeat(&client, c, Quota::Until(Instant::now() + Duration::from_secs_f64(c.seconds / 4.0))).await?;
    let count = (c.rate * c.seconds) as usize;
    let room = Arc::new(Semaphore::new(c.connections));
    let mut latency = Histogram::<u64>::new(3)?;
    let mut tasks = JoinSet::new();
    let watch = Stopwatch::start();
    for i in 0..count {
        let due = watch.began + Duration::from_secs_f64(i as f64 / c.rate);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left > AHEAD {
                alarm.sleep(left - AHEAD).await?;
            } else if !left.is_zero() {
                tokio::task::yield_now().await;
            } else {
                break;
            }
        }
        let (client, call, room) = (client.clone(), call.clone(), room.clone());
        tasks.spawn(async move {
            let _place = room.acquire().await?;
            call.make(&client).await?;
            Ok::<_, Failure>(due.elapsed())
        });
        while let Some(ended) = tasks.try_join_next() {
            latency.record(ended??.as_nanos() as u64)?;
        }
    }
    while let Some(ended) = tasks.join_next().await {
        latency.record(ended??.as_nanos() as u64)?;
    }
    let mut figures = watch.stop(count);
    let mut percentiles = Map::new();
    for name in ["50", "90", "99", "99.9"] {
        percentiles.insert(name.into(), (latency.value_at_percentile(name.parse()?) as f64 / 1e3).into());
    }
    percentiles.insert("max".into(), (latency.max() as f64 / 1e3).into());
    figures.insert("latency_us".into(), percentiles.into());
    figures.insert("open".into(), (open_sockets()? - sockets).into());
    figures.insert("rate".into(), c.rate.into());
    figures.insert("length".into(), c.seconds.into());
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

/// The memory of an idle connection.
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

async fn read_events(client: Client, url: String, count: usize) -> Result<(), Failure> {
    // A stream may last longer than a call.
    let mut source = EventSource::new(client.get(url).timeout(Duration::from_secs(3600)))?;
    source.set_retry_policy(Box::new(retry::Never));
    let mut number = 0;
    while let Some(event) = source.next().await {
        match event {
            Ok(Event::Open) => {}
            Ok(Event::Message(message)) => {
                if !message.data.starts_with(&format!("{number} ")) {
                    return Err("a wrong event".into());
                }
                number += 1;
            }
            Err(reqwest_eventsource::Error::StreamEnded) => break,
            Err(failure) => return Err(failure.into()),
        }
    }
    if number != count {
        return Err(format!("{number} events of {count}").into());
    }
    Ok(())
}

/// The events of as many streams at once as there are connections.
async fn events(c: &Command) -> Result<Map<String, Value>, Failure> {
    let client = make_client(c)?;
    let each = c.exchanges / c.connections;
    let read_all = |count: usize| {
        let url = format!("{}/models/llm/chat/events?events={count}&rate={}", c.url, c.rate as u64);
        let mut tasks = JoinSet::new();
        for _ in 0..c.connections {
            tasks.spawn(read_events(client.clone(), url.clone(), count));
        }
        tasks
    };
    let mut tasks = read_all(1);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let watch = Stopwatch::start();
    let mut tasks = read_all(each);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(watch.stop(each * c.connections))
}

async fn run(c: Command) -> Result<(), Failure> {
    let figures = match c.work.as_str() {
        "exchange" | "listing" | "predict" => measure(&c).await?,
        "memory" => memory(&c).await?,
        "load" => load(&c).await?,
        "events" => events(&c).await?,
        _ => return Err(format!("there is no work {}", c.work).into()),
    };
    let mut line = json!({
        "name": "rust reqwest",
        "versions": {"reqwest": env!("PEER_REQWEST"), "reqwest-eventsource": env!("PEER_EVENTSOURCE"),
            "tokio": env!("PEER_TOKIO"), "rustc": env!("PEER_RUSTC")},
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
