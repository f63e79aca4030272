/// Who asks for something: the client that sends a connection's requests, or the one that an ACL or a credential names.
package struct Principal: Sendable, Hashable, CustomStringConvertible {
    /// `User` unless another type is named, as in Kafka.
    package var type: String
    package var name: String

    package init(type: String = "User", name: String) {
        self.type = type
        self.name = name
    }

    /// A client that did not say who it is.
    package static let anonymous = Principal(name: "ANONYMOUS")

    /// Another broker of the cluster that has proved to be one. No user and no certificate has this type.
    package static let broker = Principal(type: "Broker", name: "cluster")

    package var description: String { "\(self.type):\(self.name)" }
}
