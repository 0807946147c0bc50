//! Tokens of SQL text; never fails, not even on half-typed text.
//!
//! Source: PostgreSQL documentation, "Lexical Structure"; PostgreSQL source, `scan.l` and, for
//! variables, `psqlscan.l`.

use super::keywords;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A key word.
    Keyword,
    /// Any other bare word.
    Identifier,
    /// A name in double quotes.
    QuotedIdentifier,
    /// A number.
    Number,
    /// A string, in quotes or dollars.
    String,
    /// An operator.
    Operator,
    /// A comma, parenthesis, bracket, semicolon, dot or colon.
    Punctuation,
    /// A comment.
    Comment,
    /// `$1`.
    Parameter,
    /// psql's `:name`, `:'name'`, `:"name"`.
    Variable,
}

/// A piece of SQL, as a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
}

impl Token {
    /// Its text.
    #[must_use]
    pub fn text(self, sql: &str) -> &str {
        sql.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is that word, in any case.
    #[must_use]
    pub fn is(self, sql: &str, word: &str) -> bool {
        matches!(self.kind, TokenKind::Keyword | TokenKind::Identifier)
            && self.text(sql).eq_ignore_ascii_case(word)
    }
}

/// What is still open at the end of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    #[default]
    Plain,
    /// Comments, nested that deep.
    Comment(u32),
    /// A string in single quotes.
    Quote(Escapes),
    /// A name in double quotes.
    Name,
    /// A string in dollars, with this tag between them.
    Dollar(String),
}

/// Whether a backslash escapes in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escapes {
    /// It does: `E'…'`.
    Yes,
    /// It does not.
    No,
}

/// All tokens of a text, white space left out.
#[must_use]
pub fn tokens(sql: &str) -> Vec<Token> {
    resume(sql, State::Plain).0
}

/// The tokens of a piece of text that begins in `state`, and the state at its end.
#[must_use]
pub fn resume(sql: &str, state: State) -> (Vec<Token>, State) {
    let mut scanner = Scanner {
        sql,
        bytes: sql.as_bytes(),
        at: 0,
        tokens: Vec::new(),
    };
    let state = scanner.scan(state);
    (scanner.tokens, state)
}

struct Scanner<'a> {
    sql: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn scan(&mut self, state: State) -> State {
        let mut open = match state {
            State::Plain => State::Plain,
            State::Comment(depth) => self.comment(0, depth),
            State::Quote(escapes) => self.quote(0, escapes),
            State::Name => self.name(0),
            State::Dollar(tag) => self.dollar(0, tag),
        };
        while open == State::Plain && self.at < self.bytes.len() {
            open = self.token();
        }
        open
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.tokens.push(Token {
            kind,
            start,
            end: self.at,
        });
    }

    fn token(&mut self) -> State {
        let start = self.at;
        match (self.byte(0), self.byte(1)) {
            (b, _) if is_space(b) => self.at += 1,
            (b'-', b'-') => {
                self.skip_while(|byte| byte != b'\n');
                self.push(TokenKind::Comment, start);
            }
            (b'/', b'*') => {
                self.at += 2;
                return self.comment(start, 1);
            }
            (b'\'', _) => {
                self.at += 1;
                return self.quote(start, Escapes::No);
            }
            (b'"', _) => {
                self.at += 1;
                return self.name(start);
            }
            (b'e' | b'E', b'\'') => {
                self.at += 2;
                return self.quote(start, Escapes::Yes);
            }
            (b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'') => {
                self.at += 2;
                return self.quote(start, Escapes::No);
            }
            (b'u' | b'U', b'&') if self.byte(2) == b'\'' => {
                self.at += 3;
                return self.quote(start, Escapes::No);
            }
            (b'u' | b'U', b'&') if self.byte(2) == b'"' => {
                self.at += 3;
                return self.name(start);
            }
            (b'$', _) => return self.dollar_start(start),
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => self.number(start),
            (b':', b) => self.colon(start, b),
            (b, _) if begins_word(b) => self.word(start),
            (b, _) if is_operator(b) => self.operator(start),
            _ => {
                self.at += 1;
                self.push(TokenKind::Punctuation, start);
            }
        }
        State::Plain
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| keep(*byte)) {
            self.at += 1;
        }
    }

    fn comment(&mut self, start: usize, mut depth: u32) -> State {
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        self.push(TokenKind::Comment, start);
                        return State::Plain;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
        self.push(TokenKind::Comment, start);
        State::Comment(depth)
    }

    fn quote(&mut self, start: usize, escapes: Escapes) -> State {
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'\\', _) if escapes == Escapes::Yes => self.at += 2,
                (b'\'', b'\'') => self.at += 2,
                (b'\'', _) => {
                    self.at += 1;
                    self.push(TokenKind::String, start);
                    return State::Plain;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
        self.push(TokenKind::String, start);
        State::Quote(escapes)
    }

    fn name(&mut self, start: usize) -> State {
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'"', b'"') => self.at += 2,
                (b'"', _) => {
                    self.at += 1;
                    self.push(TokenKind::QuotedIdentifier, start);
                    return State::Plain;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
        self.push(TokenKind::QuotedIdentifier, start);
        State::Name
    }

    /// `$1`, `$tag$` or a lone dollar.
    fn dollar_start(&mut self, start: usize) -> State {
        if self.byte(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
            self.push(TokenKind::Parameter, start);
            return State::Plain;
        }
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| begins_word(**byte) || byte.is_ascii_digit())
            .count();
        if rest.get(length) == Some(&b'$') {
            let tag = self
                .sql
                .get(self.at + 1..self.at + 1 + length)
                .unwrap_or_default()
                .to_owned();
            self.at += length + 2;
            return self.dollar(start, tag);
        }
        self.at += 1;
        self.push(TokenKind::Operator, start);
        State::Plain
    }

    fn dollar(&mut self, start: usize, tag: String) -> State {
        let closing = format!("${tag}$");
        let rest = self.sql.get(self.at..).unwrap_or_default();
        if let Some(found) = rest.find(&closing) {
            self.at += found + closing.len();
            self.push(TokenKind::String, start);
            return State::Plain;
        }
        self.at = self.bytes.len();
        self.push(TokenKind::String, start);
        State::Dollar(tag)
    }

    fn number(&mut self, start: usize) {
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        // An exponent's sign belongs to the number: `1e-5`.
        let previous = self
            .at
            .checked_sub(1)
            .and_then(|at| self.bytes.get(at))
            .copied()
            .unwrap_or(0);
        if matches!(previous, b'e' | b'E')
            && matches!(self.byte(0), b'+' | b'-')
            && self.byte(1).is_ascii_digit()
        {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        self.push(TokenKind::Number, start);
    }

    fn colon(&mut self, start: usize, next: u8) {
        match next {
            b':' | b'=' => {
                self.at += 2;
                self.push(TokenKind::Operator, start);
            }
            b'\'' | b'"' => {
                let rest = self.bytes.get(self.at + 2..).unwrap_or_default();
                let length = rest
                    .iter()
                    .take_while(|byte| begins_word(**byte) || byte.is_ascii_digit())
                    .count();
                if length > 0 && rest.get(length) == Some(&next) {
                    self.at += length + 3;
                    self.push(TokenKind::Variable, start);
                } else {
                    self.at += 1;
                    self.push(TokenKind::Punctuation, start);
                }
            }
            b if begins_word(b) => {
                self.at += 1;
                self.skip_while(|byte| begins_word(byte) || byte.is_ascii_digit());
                self.push(TokenKind::Variable, start);
            }
            _ => {
                self.at += 1;
                self.push(TokenKind::Punctuation, start);
            }
        }
    }

    fn word(&mut self, start: usize) {
        self.skip_while(|byte| begins_word(byte) || byte.is_ascii_digit() || byte == b'$');
        let word = self
            .sql
            .get(start..self.at)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let kind = if keywords::is_keyword(&word) {
            TokenKind::Keyword
        } else {
            TokenKind::Identifier
        };
        self.push(kind, start);
    }

    /// A run of operator characters ends where a comment begins.
    fn operator(&mut self, start: usize) {
        while is_operator(self.byte(0)) && self.at < self.bytes.len() {
            if self.at > start
                && matches!((self.byte(0), self.byte(1)), (b'-', b'-') | (b'/', b'*'))
            {
                break;
            }
            self.at += 1;
        }
        self.push(TokenKind::Operator, start);
    }
}

