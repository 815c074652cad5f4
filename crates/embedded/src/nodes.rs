//! The nodes of a running network, which stay as they were made.
use std::net::IpAddr;

use netloom_cluster::Nets;

/// A node as it is made: name, addresses, pod ranges.
pub(crate) type Made<'a> = (&'a str, Vec<IpAddr>, Nets);

/// Which nodes came, went, or are made otherwise; none where all are the same.
pub(crate) fn differences(running: &[Made<'_>], wanted: &[Made<'_>]) -> Option<String> {
    if running == wanted {
        return None;
    }
    let mut told = Vec::new();
    for (name, ips, nets) in wanted {
        let Some(before) = running.iter().find(|n| n.0 == *name) else {
            told.push(format!("node {name} is new"));
            continue;
        };
        if before.1 != *ips {
            told.push(format!("node {name} has the address {}, it had {}", joined(ips), joined(&before.1)));
        }
        if before.2 != *nets {
            let (now, before): (Vec<_>, Vec<_>) = (nets.iter().collect(), before.2.iter().collect());
            told.push(format!("node {name} has the pod range {}, it had {}", joined(&now), joined(&before)));
        }
    }
    let gone = running.iter().filter(|n| wanted.iter().all(|w| w.0 != n.0));
    told.extend(gone.map(|n| format!("node {} is gone", n.0)));
    if told.is_empty() {
        told.push("the nodes stand in another order".to_owned());
    }
    Some(told.join(", "))
}

fn joined<T: ToString>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let node = |name, ip: &str, net: &str| {
            (name, vec![ip.parse().unwrap()], Nets { v4: Some(net.parse().unwrap()), v6: None })
        };
        let (a, b) = (node("a", "10.0.0.1", "10.1.0.0/24"), node("b", "10.0.0.2", "10.1.1.0/24"));
        let running = [a.clone(), b.clone()];
        let moved = node("a", "10.0.0.9", "10.1.0.0/23");
        for (wanted, said) in [
            (vec![a.clone(), b.clone()], None),
            (vec![a.clone()], Some("node b is gone")),
            (vec![b.clone(), a.clone()], Some("the nodes stand in another order")),
            (vec![a.clone(), node("c", "10.0.0.3", "10.1.2.0/24")], Some("node c is new, node b is gone")),
            (
                vec![moved, b.clone()],
                Some(
                    "node a has the address 10.0.0.9, it had 10.0.0.1, node a has the pod range 10.1.0.0/23, it had 10.1.0.0/24",
                ),
            ),
        ] {
            assert_eq!(differences(&running, &wanted).as_deref(), said);
        }
    }
}
