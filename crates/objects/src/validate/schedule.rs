//! Schedules of CronJobs, in the five fields of cron.

/// The names and bounds of a schedule's fields.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// What is wrong with a schedule, in words.
pub(super) fn fault(schedule: &str) -> Option<String> {
    if schedule.contains("TZ") {
        return Some("has a time zone in it, which stands under `timeZone`".to_owned());
    }
    if let Some(word) = schedule.strip_prefix('@') {
        return match word {
            "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly" => None,
            word if word.strip_prefix("every ").is_some_and(is_duration) => None,
            _ => Some(format!("\"@{word}\" is none of the words that cron knows")),
        };
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!(
            "has {} fields, and not the five of cron: minute, hour, day, month, weekday",
            fields.len()
        ));
    }
    fields.iter().zip(FIELDS).find_map(|(field, bounds)| {
        let wrong = field.split(',').find(|range| !range.is_empty() && !is_range(range, bounds));
        wrong.map(|range| format!("has \"{range}\" where {} to {} may stand", bounds.0, bounds.1))
    })
}

/// `*`, `5`, `1-5`, each with `/step`.
fn is_range(range: &str, (least, most, names): (u32, u32, &[&str])) -> bool {
    let (range, step) = match range.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (range, None),
    };
    if step.is_some_and(|step| step.parse::<u32>().ok().is_none_or(|step| step == 0)) {
        return false;
    }
    if matches!(range, "*" | "?") {
        return true;
    }
    let number = |text: &str| {
        let name = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match name {
            Some(at) => Some(at as u32 + least),
            None => text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten(),
        };
        number.filter(|number| (least..=most).contains(number))
    };
    match range.split_once('-') {
        Some((from, to)) => matches!((number(from), number(to)), (Some(from), Some(to)) if from <= to),
        None => number(range).is_some(),
    }
}

/// Areas of the time zone database, and its zones that are in none.
const AREAS: [&str; 13] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Brazil",
    "Canada",
    "Etc",
    "Europe",
    "Indian",
    "Pacific",
];
const ZONES: [&str; 38] = [
    "CET",
    "CST6CDT",
    "Cuba",
    "EET",
    "EST",
    "EST5EDT",
    "Egypt",
    "Eire",
    "Factory",
    "GB",
    "GB-Eire",
    "GMT",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "HST",
    "Hongkong",
    "Iceland",
    "Iran",
    "Israel",
    "Jamaica",
    "Japan",
    "Kwajalein",
    "Libya",
    "MET",
    "MST",
    "MST7MDT",
    "NZ",
    "NZ-CHAT",
    "Navajo",
    "PRC",
    "PST8PDT",
    "Poland",
    "Portugal",
    "ROC",
    "ROK",
    "UTC",
];

/// Whether a text has the form of a zone of the time zone database.
pub(super) fn is_zone(zone: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    match zone.split_once('/') {
        Some(("Etc", rest)) => is_of_etc(rest),
        Some((area, rest)) => {
            (AREAS.contains(&area) || matches!(area, "US" | "Mexico" | "Chile")) && rest.split('/').all(word)
        }
        None => {
            ZONES.contains(&zone)
                || matches!(zone, "Singapore" | "Turkey" | "UCT" | "Universal" | "W-SU" | "WET" | "Zulu")
        }
    }
}

fn is_of_etc(zone: &str) -> bool {
    let offset = zone.strip_prefix("GMT").map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    matches!(zone, "UTC" | "UCT" | "Universal" | "Zulu" | "Greenwich" | "GMT")
        || offset.is_some_and(|hours| hours.parse::<u8>().is_ok_and(|hours| hours <= 14))
}

/// Go's durations: `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].into_iter().find(|unit| {
            rest[digits..].strip_prefix(unit).is_some_and(|behind| !behind.starts_with(char::is_alphabetic))
        });
        match unit {
            Some(unit) if digits > 0 => rest = &rest[digits + unit.len()..],
            _ => return false,
        }
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_the_database() {
        for (zone, is) in [
            ("Etc/UTC", true),
            ("Etc/GMT-5", true),
            ("Europe/Berlin", true),
            ("America/Argentina/Buenos_Aires", true),
            ("UTC", true),
            ("Etc/UTCx", false),
            ("Local", false),
            ("", false),
            ("europe berlin", false),
            ("Mars/Base", false),
        ] {
            assert_eq!(is_zone(zone), is, "{zone}");
        }
    }

    #[test]
    fn schedules_are_read_as_cron_reads_them() {
        for good in
            ["0 3 * * *", "*/5 * * * *", "0 0 1,15 jan-mar MON", "@daily", "@every 1h30m", "5-10/2 ? * * 0"]
        {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "a * * * *",
            "*/0 * * * *",
            "@fortnightly",
            "TZ=UTC 0 3 * * *",
            "5-1 * * * *",
            "* * 0 * *",
            "@every x",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
