//! A client of the API server: one kept connection in place of a process for each question, so that what is watched
//! keeps the cores to itself.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, http};

/// Who applies what the suite applies.
const MANAGER: &str = "suite";

/// The groups and their resources in two answers, which the API server gives on request.
/// Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Lists without what is in the objects: their metadata alone.
/// Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources>
const METADATA: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// A kind that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Its group; empty for the core.
    pub(crate) group: String,
    /// The versions that are served, the preferred one first.
    pub(crate) versions: Vec<String>,
    /// What its objects say.
    pub(crate) kind: String,
    /// As it stands in paths.
    pub(crate) plural: String,
    /// Whether its objects are in namespaces.
    pub(crate) namespaced: bool,
    /// Whether they can be listed and watched: everything that is kept.
    pub(crate) kept: bool,
}

impl Resource {
    /// Whether kubectl would take this word for it.
    fn is(&self, word: &str) -> bool {
        let (name, group) = word.split_once('.').unwrap_or((word, ""));
        let named = name.eq_ignore_ascii_case(&self.kind)
            || name.eq_ignore_ascii_case(&self.plural)
            || (name == "crd" && self.kind == "CustomResourceDefinition");
        named && (group.is_empty() || group == self.group)
    }

    /// Where its objects are in the preferred version, of one namespace or of all.
    fn path(&self, namespace: Option<&str>) -> String {
        self.path_in(&self.versions[0], namespace)
    }

