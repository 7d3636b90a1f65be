//! The session of a kind cluster for trying and an EKS cluster that upgrades later, whose tree is
//! `tests/golden/kind+eks/out`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support;
use crate::talk::{DOWN, ENTER, ESCAPE, LAST, STOP, Talk, UP, home, plain, program, with_record};

/// What is heard, and which keys are pressed then.
const SESSION: [(&str, &str); 20] = [
    (
        "Git URL that Flux will read",
        "https://github.com/acme/acme-platform.git\r",
    ),
    ("How may Flux read it?", ENTER),
    ("First cluster [staging]", ENTER),
    ("Where does staging run?", ENTER),
    ("Another cluster?", "prod\r"),
    ("Where does prod run?", "\x1b[B\r"),
    ("prod: In which AWS region?", "eu-central-1\r"),
    ("prod: In which network?", ENTER),
    ("prod: Where does Terraform keep", ENTER),
    ("prod: Which bucket?", "acme-terraform-state\r"),
    ("Another cluster?", ENTER),
    ("get new chart versions later", "\x1b[B \r"),
    ("Components", COMPONENTS),
    ("Anything else?", ENTER),
    ("Right?", ENTER),
    ("Which e-mail address", "platform@acme.io\r"),
    ("prod: Which domain", "acme.io\r"),
    ("prod: Who serves DNS", ENTER),
    ("prod: Where do the secrets live", ENTER),
    (LAST, ENTER),
];

/// Marks argo-cd and tailscale-operator, the first and the fourth below the seven usual ones.
const COMPONENTS: &str = "\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B \x1b[B\x1b[B\x1b[B \r";

/// Answers the first questions, and hears the next.
#[track_caller]
fn play(talk: &mut Talk, questions: usize) {
    for (words, keys) in &SESSION[..questions] {
        talk.hear(words).press(keys);
    }
    if let Some((words, _)) = SESSION.get(questions) {
        talk.hear(words);
    }
}

/// What was written is the golden tree, record and all.
#[track_caller]
fn assert_golden(home: &Path) {
    let golden = support::package().join("tests/golden/kind+eks/out");
    let (made, wanted) = (
        with_record(&home.join("acme-platform")),
        with_record(&golden),
    );
    let paths = |files: &std::collections::BTreeMap<String, String>| -> Vec<String> {
        files.keys().cloned().collect()
    };
    assert_eq!(paths(&made), paths(&wanted));
    for (path, text) in &made {
        assert_eq!(text, &wanted[path], "{path}");
    }
}

#[test]
fn the_whole_session_makes_the_golden_tree() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 100);
    play(&mut talk, SESSION.len());
    talk.hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_golden(home.path());
    let said = plain(&talk.heard);
    // What fits by default is assumed, and listed.
    for assumed in [
        "prod.dns_zone=acme.io",
        "prod.dns_region=us-east-1",
        "staging.secrets=manual",
    ] {
        assert!(said.contains(assumed), "{assumed}:\n{said}");
    }
    for silent in ["DNS zone", "AWS region is Route 53", "? staging: "] {
        assert!(!said.contains(silent), "{silent}:\n{said}");
    }
}

#[test]
fn narrow_and_without_colours_it_makes_the_same_tree() {
    let home = home();
    let mut command = program(home.path());
    command.env("NO_COLOR", "1");
    let mut talk = Talk::start(&command, 60);
    play(&mut talk, SESSION.len());
    talk.hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_golden(home.path());
    // No line is longer than the terminal, but for words that have no place to break.
    let said = plain(&talk.heard);
    let mut next = said.lines().skip_while(|line| !line.starts_with("Done:"));
    let long = next.find(|line| line.chars().count() > 60 && line.trim_start().contains(' '));
    assert_eq!(long, None);
}

#[test]
fn on_a_low_screen_menus_stay_on_it_and_every_text_can_be_read() {
    for rows in [8, 16, 24] {
        let home = home();
        let mut talk = Talk::start_on(&program(home.path()), (60, rows), &[]);
        play(&mut talk, 12);
        let texts = [
            "> [x] cilium Pod network and network policy with eBPF; can take over from kube-proxy.",
            "> [x] aws-ebs-csi-driver Volumes for pods on Amazon EBS, with snapshots and resizing.",
            "> [x] cert-manager Issues TLS certificates from ACME or a private CA and renews them.",
        ];
        for text in texts {
            let said = plain(&talk.heard[talk.before..]);
            let words: Vec<&str> = said.split_whitespace().collect();
            assert!(words.join(" ").contains(text), "{rows} rows:\n{said}");
            talk.press(DOWN).settle();
        }
        // Forth over all pages and back to the first, and what is marked there is what was meant.
        talk.press(&DOWN.repeat(20)).settle();
        talk.press(&UP.repeat(20 + texts.len()))
            .hear("> [x] cilium");
        for (words, keys) in &SESSION[12..] {
            talk.hear(words).press(keys);
        }
        talk.hear("Done:");
        assert_eq!(talk.exit_code(), 0);
        assert_golden(home.path());
        assert!(talk.most_cleared() < usize::from(rows), "{rows} rows");
    }
}

