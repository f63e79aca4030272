package import KafkaProtocol
package import NIOCore

/// One message type with its type erased, for parameterised tests.
package struct CodecCase: Sendable {
    package let name: String
    package let versions: ClosedRange<Int16>
    /// A sample's bytes.
    package let encodeSample: @Sendable (Sampler.Style, Int16) -> ByteBuffer
    /// Whether a sample equals what its bytes decode to, with nothing left over.
    package let sampleSurvives: @Sendable (Sampler.Style, Int16) throws -> Bool
    /// Decodes and encodes again.
    package let recode: @Sendable (inout ByteBuffer, Int16) throws(WireError) -> ByteBuffer

    package init<Message: WireStruct & Sampled>(_ type: Message.Type, versions: ClosedRange<Int16>) {
        self.name = "\(type)"
        self.versions = versions
        self.encodeSample = { style, version in
            var sampler = Sampler(style)
            var buffer = ByteBuffer()
            Message.sample(&sampler, version: version).encode(into: &buffer, version: version)
            return buffer
        }
        self.sampleSurvives = { style, version in
            var sampler = Sampler(style)
            let message = Message.sample(&sampler, version: version)
            var buffer = ByteBuffer()
            message.encode(into: &buffer, version: version)
            return try Message.decode(from: &buffer, version: version) == message && buffer.readableBytes == 0
        }
        self.recode = { (buffer: inout ByteBuffer, version: Int16) throws(WireError) -> ByteBuffer in
            let message = try Message.decode(from: &buffer, version: version)
            var output = ByteBuffer()
            message.encode(into: &output, version: version)
            return output
        }
    }

    package init<Message: KafkaMessage & Sampled>(_ type: Message.Type) {
        self.init(type, versions: Message.versions)
    }

    package init<Message: VersionedRecord & Sampled>(_ type: Message.Type) {
        self.init(type, versions: Message.versions)
    }
}
