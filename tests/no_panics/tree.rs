//! Random texts and random small repositories: mostly what people write, partly what nobody should.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

/// What stands where a value is expected.
const ODD: [&str; 34] = [
    "",
    "~",
    "[]",
    "{}",
    "[[]]",
    "true",
    "0",
    "-1",
    "1e999",
    "99999999999999999999999999999999",
    "0x7f",
    "0o17",
    ".nan",
    "\"\\0\"",
    "\"\\ud7ff\\u202e\"",
    "'\u{1F9EA} é e\u{301}'",
    "${a}",
    "${a:=${b}}",
    "\"$${x} ${\"",
    "*a",
    "&a {a: 1}",
    "{<<: {a: 1}}",
    "!!binary eA==",
    "!x y",
    "{{ .Values.x }}",
    "{% if x %}",
    "|\n  text\n",
    ">-\n\n",
    "..",
    "/",
    "/etc/passwd",
    "./.",
    "../../../..",
    "a/../../b//c/./",
];

/// Paths of files and folders, such as refer to each other.
const PATHS: [&str; 16] = [
    ".",
    "./",
    "..",
    "../a",
    "../../apps/a",
    "./apps/a",
    "apps/a",
    "./clusters/prod",
    "clusters/prod/flux-system",
    "a.yaml",
    "values.yaml",
    "kustomization.yaml",
    "patch.yaml",
    "../b",
    "https://example.com/x?ref=v1",
    "git@example.com:x/y.git//a?ref=b",
];

/// Where files lie.
const FILES: [&str; 14] = [
    "clusters/prod/flux-system/gotk-sync.yaml",
    "clusters/prod/flux-system/kustomization.yaml",
    "clusters/prod/kustomization.yaml",
    "clusters/prod/a.yaml",
    "clusters/prod/b.yaml",
    "apps/a/kustomization.yaml",
    "apps/a/a.yaml",
    "apps/a/values.yaml",
    "apps/a/patch.yaml",
    "apps/b/kustomization.yml",
    "apps/b/a.yaml",
    "a.yaml",
    "kustomization.yaml",
    "main.tf",
];

