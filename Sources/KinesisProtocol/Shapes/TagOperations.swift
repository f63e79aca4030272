/// A tag as the API lists it.
package struct Tag: Sendable, Equatable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    fileprivate func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Key", self.key)
        writer.member("Value", self.value)
        writer.endStructure()
    }
}

package struct AddTagsToStreamInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var tags: [String: String]?
    /// A key that came twice.
    package var duplicate: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "Tags": self.tags = try reader.readTags(duplicate: &self.duplicate)
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.tags, at: "tags")
        violations.requireTags(self.tags)
        self.stream.validate(&violations)
    }
}

package struct RemoveTagsFromStreamInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var tagKeys: [String]?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "TagKeys": self.tagKeys = try reader.readStrings()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireTagKeys(self.tagKeys)
        self.stream.validate(&violations)
    }
}

package struct ListTagsForStreamInput: OperationInput, Equatable {
    package static let limitMax: Int32 = 50

    package var stream = StreamReference()
    package var exclusiveStartTagKey: String?
    package var limit: Int32?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "ExclusiveStartTagKey": self.exclusiveStartTagKey = try reader.readString()
        case "Limit": self.limit = try reader.readInteger()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireLength(self.exclusiveStartTagKey, in: 1...128, at: "exclusiveStartTagKey")
        violations.requireValue(self.limit, in: 1...Self.limitMax, at: "limit")
        self.stream.validate(&violations)
    }
}

package struct ListTagsOutput: OperationOutput, Sendable {
    package var tags: [Tag]
    /// `nil` where all are listed: ListTagsForResource.
    package var hasMore: Bool?

    package init(tags: [Tag], hasMore: Bool?) {
        self.tags = tags
        self.hasMore = hasMore
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Tags")
        writer.beginList()
        for tag in self.tags { tag.write(to: &writer) }
        writer.endList()
        if let hasMore { writer.member("HasMoreTags", hasMore) }
        writer.endStructure()
    }
}

/// The inputs that name a stream or a consumer by its ARN: tags, and policies.
package struct ResourceInput: OperationInput, Equatable {
    package var resourceARN: String?
    package var tags: [String: String]?
    /// A key that came twice.
    package var duplicate: String?
    package var tagKeys: [String]?
    package var policy: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "ResourceARN": self.resourceARN = try reader.readString()
        case "Tags": self.tags = try reader.readTags(duplicate: &self.duplicate)
        case "TagKeys": self.tagKeys = try reader.readStrings()
        case "Policy": self.policy = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.resourceARN, at: "resourceARN")
        violations.requirePattern(self.resourceARN, .resourceARN, at: "resourceARN")
        violations.requireLength(self.resourceARN, in: 1...2048, at: "resourceARN")
    }

    /// - Throws: `ValidationException` when a member is missing that the operation requires.
    package func require(tags: Bool = false, tagKeys: Bool = false, policy: Bool = false) throws(KinesisError) {
        var violations = ConstraintViolations()
        if tags {
            violations.requirePresent(self.tags, at: "tags")
            violations.requireTags(self.tags)
        }
        if tagKeys { violations.requireTagKeys(self.tagKeys) }
        if policy { violations.requirePresent(self.policy, at: "policy") }
        try violations.check()
    }
}

package struct ResourcePolicyOutput: OperationOutput, Sendable {
    /// JSON.
    package var policy: String

    package init(policy: String) { self.policy = policy }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Policy", self.policy)
        writer.endStructure()
    }
}

extension ShapeReader {
    /// A list of strings; `nil` for null. Nulls in it are passed over.
    mutating func readStrings() throws(KinesisError) -> [String]? {
        var strings: [String] = []
        let isPresent = try self.readList { (reader, _) throws(KinesisError) in
            if let string = try reader.readString() { strings.append(string) }
        }
        return isPresent ? strings : nil
    }
}

extension ConstraintViolations {
    mutating func requireTagKeys(_ keys: [String]?) {
        self.requirePresent(keys, at: "tagKeys")
        guard let keys else { return }
        self.requireCount(keys, in: 1...50, at: "tagKeys")
        if keys.contains(where: { !(1...128).contains($0.unicodeScalars.count) }) {
            self.add(
                "[\(keys.joined(separator: ", "))]",
                at: "tagKeys",
                "Member must satisfy constraint: [Member must have length less than or equal to 128, "
                    + "Member must have length greater than or equal to 1]"
            )
        }
    }

    mutating func requireCount(_ list: [String], in range: ClosedRange<Int>, at path: String) {
        let text = "[\(list.joined(separator: ", "))]"
        if list.count < range.lowerBound {
            self.add(text, at: path, "Member must have length greater than or equal to \(range.lowerBound)")
        }
        if list.count > range.upperBound {
            self.add(text, at: path, "Member must have length less than or equal to \(range.upperBound)")
        }
    }
}

extension StringPattern {
    /// Of a stream, a consumer, a channel or a queue.
    static let resourceARN = StringPattern(text: #"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+"#) { text in
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "kinesis" else {
            return false
        }
        let account = parts[4].utf8
        guard account.count == 12, account.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            !parts[5].contains(where: \.isWhitespace)
        else { return false }
        return ["stream/", "channel/", "queue/"].contains { parts[5].hasPrefix($0) && parts[5].count > $0.count }
    }
}
