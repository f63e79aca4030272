/// `STREAM-ARN/consumer/NAME:SECONDS`, with the second in which the consumer was registered.
package struct ConsumerARN: Sendable, Hashable, CustomStringConvertible {
    package var stream: StreamARN
    package var name: String
    package var createdSecond: Int64

    package init(stream: StreamARN, name: String, createdSecond: Int64) {
        self.stream = stream
        self.name = name
        self.createdSecond = createdSecond
    }

    package init?(text: String) {
        guard let separator = text.range(ofLast: "/consumer/"),
            let stream = StreamARN(text: String(text[..<separator.lowerBound])), !stream.streamName.contains("/")
        else { return nil }
        let parts = text[separator.upperBound...].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, StringPattern.name.matches(String(parts[0])), parts[1].utf8.first != UInt8(ascii: "+"),
            let second = Int64(parts[1]), second >= 0
        else { return nil }
        self.init(stream: stream, name: String(parts[0]), createdSecond: second)
    }

    package var description: String { "\(self.stream)/consumer/\(self.name):\(self.createdSecond)" }
}

extension String {
    fileprivate func range(ofLast text: String) -> Range<Index>? { self.ranges(of: text).last }
}
