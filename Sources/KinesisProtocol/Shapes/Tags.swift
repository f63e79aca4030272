/// Tags of a stream or a consumer, as requests give them.
package enum TagRules {
    package static let tagsMax = 50

    /// What the service model's constraints do not say of tags.
    ///
    /// - Parameters:
    ///   - duplicate: a key that the request has twice.
    ///   - count: how many tags there would be.
    /// - Throws: `InvalidArgumentException` for too many, for one that comes twice, for characters that AWS does not
    ///   take, and for the prefix that it keeps for itself.
    package static func check(
        _ tags: [String: String],
        duplicate: String? = nil,
        count: Int,
        stream: String,
        account: String
    ) throws(KinesisError) {
        func refuse(_ reason: String) -> KinesisError {
            KinesisError(
                .invalidArgument,
                "Failed to add tags to stream \(stream) under account \(account) because \(reason)."
            )
        }
        if let duplicate {
            throw refuse("tag key \(ConstraintViolations.shortened(duplicate)) is given more than once")
        }
        guard count <= Self.tagsMax else {
            throw refuse("a given stream cannot have more than \(Self.tagsMax) tags associated with it")
        }
        for (key, value) in tags {
            try Self.checkCharacters([key, value])
            guard !key.lowercased().hasPrefix("aws:") else {
                throw refuse("tag keys that begin with aws: are reserved")
            }
        }
    }

    /// Keys that a request adds or removes, and values.
    ///
    /// - Throws: `InvalidArgumentException` for characters that AWS does not take.
    package static func checkCharacters(_ texts: [String]) throws(KinesisError) {
        guard texts.allSatisfy(Self.areTagCharacters) else {
            throw KinesisError(
                .invalidArgument,
                "Some tags contain invalid characters. Valid characters: "
                    + "Unicode letters, digits, white space, _ . / = + - % @ :."
            )
        }
    }

    private static func areTagCharacters(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "_", ".", "/", "=", "+", "-", "%", "@", ":": true
            // Spaces of all kinds, but not tabs and line ends.
            default:
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
            }
        }
    }
}

extension ShapeReader {
    /// A map of tags; `nil` for null.
    ///
    /// - Parameter duplicate: gets a key that comes twice.
    mutating func readTags(duplicate: inout String?) throws(KinesisError) -> [String: String]? {
        var tags: [String: String] = [:]
        var twice = duplicate
        let isPresent = try self.readMap { (reader, key) throws(KinesisError) in
            // AWS prints the map as it came, so that a null value is an empty one.
            if tags.updateValue(try reader.readString() ?? "", forKey: key) != nil { twice = key }
        }
        duplicate = twice
        return isPresent ? tags : nil
    }

    /// The same without regard to keys that come twice: the last one holds.
    mutating func readTags() throws(KinesisError) -> [String: String]? {
        var duplicate: String?
        return try self.readTags(duplicate: &duplicate)
    }
}
