/// `arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME`
package struct StreamARN: Sendable, Hashable, CustomStringConvertible {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    package var partition: String
    package var region: String
    package var account: String
    package var streamName: String

    package init(partition: String = "aws", region: String, account: String, streamName: String) {
        self.partition = partition
        self.region = region
        self.account = account
        self.streamName = streamName
    }

    /// Reads what AWS's pattern `arn:aws.*:kinesis:.*:\d{12}:stream/\S+` takes.
    package init?(text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "kinesis" else { return nil }
        let account = parts[4].utf8
        guard account.count == 12, account.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
            return nil
        }
        let resource = parts[5]
        guard resource.hasPrefix("stream/") else { return nil }
        let name = resource.dropFirst("stream/".count)
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else { return nil }
        self.init(
            partition: String(parts[1]),
            region: String(parts[3]),
            account: String(parts[4]),
            streamName: String(name)
        )
    }

    package var description: String {
        "arn:\(self.partition):kinesis:\(self.region):\(self.account):stream/\(self.streamName)"
    }
}
