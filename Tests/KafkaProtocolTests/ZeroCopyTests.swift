internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Testing

@Suite struct ZeroCopyTests {
    private func address(_ buffer: ByteBuffer) -> UInt {
        buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    }

    private func response(_ records: RecordsParts) -> FetchResponse {
        FetchResponse(
            topics: [
                FetchResponse.Topic(
                    name: "t",
                    partitions: [
                        FetchResponse.Partition(partitionIndex: 0, highWatermark: 9, records: records),
                        FetchResponse.Partition(partitionIndex: 1, records: nil),
                        FetchResponse.Partition(partitionIndex: 2, records: RecordsParts()),
                    ]
                )
            ]
        )
    }

    @Test func `a fetch response of 1 MB passes its records on by reference`() throws {
        let first = ByteBuffer(repeating: 1, count: 1 << 19)
        let second = ByteBuffer(repeating: 2, count: 1 << 19)
        let response = self.response(RecordsParts([first, second]))
        for version in FetchResponse.versions {
            let named = version <= 12
            var response = response
            if !named { response.topics[0].topicID = TopicID(high: 1, low: 2) }
            let parts = OutputParts.frame(response, correlationID: 5, version: version)
            #expect(parts.buffer.readableBytes < 256)
            #expect(parts.buffer.capacity <= 1024)
            #expect(parts.readableBytes > 1 << 20)
            let joined = parts.joined()
            let buffers = parts.buffers()
            #expect(buffers.map(\.readableBytes).reduce(0, +) == joined.readableBytes)
            #expect(buffers.contains { self.address($0) == self.address(first) })
            #expect(buffers.contains { self.address($0) == self.address(second) })

            var flat = ByteBuffer()
            response.encode(into: &flat, version: version)
            var frame = joined
            #expect(frame.readInteger(as: Int32.self).map(Int.init) == frame.readableBytes)
            _ = try ResponseHeader.decode(from: &frame, apiKey: .fetch, apiVersion: version)
            #expect(frame == flat)
            let decoded = try FetchResponse.decode(from: &frame, version: version)
            #expect(decoded.topics[0].partitions == response.topics[0].partitions)
        }
    }

    @Test func `short records are copied into the frame`() {
        let response = self.response(RecordsParts(ByteBuffer(repeating: 1, count: 100)))
        let parts = OutputParts.frame(response, correlationID: 5, version: 12)
        #expect(parts.buffers().count == 1)
    }

    @Test func `parts keep their order with own bytes before, between and after`() {
        var parts = OutputParts(copyBytesMax: 0)
        parts.append(ByteBuffer(string: "a"))
        parts.append(ByteBuffer(string: "b"))
        parts.buffer.writeString("1")
        parts.append(ByteBuffer(string: "c"))
        parts.buffer.writeString("2")
        #expect(parts.readableBytes == 5)
        #expect(parts.buffers().map { String(buffer: $0) } == ["a", "b", "1", "c", "2"])
        #expect(String(buffer: parts.joined()) == "ab1c2")
    }

    @Test func `records are equal when their bytes are, however they are cut`() {
        let whole = RecordsParts(ByteBuffer(string: "abcd"))
        let cut = RecordsParts([ByteBuffer(string: "ab"), ByteBuffer(string: "cd")])
        #expect(whole == cut)
        #expect(whole != RecordsParts([ByteBuffer(string: "ab"), ByteBuffer(string: "ce")]))
        #expect(whole != RecordsParts(ByteBuffer(string: "abc")))
    }

    @Test(arguments: ProduceRequest.versions)
    func `produced records are a slice of the request`(version: Int16) throws {
        let records = ByteBuffer(repeating: 7, count: 1 << 20)
        let request = ProduceRequest(
            acks: -1,
            topics: [
                ProduceRequest.Topic(
                    name: version <= 12 ? "t" : "",
                    partitions: [ProduceRequest.Partition(partitionIndex: 3, records: records)]
                )
            ]
        )
        var buffer = ByteBuffer()
        request.encode(into: &buffer, version: version)
        let start = self.address(buffer)
        let end = start + UInt(buffer.readableBytes)
        let decoded = try ProduceRequest.decode(from: &buffer, version: version)
        #expect(decoded == request)
        let slice = try #require(decoded.topics[0].partitions[0].records)
        #expect((start..<end).contains(self.address(slice)))
        #expect(slice.readableBytes == 1 << 20)
    }
}
