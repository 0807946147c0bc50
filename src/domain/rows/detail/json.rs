//! JSON, indented, each object and array foldable.

use super::{Fold, Line, Tone};

/// Deepest indentation shown; deeper levels stay there, or a hostile value would be all blanks.
const DEEPEST: usize = 40;

/// An object or array that is open.
struct Open {
    /// The line that opens it.
    line: usize,
    /// Commas and first values in it so far.
    count: usize,
    /// Where it begins in the text.
    from: usize,
}

/// The text of a JSON value in lines. What is not JSON comes out as well as it can.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut page = Page {
        lines: vec![Line::default()],
        open: Vec::new(),
    };
    let mut at = 0;
    while let Some(token) = next(text, at) {
        let end = token.end;
        let part = text.get(token).unwrap_or_default();
        let from = end - part.len();
        at = end;
        match part {
            "{" | "[" => {
                page.counted();
                let closing = if part == "{" { "}" } else { "]" };
                let after = next(text, at).filter(|next| text.get(next.clone()) == Some(closing));
                if let Some(after) = after {
                    at = after.end;
                    page.push(Tone::Quiet, if part == "{" { "{}" } else { "[]" });
                } else {
                    page.push(Tone::Quiet, part);
                    page.begin(from);
                }
            }
            "}" | "]" => page.end(part, end),
            "," => {
                page.push(Tone::Quiet, ",");
                page.line();
            }
            ":" => page.push(Tone::Quiet, ": "),
            _ => {
                page.counted();
                let names = next(text, at).is_some_and(|next| text.get(next) == Some(":"));
                page.push(if names { Tone::Name } else { tone(part) }, part);
            }
        }
    }
    page.lines
}

fn tone(part: &str) -> Tone {
    match part.as_bytes().first() {
        Some(b'"') => Tone::Text,
        Some(b'-' | b'0'..=b'9') => Tone::Number,
        _ => Tone::Word,
    }
}

/// The next token from a byte on: a bracket, a comma, a colon, a string, or a word.
fn next(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let blanks = bytes
        .get(from..)?
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let start = from + blanks;
    let rest = bytes.get(start..)?;
    let length = match rest.first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => {
            let mut escaped = false;
            let inside = rest.iter().skip(1).take_while(|byte| {
                let goes_on = escaped || **byte != b'"';
                escaped = !escaped && **byte == b'\\';
                goes_on
            });
            (inside.count() + 2).min(rest.len())
        }
        _ => rest
            .iter()
            .take_while(|byte| {
                !byte.is_ascii_whitespace()
                    && !matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')
            })
            .count(),
    };
    Some(start..start + length)
}

struct Page {
    lines: Vec<Line>,
    open: Vec<Open>,
}

impl Page {
    fn push(&mut self, tone: Tone, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.push(tone, text);
        }
    }

    /// Begins a line, as deep as what is open.
    fn line(&mut self) {
        let indent = 2 * self.open.len().min(DEEPEST);
        let mut line = Line {
            hanging: indent + 4,
            ..Line::default()
        };
        line.push(Tone::Quiet, &" ".repeat(indent));
        self.lines.push(line);
    }

    fn begin(&mut self, from: usize) {
        let line = self.lines.len() - 1;
        self.open.push(Open {
            line,
            count: 0,
            from,
        });
        self.line();
    }

    fn end(&mut self, bracket: &str, to: usize) {
        let opened = self.open.pop();
        self.line();
        self.push(Tone::Quiet, bracket);
        let end = self.lines.len() - 1;
        let depth = self.open.len() + 1;
        if let Some(Open { line, count, from }) = opened
            && let Some(line) = self.lines.get_mut(line)
        {
            line.fold = Some(Fold {
                end,
                count,
                depth,
                from,
                to,
            });
        }
    }

    /// Whether the last thing on the line is a name and its colon.
    fn after_name(&self) -> bool {
        self.lines
            .last()
            .is_some_and(|line| line.text.ends_with(": "))
    }

    /// One member more in what is open; the value of a name was counted with it.
    fn counted(&mut self) {
        if self.after_name() {
            return;
        }
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn json_is_indented_and_nothing_else() {
        let text = r#"{"a": 1.00, "a":[ ],"b":{"c":"x: {\"y\", \\"},"n":12345678901234567890}"#;
        assert_eq!(
            shown(text),
            [
                "{",
                "  \"a\": 1.00,",
                "  \"a\": [],",
                "  \"b\": {",
                "    \"c\": \"x: {\\\"y\\\", \\\\\"",
                "  },",
                "  \"n\": 12345678901234567890",
                "}"
            ]
        );
        assert_eq!(shown("\"a \\u00e9\""), ["\"a \\u00e9\""]);
    }

    #[test]
    fn each_object_and_array_can_be_folded() {
        let text = r#"{"a":[1,{"b":true}],"c":null}"#;
        let lines = lines(text);
        let folds: Vec<_> = lines.iter().filter_map(|line| line.fold).collect();
        assert_eq!(
            folds.iter().map(|fold| fold.count).collect::<Vec<_>>(),
            [2, 2, 1]
        );
        assert_eq!(folds[0].end, lines.len() - 1);
        assert_eq!(&text[folds[1].from..folds[1].to], r#"[1,{"b":true}]"#);
        assert_eq!(folds[2].depth, 3);
        assert_eq!(
            lines[1]
                .tones
                .iter()
                .map(|(_, tone)| *tone)
                .collect::<Vec<_>>(),
            [Tone::Quiet, Tone::Name, Tone::Quiet]
        );
    }

    #[test]
    fn what_is_cut_or_not_json_comes_out_whole() {
        assert_eq!(shown(r#"{"a": "un"#), ["{", "  \"a\": \"un"]);
        assert_eq!(shown("]]"), ["", "]", "]"]);
        assert_eq!(shown(""), [""]);
    }
}
