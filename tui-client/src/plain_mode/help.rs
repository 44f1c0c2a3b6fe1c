//! What can be typed, in pages that fit a screen of 24 rows of 80 columns. Text only.

/// The page of a topic, a line each; the first page where none is named, `None` where there is no such
/// topic.
pub(super) fn page(topic: Option<&str>) -> Option<&'static str> {
    match topic {
        None => Some(FIRST),
        Some("moderation" | "moderating") => Some(MODERATION),
        Some("room" | "filters") => Some(ROOM),
        Some("session" | "rooms") => Some(SESSION),
        Some(_) => None,
    }
}

const FIRST: &str = "\
type text to post it; a line that begins with / is a command, // posts a /
a message begins with its number: 41 malory: text; @ + $ are the ranks
/reply 41 TEXT     answer message 41
/show 41           say message 41 again, with its time
/delete 41 42      delete messages: your own, or anybody's as a moderator
/history 50        say the last 50 messages
/history 50 before 41   say the 50 before message 41
/who               say who is here
/only mentions     say only what is for you; /only all says everything again
/times on          say the time of each message; /times off
/room NAME         type in another room; /join and /leave: /help session
/again             say the last answer again
/discard           forget what was not sent yet
/reconnect         connect again now
/quit              leave; what is on its way is sent first
/help moderation   mute, ban, delete, held messages, taking back
/help room         slow mode, topic, pinned message, blocked patterns
/help session      rooms, people you ignore, your password";

const MODERATION: &str = "\
NAME is a name, or the number of a message: then its author is meant.
A user who is called 41 is meant with /mute @41. These act at once.
/user NAME                     account, sanctions, what was done to them
/mute NAME 10m REASON          for 90 (seconds), 10m, 2h or 7d; /unmute NAME
/ban NAME REASON               for good; /ban NAME 2h REASON; /unban NAME
/kick NAME REASON              remove from the room
/delete 41 42 43               delete messages
/purge NAME                    delete all messages from NAME
/clear yes                     delete all messages of the room
/held                          say what waits for a moderator
/allow h3                      let the held message h3 through
/deny h3 REASON                don't; the author reads the reason
/sanctions                     say who is banned, muted and appointed
/audit                         say what moderators did; /audit NAME
/undo                          take your last mute, ban, change or rank back
/mod NAME, /unmod NAME         make a moderator, or an ordinary user again
/vip NAME, /unvip NAME         make a VIP, or an ordinary user again
/help room                     slow mode, topic, pinned message, patterns";

const ROOM: &str = "\
/slow 10           10 seconds between a user's messages; /slow off
/members on        new accounts can't post; /members off
/lock              no new accounts, 30 s between messages; /unlock
/topic TEXT        set the topic; /topic alone removes it
/pin 41            pin message 41; /unpin
/filters           say what is blocked here
/filter WORDS -- REASON   block words; the author reads the reason
/filter -h WORDS          let messages with them wait for a moderator
/filter -r PATTERN        block a regular expression
/unfilter WORDS           block them no more";

const SESSION: &str = "\
/room              say which rooms there are
/room NAME         type in another room
/join NAME         open another room, and type there
/leave             close the room that you type in
/ignore NAME       hide what somebody writes, in every room, until /unignore
/ignored           say whom you ignore
/password          change your password: three lines that are not shown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_fits_a_screen() {
        for topic in [None, Some("moderation"), Some("room"), Some("session")] {
            let page = page(topic).unwrap();
            assert!(page.lines().count() < 23, "{topic:?}");
            for line in page.lines() {
                assert!(line.len() <= 78 && line.is_ascii(), "{line}");
            }
        }
        assert_eq!(page(Some("nope")), None);
    }
}
