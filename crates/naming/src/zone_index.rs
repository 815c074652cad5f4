//! The zone's indexes: what is taken out and put in when Services and pods change.
use std::{cmp::Ordering, net::IpAddr, sync::Arc};

use netloom_cluster::{Pod, Service};

use crate::{
    service::{Served, published},
    zone::Zone,
};

impl Zone {
    /// The names of a Service's pods, where endpoints go by them.
    fn pod_names(&self, service: &Service) -> Vec<(u32, Arc<str>)> {
        let named = |(i, pod): (usize, Option<netloom_cluster::PodId>)| {
            Some((i as u32, self.pods.get(pod?.0 as usize)?.name.clone()))
        };
        let endpoints = service.endpoints.iter().map(|e| e.pod).enumerate();
        if self.by_pod_name { endpoints.filter_map(named).collect() } else { Vec::new() }
    }

    pub(crate) fn change_services(&mut self, gone: &[&Arc<Service>], new: &[&Arc<Service>]) {
        for service in gone {
            self.by_name.remove(&*service_key(service));
            for ip in service_ips(service) {
                self.by_ip.drop_from(&ip, |s| same_object(&s.service, service));
            }
        }
        let new: Vec<Arc<Served>> =
            new.iter().map(|s| Arc::new(Served::new(s, &self.name, self.pod_names(s)))).collect();
        let of_each = |s: &Arc<Served>| {
            service_ips(&s.service).into_iter().map({
                let served = s.clone();
                move |ip| (ip, served.clone())
            })
        };
        self.by_ip.push_all(new.iter().flat_map(of_each));
        self.by_name.insert_all(new.into_iter().map(|s| (service_key(&s.service).into(), s)));
    }

    pub(crate) fn change_pods(&mut self, gone: &[&Arc<Pod>], new: &[&Arc<Pod>]) {
        for pod in gone {
            for ip in pod.ips.iter() {
                self.pods_by_ip.drop_from(&ip, |p| (&p.namespace, &p.name) == (&pod.namespace, &pod.name));
            }
        }
        let of_each = |pod: &&Arc<Pod>| {
            let pod = Arc::clone(pod);
            pod.ips.iter().map(move |ip| (ip, pod.clone()))
        };
        self.pods_by_ip.push_all(new.iter().flat_map(of_each));
    }
}

fn service_key(service: &Service) -> String {
    let mut key = format!("{}.{}", service.name, service.namespace);
    key.make_ascii_lowercase();
    key
}

fn service_ips(service: &Service) -> Vec<IpAddr> {
    let endpoints = published(service).flat_map(|e| e.ips.iter());
    let mut ips: Vec<IpAddr> = service.cluster_ips().iter().chain(endpoints).collect();
    ips.sort_unstable();
    ips.dedup();
    ips
}

fn same_object(a: &Service, b: &Service) -> bool {
    (&a.namespace, &a.name) == (&b.namespace, &b.name)
}

/// What to take out and to put in, to come from one list to another. Both are sorted by the key.
pub(crate) fn changes<'a, T, K: Ord>(
    old: &'a [Arc<T>],
    new: &'a [Arc<T>],
    key: impl Fn(&Arc<T>) -> K,
    same: impl Fn(&T, &T) -> bool,
) -> (Vec<&'a Arc<T>>, Vec<&'a Arc<T>>) {
    let (mut i, mut j, mut gone, mut added) = (0, 0, vec![], vec![]);
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        let order = if Arc::ptr_eq(a, b) { Ordering::Equal } else { key(a).cmp(&key(b)) };
        let replaced = order == Ordering::Equal && !Arc::ptr_eq(a, b) && !same(a, b);
        if order == Ordering::Less || replaced {
            gone.push(a);
        }
        if order == Ordering::Greater || replaced {
            added.push(b);
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    gone.extend(&old[i..]);
    added.extend(&new[j..]);
    (gone, added)
}
