//! What to do next, as text: prose is broken between words, and a command only where a shell reads on.

use std::fmt::Write as _;

use super::prompt::wrap;
use super::report::Step;

/// Columns before what stands below a step's title.
const INDENT: &str = "      ";

/// The steps, numbered; no wider than `width` where that can be.
pub fn steps(steps: &[Step], width: Option<usize>) -> String {
    let width = width.unwrap_or(usize::MAX);
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        let number = format!("  {} ", index + 1);
        let title = wrap(
            &format!("{number}{}", step.title),
            width,
            &" ".repeat(number.len()),
        );
        let before = step
            .before
            .iter()
            .map(|before| format!("{INDENT}first: {before}"));
        let notes = step.notes.iter().map(|note| format!("{INDENT}{note}"));
        let prose = before
            .chain(notes)
            .flat_map(|line| wrap(&line, width, &format!("{INDENT}  ")));
        let commands = step.commands.iter().flat_map(|line| command(line, width));
        for line in title.into_iter().chain(prose).chain(commands) {
            let _ = write!(text, "\n{line}");
        }
    }
    text
}

/// A command that a shell reads as the same, on more lines if one is too short for it.
fn command(command: &str, width: usize) -> Vec<String> {
    let room = width.saturating_sub(INDENT.len());
    let (mut lines, mut rest) = (Vec::new(), command);
    if command.chars().count() > room
        && let Some((code, comment)) = command.split_once(" # ")
    {
        lines.extend(wrap(&format!("# {comment}"), room, "# "));
        rest = code.trim_end();
    }
    let parts: Vec<&str> = if rest.chars().count() > room {
        rest.split_inclusive(" && ").map(str::trim_end).collect()
    } else {
        vec![rest]
    };
    for part in parts {
        let mut line = String::new();
        let words = words(part);
        for (index, word) in words.iter().enumerate() {
            // Where more follows, a backslash may want its place too.
            let end = if index + 1 < words.len() { 3 } else { 1 };
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + word.chars().count() + end > room {
                lines.push(format!("{line} \\"));
                line = format!("  {word}");
            } else {
                let _ = write!(line, " {word}");
            }
        }
        lines.push(line);
    }
    lines.iter().map(|line| format!("{INDENT}{line}")).collect()
}

/// The words of a command: broken at single blanks that no quotes protect.
fn words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in command.char_indices() {
        match quote {
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            None if c == ' ' => {
                words.push(&command[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&command[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_broken_that_a_shell_would_read_otherwise() {
        let step = Step {
            title: "bring up a cluster".to_owned(),
            before: vec!["You have credentials.".to_owned()],
            notes: vec!["name: what it is, in words".to_owned()],
            commands: vec![
                "export TOKEN=x       # a read-only token".to_owned(),
                "terraform -chdir=a init && terraform -chdir=a apply".to_owned(),
                "git add 'a long name with blanks' and more".to_owned(),
            ],
        };
        let narrow = [
            "",
            "  1 bring up a cluster",
            "      first: You have",
            "        credentials.",
            "      name: what it is, in",
            "        words",
            "      # a read-only token",
            "      export TOKEN=x",
            "      terraform -chdir=a \\",
            "        init &&",
            "      terraform -chdir=a apply",
            "      git add \\",
            "        'a long name with blanks' \\",
            "        and more",
        ];
        assert_eq!(
            steps(std::slice::from_ref(&step), Some(30)),
            narrow.join("\n")
        );
        let wide = steps(&[step], None);
        assert!(
            wide.contains("\n      export TOKEN=x       # a read-only token\n"),
            "{wide}"
        );
        assert_eq!(command("a b && c", 14), ["      a b && c"]);
        assert!(
            wide.ends_with("\n      git add 'a long name with blanks' and more"),
            "{wide}"
        );
    }
}
