//! Hostile texts in every answer that a user writes: refused with a reason, or the same text wherever it comes out.

mod support;

#[path = "asking/mod.rs"]
mod asking;

use landform::catalog::{Catalogue, embedded_files};
use landform::error::{Error, Kind, Source};
use landform::render::render;
use landform::ui::render_error;
use serde_json::{Map, Value, json};

use asking::back::assert_replaced;
use asking::{Asked, Texts, Whose, answers_with, free_texts, sample, texts, try_resolve};

/// Texts that break what does not quote.
#[rustfmt::skip]
const HOSTILE: &[&str] = &[
    "",
    " ",
    "\"",
    "'",
    "\\",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\u{0}b",
    "\u{7}",
    "\u{85}",
    "\u{2028}",
    "\u{2028}a",
    "a\u{2029}b",
    "a\u{202e}b",
    "a\u{200f}",
    "\u{feff}a",
    "${x}",
    "$${x}",
    "%{x}",
    "%%{ if x }",
    "{{ x }}",
    "{% if x %}",
    "{# x #}",
    "{{ cluster.name | yaml }}",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "@a",
    "`a`",
    "- a",
    "-",
    "--- a",
    "...",
    "?",
    "? a",
    "[a]",
    "{a}",
    "a,b",
    "<a>",
    "a|b",
    "a]b",
    "=",
    "<<",
    "~",
    "null",
    "Null",
    "yes",
    "no",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "False",
    "12",
    "012",
    "0x1f",
    "0o17",
    "0b1",
    "1_000",
    "1.20",
    "1e3",
    ".5",
    ".inf",
    ".NaN",
    "12:30:45",
    "190:20:30",
    "2026-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "+1",
    "-1",
    " a",
    "a ",
    "  a  ",
    "🎉",
    "é\u{301}",
    "日本語",
    "\u{202e}abc",
    "a'b\"c\\d",
    "$(id)",
    "`id`",
    "; rm -rf /",
    "$HOME",
    "!!python/object",
    "%YAML 1.1",
    "EOF",
    "<<EOF",
    "*/",
    "//",
    "../../x",
    "/etc/passwd",
    "a/../b",
    ".git",
    "\\u0041",
    "\\n",
    "&amp;",
    "<!-- -->",
    "</script>",
    "[x](javascript:a)",
    "a@b.io",
    "https://h.io/a",
    "con",
    "NUL",
    "nul.txt",
];

/// Those, and some that are long.
fn hostile() -> Vec<String> {
    let long = ["x".repeat(10_000), "x".repeat(1024), "é".repeat(400)];
    HOSTILE
        .iter()
        .map(|&text| text.to_owned())
        .chain(long)
        .collect()
}

/// What landform makes of answers: the files, or that it refused them with a reason.
#[track_caller]
fn outcome(answers: &Value, catalogue: &Catalogue) -> Option<Texts> {
    match try_resolve(answers, catalogue) {
        Ok(resolution) => {
            let tree = render(&resolution.platform, catalogue)
                .unwrap_or_else(|e| panic!("{e}: {answers}"));
            Some(texts(&tree))
        }
        Err(error) => {
            assert_eq!(error.kind, Kind::Refused, "{error}");
            for problem in &error.problems {
                assert!(!problem.message.trim().is_empty(), "{answers}");
                assert!(
                    problem.at.is_some() || problem.hint.is_some(),
                    "{problem}: {answers}"
                );
            }
            assert_printable(&error);
            None
        }
    }
}

/// What a terminal gets has no control characters but line ends and colours.
#[track_caller]
fn assert_printable(error: &Error) {
    let drawn = render_error(error);
    for (at, c) in drawn.char_indices().filter(|(_, c)| c.is_ascii_control()) {
        let rest = &drawn[at + 1..];
        let colour = rest.strip_prefix('[').is_some_and(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m')
        });
        assert!(c == '\n' || c == '\u{1b}' && colour, "{c:?} in {drawn:?}");
    }
}

/// Tries all hostile texts in one place. Gives how many were taken.
#[track_caller]
fn try_all(marker: &str, with: impl Fn(&Value) -> Value, catalogue: &Catalogue) -> usize {
    let before = outcome(&with(&json!(marker)), catalogue).unwrap_or_else(|| {
        panic!(
            "{marker} is refused: {:?}",
            try_resolve(&with(&json!(marker)), catalogue).err()
        )
    });
    let mut taken = 0;
    for text in hostile() {
        let Some(after) = outcome(&with(&json!(text)), catalogue) else {
            continue;
        };
        taken += 1;
        let places = assert_replaced(&before, &after, marker, &text);
        assert!(places > 0, "{marker} is used nowhere");
        let outside = before
            .iter()
            .any(|(path, text)| !path.starts_with(".landform/") && text.contains(marker));
        assert!(outside, "{marker} stands only in the record");
    }
    taken
}

