package import NIOCore

/// How a request names its stream: by name, by ARN, or both.
package struct StreamReference: Sendable, Equatable {
    package var name: String?
    package var arn: String?

    package init(name: String? = nil, arn: String? = nil) {
        self.name = name
        self.arn = arn
    }

    /// Reads the member when it is one of those that name the stream.
    mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) -> Bool {
        switch member {
        case "StreamName": self.name = try reader.readString()
        case "StreamARN": self.arn = try reader.readString()
        default: return false
        }
        return true
    }

    func validate(_ violations: inout ConstraintViolations) {
        violations.requireName(self.name, at: "streamName")
        violations.requireStreamARN(self.arn)
    }

    package var isEmpty: Bool { self.name == nil && self.arn == nil }

    /// The stream's name. Account and region of an ARN are not compared: all of them see the same streams.
    package func resolved() throws(KinesisError) -> String {
        let named = self.arn.flatMap { StreamARN(text: $0)?.streamName }
        switch (self.name, named) {
        case (let name?, let named?) where name != named:
            throw KinesisError(
                .invalidArgument,
                "StreamARN \(self.arn ?? "") does not belong to the stream named \(name)."
            )
        case (let name?, _): return name
        case (nil, let named?): return named
        case (nil, nil):
            throw KinesisError(.invalidArgument, "Either StreamName or StreamARN should be provided.")
        }
    }
}

/// The input of one operation.
package protocol OperationInput: Sendable {
    init()
    /// Reads the member or skips it.
    mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError)
    /// Adds what violates the service model's constraints.
    func validate(_ violations: inout ConstraintViolations)
}

extension OperationInput {
    /// Reads and validates the whole input.
    ///
    /// - Throws: `SerializationException` or `ValidationException`.
    package init(from reader: inout some ShapeReader) throws(KinesisError) {
        var input = Self()
        guard
            try reader.readStructure({ (reader, member) throws(KinesisError) in
                try input.read(member, from: &reader)
            })
        else { throw KinesisError(.serialization) }
        var violations = ConstraintViolations()
        input.validate(&violations)
        try violations.check()
        self = input
    }
}

extension OperationInput {
    /// Reads and validates the body of a request.
    ///
    /// Compiled for each input and encoding here, beside the readers: the generic reader costs nothing then.
    package static func decode(_ body: ByteBuffer, as contentType: ContentType) throws(KinesisError) -> Self {
        switch contentType {
        case .json: try JSONReader.read(body) { (reader) throws(KinesisError) in try Self(from: &reader) }
        case .cbor: try CBORReader.read(body) { (reader) throws(KinesisError) in try Self(from: &reader) }
        }
    }
}

/// The output of one operation.
package protocol OperationOutput {
    /// Writes the structure.
    func write(to writer: inout some ShapeWriter)
}
