//! What a program sees of the user's environment: nothing but what it needs to run.
use std::{path::Path, process::Command};

/// What says where programs and temporary files are, and in which language to speak.
const KEPT: [&str; 4] = ["PATH", "TMPDIR", "LANG", "LC_ALL"];
/// What fetching needs besides: proxies, certificates, and the keys of git.
const KEPT_TO_FETCH: [&str; 12] = [
    "HOME",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "GIT_SSH_COMMAND",
    "XDG_CONFIG_HOME",
];
/// Nobody listens on this port: whoever asks such a proxy for another machine is refused at once.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Leaves out plugins, settings, clusters and prompts. `home` is an empty folder of the program's own. Without `remote`
/// nothing is fetched.
pub fn confine(command: &mut Command, home: &Path, remote: bool) {
    command.env_clear();
    let kept = KEPT.iter().chain(if remote { KEPT_TO_FETCH.as_slice() } else { &[] });
    for name in kept {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for (name, folder) in
        [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
    {
        command.env(name, home.join(folder));
    }
    command
        .env("HELM_PLUGINS", home.join("plugins"))
        .env("KUSTOMIZE_PLUGIN_HOME", home.join("plugins"))
        .env("KUBECONFIG", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0");
    if remote {
        if std::env::var_os("GIT_SSH_COMMAND").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
    } else {
        command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config"));
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(proxy, NOWHERE);
        }
        command.env("GIT_ALLOW_PROTOCOL", "file").env("GIT_SSH_COMMAND", "false");
    }
}
