package import Model

/// `recovery-point-offset-checkpoint` and `log-start-offset-checkpoint`: version line `0`, a line with the count, then
/// `<topic> <partition> <offset>` lines.
package struct OffsetCheckpoint: Sendable, Equatable {
    package struct Key: Hashable, Sendable, Comparable {
        package var topic: String
        package var partition: Int32

        package init(topic: String, partition: Int32) {
            self.topic = topic
            self.partition = partition
        }

        package static func < (left: Key, right: Key) -> Bool {
            left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
        }
    }

    package var offsets: [Key: Offset]

    package init(_ offsets: [Key: Offset] = [:]) { self.offsets = offsets }

    package func encoded() -> [UInt8] {
        var text = "0\n\(self.offsets.count)\n"
        for (key, offset) in self.offsets.sorted(by: { $0.key < $1.key }) {
            text += "\(key.topic) \(key.partition) \(offset)\n"
        }
        return Array(text.utf8)
    }

    /// `nil` when the text is not a whole checkpoint: a caller that falls back to "nothing is known" stays safe.
    package init?(decoding bytes: [UInt8]) {
        var reader = TextReader(bytes)
        guard reader.line().map({ Array($0) }) == Array("0".utf8),
            let countLine = reader.line(), let count = Int(String(decoding: countLine, as: UTF8.self)),
            count >= 0, count <= bytes.count
        else { return nil }
        var offsets: [Key: Offset] = [:]
        offsets.reserveCapacity(count)
        while let line = reader.line() {
            let fields = TextReader.fields(line)
            guard fields.count == 3, let partition = Int32(fields[1]), let offset = Offset(fields[2]),
                partition >= 0, offset >= 0
            else { return nil }
            offsets[Key(topic: fields[0], partition: partition)] = offset
        }
        guard offsets.count == count else { return nil }
        self.offsets = offsets
    }
}

extension LeaderEpochs {
    /// `leader-epoch-checkpoint`: version line `0`, a line with the count, then `<epoch> <start offset>` lines.
    package func encoded() -> [UInt8] {
        var text = "0\n\(self.entries.count)\n"
        for entry in self.entries { text += "\(entry.epoch) \(entry.startOffset)\n" }
        return Array(text.utf8)
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = TextReader(bytes)
        guard reader.line().map({ Array($0) }) == Array("0".utf8),
            let countLine = reader.line(), let count = Int(String(decoding: countLine, as: UTF8.self))
        else { return nil }
        var entries: [Entry] = []
        while let line = reader.line() {
            let fields = TextReader.fields(line)
            guard fields.count == 2, let epoch = Int32(fields[0]), let offset = Offset(fields[1]), epoch >= 0,
                offset >= 0
            else { return nil }
            entries.append(Entry(epoch: LeaderEpoch(epoch), startOffset: offset))
        }
        guard entries.count == count else { return nil }
        self.init(entries)
    }
}
