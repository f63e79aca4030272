internal import KinesisServer

/// `NAME[:SHARDS[:REGION]],…`, as `INITIALIZE_STREAMS` of kinesis-mock and `KINESIS_INITIALIZE_STREAMS` of LocalStack
/// name the streams that are to be there from the start.
enum InitialStreams {
    /// kinesis-mock's, where a stream has no count.
    private static let shardCountDefault: Int32 = 4

    /// Regions are not told apart here: a name that comes with several is one stream.
    ///
    /// - Parameter option: for messages.
    static func parse(_ text: String, option: String) throws(Failure) -> [InitialStream] {
        var streams: [InitialStream] = []
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map { part in
                String(part).split(separator: " ").joined()
            }
            guard (1...3).contains(parts.count), !parts[0].isEmpty else { throw Self.failure(entry, option) }
            var shardCount = Self.shardCountDefault
            if parts.count > 1, !parts[1].isEmpty {
                guard let count = Int32(parts[1]), count > 0 else { throw Self.failure(entry, option) }
                shardCount = count
            }
            guard !streams.contains(where: { $0.name == parts[0] }) else { continue }
            streams.append(InitialStream(name: parts[0], shardCount: shardCount))
        }
        return streams
    }

    private static func failure(_ entry: Substring, _ option: String) -> Failure {
        Failure("\(option) takes NAME[:SHARDS[:REGION]], several with commas between them, not \(entry)")
    }
}
