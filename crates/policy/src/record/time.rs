//! A point in time as a record shows it.

use super::writer::Writer;

/// Seconds since 1970-01-01T00:00:00Z, as `CLOCK_REALTIME` counts them, and
/// microseconds of the second (below 1,000,000; more is shown as 999,999).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Time {
    /// Whole seconds.
    pub seconds: u64,
    /// Microseconds of the next.
    pub micros: u32,
}

/// 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year.
const LAST: u64 = 253_402_300_799;

impl Time {
    /// `2025-01-31T23:59:59.000001Z`
    pub(super) fn write(self, out: &mut Writer<'_>) {
        let seconds = self.seconds.min(LAST);
        let (year, month, day) = date(seconds / 86_400);
        let second = seconds % 86_400;
        out.decimal(year, 4);
        out.text("-");
        out.decimal(month, 2);
        out.text("-");
        out.decimal(day, 2);
        out.text("T");
        out.decimal(second / 3600, 2);
        out.text(":");
        out.decimal(second / 60 % 60, 2);
        out.text(":");
        out.decimal(second % 60, 2);
        out.text(".");
        out.decimal(u64::from(self.micros.min(999_999)), 6);
        out.text("Z");
    }
}

/// Year, month and day of a count of days since 1970-01-01, in the Gregorian
/// calendar. Years are counted from March, so that the leap day ends one.
#[allow(clippy::arithmetic_side_effects)] // days is at most 2,932,896
fn date(days: u64) -> (u64, u64, u64) {
    let days = days.min(LAST / 86_400) + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::prelude::v1::*;

    #[test]
    fn every_day_follows_the_one_before() {
        let leap =
            |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=LAST / 86_400 {
            assert_eq!(date(days), (year, month, day));
            let length = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }

    #[test]
    fn rfc_3339() {
        let text = |seconds, micros| {
            let mut out = [0; 64];
            let mut writer = Writer::new(&mut out);
            Time { seconds, micros }.write(&mut writer);
            let length = writer.finish().unwrap();
            String::from_utf8(out[..length].to_vec()).unwrap()
        };
        assert_eq!(text(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(1_709_210_096, 7), "2024-02-29T12:34:56.000007Z");
        assert_eq!(text(u64::MAX, u32::MAX), "9999-12-31T23:59:59.999999Z");
    }
}