/// Every free question of one kind of owner.
fn try_questions(which: impl Fn(&Whose) -> bool) {
    let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
    let asked: Vec<Asked<'_>> = free_texts(&catalogue)
        .into_iter()
        .filter(|asked| which(&asked.whose))
        .collect();
    assert!(!asked.is_empty());
    for asked in asked {
        let marker = sample(asked.name());
        // Everything else is filled in once, with the sample in this place.
        let base = answers_with(&asked, &json!(marker), &catalogue);
        let base = base.to_string();
        let with = |text: &Value| {
            let quoted = json!(marker).to_string();
            serde_json::from_str(&base.replace(&quoted, &text.to_string())).expect("JSON")
        };
        try_all(marker, with, &catalogue);
    }
}

#[test]
fn questions_of_providers() {
    try_questions(|whose| matches!(whose, Whose::Provider(_)));
}

#[test]
fn questions_of_all_clusters() {
    try_questions(|whose| *whose == Whose::Common);
}

#[test]
fn questions_of_components() {
    try_questions(|whose| matches!(whose, Whose::Component(_)));
}

#[test]
fn answers_about_the_platform() {
    let catalogue = Catalogue::embedded().unwrap();
    let base = json!({
        "name": "acme",
        "git": {"url": "https://git.example.com/acme.git", "branch": "main", "auth": "public"},
        "ci": "github",
        "email": "ops@acme.io",
        "clusters": {"edge": {"provider": "existing", "context": "edge", "dns": "cloudflare", "domain": "acme.test"}},
        "components": {"cert-manager": {"answers": {"all": {"issuer": "letsencrypt"}}}, "external-dns": {}},
    });
    for (pointer, marker) in [
        ("/name", "zqplatform"),
        ("/git/url", "https://zq-host.example/p.git"),
        ("/git/branch", "zq-branch"),
        ("/email", "zq@zq-mail.example"),
    ] {
        let with = |text: &Value| {
            let mut answers = base.clone();
            *answers.pointer_mut(pointer).unwrap() = text.clone();
            answers
        };
        try_all(marker, with, &catalogue);
    }
}

#[test]
fn names_of_clusters() {
    let catalogue = Catalogue::embedded().unwrap();
    let with = |text: &Value| {
        let name = text.as_str().unwrap();
        json!({
            "name": "acme",
            "git": {"url": "https://git.example.com/acme.git", "branch": "main", "auth": "public"},
            "clusters": {name: {"provider": "kind"}},
            "components": {"grafana": {"on": [name]}},
        })
    };
    let taken = try_all("zqcluster", with, &catalogue);
    assert!(taken > 0, "an ordinary name is taken");
}

/// Names of components, clusters, questions and keys that only look at what the user wrote.
#[test]
fn names_that_are_looked_up() {
    let catalogue = Catalogue::embedded().unwrap();
    for text in hostile() {
        let text = text.as_str();
        for answers in [
            json!({"components": {text: {}}}),
            json!({"components": {"grafana": {"on": [text]}}}),
            json!({"components": {"grafana": {"answers": {text: {"admin": "secret"}}}}}),
            json!({"components": {"grafana": {"answers": {"all": {text: "secret"}}}}}),
            json!({"components": {"grafana": {"answers": {"all": {"admin": text}}}}}),
            json!({"clusters": {"edge": {"provider": text}}}),
            json!({"clusters": {"edge": {"provider": "kind", text: 1}}}),
            json!({"clusters": {"edge": {"provider": "kind", "backend": text}}}),
            json!({"clusters": {"edge": {"provider": "kind", "backend": {text: {}}}}}),
            json!({"clusters": {"edge": {"provider": "kind", "nodes": text}}}),
            json!({"clusters": {"edge": {"provider": "existing", "context": "c", "kube_proxy": text}}}),
            json!({"git": {"auth": text}}),
            json!({"ci": text}),
            json!({text: text}),
        ] {
            assert!(outcome(&answers, &catalogue).is_none(), "{answers}");
        }
    }
}

