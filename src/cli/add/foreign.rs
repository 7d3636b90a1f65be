//! Components from outside every catalogue: a chart, manifests of the user's own, or a folder of a Git repository.
//! They become a minimal template in the record, and from then on are like any other.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::manifests::manifests;
use crate::catalog::{Catalogue, FOREIGN, FORMAT, Files, Layer, Name, Naming};
use crate::cli::opened::Opened;
use crate::error::{Error, Problem, Result, Source};
use crate::yaml::parse_foreign;

/// The heading above what is only for components from outside.
pub(super) const HEADING: &str = "From outside the catalogue";

/// Where a component comes from that no catalogue has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct ForeignArgs {
    /// A Helm chart: oci://…, or its name in --repo
    #[arg(long, value_name = "CHART", requires = "version")]
    pub(super) chart: Option<String>,
    /// The HTTP repository of the chart
    #[arg(long, value_name = "URL", requires = "chart")]
    pub(super) repo: Option<String>,
    /// The chart's exact version
    #[arg(long, value_name = "VERSION", requires = "chart")]
    pub(super) version: Option<String>,
    /// A folder of manifests, which are copied; those that name no namespace are put into the component's
    #[arg(long, value_name = "DIR", conflicts_with_all = ["chart", "git"])]
    pub(super) manifests: Option<PathBuf>,
    /// A Git repository with manifests
    #[arg(long, value_name = "URL", conflicts_with = "chart", requires = "tag")]
    pub(super) git: Option<String>,
    /// An exact tag of it
    #[arg(long, value_name = "TAG", requires = "git")]
    pub(super) tag: Option<String>,
    /// The folder in it
    #[arg(long, value_name = "PATH", requires = "git")]
    pub(super) path: Option<String>,
    /// Its namespace; the component's name where none is given
    #[arg(long, value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// The Pod Security Standard that its namespace enforces; baseline where none is given
    #[arg(long, value_name = "LEVEL", value_parser = ["privileged", "baseline", "restricted"])]
    pub(super) pod_security: Option<String>,
    /// Abilities and components that must be there before
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) needs: Vec<String>,
    /// Helm values for all clusters
    #[arg(long, value_name = "FILE", requires = "chart")]
    pub(super) values: Option<PathBuf>,
    /// The Secret with the login of the chart's registry
    #[arg(long, value_name = "NAME", requires = "chart")]
    pub(super) registry_secret: Option<String>,
}

impl ForeignArgs {
    /// Whether anything from outside is asked for.
    pub(super) fn is_given(&self) -> bool {
        self.chart.is_some() || self.manifests.is_some() || self.git.is_some()
    }

    /// Refuses flags that say nothing without a source.
    ///
    /// # Errors
    /// There are some.
    pub(super) fn must_be_whole(&self) -> Result<()> {
        let flags = [
            (self.namespace.is_some(), "--namespace"),
            (self.pod_security.is_some(), "--pod-security"),
            (!self.needs.is_empty(), "--needs"),
        ];
        let stray = flags.iter().find(|(given, _)| *given && !self.is_given());
        match stray {
            None => Ok(()),
            Some((_, flag)) => Err(Error::refused(
                Problem::new(format!(
                    "{flag} is for a component from outside the catalogue"
                ))
                .hint("say where it comes from, by --chart, --manifests or --git, or leave it out"),
            )),
        }
    }

    /// Refuses a source where it was not said of which layer the component is to be.
    ///
    /// # Errors
    /// One is given.
    pub(super) fn must_be_below(&self, names: &[String]) -> Result<()> {
        self.must_be_whole()?;
        let flag = match (&self.chart, &self.manifests, &self.git) {
            (Some(_), _, _) => "--chart",
            (_, Some(_), _) => "--manifests",
            (_, _, Some(_)) => "--git",
            (None, None, None) => return Ok(()),
        };
        let name = names.first().map_or("NAME", String::as_str);
        let problem = Problem::new(format!(
            "`landform add {name}` takes {name} from the catalogue; with {flag} it must be said what it is, an app or infrastructure"
        ));
        Err(Error::refused(
            problem.hint(format!("landform add app {name} {flag} …")),
        ))
    }

    /// The Pod Security Standard of its namespace.
    fn level(&self) -> &str {
        self.pod_security.as_deref().unwrap_or("baseline")
    }
}