    fn path_in(&self, version: &str, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{}/{version}", self.group)
        };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

/// The administrator's way to an API server.
pub(crate) struct Api {
    agent: Agent,
    url: String,
    token: String,
    /// What is served, as last asked.
    resources: Mutex<Vec<Resource>>,
}

impl Api {
    /// A client that trusts what the server wrote about itself beside its key.
    ///
    /// # Errors
    /// The file is not there yet.
    pub(crate) fn new(url: &str, token: &str, certificates: &Path) -> Result<Self, String> {
        let pem = std::fs::read(certificates).map_err(|error| error.to_string())?;
        let trusted: Vec<Certificate<'static>> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate.to_owned()),
                _ => None,
            })
            .collect();
        if trusted.is_empty() {
            return Err(format!("{}: no certificate", certificates.display()));
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&trusted))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url: url.to_owned(),
            token: token.to_owned(),
            resources: Mutex::default(),
        })
    }

    /// Whether it is ready.
    pub(crate) fn is_ready(&self) -> bool {
        let answer = self.send("GET", "/readyz", &[], "");
        answer.is_ok_and(|(status, _)| status == 200)
    }

    /// Sends a request, again while the server says that it is too early, as it does for a kind that is just being
    /// defined; gives the status and the text of the answer.
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(u16, String), String> {
        let said = |error: &dyn std::fmt::Display| format!("{method} {path}: {error}");
        let start = Instant::now();
        loop {
            let mut request = http::Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.url))
                .header("Authorization", format!("Bearer {}", self.token));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(body).map_err(|error| said(&error))?;
            let mut answer = self.agent.run(request).map_err(|error| said(&error))?;
            let status = answer.status().as_u16();
            let body = answer.body_mut().with_config().limit(1 << 28);
            let text = body.read_to_string().map_err(|error| said(&error))?;
            if status != 429 || start.elapsed() > Duration::from_secs(30) {
                return Ok((status, text));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Asks for JSON; nothing where there is none.
    ///
    /// # Errors
    /// The request, and what the server says.
    fn ask(&self, path: &str, accept: &str) -> Result<Option<Value>, String> {
        let (status, text) = self.send("GET", path, &[("Accept", accept)], "")?;
        match status {
            200 => {
                let answer = serde_json::from_str(&text);
                answer.map(Some).map_err(|error| format!("{path}: {error}"))
            }
            404 => Ok(None),
            _ => Err(format!("{path}: {status}: {text}")),
        }
    }

    /// All kinds that are served, asked anew.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        let mut found = Vec::new();
        for root in ["/api", "/apis"] {
            let answer = self.ask(root, DISCOVERY);
            let answer = answer.unwrap_or_else(|error| panic!("{error}"));
            let answer = answer.expect("the API server says what it serves");
            for group in items(&answer) {
                found.extend(of_group(group));
            }
        }
        (*self.lock()).clone_from(&found);
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Resource>> {
        self.resources
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The kind that a word means, as kubectl takes it: `Kind`, `plural`, `plural.group`.
    ///
    /// # Errors
    /// No such kind is served.
    pub(crate) fn resource(&self, word: &str) -> Result<Resource, String> {
        let found = self.find(|resource| resource.is(word));
        found.ok_or_else(|| format!("the API server serves no {word}"))
    }

    /// A kind among those that are known, or else among those that are served by now.
    fn find(&self, is: impl Fn(&Resource) -> bool) -> Option<Resource> {
        let known = self.lock().iter().find(|resource| is(resource)).cloned();
        known.or_else(|| self.resources().into_iter().find(is))
    }

    /// What is there by this name.
    pub(crate) fn get(&self, word: &str, name: &str, namespace: Option<&str>) -> Option<Value> {
        let resource = self.resource(word).ok()?;
        let path = resource.path(namespace);
        let answer = self.ask(&format!("{path}/{name}"), "application/json");
        answer.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The objects of a kind in all namespaces, complete.
    pub(crate) fn list(&self, resource: &Resource) -> Vec<Value> {
        self.listed(resource, "application/json")
    }

    /// The metadata of the objects of a kind in all namespaces.
    pub(crate) fn metadata(&self, resource: &Resource) -> Vec<Value> {
        self.listed(resource, METADATA)
    }

    fn listed(&self, resource: &Resource, accept: &str) -> Vec<Value> {
        let answer = self.ask(&resource.path(None), accept);
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        let Some(Value::Array(mut items)) = answer.map(|mut list| list["items"].take()) else {
            return Vec::new();
        };
        let api = match resource.group.as_str() {
            "" => resource.versions[0].clone(),
            group => format!("{group}/{}", resource.versions[0]),
        };
        for item in &mut items {
            // A list says once what its items are.
            item["apiVersion"] = json!(api);
            item["kind"] = json!(resource.kind);
        }
        items
    }

    /// Applies an object on the server's side, under strict validation; `dry` keeps nothing.
    ///
    /// # Errors
    /// What the API server says.
    pub(crate) fn apply(&self, object: &Value, dry: bool) -> Result<Value, String> {
        let api = object["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
        let kind = object["kind"].as_str().unwrap_or_default();
        let metadata = &object["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        let resource = self.find(|r| {
            r.kind == kind && r.group == group && r.versions.iter().any(|v| v == version)
        });
        let resource = resource.ok_or_else(|| format!("no {kind} of {api} is served"))?;
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let path = resource.path_in(version, Some(namespace));
        let kept = if dry { "&dryRun=All" } else { "" };
        let how = format!("fieldManager={MANAGER}&force=true&fieldValidation=Strict{kept}");
        let path = format!("{path}/{name}?{how}");
        self.patch(&path, "application/apply-patch+yaml", object)
    }

    /// Merges into an object, or into a part of it such as `status`.
    ///
    /// # Errors
    /// What the API server says.
    pub(crate) fn merge(
        &self,
        object: &Value,
        part: &str,
        change: &Value,
    ) -> Result<Value, String> {
        let path = format!("{}{part}?fieldManager={MANAGER}", self.path_of(object)?);
        self.patch(&path, "application/merge-patch+json", change)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// What the API server says.
    pub(crate) fn delete(&self, object: &Value) -> Result<(), String> {
        let (status, text) = self.send("DELETE", &self.path_of(object)?, &[], "")?;
        (status == 200)
            .then_some(())
            .ok_or(format!("{status}: {text}"))
    }

    fn path_of(&self, object: &Value) -> Result<String, String> {
        let kind = object["kind"].as_str().unwrap_or_default();
        let api = object["apiVersion"].as_str().unwrap_or_default();
        let group = api.rsplit_once('/').map_or("", |(group, _)| group);
        let resource = self.resource(&format!("{kind}.{group}"))?;
        let namespace = object["metadata"]["namespace"].as_str();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        Ok(format!("{}/{name}", resource.path(namespace)))
    }

    fn patch(&self, path: &str, how: &str, change: &Value) -> Result<Value, String> {
        let headers = [("Content-Type", how), ("Accept", "application/json")];
        let (status, text) = self.send("PATCH", path, &headers, &change.to_string())?;
        let said: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
        if matches!(status, 200 | 201) {
            return Ok(said);
        }
        let message = said["message"].as_str().unwrap_or(&text);
        Err(format!("{status}: {message}"))
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}

/// The kinds of a group, each once with all its versions, which come in the server's order of preference.
fn of_group(group: &Value) -> Vec<Resource> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<Resource> = Vec::new();
    for version in group["versions"].as_array().into_iter().flatten() {
        for resource in version["resources"].as_array().into_iter().flatten() {
            let verbs = resource["verbs"].as_array();
            let can = |verb: &str| verbs.is_some_and(|verbs| verbs.iter().any(|v| v == verb));
            let (plural, version) = (text(&resource["resource"]), text(&version["version"]));
            if let Some(known) = found.iter_mut().find(|known| known.plural == plural) {
                known.versions.push(version);
                continue;
            }
            found.push(Resource {
                group: text(&group["metadata"]["name"]),
                versions: vec![version],
                kind: text(&resource["responseKind"]["kind"]),
                plural,
                namespaced: resource["scope"] == "Namespaced",
                kept: can("list") && can("watch"),
            });
        }
    }
    found
}
