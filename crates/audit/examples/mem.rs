use k8s_openapi::api::{apps::v1::Deployment, core::v1::*};
use netloom_objects::*;
use std::path::PathBuf;
fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find(|l| l.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}
fn main() {
    println!(
        "Deployment {} PodSpec {} Container {} ContainerPort {} ObjectMeta {} Object {} ObjectRef {} Probe {} Pod {} clusterPod {}",
        size_of::<Deployment>(),
        size_of::<PodSpec>(),
        size_of::<Container>(),
        size_of::<ContainerPort>(),
        size_of::<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>(),
        size_of::<Object>(),
        size_of::<ObjectRef>(),
        size_of::<Probe>(),
        size_of::<Pod>(),
        size_of::<netloom_cluster::Pod>()
    );
    let path: PathBuf = std::env::args().nth(1).unwrap().into();
    let t = std::time::Instant::now();
    println!("start {}", rss());
    let sources = read_sources(&[path]).unwrap();
    println!("read {} {:?}", rss(), t.elapsed());
    let parsed = parse_sources(&sources);
    println!("parsed {} {:?}", rss(), t.elapsed());
    let set = ObjectSet::assemble(parsed);
    println!("assembled {} {:?}", rss(), t.elapsed());
    let built = netloom_cluster::build(&set, &Default::default());
    println!("built {} {:?}", rss(), t.elapsed());
    let p = netloom_policy::PolicySet::compile(&built.snapshot);
    println!("policies {} {:?}", rss(), t.elapsed());
    let w = netloom_explain::World::compile(built.snapshot.clone());
    println!("world {} {:?}", rss(), t.elapsed());
    drop(w);
    drop(p);
    println!("dropped {} {:?}", rss(), t.elapsed());
    drop(built);
    println!("dropped built {} {:?}", rss(), t.elapsed());
}
