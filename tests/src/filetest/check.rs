// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Expectations about a text: lines that must follow each other, or all of them.

use super::parse::{Check, How, Section, squeeze};

/// Compares a text with what a section expects; an error begins with the line of the expectation.
pub fn check(section: &Section, text: &str) -> Result<(), String> {
    if section.text.is_none() && section.checks.iter().all(|check| check.how == How::Not) {
        return Err(format!("{}: nothing is expected of level {}:\n{text}", section.line, section.level));
    }
    if section.text.is_some() {
        whole(section, text)?;
    }
    lines(&section.checks, text)
}

fn whole(section: &Section, text: &str) -> Result<(), String> {
    let found: Vec<&str> = text.lines().map(str::trim_end).collect();
    let expected: Vec<&str> = section.whole.iter().map(|line| line.trim_end()).collect();
    if found == expected {
        return Ok(());
    }
    let first = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
    let show = |lines: &[&str]| lines.get(first).map_or("the end".to_owned(), |line| format!("`{line}`"));
    let line = section.text.as_ref().map_or(section.line, |lines| lines.start + first + 1);
    Err(format!(
        "{line}: {} instead of {}; all of it (`./x bless` writes it down):\n{text}",
        show(&found),
        show(&expected)
    ))
}

fn lines(checks: &[Check], text: &str) -> Result<(), String> {
    let lines: Vec<String> = text.lines().map(squeeze).collect();
    // What must not stand between the last line that was found and the next.
    let mut absent: Vec<&Check> = Vec::new();
    let mut next = 0;
    let clear = |absent: &mut Vec<&Check>, between: &[String]| -> Result<(), String> {
        for check in absent.drain(..) {
            if let Some(line) = between.iter().find(|line| line.contains(&check.what)) {
                return Err(format!(
                    "{}: `{}` stands in `{line}`; all of it:\n{text}",
                    check.line, check.what
                ));
            }
        }
        Ok(())
    };
    for check in checks {
        let holds = |line: &String| line.contains(&check.what);
        let at = match check.how {
            How::Not => {
                absent.push(check);
                continue;
            }
            How::Somewhere => lines[next..].iter().position(holds).map(|distance| next + distance),
            How::Next => lines.get(next).filter(|line| holds(line)).map(|_| next),
        };
        let at = at.ok_or_else(|| {
            let from = if next == 0 { String::new() } else { format!(" behind `{}`", lines[next - 1]) };
            let way = if check.how == How::Next { "the next line has no" } else { "no line has" };
            format!("{}: {way} `{}`{from}; all of it:\n{text}", check.line, check.what)
        })?;
        clear(&mut absent, &lines[next..at])?;
        next = at + 1;
    }
    clear(&mut absent, &lines[next..])
}

#[cfg(test)]
mod tests {
    use super::super::FileTest;
    use super::*;

    fn outcome(directives: &str) -> Result<(), String> {
        let test = FileTest::parse(&format!("; test: ssa\n{directives}"), ";").unwrap();
        check(&test.sections[0], "one\ntwo   words\nthree\none\n")
    }

    #[test]
    fn lines_follow_each_other() {
        for good in [
            "; check: one\n; nextln: two words\n; check: one",
            "; not: three\n; check: one\n; nextln: two\n; not: two\n; check: one",
            "; text:\n;   one\n;   two   words\n;   three\n;   one\n; end:",
        ] {
            assert_eq!(outcome(good), Ok(()), "{good}");
        }
        for (bad, what) in [
            ("; check: four", "2: no line has `four`"),
            ("; check: three\n; check: two", "3: no line has `two` behind `three`"),
            ("; check: one\n; nextln: three", "3: the next line has no `three` behind `one`"),
            ("; check: two\n; not: thr\n; check: one", "3: `thr` stands in `three`"),
            ("; check: one\n; not: two", "3: `two` stands in `two words`"),
            ("; not: five", "1: nothing is expected of level ssa"),
            ("; text:\n;   one\n;   two\n; end:", "4: `two   words` instead of `two`"),
            ("; text:\n;   one\n; end:", "4: `two   words` instead of the end"),
        ] {
            let error = outcome(bad).unwrap_err();
            assert!(error.starts_with(what), "{bad}: {error}");
        }
    }
}
