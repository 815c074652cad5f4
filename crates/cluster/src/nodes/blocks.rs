//! Gives every node a range of the cluster's pod addresses, large enough for the pods that it has.
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;

use super::NodeSpec;
use crate::{
    addresses::{around, family, host_bits, number, of, overlap, set, width},
    model::{Family, Nets},
};

/// A node has at least this many bits of addresses: a /24, a /64.
const fn default_bits(family: Family) -> u32 {
    match family {
        Family::V4 => 8,
        Family::V6 => 64,
    }
}

/// Addresses of a range that no pod gets: network, gateway, broadcast.
const RESERVED: u128 = 3;

/// The ranges given out so far, so that a node keeps its own.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    families: HashMap<Family, Given>,
}

#[derive(Clone, Debug)]
struct Given {
    net: IpNet,
    bits: u32,
    by_node: HashMap<Arc<str>, IpNet>,
}

/// The cluster's range is too small for its pods.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pod range {net} is too small for {nodes} nodes with up to {pods} pods each; choose a larger one with --pod-cidr"
)]
pub struct TooSmall {
    /// The cluster's pod range.
    pub net: IpNet,
    /// How many nodes share it.
    pub nodes: usize,
    /// The most pods that one node has.
    pub pods: usize,
}

impl Blocks {
    /// The ranges of the nodes; `pods` says how many pods each has, `given` which addresses pods have already.
    pub fn assign(
        &mut self,
        cluster: Nets,
        specs: &[NodeSpec],
        pods: &[usize],
        given: &[(IpAddr, usize)],
    ) -> Result<Vec<Nets>, TooSmall> {
        let mut out: Vec<Nets> = specs.iter().map(|s| s.pod_cidrs).collect();
        for net in cluster.iter() {
            let family = family(net);
            let open: Vec<usize> = (0..specs.len()).filter(|&i| of(out[i], family).is_none()).collect();
            if open.is_empty() {
                continue;
            }
            let need = open.iter().map(|&i| pods[i]).max().unwrap_or(0);
            let bits = block_bits(net, specs.len(), need, self.bits_of(net))?;
            self.keep(net, bits);
            let chosen = self.choose(net, bits, specs, &open, given, &out);
            for (&node, block) in open.iter().zip(chosen) {
                let Some(block) = block else { return Err(TooSmall { net, nodes: specs.len(), pods: need }) };
                set(&mut out[node], block);
            }
        }
        Ok(out)
    }

    fn bits_of(&self, net: IpNet) -> Option<u32> {
        self.families.get(&family(net)).filter(|g| g.net == net).map(|g| g.bits)
    }

    /// Forgets the ranges of another size or of another cluster range.
    fn keep(&mut self, net: IpNet, bits: u32) {
        let fresh = Given { net, bits, by_node: HashMap::new() };
        let given = self.families.entry(family(net)).or_insert_with(|| fresh.clone());
        if (given.net, given.bits) != (net, bits) {
            *given = fresh;
        }
    }

    /// A block for each open node: the one it had, one that only its own pods' addresses are in, the next free one.
    fn choose(
        &mut self,
        net: IpNet,
        bits: u32,
        specs: &[NodeSpec],
        open: &[usize],
        given: &[(IpAddr, usize)],
        out: &[Nets],
    ) -> Vec<Option<IpNet>> {
        let family = family(net);
        let prefix = width(family) - bits;
        let fixed: Vec<IpNet> = out.iter().filter_map(|nets| of(*nets, family)).collect();
        let mut owners: HashMap<IpNet, Option<usize>> = HashMap::new();
        for (ip, node) in given.iter().filter(|(ip, _)| net.contains(ip)) {
            let owner = owners.entry(around(*ip, prefix)).or_insert(Some(*node));
            *owner = owner.filter(|o| o == node);
        }
        let Some(state) = self.families.get_mut(&family) else { return vec![None; open.len()] };
        let mut taken: HashSet<IpNet> = HashSet::new();
        let usable = |block: &IpNet| !fixed.iter().any(|f| overlap(*f, *block));
        let mut chosen: Vec<Option<IpNet>> = vec![None; open.len()];
        for (slot, &node) in chosen.iter_mut().zip(open) {
            let mut own: Vec<IpNet> =
                owners.iter().filter(|(_, o)| **o == Some(node)).map(|(block, _)| *block).collect();
            own.sort_unstable();
            let before = state.by_node.get(&specs[node].name).copied();
            let before = before.filter(|block| owners.get(block).is_none_or(|o| *o == Some(node)));
            *slot = before.into_iter().chain(own).find(|block| usable(block) && !taken.contains(block));
            taken.extend(*slot);
        }
        // What nodes that are gone had comes last, so that addresses are not taken over at once.
        let gone: HashSet<IpNet> = state.by_node.values().copied().collect();
        let blocks = 1_u128.checked_shl(host_bits(net) - bits).unwrap_or(u128::MAX);
        let nth =
            |i: u128| around(crate::addresses::address(family, number(net.network()) + (i << bits)), prefix);
        for pass in [Pass::Fresh, Pass::Free, Pass::Shared] {
            let mut at = 0;
            for slot in chosen.iter_mut().filter(|s| s.is_none()) {
                while at < blocks {
                    let block = nth(at);
                    at += 1;
                    let fits = match pass {
                        Pass::Fresh => !owners.contains_key(&block) && !gone.contains(&block),
                        Pass::Free => !owners.contains_key(&block),
                        Pass::Shared => true,
                    };
                    if fits && usable(&block) && taken.insert(block) {
                        *slot = Some(block);
                        break;
                    }
                }
            }
        }
        state.by_node =
            open.iter().zip(&chosen).filter_map(|(&n, b)| Some((specs[n].name.clone(), (*b)?))).collect();
        chosen
    }
}

