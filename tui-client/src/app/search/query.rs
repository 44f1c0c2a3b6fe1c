//! The language of a search: `gg "free money" from:bob is:mod has:link /re(gex)?/ -not`. From what was
//! typed to terms, or to one sentence that says what is wrong and what would be right. Pure; knows no
//! room.

use chat_protocol::{Rank, Username};

use super::expression::Expression;
use super::fold::{fold, fold_into};
use super::links::has_link;
use crate::sanitize;

/// Characters of a query.
pub(crate) const QUERY_CHARS: usize = 500;
/// Terms of a query.
const TERMS: usize = 30;
/// Characters of what was typed that an error repeats.
const SHOWN: usize = 20;

/// What a search looks at in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'message> {
    /// Harmless; of a deleted message what is still known of it.
    pub(crate) text: &'message str,
    /// What the author's name is compared by.
    pub(crate) author: &'message str,
    pub(crate) rank: Rank,
    /// The user wrote it.
    pub(crate) is_own: bool,
    /// It names the user.
    pub(crate) is_mention: bool,
    pub(crate) is_deleted: bool,
    /// It answers another one.
    pub(crate) is_reply: bool,
}

/// What is looked for: all of its terms at once.
#[derive(Debug)]
pub(crate) struct Query {
    terms: Vec<Term>,
    /// The folded text of a message, kept for its memory.
    folded: String,
}

#[derive(Debug)]
struct Term {
    /// It must not be so.
    is_not: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Folded.
    Text(String),
    From(Username),
    Is(Is),
    HasLink,
    Regex(Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Moderator,
    Vip,
    Own,
    Mention,
    Deleted,
    Reply,
}

const IS: [(&str, Is); 6] = [
    ("mod", Is::Moderator),
    ("vip", Is::Vip),
    ("me", Is::Own),
    ("mention", Is::Mention),
    ("deleted", Is::Deleted),
    ("reply", Is::Reply),
];

impl Query {
    /// Reads what was typed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > QUERY_CHARS {
            return Err(format!(
                "the search is too long: up to {QUERY_CHARS} characters"
            ));
        }
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (term, after) = term(rest)?;
            terms.push(term);
            if terms.len() > TERMS {
                return Err(format!("that is too much to look for: up to {TERMS} words"));
            }
            rest = after.trim_start();
        }
        if terms.is_empty() {
            return Err(
                "what to look for? words, from:NAME, is:mod, has:link, /regex/, -not".into(),
            );
        }
        Ok(Self {
            terms,
            folded: String::new(),
        })
    }

    /// Whether a message is what is looked for.
    pub(crate) fn matches(&mut self, candidate: &Candidate<'_>) -> bool {
        let folded = &mut self.folded;
        folded.clear();
        let mut is_folded = false;
        self.terms.iter_mut().all(|term| {
            let is_so = match &mut term.what {
                What::Text(text) => {
                    if !is_folded {
                        fold_into(candidate.text, folded);
                        is_folded = true;
                    }
                    folded.contains(text.as_str())
                }
                What::From(username) => candidate.author == username.key(),
                What::Is(is) => is.is_so(candidate),
                What::HasLink => has_link(candidate.text),
                What::Regex(expression) => expression.is_in(candidate.text),
            };
            is_so != term.is_not
        })
    }

    /// How much a byte of a text counts: an expression may have to look at it again and again.
    pub(crate) fn cost(&self) -> usize {
        let is_regex = |term: &Term| matches!(term.what, What::Regex(_));
        match self.terms.iter().any(is_regex) {
            true => 8,
            false => 1,
        }
    }

    /// Whose messages alone can be found, where that is one user.
    pub(crate) fn author(&self) -> Option<&Username> {
        self.terms.iter().find_map(|term| match &term.what {
            What::From(username) if !term.is_not => Some(username),
            _ => None,
        })
    }

    /// True where only messages that are deleted can be found: no server has them any more.
    pub(crate) fn is_for_deleted(&self) -> bool {
        let is = |term: &Term| !term.is_not && matches!(term.what, What::Is(Is::Deleted));
        self.terms.iter().any(is)
    }
}

impl Is {
    fn is_so(self, candidate: &Candidate<'_>) -> bool {
        match self {
            Is::Moderator => candidate.rank <= Rank::Moderator,
            Is::Vip => candidate.rank == Rank::Vip,
            Is::Own => candidate.is_own,
            Is::Mention => candidate.is_mention,
            Is::Deleted => candidate.is_deleted,
            Is::Reply => candidate.is_reply,
        }
    }
}

