import Metadata
import NIOCore
import Testing

@testable import MetadataEtcd

@Suite struct EtcdCodecTests {
    @Test func `a transaction is written as etcd's own client writes it`() {
        // Field numbers as in etcd's rpc.proto; the bytes were compared with what etcdctl 3.4 sends.
        let request = EtcdTxnRequest(
            compares: [EtcdCompare(key: [0x61], result: .equal, target: .createRevision(0))],
            success: [.put(key: [0x61], value: [0x62], lease: 5)],
            failure: [.range(EtcdRangeRequest(key: [0x61], rangeEnd: []))]
        )
        let expected: [UInt8] = [
            0x0A, 0x07, 0x10, 0x01, 0x1A, 0x01, 0x61, 0x28, 0x00,
            0x12, 0x0A, 0x12, 0x08, 0x0A, 0x01, 0x61, 0x12, 0x01, 0x62, 0x18, 0x05,
            0x1A, 0x05, 0x0A, 0x03, 0x0A, 0x01, 0x61,
        ]
        #expect(Array(request.encoded.readableBytesView) == expected)
    }

    @Test func `an answer that is cut anywhere is refused or short, never a trap`() throws {
        let entry: [UInt8] = [0x0A, 0x01, 0x61, 0x10, 0x02, 0x18, 0x80, 0x01, 0x20, 0x03, 0x2A, 0x01, 0x62]
        let bytes: [UInt8] = [0x0A, 0x02, 0x18, 0x07, 0x12, UInt8(entry.count)] + entry + [0x18, 0x01, 0x20, 0x09]
        let whole = try EtcdRangeResponse(ProtobufReader(ByteBuffer(bytes: bytes)))
        #expect(whole.revision == 7 && whole.more && whole.count == 9)
        #expect(whole.entries.first?.modRevision == 128 && whole.entries.first?.version == 3)
        for count in 0..<bytes.count {
            let cut = try? EtcdRangeResponse(ProtobufReader(ByteBuffer(bytes: bytes[..<count])))
            #expect(cut?.entries.count ?? 0 <= 1)
        }
        let hostile: [[UInt8]] = [
            [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x00], [0x0B], [UInt8](repeating: 0xFF, count: 12),
            [0x1A, 0x01, 0x00],
        ]
        for bytes in hostile {
            #expect(throws: ProtobufReader.Malformed.self) {
                try EtcdRangeResponse(ProtobufReader(ByteBuffer(bytes: bytes)))
            }
        }
    }

    @Test func `messages come out of any pieces of the stream`() throws {
        let messages = [[UInt8](repeating: 1, count: 300), [], [2]].map { ByteBuffer(bytes: $0) }
        let stream = messages.flatMap { Array(GRPCFrames.frame($0).readableBytesView) }
        for size in [1, 2, 7, 300, 1_000] {
            var frames = GRPCFrames(messageBytesMax: 1_000)
            var read: [ByteBuffer] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                frames.append(ByteBuffer(bytes: stream[start..<min(start + size, stream.count)]))
                while let message = try frames.next() { read.append(message) }
            }
            #expect(read == messages)
            #expect(!frames.isInsideMessage)
        }
        var large = GRPCFrames(messageBytesMax: 10)
        large.append(ByteBuffer(bytes: [0, 0, 0, 0, 11]))
        #expect(throws: GRPCFrames.Malformed.self) { try large.next() }
        var compressed = GRPCFrames(messageBytesMax: 10)
        compressed.append(ByteBuffer(bytes: [1, 0, 0, 0, 1, 9]))
        #expect(throws: GRPCFrames.Malformed.self) { try compressed.next() }
    }

    @Test(
        arguments: [
            ("etcd1:2379", EtcdEndpoint(host: "etcd1", port: 2379)), ("etcd1", EtcdEndpoint(host: "etcd1", port: 2379)),
            ("[::1]:12", EtcdEndpoint(host: "::1", port: 12)), ("[::1]", EtcdEndpoint(host: "::1", port: 2379)),
            ("::1", nil), ("", nil), (":1", nil), ("a:0", nil), ("a:70000", nil), ("a:b", nil), ("[::1", nil),
        ] as [(String, EtcdEndpoint?)]
    )
    func `endpoints are read`(text: String, expected: EtcdEndpoint?) {
        #expect(EtcdEndpoint(text) == expected)
        if let expected { #expect(EtcdEndpoint(expected.description) == expected) }
    }

    @Test func `members are asked in turn, and all of them again after a growing pause`() {
        let members = (0..<3).map { EtcdEndpoint(host: "m\($0)", port: 1) }
        var rotation = EndpointRotation(members, first: 4)
        var asked: [String] = []
        var delays: [Duration] = []
        for _ in 0..<9 {
            asked.append(rotation.current.host)
            delays.append(rotation.delay)
            rotation.failed()
        }
        #expect(asked == ["m1", "m2", "m0", "m1", "m2", "m0", "m1", "m2", "m0"])
        #expect(delays == [0, 0, 0, 20, 20, 20, 40, 40, 40].map { .milliseconds($0) })
        for _ in 0..<100 { rotation.failed() }
        #expect(rotation.delay == EndpointRotation.delayMax)
        rotation.succeeded()
        #expect(rotation.delay == .zero)
    }

    @Test(
        arguments: [
            (5, "etcdserver: requested lease not found", .sessionNotFound),
            (8, "etcdserver: mvcc: database space exceeded", .diskFull),
            (11, "etcdserver: mvcc: required revision has been compacted", .compacted),
            (3, "etcdserver: too many operations in txn request", .invalidTransaction),
            (3, "etcdserver: authentication failed, invalid user ID or password", .unavailable),
            (7, "etcdserver: permission denied", .unavailable),
        ] as [(Int, String, MetadataError.Code)]
    )
    func `what etcd refuses for good is sorted`(code: Int, message: String, expected: MetadataError.Code) {
        let status = GRPCStatus(code: "\(code)", message: message)
        guard case .fail(let error) = EtcdReaction(status) else {
            Issue.record("not a failure")
            return
        }
        #expect(error.code == expected)
    }

    @Test func `what another member or a new token may answer is asked again`() {
        #expect(EtcdReaction(.silent) == .retry(reconnect: true))
        #expect(EtcdReaction(GRPCStatus(code: "14", message: "etcdserver: no leader")) == .retry(reconnect: true))
        #expect(
            EtcdReaction(GRPCStatus(code: "8", message: "etcdserver: too many requests")) == .retry(reconnect: false)
        )
        #expect(EtcdReaction(GRPCStatus(code: "16", message: "etcdserver: invalid auth token")) == .authenticate)
        #expect(GRPCStatus(code: "2", message: "a%20b%C3%A4%").message == "a bä%")
    }

    @Test func `markers grow, and say which branch ran`() {
        var markers = TransactionMarkers()
        let (first, isNew) = markers.take()
        let (second, _) = markers.take()
        #expect(isNew && first.slot != second.slot)
        markers.release(first)
        let (third, isThirdNew) = markers.take()
        #expect(!isThirdNew && third.slot == first.slot && third.number == first.number + 1)
        #expect(first.outcome(first.value(succeeded: true)) == true)
        #expect(first.outcome(first.value(succeeded: false)) == false)
        #expect(third.outcome(first.value(succeeded: true)) == nil)
        #expect(first.outcome(TransactionMarker.initialValue) == nil)
        // What etcd compares: every value of earlier numbers is less than a later number.
        for value in [TransactionMarker.initialValue, first.value(succeeded: true)] {
            let request = third.guarding(
                MetadataTransaction(success: []),
                key: [1],
                lease: 0,
                in: EtcdNamespace(prefix: "/"),
                isRepeated: false
            )
            guard case .value(let bound) = request.compares[0].target else { continue }
            #expect(value.lexicographicallyPrecedes(bound))
            #expect(!third.value(succeeded: false).lexicographicallyPrecedes(bound))
        }
    }
}
