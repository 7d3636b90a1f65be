//! Conversations with a script, over the embedded catalogue. Questions that come to it later are answered by Enter.

use std::sync::LazyLock;

use super::*;
use crate::error::Source;
use crate::model::{answers_file, resolve};
use crate::ui::Act::{Back, Mark, Say, Stop};
use crate::ui::{Act, Scripted};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| Environment {
    folder: Some("acme-platform".to_owned()),
    email: Some("me@acme.io".to_owned()),
    ..Environment::default()
});

fn interview(answers: Answers) -> Interview<'static> {
    Interview::new(answers, &ENVIRONMENT, &CATALOGUE)
}

fn read(text: &str) -> Answers {
    Answers::read(&Source::new("answers.yaml", text)).unwrap()
}

/// Every answer that comes of a conversation, as a file.
fn file(interview: &Interview<'_>) -> String {
    let resolution = resolve(interview.answers(), &ENVIRONMENT, &CATALOGUE);
    answers_file(
        &resolution
            .unwrap_or_else(|error| panic!("{error}"))
            .platform,
    )
}

/// A whole conversation: the answers as a file, and what was asked and said.
#[track_caller]
fn talk<'a>(
    answers: Answers,
    acts: impl IntoIterator<Item = (&'a str, Act)>,
) -> (String, Scripted) {
    let mut interview = interview(answers);
    let mut prompter = Scripted::new(acts);
    interview
        .run(&mut prompter)
        .unwrap_or_else(|error| panic!("{error}\n{:#?}", prompter.log));
    assert_eq!(prompter.left(), Vec::<&str>::new(), "{:#?}", prompter.log);
    assert!(!interview.is_open().unwrap());
    (file(&interview), prompter)
}

/// One cluster of each provider, the second with DNS.
const TWO: [(&str, Act); 5] = [
    ("Another cluster?", Say("prod")),
    ("Where does prod run?", Say("existing")),
    ("prod: Which context", Say("admin@prod")),
    ("prod: Which domain", Say("acme.io")),
    ("prod: Who serves DNS", Say("cloudflare")),
];