/// `component.yaml` as landform writes it.
#[derive(Serialize)]
struct Spec {
    format: u32,
    name: String,
    layer: Layer,
    category: &'static str,
    description: String,
    homepage: String,
    source: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    namespace: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<Value>,
    crds: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handover: Option<Value>,
}

/// A catalogue with the component in it, and what is worth knowing about it.
///
/// # Errors
/// A flag is wrong, a file cannot be read, or the name is taken.
pub(super) fn with_foreign(
    name: &str,
    layer: Layer,
    args: &ForeignArgs,
    opened: &Opened,
    catalogue: &Catalogue,
) -> Result<(Catalogue, Vec<String>)> {
    Name::new(name, Naming::Component).map_err(|reason| {
        Error::refused(Problem::new(format!("`{name}`: {reason}")).hint("as shop or web-shop"))
    })?;
    if catalogue.components.contains_key(name) {
        return Err(Error::refused(
            Problem::new(format!("the catalogue has a component `{name}`")).hint(format!(
                "add that one: landform add {name}; or choose another name for yours"
            )),
        ));
    }
    if catalogue.by_object(name).is_some() {
        return Err(Error::refused(
            Problem::new(format!(
                "`{name}` is the name of a renamed component's objects"
            ))
            .hint("choose another name"),
        ));
    }
    let mut files = Files::new();
    let mut notes = Vec::new();
    let root = format!("{layer}/{name}");
    let (source, homepage, what) = source(args, catalogue, &mut notes)?;
    let owner = namespace_of(namespace(name, args), catalogue, opened);
    let mut creates = owner.is_none() && !SYSTEM.contains(&namespace(name, args));
    if let Some(owner) = owner.filter(|owner| catalogue.components[*owner].spec.layer > layer) {
        return Err(Error::refused(
            Problem::new(format!(
                "the namespace {} comes with the app {owner}, and infrastructure is there before any app",
                namespace(name, args)
            ))
            .hint("choose another by --namespace, or make this an app too"),
        ));
    }
    if let Some(folder) = &args.manifests {
        for (file, text) in manifests(folder, namespace(name, args), &mut creates, &mut notes)? {
            let path = format!("{root}/manifests/{file}");
            files.insert(path.clone(), Source::new(path, text));
        }
    }
    if let Some(path) = &args.values {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        let read = Source::new(path.display().to_string(), text.clone());
        let documents = parse_foreign(&read)?;
        let is_map = documents.len() == 1 && !documents[0].entries().is_empty();
        if !is_map {
            return Err(Error::refused(
                Problem::new(format!("{} holds no Helm values", path.display()))
                    .hint("one YAML document, a map"),
            ));
        }
        let to = format!("{root}/values.yaml");
        files.insert(to.clone(), Source::new(to, text));
    }
    if args.chart.is_some() {
        notes.push("values were not checked: the chart is not on this machine".to_owned());
    }
    let namespace_name = namespace(name, args);
    let spec = Spec {
        format: FORMAT,
        name: name.to_owned(),
        layer,
        category: FOREIGN,
        description: format!("{what}."),
        homepage,
        source,
        release: args.chart.is_some().then(|| name.to_owned()),
        namespace: if creates {
            json!({"name": namespace_name, "podSecurity": args.level()})
        } else {
            json!({"name": namespace_name})
        },
        needs: args
            .needs
            .iter()
            .map(|need| json!({"name": need}))
            .collect(),
        // Where a chart has none, nothing comes of it.
        crds: if args.chart.is_some() {
            json!({"from": "crds-folder"})
        } else {
            json!({"from": "none", "removal": "deleted"})
        },
        secrets: secrets(args),
        handover: (layer == Layer::Infrastructure)
            .then(|| json!({"none": "nobody has described how it is handed over"})),
    };
    if creates {
        notes.push(format!(
            "its namespace {namespace_name} enforces the Pod Security Standard {}; --pod-security chooses another",
            args.level()
        ));
    }
    let text = serde_yaml::to_string(&spec)
        .map_err(|error| Error::failed(Problem::new(format!("could not write YAML: {error}"))))?;
    let path = format!("{root}/component.yaml");
    files.insert(path.clone(), Source::new(path, text));
    let whole = catalogue
        .with_files(files)
        .map_err(|error| as_flags(error, name))?;
    Ok((whole, notes))
}