#[test]
fn many_problems_are_as_printable_as_one() {
    let catalogue = Catalogue::embedded().unwrap();
    let components: Map<String, Value> = (0..40)
        .map(|n| {
            (
                format!("{n}\u{1b}]0;title\u{7}\u{1b}[2J\r\u{85}"),
                json!({}),
            )
        })
        .collect();
    let error = try_resolve(&json!({"components": components}), &catalogue).unwrap_err();
    assert_eq!(error.problems.len(), 40);
    assert_printable(&error);
}

/// A component that puts free texts wherever a component may.
fn free_catalogue() -> Catalogue {
    let mut files = embedded_files();
    let mut add = |path: &str, text: &str| {
        let path = format!("apps/free/{path}");
        files.insert(path.clone(), Source::new(path, text));
    };
    add(
        "component.yaml",
        "format: 1\nname: free\nlayer: apps\ncategory: test\ndescription: Takes any text.\nhomepage: https://example.com\n\
         source:\n  oci: {url: \"oci://example.com/free\", version: 1.0.0}\nrelease: free\n\
         namespace: {name: free, podSecurity: restricted}\ncrds: {from: none}\n\
         parts: [{name: extra, scope: cluster}]\n\
         questions:\n  \
           - {name: once, ask: platform, prompt: Once?, default: once}\n  \
           - {name: own, prompt: Own?, default: own}\n  \
           - {name: some, prompt: Some?, type: list, default: [a]}\n  \
           - {name: deep, prompt: Deep?, type: map, default: {inner: {leaf: a}}, fields: [{name: inner, prompt: I?, type: map, fields: [{name: leaf, prompt: L?}]}]}\n",
    );
    add(
        "values.yaml.tera",
        "once: {{ answers.once | yaml }}\nflow: [{{ answers.once | yaml }}, {k: {{ answers.once | yaml }}}]\n",
    );
    add(
        "cluster-values.yaml.tera",
        "own: {{ answers.own | yaml }}\nlist:\n{%- for s in answers.some %}\n  - {{ s | yaml }}\n{%- endfor %}\nflow: {{ answers.some | yaml }}\n\
         deep: {{ answers.deep.inner.leaf | yaml }}\nmap: {{ answers.deep | yaml }}\n",
    );
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\n  namespace: free\ndata:\n  text: {{ answers.WHICH | yaml }}\n";
    add(
        "manifests/shared.yaml.tera",
        &object.replace("NAME", "shared").replace("WHICH", "once"),
    );
    add(
        "cluster/own.yaml.tera",
        &object.replace("NAME", "own").replace("WHICH", "own"),
    );
    add(
        "parts/extra/extra.yaml.tera",
        &object.replace("NAME", "extra").replace("WHICH", "own"),
    );
    add(
        "terraform/kind.tf.tera",
        "locals {\n  once = {{ answers.once | hcl }}\n  own  = {{ answers.own | hcl }}\n  some = {{ answers.some | hcl }}\n  deep = {{ answers.deep | hcl }}\n}\n",
    );
    Catalogue::load(files).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn free_texts_come_back_as_they_were() {
    let catalogue = free_catalogue();
    for pointer in ["/once", "/own", "/some/0", "/deep/inner/leaf"] {
        let with = |text: &Value| {
            let mut all =
                json!({"once": "o", "own": "p", "some": ["q"], "deep": {"inner": {"leaf": "r"}}});
            *all.pointer_mut(pointer).unwrap() = text.clone();
            json!({
                "name": "acme",
                "git": {"url": "https://git.example.com/acme.git", "branch": "main", "auth": "public"},
                "ci": "none",
                "clusters": {"edge": {"provider": "kind", "cni": "kindnet"}},
                "components": {"free": {"answers": {"all": all}}},
            })
        };
        let taken = try_all("zqmarker", with, &catalogue);
        // All but the empty, the too long, those with control characters and those with `${`.
        assert!(taken > 80, "{pointer}: only {taken} were taken");
    }
}

/// The check itself: what does not quote is found out.
#[test]
fn an_unquoted_text_would_be_found() {
    let file = |text: &str| Texts::from([("x.yaml".to_owned(), format!("a: {text}\n"))]);
    assert_eq!(
        assert_replaced(&file("marker"), &file("'no'"), "marker", "no"),
        1
    );
    for (given, text) in [
        ("12", "12"),
        ("a #b", "a #b"),
        ("null", "null"),
        ("'a'\nb: 1", "a"),
    ] {
        let found = std::panic::catch_unwind(|| {
            assert_replaced(&file("marker"), &file(given), "marker", text)
        });
        assert!(found.is_err(), "{given}");
    }
}
