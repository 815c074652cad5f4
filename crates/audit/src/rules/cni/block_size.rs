//! CN009: blocks that do not fit into their pool.
use netloom_objects::Severity;

use super::support::pools;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN009",
    name: "block-size",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`blockSize` of a pool that Calico does not have (20 to 32 for IPv4, 116 to 128 for IPv6), or that is \
            larger than the pool itself.",
    why: "Calico refuses the pool (Calico: \"IP pool\", `blockSize`). Each node takes whole blocks, so a pool \
            with fewer blocks than nodes leaves nodes without addresses of their own.",
    wrong: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/27
  natOutgoing: true
  blockSize: 26
",
    right: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/20
  natOutgoing: true
  blockSize: 26
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for pool in pools(cx) {
        let v4 = pool.range.net.addr().is_ipv4();
        let (least, most, default) = if v4 { (20, 32, 26) } else { (116, 128, 122) };
        let size = pool.block_size.filter(|size| *size != 0);
        let prefix = i32::from(pool.range.net.prefix_len());
        let what = &pool.range.what;
        if let Some(size) = size.filter(|size| !(least..=most).contains(size)) {
            let message = format!("{what}: there are no blocks of /{size}");
            out.add(pool.range.object, &format!("{}.blockSize", pool.path), message)
                .help(format!("take one from {least} to {most}; {default} is the default"));
        } else if size.unwrap_or(default) < prefix {
            let field = if size.is_some() { "blockSize" } else { "cidr" };
            let message = format!(
                "{what}: a block of /{} is larger than the pool {}",
                size.unwrap_or(default),
                pool.range.net
            );
            out.add(pool.range.object, &format!("{}.{field}", pool.path), message)
                .help("take a larger pool, or smaller blocks");
        }
    }
}