/// Which blocks a node without one may get, from the best choice to the last resort.
#[derive(Clone, Copy)]
enum Pass {
    /// No pod has an address in it, and no node had it before.
    Fresh,
    /// No pod has an address in it.
    Free,
    /// Pods of other nodes have addresses in it: the network of the input is not cut by node.
    Shared,
}

/// How many bits a node's range has: the default or what was chosen before, more where a node needs it, less
/// where the cluster's range is small.
fn block_bits(net: IpNet, nodes: usize, need: usize, before: Option<u32>) -> Result<u32, TooSmall> {
    let total = host_bits(net);
    let most = total.saturating_sub(nodes.next_power_of_two().trailing_zeros());
    let holds = |addresses: u128| (0..=most.min(127)).find(|&b| (1_u128 << b) >= addresses + RESERVED);
    let need_addresses = need as u128;
    let least = holds(need_addresses).ok_or(TooSmall { net, nodes, pods: need })?;
    if let Some(before) = before.filter(|&b| b >= least && b <= most) {
        return Ok(before);
    }
    // A quarter of head room, so that one pod more does not move all the others.
    let roomy = holds(need_addresses + need_addresses / 4).unwrap_or(least);
    Ok(default_bits(family(net)).max(roomy).min(most))
}

/// Whether a range has a block for each of so many nodes, with so many pods on one of them.
pub fn fits(net: IpNet, nodes: usize, pods: usize) -> bool {
    block_bits(net, nodes, pods, None).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn sizes() {
        for (cluster, nodes, need, wanted) in [
            ("10.244.0.0/16", 2, 10, Some(8)),
            ("10.244.0.0/16", 2, 250, Some(9)),
            ("10.244.0.0/16", 3, 1_000, Some(11)),
            ("10.244.0.0/16", 3, 16_000, Some(14)),
            ("10.244.0.0/16", 3, 17_000, None),
            ("10.0.0.0/26", 2, 10, Some(5)),
            ("10.0.0.0/26", 2, 29, Some(5)),
            ("10.0.0.0/26", 2, 30, None),
            ("10.0.0.0/30", 4, 1, None),
            ("fd00::/56", 2, 10, Some(64)),
            ("fd00::/64", 3, 10, Some(62)),
            ("::/0", 3, 10, Some(64)),
        ] {
            assert_eq!(block_bits(net(cluster), nodes, need, None).ok(), wanted, "{cluster} {nodes} {need}");
        }
        assert_eq!(block_bits(net("10.244.0.0/16"), 2, 10, Some(10)).unwrap(), 10, "what was chosen stays");
    }

    fn specs(names: &[&str]) -> Vec<NodeSpec> {
        names.iter().map(|n| NodeSpec::named(n)).collect()
    }

    fn v4(nets: Vec<Nets>) -> Vec<String> {
        nets.iter().map(|n| n.v4.unwrap().to_string()).collect()
    }

    #[test]
    fn nodes_keep_their_ranges() {
        let cluster = Nets { v4: Some("10.244.0.0/16".parse().unwrap()), v6: None };
        let mut blocks = Blocks::default();
        let first = blocks.assign(cluster, &specs(&["a", "b"]), &[1, 1], &[]).unwrap();
        assert_eq!(v4(first), ["10.244.0.0/24", "10.244.1.0/24"]);
        let second = blocks.assign(cluster, &specs(&["b", "c"]), &[1, 1], &[]).unwrap();
        assert_eq!(v4(second), ["10.244.1.0/24", "10.244.2.0/24"], "c does not take what a had");
    }

    #[test]
    fn blocks_follow_the_addresses_that_pods_have() {
        let cluster = Nets { v4: Some("192.168.0.0/16".parse().unwrap()), v6: None };
        let given: Vec<(IpAddr, usize)> = [("192.168.7.4", 1), ("192.168.0.9", 0), ("192.168.0.8", 1)]
            .map(|(ip, node)| (ip.parse().unwrap(), node))
            .into();
        let nets = Blocks::default().assign(cluster, &specs(&["a", "b"]), &[1, 2], &given).unwrap();
        assert_eq!(v4(nets), ["192.168.1.0/24", "192.168.7.0/24"]);
    }

    #[test]
    fn given_ranges_are_not_given_again() {
        let cluster = Nets { v4: Some("10.244.0.0/16".parse().unwrap()), v6: None };
        let mut nodes = specs(&["a", "b"]);
        nodes[1].pod_cidrs.v4 = Some("10.244.0.0/23".parse().unwrap());
        let nets = Blocks::default().assign(cluster, &nodes, &[1, 1], &[]).unwrap();
        assert_eq!(v4(nets), ["10.244.2.0/24", "10.244.0.0/23"]);
    }
}