fn with(acts: &[(&'static str, Act)]) -> Vec<(&'static str, Act)> {
    [&TWO[..], acts].concat()
}

#[test]
fn enter_is_enough() {
    let (file, prompter) = talk(Answers::default(), []);
    assert!(prompter.log[0].starts_with("Nothing is written before you confirm."));
    for line in [
        "name: acme-platform",
        "auth: token",
        "  staging:",
        "provider: kind",
        "cilium:",
        "grafana:",
    ] {
        assert!(file.contains(line), "{line}\n{file}");
    }
    // One cluster needs no name before its questions, and nobody is later than it.
    assert!(!prompter.heard("staging: "), "{:#?}", prompter.log);
    assert!(!prompter.heard("later"));
    assert!(prompter.heard("needed by envoy-gateway"));
}

#[test]
fn what_is_answered_is_not_asked() {
    let (file, _) = talk(Answers::default(), with(&[]));
    let again = interview(read(&file));
    assert!(!again.is_open().unwrap());
    let mut prompter = Scripted::default();
    interview(read(&file)).run(&mut prompter).unwrap();
    assert_eq!(prompter.log, Vec::<String>::new());
}

#[test]
fn files_and_flags_are_filled_up() {
    let mut answers =
        read("clusters: {prod: {provider: existing, context: c}}\ncomponents: {grafana: {}}\n");
    answers.flag("git.auth", "--git-auth", "public");
    answers.set("prod.backend=local").unwrap();
    let (file, prompter) = talk(answers, [("Which domain", Say("acme.io"))]);
    assert!(
        file.contains("domain: acme.io") && file.contains("auth: public"),
        "{file}"
    );
    for words in [
        "How may Flux",
        "cluster?",
        "Components",
        "Right?",
        "state",
        "context",
    ] {
        assert!(!prompter.heard(words), "{words}: {:#?}", prompter.log);
    }
    // A cluster without its provider.
    let (file, _) = talk(
        read("clusters: {prod: {context: c}}\n"),
        [("Where does prod run?", Say("existing"))],
    );
    assert!(file.contains("provider: existing"), "{file}");
    // What flags say of a cluster that is only named here.
    let mut answers = Answers::default();
    answers.set("edge.nodes=2").unwrap();
    let (file, _) = talk(answers, [("First cluster", Say("edge"))]);
    assert!(file.contains("nodes: 2"), "{file}");
}

#[test]
fn wrong_flags_fail_before_anything_is_asked() {
    let flag = |key: &str, value: &str| {
        let mut answers = Answers::default();
        answers.flag(key, &format!("--{key}"), value);
        answers
    };
    for wrong in [
        flag("git.url", "git@github.com:acme/p.git"),
        flag("git.auth", "magic"),
        flag("email", "nobody"),
        flag("name", "Not A Name"),
        read("clusters: {prod: {provider: eks8}}\n"),
        read("clusters: {Prod: {provider: kind}}\n"),
        read("clusters: {prod: {provider: kind, nodes: many}}\n"),
        read("components: {cillium: {}}\n"),
        read("clusters: {prod: {provider: kind}}\ncomponents: {external-dns: {}}\n"),
    ] {
        let error = interview(wrong.clone()).is_open().unwrap_err();
        assert_eq!(error.kind, Kind::Refused, "{error}");
    }
    // Whether it fits is not known before there are clusters.
    assert!(
        interview(read("components: {external-dns: {}}\n"))
            .is_open()
            .unwrap()
    );
}

#[test]
fn back_from_every_question_comes_to_the_same_end() {
    let (wanted, prompter) = talk(Answers::default(), with(&[]));
    let questions: Vec<String> = prompter
        .log
        .iter()
        .filter_map(|line| {
            line.strip_suffix(']')?
                .split_once(" [")
                .map(|(q, _)| q.to_owned())
        })
        .collect();
    assert!(questions.len() > 12, "{questions:#?}");
    for question in &questions {
        // The name of the second cluster is not kept for the next.
        let mut acts = vec![(question.as_str(), Back)];
        if question.starts_with("Another") || question.starts_with("Where does prod") {
            continue;
        }
        acts.extend(
            with(&[])
                .into_iter()
                .filter(|(words, _)| !question.contains(words)),
        );
        let mut interview = interview(Answers::default());
        let mut prompter = Scripted::new(acts);
        if question.contains("prod: Which context") {
            continue;
        }
        interview.run(&mut prompter).unwrap();
        let kept = file(&interview);
        if !question.contains("prod: ") {
            assert_eq!(kept, wanted, "{question}");
        }
        let said = prompter.heard("This is the first question");
        assert_eq!(said, question.starts_with("Git URL"), "{question}");
    }
}

#[test]
fn going_back_offers_what_was_answered() {
    let (file, prompter) = talk(
        Answers::default(),
        [
            ("How may Flux", Say("public")),
            ("First cluster", Back),
            ("Where does staging run", Say("existing")),
            ("Which context", Say("admin")),
            ("Which domain", Say("acme.io")),
            ("Who serves DNS", Back),
            ("Components", Mark(&["grafana", "cert-manager"])),
            ("Anything else?", Back),
        ],
    );
    assert!(prompter.heard("How may Flux read it? [public]"));
    assert!(prompter.heard("under? [acme.io]"));
    assert!(prompter.heard("Components [cert-manager, grafana]"));
    assert!(
        file.contains("auth: public") && file.contains("domain: acme.io"),
        "{file}"
    );
    assert!(!file.contains("envoy-gateway:"), "{file}");
}

#[test]
fn wrong_answers_are_refused_with_the_reason() {
    let (_, prompter) = talk(
        Answers::default(),
        [
            ("Git URL", Say("git@github.com:acme/p.git")),
            ("Git URL", Say("https://user:pw@github.com/acme/p.git")),
            ("Git URL", Say("https://github.com/acme/p.git")),
            ("First cluster", Say("Prod")),
            ("First cluster", Say("all")),
            ("First cluster", Say("prod")),
            ("Another cluster?", Say("prod")),
            ("Another cluster?", Say("edge")),
            ("Where does prod run", Say("existing")),
            ("Which context", Say("admin")),
            ("prod: Which domain", Say("ACME")),
            ("prod: Which domain", Say("acme.io")),
        ],
    );
    for reason in [
        "write ssh://git@github.com/acme/p.git",
        "a login in it",
        "starts with a lower-case letter",
        "taken by the platform's own files",
        "there is a cluster prod already",
        "a domain in small letters",
    ] {
        assert!(prompter.heard(reason), "{reason}: {:#?}", prompter.log);
    }
}

#[test]
fn an_answer_that_does_not_go_with_another_is_refused() {
    let mut answers = Answers::default();
    answers.flag("git.auth", "--git-auth", "ssh");
    let (file, prompter) = talk(
        answers,
        [
            ("Git URL", Say("https://github.com/acme/p.git")),
            ("Git URL", Say("ssh://git@github.com/acme/p.git")),
        ],
    );
    assert!(prompter.heard("Not taken: `git.auth: ssh` with the address"));
    assert!(
        file.contains("url: ssh://git@github.com/acme/p.git"),
        "{file}"
    );
}

#[test]
fn a_deploy_key_changes_the_address() {
    let (file, _) = talk(
        Answers::default(),
        [
            ("Git URL", Say("https://github.com/acme/p.git")),
            ("How may Flux", Say("ssh")),
        ],
    );
    assert!(
        file.contains("url: ssh://git@github.com/acme/p.git"),
        "{file}"
    );
    assert!(file.contains("auth: ssh"), "{file}");
    // Of an address given by a flag only what goes with it is offered; SSH has one way.
    let mut answers = Answers::default();
    answers.flag("git.url", "--git-url", "ssh://git@github.com/acme/p.git");
    let (_, prompter) = talk(answers, []);
    assert!(!prompter.heard("How may Flux"));
}

#[test]
fn later_clusters() {
    let (file, prompter) = talk(
        Answers::default(),
        with(&[("get new chart versions later", Mark(&["prod"]))]),
    );
    assert!(
        file.contains("upgrades: later") && file.contains("upgrades: now"),
        "{file}"
    );
    // What kind has a default for is not asked there.
    assert!(prompter.heard("prod: ") && !prompter.heard("staging: Which domain"));
}

#[test]
fn what_decides_where_a_component_fits_is_asked_before_the_table() {
    let acts = with(&[("Anything else?", Say("external-dns"))]);
    let (file, prompter) = talk(Answers::default(), acts);
    assert!(
        file.contains("external-dns:\n    on:\n    - prod"),
        "{file}"
    );
    let at = |words: &str| {
        prompter
            .log
            .iter()
            .position(|line| line.contains(words))
            .unwrap()
    };
    assert!(at("prod: Who serves DNS") < at("Right?"));
    assert!(at("prod: Which domain") < at("prod: Who serves DNS"));
    assert!(prompter.heard("not on staging: a kind cluster has no public address"));

    let mut acts = with(&[("Anything else?", Say("external-dns"))]);
    acts.retain(|(words, _)| !words.contains("DNS"));
    let (file, prompter) = talk(Answers::default(), acts);
    assert!(
        prompter.heard("external-dns is left out: "),
        "{:#?}",
        prompter.log
    );
    assert!(!file.contains("external-dns"), "{file}");
}

#[test]
fn what_fits_nowhere_cannot_be_added() {
    let (file, prompter) = talk(
        Answers::default(),
        [
            ("Anything else?", Say("external-dns")),
            ("Anything else?", Back),
            ("Components", Mark(&["grafana", "cilium"])),
        ],
    );
    assert!(prompter.heard("external-dns does not fit: a kind cluster"));
    assert!(!file.contains("external-dns:"), "{file}");
}

#[test]
fn the_table_can_be_changed() {
    let mut acts = with(&[
        ("Right?", Say("change it")),
        ("What is to change?", Say("grafana")),
        ("On which clusters is grafana?", Mark(&["prod"])),
        ("Right?", Say("change it")),
        ("What is to change?", Say("cert-manager")),
        ("On which clusters is cert-manager?", Mark(&[])),
        ("Right?", Say("change it")),
        ("What is to change?", Say("add another")),
        ("Anything else?", Say("no, go on")),
        ("Anything else?", Say("gateway-api")),
        ("Right?", Say("change it")),
        ("What is to change?", Back),
        ("Right?", Say("change it")),
        ("What is to change?", Say("grafana")),
        ("On which clusters is grafana?", Back),
        ("Right?", Say("change it")),
        ("What is to change?", Say("grafana")),
        ("On which clusters is grafana?", Mark(&["prod", "staging"])),
        ("Right?", Back),
    ]);
    // Nobody asks without cert-manager.
    acts.retain(|(words, _)| !words.contains("DNS"));
    let (file, prompter) = talk(Answers::default(), acts);
    assert!(!file.contains("cert-manager:"), "{file}");
    // The last change was gone back on.
    assert!(
        file.contains("grafana:\n    on:\n    - prod\n    answers"),
        "{file}"
    );
    assert!(prompter.heard("needed by envoy-gateway"));
}

#[test]
fn maps_are_asked_key_by_key() {
    let (file, prompter) = talk(
        Answers::default(),
        with(&[
            ("prod: Where does Terraform keep", Say("s3")),
            ("prod: Which bucket?", Back),
            ("prod: Where does Terraform keep", Say("s3")),
            ("prod: Which bucket?", Say("B")),
            ("prod: Which bucket?", Say("acme-state")),
            ("prod: In which region", Back),
            ("prod: Which bucket?", Say("acme-states")),
            ("prod: In which region", Say("eu-central-1")),
        ]),
    );
    assert!(
        file.contains("bucket: acme-states") && file.contains("region: eu-central-1"),
        "{file}"
    );
    assert!(file.contains("key: acme-platform/prod.tfstate"), "{file}");
    assert!(prompter.heard("Not taken: `B` is not of the right form"));
    assert!(prompter.heard("prod: Which bucket? It must exist. [acme-state]"));
    assert!(!prompter.heard("if it is not Amazon"));
}

#[test]
fn the_address_for_notices_is_asked_if_something_uses_it() {
    let (file, prompter) = talk(
        Answers::default(),
        with(&[("e-mail", Say("nobody")), ("e-mail", Say("ops@acme.io"))]),
    );
    assert!(prompter.heard("notices? [me@acme.io]"));
    assert!(prompter.heard("`nobody` is no e-mail address"));
    assert!(file.contains("email: ops@acme.io"), "{file}");
    let (_, prompter) = talk(Answers::default(), []);
    assert!(!prompter.heard("e-mail"));
}

#[test]
fn a_folder_that_is_no_name_is_asked_for_one() {
    let environment = Environment::default();
    let mut interview = Interview::new(Answers::default(), &environment, &CATALOGUE);
    let mut prompter = Scripted::new([
        ("What is the platform called?", Say("Acme Platform")),
        ("What is the platform called?", Say("acme")),
    ]);
    interview.run(&mut prompter).unwrap();
    assert!(prompter.heard("Not taken: the name of a platform"));
    assert_eq!(interview.answers().name.as_ref().unwrap().value, "acme");
}

#[test]
fn stopping_is_possible_at_every_question() {
    let (_, prompter) = talk(Answers::default(), with(&[]));
    let asked: Vec<&String> = prompter
        .log
        .iter()
        .filter(|line| line.ends_with(']'))
        .collect();
    for line in asked {
        let question = line.split(" [").next().unwrap();
        let mut acts = vec![(question, Stop)];
        acts.extend(with(&[]));
        let mut interview = interview(Answers::default());
        let error = interview.run(&mut Scripted::new(acts)).unwrap_err();
        assert_eq!(error.exit_code(), 130, "{question}");
    }
}

/// The embedded catalogue and the app `needy`, with more lines in its `component.yaml`.
fn with_needy(more: &str) -> Catalogue {
    let text = "format: 1\nname: needy\nlayer: apps\ncategory: x\ndescription: Needs what nothing gives.\n\
                homepage: https://example.com\nsource: {files: {}}\nnamespace: {name: needy, podSecurity: restricted}\n\
                crds: {from: none}\n";
    let mut files = crate::catalog::embedded_files();
    let path = "apps/needy/component.yaml";
    let text = format!("{text}{more}");
    files.insert(path.to_owned(), Source::new(path, text));
    let manifest = "apps/needy/manifests/a.yaml";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: needy}\n";
    files.insert(manifest.to_owned(), Source::new(manifest, object));
    Catalogue::load(files).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn where_secrets_live_is_asked_for_their_store_alone() {
    let eks = "clusters: {prod: {provider: eks, region: eu-central-1, network: create, dns: route53, \
               domain: acme.io, backend: {s3: {bucket: acme-state}}}}\n";
    let (file, prompter) = talk(
        read(eks),
        [
            ("Where do the secrets live", Say("google")),
            ("project", Say("acme-prod")),
        ],
    );
    assert!(prompter.heard("Where do the secrets live that components need? [aws]"));
    assert!(file.contains("secrets: google"), "{file}");
    let (_, prompter) = talk(read(&format!("{eks}components: {{grafana: {{}}}}\n")), []);
    assert!(
        !prompter.heard("Where do the secrets live"),
        "{:#?}",
        prompter.log
    );
}

#[test]
fn a_default_can_be_confirmed_where_the_catalogue_says_so() {
    let catalogue = with_needy(
        "questions:\n  \
         - {name: loud, prompt: How loud?, default: low, confirm: {except: [kind]}}\n  \
         - {name: size, prompt: How big?, default: small, confirm: {}, ask: platform}\n  \
         - {name: colour, prompt: Which colour?, default: red}\n",
    );
    let mut interview = Interview::new(Answers::default(), &ENVIRONMENT, &catalogue);
    let acts = with(&[
        ("Anything else?", Say("needy")),
        ("prod, needy: How loud?", Say("high")),
    ]);
    let mut prompter = Scripted::new(acts);
    interview.run(&mut prompter).unwrap();
    assert!(prompter.heard("prod, needy: How loud? [low]"));
    assert!(prompter.heard("needy: How big? [small]"));
    for words in ["staging, needy", "Which colour?"] {
        assert!(!prompter.heard(words), "{words}: {:#?}", prompter.log);
    }
    let resolution = resolve(interview.answers(), &ENVIRONMENT, &catalogue).unwrap();
    let file = answers_file(&resolution.platform);
    assert!(
        file.contains("loud: high") && file.contains("loud: low"),
        "{file}"
    );
}

#[test]
fn a_platform_that_lacks_something_is_not_right_yet() {
    // A need that several could meet, or none: the table says so, and only a change goes on.
    let catalogue = with_needy("needs: [{name: aws-identity}]\n");
    let mut interview = Interview::new(Answers::default(), &ENVIRONMENT, &catalogue);
    let mut prompter = Scripted::new([
        ("Anything else?", Say("needy")),
        ("Right?", Say("change it")),
        ("What is to change?", Say("needy")),
        ("On which clusters is needy?", Mark(&[])),
    ]);
    interview.run(&mut prompter).unwrap();
    assert!(
        prompter.heard("Not yet: needy on staging needs `aws-identity`"),
        "{:#?}",
        prompter.log
    );
    assert_eq!(prompter.left(), Vec::<&str>::new());
}

#[test]
fn a_narrow_table_is_a_list() {
    let mut interview = interview(Answers::default());
    interview.run(&mut Scripted::new(with(&[]))).unwrap();
    let survey = interview.survey(&interview.state).unwrap();
    let clusters = interview.state.clusters();
    assert_eq!(clusters, ["staging", "prod"]);
    let wide = table::table(&survey, &CATALOGUE, &clusters, 100);
    assert!(
        wide.contains("  cilium         yes      no        not on prod: "),
        "{wide}"
    );
    let narrow = table::table(&survey, &CATALOGUE, &clusters, 33);
    assert!(
        narrow.contains("  staging runs on kind\n  prod runs on existing\n"),
        "{narrow}"
    );
    assert!(narrow.contains("  grafana: staging, prod\n"), "{narrow}");
    assert!(
        narrow.contains("  cilium: staging\n      not on prod: "),
        "{narrow}"
    );
}
