package import Model
internal import Synchronization

/// The current topic table, for every thread: one short lock and a reference.
package final class TopicRegistry: Sendable {
    private let table: Mutex<TopicTable>

    init() {
        self.table = Mutex(TopicTable(revision: 0, topics: []))
    }

    /// The table of this moment. Take it once per request, so that the request sees one state.
    package var current: TopicTable { self.table.withLock { $0 } }

    func publish(_ table: TopicTable) {
        self.table.withLock { $0 = table }
    }

    package func topic(named name: String) -> HostedTopic? { self.current.topic(named: name) }
    package func topic(id: TopicID) -> HostedTopic? { self.current.topic(id: id) }
}