#[test]
fn no_menu_on_a_screen_of_two_rows() {
    let home = home();
    let mut talk = Talk::start_on(&program(home.path()), (60, 2), &[]);
    talk.hear(SESSION[0].0).press(SESSION[0].1);
    talk.hear("make the terminal at least 3 rows high");
    assert_eq!(talk.exit_code(), 3);
    assert!(talk.has_cursor() && talk.shows_keys(), "{}", talk.heard);
}

#[test]
fn back_through_the_whole_session_and_forth_again() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 100);
    play(&mut talk, SESSION.len() - 1);
    // The bucket is one step with the choice that it belongs to.
    for (words, _) in SESSION[..SESSION.len() - 1].iter().rev() {
        if !words.contains("Which bucket") {
            talk.press(ESCAPE).hear(words);
        }
    }
    talk.press(ESCAPE).hear("This is the first question");
    // Every answer is offered again.
    for (words, _) in &SESSION {
        talk.hear(words).press(ENTER);
    }
    talk.hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_golden(home.path());
}

#[test]
fn control_c_at_every_question_writes_nothing_and_gives_the_terminal_back() {
    let next = AtomicUsize::new(0);
    let stop = || loop {
        let question = next.fetch_add(1, Ordering::SeqCst);
        let Some((words, _)) = SESSION.get(question) else {
            return;
        };
        let home = home();
        let mut talk = Talk::start(&program(home.path()), 80);
        play(&mut talk, question);
        talk.press(STOP);
        assert_eq!(talk.exit_code(), 130, "{words}:\n{}", talk.heard);
        assert!(
            talk.has_cursor() && talk.shows_keys(),
            "{words}:\n{}",
            talk.heard
        );
        let said = plain(&talk.heard);
        assert!(said.contains("nothing was written"), "{words}:\n{said}");
        assert!(!home.path().join("acme-platform").exists(), "{words}");
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(stop);
        }
    });
}

#[test]
fn with_half_of_the_answers_only_the_rest_is_asked() {
    let home = home();
    let answers = "name: acme-platform\n\
        git: {url: \"https://github.com/acme/acme-platform.git\", branch: main, auth: token}\n\
        email: platform@acme.io\n\
        clusters:\n  staging: {provider: kind}\n  prod: {provider: eks, region: eu-central-1, \
        backend: {s3: {bucket: acme-terraform-state}}, dns: route53}\n";
    fs::write(home.path().join("half.yaml"), answers).unwrap();
    let mut talk = Talk::start_with(&program(home.path()), 100, &["--answers", "half.yaml"]);
    let given = [
        "Git URL",
        "How may Flux",
        "First cluster",
        "Where does staging run",
        "Another cluster?",
        "Where does prod run",
        "In which AWS region",
        "Where does Terraform keep",
        "Which bucket?",
        "e-mail",
        "Who serves DNS",
    ];
    for (words, keys) in SESSION {
        if !given.iter().any(|given| words.contains(given)) {
            talk.hear(words).press(keys);
        }
    }
    talk.hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_golden(home.path());
    let said = plain(&talk.heard);
    for words in given {
        assert!(!said.contains(words), "{words}:\n{said}");
    }
}

#[test]
fn what_is_asked_in_the_provider_s_way() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 60);
    play(&mut talk, 7);
    // A network of one's own is asked key by key.
    talk.hear("> create").press(DOWN).hear("> your own");
    talk.press(ENTER).hear("prod: Which VPC?");
    talk.press("vpc-0123456789abcdef0\r")
        .hear("private subnets");
    talk.press("subnet-0123456789abcdef0, subnet-0123456789abcdef1\r");
    // The cursor is on the provider's own, and this machine comes last.
    talk.hear("> s3");
    let said = plain(&talk.heard[talk.before..]);
    assert!(said.find("azurerm") < said.find("  local"), "{said}");
    talk.press(ENTER).hear("prod: Which bucket?");
    talk.press("acme-terraform-state\r")
        .hear("Another cluster?");
    talk.press(ENTER)
        .hear("later")
        .press(ENTER)
        .hear("Components");
    talk.press(ENTER).hear("Anything else?");
    // At this width the words stand in no line as a whole.
    talk.press("loadb").hear("> metallb");
    talk.press("x").hear("nothing found");
    // Then Enter does nothing.
    talk.press("\r\x15").hear("> no, go on");
    assert!(!plain(&talk.heard).contains("Right?"));
    talk.press(ENTER).hear("Right?");
    talk.press(ENTER).hear("e-mail");
    talk.press(ENTER).hear("prod: Which domain");
    talk.press("acme.io\r").hear("> route53");
    // Without it external-dns fits nowhere; the table is shown anew.
    talk.press("\x1b[A").hear("> none");
    talk.press(ENTER).hear("Right?");
    assert!(
        plain(&talk.heard).contains("external-dns is left out"),
        "{}",
        talk.heard
    );
    talk.press(STOP);
    assert_eq!(talk.exit_code(), 130);
}
