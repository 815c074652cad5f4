//! Service accounts: which have rights, and which pods get a token of theirs.
use std::collections::{BTreeMap, HashMap};

use netloom_cluster::Pod;
use netloom_objects::{ObjectRef, Typed};

use super::workloads;
use crate::{
    ground::Ground,
    makers::{self, Maker},
    units::namespace_of,
};

/// Namespace and name.
type Key = (String, String);

/// All accounts that manifests tell of.
pub(super) struct Accounts {
    /// What gives rights to each, the first that does.
    bound: BTreeMap<Key, ObjectRef>,
    makers: Vec<Maker>,
    /// `automountServiceAccountToken` of accounts, and of pods by kind of workload too.
    accounts: BTreeMap<Key, Option<bool>>,
    pods: HashMap<(String, String, String), bool>,
}

impl Accounts {
    pub fn of(ground: &Ground<'_>) -> Self {
        let mut bound = BTreeMap::new();
        let mut accounts = BTreeMap::new();
        for object in ground.objects.objects() {
            if let Typed::ServiceAccount(account) = &object.typed {
                let key = (namespace_of(object).to_owned(), object.name.to_string());
                accounts.insert(key, account.automount_service_account_token);
            }
            if matches!(&*object.kind, "RoleBinding" | "ClusterRoleBinding") {
                for (namespace, name, at) in makers::accounts(object) {
                    bound.entry((namespace, name)).or_insert(at);
                }
            }
        }
        let said = workloads(ground).filter_map(|workload| {
            let object = workload.object;
            let key = (namespace_of(object).to_owned(), object.kind.to_string(), object.name.to_string());
            Some((key, workload.spec.automount_service_account_token?))
        });
        Self { bound, makers: makers::all(ground.objects), accounts, pods: said.collect() }
    }

    /// What gives rights to the account of a pod. Bindings may name the namespace that an installation is usually made
    /// in, and the objects none: then the name alone has to do.
    pub fn binding(&self, pod: &Pod) -> Option<&ObjectRef> {
        let key = key_of(pod);
        let own = self.bound.get(&key);
        own.or_else(|| self.namesake(&key).and_then(|key| self.bound.get(&key)))
    }

    /// What lets the account of a pod make pods.
    pub fn maker(&self, pod: &Pod) -> Option<&Maker> {
        let key = key_of(pod);
        self.maker_of(&key).or_else(|| self.maker_of(&self.namesake(&key)?))
    }

    fn maker_of<'s>(&'s self, (namespace, name): &Key) -> Option<&'s Maker> {
        self.makers.iter().find(|maker| maker.home == *namespace && maker.account == *name)
    }

    /// An account of the same name that is bound in a namespace where the set has none of it.
    fn namesake(&self, (namespace, name): &Key) -> Option<Key> {
        if name == "default" {
            return None;
        }
        let mut same = self.bound.keys().filter(|(other, bound)| bound == name && other != namespace);
        same.find(|key| !self.accounts.contains_key(*key)).cloned()
    }

    /// Whether a pod gets a token: it says, else its account.
    pub fn gets_token(&self, pod: &Pod) -> bool {
        let workload = &pod.workload;
        let key = (pod.namespace.to_string(), workload.kind.to_string(), workload.name.to_string());
        let of_account = || self.accounts.get(&key_of(pod)).copied().flatten();
        self.pods.get(&key).copied().or_else(of_account).unwrap_or(true)
    }
}

fn key_of(pod: &Pod) -> Key {
    (pod.namespace.to_string(), pod.service_account.to_string())
}