/// Documents with `@` for a value and `%` for a path.
const DOCUMENTS: [&str; 13] = [
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: flux-system}\n\
     spec:\n  path: %\n  prune: @\n  interval: @\n  targetNamespace: @\n  components: [%, @]\n  dependsOn: [{name: a}, \
     {name: @}]\n  sourceRef: {kind: GitRepository, name: flux-system}\n  postBuild: {substitute: {a: @}, \
     substituteFrom: [{kind: ConfigMap, name: @}]}\n  patches: [{patch: @, target: {kind: @, labelSelector: @}}]\n",
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: \
     flux-system}\nspec: {path: %, interval: 1m, sourceRef: {kind: GitRepository, name: flux-system}}\n",
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: \
     flux-system}\nspec: {url: @, interval: @, ref: {branch: @, semver: @}, ignore: @, include: @}\n",
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: @, namespace: @}\nspec:\n  interval: \
     @\n  timeout: @\n  chart: {spec: {chart: %, version: @, sourceRef: {kind: HelmRepository, name: @}}}\n  \
     valuesFrom: [{kind: ConfigMap, name: a, valuesKey: @, targetPath: @}, @]\n  values: @\n  dependsOn: @\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: @\nnamePrefix: @\nresources: [%, %, \
     @]\ncomponents: [%]\nconfigMapGenerator: [{name: a, files: [%, \"k=%\"], literals: [@], behavior: @}]\npatches: \
     [{path: %, target: {name: @}}, {patch: @}]\nreplacements: [{source: {kind: @}, targets: @}]\nimages: [@]\n",
    "resources: [%]\nbases: [%]\npatchesStrategicMerge: [%, @]\npatchesJson6902: [@]\ncommonLabels: @\n",
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: @\ncomponents: [%]\nsecretGenerator: @\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: @, labels: @, annotations: @}\ndata: {values.yaml: @, \
     a: @}\n",
    "apiVersion: v1\nkind: List\nitems: [@, {apiVersion: v1, kind: Secret, metadata: {name: @}, stringData: @}]\n",
    "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\nspec: \
     {distribution: @, components: @, sync: {kind: GitRepository, url: @, ref: @, path: %}, kustomize: {patches: @}}\n",
    "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: a, namespace: @}\nspec: {inputs: @, \
     resources: [@], resourcesTemplate: @, dependsOn: @}\n",
    "apiVersion: @\nkind: @\nmetadata: @\nspec: @\n",
    "",
];

/// Text that is nearly YAML.
pub(crate) fn yaml() -> impl Strategy<Value = String> {
    let parts = vec(
        prop_oneof![
            4 => select(&ODD[..]).prop_map(str::to_owned),
            4 => select(vec!["a: ", "- ", "\n", "  ", "\n  ", "? ", ": ", "---\n", "...\n", "# x\n", "{", "}", "[", "]", ",",
                "&a ", "*a", "<<: *a\n", "\t", "\r\n", "\u{feff}", "\u{85}", "%YAML 1.1\n", "|+\n", "\"", "'", "é", "\u{1F9EA}"])
                .prop_map(str::to_owned),
            2 => select(&DOCUMENTS[..]).prop_map(str::to_owned),
            1 => "\\PC{0,12}",
            1 => any::<String>(),
        ],
        0..24,
    );
    parts.prop_map(|parts| parts.concat())
}

/// Text with what may be variables.
pub(crate) fn substituted() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => select(vec!["$", "{", "}", "${", "$${", "${a}", "${a:=", "${a:-b}", "${#a}", "${a/b/c}", "${a:1:2}", "${a^^}",
            "${a##*.}", ":", "=", "/", "\\", "\n", "a", "_1", "é", "\u{1F9EA}"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Small repositories.
pub(crate) fn trees() -> impl Strategy<Value = BTreeMap<String, String>> {
    let document = (select(&DOCUMENTS[..]), vec(any::<u16>(), 24))
        .prop_map(|(text, dice)| filled(text, &dice));
    let text = prop_oneof![
        12 => vec(document, 1..4).prop_map(|documents| documents.join("---\n")),
        1 => yaml(),
    ];
    btree_map(select(&FILES[..]).prop_map(str::to_owned), text, 1..10)
}

/// Puts values and paths into a document: what is odd in one place of four, what is usual elsewhere.
fn filled(text: &str, dice: &[u16]) -> String {
    let usual = ["a", "b", "flux-system", "5m", "v1", "ConfigMap"];
    let mut dice = dice.iter().cycle().map(|number| usize::from(*number));
    let mut next = || dice.next().unwrap_or_default();
    let mut result = String::new();
    for letter in text.chars() {
        let (odd, number) = (next() % 4 == 0, next());
        match letter {
            '@' | '%' if odd => result.push_str(ODD[number % ODD.len()]),
            '@' => result.push_str(usual[number % usual.len()]),
            '%' => result.push_str(PATHS[number % PATHS.len()]),
            other => result.push(other),
        }
    }
    result
}

/// Repositories that lead round, and such as are deep: in folders, in documents, in what waits for what.
pub(crate) fn rounds() -> Vec<(&'static str, BTreeMap<String, String>)> {
    let flux = |name: &str, path: &str, more: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: \
             flux-system}}\nspec:\n  path: {path}\n  interval: 1m\n  prune: true\n  sourceRef: {{kind: GitRepository, \
             name: flux-system}}\n{more}---\n"
        )
    };
    let tree = |files: Vec<(String, String)>| files.into_iter().collect::<BTreeMap<_, _>>();
    let start = |path: &str| {
        (
            "clusters/prod/s.yaml".to_owned(),
            flux("flux-system", path, ""),
        )
    };
    let mut all = vec![(
        "resources in a ring",
        tree(vec![
            start("./a"),
            (
                "a/kustomization.yaml".to_owned(),
                "resources: [../b, ., .., ../a]\n".to_owned(),
            ),
            (
                "b/kustomization.yaml".to_owned(),
                "resources: [../a, /, ../../../..]\ncomponents: [../a]\n".to_owned(),
            ),
        ]),
    )];
    let long = 3000;
    let mut chain: Vec<_> = (0..long)
        .map(|at| {
            (
                format!("f{at}/kustomization.yaml"),
                format!("resources: [../f{}]\n", at + 1),
            )
        })
        .collect();
    chain.push(start("./f0"));
    all.push(("folders in a chain", tree(chain)));
    let long = 500;
    let mut children: Vec<_> = (0..long)
        .map(|at| {
            (
                format!("g{at}/k.yaml"),
                flux(&format!("g{at}"), &format!("./g{}", at + 1), ""),
            )
        })
        .collect();
    children.push(start("./g0"));
    all.push(("Flux in a chain", tree(children)));
    let waiting = (0..long).fold(String::new(), |mut text, at| {
        let more = format!("  dependsOn: [{{name: w{}}}]\n", (at + 1) % long);
        text.push_str(&flux(&format!("w{at}"), "./a", &more));
        text
    });
    all.push((
        "waiting in a ring",
        tree(vec![
            start("./clusters/prod"),
            ("clusters/prod/w.yaml".to_owned(), waiting),
        ]),
    ));
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let text = open.repeat(20_000) + &close.repeat(20_000);
        all.push((
            "a deep document",
            tree(vec![start("./a"), ("a/a.yaml".to_owned(), text)]),
        ));
    }
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..12 {
        let alias = format!("*a{}, ", at - 1).repeat(9);
        writeln!(laughs, "a{at}: &a{at} [{alias}]").unwrap_or_default();
    }
    all.push((
        "aliases that multiply",
        tree(vec![start("./a"), ("a/a.yaml".to_owned(), laughs)]),
    ));
    let nested = "${a:=".repeat(20_000) + &"}".repeat(20_000);
    let config =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: '{nested}'\n");
    all.push((
        "deep variables",
        tree(vec![start("./a"), ("a/a.yaml".to_owned(), config)]),
    ));
    all
}
