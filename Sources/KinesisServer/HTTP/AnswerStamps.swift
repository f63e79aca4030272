internal import Model
internal import Text

/// What marks each answer: its identifiers, and the time as HTTP prints it, made once a second. Of one connection;
/// lives on its event loop.
final class AnswerStamps {
    private let clock: () -> Timestamp
    private var last: (second: Int64, text: String) = (.min, "")
    var ids = RequestIDs()

    /// - Parameter clock: milliseconds since the epoch.
    init(clock: @escaping () -> Timestamp) { self.clock = clock }

    var date: String {
        let now = self.clock()
        if self.last.second != now / 1000 { self.last = (now / 1000, CalendarTime(now).httpDate) }
        return self.last.text
    }
}
