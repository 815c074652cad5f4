//! What stand-ins hold and how fast probes go, on loopback: `cargo bench -p netloom-standin [-- PROBES]`.
//!
//! Memory is this process's own (RssAnon) per socket; what the kernel keeps for a socket is beside it.
use std::{
    future::pending,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use netloom_standin::{
    Identity, Server, Transport,
    probe::{Expectation, start},
    run_all, serve_tcp, serve_udp,
};
use nix::libc::linger;
use nix::sys::{
    resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit},
    socket::{AddressFamily, SockFlag, SockType, setsockopt, socket, sockopt},
    time::TimeVal,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const LISTENERS: usize = 3000;
const SILENT: usize = 3000;
const TARGETS: usize = 100;
const IN_FLIGHT: [usize; 3] = [64, 1000, 4000];
const STREAM_BYTES: usize = 1 << 30;

fn main() -> Result<(), Failure> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let probes = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(50_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // As a task, so that what it waits for wakes it without a switch of threads.
    let measuring = runtime.spawn(async move {
        let identity =
            Arc::new(Identity { pod: "web-0".into(), namespace: "shop".into(), ..Default::default() });
        memory(&identity).await?;
        tokio::task::spawn_blocking(move || baseline(probes)).await??;
        rates(&identity, probes).await?;
        tokio::task::spawn_blocking(move || throughput(&identity)).await?
    });
    runtime.block_on(measuring)?
}

fn bound() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn anonymous_bytes() -> Result<usize, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|l| l.strip_prefix("RssAnon:")).ok_or("no RssAnon in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}

fn report(what: &str, before: usize, count: usize) -> Result<(), Failure> {
    println!("{what:<32} {:>8} bytes each", anonymous_bytes()?.saturating_sub(before) / count);
    Ok(())
}

async fn memory(identity: &Arc<Identity>) -> Result<(), Failure> {
    // Threads, thread-local buffers and the like come first, so as not to be counted.
    drop(serve_tcp(TcpListener::bind(bound())?, Arc::clone(identity), 80)?);
    tokio::time::sleep(Duration::from_millis(50)).await;

    let listeners = (0..LISTENERS).map(|_| TcpListener::bind(bound())).collect::<Result<Vec<_>, _>>()?;
    let target = listeners[0].local_addr()?;
    let mut servers: Vec<Server> = Vec::with_capacity(2 * LISTENERS);
    let before = anonymous_bytes()?;
    for listener in listeners {
        servers.push(serve_tcp(listener, Arc::clone(identity), 80)?);
    }
    settle().await;
    report("TCP listener", before, LISTENERS)?;

    let sockets = (0..LISTENERS).map(|_| UdpSocket::bind(bound())).collect::<Result<Vec<_>, _>>()?;
    let before = anonymous_bytes()?;
    for socket in sockets {
        servers.push(serve_udp(socket, Arc::clone(identity), 53)?);
    }
    settle().await;
    report("UDP socket", before, LISTENERS)?;

    let before = anonymous_bytes()?;
    let silent = (0..SILENT).map(|_| TcpStream::connect(target)).collect::<Result<Vec<_>, _>>()?;
    settle().await;
    report("silent TCP connection", before, SILENT)?;
    drop(silent);
    Ok(())
}

/// Gives tasks and their first polls the time to be.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// What the kernel alone takes for as many exchanges: two threads, blocking sockets, nothing but system calls.
fn baseline(exchanges: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind(bound())?;
    let address = listener.local_addr()?;
    let serving = std::thread::spawn(move || -> std::io::Result<()> {
        let mut buffer = [0; 1024];
        for _ in 0..exchanges {
            let (mut stream, _) = listener.accept()?;
            let n = stream.read(&mut buffer)?;
            stream.write_all(&buffer[..n])?;
        }
        Ok(())
    });
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    let mut buffer = [0; 1024];
    for _ in 0..exchanges {
        let mut stream = TcpStream::connect(address)?;
        setsockopt(&stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?;
        stream.write_all(&[b'x'; 100])?;
        stream.read_exact(&mut buffer[..100])?;
    }
    serving.join().map_err(|_| "the serving thread panicked")??;
    let rate = exchanges as f64 / began.elapsed().as_secs_f64();
    let cpu = (cpu_seconds()? - cpu) * 1e6 / exchanges as f64;
    println!("the kernel alone, one at a time: {rate:.0} exchanges/s, {cpu:.1} us of CPU each (both sides)");
    Ok(())
}

async fn rates(identity: &Arc<Identity>, probes: usize) -> Result<(), Failure> {
    let mut servers = Vec::new();
    let (mut tcp, mut udp) = (Vec::new(), Vec::new());
    for _ in 0..TARGETS {
        let listener = TcpListener::bind(bound())?;
        tcp.push(listener.local_addr()?);
        servers.push(serve_tcp(listener, Arc::clone(identity), 80)?);
        let socket = UdpSocket::bind(bound())?;
        udp.push(socket.local_addr()?);
        servers.push(serve_udp(socket, Arc::clone(identity), 53)?);
    }
    let refusing = vec![TcpListener::bind(bound())?.local_addr()?];
    for (name, targets, how) in [
        ("HTTP", &tcp, Expectation::Http),
        ("TCP connect", &tcp, Expectation::TcpConnect),
        ("TCP echo", &tcp, Expectation::TcpEcho),
        ("TCP refused", &refusing, Expectation::TcpConnect),
        ("UDP", &udp, Expectation::UdpNetloom),
    ] {
        for in_flight in IN_FLIGHT {
            let (began, cpu) = (Instant::now(), cpu_seconds()?);
            let run = |i: usize| {
                let target = targets[i % targets.len()];
                let started = fresh(how.transport()).map(|socket| start(socket, target, how.clone()));
                async move {
                    match started {
                        Ok(started) => Ok(started.finish(Duration::from_secs(20), pending()).await),
                        Err(e) => Err(e),
                    }
                }
            };
            let results = run_all(0..probes, in_flight, run, |_, _| ()).await;
            let took = began.elapsed().as_secs_f64();
            let answered = results.iter().flatten().filter(|p| p.outcome.is_answered()).count();
            let rate = probes as f64 / took;
            let cpu = (cpu_seconds()? - cpu) * 1e6 / probes as f64;
            println!(
                "{name:<12} {in_flight:>5} in flight {rate:>9.0} probes/s, {cpu:>5.1} us of CPU each (both sides), \
                 {answered} of {probes} answered"
            );
            if name != "TCP refused" && answered != probes {
                let other = results.iter().find(|r| !r.as_ref().is_ok_and(|p| p.outcome.is_answered()));
                println!("  one that was not: {other:?}");
            }
        }
    }
    Ok(())
}

/// What the process has used of all cores: steadier than the clock on a machine that does other things too.
fn cpu_seconds() -> Result<f64, Failure> {
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |t: TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 * 1e-6;
    Ok(seconds(used.user_time()) + seconds(used.system_time()))
}

fn fresh(transport: Transport) -> nix::Result<OwnedFd> {
    let kind = if transport == Transport::Tcp { SockType::Stream } else { SockType::Datagram };
    socket(AddressFamily::Inet, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)
}

fn throughput(identity: &Arc<Identity>) -> Result<(), Failure> {
    let listener = TcpListener::bind(bound())?;
    let address = listener.local_addr()?;
    let _server = serve_tcp(listener, Arc::clone(identity), 80)?;
    let mut stream = TcpStream::connect(address)?;
    let began = Instant::now();
    write!(stream, "GET /bytes/{STREAM_BYTES} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            n => total += n,
        }
    }
    let gigabits = total as f64 * 8e-9 / began.elapsed().as_secs_f64();
    println!("/bytes/{STREAM_BYTES}: {gigabits:.1} Gbit/s");
    Ok(())
}