/// The first term of `text`, which is not empty, and what follows it.
fn term(text: &str) -> Result<(Term, &str), String> {
    let (is_not, text) = match text.strip_prefix('-') {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => {
            return Err("`-` leaves nothing out: write -word, or \"-\" for the sign itself".into());
        }
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (what, rest) = match text.chars().next() {
        Some(quote) if is_quote(quote) => phrase(text)?,
        Some('/') => regex(text)?,
        _ => word(text)?,
    };
    Ok((Term { is_not, what }, rest))
}

/// `"a phrase"`; one that is not closed goes on to the end.
fn phrase(text: &str) -> Result<(What, &str), String> {
    let (_, inside) = split_first(text);
    let (inside, rest) = match inside.find(is_quote) {
        Some(end) => (&inside[..end], split_first(&inside[end..]).1),
        None => (inside, ""),
    };
    match fold(inside).trim() {
        "" => Err("there is nothing between the quotation marks".into()),
        folded => Ok((What::Text(folded.to_owned()), rest)),
    }
}

/// `/regex/`: to the first slash that ends a word; `\/` is a slash inside.
fn regex(text: &str) -> Result<(What, &str), String> {
    let inside = &text[1..];
    let mut is_escaped = false;
    let mut ends = |(at, one): &(usize, char)| {
        let next = inside[at + 1..].chars().next();
        let ends = *one == '/' && !is_escaped && next.is_none_or(char::is_whitespace);
        is_escaped = *one == '\\' && !is_escaped;
        ends
    };
    let end = inside
        .char_indices()
        .find(|one| one.1.len_utf8() == 1 && ends(one));
    let Some((end, _)) = end.filter(|(end, _)| *end > 0) else {
        let word = shown(text.split_whitespace().next().unwrap_or_default());
        return Err(format!(
            "the regular expression has no end: write /regex/, or \"{word}\" for the text itself"
        ));
    };
    let expression = inside[..end].replace("\\/", "/");
    let made = Expression::new(&expression)
        .map_err(|problem| format!("the regular expression {problem}"))?;
    Ok((What::Regex(Box::new(made)), &inside[end + 1..]))
}

/// Anything up to a blank.
fn word(text: &str) -> Result<(What, &str), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let what = match word.split_once(':') {
        Some((key, name)) if key.eq_ignore_ascii_case("from") => from(name)?,
        Some((key, state)) if key.eq_ignore_ascii_case("is") => What::Is(is(state)?),
        Some((key, thing)) if key.eq_ignore_ascii_case("has") => has(thing)?,
        _ => What::Text(nonempty(fold(word), word)?),
    };
    Ok((what, rest))
}

fn nonempty(folded: String, word: &str) -> Result<String, String> {
    if folded.is_empty() {
        let code: Vec<String> = word
            .chars()
            .map(|one| format!("U+{:04X}", u32::from(one)))
            .collect();
        return Err(format!("nothing of {} can be seen", code.join(" ")));
    }
    Ok(folded)
}

fn from(name: &str) -> Result<What, String> {
    let name = name.trim_matches('"');
    let name = name.strip_prefix('@').unwrap_or(name);
    if name.is_empty() {
        return Err("whose messages? write from:NAME".into());
    }
    let username = Username::new(name).map_err(|error| format!("{} {error}", shown(name)))?;
    Ok(What::From(username))
}

fn is(state: &str) -> Result<Is, String> {
    let known = IS.iter().find(|(name, _)| name.eq_ignore_ascii_case(state));
    known.map(|(_, is)| *is).ok_or_else(|| {
        let names: Vec<String> = IS.iter().map(|(name, _)| format!("is:{name}")).collect();
        format!(
            "is:{} is not known; there are {}",
            shown(state),
            names.join(", ")
        )
    })
}

fn has(thing: &str) -> Result<What, String> {
    if thing.eq_ignore_ascii_case("link") {
        return Ok(What::HasLink);
    }
    Err(format!(
        "has:{} is not known; there is has:link",
        shown(thing)
    ))
}

/// Something that was typed, short and harmless.
fn shown(typed: &str) -> String {
    sanitize::brief(typed, SHOWN)
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„')
}

/// The first character of `text`, and the rest.
fn split_first(text: &str) -> (Option<char>, &str) {
    let mut characters = text.chars();
    (characters.next(), characters.as_str())
}

#[cfg(test)]
mod tests;
