package import Model

extension Topic {
    /// What the attributes begin with that hold the stream's registered consumers (enhanced fan-out): the name follows,
    /// and the value is when it was registered, in milliseconds since the epoch.
    package static let consumerAttributePrefix = "kinesis.consumer:"

    /// The stream's registered consumers, by name.
    package var registeredConsumers: [(name: String, created: Timestamp)] {
        self.attributes.compactMap { key, value in
            guard key.hasPrefix(Self.consumerAttributePrefix), let created = Timestamp(value) else { return nil }
            return (String(key.dropFirst(Self.consumerAttributePrefix.count)), created)
        }.sorted { $0.name < $1.name }
    }
}
