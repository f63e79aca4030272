internal import Foundation
internal import KafkaProtocol
internal import KafkaSamples
internal import NIOCore
internal import Testing

/// Bytes that other people's clients wrote, in `Tests/Fixtures/kafka`; each file says which client and version.
@Suite struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/kafka")

    private static func lines(_ name: String) throws -> [String] {
        let text = try String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private static func bytes(_ hex: some StringProtocol) throws -> ByteBuffer {
        let digits = Array(hex.utf8)
        var buffer = ByteBuffer()
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            let pair = String(decoding: digits[index...(index + 1)], as: UTF8.self)
            buffer.writeInteger(try #require(UInt8(pair, radix: 16)))
        }
        return buffer
    }

    private static func codec(_ kind: String, _ key: APIKey) throws -> CodecCase {
        let name = key.name + (kind == "request" ? "Request" : "Response")
        return try #require(CodecCase.all.first { $0.name == name })
    }

    @Test(arguments: ["confluent-kafka-requests.hex", "kafka-python-requests.hex", "aiokafka-requests.hex"])
    func `requests of real clients decode and encode to the same bytes`(file: String) throws {
        let lines = try Self.lines(file)
        #expect(lines.count >= 10)
        for line in lines {
            let frame = try Self.bytes(line)
            var rest = frame
            let header = try RequestHeader.decode(from: &rest)
            #expect(header.clientID != nil)
            guard let api = GeneratedAPIs.description(of: header.apiKey),
                api.versions.contains(header.apiVersion)
            else { continue }
            let body = try Self.codec("request", header.apiKey).recode(&rest, header.apiVersion)
            #expect(rest.readableBytes == 0, "\(header)")
            var again = ByteBuffer()
            header.encode(into: &again)
            again.writeImmutableBuffer(body)
            #expect(again == frame, "\(header)")
        }
    }

    @Test func `messages that kafka-python encoded decode and encode to the same bytes`() throws {
        let lines = try Self.lines("kafka-python-encoded.hex")
        #expect(lines.count >= 200)
        for line in lines {
            let words = line.split(separator: " ")
            try #require(words.count >= 3)
            let key = APIKey(rawValue: try #require(Int16(words[1])))
            let version = try #require(Int16(words[2]))
            let body = try Self.bytes(words.count > 3 ? words[3] : "")
            var rest = body
            let again = try Self.codec(String(words[0]), key).recode(&rest, version)
            #expect(rest.readableBytes == 0, "\(words[0]) \(key) \(version)")
            #expect(again == body, "\(words[0]) \(key) \(version)")
        }
    }

    @Test func `librdkafka's first request is read field by field`() throws {
        let first = try #require(try Self.lines("confluent-kafka-requests.hex").first)
        var frame = try Self.bytes(first)
        let header = try RequestHeader.decode(from: &frame)
        #expect(header.apiKey == .apiVersions)
        #expect(header.clientID == "golden")
        let request = try ApiVersionsRequest.decode(from: &frame, version: header.apiVersion)
        #expect(request.clientSoftwareName == "confluent-kafka-python")
        #expect(request.clientSoftwareVersion.contains("2.16.1"))
    }
}