/// What is wrong with a template that was made of flags is wrong with the flags.
fn as_flags(error: Error, name: &str) -> Error {
    let at = format!("add {name}");
    let problems = error.problems.into_iter().map(|mut problem| {
        if matches!(&problem.at, Some(crate::error::Place::Span(source, _)) if source.name.ends_with("component.yaml")) {
            problem.at = Some(crate::error::Place::Flag(at.clone()));
        }
        problem
    });
    Error {
        kind: error.kind,
        problems: problems.collect(),
    }
}

fn namespace<'a>(name: &'a str, args: &'a ForeignArgs) -> &'a str {
    args.namespace.as_deref().unwrap_or(name)
}

/// Namespaces that every cluster has.
const SYSTEM: [&str; 5] = [
    "default",
    "flux-system",
    "kube-system",
    "kube-public",
    "kube-node-lease",
];

/// The component on the platform that creates a namespace.
fn namespace_of<'a>(wanted: &str, catalogue: &Catalogue, opened: &'a Opened) -> Option<&'a String> {
    opened.platform.components.keys().find(|name| {
        let spec = &catalogue.components[*name].spec.namespace;
        spec.name.value == wanted && spec.pod_security.is_some()
    })
}

/// The source, the address to read more at, and one sentence.
pub(super) fn source(
    args: &ForeignArgs,
    catalogue: &Catalogue,
    notes: &mut Vec<String>,
) -> Result<(Value, String, String)> {
    if let Some(chart) = &args.chart {
        let version = args.version.clone().unwrap_or_default();
        return match (&args.repo, chart.starts_with("oci://")) {
            (None, true) => {
                let mut source = json!({"url": chart, "version": version});
                login(args, catalogue, &mut source)?;
                let homepage = format!("https://{}", chart.trim_start_matches("oci://"));
                Ok((
                    json!({"oci": source}),
                    homepage,
                    format!("The chart {chart}"),
                ))
            }
            (Some(repository), false) => {
                let mut source =
                    json!({"repository": repository, "chart": chart, "version": version});
                login(args, catalogue, &mut source)?;
                let what = format!("The chart {chart} of {repository}");
                Ok((json!({"helm": source}), repository.clone(), what))
            }
            (Some(_), true) => Err(Error::refused(
                Problem::new("a chart in an OCI registry has no --repo").hint("leave it out"),
            )),
            (None, false) => Err(Error::refused(
                Problem::new(format!("where is the chart {chart}?"))
                    .hint("name its repository by --repo URL, or write --chart oci://…/CHART"),
            )),
        };
    }
    if let Some(url) = &args.git {
        let path = args
            .path
            .as_deref()
            .unwrap_or(".")
            .trim_start_matches("./")
            .trim_matches('/');
        let path = if path == "." {
            "./".to_owned()
        } else {
            format!("./{path}")
        };
        let source = json!({"url": url, "tag": args.tag, "path": path});
        notes.push("Flux reads that repository without a login".to_owned());
        return Ok((
            json!({"git": source}),
            url.clone(),
            format!("Manifests from {url}"),
        ));
    }
    let folder = args.manifests.as_deref().unwrap_or(Path::new("."));
    let what = format!("Manifests of our own, from {}", folder.display());
    Ok((
        json!({"files": {}}),
        "https://kubernetes.io/docs/concepts/".to_owned(),
        what,
    ))
}

/// Names the Secret with the login, if the platform's own templates know of logins.
fn login(args: &ForeignArgs, catalogue: &Catalogue, source: &mut Value) -> Result<()> {
    let Some(secret) = &args.registry_secret else {
        return Ok(());
    };
    let templates = ["ocirepository", "helmrepository"];
    let know = templates.iter().all(|name| {
        let path = format!("common/component/{name}.yaml.tera");
        let text = catalogue
            .files
            .get(&path)
            .map(|source| source.text.as_str());
        text.is_some_and(|text| text.contains("secretRef"))
    });
    if !know {
        return Err(Error::refused(
            Problem::new("the platform's templates know no login for registries")
                .hint("bring in newer ones first: landform update"),
        ));
    }
    source["secret"] = json!(secret);
    Ok(())
}

fn secrets(args: &ForeignArgs) -> Vec<Value> {
    let Some(name) = &args.registry_secret else {
        return Vec::new();
    };
    if args.repo.is_some() {
        let keys = json!({"username": "who logs in", "password": "the password or token"});
        return vec![json!({"name": name, "keys": keys})];
    }
    let keys = json!({".dockerconfigjson": "the login, as docker login writes it to ~/.docker/config.json"});
    vec![json!({"name": name, "type": "kubernetes.io/dockerconfigjson", "keys": keys})]
}