/// Letters, underscore, and every byte of a character beyond ASCII.
const fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-'
            | b'*'
            | b'/'
            | b'<'
            | b'>'
            | b'='
            | b'~'
            | b'!'
            | b'@'
            | b'#'
            | b'%'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
    )
}

/// What separates words (PostgreSQL source, `scan.l`, `space`: from 16 on with the vertical tab).
const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(sql: &str) -> Vec<(TokenKind, &str)> {
        tokens(sql)
            .into_iter()
            .map(|token| (token.kind, token.text(sql)))
            .collect()
    }

    #[test]
    fn every_kind_is_told_apart() {
        use TokenKind as K;
        assert_eq!(
            pieces("select \"A b\", e'it\\'s', $x$ ; $x$, 1.5e-3, $1, :v::int -- end"),
            [
                (K::Keyword, "select"),
                (K::QuotedIdentifier, "\"A b\""),
                (K::Punctuation, ","),
                (K::String, "e'it\\'s'"),
                (K::Punctuation, ","),
                (K::String, "$x$ ; $x$"),
                (K::Punctuation, ","),
                (K::Number, "1.5e-3"),
                (K::Punctuation, ","),
                (K::Parameter, "$1"),
                (K::Punctuation, ","),
                (K::Variable, ":v"),
                (K::Operator, "::"),
                (K::Keyword, "int"),
                (K::Comment, "-- end"),
            ]
        );
    }

    #[test]
    fn comments_nest() {
        let sql = "/* a /* b */ c */ x";
        assert_eq!(
            pieces(sql),
            [
                (TokenKind::Comment, "/* a /* b */ c */"),
                (TokenKind::Identifier, "x")
            ]
        );
    }

    #[test]
    fn a_line_begins_where_the_last_one_left_off() {
        for (first, state, second) in [
            ("select 'open", State::Quote(Escapes::No), "still' from t"),
            (
                "select $tag$ open",
                State::Dollar("tag".into()),
                "still$tag$ from t",
            ),
            ("/* open", State::Comment(1), "still */ select"),
            ("select \"open", State::Name, "still\" from t"),
        ] {
            let (_, end) = resume(first, State::Plain);
            assert_eq!(end, state);
            let (tokens, end) = resume(second, end);
            assert_eq!(end, State::Plain);
            assert!(tokens[0].text(second).starts_with("still"));
            assert_eq!(tokens[1].kind, TokenKind::Keyword);
        }
    }
}
